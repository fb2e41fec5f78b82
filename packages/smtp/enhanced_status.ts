/**
 * Enhanced status codes, the `5.1.1` in `550 5.1.1 no such user` (RFC 3463, RFC 2034), and what they mean.
 *
 * @example Read one, and say it in words
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const status = Result.getOrThrow(EnhancedStatus.fromString("5.1.1"));
 * assertEquals(status, { class: 5, subject: 1, detail: 1 });
 * assertEquals(EnhancedStatus.explain(status), "5.1.1: the mailbox does not exist; permanent");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { GrammarError } from "./grammar_error.ts";

/** An enhanced status code (RFC 3463 section 2). */
export interface EnhancedStatus {
  /** 2 success, 4 temporary failure, 5 permanent failure. */
  readonly class: 2 | 4 | 5;
  /** Which part of the mail system it is about: 0 to 7 have a meaning, up to 999 are well-formed. */
  readonly subject: number;
  /** What about it, 0 to 999. */
  readonly detail: number;
}

/** Sub-codes have no leading zeros (RFC 3463 section 2). */
const pattern = /^([245])\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/**
 * Reads a status code, and nothing but a status code. Fails with `BadStatus`.
 *
 * @example Three parts, no leading zeros, class 2, 4 or 5
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import * as Result from "effect/Result";
 * import { assert } from "@std/assert";
 *
 * assert(Result.isSuccess(EnhancedStatus.fromString("4.7.12")));
 * assert(Result.isFailure(EnhancedStatus.fromString("3.0.0")));
 * assert(Result.isFailure(EnhancedStatus.fromString("5.01.1")));
 * ```
 */
export const fromString = (text: string): Result.Result<EnhancedStatus, GrammarError> => {
  const parts = pattern.exec(text);
  return parts === null
    ? Result.fail(new GrammarError({ subject: "enhanced status code", reason: "BadStatus", input: text }))
    : Result.succeed({
      class: Number(parts[1]) as EnhancedStatus["class"],
      subject: Number(parts[2]),
      detail: Number(parts[3]),
    });
};

/**
 * The code as it is written on the wire; the inverse of {@linkcode fromString}.
 *
 * @example Write one
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(EnhancedStatus.format({ class: 2, subject: 6, detail: 0 }), "2.6.0");
 * ```
 */
export const format = (status: EnhancedStatus): string => `${status.class}.${status.subject}.${status.detail}`;

/**
 * What a failure means, by subject and detail: the IANA registry of RFC 5248 in our own words. RFC 3463 unless another
 * document is named. The details that end in `.0` say no more than their subject.
 */
const failures: { readonly [detail: string]: string } = {
  "1.1": "the mailbox does not exist",
  "1.2": "the recipient's domain does not exist or takes no mail",
  "1.3": "the recipient address is not well-formed",
  "1.4": "the recipient address fits more than one mailbox",
  "1.6": "the mailbox has moved and left no new address",
  "1.7": "the sender address is not well-formed",
  "1.8": "the sender's domain does not exist or takes no mail",
  "1.9": "the message went on to a system that sends no delivery reports", // RFC 3886
  "1.10": "the recipient's domain takes no mail: it has a null MX", // RFC 7505
  "2.1": "the mailbox is disabled and takes no messages",
  "2.2": "the mailbox is full",
  "2.3": "the message is larger than this mailbox takes",
  "2.4": "the mailing list could not be expanded",
  "3.1": "the mail system is out of storage",
  "3.2": "the host takes no mail from the network now",
  "3.3": "the host lacks a feature that the message needs",
  "3.4": "the message is larger than the server takes",
  "3.5": "the server is misconfigured",
  "3.6": "the requested priority was changed", // RFC 6710
  "4.1": "the next host did not answer",
  "4.2": "the connection broke or was bad",
  "4.3": "a directory, such as DNS, did not answer",
  "4.4": "no route to the next host is known",
  "4.5": "the mail system is overloaded",
  "4.6": "the message runs in a loop",
  "4.7": "the message was on its way for too long",
  "5.1": "the command is unknown or stands at the wrong place",
  "5.2": "the command has a syntax error",
  "5.3": "the message has too many recipients",
  "5.4": "a parameter of the command is not valid",
  "5.5": "the two sides speak different versions of the protocol",
  "5.6": "a line of the authentication exchange is too long", // RFC 4954
  "6.1": "the recipient's system does not take this kind of content",
  "6.2": "the content would have to be converted, which is forbidden",
  "6.3": "the content would have to be converted, which the server cannot do",
  "6.4": "the content was converted with a loss",
  "6.5": "the conversion of the content failed",
  "6.6": "the content could not be fetched", // RFC 4468
  "6.7": "an address outside ASCII is not taken for this sender or recipient", // RFC 6531
  "6.8": "the reply needs UTF-8, which the client did not allow", // RFC 6531
  "6.9": "the header has UTF-8, which a recipient's system does not take", // RFC 6531
  "6.10": "the reply needs UTF-8, which the client did not allow", // withdrawn twin of 6.8
  "7.1": "the server does not allow this delivery",
  "7.2": "the sender may not write to this mailing list",
  "7.3": "a secure form of the message is required and cannot be made",
  "7.4": "a required security feature is not supported",
  "7.5": "a cryptographic operation failed",
  "7.6": "a cryptographic algorithm is not supported",
  "7.7": "the message was altered or its check failed",
  "7.8": "the user name or the password is wrong", // RFC 4954
  "7.9": "the authentication mechanism is too weak", // RFC 4954
  "7.10": "encryption is needed first", // RFC 5248
  "7.11": "this authentication mechanism needs encryption first", // RFC 4954
  "7.12": "the password has to be changed over first", // RFC 4954
  "7.13": "the user account is disabled", // RFC 5248
  "7.14": "the server must first be trusted by a third one", // RFC 5248
  "7.15": "the priority of the message is too low", // RFC 6710
  "7.16": "the message is too large for its priority", // RFC 6710
  "7.17": "the mailbox has changed its owner", // RFC 7293
  "7.18": "the domain has changed its owner", // RFC 7293
  "7.19": "the server cannot tell since when the mailbox has its owner", // RFC 7293
  "7.20": "no DKIM signature passed", // RFC 7372
  "7.21": "no DKIM signature was acceptable", // RFC 7372
  "7.22": "no DKIM signature matches the author", // RFC 7372
  "7.23": "SPF does not allow this client to send for the domain", // RFC 7372
  "7.24": "SPF could not be checked", // RFC 7372
  "7.25": "the client's address has no matching reverse DNS name", // RFC 7372
  "7.26": "more than one authentication check failed (SPF, DKIM, DMARC)", // RFC 7372
  "7.27": "the sender's domain takes no mail: it has a null MX", // RFC 7505
  "7.28": "too much mail came from this sender or address", // registered without an RFC
  "7.29": "the ARC seals are not valid", // RFC 8617
  "7.30": "the message requires TLS all the way and the next host does not support that", // RFC 8689
};

