/**
 * DNS messages (RFC 1035 section 4, EDNS of RFC 6891): a query as octets, and an answer read back. No sockets here.
 *
 * The codec is our own, though `dns-packet` is the well-kept library for this, and our tests hold the two side by side
 * on well-formed messages. A resolver must also expect others, and there version 5.6.1 does not hold. It puts octets
 * outside UTF-8, and dots inside labels, into names so that another host comes out. It does not look at the length of
 * A, AAAA and MX data: a short address is filled up from the next record, or reads "127.0.undefined.undefined"; a cut
 * TLSA record passes. And a text record that claims more than there is sends it back to the first octet for every
 * record that the header counts: one datagram of 1000 octets was a minute of work and 6 GB. A guard in front of it
 * would have to walk the whole message first, and that walk is most of this file.
 *
 * @example Ask, and read what came
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const query = Result.getOrThrow(Message.encodeQuery({ id: 0xbeef, name: "a.b", type: "A" }));
 * const reply = Uint8Array.from([
 *   0xbe, 0xef, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, // id, flags, how many of what
 *   1, 97, 1, 98, 0, 0, 1, 0, 1, // the question again
 *   0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1, // the answer
 * ]);
 * assert(Message.isReplyTo(query, reply));
 * const message = Result.getOrThrow(Message.decode(reply));
 * assertEquals(message.answers.map(Record.formatData), ["192.0.2.1"]);
 * ```
 *
 * @module
 */
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import { Fault, pushU16, readName, u16, u32, u8 } from "./_wire.ts";
import * as Answer from "./answer.ts";
import { DnsError } from "./dns_error.ts";
import * as Name from "./name.ts";
import type { Owned, RecordType, ResourceRecord, Soa } from "./record.ts";

const typeNumbers: { readonly [T in RecordType]: number } = { A: 1, AAAA: 28, CNAME: 5, MX: 15, TLSA: 52, TXT: 16 };
const optType = 41;
const internetClass = 1;
const headerOctets = 12;

const rcodes = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
];
rcodes[16] = "BADVERS";

/** What a query is made of. */
export interface Query {
  /** From 0 to 65535; must not be guessable, for it is half of what keeps forged answers out. */
  readonly id: number;
  /** The name to ask for. */
  readonly name: string;
  /** The type to ask for. */
  readonly type: RecordType;
  /** The largest UDP answer to accept, in octets, said by EDNS. Without it the query has no EDNS, and 512 is the limit. */
  readonly ednsSize?: number | undefined;
}

/**
 * A query with recursion desired, and with the AD bit, which asks a validating server to say whether it has proved the
 * answer (RFC 6840 section 5.7). Fails with `BadName`.
 *
 * @example
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const query = Result.getOrThrow(Message.encodeQuery({ id: 1, name: "a.b", type: "MX", ednsSize: 1232 }));
 * assertEquals(query.length, 12 + 9 + 11);
 * ```
 */
export const encodeQuery = (query: Query): Result.Result<Uint8Array, DnsError> =>
  Result.map(Name.toWire(query.name), (name) => {
    const edns = query.ednsSize === undefined ? 0 : 1;
    const out: Array<number> = [];
    for (const field of [query.id, 0x0120, 1, 0, 0, edns]) pushU16(out, field);
    out.push(...name);
    for (const field of [typeNumbers[query.type], internetClass]) pushU16(out, field);
    if (query.ednsSize !== undefined) {
      out.push(0);
      for (const field of [optType, query.ednsSize, 0, 0, 0]) pushU16(out, field);
    }
    return Uint8Array.from(out);
  });

/**
 * Whether octets from the network are the reply to a query: a response with its id and exactly its question (RFC 5452
 * section 9). A server that could not read the query may leave the question out. The check that they came from the
 * address that was asked is {@linkcode NameServer.isFrom}.
 *
 * @example
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import * as Result from "effect/Result";
 * import { assert } from "@std/assert";
 *
 * const query = Result.getOrThrow(Message.encodeQuery({ id: 7, name: "a.b", type: "MX" }));
 * const reply = Uint8Array.from(query, (octet, at) => at === 2 ? octet | 0x80 : octet);
 * assert(Message.isReplyTo(query, reply));
 * assert(!Message.isReplyTo(query, query));
 * assert(!Message.isReplyTo(Result.getOrThrow(Message.encodeQuery({ id: 8, name: "a.b", type: "MX" })), reply));
 * ```
 */
export const isReplyTo = (query: Uint8Array, reply: Uint8Array): boolean => {
  if (reply.length < headerOctets || query.length < headerOctets) return false;
  const flags = u16(reply, 2);
  const isResponse = (flags & 0xf800) === 0x8000;
  if (!isResponse || u16(reply, 0) !== u16(query, 0)) return false;
  if (u16(reply, 4) === 0) return mayLackQuestion.has(flags & 0xf) && u16(reply, 6) === 0;
  if (u16(reply, 4) !== 1) return false;
  let nameEnd = headerOctets;
  for (let length = query[nameEnd]; length; length = query[nameEnd]) nameEnd += length + 1;
  const end = nameEnd + 5;
  if (reply.length < end) return false;
  for (let at = headerOctets; at < end; at++) {
    const [asked, told] = [u8(query, at), u8(reply, at)];
    if (at < nameEnd ? lowerCase(asked) !== lowerCase(told) : asked !== told) return false;
  }
  return true;
};

