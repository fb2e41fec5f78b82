import { assert, assertEquals } from "@std/assert";
import type { RecordType } from "@plausch/dns/record";
import { Resolver } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";

const sha256 = "ab".repeat(32);
const good = `3 1 1 ${sha256}`;
const proven = (data: string | ReadonlyArray<string>) => ({ data, authenticated: true });
const unproven = (data: string | ReadonlyArray<string>) => ({ data, authenticated: false });

interface Situation {
  readonly name: string;
  /** What the DNS says; proven by DNSSEC where nothing else stands. */
  readonly records: Zone.StaticZone["records"];
  readonly domain?: string;
  readonly options?: Mx.ResolveOptions;
  /** What was asked beyond MX, A and AAAA. */
  readonly asked: ReadonlyArray<string>;
  /** The last line about the route. */
  readonly line: string;
  /** TLSA base domain and reference names. */
  readonly names?: readonly [baseDomain: string, names: ReadonlyArray<string>];
}

const d = { "d.test": { MX: "10 a.d.test" } };
const a = { "a.d.test": { A: "192.0.2.1" } };
const tried = "10 a.d.test: try 192.0.2.1";
const matching = (what: string) => `${tried}; DANE: TLS with a certificate that matches TLSA ${what}`;
const unusable = `${tried}; DANE: TLS with any certificate, since no TLSA record can be used`;
// 253 octets in text, which is as long as a name can be.
const long = `${"x".repeat(63)}.${"y".repeat(63)}.${"z".repeat(63)}.${"w".repeat(61)}`;
const waits = "451 4.4.3: none of the mail exchangers of d.test can be used now";

