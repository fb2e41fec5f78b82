import { assert, assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import { converse, type Options } from "@plausch/session/converse";
import { sendMany } from "@plausch/session/send-many";
import * as Session from "@plausch/session/session";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as Socket from "effect/socket/Socket";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import { latin1, octets } from "../support/cases.ts";
import { it } from "../support/it.ts";
import { property } from "../support/property.ts";
import { envelope, host } from "./_by_transcript.ts";

const toB = envelope(["b@d.test"]);

/** A source of those chunks that counts how often it was opened and closed. */
const counted = (...chunks: ReadonlyArray<string>) => {
  const count = { opened: 0, closed: 0, read: 0 };
  const source = Content.fromIterable(function* () {
    count.opened++;
    try {
      for (const chunk of chunks) {
        count.read++;
        if (chunk === "throw") throw new Error("the disk is gone");
        yield octets(chunk);
      }
    } finally {
      count.closed++;
    }
  });
  return { source, count };
};

const opening = (...offers: ReadonlyArray<string>): string =>
  `< 220 mx\n> EHLO c.test\n< 250-mx\n${offers.map((offer) => `< 250-${offer}\n`).join("")}< 250 HELP\n`;
const lockStep = "> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n< 250 ok\n";
const quit = "> QUIT\n< 221 bye\n";

/** One conversation against a transcript; gives its verdicts, and the reason where it failed. */
const talk = (text: string, content: Content.Content, options: Partial<Options> = {}) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(text)));
    const ended = yield* converse({ host, envelope: toB, content, ...options }).pipe(
      Effect.map(({ recipients }) => ({ recipients, reason: undefined as string | undefined })),
      Effect.catchTag("SessionError", ({ recipients, reason }) => Effect.succeed({ recipients, reason })),
      Effect.provideService(Socket.Socket, peer.socket),
    );
    yield* peer.verify;
    return { verdicts: ended.recipients.map(({ verdict, stage }) => `${verdict} ${stage}`), reason: ended.reason };
  });

const known = { eightBit: false };

it("a streamed message goes out as it is read: line ends, dots, and the lone dot", () =>
  Effect.gen(function* () {
    const { source, count } = counted("Subject: t\r", "\n\r\n.dot", "\nend", "");
    const text = opening() + lockStep + "> DATA\n< 354 go\n> Subject: t\n>\n> ..dot\n> end\n> .\n< 250 ok\n" + quit;
    assertEquals(yield* talk(text, Content.stream(source, known)), {
      verdicts: ["accepted final"],
      reason: undefined,
    });
    assertEquals(count, { opened: 1, closed: 1, read: 4 });
  }));

it("in chunks of a size that does not depend on how it is read", () =>
  Effect.gen(function* () {
    for (const chunks of [["Subject: t\n", "\n.hello..\n", "bye\n"], [..."Subject: t\n\n.hello..\nbye\n"]]) {
      const { source, count } = counted(...chunks);
      const text = opening("CHUNKING") + lockStep + "> BDAT 12\n> Subject: t\n< 250 ok\n" +
        "> BDAT 12\n>\n> .hello..\n< 250 ok\n> BDAT 5 LAST\n> bye\n< 250 ok\n" + quit;
      const { verdicts } = yield* talk(text, Content.stream(source, known), { chunking: 12 });
      assertEquals([verdicts, count.closed], [["accepted final"], 1]);
    }
  }));

it("what was found out is declared; what is not known is assumed for the worst", () =>
  Effect.gen(function* () {
    const { source } = counted("Subject: gr\u00c3\u00bc\u00c3\u009fe\n", "\nhello\n");
    const facts = yield* Content.look(source);
    assertEquals([facts.size, facts.eightBit, facts.eightBitHeader], [27, true, true]);
    const declared = opening("SIZE", "SMTPUTF8", "8BITMIME") +
      "> MAIL FROM:<a@c.test> SIZE=27 BODY=8BITMIME SMTPUTF8\n< 550 no\n" + quit;
    assertEquals((yield* talk(declared, Content.stream(source, facts))).verdicts, ["rejected mail"]);
    const unknown = opening("SIZE", "8BITMIME") + "> MAIL FROM:<a@c.test> BODY=8BITMIME\n< 550 no\n" + quit;
    assertEquals((yield* talk(unknown, Content.stream(source))).verdicts, ["rejected mail"]);
    assertEquals((yield* talk(opening() + quit, Content.stream(source))).verdicts, ["rejected mail"]);
  }));

