/**
 * Which IP addresses mail is not sent to when the DNS, and not the user, chose them: whoever owns a domain may write any
 * address into its zone, and so point us at our own loopback, at the router, or at the metadata service of a cloud
 * (server-side request forgery).
 *
 * Dialled is what the Internet can reach: IPv4 without its special ranges, and of IPv6 the global unicast block 2000::/3
 * (RFC 6890, RFC 4291). An IPv6 address that stands for an IPv4 address is judged by what it reaches; that a network has
 * NAT64 under a prefix of its own cannot be seen, so such a prefix has to be closed by its operator. The ranges for
 * documentation (RFC 5737, RFC 3849, RFC 9637) are dialled: they are local to nobody, lead nowhere, and are what examples
 * and tests are made of.
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(AddressGuard.refusal("192.0.2.1"), undefined);
 * assertEquals(AddressGuard.refusal("169.254.169.254")?.class, "LinkLocal");
 * assertEquals(AddressGuard.refusal("64:ff9b::7f00:1"), {
 *   address: "64:ff9b::7f00:1", class: "Loopback", network: "127.0.0.0/8",
 *   embedding: { method: "NAT64", address: "127.0.0.1" },
 * });
 * ```
 *
 * @module
 */
import * as Name from "@plausch/dns/name";
import { quote } from "@plausch/dns/printable";
import * as IpNetwork from "effect/net/IpNetwork";
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";

/** What an address is that mail is not sent to. */
export type AddressClass = keyof typeof explanations;

const explanations = {
  Benchmark: "for benchmarks",
  Broadcast: "broadcast",
  CarrierNat: "carrier-grade NAT",
  LinkLocal: "link-local",
  Loopback: "loopback",
  Multicast: "multicast",
  NotAnAddress: "not an IP address in its usual form",
  Private: "private",
  Protocol: "for protocols of the IETF",
  Reserved: "reserved",
  SiteLocal: "site-local",
  ThisNetwork: "this network",
  UniqueLocal: "unique local",
  Unspecified: "unspecified",
} as const;

/** A way to write an IPv4 address inside an IPv6 address. */
export type Embedding =
  /** `::a.b.c.d` (RFC 4291 section 2.5.5.1). */
  | "IPv4-compatible"
  /** `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2). */
  | "IPv4-mapped"
  /** `::ffff:0:a.b.c.d` (RFC 2765 section 2.1). */
  | "IPv4-translated"
  /** `64:ff9b::a.b.c.d` (RFC 6052), and anywhere under `64:ff9b:1::/48` (RFC 8215). */
  | "NAT64"
  /** `2002:aabb:ccdd::` (RFC 3056). */
  | "6to4"
  /** `2001:0:` with the server's address, and the client's with every bit turned (RFC 4380 section 4). */
  | "Teredo"
  /** An interface identifier `0:5efe:a.b.c.d` under any prefix (RFC 5214 section 6.1). */
  | "ISATAP";

/** Why an address is not dialled. */
export interface Refusal {
  /** The address that was judged, as it was given. */
  readonly address: string;
  /** What it is, or what it reaches. */
  readonly class: AddressClass;
  /** The range that makes it so, like `127.0.0.0/8`; `undefined` where it is no address. */
  readonly network: string | undefined;
  /** The IPv4 address inside it that is at fault, and how it is written there. */
  readonly embedding: { readonly method: Embedding; readonly address: string } | undefined;
}

const network = IpNetwork.fromStringUnsafe;

/** The first range that holds an address decides. */
const ranges: ReadonlyArray<readonly [network: IpNetwork.IpNetwork, is: AddressClass]> = [
  [network("0.0.0.0/32"), "Unspecified"],
  [network("0.0.0.0/8"), "ThisNetwork"],
  [network("10.0.0.0/8"), "Private"],
  [network("100.64.0.0/10"), "CarrierNat"],
  [network("127.0.0.0/8"), "Loopback"],
  [network("169.254.0.0/16"), "LinkLocal"],
  [network("172.16.0.0/12"), "Private"],
  [network("192.0.0.0/24"), "Protocol"],
  [network("192.168.0.0/16"), "Private"],
  [network("198.18.0.0/15"), "Benchmark"],
  [network("224.0.0.0/4"), "Multicast"],
  [network("255.255.255.255/32"), "Broadcast"],
  [network("240.0.0.0/4"), "Reserved"],
  [network("::/128"), "Unspecified"],
  [network("::1/128"), "Loopback"],
  [network("fc00::/7"), "UniqueLocal"],
  [network("fe80::/10"), "LinkLocal"],
  [network("fec0::/10"), "SiteLocal"],
  [network("ff00::/8"), "Multicast"],
  [network("2001:2::/48"), "Benchmark"],
  [network("2001::/23"), "Protocol"],
  // All that is not 2000::/3.
  [network("::/3"), "Reserved"],
  [network("4000::/2"), "Reserved"],
  [network("8000::/1"), "Reserved"],
];

type Octets = ReadonlyArray<number>;

/** Finds the IPv4 addresses among the sixteen octets of an IPv6 address. */
type Places = (octets: Octets) => ReadonlyArray<Octets>;

const lastFour: Places = (octets) => [octets.slice(12)];

// The length of the prefix is not known, so each place that RFC 6052 section 2.2 has for the IPv4 address counts; but not
// one that is the zeroes before another: no translator sends to 0.0.0.0/8.
const anyPlace: Places = (octets) => {
  const places = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]]
    .map((place) => place.map((at) => octets[at] ?? 0));
  const filled = places.filter(([first]) => first !== 0);
  return filled.length > 0 ? filled : places;
};

