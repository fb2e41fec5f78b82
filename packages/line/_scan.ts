// The searches of this package: for the next octet that can end or break a line.
//
// A call of Uint8Array.indexOf costs as much as reading a line of usual length, and three octets are looked for at once.
// So four octets are tested in one step, and only a word that has an octet below 14 is looked at closely.
import { CR, DOT, LF, NUL } from "./_octets.ts";

const NO_WORDS = new Int32Array(0);

/** Below this size a view costs more than it saves. */
const MIN_VIEWED = 64;

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The aligned 32-bit words inside `bytes`, for the searches below. Without them they go octet by octet. */
export const wordsOf = (bytes: Uint8Array): Int32Array => {
  if (bytes.length < MIN_VIEWED || !isLittleEndian) return NO_WORDS;
  const lead = leadOf(bytes);
  return new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
};

/** Octets before the first aligned word. */
const leadOf = (bytes: Uint8Array): number => -bytes.byteOffset & 3;

/** Has a bit for every octet below 14 in a word. The lowest bit set is right; those above may be one borrow too many. */
const controlsIn = (word: number): number => (word - 0x0e0e0e0e) & ~word & 0x80808080;

/** The octet of a word, 0 to 3, that the lowest bit of {@link controlsIn} stands for. */
const firstOf = (controls: number): number => (31 - Math.clz32(controls & -controls)) >> 3;

const isBreak = (octet: number): boolean => octet === CR || octet === LF || octet === NUL;

/** The index of the first CR, LF or NUL in `bytes[from..to)`, or `to`. */
export const indexOfBreak = (bytes: Uint8Array, words: Int32Array, from: number, to: number): number => {
  const lead = leadOf(bytes);
  const last = Math.min(words.length, (to - lead) >> 2);
  let at = from;
  while (at < to) {
    if (((at - lead) & 3) === 0) {
      let word = (at - lead) >> 2;
      let controls = 0;
      while (word < last && (controls = controlsIn(words[word]!)) === 0) word++;
      at = lead + (word << 2);
      if (controls !== 0) at += firstOf(controls);
      else if (at === to) break;
    }
    if (isBreak(bytes[at]!)) return at;
    at++;
  }
  return to;
};

/** Lines counted by {@link skipLines}. */
export interface LineCount {
  /** Lines that have ended. */
  lines: number;
  /** The index at which the current line begins; less than 0 where it began in an earlier chunk. */
  lineStart: number;
  /** Has a bit for every bit that was set in any octet: whether there was one of eight bits costs nothing more. */
  seen: number;
}

/** The high bits of a word. */
export const EIGHTH_BITS = 0x80808080;

/** The most octets that a text line may have without its CRLF, RFC 5321 section 4.5.3.1.6. */
export const MAX_TEXT_LINE = 998;

/**
 * Goes over all that needs no change and no thought: lines of at most 998 octets that end with CRLF and no dot behind it.
 * Gives the index of the first octet that does: a CR, LF or NUL; or `to`.
 */
export const skipLines = (bytes: Uint8Array, words: Int32Array, from: number, to: number, count: LineCount): number => {
  const lead = leadOf(bytes);
  const last = Math.min(words.length, (to - lead) >> 2);
  let { lines, lineStart, seen } = count;
  let at = from;
  while (at < to) {
    let word = (at - lead) >> 2;
    if (at >= lead && word < last) {
      let octets = words[word]!;
      seen |= octets;
      // controlsIn, by hand: a call costs while code is cold. Those before `at` do not count, and are not worth a step of their own.
      let controls = (octets - 0x0e0e0e0e) & ~octets & EIGHTH_BITS & (-1 << (((at - lead) & 3) << 3));
      while (controls === 0 && ++word < last) {
        octets = words[word]!;
        seen |= octets;
        controls = (octets - 0x0e0e0e0e) & ~octets & EIGHTH_BITS;
      }
      at = lead + (word << 2);
      if (controls === 0) continue;
      at += firstOf(controls);
    }
    const octet = bytes[at]!;
    seen |= octet;
    if (octet > CR || !isBreak(octet)) {
      at++;
      continue;
    }
    const next = at + 2;
    if (octet !== CR || next >= to || bytes[at + 1] !== LF || bytes[next] === DOT || at - lineStart > MAX_TEXT_LINE) {
      break;
    }
    lines++;
    lineStart = at = next;
  }
  count.lines = lines;
  count.lineStart = lineStart;
  count.seen = seen;
  return at;
};
