/**
 * Every name of the zones, through unbound and knot: the plan that follows, from the library and from `plausch mx`, which
 * must tell the same.
 */
import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
import * as Cache from "@plausch/dns/cache";
import * as Live from "@plausch/dns/live";
import * as Resolver from "@plausch/dns/resolver";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as MxLines from "../../tools/plausch/render/mx.ts";
import { plausch } from "../cli/_cli.ts";
import { type Peer, peerTest } from "./_peers.ts";

const dnsOf = ({ host, port }: Peer): string => `${host}:${port}`;

const seed = "plausch";

const planOf = (peer: Peer, domain: string, options: Mx.ResolveOptions = {}): Promise<RoutePlan.RoutePlan> =>
  Effect.runPromise(
    Effect.flatMap(
      Effect.flatMap(Resolver.Resolver, LiveMtaSts.make),
      (mtaSts) => Mx.resolve(domain, { mtaSts, ...options }),
    ).pipe(
      Random.withSeed(seed),
      Effect.provide(Layer.provide(Cache.layer(), Live.layer({ servers: [dnsOf(peer)] }))),
    ),
  );

/** What `plausch mx --json` prints for a domain. */
const printed = async (peer: Peer, domain: string, ...args: ReadonlyArray<string>) => {
  const ran = await plausch(["mx", "--dns", dnsOf(peer), "--json", "--seed", seed, ...args, domain]);
  assertEquals(ran.err, "");
  return { code: ran.code, plan: JSON.parse(ran.out) };
};

/** The same without what differs from one time to the next: times, and the order of records in an answer. */
const timeless = (value: unknown): unknown => {
  const { answer, ...plan } = JSON.parse(
    JSON.stringify(value, (name, one) => name === "ttl" || name === "elapsed" || name === "age" ? undefined : one),
  );
  const records = (answer?.records ?? []).map((record: string) => record.replace(/^(\S+)\s+\d+\s/, "$1 "));
  return { ...plan, answer: answer && { ...answer, records: records.sort() } };
};

interface Expected {
  readonly kind: RoutePlan.RouteKind;
  /** Each host by name, with `+` if it is tried where local addresses are allowed, or the reason why not. */
  readonly hosts: ReadonlyArray<readonly [host: string, decision: string]>;
  /** The refusal where nothing can be tried, even so. */
  readonly failure?: readonly [reason: string, code: number, status: string];
  /** The refusal where local addresses are not allowed; that of `AddressRefused` by default, where a host is tried above. */
  readonly guarded?: readonly [reason: string, code: number, status: string];
  readonly warnings?: ReadonlyArray<string>;
}

const three = [["mx1", "+"], ["mx2", "+"], ["mx3", "+"]] as const;
const one = (host: string): Expected => ({ kind: "Mx", hosts: [[host, "+"]] });
const broken = ["DnsTemporary", 451, "4.4.3"] as const;
const dead = ["NoUsableHost", 550, "5.4.4"] as const;
const nobody = ["NoMailHost", 550, "5.1.2"] as const;
const refused = ["AddressRefused", 451, "4.4.4"] as const;
const many = Array.from({ length: 10 }, (_, at) => [`many${at + 1}`, "+"] as const);
const overLimit = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => [`many${from + at}`, "OverLimit"] as const);

