import * as Capabilities from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Octets from "@plausch/smtp/octets";
import type { Phase } from "@plausch/smtp/phase";
import type * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import type { AnsweredStage, Reaction } from "./_reactions.ts";
import type { Wishes } from "./_requirements.ts";
import * as Streaming from "./_streaming.ts";
import type { Talk } from "./_talk.ts";
import * as Transaction from "./_transaction.ts";
import type { Wire } from "./_wire.ts";
import type { Content } from "./content.ts";
import type { Options, Wanted } from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import * as ExtensionPolicy from "./extension_policy.ts";
import type { Verdict } from "./outcome.ts";
import type { Stage } from "./stage.ts";

const loneDot = Octets.encode(".\r\n");

const defaultChunk = 1024 * 1024;

const noLimits = Transaction.limitsOf(Capabilities.none);

/** As whom verdicts on a whole message are about. */
const everybody: ReadonlyArray<number> = [-1];

/** Phases in which a transaction is begun, or a broken one in the way. */
const unclean: ReadonlySet<Phase> = new Set<Phase>(["mail", "rcpt", "bdat", "reset"]);

/** The part of a conversation that sends messages, one after another. */
export class Mailer {
  readonly #talk: Talk;
  readonly #wire: Wire;
  readonly #wishes: Wishes;
  readonly #mayPipeline: boolean;
  readonly #mayOverlap: boolean;
  readonly #isLmtp: boolean;
  readonly #chunkSize: number;
  readonly #maxFlight: number;

  /** The message that is negotiated. */
  #front: Transaction.Transaction | undefined;
  /** The one whose octets are on their way, and which waits for nothing but its verdict. */
  #sent: Transaction.Transaction | undefined;
  /** The same, behind that one. */
  #sentNext: Transaction.Transaction | undefined;
  /** How much of the connection's LIMITS is used up (RFC 9422 section 4). */
  readonly #used: Transaction.Used = { mails: 0, domains: new Set() };

  /** What the server offered when the last message began; nothing changes in between. */
  #offered: Capabilities.Capabilities = Capabilities.none;
  #limits = noLimits;
  #isPipelining = false;

  constructor(talk: Talk, wire: Wire, options: Options) {
    const { maxFlight = 100, chunking = false, overlap = true, unsupported = ExtensionPolicy.defaults } = options;
    this.#talk = talk;
    this.#wire = wire;
    this.#wishes = { chunking: chunking !== false, pipelining: options.pipelining === true, policy: unsupported };
    this.#mayPipeline = options.pipelining !== false;
    this.#mayOverlap = overlap;
    this.#isLmtp = options.protocol === "lmtp";
    this.#chunkSize = typeof chunking === "number" ? Math.max(1, Math.floor(chunking)) : defaultChunk;
    this.#maxFlight = maxFlight;
  }

