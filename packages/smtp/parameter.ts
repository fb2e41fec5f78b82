/**
 * The parameters of MAIL and RCPT (RFC 5321 section 4.1.2). Each verb has a type of its own, so a parameter cannot be given to
 * the wrong one: that does not compile.
 *
 * @example What the two verbs take
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const mail: Parameter.MailParameters = { size: 1024, body: "8BITMIME", ret: "HDRS", envid: "QQ 314159" };
 * assertEquals(
 *   Result.getOrThrow(Parameter.formatMail(mail)),
 *   "SIZE=1024 BODY=8BITMIME RET=HDRS ENVID=QQ+20314159",
 * );
 * const rcpt: Parameter.RcptParameters = { notify: ["SUCCESS", "FAILURE"] };
 * assertEquals(Result.getOrThrow(Parameter.formatRcpt(rcpt)), "NOTIFY=SUCCESS,FAILURE");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { charsetFault } from "./_characters.ts";
import { type Parameters, readMail, readNotify, readParameter, readRcpt } from "./_parameter_reader.ts";
import { writeMail, writeRcpt, type Written } from "./_parameter_writer.ts";
import { fault, type Source } from "./_source.ts";
import { isUtf8Type } from "./_utf8_address.ts";
import { GrammarError } from "./grammar_error.ts";

/** What kind of content a message has (RFC 6152, and RFC 3030 section 3 for `BINARYMIME`). */
export type BodyType = "7BIT" | "8BITMIME" | "BINARYMIME";

/** What a notification about a failed delivery returns: the whole message or its header (RFC 3461 section 4.3). */
export type ReturnType = "FULL" | "HDRS";

/** What a sender wants to be told of (RFC 3461 section 4.1). */
export type NotifyCondition = "SUCCESS" | "FAILURE" | "DELAY";

/** When to notify: never, or in each of the conditions named. */
export type Notify = "NEVER" | ReadonlyArray<NotifyCondition>;

/** The address a message was first sent to, before forwarding and mailing lists (RFC 3461 section 4.2). */
export interface OriginalRecipient {
  /** What kind of address it is: `rfc822`, almost always, or `utf-8` for one that is not ASCII (RFC 6533 section 3). */
  readonly addressType: string;
  /** The address itself: printable ASCII, or with `utf-8` any mailbox. It is coded as its type asks for when it is written. */
  readonly address: string;
}

/** By when a message has to be delivered (RFC 2852 section 4). */
export interface DeliverBy {
  /** How many seconds are left, a whole number from -999999999 to 999999999. With `R` it is above 0. */
  readonly seconds: number;
  /** What happens then: `N` notifies the sender and goes on, `R` returns the message. */
  readonly mode: "N" | "R";
  /** Whether each relay tells the sender when it passed the message on. */
  readonly trace?: boolean | undefined;
}

/** A parameter that has no type of its own here. */
export interface EsmtpParameter {
  /** Letters, digits and hyphens; compared without case. */
  readonly keyword: string;
  /** What stands after `=`, already coded as the parameter's RFC says: no spaces, no `=`, no control characters. */
  readonly value?: string | undefined;
}

/** The parameters of MAIL. */
export interface MailParameters {
  /** The size of the message in octets, before dot-stuffing: a whole number up to 2^53 - 1 (RFC 1870). */
  readonly size?: number | undefined;
  /** What kind of content the message has (RFC 6152). */
  readonly body?: BodyType | undefined;
  /** Whether an address or the header needs SMTPUTF8 (RFC 6531 section 3.4). */
  readonly smtputf8?: boolean | undefined;
  /** What a notification returns of the message (RFC 3461 section 4.3). */
  readonly ret?: ReturnType | undefined;
  /** The envelope identifier that notifications repeat: printable ASCII, at most 100 characters when coded as xtext. */
  readonly envid?: string | undefined;
  /** Who submitted the message, as a mailbox, or `<>` where that is not known or not to be trusted (RFC 4954 section 5). */
  readonly auth?: string | undefined;
  /** Whether the message may only travel over connections with verified TLS (RFC 8689 section 2). */
  readonly requireTls?: boolean | undefined;
  /** By when the message has to be delivered (RFC 2852 section 4). */
  readonly by?: DeliverBy | undefined;
  /** For how many seconds the server holds the message, from 1 to 999999999; not beside `holdUntil` (RFC 4865). */
  readonly holdFor?: number | undefined;
  /** Until when the server holds the message: date and time in UTC as `2030-01-31T08:00:00Z` (RFC 4865, RFC 3339). */
  readonly holdUntil?: string | undefined;
  /** How soon the message is relayed and delivered, a whole number from -9 to 9 (RFC 6710). */
  readonly mtPriority?: number | undefined;
  /** Parameters without a type here. They follow the others. */
  readonly other?: ReadonlyArray<EsmtpParameter> | undefined;
  /** A parameter of RCPT. */
  readonly notify?: never;
  /** A parameter of RCPT. */
  readonly orcpt?: never;
}

