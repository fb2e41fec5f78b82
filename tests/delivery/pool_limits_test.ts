import { assertEquals } from "@std/assert";
import type { Carried } from "./_pool.ts";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { accepted, begin, make, mock, next, opening, quit, taken } from "./_pool.ts";

/** A message that the server takes ten seconds to accept. */
const slow = taken().replace("< 250 queued", "~ 10 seconds\n< 250 queued");
const all: Carried = { verdicts: [accepted], failure: undefined };
const connected = (seen: ReadonlyArray<string>) => seen.filter((what) => what.endsWith("Connected")).length;

it("a host has so many sessions at one time, and whoever comes later waits in line", () =>
  Effect.gen(function* () {
    const { carry, close, seen } = yield* make({ maxPerHost: 2 });
    const one = yield* mock(opening + slow + slow + quit);
    const two = yield* mock(opening + slow + slow + quit);
    const finished: Array<number> = [];
    const fibers = yield* Effect.forEach(
      [1, 2, 3, 4],
      (errand) =>
        begin(Effect.tap(carry(errand % 2 === 1 ? one : two), () => Effect.sync(() => finished.push(errand)))),
    );
    assertEquals(connected(seen), 2);
    yield* TestClock.adjust("10 seconds");
    assertEquals(finished, [1, 2]);
    assertEquals(connected(seen), 2);
    yield* TestClock.adjust("10 seconds");
    assertEquals(finished, [1, 2, 3, 4]);
    assertEquals(yield* Effect.forEach(fibers, Fiber.join), [all, all, all, all]);
    yield* close;
    yield* one.verify;
    yield* two.verify;
  }));

it("one host does not hold up another", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 1 });
    const slowest = yield* begin(carry(yield* mock(`${opening}> MAIL FROM:<a@c.test>\n* server never answers\n`)));
    assertEquals(yield* carry(yield* mock(opening + taken()), { key: "other" }), all);
    yield* Fiber.interrupt(slowest);
  }));

it("whoever waits for too long is told so, and nothing was said for it", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 1, patience: "1 minute" });
    const mx = yield* mock(`${opening}> MAIL FROM:<a@c.test>\n* server never answers\n`);
    const first = yield* begin(carry(mx));
    const second = yield* begin(carry(mx));
    yield* TestClock.adjust("1 minute");
    assertEquals(yield* Fiber.join(second), {
      verdicts: ["deferred connect HostBusy"],
      failure: "HostBusy connect",
    });
    yield* Fiber.interrupt(first);
  }));

it("each has its own time to wait, whoever waits elsewhere", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 1, patience: "1 minute" });
    const silent = `${opening}> MAIL FROM:<a@c.test>\n* server never answers\n`;
    const over: Array<string> = [];
    for (const key of ["1", "2"]) {
      const mx = yield* mock(silent);
      yield* begin(carry(mx, { key }));
      yield* TestClock.adjust("20 seconds");
      yield* begin(Effect.map(carry(mx, { key }), ({ failure }) => over.push(`${key} ${failure}`)));
    }
    // At 20 and at 40 seconds they came, and now it is 40.
    yield* TestClock.adjust("39999 millis");
    assertEquals(over, []);
    yield* TestClock.adjust("1 millis");
    assertEquals(over, ["1 HostBusy connect"]);
    yield* TestClock.adjust("19999 millis");
    assertEquals(over.length, 1);
    yield* TestClock.adjust("1 millis");
    assertEquals(over, ["1 HostBusy connect", "2 HostBusy connect"]);
  }));

it("thousands who stand in line for a host that is down are told so at once", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 1, breaker: { failures: 1 } });
    const down = yield* mock("~ 10 seconds\n< 421 4.3.2 too busy\n");
    const first = yield* begin(carry(down));
    const others = yield* Effect.forEach(
      Array.from({ length: 5_000 }),
      () => Effect.forkChild(carry(down), { startImmediately: true }),
    );
    yield* TestClock.adjust("10 seconds");
    assertEquals((yield* Fiber.join(first)).verdicts, ["deferred greeting 421"]);
    for (const other of others) assertEquals((yield* Fiber.join(other)).failure, "HostPaused connect");
  }));

