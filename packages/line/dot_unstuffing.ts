/**
 * The message in what a client sends after DATA: the added dots are removed, and the line with the lone dot ends it
 * (RFC 5321 section 4.5.2).
 *
 * Only CRLF "." CRLF ends a message, or "." CRLF at its very start. A CR or LF on its own, or a NUL, is a failure wherever it
 * stands: servers that guess at such octets, each in its own way, are what SMTP smuggling needs.
 *
 * @example Two messages' worth of octets, cut in the middle of the end
 * ```ts
 * import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const text = (...parts: Array<Uint8Array>) => parts.map((part) => new TextDecoder().decode(part)).join("");
 *
 * const unstuffer = DotUnstuffing.make();
 * const message = text(unstuffer.push(octets("Hi\r\n..\r\n.\r")), unstuffer.push(octets("\nQUIT\r\n")));
 * assertEquals(message, "Hi\r\n.\r\n");
 * assertEquals(unstuffer.ended, true);
 * assertEquals(text(unstuffer.rest), "QUIT\r\n");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { copy, CR, DOT, LF } from "./_octets.ts";
import { type LineCount, skipLines, wordsOf } from "./_scan.ts";
import { LineError } from "./line_error.ts";

/** Takes one message out of what follows DATA. Made by {@linkcode make}; used for one message only. */
export interface DotUnstuffer {
  /**
   * Takes the next octets from the wire and gives fresh octets of the message, which may be none.
   *
   * Nothing limits the size of the message here: watch {@linkcode DotUnstuffer.octets}. After a failure it gives nothing
   * more; after the end it gives nothing and adds the chunk to {@linkcode DotUnstuffer.rest}.
   */
  push(chunk: Uint8Array): Uint8Array;
  /**
   * Like {@linkcode DotUnstuffer.push}, but writes into `target` from `at` on, and gives the position behind what it wrote.
   * `target` must not share memory with `chunk`. What follows the end in `chunk` is not copied: {@linkcode DotUnstuffer.rest} is a
   * view of it.
   *
   * Throws a `RangeError` where `target` has no room for one octet more than `chunk` has.
   */
  pushInto(chunk: Uint8Array, target: Uint8Array, at: number): number;
  /** Whether the line with the lone dot has come. Until then the message is not complete and must not be stored. */
  readonly ended: boolean;
  /** The octets pushed after the end: commands that the client has sent ahead (RFC 2920 section 3.1). */
  readonly rest: Uint8Array;
  /** What the message has that no message may have; terminal. Nothing of it must be stored or answered with 250. */
  readonly failure: LineError | undefined;
  /** The size of the message in octets so far, without the added dots and the last line (RFC 1870 section 5). */
  readonly octets: number;
}

const EMPTY = new Uint8Array(0);

class Unstuffer implements DotUnstuffer {
  ended = false;
  rest: Uint8Array = EMPTY;
  failure: LineError | undefined = undefined;
  octets = 0;

  /** The last octet was a CR. What it means is not known yet, so nothing is given for it. */
  #heldCr = false;
  /** Octets of the current line on the wire so far, without a CR that is held, and whether its first one is a dot. */
  #column = 0;
  readonly #count: LineCount = { lines: 0, lineStart: 0, seen: 0 };
  #dotted = false;
  /** Octets taken from the wire so far. */
  #offset = 0;
  /** Room for `rest` to grow in, so that many small chunks are not copied again for each. */
  #restBuffer = EMPTY;

  push(chunk: Uint8Array): Uint8Array {
    if (this.failure !== undefined || chunk.length === 0) return EMPTY;
    if (this.ended) {
      this.#keep(chunk);
      return EMPTY;
    }
    const message = new Uint8Array(chunk.length + 1); // and a CR that was held before
    const length = this.pushInto(chunk, message, 0);
    if (this.ended) this.rest = this.rest.slice();
    return message.subarray(0, length);
  }

  pushInto(chunk: Uint8Array, target: Uint8Array, at: number): number {
    if (target.length - at < chunk.length + 1) {
      throw new RangeError(`Cannot write at ${at}: ${chunk.length + 1} octets need more room than there is`);
    }
    if (this.failure !== undefined || chunk.length === 0) return at;
    if (this.ended) {
      this.#keep(chunk);
      return at;
    }
    const end = this.#write(chunk, target, at);
    this.octets += end - at;
    return end;
  }