/** The parameters of RCPT. */
export interface RcptParameters {
  /** When to notify the sender about this recipient (RFC 3461 section 4.1). */
  readonly notify?: Notify | undefined;
  /** The address that the message was first sent to (RFC 3461 section 4.2). */
  readonly orcpt?: OriginalRecipient | undefined;
  /** Parameters without a type here. They follow the others. */
  readonly other?: ReadonlyArray<EsmtpParameter> | undefined;
  /** A parameter of MAIL. */
  readonly size?: never;
  /** A parameter of MAIL. */
  readonly body?: never;
  /** A parameter of MAIL. */
  readonly smtputf8?: never;
  /** A parameter of MAIL. */
  readonly ret?: never;
  /** A parameter of MAIL. */
  readonly envid?: never;
  /** A parameter of MAIL. */
  readonly auth?: never;
  /** A parameter of MAIL. */
  readonly requireTls?: never;
  /** A parameter of MAIL. */
  readonly by?: never;
  /** A parameter of MAIL. */
  readonly holdFor?: never;
  /** A parameter of MAIL. */
  readonly holdUntil?: never;
  /** A parameter of MAIL. */
  readonly mtPriority?: never;
}

/** How parameters are read and written. */
export interface ParameterOptions {
  /** Whether characters outside ASCII may stand in values (RFC 6531 section 3.3, RFC 6533 section 3). Default: false. */
  readonly smtputf8?: boolean | undefined;
}

const result = <A>(value: A | GrammarError): Result.Result<A, GrammarError> =>
  value instanceof GrammarError ? Result.fail(value) : Result.succeed(value);

const written = (value: Written | GrammarError): Result.Result<string, GrammarError> =>
  value instanceof GrammarError ? Result.fail(value) : Result.succeed(value.text.slice(1));

const value = <A>(read: Parameters<A> | GrammarError): Result.Result<A, GrammarError> =>
  read instanceof GrammarError ? Result.fail(read) : Result.succeed(read.value);

const parameter = (text: string): Source => ({ subject: "parameter", text });

/**
 * The parameters of MAIL as they go on the wire, in the order SIZE, BODY, SMTPUTF8, RET, ENVID, AUTH, REQUIRETLS, BY, HOLDFOR,
 * HOLDUNTIL, MT-PRIORITY, others; empty where there is none. Fails with `BadSize`, `BadBody`, `BadRet`, `BadEnvid`,
 * `EnvidTooLong`, `BadAuth`, `BadBy`, `BadHold`, `BadPriority`, `BadKeyword`, `BadParameterValue`, `DuplicateParameter`,
 * `ControlCharacter`, `NonAscii` or `BadUtf8`.
 *
 * @example A size has to be a number
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Parameter.formatMail({ size: 0, smtputf8: true })), "SIZE=0 SMTPUTF8");
 * assertEquals(Result.getOrThrow(Result.flip(Parameter.formatMail({ size: 1.5 }))).reason, "BadSize");
 * ```
 */
export const formatMail = (parameters: MailParameters): Result.Result<string, GrammarError> =>
  written(writeMail(parameters));

/**
 * The parameters of RCPT as they go on the wire, in the order NOTIFY, ORCPT, others; empty where there is none. Fails with
 * `BadNotify`, `BadOrcpt`, `OrcptTooLong` (over 500 characters with its keyword), and as {@linkcode formatMail} does for others.
 *
 * @example An original recipient
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const orcpt = { addressType: "rfc822", address: "a+b@example.com" };
 * assertEquals(Result.getOrThrow(Parameter.formatRcpt({ orcpt })), "ORCPT=rfc822;a+2Bb@example.com");
 * ```
 *
 * @example One that is not ASCII goes in UTF-8 only where that may be sent
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const orcpt = { addressType: "utf-8", address: "ü@example.com" };
 * assertEquals(Result.getOrThrow(Parameter.formatRcpt({ orcpt })), "ORCPT=utf-8;\\x{FC}@example.com");
 * assertEquals(Result.getOrThrow(Parameter.formatRcpt({ orcpt }, { smtputf8: true })), "ORCPT=utf-8;ü@example.com");
 * ```
 */
