/**
 * The live listener: each connection that arrives is an effect `Socket` in a scope and a fiber of its own.
 *
 * What one connection does never reaches another: a handler that fails or dies ends its own connection only. When a handler
 * returns, its last octets still go out: the listener says it is done, and waits a little for the peer to be done too, because
 * closing with octets unread would reset the connection and could take the last reply with it.
 *
 * @example An echo
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as Listen from "@plausch/net/listen";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const echoed = Effect.gen(function* () {
 *   const listener = yield* Listen.listen();
 *   yield* Effect.forkScoped(listener.run((socket) =>
 *     Effect.gen(function* () {
 *       const reader = yield* socket.reader;
 *       const writer = yield* socket.writer;
 *       while (true) yield* writer.writeAll(yield* reader.pull);
 *     })
 *   ));
 *   const socket = Connect.make({ host: listener.address, port: listener.port });
 *   const reader = yield* socket.reader;
 *   const writer = yield* socket.writer;
 *   yield* writer.write("NOOP\r\n");
 *   return new TextDecoder().decode((yield* reader.pull)[0]);
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(echoed)), "NOOP\r\n");
 * ```
 *
 * @module
 */
import * as Cause from "effect/Cause";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { constVoid } from "effect/Function";
import * as Queue from "effect/Queue";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as dns from "node:dns";
import * as net from "node:net";
import { toSocket } from "./_accepted.ts";
import { bindable } from "./_bind_check.ts";
import { Connection } from "./_connection.ts";
import { announced } from "./_announced.ts";
import * as ConnectionInfo from "./connection_info.ts";
import { ListenError } from "./listen_error.ts";
import type { NetSocket } from "./net_socket.ts";
import { ProxyError } from "./proxy_error.ts";

/** Where to listen, and how much to take on. */
export interface ListenOptions {
  /** An IP address of this machine without brackets, or a name for one; `127.0.0.1` by default: this machine only. */
  readonly host?: string | undefined;
  /** The port; 0, the default, lets the system choose a free one. */
  readonly port?: number | undefined;
  /**
   * Listens on a Unix socket at this path instead. Nothing may be there: a file that a dead server has left is not removed, because only
   * its owner knows that it is dead. Closing the listener removes its own.
   */
  readonly path?: string | undefined;
  /** Connections at one time, 1000 by default; those beyond are closed at once. */
  readonly maxConnections?: number | undefined;
  /** What a connection beyond the limit is told before it is closed, for instance `"421 4.7.0 Too many connections\r\n"`. */
  readonly refusal?: string | undefined;
  /**
   * Every connection has to begin with a PROXY header, of version 1 or 2, and its handler is told the ends that it names. A connection
   * that begins otherwise is closed without a word. Off by default: who could connect directly would be believed whatever it says.
   */
  readonly proxyProtocol?: boolean | undefined;
  /** How long to wait for the PROXY header; 5 seconds by default. It comes at once, but for a packet that is lost. */
  readonly proxyTimeout?: Duration.Input | undefined;
  /** How long to wait, after a handler has returned, for the peer to take the last octets and to close; 2 seconds by default. */
  readonly lingerTimeout?: Duration.Input | undefined;
  /** How long handlers may take to wind up when the listener closes, before their connections are cut; 2 seconds by default. */
  readonly closeTimeout?: Duration.Input | undefined;
}

/** Serves one connection. The socket is closed when it returns or fails; its scope is the connection's. */
export type Handler<E = unknown, R = never> = (
  socket: NetSocket,
  info: ConnectionInfo.ConnectionInfo,
) => Effect.Effect<unknown, E, R>;

/** A socket that listens, until the scope that it was made in closes. */
export interface Listener {
  /** The address that it is bound to, or the path of a Unix socket. */
  readonly address: string;
  /** The port that it is bound to, also when port 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
  /** How many connections are open now. */
  readonly connections: () => number;
  /**
   * Serves connections until it is interrupted, and so are the handlers then. Connections that arrive before wait for it. It is
   * interrupted itself when the listener closes. A handler that fails is logged: at level debug when the connection broke, else
   * as a warning.
   */
  readonly run: <E, R>(handler: Handler<E, R>) => Effect.Effect<never, never, Exclude<R, Scope.Scope>>;
}

/**
 * Listens. The scope owns the listener and all its connections: closing it stops listening, interrupts the handlers, waits for them
 * up to `closeTimeout` and then cuts what is left. Fails with a `ListenError` that keeps the cause.
 *
 * @example A free port on loopback
 * ```ts
 * import * as Listen from "@plausch/net/listen";
 * import { assert, assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const listener = await Effect.runPromise(Effect.scoped(Listen.listen()));
 * assertEquals(listener.address, "127.0.0.1");
 * assert(listener.port > 0);
 * ```
 */
