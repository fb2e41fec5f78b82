/**
 * The protocol core of a session, without any input or output: a synchronous state machine. It is told what to do
 * ({@linkcode Conversation.send} and its siblings) and what came in ({@linkcode Conversation.receive}); it says which
 * octets to write ({@linkcode Conversation.output}) and whose answer it waits for. Sockets, clocks and time limits belong
 * to whoever drives it; `@plausch/session/session` is such a driver.
 *
 * Commands go out in flights: everything that may be written before the next answer is needed. Without PIPELINING a flight
 * is one command; with it, MAIL, all RCPT and DATA (RFC 2920). Answers are matched to commands by a queue of expectations,
 * so nothing in here depends on how octets are cut into chunks.
 *
 * Credentials leave it in {@linkcode Conversation.output} alone. Events, replies and failures have them masked.
 *
 * @example A refused sender, played by hand
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Conversation from "@plausch/session/conversation";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const text = (octets: Uint8Array | undefined) => new TextDecoder().decode(octets);
 *
 * const conversation = Conversation.make({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * conversation.greet();
 * conversation.receive(octets("220 mx.test ESMTP\r\n"));
 * conversation.hello();
 * assertEquals(text(conversation.output()), "EHLO c.test\r\n");
 * conversation.receive(octets("250 mx.test\r\n"));
 *
 * const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
 * conversation.send(envelope, Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\nhello\r\n"))));
 * assertEquals(text(conversation.output()), "MAIL FROM:<a@c.test>\r\n");
 * conversation.receive(octets("451 4.7.1 later\r\n"));
 * assertEquals(conversation.isIdle, true);
 * assertEquals(conversation.recipients.map(({ verdict }) => verdict), ["deferred"]);
 * ```
 *
 * @module
 */
import * as Capabilities from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import type { Host } from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Phase from "@plausch/smtp/phase";
import * as Redact from "@plausch/smtp/redact";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import type { Credentials, Mechanism } from "@plausch/smtp/sasl";
import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { Redacted } from "effect/Redacted";
import * as Result from "effect/Result";
import * as Introducer from "./_introducer.ts";
import * as Mailer from "./_mailer.ts";
import { type AnsweredStage, isExpected, type Reaction, reactions } from "./_reactions.ts";
import { redactError, redactReply } from "./_redaction.ts";
import type { Talk } from "./_talk.ts";
import * as Transaction from "./_transaction.ts";
import * as Wire from "./_wire.ts";
import type { Authentication } from "./authentication.ts";
import type { Content, Source } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Observer } from "./event.ts";
import type * as ExtensionPolicy from "./extension_policy.ts";
import type { RecipientOutcome } from "./outcome.ts";
import { type FailureReason, SessionError } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** How a conversation is held. */
export interface Options {
  /** The name to say in EHLO, HELO and LHLO: the client's domain or address literal (RFC 5321 section 4.1.1.1). */
  readonly host: Host;
  /** What the server speaks: SMTP, or LMTP, where each recipient has a reply after the message (RFC 2033). Default: SMTP. */
  readonly protocol?: "smtp" | "lmtp" | undefined;
  /** How much is asked of STARTTLS (RFC 3207). Default: `opportunistic`. A connection that is encrypted already has what it needs. */
  readonly tls?: TlsLevel.TlsLevel | undefined;
  /** How to authenticate, once the connection is as secure as it gets (RFC 4954). Default: not at all. */
  readonly auth?: Authentication | undefined;
  /** What to tell a server that trusts this client about somebody else's connection (Postfix's XCLIENT). */
  readonly xclient?: ReadonlyArray<Command.Attribute> | undefined;
  /** What to tell a server for its log about somebody else's connection (Postfix's XFORWARD). */
  readonly xforward?: ReadonlyArray<Command.Attribute> | undefined;
  /**
   * Whether to use PIPELINING (RFC 2920). Default: where it is offered. True asks for it, so that `unsupported` says what to do where
   * it is not.
   */
  readonly pipelining?: boolean | undefined;
  /** Whether messages that are posted may overlap where PIPELINING is used. Default: true. */
  readonly overlap?: boolean | undefined;
  /**
   * Whether to send messages in chunks with BDAT (CHUNKING, RFC 3030), and of how many octets. Default: false; true means chunks
   * of 1 MiB. A binary message goes in chunks in any case.
   */
  readonly chunking?: boolean | number | undefined;
  /** What to do about extensions that a message asks for and the server does not offer. */
  readonly unsupported?: ExtensionPolicy.ExtensionPolicy | undefined;
  /** Whether to try HELO when EHLO is refused for good. Default: true. It never is tried in LMTP, after STARTTLS, or where TLS is required. */
  readonly heloFallback?: boolean | undefined;
  /** How replies are read and limited. Default: lenient. */
  readonly replies?: ReplyParser.Options | undefined;
  /**
   * How many recipients one flight may name. It bounds what both sides must buffer while neither reads (RFC 2920 section
   * 3.1). Default: 100.
   */
  readonly maxFlight?: number | undefined;
  /** Sees every event. */
  readonly observe?: Observer | undefined;
  /** The time for events, in milliseconds since the epoch. Default: always 0. */
  readonly now?: (() => number) | undefined;
  /** A fresh random text that nobody can guess, for mechanisms that need one (RFC 5802 section 5.1). It must be given with `auth`. */
  readonly nonce?: (() => string) | undefined;
}

