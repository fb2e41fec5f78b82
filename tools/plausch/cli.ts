/**
 * The command line as a function of its arguments and its surroundings.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { ExitCode } from "./exit_code.ts";
import * as Options from "./options.ts";
import { answer } from "./overview.ts";
import { Shell } from "./shell.ts";

/** A module in `commands/`. */
export interface CommandModule {
  /** What the command takes. */
  readonly commandLine: Options.CommandLine;
  /** Runs it. */
  readonly run: (given: Options.Given) => Effect.Effect<ExitCode, Options.UsageError, Shell>;
}

/** Commands by their names. */
export interface Commands {
  readonly [name: string]: () => Promise<CommandModule>;
}

const complain = (shell: Shell, error: Options.UsageError): ExitCode => {
  shell.err(`${shell.paintErr("failed", "***")} ${error.message}`);
  return ExitCode.usage;
};

/** Runs what the arguments say, and gives the exit code. */
export const run = (args: ReadonlyArray<string>, shell: Shell, commands: Commands): Effect.Effect<ExitCode> =>
  Effect.gen(function* () {
    const known = answer(args);
    if (known !== undefined) {
      shell.out(known.text);
      return known.code;
    }
    const [name = "", ...rest] = args;
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
