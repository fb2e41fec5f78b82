import { assertEquals } from "@std/assert";
import * as Answer from "@plausch/dns/answer";
import * as Record from "@plausch/dns/record";
import * as Result from "effect/Result";

const record = (name: string, type: Record.RecordType, rdata: string, ttl = 300) =>
  Result.getOrThrow(Record.fromString(name, type, rdata, ttl));

const make = (
  name: string,
  type: Record.RecordType,
  records: ReadonlyArray<Record.ResourceRecord>,
  more: Partial<Answer.AnswerParts> = {},
) =>
  Answer.make({
    name,
    type,
    rcode: "NOERROR",
    authenticated: false,
    records,
    server: "static",
    transport: "static",
    elapsed: 0,
    ...more,
  });

const chain = [
  record("c.example", "A", "192.0.2.1", 100),
  record("B.example", "CNAME", "C.Example", 50),
  record("stranger.example", "A", "192.0.2.66", 1),
  record("a.example", "CNAME", "b.example", 70),
];

Deno.test("aliases are followed in any order and case, and records of others are left out", () => {
  const answer = Result.getOrThrow(make("A.example", "A", chain));
  assertEquals(answer.status, "Records");
  assertEquals(answer.canonicalName, "C.Example");
  assertEquals(answer.aliases.map((alias) => alias.target), ["b.example", "C.Example"]);
  assertEquals(Answer.records(answer, "A").map((one) => one.address), ["192.0.2.1"]);
  assertEquals(Answer.records(answer, "AAAA"), []);
});

Deno.test("the time to keep an answer is the least of its records and aliases", () => {
  assertEquals(Answer.ttl(Result.getOrThrow(make("a.example", "A", chain))), 50);
  assertEquals(Answer.ttl(Result.getOrThrow(make("c.example", "A", chain))), 100);
});

Deno.test("a negative answer is kept for the negative TTL, but no longer than the alias to it, and not without one", () => {
  const ttl = (more: Partial<Answer.AnswerParts>) =>
    Answer.ttl(Result.getOrThrow(make("a.example", "MX", chain, more)));
  assertEquals(ttl({ negativeTtl: 20 }), 20);
  assertEquals(ttl({ negativeTtl: 2000 }), 50);
  assertEquals(ttl({}), undefined);
});

Deno.test("an alias without records at its end is no data, or no name", () => {
  const noData = Result.getOrThrow(make("a.example", "MX", chain));
  assertEquals([noData.status, noData.canonicalName], ["NoData", "C.Example"]);
  assertEquals(Result.getOrThrow(make("a.example", "MX", chain, { rcode: "NXDOMAIN" })).status, "NoName");
});

Deno.test("who asks for the alias itself gets it, and it is not followed", () => {
  const answer = Result.getOrThrow(make("a.example", "CNAME", chain));
  assertEquals([answer.status, answer.canonicalName, answer.aliases.length], ["Records", "a.example", 0]);
  assertEquals(Answer.records(answer, "CNAME").map((one) => one.target), ["b.example"]);
});

const loopOf = (records: ReadonlyArray<Record.ResourceRecord>) => {
  const result = make("a.example", "A", records);
  return Result.isFailure(result) ? result.failure.reason : result.success.status;
};

Deno.test("aliases in a circle are an error", () => {
  assertEquals(loopOf([record("a.example", "CNAME", "A.example.")]), "AliasLoop");
  assertEquals(
    loopOf([record("a.example", "CNAME", "b.example"), record("b.example", "CNAME", "a.example")]),
    "AliasLoop",
  );
});

Deno.test("16 aliases pass, 17 are as bad as a circle", () => {
  const long = (count: number) => [
    ...Array.from({ length: count }, (_, at) => record(at === 0 ? "a.example" : `n${at}`, "CNAME", `n${at + 1}`)),
    record(`n${count}`, "A", "192.0.2.1"),
  ];
  assertEquals(loopOf(long(16)), "Records");
  assertEquals(loopOf(long(17)), "AliasLoop");
});

Deno.test("an answer ages: every time in it is shorter, none is below 0, and the rest is as it was", () => {
  const answer = Result.getOrThrow(make("a.example", "A", chain, { negativeTtl: 40 }));
  const later = Answer.aged(answer, 30);
  assertEquals(later.records.map(({ ttl }) => ttl), [70, 20, 0, 40]);
  assertEquals(later.aliases.map(({ ttl }) => ttl), [40, 20]);
  assertEquals([later.negativeTtl, later.age, Answer.ttl(later)], [10, 30, 20]);
  assertEquals(Answer.aged(answer, 0), { ...answer, age: 0 });
});

Deno.test("the AD bit is as it was told, and for records that nobody sent as they are believed", () => {
  const ad = (more: Partial<Answer.AnswerParts>) => Result.getOrThrow(make("c.example", "A", chain, more)).ad;
  assertEquals([ad({}), ad({ authenticated: true }), ad({ ad: true })], [false, true, true]);
});