it("a source that fails ends the connection before the dot, and the message is deferred", () =>
  Effect.gen(function* () {
    const { source, count } = counted("Subject: t\n", "throw");
    const text = opening() + lockStep + "> DATA\n< 354 go\n> Subject: t\n* client closes\n";
    const failed = yield* talk(text, Content.stream(source, known));
    assertEquals(failed, { verdicts: ["deferred final"], reason: "ContentFailed" });
    assertEquals([count.opened, count.closed], [1, 1]);
  }));

it("a lone LF under the policy strict is such a failure", () =>
  Effect.gen(function* () {
    const source = Content.fromIterable(() => [octets("Subject: t\r\n"), octets("a\nb")], "strict");
    const text = opening() + lockStep + "> DATA\n< 354 go\n> Subject: t\n* client closes\n";
    assertEquals((yield* talk(text, Content.stream(source, known))).reason, "ContentFailed");
    assert(Result.isFailure(yield* Effect.result(Content.look(source))));
  }));

it("a source that gives nothing is given up after the limit for a block", () =>
  Effect.gen(function* () {
    const source: Content.Source = { open: Effect.succeed(Effect.never) };
    const text = opening() + lockStep + "> DATA\n< 354 go\n* client closes\n";
    const fiber = yield* Effect.forkChild(talk(text, Content.stream(source, known)), { startImmediately: true });
    yield* TestClock.adjust("2 minutes");
    assertEquals(fiber.pollUnsafe(), undefined);
    yield* TestClock.adjust("2 minutes");
    assertEquals((yield* Fiber.join(fiber)).reason, "ContentFailed");
  }));

it("a message that is not wanted is not opened", () =>
  Effect.gen(function* () {
    const { source, count } = counted("Subject: t\n");
    yield* talk(opening() + "> MAIL FROM:<a@c.test>\n< 550 no\n" + quit, Content.stream(source, known));
    assertEquals(count, { opened: 0, closed: 0, read: 0 });
  }));

it("it is opened anew for a further transaction", () =>
  Effect.gen(function* () {
    const { source, count } = counted("hi\n");
    const content = Content.stream(source, known);
    const round = (to: string) =>
      `> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<${to}>\n< 250 ok\n> DATA\n< 354 go\n> hi\n> .\n< 250 ok\n`;
    const text = opening("LIMITS RCPTMAX=1") + round("1@d.test") + round("2@d.test") + quit;
    const both = envelope(["1@d.test", "2@d.test"]);
    assertEquals((yield* talk(text, content, { envelope: both })).verdicts, ["accepted final", "accepted final"]);
    assertEquals([count.opened, count.closed], [2, 2]);
  }));

it("streamed messages overlap with others", () =>
  Effect.gen(function* () {
    const { source } = counted("h", "i\n");
    const commands = (to: string) => `> MAIL FROM:<a@c.test>\n> RCPT TO:<${to}>\n> DATA\n`;
    const go = "< 250 ok\n< 250 ok\n< 354 go\n";
    const text = opening("PIPELINING") + commands("1@d.test") + go + "> hi\n> .\n" + commands("2@d.test") +
      "< 250 one\n" + go + "> hi\n> .\n< 250 two\n" + quit;
    const mails = ["1@d.test", "2@d.test"].map((to) => ({
      envelope: envelope([to]),
      content: Content.stream(source, known),
    }));
    const peer = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(text)));
    const sent = yield* Session.open({ host }).pipe(
      Effect.flatMap((session) => Stream.runCollect(sendMany(session, mails))),
      Effect.scoped,
      Effect.provideService(Socket.Socket, peer.socket),
    );
    yield* peer.verify;
    assertEquals(sent.map(({ outcome }) => outcome.recipients[0]?.verdict), ["accepted", "accepted"]);
  }));

const pieces = Arbitrary.array(
  Arbitrary.schema(
    Schema.Literals(["a", ".", "\r\n", "\r", "\n", "..", "Subject: t\r\n", "\u00e9", "long".repeat(300)]),
  ),
  { maxLength: 12 },
);

property("a streamed message is known as one in memory is", pieces, (chunks) => {
  const whole = Result.getOrThrow(Content.make(octets(chunks.join(""))));
  const facts = Effect.runSync(Content.look({
    open: Effect.sync(() => {
      const left = chunks.map(octets);
      return Effect.sync(() => left.shift());
    }),
  }));
  return facts.size === whole.size && facts.eightBit === whole.eightBit &&
    facts.eightBitHeader === whole.eightBitHeader && latin1(whole.octets!).length === facts.size &&
    JSON.stringify(facts.longLines) === JSON.stringify(whole.longLines);
}, { runs: 2000, seed: "plausch" });