const names: { readonly [name: string]: Expected } = {
  "": { kind: "Mx", hosts: three },
  nullmx: { kind: "NullMx", hosts: [], failure: ["NullMx", 556, "5.1.10"] },
  nullplus: { kind: "Mx", hosts: [[".", "NullMx"], ["mx1", "+"]], warnings: ["NullMxMixed"] },
  implicit: { kind: "ImplicitMx", hosts: [["implicit", "+"]] },
  nothing: { kind: "NoMailHost", hosts: [], failure: nobody },
  nosuchname: { kind: "NoMailHost", hosts: [], failure: ["DomainNotFound", 550, "5.1.2"] },
  ipmx: { kind: "Mx", hosts: [["127.0.0.1", "AddressAsName"]], failure: dead },
  cnamemx: { ...one("aliasmx"), warnings: ["MxIsCname"] },
  loopmx: { kind: "Mx", hosts: [["loop1", "LookupFailed"]], failure: broken },
  selfloop: { kind: "Undecided", hosts: [], failure: broken },
  cnamedom: { kind: "Mx", hosts: three },
  localmx: { kind: "Mx", hosts: [["localhost", "+"]] },
  danglingmx: { kind: "Mx", hosts: [["nohost", "NoName"]], failure: dead },
  partial: { kind: "Mx", hosts: [["nohost", "NoName"], ["mx1", "+"]] },
  sameprio: { kind: "Mx", hosts: three },
  privatemx: one("private"),
  linklocal: one("ll"),
  zeromx: one("zero"),
  v6only: one("mx6"),
  dual: one("dualhost"),
  "any.wild": one("mx1"),
  longtxt: { kind: "NoMailHost", hosts: [], failure: nobody },
  manymx: { kind: "Mx", hosts: [...many, ...overLimit(11, 20)] },
  bücher: one("mx1"),
  escmx: { kind: "Mx", hosts: [["mx\\0271", "NotAHostName"]], failure: dead },
  daneunusable: one("unusable"),
  danecname: { ...one("dcname"), warnings: ["MxIsCname"] },
};

const below = (zone: string, name: string): string =>
  name === "." || name === "localhost" || name === "127.0.0.1" ? name : name === "" ? zone : `${name}.${zone}`;

const check = async (unbound: Peer, zone: string, name: string, expected: Expected): Promise<void> => {
  const { kind, hosts, failure, guarded = failure ?? refused, warnings = [] } = expected;
  const domain = below(zone, name);
  for (const allowLocal of [true, false]) {
    const plan = await planOf(unbound, domain, { allowLocal });
    const all = RoutePlan.candidates(plan);
    const found = RoutePlan.failure(plan);
    assertEquals<unknown>([plan.kind, found && [found.reason, found.code, found.status]], [
      kind,
      allowLocal ? failure : guarded,
    ]);
    const decisions = all.map(({ host, decision }): readonly [string, string] => [
      host,
      decision._tag === "Try" ? "+" : decision.reason,
    ]);
    assertEquals(
      decisions.toSorted(),
      hosts.map(([host, decision]): readonly [string, string] => [
        below(zone, host),
        allowLocal || decision !== "+" ? decision : host === "localhost" ? "LocalName" : "AddressRefused",
      ]).toSorted(),
    );
    const preferences = all.map(({ preference }) => preference);
    assertEquals(preferences, preferences.toSorted((left, right) => left - right));
    assertEquals<unknown>([...plan.warnings, ...all.flatMap((one) => one.warnings.map(({ _tag }) => _tag))], warnings);

    const { code, plan: told } = await printed(unbound, domain, ...allowLocal ? ["--allow-local"] : []);
    assertEquals(code, found === undefined ? 0 : found.isTemporary ? 75 : 68);
    assertEquals(timeless(told), timeless(MxLines.json(plan)));
  }
};

for (const [name, expected] of Object.entries(names)) {
  peerTest(
    `${below("plausch.test", name)}: the library and plausch mx make the same plan`,
    ["unbound"],
    ({ unbound }) => check(unbound, "plausch.test", name, expected),
  );
}

peerTest(
  "a domain with 120 mail exchangers comes over TCP, and ten are looked up",
  ["unbound"],
  async ({ unbound }) => {
    await check(unbound, "insecure.test", "manymx", { kind: "Mx", hosts: [...many, ...overLimit(11, 120)] });
    const { answer } = await planOf(unbound, "manymx.insecure.test");
    assertEquals([answer?.transport, answer?.records.length], ["tcp", 120]);
  },
);

peerTest(
  "a domain that fails validation is SERVFAIL, and its mail waits",
  ["unbound"],
  ({ unbound }) => check(unbound, "bogus.test", "", { kind: "Undecided", hosts: [], failure: broken }),
);