it("there are so many sessions with all hosts: the one that was idle for longest makes way", () =>
  Effect.gen(function* () {
    const { carry, close, seen } = yield* make({ maxSessions: 2 });
    const idle = yield* mock(opening + taken() + quit);
    const kept = yield* mock(opening + taken() + taken() + quit);
    const late = yield* mock(opening + taken() + quit);
    yield* carry(idle, { key: "1" });
    yield* carry(kept, { key: "2" });
    assertEquals(yield* carry(late, { key: "3" }), all);
    assertEquals(yield* carry(kept, { key: "2" }), all);
    assertEquals(connected(seen), 3);
    yield* close;
    yield* Effect.forEach([idle, kept, late], ({ verify }) => verify);
  }));

it("where all sessions are in use, the next host waits, and does not wait in vain for one that is put aside", () =>
  Effect.gen(function* () {
    const { carry, close, seen } = yield* make({ maxSessions: 1 });
    const used = yield* mock(opening + slow + quit);
    const late = yield* mock(opening + taken() + quit);
    const first = yield* begin(carry(used, { key: "1" }));
    const second = yield* begin(carry(late, { key: "2" }));
    assertEquals(connected(seen), 1);
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* Fiber.join(first), all);
    assertEquals(yield* Fiber.join(second), all);
    yield* close;
    yield* used.verify;
    yield* late.verify;
  }));

it("whoever waits too long for a place among all sessions is told so, and the place goes to the next", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxSessions: 1, patience: "4 seconds" });
    const first = yield* begin(carry(yield* mock(opening + slow + quit), { key: "1" }));
    const second = yield* begin(carry(yield* mock(opening), { key: "2" }));
    yield* TestClock.adjust("8 seconds");
    const third = yield* begin(carry(yield* mock(opening + taken()), { key: "3" }));
    yield* TestClock.adjust("2 seconds");
    assertEquals((yield* Fiber.join(second)).failure, "HostBusy connect");
    assertEquals(yield* Fiber.join(first), all);
    assertEquals(yield* Fiber.join(third), all);
  }));

it("a host has so many messages at once, and then evenly", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ rate: { messages: 2, window: "10 seconds" }, idle: "1 hour" });
    const mx = yield* mock(opening + taken().repeat(5));
    const begun = yield* Clock.currentTimeMillis;
    const times: Array<number> = [];
    const run = yield* begin(
      Effect.forEach(
        [1, 2, 3, 4, 5],
        () =>
          Effect.tap(carry(mx), () => Effect.map(Clock.currentTimeMillis, (now) => times.push((now - begun) / 1000))),
      ),
    );
    for (let second = 0; second < 15; second++) yield* TestClock.adjust("1 second");
    assertEquals(yield* Fiber.join(run), [all, all, all, all, all]);
    assertEquals(times, [0, 0, 5, 10, 15]);
  }));

it("the rate is remembered between sessions, and hosts do not share it", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({
      rate: { messages: 1, window: "1 minute" },
      idle: "1 second",
      patience: "20 seconds",
    });
    const mx = yield* mock(opening + taken() + quit + next + opening + taken() + quit);
    assertEquals(yield* carry(mx), all);
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* carry(yield* mock(opening + taken()), { key: "other" }), all);
    const second = yield* begin(carry(mx));
    yield* TestClock.adjust("20 seconds");
    assertEquals((yield* Fiber.join(second)).failure, "HostBusy connect");
    // Who gave up has taken nothing: the next turn is where it was.
    const third = yield* begin(carry(mx));
    yield* TestClock.adjust("20 seconds");
    const fourth = yield* begin(carry(mx));
    yield* TestClock.adjust("10 seconds");
    assertEquals((yield* Fiber.join(third)).failure, "HostBusy connect");
    assertEquals(yield* Fiber.join(fourth), all);
  }));

const down = "< 421 4.3.2 too busy\n";

it("a host that cannot be reached so many times in a row is left alone, and tried once when the pause is over", () =>
  Effect.gen(function* () {
    const { carry, seen } = yield* make({ breaker: { failures: 3, pause: "1 minute" } });
    const mx = yield* mock(`${down}${next}* server drops\n${next}${down}${next}${down}${next}${opening}${taken()}`);
    assertEquals((yield* carry(mx)).verdicts, ["deferred greeting 421"]);
    assertEquals((yield* carry(mx)).failure, "ConnectionLost greeting");
    assertEquals((yield* carry(mx)).verdicts, ["deferred greeting 421"]);
    const paused = { verdicts: ["deferred connect HostPaused"], failure: "HostPaused connect" };
    assertEquals(yield* carry(mx), paused);
    assertEquals(connected(seen), 3);
    yield* TestClock.adjust("59 seconds");
    assertEquals(yield* carry(mx), paused);
    yield* TestClock.adjust("1 second");
    // One attempt, and it fails: another pause.
    assertEquals((yield* carry(mx)).verdicts, ["deferred greeting 421"]);
    assertEquals(yield* carry(mx), paused);
    yield* TestClock.adjust("1 minute");
    assertEquals(yield* carry(mx), all);
    assertEquals(connected(seen), 5);
  }));

