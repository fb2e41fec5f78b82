import * as Result from "effect/Result";
import * as net from "node:net";
import * as IpAddress from "./_ip_address.ts";
import { ProxyError, type ProxyErrorReason } from "./proxy_error.ts";
import type { Header, Origin } from "./proxy_protocol.ts";

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** How every header begins. */
export const signature: Uint8Array = encoder.encode("PROXY ");

/** With its CRLF. */
const maxOctets = 107;

/** The line. */
export const encode = (origin: Origin): Uint8Array => {
  if (origin._tag !== "Ip" || origin.transport === "datagram") return encoder.encode("PROXY UNKNOWN\r\n");
  const { destination, family, source } = origin;
  const protocol = family === "IPv4" ? "TCP4" : "TCP6";
  const parts = [source.address, destination.address, source.port, destination.port];
  return encoder.encode(`PROXY ${protocol} ${parts.join(" ")}\r\n`);
};

const families = { TCP4: "IPv4", TCP6: "IPv6" } as const;

/** As section 2.1 has them: an IPv6 address has no dots. */
const addresses = {
  TCP4: (text: string): boolean => net.isIPv4(text),
  TCP6: (text: string): boolean => net.isIPv6(text) && /^[0-9A-Fa-f:]+$/.test(text),
} as const;

const portPattern = /^(?:0|[1-9]\d{0,4})$/;

const fail = (reason: ProxyErrorReason): Result.Result<never, ProxyError> => Result.fail(new ProxyError({ reason }));

const originOf = (line: string): Result.Result<Origin, ProxyError> => {
  const [, protocol, source, destination, sourcePort, destinationPort, ...others] = line.split(" ");
  // Whatever stands behind UNKNOWN is to be passed over.
  if (protocol === "UNKNOWN") return Result.succeed({ _tag: "Unknown" });
  if (protocol !== "TCP4" && protocol !== "TCP6" || destinationPort === undefined || others.length > 0) {
    return fail("BadLine");
  }
  if (![source, destination].every((address) => addresses[protocol](address!))) return fail("BadAddress");
  const ports = [sourcePort, destinationPort].map((port) => portPattern.test(port!) ? Number(port) : 65536);
  if (ports.some((port) => port > 65535)) return fail("BadPort");
  const end = (address: string, port: number) => ({ address: IpAddress.format(IpAddress.parse(address)!)!, port });
  return Result.succeed({
    _tag: "Ip",
    family: families[protocol],
    transport: "stream",
    source: end(source!, ports[0]!),
    destination: end(destination!, ports[1]!),
  });
};

/** The header at the start of the octets and its length, or nothing if it is not complete. */
export const parse = (
  octets: Uint8Array,
): Result.Result<{ readonly header: Header; readonly length: number } | undefined, ProxyError> => {
  const text = latin1.decode(octets.subarray(0, maxOctets));
  const end = text.indexOf("\r\n");
  // A CR or LF alone ends no line, and belongs into none.
  const line = end < 0 ? text.replace(/\r$/, "") : text.slice(0, end);
  if (/[\r\n]/.test(line) || end < 0 && octets.length >= maxOctets) return fail("BadLine");
  if (end < 0) return Result.succeed(undefined);
  return Result.map(originOf(line), (origin) => ({ header: { version: 1, origin, tlvs: [] }, length: end + 2 }));
};
