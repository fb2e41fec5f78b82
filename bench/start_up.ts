/**
 * How long whole processes take: commands that only say their version, and commands that send one message.
 *
 * @module
 */
import { bundle, flags } from "../tools/build/bundle.ts";
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
  /** The name of the command that it is compared with. */
  readonly base: string;
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
  args: ["run", "-q", "--no-prompt", ...flags, path, ...args],
});

const sources = new URL("../tools/plausch/main.ts", import.meta.url).pathname;
const nothing = new URL("./clients/nothing.ts", import.meta.url).pathname;

const message = "From: me@x.test\r\nTo: you@x.test\r\nSubject: Hi\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n" +
  "Message-ID: <1@x.test>\r\n\r\nHello\r\n";

/** All commands that are installed. The bundle and the message are put into a folder; the message goes to a port of 127.0.0.1. */
export const commands = async (folder: string, port: number): Promise<ReadonlyArray<Command>> => {
  const swaks = await find("swaks");
  const program = await bundle(`${folder}/start-up`);
  const letter = `${folder}/start-up.eml`;
  await Deno.writeTextFile(letter, message);
  const send = ["-f", "me@x.test", "-t", "you@x.test", "-s", `127.0.0.1:${port}`];
  const ours = ["send", ...send, "--helo", "x.test", "--data", `@${letter}`];
  const theirs = [...send, "--helo", "x.test", "--data", `@${letter}`];
  const version = "swaks --version";
  const whole = "swaks, one message";
  return [
    { name: "an empty program under Deno", program: deno(nothing), base: version },
    { name: "plausch --version, sources", program: deno(sources, "--version"), base: version },
    { name: "plausch --version, bundle", program: deno(program, "--version"), base: version },
    ...swaks === undefined ? [] : [{ name: version, program: { command: swaks, args: ["--version"] }, base: version }],
    { name: "plausch send, sources", program: deno(sources, ...ours), base: whole },
    { name: "plausch send, bundle", program: deno(program, ...ours), base: whole },
    ...swaks === undefined ? [] : [{ name: whole, program: { command: swaks, args: theirs }, base: whole }],
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
  return summaries.map((summary, index) => {
    const standard = summaries.find(({ command }) => command === commands[index]!.base);
    return { ...summary, toBase: ratio(summary.milliseconds, standard?.milliseconds) };
  });
};
