import { assert, assertEquals } from "@std/assert";
import * as Answer from "@plausch/dns/answer";
import * as Cache from "@plausch/dns/cache";
import { DnsError } from "@plausch/dns/dns-error";
import type { RecordType } from "@plausch/dns/record";
import * as Resolver from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";

const at = (ttl: number, data = "192.0.2.1") => ({ data, ttl });

const zone = Result.getOrThrow(Zone.make({
  records: {
    "a.example": { A: at(100) },
    "b.example": { A: { data: ["192.0.2.1", "192.0.2.2"], ttl: 20 }, TXT: "hello" },
    "www.example": { CNAME: { data: "a.example", ttl: 10 } },
    "zero.example": { A: at(0) },
    "week.example": { A: at(604800) },
    "broken.example": { failure: "ServerFailure" },
  },
  negativeTtl: 50,
}));

/** A cache in front of a resolver that notes what it is asked. */
const make = (options?: Cache.CacheOptions, inner: Resolver.Resolver = zone) => {
  const asked: Array<string> = [];
  const query = (name: string, type: RecordType) =>
    Effect.suspend(() => {
      asked.push(`${type} ${name}`);
      return inner.query(name, type);
    });
  return Effect.map(Cache.make({ query }, options), (cached) => ({ asked, query: cached.query }));
};

/** How often a question reaches the resolver, asked now and again after each of these times. */
const times = (
  question: readonly [name: string, type: RecordType],
  waits: ReadonlyArray<string>,
  options?: Cache.CacheOptions,
) =>
  Effect.gen(function* () {
    const { asked, query } = yield* make(options);
    const counts: Array<number> = [];
    for (const wait of ["0 millis", ...waits]) {
      yield* TestClock.adjust(wait as "0 millis");
      yield* Effect.exit(query(...question));
      counts.push(asked.length);
    }
    return counts;
  });

it("an answer is kept for its TTL, and comes out with what is left of it", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* make();
    const first = yield* query("a.example", "A");
    assertEquals([first.age, Answer.ttl(first)], [undefined, 100]);
    yield* TestClock.adjust("60500 millis");
    const later = yield* query("a.example", "A");
    assertEquals([later.age, Answer.ttl(later), later.records.map(({ ttl }) => ttl)], [60, 40, [40]]);
    yield* TestClock.adjust("39499 millis");
    assertEquals(Answer.ttl(yield* query("a.example", "A")), 1);
    assertEquals(asked.length, 1);
    yield* TestClock.adjust("1 millis");
    assertEquals((yield* query("a.example", "A")).age, undefined);
    assertEquals(asked.length, 2);
  }));

for (
  const [what, question, waits, counts, options] of [
    ["an alias is kept for its own TTL", ["www.example", "A"], ["9999 millis", "1 millis"], [1, 1, 2]],
    ["NXDOMAIN is kept for the negative TTL", ["no.example", "MX"], ["49999 millis", "1 millis"], [1, 1, 2]],
    ["NODATA is kept for the negative TTL", ["b.example", "MX"], ["49999 millis", "1 millis"], [1, 1, 2]],
    ["a TTL of 0 is not kept", ["zero.example", "A"], ["0 millis"], [1, 2]],
    ["records are kept for a day at most", ["week.example", "A"], ["23 hours", "1 hour"], [1, 1, 2]],
    ["that limit can be set", ["week.example", "A"], ["59 minutes", "1 minute"], [1, 1, 2], { maxTtl: "1 hour" }],
    ['a "no" has a limit too', ["no.example", "A"], ["9 seconds", "1 second"], [1, 1, 2], {
      maxNegativeTtl: "10 seconds",
    }],
    ["a failure is kept for 5 seconds", ["broken.example", "A"], ["4999 millis", "1 millis"], [1, 1, 2]],
    ["or longer", ["broken.example", "A"], ["59 seconds", "1 second"], [1, 1, 2], { failureTtl: "1 minute" }],
    ["but 5 minutes at most", ["broken.example", "A"], ["4 minutes", "1 minute"], [1, 1, 2], { failureTtl: "1 hour" }],
    ["or not at all", ["broken.example", "A"], ["0 millis"], [1, 2], { failureTtl: 0 }],
  ] as ReadonlyArray<
    [string, readonly [string, RecordType], ReadonlyArray<string>, ReadonlyArray<number>, Cache.CacheOptions?]
  >
) {
  it(`cache: ${what}`, () => Effect.map(times(question, waits, options), (found) => assertEquals(found, counts)));
}