const clientAndServer: Places = (octets) => [octets.slice(12).map((octet) => octet ^ 0xff), octets.slice(4, 8)];

const translations: ReadonlyArray<readonly [network: IpNetwork.IpNetwork, method: Embedding, places: Places]> = [
  [network("::ffff:0:0/96"), "IPv4-mapped", lastFour],
  [network("::ffff:0:0:0/96"), "IPv4-translated", lastFour],
  [network("::/96"), "IPv4-compatible", lastFour],
  [network("64:ff9b::/96"), "NAT64", lastFour],
  [network("64:ff9b:1::/48"), "NAT64", anyPlace],
  [network("2002::/16"), "6to4", (octets) => [octets.slice(2, 6)]],
  [network("2001::/32"), "Teredo", clientAndServer],
];

/**
 * Why mail is not sent to an address; `undefined` where it may be. An IPv6 address that stands for IPv4 addresses may be
 * dialled if all of those may. A text that is no IP address, has a zone (`fe80::1%eth0`) or an octet with a zero before
 * it (`0127.0.0.1` is octal for some and decimal for others) is refused as `NotAnAddress`.
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import { assertEquals } from "@std/assert";
 *
 * const is = (address: string) => AddressGuard.refusal(address)?.class;
 * assertEquals(["8.8.8.8", "192.168.1.1", "100.64.0.1"].map(is), [undefined, "Private", "CarrierNat"]);
 * assertEquals(["2001:db8::1", "fd00::1", "::"].map(is), [undefined, "UniqueLocal", "Unspecified"]);
 * assertEquals(["2002:808:808::1", "2002:a00:1::1"].map(is), [undefined, "Private"]);
 * assertEquals(["0127.0.0.1", "2130706433"].map(is), ["NotAnAddress", "NotAnAddress"]);
 * ```
 */
export const refusal = (address: string): Refusal | undefined => {
  const parsed = NetAddress.ipFromString(address);
  if (Result.isFailure(parsed)) {
    return { address, class: "NotAnAddress", network: undefined, embedding: undefined };
  }
  const ip = parsed.success;
  const inside = NetAddress.isIpv6Address(ip) ? embedded(ip) : [];
  for (const { method, ipv4 } of inside) {
    const range = rangeOf(ipv4);
    if (range !== undefined) return { address, ...range, embedding: { method, address: NetAddress.formatIp(ipv4) } };
  }
  // An identifier of ISATAP is not the whole address: its prefix must be dialled too.
  const isWhole = inside.some(({ method }) => method !== "ISATAP");
  const range = isWhole ? undefined : rangeOf(ip);
  return range === undefined ? undefined : { address, ...range, embedding: undefined };
};

const rangeOf = (ip: NetAddress.IpAddress): Pick<Refusal, "class" | "network"> | undefined => {
  const [network, is] = ranges.find(([network]) => IpNetwork.contains(network, ip)) ?? [];
  return network && is && { class: is, network: IpNetwork.format(network) };
};

const embedded = (ip: NetAddress.Ipv6Address) => {
  const octets = NetAddress.ipv6ToOctets(ip);
  const ipv4 = (method: Embedding) => (place: Octets) => ({
    method,
    ipv4: NetAddress.ipv4FromBytesUnsafe(Uint8Array.from(place)),
  });
  const isOwn = NetAddress.isUnspecified(ip) || NetAddress.isLoopback(ip);
  const translation = isOwn ? undefined : translations.find(([network]) => IpNetwork.contains(network, ip));
  const inside = translation === undefined ? [] : translation[2](octets).map(ipv4(translation[1]));
  // The bit for "universal" in the identifier may be set or not.
  const isIsatap = [0, 2].includes(octets[8] ?? 0) && octets.slice(9, 12).join() === "0,94,254";
  return isIsatap ? [...inside, ...lastFour(octets).map(ipv4("ISATAP"))] : inside;
};

/**
 * Whether a name means this machine, whatever the DNS says of it: `localhost` and all below (RFC 6761 section 6.3).
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import { assert } from "@std/assert";
 *
 * assert(AddressGuard.isLocalName("LOCALHOST."));
 * assert(AddressGuard.isLocalName("mail.localhost"));
 * assert(!AddressGuard.isLocalName("localhost.example"));
 * ```
 */
export const isLocalName = (name: string): boolean => /(?:^|\.)localhost$/.test(Name.key(name));

/**
 * What an address is, or reaches, in a few words for people: `loopback`.
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(AddressGuard.describe(AddressGuard.refusal("2002:a00:1::1")!), "private: 6to4 of 10.0.0.1");
 * ```
 */
export const describe = ({ class: is, embedding }: Refusal): string =>
  explanations[is] + (embedding === undefined ? "" : `: ${embedding.method} of ${embedding.address}`);

/**
 * What is wrong with an address, with the address, in a few words for people. Safe to print.
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import { assertEquals } from "@std/assert";
 *
 * const explain = (address: string) => AddressGuard.explain(AddressGuard.refusal(address)!);
 * assertEquals(explain("127.0.0.1"), "127.0.0.1 (loopback)");
 * assertEquals(explain("64:ff9b::a00:1"), "64:ff9b::a00:1 (private: NAT64 of 10.0.0.1)");
 * ```
 */
export const explain = (refusal: Refusal): string =>
  `${refusal.class === "NotAnAddress" ? quote(refusal.address) : refusal.address} (${describe(refusal)})`;
