/**
 * One whole conversation in one call: connect, greeting, EHLO, one message, QUIT.
 *
 * @example Deliver one message to a scripted server
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import { converse } from "@plausch/session/converse";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 mx.test ESMTP
 * > EHLO c.test
 * < 250 mx.test
 * > MAIL FROM:<a@c.test>
 * < 250 ok
 * > RCPT TO:<b@d.test>
 * < 250 ok
 * > QUIT
 * < 221 bye
 * `));
 * const outcome = await Effect.runPromise(
 *   converse({
 *     host: Result.getOrThrow(Domain.hostFromString("c.test")),
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
 *     content: Result.getOrThrow(Content.make(new Uint8Array())),
 *     stopAfter: "rcpt",
 *   }).pipe(Effect.provide(MockSocket.layer(script))),
 * );
 * assertEquals(outcome.recipients.map(({ verdict, reason }) => [verdict, reason]), [["deferred", "Stopped"]]);
 * ```
 *
 * @module
 */
import type { Command } from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { TlsLevel } from "@plausch/tls/tls-level";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import { dial } from "./_dial.ts";
import { levelOf } from "./_encryption.ts";
import * as Transaction from "./_transaction.ts";
import type { Content } from "./content.ts";
import type { HelloUntil } from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome, Protection, RecipientOutcome } from "./outcome.ts";
import * as Session from "./session.ts";
import { SessionError } from "./session_error.ts";
import type { Stage } from "./stage.ts";
import * as Timeouts from "./timeouts.ts";

/**
 * The stages after which a conversation can be stopped with QUIT. `starttls` means the same as `tls`: QUIT is said once the
 * handshake is done.
 */
export type StopAfter =
  | "greeting"
  | "ehlo"
  | "starttls"
  | "tls"
  | "ehlo-tls"
  | "xclient"
  | "auth"
  | "xforward"
  | "mail"
  | "rcpt";

/**
 * The stages after which the connection can be dropped without a word: also before the greeting, between the reply to STARTTLS and
 * the handshake, and in the middle of a message: after the reply to DATA, or after a first chunk.
 */
export type DropAfter = "connect" | StopAfter | "data" | "final";

/** A conversation to be held. */
export interface Options extends Session.Options {
  /**
   * Who sends to whom. Without recipients there is no transaction: QUIT follows what is to be said before it, and a session that the
   * server refuses is a failure.
   */
  readonly envelope: Envelope;
  /** The message. */
  readonly content: Content;
  /** Single commands, such as VRFY or NOOP, to be said before the transaction, whatever is answered. Default: none. */
  readonly say?: ReadonlyArray<Command> | undefined;
  /** Where to stop, with QUIT, before the message is sent. Recipients not refused by then are deferred as `Stopped`. */
  readonly stopAfter?: StopAfter | undefined;
  /** Where to close the connection without QUIT. It takes the place of `stopAfter`. */
  readonly dropAfter?: DropAfter | undefined;
  /**
   * Whether to try once more, in clear and on a new connection, when the level is `opportunistic` and the handshake after STARTTLS
   * failed. Default: true. It is never tried with `auth`.
   */
  readonly retryInClear?: boolean | undefined;
}

/**
 * Holds one conversation. It succeeds with a verdict for each recipient, also when the server refuses the session itself;
 * it fails with a `SessionError` (which holds the verdicts too) when the conversation broke, and with a `GrammarError`,
 * before the transaction begins, when a value cannot be encoded.
 *
 * @example A refused session refuses every recipient
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import { converse } from "@plausch/session/converse";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 521 no mail here\n> QUIT\n< 221 bye\n"));
 * const outcome = await Effect.runPromise(
 *   converse({
 *     host: Result.getOrThrow(Domain.hostFromString("c.test")),
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
 *     content: Result.getOrThrow(Content.make(new Uint8Array())),
 *   }).pipe(Effect.provide(MockSocket.layer(script))),
 * );
 * assertEquals(outcome.recipients.map(({ verdict, stage }) => [verdict, stage]), [["rejected", "greeting"]]);
 * ```
 */
export const converse = (
  options: Options,
): Effect.Effect<Outcome, SessionError | GrammarError, Socket.Socket> =>
  Effect.suspend(() => {
    const { retryInClear = true, auth, observe = () => {} } = options;
    const level = levelOf(options.tls, options.tlsOptions);
    const mayRetry = level === "opportunistic" && retryInClear && auth === undefined;
    let isUpgrading = false;
    const watched: Options = {
      ...options,
      observe: (event) => {
        if (event._tag === "Said") isUpgrading ||= event.stage === "starttls";
        observe(event);
      },
    };
    return Effect.catchTag(allTransactions(watched), "SessionError", (error) => {
      if (!mayRetry || !isUpgrading || error.reason !== "TlsFailed") return Effect.fail(error);
      return Clock.clockWith((clock) => {
        observe({ _tag: "Turned", at: clock.currentTimeMillisUnsafe(), turn: "retry-in-clear" });
        return Effect.map(allTransactions({ ...options, tls: "none" }), (outcome) => ({
          ...outcome,
          protection: { ...outcome.protection, level },
        }));
      });
    });
  });

