/**
 * How long a command takes that only says its version: the time before any work begins.
 *
 * @module
 */
import { alternate } from "./alternate.ts";
import { type Cores, find, pin, type Program, run } from "./child.ts";
import { ratio, summarize, type Summary } from "./statistics.ts";

/** Longest time for one run, in seconds. */
const limit = 20;

/** A command that takes part. */
export interface Command {
  /** Which one it is, for tables and JSON. */
  readonly name: string;
  /** The program. */
  readonly program: Program;
}

/** How long one command took. */
export interface Result {
  /** The command. */
  readonly command: string;
  /** Milliseconds from its start to its end. */
  readonly milliseconds: Summary;
  /** The median, as a multiple of the base's; missing where there is no base. */
  readonly toBase?: number | undefined;
}

const deno = (path: string, ...args: ReadonlyArray<string>): Program => ({
  command: Deno.execPath(),
  args: ["run", "-q", "--no-prompt", new URL(path, import.meta.url).pathname, ...args],
});

/** The name of the command that all are compared with. */
export const base = "swaks --version";

/** All commands that are installed. */
export const commands = async (): Promise<ReadonlyArray<Command>> => {
  const path = await find("swaks");
  return [
    { name: "plausch --version", program: deno("../tools/plausch/main.ts", "--version") },
    { name: "an empty program under Deno", program: deno("./clients/nothing.ts") },
    ...path === undefined ? [] : [{ name: base, program: { command: path, args: ["--version"] } }],
  ];
};

/** Runs every command so often, taking turns. One run before fills the caches and is not counted. */
export const measure = async (
  commands: ReadonlyArray<Command>,
  rounds: number,
  cores: Cores | undefined,
  signal: AbortSignal,
): Promise<ReadonlyArray<Result>> => {
  const runOnce = async ({ program }: Command): Promise<number> =>
    (await run(pin(program, cores?.client), limit, signal)).seconds * 1000;
  await alternate(commands, 1, runOnce);
  const results = await alternate(commands, rounds, runOnce);
  const summaries = results.map((times, index) => ({
    command: commands[index]!.name,
    milliseconds: summarize(times),
  }));
  const standard = summaries.find(({ command }) => command === base);
  return summaries.map((summary) => ({ ...summary, toBase: ratio(summary.milliseconds, standard?.milliseconds) }));
};