/** After which stage a transaction stops, with its message unsent; `final` is the whole transaction. */
export type Until = Transaction.Until;

/** After which stage the introduction stops: before the handshake (`starttls`) or right after it (`tls`), for example. */
export type HelloUntil = "ehlo" | "starttls" | "tls" | "ehlo-tls" | "xclient" | "auth" | "xforward" | "ready";

/** Why the server, or this client, does not want the session. */
export interface Refusal {
  /** `Refused` by the server; otherwise what is missing or failed. */
  readonly reason: FailureReason;
  /** Where. */
  readonly stage: Stage;
  /** The reply that led here, if one did. */
  readonly reply: Reply.Reply | undefined;
  /** What is behind it, such as a `SaslError`. */
  readonly cause: unknown;
}

/** A streamed message on its way; another value each time it is sent. */
export interface Wanted {
  /** Where its octets come from. */
  readonly source: Source;
}

/** What became of a message that was posted. */
export interface Settled {
  /** The verdicts, in the order of the envelope. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What was asked for, not offered, and left out or replaced. */
  readonly adaptations: ReadonlyArray<ExtensionPolicy.Adaptation>;
}

/** A conversation. One request is under way at a time: a request may be made only while `isIdle`. */
export interface Conversation {
  /** Awaits the server's greeting. Nothing is ever said before it. */
  greet(): void;
  /** Says EHLO, or HELO or LHLO, and goes on with STARTTLS, XCLIENT, AUTH and XFORWARD as far as they are wanted. */
  hello(until?: HelloUntil): void;
  /** Sends a message, or the first stages of its transaction. Fails, with nothing said, if a value cannot be encoded. */
  send(envelope: Envelope, content: Content, until?: Until): Result.Result<void, GrammarError>;
  /**
   * Sends a message behind those that are under way. To be used only while {@linkcode Conversation.mayPost}. `settled` is called once, as
   * soon as every recipient has a verdict, or when the conversation ends.
   */
  post(envelope: Envelope, content: Content, settled: (outcome: Settled) => void): Result.Result<void, GrammarError>;
  /** Says any one command that is answered by one reply and opens no transaction. */
  command(command: Command.Command): Result.Result<void, GrammarError>;
  /** Says QUIT. To be used only while {@linkcode Conversation.mayQuit}. */
  quit(): void;

  /**
   * The octets to write next; undefined when there is nothing to write before something is received. `isClear` tells that nobody holds
   * octets any more that were given out before, so that their memory may be used again. Default: false.
   */
  output(isClear?: boolean): Uint8Array | undefined;
  /** Octets came in. */
  receive(chunk: Uint8Array): void;
  /** The handshake went through: that of STARTTLS, or that of implicit TLS, before the greeting. */
  secured(report: TlsReport | undefined): void;
  /** The handshake failed. */
  handshakeFailed(cause: unknown): void;
  /** Octets were found that came in clear, before the handshake. */
  injected(): void;
  /**
   * The next octets of the message that is {@linkcode Conversation.wanted}; undefined behind the last ones. `isClear` is as in
   * {@linkcode Conversation.output}.
   */
  supply(octets: Uint8Array | undefined, isClear?: boolean): void;
  /** The message that is wanted cannot be read. */
  supplyFailed(cause: unknown): void;
  /** The connection ended; `cause` is the socket's failure. */
  end(cause: unknown): void;
  /** The limit for what is awaited, or for writing, has passed. */
  expire(): void;
  /** The conversation is given up from outside, whatever it waits for. */
  interrupt(): void;
  /** The connection is closed from this side, without a word, between two requests. */
  hangUp(): void;

