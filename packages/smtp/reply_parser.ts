/**
 * Reads replies from the octets of a connection, in whatever chunks they come (RFC 5321 section 4.2).
 *
 * In the default, lenient, mode it takes what real servers send and a client must live with, and says so in the reply's
 * warnings: lines that end with LF alone, codes such as 571, missing text, octets outside ASCII, control characters. In
 * strict mode it takes what RFC 5321 prints and nothing else. In neither mode does it guess: another separator, codes that
 * differ within a reply, NUL, text between replies, 1yz or 6yz and above end the reading with a {@linkcode GrammarError},
 * and so does a reply that is too long. Nothing is read after that, for there is no telling which command it would answer.
 *
 * The parser has no idea of what was asked. It keeps octets that follow a reply until the next one is wanted; before
 * STARTTLS its `buffered` must be 0.
 *
 * @example Two replies, cut where it hurts
 * ```ts
 * import * as ReplyParser from "@plausch/smtp/reply-parser";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const parser = ReplyParser.make();
 * parser.push(octets("250-mx.test\r\n25"));
 * assertEquals(parser.next("hello"), undefined);
 * parser.push(octets("0 SIZE 1000\r\n550 5.1.1 No such user\r"));
 * assertEquals(parser.next("hello")?.lines, ["mx.test", "SIZE 1000"]);
 * assertEquals(parser.next(), undefined);
 * parser.push(octets("\n"));
 * assertEquals(parser.next()?.enhanced, { class: 5, subject: 1, detail: 1 });
 * assertEquals(parser.buffered, 0);
 * ```
 *
 * @module
 */
import { statusPrefix, unpackStatus } from "./_status_prefix.ts";
import { GrammarError, type GrammarReason } from "./grammar_error.ts";
import * as Octets from "./octets.ts";
import type { Reply, ReplyWarning } from "./reply.ts";

/** How replies are read, and how long they may be. Limits are whole numbers from 1 on. */
export interface Options {
  /** Whether to take what RFC 5321 does not allow but servers send. Default: lenient. */
  readonly mode?: "strict" | "lenient" | undefined;
  /**
   * The longest line in octets, its line end included. Default: 512 in strict mode (RFC 5321 section 4.5.3.1.5), 2048 in
   * lenient mode.
   */
  readonly maxLineOctets?: number | undefined;
  /** The most lines of one reply. Default: 128. */
  readonly maxLines?: number | undefined;
  /** The longest reply in octets, its line ends included. Default: 65536. */
  readonly maxReplyOctets?: number | undefined;
}

/**
 * What the awaited reply answers, as far as it matters for reading: the greeting and the replies to HELO and EHLO have no
 * enhanced status codes, even if their text looks like it (RFC 2034 section 4).
 */
export type Context = "greeting" | "hello" | "other";

/** A reader of replies from one connection. After STARTTLS make a new one. */
export interface ReplyParser {
  /**
   * Hands over octets that came in. They are read in place until {@linkcode ReplyParser.next} returns undefined, and must
   * not change before that. After a failure or an end they are dropped.
   */
  push(chunk: Uint8Array): void;
  /** The next complete reply; undefined if more octets are needed, and for ever after a failure. Default context: other. */
  next(context?: Context): Reply | undefined;
  /**
   * No more octets will come. What was pushed can still be read. When no complete reply is left, the parser fails: with the
   * fault of the octets that remain, such as `NulByte`, or else with `UnexpectedEnd`. If `buffered` is 0 by then, the
   * connection ended between two replies.
   */
  end(): void;
  /** Why nothing can be read any more. */
  readonly failure: GrammarError | undefined;
  /** How many octets were pushed that belong to no reply handed out so far. */
  readonly buffered: number;
  /** Hands over the octets that {@linkcode ReplyParser.buffered} counts, and forgets them. */
  takeBuffered(): Uint8Array;
}

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const space = 0x20;
const hyphen = 0x2d;
const zero = 0x30;

const warningNames = [
  "BareCr",
  "BareLf",
  "ControlCharacter",
  "EnhancedVaries",
  "LongLine",
  "NoSeparator",
  "NonAscii",
  "UnusualCode",
] as const satisfies ReadonlyArray<ReplyWarning>;

