import { assert, assertEquals } from "@std/assert";
import { DnsError } from "@plausch/dns/dns-error";
import type { RecordType } from "@plausch/dns/record";
import { Resolver } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as AddressGuard from "@plausch/mx/address-guard";
import * as Destination from "@plausch/mx/destination";
import * as Mx from "@plausch/mx/mx";
import * as Planner from "@plausch/mx/planner";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { it } from "../support/it.ts";
import { property } from "../support/property.ts";

type Records = Zone.StaticZone["records"];

/** A resolver over fixed records that counts what it is asked, and how much of it at a time. */
const counting = (records: Records) => {
  const zone = Result.getOrThrow(Zone.make({ records }));
  const asked: Array<string> = [];
  const open = { now: 0, most: 0 };
  const query = (name: string, type: RecordType) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        asked.push(`${type} ${name}`);
        open.most = Math.max(open.most, ++open.now);
      }),
      () => Effect.andThen(Effect.yieldNow, zone.query(name, type)),
      () => Effect.sync(() => open.now--),
    );
  return { layer: Layer.succeed(Resolver, { query }), asked, open };
};

const resolve = (records: Records, domain: string, options: Mx.ResolveOptions = {}) =>
  Mx.resolve(domain, options).pipe(Effect.provide(Zone.layer({ records })), Random.withSeed("plausch"));

const a = { A: "192.0.2.1" };

// ---- each situation, as people see it

interface Situation {
  readonly name: string;
  readonly records: Records;
  readonly domain?: string;
  readonly rules?: Mx.ResolveOptions;
  readonly kind: RoutePlan.RouteKind;
  readonly lines: ReadonlyArray<string>;
  readonly failure?: readonly [reason: string, code: number, status: string, temporary: boolean];
}

