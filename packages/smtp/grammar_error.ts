/**
 * The one error of this package: octets or values that the SMTP grammar does not allow.
 *
 * @example Tell what is wrong, where, and what to do
 * ```ts
 * import { GrammarError } from "@plausch/smtp/grammar-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new GrammarError({ subject: "reverse-path", reason: "BadAtext", input: "<us er@example.com>", offset: 3 });
 * assertEquals(
 *   error.message,
 *   'Cannot read the reverse-path "<us er@example.com>": an octet at 3 needs a quoted local part',
 * );
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import * as Printable from "./printable.ts";

/** What was being read or written when the grammar was broken. */
export type GrammarSubject =
  | "reply"
  | "enhanced status code"
  | "reverse-path"
  | "forward-path"
  | "mailbox"
  | "domain"
  | "address literal"
  | "host"
  | "command"
  | "parameter"
  | "xtext"
  | "header field"
  | "credentials";

/** What is wrong, as a word to switch on. The words are stable; {@linkcode GrammarError.message} is for people. */
export type GrammarReason = keyof typeof explanations;

const explanations = {
  // any text
  ControlCharacter: "a control character{at} is never allowed; remove it",
  NonAscii: "a character outside ASCII{at} needs SMTPUTF8",
  BadUtf8: "an octet{at} is not valid UTF-8",
  // replies, RFC 5321 section 4.2
  BadCode: "the reply code is not one that RFC 5321 knows",
  BadSeparator: "after the reply code comes neither a space nor a hyphen",
  BareCr: "a CR{at} is not followed by LF",
  BareLf: "a LF{at} is not preceded by CR",
  CodeMismatch: "the lines of one reply have different codes",
  LineTooLong: "a line is longer than {limit} octets",
  NotAReply: "the line does not begin with a reply code; is this an SMTP server?",
  NulByte: "a NUL octet{at} is never allowed; is this an SMTP server?",
  ReplyTooLong: "the reply is longer than {limit} octets",
  TooManyLines: "the reply has more than {limit} lines",
  UnexpectedEnd: "the input ends in the middle",
  BadStatus: "it is not of the form class.subject.detail",
  // addresses, RFC 5321 section 4.1.2 and 4.1.3
  BadAddressLiteral: "the address literal is not a valid IPv4, IPv6 or tagged literal",
  BadAtext: "an octet{at} needs a quoted local part",
  BadDomain: "it is neither a domain nor an address literal",
  BadDotString: "dots{at} must stand between two atoms",
  BadLabel: "a label{at} has an octet that host names do not have, or begins or ends with a hyphen",
  BadQuotedPair: "the backslash{at} must be followed by a printable ASCII character",
  BadSourceRoute: 'the source route{at} is not of the form "@a.example,@b.example:"',
  DomainTooLong: "the domain is longer than 255 octets",
  EmptyLabel: "a label{at} is empty",
  EmptyLocalPart: "the local part is missing",
  EmptyName: "the name is empty",
  LabelTooLong: "a label{at} is longer than 63 octets",
  LocalPartTooLong: "the local part is longer than 64 octets",
  MissingBracket: 'a path stands in angle brackets, like "<user@example.com>"',
  MissingDomain: 'the domain is missing; write "user@domain"',
  NullPath: 'the empty path "<>" can send but not receive',
  PathTooLong: "the path is longer than 256 octets",
  TrailingGarbage: "text{at} follows the closing bracket",
  UnclosedQuote: "the quoted local part has no closing quote",
  // commands and parameters
  BadArgument: "the argument does not fit the command",
  AttributeTooLong: "the value is longer than {limit} characters when coded",
  BadAuth: 'AUTH is a mailbox or "<>"',
  BadBase64: "the response is not base64",
  BadBody: "BODY is 7BIT, 8BITMIME or BINARYMIME",
  BadBy: "BY is a whole number of seconds up to 999999999, above 0 for R, with N or R",
  BadHold: "a message is held for 1 to 999999999 seconds or until a date and time in UTC, and not both",
  BadMechanism: "a mechanism has 1 to 20 letters, digits, hyphens and underscores",
  BadEnvid: "the envelope identifier is not printable text",
  BadKeyword: "the keyword is not made of letters, digits and hyphens",
  BadNotify: "NOTIFY is NEVER alone, or a set of SUCCESS, FAILURE and DELAY",
  BadOrcpt: 'the original recipient{at} is not of the form "rfc822;address" or "utf-8;address"',
  BadParameterValue: 'the value{at} has a space, "=" or a control character',
  BadPriority: "the priority is not a whole number from -9 to 9",
  BadRet: "RET is FULL or HDRS",
  BadSize: "the size is not a whole number from 0 to 9007199254740991",
  BadXtext: "the xtext{at} is not decodable",
  CommandTooLong: "the command line is longer than {limit} octets",
  DuplicateParameter: "the parameter stands twice",
  EnvidTooLong: "the envelope identifier is longer than 100 characters",
  OrcptTooLong: "the original recipient is longer than 500 characters",
  UnexpectedArgument: "the command takes no argument",
  MissingArgument: "the command needs an argument",
  UnknownParameter: "the parameter is not known",
  UnknownVerb: "the verb is not known",
  // header fields, RFC 5322 section 2.2
  BadHeaderName: "a field name is printable ASCII without spaces and colons",
  BadHeaderValue: "a field value has no line ends and no control characters of its own",
  // credentials, RFC 4616, RFC 5802, RFC 7628
  BadHost: "the host is not printable ASCII",
  BadNonce: "a nonce is printable ASCII without commas, and not empty",
  BadPort: "a port is a whole number from 1 to 65535",
  BadToken: "a token is printable ASCII without spaces, and not empty",
  EmptyPassword: "the password is empty",
  MismatchedCredentials: "the mechanism takes credentials of another kind",
  NoAuthorizationId: "the mechanism cannot act for another user",
  NulInPlain: "SASL PLAIN cannot carry a NUL octet",
  TraceTooLong: "the trace is longer than {limit} characters",
  UnpreparedName: "the name has characters that SASLprep (RFC 4013) does not allow",
} as const;

