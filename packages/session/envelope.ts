/**
 * The envelope of a message: who sends, who receives, with which parameters (RFC 5321 section 2.3.1). It is checked whole
 * when it is made, so nothing of it can fail halfway through a conversation.
 *
 * @example From one address to two
 * ```ts
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const envelope = Result.getOrThrow(Envelope.make({ from: "mir@c.test", to: ["mir@d.test", "<postmaster>"] }));
 * assertEquals(envelope.recipients.length, 2);
 * ```
 *
 * @module
 */
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Mailbox from "@plausch/smtp/mailbox";
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import * as Result from "effect/Result";

/** One recipient: its forward-path and the parameters of its RCPT. */
export interface Recipient {
  /** Where the message goes. */
  readonly path: Path.ForwardPath;
  /** ESMTP parameters for this recipient alone. */
  readonly parameters: RcptParameters;
}

/** Sender, recipients and the parameters of MAIL. SIZE, unless it is here, BODY and SMTPUTF8 are added by the session, from the message. */
export interface Envelope {
  /** Where failures are reported to; the null path for a message that must not bounce. */
  readonly reversePath: Path.ReversePath;
  /** At least one recipient. */
  readonly recipients: ReadonlyArray<Recipient>;
  /** ESMTP parameters of MAIL that the caller chose. */
  readonly parameters: MailParameters;
}

/** What {@linkcode make} takes. */
export interface Parts {
  /** The sender's address, with or without angle brackets; `<>` or the empty string for the null path. */
  readonly from: string;
  /** The recipients' addresses, with or without angle brackets. `postmaster` may stand without a domain. */
  readonly to: ReadonlyArray<string>;
  /** ESMTP parameters of MAIL. */
  readonly parameters?: MailParameters | undefined;
}

const international = { smtputf8: true };

/** Without brackets most are mailboxes. Whatever is none is left to `read`, which knows all paths and what is wrong with the rest. */
const fromAddress = <A>(
  address: string,
  read: (path: string, options: Mailbox.AddressOptions) => Result.Result<A, GrammarError>,
): Result.Result<A | Mailbox.Mailbox, GrammarError> => {
  if (address.startsWith("<")) return read(address, international);
  const mailbox = Mailbox.fromString(address, international);
  return Result.isSuccess(mailbox) ? mailbox : read(`<${address}>`, international);
};

/** Most messages have no parameters of their own, and thousands of messages wait at a time. */
const none = Object.freeze({});

/**
 * An envelope from addresses as people write them. Addresses may be international (RFC 6531); whether the server can take
 * them is seen later.
 *
 * @example A comma does not separate recipients
 * ```ts
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Result from "effect/Result";
 * import { assert } from "@std/assert";
 *
 * assert(Result.isFailure(Envelope.make({ from: "a@x.test", to: ["a@x.test,b@y.test"] })));
 * ```
 */
export const make = (parts: Parts): Result.Result<Envelope, GrammarError> => {
  const reversePath = fromAddress(parts.from, Path.reverseFromString);
  if (Result.isFailure(reversePath)) return Result.fail(reversePath.failure);
  // Not grown by push, which would reserve room for seventeen.
  const recipients = new Array<Recipient>(parts.to.length);
  for (let at = 0; at < recipients.length; at++) {
    const path = fromAddress(parts.to[at]!, Path.forwardFromString);
    if (Result.isFailure(path)) return Result.fail(path.failure);
    recipients[at] = { path: path.success, parameters: none };
  }
  if (recipients.length === 0) {
    return Result.fail(new GrammarError({ subject: "forward-path", reason: "MissingArgument" }));
  }
  return Result.succeed({ reversePath: reversePath.success, recipients, parameters: parts.parameters ?? none });
};
