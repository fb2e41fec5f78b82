/**
 * A stand-in for the part of `@std/assert` that the tests of this checkout use, so that the checkout runs from npm alone.
 * Names, types and meaning are those of the genuine package; the wording of the failures is ours.
 *
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals({ code: 250, lines: ["Ok"] }, { lines: ["Ok"], code: 250 });
 * assertThrows(() => JSON.parse("{"), SyntaxError);
 * ```
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { difference, format } from "./_describe.ts";
import { equal } from "./_equal.ts";

/** The values that {@link assertFalse} lets pass. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** A list of any kind that is not a string. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** What every failed assertion throws. */
export class AssertionError extends Error {
  /** Makes the error; `options.cause` may hold what led to it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Throws; the caller's note goes behind the sentence. */
const reject = (
  sentence: string,
  note: string | undefined,
  detail = "",
): never => {
  throw new AssertionError(
    `${sentence}${note ? `: ${note}` : "."}${detail === "" ? "" : `\n${detail}`}`,
  );
};

/** Fails always. */
export function fail(msg?: string): never {
  return reject("Failed assertion", msg);
}

/** Fails unless the value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails unless the value is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails if the value is null or undefined. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    reject(`Expected a value, but got ${actual}`, msg);
  }
}

/** Fails unless the two values are equal by content. The failure shows what differs, line by line. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) {
    reject("Values are not equal", msg, difference(actual, expected));
  }
}

/** Fails if the two values are equal by content. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    reject(`Expected another value than ${format(expected)}`, msg);
  }
}

/** Fails unless the two are the same value: by `Object.is`, so 0 and -0 differ and NaN is itself. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    reject("Values are not strictly equal", msg, difference(actual, expected));
  }
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any -- a constructor with any parameters
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  reject(
    `Expected an instance of "${expectedType.name}", but got ${nameOf(actual)}`,
    msg,
  );
}

/** Fails unless the text matches the pattern. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) {
    reject(
      `Expected a text that matches ${expected}, but got ${format(actual)}`,
      msg,
    );
  }
}

/** Fails unless the text contains the other one. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  reject(
    `Expected a text that contains ${format(expected)}, but got ${format(actual)}`,
    msg,
  );
}

/** Fails unless the list contains a value equal to each of the expected ones. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !present.some((other) => equal(item, other)));
  if (missing.length > 0) {
    reject(`Expected ${format(present)} to contain ${format(missing)}`, msg);
  }
}

/** Fails unless the two numbers lie within the tolerance: a ten-millionth of the expected one if not given. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  const limit = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Object.is(actual, expected) || Math.abs(expected - actual) <= limit) {
    return;
  }
  reject(`Expected ${actual} to lie within ${limit} of ${expected}`, msg);
}

/** Fails unless the first value is greater. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    reject(`Expected ${format(actual)} > ${format(expected)}`, msg);
  }
}

/** Fails unless the first value is greater or equal. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) {
    reject(`Expected ${format(actual)} >= ${format(expected)}`, msg);
  }
}

/** Fails unless the first value is less. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    reject(`Expected ${format(actual)} < ${format(expected)}`, msg);
  }
}

/** Fails unless the first value is less or equal. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) {
    reject(`Expected ${format(actual)} <= ${format(expected)}`, msg);
  }
}

// deno-lint-ignore no-explicit-any -- a constructor with any parameters
type ErrorConstructor<E> = abstract new (...args: any[]) => E;

/** Fails unless the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an instance of the class, with the text in its message; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrNote?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const wanted = expectation(classOrNote, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return checkError(error, "thrown", wanted);
  }
  return reject("Expected the function to throw", wanted.note);
}

/** Fails unless the promise rejects; resolves to the reason. A function that throws instead fails too. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Fails unless the promise rejects with an instance of the class, with the text in its message; resolves to the error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrNote?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = expectation(classOrNote, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (cause) {
    throw new AssertionError(
      "Expected a promise that rejects, but the function threw",
      { cause },
    );
  }
  if (typeof promise?.then !== "function") {
    return reject("Expected a promise that rejects, but got none", wanted.note);
  }
  try {
    await promise;
  } catch (error) {
    return checkError(error, "rejected", wanted);
  }
  return reject("Expected the promise to reject", wanted.note);
}

interface Expectation {
  readonly type: ErrorConstructor<Error> | undefined;
  readonly includes: string;
  readonly note: string | undefined;
}

const expectation = (
  classOrNote: ErrorConstructor<Error> | string | undefined,
  includes = "",
  note: string | undefined,
): Expectation =>
  typeof classOrNote === "string"
    ? { type: undefined, includes: "", note: classOrNote }
    : { type: classOrNote, includes, note };

const checkError = (error: unknown, how: "thrown" | "rejected", { type, includes, note }: Expectation): unknown => {
  if (type === undefined) return error;
  if (!(error instanceof Error)) return reject(`Expected an error to be ${how}, but got ${nameOf(error)}`, note);
  const { message } = error;
  if (!(error instanceof type)) {
    return reject(`Expected "${type.name}" to be ${how}, but got ${nameOf(error)}: ${format(message)}`, note);
  }
  // Colours are for eyes: a message is compared without them.
  if (!stripVTControlCharacters(message).includes(stripVTControlCharacters(includes))) {
    reject(`Expected an error message that contains ${format(includes)}, but got ${format(message)}`, note);
  }
  return error;
};

/** What a value is, for a failure: its class, or the value itself if it is none's instance. */
const nameOf = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? `an instance of "${value.constructor?.name ?? "Object"}"`
    : typeof value === "function"
    ? "a function"
    : format(value);
