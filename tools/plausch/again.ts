/**
 * Conversations with a server that was named, one after another, until nobody is deferred any more or the patience is over.
 *
 * It is no delivery over `@plausch/delivery`: that finds hosts by the domains of the recipients, and this host is given,
 * has one conversation for all of them, and may be a Unix socket or speak LMTP.
 *
 * @module
 */
import type { Recipient } from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Pull from "effect/Pull";
import * as Schedule from "effect/Schedule";
import { type Destination, hold, sumUp, type Talk } from "./chat.ts";
import { type ExitCode, fromRecipients } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import * as Patience from "./patience.ts";
import type { Verdict } from "./render/outcome.ts";
import type { Journey } from "./send/journey.ts";

/** Nobody has heard of this one yet. */
const unheard = ({ path }: Recipient): RecipientOutcome => ({
  recipient: path,
  address: Path.address(path),
  verdict: "deferred",
  stage: "connect",
  reason: "Interrupted",
});

const isWaiting = (outcome: RecipientOutcome): boolean =>
  outcome.verdict === "deferred" && Outcome.nextOf(outcome) === "next-host";

/** Holds the conversation, and once more with those who are deferred. Interrupted, it says what is known of each. */
export const talkAgain = (
  destination: Destination,
  narrator: Narrator,
  talk: Talk,
  { patience, deadline }: Pick<Journey, "patience" | "deadline">,
): Effect.Effect<ExitCode, GrammarError> =>
  Clock.clockWith((clock) => {
    const { envelope } = talk.options;
    const verdicts = new Map(envelope.recipients.map((recipient) => [recipient, unheard(recipient)]));
    let failure: SessionError | undefined;
    let remedies: ReadonlyArray<string | undefined> = [];
    let isInterruptionTold = false;
    const begun = clock.currentTimeMillisUnsafe();
    const after = (limit: Duration.Duration | undefined): number =>
      begun + (limit === undefined ? Infinity : Duration.toMillis(limit));
    const isLate = (): boolean => clock.currentTimeMillisUnsafe() >= after(deadline);

    const conclude = (isCutOff: boolean): ExitCode => {
      const told = [...verdicts.values()].map((verdict): Verdict =>
        isCutOff && verdict.reason === "Interrupted"
          ? { ...verdict, reason: "Deadline", message: "the time for the delivery was over" }
          : verdict
      );
      sumUp(narrator, told, remedies);
      return fromRecipients(told, isCutOff ? undefined : failure);
    };
    const heard = (recipients: ReadonlyArray<Recipient>, outcomes: ReadonlyArray<RecipientOutcome>): void =>
      outcomes.forEach((outcome, at) => verdicts.set(recipients[at]!, outcome));

    const one = (recipients: ReadonlyArray<Recipient>) =>
      Effect.map(
        hold(
          destination,
          narrator,
          { ...talk, options: { ...talk.options, envelope: { ...envelope, recipients } } },
          (error) => {
            isInterruptionTold = true;
            heard(recipients, error.recipients);
          },
          isLate,
        ),
        (held) => {
          heard(recipients, held.recipients);
          ({ failure, remedies } = held);
        },
      );

    const rounds = Effect.gen(function* () {
      const step = patience === undefined ? undefined : yield* Schedule.toStep(Patience.schedule(patience));
      let open = envelope.recipients;
      for (let round = 1;; round++) {
        yield* one(open);
        open = open.filter((recipient) => isWaiting(verdicts.get(recipient)!));
        if (open.length === 0 || step === undefined) return;
        const at = clock.currentTimeMillisUnsafe();
        const next = yield* Pull.catchDone(
          Effect.map(step(at, undefined), ([, pause]) => Duration.toMillis(pause)),
          () => Effect.succeed(undefined),
        );
        if (next === undefined || at + next > after(patience?.within)) return;
        const addresses = open.map(({ path }) => Path.address(path));
        narrator.data({ event: "waiting", at: new Date(at).toISOString(), round, delay: next, addresses });
        narrator.note(Patience.waiting({ round, delay: next, addresses }, 1 + patience!.times));
        yield* Effect.sleep(next);
      }
    });
    const inTime = Effect.map(rounds, () => false).pipe(
      deadline === undefined ? (same) => same : Effect.timeoutOrElse({
        duration: deadline,
        orElse: () => Effect.succeed(true),
      }),
    );
    return inTime.pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          if (!isInterruptionTold) narrator.fail("Interrupted");
          conclude(false);
        })
      ),
      Effect.map(conclude),
    );
  });
