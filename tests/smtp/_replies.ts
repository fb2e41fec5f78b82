// What the reply parser must do, said once more as plainly as possible: on whole texts, with regular expressions.
import type { Reply } from "@plausch/smtp/reply";
import * as Octets from "@plausch/smtp/octets";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { anyOf, oneOf } from "./_arbitrary.ts";

export type Mode = "strict" | "lenient";

/** Options with all limits given. */
export interface Limits {
  readonly mode: Mode;
  readonly maxLineOctets: number;
  readonly maxLines: number;
  readonly maxReplyOctets: number;
}

/** A reply as the tests compare it: its lines are latin-1, one character an octet. */
export interface Heard {
  readonly code: number;
  readonly lines: ReadonlyArray<string>;
  readonly enhanced: string | null;
  readonly warnings: ReadonlyArray<string>;
}

/** A failure as the tests compare it. */
export interface Fault {
  readonly reason: string;
  readonly line: number;
}

/** All that came of some octets. */
export interface Outcome {
  readonly replies: ReadonlyArray<Heard>;
  readonly fault: Fault | undefined;
  /** What belongs to no reply. */
  readonly rest: string;
}

/** The defaults of a mode. */
export const limitsOf = (mode: Mode): Limits => ({
  mode,
  maxLineOctets: mode === "strict" ? 512 : 2048,
  maxLines: 128,
  maxReplyOctets: 65536,
});

/** A parsed reply in the form of the tests. */
export const heard = ({ code, lines, enhanced, warnings }: Reply): Heard => ({
  code,
  lines: lines.map((line) => latin1(Octets.encode(line))),
  enhanced: enhanced === undefined ? null : `${enhanced.class}.${enhanced.subject}.${enhanced.detail}`,
  warnings,
});

/** What a parser has come to. */
export const outcome = (parser: ReplyParser.ReplyParser, replies: ReadonlyArray<Heard>): Outcome => {
  const { failure } = parser;
  const fault = failure === undefined ? undefined : { reason: failure.reason, line: failure.line ?? 0 };
  return { replies, fault, rest: latin1(parser.takeBuffered()) };
};

/** Reads all replies from the chunks. */
export const readAll = (
  chunks: Iterable<Uint8Array>,
  options: ReplyParser.Options,
  context?: ReplyParser.Context,
): { readonly parser: ReplyParser.ReplyParser; readonly replies: ReadonlyArray<Heard> } => {
  const parser = ReplyParser.make(options);
  const replies: Array<Heard> = [];
  for (const chunk of chunks) {
    // A copy that is spoilt afterwards: the parser must not look at it again
    const lent = chunk.slice();
    parser.push(lent);
    for (let reply; (reply = parser.next(context)) !== undefined;) replies.push(heard(reply));
    lent.fill(0x23);
  }
  return { parser, replies };
};

/** What a line, or the beginning of one, does wrong. */
const faultOf = (line: string, { isStrict, isWhole, isBare, code }: {
  readonly isStrict: boolean;
  readonly isWhole: boolean;
  readonly isBare: boolean;
  readonly code: string | undefined;
}): string | undefined => {
  const digits = /^\d{0,3}/.exec(line)![0];
  const after = line.slice(3, 4);
  if (isStrict && (isWhole ? /\r/ : /\r(?!$)/).test(line)) return "BareCr";
  if (isStrict && isBare) return "BareLf";
  if (isStrict && line.includes("\0")) return "NulByte";
  if (isWhole ? digits.length < 3 : digits.length < Math.min(3, line.length)) return "NotAReply";
  if (digits.length === 3) {
    if (!(isStrict ? /^[2-5][0-5]/ : /^[2-5]/).test(digits)) return "BadCode";
    if (code !== undefined && digits !== code) return "CodeMismatch";
    if (!/^[ -]?$/.test(after) && !(!isWhole && line.slice(3) === "\r")) return "BadSeparator";
  }
  // deno-lint-ignore no-control-regex
  const odd = isStrict ? /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/.exec(line.slice(3)) : null;
  return odd === null ? undefined : odd[0] < "\x80" ? "ControlCharacter" : "NonAscii";
};

