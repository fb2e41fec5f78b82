/**
 * The mock socket: the server's part of a {@link https://jsr.io/@plausch/testing/doc/transcript | transcript}, played behind an
 * effect `Socket`. The code under test does not know that there is no network.
 *
 * The mock holds the client to its part. As soon as the client says an octet that the transcript does not have, or speaks
 * while it should listen, the connection is dropped, and {@linkcode MockPeer.verify} fails with the conversation and the first
 * difference. The socket errors that the client itself gets have the same error as their `cause`.
 *
 * No time passes but in `~` lines, and these follow effect's `Clock`: under `TestClock` they take as long as the test wants.
 *
 * @example Test a client
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import * as Socket from "effect/socket/Socket";
 * import { assertEquals } from "@std/assert";
 *
 * // The code under test. It says QUIT without waiting for the greeting.
 * const client = Effect.gen(function* () {
 *   const socket = yield* Socket.Socket;
 *   yield* socket.reader;
 *   const writer = yield* socket.writer;
 *   yield* Effect.ignore(writer.write("QUIT\r\n"));
 * });
 *
 * const script = Result.getOrThrow(Transcript.parse("< 220 mx.test\n> QUIT\n< 221 bye\n"));
 * const test = Effect.gen(function* () {
 *   yield* Effect.scoped(client);
 *   const peer = yield* MockSocket.MockPeer;
 *   yield* peer.verify;
 * });
 * const error = await Effect.runPromise(test.pipe(Effect.provide(MockSocket.layer(script)), Effect.flip));
 * assertEquals(error.message.split("\n"), [
 *   "Cannot follow the transcript: the client spoke before its turn",
 *   "",
 *   "  expected < 220 mx.test",
 *   "  actual   > QUIT",
 * ]);
 * ```
 *
 * @module
 */
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { Redacted } from "effect/Redacted";
import * as Socket from "effect/socket/Socket";
import * as Authenticator from "./_authenticator.ts";
import * as Connection from "./_mock_connection.ts";
import { type Cutter, ScriptedServer } from "./_scripted_server.ts";
import * as Transcript from "./transcript.ts";
import type { TranscriptMismatch } from "./transcript_mismatch.ts";

/**
 * How the server's octets reach the client, beside the marks in the transcript, which always hold.
 *
 * - `whole`: each turn of the server in one piece. The default.
 * - `octet`: every octet alone.
 * - a number: pieces of so many octets, counted from the start of a turn; at least 1.
 * - offsets: a piece begins at each of these octets, counted from 0 at the first that the server says.
 */
export type Chunking = "whole" | "octet" | number | ReadonlyArray<number>;

/** How a script is played. */
export interface Options {
  /** How the server's octets are cut. Default: `whole`. */
  readonly chunking?: Chunking | undefined;
  /**
   * The server closes after so many of its octets, be it in the middle of a line. With 0 it closes instead of saying anything. What
   * the transcript has behind that is not expected any more, and a further connection is refused. Loop it up to
   * `Transcript.serverOctets` to lose the connection at every octet.
   */
  readonly cutAfter?: number | undefined;
  /** What the reports of TLS handshakes say differently from those of `MockReport.make`. */
  readonly report?: Partial<TlsReport> | undefined;
  /** Settings of the handshake where the transcript begins a connection with it; others come from the client. */
  readonly tls?: TlsOptions | undefined;
  /** Octets that dialling writes before anything else, before TLS too, as a PROXY protocol header is. The transcript has to expect them. */
  readonly preface?: Uint8Array | undefined;
  /** The password or token of a user, for the challenges that the transcript leaves open (`< 334 \*`). Default: there are no users. */
  readonly user?: ((name: string) => Redacted<string> | undefined) | undefined;
}

/** A socket whose connections can be encrypted. */
export interface MockSocket extends Socket.Socket {
  /** Dials. The reader tells what is buffered, and begins TLS with all its settings. */
  readonly reader: Effect.Effect<TlsReader, Socket.SocketError, Scope.Scope>;
}

