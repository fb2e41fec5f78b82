/**
 * The command line of plausch: chat with SMTP servers the way a careful person with `dig` and `telnet` would.
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-sys jsr:@plausch/cli send --to someone@example.org --from me@example.org
 * ```
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import { ExitCode } from "./exit_code.ts";
import * as Options from "./options.ts";
import { colours, plain } from "./render/paint.ts";
import { Shell } from "./shell.ts";
import config from "./deno.json" with { type: "json" };

/** A module in `commands/`. */
export interface CommandModule {
  /** What the command takes. */
  readonly commandLine: Options.CommandLine;
  /** Runs it. */
  readonly run: (given: Options.Given) => Effect.Effect<ExitCode, Options.UsageError, Shell>;
}

/** The commands, each loaded only when it is called. */
const commands: { readonly [name: string]: () => Promise<CommandModule> } = {
  demo: () => import("./commands/demo.ts"),
  mx: () => import("./commands/mx.ts"),
  send: () => import("./commands/send.ts"),
  sink: () => import("./commands/sink.ts"),
};

const overview = `plausch ${config.version}: a chat with your mail server

plausch talks to SMTP servers the way a careful person with dig and telnet
would, shows every word, and understands the answers.

Commands
  demo    the whole story, offline: MX lookup, conversation, stored message
  mx      look up a domain's mail exchangers and the route a message would take
  send    hold a conversation and send a message
  sink    run a small honest SMTP server on this machine

plausch COMMAND --help tells more, with examples. plausch --version says which
plausch this is.

Start here
  plausch demo
`;

const isWanted = (stream: { readonly isTerminal: () => boolean }): boolean => {
  // Without permission to read it, NO_COLOR counts as set: plain text is never wrong.
  const noColor = Deno.permissions.querySync({ name: "env", variable: "NO_COLOR" }).state === "granted"
    ? Deno.env.get("NO_COLOR")
    : "unknown";
  return stream.isTerminal() && (noColor === undefined || noColor === "");
};

const encoder = new TextEncoder();
const print = (stream: { readonly writeSync: (octets: Uint8Array) => number }) => (text: string): void => {
  try {
    for (let octets = encoder.encode(`${text}\n`); octets.length > 0;) {
      octets = octets.subarray(stream.writeSync(octets));
    }
  } catch (error) {
    // The reader has gone, as with `plausch … | head -1`: there is nobody left to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
};

const unreadable = (what: string) => (cause: unknown): Options.UsageError =>
  new Options.UsageError({ problem: `Cannot read ${what}: ${cause instanceof Error ? cause.message : String(cause)}` });

const shell: Shell = {
  out: print(Deno.stdout),
  err: print(Deno.stderr),
  paint: isWanted(Deno.stdout) ? colours : plain,
  paintErr: isWanted(Deno.stderr) ? colours : plain,
  readFile: (path) => Effect.tryPromise({ try: () => Deno.readFile(path), catch: unreadable(`"${path}"`) }),
  readInput: Effect.tryPromise({
    try: () => new Response(Deno.stdin.readable).bytes(),
    catch: unreadable("standard input"),
  }),
  hostname: Effect.sync(() => {
    const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
    return state === "granted" ? Deno.hostname() : undefined;
  }),
};

const complain = (error: Options.UsageError): ExitCode => {
  shell.err(`${shell.paintErr("failed", "***")} ${error.message}`);
  return ExitCode.usage;
};

const program = (args: ReadonlyArray<string>): Effect.Effect<ExitCode> =>
  Effect.gen(function* () {
    const [name, ...rest] = args;
    if (name === "--version" || name === "-V") {
      shell.out(`plausch ${config.version}`);
      return ExitCode.ok;
    }
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      shell.out(overview);
      return name === undefined ? ExitCode.usage : ExitCode.ok;
    }
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (load === undefined) {
      const near = Options.nearest(name, Object.keys(commands));
      const hint = near === undefined ? "see plausch --help" : `did you mean "plausch ${near}"?`;
      return complain(new Options.UsageError({ problem: `Unknown command "${name}"`, hint }));
    }
    const { commandLine, run } = yield* Effect.promise(load);
    const given = Options.parse(commandLine, rest);
    if (Result.isFailure(given)) return complain(given.failure);
    if (given.success.has("help")) {
      shell.out(Options.help(commandLine));
      return ExitCode.ok;
    }
    return yield* run(given.success).pipe(
      Effect.provideService(Shell, shell),
      Effect.catchTag("UsageError", (error) => Effect.sync(() => complain(error))),
    );
  });

const codeOf = (exit: Exit.Exit<ExitCode>): ExitCode => {
  if (Exit.isSuccess(exit)) return exit.value;
  if (Cause.hasInterruptsOnly(exit.cause)) return ExitCode.interrupted;
  shell.err("*** This is a bug of plausch; please report it together with these lines:");
  shell.err(Cause.pretty(exit.cause));
  return ExitCode.bug;
};

if (import.meta.main) {
  const fiber = Effect.runFork(program(Deno.args));
  const interrupt = (): void => fiber.interruptUnsafe();
  const signals: ReadonlyArray<Deno.Signal> = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  Deno.exit(codeOf(await Effect.runPromise(Fiber.await(fiber))));
}
