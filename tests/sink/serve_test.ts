// One client over a socket in memory, under the test clock: time limits, stores that fail or take long, and every kind of end.
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { latin1 } from "../support/cases.ts";
import { it } from "../support/it.ts";
import * as MemorySocket from "./_memory_socket.ts";

const envelope = "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n";
const message = "Subject: t\r\n\r\nhello\r\n.\r\n";

interface Served extends MemorySocket.MemorySocket {
  readonly fiber: Fiber.Fiber<void, Socket.SocketError>;
  readonly events: ReadonlyArray<Sink.SinkEvent>;
}

/** A client that has heard the greeting. */
const begin = (
  options: Partial<Sink.ServeOptions> = {},
  kind?: "octets" | "text",
): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.gen(function* () {
    const events: Array<Sink.SinkEvent> = [];
    const observe = (event: Sink.SinkEvent) => void events.push(event);
    const peer = yield* MemorySocket.make(kind);
    const client = { connection: 7, peer: "192.0.2.1" };
    const served = Effect.scoped(
      Sink.serve(peer.socket, { store: Store.memory(), host: "sink.test", observe, ...options }, client),
    );
    const fiber = yield* Effect.forkScoped(served);
    yield* settle;
    assertEquals(peer.heard(), "220 sink.test ESMTP plausch sink\r\n");
    return { ...peer, fiber, events };
  });

/** Lets everything happen that needs no time. */
const settle: Effect.Effect<void> = TestClock.adjust(0);

const tags = (events: ReadonlyArray<Sink.SinkEvent>) =>
  events.filter(({ _tag }) => _tag !== "Chat").map(({ _tag, connection }) => `${_tag} ${connection}`);

it("a message is stored with its envelope, and 250 names it", () =>
  Effect.gen(function* () {
    const store = Store.memory();
    const { say, heard, fiber, events } = yield* begin({ store });
    yield* TestClock.adjust("1 second");
    say(envelope);
    say(`${message}QUIT\r\n`);
    yield* Fiber.join(fiber);
    const [kept] = store.messages;
    assert(kept !== undefined && store.messages.length === 1);
    const { octets, reversePath, forwardPaths, ...rest } = kept;
    assertEquals(rest, { id: "rs-7-1", receivedAt: 1000, peer: "192.0.2.1", helo: "c.test", protocol: "ESMTP" });
    assertEquals(latin1(octets), "Subject: t\r\n\r\nhello\r\n");
    assertEquals([reversePath._tag, forwardPaths.length], ["Mailbox", 1]);
    assertMatch(heard(), /354 .*\r\n250 2\.0\.0 Stored as rs-7-1\r\n221 .*\r\n$/);
    assertEquals(tags(events), ["Connected 7", "Stored 7", "Disconnected 7"]);
  }));

it("octets may come as text too, as effect's sockets allow", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({}, "text");
    say("NOOP\r\nQUIT\r\n");
    yield* Fiber.join(fiber);
    assertEquals(heard(), "250 2.0.0 Still here\r\n221 2.0.0 sink.test says goodbye\r\n");
  }));

it("250 waits for the store, and replies to what was sent ahead wait behind it", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>();
    const { say, heard } = yield* begin({ store: { save: () => Deferred.await(gate) } });
    say(envelope);
    yield* settle;
    heard();
    say(`${message}NOOP\r\n`);
    yield* settle;
    assertEquals(heard(), "");
    yield* Deferred.succeed(gate, undefined);
    yield* settle;
    assertMatch(heard(), /^250 2\.0\.0 Stored as .*\r\n250 2\.0\.0 Still here\r\n$/);
  }));

const failing: ReadonlyArray<readonly [name: string, save: Store.Store["save"], text: string]> = [
  [
    "fails",
    () => Effect.fail(new Store.StoreError({ action: "write the message", cause: new Error("disk full") })),
    "Cannot write the message: disk full",
  ],
  ["dies", () => Effect.die(new Error("a bug")), "Cannot store the message: a bug"],
  [
    "throws",
    () => {
      throw new Error("a bug");
    },
    "Cannot store the message: a bug",
  ],
];
for (const [name, save, text] of failing) {
  it(`a store that ${name} is a 451, and the session goes on`, () =>
    Effect.gen(function* () {
      const { say, heard, events, fiber } = yield* begin({ store: { save } });
      say(envelope);
      yield* settle;
      heard();
      say(`${message}MAIL FROM:<>\r\nQUIT\r\n`);
      yield* Fiber.join(fiber);
      assertEquals(heard().split("\r\n").map((line) => line.slice(0, 9)), [
        "451 4.3.0",
        "250 2.1.0",
        "221 2.0.0",
        "",
      ]);
      const failed = events.find(({ _tag }) => _tag === "NotStored");
      assert(failed?._tag === "NotStored");
      assertInstanceOf(failed.error, Store.StoreError);
      assertEquals(failed.error.message, text);
      assertEquals(tags(events), ["Connected 7", "NotStored 7", "Disconnected 7"]);
    }));
}

it("a client that says nothing for 5 minutes is told 421, and not before", () =>
  Effect.gen(function* () {
    const { heard, fiber } = yield* begin();
    yield* TestClock.adjust(5 * 60_000 - 1);
    assertEquals(heard(), "");
    yield* TestClock.adjust(1);
    assertEquals(heard(), "421 4.4.2 sink.test Waited too long for you, closing\r\n");
    yield* Fiber.join(fiber);
  }));

