/**
 * Text from outside, made safe for a terminal and a log.
 *
 * @example
 * ```ts
 * import * as Printable from "@plausch/dns/printable";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Printable.quote("bücher.example"), '"bücher.example"');
 * assertEquals(Printable.quote("a\u001b[2J\u202Eb"), '"a\\u001b[2J\\u{202E}b"');
 * ```
 *
 * @module
 */

/**
 * A text in double quotes. Letters and digits of all scripts stay, so that an international name can be read; all else
 * outside printable ASCII is shown by its code: control, combining and format characters can hide or reorder text. Cut
 * after 260 characters, which no domain name has.
 *
 * @example
 * ```ts
 * import * as Printable from "@plausch/dns/printable";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Printable.quote('say "hi"\n'), '"say \\"hi\\"\\n"');
 * ```
 */
export const quote = (text: string): string => {
  const cut = text.length > 260 ? `${text.slice(0, 259)}…` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e\p{L}\p{N}…]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
};
