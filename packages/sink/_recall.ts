// Command lines that were read before: most clients say the same few lines again and again, and reading is pure.
import * as CommandParser from "@plausch/smtp/command-parser";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Octets from "@plausch/smtp/octets";
import * as Result from "effect/Result";

/** A line, and what it means. */
export interface Heard {
  /** The line, as from `Octets.decode`. */
  readonly line: string;
  /** Whether it has more than ASCII. */
  readonly isInternational: boolean;
  /** The command that it is. */
  readonly parsed: Result.Result<CommandParser.ParsedCommand, GrammarError>;
}

/** Reads `bytes[start..end)`. */
export type Reader = (bytes: Uint8Array, start: number, end: number) => Heard;

interface Entry {
  readonly octets: Uint8Array;
  readonly heard: Heard;
}

/** So many lines are remembered, and none that is longer than this. */
const most = 8;
const longest = 128;

const isSame = (octets: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean => {
  if (octets.length !== end - start) return false;
  // Lines of one client differ near their end, if at all
  for (let at = octets.length - 1; at >= 0; at--) {
    if (octets[at] !== bytes[start + at]) return false;
  }
  return true;
};

const read: Reader = (bytes, start, end) => {
  const line = Octets.decode(bytes, start, end);
  return {
    line,
    isInternational: /[\u0080-\uffff]/.test(line),
    parsed: CommandParser.parse(line, { smtputf8: true, lenient: true }),
  };
};

/** A reader of lines that remembers some commands; not AUTH, which may hold a secret, and nothing that is no command. */
export const make = (): Reader => {
  const entries: Array<Entry> = [];
  let oldest = 0;
  return (bytes, start, end) => {
    for (const entry of entries) if (isSame(entry.octets, bytes, start, end)) return entry.heard;
    const heard = read(bytes, start, end);
    if (end - start <= longest && Result.isSuccess(heard.parsed) && heard.parsed.success._tag !== "AUTH") {
      entries[oldest] = { octets: bytes.slice(start, end), heard };
      oldest = (oldest + 1) % most;
    }
    return heard;
  };
};
