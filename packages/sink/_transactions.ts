// Between MAIL and the end of a message: the envelope, its parameters, and how much of it is allowed.
import type { Mail, Rcpt } from "@plausch/smtp/command";
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type { ForwardPath, ReversePath } from "@plausch/smtp/path";
import * as Domain from "@plausch/smtp/domain";
import * as Reply from "@plausch/smtp/reply";
import type { Extension } from "./extension.ts";
import type { Limits } from "./limits.ts";
import * as MessageBuffer from "./_message_buffer.ts";
import * as Parameters from "./_parameters.ts";
import * as Replies from "./_replies.ts";
import type { Policy } from "./policy.ts";

const noPaths: ReadonlyArray<ForwardPath> = [];
const noParameters: ReadonlyArray<RcptParameters> = [];

/** One transaction. */
export class Transaction {
  #forwardPaths = noPaths;
  #rcptParameters = noParameters;

  constructor(
    readonly reversePath: ReversePath,
    readonly parameters: MailParameters,
    /** The message, as far as it came. */
    readonly content: MessageBuffer.MessageBuffer,
  ) {}

  get forwardPaths(): ReadonlyArray<ForwardPath> {
    return this.#forwardPaths;
  }

  get rcptParameters(): ReadonlyArray<RcptParameters> {
    return this.#rcptParameters;
  }

  /** One more recipient. */
  add(path: ForwardPath, parameters: RcptParameters): void {
    // Most messages have one recipient, and an empty array that grows takes room for many
    if (this.#forwardPaths === noPaths) {
      this.#forwardPaths = [path];
      this.#rcptParameters = [parameters];
    } else {
      (this.#forwardPaths as Array<ForwardPath>).push(path);
      (this.#rcptParameters as Array<RcptParameters>).push(parameters);
    }
  }
}

/** What a connection's transactions need. */
export interface Options {
  readonly host: string;
  readonly limits: Limits;
  readonly policy: Policy;
  readonly isOffered: (extension: Extension) => boolean;
  /** Whether messages are kept, or only counted. */
  readonly keepsContent: boolean;
}

/** The transactions of one connection, one after the other. */
export interface Transactions {
  /** The one that is under way. */
  readonly current: Transaction | undefined;
  /** Answers MAIL. A line is international if it has more than ASCII. */
  mail(command: Mail, isInternational: boolean): Reply.Reply;
  /** Answers RCPT, inside a transaction. */
  rcpt(command: Rcpt, isInternational: boolean): Reply.Reply;
  /** Ends it, whatever came of it. */
  forget(): void;
}

const domainOf = (path: ForwardPath): string | undefined =>
  path._tag === "Postmaster" ? undefined : Domain.format(path.domain).toLowerCase();

/** No transaction yet. */
export const make = ({ host, limits, policy, isOffered, keepsContent }: Options): Transactions => {
  let current: Transaction | undefined;
  let begun = 0;
  const domains = new Set<string>();
  const limitsDomains = Number.isFinite(limits.recipientDomains);

  /** What is wrong with the parameters, beyond their grammar. */
  const objection = (parameters: MailParameters): Reply.Reply | undefined => {
    const { size, body, holdFor } = parameters;
    const unknown = Parameters.unknownInMail(parameters, isOffered);
    if (unknown !== undefined) return Replies.unknownParameter(unknown);
    if (!Parameters.isKnownBody(parameters, isOffered)) return Replies.unknownBody(body!);
    if (size !== undefined && size > limits.messageOctets) return Replies.tooBig(limits.messageOctets);
    return holdFor !== undefined && holdFor > limits.holdSeconds ? Replies.cannotHold(limits.holdSeconds) : undefined;
  };

  const mail: Transactions["mail"] = ({ reversePath, parameters }, isInternational) => {
    if (++begun > limits.transactions) return Replies.closing(host, "too many transactions");
    // Paths outside ASCII need SMTPUTF8 (RFC 6531 section 3.5)
    if (isInternational && parameters.smtputf8 !== true) return Replies.needsSmtputf8(550);
    const refusal = objection(parameters);
    if (refusal !== undefined) return refusal;
    const reply = policy.sender?.(reversePath, parameters) ?? Replies.senderTaken;
    if (Reply.isPositive(reply)) {
      current = new Transaction(reversePath, parameters, MessageBuffer.make(limits.messageOctets, keepsContent));
    }
    return reply;
  };

  const rcpt: Transactions["rcpt"] = ({ forwardPath, parameters }, isInternational) => {
    const transaction = current!;
    if (isInternational && transaction.parameters.smtputf8 !== true) return Replies.needsSmtputf8(553);
    const unknown = Parameters.unknownInRcpt(parameters, isOffered);
    if (unknown !== undefined) return Replies.unknownParameter(unknown);
    if (transaction.forwardPaths.length >= limits.recipients) return Replies.tooManyRecipients(limits.recipients);
    const domain = limitsDomains ? domainOf(forwardPath) : undefined;
    const isNew = domain !== undefined && !domains.has(domain);
    if (isNew && domains.size >= limits.recipientDomains) return Replies.tooManyDomains(limits.recipientDomains);
    const reply = policy.recipient?.(forwardPath, transaction.reversePath, parameters) ?? Replies.recipientTaken;
    if (!Reply.isPositive(reply)) return reply;
    transaction.add(forwardPath, parameters);
    if (isNew) domains.add(domain);
    return reply;
  };

  return {
    get current() {
      return current;
    },
    mail,
    rcpt,
    forget: () => {
      current = undefined;
    },
  };
};
