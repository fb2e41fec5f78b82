import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Answer } from "@plausch/dns/answer";
import { DnsError } from "@plausch/dns/dns-error";
import * as NameServer from "@plausch/dns/name-server";
import * as Record from "@plausch/dns/record";
import * as StubResolver from "@plausch/dns/stub-resolver";
import type { Transport } from "@plausch/dns/transport";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";

/** What a server of these tests does with a query. */
type Behaviour =
  | "silent"
  | "unreachable"
  | "truncated"
  | "garbage"
  | { readonly rcode: number }
  | { readonly address: string; readonly after?: string };

interface Ask {
  readonly server: string;
  readonly over: "udp" | "tcp";
  readonly edns: boolean;
  readonly id: number;
}

/** A transport whose servers behave as told, by address and transport, one behaviour for each query. */
const network = (plan: { readonly [where: string]: ReadonlyArray<Behaviour> }) => {
  const asks: Array<Ask> = [];
  const left = new Map(Object.entries(plan).map(([where, behaviours]) => [where, [...behaviours]]));
  let id = 0;
  const open = { count: 0 };
  const exchange = (over: "udp" | "tcp"): Transport["udp"] => (server, query, accept) =>
    Effect.suspend(() => {
      const key = `${over} ${server.address}`;
      const edns = query[11] === 1;
      asks.push({ server: server.address, over, edns, id: query[0]! * 256 + query[1]! });
      const behaviour = left.get(key)?.shift();
      if (behaviour === undefined) throw new Error(`nobody planned for one more query at ${key}`);
      return react(query, accept, behaviour);
    }).pipe(
      (effect) =>
        Effect.acquireUseRelease(Effect.sync(() => open.count++), () => effect, () => Effect.sync(() => open.count--)),
    );
  const transport: Transport = { id: Effect.sync(() => ++id), udp: exchange("udp"), tcp: exchange("tcp") };
  return { transport, asks, open };
};

const react = (query: Uint8Array, accept: (reply: Uint8Array) => boolean, behaviour: Behaviour) => {
  if (behaviour === "silent") return Effect.never;
  if (behaviour === "unreachable") return Effect.fail(new DnsError({ reason: "Unreachable", cause: "refused" }));
  const question = query.subarray(0, query.length - (query[11] === 1 ? 11 : 0));
  const header = (flags: number, answers: number) => {
    const reply = question.slice();
    reply.set([0x80 | 0x01 | (flags >> 8), 0x80 | (flags & 0xff), 0, 1, 0, answers, 0, 0, 0, 0], 2);
    return reply;
  };
  if (behaviour === "truncated") return heard(header(0x0200, 0));
  if (behaviour === "garbage") return heard(header(0, 9));
  if ("rcode" in behaviour) return heard(header(behaviour.rcode, 0));
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...behaviour.address.split(".").map(Number)];
  const reply = Uint8Array.from([...header(0x20, 1), ...record]);
  return Effect.delay(heard(reply), (behaviour.after ?? "0 millis") as "0 millis");

  function heard(reply: Uint8Array) {
    assert(accept(reply), "the resolver would not take the reply of this test");
    const forged = reply.slice();
    forged[1] = forged[1]! ^ 1;
    assert(!accept(forged), "a reply with another id was taken");
    return Effect.succeed(reply);
  }
};

const servers = (...addresses: ReadonlyArray<string>) =>
  addresses.map((address) => Result.getOrThrow(NameServer.fromString(address)));

const addresses = (answer: Answer) => answer.records.map(Record.formatData);

const one = servers("192.0.2.1");
const two = servers("192.0.2.1", "192.0.2.2");

it("an answer tells who gave it, over what, and after how long", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({ "udp 192.0.2.1": [{ address: "198.51.100.1", after: "40 millis" }] });
    const fiber = yield* Effect.forkChild(StubResolver.make(transport, { servers: one }).query("A.example.", "A"));
    yield* TestClock.adjust("40 millis");
    const answer = yield* Fiber.join(fiber);
    assertEquals(addresses(answer), ["198.51.100.1"]);
    assertEquals([answer.name, answer.server, answer.transport, answer.elapsed, answer.authenticated], [
      "A.example",
      "192.0.2.1:53",
      "udp",
      40,
      false,
    ]);
    assertEquals(answer.ad, true);
    assertEquals(asks, [{ server: "192.0.2.1", over: "udp", edns: true, id: 1 }]);
  }));

for (
  const [address, trustAd, isBelieved] of [
    ["127.0.0.53", undefined, true],
    ["::1", undefined, true],
    ["192.0.2.1", undefined, false],
    ["192.0.2.1", true, true],
    ["192.0.2.1", false, false],
    ["127.0.0.53", false, false],
  ] as const
) {
  it(`the AD bit of ${address} is ${isBelieved ? "" : "not "}believed where trustAd is ${trustAd}`, () =>
    Effect.gen(function* () {
      const { transport } = network({ [`udp ${address}`]: [{ address: "198.51.100.1" }] });
      const answer = yield* StubResolver.make(transport, { servers: servers(address), trustAd }).query(
        "a.example",
        "A",
      );
      assertEquals([answer.ad, answer.authenticated], [true, isBelieved]);
    }));
}

