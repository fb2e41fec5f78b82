/**
 * The command line as a function of its arguments and its surroundings.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import config from "./deno.json" with { type: "json" };
import { ExitCode } from "./exit_code.ts";
import * as Options from "./options.ts";
import { Shell } from "./shell.ts";

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
  load: () => import("./commands/load.ts"),
  mx: () => import("./commands/mx.ts"),
  send: () => import("./commands/send.ts"),
  sink: () => import("./commands/sink.ts"),
};

const overview = `plausch ${config.version}: a chat with your mail server

plausch talks to SMTP servers the way a careful person with dig and telnet
would, shows every word, and understands the answers.

Commands
  demo    the whole story, offline: MX lookup, conversation, stored message
  load    send many messages to a server of your own, and measure it
  mx      look up a domain's mail exchangers and the route a message would take
  send    hold a conversation and send a message
  sink    run a small honest SMTP server on this machine

plausch COMMAND --help tells more, with examples. plausch --version says which
plausch this is.

Start here
  plausch demo
`;

const complain = (shell: Shell, error: Options.UsageError): ExitCode => {
  shell.err(`${shell.paintErr("failed", "***")} ${error.message}`);
  return ExitCode.usage;
};

/** Runs what the arguments say, and gives the exit code. */
export const run = (args: ReadonlyArray<string>, shell: Shell): Effect.Effect<ExitCode> =>
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
      return complain(shell, new Options.UsageError({ problem: `Unknown command "${name}"`, hint }));
    }
    const { commandLine, run } = yield* Effect.promise(load);
    const given = Options.parse(commandLine, rest);
    if (Result.isFailure(given)) return complain(shell, given.failure);
    if (given.success.has("help")) {
      shell.out(Options.help(commandLine));
      return ExitCode.ok;
    }
    return yield* run(given.success).pipe(
      Effect.provideService(Shell, shell),
      Effect.catchTag("UsageError", (error) => Effect.sync(() => complain(shell, error))),
    );
  });
