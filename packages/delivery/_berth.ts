import type { Observer } from "@plausch/session/event";
import type { SessionError } from "@plausch/session/session-error";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import type { Breaker } from "./_breaker.ts";
import type { Host, Limit } from "./_host.ts";
import type { PooledSession } from "./_pooled_session.ts";
import type { Sessions } from "./_sessions.ts";
import type { Errand } from "./carrier.ts";

/** The place of one errand at its host: its turn there, and the session that it has. */
export interface Berth {
  /** The session that it has now. */
  readonly pooled: PooledSession | undefined;
  /**
   * Gets a session: one that stands, if it `mayReuse` one and there is one, or else a fresh one. Tells whether it was used before. Fails
   * where none is to be had.
   */
  readonly board: (mayReuse: boolean, observe: Observer) => Effect.Effect<boolean, SessionError>;
  /** Lets the session go, which is of no more use, and waits for its goodbye. */
  readonly leave: Effect.Effect<void>;
  /** Gives back all that it has; `done` is run when that is done. */
  readonly vacate: (done: Effect.Effect<void>) => Effect.Effect<void>;
}

/** What berths are made of. */
export interface Harbour {
  readonly sessions: Sessions;
  readonly breaker: Breaker;
  readonly limit: Limit;
}

/** So often an errand waits for a session that stands, after it got no other one. */
const mostWaits = 3;

const neverOpened = ({ reason, isTemporary }: SessionError): boolean =>
  isTemporary && reason !== "HostBusy" && reason !== "Closed";

export const make = (errand: Errand, host: Host, { sessions, breaker, limit }: Harbour): Berth => {
  const { key } = errand;
  let pooled: PooledSession | undefined;
  let turn: Scope.Closeable | undefined;
  let isPaced = false;

  const takeTurn = Effect.suspend(() => {
    if (turn !== undefined) return Effect.void;
    turn = Scope.makeUnsafe();
    return host.turn(turn);
  });
  const endTurn = Effect.suspend(() => {
    const ended = turn;
    turn = undefined;
    return ended === undefined ? Effect.void : Scope.close(ended, Exit.void);
  });

  const find = Effect.fnUntraced(function* (mayReuse: boolean, observe: Observer) {
    yield* takeTurn;
    // A host that is left alone shall not take up the time of those who wait for the rate.
    if (!mayReuse || !sessions.hasIdle(key)) yield* breaker.check(key);
    if (!isPaced) yield* host.pace;
    isPaced = true;
    yield* sessions.ifOpen;
    if (mayReuse) pooled = sessions.take(key);
    if (pooled !== undefined) {
      pooled.observe = observe;
      return true;
    }
    const taken = (opened: PooledSession): void => {
      pooled = opened;
    };
    yield* sessions.open(errand, observe, { limit, guard: breaker.guard(key), taken });
    return false;
  });

  const board = (mayReuse: boolean, observe: Observer, waits = mostWaits): Effect.Effect<boolean, SessionError> =>
    Effect.catchIf(
      find(mayReuse, observe),
      (error) => mayReuse && waits > 0 && neverOpened(error) && sessions.count(key) > 0,
      // The host has as many sessions as it wants: this message waits for one of them.
      () =>
        host.narrow(sessions.count(key)).pipe(
          Effect.andThen(endTurn),
          Effect.andThen(board(mayReuse, observe, waits - 1)),
        ),
    );

  return {
    get pooled() {
      return pooled;
    },
    board,
    leave: Effect.suspend(() => {
      const left = pooled;
      pooled = undefined;
      return left === undefined ? Effect.void : sessions.leave(left);
    }),
    vacate: (done) => {
      const end = Effect.andThen(endTurn, done);
      return pooled === undefined ? end : sessions.giveBack(key, pooled, end);
    },
  };
};
