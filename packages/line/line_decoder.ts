/**
 * Lines out of a stream of octets, for protocols such as SMTP whose lines end with CRLF (RFC 5321 section 2.3.8).
 *
 * The decoder is a cursor: {@linkcode LineDecoder.push} a chunk, then call {@linkcode LineDecoder.next} until it is false.
 * It copies each octet once, searches it once, and makes no object per line. How the stream was cut changes nothing.
 *
 * @example Lines from chunks
 * ```ts
 * import * as LineDecoder from "@plausch/line/line-decoder";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = LineDecoder.make();
 * const lines: Array<string> = [];
 * for (const chunk of ["EHLO client.exam", "ple\r\nNOOP\r", "\nQUI"]) {
 *   decoder.push(new TextEncoder().encode(chunk));
 *   while (decoder.next()) lines.push(new TextDecoder().decode(decoder.bytes.subarray(decoder.start, decoder.end)));
 * }
 * assertEquals(lines, ["EHLO client.example", "NOOP"]);
 * assertEquals(decoder.buffered, 3); // "QUI", a line that has no end yet
 * assertEquals(decoder.failure, undefined);
 * ```
 *
 * @module
 */
import { LF, NUL } from "./_octets.ts";
import { indexOfBreak, wordsOf } from "./_scan.ts";
import { LineError, type LineErrorReason } from "./line_error.ts";

/** How a {@linkcode LineDecoder} reads, and how much. */
export interface LineDecoderOptions {
  /**
   * What ends a line. Default: `strict`.
   *
   * - `strict`: CRLF only. A CR or an LF on its own is a failure.
   * - `lenient`: LF too, with the warning `BareLf`. A CR on its own stays in the line, with the warning `BareCr`.
   *
   * A NUL is a failure in both.
   */
  readonly mode?: "strict" | "lenient" | undefined;
  /**
   * The most octets that one line may have, with its line end. Default: 1000 (RFC 5321 section 4.5.3.1.6; commands and
   * replies have 512, sections 4.5.3.1.4 and 4.5.3.1.5).
   */
  readonly maxLineOctets?: number | undefined;
  /** The most octets that all lines together may have, with their line ends. Default: no limit. */
  readonly maxTotalOctets?: number | undefined;
}

/** What a lenient decoder let pass in a line. */
export type LineWarning = "BareCr" | "BareLf";

/** A cursor over the lines of a stream. Made by {@linkcode make}. */
export interface LineDecoder {
  /**
   * Takes the next octets of the stream. They are copied, so the caller may use `chunk` again. After a failure they are
   * dropped. The limits are checked by {@linkcode LineDecoder.next}: call it until it is false before the next push.
   */
  push(chunk: Uint8Array): void;
  /** Moves to the next line. False where no whole line is left, and for ever after a failure. */
  next(): boolean;
  /** Where the current line is, from `start` to `end`. It is valid until the next `push` or `next`. */
  readonly bytes: Uint8Array;
  /** The index in `bytes` of the first octet of the current line. */
  readonly start: number;
  /** The index in `bytes` behind the last octet of the current line, which is the first octet of its line end. */
  readonly end: number;
  /** What is wrong with the current line but allowed in the mode `lenient`. */
  readonly warnings: ReadonlyArray<LineWarning>;
  /** Where the current line begins in the stream, in octets, counted from 0. */
  readonly offset: number;
  /** The octets received, but not yet handed out as a line. Before a TLS handshake it must be 0 (RFC 3207 section 4.2). */
  readonly buffered: number;
  /**
   * Takes out what is buffered and gives it as fresh octets: what follows is not lines, but message data or TLS.
   *
   * Those octets then count as never pushed: neither offsets nor limits know them.
   */
  takeBuffered(): Uint8Array;
  /** Why there are no more lines. The lines before the fault were all handed out. */
  readonly failure: LineError | undefined;
}

const MIN_CAPACITY = 1024;

const NO_WARNINGS: ReadonlyArray<LineWarning> = [];
const BARE_LF: ReadonlyArray<LineWarning> = ["BareLf"];
const BARE_CR: ReadonlyArray<LineWarning> = ["BareCr"];
const BARE_CR_AND_LF: ReadonlyArray<LineWarning> = ["BareCr", "BareLf"];

class Decoder implements LineDecoder {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  warnings: ReadonlyArray<LineWarning> = NO_WARNINGS;
  offset = 0;
  failure: LineError | undefined = undefined;

  readonly #strict: boolean;
  readonly #maxLine: number;
  readonly #maxTotal: number;
  #words: Int32Array = wordsOf(this.bytes);
  /** The octet of the stream that `bytes[0]` is. */
  #base = 0;
  /** `bytes[#head..#tail)` is buffered; up to `#searched` it has no line end. */
  #head = 0;
  #searched = 0;
  #tail = 0;
  /** The line that is being searched has a CR on its own. */
  #bareCr = false;

