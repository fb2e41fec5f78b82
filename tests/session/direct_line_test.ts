// A session over a line that is listened to: what it gives away, and when it uses the memory of it again.
import * as Content from "@plausch/session/content";
import * as Session from "@plausch/session/session";
import { assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import { latin1, octets } from "../support/cases.ts";
import { it } from "../support/it.ts";
import { envelope, host } from "./_by_transcript.ts";
import * as DirectSocket from "./_direct_socket.ts";

/** Sends a message with recipients for many flights over a line that keeps, without a copy, what is written. */
const written = (isClear: boolean) =>
  Effect.gen(function* () {
    const kept: Array<Uint8Array> = [];
    let isData = false;
    const answer = (line: string): string => {
      if (isData) {
        isData = line !== ".";
        return isData ? "" : "250 taken\r\n";
      }
      isData = line === "DATA";
      if (line.startsWith("EHLO")) return "250-mx\r\n250 PIPELINING\r\n";
      return isData ? "354 go\r\n" : line === "QUIT" ? "221 bye\r\n" : "250 ok\r\n";
    };
    const { socket, say } = DirectSocket.make({
      listened: () => say("220 mx\r\n"),
      hear: (chunk) => {
        kept.push(chunk);
        say(latin1(chunk).split("\r\n").slice(0, -1).map(answer).join(""));
        return true;
      },
      isClear: () => isClear,
    });
    const to = Array.from({ length: 8000 }, (_, index) => `recipient-${index}@d.test`);
    const { recipients } = yield* Session.open({ host, maxFlight: to.length }).pipe(
      Effect.flatMap((session) => session.send(envelope(to), Result.getOrThrow(Content.make(octets("hi\r\n"))))),
      Effect.provideService(Socket.Socket, socket),
      Effect.scoped,
    );
    assertEquals(new Set(recipients.map(({ verdict }) => verdict)), new Set(["accepted"]));
    return { kept, to };
  });

it("what is written to a line that is not clear is never touched again", () =>
  Effect.gen(function* () {
    const { kept, to } = yield* written(false);
    const commands = ["EHLO c.test", "MAIL FROM:<a@c.test>", ...to.map((each) => `RCPT TO:<${each}>`)];
    assertEquals(kept.map(latin1).join("").split("\r\n"), [...commands, "DATA", "hi", ".", "QUIT", ""]);
  }));

it("where the line is clear, one block of memory serves for all flights after the first few", () =>
  Effect.gen(function* () {
    const { kept } = yield* written(true);
    const flights = kept.filter(({ length }) => length > 1000).slice(8);
    assertEquals([flights.length > 2, new Set(flights.map(({ buffer }) => buffer)).size], [true, 1]);
  }));

it("a session listens once, hears nothing between two requests, and lets go of the line before it closes", () =>
  Effect.gen(function* () {
    const told: Array<string> = [];
    const replies = ["220 mx\r\n", "250 mx\r\n", "250 noop\r\n", "221 bye\r\n"];
    const answer = (): boolean => {
      const reply = replies.shift()!;
      queueMicrotask(() => told.push(reply.slice(0, 3)));
      say(reply);
      return true;
    };
    const { socket, say } = DirectSocket.make({
      listened: () => {
        told.push("listen");
        answer();
      },
      hear: answer,
      pause: () => void told.push("pause"),
      resume: () => void told.push("resume"),
      release: () => void told.push("release"),
      closed: () => void told.push("closed"),
    });
    yield* Session.open({ host }).pipe(
      Effect.flatMap((session) => session.command({ _tag: "NOOP" })),
      Effect.provideService(Socket.Socket, socket),
      Effect.scoped,
    );
    const request = (code: string) => ["resume", code, "pause"];
    assertEquals(told, ["listen", "pause", ...["220", "250", "250", "221"].flatMap(request), "release", "closed"]);
  }));