const mayLackQuestion = new Set(["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED"].map((rcode) => rcodes.indexOf(rcode)));

// Length octets are below 64 and so never taken for letters.
const lowerCase = (octet: number): number => octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;

/**
 * Whether a reply was cut to fit into a datagram (the TC bit): its records are then not to be used, and the question
 * is to be asked again over TCP.
 *
 * @example
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import { assert } from "@std/assert";
 *
 * assert(Message.isTruncated(Uint8Array.of(0, 1, 0x83, 0x80, 0, 0, 0, 0, 0, 0, 0, 0)));
 * ```
 */
export const isTruncated = (reply: Uint8Array): boolean => ((reply[2] ?? 0) & 0x02) !== 0;

/** A reply, read. */
export interface Message {
  /** The id of the query that it answers. */
  readonly id: number;
  /** Whether the server holds the zone itself (AA). */
  readonly authoritative: boolean;
  /** Whether the reply was cut (TC). */
  readonly truncated: boolean;
  /** Whether the server resolves for its clients (RA). */
  readonly recursionAvailable: boolean;
  /** Whether the server says that it proved the answer (AD). */
  readonly ad: boolean;
  /** The response code by name, with the upper bits of EDNS; an unknown one reads like `RCODE23`. */
  readonly rcode: string;
  /** The records of the answer section that this package knows, in order. Others, such as signatures, are left out. */
  readonly answers: ReadonlyArray<ResourceRecord>;
  /** The start of the zone that denies, from the authority section. */
  readonly soa: Soa | undefined;
  /** The largest query over UDP that the server takes, in octets, where it speaks EDNS. */
  readonly ednsSize: number | undefined;
}

/**
 * Reads a reply. Every length, pointer and count is checked; what breaks them fails with `Malformed`. Records of other
 * types and classes are checked for their length only. The work is bounded by the octets, whatever they say.
 *
 * @example
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const refused = Uint8Array.of(0, 1, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0);
 * assertEquals(Result.getOrThrow(Message.decode(refused)).rcode, "REFUSED");
 * const cut = Message.decode(refused.subarray(0, 11));
 * assertEquals(Result.isFailure(cut) && cut.failure.reason, "Malformed");
 * ```
 */
export const decode = (reply: Uint8Array): Result.Result<Message, DnsError> => {
  try {
    // A Buffer's slices share its memory; those of a plain array are copies.
    return Result.succeed(read(new Uint8Array(reply.buffer, reply.byteOffset, reply.byteLength)));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    const detail = `the answer is not a valid DNS message: ${fault.message}`;
    return Result.fail(new DnsError({ reason: "Malformed", detail }));
  }
};

const read = (bytes: Uint8Array): Message => {
  if (bytes.length < headerOctets) throw new Fault(`it has ${bytes.length} octets and no whole header`);
  const flags = u16(bytes, 2);
  let at = headerOctets;
  for (let count = u16(bytes, 4); count > 0; count--) {
    at = readName(bytes, at).end + 4;
    if (at > bytes.length) throw new Fault("it ends in the middle of the question");
  }
  const sections = [6, 8, 10].map((field) => {
    const records: Array<RawRecord> = [];
    for (let count = u16(bytes, field); count > 0; count--) {
      const record = readRecord(bytes, at);
      records.push(record);
      at = record.end;
    }
    return records;
  });
  const [answers = [], authorities = [], additionals = []] = sections;
  const opts = additionals.filter((record) => record.type === optType);
  if (opts.length > 1) throw new Fault("it has more than one OPT record");
  const [opt] = opts;
  const rcode = (flags & 0xf) | (opt === undefined ? 0 : (opt.ttl >>> 24) << 4);
  return {
    id: u16(bytes, 0),
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    ad: (flags & 0x0020) !== 0,
    rcode: rcodes[rcode] ?? `RCODE${rcode}`,
    answers: answers.flatMap((record) => readData(bytes, record) ?? []),
    soa: authorities.map((record) => readData(bytes, record)).find((record) => record?._tag === "SOA"),
    ednsSize: opt?.class,
  };
};

interface RawRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Where the data begins, and where it and the record end. */
  readonly start: number;
  readonly end: number;
}

const readRecord = (bytes: Uint8Array, at: number): RawRecord => {
  const { name, end: fixed } = readName(bytes, at);
  const start = fixed + 10;
  const end = start + u16(bytes, fixed + 8);
  if (end > bytes.length) throw new Fault(`the data of the record at octet ${at} runs over the end`);
  return { name, type: u16(bytes, fixed), class: u16(bytes, fixed + 2), ttl: u32(bytes, fixed + 4), start, end };
};

