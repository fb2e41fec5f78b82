/**
 * The recorder: a socket that writes down what is said through it, as a transcript that the mock socket can play.
 *
 * Record a conversation with a real server once, keep the text, and test against it without a network from then on.
 *
 * What is written down: the octets of both sides in the order in which the client wrote and read them, also what is said under
 * TLS; TLS handshakes with what they came to; and who ended the connection and how. The pieces that octets come in and delays are not,
 * since a network gives other ones each time; add them by hand where they matter. Octets count as said when the client begins to
 * write them.
 *
 * Credentials are not written down. Where the client says them, the transcript has `\*`, so any other credentials will do when it is
 * replayed; where the server repeats them, `***`. Challenges that would help to guess a password are `334 \*`: the mock socket
 * makes others, for the users that it is told.
 *
 * @example Record, then replay
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Recorder from "@plausch/testing/recorder";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import type * as Socket from "effect/socket/Socket";
 * import { assertEquals } from "@std/assert";
 *
 * const client = (socket: Socket.Socket) =>
 *   Effect.scoped(Effect.gen(function* () {
 *     const { pull } = yield* socket.reader;
 *     const { write } = yield* socket.writer;
 *     yield* pull;
 *     yield* write("QUIT\r\n");
 *     yield* pull;
 *   }));
 *
 * const test = Effect.gen(function* () {
 *   // In the place of a live socket, to keep this example off the network.
 *   const server = yield* MockSocket.make([
 *     Transcript.server("220 mx.test"),
 *     Transcript.client("QUIT"),
 *     Transcript.server("221 bye"),
 *   ]);
 *   const recorder = Recorder.wrap(server.socket);
 *   yield* client(recorder.socket);
 *   const text = yield* recorder.transcript;
 *   assertEquals(text, "< 220 mx.test\n> QUIT\n< 221 bye\n* client closes\n");
 *
 *   const replay = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(text)));
 *   yield* client(replay.socket);
 *   yield* replay.verify;
 * });
 * await Effect.runPromise(Effect.scoped(test));
 * ```
 *
 * @module
 */
