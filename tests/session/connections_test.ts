// Messages that take more than one connection, and what is told when they are called off.
import { assertEquals } from "@std/assert";
import { converse } from "@plausch/session/converse";
import type { SessionEvent } from "@plausch/session/event";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { envelope, host, message, verdicts } from "./_by_transcript.ts";

const limited = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 LIMITS MAILMAX=1 RCPTMAX=1\n";
const begun = (to: string) =>
  `${limited}> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<${to}>\n< 250 ok\n> DATA\n< 354 go\n`;
const taken = (to: string) => `${begun(to)}> hi\n> .\n< 250 queued\n`;
const quit = "> QUIT\n< 221 bye\n";
const next = "* new connection\n";

/** Interrupts a message for three where the transcript ends, and gives what was told of it. */
const calledOff = (text: string) =>
  Effect.gen(function* () {
    const { socket } = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(text)));
    const events: Array<SessionEvent> = [];
    const to = envelope(["1@d.test", "2@d.test", "3@d.test"]);
    const observe = (event: SessionEvent) => void events.push(event);
    const fiber = yield* Effect.forkChild(
      Effect.provideService(
        converse({ host, tls: "none", envelope: to, content: message("hi\r\n"), observe }),
        Socket.Socket,
        socket,
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 second");
    const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true });
    // QUIT has its time all the same.
    yield* TestClock.adjust("5 seconds");
    yield* Fiber.join(interruption);
    assertEquals(Exit.isFailure(yield* Fiber.await(fiber)), true);
    const decided = events.findLast((event) => event._tag === "Decided");
    const failed = events.flatMap((event) => event._tag === "Failed" ? [verdicts(event.error.recipients)] : []);
    return { decided: decided && verdicts(decided.recipients), failed };
  });

const accepted = "accepted final 250";
const beyond = "deferred mail SessionLimit";

it("interrupted at QUIT: what was accepted is told", () =>
  Effect.gen(function* () {
    const told = yield* calledOff(`${taken("1@d.test")}> QUIT\n* server never answers\n`);
    assertEquals(told, { decided: [accepted, beyond, beyond], failed: [] });
  }));

it("interrupted on a second connection: what the first one came to is told as well", () =>
  Effect.gen(function* () {
    const first = taken("1@d.test") + quit + next;
    assertEquals(yield* calledOff(`${first}* server never answers\n`), {
      decided: [accepted, beyond, beyond],
      failed: [[accepted, "deferred greeting Interrupted", "deferred greeting Interrupted"]],
    });
    const lost = [accepted, "uncertain final Interrupted", "deferred final Interrupted"];
    assertEquals(yield* calledOff(`${first}${begun("2@d.test")}> hi\n> .\n* server never answers\n`), {
      decided: lost,
      failed: [lost],
    });
    assertEquals(yield* calledOff(`${first}${taken("2@d.test")}> QUIT\n* server never answers\n`), {
      decided: [accepted, accepted, beyond],
      failed: [],
    });
  }));

it("interrupted while a further connection is made: what all earlier ones came to is told", () =>
  Effect.gen(function* () {
    const first = taken("1@d.test") + quit + next + taken("2@d.test") + quit + next;
    const { decided } = yield* calledOff(`${first}* tls never answers\n`);
    assertEquals(decided, [accepted, accepted, beyond]);
  }));
