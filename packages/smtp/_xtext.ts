import { fault, type Source } from "./_source.ts";
import type { GrammarError } from "./grammar_error.ts";
import * as Octets from "./octets.ts";

/** The value of a hexadecimal digit; the RFC knows only those in upper case. */
const hexValue = (unit: number, lenient: boolean): number => {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  if (unit >= 0x41 && unit <= 0x46) return unit - 0x37;
  return lenient && unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
};

/**
 * Reads the xtext that begins at `start` and goes to the end of the source. Lenient takes lower case digits, and `=`, which
 * some clients leave as it is.
 */
export const readXtext = (source: Source, start: number, lenient: boolean): string | GrammarError => {
  const { text } = source;
  const octets: Array<number> = [];
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x2b) {
      const high = hexValue(text.charCodeAt(at + 1), lenient);
      const low = hexValue(text.charCodeAt(at + 2), lenient);
      if (high < 0 || low < 0) return fault(source, "BadXtext", at);
      octets.push(high * 16 + low);
      at += 2;
    } else if (unit <= 0x20 || unit >= 0x7f || unit === 0x3d && !lenient) {
      return fault(source, "BadXtext", at);
    } else octets.push(unit);
  }
  return Octets.decode(Uint8Array.from(octets));
};