const situations: ReadonlyArray<Situation> = [
  {
    name: "one IP version, and no other",
    records: {
      "d.test": { MX: ["10 a.d.test", "20 b.d.test"] },
      "a.d.test": { A: "192.0.2.1" },
      "b.d.test": { A: "192.0.2.2", AAAA: "2001:db8::2" },
    },
    rules: { family: 6 },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 a.d.test: skip, it has no address of the IP version that is wanted",
      "20 b.d.test: try 2001:db8::2",
    ],
  },
  {
    name: "an IP version that nobody has",
    records: { "d.test": a },
    rules: { family: 6 },
    kind: "ImplicitMx",
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "0 d.test: skip, it has no address of the IP version that is wanted",
      "451 4.4.4: no mail exchanger of d.test has an address of the IP version that is wanted",
    ],
    failure: ["OtherFamily", 451, "4.4.4", true],
  },
  {
    name: "lower preference first",
    records: { "d.test": { MX: ["20 b.d.test", "10 a.d.test"] }, "a.d.test": a, "b.d.test": { A: "192.0.2.2" } },
    kind: "Mx",
    lines: ["d.test has 2 mail exchangers", "10 a.d.test: try 192.0.2.1", "20 b.d.test: try 192.0.2.2"],
  },
  {
    name: "both IP versions of one host, IPv6 first",
    records: { "d.test": { MX: "10 a.d.test" }, "a.d.test": { A: ["192.0.2.1", "192.0.2.2"], AAAA: "2001:db8::1" } },
    kind: "Mx",
    lines: ["d.test has 1 mail exchanger", "10 a.d.test: try 2001:db8::1, 192.0.2.1, 192.0.2.2"],
  },
  {
    name: "no MX record: the domain itself, with preference 0",
    records: { "d.test": a },
    kind: "ImplicitMx",
    lines: ["d.test has no MX record: it is its own mail exchanger", "0 d.test: try 192.0.2.1"],
  },
  {
    name: "no MX record and only an IPv6 address",
    records: { "d.test": { AAAA: "2001:db8::1" } },
    kind: "ImplicitMx",
    lines: ["d.test has no MX record: it is its own mail exchanger", "0 d.test: try 2001:db8::1"],
  },
  {
    name: "an implicit mail exchanger that is an alias is followed without a warning",
    records: { "d.test": { CNAME: "e.test" }, "e.test": a },
    kind: "ImplicitMx",
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "d.test is an alias of e.test",
      "0 d.test: try 192.0.2.1",
    ],
  },
  {
    name: "the domain does not exist",
    records: {},
    kind: "NoMailHost",
    lines: ["550 5.1.2: d.test does not exist"],
    failure: ["DomainNotFound", 550, "5.1.2", false],
  },
  {
    name: "the domain has neither MX record nor address",
    records: { "d.test": { TXT: "hello" } },
    kind: "NoMailHost",
    lines: ["550 5.1.2: d.test has neither an MX record nor an address"],
    failure: ["NoMailHost", 550, "5.1.2", false],
  },
  {
    name: "SERVFAIL for the MX records is never taken for none, though the domain has an address",
    records: { "d.test": { MX: { failure: "ServerFailure" }, ...a } },
    kind: "Undecided",
    lines: ['451 4.4.3: Cannot look up MX of "d.test" at static: the server failed (SERVFAIL); try again later'],
    failure: ["DnsTemporary", 451, "4.4.3", true],
  },
  {
    name: "a time-out for the MX records is never taken for none",
    records: { "d.test": { MX: { failure: "Timeout" }, ...a } },
    kind: "Undecided",
    lines: [
      '451 4.4.3: Cannot look up MX of "d.test" at static: ' +
      "no answer came in time; is this a name server, and does it hear us?",
    ],
    failure: ["DnsTimeout", 451, "4.4.3", true],
  },
  {
    name: "REFUSED for the MX records is temporary",
    records: { "d.test": { failure: "Refused" } },
    kind: "Undecided",
    lines: [
      '451 4.4.3: Cannot look up MX of "d.test" at static: ' +
      "the server refused to answer (REFUSED); may this machine use it?",
    ],
    failure: ["DnsTemporary", 451, "4.4.3", true],
  },
  {
    name: "aliases in a circle are temporary",
    records: { "d.test": { CNAME: "d.test" } },
    kind: "Undecided",
    lines: ['451 4.4.3: Cannot look up MX of "d.test" at static: the server failed (SERVFAIL); try again later'],
    failure: ["DnsTemporary", 451, "4.4.3", true],
  },
  {
    name: "no MX record, and the look-up of one IP version fails while the other has none: nothing is decided",
    records: { "d.test": { TXT: "hello", AAAA: { failure: "Timeout" } } },
    kind: "Undecided",
    lines: [
      '451 4.4.3: Cannot look up AAAA of "d.test" at static: ' +
      "no answer came in time; is this a name server, and does it hear us?",
    ],
    failure: ["DnsTimeout", 451, "4.4.3", true],
  },
  {
    name: "no MX record, one IP version fails, the other is there: that is enough",
    records: { "d.test": { ...a, AAAA: { failure: "ServerFailure" } } },
    kind: "ImplicitMx",
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "0 d.test: try 192.0.2.1; warning: its IPv6 addresses could not be looked up (ServerFailure)",
    ],
  },
  {
    name: "null MX, though the domain has an address",
    records: { "d.test": { MX: "0 .", ...a } },
    kind: "NullMx",
    lines: ["556 5.1.10: d.test accepts no mail (null MX)"],
    failure: ["NullMx", 556, "5.1.10", false],
  },
  {
    name: "null MX with another preference, and twice",
    records: { "d.test": { MX: ["10 .", "20 ."] } },
    kind: "NullMx",
    lines: ["556 5.1.10: d.test accepts no mail (null MX)"],
    failure: ["NullMx", 556, "5.1.10", false],
  },
  {
    name: "null MX beside a real one is left out, with a warning",
    records: { "d.test": { MX: ["0 .", "10 a.d.test"] }, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "warning: a null MX stands beside other MX records; it is ignored",
      "0 .: skip, a null MX beside others means nothing",
      "10 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "a mail exchanger that is an alias is followed, with a warning",
    records: { "d.test": { MX: "10 al.d.test" }, "al.d.test": { CNAME: "a.d.test" }, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 1 mail exchanger",
      "10 al.d.test: try 192.0.2.1; warning: it is an alias of a.d.test, and an MX record must not name one",
    ],
  },
  {
    name: "a domain that is an alias is followed",
    records: { "d.test": { CNAME: "e.test" }, "e.test": { MX: "10 a.e.test" }, "a.e.test": a },
    kind: "Mx",
    lines: ["d.test has 1 mail exchanger", "d.test is an alias of e.test", "10 a.e.test: try 192.0.2.1"],
  },
  {
    name: "a mail exchanger that reads as an address is skipped, not dialled",
    records: { "d.test": { MX: ["10 127.0.0.1", "20 0x7f000001", "30 a.d.test"] }, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 3 mail exchangers",
      "10 127.0.0.1: skip, an MX record must name a host, and this reads as an IP address",
      "20 0x7f000001: skip, an MX record must name a host, and this reads as an IP address",
      "30 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "a mail exchanger with an escaped octet is skipped",
    records: { "d.test": { MX: ["10 mx\\0271.d.test", "20 a.d.test"] }, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 mx\\0271.d.test: skip, it has characters that no host name has",
      "20 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "a mail exchanger without an address is skipped, whether its name exists or not",
    records: {
      "d.test": { MX: ["5 gone.d.test", "6 empty.d.test", "10 a.d.test"] },
      "empty.d.test": { TXT: "hello" },
      "a.d.test": a,
    },
    kind: "Mx",
    lines: [
      "d.test has 3 mail exchangers",
      "5 gone.d.test: skip, the name does not exist",
      "6 empty.d.test: skip, it has no address",
      "10 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "all mail exchangers are dead: never the domain's own address",
    records: { "d.test": { MX: ["10 gone.d.test", "20 192.0.2.9"], ...a } },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 gone.d.test: skip, the name does not exist",
      "20 192.0.2.9: skip, an MX record must name a host, and this reads as an IP address",
      "550 5.4.4: none of the mail exchangers of d.test can be used",
    ],
    failure: ["NoUsableHost", 550, "5.4.4", false],
  },
  {
    name: "the DNS fails for one mail exchanger: it is skipped for now, others are tried",
    records: {
      "d.test": { MX: ["10 b.d.test", "20 a.d.test"] },
      "b.d.test": { failure: "ServerFailure" },
      "a.d.test": a,
    },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 b.d.test: skip, its addresses could not be looked up (ServerFailure)",
      "20 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "the DNS fails for the only mail exchanger that may be alive: mail waits",
    records: { "d.test": { MX: ["10 gone.d.test", "20 b.d.test"] }, "b.d.test": { failure: "Timeout" } },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 gone.d.test: skip, the name does not exist",
      "20 b.d.test: skip, its addresses could not be looked up (Timeout)",
      "451 4.4.3: none of the mail exchangers of d.test can be used now",
    ],
    failure: ["DnsTimeout", 451, "4.4.3", true],
  },
  {
    name: "the same mail exchanger twice is tried once, at its best preference",
    records: { "d.test": { MX: ["20 A.d.test", "10 a.D.test"] }, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 a.D.test: try 192.0.2.1",
      "20 A.d.test: skip, it stands further up already",
    ],
  },
  {
    name: "an international domain is printed as an A-label",
    records: { "xn--bcher-kva.test": { MX: "10 a.d.test" }, "a.d.test": a },
    domain: "Bücher.test.",
    kind: "Mx",
    lines: ["xn--bcher-kva.test has 1 mail exchanger", "10 a.d.test: try 192.0.2.1"],
  },
  {
    name: "a domain that mixes scripts gets a warning",
    records: { "xn--plusch-4nf.test": { MX: "10 a.d.test" }, "a.d.test": a },
    domain: "plаusch.test",
    kind: "Mx",
    lines: [
      "xn--plusch-4nf.test has 1 mail exchanger",
      "warning: the domain mixes scripts, as look-alike domains do",
      "10 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "an address literal is dialled as it is",
    records: {},
    domain: "[IPv6:2001:DB8::1]",
    kind: "AddressLiteral",
    lines: ["[IPv6:2001:DB8::1] is an address: the DNS is not asked", "0 [IPv6:2001:DB8::1]: try 2001:db8::1"],
  },
  {
    name: "a mail exchanger whose addresses are all local is not called, and mail waits",
    records: { "d.test": { MX: "10 a.d.test" }, "a.d.test": { A: ["10.0.0.1", "127.0.0.1"], AAAA: "::ffff:7f00:1" } },
    kind: "Mx",
    lines: [
      "d.test has 1 mail exchanger",
      "10 a.d.test: skip, it has no address on the Internet: " +
      "::ffff:127.0.0.1 (loopback: IPv4-mapped of 127.0.0.1), 10.0.0.1 (private), 127.0.0.1 (loopback)",
      "451 4.4.4: no mail is sent to a.d.test, a mail exchanger of d.test: it has no address on the Internet: " +
      "::ffff:127.0.0.1 (loopback: IPv4-mapped of 127.0.0.1), 10.0.0.1 (private), 127.0.0.1 (loopback)",
    ],
    failure: ["AddressRefused", 451, "4.4.4", true],
  },
  {
    name: "of a mail exchanger with some local addresses the others are called",
    records: {
      "d.test": { MX: ["10 a.d.test", "20 b.d.test"] },
      "a.d.test": { A: ["192.168.0.1", "192.0.2.1"], AAAA: ["fd00::1", "2001:db8::1"] },
      "b.d.test": { A: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"] },
    },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 a.d.test: try 2001:db8::1, 192.0.2.1; warning: not dialled: fd00::1 (unique local), 192.168.0.1 (private)",
      "20 b.d.test: skip, it has no address on the Internet: " +
      "10.0.0.1 (private), 10.0.0.2 (private), 10.0.0.3 (private), 2 more",
    ],
  },
  {
    name: "all its addresses that are known are local, and others could not be looked up",
    records: { "d.test": { MX: "10 a.d.test" }, "a.d.test": { A: "10.0.0.1", AAAA: { failure: "Timeout" } } },
    kind: "Mx",
    lines: [
      "d.test has 1 mail exchanger",
      "10 a.d.test: skip, it has no address on the Internet: 10.0.0.1 (private); " +
      "warning: its IPv6 addresses could not be looked up (Timeout)",
      "451 4.4.4: no mail is sent to a.d.test, a mail exchanger of d.test: " +
      "it has no address on the Internet: 10.0.0.1 (private)",
    ],
    failure: ["AddressRefused", 451, "4.4.4", true],
  },
  {
    name: "local addresses are called where that is allowed",
    records: {
      "d.test": { MX: ["10 a.d.test", "20 localhost"] },
      "a.d.test": { A: "127.0.0.1" },
      localhost: { AAAA: "::1" },
    },
    rules: { allowLocal: true },
    kind: "Mx",
    lines: ["d.test has 2 mail exchangers", "10 a.d.test: try 127.0.0.1", "20 localhost: try ::1"],
  },
  {
    name: "a domain that is its own mail exchanger follows the same rule",
    records: { "d.test": { A: "169.254.169.254" } },
    kind: "ImplicitMx",
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "0 d.test: skip, it has no address on the Internet: 169.254.169.254 (link-local)",
      "451 4.4.4: no mail is sent to d.test: it has no address on the Internet: 169.254.169.254 (link-local)",
    ],
    failure: ["AddressRefused", 451, "4.4.4", true],
  },
  {
    name: "an address literal follows the same rule",
    records: {},
    domain: "[IPv6:64:ff9b::7f00:1]",
    kind: "AddressLiteral",
    lines: [
      "[IPv6:64:ff9b::7f00:1] is an address: the DNS is not asked",
      "0 [IPv6:64:ff9b::7f00:1]: skip, it has no address on the Internet: " +
      "64:ff9b::7f00:1 (loopback: NAT64 of 127.0.0.1)",
      "451 4.4.4: no mail is sent to [IPv6:64:ff9b::7f00:1]: it has no address on the Internet: " +
      "64:ff9b::7f00:1 (loopback: NAT64 of 127.0.0.1)",
    ],
    failure: ["AddressRefused", 451, "4.4.4", true],
  },
  {
    name: "an address literal of this machine is dialled where that is allowed",
    records: {},
    domain: "[127.0.0.1]",
    rules: { allowLocal: true },
    kind: "AddressLiteral",
    lines: ["[127.0.0.1] is an address: the DNS is not asked", "0 [127.0.0.1]: try 127.0.0.1"],
  },
  {
    name: "localhost is this machine, whatever the DNS says",
    records: { "d.test": { MX: ["10 localhost", "20 mail.LOCALHOST", "30 a.d.test"] }, localhost: a, "a.d.test": a },
    kind: "Mx",
    lines: [
      "d.test has 3 mail exchangers",
      "10 localhost: skip, the name means this machine",
      "20 mail.LOCALHOST: skip, the name means this machine",
      "30 a.d.test: try 192.0.2.1",
    ],
  },
  {
    name: "no mail goes to the domain localhost",
    records: { localhost: { MX: "10 a.d.test" }, "a.d.test": a },
    domain: "localhost",
    kind: "ImplicitMx",
    lines: [
      "0 localhost: skip, the name means this machine",
      "451 4.4.4: no mail is sent to localhost: the name means this machine",
    ],
    failure: ["AddressRefused", 451, "4.4.4", true],
  },
  {
    name: "we are in the list: hosts before us are tried, and nobody from there on",
    records: {
      "d.test": { MX: ["10 a.d.test", "20 b.d.test", "20 Me.test", "30 c.d.test", "0 ."] },
      "a.d.test": a,
      "b.d.test": a,
      "c.d.test": a,
    },
    rules: { selfNames: ["other.test", "me.TEST."] },
    kind: "Mx",
    lines: [
      "d.test has 5 mail exchangers",
      "warning: a null MX stands beside other MX records; it is ignored",
      "0 .: skip, a null MX beside others means nothing",
      "10 a.d.test: try 192.0.2.1",
      "20 Me.test: skip, that is us",
      "20 b.d.test: skip, we are in the list before it, and mail would come back to us",
      "30 c.d.test: skip, we are in the list before it, and mail would come back to us",
    ],
  },
  {
    name: "we are the best host: mail would go round in a circle",
    records: { "d.test": { MX: ["10 me.test", "20 a.d.test"] }, "me.test": a, "a.d.test": a },
    rules: { selfNames: ["me.test"] },
    kind: "Mx",
    lines: [
      "d.test has 2 mail exchangers",
      "10 me.test: skip, that is us",
      "20 a.d.test: skip, we are in the list before it, and mail would come back to us",
      "554 5.4.6: mail for d.test loops back to us",
    ],
    failure: ["MailLoop", 554, "5.4.6", false],
  },
  {
    name: "we are the domain itself",
    records: { "d.test": a },
    rules: { selfNames: ["d.test"] },
    kind: "ImplicitMx",
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "0 d.test: skip, that is us",
      "554 5.4.6: mail for d.test loops back to us",
    ],
    failure: ["MailLoop", 554, "5.4.6", false],
  },
  {
    name: "a mail exchanger is an alias of us",
    records: {
      "d.test": { MX: ["10 a.d.test", "20 al.d.test", "30 b.d.test"] },
      "a.d.test": { failure: "Timeout" },
      "al.d.test": { CNAME: "me.test" },
      "me.test": a,
      "b.d.test": a,
    },
    rules: { selfNames: ["me.test"] },
    kind: "Mx",
    lines: [
      "d.test has 3 mail exchangers",
      "10 a.d.test: skip, its addresses could not be looked up (Timeout)",
      "20 al.d.test: skip, that is us; warning: it is an alias of me.test, and an MX record must not name one",
      "30 b.d.test: skip, we are in the list before it, and mail would come back to us",
      "451 4.4.3: none of the mail exchangers of d.test can be used now",
    ],
    failure: ["DnsTimeout", 451, "4.4.3", true],
  },
];

