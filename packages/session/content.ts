/**
 * A message as it goes over the wire after DATA: line ends by policy, dots stuffed, the lone dot at its end. The message
 * itself is looked at once, for what MAIL has to declare.
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

/** A message, ready to be sent as often as needed. */
export interface Content {
  /** Its size in octets with CRLF line ends, before stuffing and without the lone dot: the value of SIZE (RFC 1870). */
  readonly size: number;
  /** Whether any octet has its high bit set, so that 8BITMIME is needed (RFC 6152). */
  readonly eightBit: boolean;
  /** Whether such an octet stands in the header section, so that SMTPUTF8 is due (RFC 6532). */
  readonly eightBitHeader: boolean;
  /** The octets that go over the wire after 354, with the lone dot. */
  readonly wire: Uint8Array;
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
  const wire = new Uint8Array(DotStuffing.bound(message.length) + DotStuffing.bound(0));
  const at = stuffer.pushInto(message, wire, 0);
  const end = stuffer.failure === undefined ? stuffer.finishInto(wire, at) : at;
  if (stuffer.failure !== undefined) return Result.fail(stuffer.failure);
  let firstEightBit = 0;
  while (firstEightBit < message.length && message[firstEightBit]! < 0x80) firstEightBit++;
  return Result.succeed({
    size: stuffer.octets,
    eightBit: firstEightBit < message.length,
    eightBitHeader: firstEightBit < message.length && firstEightBit < headerEnd(message),
    wire: wire.subarray(0, end),
    longLines: stuffer.longLines,
  });
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
