import { assert, assertEquals } from "@std/assert";
import { type Mail, sendMany, type Sent } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Queue from "effect/Queue";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";
import { envelope, host, message } from "./_by_transcript.ts";

const hi = message("hi\r\n");
const mail = (to: string): Mail => ({ envelope: envelope([to]), content: hi });
const mails = [mail("1@d.test"), mail("2@d.test"), mail("3@d.test")];

const opening = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 PIPELINING\n";
const commands = (to: string) => `> MAIL FROM:<a@c.test>\n> RCPT TO:<${to}>\n> DATA\n`;
const content = "> hi\n> .\n";
const go = "< 250 ok\n< 250 ok\n< 354 go\n";
const quit = "> QUIT\n< 221 bye\n";
const three = opening + commands("1@d.test") + go +
  content + commands("2@d.test") + "< 250 one\n" + go +
  content + commands("3@d.test") + "< 250 two\n" + go +
  content + "< 250 three\n";

/** Holds a session against a transcript. */
const against = <A, E>(
  text: string,
  use: (session: Session.Session) => Effect.Effect<A, E, Scope.Scope>,
  options: Partial<Session.Options> = {},
) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(text)));
    const exit = yield* Session.open({ host, ...options }).pipe(
      Effect.flatMap(use),
      Effect.scoped,
      Effect.provideService(Socket.Socket, peer.socket),
      Effect.exit,
    );
    yield* peer.verify;
    return yield* exit;
  });

const replies = (sent: ReadonlyArray<Sent>) => sent.map(({ outcome }) => outcome.recipients[0]?.reply?.lines[0]);

/** What came before a stream failed, and its failure. */
const untilFailure = <E>(stream: Stream.Stream<Sent, E>) =>
  Effect.gen(function* () {
    const sent: Array<Sent> = [];
    const error = yield* Effect.flip(Stream.runForEach(stream, (one) => Effect.sync(() => sent.push(one))));
    return { sent, error };
  });

it("the outcomes of an iterable come in its order, and the session can be used on", () =>
  Effect.gen(function* () {
    const sent = yield* against(
      `${three}> NOOP\n< 250 ok\n${quit}`,
      (session) => Effect.tap(Stream.runCollect(sendMany(session, mails)), () => session.command({ _tag: "NOOP" })),
    );
    assertEquals(replies(sent), ["one", "two", "three"]);
    assertEquals(sent.map(({ mail }) => mails.indexOf(mail)), [0, 1, 2]);
  }));

it("QUIT goes out with the octets of the last message, and the session is over", () =>
  Effect.gen(function* () {
    const text = three.replace(/> \.\n< 250 three\n$/, "> .\n> QUIT\n< 250 three\n< 221 bye\n");
    const stream = Stream.fromIterable(mails);
    for (const source of [mails, stream]) {
      const { sent, error } = yield* against(text, (session) =>
        Effect.gen(function* () {
          const sent = yield* Stream.runCollect(sendMany(session, source, { quit: true }));
          return { sent, error: yield* Effect.flip(session.command({ _tag: "NOOP" })) };
        }));
      assertEquals([replies(sent), (error as SessionError).reason], [["one", "two", "three"], "Closed"]);
    }
  }));

it("QUIT is said after the verdict where messages do not overlap, and its answer is not missed", () =>
  Effect.gen(function* () {
    const text = opening + commands("1@d.test") + go + content + "< 250 one\n> QUIT\n* server closes\n";
    const sent = yield* against(
      text,
      (session) => Stream.runCollect(sendMany(session, mails.slice(0, 1), { quit: true })),
      { overlap: false },
    );
    assertEquals(replies(sent), ["one"]);
  }));

it("the connection breaks behind QUIT, before the verdict: the message is uncertain, and the stream fails", () =>
  Effect.gen(function* () {
    const text = opening + commands("1@d.test") + go + "> hi\n> .\n> QUIT\n* server closes\n";
    const { sent, error } = yield* against(
      text,
      (session) => untilFailure(sendMany(session, mails.slice(0, 1), { quit: true })),
    );
    assertEquals(sent.map(({ outcome }) => outcome.recipients[0]?.verdict), ["uncertain"]);
    assertEquals((error as SessionError).reason, "ConnectionLost");
  }));

it("a stream is the same, in whatever chunks it comes", () =>
  Effect.gen(function* () {
    for (const chunkSize of [1, 2, 3]) {
      const stream = Stream.fromIterable(mails, { chunkSize });
      const sent = yield* against(three + quit, (session) => Stream.runCollect(sendMany(session, stream)));
      assertEquals(replies(sent), ["one", "two", "three"]);
    }
  }));

it("a message that comes later finds the verdict on the one before told already", () =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<Mail>();
    const text = opening + commands("1@d.test") + go + content + "< 250 one\n" + commands("2@d.test") + go + content +
      "< 250 two\n" + quit;
    const told: Array<string | undefined> = [];
    const fiber = yield* Effect.forkChild(
      against(text, (session) =>
        Stream.runForEach(
          Stream.take(sendMany(session, Stream.fromQueue(queue)), 2),
          (sent) => Effect.sync(() => told.push(...replies([sent]))),
        )),
      { startImmediately: true },
    );
    yield* Queue.offer(queue, mails[0]!);
    yield* TestClock.adjust("1 second");
    assertEquals(told, ["one"]);
    yield* TestClock.adjust("1 hour");
    yield* Queue.offer(queue, mails[1]!);
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(fiber);
    assertEquals(told, ["one", "two"]);
  }));

