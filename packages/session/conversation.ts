/**
 * The protocol core of a session, without any input or output: a synchronous state machine. It is told what to do
 * ({@linkcode Conversation.send} and its siblings) and what came in ({@linkcode Conversation.receive}); it says which
 * octets to write ({@linkcode Conversation.output}) and whose answer it waits for. Sockets, clocks and time limits belong
 * to whoever drives it; `@plausch/session/session` is such a driver.
 *
 * Commands go out in flights: everything that may be written before the next answer is needed. Without PIPELINING a flight
 * is one command; with it, MAIL, all RCPT and DATA (RFC 2920). Answers are matched to commands by a queue of expectations,
 * so nothing in here depends on how octets are cut into chunks, and a flight may span transactions.
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
import * as Octets from "@plausch/smtp/octets";
import * as Phase from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import * as Result from "effect/Result";
import { type AnsweredStage, isExpected, type Reaction, reactions } from "./_reactions.ts";
import * as Transaction from "./_transaction.ts";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Observer, Turned } from "./event.ts";
import type { RecipientOutcome } from "./outcome.ts";
import { type FailureReason, SessionError } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** How a conversation is held. */
export interface Options {
  /** The name to say in EHLO and HELO: the client's domain or address literal (RFC 5321 section 4.1.1.1). */
  readonly host: Host;
  /** Whether to use PIPELINING where it is offered (RFC 2920). Default: true. */
  readonly pipelining?: boolean | undefined;
  /** Whether to try HELO when EHLO is refused for good. Default: true. */
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
}

/** After which stage a transaction stops, with its message unsent; `final` is the whole transaction. */
export type Until = Transaction.Until;

/** A conversation. One request is under way at a time: a request may be made only while `isIdle`. */
export interface Conversation {
  /** Awaits the server's greeting. Nothing is ever said before it. */
  greet(): void;
  /** Says EHLO, and HELO where EHLO is refused. */
  hello(): void;
  /** Sends a message, or the first stages of its transaction. Fails, with nothing said, if a value cannot be encoded. */
  send(envelope: Envelope, content: Content, until?: Until): Result.Result<void, GrammarError>;
  /** Says any one command that is answered by one reply and opens no transaction. */
  command(command: Command.Command): Result.Result<void, GrammarError>;
  /** Says QUIT. */
  quit(): void;

  /** The octets to write next; undefined when there is nothing to write before something is received. */
  output(): Uint8Array | undefined;
  /** Octets came in. */
  receive(chunk: Uint8Array): void;
  /** The connection ended; `cause` is the socket's failure. */
  end(cause: unknown): void;
  /** The limit for what is awaited, or for writing, has passed. */
  expire(): void;
  /** The conversation is given up from outside, whatever it waits for. */
  interrupt(): void;

  /** Nothing to write, nothing awaited: the request is settled. */
  readonly isIdle: boolean;
  /** No request can be made any more: the connection is to be closed. */
  readonly isOver: boolean;
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
  /** What the server offers, once HELO or EHLO was accepted. */
  readonly capabilities: Capabilities.Capabilities | undefined;
  /** The last reply. */
  readonly reply: Reply.Reply | undefined;
  /** The failure that ended the conversation, if one did. */
  readonly failure: SessionError | undefined;
  /** Whether that failure left the last request without its answer. */
  readonly isBroken: boolean;
  /** The reply with which the server refused or ended the session (greeting, EHLO, HELO, or 421), if it did. */
  readonly refusal: { readonly stage: Stage; readonly reply: Reply.Reply } | undefined;
  /** The verdicts on the last message; while it is under way, as if the conversation broke now. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
}

interface Expectation {
  readonly stage: AnsweredStage;
  readonly verb: Phase.Verb | undefined;
  /** For RCPT: the recipient's place in the envelope. */
  readonly recipient: number;
}

const loneDot = Octets.encode(".\r\n");

/** Message data is handed out in blocks of this size, so that each has its own time limit (RFC 5321 section 4.5.3.2.5). */
const blockSize = 65536;