export const listen = (options: ListenOptions = {}): Effect.Effect<Listener, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const limit = options.maxConnections ?? 1000;
    const arrivals = yield* Queue.unbounded<net.Socket>();
    const open = new Set<net.Socket>();
    const runs = new Set<Run>();

    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (raw) => {
      raw.on("error", constVoid);
      const refused = open.size >= limit;
      open.add(raw);
      raw.once("close", () => open.delete(raw));
      if (!refused) return void Queue.offerUnsafe(arrivals, raw);
      if (options.refusal !== undefined) raw.write(options.refusal);
      raw.destroySoon();
    });

    const windUp = (run: Run) =>
      Effect.gen(function* () {
        run.closing ??= yield* Effect.forkDetach(Scope.close(run.scope, Exit.void), { startImmediately: true });
        yield* Effect.timeoutOption(Fiber.await(run.closing), options.closeTimeout ?? defaultTimeout);
        for (const raw of run.sockets) raw.destroy();
        runs.delete(run);
      });
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        const stopped = Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)));
        const stopping = yield* Effect.forkDetach(stopped, { startImmediately: true });
        yield* Effect.forEach(runs, windUp, { concurrency: "unbounded" });
        yield* Queue.shutdown(arrivals);
        for (const raw of open) raw.destroy();
        yield* Fiber.await(stopping);
      })
    );
    const bound = yield* bind(server, options);
    // The system may refuse single connections, for instance when no file descriptor is left. The listener goes on.
    server.on("error", constVoid);

    const serve = <E, R>(raw: net.Socket, handler: Handler<E, R>) => {
      const info = ConnectionInfo.fromSocket(raw, options.path);
      const connection = new Connection(raw, "server");
      if (info === undefined) return Effect.sync(() => connection.close());
      const known = options.proxyProtocol === true
        ? announced(connection, info, options.proxyTimeout ?? "5 seconds")
        : Effect.succeed(info);
      return Effect.scoped(Effect.flatMap(known, (ends) => handler(toSocket(connection, ends), ends))).pipe(
        Effect.catchCause((cause) => report(cause, info)),
        Effect.andThen(Effect.timeoutOption(connection.linger(), options.lingerTimeout ?? defaultTimeout)),
        Effect.ensuring(Effect.sync(() => connection.close())),
      );
    };
    const run: Listener["run"] = (handler) =>
      Effect.gen(function* () {
        const run: Run = { scope: yield* Scope.make(), sockets: new Set(), closing: undefined };
        runs.add(run);
        const next = Effect.flatMap(Queue.take(arrivals), (raw) => {
          run.sockets.add(raw);
          raw.once("close", () => run.sockets.delete(raw));
          return Effect.forkIn(serve(raw, handler), run.scope, { startImmediately: true });
        });
        return yield* Effect.ensuring(Effect.forever(next), windUp(run));
      });
    return { ...bound, connections: () => open.size, run };
  });

/** One call of `run`, with the connections that it serves. */
interface Run {
  readonly scope: Scope.Closeable;
  readonly sockets: Set<net.Socket>;
  closing: Fiber.Fiber<void> | undefined;
}

const defaultTimeout: Duration.Input = "2 seconds";

/** That a peer goes away is daily life; anything else is worth a line in the log. */
const report = (cause: Cause.Cause<unknown>, info: ConnectionInfo.ConnectionInfo): Effect.Effect<void> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.void;
  const text = `The handler of the connection from ${ConnectionInfo.formatRemote(info)} failed`;
  const error = Cause.squash(cause);
  return Socket.isSocketError(error) || error instanceof ProxyError
    ? Effect.logDebug(text, cause)
    : Effect.logWarning(text, cause);
};

/** The IP address of a name. `node:net` would look it up too, but then throws a missing permission where nobody can catch it. */
const lookup = (host: string): Effect.Effect<string, unknown> =>
  net.isIP(host) !== 0 ? Effect.succeed(host) : Effect.callback((resume) => {
    dns.lookup(host, (cause, address) => resume(cause ? Effect.fail(cause) : Effect.succeed(address)));
  });

const bind = (
  server: net.Server,
  options: ListenOptions,
): Effect.Effect<Pick<Listener, "address" | "port">, ListenError> => {
  const { host = "127.0.0.1", path, port = 0 } = options;
  const start = (where: net.ListenOptions) =>
    Effect.callback<void, unknown>((resume) => {
      const onError = (cause: unknown) => resume(Effect.fail(cause));
      server.once("error", onError);
      try {
        server.listen(where, () => {
          server.off("error", onError);
          resume(Effect.void);
        });
      } catch (cause) {
        onError(cause);
      }
    });
  const started = path !== undefined ? start({ path }) : Effect.gen(function* () {
    const address = yield* lookup(host);
    yield* bindable(address, port);
    yield* start({ host: address, port });
  });
  const name = path ?? (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  return started.pipe(
    Effect.map(() => {
      const address = server.address();
      return address === null || typeof address === "string"
        ? { address: path ?? "", port: 0 }
        : { address: address.address, port: address.port };
    }),
    Effect.mapError((cause) => new ListenError({ address: name, cause })),
  );
};
