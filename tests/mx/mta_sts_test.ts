import { assert, assertEquals } from "@std/assert";
import * as Zone from "@plausch/dns/zone";
import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
import type * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as KeyValueStore from "effect/persistence/KeyValueStore";
import { Resolver } from "@plausch/dns/resolver";
import * as TestClock from "effect/testing/TestClock";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";
import { type Answer, makeMtaSts, policyHost, textResponse } from "../support/policy_host.ts";

const url = "https://mta-sts.d.test/.well-known/mta-sts.txt";
const policyOf = (mode: string, mx: string, maxAge = 604_800) =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;
const enforce = policyOf("enforce", "*.d.test");
const day = 86_400_000;

/** A name server whose records can change, and a policy host. */
const world = (record: Zone.ZoneNode["TXT"], answer: Answer = enforce) => {
  const state = { record };
  const query: Resolver["query"] = (name, type) =>
    Effect.suspend(() => {
      const records = state.record === undefined ? {} : { "_mta-sts.d.test": { TXT: state.record } };
      return Result.getOrThrow(Zone.make({ records })).query(name, type);
    });
  const host = policyHost(answer);
  return { state, host, layer: Layer.merge(Layer.succeed(Resolver, { query }), host.layer) };
};

/** The finding in a few words. */
const words = (finding: MtaStsFinding.MtaStsFinding): string => {
  const problem = finding.problem === undefined ? [] : [finding.problem.reason, finding.problem.detail ?? ""];
  const found = finding._tag === "Found" ? [finding.source, finding.id, finding.policy.mode] : [];
  return [finding._tag, ...found, ...problem].filter((word) => word !== "").join(" ");
};

// ---- one discovery

const v1 = "v=STSv1; id=1;";

const discoveries: ReadonlyArray<
  readonly [name: string, record: Zone.ZoneNode["TXT"], answer: Answer, found: string, asked: number]