/** The same for success: the few details that do not speak of a failure. */
const successes: { readonly [detail: string]: string } = {
  "1.5": "the recipient address is valid",
  "1.9": failures["1.9"]!,
  "3.6": failures["3.6"]!,
  "6.4": failures["6.4"]!,
};

/** What a code is about when only its subject is known; the place in the array is the subject. */
const failedSubjects = [
  "it failed for a reason that is not told",
  "something is wrong with an address",
  "something is wrong with the mailbox",
  "something is wrong with the mail system",
  "something is wrong with the network or the routing",
  "something is wrong with the protocol",
  "something is wrong with the content",
  "refused for a reason of security or policy",
] as const;

const doneSubjects = [
  "done",
  "the address is accepted",
  "the mailbox is accepted",
  "the mail system accepts",
  "the network and the routing are fine",
  "the command is accepted",
  "the message is accepted",
  "the security check is passed",
] as const;

/**
 * What exactly the code says, as a phrase; undefined for a code that is not registered or says no more than its subject.
 *
 * @example Only what is registered
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(EnhancedStatus.meaning({ class: 4, subject: 2, detail: 2 }), "the mailbox is full");
 * assertEquals(EnhancedStatus.meaning({ class: 4, subject: 2, detail: 0 }), undefined);
 * ```
 */
export const meaning = (status: EnhancedStatus): string | undefined =>
  (status.class === 2 ? successes : failures)[`${status.subject}.${status.detail}`];

/**
 * What the code's subject says, as a phrase, for any code.
 *
 * @example A detail that nobody registered
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(EnhancedStatus.subjectMeaning({ class: 5, subject: 1, detail: 99 }), "something is wrong with an address");
 * ```
 */
export const subjectMeaning = (status: EnhancedStatus): string => {
  const subjects = status.class === 2 ? doneSubjects : failedSubjects;
  return subjects[status.subject] ?? subjects[0];
};

const classes = { 2: "success", 4: "temporary", 5: "permanent" } as const;

/**
 * One line for people: the code, what it means, and how final it is. Unknown details are explained by their subject.
 *
 * @example Known and unknown
 * ```ts
 * import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(EnhancedStatus.explain({ class: 2, subject: 1, detail: 5 }), "2.1.5: the recipient address is valid; success");
 * assertEquals(
 *   EnhancedStatus.explain({ class: 4, subject: 7, detail: 500 }),
 *   "4.7.500: refused for a reason of security or policy; temporary",
 * );
 * ```
 */
export const explain = (status: EnhancedStatus): string =>
  `${format(status)}: ${meaning(status) ?? subjectMeaning(status)}; ${classes[status.class]}`;
