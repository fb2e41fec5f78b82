/**
 * Where a password or a token comes from. From here on it is `Redacted`, until the session puts it on the wire.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { Given, Option, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options that a secret can come from. */
export const options: ReadonlyArray<Option> = [
  { name: "password-prompt", help: "Ask for the password or token; default on a terminal" },
  { name: "password-env", value: "VAR", help: "Take it from this environment variable" },
  { name: "password-file", value: "FILE", help: "Take it from the first line of this file" },
  { name: "password", value: "VALUE", secret: true, help: "The password itself; others can see it in process lists" },
];

type Source = (value: string) => Effect.Effect<Redacted.Redacted<string>, UsageError, Shell>;

const found = (secret: string | undefined, problem: string, hint: string) =>
  Effect.map(Values.demand(secret === "" ? undefined : secret, problem, hint), (text) => Redacted.make(text));

const fromPrompt: Source = (user) =>
  Effect.gen(function* () {
    const answer = yield* (yield* Shell).askSecret(`Password of ${user}:`);
    const others = "use --password-env VAR or --password-file FILE";
    if (answer === undefined) {
      return yield* Values.usage("Cannot ask for the password: input and output are no terminal", others);
    }
    return Redacted.value(answer) === ""
      ? yield* Values.usage("The password is empty", "type it, or " + others)
      : answer;
  });

const fromEnvironment: Source = (variable) =>
  Effect.gen(function* () {
    const value = yield* (yield* Shell).environment(variable);
    const problem = `The environment variable "${variable}" of --password-env is ${value === "" ? "empty" : "not set"}`;
    return yield* found(
      value,
      problem,
      `put the password into it, without showing it: read -rs ${variable}; export ${variable}`,
    );
  });

const fromFile: Source = (path) =>
  Effect.gen(function* () {
    const text = new TextDecoder().decode(yield* (yield* Shell).readFile(path));
    const [first = ""] = text.split(/\r?\n/, 1);
    return yield* found(first, `The first line of "${path}" is empty`, "write the password there, and nothing else");
  });

const fromArgument: Source = (value) =>
  Effect.gen(function* () {
    (yield* Shell).warn(
      "Everybody who can list processes can read --password; better are --password-env and --password-file",
    );
    return yield* found(value, "The password is empty", "leave --password out to be asked for it");
  });

/** Reads the password or token of a user, from the one source that was named, or by asking. */
export const fromOptions = (
  given: Given,
  user: string,
): Effect.Effect<Redacted.Redacted<string>, UsageError, Shell> => {
  const sources = options.filter(({ name }) => given.has(name));
  const [first, second] = sources.map(({ name }) => name);
  if (second !== undefined) {
    return Values.usage(`--${first} and --${second} name two passwords`, "leave one of them out");
  }
  switch (first) {
    case "password-env":
      return fromEnvironment(given.value(first)!);
    case "password-file":
      return fromFile(given.value(first)!);
    case "password":
      return fromArgument(given.value(first)!);
    default:
      return fromPrompt(user);
  }
};
