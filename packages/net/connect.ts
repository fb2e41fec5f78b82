/**
 * The live client: a connection to a host and port, or to a Unix socket, as an effect `Socket`.
 *
 * Acquiring `reader` dials, sends the `preface` if there is one, and speaks TLS if that was asked for; the scope of that acquisition owns the
 * connection. TCP_NODELAY is always set, because a conversation
 * of small messages would otherwise wait for delayed acknowledgements (RFC 896, RFC 1122 section 4.2.3.2).
 *
 * @example Dialling, speaking and hanging up
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as Listen from "@plausch/net/listen";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const greeting = Effect.gen(function* () {
 *   const listener = yield* Listen.listen({ host: "127.0.0.1", port: 0 });
 *   yield* Effect.forkScoped(listener.run((socket) =>
 *     Effect.gen(function* () {
 *       yield* socket.reader;
 *       const writer = yield* socket.writer;
 *       yield* writer.write("220 mx.example.test\r\n");
 *     })
 *   ));
 *   const socket = Connect.make({ host: listener.address, port: listener.port, connectTimeout: "5 seconds" });
 *   const reader = yield* socket.reader;
 *   const [first] = yield* reader.pull;
 *   return new TextDecoder().decode(first);
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(greeting)), "220 mx.example.test\r\n");
 * ```
 *
 * @module
 */
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import { Connection } from "./_connection.ts";
import { dial, inTime } from "./_dial.ts";
import { toReader } from "./_reader.ts";
import { closed } from "./_errors.ts";
import * as ConnectionInfo from "./connection_info.ts";
import type { NetSocket } from "./net_socket.ts";

/** What every dialled connection can be told. */
export interface DialOptions {
  /** How long to wait for the connection, name look-up included; 30 seconds by default. TLS has a time-out of its own. */
  readonly connectTimeout?: Duration.Input | undefined;
  /**
   * Speaks TLS from the first octet (RFC 8314, section 3.3). The name to check is `servername`, or else `host`; a Unix socket has
   * no other than `servername`.
   */
  readonly tls?: TlsOptions | undefined;
  /**
   * Octets to send in clear before anything else, TLS too: a header of `ProxyProtocol`. If they cannot be sent within another
   * `connectTimeout`, the connection fails to open.
   */
  readonly preface?: Uint8Array | undefined;
}

/** A host and a port to dial. */
export interface TcpOptions extends DialOptions {
  /** A name, or an IP address without brackets. The addresses of a name are tried in turn, each for at most 3 seconds but the last. */
  readonly host: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** The IP version to dial, where `host` is a name. By default both. */
  readonly family?: 4 | 6 | undefined;
  /** The address of this machine to dial from. It has to be of the family of the host. */
  readonly localAddress?: string | undefined;
  /** Only in {@linkcode UnixOptions}. */
  readonly path?: undefined;
}

/** A Unix socket to dial, as LMTP servers have it. */
export interface UnixOptions extends DialOptions {
  /** The path of the socket in the file system. */
  readonly path: string;
  /** Only in {@linkcode TcpOptions}. */
  readonly host?: undefined;
}

/** Where to dial, and how. */
export type ConnectOptions = TcpOptions | UnixOptions;

/**
 * A socket that dials anew each time its `reader` is acquired.
 *
 * Fails to acquire with a `SocketOpenError` that keeps the cause (kind `Timeout` when the time was over), or, with `tls`, with a
 * `SocketUpgradeError` whose cause is a `TlsError`. `OpenFailure.explain` puts both into words. A write made while there is no connection waits for the next
 * one, as effect's `Socket` has it: put a time-out around it, or acquire the reader first.
 *
 * @example Nothing listens on port 1
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const socket = Connect.make({ host: "127.0.0.1", port: 1 });
 * const error = await Effect.runPromise(Effect.flip(Effect.scoped(socket.reader)));
 * assertEquals(error.reason._tag, "SocketOpenError");
 * ```
 */
export const make = (options: ConnectOptions): NetSocket => {
  const dialled = new Dialled(options);
  const write: Socket.Writer["write"] = (chunk) =>
    Effect.suspend(() => {
      const { current } = dialled;
      if (current === undefined) return dialled.whenConnected(write(chunk));
      if (!Socket.isCloseEvent(chunk)) return current.write([chunk]);
      current.close(() => closed(chunk.code, chunk.reason));
      return Effect.void;
    });
  const writeAll: Socket.Writer["writeAll"] = (chunks) =>
    Effect.suspend(() => dialled.current?.write(chunks) ?? dialled.whenConnected(writeAll(chunks)));
  const end = Effect.sync(() => dialled.current?.end());
  const writer: NetSocket["writer"] = Effect.flatMap(
    Effect.scope,
    (scope) => Effect.as(Scope.addFinalizer(scope, end), { write, writeAll }),
  );
  const reader = connect(dialled);
  return {
    ...Socket.make({ reader, writer }),
    reader,
    connection: () => dialled.info,
    tls: () => dialled.latest?.tls,
  };
};

/** Where a socket has come to. */
class Dialled {
  readonly options: ConnectOptions;
  current: Connection | undefined = undefined;
  latest: Connection | undefined = undefined;
  info: ConnectionInfo.ConnectionInfo | undefined = undefined;
  /** Opens with the next connection. There is one only while somebody waits for that. */
  #connected: Latch.Latch | undefined = undefined;

  constructor(options: ConnectOptions) {
    this.options = options;
  }

  connected(connection: Connection): void {
    this.current = connection;
    this.#connected?.openUnsafe();
    this.#connected = undefined;
  }

  whenConnected<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    this.#connected ??= Latch.makeUnsafe(false);
    return Effect.andThen(this.#connected.await, effect);
  }

  startTls(connection: Connection, tls: TlsOptions): Effect.Effect<TlsReport, Socket.SocketError> {
    return connection.startTls({ ...tls, servername: tls.servername ?? this.options.host });
  }
}

const connect: (dialled: Dialled) => NetSocket["reader"] = Effect.fnUntraced(function* (dialled) {
  const { options } = dialled;
  const scope = yield* Effect.scope;
  let hangUp = () => {};
  // Before the dial, so that there is no moment in which an open socket belongs to nobody.
  yield* Scope.addFinalizer(scope, Effect.sync(() => hangUp()));
  const raw = yield* dial(options, (socket) => {
    hangUp = () => void socket.destroy();
  });
  const live = new Connection(raw, "client");
  hangUp = () => {
    if (dialled.current === live) dialled.current = undefined;
    live.close();
  };
  dialled.latest = live;
  dialled.info = ConnectionInfo.fromSocket(raw, options.path);
  if (options.preface !== undefined) {
    yield* inTime(options, live.write([options.preface]), "The preface was not taken");
  }
  if (options.tls !== undefined) yield* dialled.startTls(live, options.tls);
  dialled.connected(live);
  return toReader(live, (tls) => dialled.startTls(live, tls));
});

/**
 * A layer with a socket for {@linkcode make}'s options.
 *
 * @example A program that asks for a Socket
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import { assert } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Socket from "effect/socket/Socket";
 *
 * const program = Effect.map(Effect.service(Socket.Socket), Socket.isSocket);
 * const layer = Connect.layer({ host: "127.0.0.1", port: 25 });
 * assert(await Effect.runPromise(Effect.provide(program, layer)));
 * ```
 */
export const layer = (options: ConnectOptions): Layer.Layer<Socket.Socket> =>
  Layer.sync(Socket.Socket, () => make(options));
