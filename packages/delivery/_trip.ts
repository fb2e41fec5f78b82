import * as Connections from "@plausch/session/connections";
import type { Envelope } from "@plausch/session/envelope";
import type { Observer, Turned } from "@plausch/session/event";
import type { Outcome, RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { PooledSession } from "./_pooled_session.ts";
import type { Errand } from "./carrier.ts";

/** What an errand finds at its host. */
export interface Berth {
  /** Waits until a message may go. One that `mayReuse` needs no connection of its own where a session stands. */
  readonly ready: (mayReuse: boolean) => Effect.Effect<void, SessionError>;
  /** Takes a session that stands, if there is one. */
  readonly take: () => PooledSession | undefined;
  readonly open: (observe: Observer, taken: (pooled: PooledSession) => void) => Effect.Effect<void, SessionError>;
}

/** One errand on its way. */
export interface Trip {
  /** Takes the message to the host, over more than one session if need be. */
  readonly go: Effect.Effect<Outcome, SessionError | GrammarError>;
  /** The session that it has now, to be taken from it at its end. */
  readonly pooled: PooledSession | undefined;
}

/** How a session ends that was idle for too long. */
const deaths: ReadonlySet<RecipientOutcome["reason"]> = new Set<RecipientOutcome["reason"]>([
  "ConnectionLost",
  "Timeout",
  "UnsolicitedReply",
]);

/** Whether the session ended before anything was said about the recipient. */
const isUndecided = ({ verdict, reason, code }: RecipientOutcome): boolean =>
  verdict === "deferred" && (deaths.has(reason) || code === 421);

export const make = (errand: Errand, berth: Berth): Trip => {
  const { envelope, content } = errand.mail;
  let pooled: PooledSession | undefined;
  let isFirst = true;
  let isReused = false;
  /** Whether the message went out to its end, so that the host may have it. */
  let hasEnded = false;

  const turned = (turn: Turned["turn"]): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (at) => errand.observe({ _tag: "Turned", at, turn }));

  /** Gives up a session that is of no more use to the message. */
  const change = Effect.suspend(() => {
    const { leave = Effect.void } = pooled ?? {};
    pooled = undefined;
    return Effect.andThen(isReused ? turned("replaced") : Effect.void, leave);
  });

  const board = Effect.fnUntraced(function* (observe: Observer) {
    if (!isFirst) yield* change;
    yield* berth.ready(isFirst);
    if (isFirst) pooled = berth.take();
    isFirst = false;
    isReused = pooled !== undefined;
    if (pooled === undefined) {
      yield* berth.open(observe, (opened) => {
        pooled = opened;
      });
    } else {
      pooled.observe = observe;
      yield* turned("reused");
    }
  });

  const attempt = (envelope: Envelope, observe?: Observer): Effect.Effect<Outcome, SessionError | GrammarError> =>
    Effect.andThen(
      board((event) => {
        if (event._tag === "Content" && event.last) hasEnded = true;
        observe?.(event);
      }),
      Effect.suspend(() => {
        const { session } = pooled!;
        pooled!.messages++;
        return session.send(envelope, content);
      }),
    ).pipe(
      Effect.catchTag("SessionError", (error) => {
        const protection = pooled?.session.protection ?? Connections.unprotected(errand);
        return Connections.undelivered(envelope, error, protection);
      }),
      Effect.map((outcome) => Connections.asAsked(errand, outcome)),
    );

  /**
   * Whom to take to a session of their own: behind one that was used before, those it has nothing decided about, since nobody can
   * have their message; and behind any, those that are beyond its limits.
   */
  const restOf: Connections.RestOf = (recipients) => {
    if (!isReused) return Connections.beyondLimits(recipients);
    return recipients.flatMap((outcome, place) =>
      outcome.reason === "SessionLimit" || !hasEnded && isUndecided(outcome) ? [place] : []
    );
  };

  return {
    go: Connections.withRest(envelope, attempt, { restOf, observe: errand.observe }),
    get pooled() {
      return pooled;
    },
  };
};
