import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import { TranscriptMismatch } from "@plausch/testing/transcript-mismatch";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { it } from "../support/it.ts";
import { type Wire, wire } from "./_perfect_client.ts";

type Doing = (client: Wire) => Effect.Effect<unknown, unknown>;

const readAll = (client: Wire) => Effect.flip(Effect.forever(client.read));

/** What `verify` prints after a client has done something. */
const mismatch = (script: string, doing: Doing, options?: MockSocket.Options) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(script)), options);
    yield* Effect.scoped(Effect.flatMap(wire(peer.socket), doing));
    return yield* Effect.flip(peer.verify);
  });

const golden = (name: string, script: string, doing: Doing, message: string, options?: MockSocket.Options): void =>
  it(name, () =>
    Effect.gen(function* () {
      const error = yield* mismatch(script, doing, options);
      assertEquals(error.message, message);
      for (const line of error.message.split("\n")) assert(line.length <= 80, line);
    }));

const greeted = `
  < 220 mx.test ESMTP
  > EHLO c.test
  < 250-mx.test
  < 250 PIPELINING
  > MAIL FROM:<a@c.test>
  > RCPT TO:<b@d.test>
  < 250 ok
  < 250 ok
  > QUIT
  < 221 bye
`;

golden(
  "the client says another line",
  greeted,
  (client) =>
    Effect.gen(function* () {
      yield* client.read;
      yield* client.say("EHLO c.test");
      yield* client.read;
      yield* Effect.flip(client.write("MAIL FROM:<a@c.test>\r\nRCPT TO:<x@d.test>\r\nDATA\r\n"));
    }),
  `Cannot follow the transcript: the client did something else

           < 220 mx.test ESMTP
           > EHLO c.test
           < 250-mx.test
           < 250 PIPELINING
           > MAIL FROM:<a@c.test>
  expected > RCPT TO:<b@d.test>
  actual   > RCPT TO:<x@d.test>
                      ^`,
);

golden(
  "the client says more on a line than expected",
  "> QUIT\n",
  (client) => Effect.flip(client.say("QUIT now")),
  `Cannot follow the transcript: the client did something else

  expected > QUIT
  actual   > QUIT now
                 ^`,
);

golden(
  "the client ends a line with LF alone",
  "> QUIT\n",
  (client) => Effect.flip(client.write("QUIT\n")),
  `Cannot follow the transcript: the client did something else

  expected > QUIT
  actual   > QUIT\\n\\
                 ^`,
);

golden(
  "the client goes wrong within a line that it sends in pieces",
  "> EHLO c.test\n",
  (client) =>
    Effect.gen(function* () {
      yield* client.write("EH");
      yield* client.write("L");
      yield* Effect.flip(client.write("P"));
    }),
  `Cannot follow the transcript: the client did something else

  expected > EHLO c.test
  actual   > EHLP\\
                ^`,
);

golden(
  "octets that cannot be seen are escaped, and the mark stands under the right one",
  "> SUBJ gr\\xc3\\xbcn \\x1b[1m!\n",
  (client) => Effect.flip(client.say("SUBJ grün \x1b[1m?\u202e")),
  `Cannot follow the transcript: the client did something else

  expected > SUBJ grün \\x1b[1m!
  actual   > SUBJ grün \\x1b[1m?\\xe2\\x80\\xae
                              ^`,
);

golden(
  "a difference within a character is one of that character",
  "> gr\\xc3\\xbcn\n",
  (client) => Effect.flip(client.say("grön")),
  `Cannot follow the transcript: the client did something else

  expected > grün
  actual   > grön
               ^`,
);

golden(
  "the client does not stuff a dot",
  "> .. a line with a dot\n> .\n",
  (client) => Effect.flip(client.write(". a line with a dot\r\n.\r\n")),
  `Cannot follow the transcript: the client did something else

  expected > .. a line with a dot
  actual   > . a line with a dot
              ^`,
);

golden(
  "an empty line is missing",
  "> Subject: t\n>\n> hello\n> .\n",
  (client) => Effect.flip(client.write("Subject: t\r\nhello\r\n.\r\n")),
  `Cannot follow the transcript: the client did something else

           > Subject: t
  expected >
  actual   > hello
             ^`,
);

