/**
 * The embedded server: a small honest ESMTP server on this machine, for demonstrations and tests. It takes commands in
 * their right order, ends a message only at CRLF.CRLF, and says 250 only after its store has the message.
 *
 * @example Start one, and let its scope stop it
 * ```ts
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import * as Effect from "effect/Effect";
 * import { assert } from "@std/assert";
 *
 * const store = Store.memory();
 * const program = Effect.gen(function* () {
 *   const sink = yield* Sink.listen({ store });
 *   assert(sink.port > 0); // send mail to 127.0.0.1 on this port, and then look into store.messages
 * });
 * await Effect.runPromise(Effect.scoped(program));
 * ```
 *
 * @module
 */
import { listen as listenOn } from "@plausch/net/listen";
import type { ListenError } from "@plausch/net/listen-error";
import * as Reply from "@plausch/smtp/reply";
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Replies from "./_replies.ts";
import type * as Limits from "./limits.ts";
import type { Policy } from "./policy.ts";
import * as ServerProtocol from "./server_protocol.ts";
import type { Submission } from "./submission.ts";
import { type Message, type Store, StoreError } from "./store.ts";

/** How a sink serves each connection. */
export interface ServeOptions {
  /** Where messages go. */
  readonly store: Store;
  /** The name that the sink gives itself. Default: `localhost`. */
  readonly host?: string | undefined;
  /** How much it takes from one client. Default: {@linkcode Limits.defaults}. */
  readonly limits?: Limits.Limits | undefined;
  /** What it decides by itself. Default: it takes everything. */
  readonly policy?: Policy | undefined;
  /** How long a client may be silent, or not read. Default: 5 minutes (RFC 5321 section 4.5.3.2.7). Beyond: 421. */
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

/** Who is served. */
export interface Client {
  /** The number of the connection, which makes the names of its messages unique. */
  readonly connection: number;
  /** The client's address, or the empty string where there is none. */
  readonly peer: string;
}

/** A sink that listens. It stops when its scope closes. */
export interface Sink {
  /** The address that it listens on. */
  readonly address: string;
  /** The port that it listens on. */
  readonly port: number;
}

/** How long a client that is told 421 has to take it. */
const lastWords = Duration.seconds(1);

/** How long a store may go on when the sink stops. */
const grace = Duration.seconds(5);

/** Goes on for a while when it is interrupted, so that a client hears of a message that was kept. */
const seenThrough = (self: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(self, { startImmediately: true }),
      (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.andThen(Effect.timeoutOption(Fiber.await(fiber), grace), Fiber.interrupt(fiber))),
    )
  );

/**
 * Serves one client over any effect `Socket`, until it says QUIT, goes away, is silent for too long, or breaks a limit. When it is
 * interrupted it says 421, after it has seen a message through that is being stored.
 *
 * @example Behind a listener of your own
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as Listen from "@plausch/net/listen";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const greeting = Effect.gen(function* () {
 *   const listener = yield* Listen.listen();
 *   yield* Effect.forkScoped(listener.run((socket) => Sink.serve(socket, { store: Store.discard, host: "sink.test" })));
 *   const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
 *   const [first] = yield* reader.pull;
 *   return new TextDecoder().decode(first);
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(greeting)), "220 sink.test ESMTP plausch sink\r\n");
 * ```
 */
