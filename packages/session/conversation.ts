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
import type { Observer, Turned } from "./event.ts";
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
   * octets any more that were given out before, and that they were taken at once: their memory may be used again, and message data may
   * come in larger blocks. Default: false.
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

/** How a reply is read. */
const contextOf = (expectation: Wire.Expectation | undefined): ReplyParser.Context => {
  switch (expectation?.stage) {
    case "greeting":
      return "greeting";
    case "ehlo":
    case "ehlo-tls":
    case "helo":
      return "hello";
    default:
      return "other";
  }
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
export const make = (options: Options): Conversation => new Machine(options);

/** A class, since one is made for each connection: closures for all of this would cost more than to say EHLO. */
class Machine implements Conversation, Talk, Wire.Observer {
  phase: Phase.Phase = "connected";
  isOver = false;
  answers = 0;
  greeting: Reply.Reply | undefined;
  failure: SessionError | undefined;
  isBroken = false;
  refusal: Refusal | undefined;
  lastReply: Reply.Reply | undefined;

  readonly #options: Options;
  readonly #observe: Observer | undefined;
  readonly #parser: ReplyParser.ReplyParser;
  readonly #wire: Wire.Wire;
  readonly #introducer: Introducer.Introducer;
  readonly #mailer: Mailer.Mailer;
  #redactor: Redact.Redactor | undefined;
  /** A request is under way. */
  #isAsked = false;
  #stage: Stage = "greeting";
  #saidAt: number;
  /** The message that was sent last. */
  #latest: Transaction.Transaction | undefined;

  constructor(options: Options) {
    const { auth, observe } = options;
    this.#options = options;
    this.#observe = observe;
    this.#saidAt = this.#now();
    this.#parser = ReplyParser.make(options.replies);
    const secrets = auth === undefined ? [] : secretsOf(auth.credentials);
    if (auth !== undefined) this.#redactor = Redact.make({ secrets });
    this.#wire = new Wire.Wire(observe === undefined ? undefined : this);
    this.#introducer = new Introducer.Introducer(this, options, (more) => {
      this.#redactor = Redact.make({ secrets: [...secrets, ...more] });
    });
    this.#mailer = new Mailer.Mailer(this, this.#wire, options);
  }

  greet(): void {
    this.#isAsked = true;
    this.#wire.expect("greeting", "GREETING", -1, undefined);
  }

  hello(until: HelloUntil = "ready"): void {
    this.refusal = undefined;
    this.#introducer.begin(until);
    this.#proceed();
  }

  send(envelope: Envelope, content: Content, until: Until = "final"): Result.Result<void, GrammarError> {
    return this.#begin(envelope, content, until, (transaction) => this.#decided(transaction));
  }

  post(
    envelope: Envelope,
    content: Content,
    settled: (outcome: Settled) => void,
  ): Result.Result<void, GrammarError> {
    return this.#begin(envelope, content, "final", (transaction) => {
      this.#decided(transaction);
      settled({ recipients: Transaction.decided(transaction), adaptations: transaction.adaptations });
    });
  }

  command(command: Command.Command): Result.Result<void, GrammarError> {
    const line = Command.format(command);
    if (Result.isFailure(line)) return Result.fail(line.failure);
    if (this.#redactor === undefined && isAuth(line.success)) this.#redactor = Redact.make();
    this.say(stages[command._tag] ?? "raw", line.success);
    return Result.void;
  }

  quit(): void {
    this.say("quit", "QUIT");
  }

  output(isClear = false): Uint8Array | undefined {
    if (this.#observe !== undefined) this.#saidAt = this.#now();
    return this.#wire.output(isClear);
  }

  receive(chunk: Uint8Array): void {
    if (this.isOver || chunk.length === 0) return;
    const introducer = this.#introducer;
    if (introducer.isHandshakeDue) return this.injected();
    const parser = this.#parser;
    parser.push(chunk);
    for (;;) {
      const reply = parser.next(contextOf(this.#wire.awaited));
      if (reply === undefined) break;
      this.#hear(reply);
      if (this.isOver) return;
      if (introducer.isHandshakeDue) return parser.buffered > 0 ? this.injected() : undefined;
    }
    if (parser.failure !== undefined) return this.#failToRead(parser.failure);
    this.#proceed();
    this.#isAsked = !this.isIdle;
  }

  secured(report: TlsReport | undefined): void {
    if (this.isHandshakeDue) this.phase = Phase.after(this.phase, "HANDSHAKE", "positive");
    this.#stage = "tls";
    this.#introducer.secured(report);
    this.#observe?.({ _tag: "Secured", at: this.#now(), level: this.#options.tls ?? "opportunistic", report });
    this.#proceed();
    this.#isAsked = !this.isIdle;
  }

  handshakeFailed(cause: unknown): void {
    this.fail("TlsFailed", "tls", cause);
  }

  injected(): void {
    this.fail("StartTlsInjection", "starttls");
  }

  supply(octets: Uint8Array | undefined, isClear = false): void {
    this.#mailer.supply(octets, isClear);
    this.#proceed();
  }

  supplyFailed(cause: unknown): void {
    this.fail("ContentFailed", "final", cause);
  }

  end(cause: unknown): void {
    if (this.isOver) return;
    if (this.#wire.awaited?.stage === "quit") return this.hangUp();
    this.#parser.end();
    const { failure } = this.#parser;
    if (failure === undefined || failure.reason === "UnexpectedEnd") this.fail("ConnectionLost", this.stage, cause);
    else this.#failToRead(failure);
  }

  expire(): void {
    if (this.isOver) return;
    if (this.#wire.awaited?.stage === "quit") this.hangUp();
    else if (this.isHandshakeDue) this.fail("TlsFailed", "tls", new TlsError({ reason: "Timeout" }));
    else this.fail("Timeout", this.stage);
  }

  interrupt(): void {
    if (!this.isOver) this.fail("Interrupted", this.stage);
  }

  hangUp(): void {
    this.#stop();
  }

  get mayPost(): boolean {
    // In the middle of a message, and behind a single command, nothing can be begun.
    const isFree = this.isIdle ? this.phase !== "data" : this.#wire.awaited?.transaction !== undefined;
    return isFree && !this.isOver && this.#isIntroduced && this.#mailer.mayBegin;
  }

  get isIdle(): boolean {
    return this.#wire.isIdle && !this.#introducer.isHandshakeDue && this.#mailer.wanted === undefined;
  }

  get isReady(): boolean {
    return this.isIdle && !this.isOver && this.phase !== "data" && this.#isIntroduced && !this.#mailer.isSpent;
  }

  get isHandshakeDue(): boolean {
    return this.#introducer.isHandshakeDue;
  }

  get wanted(): Wanted | undefined {
    return this.#mailer.wanted;
  }

  get mayQuit(): boolean {
    return !this.isOver && (Phase.isLegal(this.phase, "QUIT") || this.#mailer.isUnderWay && this.#mailer.mayBegin);
  }

  get stage(): Stage {
    return this.#introducer.isHandshakeDue ? "tls" : this.#wire.awaited?.stage ?? this.#stage;
  }

  get isSendingContent(): boolean {
    return this.#wire.isData;
  }

  get capabilities(): Capabilities.Capabilities | undefined {
    return this.#introducer.capabilities;
  }

  get offered(): Capabilities.Capabilities {
    return this.#introducer.capabilities ?? Capabilities.none;
  }

  get isSecure(): boolean {
    return this.#introducer.isSecure;
  }

  get isProven(): boolean {
    // A socket that cannot tell has failed the handshake itself where the level wants a proof.
    return this.#introducer.isSecure &&
      (this.tls?.verification.verified ?? TlsLevel.needsProof(this.#options.tls ?? "none"));
  }

  get tls(): TlsReport | undefined {
    return this.#introducer.report;
  }

  get authenticated(): Mechanism | undefined {
    return this.#introducer.authenticated;
  }

  get reply(): Reply.Reply | undefined {
    return this.lastReply;
  }

  get recipients(): ReadonlyArray<RecipientOutcome> {
    const latest = this.#latest;
    return latest === undefined ? [] : Transaction.brokenAt(latest, this.stage, undefined, "ConnectionLost");
  }

  get adaptations(): ReadonlyArray<ExtensionPolicy.Adaptation> {
    return this.#latest?.adaptations ?? [];
  }

  say(
    stage: AnsweredStage,
    text: string,
    verb: Phase.Verb | undefined = verbs[stage],
    transaction?: Transaction.Transaction,
    recipient = -1,
    chunk?: number,
  ): void {
    this.#isAsked = true;
    const shown = this.#redactor === undefined ? text : this.#redactor.client(text);
    this.#wire.say(stage, verb, recipient, transaction, text, shown, chunk);
  }

  turn(turn: Turned["turn"]): void {
    this.#observe?.({ _tag: "Turned", at: this.#now(), turn });
  }

  fail(reason: FailureReason, at: Stage, cause?: unknown, reply?: Reply.Reply): void {
    this.#stage = at;
    const awaited = this.#wire.awaited?.transaction;
    const left = this.#stop();
    this.isBroken = left.length === 0 ? this.#isAsked : left.some((each) => Transaction.open(each).length > 0);
    for (const each of left) {
      // Behind the message that is waited for, others may have begun.
      const where = awaited === undefined || awaited === each ? at : "mail";
      Transaction.breakAt(each, where, reply, reason);
    }
    const recipients = left.flatMap(Transaction.decided);
    this.failure = new SessionError({ reason, stage: at, reply, cause, recipients });
    this.#observe?.({ _tag: "Failed", at: this.#now(), error: this.failure });
    for (const each of left) each.settled(each);
  }

  refuse(why: Refusal): void {
    this.refusal = why;
  }

  dismissed(at: Stage, reply: Reply.Reply): void {
    this.refusal = { reason: "Refused", stage: at, reply, cause: undefined };
    const { recipient = -1, transaction } = this.#wire.awaited ?? {};
    for (const each of this.#stop()) {
      // In LMTP it is the word on one recipient; the others have been sent, and nobody knows what became of them.
      const isForOne = each === transaction && at === "final" && recipient >= 0;
      if (isForOne) Transaction.decideOne(each, recipient, "deferred", at, reply);
      if (isForOne) Transaction.breakAt(each, at, undefined, "ConnectionLost");
      else Transaction.decide(each, Transaction.open(each), "deferred", at, reply);
      each.settled(each);
    }
  }

  /** A line goes out. */
  line(stage: Stage, shown: string, chunk: number | undefined): void {
    this.#observe?.({ _tag: "Said", at: this.#saidAt, stage, line: shown, ...(chunk !== undefined && { chunk }) });
  }

  /** Message data goes out. */
  data(octets: Uint8Array, last: boolean): void {
    this.#observe?.({ _tag: "Content", at: this.#saidAt, octets, last });
  }

  get #isIntroduced(): boolean {
    return this.#introducer.capabilities !== undefined && !this.#introducer.isUnderWay;
  }

  #now(): number {
    return this.#options.now?.() ?? 0;
  }

  #begin(
    envelope: Envelope,
    content: Content,
    until: Until,
    settled: (transaction: Transaction.Transaction) => void,
  ): Result.Result<void, GrammarError> {
    const begun = this.#mailer.begin(envelope, content, until, settled);
    if (Result.isFailure(begun)) return Result.fail(begun.failure);
    this.#latest = begun.success;
    return Result.void;
  }

  /** Queues what the request under way says next, once nothing is awaited any more. */
  #proceed(): void {
    if (this.isIdle) this.#introducer.proceed();
    this.#mailer.proceed();
  }

  #hear(original: Reply.Reply): void {
    const expectation = this.#wire.isPremature ? undefined : this.#wire.awaited;
    const severity = Reply.severity(original);
    const reaction = expectation === undefined ? undefined : reactions[expectation.stage][severity];
    const reply = this.#redactor === undefined ? original : redactReply(this.#redactor, original);
    this.lastReply = reply;
    this.answers++;
    if (this.#observe !== undefined) {
      const at = this.#now();
      this.#observe({
        _tag: "Heard",
        at,
        stage: expectation?.stage,
        reply,
        expected: reaction !== undefined && reply.code !== 421 && isExpected(reaction, severity),
        elapsed: at - this.#saidAt,
      });
      // Whoever heard it may have had enough.
      if (this.isOver) return;
    }
    if (expectation !== undefined) this.#stage = expectation.stage;
    // Where it came before anything was said, as to a connection that was idle for too long, it is about what would have been said.
    if (reply.code === 421) return this.dismissed(this.stage, reply);
    if (expectation === undefined || reaction === undefined) {
      return this.fail("UnsolicitedReply", this.#stage, undefined, reply);
    }
    const { stage, verb, recipient, transaction } = expectation;
    if (verb !== undefined) this.phase = Phase.after(this.phase, verb, severity);
    this.#wire.answered();
    if (transaction !== undefined) this.#mailer.react(transaction, reaction, stage, recipient, reply);
    else this.#react(reaction, stage, readWhole.has(reaction) ? original : reply);
  }

  #react(reaction: Reaction, stage: AnsweredStage, reply: Reply.Reply): void {
    if (introducing.has(reaction)) return this.#introducer.react(reaction, stage, reply);
    switch (reaction) {
      case "greeted":
        this.greeting = reply;
        return;
      case "answered":
        return;
      case "gone":
        return this.hangUp();
      default:
        return this.fail("UnexpectedReply", stage, undefined, reply);
    }
  }

  #failToRead(failure: GrammarError): void {
    this.fail("BadReply", this.stage, this.#redactor === undefined ? failure : redactError(this.#redactor, failure));
  }

  #decided(transaction: Transaction.Transaction): void {
    this.#observe?.({ _tag: "Decided", at: this.#now(), recipients: Transaction.decided(transaction) });
  }

  #stop(): ReadonlyArray<Transaction.Transaction> {
    this.isOver = true;
    this.phase = "closed";
    this.#introducer.stop();
    this.#wire.clear();
    return this.#mailer.stop();
  }
}

const secretsOf = (credentials: Credentials): ReadonlyArray<Redacted<string>> =>
  credentials._tag === "Password" ? [credentials.password] : credentials._tag === "Token" ? [credentials.token] : [];

/** Whether the line carries credentials. */
const isAuth = (line: string): boolean => /^\s*AUTH\b/i.test(line);