/** The other side of a mock socket. */
export interface MockPeer {
  /**
   * The client's socket, for as many connections as the transcript has. Another dial is a `SocketOpenError`; a write behind the end
   * of the connection is a `SocketWriteError`; a write before the dial waits for it. A TLS handshake fails with a
   * `SocketUpgradeError` whose cause is a `TlsError`.
   */
  readonly socket: MockSocket;
  /**
   * Whether the client has kept to the transcript, and has said all that it expects. Server lines that were not read are no
   * fault at the end. Call it when the client is done; with `* client closes`, when its scope is closed.
   */
  readonly verify: Effect.Effect<void, TranscriptMismatch>;
  /** What was said and done so far, as a transcript; what the server said is part of it once the client has read it. */
  readonly transcript: Effect.Effect<string>;
  /** The lines that the client has said so far, as transcripts write them, without `> `. */
  readonly heard: Effect.Effect<ReadonlyArray<string>>;
}

/**
 * The service key of {@linkcode MockPeer}.
 *
 * @example Look at what was said
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Socket from "effect/socket/Socket";
 * import { assertEquals } from "@std/assert";
 *
 * const heard = Effect.gen(function* () {
 *   const socket = yield* Socket.Socket;
 *   yield* socket.reader;
 *   const writer = yield* socket.writer;
 *   yield* writer.write("NOOP\r\nQU");
 *   const peer = yield* MockSocket.MockPeer;
 *   return yield* peer.heard;
 * });
 * const script = [Transcript.client("NOOP", "QUIT")];
 * const lines = await Effect.runPromise(heard.pipe(Effect.scoped, Effect.provide(MockSocket.layer(script))));
 * assertEquals(lines, ["NOOP", "QU\\"]);
 * ```
 */
export const MockPeer: Context.Service<MockPeer, MockPeer> = Context.Service<MockPeer>("@plausch/testing/MockPeer");

function* multiples(size: number, length: number): Iterable<number> {
  for (let at = size; at < length; at += size) yield at;
}

const cutAfterOf = (octets: number): number => {
  if (octets >= 0) return octets;
  throw new RangeError(`Cannot cut after ${octets} octets: use 0 or more`);
};

