import { SessionError } from "@plausch/session/session-error";
import * as Cause from "effect/Cause";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as CircuitBreaker from "effect/persistence/CircuitBreaker";
import type * as Scope from "effect/Scope";
import type { BreakerOptions } from "./pool.ts";

/** Leaves a host alone that cannot be reached. */
export interface Breaker {
  /** Fails if the host is left alone now. */
  readonly check: (key: string) => Effect.Effect<void, SessionError>;
  /** Opens a session unless the host is left alone, and notes what comes of it. */
  readonly guard: (key: string) => <A, R>(open: Effect.Effect<A, SessionError, R>) => Effect.Effect<A, SessionError, R>;
}

const paused = (when: string): SessionError =>
  new SessionError({ reason: "HostPaused", stage: "connect", cause: new Error(when), recipients: [] });

const beingTried = (): SessionError => paused("it is being tried again right now");

const leftAlone = (retryAfter: Duration.Duration): SessionError =>
  paused(`it is left alone for another ${Math.ceil(Duration.toSeconds(retryAfter))} seconds`);

const fromRejection = ({ reason }: CircuitBreaker.CircuitBreakerError): SessionError =>
  reason._tag === "CircuitOpen" ? leftAlone(reason.retryAfter) : beingTried();

/** A final refusal is an answer, and so the host is well: whoever asks it next shall have the same, and not a pause. */
const classify = (exit: Exit.Exit<unknown, unknown>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success;
  const failure = Cause.squash(exit.cause);
  const isAnswer = failure instanceof SessionError && failure.reason === "Refused" && !failure.isTemporary;
  return isAnswer ? CircuitBreaker.success : CircuitBreaker.failure();
};

export const defaultPause = "1 minute";

export const make = ({ failures = 5, pause = defaultPause }: BreakerOptions): Effect.Effect<
  Breaker,
  never,
  Scope.Scope
> =>
  CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(Math.max(1, Math.floor(failures))),
    openDuration: pause,
  }).pipe(
    Effect.provide(CircuitBreaker.layerStoreMemory()),
    Effect.map((breaker): Breaker => ({
      check: (key) =>
        breaker.state(key).pipe(
          Effect.mapError(fromRejection),
          Effect.flatMap((state) => {
            const isPaused = state._tag === "Open" && !Duration.isZero(state.retryAfter);
            if (isPaused) return Effect.fail(leftAlone(state.retryAfter));
            return state._tag === "HalfOpen" && state.probing ? Effect.fail(beingTried()) : Effect.void;
          }),
        ),
      guard: (key) => (open) =>
        Effect.mapError(
          breaker.execute(open, { key, classify }),
          (error) => error instanceof SessionError ? error : fromRejection(error),
        ),
    })),
  );
