import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Timeouts } from "./timeouts.ts";

/** The limits of a session in milliseconds: they are looked up with every step. */
export type Limits = { readonly [L in keyof Timeouts]: number };

const known = new WeakMap<Timeouts, Limits>();

/** The same limits in milliseconds. Sessions share theirs, so each set is converted once. */
export const inMilliseconds = (timeouts: Timeouts): Limits => {
  const limits = known.get(timeouts) ?? convert(timeouts);
  known.set(timeouts, limits);
  return limits;
};

const convert = (timeouts: Timeouts): Limits => {
  const limits = Object.entries(timeouts).map(([name, limit]) => [name, Duration.toMillis(limit)]);
  return Object.fromEntries(limits);
};

/** The moment by which something has to happen. It moves with every step of a conversation. */
export interface Deadline {
  /** From now on so many milliseconds. */
  allow(limit: number): void;
  /** Nothing is waited for. */
  rest(): void;
}

/**
 * One watch for all of a session: a fiber and a timer for each wait would cost more than everything else. `late` is called when the
 * deadline has passed; it must not throw.
 */
export const watch = (
  scope: Scope.Scope,
  limits: Limits,
  late: () => void,
): Effect.Effect<Deadline> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    /** Milliseconds on a clock that nobody sets: a wait must not grow with the time of day. */
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    /** No limit is shorter, so whoever looks at the deadline this often misses none, however it moves. */
    const shortest = Math.max(1, Math.min(...Object.values(limits)));
    let deadline = Infinity;
    const look = Effect.suspend(() => {
      const left = deadline - now();
      if (left > 0) return Effect.sleep(Math.min(left, shortest));
      deadline = Infinity;
      late();
      return Effect.sleep(shortest);
    });
    yield* Effect.forkIn(Effect.forever(look), scope);
    return {
      allow: (limit) => {
        deadline = now() + limit;
      },
      rest: () => {
        deadline = Infinity;
      },
    };
  });
