import * as Connections from "@plausch/session/connections";
import type { Envelope } from "@plausch/session/envelope";
import type { Observer, Turned } from "@plausch/session/event";
import type { Outcome, RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Berth } from "./_berth.ts";
import type { Errand } from "./carrier.ts";

/** How a session ends that was idle for too long. */
const deaths: ReadonlySet<RecipientOutcome["reason"]> = new Set<RecipientOutcome["reason"]>([
  "ConnectionLost",
  "Timeout",
  "UnsolicitedReply",
]);

/** Whether the session ended before anything was said about the recipient. */
const isUndecided = ({ verdict, reason, code }: RecipientOutcome): boolean =>
  verdict === "deferred" && (deaths.has(reason) || code === 421);

/** Takes a message to its host, over more than one session if need be. */
export const make = (errand: Errand, berth: Berth): Effect.Effect<Outcome, SessionError | GrammarError> => {
  const { envelope, content } = errand.mail;
  let isFirst = true;
  let isReused = false;
  /** Whether the message went out to its end, so that the host may have it. */
  let hasEnded = false;

  const turned = (turn: Turned["turn"]): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (at) => errand.observe({ _tag: "Turned", at, turn }));

  /** The session that stands, for the first attempt; for every further one a session of its own. */
  const board = Effect.fnUntraced(function* (observe: Observer) {
    const mayReuse = isFirst;
    isFirst = false;
    if (isReused) yield* turned("replaced");
    isReused = false;
    yield* berth.leave;
    isReused = yield* berth.board(mayReuse, observe);
    if (isReused) yield* turned("reused");
  });

  const attempt = (envelope: Envelope, observe?: Observer): Effect.Effect<Outcome, SessionError | GrammarError> =>
    Effect.andThen(
      board((event) => {
        if (event._tag === "Content" && event.last) hasEnded = true;
        observe?.(event);
      }),
      Effect.suspend(() => {
        const pooled = berth.pooled!;
        pooled.messages++;
        return pooled.session.send(envelope, content);
      }),
    ).pipe(
      Effect.catchTag("SessionError", (error) => {
        const protection = berth.pooled?.session.protection ?? Connections.unprotected(errand);
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

  return Connections.withRest(envelope, attempt, { restOf, observe: errand.observe });
};
