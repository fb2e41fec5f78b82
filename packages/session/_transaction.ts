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

/** One message on its way to one server: possibly in several rounds, when the server limits recipients. */
export interface Transaction {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly until: Until;
  readonly verb: "DATA" | "BDAT";
  readonly mailLine: string;
  readonly rcptLines: ReadonlyArray<string>;
  readonly limits: Limits;
  readonly adaptations: ReadonlyArray<Adaptation>;
  /** The verdicts, by recipient. A recipient without one is still open. */
  readonly outcomes: Array<RecipientOutcome | undefined>;
  /** Is called once, when every recipient has a verdict. */
  readonly settled: (self: Transaction) => void;
  /** How many replies are owed for it. */
  owed: number;
  /** Recipients of later rounds, by their place in the envelope. */
  waiting: ReadonlyArray<number>;
  round: Round;
}

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

/** One MAIL with its recipients and its message. */
export interface Round {
  /** Recipients of this round, by their place in the envelope. */
  readonly pending: ReadonlyArray<number>;
  /** How many of them RCPT was said for. */
  asked: number;
  /** Those whose RCPT was accepted. */
  readonly accepted: Array<number>;
  /** Those beyond the number of recipients that the server takes at once. */
  readonly postponed: Array<{ readonly recipient: number; readonly reply: Reply.Reply }>;
  sender: "unasked" | "asked" | "accepted" | "refused";
  data: "unasked" | "asked" | "go" | "sending" | "sent" | "over";
  /** The octets of a streamed message, once they are on their way. */
  stream: Streaming | undefined;
  /** How many octets of the message were handed out in chunks. */
  chunked: number;
  /** Whether octets that end the message were handed out to be written. */
  endBegun: boolean;
}

const newRound = (pending: ReadonlyArray<number>): Round => ({
  pending,
  asked: 0,
  accepted: [],
  postponed: [],
  sender: "unasked",
  data: "unasked",
  stream: undefined,
  chunked: 0,
  endBegun: false,
});

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
    return Result.succeed({
      envelope,
      content,
      until,
      limits,
      settled,
      owed: 0,
      verb: "DATA",
      mailLine: "",
      rcptLines: [],
      adaptations: [],
      outcomes: recipients.map((_, index) => ({
        ...outcomeOf(envelope, index, "rejected", "mail", undefined, plan.reason),
        ...plan,
      })),
      waiting: nobody,
      round: newRound(nobody),
    });
  }
  const options = { smtputf8: plan.mail.smtputf8 === true };
  const mailLine = Command.format(Command.mail(envelope.reversePath, plan.mail), options);
  if (Result.isFailure(mailLine)) return Result.fail(mailLine.failure);
  const rcptLines: Array<string> = [];
  const outcomes: Array<undefined> = [];
  const all: Array<number> = [];
  for (let index = 0; index < recipients.length; index++) {
    const line = Command.format(Command.rcpt(recipients[index]!.path, plan.rcpt[index]), options);
    if (Result.isFailure(line)) return Result.fail(line.failure);
    rcptLines.push(line.success);
    outcomes.push(undefined);
    all.push(index);
  }
  const self: Transaction = {
    envelope,
    content,
    until,
    limits,
    settled,
    owed: 0,
    verb: plan.verb,
    mailLine: mailLine.success,
    rcptLines,
    adaptations: plan.adaptations,
    outcomes,
    waiting: nobody,
    round: newRound(nobody),
  };
  begin(self, all, used);
  return Result.succeed(self);
};

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
  for (const index of recipients) {
    self.outcomes[index] ??= outcomeOf(self.envelope, index, verdict, stage, reply, reason);
  }
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
  (reply.code === 452 || reply.code === 552) && round.accepted.length > 0 &&
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
  self.round = newRound(most);
  self.waiting = most === waiting ? nobody : without(waiting, most);
  if (most.length === 0) decide(self, self.waiting, "deferred", "mail", undefined, "SessionLimit");
  return most.length > 0;
};

const nobody: ReadonlyArray<number> = [];

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
): ReadonlyArray<RecipientOutcome> =>
  self.outcomes.map((outcome, index) => {
    if (outcome !== undefined) return outcome;
    const mayBeThere = self.round.endBegun && self.round.accepted.includes(index);
    return mayBeThere
      ? outcomeOf(self.envelope, index, "uncertain", stage, undefined, reason)
      : outcomeOf(self.envelope, index, "deferred", stage, reply, reason);
  });

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
