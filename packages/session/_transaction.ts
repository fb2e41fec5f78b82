import type { Capabilities } from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import * as Requirements from "./_requirements.ts";
import type { Streaming } from "./_streaming.ts";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Adaptation } from "./extension_policy.ts";
import type { RecipientOutcome, Verdict } from "./outcome.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** After which stage a transaction stops, with its message unsent. */
export type Until = "mail" | "rcpt" | "data" | "final";

/** What the server takes (LIMITS, RFC 9422 section 4). */
export interface Limits {
  /** Recipients of one transaction (RCPTMAX). */
  readonly recipients: number;
  /** Transactions of one connection (MAILMAX). */
  readonly mails: number;
  /** Domains of all recipients of one connection (RCPTDOMAINMAX). */
  readonly domains: number;
}

/** How much of that a connection has had. */
export interface Used {
  mails: number;
  readonly domains: Set<string>;
}

/** A recipient of a later round, and the reply that put it off. */
interface Postponed {
  readonly recipient: number;
  readonly reply: Reply.Reply;
}

const nobody: ReadonlyArray<number> = [];
const nothingPostponed: ReadonlyArray<Postponed> = [];

/** One MAIL with its recipients and its message. */
export class Round {
  /** How many of the recipients RCPT was said for. */
  asked = 0;
  /** Those beyond the number of recipients that the server takes at once. */
  postponed = nothingPostponed;
  sender: "unasked" | "asked" | "accepted" | "refused" = "unasked";
  data: "unasked" | "asked" | "go" | "sending" | "sent" | "over" = "unasked";
  /** The octets of a streamed message, once they are on their way. */
  stream: Streaming | undefined = undefined;
  /** How many octets of the message were handed out in chunks. */
  chunked = 0;
  /** Whether octets that end the message were handed out to be written. */
  endBegun = false;
  #answered = 0;
  #refused = nobody;

  /** `pending` are the recipients of this round, by their place in the envelope. */
  constructor(readonly pending: ReadonlyArray<number>) {}

  /** RCPT was accepted for the next recipient. */
  accept(): void {
    this.#answered++;
  }

  /** It was not. */
  refuse(recipient: number): void {
    this.#answered++;
    this.#refused = [...this.#refused, recipient];
  }

  /** The last octets of the message were handed out to be written. */
  ended(): void {
    this.data = "sent";
    this.endBegun = true;
  }

  get hasAccepted(): boolean {
    return this.#answered > this.#refused.length;
  }

