/**
 * Mailboxes: `local-part@domain` (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
 *
 * The local part belongs to the receiving host: it is kept as it was written, with its quotes and its case, and never
 * normalised. What is valid but suspect is told in `warnings`.
 *
 * @example A quoted local part
 * ```ts
 * import * as Mailbox from "@plausch/smtp/mailbox";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const mailbox = Result.getOrThrow(Mailbox.fromString('"john doe"@example.com'));
 * assertEquals(mailbox.localPart, '"john doe"');
 * assertEquals(mailbox.localValue, "john doe");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { charsetFault } from "./_characters.ts";
import { readMailbox, readPlain } from "./_mailbox.ts";
import type { Source } from "./_source.ts";
import type { Host } from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";

/**
 * What is valid, or taken in lenient mode, but worth knowing:
 *
 * - `NonRoutable`: the address literal is not reachable over the public Internet; connecting to it may be an attack
 * - `LeadingZero`: an IPv4 octet was written with a leading zero, which other programs read as octal
 * - `UnknownLiteralTag`: a general address literal, which nobody can deliver to
 * - `NumericTopLabel`: the domain ends in a number, so it cannot exist, and some resolvers take it for an address
 * - `NotNfc`, `BidiControl`, `Invisible`: the local part or domain does not look like what it is
 * - `Idna2003Differs`: older software maps this name to another domain
 * - `MixedScript`: a label mixes scripts whose letters look alike
 * - `MissingBrackets`, `TrailingDot`, `LongLocalPart`: taken in lenient mode only
 */
export type AddressWarning =
  | "NonRoutable"
  | "LeadingZero"
  | "UnknownLiteralTag"
  | "NumericTopLabel"
  | "NotNfc"
  | "BidiControl"
  | "Invisible"
  | "Idna2003Differs"
  | "MixedScript"
  | "MissingBrackets"
  | "TrailingDot"
  | "LongLocalPart";

/**
 * A mailbox. Make it with {@linkcode fromString} or the functions of `@plausch/smtp/path`: what they checked is encoded
 * without further checks. One that was put together by hand is checked each time it is encoded.
 */
export interface Mailbox {
  /** Tells a mailbox from the other paths. */
  readonly _tag: "Mailbox";
  /** The local part as it goes on the wire, with its quotes. */
  readonly localPart: string;
  /** The local part that is meant, without quotes and backslashes. Different quotings of one value are one mailbox. */
  readonly localValue: string;
  /** Where the mailbox is. */
  readonly domain: Host;
  /** The hosts of an obsolete source route, if there was one. To be ignored (RFC 5321 appendix C). */
  readonly route?: ReadonlyArray<string> | undefined;
  /** Whether only a server with SMTPUTF8 can take it: its local part is not ASCII. */
  readonly needsSmtputf8: boolean;
  /** What is suspect about it. */
  readonly warnings: ReadonlyArray<AddressWarning>;
}

/** How addresses are read. */
export interface AddressOptions {
  /**
   * Whether characters outside ASCII may stand in the text (RFC 6531). Default: false. Reading a user's input, set it and ask
   * {@linkcode Mailbox.needsSmtputf8} later; reading a peer's command, set it where SMTPUTF8 is in force.
   */
  readonly smtputf8?: boolean | undefined;
  /**
   * Whether to take, with a warning, what servers often meet: a path without brackets, a dot at the end of the domain, a local
   * part of more than 64 octets. Default: false.
   */
  readonly lenient?: boolean | undefined;
}

/**
 * Reads `local-part@domain`, without brackets. Fails with `ControlCharacter`, `NonAscii`, `BadUtf8`, `EmptyLocalPart`,
 * `MissingDomain`, `BadAtext`, `BadDotString`, `BadQuotedPair`, `UnclosedQuote`, `BadAddressLiteral`, a reason of
 * `Domain.fromString`, `LocalPartTooLong` (over 64 octets) or `PathTooLong` (over 256 octets with brackets, RFC 5321 section
 * 4.5.3.1.3).
 *
 * @example A list is no mailbox
 * ```ts
 * import * as Mailbox from "@plausch/smtp/mailbox";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const result = Mailbox.fromString("a@x.example,b@y.example");
 * assertEquals(Result.getOrThrow(Result.flip(result)).reason, "BadAtext");
 * ```
 */
export const fromString = (text: string, options: AddressOptions = {}): Result.Result<Mailbox, GrammarError> => {
  const plain = readPlain(text);
  if (plain !== undefined) return Result.succeed(plain);
  const source: Source = { subject: "mailbox", text };
  const read = charsetFault(source, options.smtputf8 === true) ??
    readMailbox(source, 0, { closer: "", lenient: options.lenient === true });
  return read instanceof GrammarError ? Result.fail(read) : Result.succeed(read.value);
};