const statusOf = (text: string, code: string): string | null =>
  /^3/.test(code)
    ? null
    : new RegExp(`^(${code[0]}\\.(?:0|[1-9]\\d{0,2})\\.(?:0|[1-9]\\d{0,2}))(?: |$)`).exec(text)?.[1] ?? null;

const reply = (
  lines: ReadonlyArray<{ readonly line: string; readonly length: number; readonly isBare: boolean }>,
  context: ReplyParser.Context,
): Heard => {
  const code = lines[0]!.line.slice(0, 3);
  const texts = lines.map(({ line }) => line.slice(4));
  const statuses = context === "other" ? texts.map((text) => statusOf(text, code)).filter((it) => it !== null) : [];
  const warnings = {
    BareCr: texts.some((text) => text.includes("\r")),
    BareLf: lines.some(({ isBare }) => isBare),
    // deno-lint-ignore no-control-regex
    ControlCharacter: texts.some((text) => /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)),
    EnhancedVaries: new Set(statuses).size > 1,
    LongLine: lines.some(({ length }) => length > 512),
    NoSeparator: lines.some(({ line }) => line.length === 3),
    NonAscii: texts.some((text) => /[\x80-\xff]/.test(text)),
    UnusualCode: /^.[6-9]/.test(code),
  };
  return {
    code: Number(code),
    lines: texts,
    enhanced: statuses.at(-1) ?? null,
    warnings: Object.entries(warnings).flatMap(([name, is]) => is ? [name] : []),
  };
};

/** What the octets of a latin-1 text come to, and whether more may come. */
export const expected = (
  wire: string,
  { mode, maxLineOctets, maxLines, maxReplyOctets }: Limits,
  context: ReplyParser.Context,
  hasEnded: boolean,
): Outcome => {
  const isStrict = mode === "strict";
  const replies: Array<Heard> = [];
  let start = 0;
  let begin = 0;
  let lines: Array<{ readonly line: string; readonly length: number; readonly isBare: boolean }> = [];
  const done = (reason?: string): Outcome => ({
    replies,
    fault: reason === undefined ? undefined : { reason, line: lines.length + 1 },
    rest: wire.slice(begin),
  });
  for (;;) {
    if (lines.length >= maxLines && start < wire.length) return done("TooManyLines");
    const lineLimit = start + maxLineOctets;
    const limit = Math.min(lineLimit, begin + maxReplyOctets);
    const visible = wire.slice(start, limit);
    const lf = visible.indexOf("\n");
    const nul = visible.indexOf("\0");
    if (!isStrict && nul >= 0 && (lf < 0 || nul < lf) && start + nul < limit - 1) return done("NulByte");
    if (lf < 0) {
      if (wire.length >= limit && wire.length > start) {
        return done(lineLimit === limit ? "LineTooLong" : "ReplyTooLong");
      }
      if (!hasEnded) return done();
      const options = { isStrict, isWhole: false, isBare: false, code: lines[0]?.line.slice(0, 3) };
      return done(faultOf(visible, options) ?? "UnexpectedEnd");
    }
    const isBare = visible[lf - 1] !== "\r";
    const line = visible.slice(0, isBare ? lf : lf - 1);
    const fault = faultOf(line, { isStrict, isWhole: true, isBare, code: lines[0]?.line.slice(0, 3) });
    if (fault !== undefined) return done(fault);
    lines.push({ line, length: lf + 1, isBare });
    start += lf + 1;
    if (line[3] !== "-") {
      replies.push(reply(lines, context));
      lines = [];
      begin = start;
    }
  }
};

const joined = (piece: Arbitrary.Arbitrary<string>, maxLength: number): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.array(piece, { maxLength }), (pieces) => pieces.join(""));

