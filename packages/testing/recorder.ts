/**
 * The recorder: a socket that writes down what is said through it, as a transcript that the mock socket can play.
 *
 * Record a conversation with a real server once, keep the text, and test against it without a network from then on.
 *
 * What is written down: the octets of both sides in the order in which the client wrote and read them, upgrades to TLS, and who
 * ended the connection and how. Chunks and delays are not, since a network gives other ones each time; add them by hand
 * where they matter. Octets count as said when the client begins to write them.
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
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import * as Notation from "./_notation.ts";
import { joined } from "./_turns.ts";
import * as Transcript from "./transcript.ts";

/** A line that is about to be written down. */
export interface Line {
  /** Who says it. */
  readonly from: "client" | "server";
  /** What it says, without its line end; octets that are no UTF-8 are U+FFFD. */
  readonly text: string;
  /** The latest line of the other side: what this one answers. */
  readonly answers: string | undefined;
}

/** How a conversation is written down. */
export interface Options {
  /**
   * Gives the text to write down for a line: the same to keep it octet by octet, another to hide a secret. It is called
   * again for all lines each time the transcript is asked for. Both sides may say secrets, and AUTH puts them into lines of
   * their own (RFC 4954 section 4). Give the replayed client the credentials that the mask wrote down.
   */
  readonly mask?: ((line: Line) => string) | undefined;
}

/** A socket, and what was said through it. */
export interface Recorder {
  /** The socket to use instead of the wrapped one. */
  readonly socket: Socket.Socket;
  /** The transcript of the latest connection up to now; empty before there is one. */
  readonly transcript: Effect.Effect<string>;
}

const masked = (script: Transcript.Script, mask: (line: Line) => string): Transcript.Script => {
  const steps: Array<Transcript.Step> = [];
  const latest: { client: string | undefined; server: string | undefined } = { client: undefined, server: undefined };
  for (const step of script) {
    if (step._tag !== "Server" && step._tag !== "Client") {
      steps.push(step);
      continue;
    }
    const [from, other] = step._tag === "Client" ? ["client", "server"] as const : ["server", "client"] as const;
    for (let at = 0; at < step.octets.length;) {
      const end = Notation.lineEnd(step.octets, at);
      const textEnd = Notation.endsWithCrlf(step.octets, at, end) ? end - 2 : end;
      const text = Notation.decodeLossy(step.octets.subarray(at, textEnd));
      const kept = mask({ from, text, answers: latest[other] });
      const octets = kept === text
        ? step.octets.subarray(at, end)
        : Notation.concat([Notation.encode(kept), step.octets.subarray(textEnd, end)]);
      steps.push(from === "client" ? Transcript.client(octets) : Transcript.server(octets));
      latest[from] = text;
      at = end;
    }
  }
  return steps;
};

/** How the end of a connection is written down. */
const endOf = ({ reason }: Socket.SocketError): Transcript.Direction =>
  reason._tag === "SocketCloseError" && reason.code === 1000 ? "server closes" : "server drops";

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
}

const octetsOf = (chunk: Uint8Array | string): Uint8Array =>
  typeof chunk === "string" ? Notation.encode(chunk) : chunk.slice();

/**
 * Wraps a socket, live or not. Each dial begins a new transcript.
 *
 * @example Hide what answers a 334
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Recorder from "@plausch/testing/recorder";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const test = Effect.gen(function* () {
 *   const server = yield* MockSocket.make([Transcript.server("334 UGFzc3dvcmQ6"), Transcript.client("c2VjcmV0")]);
 *   const recorder = Recorder.wrap(server.socket, {
 *     mask: ({ from, text, answers }) => from === "client" && answers?.startsWith("334") ? "bWFza2Vk" : text,
 *   });
 *   const { pull } = yield* recorder.socket.reader;
 *   const { write } = yield* recorder.socket.writer;
 *   yield* pull;
 *   yield* write("c2VjcmV0\r\n");
 *   assertEquals(yield* recorder.transcript, "< 334 UGFzc3dvcmQ6\n> bWFza2Vk\n");
 * });
 * await Effect.runPromise(Effect.scoped(test));
 * ```
 */
export const wrap = (socket: Socket.Socket, options: Options = {}): Recorder => {
  const { mask } = options;
  let current = new Conversation(); // gets what is written
  let latest = current; // the one that was dialled

  const reader: Socket.Socket["reader"] = Effect.gen(function* () {
    const live = yield* socket.reader;
    const conversation = current;
    latest = conversation;
    const hangUp = Effect.sync(() => {
      conversation.end("client closes");
      if (current === conversation) current = new Conversation();
    });
    // Finalizers run in reverse order, so this one comes before the live one, which makes a waiting pull fail.
    yield* Effect.addFinalizer(() => hangUp);
    return {
      ...live,
      pull: live.pull.pipe(
        Effect.tap((chunks) => Effect.sync(() => conversation.add(Transcript.server(...chunks.map(octetsOf))))),
        Effect.tapError((error) => Effect.sync(() => conversation.end(endOf(error)))),
      ),
      upgrade: (tls) =>
        live.upgrade(tls).pipe(
          Effect.tap(Effect.sync(() => conversation.add(Transcript.stage("tls starts")))),
          Effect.tapError(() => Effect.sync(() => conversation.end("tls fails"))),
        ),
    };
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

  return {
    socket: Socket.make({ reader, writer }),
    transcript: Effect.sync(() => {
      const script = joined(latest.steps);
      return Transcript.format(mask === undefined ? script : masked(script, mask));
    }),
  };
};
