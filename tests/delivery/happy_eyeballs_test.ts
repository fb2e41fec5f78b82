// Several addresses of one host: who is dialled when, who wins, and what becomes of the others.
import { assert, assertEquals } from "@std/assert";
import * as HappyEyeballs from "@plausch/delivery/happy-eyeballs";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import * as FakeHosts from "../support/fake_hosts.ts";
import { it } from "../support/it.ts";

type Plan = { readonly [address: string]: FakeHosts.Behaviour };

const setUp = (plan: Plan, attemptDelay?: string) => {
  const hosts = FakeHosts.make((address) => plan[address]!);
  const tries: Array<HappyEyeballs.Try> = [];
  const routes = Object.keys(plan).map((address) => ({
    address,
    socket: hosts.dial({ host: "mx.test", address, port: 25, tls: "none", tlsOptions: {} }),
  }));
  const options = { tried: (attempt: HappyEyeballs.Try) => tries.push(attempt) };
  const socket = HappyEyeballs.make(
    routes,
    attemptDelay === undefined ? options : { ...options, attemptDelay: attemptDelay as "1 second" },
  );
  return { hosts, tries, socket, results: () => tries.map(({ address, result, at }) => [address, result, at]) };
};

/** Lets everything that is due have its turn. */
const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true });

const dial = (socket: Socket.Socket) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(socket.reader));
    yield* settle;
    return fiber;
  });

it("the first address answers: no other is dialled", () =>
  Effect.gen(function* () {
    const { hosts, results, socket } = setUp({ "2001:db8::1": "< 220 mx\n", "192.0.2.1": "< 220 mx\n" });
    const reader = yield* socket.reader;
    yield* TestClock.adjust("1 minute");
    assertEquals(hosts.dialled, ["2001:db8::1"]);
    assertEquals(results(), [["2001:db8::1", "connected", 0]]);
    assertEquals((yield* reader.pull).length, 1);
  }));

it("an address that says nothing: the next one is dialled after 250 ms, and wins", () =>
  Effect.gen(function* () {
    const { hosts, results, socket } = setUp({ "2001:db8::1": "timeout", "192.0.2.1": "< 220 mx\n" });
    const fiber = yield* dial(socket);
    yield* TestClock.adjust("249 millis");
    yield* settle;
    assertEquals(hosts.dialled, ["2001:db8::1"]);
    yield* TestClock.adjust("1 millis");
    yield* settle;
    assert(Exit.isSuccess(yield* Fiber.join(fiber)));
    assertEquals(results(), [["192.0.2.1", "connected", 250], ["2001:db8::1", "abandoned", 0]]);
  }));

it("an address that refuses: the next one is dialled at once", () =>
  Effect.gen(function* () {
    const { results, socket } = setUp({ "2001:db8::1": "refuse", "192.0.2.1": "< 220 mx\n" });
    yield* socket.reader;
    assertEquals(results(), [["2001:db8::1", "failed", 0], ["192.0.2.1", "connected", 0]]);
  }));

it("all refuse: it fails with what the last one said", () =>
  Effect.gen(function* () {
    const { results, socket } = setUp({ "2001:db8::1": "refuse", "192.0.2.1": "refuse" });
    const error = yield* Effect.flip(socket.reader);
    assertEquals(error.reason._tag, "SocketOpenError");
    assertEquals(results(), [["2001:db8::1", "failed", 0], ["192.0.2.1", "failed", 0]]);
  }));

it("a delay of one's own", () =>
  Effect.gen(function* () {
    const { hosts, socket } = setUp({ "1": "timeout", "2": "timeout", "3": "timeout" }, "2 seconds");
    const fiber = yield* dial(socket);
    for (const expected of [["1"], ["1", "2"], ["1", "2", "3"]]) {
      assertEquals(hosts.dialled, expected);
      yield* TestClock.adjust("2 seconds");
      yield* settle;
    }
    yield* Fiber.interrupt(fiber);
  }));

it("interrupted while it dials: nothing stays open, and the tries are abandoned", () =>
  Effect.gen(function* () {
    const { results, socket } = setUp({ "1": "timeout", "2": "timeout" });
    const fiber = yield* dial(socket);
    yield* TestClock.adjust("1 second");
    yield* settle;
    yield* Fiber.interrupt(fiber);
    assertEquals(results().toSorted(), [["1", "abandoned", 0], ["2", "abandoned", 250]]);
  }));

it("the connection lives as long as the scope that dialled it, and dials anew in another one", () =>
  Effect.gen(function* () {
    const { hosts, socket } = setUp({ "1": "< 220 mx\n" });
    const first = yield* Scope.make();
    yield* Scope.provide(socket.reader, first);
    assertEquals(hosts.open(), 1);
    yield* Scope.close(first, Exit.void);
    assertEquals(hosts.open(), 0);
    yield* Effect.scoped(socket.reader);
    assertEquals(hosts.dialled, ["1", "1"]);
    assertEquals(hosts.open(), 0);
  }));

it("a writer that was there first writes to the winner", () =>
  Effect.gen(function* () {
    const { socket } = setUp({ "1": "refuse", "2": "> EHLO c.test\n< 250 mx\n" });
    const writer = yield* socket.writer;
    const written = yield* Effect.forkChild(writer.write("EHLO c.test\r\n"));
    const reader = yield* socket.reader;
    yield* Fiber.join(written);
    assertEquals(new TextDecoder().decode((yield* reader.pull)[0] as Uint8Array), "250 mx\r\n");
  }));

Deno.test("the order: IPv6 first, then by turns, each family as it was", () => {
  const of = (addresses: string) =>
    addresses.split(" ").filter((address) => address !== "").map((address) => ({
      address,
      family: address.startsWith("s") ? 6 as const : 4 as const,
    }));
  const order = (addresses: string) => HappyEyeballs.interleave(of(addresses)).map(({ address }) => address).join(" ");
  assertEquals(order(""), "");
  assertEquals(order("f1 f2"), "f1 f2");
  assertEquals(order("f1 s1"), "s1 f1");
  assertEquals(order("f1 f2 f3 s1 s2"), "s1 f1 s2 f2 f3");
  assertEquals(order("s1 s2 s3 f1"), "s1 f1 s2 s3");
});
