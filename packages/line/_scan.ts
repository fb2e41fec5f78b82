// The one search that all of this package needs: the next octet that can end or break a line.
//
// A call of Uint8Array.indexOf costs as much as reading a whole line, and three octets are looked for at once. So four
// octets are tested in one step, and only a word that has one below 14 is looked at closely.

import { CR, LF, NUL } from "./_octets.ts";

const NO_WORDS = new Int32Array(0);

/** Below this size a view costs more than it saves. */
const MIN_VIEWED = 64;

/** The aligned 32-bit words inside `bytes`, to be passed to {@link indexOfBreak}. */
export const wordsOf = (bytes: Uint8Array): Int32Array => {
  if (bytes.length < MIN_VIEWED) return NO_WORDS;
  const lead = -bytes.byteOffset & 3;
  return new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
};

const isBreak = (octet: number): boolean => octet < 14 && (octet === LF || octet === CR || octet === NUL);

/** The index of the first CR, LF or NUL in `bytes[from..to)`, or `to`. */
export const indexOfBreak = (bytes: Uint8Array, words: Int32Array, from: number, to: number): number => {
  const lead = -bytes.byteOffset & 3;
  const last = Math.min(words.length, (to - lead) >> 2);
  let at = from;
  for (;;) {
    for (; at < to && ((at - lead) & 3) !== 0; at++) {
      if (isBreak(bytes[at]!)) return at;
    }
    if (at === to) return to;
    let word = (at - lead) >> 2;
    for (; word < last; word++) {
      const four = words[word]!;
      // Not zero where one of the four octets is below 14: the subtraction borrows from its highest bit.
      if (((four - 0x0e0e0e0e) & ~four & 0x80808080) !== 0) break;
    }
    at = lead + (word << 2);
    for (const stop = word < last ? at + 4 : to; at < stop; at++) {
      if (isBreak(bytes[at]!)) return at;
    }
    if (at === to) return to;
  }
};