const octet = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))),
  (code) => String.fromCharCode(code),
);

/** Octets of any kind. */
const anyOctets: Arbitrary.Arbitrary<string> = joined(octet, 60);

/** Octets that mean something in replies, in any order. */
const replyLike: Arbitrary.Arbitrary<string> = joined(
  oneOf([
    ...["250", "250", "250-", "250 ", "550 ", "550-", "354 ", "571 ", "199 ", "600 ", "25", "2", "5"],
    ...["5.1.1 ", "2.0.0", "5.01.1 ", "5.1.1234 ", "4.2.2 ", "5.999.999 ", "5.", "."],
    ...[
      "\r\n",
      "\r\n",
      "\r\n",
      "\r\n",
      "\n",
      "\r",
      "\r\r\n",
      "\0",
      "\t",
      "\x07",
      "\x7f",
      "\x80",
      "\xff",
      "\xc3\xbc",
      "\xef\xbb\xbf",
    ],
    ...["ok", "a b", "-", " ", "_", "0", "x".repeat(70), "y".repeat(600)],
  ]),
  24,
);

const line = Arbitrary.map(
  Arbitrary.all([
    oneOf([..."2222222222224455553".split("").map((digit) => `${digit}50`), "571", "199", "600", "25", ""]),
    oneOf(["-", "-", "-", " ", " ", " ", "", "_", "\t"]),
    oneOf(["", "", "", "5.1.1 ", "5.7.1 ", "2.1.5 ", "2.0.0", "5.01.1 ", "2.1000.1 ", "2.0.0x"]),
    joined(oneOf(["ok", "a b", "\t", "\xff", "\xc3\xbc", "\x07", "\x7f", "\r", "\0", "z".repeat(500)]), 2),
    oneOf(["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n", ""]),
  ]),
  (parts) => parts.join(""),
);

/** Lines that are mostly those of replies. */
const almostReplies: Arbitrary.Arbitrary<string> = joined(line, 8);

/** Lines with nothing wrong but what lenient mode takes, and replies of many lines among them. */
const takenReplies: Arbitrary.Arbitrary<string> = joined(
  Arbitrary.map(
    Arbitrary.all([
      oneOf(["250", "250", "550", "450", "354", "571", "299"]),
      joined(
        oneOf([
          "",
          "one",
          "5.1.1 no",
          "2.0.0 yes",
          "2.0.1",
          "5.7.1 never",
          "4.2.2 \xc3\xbc",
          "\x08",
          "\r",
          "x".repeat(600),
        ]).pipe(Arbitrary.map((text) => `-${text}\n`)),
        3,
      ),
      oneOf([" last", " ", "", " 5.1.1 no", " 2.0.0 yes", " 5.7.1", "\t"]),
      oneOf(["\r\n", "\r\n", "\r\n", "\n"]),
    ]),
    ([code, more, last, end]) => {
      const lines = more.split("\n").slice(0, -1).map((text) => code + text + end);
      return `${lines.join("")}${code}${last}${end}`;
    },
  ),
  4,
);

/** Any of these. */
export const wildOctets: Arbitrary.Arbitrary<string> = anyOf(anyOctets, replyLike, almostReplies, takenReplies);

/** Cuts a text at pseudo-random places, so that a chunking shrinks with the text. */
export const cut = (wire: string, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = [];
  for (let at = 0, turn = 0; at < wire.length; turn++) {
    const size = sizes.length === 0 ? wire.length : sizes[turn % sizes.length]!;
    chunks.push(octets(wire.slice(at, at + size)));
    at += size;
  }
  return chunks;
};

/** Chunk sizes, to be used in turn; none of them means one chunk. */
export const sizes: Arbitrary.Arbitrary<ReadonlyArray<number>> = Arbitrary.array(
  oneOf([1, 1, 2, 3, 5, 8, 40, 100, 700, 3000]),
  { maxLength: 6 },
);