for (const { name, records, domain = "d.test", rules = {}, kind, lines, failure } of situations) {
  it(`route plan: ${name}`, () =>
    Effect.gen(function* () {
      const plan = yield* resolve(records, domain, rules);
      assertEquals(plan.kind, kind);
      assertEquals(RoutePlan.explain(plan), lines);
      const found = RoutePlan.failure(plan);
      assertEquals<unknown>(found && [found.reason, found.code, found.status, found.isTemporary], failure);
      assertEquals(RoutePlan.firstUsable(plan) === undefined, failure !== undefined);
      assertEquals(plan.domain, domain);
    }));
}

// ---- order

const equal: Records = {
  "d.test": { MX: ["10 a.d.test", "10 b.d.test", "10 c.d.test", "20 e.d.test", "20 f.d.test"] },
  ...Object.fromEntries(["a", "b", "c", "e", "f"].map((host) => [`${host}.d.test`, a])),
};

const orderOf = (seed: string) =>
  Mx.resolve("d.test").pipe(
    Effect.provide(Zone.layer({ records: equal })),
    Random.withSeed(seed),
    Effect.map((plan) => RoutePlan.usable(plan).map(({ host }) => host[0]).join("")),
  );

it("equal preferences are shuffled, the same under one seed, and tiers stay apart", () =>
  Effect.gen(function* () {
    assertEquals(yield* orderOf("one"), yield* orderOf("one"));
    const orders = yield* Effect.forEach(Array.from({ length: 300 }, (_, seed) => `seed ${seed}`), orderOf);
    for (const order of orders) assert(/^[abc]{3}[ef]{2}$/.test(order), order);
    assertEquals(new Set(orders.map((order) => order.slice(0, 3))).size, 6, "all orders of three hosts come up");
    const first = orders.filter((order) => order.startsWith("a")).length;
    assert(first > 60 && first < 140, `a comes first in ${first} of 300`);
  }));