// One bit for each warning, in the order of the names, and one more for what the scan finds but strict mode judges later.
const bareCr = 1;
const bareLf = 2;
const controlCharacter = 4;
const enhancedVaries = 8;
const longLine = 16;
const noSeparator = 32;
const nonAscii = 64;
const unusualCode = 128;
const nul = 256;

/** RFC 5321 section 4.5.3.1.5. */
const standardLine = 512;
/** Text is decoded in pieces of this many octets: one call for many lines, and no reply keeps more than that alive. */
const windowOctets = 4096;
/** What is shorter is not worth a view of its words. */
const smallLine = 32;
const firstCarry = 512;
/** How much of a line an error shows. */
const excerptOctets = 128;

/** Servers answer most commands in the same few ways: so many replies, of up to so many octets, are recognized. */
const knownReplies = 6;
const knownOctets = 128;

/** A reply of one line that was read before, in the context "other". */
interface Known {
  /** With its line end. */
  readonly octets: Uint8Array;
  readonly reply: Reply;
}

const noOctets: Uint8Array = new Uint8Array(0);
const noWords: DataView = new DataView(noOctets.buffer);
const noWarnings: ReadonlyArray<ReplyWarning> = [];
const utf8 = new TextDecoder();

const warningsOf = (bits: number): ReadonlyArray<ReplyWarning> =>
  bits === 0 ? noWarnings : warningNames.filter((_, i) => (bits & (1 << i)) !== 0);

const limit = (name: string, value: number): number => {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`Cannot make a reply parser: "${name}" must be a whole number from 1 on, not ${value}`);
};

/** Whether each of the four octets is printable ASCII: none below 0x20, none above 0x7e. */
const isPlain = (word: number): boolean =>
  (((word + 0x01010101) | ((word - 0x20202020) & ~word) | word) & 0x80808080) === 0;

// A class and not a closure, for speed: its fields are read some hundred million times a second.
class Parser implements ReplyParser {
  readonly #isStrict: boolean;
  readonly #maxLineOctets: number;
  readonly #maxLines: number;
  readonly #maxReplyOctets: number;

  // What is buffered is #data[#replyStart..#end). #data is a chunk of the caller's, or else #carry.
  #data: Uint8Array = noOctets;
  #words: DataView = noWords;
  #end = 0;
  #isBorrowed = false;
  #carry: Uint8Array = noOctets;
  #carryWords: DataView = noWords;

  // The reply being read, its current line, and how far that is searched. A CR is searched together with its successor, so
  // that nothing is decided about it before.
  #replyStart = 0;
  #lineStart = 0;
  #searched = 0;
  #found = 0;
  #code = 0;
  #lines: Array<string> = [];
  #warnings = 0;
  #status = 0;
  #isComplete = false;

  #hasEnded = false;
  #failure: GrammarError | undefined;

  // Replies that were read before, and which of them is likely next: a conversation goes in circles.
  readonly #known: Array<Known> = [];
  #likely = 0;

  // The text of #data[#textStart..#textEnd), one character an octet; empty if these octets are not all ASCII.
  #text = "";
  #textStart = 0;
  #textEnd = 0;

  constructor(options: Options) {
    this.#isStrict = options.mode === "strict";
    this.#maxLineOctets = limit("maxLineOctets", options.maxLineOctets ?? (this.#isStrict ? standardLine : 2048));
    this.#maxLines = limit("maxLines", options.maxLines ?? 128);
    this.#maxReplyOctets = limit("maxReplyOctets", options.maxReplyOctets ?? 65536);
  }

  get failure(): GrammarError | undefined {
    return this.#failure;
  }

