import * as Result from "effect/Result";
import { crc32c } from "./_crc32c.ts";
import * as IpAddress from "./_ip_address.ts";
import { ProxyError, type ProxyErrorReason } from "./proxy_error.ts";
import type { Header, Origin, Tlv } from "./proxy_protocol.ts";

/** How every header begins; no other protocol does. */
export const signature: Uint8Array = Uint8Array.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);

/** Signature, version with command, family with transport, and the length of what follows. */
const fixedOctets = 16;

const pathOctets = 108;

const checksumType = 0x03;

/** The families, by their numbers, with the octets of one address and what follows it: a port, or nothing. */
const families = [
  { name: "Unspecified", address: 0, port: 0 },
  { name: "IPv4", address: 4, port: 2 },
  { name: "IPv6", address: 16, port: 2 },
  { name: "Unix", address: pathOctets, port: 0 },
] as const;

/** The transports, by their numbers. */
const transports = ["unspecified", "stream", "datagram"] as const;

const utf8 = new TextDecoder();
const encoder = new TextEncoder();

const fail = (reason: ProxyErrorReason): Result.Result<never, ProxyError> => Result.fail(new ProxyError({ reason }));

const twoOctets = (number: number): ReadonlyArray<number> => [number >> 8, number & 0xff];

/** Family and transport in one octet, and the addresses. */
const addressesOf = (origin: Origin): readonly [kind: number, octets: ReadonlyArray<number>] | undefined => {
  if (origin._tag === "Ip") {
    const { destination, family, source, transport } = origin;
    const addresses = [source, destination].flatMap(({ address }) => [...IpAddress.parse(address)!]);
    const kind = (family === "IPv4" ? 1 : 2) << 4 | transports.indexOf(transport);
    return [kind, [...addresses, ...twoOctets(source.port), ...twoOctets(destination.port)]];
  }
  if (origin._tag === "Unix") {
    const paths = [origin.source, origin.destination].map((path) => encoder.encode(path));
    if (paths.some((path) => path.length > pathOctets || path.includes(0))) return undefined;
    const padded = paths.flatMap((path) => [...path, ...new Uint8Array(pathOctets - path.length)]);
    return [3 << 4 | transports.indexOf(origin.transport), padded];
  }
  return [0, []];
};

/** The header of an origin whose addresses and ports are known to be right. */
export const encode = (
  origin: Origin,
  tlvs: ReadonlyArray<Tlv>,
  checksum: boolean,
): Result.Result<Uint8Array, ProxyError> => {
  const addresses = addressesOf(origin);
  if (addresses === undefined) return fail("BadAddress");
  const [kind, block] = addresses;
  const all = checksum ? [...tlvs, { type: checksumType, value: new Uint8Array(4) }] : tlvs;
  const octets = all.reduce((sum, { value }) => sum + 3 + value.length, block.length);
  const sound = tlvs.every(({ type }) => Number.isInteger(type) && type >= 0 && type <= 255 && type !== checksumType);
  if (!sound || octets > 0xffff || kind === 0 && all.length > 0) return fail("BadTlv");
  const header = new Uint8Array(fixedOctets + octets);
  header.set(signature);
  header.set([0x20 | (origin._tag === "Local" ? 0 : 1), kind, ...twoOctets(octets), ...block], signature.length);
  let at = fixedOctets + block.length;
  for (const { type, value } of all) {
    header.set([type, ...twoOctets(value.length)], at);
    header.set(value, at + 3);
    at += 3 + value.length;
  }
  if (checksum) new DataView(header.buffer).setUint32(header.length - 4, crc32c(header));
  return Result.succeed(header);
};

const pathOf = (octets: Uint8Array): string => {
  const end = octets.indexOf(0);
  return utf8.decode(end < 0 ? octets : octets.subarray(0, end));
};

const originOf = (kind: number, block: Uint8Array): Origin => {
  const family = families[kind >> 4]!;
  const transport = transports[kind & 0x0f]!;
  if (family.name === "Unspecified" || transport === "unspecified") return { _tag: "Unknown" };
  const [source, destination] = [0, 1].map((end) => block.subarray(end * family.address, (end + 1) * family.address));
  if (family.name === "Unix") {
    return { _tag: "Unix", transport, source: pathOf(source!), destination: pathOf(destination!) };
  }
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const end = (octets: Uint8Array, index: number) => ({
    address: IpAddress.format(octets)!,
    port: view.getUint16(2 * family.address + 2 * index),
  });
  return { _tag: "Ip", family: family.name, transport, source: end(source!, 0), destination: end(destination!, 1) };
};

/** The values from `start` to the end of the header; the checksum is checked on the way. */
const tlvsOf = (header: Uint8Array, start: number): Result.Result<ReadonlyArray<Tlv>, ProxyError> => {
  const tlvs: Array<Tlv> = [];
  for (let at = start; at < header.length;) {
    const [type, high, low] = header.subarray(at, at + 3);
    if (low === undefined) return fail("BadTlv");
    const from = at + 3;
    at = from + (high! << 8 | low);
    if (at > header.length || type === checksumType && at - from !== 4) return fail("BadTlv");
    const value = header.slice(from, at);
    if (type !== checksumType) tlvs.push({ type: type!, value });
    else if (!isChecksum(header, from, value)) return fail("BadChecksum");
  }
  return Result.succeed(tlvs);
};

/** The checksum is that of the header with zeros in its own place. */
const isChecksum = (header: Uint8Array, at: number, value: Uint8Array): boolean => {
  const zeroed = header.slice();
  zeroed.fill(0, at, at + 4);
  return new DataView(value.buffer).getUint32(0) === crc32c(zeroed);
};

/** The header at the start of the octets and its length, or nothing if it is not complete. */
export const parse = (
  octets: Uint8Array,
): Result.Result<{ readonly header: Header; readonly length: number } | undefined, ProxyError> => {
  const [command, kind, high, low] = octets.subarray(signature.length, fixedOctets);
  if (command !== undefined && command !== 0x20 && command !== 0x21) return fail("BadHeader");
  const family = kind === undefined ? undefined : families[kind >> 4];
  if (kind !== undefined && (family === undefined || transports[kind & 0x0f] === undefined)) return fail("BadHeader");
  if (low === undefined || family === undefined) return Result.succeed(undefined);
  const length = fixedOctets + (high! << 8 | low);
  // A connection of the proxy's own says nothing of itself, whatever stands there.
  const origin = command === 0x20 ? { _tag: "Local" } as const : undefined;
  const block = 2 * (family.address + family.port);
  if (origin === undefined && (kind! & 0x0f) !== 0 && length < fixedOctets + block) return fail("BadHeader");
  if (octets.length < length) return Result.succeed(undefined);
  const found = origin ?? originOf(kind!, octets.subarray(fixedOctets, length));
  const tlvs = found._tag === "Ip" || found._tag === "Unix"
    ? tlvsOf(octets.subarray(0, length), fixedOctets + block)
    : Result.succeed<ReadonlyArray<Tlv>>([]);
  return Result.map(tlvs, (tlvs) => ({ header: { version: 2, origin: found, tlvs }, length }));
};
