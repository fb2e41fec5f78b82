import { assertEquals } from "@std/assert";
import type { SessionEvent } from "@plausch/session/event";
import { sendMany } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { Reply } from "@plausch/smtp/reply";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { envelope, host, message } from "./_by_transcript.ts";
import * as DirectSocket from "./_direct_socket.ts";

/** A session whose server takes a minute for the first of the commands that follow. */
const opened = (text: string) =>
  Effect.gen(function* () {
    const script = Result.getOrThrow(Transcript.parse(`< 220 mx\n> EHLO c.test\n< 250 mx\n${text}`));
    const peer = yield* MockSocket.make(script);
    const session = yield* Session.open({ host }).pipe(Effect.provideService(Socket.Socket, peer.socket));
    return { session, peer };
  });

const begun = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });
const ask = (session: Session.Session, text: string) => begun(Effect.result(session.command(Command.noop(text))));

/** The words of a reply, or the reason of a failure. */
const said = (result: Result.Result<Reply, SessionError | GrammarError>): string | undefined =>
  Result.isSuccess(result) ? result.success.lines[0] : result.failure.reason;

it("requests have their turns as they came, and who is interrupted in the line has none", () =>
  Effect.gen(function* () {
    const text = "> NOOP 1\n~ 1 minute\n< 250 one\n> NOOP 3\n< 250 three\n> QUIT\n< 221 bye\n";
    const { session, peer } = yield* opened(text);
    const first = yield* ask(session, "1");
    const second = yield* ask(session, "2");
    const third = yield* ask(session, "3");
    yield* Fiber.interrupt(second);
    const quit = yield* begun(session.quit);
    yield* TestClock.adjust("1 minute");
    yield* Fiber.join(quit);
    assertEquals([yield* Fiber.join(first), yield* Fiber.join(third)].map(said), ["one", "three"]);
    yield* peer.verify;
  }));

it("an interrupted request gives the conversation up, and those behind it hear so, however many they are", () =>
  Effect.gen(function* () {
    const { session } = yield* opened("> NOOP 1\n~ 1 minute\n< 250 one\n");
    const first = yield* ask(session, "1");
    const others = yield* Effect.forEach(Array.from({ length: 20_000 }), () => ask(session, "more"));
    yield* Fiber.interrupt(first);
    const heard = yield* Effect.forEach(others, (fiber) => Fiber.join(fiber));
    assertEquals([...new Set(heard.map(said))], ["Closed"]);
    yield* session.quit;
  }));

/** A server that answers everything, over a line that is listened to. */
const direct = () => {
  const { socket, say } = DirectSocket.make({
    listened: () => say("220 mx\r\n"),
    hear: () => {
      say("250 ok\r\n");
      return true;
    },
  });
  return socket;
};

const mocked = () =>
  MockSocket.make(Result.getOrThrow(Transcript.parse("< 220 mx\n> EHLO c.test\n< 250 mx\n> NOOP 1\n< 250 one\n")));

for (
  const [name, made] of [
    ["a line that is listened to", Effect.sync(direct)],
    ["any other socket", Effect.map(mocked(), ({ socket }) => socket)],
  ] as const
) {
  it(`an observer that throws ends the session, and nobody waits for a turn in vain: ${name}`, () =>
    Effect.gen(function* () {
      let isSpoilt = false;
      const observe = ({ _tag }: SessionEvent) => {
        if (isSpoilt && _tag === "Said") throw new Error("spoilt");
      };
      const socket = yield* made;
      const session = yield* Session.open({ host, observe }).pipe(Effect.provideService(Socket.Socket, socket));
      isSpoilt = true;
      const first = yield* Effect.exit(session.command(Command.noop("1")));
      const second = yield* Effect.result(session.command(Command.noop("2")));
      assertEquals([Exit.isFailure(first) && Cause.hasDies(first.cause), said(second)], [true, "Closed"]);
    }));

  it(`the same while many messages are sent: ${name}`, () =>
    Effect.gen(function* () {
      let isSpoilt = false;
      const observe = ({ _tag }: SessionEvent) => {
        if (isSpoilt && _tag === "Said") throw new Error("spoilt");
      };
      const socket = yield* made;
      const session = yield* Session.open({ host, observe }).pipe(Effect.provideService(Socket.Socket, socket));
      isSpoilt = true;
      const mails = [{ envelope: envelope(["b@d.test"]), content: message("hi\r\n") }];
      const first = yield* Effect.exit(Stream.runDrain(sendMany(session, mails)));
      const second = yield* Effect.result(session.command(Command.noop("2")));
      assertEquals([Exit.isFailure(first) && Cause.hasDies(first.cause), said(second)], [true, "Closed"]);
    }));
}