/** The verb in the phase table that a stage stands for. */
const verbs: { readonly [S in AnsweredStage]: Phase.Verb | undefined } = {
  greeting: "GREETING",
  ehlo: "EHLO",
  helo: "HELO",
  mail: "MAIL",
  rcpt: "RCPT",
  data: "DATA",
  final: "MESSAGE",
  rset: "RSET",
  noop: "NOOP",
  vrfy: "VRFY",
  help: "HELP",
  raw: undefined,
  quit: "QUIT",
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
  const { heloFallback = true, maxFlight = 100, now = () => 0, observe = () => {} } = options;
  const parser = ReplyParser.make(options.replies);

  let expectations: Array<Expectation> = [];
  let head = 0;
  let lines: Array<{ readonly stage: AnsweredStage; readonly line: string }> = [];
  let content: { readonly octets: Uint8Array; at: number } | undefined;
  let transaction: Transaction.Transaction | undefined;
  /** A request is under way; a transaction is. */
  let isAsked = false;
  let isSending = false;
  let phase: Phase.Phase = "connected";
  let stage: Stage = "greeting";
  let over = false;
  let saidAt = now();
  let answers = 0;
  let isSendingContent = false;
  let greeting: Reply.Reply | undefined;
  let capabilities: Capabilities.Capabilities | undefined;
  let lastReply: Reply.Reply | undefined;
  let failure: SessionError | undefined;
  let isBroken = false;
  let refusal: Conversation["refusal"];

  const awaiting = (): Expectation | undefined => expectations[head];
  const isIdle = (): boolean => awaiting() === undefined && lines.length === 0 && content === undefined;

  /** Whether a reply that comes now would answer something that was not yet said. */
  const isPremature = (): boolean => lines.length > 0 || content?.at === 0;

  const expect = (stage: AnsweredStage, recipient = -1): void => {
    isAsked = true;
    expectations.push({ stage, verb: verbs[stage], recipient });
  };
  const say = (stage: AnsweredStage, line: string, recipient?: number): void => {
    lines.push({ stage, line });
    expect(stage, recipient);
  };
  const turn = (turn: Turned["turn"]): void => observe({ _tag: "Turned", at: now(), turn });

  const stop = (): void => {
    over = true;
    isSending = false;
    phase = "closed";
    expectations = [];
    head = 0;
    lines = [];
    content = undefined;
  };

  const fail = (reason: FailureReason, at: Stage, cause?: unknown, reply?: Reply.Reply): void => {
    stage = at;
    const broken = isSending ? transaction : undefined;
    isBroken = broken === undefined ? isAsked : Transaction.open(broken).length > 0;
    const recipients = broken === undefined ? [] : Transaction.brokenAt(broken, at, reply, reason);
    broken?.outcomes.splice(0, recipients.length, ...recipients);
    failure = new SessionError({ reason, stage: at, reply, cause, recipients });
    stop();
    observe({ _tag: "Failed", at: now(), error: failure });
  };

  /** The server ends the session: what is open stays open for another time. */
  const dismissed = (at: Stage, reply: Reply.Reply): void => {
    if (isSending && transaction !== undefined) {
      Transaction.decide(transaction, Transaction.open(transaction), "deferred", at, reply);
    }
    refusal = { stage: at, reply };
    stop();
  };

  const sayRecipients = (self: Transaction.Transaction, most: number): void => {
    const { round } = self;
    for (let said = 0; said < most && round.asked < round.pending.length; said++) {
      const recipient = round.pending[round.asked++]!;
      say("rcpt", self.rcptLines[recipient]!, recipient);
    }
  };

  const sayData = (round: Transaction.Round): void => {
    round.data = "asked";
    say("data", "DATA");
  };

  /** Queues the next flight of the transaction, or ends it. Called when nothing is awaited. */
  const proceed = (self: Transaction.Transaction): void => {
    const { round } = self;
    const pipelining = options.pipelining !== false && capabilities?.pipelining === true;
    if (round.sender === "unasked") {
      if (phase === "mail" || phase === "rcpt") {
        say("rset", "RSET");
        if (!pipelining) return;
      }
      round.sender = "asked";
      say("mail", self.mailLine);
      if (!pipelining || self.until === "mail") return;
    }
    if (round.sender !== "refused" && self.until !== "mail" && round.asked < round.pending.length) {
      sayRecipients(self, pipelining ? maxFlight : 1);
      const isLast = round.asked === round.pending.length;
      if (pipelining && isLast && self.until === "final") sayData(round);
      return;
    }
    if (round.data === "go") return sendContent(self);
    const mayGoOn = round.sender === "accepted" && round.accepted.length > 0;
    if (self.until === "final" && round.data === "unasked" && mayGoOn) return sayData(round);
    if (Transaction.nextRound(self)) {
      turn("too-many-recipients");
      return proceed(self);
    }
    if (self.until !== "final") {
      Transaction.decide(self, Transaction.open(self), "deferred", self.until, lastReply, "Stopped");
    }
    isSending = false;
  };

  const sendContent = (self: Transaction.Transaction): void => {
    const { round } = self;
    const isEmpty = round.sender === "refused" || round.accepted.length === 0;
    if (isEmpty) turn("empty-message");
    round.data = "sending";
    content = { octets: isEmpty ? loneDot : self.content.wire, at: 0 };
    expect("final");
  };

  const react = (reaction: Reaction, { stage, recipient }: Expectation, reply: Reply.Reply): void => {
    const self = transaction;
    switch (reaction) {
      case "greeted":
        greeting = reply;
        return;
      case "capable":
        capabilities = Capabilities.fromReply(reply);
        return;
      case "plain":
        capabilities = Capabilities.none;
        return;
      case "try-helo":
        if (heloFallback && reply.code !== 521 && reply.code !== 554) {
          turn("helo");
          return sayHello("helo", "HELO");
        }
        refusal = { stage, reply };
        return;
      case "session-refused":
        refusal = { stage, reply };
        return;
      case "answered":
      case "gone":
        return;
      case "unexpected":
        return fail("UnexpectedReply", stage, undefined, reply);
    }
    if (self !== undefined) reactInTransaction(self, reaction, recipient, reply);
  };

  const reactInTransaction = (
    self: Transaction.Transaction,
    reaction: Reaction,
    recipient: number,
    reply: Reply.Reply,
  ): void => {
    const { round } = self;
    const isMoot = round.sender === "refused";
    switch (reaction) {
      case "sender-accepted":
        round.sender = "accepted";
        return;
      case "sender-refused":
        round.sender = "refused";
        return Transaction.decide(self, round.pending, Transaction.verdictOf(reply), "mail", reply);
      case "recipient-accepted":
        if (!isMoot) round.accepted.push(recipient);
        return;
      case "recipient-odd":
        if (!isMoot) Transaction.decide(self, [recipient], "deferred", "rcpt", reply, "UnexpectedReply");
        return;
      case "recipient-refused":
        if (isMoot) return;
        if (Transaction.isTooMany(round, reply)) round.postponed.push({ recipient, reply });
        else Transaction.decide(self, [recipient], Transaction.verdictOf(reply), "rcpt", reply);
        return;
      case "go-ahead":
        round.data = "go";
        return;
      case "data-refused":
        round.data = "over";
        return Transaction.decide(self, round.accepted, Transaction.verdictOf(reply), "data", reply);
      case "message-accepted":
        round.data = "over";
        if (content !== undefined) return fail("UnexpectedReply", "final", undefined, reply);
        return Transaction.decide(self, round.accepted, "accepted", "final", reply);
      case "message-refused":
        round.data = "over";
        Transaction.decide(self, round.accepted, Transaction.verdictOf(reply), "final", reply);
        // Refused before all of it was sent: there is no way back to commands on this connection.
        if (content !== undefined) dismissed("final", reply);
        return;
      case "message-odd":
        return fail("UnexpectedReply", "final", undefined, reply);
    }
  };

  const hear = (reply: Reply.Reply): void => {
    const expectation = isPremature() ? undefined : awaiting();
    const severity = Reply.severity(reply);
    const reaction = expectation === undefined ? undefined : reactions[expectation.stage][severity];
    lastReply = reply;
    answers++;
    observe({
      _tag: "Heard",
      at: now(),
      stage: expectation?.stage,
      reply,
      expected: reaction !== undefined && reply.code !== 421 && isExpected(reaction, severity),
      elapsed: now() - saidAt,
    });
    if (expectation !== undefined) stage = expectation.stage;
    if (reply.code === 421) return dismissed(stage, reply);
    if (expectation === undefined || reaction === undefined) return fail("UnsolicitedReply", stage, undefined, reply);
    if (expectation.verb !== undefined) phase = Phase.after(phase, expectation.verb, severity);
    head++;
    if (head === expectations.length) {
      expectations = [];
      head = 0;
    }
    react(reaction, expectation, reply);
    if (reaction === "gone") stop();
  };

  const sayHello = (stage: "ehlo" | "helo", verb: "EHLO" | "HELO"): void => {
    const line = Command.format(verb === "EHLO" ? Command.ehlo(options.host) : Command.helo(options.host));
    say(stage, Result.getOrThrow(line));
  };

  const stageOf = (command: Command.Command): AnsweredStage => {
    switch (command._tag) {
      case "RSET":
        return "rset";
      case "NOOP":
        return "noop";
      case "VRFY":
        return "vrfy";
      case "HELP":
        return "help";
      default:
        return "raw";
    }
  };

  const nextBlock = (): Uint8Array => {
    const { octets, at } = content!;
    const end = Math.min(at + blockSize, octets.length);
    const block = octets.subarray(at, end);
    const last = end === octets.length;
    if (last) {
      content = undefined;
      if (transaction !== undefined) {
        transaction.round.data = "sent";
        transaction.round.dotBegun = true;
      }
    } else content!.at = end;
    observe({ _tag: "Content", at: now(), octets: block, last });
    return block;
  };

  return {
    greet: () => expect("greeting"),
    hello: () => sayHello("ehlo", "EHLO"),
    send: (envelope, message, until = "final") => {
      const made = Transaction.make(envelope, message, capabilities ?? Capabilities.none, until);
      if (Result.isFailure(made)) return Result.fail(made.failure);
      transaction = made.success;
      isSending = transaction.round.pending.length > 0;
      if (isSending) proceed(transaction);
      else turn("refused-here");
      return Result.succeed(undefined);
    },
    command: (command) => {
      const line = Command.format(command);
      if (Result.isFailure(line)) return Result.fail(line.failure);
      say(stageOf(command), line.success);
      return Result.succeed(undefined);
    },
    quit: () => say("quit", "QUIT"),
    output: () => {
      saidAt = now();
      if (lines.length > 0) {
        isSendingContent = false;
        const text = lines.map(({ line }) => `${line}\r\n`).join("");
        for (const { stage, line } of lines) observe({ _tag: "Said", at: saidAt, stage, line });
        lines = [];
        return Octets.encode(text);
      }
      isSendingContent = content !== undefined;
      return content === undefined ? undefined : nextBlock();
    },
    receive: (chunk) => {
      if (over) return;
      parser.push(chunk);
      for (;;) {
        const stage = awaiting()?.stage;
        const context = stage === "greeting" ? stage : stage === "ehlo" || stage === "helo" ? "hello" : "other";
        const reply = parser.next(context);
        if (reply === undefined) break;
        hear(reply);
        if (over) return;
      }
      if (parser.failure !== undefined) return fail("BadReply", awaiting()?.stage ?? stage, parser.failure);
      if (isIdle() && isSending && transaction !== undefined) proceed(transaction);
      isAsked = !isIdle();
    },
    end: (cause) => {
      if (over) return;
      if (awaiting()?.stage === "quit") return stop();
      parser.end();
      const isCut = parser.failure === undefined || parser.failure.reason === "UnexpectedEnd";
      const at = awaiting()?.stage ?? stage;
      if (isCut) fail("ConnectionLost", at, cause);
      else fail("BadReply", at, parser.failure);
    },
    expire: () => {
      if (over) return;
      if (awaiting()?.stage === "quit") stop();
      else fail("Timeout", awaiting()?.stage ?? stage);
    },
    interrupt: () => {
      if (!over) fail("Interrupted", awaiting()?.stage ?? stage);
    },
    get isIdle() {
      return isIdle();
    },
    get isOver() {
      return over;
    },
    get stage() {
      return awaiting()?.stage ?? stage;
    },
    get isSendingContent() {
      return isSendingContent;
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
      return capabilities;
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
      return transaction === undefined
        ? []
        : Transaction.brokenAt(transaction, awaiting()?.stage ?? stage, undefined, "ConnectionLost");
    },
  };
};