  /**
   * Whether another message may be posted. With PIPELINING, its commands go out in one piece with the octets of the message before, whose
   * verdict is still to come (RFC 2920 section 3.1): one round trip for each message.
   */
  readonly mayPost: boolean;
  /** Nothing to write, nothing awaited: the request is settled. */
  readonly isIdle: boolean;
  /** Whether another message can be sent over the connection, as far as is known: it is idle, in step, and its MAILMAX is not used up. */
  readonly isReady: boolean;
  /** No request can be made any more: the connection is to be closed. */
  readonly isOver: boolean;
  /** The server waits for the TLS handshake: nothing else may be written or read. */
  readonly isHandshakeDue: boolean;
  /** The streamed message whose octets have to be supplied before anything else can be written. */
  readonly wanted: Wanted | undefined;
  /** Whether QUIT would be taken for a command where the conversation stands. */
  readonly mayQuit: boolean;
  /** Whose answer is awaited; while nothing is, the stage of the last answer. */
  readonly stage: Stage;
  /** Whether octets that {@linkcode Conversation.output} gave out last belong to a message. */
  readonly isSendingContent: boolean;
  /** How many replies were read: grows when the wait for the next one begins. */
  readonly answers: number;

  /** Where the connection stands. */
  readonly phase: Phase.Phase;
  /** The server's greeting, once it came. */
  readonly greeting: Reply.Reply | undefined;
  /** What the server offers, once HELO, EHLO or LHLO was accepted; forgotten at the TLS handshake. */
  readonly capabilities: Capabilities.Capabilities | undefined;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /** What the TLS handshake came to, if there was one and the socket can tell. */
  readonly tls: TlsReport | undefined;
  /** The mechanism that this client authenticated with, if it did. */
  readonly authenticated: Mechanism | undefined;
  /** The last reply. */
  readonly reply: Reply.Reply | undefined;
  /** The failure that ended the conversation, if one did. */
  readonly failure: SessionError | undefined;
  /** Whether that failure left the last request without its answer. */
  readonly isBroken: boolean;
  /**
   * Why the introduction came to no good end, or how the server ended the session (421), if so. QUIT can still be said, unless the
   * conversation is over.
   */
  readonly refusal: Refusal | undefined;
  /** The verdicts on the last message; while it is under way, as if the conversation broke now. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What the last message had asked for and not got. */
  readonly adaptations: ReadonlyArray<ExtensionPolicy.Adaptation>;
}

/** The verb in the phase table that a stage stands for, unless its command says otherwise. */
const verbs: { readonly [S in AnsweredStage]: Phase.Verb | undefined } = {
  greeting: "GREETING",
  ehlo: "EHLO",
  helo: "HELO",
  starttls: "STARTTLS",
  "ehlo-tls": "EHLO",
  xclient: "XCLIENT",
  auth: "AUTH",
  xforward: "XFORWARD",
  mail: "MAIL",
  rcpt: "RCPT",
  data: "DATA",
  bdat: "BDAT",
  final: "MESSAGE",
  rset: "RSET",
  noop: "NOOP",
  vrfy: "VRFY",
  expn: "EXPN",
  help: "HELP",
  etrn: "ETRN",
  raw: undefined,
  quit: "QUIT",
};

/** The stage of a command that is said on its own. */
const stages: { readonly [T in Command.Command["_tag"]]?: AnsweredStage } = {
  RSET: "rset",
  NOOP: "noop",
  VRFY: "vrfy",
  EXPN: "expn",
  HELP: "help",
  ETRN: "etrn",
};

const introducing: ReadonlySet<Reaction> = new Set<Reaction>([
  "capable",
  "plain",
  "try-helo",
  "session-refused",
  "tls-go-ahead",
  "tls-refused",
  "xclient-accepted",
  "xclient-refused",
  "xforward-accepted",
  "xforward-refused",
  "authenticated",
  "challenged",
  "auth-refused",
]);