export const formatRcpt = (
  parameters: RcptParameters,
  options: ParameterOptions = {},
): Result.Result<string, GrammarError> => written(writeRcpt(parameters, options.smtputf8 === true));

/**
 * Reads the parameters of MAIL, separated by single spaces; the inverse of {@linkcode formatMail}. Keywords and fixed values
 * compare without case. A size of up to 20 digits that no number can hold becomes 2^53 - 1.
 *
 * @example Unknown parameters are kept
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = Result.getOrThrow(Parameter.mailFromString("size=21 AUTH=<> ENVID=a+20b TRANSID=<1>"));
 * assertEquals(parameters, { size: 21, auth: "<>", envid: "a b", other: [{ keyword: "TRANSID", value: "<1>" }] });
 * ```
 */
export const mailFromString = (
  text: string,
  options: ParameterOptions = {},
): Result.Result<MailParameters, GrammarError> => {
  const source = parameter(text);
  return value(charsetFault(source, options.smtputf8 === true) ?? readMail(source, 0, text.length, false));
};

/**
 * Reads the parameters of RCPT, separated by single spaces; the inverse of {@linkcode formatRcpt}.
 *
 * @example Conditions in any case
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Parameter.rcptFromString("notify=Never")), { notify: "NEVER" });
 * ```
 */
export const rcptFromString = (
  text: string,
  options: ParameterOptions = {},
): Result.Result<RcptParameters, GrammarError> => {
  const source = parameter(text);
  return value(charsetFault(source, options.smtputf8 === true) ?? readRcpt(source, 0, text.length, false));
};

/**
 * Reads one parameter that needs no type, `KEYWORD` or `KEYWORD=value`. Fails with `ControlCharacter`, `NonAscii`,
 * `BadKeyword` or `BadParameterValue`.
 *
 * @example From a command line
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Parameter.fromString("XOORG=example")), { keyword: "XOORG", value: "example" });
 * ```
 */
export const fromString = (text: string, options: ParameterOptions = {}): Result.Result<EsmtpParameter, GrammarError> =>
  result(charsetFault(parameter(text), options.smtputf8 === true) ?? readParameter(text));

/**
 * Reads a size: digits, up to 2^53 - 1. Fails with `BadSize`.
 *
 * @example Digits only
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Parameter.sizeFromString("1024")), 1024);
 * assert(Result.isFailure(Parameter.sizeFromString("12x")));
 * ```
 */
export const sizeFromString = (text: string): Result.Result<number, GrammarError> => {
  const size = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(size) ? Result.succeed(size) : Result.fail(fault(parameter(text), "BadSize"));
};

/**
 * Reads the value of NOTIFY: `NEVER`, or conditions separated by commas, in any case. Fails with `BadNotify`, also for a
 * condition that stands twice.
 *
 * @example Never stands alone
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Parameter.notifyFromString("failure,delay")), ["FAILURE", "DELAY"]);
 * assert(Result.isFailure(Parameter.notifyFromString("NEVER,SUCCESS")));
 * ```
 */
export const notifyFromString = (text: string): Result.Result<Notify, GrammarError> =>
  result(readNotify(parameter(text), text));

/**
 * Reads an original recipient as people write it, `rfc822;user@example.com`, not coded in any way. Fails with
 * `ControlCharacter`, `NonAscii` where the type is not `utf-8`, `BadUtf8` where it is, `BadOrcpt` or `OrcptTooLong`.
 *
 * @example With the type of the address
 * ```ts
 * import * as Parameter from "@plausch/smtp/parameter";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Result.getOrThrow(Parameter.orcptFromString("rfc822;a+b@example.com")),
 *   { addressType: "rfc822", address: "a+b@example.com" },
 * );
 * ```
 */
export const orcptFromString = (text: string): Result.Result<OriginalRecipient, GrammarError> => {
  const semicolon = text.indexOf(";");
  const source = parameter(text);
  const orcpt = { addressType: text.slice(0, Math.max(semicolon, 0)), address: text.slice(semicolon + 1) };
  const charset = charsetFault(source, isUtf8Type(orcpt.addressType));
  if (charset !== undefined) return Result.fail(charset);
  if (semicolon < 0) return Result.fail(fault(source, "BadOrcpt"));
  return Result.map(formatRcpt({ orcpt }), () => orcpt);
};
