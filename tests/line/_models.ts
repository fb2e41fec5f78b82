// What the codecs must do, said once more as plainly as possible: on whole texts, with regular expressions.
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { octets } from "../support/cases.ts";

/** A fault as the tests compare it. */
export interface Fault {
  readonly reason: string;
  readonly offset: number;
}

/** The fault of an error, or undefined. */
export const fault = (error: Fault | undefined): Fault | undefined =>
  error === undefined ? undefined : { reason: error.reason, offset: error.offset };

/** Every line end as CRLF, and one at the end. */
export const normalForm = (message: string): string => {
  const text = message.replace(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
};

/** A message in normal form as it is on the wire. */
export const stuffed = (normal: string): string => `${normal.replace(/(^|\r\n)\./g, "$1..")}.\r\n`;

/** The numbers of the lines over 998 octets. */
export const longLines = (normal: string): ReadonlyArray<number> =>
  normal.split("\r\n").flatMap((line, index) => line.length > 998 ? [index + 1] : []);

/** The first CR or LF on its own. */
export const firstBareLineEnd = (text: string): Fault | undefined => {
  const offset = text.search(/\r(?!\n)|(?<!\r)\n/);
  return offset < 0 ? undefined : { reason: text[offset] === "\r" ? "BareCr" : "BareLf", offset };
};

/** What a strict server makes of octets after DATA. */
export const unstuffed = (
  wire: string,
): { readonly message?: string; readonly rest?: string; readonly fault?: Fault; readonly incomplete?: true } => {
  const end = /(?:^|(?<=\r\n))\.\r\n/.exec(wire);
  const data = end === null ? wire : wire.slice(0, end.index);
  const offset = data.search(/\r(?!\n|$)|(?<!\r)\n|\0/);
  if (offset >= 0) {
    const reason = data[offset] === "\r" ? "BareCr" : data[offset] === "\n" ? "BareLf" : "Nul";
    return { fault: { reason, offset } };
  }
  if (end === null) return { incomplete: true };
  return { message: data.replace(/(^|\r\n)\./g, "$1"), rest: wire.slice(end.index + 3) };
};

/** A line as the tests compare it. */
export interface Line {
  readonly text: string;
  readonly offset: number;
  readonly warnings: ReadonlyArray<string>;
}

/** What a line decoder makes of a whole stream. */
export const decoded = (
  stream: string,
  options: { readonly mode: "strict" | "lenient"; readonly maxLineOctets: number; readonly maxTotalOctets: number },
): { readonly lines: ReadonlyArray<Line>; readonly fault: Fault | undefined; readonly buffered: number } => {
  const strict = options.mode === "strict";
  const lines: Array<Line> = [];
  let start = 0;
  let bareCr = false;
  const failed = (reason: string, offset: number) => ({
    lines,
    fault: { reason, offset },
    buffered: stream.length - start,
  });
  for (let i = 0; i < stream.length; i++) {
    const tooLong = start + options.maxLineOctets;
    if (i >= Math.min(tooLong, options.maxTotalOctets)) {
      return tooLong <= options.maxTotalOctets
        ? failed("LineTooLong", tooLong)
        : failed("TooManyOctets", options.maxTotalOctets);
    }
    const octet = stream[i];
    const before = i > start ? stream[i - 1] : "";
    if (octet === "\0") return failed("Nul", i);
    if (octet === "\r" && i + 1 < stream.length && stream[i + 1] !== "\n") {
      if (strict) return failed("BareCr", i);
      bareCr = true;
    }
    if (octet !== "\n") continue;
    if (before !== "\r" && strict) return failed("BareLf", i);
    const warnings = [...(bareCr ? ["BareCr"] : []), ...(before === "\r" ? [] : ["BareLf"])];
    lines.push({ text: stream.slice(start, before === "\r" ? i - 1 : i), offset: start, warnings });
    start = i + 1;
    bareCr = false;
  }
  return { lines, fault: undefined, buffered: stream.length - start };
};

// Long pieces let a search go over whole words; short ones make every meeting of CR, LF, dot and chunk edge likely.
const piece = Arbitrary.schema(
  Schema.Literals(["\r", "\n", "\r\n", "\r\n", ".", ".", "a", "\t", "é", "x".repeat(67), "y".repeat(301)]),
);
const wildPiece = Arbitrary.schema(
  Schema.Literals(["\r\n", "\r\n", "\r\n.\r\n", ".", "a", "\r", "\n", "\0", "x".repeat(67)]),
);

/** Texts cut into chunks, some of them empty, without NUL. */
export const chunks: Arbitrary.Arbitrary<Array<string>> = Arbitrary.array(
  Arbitrary.map(Arbitrary.array(piece), (pieces) => pieces.join("")),
);

/** The same with NUL and with ends of data. */
export const wildChunks: Arbitrary.Arbitrary<Array<string>> = Arbitrary.array(
  Arbitrary.map(Arbitrary.array(wildPiece), (pieces) => pieces.join("")),
);

/** The octets of a text at every distance from a word boundary: views, so that what surrounds them would be seen. */
export const aligned = (text: string): ReadonlyArray<Uint8Array> =>
  [0, 1, 2, 3].map((shift) => {
    const around = new Uint8Array(text.length + 16).fill(10);
    around.set(octets(text), 4 + shift);
    return around.subarray(4 + shift, 4 + shift + text.length);
  });
