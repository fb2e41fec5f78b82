/**
 * Where mail is to go, as the part behind the `@` says it: a domain, or an address literal (RFC 5321 section 4.1.3).
 *
 * This reads its own literals, though `@plausch/smtp` has the whole grammar: routing needs no SMTP, takes no general
 * literal, for which nobody could be dialled, and is to be usable with the DNS alone.
 *
 * @example
 * ```ts
 * import * as Destination from "@plausch/mx/destination";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const read = (text: string) => Result.getOrThrow(Destination.fromString(text));
 * assertEquals(read("Bücher.Example."), {
 *   _tag: "Domain", domain: "Bücher.Example.", ascii: "xn--bcher-kva.example", mixedScript: false,
 * });
 * assertEquals(read("[IPv6:2001:DB8::1]"), {
 *   _tag: "AddressLiteral", domain: "[IPv6:2001:DB8::1]", address: "2001:db8::1", family: 6,
 * });
 * ```
 *
 * @module
 */
import * as Name from "@plausch/dns/name";
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import { MxError, type MxErrorReason } from "./mx_error.ts";

/** A domain that the DNS is asked about. */
export interface Domain {
  /** Tells the kind. */
  readonly _tag: "Domain";
  /** The domain as it was asked for. */
  readonly domain: string;
  /** The A-label form in lower case, without the dot at the end: what is looked up, compared and printed. */
  readonly ascii: string;
  /** Whether a label mixes scripts that do not go together, such as Latin and Cyrillic, as look-alikes do. */
  readonly mixedScript: boolean;
}

/** An IP address in brackets: no one is asked about it. */
export interface AddressLiteral {
  /** Tells the kind. */
  readonly _tag: "AddressLiteral";
  /** The literal as it was asked for, with its brackets. */
  readonly domain: string;
  /** The address in its usual form. */
  readonly address: string;
  /** The version of the address. */
  readonly family: 4 | 6;
}

/** Where mail is to go. */
export type Destination = Domain | AddressLiteral;

/**
 * Reads a mail domain. Case and a dot at the end do not matter; characters outside ASCII are mapped by UTS 46. Fails
 * with `BadDomain`, with `BareAddress` for an IP address without brackets, which as a name cannot exist and must never
 * reach a resolver that would dial it, and with `BadAddressLiteral` for brackets around anything but an IP address in
 * its one usual form (`0127.0.0.1` is octal for some and decimal for others).
 *
 * @example
 * ```ts
 * import * as Destination from "@plausch/mx/destination";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const reason = (text: string) => Result.getOrThrow(Result.flip(Destination.fromString(text))).reason;
 * assertEquals(reason("192.0.2.1"), "BareAddress");
 * assertEquals(reason("[0127.0.0.1]"), "BadAddressLiteral");
 * assertEquals(reason("two words.example"), "BadDomain");
 * ```
 */
export const fromString = (domain: string): Result.Result<Destination, MxError> => {
  const fail = (reason: MxErrorReason, detail?: string, cause?: unknown) =>
    Result.fail(new MxError({ reason, domain, detail, cause }));
  if (domain.startsWith("[")) {
    return Result.match(readLiteral(domain), {
      onFailure: (cause) => fail("BadAddressLiteral", undefined, cause),
      onSuccess: (address) => Result.succeed(literal(domain, address)),
    });
  }
  if (Result.isSuccess(NetAddress.ipFromString(domain))) return fail("BareAddress");
  const name = Name.fromString(domain);
  if (Result.isFailure(name)) return fail("BadDomain", name.failure.detail, name.failure);
  const ascii = name.success.toLowerCase();
  // What inet_aton takes for an address: "127.1", "0x7f000001", "2130706433".
  if (/^(?:0x[\da-f]*|\d+)(?:\.(?:0x[\da-f]*|\d+))*$/.test(ascii)) return fail("BareAddress");
  if (Name.looksNumeric(ascii)) return fail("BadDomain", "no top-level domain is a number");
  if (!Name.isHostName(ascii)) return fail("BadDomain");
  return Result.succeed({
    _tag: "Domain",
    domain,
    ascii,
    mixedScript: domain.split(/[.\u3002\uff0e\uff61]/).some(isMixed),
  });
};

const readLiteral = (text: string): Result.Result<NetAddress.IpAddress, NetAddress.NetAddressError> => {
  const [, content = ""] = /^\[(.*)\]$/.exec(text) ?? [];
  return /^ipv6:/i.test(content) ? NetAddress.ipv6FromString(content.slice(5)) : NetAddress.ipv4FromString(content);
};

const literal = (domain: string, address: NetAddress.IpAddress): AddressLiteral => ({
  _tag: "AddressLiteral",
  domain,
  address: NetAddress.formatIp(address),
  family: NetAddress.isIpv6Address(address) ? 6 : 4,
});

const scripts = [
  "Arabic",
  "Armenian",
  "Bopomofo",
  "Cyrillic",
  "Devanagari",
  "Georgian",
  "Greek",
  "Han",
  "Hangul",
  "Hebrew",
  "Hiragana",
  "Katakana",
  "Latin",
  "Thai",
] as const;

const detectors = scripts.map((script) => [script, new RegExp(`\\p{Script=${script}}`, "u")] as const);

// What goes together with Latin and each other: the "highly restrictive" level of UTS 39.
const together: ReadonlyArray<ReadonlyArray<string>> = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
];

const isMixed = (label: string): boolean => {
  const found = detectors.filter(([, detector]) => detector.test(label)).map(([script]) => script);
  return found.length > 1 && !together.some((set) => found.every((script) => set.includes(script)));
};