  constructor(strict: boolean, maxLine: number, maxTotal: number) {
    this.#strict = strict;
    this.#maxLine = maxLine;
    this.#maxTotal = maxTotal;
  }

  get buffered(): number {
    return this.#tail - this.#head;
  }

  push(chunk: Uint8Array): void {
    if (this.failure !== undefined) return;
    if (this.#tail + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.#tail);
    this.#tail += chunk.length;
  }

  /**
   * Moves what is buffered to the front, or into a larger buffer. Each move is paid for: by at least as many octets that
   * were handed out since the last one, or by a buffer that doubles.
   */
  #makeRoom(octets: number): void {
    const needed = this.buffered + octets;
    if (this.buffered <= this.#head && needed <= this.bytes.length) {
      this.bytes.copyWithin(0, this.#head, this.#tail);
    } else {
      let capacity = Math.max(MIN_CAPACITY, 2 * this.bytes.length);
      while (capacity < needed) capacity *= 2;
      const larger = new Uint8Array(capacity);
      larger.set(this.bytes.subarray(this.#head, this.#tail));
      this.bytes = larger;
      this.#words = wordsOf(larger);
    }
    this.#base += this.#head;
    this.#searched -= this.#head;
    this.#tail -= this.#head;
    this.#head = 0;
  }

  next(): boolean {
    if (this.failure !== undefined) return false;
    const { bytes } = this;
    const limit = Math.min(this.#head + this.#maxLine, this.#maxTotal - this.#base);
    const to = Math.min(this.#tail, limit);
    let from = this.#searched;
    for (;;) {
      const found = indexOfBreak(bytes, this.#words, from, to);
      if (found === to) {
        this.#searched = to;
        return this.#tail > limit && this.#failLimit(limit);
      }
      const octet = bytes[found];
      if (octet === NUL) return this.#fail("Nul", found);
      if (octet === LF) return this.#strict ? this.#fail("BareLf", found) : this.#line(found, found + 1, false);
      if (found + 1 === this.#tail) {
        this.#searched = found;
        return false;
      }
      if (bytes[found + 1] === LF) {
        return found + 2 > limit ? this.#failLimit(limit) : this.#line(found, found + 2, true);
      }
      if (this.#strict) return this.#fail("BareCr", found);
      this.#bareCr = true;
      from = found + 1;
    }
  }

  takeBuffered(): Uint8Array {
    const taken = this.bytes.slice(this.#head, this.#tail);
    this.#tail = this.#searched = this.#head;
    this.#bareCr = false;
    return taken;
  }

  #line(end: number, next: number, isCrlf: boolean): true {
    this.start = this.#head;
    this.end = end;
    this.offset = this.#base + this.#head;
    this.warnings = isCrlf ? (this.#bareCr ? BARE_CR : NO_WARNINGS) : (this.#bareCr ? BARE_CR_AND_LF : BARE_LF);
    this.#bareCr = false;
    this.#head = this.#searched = next;
    return true;
  }

  #failLimit(at: number): false {
    const isLine = at === this.#head + this.#maxLine;
    return this.#fail(isLine ? "LineTooLong" : "TooManyOctets", at, isLine ? this.#maxLine : this.#maxTotal);
  }

  #fail(reason: LineErrorReason, at: number, limit?: number): false {
    const offset = this.#base + at;
    this.failure = limit === undefined ? new LineError({ reason, offset }) : new LineError({ reason, offset, limit });
    return false;
  }
}

/**
 * Makes a decoder. Throws a `RangeError` where a limit is not a whole number from 2 on, the length of CRLF, or
 * `Infinity`.
 *
 * @example A lenient decoder tells what it let pass
 * ```ts
 * import * as LineDecoder from "@plausch/line/line-decoder";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = LineDecoder.make({ mode: "lenient", maxLineOctets: 512 });
 * decoder.push(new TextEncoder().encode("250 OK\n"));
 * assertEquals(decoder.next(), true);
 * assertEquals([decoder.end - decoder.start, decoder.warnings], [6, ["BareLf"]]);
 * ```
 */
export const make = (options: LineDecoderOptions = {}): LineDecoder => {
  const { mode = "strict", maxLineOctets = 1000, maxTotalOctets = Infinity } = options;
  return new Decoder(
    mode === "strict",
    checkedLimit("maxLineOctets", maxLineOctets),
    checkedLimit("maxTotalOctets", maxTotalOctets),
  );
};

const checkedLimit = (name: string, limit: number): number => {
  if (limit >= 2 && (Number.isInteger(limit) || limit === Infinity)) return limit;
  throw new RangeError(`Cannot make a line decoder: "${name}" must be a whole number from 2 on, but is ${limit}`);
};