it("under one seed the order is the same, however the name server turns its records", () =>
  Effect.gen(function* () {
    const order = (hosts: string) =>
      Mx.resolve("d.test").pipe(
        Effect.provide(Zone.layer({ records: { "d.test": { MX: Array.from(hosts, (host) => `10 ${host}.d.test`) } } })),
        Random.withSeed("plausch"),
        Effect.map((plan) => RoutePlan.candidates(plan).map(({ host }) => host[0]).join("")),
      );
    const first = yield* order("abcdef");
    for (const turned of ["bcdefa", "fedcba", "CADBEF"]) {
      assertEquals((yield* order(turned)).toLowerCase(), first);
    }
  }));

it("aliases in a circle that the name server hands out are temporary, for the domain and for a host", () =>
  Effect.gen(function* () {
    const zone = Result.getOrThrow(Zone.make({ records: { "d.test": { MX: "10 loop.d.test" } } }));
    const resolver = Layer.succeed(Resolver, {
      query: (name: string, type: RecordType) =>
        name.startsWith("loop.")
          ? Effect.fail(new DnsError({ reason: "AliasLoop", domain: name, type }))
          : zone.query(name, type),
    });
    for (const domain of ["d.test", "loop.test"]) {
      const failure = RoutePlan.failure(yield* Effect.provide(Mx.resolve(domain), resolver));
      assertEquals([failure?.reason, failure?.status, failure?.isTemporary], ["DnsTemporary", "4.4.3", true]);
    }
  }));

