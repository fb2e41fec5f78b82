import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";

/** Milliseconds on a clock that nobody sets. */
export type Now = () => number;

export const nowOf = (clock: Clock.Clock): Now => () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

/** Something that is as it is since some moment, and may be so for a while. */
export interface Lasting {
  readonly since: number;
}

/** What to watch. */
export interface Options<A extends Lasting> {
  readonly now: Now;
  /** How many milliseconds each of them has. */
  readonly time: number;
  /** The one that has been there for longest. */
  readonly oldest: () => A | undefined;
  /** Makes an end of one that has had its time: it is not the oldest any more. */
  readonly end: (over: A) => Effect.Effect<void>;
}

/** One fiber and one timer for all of them: each look is before the end of the time of whichever began since the last one. */
export const watch = <A extends Lasting>(
  { now, time, oldest, end }: Options<A>,
): Effect.Effect<void, never, Scope.Scope> => {
  const look = Effect.suspend(() => {
    const first = oldest();
    const left = first === undefined ? Math.max(1, time) : first.since + time - now();
    return first !== undefined && left <= 0 ? end(first) : Effect.sleep(left);
  });
  return Effect.asVoid(Effect.forkScoped(Effect.forever(look)));
};