/**
 * Octets or a value that the SMTP grammar does not allow. `isTemporary` is always false: the same input fails again.
 *
 * @example Switch on the reason
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const path = Path.forwardFromString("<user@example..com>");
 * assertEquals(Result.isFailure(path) && path.failure.reason, "EmptyLabel");
 * ```
 */
export class GrammarError extends Data.Error<{
  /** What was being read or written. */
  readonly subject: GrammarSubject;
  /** What is wrong with it. */
  readonly reason: GrammarReason;
  /** The offending text, cut to a readable length by {@linkcode GrammarError.message}. Secrets are never put here. */
  readonly input?: string | undefined;
  /** Where in `input` (characters) or in the stream (octets) the fault is, counted from 0. */
  readonly offset?: number | undefined;
  /** The line of a reply that is at fault, counted from 1. */
  readonly line?: number | undefined;
  /** The limit that was passed, where the reason is about one. */
  readonly limit?: number | undefined;
  /** The narrower fault behind this one: a bad field name may be bad because of a control character. */
  readonly cause?: GrammarError | undefined;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "GrammarError" as const;

  /** The error's class name. */
  override get name(): string {
    return "GrammarError";
  }

  /** Whether trying again may help: never. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people: what failed, on which input, and what to do. Safe to print: the input is escaped. */
  override get message(): string {
    const at = this.offset === undefined ? "" : ` at ${this.offset}`;
    const line = this.line === undefined ? "" : ` in line ${this.line}`;
    const input = this.input === undefined ? "" : ` "${Printable.escape(excerpt(this.input))}"`;
    const why = explanations[this.reason].replace("{at}", at).replace("{limit}", String(this.limit ?? "allowed"));
    return `Cannot read the ${this.subject}${input}${line}: ${why}`;
  }
}

const excerpt = (text: string): string => text.length > 100 ? `${text.slice(0, 99)}…` : text;
