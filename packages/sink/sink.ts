/**
 * The embedded server: a small honest ESMTP server on this machine, for demonstrations and tests. It takes commands in
 * their right order, ends a message only at CRLF.CRLF, and says 250 only after its store has the message.
 *
 * @example Start one, and let its scope stop it
 * ```ts ignore
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import * as Effect from "effect/Effect";
 * import { assert } from "@std/assert";
 *
 * const store = Store.memory();
 * const program = Effect.gen(function* () {
 *   const sink = yield* Sink.listen({ store });
 *   assert(sink.port > 0);
 * });
 * await Effect.runPromise(Effect.scoped(program));
 * ```
 *
 * @module
 */
import { listen as listenOn } from "@plausch/net/listen";
import type { ListenError } from "@plausch/net/listen-error";
import * as Octets from "@plausch/smtp/octets";
import * as Clock from "effect/Clock";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as Limits from "./limits.ts";
import * as ServerProtocol from "./server_protocol.ts";
import type { Message, Store, StoreError } from "./store.ts";

/** How a sink serves each connection. */
export interface ServeOptions {
  /** Where messages go. */
  readonly store: Store;
  /** The name that the sink gives itself. Default: `localhost`. */
  readonly host?: string | undefined;
  /** How much it takes from one client. Default: {@linkcode Limits.defaults}. */
  readonly limits?: Limits.Limits | undefined;
  /** Whom it refuses. Default: nobody. */
  readonly policy?: ServerProtocol.Policy | undefined;
  /** How long it waits for the next octets of a client. Default: 5 minutes (RFC 5321 section 4.5.3.2.7). */
  readonly timeout?: Duration.Input | undefined;
  /** Sees what happens on all connections. It must be quick and must not throw. */
  readonly observe?: ((event: SinkEvent) => void) | undefined;
}

/** How a sink listens and serves. */
export interface ListenOptions extends ServeOptions {
  /** The address to listen on. Default: `127.0.0.1`: this machine only. */
  readonly address?: string | undefined;
  /** The port. Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Connections at one time. Default: 100. Beyond: 421. */
  readonly maxConnections?: number | undefined;
}

/** What happens on the connections of a sink; `connection` counts them from 1. */
export type SinkEvent =
  | {
    /** A client connected. */
    readonly _tag: "Connected";
    /** The connection's number. */
    readonly connection: number;
    /** The client's address. */
    readonly peer: string;
  }
  | {
    /** A command came in, or a reply went out. */
    readonly _tag: "Chat";
    /** The connection's number. */
    readonly connection: number;
    /** What was heard or said. */
    readonly event: ServerProtocol.ProtocolEvent;
  }
  | {
    /** A message is stored. */
    readonly _tag: "Stored";
    /** The connection's number. */
    readonly connection: number;
    /** The message. */
    readonly message: Message;
  }
  | {
    /** A message could not be stored; its client was told 451. */
    readonly _tag: "NotStored";
    /** The connection's number. */
    readonly connection: number;
    /** Why. */
    readonly error: StoreError;
  }
  | {
    /** A client is gone. */
    readonly _tag: "Disconnected";
    /** The connection's number. */
    readonly connection: number;
  };

/** A sink that listens. It stops when its scope closes. */
export interface Sink {
  /** The address that it listens on. */
  readonly address: string;
  /** The port that it listens on. */
  readonly port: number;
}

let served = 0;

/**
 * Serves one client over any effect `Socket`, until it says QUIT, goes away, or breaks a limit.
 *
 * @example Over a scripted client
 * ```ts
 * import * as Sink from "@plausch/sink/sink";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(typeof Sink.serve, "function");
 * ```
 */
export const serve = (
  socket: Socket.Socket,
  options: ServeOptions,
  peer: string = "",
): Effect.Effect<void, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function* () {
    const { store, host = "localhost", timeout = "5 minutes", observe = () => {} } = options;
    const connection = ++served;
    const writer = yield* socket.writer;
    const reader = yield* socket.reader;
    observe({ _tag: "Connected", connection, peer });
    yield* Effect.addFinalizer(() => Effect.sync(() => observe({ _tag: "Disconnected", connection })));

    let stored = 0;
    const protocol = ServerProtocol.make({
      host,
      limits: options.limits,
      policy: options.policy,
      observe: (event) => observe({ _tag: "Chat", connection, event }),
    });

    const save = (submission: ServerProtocol.Submission): Effect.Effect<void> =>
      Effect.gen(function* () {
        const receivedAt = yield* Clock.currentTimeMillis;
        const message: Message = {
          ...submission,
          id: `${receivedAt.toString(36)}-${connection}-${++stored}`,
          receivedAt,
          peer,
        };
        yield* store.save(message);
        observe({ _tag: "Stored", connection, message });
        protocol.stored(message.id);
      }).pipe(
        Effect.catch((error) =>
          Effect.sync(() => {
            observe({ _tag: "NotStored", connection, error });
            protocol.stored(undefined);
          })
        ),
      );

    const receive = Effect.map(reader.pull, (chunks) => {
      for (const chunk of chunks) protocol.receive(typeof chunk === "string" ? Octets.encode(chunk) : chunk);
    });

    /** One step: answer what is answered, store what is to be stored, else hear more. */
    const step = (): Effect.Effect<unknown, Socket.SocketError> => {
      if (protocol.submission !== undefined) return save(protocol.submission);
      const octets = protocol.output();
      if (octets !== undefined) return writer.write(octets);
      return Effect.timeoutOrElse(receive, {
        duration: timeout,
        orElse: () => Effect.sync(() => protocol.close("timeout")),
      });
    };
    protocol.greet();
    yield* Effect.whileLoop({ while: () => !protocol.isOver, body: step, step: () => {} }).pipe(
      Effect.catchIf((error) => error.reason._tag === "SocketCloseError", () => Effect.void),
    );
    const lastWords = protocol.output();
    if (lastWords !== undefined) yield* writer.write(lastWords);
  });

/**
 * Listens, and serves every client, until the scope closes.
 *
 * @example
 * ```ts ignore
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import { assertEquals } from "@std/assert";
 *
 * const sink = Sink.listen({ store: Store.discard, port: 2525 });
 * assertEquals(typeof sink, "object");
 * ```
 */
export const listen = (options: ListenOptions): Effect.Effect<Sink, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const { address, port, maxConnections = 100, host = "localhost" } = options;
    const refusal = `421 4.3.2 ${host} Too many connections\r\n`;
    const listener = yield* listenOn({ host: address, port, maxConnections, refusal });
    yield* Effect.forkScoped(listener.run((socket, info) => serve(socket, options, info.remoteAddress)));
    return { address: listener.address, port: listener.port };
  });
