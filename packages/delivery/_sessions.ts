import type { Observer, SessionEvent } from "@plausch/session/event";
import { SessionError } from "@plausch/session/session-error";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import * as Socket from "effect/socket/Socket";
import type { Limit } from "./_host.ts";
import * as PooledSession from "./_pooled_session.ts";
import * as Shelf from "./_shelf.ts";
import type { ConversationOptions, Errand } from "./carrier.ts";

/** How sessions are kept. */
export interface Options {
  readonly conversation: ConversationOptions;
  /** Connections at one time. */
  readonly most: number;
  /** Messages on one session. */
  readonly maxMessages: number;
  /** Milliseconds that a session may be idle. */
  readonly idle: number;
  /** Sees what happens on a session that is idle, or leaves. */
  readonly observe: (key: string, event: SessionEvent) => void;
}

/** What stands around the opening of a session here. */
export interface Opening extends Pick<PooledSession.Opening, "guard" | "taken"> {
  /** Puts a limit on the wait for a place among the connections. */
  readonly limit: Limit;
}

/** The sessions of a pool, with all hosts. */
export interface Sessions {
  /** How many there are with a host, be they idle or in use. */
  readonly count: (key: string) => number;
  readonly hasIdle: (key: string) => boolean;
  /** Takes the idle session that was used last. */
  readonly take: (key: string) => PooledSession.PooledSession | undefined;
  readonly open: (errand: Errand, observe: Observer, opening: Opening) => Effect.Effect<void, SessionError>;
  /** Lets one go, and waits for its goodbye. */
  readonly leave: (pooled: PooledSession.PooledSession) => Effect.Effect<void>;
  /** Takes one back, to keep it or to let it go. `done` is run when its host may have another one. */
  readonly giveBack: (
    key: string,
    pooled: PooledSession.PooledSession,
    done: Effect.Effect<void>,
  ) => Effect.Effect<void>;
  /** Fails when the pool has come to its end. */
  readonly ifOpen: Effect.Effect<void, SessionError>;
}

const closed = new SessionError({ reason: "Closed", stage: "mail", recipients: [] });

/** No sessions yet. They end with the scope. */
export const make = (
  { conversation, most, maxMessages, idle, observe }: Options,
): Effect.Effect<Sessions, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope;
    const clock = yield* Clock.Clock;
    /** Milliseconds on a clock that nobody sets. */
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n);

    const shelf = Shelf.make();
    /** Connections without a session yet. */
    const opening = new Set<Scope.Closeable>();
    /** All that stand, by the errands that they are for. */
    const standing = new Map<PooledSession.PooledSession, string>();
    const places = yield* Semaphore.make(most);
    let taken = 0;
    let waiting = 0;
    let isClosed = false;

    const ifOpen = Effect.suspend(() => isClosed ? Effect.fail(closed) : Effect.void);

    const leave = (pooled: PooledSession.PooledSession): Effect.Effect<void> =>
      Effect.suspend(() => {
        shelf.remove(pooled);
        standing.delete(pooled);
        return pooled.leave;
      });

    /** Lets one go, without waiting for its goodbye. The end of the pool does wait for it. */
    const retire = (
      pooled: PooledSession.PooledSession,
      done: Effect.Effect<void> = Effect.void,
    ): Effect.Effect<void> => {
      const left = Effect.uninterruptible(Effect.andThen(leave(pooled), done));
      return isClosed ? left : Effect.asVoid(Effect.forkIn(left, scope, { startImmediately: true }));
    };

    /** A place among the connections. An idle session makes room, if that is what it takes. */
    const admit = (limit: Limit) => (connection: Scope.Closeable): Effect.Effect<void, SessionError> =>
      Effect.suspend(() => {
        waiting++;
        const place = limit(Scope.provide(places.takeScoped(1), connection));
        return taken >= most && shelf.oldest !== undefined ? Effect.andThen(retire(shelf.oldest), place) : place;
      }).pipe(
        Effect.ensuring(Effect.sync(() => void waiting--)),
        Effect.andThen(Effect.suspend(() => {
          taken++;
          opening.add(connection);
          const closed = Effect.sync(() => {
            taken--;
            opening.delete(connection);
          });
          return Scope.addFinalizer(connection, closed);
        })),
        Effect.andThen(ifOpen),
      );

    /** Each look is before the end of the time of whichever session became idle since the last one. */
    const look = Effect.suspend(() => {
      const { oldest } = shelf;
      const left = oldest === undefined ? idle : oldest.idleSince + idle - now();
      return oldest !== undefined && left <= 0 ? retire(oldest) : Effect.sleep(left);
    });
    yield* Effect.forkScoped(Effect.forever(look));

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isClosed = true;
        const ends = [
          ...Array.from(standing.keys(), (pooled) => shelf.holds(pooled) ? leave(pooled) : pooled.cut),
          ...Array.from(opening, (connection) => Scope.close(connection, Exit.fail(closed))),
        ];
        return Effect.all(ends, { concurrency: "unbounded", discard: true });
      })
    );

    return {
      count: (key) => [...standing.values()].filter((other) => other === key).length,
      hasIdle: shelf.has,
      take: shelf.take,
      open: ({ key, socket, tls, tlsOptions }, observe, { limit, guard, taken }) =>
        PooledSession.open({ ...conversation, tls, tlsOptions, observe }, {
          admit: admit(limit),
          guard,
          taken: (pooled) => {
            opening.delete(pooled.connection);
            standing.set(pooled, key);
            taken(pooled);
          },
        }).pipe(Effect.provideService(Socket.Socket, socket)),
      leave,
      giveBack: (key, pooled, done) =>
        Effect.suspend(() => {
          pooled.observe = (event) => observe(key, event);
          const isSpent = pooled.messages >= maxMessages || !pooled.session.isReady;
          // Whoever waits for a place, with whatever host, comes before those who may come.
          if (!isSpent && waiting === 0 && !isClosed) {
            pooled.idleSince = now();
            shelf.put(key, pooled);
            return done;
          }
          return retire(pooled, done);
        }),
      ifOpen,
    };
  });
