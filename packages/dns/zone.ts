/**
 * A resolver with fixed records, for tests, demonstrations and programs that must not ask the network. It answers as a
 * recursive name server would: it follows aliases, knows wildcards, and tells "no such name" from "none of this type".
 * Failures can be set for a name or for one type of it.
 *
 * @example
 * ```ts
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: {
 *     "example.org": { MX: ["10 mx1.example.org", "20 mx2.example.org"], TXT: "v=spf1 mx -all" },
 *     "mx1.example.org": { A: { data: "192.0.2.1", ttl: 60, authenticated: true } },
 *     "mx2.example.org": { A: "192.0.2.2", AAAA: { failure: "Timeout" } },
 *     "broken.example": { failure: "ServerFailure" },
 *   },
 * });
 * const program = Effect.gen(function* () {
 *   assertEquals((yield* Resolver.query("example.org", "MX")).records.length, 2);
 *   assertEquals((yield* Effect.flip(Resolver.query("mx2.example.org", "AAAA"))).reason, "Timeout");
 *   assertEquals((yield* Effect.flip(Resolver.query("broken.example", "MX"))).reason, "ServerFailure");
 * });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import * as Answer from "./answer.ts";
import { DnsError } from "./dns_error.ts";
import * as Name from "./name.ts";
import * as Record from "./record.ts";
import { Resolver } from "./resolver.ts";

/** How a look-up can be made to fail. `Timeout` fails at once: nobody waits. */
export type ZoneFailure = "ServerFailure" | "Refused" | "Timeout";

/** The records of one type at one name. */
export interface RecordSet {
  /** What stands behind the type in a zone file; see `Record.fromString`. */
  readonly data: string | ReadonlyArray<string>;
  /** Seconds; the zone's by default. */
  readonly ttl?: number | undefined;
  /** Whether the answer says that DNSSEC proved it; as the zone by default. */
  readonly authenticated?: boolean | undefined;
}

/** Asking for this gives no answer. */
export interface FailingSet {
  /** The failure. */
  readonly failure: ZoneFailure;
}

/** What one name has: records by type, or a failure for every type that has none. */
export type ZoneNode =
  & { readonly [T in Record.RecordType]?: string | ReadonlyArray<string> | RecordSet | FailingSet | undefined }
  & { readonly failure?: ZoneFailure | undefined };

/** Fixed records by name. */
export interface StaticZone {
  /** The names, with or without the dot at the end. `*.example.org` stands for every name below that is not there. */
  readonly records: { readonly [name: string]: ZoneNode };
  /** The TTL of records that have none, in seconds. 300 by default. */
  readonly ttl?: number | undefined;
  /** The TTL of negative answers, in seconds. 60 by default. */
  readonly negativeTtl?: number | undefined;
  /** Whether answers say that DNSSEC proved them. False by default. */
  readonly authenticated?: boolean | undefined;
}

interface ReadSet {
  readonly records: ReadonlyArray<Record.ResourceRecord>;
  readonly authenticated: boolean;
}

interface ReadNode {
  readonly failure: ZoneFailure | undefined;
  readonly sets: ReadonlyMap<Record.RecordType, ReadSet | ZoneFailure>;
}

/**
 * Reads the records and makes the resolver. Fails with `BadName` or `BadRecord` where the text of one cannot be read.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Result.getOrThrow(Zone.make({ records: { "*.example.org": { MX: "0 ." } } }));
 * const answer = await Effect.runPromise(zone.query("any.example.org", "MX"));
 * assertEquals(answer.records[0]?.name, "any.example.org");
 * const bad = Zone.make({ records: { "example.org": { A: "192.0.2.300" } } });
 * assertEquals(Result.isFailure(bad) && bad.failure.reason, "BadRecord");
 * ```
 */
