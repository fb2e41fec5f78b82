/**
 * Lines and dots: how SMTP puts commands, replies and messages on the wire.
 *
 * Three parts, none of which knows a socket: {@linkcode LineDecoder} cuts a stream into lines, {@linkcode DotStuffing} makes
 * a message ready to send after DATA, {@linkcode DotUnstuffing} takes it off the wire. All are incremental, use constant
 * memory, and give the same result however the octets were cut. They do not know what a line means; that is
 * `@plausch/smtp`.
 *
 * @example A message to the wire and back
 * ```ts
 * import { DotStuffing, DotUnstuffing } from "@plausch/line";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("Subject: dots\r\n\r\n.one\r\n..two\r\n");
 * const wire = Result.getOrThrow(DotStuffing.encode(message));
 * assertEquals(Result.getOrThrow(DotUnstuffing.decode(wire)).message, message);
 * ```
 *
 * @module
 */

/** A connection that hands octets over the moment they come. */
export * as DirectReader from "./direct_reader.ts";
/** A message made ready for the wire: line ends, dots, and the lone dot behind it. */
export * as DotStuffing from "./dot_stuffing.ts";
/** A message taken off the wire: added dots removed, and its end found. */
export * as DotUnstuffing from "./dot_unstuffing.ts";
/** A stream cut into lines, strictly at CRLF or leniently with warnings, within limits. */
export * as LineDecoder from "./line_decoder.ts";
/** The error of this package, with the offset of the octet at fault. */
export * as LineError from "./line_error.ts";
