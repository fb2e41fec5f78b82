import * as Effect from "effect/Effect";
import * as RateLimiter from "effect/persistence/RateLimiter";
import type { Rate } from "./pool.ts";

const key = "host";

/** Waits until the host may have one more message. */
export const make = ({ messages, window }: Rate): Effect.Effect<Effect.Effect<void>> => {
  const limit = Math.max(1, Math.floor(messages));
  return RateLimiter.make.pipe(
    Effect.provide(RateLimiter.layerStoreMemory),
    Effect.map((limiter) => {
      // It fails and is asked again, rather than that it books ahead: who gives up has taken nothing from the others.
      const turn: Effect.Effect<void> = limiter.consume({ key, algorithm: "token-bucket", window, limit }).pipe(
        Effect.catchTag(
          "RateLimiterError",
          ({ reason }) =>
            reason._tag === "RateLimitExceeded"
              ? Effect.andThen(Effect.sleep(reason.retryAfter), turn)
              : Effect.die(reason),
        ),
      );
      return turn;
    }),
  );
};
