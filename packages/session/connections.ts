/**
 * What a message may need besides the first connection to a host: another one in clear, and more of them for the recipients that are
 * left. `converse` is made of these, and so is the pool of `@plausch/delivery`.
 *
 * @example A host that takes one transaction for each connection
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import * as Envelope from "@plausch/session/envelope";
 * import type { Outcome, RecipientOutcome } from "@plausch/session/outcome";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test", "c@e.test"] }));
 * let connections = 0;
 * const attempt = ({ recipients }: Envelope.Envelope): Effect.Effect<Outcome> => {
 *   connections++;
 *   const outcomes = recipients.map(({ path }, index): RecipientOutcome => {
 *     const outcome = { recipient: path, address: "", stage: "final" } as const;
 *     return index === 0 ? { ...outcome, verdict: "accepted" } : { ...outcome, verdict: "deferred", reason: "SessionLimit" };
 *   });
 *   const protection = Connections.unprotected({ tls: "none" });
 *   return Effect.succeed({ recipients: outcomes, adaptations: [], protection });
 * };
 * const { recipients } = await Effect.runPromise(Connections.withRest(envelope, attempt));
 * assertEquals([connections, ...recipients.map(({ verdict }) => verdict)], [2, "accepted", "accepted"]);
 * ```
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { levelOf } from "./_encryption.ts";
import * as Transaction from "./_transaction.ts";
import type { Envelope } from "./envelope.ts";
import type { Observer } from "./event.ts";
import type { Outcome, Protection, RecipientOutcome, Verdict } from "./outcome.ts";
import type * as Session from "./session.ts";
import { SessionError } from "./session_error.ts";

/** How a session is begun, and what to do when it cannot be encrypted. */
export interface Options extends Session.Options {
  /**
   * Whether to try once more, in clear and on a new connection, when the level is `opportunistic` and the handshake after STARTTLS
   * failed. Default: true. It is never tried with `auth`.
   */
  readonly retryInClear?: boolean | undefined;
}

/**
 * Attempts something with a session of its own, and once more in clear if the handshake fails and the options have it so: see
 * {@linkcode Options.retryInClear}. The attempt has to use the options that it is given, for its events are looked at.
 *
 * @example A server whose TLS does not work
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 mx.test
 * > EHLO c.test
 * < 250-mx.test
 * < 250 STARTTLS
 * > STARTTLS
 * < 220 go ahead
 * * tls fails
 * * new connection
 * < 220 mx.test
 * > EHLO c.test
 * < 250-mx.test
 * < 250 STARTTLS
 * > QUIT
 * < 221 bye
 * `));
 * const options = { host: Result.getOrThrow(Domain.hostFromString("c.test")) };
 * const session = await Effect.runPromise(
 *   Connections.withRetryInClear(options, Session.open).pipe(Effect.scoped, Effect.provide(MockSocket.layer(script))),
 * );
 * assertEquals(session.protection.isEncrypted, false);
 * ```
 */
export const withRetryInClear = <O extends Options, A, E, R>(
  options: O,
  attempt: (options: O) => Effect.Effect<A, E | SessionError, R>,
): Effect.Effect<A, E | SessionError, R> =>
  Effect.suspend(() => {
    const { retryInClear = true, auth, observe = () => {} } = options;
    const level = levelOf(options.tls, options.tlsOptions);
    if (level !== "opportunistic" || !retryInClear || auth !== undefined) return attempt(options);
    let isUpgrading = false;
    const watched: O = {
      ...options,
      observe: (event) => {
        if (event._tag === "Said") isUpgrading ||= event.stage === "starttls";
        observe(event);
      },
    };
    return Effect.catchIf(
      attempt(watched),
      (error) => error instanceof SessionError && isUpgrading && error.reason === "TlsFailed",
      () =>
        Clock.clockWith((clock) => {
          observe({ _tag: "Turned", at: clock.currentTimeMillisUnsafe(), turn: "retry-in-clear" });
          return attempt({ ...options, tls: "none" });
        }),
    );
  });

