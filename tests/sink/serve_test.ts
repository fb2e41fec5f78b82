// One client over a socket in memory, under the test clock: time limits, stores that fail or take long, and every kind of end.
import * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Random from "effect/Random";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { latin1 } from "../support/cases.ts";
import { it as declare } from "../support/it.ts";
import * as MemorySocket from "./_memory_socket.ts";
import { certificateOf } from "./_tls_report.ts";

const envelope = "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n";
const message = "Subject: t\r\n\r\nhello\r\n.\r\n";

interface Served extends MemorySocket.MemorySocket {
  readonly fiber: Fiber.Fiber<void, Socket.SocketError>;
  readonly events: ReadonlyArray<Sink.SinkEvent>;
}

/** The way to hear a client, in the tests that are declared just now. */
let kind: MemorySocket.Kind = "octets";

/** Declares a test twice: for sockets that are pulled, and for those that are listened to. */
const it = (name: string, body: () => Effect.Effect<unknown, unknown, Scope.Scope>): void => {
  for (const how of ["octets", "direct"] as const) {
    declare(`${how === "direct" ? "listening" : "pulling"}: ${name}`, () =>
      Effect.suspend(() => {
        kind = how;
        return body();
      }));
  }
};

/** A client that has connected. */
const connect = (
  options: Partial<Sink.ServeOptions> = {},
  ...socket: Parameters<typeof MemorySocket.make>
): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.gen(function* () {
    const events: Array<Sink.SinkEvent> = [];
    const observe = (event: Sink.SinkEvent) => void events.push(event);
    const [as = kind, handshake] = socket;
    const peer = yield* MemorySocket.make(as, handshake);
    const client = { connection: 7, peer: "192.0.2.1" };
    const served = Effect.scoped(
      Sink.serve(peer.socket, { store: Store.memory(), host: "sink.test", observe, ...options }, client),
    );
    const fiber = yield* Effect.forkScoped(served);
    yield* settle;
    return { ...peer, fiber, events };
  });

/** A client that has heard the greeting. */
const begin = (...options: Parameters<typeof connect>): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.tap(
    connect(...options),
    ({ heard }) => Effect.sync(() => assertEquals(heard(), "220 sink.test ESMTP plausch sink\r\n")),
  );

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

declare("octets may come as text too, as effect's sockets allow", () =>
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

// Faults that take time

const faults = (...texts: ReadonlyArray<string>) => texts.map((text) => Result.getOrThrow(Fault.fromString(text)));

it("a reply that is late is late by effect's clock, and what follows waits with it", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({ faults: faults("noop:delay=60m"), timeout: "1 minute" });
    say("NOOP\r\nQUIT\r\n");
    yield* TestClock.adjust(3_599_999);
    assertEquals(heard(), "", "the time is the server's, not the client's");
    yield* TestClock.adjust(1);
    assertEquals(heard(), "250 2.0.0 Still here\r\n221 2.0.0 sink.test says goodbye\r\n");
    yield* Fiber.join(fiber);
  }));

it("a server that goes down does not wait for a late reply", () =>
  Effect.gen(function* () {
    const { heard, fiber } = yield* connect({ faults: faults("greeting:delay=60m") });
    assertEquals(heard(), "");
    yield* Fiber.interrupt(fiber);
    assertEquals(heard(), "421 4.3.2 sink.test Going down, closing\r\n");
  }));

it("a server that is silent on request listens on, until the client has been for too long", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({ faults: faults("noop:stall"), timeout: "1 minute" });
    say("NOOP\r\n");
    yield* TestClock.adjust("59 seconds");
    say("QUIT\r\n");
    yield* TestClock.adjust("59 seconds");
    assertEquals([heard(), fiber.pollUnsafe()], ["", undefined]);
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(fiber);
    assertEquals(heard(), "");
  }));

it("a connection that a fault drops is over for the server, too", () =>
  Effect.gen(function* () {
    const { say, heard, fiber, events } = yield* begin({ faults: faults("noop:partial=7,drop") });
    say("NOOP\r\nNOOP\r\n");
    yield* Fiber.join(fiber);
    assertEquals(heard(), "250 2.0");
    assertEquals(tags(events), ["Connected 7", "Disconnected 7"]);
  }));

