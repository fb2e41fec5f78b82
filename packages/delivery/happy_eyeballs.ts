/**
 * One socket over several addresses of a host: dials them in turn, each a little after the one before it, and keeps the
 * first that answers (RFC 8305 section 5). So a host whose IPv6 leads nowhere costs a quarter of a second, not a minute.
 *
 * @example
 * ```ts
 * import * as HappyEyeballs from "@plausch/delivery/happy-eyeballs";
 * import { assertEquals } from "@std/assert";
 *
 * const order = HappyEyeballs.interleave([
 *   { address: "192.0.2.1", family: 4 },
 *   { address: "192.0.2.2", family: 4 },
 *   { address: "2001:db8::1", family: 6 },
 * ]);
 * assertEquals(order.map(({ address }) => address), ["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
 * ```
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Latch from "effect/Latch";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";

/** How the dialling of one address went. */
export interface Try {
  /** The address. */
  readonly address: string;
  /** When it was dialled, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** `connected`: it is the one; `failed`: see `error`; `abandoned`: another one answered first, or the caller gave up. */
  readonly result: "connected" | "failed" | "abandoned";
  /** What went wrong. */
  readonly error: Socket.SocketError | undefined;
}

/** An address, and what dials it. */
export interface Route {
  /** The address. */
  readonly address: string;
  /** A socket that dials it, and nothing else, when its `reader` is acquired. */
  readonly socket: Socket.Socket;
}

/** How to dial, and who hears of it. */
export interface Options {
  /** How long one address has before the next one is dialled as well. Default: 250 milliseconds (RFC 8305 section 8). */
  readonly attemptDelay?: Duration.Input | undefined;
  /** Hears of each address once its dialling is over. */
  readonly tried?: ((attempt: Try) => void) | undefined;
}

const defaultAttemptDelay: Duration.Input = "250 millis";

/**
 * Puts addresses into the order to dial them: IPv6 first, then the families by turns; within a family as they were
 * (RFC 8305 section 4).
 *
 * @example
 * ```ts
 * import * as HappyEyeballs from "@plausch/delivery/happy-eyeballs";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(HappyEyeballs.interleave([]), []);
 * ```
 */
export const interleave = <A extends { readonly family: 4 | 6 }>(addresses: ReadonlyArray<A>): ReadonlyArray<A> => {
  const six = addresses.filter(({ family }) => family === 6);
  const four = addresses.filter(({ family }) => family === 4);
  return Array.from({ length: Math.max(six.length, four.length) }, (_, at) => [six[at], four[at]])
    .flat()
    .filter((address) => address !== undefined);
};

/**
 * A socket that dials these, in this order, each time its `reader` is acquired. When one fails the next is dialled at
 * once. It fails when all have failed, with the error of the last one. Connections that come too late are closed.
 *
 * @example The first address is dead
 * ```ts
 * import * as HappyEyeballs from "@plausch/delivery/happy-eyeballs";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const results: Array<string> = [];
 * const program = Effect.gen(function* () {
 *   const dead = yield* MockSocket.make([]).pipe(Effect.map(({ socket }) => socket));
 *   yield* Effect.scoped(dead.reader); // A transcript is for one connection: the next dial is refused.
 *   const alive = yield* MockSocket.make([Transcript.server("220 mx.test")]);
 *   const routes = [{ address: "2001:db8::1", socket: dead }, { address: "192.0.2.1", socket: alive.socket }];
 *   const socket = HappyEyeballs.make(routes, { tried: ({ address, result }) => results.push(`${address} ${result}`) });
 *   yield* socket.reader;
 * });
 * await Effect.runPromise(Effect.scoped(program));
 * assertEquals(results, ["2001:db8::1 failed", "192.0.2.1 connected"]);
 * ```
 */
export const make = (routes: ReadonlyArray<Route>, options: Options = {}): Socket.Socket => {
  const { attemptDelay = defaultAttemptDelay, tried = () => {} } = options;
  const connected = Latch.makeUnsafe(false);
  let current: Socket.Writer | undefined;

  const reader: Socket.Socket["reader"] = Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const outer = yield* Effect.scope;
    const won = yield* Deferred.make<Connection, Socket.SocketError>();
    let isWon = false;
    let failed = 0;

    /** Begins to dial one address, and lasts until it is the next one's turn. */
    const attempt = ({ address, socket }: Route, isLast: boolean) =>
      Effect.gen(function* () {
        const scope = yield* Scope.fork(outer);
        const at = clock.currentTimeMillisUnsafe();
        const over = (result: Try["result"], error?: Socket.SocketError): void => tried({ address, at, result, error });
        const dial = Effect.gen(function* () {
          const writer = yield* socket.writer;
          return { reader: yield* socket.reader, writer };
        }).pipe(Scope.provide(scope));
        const next = Latch.makeUnsafe(isLast);
        yield* Effect.onExit(dial, (exit) => {
          if (Exit.isSuccess(exit) && !isWon) {
            isWon = true;
            over("connected");
            return Deferred.succeed(won, exit.value);
          }
          const error = Exit.isFailure(exit) ? failureOf(exit) : undefined;
          over(error === undefined ? "abandoned" : "failed", error);
          if (error !== undefined && ++failed === routes.length) Deferred.doneUnsafe(won, Exit.fail(error));
          if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) Deferred.doneUnsafe(won, exit);
          next.openUnsafe();
          return Scope.close(scope, Exit.void);
        }).pipe(Effect.exit, Effect.forkScoped);
        if (!isLast) yield* Effect.timeoutOrElse(next.await, { duration: attemptDelay, orElse: () => Effect.void });
      });
    const all = Effect.forEach(routes, (route, index) => attempt(route, index === routes.length - 1), {
      discard: true,
    });
    // Leaving the inner scope calls off what is still being dialled.
    const connection = yield* Effect.scoped(Effect.raceFirst(
      Deferred.await(won),
      Effect.andThen(all, Effect.never),
    ));
    current = connection.writer;
    connected.openUnsafe();
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        connected.closeUnsafe();
        current = undefined;
      })
    );
    return connection.reader;
  });

  const whenConnected = <A>(use: (writer: Socket.Writer) => Effect.Effect<A, Socket.SocketError>) =>
    connected.whenOpen(Effect.suspend(() => use(current!)));
  const writer: Socket.Socket["writer"] = Effect.succeed({
    write: (chunk) => current?.write(chunk) ?? whenConnected((writer) => writer.write(chunk)),
    writeAll: (chunks) => current?.writeAll(chunks) ?? whenConnected((writer) => writer.writeAll(chunks)),
  });
  return Socket.make({ reader, writer });
};

interface Connection {
  readonly reader: Socket.Reader;
  readonly writer: Socket.Writer;
}

const failureOf = (exit: Exit.Failure<unknown, Socket.SocketError>): Socket.SocketError | undefined =>
  exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error;
