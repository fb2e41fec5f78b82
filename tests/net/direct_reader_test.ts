// Connections that are listened to: waiting, and what comes in the meantime.
import * as Connect from "@plausch/net/connect";
import { assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import type * as net from "node:net";
import { latin1, octets } from "../support/cases.ts";
import { live } from "../support/it.ts";
import { eventually, peer } from "./support.ts";

/** A connection that is listened to, and its peer. */
const begin = Effect.gen(function* () {
  let socket: net.Socket | undefined;
  const { host, port } = yield* peer((accepted) => socket = accepted);
  const reader = yield* Connect.make({ host, port }).reader;
  yield* eventually("the peer has accepted", () => socket !== undefined);
  let heard = "";
  const line = reader.listen({
    octets: (chunk) => heard += latin1(chunk),
    ended: () => heard += "|",
    broken: () => {},
    drained: () => {},
  });
  return { reader, line, socket: socket!, heard: () => heard };
});

live(
  "a line that is paused hears nothing, not even the end, until it resumes; then everything in order",
  () =>
    Effect.gen(function* () {
      const { line, socket, heard, reader } = yield* begin;
      socket.write("one ");
      yield* eventually("it is heard", () => heard() === "one ");
      line.pause();
      socket.end("two");
      yield* eventually("more has come", () => reader.buffered() === 3);
      yield* Effect.sleep("20 millis");
      assertEquals(heard(), "one ");
      line.resume();
      assertEquals(heard().slice(0, 7), "one two");
      yield* eventually("the end is heard", () => heard() === "one two|");
    }),
);

live("a line that is paused from the start hears nothing before it resumes", () =>
  Effect.gen(function* () {
    const { line, socket, heard, reader } = yield* begin;
    line.pause();
    socket.write("one");
    yield* eventually("it has come", () => reader.buffered() === 3);
    assertEquals(heard(), "");
    line.resume();
    assertEquals(heard(), "one");
  }));

live("a peer that sends on to a paused line has to wait, and nothing is lost", () =>
  Effect.gen(function* () {
    const { line, socket, heard, reader } = yield* begin;
    line.pause();
    const block = octets("x".repeat(1024 * 1024));
    for (let count = 0; count < 16; count++) socket.write(block);
    yield* eventually("some has come", () => reader.buffered() >= 64 * 1024);
    yield* Effect.sleep("50 millis");
    assertEquals(reader.buffered() < 1024 * 1024, true);
    line.resume();
    yield* eventually("all is heard", () => heard().length === 16 * block.length);
  }));

live(
  "a line is clear when the system has taken all that was written, and also after it was let go",
  () =>
    Effect.gen(function* () {
      const { line, socket } = yield* begin;
      socket.pause();
      const block = octets("x".repeat(1024 * 1024));
      assertEquals(line.isClear(), true);
      let written = 0;
      while (written < 64 && line.write(block)) written++;
      assertEquals([written < 64, line.isClear()], [true, false]);
      line.release();
      assertEquals(line.isClear(), false);
      socket.resume();
      yield* eventually("all has gone out", () => line.isClear());
    }),
);

live("a listener that lets go in the middle leaves the rest to the next one", () =>
  Effect.gen(function* () {
    const { line, socket, heard, reader } = yield* begin;
    line.release();
    for (const text of ["one", "two"]) {
      const before = reader.buffered();
      socket.write(text);
      yield* eventually("it has come", () => reader.buffered() === before + 3);
    }
    let first = "";
    const hearing = reader.listen({
      octets: (chunk) => {
        first += latin1(chunk);
        hearing.release();
      },
      ended: () => {},
      broken: () => {},
      drained: () => {},
    });
    yield* eventually("the first is heard", () => first !== "");
    const rest = latin1((yield* reader.pull)[0]);
    assertEquals([first, rest, heard()], ["one", "two", ""]);
  }));