export const serve = (
  socket: Socket.Socket,
  options: ServeOptions,
  { connection, peer }: Client = { connection: 1, peer: "" },
): Effect.Effect<void, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function* () {
    const { store, host = defaultHost, observe = () => {} } = options;
    const timeout = Duration.toMillis(options.timeout ?? "5 minutes");
    const clock = yield* Clock.Clock;
    const now = (): number => clock.currentTimeMillisUnsafe();
    const writer = yield* socket.writer;
    const pull = yield* Socket.readerBytes(socket);
    observe({ _tag: "Connected", connection, peer });
    yield* Effect.addFinalizer(() => Effect.sync(() => observe({ _tag: "Disconnected", connection })));

    const protocol = ServerProtocol.make({
      host,
      limits: options.limits,
      policy: options.policy,
      observe: (event) => observe({ _tag: "Chat", connection, event }),
    });
    let stored = 0;
    let activeAt = now();

    const save = (submission: Submission): Effect.Effect<void> => {
      const receivedAt = now();
      const id = `${receivedAt.toString(36)}-${connection}-${++stored}`;
      const message: Message = { ...submission, id, receivedAt, peer };
      return Effect.matchCause(Effect.suspend(() => store.save(message)), {
        onSuccess: () => {
          observe({ _tag: "Stored", connection, message });
          protocol.stored(id);
        },
        onFailure: (cause) => {
          const reason = Cause.squash(cause);
          const error = reason instanceof StoreError
            ? reason
            : new StoreError({ action: "store the message", cause: reason });
          observe({ _tag: "NotStored", connection, error });
          protocol.stored(undefined);
        },
      }).pipe(seenThrough);
    };

    const receive = Effect.map(pull, (chunks) => {
      for (const chunk of chunks) protocol.receive(chunk);
    });

    const write = Effect.suspend(() => {
      const octets = protocol.output();
      return octets === undefined ? Effect.void : writer.write(octets);
    });

    /** One step: store what is to be stored, else answer what is answered, else hear more. */
    const step = (): Effect.Effect<unknown, Socket.SocketError> => {
      if (protocol.submission !== undefined) return save(protocol.submission);
      const octets = protocol.output();
      return octets === undefined ? receive : writer.write(octets);
    };
    const conversation = Effect.whileLoop({
      while: () => !protocol.isOver,
      body: step,
      step: () => {
        activeAt = now();
      },
    }).pipe(Effect.andThen(write));

    /** One clock for the whole conversation: to limit each step on its own would cost more than the steps. */
    const silence = Effect.whileLoop({
      while: () => protocol.submission !== undefined || now() - activeAt < timeout,
      body: () => Effect.sleep(protocol.submission !== undefined ? timeout : activeAt + timeout - now()),
      step: () => {},
    });

    protocol.greet();
    yield* Effect.raceFirst(conversation, Effect.map(silence, () => protocol.close("timeout"))).pipe(
      Effect.catchIf((error) => error.reason._tag === "SocketCloseError", () => Effect.void),
      Effect.onInterrupt(() => Effect.sync(() => protocol.close("shutdown"))),
      Effect.ensuring(Effect.ignore(Effect.timeoutOption(write, lastWords))),
    );
  });

const defaultHost = "localhost";

/**
 * Listens, and serves every client, until the scope closes. Then it takes no more connections, tells its clients 421 and waits
 * shortly for messages that are being stored.
 *
 * @example A conversation as the sink saw it
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import * as Reply from "@plausch/smtp/reply";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: Array<string> = [];
 * const observe = (event: Sink.SinkEvent) => {
 *   if (event._tag !== "Chat") return;
 *   if (event.event._tag === "Heard") seen.push(event.event.line);
 *   if (event.event._tag === "Said") seen.push(...Reply.wireLines(event.event.reply));
 * };
 * const program = Effect.gen(function* () {
 *   const sink = yield* Sink.listen({ store: Store.memory(), host: "sink.test", observe });
 *   const socket = Connect.make({ host: sink.address, port: sink.port });
 *   const reader = yield* socket.reader;
 *   const writer = yield* socket.writer;
 *   yield* reader.pull;
 *   yield* writer.write("QUIT\r\n");
 *   yield* reader.pull;
 * });
 * await Effect.runPromise(Effect.scoped(program));
 * assertEquals(seen, ["220 sink.test ESMTP plausch sink", "QUIT", "221 2.0.0 sink.test says goodbye"]);
 * ```
 */
export const listen = (options: ListenOptions): Effect.Effect<Sink, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const { address, port, maxConnections = 100, host = defaultHost } = options;
    const refusal = Reply.format(Replies.closing(host, "too many connections"));
    const closeTimeout = Duration.sum(grace, Duration.sum(lastWords, lastWords));
    const listener = yield* listenOn({ host: address, port, maxConnections, refusal, closeTimeout });
    let connections = 0;
    const run = listener.run((socket, { remoteAddress }) =>
      serve(socket, options, { connection: ++connections, peer: remoteAddress })
    );
    // The listener ends it: first it stops to listen, then it waits for the clients that are served, and no longer than it may.
    yield* Effect.forkDetach(run);
    return { address: listener.address, port: listener.port };
  });
