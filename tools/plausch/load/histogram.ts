/**
 * How often which length of time came up, in bounded memory: buckets whose width grows with the value, so that every value
 * is known to about three per cent, from a microsecond to half an hour.
 *
 * @module
 */

/** Each doubling of the value has this many buckets. */
const steps = 32;
const stepBits = 5;

/** Longer times are counted as this one: about 36 minutes, in microseconds. */
export const most: number = 2 ** 31 - 1;

/** Values below `steps` have a bucket each; above it there are 26 doublings up to {@linkcode most}. */
const buckets = steps * (1 + 31 - stepBits);

const indexOf = (value: number): number => {
  if (value < steps) return value;
  const exponent = 31 - Math.clz32(value);
  return (exponent - stepBits) * steps + (value >> (exponent - stepBits));
};

const widthOf = (index: number): number => index < steps ? 1 : 2 ** ((index >> stepBits) - 1);

const lowestOf = (index: number): number =>
  index < steps ? index : (steps + (index & (steps - 1))) * 2 ** ((index >> stepBits) - 1);

/** A bucket that is not empty. */
export interface Bucket {
  /** The least value in it, in whole microseconds. */
  readonly from: number;
  /** The first value beyond it. */
  readonly to: number;
  /** How many values are in it. */
  readonly count: number;
}

/** Counts values. */
export interface Histogram {
  /** Counts a length of time in microseconds. Fractions are dropped. */
  readonly record: (micros: number) => void;
  /** How many values were counted. */
  readonly count: number;
  /** The longest, in whole microseconds; 0 if there is none. */
  readonly max: number;
  /**
   * A value that at least so many per cent of all do not exceed, and at most a thirty-second above the least such value; 0 if there
   * is none.
   */
  readonly percentile: (percent: number) => number;
  /** The buckets that are not empty, from the least value on. */
  readonly buckets: () => ReadonlyArray<Bucket>;
}

/** An empty histogram. */
export const make = (): Histogram => {
  const counts = new Array<number>(buckets).fill(0);
  let count = 0;
  let max = 0;
  return {
    record: (micros) => {
      const value = Math.min(most, Math.max(0, Math.trunc(micros)));
      const index = indexOf(value);
      counts[index] = counts[index]! + 1;
      count++;
      if (value > max) max = value;
    },
    get count() {
      return count;
    },
    get max() {
      return max;
    },
    percentile: (percent) => {
      const rank = Math.max(1, Math.ceil(percent / 100 * count));
      let seen = 0;
      for (let index = 0; index < buckets; index++) {
        seen += counts[index]!;
        if (seen >= rank) return Math.min(max, lowestOf(index) + widthOf(index) - 1);
      }
      return 0;
    },
    buckets: () =>
      counts.flatMap((count, index) =>
        count === 0 ? [] : [{ from: lowestOf(index), to: lowestOf(index) + widthOf(index), count }]
      ),
  };
};
