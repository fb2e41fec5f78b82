import * as Capabilities from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Octets from "@plausch/smtp/octets";
import type { Phase } from "@plausch/smtp/phase";
import type * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import type { Reaction } from "./_reactions.ts";
import * as Streaming from "./_streaming.ts";
import type { Talk } from "./_talk.ts";
import * as Transaction from "./_transaction.ts";
import type { Expectation } from "./_wire.ts";
import type { Content } from "./content.ts";
import type { Options, Wanted } from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import * as ExtensionPolicy from "./extension_policy.ts";
import type { Stage } from "./stage.ts";

/** The part of a conversation that sends messages, one after another. */
export interface Mailer {
  /**
   * Begins a message. It may begin while the one before waits for its verdict, see {@linkcode mayBegin}. `settled` is called as soon as
   * all of its recipients have one, or when the conversation ends.
   */
  begin(
    envelope: Envelope,
    content: Content,
    until: Transaction.Until,
    settled: (transaction: Transaction.Transaction) => void,
  ): Result.Result<Transaction.Transaction, GrammarError>;
  /** Queues the next flight of the message that is negotiated, if nothing of it is awaited. */
  proceed(): void;
  react(reaction: Reaction, expectation: Expectation, reply: Reply.Reply): void;
  /** More of the message that is wanted; undefined behind the last octets. Whether all that was said has gone out. */
  supply(octets: Uint8Array | undefined, isClear: boolean): void;
  /** The streamed message whose octets are wanted before anything else can be said. */
  readonly wanted: Wanted | undefined;
  /** The last octets of a message were handed out to be written. */
  ended(transaction: Transaction.Transaction): void;
  /** Takes away what is under way, the first message first. */
  stop(): ReadonlyArray<Transaction.Transaction>;
  /** Whether another message may begin: all that is before it is settled, or needs nothing but its verdict. */
  readonly mayBegin: boolean;
  /** Whether a message waits for anything. */
  readonly isUnderWay: boolean;
  /** Whether the server takes no more messages on this connection (MAILMAX, RFC 9422 section 4.1). */
  readonly isSpent: boolean;
}

const loneDot = Octets.encode(".\r\n");

const defaultChunk = 1024 * 1024;

/** Phases in which a transaction is begun, or a broken one in the way. */
const unclean: ReadonlySet<Phase> = new Set<Phase>(["mail", "rcpt", "bdat", "reset"]);

