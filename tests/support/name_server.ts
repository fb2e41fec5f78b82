/**
 * A name server on this machine, over UDP, that answers from a static zone: for tests of whole programs.
 */
import type { Answer } from "@plausch/dns/answer";
import * as Name from "@plausch/dns/name";
import type { RecordType, ResourceRecord } from "@plausch/dns/record";
import * as Zone from "@plausch/dns/zone";
import * as Effect from "effect/Effect";
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import * as dgram from "node:dgram";

const typeCodes: { readonly [T in ResourceRecord["_tag"]]: number } = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  TLSA: 52,
};

const u16 = (number: number): ReadonlyArray<number> => [number >> 8, number & 0xff];
const u32 = (number: number): ReadonlyArray<number> => [...u16(number >>> 16), ...u16(number & 0xffff)];
const wire = (name: string): Uint8Array => Result.getOrThrow(Name.toWire(name));

const data = (record: ResourceRecord): ReadonlyArray<number> => {
  switch (record._tag) {
    case "A":
      return NetAddress.ipv4ToOctets(Result.getOrThrow(NetAddress.ipv4FromString(record.address)));
    case "AAAA":
      return NetAddress.ipv6ToOctets(Result.getOrThrow(NetAddress.ipv6FromString(record.address)));
    case "CNAME":
      return [...wire(record.target)];
    case "MX":
      return [...u16(record.preference), ...wire(record.exchange)];
    case "TXT":
      return record.strings.flatMap((string) => [string.length, ...string]);
    case "TLSA":
      return [record.usage, record.selector, record.matchingType, ...record.data];
    case "SOA":
      return [
        ...[...wire(record.mname), ...wire(record.rname)],
        ...[record.serial, record.refresh, record.retry, record.expire, record.minimum].flatMap(u32),
      ];
  }
};

const encodeRecord = (record: ResourceRecord): ReadonlyArray<number> => {
  const rdata = data(record);
  const head = [...wire(record.name), ...u16(typeCodes[record._tag]), 0, 1, ...u32(record.ttl)];
  return [...head, ...u16(rdata.length), ...rdata];
};

/** A reply to a query: its id and question, and what the zone says, or a response code. */
const encode = (query: Uint8Array, questionEnd: number, answer: Answer | number): Uint8Array => {
  const isFailure = typeof answer === "number";
  const rcode = isFailure ? answer : answer.rcode === "NXDOMAIN" ? 3 : 0;
  const records = isFailure ? [] : answer.records;
  const soa: ReadonlyArray<ResourceRecord> = isFailure || answer.status === "Records" ? [] : [{
    _tag: "SOA",
    name: ".",
    ttl: answer.negativeTtl ?? 0,
    class: "IN",
    ...{ mname: "ns.test", rname: "postmaster.test", serial: 1, refresh: 3600, retry: 600, expire: 86400 },
    minimum: answer.negativeTtl ?? 0,
  }];
  return Uint8Array.from([
    ...[query[0]!, query[1]!, 0x81, 0x80 | (!isFailure && answer.ad ? 0x20 : 0) | rcode],
    ...[...u16(1), ...u16(records.length), ...u16(soa.length), ...u16(0)],
    ...query.subarray(12, questionEnd),
    ...[...records, ...soa].flatMap(encodeRecord),
  ]);
};

/** What was asked, as in `MX d.test`; empty while nobody asked. */
export interface NameServer {
  /** Where it listens, as `--dns` takes it. */
  readonly server: string;
  readonly asked: Array<string>;
}

/** Lets a name server answer from a zone for the time of one function. What fails there is SERVFAIL or, a time-out, nothing. */
export const withNameServer = async <A>(
  zone: Zone.StaticZone,
  use: (server: NameServer) => Promise<A>,
): Promise<A> => {
  const resolver = Result.getOrThrow(Zone.make(zone));
  const socket = dgram.createSocket("udp4");
  const asked: Array<string> = [];
  socket.on("message", (query, from) => {
    const { name, end } = Result.getOrThrow(Name.fromWire(query, 12));
    const code = (query[end]! << 8) | query[end + 1]!;
    const type = Object.entries(typeCodes).find(([, one]) => one === code)?.[0] as RecordType;
    asked.push(`${type} ${name}`);
    const result = Effect.runSync(Effect.result(resolver.query(name, type)));
    if (Result.isFailure(result) && result.failure.reason === "Timeout") return;
    socket.send(encode(query, end + 4, Result.isSuccess(result) ? result.success : 2), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  try {
    return await use({ server: `127.0.0.1:${socket.address().port}`, asked });
  } finally {
    await new Promise<void>((resolve) => socket.close(resolve));
  }
};