/** Which recipients another connection is for, by their place. */
export type RestOf = (recipients: ReadonlyArray<RecipientOutcome>) => ReadonlyArray<number>;

/**
 * Those that went beyond a limit of the connection (LIMITS, RFC 9422 section 4); nobody, if that is all of them, since the next
 * connection would be no better.
 *
 * @example
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Connections.beyondLimits([]), []);
 * ```
 */
export const beyondLimits: RestOf = (recipients) => {
  const left = recipients.flatMap(({ reason }, place) => reason === "SessionLimit" ? [place] : []);
  return left.length === recipients.length ? [] : left;
};

/** What is to be known of a message that may take several attempts. */
export interface RestOptions {
  /** Which recipients are left after an attempt. Default: {@linkcode beyondLimits}. */
  readonly restOf?: RestOf | undefined;
  /** Sees the events of all attempts. What is decided, or failed, is told with the verdicts on all recipients, whosever attempt they are of. */
  readonly observe?: Observer | undefined;
}

/**
 * Attempts a message, and again for the recipients that are left, as long as there are any. The verdicts come in the order of the
 * envelope, whichever attempt they are of; how the conversation was protected is told of the first that decided anything.
 *
 * Each attempt has to tell its events to the observer that it is given: so what is told of a further one covers those before.
 *
 * @example A caller that knows better who is left
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import * as Envelope from "@plausch/session/envelope";
 * import { SessionError } from "@plausch/session/session-error";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
 * let attempts = 0;
 * const attempt = ({ recipients }: Envelope.Envelope) => {
 *   const outcomes = recipients.map(({ path }) =>
 *     ({ recipient: path, address: "", verdict: "deferred", stage: "mail", reason: "ConnectionLost" }) as const
 *   );
 *   const lost = new SessionError({ reason: "ConnectionLost", stage: "mail", recipients: outcomes });
 *   return Effect.suspend(() => (attempts++, Effect.fail(lost)));
 * };
 * const restOf = () => attempts === 1 ? [0] : [];
 * const error = await Effect.runPromise(Effect.flip(Connections.withRest(envelope, attempt, { restOf })));
 * assertEquals([attempts, error.recipients.length], [2, 1]);
 * ```
 */
export const withRest = <E, R>(
  envelope: Envelope,
  attempt: (envelope: Envelope, observe: Observer | undefined) => Effect.Effect<Outcome, SessionError | E, R>,
  { restOf = beyondLimits, observe }: RestOptions = {},
): Effect.Effect<Outcome, SessionError | E, R> => {
  /** Goes on for those that are left; undefined if nobody is. */
  const further = (
    recipients: ReadonlyArray<RecipientOutcome>,
    amend: (outcome: Outcome) => Outcome,
  ): Effect.Effect<Outcome, SessionError | E, R> | undefined => {
    const left = restOf(recipients);
    if (left.length === 0) return undefined;
    if (left.length === recipients.length) return withRest(envelope, attempt, { restOf, observe });
    const rest: Envelope = { ...envelope, recipients: left.map((place) => envelope.recipients[place]!) };
    const merged = (rest: ReadonlyArray<RecipientOutcome>): ReadonlyArray<RecipientOutcome> =>
      recipients.map((recipient, place) => left.includes(place) ? rest[left.indexOf(place)]! : recipient);
    const whole = (error: SessionError): SessionError => {
      const { recipients } = failed(rest, error, "deferred");
      return withRecipients(error, merged(recipients));
    };
    const watched: Observer = (event) => {
      if (event._tag === "Decided") observe?.({ ...event, recipients: merged(event.recipients) });
      else if (event._tag === "Failed") observe?.({ ...event, error: whole(event.error) });
      else observe?.(event);
    };
    return withRest(rest, attempt, { restOf, observe: watched }).pipe(
      Effect.map((outcome) => amend({ ...outcome, recipients: merged(outcome.recipients) })),
      Effect.mapError((error) => error instanceof SessionError ? whole(error) : error),
    );
  };
  return Effect.matchEffect(attempt(envelope, observe), {
    onSuccess: (outcome) =>
      further(outcome.recipients, ({ recipients }) => ({ ...outcome, recipients })) ?? Effect.succeed(outcome),
    onFailure: (error) =>
      (error instanceof SessionError ? further(error.recipients, (outcome) => outcome) : undefined) ??
        Effect.fail(error),
  });
};

