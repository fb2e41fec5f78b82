/**
 * Text from a peer, made safe to print.
 *
 * A server chooses its own words, and terminals obey some of them: escape sequences, backspaces, right-to-left overrides.
 * {@linkcode escape} shows all of these as what they are. A backslash is doubled, so an escape cannot be forged.
 *
 * @example A banner that would clear the screen
 * ```ts
 * import * as Printable from "@plausch/smtp/printable";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Printable.escape("220 hi\u001b[2J"), "220 hi\\x1b[2J");
 * ```
 *
 * @module
 */
import * as Octets from "./octets.ts";

/** Controls, format characters (bidi, zero width, tags), separators, unassigned and private characters, surrogates. */
const unprintable = (): RegExp =>
  /[\\\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]/gu;

/** What nearly all text is, and what is not worth the sets of Unicode, which take longer to make than to use. */
const plain = /^[ -[\]-~]*$/;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");

const escapeOne = (char: string): string => {
  const code = char.codePointAt(0)!;
  if (char === "\\") return "\\\\";
  if (char === "\t") return "\\t";
  if (char === "\r") return "\\r";
  if (char === "\n") return "\\n";
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
};

/**
 * The text with every character that a terminal might act on, or that a reader could not see, written as an escape:
 * `\xNN` for a control or an octet that is no UTF-8, `\uNNNN` or `\u{NNNNN}` for other characters, `\t`, `\r`, `\n`, `\\`.
 * The result is one line.
 *
 * @example Letters of any script stay as they are
 * ```ts
 * import * as Printable from "@plausch/smtp/printable";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Printable.escape("café 用户"), "café 用户");
 * assertEquals(Printable.escape("a\u202eb"), "a\\u202eb");
 * ```
 */
export const escape = (text: string): string => plain.test(text) ? text : text.replace(unprintable(), escapeOne);

/**
 * {@linkcode escape} for octets as they came.
 *
 * @example An octet that is no UTF-8
 * ```ts
 * import * as Printable from "@plausch/smtp/printable";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Printable.escapeOctets(new Uint8Array([99, 97, 102, 0xe9])), "caf\\xe9");
 * ```
 */
export const escapeOctets = (bytes: Uint8Array): string => escape(Octets.decode(bytes));
