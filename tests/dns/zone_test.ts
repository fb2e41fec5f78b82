import { assertEquals } from "@std/assert";
import * as Answer from "@plausch/dns/answer";
import * as Record from "@plausch/dns/record";
import * as Zone from "@plausch/dns/zone";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";

const zone = Result.getOrThrow(Zone.make({
  ttl: 120,
  negativeTtl: 30,
  records: {
    "Plausch.test.": { MX: ["10 mx1.plausch.test", "20 mx2.plausch.test"], TXT: "v=spf1 mx -all" },
    "mx1.plausch.test": { A: { data: ["192.0.2.1", "192.0.2.2"], ttl: 7, authenticated: true } },
    "www.plausch.test": { CNAME: { data: "mx1.plausch.test", authenticated: true } },
    "out.plausch.test": { CNAME: "elsewhere.example" },
    "loop1.plausch.test": { CNAME: "loop2.plausch.test" },
    "loop2.plausch.test": { CNAME: "loop1.plausch.test" },
    "half.plausch.test": { A: "192.0.2.3", AAAA: { failure: "Timeout" } },
    "alias.plausch.test": { CNAME: "broken.plausch.test" },
    "broken.plausch.test": { failure: "ServerFailure", TXT: "but this works" },
    "refused.plausch.test": { failure: "Refused" },
    "*.wild.plausch.test": { MX: "10 mx1.plausch.test" },
    "there.wild.plausch.test": { A: "192.0.2.4" },
    "a.b.deep.plausch.test": { A: "192.0.2.5" },
    "xn--bcher-kva.plausch.test": { A: "192.0.2.6" },
  },
}));

const summary = (name: string, type: Record.RecordType) =>
  Effect.runSync(Effect.match(zone.query(name, type), {
    onFailure: (error) => `${error.reason} ${error.rcode ?? ""}`.trim(),
    onSuccess: (answer) => [answer.status, ...answer.records.map(Record.formatData)].join(" | "),
  }));

for (
  const [name, type, expected] of [
    ["PLAUSCH.test", "MX", "Records | 10 mx1.plausch.test. | 20 mx2.plausch.test."],
    ["plausch.test.", "TXT", 'Records | "v=spf1 mx -all"'],
    ["plausch.test", "A", "NoData"],
    ["nowhere.plausch.test", "A", "NoName"],
    ["www.plausch.test", "A", "Records | mx1.plausch.test. | 192.0.2.1 | 192.0.2.2"],
    ["www.plausch.test", "MX", "NoData | mx1.plausch.test."],
    ["www.plausch.test", "CNAME", "Records | mx1.plausch.test."],
    ["out.plausch.test", "MX", "NoName | elsewhere.example."],
    ["loop1.plausch.test", "MX", "ServerFailure SERVFAIL"],
    ["half.plausch.test", "A", "Records | 192.0.2.3"],
    ["half.plausch.test", "AAAA", "Timeout"],
    ["half.plausch.test", "MX", "NoData"],
    ["broken.plausch.test", "MX", "ServerFailure SERVFAIL"],
    ["broken.plausch.test", "TXT", 'Records | "but this works"'],
    ["alias.plausch.test", "MX", "ServerFailure SERVFAIL"],
    ["refused.plausch.test", "A", "Refused REFUSED"],
    ["any.thing.wild.plausch.test", "MX", "Records | 10 mx1.plausch.test."],
    ["any.wild.plausch.test", "A", "NoData"],
    ["there.wild.plausch.test", "MX", "NoData"],
    ["below.there.wild.plausch.test", "MX", "NoName"],
    ["wild.plausch.test", "MX", "NoData"],
    ["b.deep.plausch.test", "A", "NoData"],
    ["c.b.deep.plausch.test", "A", "NoName"],
    ["bücher.plausch.test", "A", "Records | 192.0.2.6"],
    ["a..b", "A", "BadName"],
  ] as const
) {
  Deno.test(`a fixed zone answers ${type} ${name} with: ${expected}`, () => {
    assertEquals(summary(name, type), expected);
  });
}

it("records have their TTL or the zone's, and no answers the negative one", () =>
  Effect.gen(function* () {
    assertEquals(Answer.ttl(yield* zone.query("plausch.test", "MX")), 120);
    assertEquals(Answer.ttl(yield* zone.query("mx1.plausch.test", "A")), 7);
    assertEquals(Answer.ttl(yield* zone.query("plausch.test", "A")), 30);
  }));

it("an answer is authenticated only when every link of it is", () =>
  Effect.gen(function* () {
    assertEquals((yield* zone.query("www.plausch.test", "A")).authenticated, true);
    assertEquals((yield* zone.query("www.plausch.test", "MX")).authenticated, false, "the no is not");
    assertEquals((yield* zone.query("plausch.test", "MX")).authenticated, false);
  }));

it("an answer tells that it is from a fixed zone", () =>
  Effect.gen(function* () {
    const { server, transport, elapsed, name } = yield* zone.query("Plausch.TEST.", "MX");
    assertEquals([server, transport, elapsed, name], ["static", "static", 0, "Plausch.TEST"]);
  }));

it("a wildcard at the root stands for every name", () =>
  Effect.gen(function* () {
    const all = Result.getOrThrow(Zone.make({ records: { "*": { A: "192.0.2.1" }, "there.example": { TXT: "x" } } }));
    assertEquals((yield* all.query("any.thing", "A")).status, "Records");
    assertEquals((yield* all.query("there.example", "A")).status, "NoData");
    assertEquals(
      (yield* all.query("not.example", "A")).status,
      "NoName",
      "example exists, and has no wildcard below it",
    );
    const none = Result.getOrThrow(Zone.make({ records: {} }));
    assertEquals((yield* none.query("any.thing", "A")).status, "NoName");
  }));

it("an empty list of records is no records", () =>
  Effect.gen(function* () {
    const zone = Result.getOrThrow(Zone.make({ records: { "a.example": { MX: [], CNAME: [] } } }));
    assertEquals((yield* zone.query("a.example", "MX")).status, "NoData");
  }));

Deno.test("a zone with a record or a name that cannot be read fails", () => {
  const reason = (records: Zone.StaticZone["records"]) => Result.getOrThrow(Result.flip(Zone.make({ records }))).reason;
  assertEquals(reason({ "a.example": { A: ["192.0.2.1", "192.0.2.256"] } }), "BadRecord");
  assertEquals(reason({ "a..example": { A: "192.0.2.1" } }), "BadName");
});
