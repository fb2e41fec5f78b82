/**
 * The pauses between the tries of a message.
 *
 * @module
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { Patience } from "./send/journey.ts";

/** Servers that list greylists forget a try after hours, and nobody knows when a busy one is better. */
const longest = Duration.hours(1);

/** Each pause is twice as long as the one before, up to an hour, or as long as the first one. */
export const schedule = ({ times, after }: Patience): Schedule.Schedule<unknown> =>
  Schedule.exponential(after).pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.max(after, longest)))),
    Schedule.upTo({ times }),
  );