const situations: ReadonlyArray<Situation> = [
  {
    name: "a proven mail exchanger with a proven record",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: good } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: matching("3 1 1"),
    names: ["a.d.test", ["a.d.test", "d.test"]],
  },
  {
    name: "the record of another port does not count",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: good } },
    options: { port: 2525 },
    asked: ["TLSA _2525._tcp.a.d.test"],
    line: tried,
  },
  {
    name: "the record of the port that will be dialled counts",
    records: { ...d, ...a, "_2525._tcp.a.d.test": { TLSA: good } },
    options: { port: 2525 },
    asked: ["TLSA _2525._tcp.a.d.test"],
    line: matching("3 1 1"),
  },
  {
    name: "told not to, nobody asks",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: good } },
    options: { dane: false },
    asked: [],
    line: tried,
  },
  {
    name: "no record, proven",
    records: { ...d, ...a },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: tried,
  },
  {
    name: "a record that is not proven is ignored",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: unproven(good) } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: tried,
  },
  {
    name: "the MX answer is not proven: nobody asks",
    records: { "d.test": { MX: unproven("10 a.d.test") }, ...a, "_25._tcp.a.d.test": { TLSA: good } },
    asked: [],
    line: tried,
  },
  {
    name: "the addresses are not proven: nobody asks",
    records: { ...d, "a.d.test": { A: unproven("192.0.2.1") }, "_25._tcp.a.d.test": { failure: "ServerFailure" } },
    asked: [],
    line: tried,
  },
  {
    name: "one of the addresses is not proven: nobody asks",
    records: {
      ...d,
      "a.d.test": { A: "192.0.2.1", AAAA: unproven("2001:db8::1") },
      "_25._tcp.a.d.test": { TLSA: good },
    },
    asked: [],
    line: "10 a.d.test: try 2001:db8::1, 192.0.2.1",
  },
  {
    name: "SERVFAIL, as for a bogus record: the host is skipped for now",
    records: { ...d, ...a, "_25._tcp.a.d.test": { failure: "ServerFailure" } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: waits,
  },
  {
    name: "a time-out: the host is skipped for now",
    records: { ...d, ...a, "_25._tcp.a.d.test": { failure: "Timeout" } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: waits,
  },
  {
    name: "refused: the host is skipped for now",
    records: { ...d, ...a, "_25._tcp.a.d.test": { failure: "Refused" } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: waits,
  },
  {
    name: "a domain without an MX record, proven",
    records: { "d.test": { A: "192.0.2.1" }, "_25._tcp.d.test": { TLSA: good } },
    asked: ["TLSA _25._tcp.d.test"],
    line: "0 d.test: try 192.0.2.1; DANE: TLS with a certificate that matches TLSA 3 1 1",
    names: ["d.test", ["d.test"]],
  },
  {
    name: "a domain without an MX record that is an alias: both names count where the alias leads",
    records: {
      "d.test": { CNAME: "e.test" },
      "e.test": { A: "192.0.2.1" },
      "_25._tcp.e.test": { TLSA: `2 1 1 ${sha256}` },
    },
    asked: ["TLSA _25._tcp.e.test"],
    line: "0 d.test: try 192.0.2.1; DANE: TLS with a certificate that matches TLSA 2 1 1",
    names: ["e.test", ["e.test", "d.test"]],
  },
  {
    name: "a domain without an MX record that is an alias, and has the record itself",
    records: {
      "d.test": { CNAME: "e.test" },
      "e.test": { A: "192.0.2.1" },
      "_25._tcp.d.test": { TLSA: `2 1 1 ${sha256}` },
    },
    asked: ["TLSA _25._tcp.e.test", "TLSA _25._tcp.d.test"],
    line: "0 d.test: try 192.0.2.1; DANE: TLS with a certificate that matches TLSA 2 1 1",
    names: ["d.test", ["d.test"]],
  },
  {
    name: "an address literal: nobody asks",
    records: {},
    domain: "[192.0.2.1]",
    asked: [],
    line: "0 [192.0.2.1]: try 192.0.2.1",
  },
  {
    name: "the domain is an alias: three names will do",
    records: {
      "d.test": { CNAME: "e.test" },
      "e.test": { MX: "10 a.d.test" },
      ...a,
      "_25._tcp.a.d.test": { TLSA: `2 0 1 ${sha256}` },
    },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: matching("2 0 1"),
    names: ["a.d.test", ["a.d.test", "d.test", "e.test"]],
  },
  {
    name: "the mail exchanger is an alias: where it leads comes first",
    records: {
      ...d,
      "a.d.test": { CNAME: "b.test" },
      "b.test": { A: "192.0.2.1" },
      "_25._tcp.b.test": { TLSA: good },
      "_25._tcp.a.d.test": { TLSA: `2 1 1 ${sha256}` },
    },
    asked: ["TLSA _25._tcp.b.test"],
    line: `${matching("3 1 1")}; warning: it is an alias of b.test, and an MX record must not name one`,
    names: ["b.test", ["b.test", "d.test"]],
  },
  {
    name: "the mail exchanger is an alias, and only its own name has a record",
    records: {
      ...d,
      "a.d.test": { CNAME: "b.test" },
      "b.test": { A: "192.0.2.1" },
      "_25._tcp.a.d.test": { TLSA: good },
    },
    asked: ["TLSA _25._tcp.b.test", "TLSA _25._tcp.a.d.test"],
    line: `${matching("3 1 1")}; warning: it is an alias of b.test, and an MX record must not name one`,
    names: ["a.d.test", ["a.d.test", "d.test"]],
  },
  {
    name: "the first set of records decides, though none of it can be used",
    records: {
      ...d,
      "a.d.test": { CNAME: "b.test" },
      "b.test": { A: "192.0.2.1" },
      "_25._tcp.b.test": { TLSA: `1 1 1 ${sha256}` },
      "_25._tcp.a.d.test": { TLSA: good },
    },
    asked: ["TLSA _25._tcp.b.test"],
    line: `${unusable}; warning: it is an alias of b.test, and an MX record must not name one`,
  },
  {
    name: "the first failure decides: the second name is not a way around it",
    records: {
      ...d,
      "a.d.test": { CNAME: "b.test" },
      "b.test": { A: "192.0.2.1" },
      "_25._tcp.b.test": { failure: "ServerFailure" },
      "_25._tcp.a.d.test": { TLSA: good },
    },
    asked: ["TLSA _25._tcp.b.test"],
    line: waits,
  },
  {
    name: "a proven alias leads out to an unsigned zone: its own name is asked",
    records: {
      ...d,
      "a.d.test": { CNAME: proven("b.test") },
      "b.test": { A: unproven("192.0.2.1") },
      "_25._tcp.a.d.test": { TLSA: good },
      "_25._tcp.b.test": { failure: "ServerFailure" },
    },
    asked: ["CNAME a.d.test", "TLSA _25._tcp.a.d.test"],
    line: `${matching("3 1 1")}; warning: it is an alias of b.test, and an MX record must not name one`,
    names: ["a.d.test", ["a.d.test", "d.test"]],
  },
  {
    name: "an alias that is not proven: no TLSA record is asked for",
    records: {
      ...d,
      "a.d.test": { CNAME: unproven("b.test") },
      "b.test": { A: unproven("192.0.2.1") },
      "_25._tcp.a.d.test": { TLSA: good },
    },
    asked: ["CNAME a.d.test"],
    line: `${tried}; warning: it is an alias of b.test, and an MX record must not name one`,
  },
  {
    name: "the records may be kept elsewhere, behind an alias",
    records: {
      ...d,
      ...a,
      "_25._tcp.a.d.test": { CNAME: "tlsa.d.test" },
      "tlsa.d.test": { TLSA: good },
    },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: matching("3 1 1"),
    names: ["a.d.test", ["a.d.test", "d.test"]],
  },
  {
    name: "only records that cannot be used: encrypted, to whomever",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: [`0 0 1 ${sha256}`, `3 1 1 abcd`] } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: unusable,
  },
  {
    name: "some can be used, some cannot: those that can",
    records: { ...d, ...a, "_25._tcp.a.d.test": { TLSA: [`1 1 1 ${sha256}`, good, `2 0 9 ${sha256}`] } },
    asked: ["TLSA _25._tcp.a.d.test"],
    line: matching("3 1 1"),
  },
  {
    name: "a host whose name leaves no room for the port has no records",
    records: {
      "d.test": { MX: `10 ${long}` },
      [long]: { A: "192.0.2.1" },
    },
    asked: [`TLSA _25._tcp.${long}`],
    line: `10 ${long}: try 192.0.2.1`,
  },
];

const asking = (records: Zone.StaticZone["records"]) => {
  const zone = Result.getOrThrow(Zone.make({ records, authenticated: true }));
  const asked: Array<string> = [];
  const query = (name: string, type: RecordType) => {
    if (type === "TLSA" || type === "CNAME") asked.push(`${type} ${name}`);
    return zone.query(name, type);
  };
  return { layer: Layer.succeed(Resolver, { query }), asked };
};

for (const { name, records, domain = "d.test", options, asked, line, names } of situations) {
  it(`DANE: ${name}`, () =>
    Effect.gen(function* () {
      const zone = asking(records);
      const plan = yield* Mx.resolve(domain, options).pipe(Effect.provide(zone.layer));
      assertEquals(RoutePlan.explain(plan).at(-1), line);
      assertEquals(zone.asked, asked);
      if (names !== undefined) {
        const policy = RoutePlan.firstUsable(plan)?.policy;
        assert(policy?._tag === "Dane");
        assertEquals([policy.baseDomain, policy.names], names);
      }
    }));
}

it("DANE: a host that is skipped says why, and others are tried, in clear too if that is how they are", () =>
  Effect.gen(function* () {
    const plan = yield* Mx.resolve("d.test").pipe(Effect.provide(Zone.layer({
      authenticated: true,
      records: {
        "d.test": { MX: ["10 a.d.test", "20 b.d.test", "30 c.d.test"] },
        "a.d.test": { A: "192.0.2.1" },
        "b.d.test": { A: unproven("192.0.2.2") },
        "c.d.test": { A: "192.0.2.3" },
        "_25._tcp.a.d.test": { failure: "Timeout" },
        "_25._tcp.c.d.test": { TLSA: good },
      },
    })));
    assertEquals(RoutePlan.explain(plan), [
      "d.test has 3 mail exchangers",
      "10 a.d.test: skip, its TLSA records could not be looked up, and DANE must not be guessed at (Timeout)",
      "20 b.d.test: try 192.0.2.2",
      "30 c.d.test: try 192.0.2.3; DANE: TLS with a certificate that matches TLSA 3 1 1",
    ]);
    assertEquals(RoutePlan.failure(plan), undefined);
    const [skipped] = RoutePlan.candidates(plan);
    assert(skipped?.decision._tag === "Skip" && skipped.decision.temporary);
    assertEquals(skipped.decision.error?.type, "TLSA");
  }));

it("DANE: a domain that is its own mail exchanger waits where its TLSA records cannot be looked up", () =>
  Effect.gen(function* () {
    const records = { "d.test": { A: "192.0.2.1" }, "_25._tcp.d.test": { failure: "Timeout" } } as const;
    const plan = yield* Mx.resolve("d.test").pipe(Effect.provide(Zone.layer({ authenticated: true, records })));
    const failure = RoutePlan.failure(plan);
    assertEquals([failure?.reason, failure?.isTemporary], ["DnsTimeout", true]);
  }));

it("DANE: a plan is kept no longer than the TLSA records in it, nor than their absence", () =>
  Effect.gen(function* () {
    const ttl = (records: Zone.StaticZone["records"]) =>
      Mx.resolve("d.test").pipe(
        Effect.map((plan) => plan.ttl),
        Effect.provide(Zone.layer({ authenticated: true, negativeTtl: 600, records: { ...d, ...a, ...records } })),
      );
    const kept = (ttl: number) => ({ data: good, ttl });
    assertEquals(yield* ttl({}), 300);
    assertEquals(yield* ttl({ "_25._tcp.a.d.test": { TLSA: kept(20) } }), 20);
    assertEquals(yield* ttl({ "_25._tcp.a.d.test": { TLSA: { ...kept(20), authenticated: false } } }), 20);
    assertEquals(
      yield* ttl({ "_25._tcp.a.d.test": { CNAME: { data: "t.test", ttl: 7 } }, "t.test": { TLSA: kept(20) } }),
      7,
    );
    assertEquals(yield* ttl({ "_25._tcp.a.d.test": { failure: "Timeout" } }), 0);
    const alias = { "a.d.test": { CNAME: "b.test" }, "b.test": { A: unproven("192.0.2.1") } };
    assertEquals(yield* ttl({ ...alias, "a.d.test": { CNAME: { data: "b.test", ttl: 9 } } }), 9);
  }));
