import type { EnhancedStatus } from "./enhanced_status.ts";

const dot = 0x2e;
const space = 0x20;
const zero = 0x30;

/**
 * The enhanced status code with which the text of a reply line, `octets[from..to)`, begins, as `class * 1e6 + subject * 1e3
 * + detail`; 0 if there is none. A code counts only if its class is the first digit of the reply code, 2, 4 or 5, and a space
 * or the end of the line follows it (RFC 2034 section 4). Nothing is allocated: this runs for each line of each reply.
 */
export const statusPrefix = (octets: Uint8Array, from: number, to: number, firstDigit: number): number => {
  if (firstDigit === 3 || to - from < 5 || octets[from] !== zero + firstDigit || octets[from + 1] !== dot) return 0;
  let at = from + 2;
  let packed = firstDigit;
  for (let part = 0; part < 2; part++) {
    const start = at;
    const limit = at + 3 < to ? at + 3 : to;
    let value = 0;
    for (let digit; at < limit && (digit = (octets[at]! - zero) >>> 0) <= 9; at++) value = value * 10 + digit;
    // Sub-codes have one to three digits, without leading zeros
    if (at === start || (at - start > 1 && octets[start] === zero)) return 0;
    packed = packed * 1000 + value;
    if (part === 0 && (at === to || octets[at++] !== dot)) return 0;
  }
  return at === to || octets[at] === space ? packed : 0;
};

/** The status that {@link statusPrefix} packed. */
export const unpackStatus = (packed: number): EnhancedStatus => {
  const thousands = (packed / 1000) | 0;
  return {
    class: ((thousands / 1000) | 0) as EnhancedStatus["class"],
    subject: thousands % 1000,
    detail: packed % 1000,
  };
};
