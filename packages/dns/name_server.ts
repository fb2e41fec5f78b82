/**
 * The address of a name server: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Result.getOrThrow(NameServer.fromString("2001:db8::53"));
 * assertEquals(server.port, 53);
 * assertEquals(NameServer.format(server), "[2001:db8::53]:53");
 * ```
 *
 * @module
 */
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import { DnsError } from "./dns_error.ts";

/** Where a name server listens, over UDP and TCP. */
export interface NameServer {
  /** The IP address, in its usual form; an IPv6 link-local one may have a zone: `fe80::1%eth0`. */
  readonly address: string;
  /** The port, 53 by default. */
  readonly port: number;
  /** The version of the address. */
  readonly family: 4 | 6;
}

/**
 * Reads an IP address with or without a port. Fails with `BadServer`: for a host name too, as there would be no one to
 * ask for its address.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   NameServer.fromString("127.0.0.1:5353"),
 *   Result.succeed({ address: "127.0.0.1", port: 5353, family: 4 as const }),
 * );
 * assert(Result.isFailure(NameServer.fromString("dns.example")));
 * ```
 */
export const fromString = (text: string): Result.Result<NameServer, DnsError> => {
  const [, bracketed, plain, port = "53"] = /^(?:\[([^\]]*)\]|([^:\]]*))(?::(\d{1,5}))?$/.exec(text) ??
    /^()([^[\]]*)$/.exec(text) ?? [];
  const [address = "", zone] = (bracketed || plain || "").split("%", 2);
  const parsed = NetAddress.ipFromString(address);
  const number = Number(port);
  if (
    Result.isFailure(parsed) || number < 1 || number > 0xffff ||
    (bracketed ? !NetAddress.isIpv6Address(parsed.success) : false) ||
    (zone !== undefined && (zone === "" || !NetAddress.isIpv6Address(parsed.success)))
  ) {
    return Result.fail(new DnsError({ reason: "BadServer", domain: text }));
  }
  return Result.succeed({
    address: NetAddress.formatIp(parsed.success) + (zone === undefined ? "" : `%${zone}`),
    port: number,
    family: NetAddress.isIpv6Address(parsed.success) ? 6 : 4,
  });
};

/**
 * The address with its port, which {@linkcode fromString} reads back.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(NameServer.format({ address: "192.0.2.53", port: 53, family: 4 }), "192.0.2.53:53");
 * ```
 */
export const format = (server: NameServer): string =>
  server.family === 6 ? `[${server.address}]:${server.port}` : `${server.address}:${server.port}`;

/**
 * Whether a datagram came from the server that was asked (RFC 5452 section 9.1), however the system spells its address.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import { assert } from "@std/assert";
 *
 * const server: NameServer.NameServer = { address: "2001:db8::53", port: 53, family: 6 };
 * assert(NameServer.isFrom(server, "2001:DB8:0:0::53", 53));
 * assert(!NameServer.isFrom(server, "2001:db8::53", 5353));
 * assert(!NameServer.isFrom(server, "2001:db8::54", 53));
 * ```
 */
export const isFrom = (server: NameServer, address: string, port: number): boolean =>
  port === server.port && plainAddress(address) === plainAddress(server.address);

// The zone is left out: systems name it by index or by interface.
const plainAddress = (address: string): string => {
  const [plain = ""] = address.split("%", 1);
  return Result.match(NetAddress.ipFromString(plain), { onFailure: () => address, onSuccess: NetAddress.formatIp });
};

/**
 * Whether a server is on this machine, so that nobody on a network can have changed what it says.
 *
 * @example
 * ```ts
 * import * as NameServer from "@plausch/dns/name-server";
 * import { assert } from "@std/assert";
 *
 * assert(NameServer.isLoopback({ address: "127.0.0.53", port: 53, family: 4 }));
 * assert(!NameServer.isLoopback({ address: "192.0.2.53", port: 53, family: 4 }));
 * ```
 */
export const isLoopback = (server: NameServer): boolean =>
  server.family === 4 ? server.address.startsWith("127.") : server.address === "::1";