it("every octet of a client begins the time anew", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({ timeout: "10 seconds" });
    for (const piece of ["NO", "OP", "\r", "\n", "NOOP\r\n"]) {
      yield* TestClock.adjust("9 seconds");
      say(piece);
    }
    yield* TestClock.adjust(9_999);
    assertEquals(heard(), "250 2.0.0 Still here\r\n250 2.0.0 Still here\r\n");
    yield* TestClock.adjust(1);
    assertMatch(heard(), /^421 4\.4\.2 /);
    yield* Fiber.join(fiber);
  }));

it("the time of the store is not the client's", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({
      timeout: "10 seconds",
      store: { save: () => Effect.sleep("1 hour") },
    });
    say(envelope);
    yield* settle;
    heard();
    yield* TestClock.adjust("9 seconds");
    say(message);
    yield* TestClock.adjust("1 hour");
    assertMatch(heard(), /^250 2\.0\.0 Stored as .*\r\n$/);
    yield* TestClock.adjust(9_999);
    assertEquals(heard(), "");
    yield* TestClock.adjust("10 seconds");
    assertMatch(heard(), /^421 4\.4\.2 /);
    yield* Fiber.join(fiber);
  }));

it("a client that does not read is given up like one that is silent", () =>
  Effect.gen(function* () {
    const { say, stopReading, fiber, events } = yield* begin({ timeout: "10 seconds" });
    stopReading();
    say("NOOP\r\n");
    yield* TestClock.adjust("9 seconds");
    say("NOOP\r\n");
    yield* TestClock.adjust("2 seconds");
    yield* Fiber.join(fiber);
    assertEquals(tags(events), ["Connected 7", "Disconnected 7"]);
  }));

it("a client that reads slowly hears everything, up to the answer to QUIT", () =>
  Effect.gen(function* () {
    const { say, heard, stopReading, startReading, fiber } = yield* begin();
    stopReading();
    say("NOOP\r\nQUIT\r\n");
    yield* TestClock.adjust("1 minute");
    startReading();
    yield* Fiber.join(fiber);
    assertEquals(heard(), "250 2.0.0 Still here\r\n221 2.0.0 sink.test says goodbye\r\n");
  }));

for (const [name, text] of [["before its dot", "Subject: t\r\n"], ["within its dot", "Subject: t\r\n.\r"]] as const) {
  it(`a client that goes away ${name} leaves nothing behind`, () =>
    Effect.gen(function* () {
      const store = Store.memory();
      const { say, end, fiber, events } = yield* begin({ store });
      say(envelope + text);
      yield* settle;
      end(MemorySocket.closed);
      yield* Fiber.join(fiber);
      assertEquals(store.messages, []);
      assertEquals(tags(events), ["Connected 7", "Disconnected 7"]);
    }));
}

it("a line that breaks is the server's error to report; the message before it is kept", () =>
  Effect.gen(function* () {
    const store = Store.memory();
    const { say, end, fiber } = yield* begin({ store });
    say(envelope + message);
    yield* settle;
    end(MemorySocket.broken);
    const error = yield* Effect.flip(Fiber.join(fiber));
    assertEquals(error.reason._tag, "SocketReadError");
    assertEquals(store.messages.length, 1);
  }));

it("interrupted while it waits for a client, the server says 421", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin();
    say(envelope);
    yield* settle;
    heard();
    yield* Fiber.interrupt(fiber);
    assertEquals(heard(), "421 4.3.2 sink.test Going down, closing\r\n");
  }));

it("interrupted while a message is stored, the server waits, and says 250 before 421", () =>
  Effect.gen(function* () {
    const { say, heard, fiber, events } = yield* begin({ store: { save: () => Effect.sleep("3 seconds") } });
    say(envelope);
    yield* settle;
    heard();
    say(message);
    yield* settle;
    const stopping = yield* Effect.forkScoped(Fiber.interrupt(fiber));
    yield* TestClock.adjust("2 seconds");
    assertEquals(heard(), "");
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(stopping);
    assertMatch(heard(), /^250 2\.0\.0 Stored as .*\r\n421 4\.3\.2 .*\r\n$/);
    assertEquals(tags(events), ["Connected 7", "Stored 7", "Disconnected 7"]);
  }));

it("interrupted while a store never answers, the server gives it up after a while, and the client has no 250", () =>
  Effect.gen(function* () {
    let interrupted = false;
    const save = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)));
    const { say, heard, fiber } = yield* begin({ store: { save } });
    say(envelope);
    yield* settle;
    heard();
    say(message);
    yield* settle;
    const stopping = yield* Effect.forkScoped(Fiber.interrupt(fiber));
    yield* TestClock.adjust("4 seconds");
    assert(!interrupted);
    yield* TestClock.adjust("1 second");
    assert(interrupted);
    yield* Fiber.join(stopping);
    assert(!heard().includes("250"));
  }));

it("interrupted while a client does not read, the server does not wait for it", () =>
  Effect.gen(function* () {
    const { say, stopReading, fiber } = yield* begin();
    stopReading();
    say("NOOP\r\n");
    yield* settle;
    const stopping = yield* Effect.forkScoped(Fiber.interrupt(fiber));
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(stopping);
  }));

it("what is said ahead of QUIT is answered in full, what comes after it is not heard", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin();
    say(`${"NOOP\r\n".repeat(1000)}QUIT\r\nNOOP\r\n`);
    yield* Fiber.join(fiber);
    const lines = heard().split("\r\n");
    assertEquals(lines.length, 1002);
    assertEquals(lines[1000], "221 2.0.0 sink.test says goodbye");
  }));
