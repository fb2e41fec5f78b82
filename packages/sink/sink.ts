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
import { isDirectReader } from "@plausch/line/direct-reader";
import { listen as listenOn } from "@plausch/net/listen";
import type { ListenError } from "@plausch/net/listen-error";
import * as Reply from "@plausch/smtp/reply";
import type { TlsOptions } from "@plausch/tls/tls-options";
import { isTlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as Hearing from "./_hearing.ts";
import * as Replies from "./_replies.ts";
import * as Storing from "./_storing.ts";
import type { Authentication } from "./authentication.ts";
import type { Extension } from "./extension.ts";
import type { Fault } from "./fault.ts";
import type * as Limits from "./limits.ts";
import type { Policy } from "./policy.ts";
import * as ServerProtocol from "./server_protocol.ts";
import type { Message, Store, StoreError } from "./store.ts";

/** How a sink encrypts. */
export interface Tls {
  /** The settings of the handshakes; `key` and `cert` are needed, as from `Certificate.make`. */
  readonly options: TlsOptions;
  /** Whether connections are encrypted before the greeting (RFC 8314 section 3). Default: when the client says STARTTLS. */
  readonly implicit?: boolean | undefined;
  /** Whether nothing is done for a client in clear: 530 (RFC 3207 section 4). Default: false. */
  readonly required?: boolean | undefined;
}

/** How a sink serves each connection. */
export interface ServeOptions {
  /** Where messages go. */
  readonly store: Store;
  /** The name that the sink gives itself. Default: `localhost`. */
  readonly host?: string | undefined;
  /** How much it takes from one client. Default: {@linkcode Limits.defaults}. */
  readonly limits?: Limits.Limits | undefined;
  /** LMTP instead of SMTP: LHLO, and a reply for each recipient (RFC 2033). Default: `smtp`. */
  readonly protocol?: "smtp" | "lmtp" | undefined;
  /** What it may offer. Default: `Extension.usual`. */
  readonly offers?: ReadonlyArray<Extension> | undefined;
  /** How it encrypts. Default: not at all. */
  readonly tls?: Tls | undefined;
  /** Who can log in, and whether everybody has to. Default: nobody. */
  readonly authentication?: Authentication | undefined;
  /** What goes wrong. Default: nothing. Chance comes from effect's `Random`, so it has a seed if you give it one. */
  readonly faults?: ReadonlyArray<Fault> | undefined;
  /** What it decides by itself. Default: it takes everything. */
  readonly policy?: Policy | undefined;
  /** How long a client may be silent, or not read. Default: 5 minutes (RFC 5321 section 4.5.3.2.7). Beyond: 421. */
  readonly timeout?: Duration.Input | undefined;
  /** Sees what happens on all connections. It must be quick and must not throw. */
  readonly observe?: ((event: SinkEvent) => void) | undefined;
}

/** How a sink listens and serves. With implicit TLS, a connection too many is closed without a word. */
export interface ListenOptions extends ServeOptions {
  /** The address to listen on. Default: `127.0.0.1`: this machine only. */
  readonly address?: string | undefined;
  /** The port. Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Listens on a Unix socket at this path instead. */
  readonly path?: string | undefined;
  /**
   * Whether each connection begins with a header of the PROXY protocol, which names its client; one without is closed. Default: false.
   * Everybody who can connect is believed.
   */
  readonly proxyProtocol?: boolean | undefined;
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
    /** The connection is encrypted from here on. */
    readonly _tag: "Secured";
    /** The connection's number. */
    readonly connection: number;
    /** What the handshake came to; undefined if the socket does not tell. */
    readonly report: TlsReport | undefined;
  }
  | {
    /** The handshake failed; the connection is over. */
    readonly _tag: "NotSecured";
    /** The connection's number. */
    readonly connection: number;
    /** Why. */
    readonly error: Socket.SocketError;
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
  /** The client's address, or the empty string where there is none, as on a Unix socket. */
  readonly peer: string;
}

/** A sink that listens. It stops when its scope closes. */
export interface Sink {
  /** The address that it listens on, or the path of a Unix socket. */
  readonly address: string;
  /** The port that it listens on; 0 for a Unix socket. */
  readonly port: number;
}

/** How long a client that is told 421 has to take it. */
const lastWords = Duration.seconds(1);

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
    const { store, host = defaultHost, observe, policy, tls } = options;
    const timeout = Duration.toMillis(options.timeout ?? "5 minutes");
    const clock = yield* Clock.Clock;
    const chance = yield* Random.Random;
    const now = (): number => clock.currentTimeMillisUnsafe();
    const writer = yield* socket.writer;
    const reader = yield* socket.reader;
    observe?.({ _tag: "Connected", connection, peer });
    yield* Effect.addFinalizer(() => Effect.sync(() => observe?.({ _tag: "Disconnected", connection })));

    const protocol = ServerProtocol.make({
      host,
      connection,
      limits: options.limits,
      policy,
      keepsContent: store.discards !== true || policy?.message !== undefined || policy?.delivery !== undefined,
      protocol: options.protocol,
      offers: options.offers,
      authentication: options.authentication,
      faults: options.faults,
      requireTls: tls?.required,
      tls: tls === undefined ? undefined : tls.implicit === true ? "implicit" : "starttls",
      random: () => chance.nextDoubleUnsafe(),
      observe: observe && ((event) => observe({ _tag: "Chat", connection, event })),
    });
    let activeAt = now();
    const active = (): void => {
      activeAt = now();
    };
    const storing = Storing.make(store, protocol, { connection, peer }, now, observe);
    const receive = isDirectReader(reader)
      ? Hearing.directly(protocol, reader, { save: storing.saveAtOnce, active })
      : Hearing.stepwise(protocol, reader);

    const write = Effect.suspend(() => {
      const octets = protocol.output();
      return octets === undefined ? Effect.void : writer.write(octets);
    });

    const handshake: Effect.Effect<TlsReport | undefined, Socket.SocketError> = isTlsReader(reader)
      ? reader.startTls(tls?.options)
      : Effect.as(reader.upgrade(tls?.options), undefined);
    const secure = Effect.map(handshake, (report) => {
      observe?.({ _tag: "Secured", connection, report });
      protocol.secured(report);
    });

    /** One step: store what is to be stored, else say what is to be said, else wait, encrypt, or hear more. */
    const step = (): Effect.Effect<unknown, Socket.SocketError> => {
      const { submission } = protocol;
      if (submission !== undefined) return storing.saveAtOnce(submission) ? Effect.void : storing.save(submission);
      const octets = protocol.output();
      if (octets !== undefined) return writer.write(octets);
      if (protocol.pausing !== undefined) return Effect.map(Effect.sleep(protocol.pausing), protocol.resume);
      return protocol.wantsTls ? secure : receive;
    };
    const conversation = Effect.whileLoop({
      while: () => !protocol.isOver,
      body: step,
      step: active,
    }).pipe(Effect.andThen(write));

    /** One clock for the whole conversation: to limit each step on its own would cost more than the steps. */
    const isOurs = (): boolean => protocol.submission !== undefined || protocol.pausing !== undefined;
    const silence = Effect.whileLoop({
      while: () => isOurs() || now() - activeAt < timeout,
      body: () => Effect.sleep(isOurs() ? timeout : activeAt + timeout - now()),
      step: () => {},
    });

    protocol.greet();
    yield* Effect.raceFirst(conversation, Effect.map(silence, () => protocol.close("timeout"))).pipe(
      Effect.catchIf((error) => error.reason._tag === "SocketCloseError", () => Effect.void),
      Effect.catchIf(
        (error) => error.reason._tag === "SocketUpgradeError",
        (error) => Effect.sync(() => observe?.({ _tag: "NotSecured", connection, error })),
      ),
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
    const { address, port, path, proxyProtocol, maxConnections = 100, host = defaultHost } = options;
    const refusal = options.tls?.implicit === true
      ? undefined
      : Reply.format(Replies.closing(host, "too many connections"));
    const closeTimeout = Duration.sum(Storing.grace, Duration.sum(lastWords, lastWords));
    const listener = yield* listenOn({
      host: address,
      port,
      path,
      proxyProtocol,
      maxConnections,
      refusal,
      closeTimeout,
    });
    let connections = 0;
    const run = listener.run((socket, { family, remoteAddress }) =>
      serve(socket, options, { connection: ++connections, peer: family === "Unix" ? "" : remoteAddress })
    );
    // The listener ends it: first it stops to listen, then it waits for the clients that are served, and no longer than it may.
    yield* Effect.forkDetach(run);
    return { address: listener.address, port: listener.port };
  });