  #write(chunk: Uint8Array, target: Uint8Array, at: number): number {
    const to = chunk.length;
    const base = this.#offset; // chunk[i] is octet base + i of the stream
    this.#offset += to;
    const count = this.#count;
    count.lineStart = -this.#column;
    let next = 0; // everything before it is understood
    let copied = 0; // everything before it is written
    let end = to;

    if (this.#heldCr) {
      this.#heldCr = false;
      if (chunk[0] !== LF) {
        this.failure = new LineError({ reason: "BareCr", offset: base - 1 });
        return at;
      }
      if (this.#dotted && this.#column === 1) {
        this.#end(chunk, 1);
        return at;
      }
      target[at++] = CR; // its LF is the first octet of the run that begins here
      count.lineStart = next = 1;
    }

    const words = wordsOf(chunk);
    while (next < to) {
      if (next === count.lineStart) {
        this.#dotted = chunk[next] === DOT;
        if (this.#dotted) {
          at = copy(chunk, copied, next, target, at);
          copied = ++next;
        }
      }
      const { lineStart } = count;
      const isLoneDot = this.#dotted && next === lineStart + 1 && chunk[next] === CR;
      const found = isLoneDot ? next : skipLines(chunk, words, next, to, count);
      if (count.lineStart !== lineStart) this.#dotted = false;
      if (found === to) break;
      const octet = chunk[found];
      if (octet === CR && found + 1 === to) {
        this.#heldCr = true;
        end = found;
        break;
      }
      if (octet !== CR || chunk[found + 1] !== LF) {
        const reason = octet === CR ? "BareCr" : octet === LF ? "BareLf" : "Nul";
        this.failure = new LineError({ reason, offset: base + found });
        end = found;
        break;
      }
      if (isLoneDot) {
        this.#end(chunk, found + 2);
        end = found;
        break;
      }
      count.lineStart = next = found + 2;
    }
    this.#column = end - count.lineStart;
    return copy(chunk, copied, end, target, at);
  }

  #end(chunk: Uint8Array, from: number): void {
    this.ended = true;
    if (from < chunk.length) this.rest = chunk.subarray(from);
  }

  #keep(octets: Uint8Array): void {
    if (octets.length === 0) return;
    const used = this.rest.length;
    if (used + octets.length > this.#restBuffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#restBuffer.length, used + octets.length));
      larger.set(this.rest);
      this.#restBuffer = larger;
    }
    this.#restBuffer.set(octets, used);
    this.rest = this.#restBuffer.subarray(0, used + octets.length);
  }
}

/**
 * Makes an unstuffer for one message.
 *
 * @example The end of data that is none
 * ```ts
 * import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
 * import { assertEquals } from "@std/assert";
 *
 * const unstuffer = DotUnstuffing.make();
 * unstuffer.push(new TextEncoder().encode("Hi\r\n.\nMAIL FROM:<mallory@example.com>\r\n"));
 * assertEquals(unstuffer.ended, false);
 * assertEquals([unstuffer.failure?.reason, unstuffer.failure?.offset], ["BareLf", 5]);
 * ```
 */
export const make = (): DotUnstuffer => new Unstuffer();

/**
 * The message in a whole piece of wire, and the octets behind its end; the inverse of `DotStuffing.encode`.
 *
 * Fails where {@linkcode DotUnstuffer.failure} would be set, and with `UnexpectedEnd` where the lone dot is missing.
 *
 * @example There and back
 * ```ts
 * import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const { message, rest } = Result.getOrThrow(DotUnstuffing.decode(new TextEncoder().encode("..a\r\n.\r\n")));
 * assertEquals(new TextDecoder().decode(message), ".a\r\n");
 * assertEquals(rest.length, 0);
 * ```
 */
export const decode = (
  wire: Uint8Array,
): Result.Result<{ readonly message: Uint8Array; readonly rest: Uint8Array }, LineError> => {
  const unstuffer = make();
  const message = unstuffer.push(wire);
  if (unstuffer.failure !== undefined) return Result.fail(unstuffer.failure);
  if (!unstuffer.ended) return Result.fail(new LineError({ reason: "UnexpectedEnd", offset: wire.length }));
  return Result.succeed({ message, rest: unstuffer.rest });
};