golden(
  "lines wider than the screen are shown where they differ",
  `< 220 ${"greeting ".repeat(20)}\n> ${"0123456789".repeat(30)}a${"abcdefghij".repeat(30)}\n`,
  (client) =>
    Effect.andThen(client.read, Effect.flip(client.say(`${"0123456789".repeat(30)}b${"abcdefghij".repeat(30)}`))),
  `Cannot follow the transcript: the client did something else

           < 220 greeting greeting greeting greeting greeting greeting greeting…
  expected > …0123456789012345678901234567890123456789aabcdefghijabcdefghijabcd…
  actual   > …0123456789012345678901234567890123456789babcdefghijabcdefghijabcd…
                                                      ^`,
);

golden(
  "of a long conversation the end is shown",
  `${Array.from({ length: 30 }, (_, i) => `> line ${i}`).join("\n")}\n> QUIT\n`,
  (client) => Effect.flip(client.write(Array.from({ length: 30 }, (_, i) => `line ${i}\r\n`).join("") + "RSET\r\n")),
  `Cannot follow the transcript: the client did something else

           (14 more before)
${Array.from({ length: 16 }, (_, i) => `           > line ${i + 14}`).join("\n")}
  expected > QUIT
  actual   > RSET
             ^`,
);

golden(
  "the client speaks before the greeting",
  greeted,
  (client) => Effect.flip(client.say("EHLO c.test")),
  `Cannot follow the transcript: the client spoke before its turn

  expected < 220 mx.test ESMTP
  actual   > EHLO c.test`,
);

golden(
  "the client speaks after the first line of a reply of two",
  greeted,
  (client) =>
    Effect.gen(function* () {
      yield* client.readOctets("220 mx.test ESMTP\r\n".length);
      yield* client.say("EHLO c.test");
      yield* client.readOctets("250-mx.test\r\n250".length);
      yield* Effect.flip(client.say("MAIL FROM:<a@c.test>"));
    }),
  `Cannot follow the transcript: the client spoke before its turn

           < 220 mx.test ESMTP
           > EHLO c.test
           < 250-mx.test
           < 250\\
  expected <  PIPELINING
  actual   > MAIL FROM:<a@c.test>`,
  { chunking: "octet" },
);

golden(
  "the client does not read what the server said before it closed",
  "< 421 bye\n* server closes\n",
  (client) => Effect.flip(client.say("QUIT")),
  `Cannot follow the transcript: the client spoke before its turn

  expected < 421 bye
  actual   > QUIT`,
);

golden(
  "the client speaks before a server that is about to stop listening has spoken",
  "< 220 mx\n* server stops listening\n< 421 bye\n* server closes\n",
  (client) => Effect.flip(client.say("QUIT")),
  `Cannot follow the transcript: the client spoke before its turn

  expected < 220 mx
  actual   > QUIT`,
);

golden(
  "the client sends more commands in one flight than expected",
  "> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n",
  (client) => Effect.flip(client.write("MAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\n")),
  `Cannot follow the transcript: the client spoke before its turn

           > MAIL FROM:<a@c.test>
  expected < 250 ok
  actual   > RCPT TO:<b@d.test>`,
);

golden(
  "the client goes on behind the end of the transcript",
  "< 220 mx\n",
  (client) => Effect.andThen(client.read, Effect.flip(client.say("QUIT"))),
  `Cannot follow the transcript: the client spoke where nothing was expected of it

           < 220 mx
  expected (nothing; the transcript is over)
  actual   > QUIT`,
);

golden(
  "the client speaks where it should hang up",
  "< HTTP/1.1 400 Bad Request\n* client closes\n",
  (client) => Effect.andThen(client.read, Effect.flip(client.say("QUIT"))),
  `Cannot follow the transcript: the client spoke where nothing was expected of it

           < HTTP/1.1 400 Bad Request
  expected * client closes
  actual   > QUIT`,
);

golden(
  "the client does not wait for a server that never answers",
  "> RCPT TO:<b@d.test>\n* server never answers\n",
  (client) => Effect.andThen(client.say("RCPT TO:<b@d.test>"), Effect.flip(client.say("QUIT"))),
  `Cannot follow the transcript: the client spoke where nothing was expected of it

           > RCPT TO:<b@d.test>
  expected * server never answers
  actual   > QUIT`,
);

golden(
  "the client speaks while the server is about to close",
  "< 220 mx\n~ 5 minutes\n* server closes\n",
  (client) => Effect.andThen(client.read, Effect.flip(client.say("QUIT"))),
  `Cannot follow the transcript: the client spoke where nothing was expected of it

           < 220 mx
  expected * server closes
  actual   > QUIT`,
);

