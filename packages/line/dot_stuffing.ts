/**
 * A message made ready for the wire after DATA: every line ends with CRLF, a line that begins with a dot gets one more, and
 * a lone dot ends it all (RFC 5321 section 4.5.2).
 *
 * The message comes in chunks of any size, and the result does not depend on how it was cut. Memory is constant. Whether a
 * CR ends a line on its own is decided when the next octet is known, never before: SMTP smuggling lives from wrong guesses.
 *
 * @example A message in two chunks
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const text = (...parts: Array<Uint8Array>) => parts.map((part) => new TextDecoder().decode(part)).join("");
 *
 * const stuffer = DotStuffing.make();
 * const wire = text(stuffer.push(octets("Dots:\r")), stuffer.push(octets("\n...\nBye")), stuffer.finish());
 * assertEquals(wire, "Dots:\r\n....\r\nBye\r\n.\r\n");
 * assertEquals(stuffer.octets, 17); // what SIZE counts: neither the added dot nor the last line
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { copy, CR, DOT, LF, NUL } from "./_octets.ts";
import { EIGHTH_BITS, type LineCount, MAX_TEXT_LINE, skipLines, wordsOf } from "./_scan.ts";
import { LineError } from "./line_error.ts";

/**
 * What to do with a CR or an LF on its own, which RFC 5321 section 2.3.8 forbids.
 *
 * - `normalize`: each of them ends a line, so it becomes CRLF. `CR CR LF` is then two line ends.
 * - `strict`: it is a {@linkcode LineError}. For messages that must arrive as they are, such as signed ones.
 */
export type LineEndPolicy = "normalize" | "strict";

/** Turns one message into what is sent after DATA. Made by {@linkcode make}; used for one message only. */
export interface DotStuffer {
  /**
   * Takes the next octets of the message and gives fresh octets to send, which may be none.
   *
   * After a failure it gives nothing more; the chunk that fails still gives what comes before the fault.
   * Throws an `Error` after {@linkcode DotStuffer.finish}: that would send octets as commands.
   */
  push(chunk: Uint8Array): Uint8Array;
  /**
   * Like {@linkcode DotStuffer.push}, but writes into `target` from `at` on, and gives the position behind what it wrote.
   * `target` must not share memory with `chunk`.
   *
   * Throws a `RangeError` where `target` has no room for {@linkcode bound}`(chunk.length)` octets.
   */
  pushInto(chunk: Uint8Array, target: Uint8Array, at: number): number;
  /**
   * Ends the message and gives the last octets to send: the missing line end, if any, and the lone dot.
   *
   * After a failure it gives nothing, so a broken message is never completed. Throws an `Error` when called twice.
   */
  finish(): Uint8Array;
  /** Like {@linkcode DotStuffer.finish}, but writes into `target`. Throws a `RangeError` without room for 5. */
  finishInto(target: Uint8Array, at: number): number;
  /** Whether any octet so far had its high bit set, so that 8BITMIME is needed (RFC 6152). */
  readonly eightBit: boolean;
  /** Why the message cannot be sent under the policy `strict`; terminal. Close the connection then. */
  readonly failure: LineError | undefined;
  /**
   * The size of the message in octets so far, with its line ends as sent, without the added dots and the last line
   * (RFC 1870 section 5). Complete after {@linkcode DotStuffer.finish}.
   */
  readonly octets: number;
  /**
   * The numbers, from 1, of the first 100 lines of more than 998 octets (RFC 5321 section 4.5.3.1.6, without CRLF).
   * They are sent as they are; servers may refuse or fold them. Complete after {@linkcode DotStuffer.finish}.
   */
  readonly longLines: ReadonlyArray<number>;
}

const MAX_LONG_LINES = 100;

/** `push` works in blocks, so that it needs room for the worst case of one block only. */
const BLOCK = 8192;

/** What {@linkcode DotStuffer.finish} writes at most: CRLF, dot, CRLF. */
const MAX_END = 5;

