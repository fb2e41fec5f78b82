/**
 * xtext: any octets inside an ESMTP parameter value (RFC 3461 section 4). What is not printable ASCII, and `+` and `=`, is
 * written as `+` and two hexadecimal digits.
 *
 * @example A space and a plus sign
 * ```ts
 * import * as Xtext from "@plausch/smtp/xtext";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Xtext.encode("a b+c"), "a+20b+2Bc");
 * assertEquals(Result.getOrThrow(Xtext.decode("a+20b+2Bc")), "a b+c");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { readXtext } from "./_xtext.ts";
import { GrammarError } from "./grammar_error.ts";
import * as Octets from "./octets.ts";

/**
 * The xtext of a text: of its UTF-8 octets, and of the octets that lone surrogates stand for (see `Octets.decode`). Any text
 * can be encoded, control characters too; what a parameter allows is for the parameter to say.
 *
 * @example A line end becomes harmless
 * ```ts
 * import * as Xtext from "@plausch/smtp/xtext";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Xtext.encode("a\r\nb=é"), "a+0D+0Ab+3D+C3+A9");
 * ```
 */
export const encode = (text: string): string => {
  let out = "";
  for (const octet of Octets.encode(text)) {
    out += octet > 0x20 && octet < 0x7f && octet !== 0x2b && octet !== 0x3d
      ? String.fromCharCode(octet)
      : `+${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
};

/**
 * The text that an xtext stands for, as from `Octets.decode`. Fails with `BadXtext` where a character may not stand, or where
 * `+` is not followed by two hexadecimal digits (upper case, as the RFC prints them).
 *
 * @example A plus sign that stands for itself
 * ```ts
 * import * as Xtext from "@plausch/smtp/xtext";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const error = Result.getOrThrow(Result.flip(Xtext.decode("user+tag")));
 * assertEquals([error.reason, error.offset], ["BadXtext", 4]);
 * ```
 */
export const decode = (xtext: string): Result.Result<string, GrammarError> => {
  const source = { subject: "xtext", text: xtext } as const;
  const read = readXtext(source, 0, false);
  return read instanceof GrammarError ? Result.fail(read) : Result.succeed(read);
};