export const make = (talk: Talk, options: Options): Mailer => {
  const { maxFlight = 100, chunking = false, overlap = true, unsupported = ExtensionPolicy.defaults } = options;
  const chunkSize = typeof chunking === "number" ? Math.max(1, Math.floor(chunking)) : defaultChunk;
  const isLmtp = options.protocol === "lmtp";
  const wishes = { chunking: chunking !== false, pipelining: options.pipelining === true, policy: unsupported };

  /** The message that is negotiated. */
  let front: Transaction.Transaction | undefined;
  /** Those whose octets are on their way, and which wait for nothing but their verdict. */
  let sent: Array<Transaction.Transaction> = [];
  /** How much of the connection's LIMITS is used up (RFC 9422 section 4). */
  const used: Transaction.Used = { mails: 0, domains: new Set() };

  /** What the server offered when the last message began; nothing changes in between. */
  let capabilities: Capabilities.Capabilities = Capabilities.none;
  let limits = Transaction.limitsOf(capabilities);
  let isPipelining = false;

  const look = (offered: Capabilities.Capabilities): void => {
    if (offered === capabilities) return;
    capabilities = offered;
    limits = Transaction.limitsOf(offered);
    isPipelining = options.pipelining !== false && offered.pipelining;
  };

  const sayRecipients = (self: Transaction.Transaction, most: number): void => {
    const { round } = self;
    for (let said = 0; said < most && round.asked < round.pending.length; said++) {
      const recipient = round.pending[round.asked++]!;
      self.owed++;
      talk.say("rcpt", self.rcptLines[recipient]!, "RCPT", self, recipient);
    }
  };

  const sayData = (self: Transaction.Transaction): void => {
    self.round.data = "asked";
    self.owed++;
    talk.say("data", "DATA", "DATA", self);
  };

  /** Whose replies are owed for a whole message: in LMTP one for each recipient (RFC 2033 section 4.2). */
  const verdictsOn = (self: Transaction.Transaction, verb: "MESSAGE" | "LAST"): ReadonlyArray<Expectation> => {
    const { accepted } = self.round;
    const recipients = isLmtp && accepted.length > 0 ? accepted : [-1];
    self.owed += recipients.length;
    return recipients.map((recipient) => ({ stage: "final", verb, recipient, transaction: self }));
  };

  /** The octets of a round are on their way. If it is the last round, the next message need not wait for the verdict. */
  const launched = (self: Transaction.Transaction): void => {
    if (self.round.postponed.length > 0 || self.waiting.length > 0) return;
    front = undefined;
    sent.push(self);
  };

  const sendContent = (self: Transaction.Transaction): void => {
    const { round, content } = self;
    const isEmpty = round.sender === "refused" || round.accepted.length === 0;
    if (isEmpty) talk.turn("empty-message");
    // LMTP owes no reply to a message for nobody (RFC 2033 section 4.2), so nobody could tell when it is over.
    if (isEmpty && isLmtp) {
      Transaction.decide(self, Transaction.open(self), "deferred", "data", talk.lastReply, "UnexpectedReply");
      settle(self);
      return talk.hangUp();
    }
    round.data = "sending";
    if (content.source !== undefined && !isEmpty) {
      round.stream = Streaming.withDots(content.source);
      return talk.open(self, verdictsOn(self, "MESSAGE"));
    }
    talk.send(isEmpty ? loneDot : content.wire!, self, verdictsOn(self, "MESSAGE"));
    launched(self);
  };

  /** The next chunk, and whether it is the last one; undefined where more of the message has to be read first. */
  const nextChunk = ({ round, content }: Transaction.Transaction): readonly [Uint8Array, boolean] | undefined => {
    if (content.source !== undefined) {
      round.stream ??= Streaming.inChunks(content.source, content, chunkSize);
      return round.stream.takeChunk();
    }
    const octets = content.octets!;
    const chunk = octets.subarray(round.chunked, round.chunked + chunkSize);
    return [chunk, round.chunked + chunk.length === octets.length];
  };

  const sendChunk = (self: Transaction.Transaction): void => {
    const { round } = self;
    const next = nextChunk(self);
    round.data = "sending";
    if (next === undefined) return;
    const [chunk, last] = next;
    if (last && self.until === "data") return stopAt(self, "rcpt");
    round.chunked += chunk.length;
    const line = Result.getOrThrow(Command.format(Command.bdat(chunk.length, last)));
    if (!last) {
      self.owed++;
      talk.say("bdat", line, "BDAT", self, -1, chunk.length);
      return talk.send(chunk, undefined, []);
    }
    const [first, ...others] = verdictsOn(self, "LAST");
    talk.say("final", line, "LAST", self, first!.recipient, chunk.length);
    talk.send(chunk, self, others);
    launched(self);
  };

  const stopAt = (self: Transaction.Transaction, stage: Stage): void => {
    Transaction.decide(self, Transaction.open(self), "deferred", stage, talk.lastReply, "Stopped");
    settle(self);
  };

  const settle = (self: Transaction.Transaction): void => {
    if (front === self) front = undefined;
    else if (sent[0] === self) sent.shift();
    else return;
    self.settled(self);
  };

  /** A transaction is begun, or a broken one in the way; or one may turn out to be when the verdict on a chunk comes. */
  const mustReset = (): boolean => unclean.has(talk.phase) || sent.some(({ verb }) => verb === "BDAT");

  const proceed = (): void => {
    const self = front;
    if (self === undefined || self.owed > 0) return;
    const { round, until } = self;
    if (round.sender === "unasked") {
      if (mustReset()) {
        self.owed++;
        talk.say("rset", "RSET", "RSET", self);
        if (!isPipelining) return;
      }
      Transaction.use(self, used);
      round.sender = "asked";
      self.owed++;
      talk.say("mail", self.mailLine, "MAIL", self);
      if (!isPipelining || until === "mail") return;
    }
    const wantsData = until === "data" || until === "final";
    if (round.sender !== "refused" && until !== "mail" && round.asked < round.pending.length) {
      sayRecipients(self, isPipelining ? maxFlight : 1);
      const isLast = round.asked === round.pending.length;
      if (isPipelining && isLast && wantsData && self.verb === "DATA") sayData(self);
      return;
    }
    if (round.data === "go") {
      const isWanted = round.sender === "accepted" && round.accepted.length > 0;
      return until === "data" && isWanted ? stopAt(self, "data") : sendContent(self);
    }
    if (wantsData && round.sender === "accepted" && round.accepted.length > 0) {
      if (round.data === "unasked") return self.verb === "DATA" ? sayData(self) : sendChunk(self);
      if (round.data === "sending" && self.verb === "BDAT") {
        return until === "data" ? stopAt(self, "bdat") : sendChunk(self);
      }
    }
    const isPostponed = round.postponed.length > 0;
    if (Transaction.nextRound(self, used)) {
      talk.turn(isPostponed ? "too-many-recipients" : "limit");
      return proceed();
    }
    if (until === "mail" || until === "rcpt") return stopAt(self, until);
    settle(self);
  };

  const react = (
    self: Transaction.Transaction,
    reaction: Reaction,
    { recipient, stage }: Expectation,
    reply: Reply.Reply,
  ): void => {
    const { round } = self;
    const isMoot = round.sender === "refused";
    const answered = recipient < 0 ? round.accepted : [recipient];
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
      case "chunk-accepted":
        if (talk.isDataPending) talk.fail("UnexpectedReply", "bdat", undefined, reply);
        return;
      case "chunk-refused":
        // What is announced of the chunk still has to go out (RFC 3030 section 2).
        round.data = "over";
        talk.turn("chunk-refused");
        return Transaction.decide(self, round.accepted, Transaction.verdictOf(reply), "bdat", reply);
      case "message-accepted":
        round.data = "over";
        if (talk.isDataPending) return talk.fail("UnexpectedReply", "final", undefined, reply);
        return Transaction.decide(self, answered, "accepted", "final", reply);
      case "message-refused":
        round.data = "over";
        Transaction.decide(self, answered, Transaction.verdictOf(reply), "final", reply);
        // Refused before all of it was sent: there is no way back to commands on this connection, but for a chunk.
        if (talk.isDataPending && self.verb === "DATA") talk.dismissed("final", reply);
        return;
      case "message-odd":
        Transaction.decide(self, answered, "deferred", "final", reply, "UnexpectedReply");
        return talk.fail("UnexpectedReply", "final", undefined, reply);
      case "unexpected":
        return talk.fail("UnexpectedReply", stage, undefined, reply);
    }
  };

  return {
    begin: (envelope, content, until, settled) => {
      look(talk.capabilities);
      const given = { envelope, content, capabilities, isProven: talk.isProven, wishes };
      const made = Transaction.make(given, limits, until, used, settled);
      if (Result.isFailure(made)) return Result.fail(made.failure);
      const self = made.success;
      if (self.round.pending.length === 0) {
        talk.turn(self.waiting.length > 0 ? "limit" : "refused-here");
        self.settled(self);
      } else {
        front = self;
        proceed();
      }
      return made;
    },
    proceed,
    react: (reaction, expectation, reply) => {
      const { transaction } = expectation;
      if (transaction === undefined) return;
      transaction.owed--;
      react(transaction, reaction, expectation, reply);
      if (transaction.owed === 0 && transaction !== front) settle(transaction);
    },
    supply: (octets, isClear) => {
      const self = front;
      const stream = self?.round.stream;
      if (self === undefined || stream === undefined) return;
      const fault = stream.supply(octets, isClear);
      if (fault !== undefined) return talk.fail("ContentFailed", "final", fault);
      if (self.verb === "BDAT") return;
      talk.feed(stream.take(), octets === undefined);
      if (octets === undefined) launched(self);
    },
    get wanted() {
      const stream = front?.round.stream;
      if (front === undefined || stream === undefined || front.round.data !== "sending") return undefined;
      const isWanted = front.verb === "DATA" ? talk.isStarving : front.owed === 0 && !stream.hasChunk;
      return isWanted ? stream : undefined;
    },
    ended: ({ round }) => {
      round.data = "sent";
      round.endBegun = true;
    },
    stop: () => {
      const left = front === undefined ? sent : [...sent, front];
      front = undefined;
      sent = [];
      return left;
    },
    get mayBegin() {
      if (front !== undefined) return false;
      return sent.length === 0 || sent.length === 1 && isPipelining && overlap;
    },
    get isUnderWay() {
      return front !== undefined || sent.length > 0;
    },
    get isSpent() {
      return used.mails >= Transaction.limitsOf(talk.capabilities).mails;
    },
  };
};
