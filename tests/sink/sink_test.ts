// The sink on loopback: a client of bare node:net, and plausch's own.
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Session from "@plausch/session/session";
import * as Limits from "@plausch/sink/limits";
import * as Maildir from "@plausch/sink/maildir";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import { Buffer } from "node:buffer";
import * as fs from "node:fs/promises";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { deliver, dial, type RawSmtp } from "../peers/_raw_smtp.ts";
import { latin1, octets } from "../support/cases.ts";
import { live } from "../support/it.ts";

/** A client of bare sockets, greeted, until the scope closes. */
const connect = (sink: Sink.Sink): Effect.Effect<RawSmtp, never, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* Effect.acquireRelease(
      Effect.promise(() => dial(sink.port)),
      (client) => Effect.sync(() => client.close()),
    );
    assertMatch(yield* heard(client.reply()), /^220 /);
    return client;
  });

const heard = (reply: Promise<string>) => Effect.promise(() => reply);

/** The next reply, or how the connection ended. */
const last = (client: RawSmtp) => Effect.promise(() => client.reply().catch((error: Error) => error.message));
const closedByServer = "The server closed the connection";

const toData = (client: RawSmtp) =>
  Effect.gen(function* () {
    for (const line of ["EHLO c.test", "MAIL FROM:<a@c.test>", "RCPT TO:<b@d.test>", "DATA"]) {
      yield* heard(client.say(line));
    }
  });

/** A session of plausch's own client with the sink. */
const session = (sink: Sink.Sink, pipelining = true) =>
  Session.open({ host: Result.getOrThrow(Domain.hostFromString("c.test")), pipelining }).pipe(
    Effect.provideService(Socket.Socket, Connect.make({ host: sink.address, port: sink.port })),
  );

const envelope = (...to: ReadonlyArray<string>) => Result.getOrThrow(Envelope.make({ from: "a@c.test", to }));
const content = (text: string) => Result.getOrThrow(Content.make(octets(text)));

/** Fails loudly when something that must not hang does. */
const soon = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutOrElse(effect, {
    duration: "8 seconds",
    orElse: () => Effect.die(new Error("It was not done after 8 seconds")),
  });

const eventually = (what: string, holds: () => boolean): Effect.Effect<void> =>
  soon(Effect.whileLoop({ while: () => !holds(), body: () => Effect.sleep("2 millis"), step: () => {} })).pipe(
    Effect.catchDefect(() => Effect.die(new Error(`It never came true that ${what}`))),
  );

live("a client of bare sockets delivers, and what is stored is what it sent", () =>
  Effect.gen(function* () {
    const store = Store.memory();
    const sink = yield* Sink.listen({ store, host: "sink.test" });
    assertEquals(sink.address, "127.0.0.1");
    const message = octets("Subject: t\r\n\r\n.\r\n..dots\r\n\u00e9\r\n");
    const replies = yield* Effect.promise(() => deliver(sink.port, message, { to: ["b@d.test", "c@d.test"] }));
    const [kept] = store.messages;
    assertEquals(replies, [`250 2.0.0 Stored as ${kept?.id}\r\n`]);
    assertEquals(kept?.octets, message);
    assertEquals(kept?.peer, "127.0.0.1");
    assertEquals(kept?.forwardPaths.map(Path.address), ["b@d.test", "c@d.test"]);
  }));

for (const pipelining of [true, false]) {
  live(
    `plausch's own client delivers several messages in one session; pipelining: ${pipelining}`,
    () =>
      Effect.gen(function* () {
        const store = Store.memory();
        const refuse = (path: Path.ForwardPath) =>
          Path.address(path) === "no@d.test" ? Reply.make(550, "5.1.1 nobody of that name") : undefined;
        const sink = yield* Sink.listen({ store, policy: { recipient: refuse } });
        const client = yield* session(sink, pipelining);
        assertEquals(client.capabilities.size, Limits.defaults.messageOctets);
        for (const number of [1, 2, 3]) {
          const outcome = yield* client.send(
            envelope("b@d.test", "no@d.test", "\u00e4@d.test"),
            content(`Subject: ${number}\n\n.${number}\n`),
          );
          assertEquals(outcome.recipients.map(({ verdict }) => verdict), ["accepted", "rejected", "accepted"]);
        }
        yield* client.quit;
        assertEquals(
          store.messages.map(({ octets }) => latin1(octets)),
          [1, 2, 3].map((number) => `Subject: ${number}\r\n\r\n.${number}\r\n`),
        );
        assertEquals(store.messages[0]!.forwardPaths.map(Path.address), ["b@d.test", "\u00e4@d.test"]);
        assertEquals(store.messages[0]!.protocol, "UTF8SMTP");
      }),
  );
}