it("chance has a seed", () =>
  Effect.gen(function* () {
    const talk = (seed: string) =>
      Effect.gen(function* () {
        const { say, heard } = yield* begin({ faults: faults("noop~0.5:450") });
        say("NOOP\r\n".repeat(40));
        yield* settle;
        return heard().match(/^\d{3}/gm)!.join();
      }).pipe(Random.withSeed(seed));
    const first = yield* talk("a");
    assertEquals(yield* talk("a"), first);
    assert((yield* talk("b")) !== first);
    assertEquals(new Set(first.split(",")), new Set(["250", "450"]));
  }));

// TLS

const tls = { options: { key: Redacted.make("key"), cert: "cert" } };
const toTls = "EHLO c.test\r\nSTARTTLS\r\n";

it("the handshake begins when the client has heard 220, with the options of the sink", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>();
    let asked: unknown;
    const handshake = (options: unknown) =>
      Effect.as(Effect.tap(Deferred.await(gate), () => Effect.sync(() => asked = options)), certificateOf("c.test"));
    const store = Store.memory();
    const { say, heard, events } = yield* begin({ tls, store }, undefined, handshake);
    say(toTls);
    yield* settle;
    assertMatch(heard(), /250-STARTTLS\r\n[^]*\r\n220 2\.0\.0 Ready for TLS\r\n$/);
    assertEquals(tags(events), ["Connected 7"]);
    yield* Deferred.succeed(gate, undefined);
    yield* settle;
    assertEquals([asked, tags(events)], [tls.options, ["Connected 7", "Secured 7"]]);
    say(`${envelope}${message}`);
    yield* settle;
    assert(!heard().includes("STARTTLS"));
    assertEquals([store.messages[0]?.protocol, store.messages[0]?.tls], ["ESMTPS", certificateOf("c.test")]);
  }));

it("a socket that knows no more of TLS than effect's sockets do is encrypted all the same", () =>
  Effect.gen(function* () {
    const store = Store.memory();
    const { say, events } = yield* begin({ tls, store });
    say(toTls);
    yield* settle;
    say(`${envelope}${message}`);
    yield* settle;
    assertEquals(tags(events), ["Connected 7", "Secured 7", "Stored 7"]);
    assertEquals([store.messages[0]?.protocol, store.messages[0]?.tls], ["ESMTPS", undefined]);
  }));

it("a handshake that fails is an event, and the end", () =>
  Effect.gen(function* () {
    const error = new Socket.SocketError({ reason: new Socket.SocketUpgradeError({ cause: new Error("no") }) });
    const { say, fiber, events } = yield* begin({ tls }, undefined, () => Effect.fail(error));
    say(toTls);
    yield* Fiber.join(fiber);
    assertEquals(tags(events), ["Connected 7", "NotSecured 7", "Disconnected 7"]);
    const failed = events.find(({ _tag }) => _tag === "NotSecured");
    assertEquals(failed?._tag === "NotSecured" && failed.error, error);
  }));

it("a client that never begins its handshake is given up, without a word that it would read as TLS", () =>
  Effect.gen(function* () {
    const { say, heard, fiber } = yield* begin({ tls, timeout: "10 seconds" }, undefined, () => Effect.never);
    say(toTls);
    yield* settle;
    heard();
    yield* TestClock.adjust("10 seconds");
    yield* Fiber.join(fiber);
    assertEquals(heard(), "");
  }));

it("with implicit TLS the greeting comes after the handshake", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>();
    const handshake = () => Effect.as(Deferred.await(gate), certificateOf("c.test"));
    const { say, heard } = yield* connect({ tls: { ...tls, implicit: true } }, undefined, handshake);
    assertEquals(heard(), "");
    yield* Deferred.succeed(gate, undefined);
    yield* settle;
    assertEquals(heard(), "220 sink.test ESMTP plausch sink\r\n");
    say("EHLO c.test\r\n");
    yield* settle;
    assert(!heard().includes("STARTTLS"));
  }));