const readData = (bytes: Uint8Array, record: RawRecord): ResourceRecord | undefined => {
  if (record.class !== internetClass) return undefined;
  const { start, end } = record;
  // RFC 2181 section 8: a TTL with the top bit set counts as none.
  const own: Owned = { name: record.name, ttl: record.ttl > 0x7fffffff ? 0 : record.ttl, class: "IN" };
  const wrong = (what: string) => new Fault(`the ${what} record at octet ${start} has data of the wrong length`);
  switch (record.type) {
    case 1:
      if (end - start !== 4) throw wrong("A");
      return { _tag: "A", ...own, address: bytes.subarray(start, end).join(".") };
    case 28:
      if (end - start !== 16) throw wrong("AAAA");
      return {
        _tag: "AAAA",
        ...own,
        address: NetAddress.formatIp(NetAddress.ipv6FromBytesUnsafe(bytes.subarray(start, end))),
      };
    case 5: {
      const target = readName(bytes, start);
      if (target.end !== end) throw wrong("CNAME");
      return { _tag: "CNAME", ...own, target: target.name };
    }
    case 15: {
      const exchange = readName(bytes, start + 2);
      if (exchange.end !== end) throw wrong("MX");
      return { _tag: "MX", ...own, preference: u16(bytes, start), exchange: exchange.name };
    }
    case 16: {
      const strings: Array<Uint8Array> = [];
      for (let at = start; at < end;) {
        const next = at + 1 + u8(bytes, at);
        if (next > end) throw wrong("TXT");
        strings.push(bytes.slice(at + 1, next));
        at = next;
      }
      if (strings.length === 0) throw wrong("TXT");
      return { _tag: "TXT", ...own, strings };
    }
    case 52: {
      if (end - start < 4) throw wrong("TLSA");
      const [usage, selector, matchingType] = [u8(bytes, start), u8(bytes, start + 1), u8(bytes, start + 2)];
      return { _tag: "TLSA", ...own, usage, selector, matchingType, data: bytes.slice(start + 3, end) };
    }
    case 6: {
      const mname = readName(bytes, start);
      const rname = readName(bytes, mname.end);
      if (rname.end + 20 !== end) throw wrong("SOA");
      const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((at) => u32(bytes, rname.end + at)) as [
        number,
        number,
        number,
        number,
        number,
      ];
      return { _tag: "SOA", ...own, mname: mname.name, rname: rname.name, serial, refresh, retry, expire, minimum };
    }
    default:
      return undefined;
  }
};

/**
 * The answer that a message gives to a question; it is `authenticated` if its AD bit is set and `trustAd` says that this
 * counts for something. Fails with the reason that its response code stands for; with
 * `NotRecursive` where a server without recursion says neither yes nor no; and like {@linkcode Answer.make}.
 *
 * @example SERVFAIL is trouble, not "no such record"
 * ```ts
 * import * as Message from "@plausch/dns/message";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const message = Result.getOrThrow(Message.decode(Uint8Array.of(0, 1, 0x81, 0x82, 0, 0, 0, 0, 0, 0, 0, 0)));
 * const answer = Message.toAnswer(message, {
 *   name: "example.org", type: "MX", server: "192.0.2.53:53", transport: "udp", elapsed: 3,
 * });
 * assertEquals(Result.isFailure(answer) && answer.failure.reason, "ServerFailure");
 * ```
 */
export const toAnswer = (
  message: Message,
  asked:
    & Pick<Answer.Answer, "name" | "type" | "server" | "transport" | "elapsed">
    & { readonly trustAd?: boolean | undefined },
): Result.Result<Answer.Answer, DnsError> => {
  const { trustAd = false, ...question } = asked;
  const { name, type, server } = question;
  const { rcode, soa, ad } = message;
  if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") {
    const reason = rcode === "FORMERR" || rcode === "BADVERS"
      ? "FormatError"
      : rcode === "NOTIMP"
      ? "NotImplemented"
      : rcode === "REFUSED"
      ? "Refused"
      : "ServerFailure";
    return Result.fail(new DnsError({ reason, domain: name, type, server, rcode }));
  }
  return Result.flatMap(
    Answer.make({
      ...question,
      rcode,
      ad,
      authenticated: ad && trustAd,
      records: message.answers,
      negativeTtl: soa === undefined ? undefined : Math.min(soa.ttl, soa.minimum),
    }),
    (answer) =>
      answer.status === "NoData" && isReferral(message)
        ? Result.fail(new DnsError({ reason: "NotRecursive", domain: name, type, server, rcode }))
        : Result.succeed(answer),
  );
};

// RFC 2308 section 2.2 tells a referral from "no data" by the missing SOA record. Where neither recursion is on offer
// nor the zone held, an empty answer says nothing about the name.
const isReferral = (message: Message): boolean =>
  !message.recursionAvailable && message.soa === undefined && (!message.authoritative || message.answers.length > 0);
