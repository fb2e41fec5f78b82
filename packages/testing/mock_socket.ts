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
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Notation from "./_notation.ts";
import { type Cutter, type Heard, ScriptedServer } from "./_scripted_server.ts";
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
   * the transcript has behind that is not expected any more. Loop it up to `Transcript.serverOctets` to lose the
   * connection at every octet.
   */
  readonly cutAfter?: number | undefined;
}

/** The other side of a mock socket. */
export interface MockPeer {
  /**
   * The client's socket, for one connection. Dialling again is a `SocketOpenError`; a write behind the end of the connection is a
   * `SocketWriteError`; a write before the dial waits for it.
   */
  readonly socket: Socket.Socket;
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

const failed = (reason: Socket.SocketErrorReason): Socket.SocketError => new Socket.SocketError({ reason });

const closed = (code: number, closeReason?: string): Socket.SocketError =>
  failed(new Socket.SocketCloseError(closeReason === undefined ? { code } : { code, closeReason }));

const coded = (code: string, text: string): Error => Object.assign(new Error(text), { code });

const readError = (server: ScriptedServer, how: "closed" | "dropped" | "left"): Socket.SocketError => {
  if (server.mismatch !== undefined) return failed(new Socket.SocketReadError({ cause: server.mismatch }));
  if (how === "closed") return closed(1000);
  if (how === "left") return closed(1006);
  return failed(new Socket.SocketReadError({ cause: coded("ECONNRESET", "The server has dropped the connection") }));
};

const writeError = (server: ScriptedServer): Socket.SocketError =>
  failed(
    new Socket.SocketWriteError({ cause: server.mismatch ?? coded("EPIPE", "The connection is closed") }),
  );

const upgradeError = (server: ScriptedServer, heard: Heard): Socket.SocketError => {
  const text = heard === "tlsFailed" ? "The TLS handshake failed" : "The connection is closed";
  return failed(new Socket.SocketUpgradeError({ cause: server.mismatch ?? coded("ECONNRESET", text) }));
};

const now: Effect.Effect<number> = Clock.clockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()));

const makeSocket = (
  server: ScriptedServer,
): { readonly socket: Socket.Socket; readonly leave: Effect.Effect<void> } => {
  const connected = Latch.makeUnsafe(false);
  let waiting: Array<() => void> = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  const changedSince = (version: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      // Another fiber may have run between the look and this.
      if (server.version !== version) return resume(Effect.void);
      const entry = () => resume(Effect.void);
      waiting.push(entry);
      return Effect.sync(() => {
        waiting = waiting.filter((other) => other !== entry);
      });
    });

  /** Why the client has closed the connection, where it said so. */
  let farewell: Socket.CloseEvent | undefined;

  const pull: Socket.Reader<Uint8Array>["pull"] = Effect.flatMap(now, (now) => {
    if (server.mismatch !== undefined) return Effect.fail(readError(server, "dropped"));
    const taken = server.take(now);
    switch (taken._tag) {
      case "Octets":
        return Effect.succeed([taken.octets] as const);
      case "Over":
        return Effect.fail(
          farewell === undefined ? readError(server, taken.how) : closed(farewell.code, farewell.reason),
        );
      case "Nothing": {
        const changed = changedSince(server.version);
        // The server's clock runs from when it began to wait, so an interrupted pull does not begin the delay anew.
        const due = taken.millis === Infinity
          ? changed
          : Effect.raceFirst(Effect.sleep(Duration.millis(taken.millis)), changed);
        return Effect.andThen(due, pull);
      }
    }
  });

  const upgrade: Socket.Reader["upgrade"] = () =>
    Effect.flatMap(now, (now) => {
      const heard = server.startTls(now);
      wake();
      return heard === "taken" ? Effect.void : Effect.fail(upgradeError(server, heard));
    });

  const leave = Effect.sync(() => {
    server.leave();
    wake();
  });
  const reader: Socket.Socket["reader"] = Effect.acquireRelease(
    Effect.flatMap(now, (now) => {
      if (server.connect(now)) {
        connected.openUnsafe();
        return Effect.succeed({ pull, upgrade });
      }
      const cause = coded("ECONNREFUSED", "The transcript is for one connection, and that was made before");
      return Effect.fail(failed(new Socket.SocketOpenError({ kind: "Unknown", cause })));
    }),
    () => leave,
  );

  const writeAll: Socket.Writer["writeAll"] = (chunks) =>
    connected.whenOpen(Effect.flatMap(now, (now) => {
      const octets = chunks.map((chunk) => typeof chunk === "string" ? Notation.encode(chunk) : chunk);
      const heard = server.hear(octets.length === 1 ? octets[0]! : Notation.concat(octets), now);
      wake();
      return heard === "taken" ? Effect.void : Effect.fail(writeError(server));
    }));
  const write: Socket.Writer["write"] = (chunk) => {
    if (!Socket.isCloseEvent(chunk)) return writeAll([chunk]);
    return connected.whenOpen(Effect.suspend(() => {
      farewell ??= chunk;
      return leave;
    }));
  };
  const writer: Socket.Socket["writer"] = Effect.acquireRelease(
    Effect.succeed({ write, writeAll }),
    () =>
      Effect.sync(() => {
        server.halfClose();
        wake();
      }),
  );
  return { socket: Socket.make({ reader, writer }), leave };
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
    const server = new ScriptedServer(
      checked,
      cutterOf(options.chunking ?? "whole"),
      cutAfterOf(options.cutAfter ?? Infinity),
    );
    const { socket } = yield* Effect.acquireRelease(
      Effect.sync(() => makeSocket(server)),
      ({ leave }) => leave,
    );
    const transcript = Effect.sync(() => Transcript.format(server.played));
    return {
      socket,
      verify: Effect.suspend(() => {
        const mismatch = server.verify();
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
