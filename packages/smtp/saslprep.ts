/**
 * SASLprep (RFC 4013): names and passwords in the one form in which they are compared.
 *
 * People type "é" in one piece or in two, a space from whatever keyboard, and soft hyphens that nobody sees. SCRAM computes with what
 * comes out here; a server that looks up a name has to look for this.
 *
 * @example The examples of RFC 4013 section 3
 * ```ts
 * import * as Saslprep from "@plausch/smtp/saslprep";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Saslprep.prepare("I\u00adX", "stored"), "IX");
 * assertEquals(Saslprep.prepare("\u00aa", "stored"), "a");
 * assertEquals(Saslprep.prepare("\u2168", "stored"), "IX");
 * assertEquals(Saslprep.prepare("\u0007", "stored"), undefined);
 * ```
 *
 * @module
 */
import { isAscii, isControl } from "./_characters.ts";
import * as Tables from "./_saslprep_tables.ts";

/** What a text is for (RFC 3454 section 7). Characters that Unicode 3.2 did not have may be looked for, but not stored. */
export type Use = "query" | "stored";

/** Section 6 of RFC 3454: a text that has anything from right to left begins and ends with it, and has nothing else. */
const isOneDirection = (codes: ReadonlyArray<number>): boolean =>
  !codes.some(Tables.rightToLeft) ||
  !codes.some(Tables.leftToRight) && Tables.rightToLeft(codes[0]!) && Tables.rightToLeft(codes.at(-1)!);

const codesOf = (text: string): ReadonlyArray<number> => Array.from(text, (char) => char.codePointAt(0)!);

/**
 * The form in which a name or password is compared. Undefined if it has characters that neither should have, if it runs in both
 * directions, or if nothing is left of it. ASCII stays as it is, and does not touch the tables of Unicode.
 *
 * @example What one may look for, but not store
 * ```ts
 * import * as Saslprep from "@plausch/smtp/saslprep";
 * import { assertEquals } from "@std/assert";
 *
 * const younger = "\u{1f600}"; // not in Unicode 3.2
 * assertEquals(Saslprep.prepare(younger, "query"), younger);
 * assertEquals(Saslprep.prepare(younger, "stored"), undefined);
 * ```
 */
export const prepare = (text: string, use: Use): string | undefined => {
  if (text === "") return undefined;
  if (isAscii(text)) {
    for (let at = 0; at < text.length; at++) if (isControl(text.charCodeAt(at))) return undefined;
    return text;
  }
  // U+200B stands in both tables; the first that RFC 4013 section 2.1 names has it
  const mapped = codesOf(text)
    .map((code) => Tables.spaces(code) ? 0x20 : code)
    .filter((code) => !Tables.leftOut(code));
  const prepared = String.fromCodePoint(...mapped).normalize("NFKC");
  const codes = codesOf(prepared);
  const isAllowed = codes.length > 0 && !codes.some(Tables.prohibited) &&
    (use === "query" || !codes.some(Tables.unassigned)) && isOneDirection(codes);
  return isAllowed ? prepared : undefined;
};

/**
 * A password as it is compared and computed with (RFC 5802 section 2.2, Normalize). One that SASLprep refuses is taken as it is: no
 * server that follows the RFC knows such a password, and one that does not knows it in this form.
 *
 * @example Octets that are no UTF-8
 * ```ts
 * import * as Saslprep from "@plausch/smtp/saslprep";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Saslprep.preparePassword("pass\u00a0word"), "pass word");
 * assertEquals(Saslprep.preparePassword("pa\udcdf"), "pa\udcdf");
 * ```
 */
export const preparePassword = (password: string): string => prepare(password, "stored") ?? password;