it("tiers hold the candidates of one preference each", () =>
  Effect.gen(function* () {
    const { tiers } = yield* resolve(equal, "d.test");
    assertEquals(tiers.map(({ preference, candidates }) => [preference, candidates.length]), [[10, 3], [20, 2]]);
  }));

const mxSet = Arbitrary.array(
  Arbitrary.all([
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))),
    Arbitrary.schema(
      Schema.Literals(["a.d.test", "b.d.test", "gone.d.test", "broken.d.test", "127.0.0.1", ".", "d.test"]),
    ),
  ]),
  { minLength: 1, maxLength: 15 },
);

property(
  "every MX record is in the plan once, in order, and the domain's own address only if an MX names it",
  mxSet,
  (set) => {
    const records: Records = {
      "d.test": { MX: set.map(([preference, host]) => `${preference} ${host}`), A: "192.0.2.99" },
      "a.d.test": a,
      "b.d.test": { AAAA: "2001:db8::1" },
      "broken.d.test": { failure: "ServerFailure" },
    };
    const plan = Effect.runSync(resolve(records, "d.test"));
    const all = RoutePlan.candidates(plan);
    if (set.every(([, host]) => host === ".")) return plan.kind === "NullMx" && all.length === 0;
    const sorted = (list: ReadonlyArray<string>) => [...list].sort().join();
    const preferences = plan.tiers.map(({ preference }) => preference);
    const own = RoutePlan.usable(plan).some(({ addresses }) =>
      addresses.some(({ address }) => address === "192.0.2.99")
    );
    return plan.kind === "Mx" &&
      sorted(all.map(({ preference, host }) => `${preference} ${host}`)) ===
        sorted(set.map(([preference, host]) => `${preference} ${host}`)) &&
      preferences.every((preference, at) => at === 0 || preference > preferences[at - 1]!) &&
      own === set.some(([, host]) => host === "d.test") &&
      RoutePlan.usable(plan).every(({ addresses }) => addresses.length > 0) &&
      (RoutePlan.usable(plan).length > 0) === (RoutePlan.failure(plan) === undefined);
  },
);