it("while the one attempt is made, all others fail at once", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ breaker: { failures: 1, pause: "1 minute" } });
    const mx = yield* mock(`${down}${next}~ 10 seconds\n${opening}${taken()}${taken()}`);
    yield* carry(mx);
    yield* TestClock.adjust("1 minute");
    const probe = yield* begin(carry(mx));
    assertEquals((yield* carry(mx)).failure, "HostPaused connect");
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* Fiber.join(probe), all);
    assertEquals(yield* carry(mx), all);
  }));

it("an interrupted attempt decides nothing", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ breaker: { failures: 1, pause: "1 minute" } });
    const mx = yield* mock(`* server never answers\n${next}${opening}${taken()}`);
    yield* Fiber.interrupt(yield* begin(carry(mx)));
    assertEquals(yield* carry(mx), all);
  }));

it("a refusal for good is an answer, and whoever asks gets it", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ breaker: { failures: 1 } });
    const refusal = `< 554 5.7.1 not you\n${quit}`;
    const mx = yield* mock(refusal + next + refusal);
    for (let errand = 0; errand < 2; errand++) {
      assertEquals((yield* carry(mx)).verdicts, ["rejected greeting 554"]);
    }
  }));

it("a paused host takes no turn of the rate from those who wait for it", () =>
  Effect.gen(function* () {
    const { carry, close } = yield* make({
      breaker: { failures: 1, pause: "30 minutes" },
      rate: { messages: 2, window: "4 hours" },
    });
    assertEquals((yield* carry(yield* mock(down))).verdicts, ["deferred greeting 421"]);
    for (let errand = 0; errand < 5; errand++) {
      assertEquals((yield* carry(yield* mock(opening))).failure, "HostPaused connect");
    }
    // One of the two was for the refused connection. The paused ones took none, so the other one is left.
    yield* TestClock.adjust("30 minutes");
    assertEquals(yield* carry(yield* mock(opening + taken())), all);
    yield* close;
  }));

it("a host that takes one session gets all over that one, and another is tried after a while", () =>
  Effect.gen(function* () {
    const { carry, close, seen } = yield* make({
      maxPerHost: 3,
      breaker: { failures: 10, pause: "1 minute" },
      idle: "1 hour",
    });
    const only = yield* mock(opening + slow + taken() + taken() + taken() + slow + quit);
    const first = yield* begin(carry(only));
    const others = yield* Effect.forEach(
      [1, 2, 3],
      () => Effect.flatMap(mock(down), (refused) => begin(carry(refused))),
    );
    // One was refused; the others do not even try.
    assertEquals(connected(seen), 2);
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* Fiber.join(first), all);
    assertEquals(yield* Effect.forEach(others, Fiber.join), [all, all, all]);
    assertEquals(connected(seen), 2);

    yield* TestClock.adjust("1 minute");
    const busy = yield* begin(carry(only));
    const second = yield* mock(opening + taken() + quit);
    assertEquals(yield* carry(second), all);
    assertEquals(connected(seen), 3);
    yield* TestClock.adjust("10 seconds");
    assertEquals(yield* Fiber.join(busy), all);
    yield* close;
    yield* only.verify;
    yield* second.verify;
  }));

it("who waits for the one session of a host does not wait for ever", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 2, patience: "1 minute" });
    const only = yield* begin(carry(yield* mock(`${opening}> MAIL FROM:<a@c.test>\n* server never answers\n`)));
    const second = yield* begin(carry(yield* mock(down)));
    yield* TestClock.adjust("1 minute");
    assertEquals((yield* Fiber.join(second)).failure, "HostBusy connect");
    yield* Fiber.interrupt(only);
  }));

it("when the one session of a host is gone, what the host says of another one is the verdict", () =>
  Effect.gen(function* () {
    const { carry } = yield* make({ maxPerHost: 2 });
    const only = yield* begin(carry(yield* mock(opening + slow.replace("< 250 queued", "* server drops"))));
    const second = yield* begin(carry(yield* mock(down + next + down)));
    yield* TestClock.adjust("10 seconds");
    assertEquals((yield* Fiber.join(only)).failure, "ConnectionLost final");
    assertEquals((yield* Fiber.join(second)).verdicts, ["deferred greeting 421"]);
  }));
