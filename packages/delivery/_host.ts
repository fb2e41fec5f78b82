import { SessionError } from "@plausch/session/session-error";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import * as Pace from "./_pace.ts";
import type { Rate } from "./pool.ts";

/** What a host is to be spared. */
export interface Options {
  /** Sessions at one time. */
  readonly most: number;
  readonly rate: Rate | undefined;
  /** Puts a limit on the wait for a turn, and on that for the rate. */
  readonly limit: Limit;
  /** How long fewer sessions are enough, once the host would not have another one. */
  readonly pause: Duration.Input;
}

/** What all errands for a host share. */
export interface Host {
  /** Waits for a turn, and has it until the scope closes. There are as many turns as the host may have sessions. */
  readonly turn: (scope: Scope.Scope) => Effect.Effect<void, SessionError>;
  /** Waits until the rate has room for a message. */
  readonly pace: Effect.Effect<void, SessionError>;
  /** The host has so many sessions, and did not take another one: no more turns than that for a while. */
  readonly narrow: (standing: number) => Effect.Effect<void>;
}

const busy = new SessionError({ reason: "HostBusy", stage: "connect", recipients: [] });

/** Puts a limit on a wait. */
export type Limit = (wait: Effect.Effect<void>) => Effect.Effect<void, SessionError>;

export const within = (patience: Duration.Input): Limit => (wait) =>
  Effect.timeoutOrElse(wait, { duration: patience, orElse: () => Effect.fail(busy) });

export const make = (
  { most, rate, limit, pause }: Options,
): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope;
    const turns = yield* Semaphore.make(most);
    const pace = rate === undefined ? Effect.void : limit(yield* Pace.make(rate));
    let isNarrow = false;
    const widen = Effect.sleep(pause).pipe(
      Effect.andThen(Effect.sync(() => void (isNarrow = false))),
      Effect.andThen(Semaphore.resize(turns, most)),
    );
    return {
      turn: (scope) => limit(Scope.provide(turns.takeScoped(1), scope)),
      pace,
      narrow: (standing) =>
        Effect.suspend(() => {
          if (isNarrow) return Effect.void;
          isNarrow = true;
          const narrow = Semaphore.resize(turns, Math.min(most, Math.max(1, standing)));
          return Effect.andThen(narrow, Effect.asVoid(Effect.forkIn(widen, scope)));
        }),
    };
  });
