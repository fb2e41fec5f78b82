/**
 * The command line of the bench.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";

/** What the bench was asked for. */
export interface Options {
  /** How often each client runs. */
  readonly runs: number;
  /** How many messages each run sends. */
  readonly messages: number;
  /** Where to write the results as JSON. */
  readonly json: string | undefined;
  /** Whether only to say how the bench is used. */
  readonly help: boolean;
}

/** How the bench is used. */
export const usage = `Usage: deno task bench [--runs N] [--messages N] [--json FILE]

Measures plausch beside its peers on this machine, on 127.0.0.1 only.

  --runs N      how often each client runs, 1 to 100; default: 5
  --messages N  how many messages each run sends, 1 to 1000000; default: 5000
  --json FILE   write all results there, too
`;

const names = ["runs", "messages", "json"] as const;

const whole = (name: string, text: string, most: number): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new RangeError(`Cannot take "${text}" for --${name}: give a whole number from 1 to ${most}`);
};

/** Reads the command line. Throws a RangeError that says what is wrong with it. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const given = parseArgs([...args], {
    string: [...names],
    boolean: ["help"],
    unknown: (arg) => {
      throw new RangeError(`Cannot take "${arg}": the options are ${names.map((name) => `--${name}`).join(", ")}`);
    },
  });
  if (given.json === "") throw new RangeError("Cannot write to no file: --json needs a name");
  return {
    runs: whole("runs", given.runs ?? "5", 100),
    messages: whole("messages", given.messages ?? "5000", 1_000_000),
    json: given.json,
    help: given.help,
  };
};
