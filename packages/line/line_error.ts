/**
 * The one error of this package: octets that are no lines, or more of them than allowed.
 *
 * @example Tell where the fault is
 * ```ts
 * import { LineError } from "@plausch/line/line-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new LineError({ reason: "LineTooLong", offset: 1512, limit: 512 });
 * assertEquals(error.message, "Cannot read on at octet 1512: the line is longer than 512 octets");
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";

/**
 * What is wrong, as a word to switch on. The words are stable; {@linkcode LineError.message} is for people.
 *
 * - `BareCr`: a CR that no LF follows (RFC 5321 section 2.3.8).
 * - `BareLf`: an LF that no CR precedes (RFC 5321 section 2.3.8).
 * - `Nul`: an octet 0.
 * - `LineTooLong`: a line longer than its limit (RFC 5321 section 4.5.3.1).
 * - `TooManyOctets`: all lines together are longer than their limit.
 * - `UnexpectedEnd`: the input is over, but the line with the lone dot never came (RFC 5321 section 4.1.1.4).
 */
export type LineErrorReason = keyof typeof explanations;

const explanations = {
  BareCr: "a CR without LF; lines end with CRLF",
  BareLf: "an LF without CR; lines end with CRLF",
  LineTooLong: "the line is longer than {limit} octets",
  Nul: "a NUL is not allowed here",
  TooManyOctets: "the lines together are longer than {limit} octets",
  UnexpectedEnd: "the input ends before the line with the lone dot",
} as const;

/**
 * Octets that cannot be read or sent as lines. It is terminal: after a CR or LF on its own nobody can tell where the next
 * line begins, so what gave this error gives nothing more.
 *
 * @example Switch on the reason
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = DotStuffing.encode(new TextEncoder().encode("one\ntwo"), "strict");
 * assertEquals(Result.isFailure(wire) && [wire.failure.reason, wire.failure.offset], ["BareLf", 3]);
 * ```
 */
export class LineError extends Data.Error<{
  /** What is wrong. */
  readonly reason: LineErrorReason;
  /** The octet at fault, counted from 0 at the start of the stream. For a limit: the first octet beyond it. */
  readonly offset: number;
  /** The limit in octets that was passed, where the reason is about one. */
  readonly limit?: number | undefined;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "LineError" as const;

  /** The error's class name. */
  override get name(): string {
    return "LineError";
  }

  /** Whether trying again may help: never, the same octets fail again. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people: where, and what is wrong. It quotes nothing of the stream, so it is safe to print. */
  override get message(): string {
    const why = explanations[this.reason].replace("{limit}", String(this.limit));
    return `Cannot read on at octet ${this.offset}: ${why}`;
  }
}