it("each server is believed for itself", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 127.0.0.1": ["unreachable"], "udp 192.0.2.1": [{ address: "198.51.100.1" }] });
    const resolver = StubResolver.make(transport, { servers: servers("127.0.0.1", "192.0.2.1") });
    assertEquals((yield* resolver.query("a.example", "A")).authenticated, false);
  }));

it("a cut answer is asked for again over TCP, with an id of its own", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({
      "udp 192.0.2.1": ["truncated"],
      "tcp 192.0.2.1": [{ address: "198.51.100.1" }],
    });
    const answer = yield* StubResolver.make(transport, { servers: one }).query("a.example", "A");
    assertEquals([addresses(answer), answer.transport], [["198.51.100.1"], "tcp"]);
    assertEquals(asks.map(({ over, id }) => [over, id]), [["udp", 1], ["tcp", 2]]);
  }));

it("an answer that is cut over TCP too is malformed, and never used", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 192.0.2.1": ["truncated"], "tcp 192.0.2.1": ["truncated"] });
    const error = yield* Effect.flip(StubResolver.make(transport, { servers: one, tries: 1 }).query("a.example", "A"));
    assertEquals(error.reason, "Malformed");
    assertStringIncludes(error.message, "the answer is cut, though it came over TCP");
  }));

it("when TCP fails, the next server is asked", () =>
  Effect.gen(function* () {
    const { transport } = network({
      "udp 192.0.2.1": ["truncated"],
      "tcp 192.0.2.1": ["unreachable"],
      "udp 192.0.2.2": [{ address: "198.51.100.2" }],
    });
    const answer = yield* StubResolver.make(transport, { servers: two }).query("a.example", "A");
    assertEquals(answer.server, "192.0.2.2:53");
  }));

for (const rcode of [2, 4, 5]) {
  it(`a server that answers with code ${rcode} is done with, the next one is asked`, () =>
    Effect.gen(function* () {
      const { transport, asks } = network({
        "udp 192.0.2.1": [{ rcode }],
        "udp 192.0.2.2": [{ address: "198.51.100.2" }],
      });
      const answer = yield* StubResolver.make(transport, { servers: two }).query("a.example", "A");
      assertEquals(answer.server, "192.0.2.2:53");
      assertEquals(asks.length, 2);
    }));
}

for (const rcode of [0, 3]) {
  it(`code ${rcode} is an answer: no other server is asked`, () =>
    Effect.gen(function* () {
      const { transport, asks } = network({ "udp 192.0.2.1": [{ rcode }] });
      const answer = yield* StubResolver.make(transport, { servers: two }).query("a.example", "MX");
      assertEquals(answer.status, rcode === 3 ? "NoName" : "NoData");
      assertEquals(asks.length, 1);
    }));
}

it("a server that cannot read EDNS is asked again without it", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({ "udp 192.0.2.1": [{ rcode: 1 }, { address: "198.51.100.1" }] });
    const answer = yield* StubResolver.make(transport, { servers: one }).query("a.example", "A");
    assertEquals(addresses(answer), ["198.51.100.1"]);
    assertEquals(asks.map(({ edns }) => edns), [true, false]);
  }));

it("EDNS says the size that was set, at least 512", () =>
  Effect.gen(function* () {
    const sizes: Array<number> = [];
    const udp: Transport["udp"] = (_server, query) => {
      sizes.push(query[query.length - 8]! * 256 + query[query.length - 7]!);
      return Effect.fail(new DnsError({ reason: "Unreachable" }));
    };
    for (const ednsSize of [undefined, 4096, 100]) {
      const resolver = StubResolver.make({ id: Effect.succeed(1), udp, tcp: udp }, {
        servers: one,
        tries: 1,
        ednsSize,
      });
      yield* Effect.flip(resolver.query("a.example", "A"));
    }
    assertEquals(sizes, [1232, 4096, 512]);
  }));

it("without EDNS there is nothing to leave out: FORMERR is final", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({ "udp 192.0.2.1": [{ rcode: 1 }] });
    const resolver = StubResolver.make(transport, { servers: one, ednsSize: false });
    assertEquals((yield* Effect.flip(resolver.query("a.example", "A"))).reason, "FormatError");
    assertEquals(asks.map(({ edns }) => edns), [false]);
  }));

