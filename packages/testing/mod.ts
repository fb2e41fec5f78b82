/**
 * Test mail code without a network: scripted servers from transcripts, and a recorder that writes transcripts.
 *
 * A {@linkcode Transcript} is a text with `<` lines for the server and `>` lines for the client. {@linkcode MockSocket} plays the
 * server's part behind an effect `Socket` and holds the client to its own. {@linkcode Recorder} makes a transcript from
 * a live conversation. Any protocol of lines will do; of SMTP it knows TLS, AUTH and chunks.
 *
 * @example A client that says what it should
 * ```ts
 * import { MockSocket, Transcript } from "@plausch/testing";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 *   < 220 mx.test
 *   > QUIT
 *   < 221 bye
 * `));
 * const test = Effect.gen(function* () {
 *   const peer = yield* MockSocket.make(script);
 *   const { pull } = yield* peer.socket.reader;
 *   const { write } = yield* peer.socket.writer;
 *   yield* pull;
 *   yield* write("QUIT\r\n");
 *   yield* pull;
 *   yield* peer.verify;
 *   return yield* peer.heard;
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(test)), ["QUIT"]);
 * ```
 *
 * @module
 */

/** Reports of TLS handshakes that never were. */
export * as MockReport from "./mock_report.ts";
/** A server from a script, behind an effect `Socket`. */
export * as MockSocket from "./mock_socket.ts";
/** A socket that writes down what is said through it. */
export * as Recorder from "./recorder.ts";
/** Conversations as text and as steps. */
export * as Transcript from "./transcript.ts";
/** The error of a text that is no transcript. */
export * as TranscriptError from "./transcript_error.ts";
/** The error of a client that left its transcript. */
export * as TranscriptMismatch from "./transcript_mismatch.ts";
