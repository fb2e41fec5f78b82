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
 * SASLprep (RFC 4013): the one form of a name or password that can be written in several. Undefined if it has characters that neither
 * should have, or if nothing is left of it. ASCII, where nothing changes, does not touch the tables.
 */
export const prepare = (text: string, use: Use): string | undefined => {
  if (text === "") return undefined;
  if (isAscii(text)) {
    for (let at = 0; at < text.length; at++) if (isControl(text.charCodeAt(at))) return undefined;
    return text;
  }
  const mapped = codesOf(text)
    .filter((code) => !Tables.leftOut(code))
    .map((code) => Tables.spaces(code) ? 0x20 : code);
  const prepared = String.fromCodePoint(...mapped).normalize("NFKC");
  const codes = codesOf(prepared);
  const isAllowed = codes.length > 0 && !codes.some(Tables.prohibited) &&
    (use === "query" || !codes.some(Tables.unassigned)) && isOneDirection(codes);
  return isAllowed ? prepared : undefined;
};

/**
 * A password as it is compared and computed with (RFC 5802 section 2.2, Normalize). One that SASLprep refuses is taken as it is: no
 * server that follows the RFC knows such a password, and one that does not knows it in this form.
 */
export const preparePassword = (password: string): string => prepare(password, "stored") ?? password;