/**
 * The room in octets that `octets` more octets of a message, and the end of it, need at most.
 *
 * @example One target for many chunks
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const chunk = new TextEncoder().encode(".\n.\n");
 * const target = new Uint8Array(DotStuffing.bound(chunk.length));
 * const stuffer = DotStuffing.make();
 * const end = stuffer.finishInto(target, stuffer.pushInto(chunk, target, 0));
 * assertEquals(new TextDecoder().decode(target.subarray(0, end)), "..\r\n..\r\n.\r\n");
 * ```
 */
export const bound = (octets: number): number => 2 + 2 * octets + MAX_END; // 2 for a CR held before

const noLines: ReadonlyArray<number> = [];

// It counts its lines itself: an object of their own would be made for each message.
class Stuffer implements DotStuffer, LineCount {
  failure: LineError | undefined = undefined;
  octets = 0;
  longLines: ReadonlyArray<number> = noLines;
  lines = 0;
  lineStart = 0;
  seen = 0;

  readonly #strict: boolean;
  readonly #dots: boolean;
  #finished = false;
  /** The last octet was a CR. What it means is not known yet, so nothing is written for it. */
  #heldCr = false;
  /** Octets of the current line so far. */
  #column = 0;
  /** Octets of the message taken so far. */
  #offset = 0;

  get eightBit(): boolean {
    return (this.seen & EIGHTH_BITS) !== 0;
  }

  constructor(policy: LineEndPolicy, dots: boolean) {
    this.#strict = policy === "strict";
    this.#dots = dots;
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#assertOpen();
    const { length } = chunk;
    const words = wordsOf(chunk);
    let target = new Uint8Array(length <= BLOCK ? bound(length) : length + (length >> 5) + bound(BLOCK));
    let at = 0;
    for (let from = 0; from < length; from += BLOCK) {
      const to = Math.min(length, from + BLOCK);
      if (target.length - at < bound(to - from)) target = enlarged(target, at);
      at = this.#write(chunk, words, from, to, target, at);
    }
    return target.subarray(0, at);
  }

  pushInto(chunk: Uint8Array, target: Uint8Array, at: number): number {
    this.#assertOpen();
    assertRoom(target, at, bound(chunk.length));
    return this.#write(chunk, wordsOf(chunk), 0, chunk.length, target, at);
  }

  finish(): Uint8Array {
    const target = new Uint8Array(MAX_END);
    return target.subarray(0, this.finishInto(target, 0));
  }

  finishInto(target: Uint8Array, at: number): number {
    this.#assertOpen();
    assertRoom(target, at, MAX_END);
    this.#finished = true;
    if (this.failure !== undefined) return at;
    if (this.#heldCr && this.#strict) {
      this.failure = new LineError({ reason: "BareCr", offset: this.#offset - 1 });
      return at;
    }
    if (this.#heldCr || this.#column > 0) {
      at = this.#writeLineEnd(this.#column, target, at);
      this.octets += 2;
    }
    if (!this.#dots) return at;
    target[at] = DOT;
    target[at + 1] = CR;
    target[at + 2] = LF;
    return at + 3;
  }

  /** Writes `chunk[from..to)`. Long runs that need no change, over any number of lines, are copied at once. */
  #write(chunk: Uint8Array, words: Int32Array, from: number, to: number, target: Uint8Array, at: number): number {
    if (this.failure !== undefined || from === to) return at;
    const start = at;
    const base = this.#offset - from; // chunk[i] is octet base + i of the message
    this.#offset += to - from;
    this.lineStart = from - this.#column;
    let next = from; // everything before it is understood
    let copied = from; // everything before it is written
    let end = to;
    let dots = 0; // added to the message

    if (this.#heldCr) {
      this.#heldCr = false;
      const isCrlf = chunk[from] === LF;
      if (!isCrlf && this.#strict) {
        this.failure = new LineError({ reason: "BareCr", offset: base + from - 1 });
        return at;
      }
      at = this.#writeLineEnd(this.#column, target, at);
      this.lineStart = next = copied = isCrlf ? from + 1 : from;
    }

    while (next < to) {
      if (this.#dots && next === this.lineStart && chunk[next] === DOT) {
        at = copy(chunk, copied, next, target, at);
        target[at++] = DOT;
        dots++;
        copied = next; // the dot itself is the first octet of the next run
      }
      const found = skipLines(chunk, words, next, to, this);
      if (found === to) break;
      const octet = chunk[found];
      if (octet === NUL) {
        next = found + 1;
      } else if (octet === CR && found + 1 === to) {
        this.#heldCr = true;
        end = found;
        break;
      } else if (octet === CR && chunk[found + 1] === LF) {
        this.#countLine(found - this.lineStart);
        this.lineStart = next = found + 2;
      } else if (this.#strict) {
        this.failure = new LineError({ reason: octet === CR ? "BareCr" : "BareLf", offset: base + found });
        end = found;
        break;
      } else {
        at = copy(chunk, copied, found, target, at);
        at = this.#writeLineEnd(found - this.lineStart, target, at);
        this.lineStart = next = copied = found + 1;
      }
    }
    this.#column = end - this.lineStart;
    at = copy(chunk, copied, end, target, at);
    this.octets += at - start - dots;
    return at;
  }

  #writeLineEnd(length: number, target: Uint8Array, at: number): number {
    this.#countLine(length);
    target[at] = CR;
    target[at + 1] = LF;
    return at + 2;
  }

  #countLine(length: number): void {
    const line = ++this.lines;
    if (length > MAX_TEXT_LINE && this.longLines.length < MAX_LONG_LINES) this.longLines = [...this.longLines, line];
  }

