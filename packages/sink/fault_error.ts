/**
 * The error of a text that names no fault.
 *
 * @example
 * ```ts
 * import * as Fault from "@plausch/sink/fault";
 * import { FaultError } from "@plausch/sink/fault-error";
 * import { assert, assertInstanceOf } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const read = Fault.fromString("rcpt#two:450");
 * assert(Result.isFailure(read));
 * assertInstanceOf(read.failure, FaultError);
 * ```
 *
 * @module
 */
import * as Printable from "@plausch/smtp/printable";
import * as Data from "effect/Data";

/** The part of a fault's text that cannot be read. */
export type FaultPart = "stage" | "nth" | "connection" | "probability" | "action";

/** A text that names no fault. */
export class FaultError extends Data.Error<{
  /** The whole text. */
  readonly input: string;
  /** The part that is wrong. */
  readonly part: FaultPart;
  /** That part of the text. */
  readonly text: string;
  /** What it should be. */
  readonly expected: string;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "FaultError" as const;

  /** The error's class name. */
  override get name(): string {
    return "FaultError";
  }

  /** Whether trying again may help: never. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people. */
  override get message(): string {
    const [input, text] = [this.input, this.text].map(Printable.escape);
    return `Cannot read the fault "${input}": the ${this.part} "${text}" is not ${this.expected}`;
  }
}
