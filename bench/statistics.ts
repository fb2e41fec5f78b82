/**
 * What a handful of measurements says: their middle and their spread. Means are left out on purpose: one disturbed run
 * would move them.
 *
 * @module
 */

/** The middle of some measurements, and their extremes. */
export interface Summary {
  /** How many measurements there are. */
  readonly count: number;
  /** The middle one; with an even count, the mean of the two in the middle. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/** Sums up some measurements. Throws a RangeError if there are none, or if one is not a finite number. */
export const summarize = (values: ReadonlyArray<number>): Summary => {
  const sorted = values.toSorted((a, b) => a - b);
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  if (min === undefined || max === undefined) throw new RangeError("Cannot sum up no measurements");
  if (!sorted.every(Number.isFinite)) throw new RangeError(`Cannot sum up ${values.join(", ")}: not all are finite`);
  const half = sorted.length >> 1;
  const upper = sorted[half]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2;
  return { count: sorted.length, median, min, max };
};

/** How many times the median of the base the median is; undefined without a base, or if its median is 0. */
export const ratio = (summary: Summary, base: Summary | undefined): number | undefined =>
  base === undefined || base.median === 0 ? undefined : summary.median / base.median;
