// Two ways to hear a client, pulling and listening: nothing that a client can see differs. And messages that go nowhere.
import * as Connect from "@plausch/net/connect";
import * as Listen from "@plausch/net/listen";
import type { NetSocket } from "@plausch/net/net-socket";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Session from "@plausch/session/session";
import * as Certificate from "@plausch/sink/certificate";
import * as Fault from "@plausch/sink/fault";
import * as Limits from "@plausch/sink/limits";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import type { Submission } from "@plausch/sink/submission";
import * as Domain from "@plausch/smtp/domain";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { latin1, octets } from "../support/cases.ts";
import { it, live } from "../support/it.ts";
import { cut, sample, wildTalk } from "./_arbitrary.ts";
import * as MemorySocket from "./_memory_socket.ts";

const faults = ["rcpt#3:450", "noop:delay=1s", "final#3:partial=5,drop", "rset:inject"]
  .map((text) => Result.getOrThrow(Fault.fromString(text)));

/** What a client hears, and what is stored, without names. */
const converse = (
  kind: MemorySocket.Kind,
  chunks: ReadonlyArray<Uint8Array>,
  store: Store.MemoryStore,
  options: Partial<Sink.ServeOptions> = {},
) =>
  Effect.gen(function* () {
    const { socket, say, end, heard } = yield* MemorySocket.make(kind);
    const stored: Array<string> = [];
    const observe = (event: Sink.SinkEvent): void => {
      if (event._tag === "Stored") stored.push(`${event.message.size ?? event.message.octets.length}`);
    };
    const serving = Sink.serve(socket, { store, host: "sink.test", observe, ...options });
    yield* Effect.forkScoped(Effect.scoped(serving));
    for (const chunk of chunks) {
      say(latin1(chunk));
      yield* TestClock.adjust("2 seconds");
    }
    end(MemorySocket.closed);
    yield* TestClock.adjust("2 seconds");
    return { heard: heard().replaceAll(/Stored as \S+/g, "Stored"), stored, kept: store.messages.length };
  });

for (
  const [name, store] of [
    ["kept", Store.memory],
    ["discarded", (): Store.MemoryStore => ({ ...Store.memory(), discards: true })],
  ] as const
) {
  it(`pulled or listened to, a client hears the same, and the same is ${name}`, () =>
    Effect.gen(function* () {
      let messages = 0;
      for (const { text, cuts } of sample(wildTalk, 200)) {
        const limits = { ...Limits.defaults, messageOctets: 100 };
        const chunks = cut(octets(text), cuts);
        const talk = (kind: MemorySocket.Kind) => converse(kind, chunks, store(), { limits, faults });
        const pulled = yield* talk("octets");
        assertEquals(yield* talk("direct"), pulled);
        assertEquals(pulled.kept, name === "kept" ? pulled.stored.length : 0);
        messages += pulled.stored.length;
      }
      assert(messages > 10, `${messages}`);
    }));
}

it("kept or discarded, a client hears the same, and messages have the same size", () =>
  Effect.gen(function* () {
    for (const { text, cuts } of sample(wildTalk, 60)) {
      const limits = { ...Limits.defaults, messageOctets: 100 };
      const talk = (store: Store.MemoryStore) => converse("direct", cut(octets(text), cuts), store, { limits });
      const { heard, stored } = yield* talk(Store.memory());
      const discarded = yield* talk({ ...Store.memory(), discards: true });
      assertEquals([discarded.heard, discarded.stored], [heard, stored]);
    }
  }));

const message = "EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n..hello\r\n.\r\n";

it("a policy that wants to see whole messages sees them, also when they are discarded then", () =>
  Effect.gen(function* () {
    const seen: Array<Submission> = [];
    const policy = { message: (submission: Submission) => void seen.push(submission) };
    const { stored } = yield* converse("direct", [octets(message)], { ...Store.memory(), discards: true }, { policy });
    assertEquals([stored, seen.map(({ octets }) => latin1(octets))], [["8"], [".hello\r\n"]]);
  }));

/** A socket that cannot be listened to. */
const pulledOnly = (socket: NetSocket): Socket.Socket => ({
  ...socket,
  reader: Effect.map(socket.reader, ({ listen: _, ...reader }) => reader),
});

for (const kind of ["pulled", "listened to"] as const) {
  for (const implicit of [false, true]) {
    live(
      `${kind}: messages under TLS, before and behind each other; implicit: ${implicit}`,
      () =>
        Effect.gen(function* () {
          const store = Store.memory();
          const tls = { options: yield* Certificate.make(["sink.test"]), implicit };
          const listener = yield* Listen.listen();
          const serving = listener.run((socket) =>
            Sink.serve(kind === "pulled" ? pulledOnly(socket) : socket, { store, tls })
          );
          yield* Effect.forkScoped(serving);
          const trusting = { rejectUnauthorized: false };
          const { address: host, port } = listener;
          const session = yield* Session.open({
            host: Result.getOrThrow(Domain.hostFromString("c.test")),
            ...implicit ? { tls: "none" as const } : { tls: "required" as const, tlsOptions: trusting },
          }).pipe(
            Effect.provideService(Socket.Socket, Connect.make({ host, port, ...implicit ? { tls: trusting } : {} })),
          );
          const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
          for (const size of [10, 300_000, 10]) {
            const content = Result.getOrThrow(Content.make(octets("0123456789\r\n".repeat(size / 10))));
            const { recipients } = yield* session.send(envelope, content);
            assertEquals(recipients[0]?.verdict, "accepted");
          }
          yield* session.quit;
          assertEquals(store.messages.map(({ octets }) => octets.length), [12, 360_000, 12]);
          assertEquals(new Set(store.messages.map(({ protocol }) => protocol)), new Set(["ESMTPS"]));
        }),
    );
  }
}