const withRecipients = (
  { reason, stage, reply, cause }: SessionError,
  recipients: ReadonlyArray<RecipientOutcome>,
): SessionError => new SessionError({ reason, stage, reply, cause, recipients });

/** The error with a verdict on each recipient, where it has none yet. */
const failed = (envelope: Envelope, error: SessionError, verdict: Verdict): SessionError => {
  const { reason, stage, reply, recipients } = error;
  if (recipients.length > 0) return error;
  return withRecipients(error, Transaction.withoutTransaction(envelope, verdict, stage, reply, reason));
};

/**
 * How a conversation is protected that did not come about: not at all, whatever the options ask for.
 *
 * @example
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import { assertEquals } from "@std/assert";
 *
 * const { level, isEncrypted } = Connections.unprotected({ tls: "required" });
 * assertEquals([level, isEncrypted], ["required", false]);
 * ```
 */
export const unprotected = ({ tls, tlsOptions }: Pick<Options, "tls" | "tlsOptions">): Protection => ({
  level: levelOf(tls, tlsOptions),
  isEncrypted: false,
  tls: undefined,
  authenticated: undefined,
});

/**
 * The outcome, with what the options ask of TLS for its level. A session that was tried once more in clear does not know it.
 *
 * @example
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import { assertEquals } from "@std/assert";
 *
 * const protection = Connections.unprotected({ tls: "none" });
 * const outcome = Connections.asAsked({ tls: "opportunistic" }, { recipients: [], adaptations: [], protection });
 * assertEquals(outcome.protection.level, "opportunistic");
 * ```
 */
export const asAsked = (options: Pick<Options, "tls" | "tlsOptions">, outcome: Outcome): Outcome => {
  const level = levelOf(options.tls, options.tlsOptions);
  return outcome.protection.level === level ? outcome : { ...outcome, protection: { ...outcome.protection, level } };
};

/**
 * What it means for a message that its session failed before the transaction: each recipient has the verdict of the session. A server
 * that refuses the session refuses them, which is an outcome; everything else is a failure. An error that has recipients already is
 * passed on as it is.
 *
 * @example
 * ```ts
 * import * as Connections from "@plausch/session/connections";
 * import * as Envelope from "@plausch/session/envelope";
 * import { SessionError } from "@plausch/session/session-error";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
 * const late = new SessionError({ reason: "Timeout", stage: "greeting", recipients: [] });
 * const error = await Effect.runPromise(Effect.flip(Connections.undelivered(envelope, late, Connections.unprotected({}))));
 * assertEquals(error.recipients.map(({ verdict, reason }) => [verdict, reason]), [["deferred", "Timeout"]]);
 * ```
 */
export const undelivered = (
  envelope: Envelope,
  error: SessionError,
  protection: Protection,
): Effect.Effect<Outcome, SessionError> => {
  const { reason, stage, reply } = error;
  if (error.recipients.length > 0) return Effect.fail(error);
  // What the server says to EHLO is about the session; what it says to STARTTLS or AUTH is about this client's wishes.
  const isRefusal = reply !== undefined && (reason === "Refused" || reason === "TlsNotOffered");
  const verdict = isRefusal ? Transaction.verdictOf(reply) : "deferred";
  if (reason === "Refused" && reply !== undefined && envelope.recipients.length > 0) {
    const recipients = Transaction.withoutTransaction(envelope, verdict, stage, reply);
    return Effect.succeed({ recipients, adaptations: [], protection });
  }
  return Effect.fail(failed(envelope, error, verdict));
};