it("a negative answer comes out with what is left of its time, and without a time it is not kept", () =>
  Effect.gen(function* () {
    const { query } = yield* make();
    yield* query("no.example", "MX");
    yield* TestClock.adjust("20 seconds");
    const later = yield* query("no.example", "MX");
    assertEquals([later.status, later.negativeTtl, later.age], ["NoName", 30, 20]);
    const untimed: Resolver.Resolver = {
      query: (name, type) => Effect.map(zone.query(name, type), (answer) => ({ ...answer, negativeTtl: undefined })),
    };
    const { asked, query: ask } = yield* make({}, untimed);
    yield* ask("no.example", "MX");
    yield* ask("no.example", "MX");
    assertEquals(asked.length, 2);
  }));

it("a failure comes out as it went in, and what is wrong with the text itself is not kept", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* make();
    const first = yield* Effect.flip(query("broken.example", "MX"));
    const second = yield* Effect.flip(query("broken.example", "MX"));
    assertEquals([first.reason, second.reason, asked.length], ["ServerFailure", "ServerFailure", 1]);
    assertEquals((yield* Effect.flip(query("a..b", "MX"))).reason, "BadName");
    assertEquals(asked.length, 1, "nobody is asked about that");
    const forGood = yield* make({}, { query: () => Effect.fail(new DnsError({ reason: "BadServer" })) });
    yield* Effect.flip(forGood.query("a.example", "A"));
    yield* Effect.flip(forGood.query("a.example", "A"));
    assertEquals(forGood.asked.length, 2);
  }));

it("types are apart, spellings of a name are not, and each gets its own back", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* make();
    yield* query("b.example", "A");
    assertEquals((yield* query("b.example", "TXT")).records.length, 1);
    const { name, canonicalName, age } = yield* query("B.Example.", "A");
    assertEquals([name, canonicalName, age], ["B.Example", "B.Example", 0]);
    assertEquals((yield* query("WWW.example", "A")).canonicalName, "a.example");
    assertEquals(asked, ["A b.example", "TXT b.example", "A www.example"]);
  }));

/** A cache whose resolver takes a second for each answer, and counts those that are under way. */
const slow = Effect.suspend(() => {
  const open = { now: 0 };
  const query: Resolver.Resolver["query"] = (name, type) =>
    Effect.acquireUseRelease(
      Effect.sync(() => open.now++),
      () => Effect.delay(zone.query(name, type), "1 second"),
      () => Effect.sync(() => open.now--),
    );
  return Effect.map(make({}, { query }), (cached) => ({ ...cached, open }));
});

it("who asks the same at the same time waits for one look-up", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* slow;
    const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(query("a.example", "A")));
    yield* TestClock.adjust("1 second");
    const answers = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber));
    assertEquals(asked.length, 1);
    for (const answer of answers) assertEquals(Answer.ttl(answer), 100);
  }));

it("of those who wait, one that gives up takes nothing from the others; the last one ends the look-up", () =>
  Effect.gen(function* () {
    const { asked, query, open } = yield* slow;
    const first = yield* Effect.forkChild(query("a.example", "A"));
    yield* Effect.yieldNow;
    const second = yield* Effect.forkChild(query("a.example", "A"));
    yield* Effect.yieldNow;
    yield* Fiber.interrupt(first);
    assertEquals(open.now, 1);
    yield* TestClock.adjust("1 second");
    assertEquals([(yield* Fiber.join(second)).status, asked.length, open.now], ["Records", 1, 0]);

    const alone = yield* Effect.forkChild(query("b.example", "A"));
    yield* Effect.yieldNow;
    yield* Fiber.interrupt(alone);
    assertEquals(open.now, 0);
    const again = yield* Effect.forkChild(query("b.example", "A"));
    yield* TestClock.adjust("1 second");
    assertEquals(
      [(yield* Fiber.join(again)).status, asked.length],
      ["Records", 3],
      "nothing is kept of what was given up",
    );
  }));

it("what was not used for longest makes room", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* make({ capacity: 2 });
    for (const name of ["a.example", "b.example", "a.example", "week.example", "a.example", "b.example"]) {
      yield* query(name, "A");
    }
    assertEquals(asked, ["A a.example", "A b.example", "A week.example", "A b.example"]);
  }));

it("as a layer it stands before the resolver of the context", () =>
  Effect.gen(function* () {
    const { asked, query } = yield* make();
    const layer = Layer.provide(Cache.layer(), Layer.succeed(Resolver.Resolver, { query: (...all) => query(...all) }));
    const ages = yield* Effect.all([Resolver.query("a.example", "A"), Resolver.query("a.example", "A")]).pipe(
      Effect.map((answers) => answers.map(({ age }) => age)),
      Effect.provide(layer),
    );
    assertEquals(ages, [undefined, 0]);
    assert(asked.length === 1);
  }));
