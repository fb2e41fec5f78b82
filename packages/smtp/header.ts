/**
 * The gate for header fields (RFC 5322 section 2.2): what a program or a person puts into a field cannot become another field,
 * nor the body.
 *
 * @example One field
 * ```ts
 * import * as Header from "@plausch/smtp/header";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Header.format("Subject", "Testmail")), "Subject: Testmail");
 * const error = Result.getOrThrow(Result.flip(Header.format("Subject", "Hi\r\nBcc: eve@example.com")));
 * assertEquals([error.reason, error.cause?.reason], ["BadHeaderValue", "ControlCharacter"]);
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { charsetFault, octetLength } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import { GrammarError } from "./grammar_error.ts";

/** The longest line of a message without its CRLF, in octets (RFC 5322 section 2.1.1). */
const maxLine = 998;

/** How header fields are checked. */
export interface HeaderOptions {
  /** Whether the message may have UTF-8 in its header (RFC 6532). Default: false, as encoded-words need only ASCII. */
  readonly utf8?: boolean | undefined;
}

/** The field is bad; why, where a character is to blame, is the cause. */
const bad = (source: Source, reason: "BadHeaderName" | "BadHeaderValue", cause: GrammarError | undefined) =>
  new GrammarError({ subject: source.subject, reason, input: source.text, offset: cause?.offset, cause });

const nameFault = (name: string): GrammarError | undefined => {
  const source: Source = { subject: "header field", text: name };
  const charset = charsetFault(source, false);
  if (charset !== undefined) return bad(source, "BadHeaderName", charset);
  return name === "" || name.includes(" ") || name.includes(":") ? bad(source, "BadHeaderName", undefined) : undefined;
};

const valueFault = (value: string, utf8: boolean): GrammarError | undefined => {
  const source: Source = { subject: "header field", text: value };
  // A tab is the one control character that is white space.
  const charset = charsetFault({ ...source, text: value.replaceAll("\t", " ") }, utf8);
  return charset === undefined ? undefined : bad(source, "BadHeaderValue", charset);
};

/**
 * The name, if it is printable ASCII without spaces and colons. Else fails with `BadHeaderName`; its `cause` is
 * `ControlCharacter` or `NonAscii` where one is to blame.
 *
 * @example A colon would end the name
 * ```ts
 * import * as Header from "@plausch/smtp/header";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Header.fieldName("X-Test")), "X-Test");
 * assert(Result.isFailure(Header.fieldName("X:Test")));
 * ```
 */
export const fieldName = (name: string): Result.Result<string, GrammarError> => {
  const error = nameFault(name);
  return error === undefined ? Result.succeed(name) : Result.fail(error);
};

/**
 * The value, if it is one line without control characters but tabs. Folding is done after this, by who builds the message. Else
 * fails with `BadHeaderValue`; its `cause` is `ControlCharacter`, `NonAscii` or `BadUtf8`.
 *
 * @example No folding from outside
 * ```ts
 * import * as Header from "@plausch/smtp/header";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Header.fieldValue("a\tb")), "a\tb");
 * assert(Result.isFailure(Header.fieldValue("a\r\n b")));
 * ```
 */
export const fieldValue = (value: string, options: HeaderOptions = {}): Result.Result<string, GrammarError> => {
  const error = valueFault(value, options.utf8 === true);
  return error === undefined ? Result.succeed(value) : Result.fail(error);
};

/**
 * The field as one line without its CRLF. Fails with `BadHeaderName`, `BadHeaderValue`, or `LineTooLong` where it would have to be
 * folded: over 998 octets.
 *
 * @example In UTF-8
 * ```ts
 * import * as Header from "@plausch/smtp/header";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assert(Result.isFailure(Header.format("Subject", "Grüezi")));
 * assertEquals(Result.getOrThrow(Header.format("Subject", "Grüezi", { utf8: true })), "Subject: Grüezi");
 * ```
 */
export const format = (
  name: string,
  value: string,
  options: HeaderOptions = {},
): Result.Result<string, GrammarError> => {
  const error = nameFault(name) ?? valueFault(value, options.utf8 === true);
  if (error !== undefined) return Result.fail(error);
  const line = `${name}: ${value}`;
  return octetLength(line) > maxLine
    ? Result.fail(fault({ subject: "header field", text: line }, "LineTooLong", undefined, maxLine))
    : Result.succeed(line);
};