/** These are read as they came: a challenge by its mechanism, and what the server offers, be it a user's password. */
const readWhole: ReadonlySet<Reaction> = new Set<Reaction>(["capable", "challenged"]);

/** How a reply to a stage is read. */
const contextOf = (stage: Stage | undefined): ReplyParser.Context => {
  if (stage === "greeting") return "greeting";
  return stage === "ehlo" || stage === "ehlo-tls" || stage === "helo" ? "hello" : "other";
};

/**
 * A new conversation, before its greeting.
 *
 * @example The client never speaks first
 * ```ts
 * import * as Conversation from "@plausch/session/conversation";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const conversation = Conversation.make({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * conversation.greet();
 * assertEquals(conversation.output(), undefined);
 * assertEquals(conversation.stage, "greeting");
 * ```
 */
export const make = (options: Options): Conversation => {
  const { now = () => 0, observe } = options;
  const parser = ReplyParser.make(options.replies);
  const secrets = options.auth === undefined ? [] : secretsOf(options.auth.credentials);
  let redactor = options.auth === undefined ? undefined : Redact.make({ secrets });

  /** A request is under way. */
  let isAsked = false;
  let phase: Phase.Phase = "connected";
  let stage: Stage = "greeting";
  let isOver = false;
  let saidAt = now();
  let answers = 0;
  let greeting: Reply.Reply | undefined;
  let lastReply: Reply.Reply | undefined;
  let failure: SessionError | undefined;
  let isBroken = false;
  let refusal: Refusal | undefined;

  /** The message that was sent last. */
  let latest: Transaction.Transaction | undefined;

  const wire = Wire.make({
    line: ({ stage, shown, chunk }) =>
      observe?.({ _tag: "Said", at: saidAt, stage, line: shown, ...(chunk !== undefined && { chunk }) }),
    data: (octets, ends) => {
      if (ends !== undefined) mailer.ended(ends);
      observe?.({ _tag: "Content", at: saidAt, octets, last: ends !== undefined });
    },
  });

  const isIdle = (): boolean => wire.isIdle && !introducer.isHandshakeDue && mailer.wanted === undefined;
  const stageNow = (): Stage => introducer.isHandshakeDue ? "tls" : wire.awaited?.stage ?? stage;

  const stop = (): ReadonlyArray<Transaction.Transaction> => {
    isOver = true;
    phase = "closed";
    introducer.stop();
    wire.clear();
    return mailer.stop();
  };

  const talk: Talk = {
    say: (stage, text, verb = verbs[stage], transaction, recipient = -1, chunk) => {
      isAsked = true;
      wire.say({ stage, verb, recipient, transaction, text, shown: redactor?.client(text) ?? text, chunk });
    },
    send: wire.send,
    open: wire.open,
    feed: wire.feed,
    turn: (turn) => observe?.({ _tag: "Turned", at: now(), turn }),
    fail: (reason, at, cause, reply) => {
      stage = at;
      const awaited = wire.awaited?.transaction;
      const left = stop();
      isBroken = left.length === 0 ? isAsked : left.some((each) => Transaction.open(each).length > 0);
      for (const each of left) {
        // Behind the message that is waited for, others may have begun.
        const where = awaited === undefined || awaited === each ? at : "mail";
        Transaction.breakAt(each, where, reply, reason);
      }
      const recipients = left.flatMap(({ outcomes }) => outcomes) as ReadonlyArray<RecipientOutcome>;
      failure = new SessionError({ reason, stage: at, reply, cause, recipients });
      observe?.({ _tag: "Failed", at: now(), error: failure });
      for (const each of left) each.settled(each);
    },
    refuse: (why) => {
      refusal = why;
    },
    dismissed: (at, reply) => {
      refusal = { reason: "Refused", stage: at, reply, cause: undefined };
      const { recipient = -1, transaction } = wire.awaited ?? {};
      for (const each of stop()) {
        // In LMTP it is the word on one recipient; the others have been sent, and nobody knows what became of them.
        const isForOne = each === transaction && at === "final" && recipient >= 0;
        if (isForOne) Transaction.decide(each, [recipient], "deferred", at, reply);
        if (isForOne) Transaction.breakAt(each, at, undefined, "ConnectionLost");
        else Transaction.decide(each, Transaction.open(each), "deferred", at, reply);
        each.settled(each);
      }
    },
    get phase() {
      return phase;
    },
    get capabilities() {
      return introducer.capabilities ?? Capabilities.none;
    },
    get isProven() {
      // A socket that cannot tell has failed the handshake itself where the level wants a proof.
      return introducer.isSecure &&
        (introducer.report?.verification.verified ?? TlsLevel.needsProof(options.tls ?? "none"));
    },
    hangUp: () => void stop(),
    get isDataPending() {
      return wire.isDataPending;
    },
    get isStarving() {
      return wire.isStarving;
    },
    get lastReply() {
      return lastReply;
    },
  };
  const introducer = Introducer.make(talk, options, (more) => {
    redactor = Redact.make({ secrets: [...secrets, ...more] });
  });
  const mailer = Mailer.make(talk, options);

  /** Queues what the request under way says next, once nothing is awaited any more. */
  const proceed = (): void => {
    if (isIdle()) introducer.proceed();
    mailer.proceed();
  };

  const react = (reaction: Reaction, expectation: Wire.Expectation, reply: Reply.Reply): void => {
    const { stage, transaction } = expectation;
    if (transaction !== undefined) return mailer.react(reaction, expectation, reply);
    if (introducing.has(reaction)) return introducer.react(reaction, stage, reply);
    switch (reaction) {
      case "greeted":
        greeting = reply;
        return;
      case "answered":
        return;
      case "gone":
        return void stop();
      default:
        return talk.fail("UnexpectedReply", stage, undefined, reply);
    }
  };

  const hear = (original: Reply.Reply): void => {
    const expectation = wire.isPremature ? undefined : wire.awaited;
    const severity = Reply.severity(original);
    const reaction = expectation === undefined ? undefined : reactions[expectation.stage][severity];
    const reply = redactor === undefined ? original : redactReply(redactor, original);
    lastReply = reply;
    answers++;
    observe?.({
      _tag: "Heard",
      at: now(),
      stage: expectation?.stage,
      reply,
      expected: reaction !== undefined && reply.code !== 421 && isExpected(reaction, severity),
      elapsed: now() - saidAt,
    });
    if (expectation !== undefined) stage = expectation.stage;
    // Where it came before anything was said, as to a connection that was idle for too long, it is about what would have been said.
    if (reply.code === 421) return talk.dismissed(stageNow(), reply);
    if (expectation === undefined || reaction === undefined) {
      return talk.fail("UnsolicitedReply", stage, undefined, reply);
    }
    if (expectation.verb !== undefined) phase = Phase.after(phase, expectation.verb, severity);
    wire.answered();
    react(reaction, expectation, readWhole.has(reaction) ? original : reply);
  };

  const injected = (): void => talk.fail("StartTlsInjection", "starttls");

  const decided = (transaction: Transaction.Transaction): void =>
    observe?.({ _tag: "Decided", at: now(), recipients: Transaction.decided(transaction) });

  return {
    greet: () => {
      isAsked = true;
      wire.expect({ stage: "greeting", verb: "GREETING", recipient: -1, transaction: undefined });
    },
    hello: (until = "ready") => {
      refusal = undefined;
      introducer.begin(until);
      proceed();
    },
    send: (envelope, message, until = "final") => {
      const begun = mailer.begin(envelope, message, until, decided);
      if (Result.isFailure(begun)) return Result.fail(begun.failure);
      latest = begun.success;
      return Result.void;
    },
    post: (envelope, message, settled) => {
      const begun = mailer.begin(envelope, message, "final", (transaction) => {
        decided(transaction);
        settled({ recipients: Transaction.decided(transaction), adaptations: transaction.adaptations });
      });
      if (Result.isFailure(begun)) return Result.fail(begun.failure);
      latest = begun.success;
      return Result.void;
    },
    command: (command) => {
      const line = Command.format(command);
      if (Result.isFailure(line)) return Result.fail(line.failure);
      if (redactor === undefined && isAuth(line.success)) redactor = Redact.make();
      talk.say(stages[command._tag] ?? "raw", line.success);
      return Result.succeed(undefined);
    },
    quit: () => talk.say("quit", "QUIT"),
    output: (isClear = false) => {
      if (observe !== undefined) saidAt = now();
      return wire.output(isClear);
    },
    receive: (chunk) => {
      if (isOver || chunk.length === 0) return;
      if (introducer.isHandshakeDue) return injected();
      parser.push(chunk);
      for (;;) {
        const reply = parser.next(contextOf(wire.awaited?.stage));
        if (reply === undefined) break;
        hear(reply);
        if (isOver) return;
        if (introducer.isHandshakeDue) return parser.buffered > 0 ? injected() : undefined;
      }
      const { failure } = parser;
      if (failure !== undefined) {
        return talk.fail("BadReply", stageNow(), redactor === undefined ? failure : redactError(redactor, failure));
      }
      proceed();
      isAsked = !isIdle();
    },
    secured: (report) => {
      if (introducer.isHandshakeDue) phase = Phase.after(phase, "HANDSHAKE", "positive");
      stage = "tls";
      introducer.secured(report);
      observe?.({ _tag: "Secured", at: now(), level: options.tls ?? "opportunistic", report });
      proceed();
      isAsked = !isIdle();
    },
    handshakeFailed: (cause) => talk.fail("TlsFailed", "tls", cause),
    injected,
    supply: (octets, isClear = false) => {
      mailer.supply(octets, isClear);
      proceed();
    },
    supplyFailed: (cause) => talk.fail("ContentFailed", "final", cause),
    end: (cause) => {
      if (isOver) return;
      if (wire.awaited?.stage === "quit") return void stop();
      parser.end();
      const { failure } = parser;
      const isCut = failure === undefined || failure.reason === "UnexpectedEnd";
      if (isCut) talk.fail("ConnectionLost", stageNow(), cause);
      else talk.fail("BadReply", stageNow(), redactor === undefined ? failure : redactError(redactor, failure));
    },
    expire: () => {
      if (isOver) return;
      if (wire.awaited?.stage === "quit") stop();
      else if (introducer.isHandshakeDue) talk.fail("TlsFailed", "tls", new TlsError({ reason: "Timeout" }));
      else talk.fail("Timeout", stageNow());
    },
    interrupt: () => {
      if (!isOver) talk.fail("Interrupted", stageNow());
    },
    hangUp: () => void stop(),
    get mayPost() {
      // In the middle of a message, and behind a single command, nothing can be begun.
      const isFree = isIdle() ? phase !== "data" : wire.awaited?.transaction !== undefined;
      return isFree && !isOver && introducer.capabilities !== undefined && !introducer.isUnderWay && mailer.mayBegin;
    },
    get isIdle() {
      return isIdle();
    },
    get isReady() {
      const isIntroduced = introducer.capabilities !== undefined && !introducer.isUnderWay;
      return isIdle() && !isOver && phase !== "data" && isIntroduced && !mailer.isSpent;
    },
    get isOver() {
      return isOver;
    },
    get isHandshakeDue() {
      return introducer.isHandshakeDue;
    },
    get wanted() {
      return mailer.wanted;
    },
    get mayQuit() {
      return !isOver && (Phase.isLegal(phase, "QUIT") || mailer.isUnderWay && mailer.mayBegin);
    },
    get stage() {
      return stageNow();
    },
    get isSendingContent() {
      return wire.isData;
    },
    get answers() {
      return answers;
    },
    get phase() {
      return phase;
    },
    get greeting() {
      return greeting;
    },
    get capabilities() {
      return introducer.capabilities;
    },
    get isSecure() {
      return introducer.isSecure;
    },
    get tls() {
      return introducer.report;
    },
    get authenticated() {
      return introducer.authenticated;
    },
    get reply() {
      return lastReply;
    },
    get failure() {
      return failure;
    },
    get isBroken() {
      return isBroken;
    },
    get refusal() {
      return refusal;
    },
    get recipients() {
      return latest === undefined ? [] : Transaction.brokenAt(latest, stageNow(), undefined, "ConnectionLost");
    },
    get adaptations() {
      return latest?.adaptations ?? [];
    },
  };
};

const secretsOf = (credentials: Credentials): ReadonlyArray<Redacted<string>> =>
  credentials._tag === "Password" ? [credentials.password] : credentials._tag === "Token" ? [credentials.token] : [];

/** Whether the line carries credentials. */
const isAuth = (line: string): boolean => /^\s*AUTH\b/i.test(line);
