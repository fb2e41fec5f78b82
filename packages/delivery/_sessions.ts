import type { SessionEvent } from "@plausch/session/event";
import { SessionError } from "@plausch/session/session-error";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import type { Host } from "./_host.ts";
import type { Hosts } from "./_hosts.ts";
import type { Limit } from "./_patience.ts";
import * as PooledSession from "./_pooled_session.ts";
import { Shelf } from "./_shelf.ts";
import { type Now, watch } from "./_watch.ts";
import type { ConversationOptions } from "./carrier.ts";

/** How sessions are kept. */
export interface Options {
  readonly now: Now;
  readonly hosts: Hosts;
  readonly conversation: ConversationOptions;
  /** Connections at one time. */
  readonly most: number;
  /** Puts a limit on the wait for a place among them. */
  readonly limit: Limit;
  /** Messages on one session. */
  readonly maxMessages: number;
  /** Milliseconds that a session may be idle. */
  readonly idle: number;
  /** Sees what happens on a session that is idle, or leaves. */
  readonly observe: (key: string, event: SessionEvent) => void;
}

/** What stands around the opening of a session here. */
export type Opening = Pick<PooledSession.Opening, "host" | "passenger" | "guard" | "taken">;

/** The sessions of a pool, with all hosts. */
export interface Sessions {
  /** Takes the idle session of the host that was used last. */
  readonly take: (host: Host) => PooledSession.PooledSession | undefined;
  readonly open: (opening: Opening) => Effect.Effect<void, SessionError>;
  /** Lets one go, and waits for its goodbye. */
  readonly leave: (pooled: PooledSession.PooledSession) => Effect.Effect<void>;
  /** Takes one back that can be used again, and tells whether it can. */
  readonly keep: (pooled: PooledSession.PooledSession) => boolean;
  /** Lets one go, without waiting for its goodbye. `done` is called when its host may have another one. */
  readonly retire: (pooled: PooledSession.PooledSession, done: () => void) => Effect.Effect<void>;
  /** The pool has come to its end. */
  readonly isClosed: boolean;
}

/** Whoever comes after the end of the pool has this. */
export const closed = new SessionError({ reason: "Closed", stage: "mail", recipients: [] });

/** No sessions yet. They end with the scope. */
export const make = (
  { now, hosts, conversation, most, limit, maxMessages, idle, observe }: Options,
): Effect.Effect<Sessions, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope;
    const shelf = new Shelf();
    /** Connections without a session yet. */
    const opening = new Set<Scope.Closeable>();
    const standing = new Set<PooledSession.PooledSession>();
    const places = yield* Semaphore.make(most);
    let taken = 0;
    let waiting = 0;
    let isClosed = false;

    const leave = (pooled: PooledSession.PooledSession): Effect.Effect<void> =>
      Effect.suspend(() => {
        shelf.remove(pooled);
        if (standing.delete(pooled)) {
          pooled.host.standing--;
          hosts.rest(pooled.host);
        }
        return pooled.leave;
      });

    /** The end of the pool does wait for the goodbye. */
    const retire = (pooled: PooledSession.PooledSession, done: () => void = () => {}): Effect.Effect<void> => {
      const left = Effect.uninterruptible(Effect.andThen(leave(pooled), Effect.sync(done)));
      return isClosed ? left : Effect.asVoid(Effect.forkIn(left, scope, { startImmediately: true }));
    };

    /** A place among the connections. An idle session makes room, if that is what it takes. */
    const admit = (connection: Scope.Closeable): Effect.Effect<void, SessionError> =>
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
        Effect.andThen(Effect.suspend(() => isClosed ? Effect.fail(closed) : Effect.void)),
      );

    yield* watch({ now, time: idle, oldest: () => shelf.oldest, end: retire });

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isClosed = true;
        const ends = [
          ...Array.from(standing, (pooled) => shelf.holds(pooled) ? leave(pooled) : pooled.cut),
          ...Array.from(opening, (connection) => Scope.close(connection, Exit.fail(closed))),
        ];
        return Effect.all(ends, { concurrency: "unbounded", discard: true });
      })
    );

    return {
      take: (host) => shelf.take(host),
      open: ({ host, passenger, guard, taken }) =>
        PooledSession.open(conversation, {
          host,
          passenger,
          observe: (event) => observe(host.key, event),
          admit,
          guard,
          taken: (pooled) => {
            opening.delete(pooled.connection);
            standing.add(pooled);
            host.standing++;
            taken(pooled);
          },
        }),
      leave,
      keep: (pooled) => {
        pooled.passenger = undefined;
        // Whoever waits for a place, with whatever host, comes before those who may come.
        if (isClosed || waiting > 0 || pooled.messages >= maxMessages || !pooled.session.isReady) return false;
        pooled.since = now();
        shelf.put(pooled);
        return true;
      },
      retire,
      get isClosed() {
        return isClosed;
      },
    };
  });
