// What a pool counts with, as plain data: lines, turns, the pace of a host, and which hosts it remembers.
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as TestClock from "effect/testing/TestClock";
import * as Hosts from "../../packages/delivery/_hosts.ts";
import { Line, type Standing } from "../../packages/delivery/_line.ts";
import { Pace } from "../../packages/delivery/_pace.ts";
import { Turns, type Waiter } from "../../packages/delivery/_turns.ts";
import { nowOf } from "../../packages/delivery/_watch.ts";
import { it } from "../support/it.ts";

class Guest implements Standing<Guest> {
  line: Line<Guest> | undefined;
  ahead: Guest | undefined;
  behind: Guest | undefined;
}

const through = (line: Line<Guest>): ReadonlyArray<Guest> => {
  const guests: Array<Guest> = [];
  for (let guest = line.first; guest !== undefined; guest = guest.behind) guests.push(guest);
  return guests;
};

Deno.test("a line: whoever comes and goes, the others stand as they came, and who is gone keeps nobody", async () => {
  const moves = Arbitrary.array(Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4])), { maxLength: 40 });
  const check = Arbitrary.checkEffect(moves, (moves) =>
    Effect.sync(() => {
      const guests = Array.from({ length: 5 }, () => new Guest());
      const places = (those: Iterable<Guest>) => Array.from(those, (guest) => guests.indexOf(guest));
      const line = new Line<Guest>();
      const set = new Set<Guest>();
      for (const move of moves) {
        const guest = guests[move]!;
        const wasThere = set.delete(guest);
        assertEquals(line.leave(guest), wasThere);
        if (!wasThere) {
          set.add(guest);
          line.join(guest);
        }
        assertEquals(places(through(line)), places(set));
      }
      return guests.every((guest) => set.has(guest) || (guest.line ?? guest.ahead ?? guest.behind) === undefined);
    }), { runs: 200, seed: "plausch" });
  const result = await Effect.runPromise(check);
  assert(result._tag === "Passed", Arbitrary.formatCheckFailure(result));
});

const waiter = (called: () => void): Waiter => ({
  since: 0,
  line: undefined,
  ahead: undefined,
  behind: undefined,
  called,
  giveUp: () => {},
});

Deno.test("turns: who is called may be through at once, however many stand in line", () => {
  const turns = new Turns(2);
  assertEquals([turns.take(), turns.take(), turns.take()], [true, true, false]);
  const called: Array<number> = [];
  for (let number = 0; number < 20_000; number++) {
    turns.queue(waiter(() => {
      called.push(number);
      turns.end();
    }));
  }
  turns.end();
  assertEquals(called.length, 20_000);
  assert(called.every((number, place) => number === place));
  assertEquals([turns.areFree, turns.take()], [false, true]);
  turns.end();
  turns.end();
  assertEquals(turns.areFree, true);
});

Deno.test("turns: nobody overtakes the line; with more turns more are called, with fewer nobody, until enough have ended", () => {
  const turns = new Turns(1);
  const called: Array<string> = [];
  turns.take();
  const queue = (name: string) => {
    const one = waiter(() => called.push(name));
    turns.queue(one);
    return one;
  };
  queue("a");
  const b = queue("b");
  queue("c");
  queue("d");
  turns.quit(b);
  turns.resize(2);
  assertEquals(called, ["a"]);
  assertEquals(turns.take(), false);
  turns.resize(1);
  turns.end();
  assertEquals(called, ["a"]);
  turns.end();
  assertEquals(called, ["a", "c"]);
  turns.end();
  assertEquals(called, ["a", "c", "d"]);
});

Deno.test("the pace of a host: so many at once, then one at each interval; who is told to wait has taken nothing", () => {
  const pace = new Pace({ messages: 4, window: "10 seconds" });
  assertEquals([0, 0, 1, 2].map((now) => pace.take(now)), [0, 0, 0, 0]);
  assertEquals([3, 3, 2_500].map((now) => pace.take(now)), [2_497, 2_497, 0]);
  assertEquals([2_500, 9_000].map((now) => pace.take(now)), [2_500, 0]);
  assertEquals([9_000, 9_000].map((now) => pace.take(now)), [0, 1_000]);
  // After a window it is as if nothing had been.
  assertEquals([99_000, 99_000, 99_000, 99_000, 99_000].map((now) => pace.take(now)), [0, 0, 0, 0, 2_500]);
});

const remembered = (options: Partial<Hosts.Options>) =>
  Effect.flatMap(
    Clock.Clock,
    (clock) => Hosts.make({ now: nowOf(clock), most: 1, rate: undefined, pause: "1 minute", ...options }),
  );

it("a host is forgotten when nobody has to do with it", () =>
  Effect.gen(function* () {
    const hosts = yield* remembered({});
    const host = hosts.enter("mx");
    assertStrictEquals(hosts.enter("mx"), host);
    host.errands--;
    hosts.rest(host);
    assertStrictEquals(hosts.enter("mx"), host);
    host.errands = 0;
    for (const busy of [() => host.standing++, () => host.turns.take()]) {
      busy();
      hosts.rest(host);
      assertStrictEquals(hosts.enter("mx"), host);
      host.errands--;
    }
    host.standing--;
    host.turns.end();
    hosts.rest(host);
    assert(hosts.enter("mx") !== host);
  }));

it("a host that has a rate is remembered for a window of time, and one that wants fewer sessions for as long as that holds", () =>
  Effect.gen(function* () {
    const paced = yield* remembered({ rate: { messages: 1, window: "10 seconds" } });
    const narrow = yield* remembered({});
    const leave = (hosts: Hosts.Hosts, key: string) => {
      const host = hosts.enter(key);
      host.errands--;
      hosts.rest(host);
      return host;
    };
    const host = leave(paced, "mx");
    yield* TestClock.adjust("9 seconds");
    assertStrictEquals(leave(paced, "mx"), host);
    yield* TestClock.adjust("9 seconds");
    assertStrictEquals(leave(paced, "mx"), host);
    yield* TestClock.adjust("10 seconds");
    assert(leave(paced, "mx") !== host);

    const small = narrow.enter("mx");
    yield* narrow.narrow(small);
    small.errands--;
    narrow.rest(small);
    yield* TestClock.adjust("59 seconds");
    assertStrictEquals(leave(narrow, "mx"), small);
    yield* TestClock.adjust("1 second");
    assert(leave(narrow, "mx") !== small);
  }));
