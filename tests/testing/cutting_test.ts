import { assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const script = Result.getOrThrow(Transcript.parse("< 220\n> NOOP\n< 2\\|50 ok\n> QUIT\n< 221\n"));

/** The chunks that a client gets that answers when a reply is complete, and how the connection ends. */
const heard = (options: MockSocket.Options) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script, options);
    const client = yield* wire(peer.socket);
    const chunks: Array<string> = [];
    const lines = ["NOOP", "QUIT"];
    const end = yield* Effect.flip(Effect.forever(Effect.gen(function* () {
      const chunk = yield* client.read;
      chunks.push(chunk);
      const line = chunk.endsWith("\n") ? lines.shift() : undefined;
      if (line !== undefined) yield* Effect.ignore(client.say(line));
    })));
    yield* peer.verify;
    assertEquals(end.reason._tag === "SocketCloseError" && end.reason.code, 1000);
    return chunks;
  });

const whole = ["220\r\n", "2", "50 ok\r\n", "221\r\n"];
const ways: ReadonlyArray<readonly [MockSocket.Chunking | undefined, ReadonlyArray<string>]> = [
  [undefined, whole],
  ["whole", whole],
  ["octet", [..."220\r\n250 ok\r\n221\r\n"]],
  [1, [..."220\r\n250 ok\r\n221\r\n"]],
  [3, ["220", "\r\n", "2", "50", " ok", "\r\n", "221", "\r\n"]],
  [100, whole],
  [[], whole],
  [[3, 5, 9, 999], ["220", "\r\n", "2", "50 ", "ok\r\n", "221\r\n"]],
  [[9, 3], ["220", "\r\n", "2", "50 ", "ok\r\n", "221\r\n"]],
];

for (const [chunking, chunks] of ways) {
  it(`chunking ${JSON.stringify(chunking)}, marks included`, () =>
    Effect.map(heard(chunking === undefined ? {} : { chunking }), (heard) => assertEquals(heard, chunks)));
}

it("cut after every octet: so much is heard, then the server closes", () =>
  Effect.gen(function* () {
    const all = whole.join("");
    assertEquals(Transcript.serverOctets(script), all.length);
    for (const chunking of ["whole", "octet", 2] as const) {
      for (let cutAfter = 0; cutAfter <= all.length + 1; cutAfter++) {
        const chunks = yield* heard({ chunking, cutAfter });
        assertEquals(chunks.join(""), all.slice(0, cutAfter), `cut after ${cutAfter}`);
      }
    }
  }));

it("a cut behind a reply closes at once: the next write fails, and nothing more is expected", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script, { cutAfter: 5 });
    const client = yield* wire(peer.socket);
    assertEquals(yield* client.read, "220\r\n");
    assertEquals((yield* Effect.flip(client.say("NOOP"))).reason._tag, "SocketWriteError");
    yield* peer.verify;
    assertEquals(yield* peer.transcript, "< 220\n");
    yield* Effect.flip(client.read);
    assertEquals(yield* peer.transcript, "< 220\n* server closes\n");
  }));

it("a cut does not excuse what was wrong before it", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script, { cutAfter: 8 });
    const client = yield* wire(peer.socket);
    yield* client.read;
    yield* Effect.flip(client.say("QUIT"));
    assertEquals((yield* Effect.flip(peer.verify)).reason, "Different");
  }));

it("what was not reached before the client hung up is still missing", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script, { cutAfter: 8 });
    yield* Effect.scoped(Effect.flatMap(wire(peer.socket), ({ read }) => read));
    assertEquals((yield* Effect.flip(peer.verify)).expected, "> NOOP");
  }));