/** A server may take no more than so many transactions on a connection (RFC 9422): the rest goes over further ones. */
const allTransactions = (
  options: Options,
): Effect.Effect<Outcome, SessionError | GrammarError, Socket.Socket> =>
  Effect.flatMap(conversation(options), (outcome) => {
    const left = outcome.recipients.flatMap(({ reason }, index) => reason === "SessionLimit" ? [index] : []);
    if (left.length === 0 || left.length === outcome.recipients.length) return Effect.succeed(outcome);
    const { envelope } = options;
    const rest = { ...envelope, recipients: left.map((index) => envelope.recipients[index]!) };
    const merge = (further: ReadonlyArray<RecipientOutcome>): ReadonlyArray<RecipientOutcome> =>
      outcome.recipients.map((recipient, index) => left.includes(index) ? further[left.indexOf(index)]! : recipient);
    return allTransactions({ ...options, envelope: rest }).pipe(
      Effect.map((further) => ({ ...outcome, recipients: merge(further.recipients) })),
      Effect.catchTag("SessionError", (error) => Effect.fail(withRecipients(error, merge(error.recipients)))),
    );
  });

const conversation = (
  options: Options,
): Effect.Effect<Outcome, SessionError | GrammarError, Socket.Socket> => {
  const { envelope, content, dropAfter, say = [] } = options;
  const until = dropAfter ?? options.stopAfter ?? "final";
  const level = levelOf(options.tls, options.tlsOptions);
  let session: Session.Session | undefined;
  const stoppedAt = (stage: Stage): Outcome =>
    outcomeOf(Transaction.withoutTransaction(envelope, "deferred", stage, session?.reply, "Stopped"), session, level);
  return Effect.gen(function* () {
    if (until === "connect") {
      yield* dial(yield* Effect.scope, options.timeouts ?? Timeouts.defaults, options.observe ?? (() => {}));
      return stoppedAt(until);
    }
    session = yield* Session.greet(options);
    const leave = dropAfter === undefined ? Effect.void : session.drop;
    if (until === "greeting") return yield* Effect.as(leave, stoppedAt(until));
    const hello = helloUntil[until];
    yield* session.hello(until === "starttls" && dropAfter !== undefined ? "starttls" : hello);
    if (hello !== undefined) return yield* Effect.as(leave, stoppedAt(until as Stage));
    for (const command of say) yield* session.command(command);
    if (envelope.recipients.length === 0) return outcomeOf([], session, level);
    const outcome = yield* session.send(envelope, content, until as Transaction.Until);
    return yield* Effect.as(leave, outcome);
  }).pipe(
    Effect.catchTag("SessionError", (error) => undelivered(envelope, error, session, level)),
    Effect.scoped,
  );
};

/** Where the introduction ends, if the conversation does not go beyond it. */
const helloUntil: { readonly [S in DropAfter | "final"]?: HelloUntil } = {
  ehlo: "ehlo",
  starttls: "tls",
  tls: "tls",
  "ehlo-tls": "ehlo-tls",
  xclient: "xclient",
  auth: "auth",
  xforward: "xforward",
};

const outcomeOf = (
  recipients: ReadonlyArray<RecipientOutcome>,
  session: Session.Session | undefined,
  level: TlsLevel,
): Outcome => ({ recipients, adaptations: [], protection: session?.protection ?? unprotected(level) });

const unprotected = (level: TlsLevel): Protection => ({
  level,
  isEncrypted: false,
  tls: undefined,
  authenticated: undefined,
});

const withRecipients = (
  { reason, stage, reply, cause }: SessionError,
  recipients: ReadonlyArray<RecipientOutcome>,
): SessionError => new SessionError({ reason, stage, reply, cause, recipients });

/** Before the transaction, a refusal or failure of the session is one of every recipient. */
const undelivered = (
  envelope: Envelope,
  error: SessionError,
  session: Session.Session | undefined,
  level: TlsLevel,
): Effect.Effect<Outcome, SessionError> => {
  const { reason, stage, reply } = error;
  if (error.recipients.length > 0) return Effect.fail(error);
  // What the server says to EHLO is about the session; what it says to STARTTLS or AUTH is about this client's wishes.
  const isRefusal = reply !== undefined && (reason === "Refused" || reason === "TlsNotOffered");
  const verdict = isRefusal ? Transaction.verdictOf(reply) : "deferred";
  if (reason === "Refused" && reply !== undefined && envelope.recipients.length > 0) {
    const recipients = Transaction.withoutTransaction(envelope, verdict, stage, reply);
    return Effect.succeed(outcomeOf(recipients, session, level));
  }
  return Effect.fail(withRecipients(error, Transaction.withoutTransaction(envelope, verdict, stage, reply, reason)));
};
