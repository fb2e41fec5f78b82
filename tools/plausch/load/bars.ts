/**
 * A histogram in one line: a bar for each of a few columns, whose times grow by the same factor from one to the next.
 *
 * @module
 */
import type { Bucket } from "./histogram.ts";

/** What the columns stand for: times in microseconds. */
export interface Axis {
  /** Where the first column begins. */
  readonly from: number;
  /** Where the last one ends. */
  readonly to: number;
  /** How many there are. */
  readonly columns: number;
}

const blocks = "▁▂▃▄▅▆▇█";

/** The axis that all these values fit on; undefined if there are none. */
export const axis = (buckets: ReadonlyArray<Bucket>, columns: number): Axis | undefined => {
  if (buckets.length === 0) return undefined;
  const from = Math.max(1, Math.min(...buckets.map(({ from }) => from)));
  return { from, to: Math.max(from + 1, ...buckets.map(({ to }) => to)), columns };
};

/** How many values are in each column. A bucket counts where its middle is. */
export const columns = ({ from, to, columns }: Axis, buckets: ReadonlyArray<Bucket>): ReadonlyArray<number> => {
  const counts = new Array<number>(columns).fill(0);
  for (const bucket of buckets) {
    const middle = Math.max(from, (bucket.from + bucket.to) / 2);
    const at = Math.floor(Math.log(middle / from) / Math.log(to / from) * columns);
    const column = Math.min(columns - 1, Math.max(0, at));
    counts[column] = counts[column]! + bucket.count;
  }
  return counts;
};

/** The bars: the highest column is full, and one that is not empty shows at least a little. */
export const draw = (axis: Axis, buckets: ReadonlyArray<Bucket>): string => {
  const counts = columns(axis, buckets);
  const highest = Math.max(...counts);
  return counts.map((count) => count === 0 ? " " : blocks[Math.ceil(count / highest * blocks.length) - 1]!).join("");
};
