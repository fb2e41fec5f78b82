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
import { KnownReplies } from "./_known_replies.ts";
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
const smallText = 64;
/** So many octets are copied faster one by one, without a call. */
const smallChunk = 32;
const firstCarry = 512;
/** A conversation about one message has no more replies, and hears none of them twice. */
const firstReplies = 8;
/** How much of a line an error shows. */
const excerptOctets = 128;

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
  /** Up to where #data may be written: 0 where it is not #carry, or nothing is taken any more. */
  #room = 0;

  // The reply being read, its current line, how far that is searched, and the last octet that it may have. A CR is searched
  // together with its successor, so that nothing is decided about it before.
  #replyStart = 0;
  #lineStart = 0;
  #searched = 0;
  #last = 0;
  #found = 0;
  #code = 0;
  /** The lines of the reply that are complete. */
  #count = 0;
  #warnings = 0;
  #status = 0;
  #isComplete = false;

  #hasEnded = false;
  #failure: GrammarError | undefined;

  #heard = 0;
  #known: KnownReplies | undefined;

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
    const { length } = chunk;
    let end = this.#end;
    if (length <= smallChunk && end + length <= this.#room) {
      const data = this.#data;
      for (let at = 0; at < length; at++) data[end++] = chunk[at]!;
      this.#end = end;
      return;
    }
    if (this.#failure !== undefined || this.#hasEnded || length === 0) return;
    if (this.#replyStart === end) return this.#borrow(chunk);
    if (end + length > this.#room) this.#keep(length);
    this.#data.set(chunk, this.#end);
    this.#end += length;
  }

  next(context: Context = "other"): Reply | undefined {
    if (this.#passPlain()) return undefined;
    const expected = context === "other" ? this.#recognize() : undefined;
    if (expected !== undefined) return expected;
    this.#read();
    if (this.#isComplete) return this.#takeReply(context);
    if (this.#isBorrowed) this.#keep(0);
    return undefined;
  }

  end(): void {
    this.#hasEnded = true;
    this.#room = 0;
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
    this.#room = 0;
    this.#textEnd = 0;
    this.#beginReply(0);
  }

  /** Moves what is buffered to the front of #carry, and makes room there for so many octets more. */
  #keep(room: number): void {
    const start = this.#replyStart;
    const length = this.#end - start;
    // Doubled, too, if little would be gained by moving: so the copying stays linear
    const size = !this.#isBorrowed && length > this.#carry.length / 2 ? 2 * length : length;
    const data = this.#data;
    if (size + room > this.#carry.length) {
      let capacity = Math.max(firstCarry, this.#carry.length);
      while (capacity < size + room) capacity *= 2;
      this.#carry = new Uint8Array(capacity);
    }
    const carry = this.#carry;
    if (length > smallChunk) carry.set(data.subarray(start, this.#end));
    else for (let at = 0; at < length; at++) carry[at] = data[start + at]!;
    this.#data = carry;
    if (data !== carry) this.#words = noWords;
    this.#isBorrowed = false;
    this.#room = this.#hasEnded || this.#failure !== undefined ? 0 : carry.length;
    this.#end = length;
    this.#lineStart -= start;
    this.#searched -= start;
    this.#last -= start;
    this.#replyStart = 0;
    this.#textEnd = 0;
  }

  #beginReply(at: number): void {
    this.#replyStart = at;
    this.#count = 0;
    this.#warnings = 0;
    this.#status = 0;
    this.#isComplete = false;
    this.#beginLine(at);
  }

  #beginLine(at: number): void {
    const lastOfLine = at + this.#maxLineOctets - 1;
    const lastOfReply = this.#replyStart + this.#maxReplyOctets - 1;
    this.#lineStart = at;
    this.#searched = at;
    this.#found = 0;
    this.#last = this.#count >= this.#maxLines ? at - 1 : lastOfLine < lastOfReply ? lastOfLine : lastOfReply;
  }

  /** The next reply, if it is the one that a conversation that goes in circles has next, and none of it was looked at yet. */
  #recognize(): Reply | undefined {
    const known = this.#known;
    const start = this.#replyStart;
    if (known === undefined || this.#searched !== start || this.#failure !== undefined) return undefined;
    const expected = known.expected(this.#data, this.#words, start, this.#end);
    if (expected === undefined) return undefined;
    this.#beginReply(start + expected.length);
    return expected.reply;
  }

  #takeReply(context: Context): Reply {
    const data = this.#data;
    const start = this.#replyStart;
    const end = this.#lineStart;
    const known = context === "other" ? this.#known : undefined;
    let reply = known?.find(data, this.#words, start, end)?.reply;
    if (reply === undefined) {
      reply = this.#makeReply(context);
      known?.note(data, start, end, reply);
    }
    if (this.#known === undefined && ++this.#heard === firstReplies) this.#known = new KnownReplies();
    this.#beginReply(end);
    return reply;
  }

  #makeReply(context: Context): Reply {
    const hasStatus = this.#status !== 0 && context === "other";
    const start = this.#replyStart;
    return {
      code: this.#code,
      lines: this.#count === 1 ? [this.#textOf(start, this.#lineStart)] : this.#textsOf(start, this.#count),
      enhanced: hasStatus ? unpackStatus(this.#status) : undefined,
      warnings: warningsOf(hasStatus ? this.#warnings : this.#warnings & ~enhancedVaries),
    };
  }

  /** The texts of so many lines. */
  #textsOf(start: number, count: number): Array<string> {
    const lines = new Array<string>(count);
    for (let line = 0; line < count; line++) {
      const after = this.#data.indexOf(LF, start) + 1;
      lines[line] = this.#textOf(start, after);
      start = after;
    }
    return lines;
  }

  /**
   * Passes over the octets that came since the last search, if they are few and all plain: then nothing ends and nothing fails with
   * them. What comes in tiny chunks is nearly always so.
   */
  #passPlain(): boolean {
    const end = this.#end;
    let at = this.#searched;
    if (this.#room === 0 || end - at > smallChunk || end > this.#last) return false;
    const data = this.#data;
    while (at < end && data[at]! >= space && data[at]! < 0x7f) at++;
    this.#searched = at;
    return at === end;
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
    if (this.#count >= this.#maxLines) {
      return !this.#fail("TooManyLines", this.#lineStart, undefined, this.#maxLines);
    }
    // The octet at `last` must be the LF that ends the line, or else the line or the reply is too long
    const last = this.#last;
    const data = this.#data;
    const end = this.#end;
    if (this.#words === noWords && end - this.#searched >= smallText) {
      this.#words = new DataView(data.buffer, data.byteOffset, data.length);
    }
    const words = this.#words;
    const stop = end < last ? end : last;
    const lastWord = words === noWords ? 0 : stop - 3;
    let found = this.#found;
    let at = this.#searched;
    for (;;) {
      // Four octets at once, as long as all are printable ASCII: none below 0x20, none above 0x7e
      for (; at < lastWord; at += 4) {
        const four = words.getInt32(at);
        if ((((four + 0x01010101) | ((four - 0x20202020) & ~four) | four) & 0x80808080) !== 0) break;
      }
      while (at < stop && data[at]! >= space && data[at]! < 0x7f) at++;
      if (at >= end) break;
      const octet = data[at]!;
      if (octet === LF && at <= last) return this.#takeLine(at, at + 1, found | bareLf);
      if (at >= last) {
        return at - this.#lineStart >= this.#maxLineOctets - 1
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
      (separator === space || separator === hyphen) && (code === this.#code || this.#count === 0);
    if (!isPlain && this.#isFaulty(to, true)) return false;
    if (length === 3) found |= noSeparator;
    if (second > 5) found |= unusualCode;
    if (after - from > standardLine) found |= longLine;
    const status = statusPrefix(data, from + 4, to, first);
    if (status !== 0) {
      if (this.#status !== 0 && this.#status !== status) found |= enhancedVaries;
      this.#status = status;
    }
    this.#code = code;
    this.#isComplete = length === 3 || separator === space;
    this.#warnings |= found;
    this.#count++;
    this.#beginLine(after);
    return true;
  }

  /** The text of #data[start..after), which is a line of a complete reply, code and line end included. */
  #textOf(start: number, after: number): string {
    const from = start + 4;
    const to = after - (this.#data[after - 2] === CR ? 2 : 1);
    if (to <= from) return "";
    if ((this.#warnings & nonAscii) !== 0) return Octets.decode(this.#data, from, to);
    if (from < this.#textStart || to > this.#textEnd) this.#decodeText(from, to);
    return this.#text === ""
      ? Octets.decode(this.#data, from, to)
      : this.#text.slice(from - this.#textStart, to - this.#textStart);
  }

  /** Decodes #data[from..to), and what comes with it. */
  #decodeText(from: number, to: number): void {
    const isWhole = this.#isBorrowed && this.#end <= windowOctets;
    const start = isWhole ? 0 : from;
    const end = isWhole ? this.#end : Math.max(to, Math.min(from + windowOctets, this.#end));
    const text = utf8.decode(isWhole ? this.#data : this.#data.subarray(start, end));
    // Octets outside ASCII make the text shorter, or are no UTF-8 and one character each: offsets hold if nothing is lost
    this.#text = text.length === end - start ? text : "";
    this.#textStart = start;
    this.#textEnd = end;
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
    if (this.#count > 0 && first * 100 + second * 10 + third !== this.#code) {
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
    this.#room = 0;
    this.#failure = new GrammarError({
      subject: "reply",
      reason,
      input: upTo > start ? Octets.decode(this.#data, start, Math.min(upTo, start + excerptOctets)) : undefined,
      offset: at === undefined ? undefined : Octets.decode(this.#data, start, at).length,
      line: this.#count + 1,
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