  /** Whether another message may begin: all that is before it is settled, or needs nothing but its verdict. */
  get mayBegin(): boolean {
    if (this.#front !== undefined || this.#sentNext !== undefined) return false;
    return this.#sent === undefined || this.#isPipelining && this.#mayOverlap;
  }

  /** Whether a message waits for anything. */
  get isUnderWay(): boolean {
    return this.#front !== undefined || this.#sent !== undefined;
  }

  /** Whether the server takes no more messages on this connection (MAILMAX, RFC 9422 section 4.1). */
  get isSpent(): boolean {
    return this.#used.mails >= Transaction.limitsOf(this.#talk.offered).mails;
  }

  /** The streamed message whose octets are wanted before anything else can be said. */
  get wanted(): Wanted | undefined {
    const self = this.#front;
    const stream = self?.round.stream;
    if (self === undefined || stream === undefined || self.round.data !== "sending") return undefined;
    const isWanted = self.verb === "DATA" ? this.#wire.isStarving : self.owed === 0 && !stream.hasChunk;
    return isWanted ? stream : undefined;
  }

  /**
   * Begins a message. It may begin while the one before waits for its verdict, see {@linkcode Mailer.mayBegin}. `settled` is called as
   * soon as all of its recipients have one, or when the conversation ends.
   */
  begin(
    envelope: Envelope,
    content: Content,
    until: Transaction.Until,
    settled: (transaction: Transaction.Transaction) => void,
  ): Result.Result<Transaction.Transaction, GrammarError> {
    const { offered } = this.#talk;
    if (offered !== this.#offered) this.#look(offered);
    const given = {
      envelope,
      content,
      capabilities: this.#offered,
      isProven: this.#talk.isProven,
      wishes: this.#wishes,
    };
    const made = Transaction.make(given, this.#limits, until, this.#used, settled);
    if (Result.isFailure(made)) return made;
    const self = made.success;
    if (self.round.pending.length === 0) {
      this.#talk.turn(self.waiting.length > 0 ? "limit" : "refused-here");
      self.settled(self);
    } else {
      this.#front = self;
      this.proceed();
    }
    return made;
  }

  /** Queues the next flight of the message that is negotiated, if nothing of it is awaited. */
  proceed(): void {
    const self = this.#front;
    if (self === undefined || self.owed > 0) return;
    const { round, until } = self;
    if (round.sender === "unasked") {
      if (this.#mustReset()) {
        self.owed++;
        this.#talk.say("rset", "RSET", "RSET", self);
        if (!this.#isPipelining) return;
      }
      Transaction.use(self, this.#used);
      round.sender = "asked";
      self.owed++;
      this.#talk.say("mail", self.mailLine, "MAIL", self);
      if (!this.#isPipelining || until === "mail") return;
    }
    const wantsData = until === "data" || until === "final";
    if (round.sender !== "refused" && until !== "mail" && round.asked < round.pending.length) {
      this.#sayRecipients(self, this.#isPipelining ? this.#maxFlight : 1);
      const isLast = round.asked === round.pending.length;
      if (this.#isPipelining && isLast && wantsData && self.verb === "DATA") this.#sayData(self);
      return;
    }
    const isWanted = round.sender === "accepted" && round.hasAccepted;
    if (round.data === "go") {
      return until === "data" && isWanted ? this.#stopAt(self, "data") : this.#sendContent(self);
    }
    if (wantsData && isWanted) {
      if (round.data === "unasked") return self.verb === "DATA" ? this.#sayData(self) : this.#sendChunk(self);
      if (round.data === "sending" && self.verb === "BDAT") {
        return until === "data" ? this.#stopAt(self, "bdat") : this.#sendChunk(self);
      }
    }
    const isPostponed = round.postponed.length > 0;
    if (Transaction.nextRound(self, this.#used)) {
      this.#talk.turn(isPostponed ? "too-many-recipients" : "limit");
      return this.proceed();
    }
    if (until === "mail" || until === "rcpt") return this.#stopAt(self, until);
    this.#settle(self);
  }

  /** The reply came that was owed for a message at that stage, for that recipient if it is not -1. */
  react(
    self: Transaction.Transaction,
    reaction: Reaction,
    stage: AnsweredStage,
    recipient: number,
    reply: Reply.Reply,
  ): void {
    self.owed--;
    this.#judge(self, reaction, stage, recipient, reply);
    if (self.owed === 0 && self !== this.#front) this.#settle(self);
  }

  /** More of the message that is wanted; undefined behind the last octets. Whether all that was said has gone out. */
  supply(octets: Uint8Array | undefined, isClear: boolean): void {
    const self = this.#front;
    const stream = self?.round.stream;
    if (self === undefined || stream === undefined) return;
    const fault = stream.supply(octets, isClear);
    if (fault !== undefined) return this.#talk.fail("ContentFailed", "final", fault);
    if (self.verb === "BDAT") return;
    this.#wire.feed(stream.take(), octets === undefined);
    if (octets === undefined) this.#launched(self);
  }

  /** Takes away what is under way, the first message first. */
  stop(): ReadonlyArray<Transaction.Transaction> {
    const left = [this.#sent, this.#sentNext, this.#front].filter((each) => each !== undefined);
    this.#front = this.#sent = this.#sentNext = undefined;
    return left;
  }

  #look(offered: Capabilities.Capabilities): void {
    this.#offered = offered;
    this.#limits = Transaction.limitsOf(offered);
    this.#isPipelining = this.#mayPipeline && offered.pipelining;
  }

  /** A transaction is begun, or a broken one in the way; or one may turn out to be when the verdict on a chunk comes. */
  #mustReset(): boolean {
    return unclean.has(this.#talk.phase) || this.#sent?.verb === "BDAT" || this.#sentNext?.verb === "BDAT";
  }

  #sayRecipients(self: Transaction.Transaction, most: number): void {
    const { round } = self;
    for (let said = 0; said < most && round.asked < round.pending.length; said++) {
      const recipient = round.pending[round.asked++]!;
      self.owed++;
      this.#talk.say("rcpt", self.rcptLines[recipient]!, "RCPT", self, recipient);
    }
  }

  #sayData(self: Transaction.Transaction): void {
    self.round.data = "asked";
    self.owed++;
    this.#talk.say("data", "DATA", "DATA", self);
  }

  #sendContent(self: Transaction.Transaction): void {
    const { round, content } = self;
    const isEmpty = round.sender === "refused" || !round.hasAccepted;
    if (isEmpty) this.#talk.turn("empty-message");
    // LMTP owes no reply to a message for nobody (RFC 2033 section 4.2), so nobody could tell when it is over.
    if (isEmpty && this.#isLmtp) {
      const { lastReply } = this.#talk;
      Transaction.decide(self, Transaction.open(self), "deferred", "data", lastReply, "UnexpectedReply");
      this.#settle(self);
      return this.#talk.hangUp();
    }
    round.data = "sending";
    if (content.source !== undefined && !isEmpty) {
      round.stream = Streaming.withDots(content.source);
      this.#wire.open(self);
      return this.#expectVerdicts(self, "MESSAGE");
    }
    this.#wire.send(isEmpty ? loneDot : content.wire!, self);
    this.#expectVerdicts(self, "MESSAGE");
    this.#launched(self);
  }

  /** The replies that are owed for a whole message. */
  #expectVerdicts(self: Transaction.Transaction, verb: "MESSAGE" | "LAST", recipients = this.#verdictsOn(self)): void {
    self.owed += recipients.length;
    for (let at = 0; at < recipients.length; at++) this.#wire.expect("final", verb, recipients[at]!, self);
  }

  /** Whom each of the verdicts on a message is about; -1 stands for all. In LMTP each recipient has one (RFC 2033 section 4.2). */
  #verdictsOn({ round }: Transaction.Transaction): ReadonlyArray<number> {
    return this.#isLmtp && round.hasAccepted ? round.accepted : everybody;
  }

  /** The octets of a round are on their way. If it is the last round, the next message need not wait for the verdict. */
  #launched(self: Transaction.Transaction): void {
    if (self.round.postponed.length > 0 || self.waiting.length > 0) return;
    this.#front = undefined;
    if (this.#sent === undefined) this.#sent = self;
    else this.#sentNext = self;
  }

  /** The next chunk, and whether it is the last one; undefined where more of the message has to be read first. */
  #nextChunk({ round, content }: Transaction.Transaction): readonly [Uint8Array, boolean] | undefined {
    if (content.source !== undefined) {
      round.stream ??= Streaming.inChunks(content.source, content, this.#chunkSize);
      return round.stream.takeChunk();
    }
    const octets = content.octets!;
    const chunk = octets.subarray(round.chunked, round.chunked + this.#chunkSize);
    return [chunk, round.chunked + chunk.length === octets.length];
  }

  #sendChunk(self: Transaction.Transaction): void {
    const { round } = self;
    const next = this.#nextChunk(self);
    round.data = "sending";
    if (next === undefined) return;
    const [chunk, last] = next;
    if (last && self.until === "data") return this.#stopAt(self, "rcpt");
    round.chunked += chunk.length;
    const line = Result.getOrThrow(Command.format(Command.bdat(chunk.length, last)));
    const [first = -1, ...others] = last ? this.#verdictsOn(self) : [];
    self.owed++;
    this.#talk.say(last ? "final" : "bdat", line, last ? "LAST" : "BDAT", self, first, chunk.length);
    this.#wire.send(chunk, last ? self : undefined);
    this.#expectVerdicts(self, "LAST", others);
    if (last) this.#launched(self);
  }

  #stopAt(self: Transaction.Transaction, stage: Stage): void {
    Transaction.decide(self, Transaction.open(self), "deferred", stage, this.#talk.lastReply, "Stopped");
    this.#settle(self);
  }

  #settle(self: Transaction.Transaction): void {
    if (this.#front === self) this.#front = undefined;
    else if (this.#sent === self) {
      this.#sent = this.#sentNext;
      this.#sentNext = undefined;
    } else return;
    self.settled(self);
  }

  /** What a reply means for the recipients. */
  #judge(
    self: Transaction.Transaction,
    reaction: Reaction,
    stage: AnsweredStage,
    recipient: number,
    reply: Reply.Reply,
  ): void {
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
        if (!isMoot) round.accept();
        return;
      case "recipient-odd":
        if (isMoot) return;
        round.refuse(recipient);
        return Transaction.decideOne(self, recipient, "deferred", "rcpt", reply, "UnexpectedReply");
      case "recipient-refused":
        if (isMoot) return;
        if (Transaction.isTooMany(round, reply)) round.postponed = [...round.postponed, { recipient, reply }];
        else Transaction.decideOne(self, recipient, Transaction.verdictOf(reply), "rcpt", reply);
        return round.refuse(recipient);
      case "go-ahead":
        round.data = "go";
        return;
      case "data-refused":
        round.data = "over";
        return Transaction.decide(self, round.accepted, Transaction.verdictOf(reply), "data", reply);
      case "chunk-accepted":
        if (this.#wire.isDataPending) this.#talk.fail("UnexpectedReply", "bdat", undefined, reply);
        return;
      case "chunk-refused":
        // What is announced of the chunk still has to go out (RFC 3030 section 2).
        round.data = "over";
        this.#talk.turn("chunk-refused");
        return Transaction.decide(self, round.accepted, Transaction.verdictOf(reply), "bdat", reply);
      case "message-accepted":
        round.data = "over";
        if (this.#wire.isDataPending) return this.#talk.fail("UnexpectedReply", "final", undefined, reply);
        return this.#decide(self, recipient, "accepted", reply);
      case "message-refused":
        round.data = "over";
        this.#decide(self, recipient, Transaction.verdictOf(reply), reply);
        // Refused before all of it was sent: there is no way back to commands on this connection, but for a chunk.
        if (this.#wire.isDataPending && self.verb === "DATA") this.#talk.dismissed("final", reply);
        return;
      case "message-odd":
        this.#decide(self, recipient, "deferred", reply, "UnexpectedReply");
        return this.#talk.fail("UnexpectedReply", "final", undefined, reply);
      case "unexpected":
        return this.#talk.fail("UnexpectedReply", stage, undefined, reply);
    }
  }

  /** The verdict on the message, for one recipient or for all that were accepted. */
  #decide(
    self: Transaction.Transaction,
    recipient: number,
    verdict: Verdict,
    reply: Reply.Reply,
    reason?: "UnexpectedReply",
  ): void {
    const recipients = recipient < 0 ? self.round.accepted : [recipient];
    Transaction.decide(self, recipients, verdict, "final", reply, reason);
  }
}