> = [
  ["a policy", v1, enforce, "Found fetched 1 enforce", 1],
  ["a policy that asks for nothing", v1, policyOf("none", "*.d.test"), "Found fetched 1 none", 1],
  ["a policy that must not be kept is used once", v1, policyOf("enforce", "*.d.test", 0), "Found fetched 1 enforce", 1],
  ["a record in two strings", { data: '"v=STSv1; i" "d=12;"' }, enforce, "Found fetched 12 enforce", 1],
  ["no record", undefined, enforce, "None", 0],
  ["other records", ["hello", "v=spf1 -all"], enforce, "None", 0],
  ["two records", [v1, "v=STSv1; id=2;"], enforce, "None SeveralRecords", 0],
  [
    "a broken record",
    "v=STSv1 id 1",
    enforce,
    'None BadRecord it does not begin with "v=STSv1;": "v=STSv1 id 1"',
    0,
  ],
  [
    "the DNS fails",
    { failure: "Timeout" },
    enforce,
    'None RecordLookupFailed Cannot look up TXT of "_mta-sts.d.test" at static: no answer came in time; ' +
    "is this a name server, and does it hear us?",
    0,
  ],
  ["404", v1, () => textResponse(enforce, 404), "Failed FetchFailed the server answered 404", 1],
  ["206 is not 200", v1, () => textResponse(enforce, 206), "Failed FetchFailed the server answered 206", 1],
  [
    "a redirect",
    v1,
    () => new Response(null, { status: 301, headers: { location: "https://elsewhere.test/\x7f" } }),
    'Failed FetchFailed the server redirects to "https://elsewhere.test/\\u{7F}", which must not be followed',
    1,
  ],
  [
    "no media type",
    v1,
    () => textResponse(enforce, 200, null),
    "Failed FetchFailed its media type is not told, not text/plain",
    1,
  ],
  [
    "another media type",
    v1,
    () => textResponse(enforce, 200, "text/html"),
    'Failed FetchFailed its media type is "text/html", not text/plain',
    1,
  ],
  [
    "the media type with parameters, in any case",
    v1,
    () => textResponse(enforce, 200, "Text/Plain ; charset=utf-8"),
    "Found fetched 1 enforce",
    1,
  ],
  ["a byte order mark", v1, `\ufeff${enforce}`, "Found fetched 1 enforce", 1],
  [
    "octets that are not UTF-8, in a field that nobody knows",
    v1,
    () =>
      new Response(Uint8Array.of(...new TextEncoder().encode(`${enforce}x: `), 0xff), {
        headers: { "content-type": "text/plain" },
      }),
    "Found fetched 1 enforce",
    1,
  ],
  ["not a policy", v1, "hello", 'Failed BadPolicy "hello" is no line like "key: value"', 1],
  ["64 KiB", v1, `${enforce}x:${" ".repeat(65_536 - enforce.length - 2)}`, "Found fetched 1 enforce", 1],
  [
    "an octet more",
    v1,
    `${enforce}x:${" ".repeat(65_536 - enforce.length - 1)}`,
    "Failed FetchFailed it is larger than 65536 octets",
    1,
  ],
  ["nobody there", v1, new Error("connection refused"), 'Failed FetchFailed "connection refused"', 1],
  [
    "a certificate for another name",
    v1,
    Object.assign(new Error("the name differs"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
    'Failed CertificateRefused "the name differs"',
    1,
  ],
  [
    "a certificate of nobody known, beneath another failure",
    v1,
    new TypeError("fetch failed", {
      cause: Object.assign(new Error("who?"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }),
    }),
    'Failed CertificateRefused "who?"',
    1,
  ],
  [
    "a certificate that is over, in Deno's words",
    v1,
    new TypeError("error sending request: invalid peer certificate: Expired"),
    'Failed CertificateRefused "error sending request: invalid peer certificate: Expired"',
    1,
  ],
];

for (const [name, record, answer, found, asked] of discoveries) {
  it(`MTA-STS: ${name}`, () =>
    Effect.gen(function* () {
      const { host, layer } = world(record, answer);
      const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
      assertEquals(words(yield* mtaSts.discover("d.test")), found);
      assertEquals(host.asked, Array(asked).fill(url));
    }));
}

it("MTA-STS: a body without an end is not read to the end", () =>
  Effect.gen(function* () {
    let given = 0;
    let isCancelled = false;
    const body = () =>
      new ReadableStream({
        pull: (controller) => {
          given += 1024;
          controller.enqueue(new Uint8Array(1024).fill(0x20));
        },
        cancel: () => {
          isCancelled = true;
        },
      });
    const { layer } = world(v1, () => new Response(body(), { headers: { "content-type": "text/plain" } }));
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    assertEquals(words(yield* mtaSts.discover("d.test")), "Failed FetchFailed it is larger than 65536 octets");
    assert(given < 2 * 65_536, `${given} octets were read`);
    assert(isCancelled);
  }));

it("MTA-STS: a policy host that never answers has a minute", () =>
  Effect.gen(function* () {
    const { layer } = world(v1, "hang");
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const fiber = yield* Effect.forkChild(mtaSts.discover("d.test"));
    yield* TestClock.adjust("59 seconds");
    assertEquals(fiber.pollUnsafe(), undefined);
    yield* TestClock.adjust("1 seconds");
    assertEquals(words(yield* Fiber.join(fiber)), "Failed FetchFailed it took longer than 1m");
  }));

// ---- what is remembered

it("MTA-STS: a policy is kept while its version is the same, and fetched anew after a day", () =>
  Effect.gen(function* () {
    const { host, layer } = world(v1);
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const discover = Effect.map(mtaSts.discover("d.test"), words);
    assertEquals(yield* discover, "Found fetched 1 enforce");
    assertEquals(yield* discover, "Found cached 1 enforce");
    yield* TestClock.adjust(day - 1);
    assertEquals(yield* discover, "Found cached 1 enforce");
    yield* TestClock.adjust(1);
    assertEquals(yield* discover, "Found fetched 1 enforce");
    assertEquals(host.asked.length, 2);
  }));

it("MTA-STS: another version is fetched at once", () =>
  Effect.gen(function* () {
    const { state, host, layer } = world(v1);
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const discover = Effect.map(mtaSts.discover("d.test"), words);
    assertEquals(yield* discover, "Found fetched 1 enforce");
    state.record = "v=STSv1; id=2;";
    host.answer = policyOf("testing", "*.d.test");
    assertEquals(yield* discover, "Found fetched 2 testing");
    assertEquals(yield* discover, "Found cached 2 testing");
  }));

it("MTA-STS: a policy stays in force until its age is over, whatever becomes of record and host", () =>
  Effect.gen(function* () {
    const { state, host, layer } = world(v1);
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const discover = Effect.map(mtaSts.discover("d.test"), words);
    assertEquals(yield* discover, "Found fetched 1 enforce");

    state.record = undefined;
    assertEquals(yield* discover, "Found cached 1 enforce");
    state.record = [v1, v1];
    assertEquals(yield* discover, "Found cached 1 enforce SeveralRecords");
    state.record = { failure: "ServerFailure" };
    assert((yield* discover).startsWith("Found cached 1 enforce RecordLookupFailed"));
    state.record = "v=STSv1; id=2;";
    host.answer = () => textResponse("gone", 410);
    assertEquals(yield* discover, "Found cached 1 enforce FetchFailed the server answered 410");
    state.record = v1;
    yield* TestClock.adjust(2 * day);
    assertEquals(yield* discover, "Found cached 1 enforce FetchFailed the server answered 410");

    yield* TestClock.adjust(5 * day - 1);
    assertEquals(yield* discover, "Found cached 1 enforce FetchFailed the server answered 410");
    yield* TestClock.adjust(1);
    assertEquals(yield* discover, "Failed FetchFailed the server answered 410");
    state.record = undefined;
    assertEquals(yield* discover, "None");
  }));

it("MTA-STS: a host that failed is left alone for five minutes, but not for another version", () =>
  Effect.gen(function* () {
    const { state, host, layer } = world(v1, new Error("down"));
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const discover = Effect.map(mtaSts.discover("d.test"), words);
    assertEquals(yield* discover, 'Failed FetchFailed "down"');
    host.answer = enforce;
    yield* TestClock.adjust("4 minutes");
    assertEquals(yield* discover, 'Failed FetchFailed "down"');
    assertEquals(host.asked.length, 1);
    state.record = "v=STSv1; id=2;";
    assertEquals(yield* discover, "Found fetched 2 enforce");
    state.record = v1;
    yield* TestClock.adjust("1 minutes");
    assertEquals(yield* discover, "Found fetched 1 enforce");
    assertEquals(host.asked.length, 3);
  }));

it("MTA-STS: however many ask, a policy is fetched once; who gives up does not spoil it for others", () =>
  Effect.gen(function* () {
    const { host, layer } = world(v1);
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const impatient = yield* Effect.forkChild(mtaSts.discover("d.test"), { startImmediately: true });
    const others = yield* Effect.forkChild(
      Effect.forEach(Array(20).fill("d.test"), mtaSts.discover, { concurrency: "unbounded" }),
      { startImmediately: true },
    );
    yield* Fiber.interrupt(impatient);
    const findings = yield* Fiber.join(others);
    assertEquals(findings.map(words), Array(20).fill("Found fetched 1 enforce"));
    assertEquals(host.asked.length, 1);
  }));

it("MTA-STS: when all give up, the next one fetches anew", () =>
  Effect.gen(function* () {
    const { host, layer } = world(v1, "hang");
    const mtaSts = yield* Effect.provide(makeMtaSts(), layer);
    const impatient = yield* Effect.forkChild(mtaSts.discover("d.test"), { startImmediately: true });
    yield* Fiber.interrupt(impatient);
    host.answer = enforce;
    assertEquals(words(yield* mtaSts.discover("d.test")), "Found fetched 1 enforce");
  }));

it("MTA-STS: a program that starts again knows what the one before it has kept", () =>
  Effect.gen(function* () {
    const store = yield* KeyValueStore.KeyValueStore;
    const before = world(v1);
    const first = yield* Effect.provide(makeMtaSts({ cache: MtaStsCache.inStore(store) }), before.layer);
    assertEquals(words(yield* first.discover("d.test")), "Found fetched 1 enforce");
    const after = world(undefined, new Error("down"));
    const second = yield* Effect.provide(makeMtaSts({ cache: MtaStsCache.inStore(store) }), after.layer);
    assertEquals(words(yield* second.discover("d.test")), "Found cached 1 enforce");
    // Somebody has been at the store, or the clock was set back.
    yield* store.set("mta-sts:d.test", "1 0\nversion: STSv2");
    assertEquals(words(yield* second.discover("d.test")), "None");
    yield* store.set("mta-sts:d.test", `1 ${day}\n${enforce}`);
    assertEquals(words(yield* second.discover("d.test")), "None");
  }).pipe(Effect.provide(KeyValueStore.layerMemory)));

it("MTA-STS: a store that fails counts as an empty one", () =>
  Effect.gen(function* () {
    const fail = Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "get", message: "no disk" }));
    const store = { ...(yield* KeyValueStore.KeyValueStore), get: () => fail, set: () => fail };
    const { layer } = world(v1);
    const mtaSts = yield* Effect.provide(makeMtaSts({ cache: MtaStsCache.inStore(store) }), layer);
    assertEquals(words(yield* mtaSts.discover("d.test")), "Found fetched 1 enforce");
    assertEquals(words(yield* mtaSts.discover("d.test")), "Found fetched 1 enforce");
  }).pipe(Effect.provide(KeyValueStore.layerMemory)));

