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
  { name: "password-file", value: "FILE|-", help: "Take it from the first line of this file, or of standard input" },
  { name: "password", value: "VALUE", secret: true, help: "The password itself; others can see it in process lists" },
];

/** What a secret is called, and whose it is. */
export interface Wanted {
  /** `password` or `token`. */
  readonly noun: string;
  /** The user. */
  readonly user: string;
}

type Secret = Effect.Effect<Redacted.Redacted<string>, UsageError, Shell>;

const others = "--password-env VAR or --password-file FILE";

/** A secret has at least one character. */
const notEmpty = (text: string | undefined, problem: string, hint: string): Secret =>
  Effect.map(Values.demand(text === "" ? undefined : text, problem, hint), (secret) => Redacted.make(secret));

const fromPrompt = (_value: string, { noun, user }: Wanted): Secret =>
  Effect.gen(function* () {
    const name = `${noun[0]!.toUpperCase()}${noun.slice(1)}`;
    const answer = yield* (yield* Shell).askSecret(`${name} of ${user}:`);
    if (answer !== undefined) {
      return yield* notEmpty(Redacted.value(answer), `The ${noun} is empty`, `type it, or use ${others}`);
    }
    return yield* Values.usage(`Cannot ask for the ${noun}: input and output are no terminal`, `use ${others}`);
  });

const fromEnvironment = (variable: string, { noun }: Wanted): Secret =>
  Effect.gen(function* () {
    const value = yield* (yield* Shell).environment(variable);
    const problem = `The environment variable "${variable}" of --password-env is ${value === "" ? "empty" : "not set"}`;
    const hint = `put the ${noun} into it, without showing it: read -rs ${variable}; export ${variable}`;
    return yield* notEmpty(value, problem, hint);
  });

const fromFile = (path: string, { noun }: Wanted): Secret =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const octets = yield* path === "-" ? shell.readInput : shell.readFile(path);
    const [first] = new TextDecoder().decode(octets).split(/\r?\n/, 1);
    const where = path === "-" ? "standard input" : `"${path}"`;
    return yield* notEmpty(first, `The first line of ${where} is empty`, `write the ${noun} there, and nothing else`);
  });

const fromArgument = (value: string, { noun }: Wanted): Secret =>
  Effect.gen(function* () {
    (yield* Shell).warn(`Everybody who can list processes can read --password; better are ${others}`);
    return yield* notEmpty(value, `The ${noun} is empty`, "leave --password out to be asked for it");
  });

const sources: { readonly [option: string]: (value: string, wanted: Wanted) => Secret } = {
  "password-prompt": fromPrompt,
  "password-env": fromEnvironment,
  "password-file": fromFile,
  password: fromArgument,
};

/** Reads the password or token of a user, from the one source that was named, or by asking. */
export const fromOptions = (given: Given, wanted: Wanted): Secret => {
  const [first, second] = Object.keys(sources).filter(given.has);
  if (second !== undefined) {
    return Values.usage(`--${first} and --${second} name two ${wanted.noun}s`, "leave one of them out");
  }
  const reader = ["body", "data"].find((option) => given.value(option) === "-");
  if (given.value("password-file") === "-" && reader !== undefined) {
    return Values.usage(`--password-file - and --${reader} - both read standard input`, "take one of them from a file");
  }
  const source = first ?? "password-prompt";
  return sources[source]!(given.value(source) ?? "", wanted);
};