import { TlsError } from "@plausch/tls/tls-error";
import { isTlsReader, type TlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Effect from "effect/Effect";
import type { Redacted } from "effect/Redacted";
import * as Socket from "effect/socket/Socket";
import * as Notation from "./_notation.ts";
import { redacted } from "./_redaction.ts";
import { joined } from "./_turns.ts";
import * as Transcript from "./transcript.ts";

/** A line that is about to be written down. */
export interface Line {
  /** Who says it. */
  readonly from: "client" | "server";
  /** What it says, without its line end and without credentials; text as from `Octets.decode` of `@plausch/smtp`. */
  readonly text: string;
  /** The latest line of the other side: what this one answers. */
  readonly answers: string | undefined;
}

/** How a conversation is written down. */
export interface Options {
  /**
   * Passwords and tokens that must not be seen wherever they stand, also in messages. Those that the client says in AUTH are known without
   * it.
   */
  readonly secrets?: Iterable<Redacted<string>> | undefined;
  /**
   * Gives the text to write down for a line: the same to keep it octet by octet, another to hide what is personal. It is called
   * again for all lines each time the transcript is asked for. Give the replayed client the values that the mask wrote down.
   */
  readonly mask?: ((line: Line) => string) | undefined;
}

/** A socket, and what was said through it. */
export interface Recorder {
  /** The socket to use instead of the wrapped one. */
  readonly socket: Socket.Socket;
  /** The transcript up to now, of all connections; empty before there is one. */
  readonly transcript: Effect.Effect<string>;
}

/** How the end of a connection is written down. */
const endOf = ({ reason }: Socket.SocketError): Transcript.Direction =>
  reason._tag === "SocketCloseError" && reason.code === 1000 ? "server closes" : "server drops";

/** How a handshake that failed is written down. */
const handshakeOf = (error: Socket.SocketError): ReadonlyArray<Transcript.Direction> => {
  const cause = error.reason._tag === "SocketUpgradeError" ? error.reason.cause : undefined;
  if (!(cause instanceof TlsError)) return ["tls fails"];
  const { reason, report } = cause;
  switch (reason) {
    case "CertificateRefused":
      return [report === undefined ? "tls starts, no-certificate" : startOf(report), "client closes"];
    case "ConnectionClosed":
      return ["server closes"];
    case "Timeout":
      return ["tls never answers", "client closes"];
    case "BadOptions":
    case "Unavailable":
      return [];
    case "Alert":
    case "NotTls":
      return ["tls fails"];
  }
};

/** How a handshake that went through is written down. */
const startOf = ({ verification }: TlsReport): Transcript.Direction =>
  verification.verified ? "tls starts" : `tls starts, ${verification.fault}`;

/** What is written down of one connection. */
class Conversation {
  readonly steps: Array<Transcript.Step> = [];
  #isOver = false;

  add(step: Transcript.Step): void {
    if (!this.#isOver) this.steps.push(step);
  }

  end(direction: Transcript.Direction): void {
    this.add(Transcript.stage(direction));
    this.#isOver = true;
  }

  /** A handshake goes through, or ends the connection. */
  readonly watch = <A>(
    handshake: Effect.Effect<A, Socket.SocketError>,
    start: (made: A) => Transcript.Direction,
  ): Effect.Effect<A, Socket.SocketError> =>
    handshake.pipe(
      Effect.tap((made) => Effect.sync(() => this.add(Transcript.stage(start(made))))),
      Effect.tapError((error) => Effect.sync(() => this.failed(error))),
      Effect.onInterrupt(() => Effect.sync(() => this.add(Transcript.stage("tls never answers")))),
    );

  failed(error: Socket.SocketError): void {
    const directions = handshakeOf(error);
    for (const direction of directions) this.add(Transcript.stage(direction));
    if (directions.length > 0) this.#isOver = true;
  }
}

const octetsOf = (chunk: Uint8Array | string): Uint8Array =>
  typeof chunk === "string" ? Notation.encode(chunk) : chunk.slice();

/**
 * Wraps a socket, live or not. Each dial adds a connection to the transcript.
 *
 * @example A password, and a server that repeats it
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Recorder from "@plausch/testing/recorder";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const test = Effect.gen(function* () {
 *   const server = yield* MockSocket.make([
 *     Transcript.client("AUTH PLAIN AHRpbQB3b25kZXJsYW5k"),
 *     Transcript.server("535 5.7.8 wonderland is wrong"),
 *   ]);
 *   const recorder = Recorder.wrap(server.socket);
 *   const { pull } = yield* recorder.socket.reader;
 *   const { write } = yield* recorder.socket.writer;
 *   yield* write("AUTH PLAIN AHRpbQB3b25kZXJsYW5k\r\n");
 *   yield* pull;
 *   assertEquals(yield* recorder.transcript, "> AUTH PLAIN \\*\n< 535 5.7.8 *** is wrong\n");
 * });
 * await Effect.runPromise(Effect.scoped(test));
 * ```
 */
export const wrap = (socket: Socket.Socket, options: Options = {}): Recorder => {
  const conversations: Array<Conversation> = [];
  let current = new Conversation(); // gets what is written

  const reader: Socket.Socket["reader"] = Effect.gen(function* () {
    const conversation = current;
    const live = yield* Effect.tapError(socket.reader, (error) =>
      Effect.sync(() => {
        if (error.reason._tag !== "SocketUpgradeError") return;
        conversation.failed(error);
        conversations.push(conversation);
        current = new Conversation();
      }));
    conversations.push(conversation);
    const hangUp = Effect.sync(() => {
      conversation.end("client closes");
      if (current === conversation) current = new Conversation();
    });
    // Finalizers run in reverse order, so this one comes before the live one, which makes a waiting pull fail.
    yield* Effect.addFinalizer(() => hangUp);
    const pull = live.pull.pipe(
      Effect.tap((chunks) => Effect.sync(() => conversation.add(Transcript.server(...chunks.map(octetsOf))))),
      Effect.tapError((error) => Effect.sync(() => conversation.end(endOf(error)))),
    );
    if (!isTlsReader(live)) {
      return { pull, upgrade: (tls) => conversation.watch(live.upgrade(tls), () => "tls starts") };
    }
    const implicit = live.tls();
    if (implicit !== undefined) conversation.add(Transcript.stage(startOf(implicit)));
    const startTls: TlsReader["startTls"] = (tls) => conversation.watch(live.startTls(tls), startOf);
    const upgrade: TlsReader["upgrade"] = (tls) => Effect.asVoid(startTls(tls));
    return { pull, upgrade, startTls, buffered: () => live.buffered(), tls: () => live.tls() } satisfies TlsReader<
      Uint8Array | string
    >;
  });

  const say = (chunks: ReadonlyArray<Uint8Array | string>): Effect.Effect<void> =>
    Effect.sync(() => current.add(Transcript.client(...chunks.map(octetsOf))));
  const writer: Socket.Socket["writer"] = Effect.map(socket.writer, (live): Socket.Writer => ({
    write: (chunk) =>
      Effect.andThen(
        Socket.isCloseEvent(chunk) ? Effect.sync(() => current.end("client closes")) : say([chunk]),
        live.write(chunk),
      ),
    writeAll: (chunks) => Effect.andThen(say(chunks), live.writeAll(chunks)),
  }));

  const { secrets, mask } = options;
  return {
    socket: Socket.make({ reader, writer }),
    transcript: Effect.sync(() => {
      const scripts = conversations.map(({ steps }) => joined(steps)).filter((steps) => steps.length > 0);
      const script = scripts.flatMap((steps, index) => index === 0 ? steps : [newConnection, ...steps]);
      return Transcript.format(redacted(script, { secrets, mask }));
    }),
  };
};

const newConnection = Transcript.stage("new connection");
