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
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import { dial } from "./_dial.ts";
import * as Transaction from "./_transaction.ts";
import * as Connections from "./connections.ts";
import type { Content } from "./content.ts";
import type { HelloUntil } from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome, Protection, RecipientOutcome } from "./outcome.ts";
import * as Session from "./session.ts";
import type { SessionError } from "./session_error.ts";
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
export interface Options extends Connections.Options {
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
  Connections.withRetryInClear(
    options,
    (options) =>
      Connections.withRest(
        options.envelope,
        (envelope, observe) => conversation({ ...options, envelope, observe }),
        options,
      ),
  ).pipe(Effect.map((outcome) => Connections.asAsked(options, outcome)));

const conversation = (
  options: Options,
): Effect.Effect<Outcome, SessionError | GrammarError, Socket.Socket> => {
  const { envelope, content, dropAfter, say = [] } = options;
  const until = dropAfter ?? options.stopAfter ?? "final";
  let session: Session.Session | undefined;
  const protection = (): Protection => session?.protection ?? Connections.unprotected(options);
  const stoppedAt = (stage: Stage): Outcome =>
    outcomeOf(Transaction.withoutTransaction(envelope, "deferred", stage, session?.reply, "Stopped"), protection());
  return Effect.gen(function* () {
    if (until === "connect") {
      yield* dial(yield* Effect.scope, options.timeouts ?? Timeouts.defaults, options.observe);
      return stoppedAt(until);
    }
    session = yield* Session.greet(options);
    const leave = dropAfter === undefined ? Effect.void : session.drop;
    if (until === "greeting") return yield* Effect.as(leave, stoppedAt(until));
    const hello = helloUntil[until];
    yield* session.hello(until === "starttls" && dropAfter !== undefined ? "starttls" : hello);
    if (hello !== undefined) return yield* Effect.as(leave, stoppedAt(until as Stage));
    for (const command of say) yield* session.command(command);
    if (envelope.recipients.length === 0) return outcomeOf([], protection());
    const outcome = yield* session.send(envelope, content, until as Transaction.Until);
    return yield* Effect.as(leave, outcome);
  }).pipe(
    Effect.catchTag("SessionError", (error) => Connections.undelivered(envelope, error, protection())),
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

const outcomeOf = (recipients: ReadonlyArray<RecipientOutcome>, protection: Protection): Outcome => ({
  recipients,
  adaptations: [],
  protection,
});
