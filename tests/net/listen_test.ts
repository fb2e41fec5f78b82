import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as Scope from "effect/Scope";
import { Connect, Listen, ListenError, OpenFailure } from "@plausch/net";
import { live } from "../support/it.ts";
import { closeOf, codeOf, drain, eventually, readUntil, soon } from "./support.ts";

const greet: Listen.Handler<unknown, Scope.Scope> = (socket) =>
  Effect.gen(function* () {
    yield* socket.reader;
    yield* (yield* socket.writer).write("220 hello\r\n");
  });

const echo: Listen.Handler<unknown, Scope.Scope> = (socket) =>
  Effect.gen(function* () {
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    while (true) yield* writer.writeAll(yield* reader.pull);
  });

live("200 connections at one time are all served", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run(echo));
    let connected = 0;
    const talk = (id: number) =>
      Effect.scoped(Effect.gen(function* () {
        const socket = Connect.make({ host: listener.address, port: listener.port });
        const reader = yield* socket.reader;
        const writer = yield* socket.writer;
        for (let round = 0; round < 5; round++) {
          yield* writer.write(`${id}.${round}\n`);
          assertEquals(yield* readUntil(reader, "\n"), `${id}.${round}\n`);
        }
        connected = Math.max(connected, listener.connections());
        yield* eventually("all are connected", () => connected === 200);
      }));
    yield* soon("talking", Effect.forEach(Array.from({ length: 200 }, (_, id) => id), talk, { concurrency: 200 }));
    yield* eventually("all are gone", () => listener.connections() === 0);
  }));

live(
  "a handler that fails or dies ends its own connection, is logged, and harms nobody else",
  () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ logLevel, message }) =>
        void logged.push(`${logLevel} ${(message as Array<unknown>)[0]}`)
      );
      const listener = yield* Listen.listen();
      let count = 0;
      const handler: Listen.Handler<string, Scope.Scope> = (socket, info) => {
        switch (++count) {
          case 1:
            return Effect.fail("refused");
          case 2:
            return Effect.die(new Error("a bug"));
          case 3:
            throw new Error("a bug before the first effect");
          default:
            return greet(socket, info) as Effect.Effect<unknown, string, Scope.Scope>;
        }
      };
      yield* Effect.forkScoped(Effect.provide(listener.run(handler), Logger.layer([logger])));
      const ends: Array<string> = [];
      for (let i = 0; i < 4; i++) {
        const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
        const { text, end } = yield* soon("draining", drain(reader));
        ends.push(`${text.trim()} ${closeOf(end)}`);
      }
      assertEquals(ends, [" 1000", " 1000", " 1000", "220 hello 1000"]);
      assertEquals(logged.length, 3);
      for (const line of logged) {
        assert(/^Warn The handler of the connection from 127\.0\.0\.1:\d+ failed$/.test(line), line);
      }
    }),
);

live("connections beyond the limit are told so and closed; a free place is taken again", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen({ maxConnections: 2, refusal: "421 4.7.0 Too many connections\r\n" });
    yield* Effect.forkScoped(listener.run(echo));
    const options = { host: listener.address, port: listener.port };
    const scope = yield* Scope.make();
    yield* Scope.provide(Connect.make(options).reader, scope);
    yield* Connect.make(options).reader;
    yield* eventually("both are there", () => listener.connections() === 2);
    const refused = yield* soon("draining", Effect.flatMap(Connect.make(options).reader, drain));
    assertEquals(refused.text, "421 4.7.0 Too many connections\r\n");
    yield* Scope.close(scope, Exit.void);
    yield* eventually("one is gone", () => listener.connections() === 1);
    const socket = Connect.make(options);
    const reader = yield* socket.reader;
    yield* (yield* socket.writer).write("hi\n");
    assertEquals(yield* soon("reading", readUntil(reader, "\n")), "hi\n");
  }));

live("connections that arrive before anybody serves them wait", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
    yield* Effect.sleep("20 millis");
    assertEquals(reader.buffered(), 0);
    yield* Effect.forkScoped(listener.run(greet));
    assertEquals(yield* soon("reading", readUntil(reader, "\n")), "220 hello\r\n");
  }));

live("serving can be interrupted, which ends its connections, and taken up again", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const first = yield* Effect.forkScoped(listener.run(echo));
    const options = { host: listener.address, port: listener.port };
    const socket = Connect.make(options);
    const reader = yield* socket.reader;
    yield* (yield* socket.writer).write("hi\n");
    yield* soon("reading", readUntil(reader, "\n"));
    yield* soon("interrupting", Fiber.interrupt(first));
    yield* soon("draining", drain(reader));
    yield* Effect.forkScoped(listener.run(greet));
    const next = yield* Connect.make(options).reader;
    assertEquals(yield* soon("reading", readUntil(next, "\n")), "220 hello\r\n");
  }));

live("the last reply arrives although the handler left octets unread", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const reader = yield* socket.reader;
        yield* reader.pull;
        yield* (yield* socket.writer).write("552 5.3.4 Too big\r\n");
      })
    ));
    const socket = Connect.make({ host: listener.address, port: listener.port });
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    const send = yield* Effect.forkScoped(Effect.exit(Effect.forever(writer.write(new Uint8Array(1 << 20)))));
    const { text, end } = yield* soon("draining", drain(reader));
    assertEquals(text, "552 5.3.4 Too big\r\n");
    assertEquals(closeOf(end), "1000");
    assert(Exit.isFailure(yield* soon("writing", Fiber.join(send))));
  }));