// ---- what is kept

it("a candidate keeps what DANE and caches need: TTL, AD and the canonical name", () =>
  Effect.gen(function* () {
    const plan = yield* resolve({
      "d.test": { MX: { data: "10 al.d.test", ttl: 60, authenticated: true } },
      "al.d.test": { CNAME: { data: "a.d.test", ttl: 50, authenticated: true } },
      "a.d.test": {
        A: { data: "192.0.2.1", ttl: 40, authenticated: true },
        AAAA: { data: "2001:db8::1", ttl: 30, authenticated: false },
      },
    }, "d.test");
    assertEquals(plan.authenticated, true);
    const candidate = RoutePlan.firstUsable(plan);
    assertEquals([candidate?.ttl, candidate?.canonicalName, candidate?.host], [60, "a.d.test", "al.d.test"]);
    assertEquals(candidate?.addresses, [
      { address: "2001:db8::1", family: 6, ttl: 30, authenticated: false },
      { address: "192.0.2.1", family: 4, ttl: 40, authenticated: true },
    ]);
    assertEquals(plan.answer?.records.length, 1);
  }));

it("the answer in the plan has the records in the server's order", () =>
  Effect.gen(function* () {
    const plan = yield* resolve(equal, "d.test");
    const hosts = plan.answer?.records.map((record) => record._tag === "MX" ? record.exchange[0] : "?");
    assertEquals(hosts?.join(""), "abcef");
  }));

it("the planner alone: a literal needs no answer, and a domain without one is undecided", () =>
  Effect.gen(function* () {
    const zone = Result.getOrThrow(Zone.make({ records: equal }));
    const mx = yield* Effect.result(zone.query("d.test", "MX"));
    const literal = Result.getOrThrow(Destination.fromString("[192.0.2.1]"));
    assertEquals(Planner.hostsToLookUp({ destination: literal, mx }), []);
    assertEquals(Planner.plan({ destination: literal, mx }).kind, "AddressLiteral");
    const destination = Result.getOrThrow(Destination.fromString("d.test"));
    assertEquals(Planner.hostsToLookUp({ destination }), []);
    const plan = Planner.plan({ destination });
    assertEquals([plan.kind, RoutePlan.failure(plan)?.message], ["Undecided", "nobody was asked about d.test"]);
    assertEquals(Planner.hostsToLookUp({ destination, mx, rules: { maxHosts: 2 } }), ["a.d.test", "b.d.test"]);
    // Hosts that nobody looked up are not known to be dead.
    assertEquals(RoutePlan.failure(Planner.plan({ destination, mx }))?.isTemporary, true);
  }));