golden(
  "the client speaks in clear where TLS has to start",
  "> STARTTLS\n< 220 go\n* tls starts\n> EHLO c.test\n",
  (client) =>
    Effect.gen(function* () {
      yield* client.say("STARTTLS");
      yield* client.read;
      yield* Effect.flip(client.say("EHLO c.test"));
    }),
  `Cannot follow the transcript: the client did something else

           > STARTTLS
           < 220 go
  expected * tls starts
  actual   > EHLO c.test`,
);

golden(
  "the client starts TLS where it should speak",
  "> STARTTLS\n",
  (client) => Effect.flip(client.upgrade()),
  `Cannot follow the transcript: the client did something else

  expected > STARTTLS
  actual   * tls starts`,
);

golden(
  "the client hangs up instead of speaking",
  greeted,
  (client) => Effect.andThen(client.read, client.say("EHLO c.test")),
  `Cannot follow the transcript: the client stopped too early

           < 220 mx.test ESMTP
           > EHLO c.test
  expected < 250-mx.test
  actual   * client closes`,
);

golden(
  "the client has read all, and hangs up",
  "< 220 mx\n> QUIT\n",
  (client) => client.read,
  `Cannot follow the transcript: the client stopped too early

           < 220 mx
  expected > QUIT
  actual   * client closes`,
);

golden(
  "the client hangs up within a flight",
  "> MAIL FROM:<a@c.test>\n> RCPT TO:<b@d.test>\n> DATA\n",
  (client) => client.write("MAIL FROM:<a@c.test>\r\nRCPT TO:<b@"),
  `Cannot follow the transcript: the client stopped too early

           > MAIL FROM:<a@c.test>
  expected > RCPT TO:<b@d.test>
  actual   > RCPT TO:<b@\\`,
);

golden(
  "the client hangs up instead of starting TLS",
  "< 220 go\n* tls fails\n",
  (client) => client.read,
  `Cannot follow the transcript: the client stopped too early

           < 220 go
  expected * tls fails
  actual   * client closes`,
);

const stillConnected = `Cannot follow the transcript: the client stopped too early

  expected * client closes
  actual   (nothing; the client is still connected)`;

it("the client does not hang up", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([Transcript.stage("client closes")]);
    yield* Effect.scoped(Effect.gen(function* () {
      yield* wire(peer.socket);
      assertEquals((yield* Effect.flip(peer.verify)).message, stillConnected);
    }));
    yield* peer.verify;
  }));

it("nobody ever connects", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([Transcript.server("220 mx"), Transcript.client("QUIT")]);
    assertEquals(
      (yield* Effect.flip(peer.verify)).message,
      `Cannot follow the transcript: the client stopped too early

  expected < 220 mx
  actual   (nothing; the client never connected)`,
    );
  }));

it("the first mismatch stays, whatever comes behind it", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([Transcript.client("QUIT"), Transcript.server("221 bye")]);
    const client = yield* wire(peer.socket);
    yield* Effect.flip(client.say("RSET"));
    const first = yield* Effect.flip(peer.verify);
    yield* Effect.flip(client.say("QUIT"));
    yield* Effect.flip(client.upgrade());
    assertStrictEquals(yield* Effect.flip(peer.verify), first);
    assertEquals(yield* peer.transcript, "> RSET\n");
    assertEquals([first.reason, first.expected, first.actual, first.before], ["Different", "> QUIT", "> RSET", ""]);
    assertEquals([first._tag, first.name, first.isTemporary], ["TranscriptMismatch", "TranscriptMismatch", false]);
  }));

it("a mismatch drops the connection, and is the cause of what the client sees", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([Transcript.client("QUIT"), Transcript.server("221 bye")]);
    const client = yield* wire(peer.socket);
    const write = (yield* Effect.flip(client.say("RSET"))).reason;
    const read = (yield* Effect.flip(client.read)).reason;
    assert(write._tag === "SocketWriteError" && read._tag === "SocketReadError");
    assertInstanceOf(write.cause, TranscriptMismatch);
    assertStrictEquals(read.cause, write.cause);
    assertStrictEquals(yield* Effect.flip(peer.verify), write.cause);
    assertEquals((yield* readAll(client)).reason._tag, "SocketReadError");
  }));

it("octets on their way are lost with the connection", () =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make([Transcript.server("220 mx")]);
    const client = yield* wire(peer.socket);
    yield* Effect.flip(client.say("EHLO c.test"));
    assertEquals((yield* Effect.flip(client.read)).reason._tag, "SocketReadError");
    assertEquals(yield* peer.transcript, "> EHLO c.test\n");
  }));
