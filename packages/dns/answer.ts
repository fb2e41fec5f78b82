/**
 * What the DNS answered: records, or that there are none, with the code, the times and who said so. That a name does
 * not exist is an answer like any other; trouble is a {@linkcode DnsError}.
 *
 * @example Three kinds of answers
 * ```ts
 * import * as Answer from "@plausch/dns/answer";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const found = yield* Resolver.query("example.org", "MX");
 *   assertEquals(Answer.records(found, "MX").map((mx) => mx.exchange), ["mx1.example.org"]);
 *   assertEquals((yield* Resolver.query("example.org", "TXT")).status, "NoData");
 *   assertEquals((yield* Resolver.query("nowhere.example", "MX")).status, "NoName");
 * });
 * const zone = Zone.layer({ records: { "example.org": { MX: "10 mx1.example.org" } } });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { DnsError } from "./dns_error.ts";
import * as Name from "./name.ts";
import type { Cname, RecordFor, RecordType, ResourceRecord } from "./record.ts";

/** What an answer says: here are records, the name has none of this type (NODATA), or there is no such name (NXDOMAIN). */
export type AnswerStatus = "Records" | "NoData" | "NoName";

/** One answer to one question. */
export interface Answer {
  /** The name that was asked for, as an A-label, without the dot at the end. */
  readonly name: string;
  /** The type that was asked for. */
  readonly type: RecordType;
  /** What the answer says. */
  readonly status: AnswerStatus;
  /** The response code: `NOERROR` or `NXDOMAIN`. */
  readonly rcode: string;
  /** Whether the server says that it has proved the answer with DNSSEC (the AD bit, RFC 4035 section 3.2.3). */
  readonly ad: boolean;
  /**
   * Whether that is to be believed: the AD bit is set, and server and the way to it are trusted. By default that is a
   * server on this machine; see `StubResolverOptions.trustAd`. Otherwise anyone on the way may have set it.
   */
  readonly authenticated: boolean;
  /** The name where the records were found: another one than `name` where that is an alias. */
  readonly canonicalName: string;
  /** The aliases that lead from `name` to `canonicalName`, in order. */
  readonly aliases: ReadonlyArray<Cname>;
  /** The answer section in the server's order, with the aliases. */
  readonly records: ReadonlyArray<ResourceRecord>;
  /** For how many seconds "no" may be kept (RFC 2308 section 5), where the server told. */
  readonly negativeTtl?: number | undefined;
  /** Who answered, like `192.0.2.53:53`; `static` for a fixed zone. */
  readonly server: string;
  /** How the answer came. */
  readonly transport: "udp" | "tcp" | "static";
  /** How long it took with all tries, in milliseconds. */
  readonly elapsed: number;
  /** How many seconds ago it came, where it is out of a cache. */
  readonly age?: number | undefined;
}

/** What an answer is made from; the rest follows from the records. `ad` is as `authenticated` where it is left out. */
export type AnswerParts =
  & Omit<Answer, "status" | "canonicalName" | "aliases" | "ad">
  & { readonly ad?: boolean | undefined };

const maxAliases = 16;

/**
 * Makes an answer. Follows the aliases from the name through the answer section, wherever in it they stand, and takes
 * the status from where they end. Fails with `AliasLoop` where they lead in a circle or over more than 16 names, and
 * with `Malformed` where records come with a code that denies them.
 *
 * @example
 * ```ts
 * import * as Answer from "@plausch/dns/answer";
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const records = [
 *   Result.getOrThrow(Record.fromString("mail.example", "A", "192.0.2.1")),
 *   Result.getOrThrow(Record.fromString("www.example", "CNAME", "mail.example")),
 * ];
 * const answer = Result.getOrThrow(Answer.make({
 *   name: "www.example", type: "A", rcode: "NOERROR", authenticated: false, records,
 *   server: "static", transport: "static", elapsed: 0,
 * }));
 * assertEquals(answer.status, "Records");
 * assertEquals(answer.canonicalName, "mail.example");
 * ```
 */
