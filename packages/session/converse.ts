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
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import * as Transaction from "./_transaction.ts";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome } from "./outcome.ts";
import * as Session from "./session.ts";
import { SessionError } from "./session_error.ts";

/** The stages after which a conversation can be stopped with QUIT. */
export type StopAfter = "greeting" | "ehlo" | "mail" | "rcpt";

/** A conversation to be held. */
export interface Options extends Session.Options {
  /** Who sends to whom. */
  readonly envelope: Envelope;
  /** The message. */
  readonly content: Content;
  /** Where to stop, with QUIT, before the message is sent. Recipients not refused by then are deferred as `Stopped`. */
  readonly stopAfter?: StopAfter | undefined;
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
): Effect.Effect<Outcome, SessionError | GrammarError, Socket.Socket> => {
  const { envelope, content, stopAfter } = options;
  return Effect.gen(function* () {
    const session = yield* Session.greet(options);
    if (stopAfter === "greeting") return stopped(envelope, "greeting", session);
    yield* session.hello;
    if (stopAfter === "ehlo") return stopped(envelope, "ehlo", session);
    return yield* session.send(envelope, content, stopAfter);
  }).pipe(
    Effect.catchTag("SessionError", (error) => undelivered(envelope, error)),
    Effect.scoped,
  );
};

const stopped = (envelope: Envelope, stage: "greeting" | "ehlo", session: Session.Session): Outcome => ({
  recipients: Transaction.withoutTransaction(
    envelope,
    "deferred",
    stage,
    stage === "greeting" ? session.greeting : undefined,
    "Stopped",
  ),
});

/** Before the transaction, a refusal or failure of the session is one of every recipient. */
const undelivered = (envelope: Envelope, error: SessionError): Effect.Effect<Outcome, SessionError> => {
  const { reason, stage, reply, cause } = error;
  if (error.recipients.length > 0) return Effect.fail(error);
  if (reason === "Refused" && reply !== undefined) {
    const verdict = Transaction.verdictOf(reply);
    return Effect.succeed({ recipients: Transaction.withoutTransaction(envelope, verdict, stage, reply) });
  }
  const recipients = Transaction.withoutTransaction(envelope, "deferred", stage, reply, reason);
  return Effect.fail(new SessionError({ reason, stage, reply, cause, recipients }));
};
