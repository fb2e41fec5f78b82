/**
 * The command line of the bench.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";

/** What the bench was asked for. */
export interface Options {
  /** The rows to measure; all if there is none. */
  readonly only: ReadonlyArray<string>;
  /** Whether to do little work, to see that everything runs. */
  readonly quick: boolean;
  /** How often each contender runs; undefined for what each row has by itself. */
  readonly runs: number | undefined;
  /** Where to write the results as JSON; undefined for nowhere. */
  readonly json: string | undefined;
  /** The page to write the tables into; undefined for none. */
  readonly page: string | undefined;
  /** Whether only to say how the bench is used. */
  readonly help: boolean;
}

const defaults = { json: "bench/results.json", page: "docs/performance.md" } as const;

/** How the bench is used. */
export const usage = `Usage: deno task bench [--only ROW]... [--quick] [--runs N] [--json FILE]

Measures plausch beside its peers on this machine, on 127.0.0.1 only. All of it takes some ten minutes, and writes
${defaults.json} and the tables in ${defaults.page}; with --only or --quick it writes neither.

  --only ROW   measure this row alone, or start-up: whole processes; may be given again
  --quick      little work, and one run of each: proves only that the bench works
  --runs N     how often each contender runs, 1 to 100; default: 3 or 5, of start-up 15
  --json FILE  write all results there
`;

const names = ["only", "runs", "json"] as const;

const whole = (name: string, text: string, most: number): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new RangeError(`Cannot take "${text}" for --${name}: give a whole number from 1 to ${most}`);
};

/** Reads the command line. Throws a RangeError that says what is wrong with it. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const given = parseArgs([...args], {
    string: [...names],
    collect: ["only"],
    boolean: ["help", "quick"],
    unknown: (arg) => {
      const known = [...names, "quick"].map((name) => `--${name}`).join(", ");
      throw new RangeError(`Cannot take "${arg}": the options are ${known}`);
    },
  });
  if (given.json === "") throw new RangeError("Cannot write to no file: --json needs a name");
  if (given.only.includes("")) throw new RangeError("Cannot measure nothing: --only needs the name of a row");
  const isPart = given.quick || given.only.length > 0;
  return {
    only: given.only,
    quick: given.quick,
    runs: given.runs === undefined ? undefined : whole("runs", given.runs, 100),
    json: given.json ?? (isPart ? undefined : defaults.json),
    page: isPart ? undefined : defaults.page,
    help: given.help,
  };
};