live("a message of 5 MiB arrives whole", () =>
  Effect.gen(function* () {
    const store = Store.memory();
    const sink = yield* Sink.listen({ store });
    const client = yield* session(sink);
    const message = Buffer.from(`Subject: big\r\n\r\n${"0123456789abcdef\r\n.dot\r\n".repeat(218_000)}`);
    const outcome = yield* client.send(envelope("b@d.test"), Result.getOrThrow(Content.make(message)));
    assertEquals(outcome.recipients[0]?.verdict, "accepted");
    assert(message.equals(store.messages[0]!.octets));
  }));

live(
  "many clients at once are all served, and each message is kept once under a name of its own",
  () =>
    Effect.gen(function* () {
      const store = Store.memory();
      const events: Array<Sink.SinkEvent> = [];
      const sink = yield* Sink.listen({ store, observe: (event) => void events.push(event) });
      const talk = (number: number) =>
        Effect.scoped(Effect.gen(function* () {
          const client = yield* session(sink);
          for (const round of [1, 2, 3]) {
            const outcome = yield* client.send(envelope(`r${number}@d.test`), content(`Subject: ${number}.${round}\n`));
            assertEquals(outcome.recipients[0]?.verdict, "accepted");
          }
          yield* client.quit;
        }));
      yield* soon(Effect.forEach(Array.from({ length: 60 }, (_, at) => at), talk, { concurrency: "unbounded" }));
      assertEquals(store.messages.length, 180);
      assertEquals(new Set(store.messages.map(({ id }) => id)).size, 180);
      assertEquals(new Set(store.messages.map(({ octets }) => latin1(octets))).size, 180);
      for (const { octets, forwardPaths } of store.messages) {
        assertEquals(`r${/\d+/.exec(latin1(octets))![0]}@d.test`, Path.address(forwardPaths[0]!));
      }
      const numbers = (tag: string) => events.filter(({ _tag }) => _tag === tag).map(({ connection }) => connection);
      const all = Array.from({ length: 60 }, (_, at) => at + 1);
      assertEquals(numbers("Connected"), all);
      yield* eventually("all are gone", () => numbers("Disconnected").length === 60);
      assertEquals(numbers("Disconnected").sort((a, b) => a - b), all);
    }),
);

live("messages that are discarded with nobody watching have names of their own, too", () =>
  Effect.gen(function* () {
    const client = yield* connect(yield* Sink.listen({ store: Store.discard }));
    for (let count = 1; count <= 2; count++) {
      yield* toData(client);
      assertMatch(yield* heard(client.say("hi\r\n.")), new RegExp(`^250 2.0.0 Stored as [a-z0-9]+-1-${count}\r\n$`));
    }
  }));

live("two sinks count their connections apart", () =>
  Effect.gen(function* () {
    const numbers: Array<number> = [];
    const observe = ({ connection }: Sink.SinkEvent) => void numbers.push(connection);
    for (let count = 0; count < 2; count++) {
      const sink = yield* Sink.listen({ store: Store.discard, observe });
      const client = yield* connect(sink);
      yield* heard(client.say("QUIT"));
    }
    assertEquals(new Set(numbers), new Set([1]));
  }));

