import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { constVoid } from "effect/Function";
import type * as Scope from "effect/Scope";
import type { Timeouts } from "./timeouts.ts";

/** The limits of a session in milliseconds: they are looked up with every step. No other is shorter than `shortest`. */
export type Limits = { readonly [L in keyof Timeouts | "shortest"]: number };

const known = new WeakMap<Timeouts, Limits>();

/** The same limits in milliseconds. Sessions share theirs, so each set is converted once. */
export const inMilliseconds = (timeouts: Timeouts): Limits => {
  const converted = known.get(timeouts);
  if (converted !== undefined) return converted;
  const limits = convert(timeouts);
  known.set(timeouts, limits);
  return limits;
};

const convert = (timeouts: Timeouts): Limits => {
  const limits = Object.entries(timeouts).map(([name, limit]) => [name, Duration.toMillis(limit)] as const);
  const shortest = Math.max(1, Math.min(...limits.map(([, limit]) => limit)));
  return Object.fromEntries([...limits, ["shortest", shortest]]) as Limits;
};

/**
 * The moment by which something has to happen. It moves with every step of a conversation, and one watch looks at it for all of a
 * session: a fiber and a timer for each wait would cost more than everything else.
 */
export class Deadline {
  readonly limits: Limits;
  readonly #clock: Clock.Clock;
  #at = Infinity;
  #late: () => void = constVoid;

  constructor(limits: Limits, clock: Clock.Clock) {
    this.limits = limits;
    this.#clock = clock;
  }

  /** Has `late` called when the deadline has passed; it must not throw. */
  onLate(late: () => void): void {
    this.#late = late;
  }

  /** From now on so many milliseconds. */
  allow(limit: number): void {
    this.#at = this.#now() + limit;
  }

  /** Nothing is waited for. */
  rest(): void {
    this.#at = Infinity;
  }

  /** Sees to it that an effect is done in time. One that is not is interrupted, and `late` says what it fails with. */
  within<A, E, E2, R>(limit: number, effect: Effect.Effect<A, E, R>, late: () => E2): Effect.Effect<A, E | E2, R> {
    return Effect.flatMap(
      Effect.forkChild(effect, { startImmediately: true }),
      (fiber) =>
        Effect.callback<A, E | E2>((resume) => {
          const interrupt = Fiber.interrupt(fiber);
          this.onLate(() => resume(Effect.andThen(interrupt, Effect.suspend(() => Effect.fail(late())))));
          this.allow(limit);
          fiber.addObserver((exit) => {
            this.rest();
            resume(exit);
          });
          return interrupt;
        }),
    );
  }

  /** Looks whether the deadline has passed, and waits until it has to look again: so often that it misses none, however it moves. */
  readonly look: Effect.Effect<void> = Effect.suspend(() => {
    const { shortest } = this.limits;
    const left = this.#at - this.#now();
    if (left > 0) return Effect.sleep(Math.min(left, shortest));
    this.rest();
    this.#late();
    return Effect.sleep(shortest);
  });

  /** Milliseconds on a clock that nobody sets: a wait must not grow with the time of day. */
  #now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }
}

/** A deadline that is watched as long as the scope is open. */
export const watch = (scope: Scope.Scope, timeouts: Timeouts): Effect.Effect<Deadline> =>
  Clock.clockWith((clock) => {
    const deadline = new Deadline(inMilliseconds(timeouts), clock);
    const watching = Effect.forkIn(Effect.forever(deadline.look), scope, { startImmediately: true });
    return Effect.as(watching, deadline);
  });
