/**
 * Values of options. What cannot be read is told with the option that it belongs to, and with what can be written instead.
 *
 * @module
 */
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import { type Given, nearest, UsageError } from "./options.ts";

/** Fails with a problem and what to do about it. */
export const usage = (problem: string, hint: string): Effect.Effect<never, UsageError> =>
  Effect.fail(new UsageError({ problem, hint }));

/** A value that has to be there. */
export const demand = <A>(value: A | undefined, problem: string, hint: string): Effect.Effect<A, UsageError> =>
  value === undefined ? usage(problem, hint) : Effect.succeed(value);

/** Words as they stand in a sentence: `a`, `a or b`, `a, b or c`. */
export const enumerate = (words: ReadonlyArray<string>, last: "and" | "or" = "or"): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;

/** Finds what a word stands for, in any case. An unknown word is told with the nearest known one, and all of them. */
export const lookUp = <A>(
  text: string,
  table: ReadonlyMap<string, A>,
  what: string,
  option: string,
): Effect.Effect<A, UsageError> => {
  const names = [...table.keys()];
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return Effect.succeed(table.get(found)!);
  const near = nearest(text.toLowerCase(), names.map((name) => name.toLowerCase()));
  const known = names.find((name) => name.toLowerCase() === near);
  const hint = `${known === undefined ? "" : `did you mean ${known}? `}write --${option} ${enumerate(names)}`;
  return usage(`"${text}" is no ${what}`, hint);
};

/** The value of an option that takes one of a few words; undefined if it was not given. */
export const choice = <A extends string>(
  given: Given,
  option: string,
  what: string,
  words: ReadonlyArray<A>,
): Effect.Effect<A | undefined, UsageError> => {
  const text = given.value(option);
  const table = new Map(words.map((word) => [word as string, word]));
  return text === undefined ? Effect.succeed(undefined) : lookUp(text, table, what, option);
};

/** A value that the grammar of SMTP judges; `form` is what can be written. */
export const fromGrammar = <A>(
  result: Result.Result<A, GrammarError>,
  option: string,
  form: string,
): Effect.Effect<A, UsageError> =>
  Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : usage(result.failure.message, `write --${option} ${form}`);

const units: { readonly [unit: string]: string } = { ms: "millis", s: "seconds", m: "minutes", h: "hours", d: "days" };

/** `30s`, `5m`, `1h`, `500ms`, and everything that effect reads, such as `30 seconds`; undefined if it was not given. */
export const duration = (given: Given, option: string): Effect.Effect<Duration.Duration | undefined, UsageError> => {
  const text = given.value(option)?.trim();
  if (text === undefined) return Effect.succeed(undefined);
  const short = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const input = short === null ? text : `${short[1]} ${units[short[2] ?? "s"]}`;
  const length = Option.getOrUndefined(Duration.fromInput(input as Duration.Input));
  const isUsable = length !== undefined && Duration.toMillis(length) > 0 && Duration.isFinite(length);
  return demand(
    isUsable ? length : undefined,
    `"${text}" is no length of time for --${option}`,
    "write it like 30s, 5m or 1h",
  );
};

/** A number with all its digits, such as `250`; `undefined` if it was not given. */
export const integer = (
  given: Given,
  option: string,
  least: number,
  most: number,
): Effect.Effect<number | undefined, UsageError> => {
  const text = given.value(option);
  if (text === undefined) return Effect.succeed(undefined);
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  const problem = `"${text}" is no number for --${option}`;
  return demand(number >= least && number <= most ? number : undefined, problem, `write ${least} to ${most}`);
};
