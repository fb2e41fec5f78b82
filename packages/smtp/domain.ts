/**
 * Domains and hosts (RFC 5321 section 4.1.2): labels of letters, digits and hyphens, or U-labels, which go on the wire as
 * A-labels.
 *
 * @example An internationalized name
 * ```ts
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const domain = Result.getOrThrow(Domain.fromString("bücher.example"));
 * assertEquals(domain, { _tag: "Name", name: "bücher.example", ascii: "xn--bcher-kva.example" });
 * assertEquals(Domain.format(domain), "xn--bcher-kva.example");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { parseLiteral } from "./_address_literal.ts";
import { charsetFault } from "./_characters.ts";
import { readDomain } from "./_domain.ts";
import { fault, type Source } from "./_source.ts";
import * as AddressLiteral from "./address_literal.ts";
import { GrammarError } from "./grammar_error.ts";

/** A domain name: syntax only, nobody asked the DNS. */
export interface Domain {
  /** Tells a name from the address literals. */
  readonly _tag: "Name";
  /** The name as it was written. Domains compare without case: compare {@linkcode Domain.ascii} in lower case. */
  readonly name: string;
  /** The name for the wire and the DNS: as written if that is ASCII, else the A-label form by UTS 46. */
  readonly ascii: string;
}

/** What may follow the `@` of a mailbox, and what EHLO introduces a client with. */
export type Host = Domain | AddressLiteral.AddressLiteral;

/**
 * Reads a domain name. Fails with `EmptyName`, `ControlCharacter`, `BadUtf8`, `EmptyLabel` (a trailing dot, too), `BadLabel`,
 * `LabelTooLong` (over 63 octets) or `DomainTooLong` (over 255 octets, RFC 5321 section 4.5.3.1.2).
 *
 * @example No underscores, no trailing dot
 * ```ts
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const reason = (text: string) => Result.getOrThrow(Result.flip(Domain.fromString(text))).reason;
 * assertEquals(reason("my_host.example"), "BadLabel");
 * assertEquals(reason("example.com."), "EmptyLabel");
 * ```
 */
export const fromString = (text: string): Result.Result<Domain, GrammarError> => {
  const source: Source = { subject: "domain", text };
  if (text === "") return Result.fail(fault(source, "EmptyName"));
  const read = charsetFault(source, true) ?? readDomain(source, 0, text.length);
  return read instanceof GrammarError ? Result.fail(read) : Result.succeed(read);
};

/**
 * Reads a domain name or an address literal: what a client may call itself, and what a server may be called. Fails with
 * `EmptyName`, `ControlCharacter`, `BadUtf8`, `BadAddressLiteral`, `LabelTooLong`, `DomainTooLong`, or with `BadDomain` at the
 * first character that no host has.
 *
 * @example Names for EHLO
 * ```ts
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Domain.hostFromString("[192.0.2.1]")), { _tag: "Ipv4", address: "192.0.2.1" });
 * assertEquals(Result.getOrThrow(Result.flip(Domain.hostFromString("my host"))).reason, "BadDomain");
 * ```
 */
export const hostFromString = (text: string): Result.Result<Host, GrammarError> => {
  const source: Source = { subject: "host", text };
  if (text === "") return Result.fail(fault(source, "EmptyName"));
  const charset = charsetFault(source, true);
  if (charset !== undefined) return Result.fail(charset);
  if (text.startsWith("[")) {
    const parsed = text.endsWith("]") ? parseLiteral(text.slice(1, -1)) : undefined;
    return parsed === undefined ? Result.fail(fault(source, "BadAddressLiteral")) : Result.succeed(parsed.literal);
  }
  const domain = readDomain(source, 0, text.length);
  if (!(domain instanceof GrammarError)) return Result.succeed(domain);
  // A text that may be either kind of host is told from neither by its labels.
  const isNeither = domain.reason === "BadLabel" || domain.reason === "EmptyLabel";
  return Result.fail(isNeither ? fault(source, "BadDomain", domain.offset) : domain);
};

/**
 * The host as it goes on the wire: the A-label form of a name, a literal in its brackets. The inverse of
 * {@linkcode hostFromString}.
 *
 * @example A literal keeps its brackets
 * ```ts
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Domain.format({ _tag: "Ipv6", address: "2001:db8::1" }), "[IPv6:2001:db8::1]");
 * ```
 */
export const format = (host: Host): string => host._tag === "Name" ? host.ascii : AddressLiteral.format(host);
