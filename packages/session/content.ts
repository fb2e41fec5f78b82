/**
 * A message as it goes over the wire: line ends by policy; after DATA with its dots stuffed and the lone dot at its end, in chunks
 * without (RFC 3030). The message itself is looked at once, for what MAIL has to declare.
 *
 * @example A short message
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("Subject: t\n\nhello\n");
 * const content = Result.getOrThrow(Content.make(message));
 * assertEquals(content.size, 21); // with CRLF line ends
 * assertEquals(content.eightBit, false);
 * assertEquals(new TextDecoder().decode(content.wire).endsWith("hello\r\n.\r\n"), true);
 * ```
 *
 * @module
 */
import * as DotStuffing from "@plausch/line/dot-stuffing";
import type { LineError } from "@plausch/line/line-error";
import * as Result from "effect/Result";
import * as Slab from "./_slab.ts";

/** A message, ready to be sent as often as needed. */
export interface Content {
  /** Its size in octets with CRLF line ends, before stuffing and without the lone dot: the value of SIZE (RFC 1870). */
  readonly size: number;
  /** Whether any octet has its high bit set, so that 8BITMIME is needed (RFC 6152). */
  readonly eightBit: boolean;
  /** Whether such an octet stands in the header section, so that SMTPUTF8 is due (RFC 6532). */
  readonly eightBitHeader: boolean;
  /** Whether it can only go as it is, in chunks: it is no sequence of lines, so that BINARYMIME is needed (RFC 3030 section 3). */
  readonly isBinary: boolean;
  /** The octets that go over the wire after 354, with the lone dot. Undefined for a binary message. */
  readonly wire: Uint8Array | undefined;
  /** The octets that go over the wire in chunks: nothing stuffed, nothing added. */
  readonly octets: Uint8Array;
  /** Lines longer than 998 octets, counted from 1; receivers may cut or refuse them (RFC 5321 section 4.5.3.1.6). */
  readonly longLines: ReadonlyArray<number>;
}

/**
 * Looks a message over and stuffs it.
 *
 * Under the policy `normalize` a lone CR or LF counts as a line end; under `strict` it is a `LineError` with its offset. A
 * missing line end at the end of the message is added under both.
 *
 * @example A lone LF under the strict policy
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const content = Content.make(new TextEncoder().encode("a\nb"), "strict");
 * assertEquals(Result.isFailure(content) && content.failure.offset, 1);
 * ```
 */
export const make = (
  message: Uint8Array,
  policy: DotStuffing.LineEndPolicy = "normalize",
): Result.Result<Content, LineError> => {
  const stuffer = DotStuffing.make(policy);
  const stuffed = Slab.allocate(DotStuffing.bound(message.length) + DotStuffing.bound(0), (room, from) => {
    const at = stuffer.pushInto(message, room, from);
    return stuffer.failure === undefined ? stuffer.finishInto(room, at) : at;
  });
  if (stuffer.failure !== undefined) return Result.fail(stuffer.failure);
  return Result.succeed({
    ...looks(message),
    size: stuffer.octets,
    isBinary: false,
    wire: stuffed,
    get octets() {
      // Without a stuffed dot the two differ by the lone dot alone.
      return stuffer.octets === stuffed.length - loneDot
        ? stuffed.subarray(0, -loneDot)
        : unstuff(stuffed, stuffer.octets);
    },
    longLines: stuffer.longLines,
  });
};

/** The octets of the lone dot and its line end. */
const loneDot = 3;

/** What was stuffed here, without the dots and the lone dot. Unlike what comes from a peer, it has CRLF at the end of all lines. */
const unstuff = (stuffed: Uint8Array, size: number): Uint8Array => {
  const octets = new Uint8Array(size);
  let isLineStart = true;
  let at = 0;
  for (const octet of stuffed.subarray(0, -loneDot)) {
    if (!isLineStart || octet !== 0x2e) octets[at++] = octet;
    isLineStart = octet === 0x0a;
  }
  return octets;
};

/** Where a message has octets that only some servers take. */
const looks = (message: Uint8Array): Pick<Content, "eightBit" | "eightBitHeader"> => {
  let firstEightBit = 0;
  while (firstEightBit < message.length && message[firstEightBit]! < 0x80) firstEightBit++;
  const eightBit = firstEightBit < message.length;
  return { eightBit, eightBitHeader: eightBit && firstEightBit < headerEnd(message) };
};

/**
 * Looks a message over that may be binary, and keeps every octet of it. One that is made of lines after all, each of at most 998
 * octets with CRLF at its end, without NUL, is a message as from {@linkcode make}.
 *
 * @example A lone LF stays one
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const content = Content.binary(octets("Content-Transfer-Encoding: binary\r\n\r\n\0\n"));
 * assertEquals([content.isBinary, content.size, content.wire], [true, 39, undefined]);
 * assertEquals(Content.binary(octets("Subject: t\r\n\r\nhello\r\n")).isBinary, false);
 * ```
 */
export const binary = (message: Uint8Array): Content => {
  const lines = make(message, "strict");
  const isText = Result.isSuccess(lines) && lines.success.longLines.length === 0 && !message.includes(0);
  return isText
    ? lines.success
    : { ...looks(message), size: message.length, isBinary: true, wire: undefined, octets: message, longLines: [] };
};

/** Where the empty line that ends the header section begins, whatever the line ends are. */
const headerEnd = (message: Uint8Array): number => {
  const lf = 10;
  for (let at = message.indexOf(lf); at >= 0; at = message.indexOf(lf, at + 1)) {
    const next = message[at + 1];
    if (next === lf || (next === 13 && message[at + 2] === lf)) return at;
  }
  return message.length;
};
