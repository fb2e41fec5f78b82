/**
 * The marks: what plausch means to reach, as figures of one run.
 *
 * @module
 */
import type { Summary } from "./statistics.ts";

/** What was found of one contender. */
export interface Figures {
  /** Messages, or MB (10^6 octets), a second. */
  readonly rate: Summary;
  /** Processor time in microseconds a message, or a MB, in the program's own code and in the system together. */
  readonly processor: Summary;
  /** The most memory resident, in MiB; missing where the program cannot tell. */
  readonly peak?: Summary | undefined;
}

/** The figures of a contender by its name; undefined if it was left out. */
export type Lookup = (contender: string) => Figures | undefined;

/** One thing to reach. */
export interface Mark {
  /** What is compared, in words. */
  readonly what: string;
  /** The bound. */
  readonly target: number;
  /** On which side of the bound to be. */
  readonly side: "at least" | "at most";
  /** What the number counts: `x` for a ratio. */
  readonly unit: "x" | "GB/s" | "MiB";
  /** The value; undefined if something that it needs was not measured. */
  readonly value: (of: Lookup) => number | undefined;
}

/** What came of a mark. */
export interface Verdict extends Pick<Mark, "what" | "target" | "side" | "unit"> {
  /** The value; missing if it was not measured. */
  readonly value?: number | undefined;
  /** Whether it was reached; missing if it was not measured. */
  readonly reached?: boolean | undefined;
}

/** Judges a mark. */
export const judge = ({ what, target, side, unit, value }: Mark, of: Lookup): Verdict => {
  const found = value(of);
  const reached = found === undefined ? undefined : side === "at least" ? found >= target : found <= target;
  return { what, target, side, unit, value: found, reached };
};

const divided = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined || b === 0 ? undefined : a / b;

/** The rate of one is at least so many times that of another. */
export const faster = (name: string, than: string, target: number): Mark => ({
  what: `${name} to ${than}`,
  target,
  side: "at least",
  unit: "x",
  value: (of) => divided(of(name)?.rate.median, of(than)?.rate.median),
});

/** The processor time of one is at most so many times that of another. */
export const cheaper = (name: string, than: string, target: number): Mark => ({
  what: `CPU of ${name} to ${than}`,
  target,
  side: "at most",
  unit: "x",
  value: (of) => divided(of(name)?.processor.median, of(than)?.processor.median),
});

/** A rate in GB (10^9 octets) a second. */
export const gigabytes = (name: string, target: number): Mark => ({
  what: name,
  target,
  side: "at least",
  unit: "GB/s",
  value: (of) => divided(of(name)?.rate.median, 1000),
});

/** The most memory, of all runs. */
export const memory = (name: string, target: number): Mark => ({
  what: `peak memory of ${name}`,
  target,
  side: "at most",
  unit: "MiB",
  value: (of) => of(name)?.peak?.max,
});

/** The memory of one is at most so many times that of another. */
export const flatMemory = (name: string, than: string, target: number): Mark => ({
  what: `peak memory of ${name} to ${than}`,
  target,
  side: "at most",
  unit: "x",
  value: (of) => divided(of(name)?.peak?.median, of(than)?.peak?.median),
});

/** The slowest of some is at least so many times the fastest. */
export const even = (names: ReadonlyArray<string>, target: number): Mark => ({
  what: `the slowest of ${names.join(", ")} to the fastest`,
  target,
  side: "at least",
  unit: "x",
  value: (of) => {
    const rates = names.flatMap((name) => of(name)?.rate.median ?? []);
    return rates.length < names.length ? undefined : divided(Math.min(...rates), Math.max(...rates));
  },
});

/** The time that one takes beyond what its bare calls take is at most so many times the time of another. */
export const beyondCalls = (name: string, calls: string, than: string, target: number): Mark => ({
  what: `${name}, less ${calls}, to ${than}, in time an octet`,
  target,
  side: "at most",
  unit: "x",
  value: (of) => {
    const [all, idle, other] = [name, calls, than].map((each) => divided(1, of(each)?.rate.median));
    return all === undefined || idle === undefined ? undefined : divided(all - idle, other);
  },
});