peerTest("a domain whose servers are deaf is a time-out, with every try told", ["unbound"], async ({ unbound }) => {
  const resolver = Live.layer({ servers: [dnsOf(unbound)], timeout: "1 second", tries: 1 });
  const plan = await Effect.runPromise(Effect.provide(Mx.resolve("deaf.test"), resolver));
  const failure = RoutePlan.failure(plan);
  assertEquals([plan.kind, failure?.reason, failure?.status], ["Undecided", "DnsTimeout", "4.4.3"]);
  assertEquals(plan.error?.attempts, [{ server: dnsOf(unbound), reason: "Timeout" }]);
  const ran = await plausch(["mx", "--dns", dnsOf(unbound), "deaf2.test"]);
  assertEquals([ran.code, ran.err], [75, ""]);
  assertStringIncludes(ran.out, '451 4.4.3: Cannot look up MX of "deaf2.test" at');
  assertStringIncludes(ran.out, "no answer came in time; is this a name server, and does it hear us? (2 tries)");
});

peerTest(
  "AD is there for a signed zone, and believed of unbound on this machine alone",
  ["unbound"],
  async ({ unbound }) => {
    const plan = await planOf(unbound, "plausch.test", { allowLocal: true });
    assertEquals([plan.authenticated, plan.answer?.ad], [true, true]);
    for (const { addresses } of RoutePlan.candidates(plan)) {
      assert(addresses.length > 0 && addresses.every(({ authenticated }) => authenticated));
    }
    const distrusted = Live.layer({ servers: [dnsOf(unbound)], trustAd: false });
    const other = await Effect.runPromise(Effect.provide(Mx.resolve("plausch.test"), distrusted));
    assertEquals([other.authenticated, other.answer?.ad], [false, true]);
  },
);

peerTest(
  "there is no AD for an unsigned zone, nor from knot, which proves nothing",
  ["unbound", "knot"],
  async (peers) => {
    const insecure = await planOf(peers.unbound, "insecure.test");
    assertEquals([insecure.authenticated, insecure.answer?.ad], [false, false]);
    const mixed = await planOf(peers.unbound, "securemx.insecure.test", { allowLocal: true });
    assertEquals(mixed.authenticated, false);
    assertEquals(RoutePlan.firstUsable(mixed)?.addresses.map(({ authenticated }) => authenticated), [true]);
    const direct = await planOf(peers.knot, "plausch.test");
    assertEquals([direct.authenticated, direct.answer?.ad, direct.kind], [false, false, "Mx"]);
  },
);

peerTest(
  "an authoritative server hands a circle of aliases out, and that is found; others it refuses",
  ["knot"],
  async ({ knot }) => {
    const loop = await planOf(knot, "selfloop.plausch.test");
    assertEquals([loop.error?.reason, RoutePlan.failure(loop)?.isTemporary], ["AliasLoop", true]);
    const host = await planOf(knot, "loopmx.plausch.test");
    const [candidate] = RoutePlan.candidates(host);
    assertEquals(candidate?.decision._tag === "Skip" && candidate.decision.error?.reason, "AliasLoop");
    assertEquals((await planOf(knot, "elsewhere.example")).error?.reason, "Refused");
  },
);

peerTest("a seed keeps the order of equal preferences, though unbound turns them", ["unbound"], async ({ unbound }) => {
  const order = async () =>
    RoutePlan.candidates(await planOf(unbound, "sameprio.plausch.test")).map(({ host }) => host);
  const first = await order();
  assertEquals(first.toSorted(), ["mx1", "mx2", "mx3"].map((host) => `${host}.plausch.test`));
  for (let time = 0; time < 8; time++) assertEquals(await order(), first);
});

peerTest(
  "the cache answers with what unbound said",
  ["unbound"],
  async (peers) => {
    const ask = Resolver.query("nothing.plausch.test", "TXT");
    const program = Effect.gen(function* () {
      const first = yield* ask;
      const second = yield* ask;
      assertEquals([first.age, second.age], [undefined, 0]);
      assertEquals(second.records, first.records);
    });
    const resolver = Layer.provide(Cache.layer(), Live.layer({ servers: [dnsOf(peers.unbound)] }));
    await Effect.runPromise(Effect.provide(program, resolver));
  },
);

peerTest("plausch mx asks for its domains side by side, and tells them in order", ["unbound"], async ({ unbound }) => {
  const domains = Object.keys(names).map((name) => below("plausch.test", name));
  const ran = await plausch(["mx", "--dns", dnsOf(unbound), "--json", ...domains]);
  assertEquals([ran.code, ran.err], [75, ""]);
  assertEquals(ran.out.trimEnd().split("\n").map((line) => JSON.parse(line).domain), domains);
});