  #assertOpen(): void {
    if (this.#finished) throw new Error("Cannot use a DotStuffer after finish: make a new one for the next message");
  }
}

const assertRoom = (target: Uint8Array, at: number, needed: number): void => {
  if (!(at >= 0 && target.length - at >= needed)) {
    throw new RangeError(`Cannot write at ${at}: the target of ${target.length} octets needs room for ${needed} more`);
  }
};

const enlarged = (bytes: Uint8Array, used: number): Uint8Array<ArrayBuffer> => {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes.subarray(0, used));
  return larger;
};

/**
 * Makes a stuffer for one message. The policy is `normalize` where none is given.
 *
 * @example A lone LF under both policies
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const unix = new TextEncoder().encode("a\nb\n");
 * const normalizing = DotStuffing.make();
 * assertEquals(new TextDecoder().decode(normalizing.push(unix)), "a\r\nb\r\n");
 *
 * const strict = DotStuffing.make("strict");
 * assertEquals(new TextDecoder().decode(strict.push(unix)), "a");
 * assertEquals([strict.failure?.reason, strict.failure?.offset], ["BareLf", 1]);
 * ```
 */
export const make = (policy: LineEndPolicy = "normalize"): DotStuffer => new Stuffer(policy, true);

/**
 * Makes what does the same to line ends, and leaves dots alone: for a message that goes in chunks, which need no end
 * (RFC 3030 section 2). Its `finish` gives the missing line end, if any, and no lone dot.
 *
 * @example Dots stay
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const bare = DotStuffing.bare();
 * const text = (octets: Uint8Array) => new TextDecoder().decode(octets);
 * assertEquals(text(bare.push(new TextEncoder().encode(".\n."))) + text(bare.finish()), ".\r\n.\r\n");
 * ```
 */
export const bare = (policy: LineEndPolicy = "normalize"): DotStuffer => new Stuffer(policy, false);

/**
 * A whole message as it is sent after DATA, or the error of the policy `strict`.
 *
 * @example A dot at the start of a line
 * ```ts
 * import * as DotStuffing from "@plausch/line/dot-stuffing";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = DotStuffing.encode(new TextEncoder().encode("Subject: x\r\n\r\n.hidden"));
 * assertEquals(new TextDecoder().decode(Result.getOrThrow(wire)), "Subject: x\r\n\r\n..hidden\r\n.\r\n");
 * ```
 */
export const encode = (
  message: Uint8Array,
  policy: LineEndPolicy = "normalize",
): Result.Result<Uint8Array, LineError> => {
  const stuffer = make(policy);
  const body = stuffer.push(message);
  const target = new Uint8Array(body.buffer); // has room for the end, see bound
  const length = stuffer.finishInto(target, body.length);
  return stuffer.failure === undefined ? Result.succeed(target.subarray(0, length)) : Result.fail(stuffer.failure);
};