it("MTA-STS: in memory, the domains that nobody asked for longest go first", () =>
  Effect.gen(function* () {
    const cache = MtaStsCache.inMemory(2);
    const kept = { policy: { mode: "none", maxAge: 1, mx: [] }, id: "1", fetchedAt: 0 } as const;
    yield* cache.set("a.test", kept);
    yield* cache.set("b.test", kept);
    yield* cache.get("a.test");
    yield* cache.set("c.test", kept);
    const names = ["a.test", "b.test", "c.test"];
    assertEquals(yield* Effect.forEach(names, (name) => Effect.map(cache.get(name), (one) => one !== undefined)), [
      true,
      false,
      true,
    ]);
  }));

// ---- effect's own client over fetch

it("MTA-STS: effect's FetchHttpClient is told not to follow redirects, nor to cache", () =>
  Effect.gen(function* () {
    const seen: Array<unknown> = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      seen.push([String(input), init?.redirect, init?.cache, init?.method]);
      return Promise.resolve(textResponse(enforce));
    };
    const { layer } = world(v1);
    const client = Layer.merge(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch));
    // `fetch` is looked up where the request is made.
    const mtaSts = yield* makeMtaSts().pipe(Effect.provide(Layer.merge(layer, client)));
    const finding = yield* mtaSts.discover("d.test").pipe(Effect.provideService(FetchHttpClient.Fetch, fetch));
    assertEquals(words(finding), "Found fetched 1 enforce");
    assertEquals(seen, [[url, "manual", "no-store", "GET"]]);
  }));