it("a silent server costs one time-out a round, and the error tells all tries", () =>
  Effect.gen(function* () {
    const { transport, asks, open } = network({
      "udp 192.0.2.1": ["silent", "silent"],
      "udp 192.0.2.2": ["silent", "silent"],
    });
    const resolver = StubResolver.make(transport, { servers: two });
    const fiber = yield* Effect.forkChild(Effect.flip(resolver.query("a.example", "MX")));
    yield* TestClock.adjust("4999 millis");
    assertEquals(asks.map(({ server }) => server), ["192.0.2.1"]);
    yield* TestClock.adjust("1 millis");
    assertEquals(asks.map(({ server }) => server), ["192.0.2.1", "192.0.2.2"]);
    yield* TestClock.adjust("15 seconds");
    const error = yield* Fiber.join(fiber);
    assertEquals([error.reason, error.isTemporary, error.domain, error.type], ["Timeout", true, "a.example", "MX"]);
    assertEquals(error.attempts?.map(({ server, reason }) => `${server} ${reason}`), [
      "192.0.2.1:53 Timeout",
      "192.0.2.2:53 Timeout",
      "192.0.2.1:53 Timeout",
      "192.0.2.2:53 Timeout",
    ]);
    assertEquals(
      error.message,
      'Cannot look up MX of "a.example" at 192.0.2.1:53: no answer came in time; ' +
        "is this a name server, and does it hear us? (4 tries)",
    );
    assertEquals(open.count, 0, "every exchange was interrupted");
  }));

it("time-out and tries can be set, and TCP has a limit of its own", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 192.0.2.1": ["truncated"], "tcp 192.0.2.1": ["silent"] });
    const resolver = StubResolver.make(transport, { servers: one, timeout: "2 seconds", tries: 1 });
    const fiber = yield* Effect.forkChild(Effect.exit(resolver.query("a.example", "A")));
    yield* TestClock.adjust("1999 millis");
    assertEquals(fiber.pollUnsafe(), undefined);
    yield* TestClock.adjust("1 millis");
    assert(Exit.isFailure(yield* Fiber.join(fiber)));
  }));

it("a server that is late in the first round may answer in the second", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 192.0.2.1": ["silent", { address: "198.51.100.1" }] });
    const fiber = yield* Effect.forkChild(StubResolver.make(transport, { servers: one }).query("a.example", "A"));
    yield* TestClock.adjust("5 seconds");
    const answer = yield* Fiber.join(fiber);
    assertEquals([addresses(answer), answer.elapsed], [["198.51.100.1"], 5000]);
  }));

it("what a server said counts for more than that another was silent, and it is not asked twice", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({
      "udp 192.0.2.1": [{ rcode: 2 }],
      "udp 192.0.2.2": ["unreachable", "garbage"],
    });
    const error = yield* Effect.flip(StubResolver.make(transport, { servers: two }).query("a.example", "MX"));
    assertEquals([error.reason, error.rcode, error.server], ["ServerFailure", "SERVFAIL", "192.0.2.1:53"]);
    assertEquals(error.attempts?.map(({ reason }) => reason), ["ServerFailure", "Unreachable", "Malformed"]);
    assertEquals(asks.map(({ server }) => server), ["192.0.2.1", "192.0.2.2", "192.0.2.2"]);
  }));

it("a failure of the socket keeps its cause", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 192.0.2.1": ["unreachable"] });
    const error = yield* Effect.flip(StubResolver.make(transport, { servers: one, tries: 1 }).query("a.example", "A"));
    assertEquals([error.reason, error.cause], ["Unreachable", "refused"]);
  }));

it("an answer that cannot be read is asked for again", () =>
  Effect.gen(function* () {
    const { transport } = network({ "udp 192.0.2.1": ["garbage", { address: "198.51.100.1" }] });
    assertEquals(addresses(yield* StubResolver.make(transport, { servers: one }).query("a.example", "A")), [
      "198.51.100.1",
    ]);
  }));

it("over TCP only, no datagram is sent", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({ "tcp 192.0.2.1": [{ address: "198.51.100.1" }] });
    const answer = yield* StubResolver.make(transport, { servers: one, transport: "tcp" }).query("a.example", "A");
    assertEquals([answer.transport, asks.length], ["tcp", 1]);
  }));

it("a bad name is refused before anyone is asked, and so is a resolver without servers", () =>
  Effect.gen(function* () {
    const { transport, asks } = network({});
    const bad = yield* Effect.flip(StubResolver.make(transport, { servers: one }).query("a b", "A"));
    assertEquals([bad.reason, bad.isTemporary], ["BadName", false]);
    const none = yield* Effect.flip(StubResolver.make(transport, { servers: [] }).query("a.example", "A"));
    assertEquals(none.message, 'Cannot look up A of "a.example": no name server is known; name one');
    assertEquals(asks, []);
  }));

it("interrupting a look-up ends the exchange", () =>
  Effect.gen(function* () {
    const { transport, open } = network({ "udp 192.0.2.1": ["silent"] });
    const fiber = yield* Effect.forkChild(StubResolver.make(transport, { servers: one }).query("a.example", "A"));
    yield* TestClock.adjust("1 seconds");
    assertEquals(open.count, 1);
    yield* Fiber.interrupt(fiber);
    assertEquals(open.count, 0);
  }));
