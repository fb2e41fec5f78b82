// A session over a line that is listened to: what it gives away, and when it uses the memory of it again.
import type { Listener } from "@plausch/line/direct-reader";
import * as Content from "@plausch/session/content";
import * as Session from "@plausch/session/session";
import { assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import { latin1, octets } from "../support/cases.ts";
import { it } from "../support/it.ts";
import { envelope, host } from "./_by_transcript.ts";

/** Sends a message with recipients for many flights over a line that keeps, without a copy, what is written. */
const written = (isClear: boolean) =>
  Effect.gen(function* () {
    const kept: Array<Uint8Array> = [];
    let listener: Listener | undefined;
    let isData = false;
    const say = (text: string): void => queueMicrotask(() => listener?.octets(octets(text)));
    const answer = (line: string): string => {
      if (isData) {
        isData = line !== ".";
        return isData ? "" : "250 taken\r\n";
      }
      isData = line === "DATA";
      if (line.startsWith("EHLO")) return "250-mx\r\n250 PIPELINING\r\n";
      return isData ? "354 go\r\n" : line === "QUIT" ? "221 bye\r\n" : "250 ok\r\n";
    };
    const reader = {
      pull: Effect.never,
      upgrade: () => Effect.void,
      listen: (heir: Listener) => {
        if (listener === undefined) say("220 mx\r\n");
        listener = heir;
        return {
          write: (chunk: Uint8Array) => {
            kept.push(chunk);
            say(latin1(chunk).split("\r\n").slice(0, -1).map(answer).join(""));
            return true;
          },
          isClear: () => isClear,
          pause: () => {},
          resume: () => {},
          release: () => {},
        };
      },
    };
    const socket = Socket.make({
      reader: Effect.succeed(reader),
      writer: Effect.succeed({ write: () => Effect.void, writeAll: () => Effect.void }),
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
    let listener: Listener | undefined;
    const replies = ["220 mx\r\n", "250 mx\r\n", "250 noop\r\n", "221 bye\r\n"];
    const answer = (): void =>
      queueMicrotask(() => {
        const reply = replies.shift()!;
        told.push(reply.slice(0, 3));
        listener!.octets(octets(reply));
      });
    const listen = (heir: Listener) => {
      told.push("listen");
      listener = heir;
      answer();
      return {
        write: () => (answer(), true),
        isClear: () => true,
        pause: () => void told.push("pause"),
        resume: () => void told.push("resume"),
        release: () => void told.push("release"),
      };
    };
    const socket = Socket.make({
      reader: Effect.acquireRelease(
        Effect.succeed({ pull: Effect.never, upgrade: () => Effect.void, listen }),
        () => Effect.sync(() => told.push("closed")),
      ),
      writer: Effect.succeed({ write: () => Effect.void, writeAll: () => Effect.void }),
    });
    yield* Session.open({ host }).pipe(
      Effect.flatMap((session) => session.command({ _tag: "NOOP" })),
      Effect.provideService(Socket.Socket, socket),
      Effect.scoped,
    );
    const request = (code: string) => ["resume", code, "pause"];
    assertEquals(told, ["listen", "pause", ...["220", "250", "250", "221"].flatMap(request), "release", "closed"]);
  }));
