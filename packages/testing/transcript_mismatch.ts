/**
 * The error of a client that left its transcript: the conversation so far, and the first difference.
 *
 * @example What a failing test prints
 * ```ts
 * import { TranscriptMismatch } from "@plausch/testing/transcript-mismatch";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TranscriptMismatch({
 *   reason: "Different",
 *   before: "< 220 mx.test ESMTP\n> EHLO c.test\n< 250 mx.test\n",
 *   expected: "> MAIL FROM:<a@c.test>",
 *   actual: "> MAIL FROM:<x@c.test>",
 * });
 * assertEquals(error.message.split("\n"), [
 *   "Cannot follow the transcript: the client did something else",
 *   "",
 *   "           < 220 mx.test ESMTP",
 *   "           > EHLO c.test",
 *   "           < 250 mx.test",
 *   "  expected > MAIL FROM:<a@c.test>",
 *   "  actual   > MAIL FROM:<x@c.test>",
 *   "                        ^",
 * ]);
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import * as Notation from "./_notation.ts";

/**
 * How the client left the transcript, as a word to switch on.
 *
 * - `Different`: it said or did something else.
 * - `TooEarly`: it spoke before it had read all that the server had to say.
 * - `Unexpected`: it spoke where nothing was expected of it.
 * - `Missing`: it stopped, and more was expected. Only `verify` can tell.
 */
export type MismatchReason = keyof typeof explanations;

const explanations = {
  Different: "the client did something else",
  TooEarly: "the client spoke before its turn",
  Unexpected: "the client spoke where nothing was expected of it",
  Missing: "the client stopped too early",
} as const;

/** Messages stay readable in a terminal of this many columns. */
const maxWidth = 80;
const margin = " ".repeat("  expected ".length);

/** More of the conversation than this does not help in a message. */
const maxLinesBefore = 16;

/** So much of what two lines have in common is shown before their first difference. */
const maxCommon = 40;

const width = (units: ReadonlyArray<string>): number => units.reduce((sum, unit) => sum + unit.length, 0);

/** The units from `from` on, in as many columns as there are; an ellipsis stands for what is left out on either side. */
const clip = (units: ReadonlyArray<string>, from: number, columns: number): string => {
  const whole = (from > 0 ? "…" : "") + units.slice(from).join("");
  if (whole.length <= columns) return whole;
  let text = from > 0 ? "…" : "";
  for (let at = from; text.length + units[at]!.length < columns; at++) text += units[at]!;
  return `${text}…`;
};

/** A line of a transcript: its sign, and the parts of its text. Words in parentheses have no sign. */
const split = (line: string): { readonly sign: string; readonly units: ReadonlyArray<string> } => {
  const hasSign = /^[<>*](?: |$)/.test(line);
  return { sign: hasSign ? line.charAt(0) : "", units: Notation.units(hasSign ? line.slice(2) : line) };
};

const labelled = (label: string, line: string, from = 0): string => {
  const { sign, units } = split(line);
  const text = clip(units, from, maxWidth - label.length - (sign === "" ? 0 : 2));
  return label + (sign === "" ? text : Notation.said(sign, text));
};

/** A client did not keep to its transcript. Also the `cause` of the socket errors that the client gets then. */
export class TranscriptMismatch extends Data.Error<{
  /** How the client left the transcript. */
  readonly reason: MismatchReason;
  /** What was said and done before, as a transcript. */
  readonly before: string;
  /** What had to come next, as a line of a transcript, or in words in parentheses. */
  readonly expected: string;
  /** What came, written in the same way. A line that has no end yet ends with a backslash. */
  readonly actual: string;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "TranscriptMismatch" as const;

  /** The error's class name. */
  override get name(): string {
    return "TranscriptMismatch";
  }

  /** Whether trying again may help: never, a script is played once. */
  get isTemporary(): boolean {
    return false;
  }

  /** A sentence, the end of the conversation, and the two lines that differ; at most 80 columns wide, all octets escaped. */
  override get message(): string {
    const before = this.before.split("\n").slice(0, -1);
    const omitted = Math.max(0, before.length - maxLinesBefore);
    const expected = split(this.expected);
    const actual = split(this.actual);
    const isMarked = this.reason === "Different" && expected.sign !== "" && expected.sign === actual.sign;
    let from = 0;
    let mark = "";
    if (isMarked) {
      let same = 0;
      while (same < expected.units.length && expected.units[same] === actual.units[same]) same++;
      let column = width(expected.units.slice(0, same));
      while (column > maxCommon) column -= expected.units[from++]!.length;
      mark = `\n${" ".repeat(margin.length + 2 + (from > 0 ? 1 : 0) + column)}^`;
    }
    return [
      `Cannot follow the transcript: ${explanations[this.reason]}`,
      "",
      ...(omitted > 0 ? [`${margin}(${omitted} more before)`] : []),
      ...before.slice(omitted).map((line) => labelled(margin, line)),
      labelled("  expected ", this.expected, from),
      labelled("  actual   ", this.actual, from),
    ].join("\n") + mark;
  }
}
