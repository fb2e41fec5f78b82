// Octets as the text of one transcript line, and back. transcript.ts documents the notation for its users.

export const CR = 0x0d;
export const LF = 0x0a;
export const CRLF: Uint8Array = Uint8Array.of(CR, LF);

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 octets of a text. */
export const encode = (text: string): Uint8Array => encoder.encode(text);

/** Joins octets. */
export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

/** The end of the line that begins at `from`: behind its LF, or the end of the octets. */
export const lineEnd = (octets: Uint8Array, from: number): number => {
  const at = octets.indexOf(LF, from);
  return at < 0 ? octets.length : at + 1;
};

/** Whether `octets[from..to)` ends with CRLF. */
export const endsWithCrlf = (octets: Uint8Array, from: number, to: number): boolean =>
  to - from >= 2 && octets[to - 1] === LF && octets[to - 2] === CR;

// Controls, format characters, separators, unassigned and private characters, blanks other than the space, and characters
// that are drawn as nothing.
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

/** A text with what cannot be seen written as code points; for quoting only. */
export const visible = (text: string): string =>
  Array.from(text, (char) => invisible.test(char) ? `\\u{${char.codePointAt(0)!.toString(16)}}` : char).join("");

const named: Readonly<Record<number, string>> = { 0x09: "\\t", 0x0a: "\\n", 0x0d: "\\r", 0x5c: "\\\\" };

const hexOf = (octet: number): string => octet.toString(16).padStart(2, "0");

const escapeOctet = (octet: number): string => named[octet] ?? `\\x${hexOf(octet)}`;

const sequenceLength = (lead: number): number =>
  lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;

/** The visible character at `octets[at..]`, where there is one. */
const characterAt = (octets: Uint8Array, at: number, to: number): string | undefined => {
  const length = sequenceLength(octets[at]!);
  if (at + length > to) return undefined;
  try {
    const character = utf8.decode(octets.subarray(at, at + length));
    return character === "\\" || invisible.test(character) ? undefined : character;
  } catch {
    return undefined;
  }
};

const isPlain = (octet: number): boolean => octet >= 0x20 && octet <= 0x7e && octet !== 0x5c;

/** Marks that stand between octets, by the offset of the octet behind them. */
export type Marks = ReadonlyMap<number, string>;

export const noMarks: Marks = new Map();

/** Where a chunk of octets begins, and where anything may stand. */
export const marksOf = (cuts: ReadonlyArray<number>, gaps: ReadonlyArray<number>): Marks => {
  if (cuts.length === 0 && gaps.length === 0) return noMarks;
  const marks = new Map(cuts.map((cut) => [cut, "\\|"]));
  for (const gap of gaps) marks.set(gap, `${marks.get(gap) ?? ""}\\*`);
  return marks;
};

/** The text of `octets[from..to)`, with its marks. A blank at the end is escaped: editors take it away. */
const escape = (octets: Uint8Array, from: number, to: number, marks: Marks): string => {
  let text = "";
  let at = from;
  while (at < to) {
    text += marks.get(at) ?? "";
    let end = at;
    while (end < to && isPlain(octets[end]!) && (end === at || !marks.has(end))) end++;
    if (end === to && octets[end - 1] === 0x20 && !marks.has(to)) end--;
    if (end > at) {
      text += utf8.decode(octets.subarray(at, end));
      at = end;
      continue;
    }
    const character = characterAt(octets, at, to);
    const length = character === undefined ? 1 : sequenceLength(octets[at]!);
    let isWhole = length > 1;
    for (let i = at + 1; i < at + length; i++) isWhole &&= !marks.has(i);
    text += isWhole ? character : escapeOctet(octets[at]!);
    at += isWhole ? length : 1;
  }
  return text;
};

/** The text of one line as a transcript shows it: CRLF is left out, and a line without it ends with a backslash. */
export const lineText = (octets: Uint8Array, from: number, to: number, marks: Marks): string =>
  endsWithCrlf(octets, from, to) && !marks.has(to - 1)
    ? escape(octets, from, to - 2, marks) + (marks.get(to - 2) ?? "")
    : `${escape(octets, from, to, marks)}\\`;

const rowLength = 16;

/** The texts of lines for `octets[from..to)` in hexadecimal, so many in a row. */
export const dump = (octets: Uint8Array, from: number, to: number): ReadonlyArray<string> => {
  const rows: Array<string> = [];
  for (let at = from; at < to; at += rowLength) {
    const row = Array.from(octets.subarray(at, Math.min(at + rowLength, to)), hexOf);
    rows.push(`\\x{${row.join(" ")}}\\`);
  }
  return rows;
};

/** The line of a transcript for a text; nothing stands behind the sign of an empty one. */
export const said = (sign: string, text: string): string => text === "" ? sign : `${sign} ${text}`;

/** What a line's text stands for. */
export interface Text {
  readonly octets: Uint8Array;
  /** Where chunks begin, as offsets into the octets. */
  readonly cuts: ReadonlyArray<number>;
  /** Where anything may stand, as offsets into the octets. */
  readonly gaps: ReadonlyArray<number>;
}

const unescaped: Readonly<Record<string, number>> = { r: CR, n: LF, t: 0x09, "\\": 0x5c };

const oneOctet = /^[0-9a-f]{2}/i;
const manyOctets = /^\{[0-9a-f]{2}(?: [0-9a-f]{2})*\}/i;

/** The hexadecimal part of an escape at the start of a text, such as `1f` or `{1f 8b}`; empty if there is none. */
const hexAt = (text: string): string => (text.startsWith("{") ? manyOctets : oneOctet).exec(text)?.[0] ?? "";

/** Reads the text of one line. Gives the faulty escape as a string where there is one. */
export const unescape = (text: string): Text | string => {
  if (!text.includes("\\")) return { octets: encode(`${text}\r\n`), cuts: [], gaps: [] };
  const parts: Array<Uint8Array> = [];
  const cuts: Array<number> = [];
  const gaps: Array<number> = [];
  let length = 0;
  const push = (octets: Uint8Array) => {
    parts.push(octets);
    length += octets.length;
  };
  let at = 0;
  for (;;) {
    const next = text.indexOf("\\", at);
    push(encode(text.slice(at, next < 0 ? text.length : next)));
    if (next < 0) {
      push(CRLF);
      break;
    }
    const kind = text.charAt(next + 1);
    at = next + 2;
    if (kind === "") break;
    if (kind === "|") cuts.push(length);
    else if (kind === "*") gaps.push(length);
    else if (kind === "x") {
      const hex = hexAt(text.slice(at));
      if (hex === "") return `\\x${text.slice(at, at + 2)}`;
      push(Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (digits) => parseInt(digits, 16)));
      at += hex.length;
    } else {
      const octet = unescaped[kind];
      if (octet === undefined) return `\\${String.fromCodePoint(text.codePointAt(next + 1)!)}`;
      push(Uint8Array.of(octet));
    }
  }
  return { octets: concat(parts), cuts, gaps };
};

/** The parts of a line's text that are drawn as one: an escape or a character. */
export const units = (text: string): ReadonlyArray<string> => text.match(/\\x[0-9a-f]{2}|\\.|[^]/giu) ?? [];