live("a peer that never closes is cut off when the time to linger is over", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen({ lingerTimeout: "50 millis" });
    yield* Effect.forkScoped(listener.run(greet));
    const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
    yield* soon("draining", drain(reader));
    yield* eventually("the connection is cut", () => listener.connections() === 0);
  }));

live("a client that half-closes still gets its answers", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        const { text, end } = yield* drain(yield* socket.reader);
        yield* (yield* socket.writer).write(`${text}, then ${closeOf(end)}`);
      })
    ));
    const socket = Connect.make({ host: listener.address, port: listener.port });
    const reader = yield* socket.reader;
    yield* Effect.scoped(Effect.flatMap(socket.writer, (writer) => writer.write("QUIT")));
    assertEquals((yield* soon("draining", drain(reader))).text, "QUIT, then 1000");
  }));

live(
  "an accepted connection has one reader, and writing after its release fails at once",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen();
      const seen: Array<string> = [];
      yield* Effect.forkScoped(listener.run((socket, info) =>
        Effect.gen(function* () {
          assertEquals(socket.connection(), info);
          const writer = yield* socket.writer;
          const reader = yield* Effect.scoped(socket.reader);
          seen.push(closeOf(yield* Effect.flip(reader.pull)));
          seen.push((yield* Effect.flip(writer.write("too late"))).reason._tag);
          seen.push(String(codeOf(yield* Effect.flip(socket.reader))));
        })
      ));
      const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
      yield* soon("draining", drain(reader));
      assertEquals(seen, ["1006", "SocketWriteError", "EISCONN"]);
    }),
);

live("closing the listener lets handlers say goodbye, then ends all connections", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const listener = yield* Scope.provide(Listen.listen(), scope);
    const run = yield* Effect.forkScoped(listener.run((socket) =>
      Effect.gen(function* () {
        yield* socket.reader;
        const writer = yield* socket.writer;
        yield* Effect.onInterrupt(Effect.never, () => Effect.ignore(writer.write("421 closing\r\n")));
      })
    ));
    const readers: Array<Effect.Effect<string>> = [];
    for (let i = 0; i < 5; i++) {
      const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
      readers.push(Effect.map(drain(reader), ({ text }) => text));
    }
    yield* eventually("all are served", () => listener.connections() === 5);
    yield* Effect.sleep("20 millis");
    yield* soon("closing", Scope.close(scope, Exit.void));
    assertEquals(listener.connections(), 0);
    assertEquals(yield* soon("draining", Effect.all(readers)), Array.from({ length: 5 }, () => "421 closing\r\n"));
    const exit = yield* soon("running", Fiber.await(run));
    assert(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause));
    const error = yield* Effect.flip(Connect.make({ host: listener.address, port: listener.port }).reader);
    assertEquals(OpenFailure.explain(error).code, "ECONNREFUSED");
  }));

live("a handler that does not stop cannot hold up the closing of the listener", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const listener = yield* Scope.provide(Listen.listen({ closeTimeout: "50 millis" }), scope);
    let wrote: unknown;
    yield* Effect.forkIn(
      listener.run((socket) =>
        Effect.gen(function* () {
          yield* socket.reader;
          const writer = yield* socket.writer;
          // A write to a peer that does not read, which nobody may interrupt: only the cut of the connection ends it.
          yield* Effect.uninterruptible(Effect.catch(writer.write(new Uint8Array(32 << 20)), (error) =>
            Effect.sync(() => {
              wrote = error.reason._tag;
            })));
        })
      ),
      scope,
    );
    yield* Connect.make({ host: listener.address, port: listener.port }).reader;
    yield* eventually("it is served", () => listener.connections() === 1);
    yield* Effect.sleep("20 millis");
    yield* soon("closing", Scope.close(scope, Exit.void));
    assertEquals(listener.connections(), 0);
    yield* eventually("the handler has ended", () => wrote === "SocketWriteError");
  }));

live("an address that is taken, or not ours, is a ListenError with words for it", () =>
  Effect.gen(function* () {
    const listener = yield* Listen.listen();
    const taken = yield* soon("listening", Effect.flip(Listen.listen({ port: listener.port })));
    assertInstanceOf(taken, ListenError.ListenError);
    assertEquals(taken.address, `127.0.0.1:${listener.port}`);
    assertEquals(OpenFailure.explain(taken).what, "Something else listens there already");
    const nonsense = yield* soon("listening", Effect.flip(Listen.listen({ port: 70000 })));
    assertEquals(OpenFailure.explain(nonsense).code, "ERR_SOCKET_BAD_PORT");
  }));

live("it listens on IPv6 and on a name too", () =>
  Effect.gen(function* () {
    for (const host of ["::1", "localhost"]) {
      const listener = yield* Listen.listen({ host });
      yield* Effect.forkScoped(listener.run(greet));
      const reader = yield* Connect.make({ host: listener.address, port: listener.port }).reader;
      assertEquals(yield* soon("reading", readUntil(reader, "\n")), "220 hello\r\n");
    }
  }));
