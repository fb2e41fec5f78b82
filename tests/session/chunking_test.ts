import { assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Outcome from "@plausch/session/outcome";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";
import { envelope, hello, host, message, play, sayHello, send, verdicts } from "./_by_transcript.ts";

const toB = envelope(["b@d.test"]);

const begun = `
  > MAIL FROM:<a@c.test>
  < 250 ok
  > RCPT TO:<b@d.test>
  < 250 ok
`;
const opening = `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250 CHUNKING
  ${begun}
`;

// Chunks of 12 octets end where lines of the transcript do.
const threeChunks = message("Subject: t\r\n\r\n.hello..\r\nbye\r\n");

Deno.test("a message goes in chunks, each after the reply to the one before, and no dot is stuffed", () => {
  const transcript = `${opening}
    > BDAT 12
    > Subject: t
    < 250 2.0.0 12 octets
    > BDAT 12
    >
    > .hello..
    < 250 2.0.0 24 octets
    > BDAT 5 LAST
    > bye
    < 250 2.0.0 queued
    > QUIT
    < 221 bye`;
  const { recipients, events } = play({ chunking: 12 }, transcript, [sayHello, send(toB, threeChunks)]);
  assertEquals(verdicts(recipients), ["accepted final 250"]);
  const said = events.flatMap((event) => event._tag === "Said" && event.stage !== "quit" ? [event] : []);
  assertEquals(said.slice(-3).map(({ stage, chunk }) => [stage, chunk]), [["bdat", 12], ["bdat", 12], ["final", 5]]);
  const lasts = events.flatMap((event) => event._tag === "Content" ? [event.last] : []);
  assertEquals(lasts, [false, false, true]);
});

Deno.test("a refused chunk ends the message; the next one begins with RSET", () => {
  const transcript = `${opening}
    > BDAT 12
    > Subject: t
    < 452 4.3.1 disk full
    > RSET
    < 250 ok
    ${begun}
    > BDAT 12 LAST
    > Subject: u
    < 250 ok
    > QUIT
    < 221 bye`;
  let first: ReadonlyArray<string> = [];
  const { recipients, events } = play({ chunking: 12 }, transcript, [
    sayHello,
    send(toB, threeChunks),
    (conversation) => {
      first = verdicts(conversation.recipients);
      send(toB, message("Subject: u\r\n"))(conversation);
    },
  ]);
  assertEquals(first, ["deferred bdat 452"]);
  assertEquals(verdicts(recipients), ["accepted final 250"]);
  assertEquals(events.flatMap((event) => event._tag === "Turned" ? [event.turn] : []), ["chunk-refused"]);
});

Deno.test("the last chunk is refused: the verdict is on the message", () => {
  const { recipients } = play(
    { chunking: true },
    `${opening}
    > BDAT 21 LAST
    > Subject: t
    >
    > hello
    < 554 5.6.0 no
    > QUIT
    < 221 bye`,
    [sayHello, send(toB)],
  );
  assertEquals(verdicts(recipients), ["rejected final 554"]);
});

Deno.test("a connection lost within the chunks defers; behind the last chunk it is uncertain", () => {
  const before = play({ chunking: 12 }, `${opening}\n> BDAT 12\n> Subject: t\n* close`, [
    sayHello,
    send(toB, threeChunks),
  ]);
  assertEquals(verdicts(before.recipients), ["deferred bdat ConnectionLost"]);
  const after = play({ chunking: 12 }, `${opening}\n> BDAT 12 LAST\n> Subject: t\n* close`, [
    sayHello,
    send(toB, message("Subject: t\r\n")),
  ]);
  assertEquals(verdicts(after.recipients), ["uncertain final ConnectionLost"]);
});

Deno.test("a chunk that is refused while it goes out still goes out whole", () => {
  const conversation = Conversation.make({ host, chunking: true });
  const hear = (text: string) => conversation.receive(octets(text));
  conversation.greet();
  hear("220 mx\r\n");
  conversation.hello();
  conversation.output();
  hear("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
  const big = Content.binary(octets("0123456789abcde\n".repeat(10_000)));
  assertEquals(big.isBinary, true);
  const text = Result.getOrThrow(Content.make(octets("0123456789abcd\r\n".repeat(10_000))));
  Result.getOrThrow(conversation.send(toB, text));
  assertEquals(latin1(conversation.output()!), "MAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\n");
  hear("250 ok\r\n250 ok\r\n");
  assertEquals(latin1(conversation.output()!), "BDAT 160000 LAST\r\n");
  const first = conversation.output()!;
  hear("552 5.3.4 too big\r\n");
  let rest = 0;
  for (let out = conversation.output(); out !== undefined; out = conversation.output()) rest += out.length;
  assertEquals(first.length + rest, 160_000);
  assertEquals(verdicts(conversation.recipients), ["rejected final 552"]);
  assertEquals(conversation.isIdle, true);
  assertEquals(conversation.mayQuit, true);
});

Deno.test("CHUNKING that is not offered: DATA by default, or nothing at all", () => {
  const withoutChunking = "< 220 mx\n> EHLO c.test\n< 250 mx\n";
  const closing = "> QUIT\n< 221 bye";
  const data = "> DATA\n< 354 go\n> Subject: t\n>\n> hello\n> .\n< 250 ok\n";
  const downgraded = play({ chunking: true }, withoutChunking + begun + data + closing, [sayHello, send(toB)]);
  assertEquals(verdicts(downgraded.recipients), ["accepted final 250"]);
  assertEquals(downgraded.conversation.adaptations, [{ extension: "CHUNKING", action: "downgrade" }]);
});

Deno.test("a binary message needs BINARYMIME, and no other host takes it the wrong way", () => {
  const binary = Content.binary(octets("a\n\0"));
  const { recipients } = play({}, "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 CHUNKING\n> QUIT\n< 221 bye", [
    sayHello,
    send(toB, binary),
  ]);
  assertEquals(verdicts(recipients), ["rejected mail 554 NeedsBinaryMime"]);
  assertEquals(Outcome.next(recipients), "next-host");
});

Deno.test("a binary message goes in chunks without being asked to", () => {
  const { recipients } = play(
    {},
    `< 220 mx
    > EHLO c.test
    < 250-mx
    < 250-BINARYMIME
    < 250 CHUNKING
    > MAIL FROM:<a@c.test> BODY=BINARYMIME
    < 250 ok
    > RCPT TO:<b@d.test>
    < 250 ok
    > BDAT 4 LAST
    > a\0
    < 250 ok
    > QUIT
    < 221 bye`,
    [sayHello, send(toB, Content.binary(octets("a\0\r\n")))],
  );
  assertEquals(verdicts(recipients), ["accepted final 250"]);
});

Deno.test("BODY=BINARYMIME for a message of lines becomes 8BITMIME or nothing where it is not offered", () => {
  const asked = envelope(["b@d.test"], { body: "BINARYMIME" });
  const eightBit = Content.binary(octets("Subject: t\r\n\r\n\u00fc\r\n"));
  const played = play(
    {},
    `< 220 mx
    > EHLO c.test
    < 250-mx
    < 250 8BITMIME
    > MAIL FROM:<a@c.test> BODY=8BITMIME
    < 550 no
    > QUIT
    < 221 bye`,
    [sayHello, send(asked, eightBit)],
  );
  assertEquals(played.conversation.adaptations, [{ extension: "BINARYMIME", action: "downgrade" }]);
  const plain = play({}, "< 220 mx\n> EHLO c.test\n< 250 mx\n> MAIL FROM:<a@c.test>\n< 550 no\n> QUIT\n< 221 bye", [
    sayHello,
    send(asked, hello),
  ]);
  assertEquals(verdicts(plain.recipients), ["rejected mail 550"]);
});