it("an outcome is given at once, the next ones together a tenth of a second later", () =>
  Effect.gen(function* () {
    const slow = three.replace("< 250 three\n", "~ 1 minute\n< 250 three\n");
    const told: Array<ReadonlyArray<string | undefined>> = [];
    const fiber = yield* Effect.forkChild(
      against(slow + quit, (session) =>
        Stream.runForEachArray(sendMany(session, mails), (sent) =>
          Effect.sync(() => told.push(replies(sent))))),
      { startImmediately: true },
    );
    yield* TestClock.adjust("50 millis");
    assertEquals(told, [["one"]]);
    yield* TestClock.adjust("50 millis");
    assertEquals(told, [["one"], ["two"]]);
    yield* TestClock.adjust("1 minute");
    yield* Fiber.join(fiber);
    assertEquals(told, [["one"], ["two"], ["three"]]);
  }));

it("a consumer that takes its time is waited for", () =>
  Effect.gen(function* () {
    let asked = 0;
    function* endless(): Generator<Mail> {
      for (;;) {
        asked++;
        yield mails[0]!;
      }
    }
    const text = opening + commands("1@d.test") + go +
      (content + commands("1@d.test") + "< 250 ok\n" + go).repeat(600);
    const fiber = yield* Effect.forkChild(
      against(text, (session) => Stream.runForEach(sendMany(session, endless()), () => Effect.never)),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 minute");
    assert(asked > 0 && asked < 300, `asked for ${asked}`);
    yield* Fiber.interrupt(fiber);
  }));

it("the connection breaks: what was under way is told, what was not begun is not asked for", () =>
  Effect.gen(function* () {
    let asked = 0;
    function* many(): Generator<Mail> {
      for (const mail of [...mails, ...mails]) {
        asked++;
        yield mail;
      }
    }
    const text = opening + commands("1@d.test") + go + content + commands("2@d.test") + "< 250 one\n" + go +
      content + commands("3@d.test") + "* server closes\n";
    const { sent, error } = yield* against(text, (session) => untilFailure(sendMany(session, many())));
    assertEquals(sent.map(({ outcome }) => outcome.recipients[0]?.verdict), ["accepted", "uncertain", "deferred"]);
    assertEquals([(error as SessionError).reason, (error as SessionError).stage], ["ConnectionLost", "final"]);
    assertEquals(asked, 3);
  }));

it("a source that fails ends the stream with its failure, after the last outcome", () =>
  Effect.gen(function* () {
    const failing = Stream.concat(Stream.fromIterable(mails), Stream.fail("no more"));
    const { sent, error } = yield* against(three + quit, (session) => untilFailure(sendMany(session, failing)));
    assertEquals([replies(sent), error], [["one", "two", "three"], "no more"]);
  }));

it("a value that cannot be encoded ends the stream, and nothing of its message is said", () =>
  Effect.gen(function* () {
    const bad: Mail = { envelope: envelope(["2@d.test"], { envid: "\n" }), content: hi };
    const text = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250-DSN\n< 250 PIPELINING\n" + commands("1@d.test") + go +
      content + "< 250 one\n" + quit;
    const { sent, error } = yield* against(text, (session) => untilFailure(sendMany(session, [mails[0]!, bad])));
    assertEquals([replies(sent), (error as GrammarError).reason], [["one"], "ControlCharacter"]);
  }));

it("a server that does not answer is given up after the time for its stage", () =>
  Effect.gen(function* () {
    const text = opening + commands("1@d.test") + go + content + commands("2@d.test") + "* server never answers\n";
    const fiber = yield* Effect.forkChild(
      against(text, (session) => untilFailure(sendMany(session, mails))),
      { startImmediately: true },
    );
    yield* TestClock.adjust("9 minutes");
    assertEquals(fiber.pollUnsafe(), undefined);
    yield* TestClock.adjust("2 minutes");
    const { sent, error } = yield* Fiber.join(fiber);
    assertEquals(sent.map(({ outcome }) => outcome.recipients[0]?.verdict), ["uncertain", "deferred"]);
    assertEquals((error as SessionError).reason, "Timeout");
  }));

it("an interruption closes the connection, since answers are owed", () =>
  Effect.gen(function* () {
    const text = opening + commands("1@d.test") + go + content + commands("2@d.test") + "* client closes\n";
    const fiber = yield* Effect.forkChild(
      against(text, (session) => Stream.runDrain(sendMany(session, mails))),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(fiber);
    assert(Exit.hasInterrupts(yield* Fiber.await(fiber)));
  }));

it("two streams on one session take turns", () =>
  Effect.gen(function* () {
    const text = opening + commands("1@d.test") + go + content + "< 250 one\n" + commands("2@d.test") + go + content +
      "< 250 two\n" + quit;
    const sent = yield* against(text, (session) =>
      Effect.all(
        [mails[0]!, mails[1]!].map((one) => Stream.runCollect(sendMany(session, [one]))),
        {
          concurrency: "unbounded",
        },
      ));
    assertEquals(sent.map(replies), [["one"], ["two"]]);
  }));
