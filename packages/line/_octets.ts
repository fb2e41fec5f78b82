export const NUL = 0x00;
export const LF = 0x0a;
export const CR = 0x0d;
export const DOT = 0x2e;

/** Up to this length a loop copies faster than `set`, which needs a view. */
const SHORT_RUN = 48;

/** Copies `source[from..to)` into `target` at `at`, and gives the position behind it. */
export const copy = (source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number => {
  if (to - from > SHORT_RUN) {
    target.set(to - from === source.length ? source : source.subarray(from, to), at); // a view costs 100 octets
    return at + to - from;
  }
  for (let i = from; i < to; i++) target[at++] = source[i]!;
  return at;
};