// ---- bounds

const many: Records = {
  "d.test": { MX: Array.from({ length: 40 }, (_, at) => `${at} h${at}.d.test`) },
  ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`h${at}.d.test`, a])),
};

it("only the first ten hosts are looked up, eight questions at a time", () =>
  Effect.gen(function* () {
    const { layer, asked, open } = counting(many);
    const plan = yield* Effect.provide(Mx.resolve("d.test"), layer);
    assertEquals(asked.length, 1 + 2 * 10);
    assertEquals(open.most, 8);
    assertEquals(RoutePlan.usable(plan).length, 10);
    assertEquals(RoutePlan.explain(plan).at(-1), "30 more hosts: skip, enough hosts come before them");
    assertEquals(RoutePlan.candidates(plan).length, 40);
  }));

it("the limits can be set", () =>
  Effect.gen(function* () {
    const { layer, asked, open } = counting(many);
    const plan = yield* Effect.provide(Mx.resolve("d.test", { maxHosts: 39, concurrency: 1 }), layer);
    assertEquals([asked.length, open.most], [1 + 2 * 39, 1]);
    assertEquals(RoutePlan.explain(plan).at(-1), "39 h39.d.test: skip, enough hosts come before it");
    const two = yield* Effect.provide(Mx.resolve("d.test", { maxHosts: 38 }), layer);
    assertEquals(RoutePlan.explain(two).at(-1), "2 more hosts: skip, enough hosts come before them");
  }));

it("hosts that are skipped for their name do not count towards the limit", () =>
  Effect.gen(function* () {
    const plan = yield* resolve(
      { "d.test": { MX: ["1 127.0.0.1", "2 .", "3 a.d.test", "4 a.d.test", "5 b.d.test"] }, "b.d.test": a },
      "d.test",
      { maxHosts: 2 },
    );
    assertEquals(RoutePlan.usable(plan).map(({ host }) => host), ["b.d.test"]);
  }));

it("when all looked-up hosts are dead but some were over the limit, mail waits and does not bounce", () =>
  Effect.gen(function* () {
    const plan = yield* resolve({ "d.test": { MX: ["1 gone.d.test", "2 a.d.test"] }, "a.d.test": a }, "d.test", {
      maxHosts: 1,
    });
    assertEquals(RoutePlan.failure(plan)?.isTemporary, true);
  }));

it("of a host with too many addresses of both IP versions some of each are kept", () =>
  Effect.gen(function* () {
    const kept = (sixes: number, fours: number) =>
      resolve(
        {
          "d.test": {
            A: Array.from({ length: fours }, (_, at) => `192.0.2.${at}`),
            AAAA: Array.from({ length: sixes }, (_, at) => `2001:db8::${at + 1}`),
          },
        },
        "d.test",
        { maxAddresses: 5 },
      ).pipe(
        Effect.map((plan) => RoutePlan.firstUsable(plan)!.addresses.map(({ family }) => family).join("")),
      );
    assertEquals(yield* kept(9, 9), "66644");
    assertEquals(yield* kept(9, 1), "66664");
    assertEquals(yield* kept(1, 9), "64444");
    assertEquals(yield* kept(9, 0), "66666");
    assertEquals(yield* kept(2, 3), "66444");
  }));

const anyAddress = Arbitrary.schema(
  Schema.Literals([
    "192.0.2.1",
    "192.0.2.2",
    "8.8.8.8",
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "255.255.255.255",
    "2001:db8::1",
    "2a00::25",
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "fe80::1",
  ]),
);

property(
  "every address of a host is either dialled, refused for a reason, or over the limit; and none that is dialled is local",
  Arbitrary.array(anyAddress, { minLength: 1, maxLength: 16 }),
  (addresses) => {
    const six = addresses.filter((address) => address.includes(":"));
    const four = addresses.filter((address) => !address.includes(":"));
    const plan = Effect.runSync(resolve({ "d.test": { A: four, AAAA: six, TXT: "hello" } }, "d.test"));
    const [candidate] = RoutePlan.candidates(plan);
    if (candidate === undefined) return false;
    const leftOut = candidate.warnings.reduce((sum, one) => one._tag === "AddressesLeftOut" ? sum + one.count : sum, 0);
    return candidate.addresses.length + candidate.refused.length + leftOut === new Set(addresses).size &&
      candidate.addresses.every(({ address }) => AddressGuard.refusal(address) === undefined) &&
      candidate.refused.every(({ refusal }) => AddressGuard.refusal(refusal.address) !== undefined) &&
      (candidate.decision._tag === "Try") === candidate.addresses.length > 0;
  },
);

