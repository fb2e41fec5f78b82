// Streamed messages over a line that is listened to: what a source has at hand goes out without a step of the session's fiber.
import * as Content from "@plausch/session/content";
import * as Session from "@plausch/session/session";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { latin1, octets } from "../support/cases.ts";
import { it } from "../support/it.ts";
import { envelope, host } from "./_by_transcript.ts";
import * as DirectSocket from "./_direct_socket.ts";

interface Manner {
  /** What the server says to the first octets of a message. */
  readonly refusal?: string;
  /** Whether the line takes everything at once. Default: true. */
  readonly isSwift?: boolean;
}

/** A server, and what is written to it. */
const server = ({ refusal, isSwift = true }: Manner = {}) => {
  const sizes: Array<number> = [];
  let isData = false;
  let message = "";
  const hear = (text: string): void => {
    if (isData) {
      if (message === "" && refusal !== undefined) say(refusal);
      message += text;
      isData = !message.endsWith("\r\n.\r\n");
      if (!isData) say("250 taken\r\n");
      return;
    }
    isData = text.endsWith("DATA\r\n");
    if (text.startsWith("EHLO")) say("250-mx\r\n250 PIPELINING\r\n");
    else say(text.split("\r\n").slice(0, -1).map((line) => line === "DATA" ? "354 go\r\n" : "250 ok\r\n").join(""));
  };
  const { socket, say, drain } = DirectSocket.make({
    listened: () => say("220 mx\r\n"),
    hear: (chunk) => {
      if (isData) sizes.push(chunk.length);
      hear(latin1(chunk));
      if (!isSwift) drain();
      return isSwift;
    },
  });
  return { socket, message: () => message, sizes };
};

/** Gives what `next` says for the pulls from 0 on, and notes what becomes of the source. */
const watched = (next: (pull: number) => Effect.Effect<string | undefined>) => {
  const seen = { pulls: 0, interrupted: 0, closed: 0 };
  const source: Content.Source = {
    open: Effect.as(
      Effect.addFinalizer(() => Effect.sync(() => void seen.closed++)),
      Effect.suspend(() => next(seen.pulls++)).pipe(
        Effect.map((text) => text === undefined ? undefined : octets(text)),
        Effect.onInterrupt(() => Effect.sync(() => void seen.interrupted++)),
      ),
    ),
  };
  return { source, seen };
};

const send = (socket: Socket.Socket, source: Content.Source) =>
  Session.open({ host }).pipe(
    Effect.flatMap((session) => session.send(envelope(["b@d.test"]), Content.stream(source, { eightBit: false }))),
    Effect.map(({ recipients: [only] }) => `${only!.verdict} ${only!.stage}`),
    Effect.catchTag("SessionError", ({ reason, recipients: [only] }) => Effect.succeed(`${only!.verdict} ${reason}`)),
    Effect.provideService(Socket.Socket, socket),
    Effect.scoped,
  );

const line = (pull: number): string => `.${pull}\r\n`;

it("chunks that are at hand and chunks that have to be waited for go out in their order, and once each", () =>
  Effect.gen(function* () {
    const lines = Array.from({ length: 200 }, (_, pull) => line(pull));
    for (const each of [1, 2, 7, 1000]) {
      const { socket, message } = server();
      const { source, seen } = watched((pull) => {
        const text = Effect.succeed(lines[pull]);
        return pull % each === each - 1 ? Effect.andThen(Effect.promise(() => Promise.resolve()), text) : text;
      });
      assertEquals(yield* send(socket, source), "accepted final");
      assertEquals(message(), `${lines.map((text) => `.${text}`).join("")}.\r\n`);
      assertEquals(seen, { pulls: 201, interrupted: 0, closed: 1 });
    }
  }));

it("a source that has had some chunks at hand and then gives nothing is given up after the limit for a block", () =>
  Effect.gen(function* () {
    const { source, seen } = watched((pull) => pull < 5 ? Effect.succeed(line(pull)) : Effect.never);
    const fiber = yield* Effect.forkChild(send(server().socket, source));
    yield* TestClock.adjust("2 minutes");
    assertEquals([fiber.pollUnsafe(), seen.pulls], [undefined, 6]);
    yield* TestClock.adjust("2 minutes");
    assertEquals(yield* Fiber.join(fiber), "deferred ContentFailed");
    assertEquals(seen, { pulls: 6, interrupted: 1, closed: 1 });
  }));

it("a source that fails behind chunks that were at hand ends the connection before the dot", () =>
  Effect.gen(function* () {
    const { socket, message } = server();
    const { source } = watched((pull) => Effect.succeed(line(pull)));
    const failing: Content.Source = {
      open: Effect.map(
        source.open,
        (pull) => Effect.filterOrFail(pull, (chunk) => chunk === undefined || latin1(chunk) !== ".3\r\n", () => "gone"),
      ),
    };
    assertEquals(yield* send(socket, failing), "deferred ContentFailed");
    assertEquals(message(), "..0\r\n..1\r\n..2\r\n");
  }));

it("whoever is interrupted while a source is waited for leaves no pull behind", () =>
  Effect.gen(function* () {
    const { source, seen } = watched((pull) => pull < 5 ? Effect.succeed(line(pull)) : Effect.never);
    const fiber = yield* Effect.forkChild(send(server().socket, source));
    yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(fiber);
    assertEquals(seen, { pulls: 6, interrupted: 1, closed: 1 });
  }));

it("a source that always has more does not keep a server from being heard that has seen enough", () =>
  Effect.gen(function* () {
    const { source, seen } = watched((pull) => pull < 2_000 ? Effect.succeed(line(pull)) : Effect.die("not heard"));
    const verdict = yield* send(server({ refusal: "552 too much\r\n" }).socket, source);
    assert(seen.pulls < 200, `${verdict} after ${seen.pulls} pulls`);
    assertEquals(seen.closed, 1);
  }));

it("blocks grow as long as each is taken at once, and whatever they are they make the message", () =>
  Effect.gen(function* () {
    const kibi = 1024;
    const text = "0123456789abcde\r\n.".repeat(48 * kibi);
    const sent = (isSwift: boolean) =>
      Effect.gen(function* () {
        const { socket, message, sizes } = server({ isSwift });
        const { source } = watched((pull) => Effect.succeed(pull === 0 ? text : undefined));
        assertEquals(yield* send(socket, source), "accepted final");
        assert(message() === `${text.replaceAll("\r\n.", "\r\n..")}\r\n.\r\n`);
        return sizes.map((size) => size / kibi);
      });
    assertEquals((yield* sent(true)).slice(0, 4), [64, 128, 256, 320]);
    assertEquals(new Set((yield* sent(false)).slice(0, 12)), new Set([64]));
  }));
