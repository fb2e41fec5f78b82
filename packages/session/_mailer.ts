import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Octets from "@plausch/smtp/octets";
import type { Phase } from "@plausch/smtp/phase";
import type * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import type { Reaction } from "./_reactions.ts";
import type { Talk } from "./_talk.ts";
import * as Transaction from "./_transaction.ts";
import type { Expectation } from "./_wire.ts";
import type { Content } from "./content.ts";
import type { Options } from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import * as ExtensionPolicy from "./extension_policy.ts";
import type { Stage } from "./stage.ts";

/** The part of a conversation that sends messages, one after another. */
export interface Mailer {
  begin(envelope: Envelope, content: Content, until: Transaction.Until): Result.Result<void, GrammarError>;
  /** Queues the next flight of the transaction, or ends it. Called when nothing is awaited. */
  proceed(): void;
  react(reaction: Reaction, recipient: number, reply: Reply.Reply): void;
  /** The last octets of the message were handed out to be written. */
  messageEnded(): void;
  stop(): void;
  readonly isUnderWay: boolean;
  /** The latest transaction, whether it is under way or over. */
  readonly transaction: Transaction.Transaction | undefined;
}

const loneDot = Octets.encode(".\r\n");

const defaultChunk = 1024 * 1024;

/** Phases in which a transaction is begun, or a broken one in the way. */
const unclean: ReadonlySet<Phase> = new Set<Phase>(["mail", "rcpt", "bdat", "reset"]);

export const make = (talk: Talk, options: Options): Mailer => {
  const { maxFlight = 100, chunking = false, unsupported = ExtensionPolicy.defaults } = options;
  const chunkSize = typeof chunking === "number" ? Math.max(1, Math.floor(chunking)) : defaultChunk;
  const isLmtp = options.protocol === "lmtp";

  let transaction: Transaction.Transaction | undefined;
  let isUnderWay = false;
  /** How many transactions were begun on this connection (MAILMAX, RFC 9422 section 4.1). */
  let mails = 0;

  const isPipelining = (): boolean => options.pipelining !== false && talk.capabilities.pipelining;

  const sayRecipients = (self: Transaction.Transaction, most: number): void => {
    const { round } = self;
    for (let said = 0; said < most && round.asked < round.pending.length; said++) {
      const recipient = round.pending[round.asked++]!;
      talk.say("rcpt", self.rcptLines[recipient]!, { recipient });
    }
  };

  const sayData = (round: Transaction.Round): void => {
    round.data = "asked";
    talk.say("data", "DATA");
  };

  /** Whose replies are owed for a whole message: in LMTP one for each recipient (RFC 2033 section 4.2). */
  const verdictsOn = ({ accepted }: Transaction.Round, verb: "MESSAGE" | "LAST"): ReadonlyArray<Expectation> =>
    (isLmtp && accepted.length > 0 ? accepted : [-1]).map((recipient) => ({ stage: "final", verb, recipient }));

  const sendContent = ({ round, content }: Transaction.Transaction): void => {
    const isEmpty = round.sender === "refused" || round.accepted.length === 0;
    if (isEmpty) talk.turn("empty-message");
    round.data = "sending";
    talk.send(isEmpty ? loneDot : content.wire!, true, verdictsOn(round, "MESSAGE"));
  };

  const sendChunk = (self: Transaction.Transaction): void => {
    const { round, content: { octets } } = self;
    const chunk = octets.subarray(round.chunked, round.chunked + chunkSize);
    const last = round.chunked + chunk.length === octets.length;
    if (last && self.until === "data") return stopAt(self, "rcpt");
    round.chunked += chunk.length;
    round.data = "sending";
    const line = Result.getOrThrow(Command.format(Command.bdat(chunk.length, last)));
    if (!last) {
      talk.say("bdat", line, { chunk: chunk.length });
      return talk.send(chunk, false, []);
    }
    const [first, ...others] = verdictsOn(round, "LAST");
    talk.say("final", line, { verb: "LAST", recipient: first!.recipient, chunk: chunk.length });
    talk.send(chunk, true, others);
  };

  const stopAt = (self: Transaction.Transaction, stage: Stage): void => {
    Transaction.decide(self, Transaction.open(self), "deferred", stage, talk.lastReply, "Stopped");
    isUnderWay = false;
  };

  const proceed = (): void => {
    const self = transaction;
    if (self === undefined || !isUnderWay) return;
    const { round, until } = self;
    if (round.sender === "unasked") {
      if (mails >= (talk.capabilities.limits.get("MAILMAX") ?? Infinity)) {
        Transaction.decide(self, Transaction.open(self), "deferred", "mail", undefined, "MailLimit");
        isUnderWay = false;
        return;
      }
      if (unclean.has(talk.phase)) {
        talk.say("rset", "RSET");
        if (!isPipelining()) return;
      }
      mails++;
      round.sender = "asked";
      talk.say("mail", self.mailLine);
      if (!isPipelining() || until === "mail") return;
    }
    const wantsData = until === "data" || until === "final";
    if (round.sender !== "refused" && until !== "mail" && round.asked < round.pending.length) {
      sayRecipients(self, isPipelining() ? maxFlight : 1);
      const isLast = round.asked === round.pending.length;
      if (isPipelining() && isLast && wantsData && self.verb === "DATA") sayData(round);
      return;
    }
    if (round.data === "go") return until === "data" ? stopAt(self, "data") : sendContent(self);
    if (wantsData && round.sender === "accepted" && round.accepted.length > 0) {
      if (round.data === "unasked") return self.verb === "DATA" ? sayData(round) : sendChunk(self);
      if (round.data === "sending" && self.verb === "BDAT") {
        return until === "data" ? stopAt(self, "bdat") : sendChunk(self);
      }
    }
    const isPostponed = round.postponed.length > 0;
    if (Transaction.nextRound(self)) {
      talk.turn(isPostponed ? "too-many-recipients" : "limit");
      return proceed();
    }
    if (until === "mail" || until === "rcpt") return stopAt(self, until);
    isUnderWay = false;
  };

  const react = (
    self: Transaction.Transaction,
    reaction: Reaction,
    recipient: number,
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
        return talk.fail("UnexpectedReply", "final", undefined, reply);
    }
  };

  return {
    begin: (envelope, content, until) => {
      const { capabilities, isSecure } = talk;
      const wishes = { chunking: chunking !== false, pipelining: options.pipelining === true, policy: unsupported };
      const made = Transaction.make({ envelope, content, capabilities, isSecure, wishes }, until);
      if (Result.isFailure(made)) return Result.fail(made.failure);
      transaction = made.success;
      isUnderWay = transaction.round.pending.length > 0;
      if (isUnderWay) proceed();
      else talk.turn("refused-here");
      return Result.succeed(undefined);
    },
    proceed,
    react: (reaction, recipient, reply) => {
      if (transaction !== undefined) react(transaction, reaction, recipient, reply);
    },
    messageEnded: () => {
      if (transaction === undefined || !isUnderWay) return;
      transaction.round.data = "sent";
      transaction.round.endBegun = true;
    },
    stop: () => {
      isUnderWay = false;
    },
    get isUnderWay() {
      return isUnderWay;
    },
    get transaction() {
      return transaction;
    },
  };
};