  get buffered(): number {
    return this.#end - this.#replyStart;
  }

  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined || this.#hasEnded || chunk.length === 0) return;
    if (this.#replyStart === this.#end) return this.#borrow(chunk);
    const isFull = this.#end + chunk.length > this.#carry.length;
    if (this.#isBorrowed || isFull) this.#keep(chunk.length);
    this.#data.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  next(context: Context = "other"): Reply | undefined {
    const known = context === "other" ? this.#recognize() : undefined;
    if (known !== undefined) return known;
    this.#read();
    if (this.#isComplete) return this.#takeReply(context);
    if (this.#isBorrowed) this.#keep(0);
    return undefined;
  }

  end(): void {
    this.#hasEnded = true;
    this.#read();
  }

  takeBuffered(): Uint8Array {
    // Not slice: that of a Node Buffer shares the memory
    const octets = new Uint8Array(this.#data.subarray(this.#replyStart, this.#end));
    this.#beginReply(this.#end);
    return octets;
  }

  /** Reads the chunk in place. */
  #borrow(chunk: Uint8Array): void {
    this.#data = chunk;
    this.#words = noWords;
    this.#end = chunk.length;
    this.#isBorrowed = true;
    this.#textEnd = 0;
    this.#beginReply(0);
  }

  /** Moves what is buffered to the front of #carry, and makes room there for so many octets more. */
  #keep(room: number): void {
    const length = this.#end - this.#replyStart;
    const rest = this.#data.subarray(this.#replyStart, this.#end);
    // Doubled, too, if little would be gained by moving: so the copying stays linear
    const size = !this.#isBorrowed && length > this.#carry.length / 2 ? 2 * length : length;
    if (size + room > this.#carry.length) {
      let capacity = Math.max(firstCarry, this.#carry.length);
      while (capacity < size + room) capacity *= 2;
      this.#carry = new Uint8Array(capacity);
      this.#carryWords = new DataView(this.#carry.buffer);
    }
    this.#carry.set(rest);
    this.#data = this.#carry;
    this.#words = this.#carryWords;
    this.#isBorrowed = false;
    this.#end = length;
    this.#lineStart -= this.#replyStart;
    this.#searched -= this.#replyStart;
    this.#replyStart = 0;
    this.#textEnd = 0;
  }

  #beginReply(at: number): void {
    this.#replyStart = at;
    this.#lineStart = at;
    this.#searched = at;
    this.#found = 0;
    if (this.#lines.length > 0) this.#lines = [];
    this.#warnings = 0;
    this.#status = 0;
    this.#isComplete = false;
  }

  /**
   * The next reply, if it is octet for octet one that passed all checks before: it reads the same, so nothing has to be read. Only
   * where none of it was looked at yet.
   */
  #recognize(): Reply | undefined {
    const start = this.#replyStart;
    const known = this.#known;
    if (this.#searched !== start || start === this.#end || this.#failure !== undefined) return undefined;
    if (this.#data[start + 3] === hyphen) return undefined;
    for (let tried = 0; tried < known.length; tried++) {
      if (this.#likely >= known.length) this.#likely = 0;
      const { octets, reply } = known[this.#likely++]!;
      if (!this.#begins(octets)) continue;
      this.#beginReply(start + octets.length);
      return reply;
    }
    return undefined;
  }

  /** Whether what is buffered begins with these octets. Compared from the end: most replies begin alike, and differ in what they name. */
  #begins(octets: Uint8Array): boolean {
    const data = this.#data;
    const start = this.#replyStart;
    let at = octets.length;
    if (at > this.#end - start) return false;
    while (at > 0) if (data[start + --at] !== octets[at]) return false;
    return true;
  }

  #takeReply(context: Context): Reply {
    const hasStatus = this.#status !== 0 && context === "other";
    const reply: Reply = {
      code: this.#code,
      lines: this.#lines,
      enhanced: hasStatus ? unpackStatus(this.#status) : undefined,
      warnings: warningsOf(hasStatus ? this.#warnings : this.#warnings & ~enhancedVaries),
    };
    const length = this.#lineStart - this.#replyStart;
    if (context === "other" && reply.lines.length === 1 && length <= knownOctets && this.#known.length < knownReplies) {
      this.#known.push({ octets: new Uint8Array(this.#data.subarray(this.#replyStart, this.#lineStart)), reply });
    }
    this.#beginReply(this.#lineStart);
    return reply;
  }

  /** Reads on until a reply is complete, or more octets are needed, or it fails. */
  #read(): void {
    if (this.#failure !== undefined) return;
    while (!this.#isComplete && this.#searched < this.#end && this.#readLine());
    if (this.#hasEnded && !this.#isComplete && this.#failure === undefined && !this.#isFaulty(this.#end, false)) {
      this.#fail("UnexpectedEnd", this.#end);
    }
  }

  /** Searches on for the end of the line, and takes it. False if that needs more octets, or fails. */
  #readLine(): boolean {
    const start = this.#lineStart;
    if (this.#lines.length >= this.#maxLines) return !this.#fail("TooManyLines", start, undefined, this.#maxLines);
    // The octet at `last` must be the LF that ends the line, or else the line or the reply is too long
    const lastOfLine = start + this.#maxLineOctets - 1;
    const lastOfReply = this.#replyStart + this.#maxReplyOctets - 1;
    const last = lastOfLine < lastOfReply ? lastOfLine : lastOfReply;
    const data = this.#data;
    const end = this.#end;
    if (this.#words === noWords && end - start >= smallLine) {
      this.#words = new DataView(data.buffer, data.byteOffset, data.length);
    }
    const words = this.#words;
    const stop = end < last ? end : last;
    const lastWord = words === noWords ? 0 : stop - 3;
    let found = this.#found;
    let at = this.#searched;
    for (;;) {
      while (at < lastWord && isPlain(words.getInt32(at))) at += 4;
      while (at < stop && data[at]! >= space && data[at]! < 0x7f) at++;
      if (at >= end) break;
      const octet = data[at]!;
      if (octet === LF && at <= last) return this.#takeLine(at, at + 1, found | bareLf);
      if (at >= last) {
        return lastOfLine <= lastOfReply
          ? !this.#fail("LineTooLong", at, undefined, this.#maxLineOctets)
          : !this.#fail("ReplyTooLong", at, undefined, this.#maxReplyOctets);
      }
      if (octet === CR) {
        if (at + 1 === end) break;
        if (data[at + 1] === LF) return this.#takeLine(at, at + 2, found);
        found |= bareCr;
      } else if (octet >= 0x80) {
        found |= nonAscii;
      } else if (octet === 0) {
        // No line end could mend this, and a TLS alert has none: a client must not wait for it
        if (!this.#isStrict) return !this.#fail("NulByte", at + 1, at);
        found |= nul;
      } else if (octet !== TAB) {
        found |= controlCharacter;
      }
      at++;
    }
    this.#searched = at;
    this.#found = found;
    return false;
  }

  /** Takes the line #data[#lineStart..to), whose line end reaches to `after`. False if it fails. */
  #takeLine(to: number, after: number, found: number): boolean {
    const data = this.#data;
    const from = this.#lineStart;
    const length = to - from;
    const first = (data[from]! - zero) >>> 0;
    const second = (data[from + 1]! - zero) >>> 0;
    const third = (data[from + 2]! - zero) >>> 0;
    const code = first * 100 + second * 10 + third;
    const separator = data[from + 3];
    this.#found = found;
    // Most lines need no closer look
    const isPlain = length > 3 && first >= 2 && first <= 5 && second <= 5 && third <= 9 && found === 0 &&
      (separator === space || separator === hyphen) && (code === this.#code || this.#lines.length === 0);
    if (!isPlain && this.#isFaulty(to, true)) return false;
    if (length === 3) found |= noSeparator;
    if (second > 5) found |= unusualCode;
    if (after - from > standardLine) found |= longLine;
    this.#lines.push(length <= 4 ? "" : this.#textOf(from + 4, to));
    const status = statusPrefix(data, from + 4, to, first);
    if (status !== 0) {
      if (this.#status !== 0 && this.#status !== status) found |= enhancedVaries;
      this.#status = status;
    }
    this.#code = code;
    this.#isComplete = length === 3 || separator === space;
    this.#warnings |= found;
    this.#found = 0;
    this.#lineStart = after;
    this.#searched = after;
    return true;
  }

  /** The text of #data[from..to), which is part of the current line. */
  #textOf(from: number, to: number): string {
    if ((this.#found & nonAscii) !== 0) return Octets.decode(this.#data, from, to);
    if (from < this.#textStart || to > this.#textEnd) {
      const end = from + windowOctets < this.#end ? from + windowOctets : this.#end;
      this.#textStart = from;
      this.#textEnd = to > end ? to : end;
      this.#text = utf8.decode(this.#data.subarray(from, this.#textEnd));
      // Octets outside ASCII make the text shorter, or are no UTF-8 and one character each: offsets hold if nothing is lost
      if (this.#text.length !== this.#textEnd - from) this.#text = "";
    }
    return this.#text === ""
      ? Octets.decode(this.#data, from, to)
      : this.#text.slice(from - this.#textStart, to - this.#textStart);
  }

  /**
   * Fails if #data[#lineStart..to), a line without its line end or the beginning of one, cannot be part of the reply. The
   * line end is judged first, then NUL, then the code and the separator, then the text.
   */
  #isFaulty(to: number, isWhole: boolean): boolean {
    const data = this.#data;
    const from = this.#lineStart;
    const length = to - from;
    if (this.#isStrict && (this.#found & (bareCr | bareLf | nul)) !== 0) {
      if ((this.#found & bareCr) !== 0) return this.#fail("BareCr", to, this.#find((at) => data[at] === CR));
      if ((this.#found & bareLf) !== 0) return this.#fail("BareLf", to, to);
      return this.#fail("NulByte", to, this.#find((at) => data[at] === 0));
    }
    const first = length > 0 ? (data[from]! - zero) >>> 0 : 2;
    const second = length > 1 ? (data[from + 1]! - zero) >>> 0 : 0;
    const third = length > 2 ? (data[from + 2]! - zero) >>> 0 : 0;
    if (first > 9 || second > 9 || third > 9 || (isWhole && length < 3)) return this.#fail("NotAReply", to);
    if (length < 3) return false;
    if (first < 2 || first > 5 || (this.#isStrict && second > 5)) return this.#fail("BadCode", to);
    if (this.#lines.length > 0 && first * 100 + second * 10 + third !== this.#code) {
      return this.#fail("CodeMismatch", to);
    }
    if (length > 3 && data[from + 3] !== space && data[from + 3] !== hyphen) {
      const mayEnd = !isWhole && length === 4 && data[from + 3] === CR;
      return mayEnd ? false : this.#fail("BadSeparator", to, from + 3);
    }
    if (this.#isStrict && (this.#found & (controlCharacter | nonAscii)) !== 0) {
      const at = this.#find((at) => data[at]! >= 0x7f || (data[at]! < space && data[at] !== TAB));
      return this.#fail(data[at]! >= 0x80 ? "NonAscii" : "ControlCharacter", to, at);
    }
    return false;
  }

  /** Where the fault is that the search found in the current line. */
  #find(isIt: (at: number) => boolean): number {
    let at = this.#lineStart;
    while (at < this.#end && !isIt(at)) at++;
    return at;
  }

  /** Ends all reading. The input is the line up to `upTo`. True, so that a check can fail and say so at once. */
  #fail(reason: GrammarReason, upTo: number, at?: number, limit?: number): true {
    const start = this.#lineStart;
    this.#failure = new GrammarError({
      subject: "reply",
      reason,
      input: upTo > start ? Octets.decode(this.#data, start, Math.min(upTo, start + excerptOctets)) : undefined,
      offset: at === undefined ? undefined : Octets.decode(this.#data, start, at).length,
      line: this.#lines.length + 1,
      limit,
    });
    return true;
  }
}

/**
 * A parser at the start of a connection. Throws a RangeError for a limit that is none.
 *
 * @example A peer that speaks another protocol
 * ```ts
 * import * as ReplyParser from "@plausch/smtp/reply-parser";
 * import { assertEquals } from "@std/assert";
 *
 * const parser = ReplyParser.make();
 * parser.push(new TextEncoder().encode("SSH-2.0-OpenSSH_9.2\r\n"));
 * assertEquals(parser.next("greeting"), undefined);
 * assertEquals(parser.failure?.reason, "NotAReply");
 * ```
 *
 * @example Strict
 * ```ts
 * import * as ReplyParser from "@plausch/smtp/reply-parser";
 * import { assertEquals } from "@std/assert";
 *
 * const parser = ReplyParser.make({ mode: "strict" });
 * parser.push(new TextEncoder().encode("250 OK\n"));
 * assertEquals(parser.next(), undefined);
 * assertEquals(parser.failure?.reason, "BareLf");
 * ```
 */
export const make = (options: Options = {}): ReplyParser => new Parser(options);