export const make = (parts: AnswerParts): Result.Result<Answer, DnsError> => {
  const { name, type, server, rcode } = parts;
  const fail = (reason: "AliasLoop" | "Malformed", detail?: string) =>
    Result.fail(new DnsError({ reason, domain: name, type, server, rcode, detail }));
  const aliases: Array<Cname> = [];
  const seen = new Set([Name.key(name)]);
  let canonicalName = name;
  while (type !== "CNAME") {
    const here = Name.key(canonicalName);
    const alias = parts.records.find((record): record is Cname =>
      record._tag === "CNAME" && Name.key(record.name) === here
    );
    if (alias === undefined) break;
    const target = Name.key(alias.target);
    if (seen.has(target) || aliases.length === maxAliases) return fail("AliasLoop");
    seen.add(target);
    aliases.push(alias);
    canonicalName = alias.target;
  }
  const at = Name.key(canonicalName);
  const found = parts.records.some((record) => record._tag === type && Name.key(record.name) === at);
  if (found && rcode === "NXDOMAIN") {
    return fail("Malformed", "the answer has records and says that the name does not exist");
  }
  const status = found ? "Records" : rcode === "NXDOMAIN" ? "NoName" : "NoData";
  const { ad = parts.authenticated } = parts;
  return Result.succeed({ ...parts, ad, status, canonicalName, aliases });
};

/**
 * The records of one type at the canonical name: the aliases and whatever else a server put in are left out.
 *
 * @example
 * ```ts
 * import * as Answer from "@plausch/dns/answer";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "www.example": { CNAME: "a.example" }, "a.example": { A: "192.0.2.1" } } });
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("www.example", "A"), zone));
 * assertEquals(Answer.records(answer, "A").map((record) => record.address), ["192.0.2.1"]);
 * ```
 */
export const records = <T extends RecordType>(answer: Answer, type: T): ReadonlyArray<RecordFor<T>> => {
  const at = Name.key(answer.canonicalName);
  return answer.records.filter((record): record is RecordFor<T> =>
    record._tag === type && Name.key(record.name) === at
  );
};

/**
 * The same answer some seconds later: every time to live in it is so much shorter, but not below 0.
 *
 * @example
 * ```ts
 * import * as Answer from "@plausch/dns/answer";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: { data: "192.0.2.1", ttl: 20 } } } });
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("a.example", "A"), zone));
 * const later = Answer.aged(answer, 15);
 * assertEquals([Answer.ttl(later), later.age], [5, 15]);
 * ```
 */
export const aged = (answer: Answer, seconds: number): Answer => {
  const left = (ttl: number): number => Math.max(0, ttl - seconds);
  const { negativeTtl } = answer;
  return {
    ...answer,
    aliases: answer.aliases.map((alias) => ({ ...alias, ttl: left(alias.ttl) })),
    records: answer.records.map((record) => ({ ...record, ttl: left(record.ttl) })),
    negativeTtl: negativeTtl === undefined ? undefined : left(negativeTtl),
    age: seconds,
  };
};

/**
 * For how many seconds the answer may be kept: the least TTL of the records and of the aliases that led to them, or the
 * negative TTL. `undefined` where the server told no time for a "no", which is then not to be kept.
 *
 * @example
 * ```ts
 * import * as Answer from "@plausch/dns/answer";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: { data: "192.0.2.1", ttl: 20 } } }, negativeTtl: 5 });
 * const query = (type: "A" | "MX") => Effect.runPromise(Effect.provide(Resolver.query("a.example", type), zone));
 * assertEquals(Answer.ttl(await query("A")), 20);
 * assertEquals(Answer.ttl(await query("MX")), 5);
 * ```
 */
export const ttl = (answer: Answer): number | undefined => {
  const times = [...answer.aliases, ...records(answer, answer.type)].map((record) => record.ttl);
  if (answer.status !== "Records") {
    if (answer.negativeTtl === undefined) return undefined;
    times.push(answer.negativeTtl);
  }
  return Math.min(...times);
};