export const make = (zone: StaticZone): Result.Result<Resolver, DnsError> => {
  const nodes = new Map<string, ReadNode>();
  const existing = new Set<string>();
  for (const [name, node] of Object.entries(zone.records)) {
    const owner = Name.fromString(name);
    if (Result.isFailure(owner)) return Result.fail(owner.failure);
    const read = readNode(zone, owner.success, node);
    if (Result.isFailure(read)) return Result.fail(read.failure);
    nodes.set(Name.key(owner.success), read.success);
    // The names between a record and the root exist, though they are empty (RFC 4592 section 2.2.2).
    for (let up: string | undefined = Name.key(owner.success); up !== undefined; up = Name.parent(up)) existing.add(up);
  }
  return Result.succeed({ query: (name, type) => Effect.suspend(() => Effect.fromResult(query(name, type))) });

  function query(input: string, type: Record.RecordType): Result.Result<Answer.Answer, DnsError> {
    const asked = Name.fromString(input);
    if (Result.isFailure(asked)) return Result.fail(asked.failure);
    const name = asked.success;
    const fail = (reason: ZoneFailure) => {
      const rcode = reason === "ServerFailure" ? "SERVFAIL" : reason === "Refused" ? "REFUSED" : undefined;
      return Result.fail(new DnsError({ reason, domain: name, type, server: "static", rcode }));
    };
    const records: Array<Record.ResourceRecord> = [];
    const seen = new Set<string>();
    let authenticated = true;
    let rcode = "NOERROR";
    for (let at = name;;) {
      // Recursive servers answer SERVFAIL to a loop of aliases.
      if (seen.has(Name.key(at))) return fail("ServerFailure");
      seen.add(Name.key(at));
      const node = find(at);
      const set = node?.sets.get(type) ?? node?.sets.get("CNAME") ?? node?.failure;
      if (typeof set === "string") return fail(set);
      if (set === undefined) {
        if (node === undefined && !existing.has(Name.key(at))) rcode = "NXDOMAIN";
        authenticated &&= zone.authenticated ?? false;
        break;
      }
      authenticated &&= set.authenticated;
      const found = set.records.map((record) => ({ ...record, name: at }));
      records.push(...found);
      const [first] = found;
      if (type === "CNAME" || first?._tag !== "CNAME") break;
      at = first.target;
    }
    return Answer.make({
      name,
      type,
      rcode,
      authenticated,
      records,
      negativeTtl: zone.negativeTtl ?? 60,
      server: "static",
      transport: "static",
      elapsed: 0,
    });
  }

  function find(name: string): ReadNode | undefined {
    const key = Name.key(name);
    if (existing.has(key)) return nodes.get(key);
    let encloser = Name.parent(key);
    while (encloser !== undefined && !existing.has(encloser)) encloser = Name.parent(encloser);
    return nodes.get(encloser === undefined || encloser === "." ? "*" : `*.${encloser}`);
  }
};

const readNode = (zone: StaticZone, name: string, node: ZoneNode): Result.Result<ReadNode, DnsError> => {
  const sets = new Map<Record.RecordType, ReadSet | ZoneFailure>();
  for (const type of Record.types) {
    const given = node[type];
    if (given === undefined) continue;
    if (typeof given === "object" && "failure" in given) {
      sets.set(type, given.failure);
      continue;
    }
    const set: RecordSet = typeof given === "object" && "data" in given ? given : { data: given };
    const records: Array<Record.ResourceRecord> = [];
    for (const rdata of typeof set.data === "string" ? [set.data] : set.data) {
      const record = Record.fromString(name, type, rdata, set.ttl ?? zone.ttl);
      if (Result.isFailure(record)) return Result.fail(record.failure);
      records.push(record.success);
    }
    if (records.length > 0) {
      sets.set(type, { records, authenticated: set.authenticated ?? zone.authenticated ?? false });
    }
  }
  return Result.succeed({ failure: node.failure, sets });
};

/**
 * Provides the resolver with fixed records. Fails like {@linkcode make}.
 *
 * @example
 * ```ts
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: "192.0.2.1" } }, authenticated: true });
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("a.example", "A"), zone));
 * assertEquals(answer.authenticated, true);
 * ```
 */
export const layer = (zone: StaticZone): Layer.Layer<Resolver, DnsError> =>
  Layer.effect(Resolver, Effect.suspend(() => Effect.fromResult(make(zone))));
