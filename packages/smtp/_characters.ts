import type { GrammarError } from "./grammar_error.ts";
import { fault, type Source } from "./_source.ts";

const letDig = 1;
const atext = 2;

/** One flag set for each ASCII character, so that a scanner asks once per character and never goes back. */
const flags = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (/[A-Za-z0-9]/.test(char)) flags[code] = letDig | atext;
  else if ("!#$%&'*+-/=?^_`{|}~".includes(char)) flags[code] = atext;
}

/** Whether the UTF-16 unit is a letter or digit of ASCII (RFC 5321 section 4.1.2, Let-dig). */
export const isLetDig = (unit: number): boolean => unit < 128 && (flags[unit]! & letDig) !== 0;

/** Whether the UTF-16 unit is atext of RFC 5322 section 3.2.3. */
export const isAtext = (unit: number): boolean => unit < 128 && (flags[unit]! & atext) !== 0;

/** Whether the UTF-16 unit is an ASCII digit. */
export const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;

/** Whether the UTF-16 unit is a control character: C0, DEL or C1. */
export const isControl = (unit: number): boolean => unit < 0x20 || unit >= 0x7f && unit < 0xa0;

/** Whether every character is ASCII. */
export const isAscii = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
};

/** The number of octets of a well-formed text in UTF-8. */
export const octetLength = (text: string): number => {
  let octets = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A surrogate is half of a character of four octets.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) octets += 2;
    else if (unit >= 0x80) octets++;
  }
  return octets;
};

/**
 * The fault of a text that has characters which nothing on a command line may have: control characters first, wherever they
 * stand, then characters outside ASCII, where these are not allowed, and octets that are no UTF-8.
 */
export const charsetFault = (source: Source, utf8: boolean): GrammarError | undefined => {
  const { text } = source;
  let other = -1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isControl(unit)) return fault(source, "ControlCharacter", at);
    if (unit >= 0x80 && other < 0) other = at;
  }
  if (other < 0) return undefined;
  if (!utf8) return fault(source, "NonAscii", other);
  return text.isWellFormed() ? undefined : fault(source, "BadUtf8", text.search(/\p{Surrogate}/u));
};