live(
  "a connection too many is told 421, and its place is free again when another is gone",
  () =>
    Effect.gen(function* () {
      const sink = yield* Sink.listen({ store: Store.discard, host: "sink.test", maxConnections: 2 });
      const first = yield* connect(sink);
      yield* connect(sink);
      const third = yield* Effect.promise(() => dial(sink.port));
      assertEquals(yield* last(third), "421 4.3.2 sink.test Too many connections, closing\r\n");
      assertEquals(yield* last(third), closedByServer);
      third.close();
      assertMatch(yield* heard(first.say("QUIT")), /^221 /);
      assertEquals(yield* last(first), closedByServer);
      let greeting = "421";
      while (greeting.startsWith("421")) {
        const next = yield* Effect.promise(() => dial(sink.port));
        greeting = yield* heard(next.reply());
        next.close();
      }
      assertMatch(greeting, /^220 /);
    }),
);

live("a client that is silent for too long is told so", () =>
  Effect.gen(function* () {
    const sink = yield* Sink.listen({ store: Store.discard, timeout: "50 millis" });
    const client = yield* connect(sink);
    assertMatch(yield* heard(client.reply()), /^421 4\.4\.2 /);
    assertEquals(yield* last(client), closedByServer);
  }));

live(
  "a client that says everything at once and hangs up its side still hears every answer",
  () =>
    Effect.gen(function* () {
      const store = Store.memory();
      const sink = yield* Sink.listen({ store });
      const said = yield* Effect.callback<string>((resume) => {
        let said = "";
        const socket = net.connect({ host: "127.0.0.1", port: sink.port, allowHalfOpen: true });
        socket.on("data", (chunk: Uint8Array) => said += latin1(chunk));
        socket.on("end", () => resume(Effect.succeed(said)));
        socket.on("error", () => {});
        socket.end(Buffer.from("EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n"));
      });
      assertEquals(said.match(/^\d{3} /gm), ["220 ", "250 ", "250 ", "250 ", "354 ", "250 ", "221 "]);
      assertEquals(store.messages.length, 1);
    }),
);

live(
  "what breaks the protocol is refused and the connection closed, with the reply still readable",
  () =>
    Effect.gen(function* () {
      const store = Store.memory();
      const sink = yield* Sink.listen({ store });
      const client = yield* connect(sink);
      yield* toData(client);
      client.send(Buffer.from(`line\n.\nMAIL FROM:<evil@c.test>\r\n${"x".repeat(1_000_000)}\r\n.\r\n`));
      assertMatch(yield* heard(client.reply()), /^550 5\.5\.2 Message refused at octet 4: an LF without CR/);
      assertEquals(yield* last(client), closedByServer);
      assertEquals(store.messages, []);
    }),
);

live("when its scope closes the sink stops listening and tells its clients 421", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const sink = yield* Scope.provide(Sink.listen({ store: Store.discard, host: "sink.test" }), scope);
    const idle = yield* connect(sink);
    const busy = yield* connect(sink);
    yield* toData(busy);
    yield* soon(Scope.close(scope, Exit.void));
    for (const client of [idle, busy]) {
      assertEquals(yield* last(client), "421 4.3.2 sink.test Going down, closing\r\n");
      assertEquals(yield* last(client), closedByServer);
    }
    yield* Effect.promise(() => assertRejects(() => dial(sink.port), Error, "ECONNREFUSED"));
  }));

live(
  "a message that is being stored when the scope closes is seen through, and its client hears of it",
  () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const kept = Store.memory();
      let began = false;
      const store: Store.Store = {
        save: (message) =>
          Effect.suspend(() => {
            began = true;
            return Effect.andThen(Deferred.await(gate), kept.save(message));
          }),
      };
      const scope = yield* Scope.make();
      const sink = yield* Scope.provide(Sink.listen({ store }), scope);
      const client = yield* connect(sink);
      yield* toData(client);
      client.send(octets("hi\r\n.\r\n"));
      yield* eventually("the store has the message", () => began);
      const closing = yield* Effect.forkScoped(Scope.close(scope, Exit.void));
      yield* Effect.sleep("20 millis");
      assertEquals(kept.messages.length, 0);
      yield* Effect.promise(() => assertRejects(() => dial(sink.port), Error, "ECONNREFUSED"));
      yield* Deferred.succeed(gate, undefined);
      assertMatch(yield* last(client), /^250 2\.0\.0 Stored as /);
      assertMatch(yield* last(client), /^421 4\.3\.2 /);
      yield* soon(Fiber.join(closing));
      assertEquals(kept.messages.length, 1);
    }),
);

