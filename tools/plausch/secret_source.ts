/**
 * Where a password or token can come from without standing in the command line.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { UsageError } from "./options.ts";
import { Shell } from "./shell.ts";
import * as Values from "./values.ts";

/** A secret, or what is wrong with where it was to be. */
export type Secret = Effect.Effect<Redacted.Redacted<string>, UsageError, Shell>;

/** The secret, which has at least one character. */
export const notEmpty = (text: string | undefined, problem: string, hint: string): Secret =>
  Effect.map(Values.demand(text === "" ? undefined : text, problem, hint), (secret) => Redacted.make(secret));

/** The value of an environment variable that an option names. `noun` is what the secret is called. */
export const fromEnvironment = (variable: string, option: string, noun: string): Secret =>
  Effect.gen(function* () {
    const value = yield* (yield* Shell).environment(variable);
    const problem = `The environment variable "${variable}" of --${option} is ${value === "" ? "empty" : "not set"}`;
    const hint = `put the ${noun} into it, without showing it: read -rs ${variable}; export ${variable}`;
    return yield* notEmpty(value, problem, hint);
  });

/** The first line of a file; `-` is standard input. */
export const fromFile = (path: string, noun: string): Secret =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const octets = yield* path === "-" ? shell.readInput : shell.readFile(path);
    const [first] = new TextDecoder().decode(octets).split(/\r?\n/, 1);
    const where = path === "-" ? "standard input" : `"${path}"`;
    return yield* notEmpty(first, `The first line of ${where} is empty`, `write the ${noun} there, and nothing else`);
  });
