/**
 * The pauses between the tries of a message, and how they are told.
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

/** A length of time in milliseconds, such as `5m` or `1m 30s`; parts of a second count only below one. */
export const span = (millis: number): string =>
  Duration.format(Duration.millis(millis < 1000 ? Math.ceil(millis) : Math.round(millis / 1000) * 1000));

/** How many recipients. */
export const recipients = (count: number): string => count === 1 ? "1 recipient" : `${count} recipients`;

/** A pause between two rounds. */
export interface Pause {
  /** How many rounds were made. */
  readonly round: number;
  /** How long it takes, in milliseconds. */
  readonly delay: number;
  /** Who is tried again. */
  readonly addresses: ReadonlyArray<string>;
}

/** Who is tried again, and when. */
export const waiting = (
  { round, delay, addresses }: Pause,
  rounds: number,
): string => `Deferred: ${recipients(addresses.length)}; once more in ${span(delay)} (round ${round + 1} of ${rounds})`;
