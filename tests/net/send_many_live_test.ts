// Sessions over real sockets, whose readers hand octets over at once: what the mock socket, which is pulled, does not show.
import * as Connect from "@plausch/net/connect";
import * as Listen from "@plausch/net/listen";
import * as Content from "@plausch/session/content";
import { type Mail, sendMany, type Sent } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import * as Envelope from "@plausch/session/envelope";
import * as Timeouts from "@plausch/session/timeouts";
import * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Domain from "@plausch/smtp/domain";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import { octets } from "../support/cases.ts";
import { live } from "../support/it.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const envelope = (to: string) => Result.getOrThrow(Envelope.make({ from: "a@c.test", to: [to] }));
const text = (index: number) => `Subject: ${index}\r\n\r\n${".line\r\n".repeat(index % 40)}`;

function* mails(count: number): Generator<Mail> {
  for (let index = 0; index < count; index++) {
    yield { envelope: envelope(`${index}@d.test`), content: Result.getOrThrow(Content.make(octets(text(index)))) };
  }
}

/** A session with a sink of its own. */
const withSession = <A, E>(
  use: (session: Session.Session, store: Store.MemoryStore) => Effect.Effect<A, E, Scope.Scope>,
  sink: Partial<Sink.ListenOptions> = {},
  options: Partial<Session.Options> = {},
) =>
  Effect.gen(function* () {
    const store = Store.memory();
    const { address, port } = yield* Sink.listen({ store, ...sink });
    const session = yield* Session.open({ host, tls: "none", ...options }).pipe(
      Effect.provideService(Socket.Socket, Connect.make({ host: address, port })),
    );
    return yield* use(session, store);
  });

const verdicts = (sent: ReadonlyArray<Sent>) => sent.map(({ outcome }) => outcome.recipients[0]!.verdict);

const ways: ReadonlyArray<readonly [name: string, options: Partial<Session.Options>]> = [
  ["overlapping", {}],
  ["one by one", { overlap: false }],
  ["in lock step", { pipelining: false }],
  ["in chunks", { chunking: 100 }],
];
for (const [name, options] of ways) {
  live(
    `300 messages over one connection, ${name}: each arrives once, whole and in order`,
    () =>
      withSession(
        (session, store) =>
          Effect.gen(function* () {
            const sent = yield* Stream.runCollect(sendMany(session, mails(300)));
            assertEquals(new Set(verdicts(sent)), new Set(["accepted"]));
            assertEquals(sent.length, 300);
            const stored = store.messages.map(({ octets }) => new TextDecoder().decode(octets));
            assertEquals(stored, Array.from({ length: 300 }, (_, index) => text(index)));
          }),
        {},
        options,
      ),
  );
}

live(
  "a connection that drops in a flight: one message uncertain, one deferred, and the store agrees",
  () =>
    withSession(
      (session, store) =>
        Effect.gen(function* () {
          const sent: Array<Sent> = [];
          const error = yield* Effect.flip(
            Stream.runForEach(sendMany(session, mails(100)), (one) => Effect.sync(() => sent.push(one))),
          );
          assertEquals((error as SessionError).reason, "ConnectionLost");
          assertEquals(verdicts(sent).slice(0, 49), Array.from({ length: 49 }, () => "accepted"));
          assertEquals(verdicts(sent).slice(49), ["uncertain", "deferred"]);
          assert(store.messages.length === 49 || store.messages.length === 50);
        }),
      { faults: [Result.getOrThrow(Fault.fromString("final#50:drop"))] },
    ),
);

live("a message of many blocks, read while it is sent", () =>
  withSession((session, store) =>
    Effect.gen(function* () {
      const line = (index: number) => `${String(index).padStart(5)} abcdefghi\n`;
      const buffer = new Uint8Array(16 * 4096);
      const source = Content.fromIterable(function* () {
        for (let index = 0; index < 64; index++) {
          buffer.set(octets(line(index).repeat(4096)));
          yield buffer;
        }
      });
      const content = Content.stream(source, yield* Content.look(source));
      const { recipients } = yield* session.send(envelope("b@d.test"), content);
      assertEquals(recipients[0]?.verdict, "accepted");
      const stored = new TextDecoder().decode(store.messages[0]?.octets);
      const blocks = Array.from({ length: 64 }, (_, index) => line(index).repeat(4096).replaceAll("\n", "\r\n"));
      assert(stored === blocks.join(""), "one buffer serves for all blocks, and each arrives as it was read");
    })
  ));

/** Takes a message until it has had enough, says so, and hangs up. */
const impatient = (socket: Socket.Socket) =>
  Effect.gen(function* () {
    const reader = yield* socket.reader;
    const writer = yield* socket.writer;
    yield* writer.write("220 mx\r\n");
    for (const reply of ["250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"]) {
      yield* reader.pull;
      yield* writer.write(reply);
    }
    for (let taken = 0; taken < 500_000;) for (const chunk of yield* reader.pull) taken += chunk.length;
    yield* writer.write("552 5.3.4 enough\r\n");
  });

live(
  "a server that has seen enough of a message says so, and is heard before the message is read to its end",
  () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen({ host: "127.0.0.1", port: 0 });
      yield* Effect.forkScoped(listener.run(impatient));
      const session = yield* Session.open({ host, tls: "none", timeouts: Timeouts.all("20 seconds") }).pipe(
        Effect.provideService(Socket.Socket, Connect.make({ host: listener.address, port: listener.port })),
      );
      let read = 0;
      const source = Content.fromIterable(function* () {
        for (; read < 1000; read++) yield octets("x".repeat(65_534) + "\r\n");
      });
      const { recipients } = yield* session.send(envelope("b@d.test"), Content.stream(source, { eightBit: false }));
      assertEquals([recipients[0]?.verdict, recipients[0]?.code], ["rejected", 552]);
      assert(read < 1000, `read ${read} blocks`);
    }),
);
