/**
 * Where a password or a token comes from. From here on it is `Redacted`, until the session puts it on the wire.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { Given, Option } from "../options.ts";
import * as Source from "../secret_source.ts";
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

const others = "--password-env VAR or --password-file FILE";

const fromPrompt = (_value: string, { noun, user }: Wanted): Source.Secret =>
  Effect.gen(function* () {
    const name = `${noun[0]!.toUpperCase()}${noun.slice(1)}`;
    const answer = yield* (yield* Shell).askSecret(`${name} of ${user}:`);
    if (answer !== undefined) {
      return yield* Source.notEmpty(Redacted.value(answer), `The ${noun} is empty`, `type it, or use ${others}`);
    }
    return yield* Values.usage(`Cannot ask for the ${noun}: input and output are no terminal`, `use ${others}`);
  });

const fromArgument = (value: string, { noun }: Wanted): Source.Secret =>
  Effect.gen(function* () {
    (yield* Shell).warn(`Everybody who can list processes can read --password; better are ${others}`);
    return yield* Source.notEmpty(value, `The ${noun} is empty`, "leave --password out to be asked for it");
  });

const sources: { readonly [option: string]: (value: string, wanted: Wanted) => Source.Secret } = {
  "password-prompt": fromPrompt,
  "password-env": (variable, { noun }) => Source.fromEnvironment(variable, "password-env", noun),
  "password-file": (path, { noun }) => Source.fromFile(path, noun),
  password: fromArgument,
};

/** Reads the password or token of a user, from the one source that was named, or by asking. */
export const fromOptions = (given: Given, wanted: Wanted): Source.Secret => {
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
