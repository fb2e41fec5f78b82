import { SessionError } from "@plausch/session/session-error";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

/** Whoever waits for too long has this. */
export const busy = new SessionError({ reason: "HostBusy", stage: "connect", recipients: [] });

/** Puts a limit on a wait. */
export type Limit = (wait: Effect.Effect<void>) => Effect.Effect<void, SessionError>;

export const within = (patience: Duration.Duration): Limit => (wait) =>
  Effect.timeoutOrElse(wait, { duration: patience, orElse: () => Effect.fail(busy) });