// ---- what it means for the route

interface Route {
  readonly name: string;
  readonly records: Zone.StaticZone["records"];
  readonly policy: string;
  readonly domain?: string;
  readonly lines: ReadonlyArray<string>;
  readonly asked?: number;
}

const sha256 = "ab".repeat(32);
const proven = (data: string) => ({ data, authenticated: true });
const base = {
  "d.test": { MX: ["10 a.d.test", "20 b.other.test"] },
  "a.d.test": { A: "192.0.2.1" },
  "b.other.test": { A: "192.0.2.2" },
  "_mta-sts.d.test": { TXT: v1 },
};
const unusable = {
  "d.test": { MX: proven("10 a.d.test") },
  "a.d.test": { A: proven("192.0.2.1") },
  "_25._tcp.a.d.test": { TLSA: proven(`1 1 1 ${sha256}`) },
  "_mta-sts.d.test": { TXT: v1 },
};
const routes: ReadonlyArray<Route> = [
  {
    name: "enforce: who is named is tried, who is not is not",
    records: base,
    policy: enforce,
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: enforce, for *.d.test",
      "10 a.d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host",
      "20 b.other.test: skip, the MTA-STS policy of the domain does not name it",
    ],
  },
  {
    name: "enforce, and nobody is named",
    records: base,
    policy: policyOf("enforce", "mx.d.test"),
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: enforce, for mx.d.test",
      "10 a.d.test: skip, the MTA-STS policy of the domain does not name it",
      "20 b.other.test: skip, the MTA-STS policy of the domain does not name it",
      "451 4.7.5: a.d.test gets no mail for d.test: the MTA-STS policy of the domain does not name it",
    ],
  },
  {
    name: "testing: everybody is tried, with a warning for who is not named",
    records: base,
    policy: policyOf("testing", "*.d.test"),
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: testing, for *.d.test",
      "10 a.d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host, for a test",
      "20 b.other.test: try 192.0.2.2; MTA-STS: TLS with a certificate for this host, for a test; " +
      "warning: the MTA-STS policy of the domain, which is for a test, does not name it",
    ],
  },
  {
    name: "none: as if there were no policy",
    records: base,
    policy: policyOf("none", "*.d.test"),
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: none",
      "10 a.d.test: try 192.0.2.1",
      "20 b.other.test: try 192.0.2.2",
    ],
  },
  {
    name: "a policy that cannot be read: as if there were none, and the plan says why",
    records: base,
    policy: "version: STSv1\nmode: enforce\nmax_age: 1\n",
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: none that is known, so mail goes without. " +
      'Cannot use the MTA-STS policy of "d.test": it names no mx, and only the mode none does without',
      "10 a.d.test: try 192.0.2.1",
      "20 b.other.test: try 192.0.2.2",
    ],
  },
  {
    name: "the name in the MX record counts, not what it is an alias of",
    records: { ...base, "b.other.test": { CNAME: "b.d.test" }, "b.d.test": { A: "192.0.2.2" } },
    policy: enforce,
    lines: [
      "d.test has 2 mail exchangers",
      "MTA-STS: enforce, for *.d.test",
      "10 a.d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host",
      "20 b.other.test: skip, the MTA-STS policy of the domain does not name it; " +
      "warning: it is an alias of b.d.test, and an MX record must not name one",
    ],
  },
  {
    name: "a domain that is its own mail exchanger",
    records: { "d.test": { A: "192.0.2.1" }, "_mta-sts.d.test": { TXT: v1 } },
    policy: policyOf("enforce", "d.test"),
    lines: [
      "d.test has no MX record: it is its own mail exchanger",
      "MTA-STS: enforce, for d.test",
      "0 d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host",
    ],
  },
  {
    name: "a host that DANE proves is left to DANE, named or not; the policy decides on the others",
    records: {
      "d.test": { MX: { data: ["10 a.other.test", "20 b.other.test", "30 c.other.test"], authenticated: true } },
      "a.other.test": { A: proven("192.0.2.1") },
      "_25._tcp.a.other.test": { TLSA: proven(`3 1 1 ${sha256}`) },
      "b.other.test": { A: proven("192.0.2.2") },
      "_25._tcp.b.other.test": { TLSA: proven(`0 1 1 ${sha256}`) },
      "c.other.test": { A: "192.0.2.3" },
      "_mta-sts.d.test": { TXT: v1 },
    },
    policy: enforce,
    lines: [
      "d.test has 3 mail exchangers",
      "MTA-STS: enforce, for *.d.test",
      "10 a.other.test: try 192.0.2.1; DANE: TLS with a certificate that matches TLSA 3 1 1",
      "20 b.other.test: skip, the MTA-STS policy of the domain does not name it",
      "30 c.other.test: skip, the MTA-STS policy of the domain does not name it",
    ],
  },
  {
    name: "TLSA records of no use do not stand against the policy",
    records: unusable,
    policy: enforce,
    lines: [
      "d.test has 1 mail exchanger",
      "MTA-STS: enforce, for *.d.test",
      "10 a.d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host; " +
      "warning: none of the TLSA records of a.d.test can be used",
    ],
  },
  {
    name: "a policy for a test does not take away the TLS that TLSA records of no use ask for",
    records: unusable,
    policy: policyOf("testing", "*.other.test"),
    lines: [
      "d.test has 1 mail exchanger",
      "MTA-STS: testing, for *.other.test",
      "10 a.d.test: try 192.0.2.1; DANE: TLS with any certificate, since no TLSA record can be used",
    ],
  },
  {
    name: "a host whose TLSA records cannot be looked up is not rescued by the policy",
    records: {
      "d.test": { MX: proven("10 a.d.test") },
      "a.d.test": { A: proven("192.0.2.1") },
      "_25._tcp.a.d.test": { failure: "ServerFailure" },
      "_mta-sts.d.test": { TXT: v1 },
    },
    policy: enforce,
    lines: [
      "d.test has 1 mail exchanger",
      "10 a.d.test: skip, its TLSA records could not be looked up, and DANE must not be guessed at (ServerFailure)",
      "451 4.4.3: none of the mail exchangers of d.test can be used now",
    ],
    asked: 0,
  },
  {
    name: "where DANE speaks for every host, nobody asks",
    records: {
      "d.test": { MX: proven("10 a.d.test") },
      "a.d.test": { A: proven("192.0.2.1") },
      "_25._tcp.a.d.test": { TLSA: proven(`3 1 1 ${sha256}`) },
      "_mta-sts.d.test": { TXT: v1 },
    },
    policy: enforce,
    lines: [
      "d.test has 1 mail exchanger",
      "10 a.d.test: try 192.0.2.1; DANE: TLS with a certificate that matches TLSA 3 1 1",
    ],
    asked: 0,
  },
  {
    name: "the policy of the domain above does not hold",
    records: {
      "sub.d.test": { MX: "10 a.other.test" },
      "a.other.test": { A: "192.0.2.1" },
      "_mta-sts.d.test": { TXT: v1 },
    },
    policy: enforce,
    domain: "sub.d.test",
    lines: ["sub.d.test has 1 mail exchanger", "10 a.other.test: try 192.0.2.1"],
    asked: 0,
  },
  {
    name: "an address literal has no policy",
    records: {},
    policy: enforce,
    domain: "[192.0.2.1]",
    lines: ["[192.0.2.1] is an address: the DNS is not asked", "0 [192.0.2.1]: try 192.0.2.1"],
    asked: 0,
  },
  {
    name: "nobody to send to: nobody asks for a policy",
    records: { "d.test": { MX: "0 ." }, "_mta-sts.d.test": { TXT: v1 } },
    policy: enforce,
    lines: ["556 5.1.10: d.test accepts no mail (null MX)"],
    asked: 0,
  },
  {
    name: "an international domain is asked for by its A-label",
    records: {
      "xn--bcher-kva.example": { MX: "10 a.d.test" },
      "a.d.test": { A: "192.0.2.1" },
      "_mta-sts.xn--bcher-kva.example": { TXT: v1 },
    },
    policy: enforce,
    domain: "Bücher.example",
    lines: [
      "xn--bcher-kva.example has 1 mail exchanger",
      "MTA-STS: enforce, for *.d.test",
      "10 a.d.test: try 192.0.2.1; MTA-STS: TLS with a certificate for this host",
    ],
  },
];