  /** Those whose RCPT was accepted. */
  get accepted(): ReadonlyArray<number> {
    if (this.#answered === this.pending.length && this.#refused.length === 0) return this.pending;
    return this.pending.slice(0, this.#answered).filter((recipient) => !this.#refused.includes(recipient));
  }
}

/** Before the first round. */
const unbegun = new Round(nobody);

/** One message on its way to one server: possibly in several rounds, when the server limits recipients. */
export class Transaction {
  /** How many replies are owed for it. */
  owed = 0;
  /** Recipients of later rounds, by their place in the envelope. */
  waiting = nobody;
  round = unbegun;

  constructor(
    readonly envelope: Envelope,
    readonly content: Content,
    readonly until: Until,
    readonly limits: Limits,
    /** Is called once, when every recipient has a verdict. */
    readonly settled: (self: Transaction) => void,
    readonly verb: "DATA" | "BDAT",
    readonly mailLine: string,
    readonly rcptLines: ReadonlyArray<string>,
    readonly adaptations: ReadonlyArray<Adaptation>,
    /** The verdicts, by recipient. A recipient without one is still open. */
    readonly outcomes: Array<RecipientOutcome | undefined>,
  ) {}
}

/** The last numbering that was asked for: most messages of a program have equally many recipients. */
let numbers = nobody;

const firstNumbers = (count: number): ReadonlyArray<number> => {
  if (numbers.length !== count) numbers = Array.from({ length: count }, (_, index) => index);
  return numbers;
};

/** Checks and encodes everything that a transaction will say, before a byte of it is sent. */
export const make = (
  given: Requirements.Given,
  limits: Limits,
  until: Until,
  used: Used,
  settled: Transaction["settled"],
): Result.Result<Transaction, GrammarError> => {
  const { envelope, content } = given;
  const { recipients } = envelope;
  const plan = Requirements.plan(given);
  if ("reason" in plan) {
    const outcomes = recipients.map((_, index) => ({
      ...outcomeOf(envelope, index, "rejected", "mail", undefined, plan.reason),
      ...plan,
    }));
    return Result.succeed(new Transaction(envelope, content, until, limits, settled, "DATA", "", [], [], outcomes));
  }
  const options = plan.mail.smtputf8 === true ? international : ascii;
  const mailLine = Command.format(Command.mail(envelope.reversePath, plan.mail), options);
  if (Result.isFailure(mailLine)) return Result.fail(mailLine.failure);
  // Not grown by push, which would reserve room for seventeen.
  const rcptLines = new Array<string>(recipients.length);
  for (let index = 0; index < rcptLines.length; index++) {
    const line = Command.format(Command.rcpt(recipients[index]!.path, plan.rcpt?.[index]), options);
    if (Result.isFailure(line)) return Result.fail(line.failure);
    rcptLines[index] = line.success;
  }
  const outcomes = new Array<undefined>(recipients.length).fill(undefined);
  const self = new Transaction(
    envelope,
    content,
    until,
    limits,
    settled,
    plan.verb,
    mailLine.success,
    rcptLines,
    plan.adaptations,
    outcomes,
  );
  begin(self, firstNumbers(recipients.length), used);
  return Result.succeed(self);
};

const ascii: Command.FormatOptions = { smtputf8: false };
const international: Command.FormatOptions = { smtputf8: true };

/** What a server takes. */
export const limitsOf = ({ limits }: Capabilities): Limits => ({
  recipients: limits.get("RCPTMAX") ?? Infinity,
  mails: limits.get("MAILMAX") ?? Infinity,
  domains: limits.get("RCPTDOMAINMAX") ?? Infinity,
});

/** Gives verdicts to recipients that have none yet, from a reply. */
export const decide = (
  self: Transaction,
  recipients: ReadonlyArray<number>,
  verdict: Verdict,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason?: RecipientOutcome["reason"],
): void => {
  for (let at = 0; at < recipients.length; at++) decideOne(self, recipients[at]!, verdict, stage, reply, reason);
};

/** The same for one recipient. */
export const decideOne = (
  self: Transaction,
  recipient: number,
  verdict: Verdict,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason?: RecipientOutcome["reason"],
): void => {
  self.outcomes[recipient] ??= outcomeOf(self.envelope, recipient, verdict, stage, reply, reason);
};

const outcomeOf = (
  envelope: Envelope,
  index: number,
  verdict: Verdict,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason: RecipientOutcome["reason"],
): RecipientOutcome => {
  const recipient = envelope.recipients[index]!.path;
  const address = Path.address(recipient);
  if (reply !== undefined && reason === undefined) {
    return { recipient, address, verdict, stage, reply, code: reply.code, status: reply.enhanced };
  }
  const decided = reply === undefined ? {} : { reply, code: reply.code, status: reply.enhanced };
  return { recipient, address, verdict, stage, ...decided, ...(reason && { reason }) };
};

/** The verdict that a refusing reply means. */
export const verdictOf = (reply: Reply.Reply): Verdict =>
  Reply.severity(reply) === "permanent" ? "rejected" : "deferred";

/**
 * Whether a refused RCPT means "no more recipients in this transaction" rather than "not this recipient" (RFC 5321 section
 * 4.5.3.1.10): a bare 452 or 552, or one with X.5.3, after at least one recipient was accepted.
 */
export const isTooMany = (round: Round, reply: Reply.Reply): boolean =>
  (reply.code === 452 || reply.code === 552) && round.hasAccepted &&
  (reply.enhanced === undefined || reply.enhanced.subject === 5 && reply.enhanced.detail === 3);

/** The verdicts of a transaction that is settled. */
export const decided = (self: Transaction): ReadonlyArray<RecipientOutcome> =>
  self.outcomes as ReadonlyArray<RecipientOutcome>;

/** Every recipient without a verdict. */
export const open = (self: Transaction): ReadonlyArray<number> =>
  self.outcomes.flatMap((outcome, index) => outcome === undefined ? [index] : []);

/**
 * Starts the next round, for those that the server postponed and those beyond its limits. False when there is nothing left to do
 * on this connection.
 */
export const nextRound = (self: Transaction, used: Used): boolean => {
  const { postponed } = self.round;
  const waiting = postponed.length === 0
    ? self.waiting
    : [...postponed.map(({ recipient }) => recipient), ...self.waiting];
  return begin(self, waiting, used);
};

/** A round for as many of those that wait as the server takes. False if that is nobody. */
const begin = (self: Transaction, waiting: ReadonlyArray<number>, used: Used): boolean => {
  const most = mostOf(self, waiting, used);
  self.round = new Round(most);
  self.waiting = most === waiting ? nobody : without(waiting, most);
  if (most.length === 0) decide(self, self.waiting, "deferred", "mail", undefined, "SessionLimit");
  return most.length > 0;
};

const without = (all: ReadonlyArray<number>, some: ReadonlyArray<number>): ReadonlyArray<number> => {
  const left = new Set(all);
  for (const each of some) left.delete(each);
  return [...left];
};

/** As many of the recipients as one transaction may have. */
const mostOf = (
  { envelope, limits }: Transaction,
  waiting: ReadonlyArray<number>,
  used: Used,
): ReadonlyArray<number> => {
  if (used.mails >= limits.mails) return [];
  if (waiting.length <= limits.recipients && limits.domains === Infinity) return waiting;
  const domains = new Set(used.domains);
  const most: Array<number> = [];
  for (const recipient of waiting) {
    if (most.length === limits.recipients) break;
    const domain = domainOf(envelope, recipient);
    if (!domains.has(domain) && domains.size >= limits.domains) continue;
    domains.add(domain);
    most.push(recipient);
  }
  return most;
};

/** A round begins: it uses up some of what the connection may have. */
export const use = ({ envelope, limits, round }: Transaction, used: Used): void => {
  used.mails++;
  if (limits.domains === Infinity) return;
  for (const recipient of round.pending) used.domains.add(domainOf(envelope, recipient));
};

const domainOf = ({ recipients }: Envelope, index: number): string => {
  const { path } = recipients[index]!;
  return path._tag === "Mailbox" ? Domain.format(path.domain).toLowerCase() : "";
};

/**
 * The verdicts as they would be if the conversation broke now at `stage`: what is decided stays; what is open is
 * `uncertain` if its message may be with the server, else `deferred`.
 */
export const brokenAt = (
  self: Transaction,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason: FailureReason,
): ReadonlyArray<RecipientOutcome> => {
  const mayBeThere = self.round.endBegun ? self.round.accepted : nobody;
  return self.outcomes.map((outcome, index) => {
    if (outcome !== undefined) return outcome;
    return mayBeThere.includes(index)
      ? outcomeOf(self.envelope, index, "uncertain", stage, undefined, reason)
      : outcomeOf(self.envelope, index, "deferred", stage, reply, reason);
  });
};

/** Settles all that is open as {@linkcode brokenAt} has it. */
export const breakAt = (
  self: Transaction,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason: FailureReason,
): void => {
  const outcomes = brokenAt(self, stage, reply, reason);
  self.outcomes.splice(0, outcomes.length, ...outcomes);
};

/** The verdicts for an envelope that no transaction was begun for: the session was refused, or failed before. */
export const withoutTransaction = (
  envelope: Envelope,
  verdict: Verdict,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason?: RecipientOutcome["reason"],
): ReadonlyArray<RecipientOutcome> =>
  envelope.recipients.map((_, index) => outcomeOf(envelope, index, verdict, stage, reply, reason));
