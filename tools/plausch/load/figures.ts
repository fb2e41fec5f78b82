/**
 * Numbers as people read them.
 *
 * @module
 */

/** With three digits that count, and no more: `1.23`, `12.3`, `123`. */
const three = (value: number): string => {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits);
};

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count, in groups of three digits. */
export const count = (value: number): string => grouped.format(value);

/** A rate: a count where it is large, else with three digits that count. */
export const rate = (value: number): string => value >= 99.95 ? count(value) : three(value);

/** A number of things in words: `1 message`, `2 messages`. */
export const things = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A length of time, given in microseconds, with its unit: `70 µs`, `1.23 ms`, `12.3 s`. */
export const time = (micros: number): string => {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  return micros < 999_500 ? `${three(micros / 1000)} ms` : `${three(micros / 1_000_000)} s`;
};

/** A number of octets with its unit: `999 B`, `1.02 kB`, `8.30 MB`. Units are powers of 1000. */
export const octets = (value: number): string => {
  if (value < 1000) return `${Math.round(value)} B`;
  if (value < 999_500) return `${three(value / 1000)} kB`;
  return value < 999_500_000 ? `${three(value / 1_000_000)} MB` : `${three(value / 1_000_000_000)} GB`;
};