live(
  "a client that does not read does not fill the sink, and does not keep it from stopping",
  () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const sink = yield* Scope.provide(Sink.listen({ store: Store.discard }), scope);
      const deaf = net.connect({ host: "127.0.0.1", port: sink.port });
      deaf.on("error", () => {}).pause();
      yield* Effect.addFinalizer(() => Effect.sync(() => void deaf.destroy()));
      let taken = 0;
      const help = Buffer.from("HELP\r\n".repeat(10_000));
      for (let count = 0; count < 100; count++) deaf.write(help, () => taken++);
      let before = -1;
      const settled = Effect.whileLoop({
        while: () => taken !== before,
        body: () => Effect.andThen(Effect.sync(() => before = taken), Effect.sleep("300 millis")),
        step: () => {},
      });
      yield* soon(settled);
      assert(taken < 100, "the sink has stopped to read from a client that does not read");
      yield* soon(Scope.close(scope, Exit.void));
    }),
);

live("a port that is taken is an error, not a crash", () =>
  Effect.gen(function* () {
    const { port } = yield* Sink.listen({ store: Store.discard });
    const error = yield* Effect.flip(Sink.listen({ store: Store.discard, port }));
    assertEquals(error._tag, "ListenError");
  }));

live(
  "files: a message is in new before its client hears 250, with the name that the reply gave",
  () =>
    Effect.gen(function* () {
      const root = yield* Effect.acquireRelease(
        Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "plausch-sink-"))),
        (path) => Effect.promise(() => fs.rm(path, { recursive: true })),
      );
      const sink = yield* Sink.listen({ store: Maildir.make(root, "sink.test"), host: "sink.test" });
      const client = yield* session(sink);
      yield* client.send(envelope("b@d.test"), content("Subject: t\n\nhello\n"));
      const [file] = yield* Effect.promise(() => fs.readdir(path.join(root, "new")));
      const text = yield* Effect.promise(() => fs.readFile(path.join(root, "new", file!), "utf8"));
      assertMatch(
        text,
        /^Return-Path: <a@c\.test>\nDelivered-To: b@d\.test\nReceived: from c\.test \(\[127\.0\.0\.1\]\)\n\tby sink\.test with ESMTP id ([\w-]+)\n\tfor <b@d\.test>;\n\t\w{3}, .* \+0000\nSubject: t\n\nhello\n$/,
      );
      assert(file!.includes(/ id (\S+)\n/.exec(text)![1]!));
    }),
);

live(
  "files: a directory that cannot be written is a 451, and the session goes on when it can",
  () =>
    Effect.gen(function* () {
      const root = yield* Effect.acquireRelease(
        Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "plausch-sink-"))),
        (path) => Effect.promise(() => fs.rm(path, { recursive: true })),
      );
      const mail = path.join(root, "mail");
      yield* Effect.promise(() => fs.writeFile(mail, "in the way"));
      const errors: Array<unknown> = [];
      const observe = (event: Sink.SinkEvent) => {
        if (event._tag === "NotStored") errors.push(event.error);
      };
      const sink = yield* Sink.listen({ store: Maildir.make(mail), observe });
      const client = yield* session(sink);
      const [first] = (yield* client.send(envelope("b@d.test"), content("Subject: 1\n"))).recipients;
      assertEquals([first?.verdict, first?.code], ["deferred", 451]);
      assertInstanceOf(errors[0], Store.StoreError);
      yield* Effect.promise(() => fs.unlink(mail));
      const [second] = (yield* client.send(envelope("b@d.test"), content("Subject: 2\n"))).recipients;
      assertEquals(second?.verdict, "accepted");
      assertEquals((yield* Effect.promise(() => fs.readdir(path.join(mail, "new")))).length, 1);
    }),
);