const cutterOf = (chunking: Chunking): Cutter => {
  if (chunking === "whole") return () => [];
  if (typeof chunking === "object") return (said) => chunking.map((offset) => offset - said);
  const size = chunking === "octet" ? 1 : chunking;
  if (!(Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot cut into chunks of ${size} octets: use 1 or more`);
  }
  return (_, length) => multiples(size, length);
};

/** A socket that makes these connections, one after another. */
const socketOf = (
  connections: ReadonlyArray<Connection.MockConnection>,
  isRefused: (index: number) => boolean,
  dialling: Connection.Dialling,
): MockSocket => {
  let dialled = 0;
  let current: Connection.MockConnection | undefined;

  const reader: MockSocket["reader"] = Effect.gen(function* () {
    const index = dialled;
    const connection = connections[index];
    if (connection === undefined || isRefused(index)) {
      const count = connections.length === 1 ? "one connection" : `${connections.length} connections`;
      return yield* Effect.fail(Connection.refused(`The transcript is for ${count}, and no more`));
    }
    dialled++;
    current = connection;
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (current === connection) current = undefined;
        connection.leave();
      })
    );
    yield* connection.dial(yield* Clock.Clock, dialling);
    const { pull, upgrade, startTls, buffered, tls } = connection;
    return { pull, upgrade, startTls, buffered, tls };
  });

  // Of the connection that stands, or else of the next one.
  const writer: MockSocket["writer"] = Effect.acquireRelease(
    Effect.sync(() => current ?? connections[dialled]),
    (connection) => Effect.sync(() => connection?.halfClose()),
  ).pipe(Effect.map((connection): Socket.Writer => {
    const writeAll: Socket.Writer["writeAll"] = (chunks) => connection?.write(chunks) ?? Effect.never;
    return {
      write: (chunk) => Socket.isCloseEvent(chunk) ? connection?.close(chunk) ?? Effect.never : writeAll([chunk]),
      writeAll,
    };
  }));

  return { ...Socket.make({ reader, writer }), reader };
};

/**
 * Plays a script. The connection ends with the scope.
 *
 * Dies with a `TranscriptError` where the steps make no conversation, such as a line behind `* server closes`, and with a
 * `RangeError` for chunks of less than one octet or a negative `cutAfter`: all are faults of the test.
 *
 * @example A greeting that comes too late, in no time
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Fiber from "effect/Fiber";
 * import * as TestClock from "effect/testing/TestClock";
 * import { assertEquals } from "@std/assert";
 *
 * const test = Effect.gen(function* () {
 *   const script = [Transcript.delay("6 minutes"), Transcript.server("220 mx.test")];
 *   const { socket } = yield* MockSocket.make(script);
 *   const { pull } = yield* socket.reader;
 *   const greeting = yield* Effect.forkChild(Effect.timeoutOption(pull, "5 minutes"));
 *   yield* TestClock.adjust("5 minutes");
 *   return yield* Fiber.join(greeting);
 * });
 * const greeting = await Effect.runPromise(test.pipe(Effect.scoped, Effect.provide(TestClock.layer())));
 * assertEquals(greeting._tag, "None");
 * ```
 */
export const make = (script: Transcript.Script, options: Options = {}): Effect.Effect<MockPeer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const checked = yield* Effect.orDie(Effect.fromResult(Transcript.parse(Transcript.format(script))));
    const parts = Transcript.connections(checked);
    const cutter = cutterOf(options.chunking ?? "whole");
    const cutAfter = cutAfterOf(options.cutAfter ?? Infinity);
    const hasOpenChallenges = checked.some((step) => step._tag === "Server" && step.gaps.length > 0);
    const servers: Array<ScriptedServer> = [];
    const playedBefore = (index: number): Transcript.Script =>
      servers.slice(0, index).flatMap((server) => [...server.played, Transcript.stage("new connection")]);
    let said = 0;
    const offsets = parts.map((part) => {
      const offset = said;
      said += Transcript.serverOctets(part);
      return offset;
    });
    const isCutAway = (index: number): boolean => index > 0 && cutAfter <= offsets[index]!;
    for (const [index, part] of parts.entries()) {
      const offset = offsets[index]!;
      servers.push(
        new ScriptedServer(part, {
          cutter: (said, length) => cutter(offset + said, length),
          cutAfter: Math.max(0, cutAfter - offset),
          authenticator: hasOpenChallenges ? Authenticator.make(options.user ?? (() => undefined)) : undefined,
          earlier: () => playedBefore(index),
        }),
      );
    }
    const connections = servers.map((server) => Connection.make(server, options.report ?? {}));
    yield* Effect.addFinalizer(() => Effect.sync(() => connections.forEach(({ leave }) => leave())));
    const transcript = Effect.sync(() => {
      const count = Math.max(1, servers.filter(({ hasClient }) => hasClient).length);
      return Transcript.format([...playedBefore(count - 1), ...servers[count - 1]!.played]);
    });
    return {
      socket: socketOf(connections, isCutAway, { preface: options.preface, tls: options.tls ?? {} }),
      verify: Effect.suspend(() => {
        const mismatches = servers.map((server, index) => isCutAway(index) ? undefined : server.verify());
        const mismatch = mismatches.find((found) => found !== undefined);
        return mismatch === undefined ? Effect.void : Effect.fail(mismatch);
      }),
      transcript,
      heard: Effect.map(
        transcript,
        (text) => text.split("\n").filter((line) => line.startsWith(">")).map((line) => line.slice(2)),
      ),
    };
  });

/**
 * A layer with the socket of {@linkcode make}, in the place of a live one, and with its {@linkcode MockPeer}.
 *
 * @example The same program, without a network
 * ```ts
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Socket from "effect/socket/Socket";
 * import { assertEquals } from "@std/assert";
 *
 * const greeting = Effect.gen(function* () {
 *   const socket = yield* Socket.Socket;
 *   const pull = yield* Socket.readerString(socket);
 *   return (yield* pull).join("");
 * });
 * const server = MockSocket.layer([Transcript.server("220 mx.test")]);
 * assertEquals(await Effect.runPromise(greeting.pipe(Effect.scoped, Effect.provide(server))), "220 mx.test\r\n");
 * ```
 */
export const layer = (script: Transcript.Script, options: Options = {}): Layer.Layer<Socket.Socket | MockPeer> =>
  Layer.effectContext(
    Effect.map(
      make(script, options),
      (peer) => Context.make(MockPeer, peer).pipe(Context.add(Socket.Socket, peer.socket)),
    ),
  );
