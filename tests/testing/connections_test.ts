import { assertEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Socket from "effect/socket/Socket";
import { it } from "../support/it.ts";
import { wire } from "./_perfect_client.ts";

const two = "< 220 one\n> QUIT\n< 221 bye\n* server closes\n* new connection\n< 220 two\n> NOOP\n< 250 ok\n";
const mock = (text: string, options?: MockSocket.Options) =>
  MockSocket.make(Result.getOrThrow(Transcript.parse(text)), options);

/** Connects, hears the greeting, says a line and hears the answer. */
const ask = (socket: Socket.Socket, line: string) =>
  Effect.scoped(Effect.gen(function* () {
    const { read, say } = yield* wire(socket);
    const greeting = yield* read;
    yield* say(line);
    return greeting + (yield* read);
  }));

it("each dial is the next connection", () =>
  Effect.gen(function* () {
    const peer = yield* mock(two);
    assertEquals(yield* ask(peer.socket, "QUIT"), "220 one\r\n221 bye\r\n");
    assertEquals(yield* ask(peer.socket, "NOOP"), "220 two\r\n250 ok\r\n");
    yield* peer.verify;
    assertEquals(yield* peer.heard, ["QUIT", "NOOP"]);
    assertEquals(
      yield* peer.transcript,
      "< 220 one\n> QUIT\n< 221 bye\n* client closes\n* new connection\n< 220 two\n> NOOP\n< 250 ok\n* client closes\n",
    );
    const { reason } = yield* Effect.flip(ask(peer.socket, "NOOP"));
    assertEquals(reason._tag, "SocketOpenError");
  }));

it("the writer that is taken before the dial is that of the next connection, and a line waits for it", () =>
  Effect.gen(function* () {
    const peer = yield* mock("* server closes\n* new connection\n> NOOP\n< 250 ok\n");
    yield* Effect.scoped(peer.socket.reader);
    const { write } = yield* peer.socket.writer;
    const writing = yield* Effect.forkChild(write("NOOP\r\n"), { startImmediately: true });
    const { pull } = yield* peer.socket.reader;
    yield* Fiber.join(writing);
    assertEquals(new TextDecoder().decode((yield* pull)[0]), "250 ok\r\n");
    yield* peer.verify;
  }));

it("a connection that is never made is missing", () =>
  Effect.gen(function* () {
    const peer = yield* mock(two);
    yield* ask(peer.socket, "QUIT");
    const error = yield* Effect.flip(peer.verify);
    assertEquals(error.message.split("\n"), [
      "Cannot follow the transcript: the client stopped too early",
      "",
      "           < 220 one",
      "           > QUIT",
      "           < 221 bye",
      "           * client closes",
      "           * new connection",
      "  expected < 220 two",
      "  actual   (nothing; the client never connected)",
    ]);
  }));

it("what was wrong on the first connection stays wrong, and the second is played all the same", () =>
  Effect.gen(function* () {
    const peer = yield* mock(two);
    yield* Effect.flip(ask(peer.socket, "NOOP"));
    assertEquals(yield* ask(peer.socket, "NOOP"), "220 two\r\n250 ok\r\n");
    const error = yield* Effect.flip(peer.verify);
    assertEquals([error.reason, error.expected, error.actual], ["Different", "> QUIT", "> NOOP"]);
  }));

it("what goes wrong on the second connection is shown behind the first one", () =>
  Effect.gen(function* () {
    const peer = yield* mock(two);
    yield* ask(peer.socket, "QUIT");
    yield* Effect.flip(ask(peer.socket, "NOPE"));
    const { before, actual } = yield* Effect.flip(peer.verify);
    assertEquals(before, "< 220 one\n> QUIT\n< 221 bye\n* client closes\n* new connection\n< 220 two\n");
    assertEquals(actual, "> NOPE");
  }));

it("octets are counted over all connections, to cut and to chunk", () =>
  Effect.gen(function* () {
    const all = Transcript.serverOctets(Result.getOrThrow(Transcript.parse(two)));
    assertEquals(all, "220 one\r\n221 bye\r\n220 two\r\n250 ok\r\n".length);
    const first = "220 one\r\n221 bye\r\n".length;
    for (let cutAfter = 0; cutAfter <= all; cutAfter++) {
      const peer = yield* mock(two, { cutAfter });
      yield* Effect.result(ask(peer.socket, "QUIT"));
      const again = yield* Effect.result(ask(peer.socket, "NOOP"));
      const isRefused = Result.isFailure(again) && again.failure.reason._tag === "SocketOpenError";
      assertEquals(isRefused, cutAfter <= first, `${cutAfter}`);
      yield* peer.verify;
    }
    const peer = yield* mock(two, { chunking: [3, first + 4] });
    yield* Effect.scoped(Effect.gen(function* () {
      const { read, say } = yield* wire(peer.socket);
      assertEquals([yield* read, yield* read], ["220", " one\r\n"]);
      yield* say("QUIT");
      assertEquals(yield* read, "221 bye\r\n");
    }));
    const { read } = yield* wire(peer.socket);
    assertEquals([yield* read, yield* read], ["220 ", "two\r\n"]);
  }));
