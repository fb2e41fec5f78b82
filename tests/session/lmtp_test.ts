import { assertEquals } from "@std/assert";
import * as Conversation from "@plausch/session/conversation";
import * as Result from "effect/Result";
import { octets } from "../support/cases.ts";
import { envelope, hello, host, play, sayHello, send, verdicts } from "./_by_transcript.ts";

const opening = `
  < 220 lmtp
  > LHLO c.test
  < 250-lmtp
  < 250 CHUNKING
`;
const three = envelope(["x@d.test", "y@d.test", "z@d.test"]);

const recipients = `
  > MAIL FROM:<a@c.test>
  < 250 ok
  > RCPT TO:<x@d.test>
  < 250 ok
  > RCPT TO:<y@d.test>
  < 550 5.1.1 nobody
  > RCPT TO:<z@d.test>
  < 250 ok
`;

const data = "> DATA\n< 354 go\n> Subject: t\n>\n> hello\n> .\n";

Deno.test("a verdict for each recipient that was taken, in their order", () => {
  const played = play(
    { protocol: "lmtp" },
    `${opening}${recipients}${data}
    < 250 2.1.5 x ok
    < 552 5.2.2 z full
    > QUIT
    < 221 bye`,
    [sayHello, send(three)],
  );
  assertEquals(verdicts(played.recipients), ["accepted final 250", "rejected rcpt 550", "rejected final 552"]);
});

Deno.test("the same in a chunk", () => {
  const played = play(
    { protocol: "lmtp", chunking: true },
    `${opening}${recipients}
    > BDAT 21 LAST
    > Subject: t
    >
    > hello
    < 250 2.1.5 x ok
    < 452 4.2.2 z full
    > QUIT
    < 221 bye`,
    [sayHello, send(three)],
  );
  assertEquals(verdicts(played.recipients), ["accepted final 250", "rejected rcpt 550", "deferred final 452"]);
});

Deno.test("421 in the place of a verdict is one; what became of those after it nobody knows", () => {
  const played = play(
    { protocol: "lmtp" },
    `${opening}${recipients}${data}
    < 421 4.3.0 going down
    `,
    [sayHello, send(three)],
  );
  assertEquals(verdicts(played.recipients), [
    "deferred final 421",
    "rejected rcpt 550",
    "uncertain final ConnectionLost",
  ]);
});

Deno.test("a verdict too many changes nothing", () => {
  const played = play(
    { protocol: "lmtp" },
    `${opening}${recipients}${data}
    < 250 x ok
    < 250 z ok
    > QUIT
    < 250 who?
    < 221 bye`,
    [sayHello, send(three)],
  );
  assertEquals(verdicts(played.recipients), ["accepted final 250", "rejected rcpt 550", "accepted final 250"]);
});

Deno.test("354 although nobody was taken: the connection is closed, since nobody could tell when the message is over", () => {
  const conversation = Conversation.make({ host, protocol: "lmtp", tls: "none" });
  const hear = (text: string) => conversation.receive(octets(text));
  conversation.greet();
  hear("220 lmtp\r\n");
  conversation.hello();
  conversation.output();
  hear("250-lmtp\r\n250 PIPELINING\r\n");
  Result.getOrThrow(conversation.send(envelope(["b@d.test"]), hello));
  conversation.output();
  hear("250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n");
  assertEquals(verdicts(conversation.recipients), ["rejected rcpt 550"]);
  assertEquals([conversation.isOver, conversation.failure, conversation.output()], [true, undefined, undefined]);
});