it("addresses that are not dialled do not count towards the limit", () =>
  Effect.gen(function* () {
    const plan = yield* resolve({ "d.test": { A: ["10.0.0.1", "10.0.0.2", "192.0.2.1"] } }, "d.test", {
      maxAddresses: 1,
    });
    const { addresses, refused, warnings } = RoutePlan.firstUsable(plan)!;
    assertEquals([addresses.map(({ address }) => address), refused.length, warnings], [["192.0.2.1"], 2, []]);
    assertEquals(refused[0]?.refusal.class, "Private");
  }));

it("the plan may be kept as long as each answer in it", () =>
  Effect.gen(function* () {
    const ttl = (records: Records, domain = "d.test") => Effect.map(resolve(records, domain), (plan) => plan.ttl);
    const set = (data: string, ttl: number) => ({ data, ttl });
    const mx = { MX: set("10 a.d.test", 100) };
    assertEquals(
      yield* ttl({ "d.test": mx, "a.d.test": { A: set("192.0.2.1", 30), AAAA: set("2001:db8::1", 40) } }),
      30,
    );
    assertEquals(yield* ttl({ "d.test": mx, "a.d.test": { A: set("192.0.2.1", 300) } }), 60, "no AAAA, for a minute");
    assertEquals(yield* ttl({ "d.test": { MX: set("0 .", 7) } }), 7);
    assertEquals(yield* ttl({}), 60, "no such domain");
    assertEquals(yield* ttl({ "d.test": mx, "a.d.test": { A: "192.0.2.1", AAAA: { failure: "Timeout" } } }), 0);
    assertEquals(yield* ttl({ "d.test": { failure: "Timeout" } }), 0);
    assertEquals(yield* ttl({}, "[192.0.2.1]"), undefined, "nobody was asked");
  }));

it("of a host with many addresses only some are kept, and the plan says so", () =>
  Effect.gen(function* () {
    const addresses = Array.from({ length: 20 }, (_, at) => `192.0.2.${at}`);
    const records = { "d.test": { MX: "10 a.d.test" }, "a.d.test": { A: addresses, AAAA: "2001:db8::1" } };
    const plan = yield* resolve(records, "d.test", { maxAddresses: 3 });
    assertEquals(
      RoutePlan.explain(plan).at(-1),
      "10 a.d.test: try 2001:db8::1, 192.0.2.0, 192.0.2.1; warning: 18 more addresses are left out",
    );
    const usual = yield* resolve(records, "d.test");
    assertEquals(RoutePlan.firstUsable(usual)?.addresses.length, 8);
  }));

for (
  const [why, records, domain, expected] of [
    ["a null MX", { "d.test": { MX: "0 .", ...a } }, "d.test", ["MX d.test"]],
    ["a domain that does not exist", {}, "d.test", ["MX d.test"]],
    ["a failure of the DNS", { "d.test": { failure: "Timeout" } }, "d.test", ["MX d.test"]],
    ["an address literal", {}, "[192.0.2.1]", []],
    ["localhost", {}, "mail.localhost", []],
    ["a host that is localhost", { "d.test": { MX: "10 localhost" } }, "d.test", ["MX d.test"]],
    ["an implicit MX", { "d.test": a }, "D.test.", ["MX d.test", "AAAA d.test", "A d.test"]],
    ["a host named by its address", { "d.test": { MX: "10 192.0.2.1" } }, "d.test", ["MX d.test"]],
  ] as ReadonlyArray<[string, Records, string, ReadonlyArray<string>]>
) {
  it(`no more is asked than needed: ${why}`, () =>
    Effect.gen(function* () {
      const { layer, asked } = counting(records);
      yield* Effect.provide(Mx.resolve(domain), layer);
      assertEquals(asked, expected);
    }));
}

it("a text that is no mail domain fails before anyone is asked", () =>
  Effect.gen(function* () {
    const { layer, asked } = counting({});
    const error = yield* Effect.flip(Effect.provide(Mx.resolve("192.0.2.1"), layer));
    assertEquals([error._tag, error.reason, asked.length], ["MxError", "BareAddress", 0]);
  }));
