/**
 * Address literals: a host named by its address, in brackets (RFC 5321 section 4.1.3).
 *
 * IPv4 octets are decimal, with or without leading zeros, and are written without them from here on, because other programs
 * read `010` as eight. An IPv6 address is kept as it was written. Anything else with a tag is a general literal: valid
 * syntax, but nobody knows how to reach it.
 *
 * @example Both families
 * ```ts
 * import * as AddressLiteral from "@plausch/smtp/address-literal";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const literal = Result.getOrThrow(AddressLiteral.fromString("[IPv6:2001:db8::25]"));
 * assertEquals(literal, { _tag: "Ipv6", address: "2001:db8::25" });
 * assertEquals(AddressLiteral.format({ _tag: "Ipv4", address: "192.0.2.25" }), "[192.0.2.25]");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { parseLiteral } from "./_address_literal.ts";
import { charsetFault } from "./_characters.ts";
import { isRoutableIpv4, isRoutableIpv6, parseIpv4, parseIpv6 } from "./_ip.ts";
import { fault, type Source } from "./_source.ts";
import type { GrammarError } from "./grammar_error.ts";

/** A host named by its address. */
export type AddressLiteral = Ipv4Literal | Ipv6Literal | GeneralLiteral;

/** An IPv4 address. */
export interface Ipv4Literal {
  /** Tells the literals apart. */
  readonly _tag: "Ipv4";
  /** Four decimal numbers without leading zeros: `192.0.2.25`. */
  readonly address: string;
}

/** An IPv6 address. */
export interface Ipv6Literal {
  /** Tells the literals apart. */
  readonly _tag: "Ipv6";
  /** The address as it was written, without tag and brackets: `2001:db8::25`. */
  readonly address: string;
}

/** An address of a kind that SMTP has no name for yet. It can be passed on, but not be connected to. */
export interface GeneralLiteral {
  /** Tells the literals apart. */
  readonly _tag: "General";
  /** The kind of address, as written before the colon. */
  readonly tag: string;
  /** The address itself, as written after the colon. */
  readonly content: string;
}

/**
 * Reads a literal with its brackets. Fails with `BadAddressLiteral`, or `ControlCharacter` where one stands in the text.
 *
 * @example Leading zeros do not make a number octal
 * ```ts
 * import * as AddressLiteral from "@plausch/smtp/address-literal";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Result.getOrThrow(AddressLiteral.fromString("[192.000.002.010]")),
 *   { _tag: "Ipv4", address: "192.0.2.10" },
 * );
 * assert(Result.isFailure(AddressLiteral.fromString("[192.0.2.256]")));
 * ```
 */
export const fromString = (text: string): Result.Result<AddressLiteral, GrammarError> => {
  const source: Source = { subject: "address literal", text };
  const control = charsetFault(source, true);
  if (control?.reason === "ControlCharacter") return Result.fail(control);
  const parsed = text.startsWith("[") && text.endsWith("]") ? parseLiteral(text.slice(1, -1)) : undefined;
  return parsed === undefined ? Result.fail(fault(source, "BadAddressLiteral")) : Result.succeed(parsed.literal);
};

/**
 * The literal with its brackets, and with the tag `IPv6:` where that is due; the inverse of {@linkcode fromString}.
 *
 * @example IPv6 needs its tag
 * ```ts
 * import * as AddressLiteral from "@plausch/smtp/address-literal";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(AddressLiteral.format({ _tag: "Ipv6", address: "::1" }), "[IPv6:::1]");
 * ```
 */
export const format = (literal: AddressLiteral): string => {
  switch (literal._tag) {
    case "Ipv4":
      return `[${literal.address}]`;
    case "Ipv6":
      return `[IPv6:${literal.address}]`;
    case "General":
      return `[${literal.tag}:${literal.content}]`;
  }
};

/**
 * Whether mail could reach the address over the public Internet: false for loopback, unspecified, private, carrier-shared,
 * link-local, multicast, reserved and broadcast addresses, and for general literals. IPv4 inside IPv6 (mapped, NAT64, 6to4,
 * Teredo) is judged by what it reaches.
 *
 * @example A loopback address in disguise
 * ```ts
 * import * as AddressLiteral from "@plausch/smtp/address-literal";
 * import { assert } from "@std/assert";
 *
 * assert(AddressLiteral.isRoutable({ _tag: "Ipv4", address: "192.0.2.25" }));
 * assert(!AddressLiteral.isRoutable({ _tag: "Ipv6", address: "::ffff:127.0.0.1" }));
 * ```
 */
export const isRoutable = (literal: AddressLiteral): boolean => {
  if (literal._tag === "Ipv4") {
    const ipv4 = parseIpv4(literal.address);
    return ipv4 !== undefined && isRoutableIpv4(ipv4.octets);
  }
  const ipv6 = literal._tag === "Ipv6" ? parseIpv6(literal.address) : undefined;
  return ipv6 !== undefined && isRoutableIpv6(ipv6.groups);
};