for (const { name, records, policy, domain = "d.test", lines, asked = 1 } of routes) {
  it(`MTA-STS, the route: ${name}`, () =>
    Effect.gen(function* () {
      const host = policyHost(policy);
      yield* Effect.gen(function* () {
        const mtaSts = yield* makeMtaSts();
        assertEquals(RoutePlan.explain(yield* Mx.resolve(domain, { mtaSts })), lines);
      }).pipe(Effect.provide(Layer.merge(Zone.layer({ records }), host.layer)));
      assertEquals(host.asked.length, asked);
    }));
}

it("MTA-STS, the route: a plan is kept no longer than the record of the policy, nor than its absence", () =>
  Effect.gen(function* () {
    const ttl = (records: Zone.StaticZone["records"]) => {
      const layer = Layer.merge(
        Zone.layer({ records: { ...base, ...records }, negativeTtl: 600 }),
        policyHost(enforce).layer,
      );
      return makeMtaSts().pipe(
        Effect.flatMap((mtaSts) => Mx.resolve("d.test", { mtaSts })),
        Effect.map((plan) => plan.ttl),
        Effect.provide(layer),
      );
    };
    assertEquals(yield* ttl({}), 300);
    assertEquals(yield* ttl({ "_mta-sts.d.test": { TXT: { data: v1, ttl: 30 } } }), 30);
    assertEquals(yield* ttl({ "_mta-sts.d.test": { TXT: { data: "hello", ttl: 31 } } }), 31);
    assertEquals(yield* ttl({ "_mta-sts.d.test": { failure: "Timeout" } }), 0);
  }));
