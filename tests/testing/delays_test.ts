import { assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const play = (text: string) => MockSocket.make(Result.getOrThrow(Transcript.parse(text)));

it("a greeting comes when its time has come, not before", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("~ 5 minutes\n< 220 mx\n")).socket);
    const greeting = yield* Effect.forkChild(client.read);
    yield* TestClock.adjust("299999 millis");
    assertEquals(greeting.pollUnsafe(), undefined);
    yield* TestClock.adjust("1 millis");
    assertEquals(yield* Fiber.join(greeting), "220 mx\r\n");
  }));

it("a client that looks a millisecond too early finds nothing", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("~ 5 minutes\n< 220 mx\n")).socket);
    yield* TestClock.adjust("299999 millis");
    const greeting = yield* Effect.forkChild(Effect.timeoutOption(client.read, "1 micros"));
    yield* TestClock.adjust("2 micros");
    assertEquals(yield* Fiber.join(greeting), Option.none());
  }));

it("a delay runs from the dial or the client's last octet, whether or not the client reads", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("~ 10 seconds\n< 220 mx\n> NOOP\n~ 10 seconds\n< 250 ok\n")).socket);
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* client.read, "220 mx\r\n");
    yield* client.say("NOOP");
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* client.read, "250 ok\r\n");
  }));

it("an interrupted pull does not begin the delay anew: a server that drips is not helped by short reads", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("< 2\\\n~ 4 minutes\n< 2\\\n~ 4 minutes\n< 0\n")).socket);
    assertEquals(yield* client.read, "2");
    const reading = yield* Effect.forkChild(Effect.timeoutOption(client.read, "3 minutes"));
    yield* TestClock.adjust("3 minutes");
    assertEquals(yield* Fiber.join(reading), Option.none());
    const second = yield* Effect.forkChild(client.read);
    yield* TestClock.adjust("1 minute");
    assertEquals(yield* Fiber.join(second), "2");
    const third = yield* Effect.forkChild(client.read);
    yield* TestClock.adjust("4 minutes");
    assertEquals(yield* Fiber.join(third), "0\r\n");
  }));

it("the server closes when its time has come; before it, nothing may be said", () =>
  Effect.gen(function* () {
    const peer = yield* play("< 220 mx\n~ 5 minutes\n< 421 idle\n* server closes\n");
    const client = yield* wire(peer.socket);
    yield* client.read;
    yield* TestClock.adjust("5 minutes");
    assertEquals(yield* client.read, "421 idle\r\n");
    assertEquals((yield* Effect.flip(client.say("QUIT"))).reason._tag, "SocketWriteError");
    yield* peer.verify;
  }));

it("a write is heard until the server closes late", () =>
  Effect.gen(function* () {
    const peer = yield* play("* server stops listening\n~ 1 minute\n* server drops\n");
    const client = yield* wire(peer.socket);
    yield* client.say("one");
    yield* TestClock.adjust("1 minute");
    assertEquals((yield* Effect.flip(client.say("two"))).reason._tag, "SocketWriteError");
    assertEquals(yield* peer.heard, ["one"]);
  }));

it("a server that never answers waits longer than anybody", () =>
  Effect.gen(function* () {
    const peer = yield* play("> QUIT\n* server never answers\n");
    const client = yield* wire(peer.socket);
    yield* client.say("QUIT");
    const reading = yield* Effect.forkChild(Effect.timeoutOption(client.read, "20 days"));
    yield* TestClock.adjust("20 days");
    assertEquals(yield* Fiber.join(reading), Option.none());
    yield* peer.verify;
  }));

it("delays add up, and chunks of a turn come together", () =>
  Effect.gen(function* () {
    const client = yield* wire((yield* play("~ 1 minute\n~ 1 minute\n< a\\|b\\\n~ 1.5 seconds\n< c\n")).socket);
    const times: Array<readonly [string, number]> = [];
    const clock = yield* TestClock.testClockWith(Effect.succeed);
    const reading = yield* Effect.forkChild(Effect.gen(function* () {
      for (let i = 0; i < 3; i++) times.push([yield* client.read, clock.currentTimeMillisUnsafe()]);
    }));
    yield* TestClock.adjust("1 hour");
    yield* Fiber.join(reading);
    assertEquals(times, [["a", 120_000], ["b", 120_000], ["c\r\n", 121_500]]);
  }));
