import * as Connections from "@plausch/session/connections";
import type { Envelope } from "@plausch/session/envelope";
import type { Observer, SessionEvent, Turned } from "@plausch/session/event";
import type { Outcome, RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { Berth, type Harbour } from "./_berth.ts";
import type { Passenger } from "./_pooled_session.ts";
import { closed } from "./_sessions.ts";
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

const isAccepted = ({ verdict }: RecipientOutcome): boolean => verdict === "accepted";

type Attempt = Effect.Effect<Outcome, SessionError | GrammarError>;

/** Takes a message to its host, over more than one session if need be. */
export const make = (errand: Errand, harbour: Harbour, clock: Clock.Clock): Attempt =>
  Effect.suspend(() => {
    const trip = new Trip(errand, harbour, clock);
    // The berth is made within, so that no interruption comes between it and its end.
    return Effect.onExitPrimitive(Effect.suspend(() => trip.go()), () => trip.end());
  });

class Trip implements Passenger {
  readonly errand: Errand;
  readonly #harbour: Harbour;
  readonly #clock: Clock.Clock;
  #berth: Berth | undefined;
  #observe: Observer | undefined;
  #isReused = false;
  /** Whether the message went out to its end, so that the host may have it. */
  #hasEnded = false;

  constructor(errand: Errand, harbour: Harbour, clock: Clock.Clock) {
    this.errand = errand;
    this.#harbour = harbour;
    this.#clock = clock;
  }

  go(): Attempt {
    const { mail: { envelope }, observe } = this.errand;
    return Effect.flatMap(Effect.exit(this.#sent(envelope, observe)), (exit) => {
      // Nothing is left to do for those who were accepted, and these are most.
      const isOver = Exit.isSuccess(exit) && exit.value.recipients.every(isAccepted);
      return isOver ? Effect.succeed(Connections.asAsked(this.errand, exit.value)) : this.#withRest(exit);
    });
  }

  end(): Effect.Effect<void> | undefined {
    return this.#berth?.vacate();
  }

  see(event: SessionEvent): void {
    if (event._tag === "Content" && event.last) this.#hasEnded = true;
    this.#observe?.(event);
  }

  /** Goes on behind what came of the first attempt. */
  #withRest(first: Exit.Exit<Outcome, SessionError | GrammarError>): Attempt {
    const { mail: { envelope }, observe } = this.errand;
    let isFirst = true;
    const attempt = (envelope: Envelope, observe?: Observer): Attempt => {
      const sent = isFirst ? first : this.#sent(envelope, observe);
      isFirst = false;
      return this.#judged(envelope, sent);
    };
    return Connections.withRest(envelope, attempt, { restOf: (recipients) => this.#restOf(recipients), observe });
  }

  /** What is sent, as the errand has to have it. */
  #judged(envelope: Envelope, sent: Attempt): Attempt {
    const told = Effect.catchEager(sent, (error): Attempt => {
      if (error._tag !== "SessionError") return Effect.fail(error);
      const protection = this.#berth?.pooled?.session.protection ?? Connections.unprotected(this.errand);
      return Connections.undelivered(envelope, error, protection);
    });
    return Effect.mapEager(told, (outcome) => Connections.asAsked(this.errand, outcome));
  }

  /** Sends over the session that stands, for the first attempt; for every further one over a session of its own. */
  #sent(envelope: Envelope, observe: Observer | undefined): Attempt {
    if (this.#harbour.sessions.isClosed) return Effect.fail(closed);
    if (this.#berth === undefined) {
      this.#observe = observe;
      const berth = this.#berth = new Berth(this, this.#harbour);
      if (berth.boardAtOnce()) return this.#send(envelope, true);
      return Effect.flatMap(berth.board(true), (isReused) => this.#send(envelope, isReused));
    }
    const berth = this.#berth;
    if (this.#isReused) this.#turned("replaced");
    this.#isReused = false;
    return Effect.flatMap(berth.leave(), () => {
      this.#observe = observe;
      return Effect.flatMap(berth.board(false), (isReused) => this.#send(envelope, isReused));
    });
  }

  #send(envelope: Envelope, isReused: boolean): Attempt {
    this.#isReused = isReused;
    if (isReused) this.#turned("reused");
    const pooled = this.#berth!.pooled!;
    pooled.messages++;
    return pooled.session.send(envelope, this.errand.mail.content);
  }

  #turned(turn: Turned["turn"]): void {
    this.errand.observe({ _tag: "Turned", at: this.#clock.currentTimeMillisUnsafe(), turn });
  }

  /**
   * Whom to take to a session of their own: behind one that was used before, those it has nothing decided about, since nobody can
   * have their message; and behind any, those that are beyond its limits.
   */
  #restOf(recipients: ReadonlyArray<RecipientOutcome>): ReadonlyArray<number> {
    if (!this.#isReused) return Connections.beyondLimits(recipients);
    return recipients.flatMap((outcome, place) =>
      outcome.reason === "SessionLimit" || !this.#hasEnded && isUndecided(outcome) ? [place] : []
    );
  }
}
