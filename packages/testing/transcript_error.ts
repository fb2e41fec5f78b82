/**
 * The error of a text that is no transcript: the line, and what to write instead.
 *
 * @example A chat client's arrow
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const error = Result.getOrThrow(Result.flip(Transcript.parse("< 220 mx.test\n-> QUIT\n")));
 * assertEquals(
 *   error.message,
 *   'Cannot read line 2 of the transcript, "-> QUIT": begin it with "< ", "> ", "* ", "~ " or "# "',
 * );
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import * as Notation from "./_notation.ts";

/**
 * What is wrong with the line, as a word to switch on.
 *
 * - `UnknownLine`: it begins with none of the signs.
 * - `MissingSpace`: its sign is not followed by a space.
 * - `BadEscape`: a backslash is followed by something that has no meaning there.
 * - `BadDelay`: no finite duration that effect's `Duration` understands.
 * - `UselessDelay`: the delay is not followed by something that the server does.
 * - `UnknownDirection`: nothing that server or client can do.
 * - `AfterTheEnd`: the conversation, or the client's part in it, is over before this line.
 * - `EmptyConnection`: nothing happens between two connections, or before the first or behind the last one.
 */
export type TranscriptErrorReason =
  | "UnknownLine"
  | "MissingSpace"
  | "BadEscape"
  | "BadDelay"
  | "UselessDelay"
  | "UnknownDirection"
  | "AfterTheEnd"
  | "EmptyConnection";

const shown = (text: string): string => `"${Notation.visible(text.length > 60 ? `${text.slice(0, 60)}…` : text)}"`;

/**
 * A text is not a transcript, or steps make no conversation.
 *
 * @example Switch on the reason
 * ```ts
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const error = Result.getOrThrow(Result.flip(Transcript.parse("~ a while\n< 220 mx.test\n")));
 * assertEquals([error.reason, error.line, error.text], ["BadDelay", 1, "~ a while"]);
 * ```
 */
export class TranscriptError extends Data.Error<{
  /** What is wrong. */
  readonly reason: TranscriptErrorReason;
  /** The line at fault, counted from 1. For steps that a program made, the line of `Transcript.format`. */
  readonly line: number;
  /** The line at fault as it is written, without the blanks before it. */
  readonly text: string;
  /** What would be right there, as the end of a sentence. */
  readonly advice: string;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "TranscriptError" as const;

  /** The error's class name. */
  override get name(): string {
    return "TranscriptError";
  }

  /** Whether trying again may help: never, the same text fails again. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people: which line, what it says, and what to do. */
  override get message(): string {
    return `Cannot read line ${this.line} of the transcript, ${shown(this.text)}: ${this.advice}`;
  }
}
