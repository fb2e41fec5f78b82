/**
 * The command line as a process: its surroundings made from Deno, its signals, its exit.
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import { type Commands, run } from "./cli.ts";
import { type ExitCode, fromExit } from "./exit_code.ts";
import * as Options from "./options.ts";
import { print, write } from "./print.ts";
import { colours, plain } from "./render/paint.ts";
import type { Shell, Terminal } from "./shell.ts";

const isWanted = (stream: { readonly isTerminal: () => boolean }): boolean => {
  // Without permission to read it, NO_COLOR counts as set: plain text is never wrong.
  const noColor = Deno.permissions.querySync({ name: "env", variable: "NO_COLOR" }).state === "granted"
    ? Deno.env.get("NO_COLOR")
    : "unknown";
  return stream.isTerminal() && (noColor === undefined || noColor === "");
};

/** Control sequences of ECMA-48: back to the first column, and clear what is there. */
const startOver = "\r\u001b[K";
const terminal: Terminal = {
  columns: () => Deno.consoleSize().columns,
  show: (text) => write(Deno.stderr, `${startOver}${text}`),
};

/** Deno names the file and its own function once more behind what the system said. */
const deno = /(?: \(os error \d+\))?: \w+ '.*'$/s;

const unreadable = (what: string) => (cause: unknown): Options.UsageError => {
  const why = cause instanceof Error ? cause.message.replace(deno, "") : String(cause);
  return new Options.UsageError({ problem: `Cannot read ${what}: ${why}` });
};

/** How large a regular file is; what else there is has no size that tells anything. One look is not worth a thread of its own. */
const sizeOf = (path: string): number => {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : 0;
  } catch {
    return 0;
  }
};

/** Reads a file to its end; it is closed there, or where the reading stops. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(256 * 1024);
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    yield buffer.subarray(0, read);
  }
}

const err = print(Deno.stderr);
const paintErr = isWanted(Deno.stderr) ? colours : plain;

const shell: Shell = {
  out: print(Deno.stdout),
  err,
  warn: (text) => err(paintErr("refused", `=== ${text}`)),
  paint: isWanted(Deno.stdout) ? colours : plain,
  paintErr,
  terminal: Deno.stderr.isTerminal() ? terminal : undefined,
  readFile: (path) => Effect.tryPromise({ try: () => Deno.readFile(path), catch: unreadable(`"${path}"`) }),
  largeFile: (path) => Effect.sync(() => sizeOf(path) >= 1024 * 1024 ? () => piecesOf(path) : undefined),
  readInput: Effect.tryPromise({
    try: () => new Response(Deno.stdin.readable).bytes(),
    catch: unreadable("standard input"),
  }),
  environment: (variable) =>
    Effect.suspend(() => {
      const { state } = Deno.permissions.querySync({ name: "env", variable });
      if (state === "granted") return Effect.succeed(Deno.env.get(variable));
      const problem = `Cannot read the environment variable "${variable}": Deno has no permission`;
      return Effect.fail(new Options.UsageError({ problem, hint: `add --allow-env=${variable} to the deno command` }));
    }),
  askSecret: (question) =>
    Effect.promise(async () => {
      if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return undefined;
      const { promptSecret } = await import("@std/cli/prompt-secret");
      // It blocks: Ctrl-C has to end the process by itself meanwhile.
      const answer = withoutSignals(() => promptSecret(question));
      return answer === null ? undefined : Redacted.make(answer);
    }),
  hostname: Effect.sync(() => {
    const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
    return state === "granted" ? Deno.hostname() : undefined;
  }),
};

const report = (exit: Exit.Exit<ExitCode>): void => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return;
  shell.err("*** This is a bug of plausch; please report it together with these lines:");
  shell.err(Cause.pretty(exit.cause));
};

const signals: ReadonlyArray<Deno.Signal> = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
let interrupt = (): void => {};
const listen = (): void => signals.forEach((signal) => Deno.addSignalListener(signal, interrupt));

/** Runs something that blocks with the system's own answer to signals in place of ours. */
const withoutSignals = <A>(run: () => A): A => {
  for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
  try {
    return run();
  } finally {
    listen();
  }
};

/** Runs what the arguments say, and ends the process with the exit code. */
export const start = async (args: ReadonlyArray<string>, commands: Commands): Promise<never> => {
  const fiber = Effect.runFork(run(args, shell, commands));
  interrupt = () => fiber.interruptUnsafe();
  listen();
  const exit = await Effect.runPromise(Fiber.await(fiber));
  report(exit);
  Deno.exit(fromExit(exit));
};
