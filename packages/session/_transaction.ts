import type { Capabilities } from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { MailParameters } from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { LocalRefusal, RecipientOutcome, Verdict } from "./outcome.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** After which stage a transaction stops, with its message unsent. */
export type Until = "mail" | "rcpt" | "final";

/** One message on its way to one server: possibly in several rounds, when the server limits recipients. */
export interface Transaction {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly until: Until;
  readonly mailLine: string;
  readonly rcptLines: ReadonlyArray<string>;
  /** The verdicts, by recipient. A recipient without one is still open. */
  readonly outcomes: Array<RecipientOutcome | undefined>;
  round: Round;
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
  /** Whether octets that hold the lone dot were handed out to be written. */
  dotBegun: boolean;
}

const newRound = (pending: ReadonlyArray<number>): Round => ({
  pending,
  asked: 0,
  accepted: [],
  postponed: [],
  sender: "unasked",
  data: "unasked",
  dotBegun: false,
});

/** What MAIL has to declare of the message, as far as the server offers it. */
const mailParameters = (envelope: Envelope, content: Content, capabilities: Capabilities): MailParameters => ({
  ...envelope.parameters,
  ...(capabilities.keywords.has("SIZE") ? { size: content.size } : {}),
  ...(content.eightBit && capabilities.eightBitMime ? { body: "8BITMIME" as const } : {}),
  ...(capabilities.smtputf8 && (needsSmtputf8(envelope) || content.eightBitHeader) ? { smtputf8: true } : {}),
});

const needsSmtputf8 = ({ reversePath, recipients, parameters }: Envelope): boolean =>
  parameters.smtputf8 === true ||
  [reversePath, ...recipients.map(({ path }) => path)].some((path) => path._tag === "Mailbox" && path.needsSmtputf8);

/** Why this message cannot go to a server with these capabilities, if so. */
const localRefusal = (
  envelope: Envelope,
  content: Content,
  capabilities: Capabilities,
): Pick<RecipientOutcome, "code" | "status"> & { readonly reason: LocalRefusal } | undefined => {
  if (capabilities.size !== undefined && content.size > capabilities.size) {
    return { reason: "MessageTooBig", code: 552, status: { class: 5, subject: 3, detail: 4 } };
  }
  if (needsSmtputf8(envelope) && !capabilities.smtputf8) {
    return { reason: "NeedsSmtpUtf8", code: 553, status: { class: 5, subject: 6, detail: 7 } };
  }
  return content.eightBit && !capabilities.eightBitMime ? { reason: "Needs8bitMime" } : undefined;
};

/** Checks and encodes everything that a transaction will say, before a byte of it is sent. */
export const make = (
  envelope: Envelope,
  content: Content,
  capabilities: Capabilities,
  until: Until,
): Result.Result<Transaction, GrammarError> => {
  const { recipients } = envelope;
  const refusal = localRefusal(envelope, content, capabilities);
  if (refusal !== undefined) {
    const outcomes = recipients.map((_, index) => ({
      ...outcomeOf(envelope, index, "rejected", "mail", undefined, refusal.reason),
      ...refusal,
    }));
    return Result.succeed({ envelope, content, until, mailLine: "", rcptLines: [], outcomes, round: newRound([]) });
  }
  const parameters = mailParameters(envelope, content, capabilities);
  const commands = [
    Command.mail(envelope.reversePath, parameters),
    ...recipients.map((recipient) => Command.rcpt(recipient.path, recipient.parameters)),
  ];
  const lines = Result.all(
    commands.map((command) => Command.format(command, { smtputf8: parameters.smtputf8 === true })),
  );
  return Result.map(lines, ([mailLine = "", ...rcptLines]) => ({
    envelope,
    content,
    until,
    mailLine,
    rcptLines,
    outcomes: recipients.map(() => undefined),
    round: newRound(recipients.map((_, index) => index)),
  }));
};

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
  const decided = reply === undefined ? {} : { reply, code: reply.code, status: reply.enhanced };
  return { recipient, address: Path.address(recipient), verdict, stage, ...decided, ...(reason && { reason }) };
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

/** Every recipient without a verdict. */
export const open = (self: Transaction): ReadonlyArray<number> =>
  self.outcomes.flatMap((outcome, index) => outcome === undefined ? [index] : []);

/** Starts a further round for the postponed recipients, if there are any. False when there is nothing left to do. */
export const nextRound = (self: Transaction): boolean => {
  const { postponed } = self.round;
  if (postponed.length === 0) return false;
  self.round = newRound(postponed.map(({ recipient }) => recipient));
  return true;
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
    const mayBeThere = reply === undefined && self.round.dotBegun && self.round.accepted.includes(index);
    return outcomeOf(self.envelope, index, mayBeThere ? "uncertain" : "deferred", stage, reply, reason);
  });

/** The verdicts for an envelope that no transaction was begun for: the session was refused, or failed before. */
export const withoutTransaction = (
  envelope: Envelope,
  verdict: Verdict,
  stage: Stage,
  reply: Reply.Reply | undefined,
  reason?: RecipientOutcome["reason"],
): ReadonlyArray<RecipientOutcome> =>
  envelope.recipients.map((_, index) => outcomeOf(envelope, index, verdict, stage, reply, reason));
