import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import * as Content from "@plausch/session/content";
import { converse, type StopAfter } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import * as Session from "@plausch/session/session";
import { SessionError } from "@plausch/session/session-error";
import * as Timeouts from "@plausch/session/timeouts";
import * as Command from "@plausch/smtp/command";
import * as Outcome from "@plausch/session/outcome";
import * as Domain from "@plausch/smtp/domain";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const envelope = (...to: ReadonlyArray<string>) => Result.getOrThrow(Envelope.make({ from: "a@c.test", to }));
const toB = envelope("b@d.test");
const hello = Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: t\r\n\r\nhello\r\n")));
const script = (text: string) => Result.getOrThrow(Transcript.parse(text));

const greeted = "< 220 mx.test ESMTP\n> EHLO c.test\n< 250 mx.test\n";
const sent = `> MAIL FROM:<a@c.test>
< 250 ok
> RCPT TO:<b@d.test>
< 250 ok
> DATA
< 354 go
> Subject: t
>
> hello
> .
`;

/** Runs a client against a transcript, and holds it to every line. */
const against = <A, E>(
  text: string,
  client: Effect.Effect<A, E, Socket.Socket | Scope.Scope>,
): Effect.Effect<A, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(script(text));
    const exit = yield* Effect.exit(
      Effect.scoped(client).pipe(Effect.provideService(Socket.Socket, peer.socket)),
    );
    yield* peer.verify;
    return yield* exit;
  });

const sendOne = (options: Partial<Session.Options> = {}) =>
  Effect.flatMap(Session.open({ host, ...options }), (session) => session.send(toB, hello));

/** Lets virtual time pass until the fiber ends, and gives that time in milliseconds. */
const elapse = <A, E>(fiber: Fiber.Fiber<A, E>, step: Duration.Input = "1 second", most = 4000) =>
  Effect.gen(function* () {
    const begin = yield* Clock.currentTimeMillis;
    for (let i = 0; i < most && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(step);
    return (yield* Clock.currentTimeMillis) - begin;
  });

it("several messages and commands share a session, and closing its scope says QUIT", () =>
  against(
    `${greeted}${sent}< 250 one
> NOOP
< 250 2.0.0 yes
> VRFY bob
< 252 2.5.0 perhaps
> HELP
< 214 no
${sent}< 250 two
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      assertEquals((yield* session.send(toB, hello)).recipients.map(({ reply }) => reply?.lines), [["one"]]);
      assertEquals((yield* session.command(Command.noop())).code, 250);
      assertEquals((yield* session.command(Command.vrfy("bob"))).code, 252);
      assertEquals((yield* session.command(Command.help())).code, 214);
      assertEquals((yield* session.send(toB, hello)).recipients.map(({ reply }) => reply?.lines), [["two"]]);
    }),
  ));

it("a transaction that was begun is reset before the next", () =>
  against(
    `${greeted}> MAIL FROM:<a@c.test>
< 250 ok
> RCPT TO:<b@d.test>
< 550 no
> RSET
< 250 ok
${sent}< 250 ok
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      assertEquals((yield* session.send(toB, hello)).recipients[0]?.verdict, "rejected");
      assertEquals((yield* session.send(toB, hello)).recipients[0]?.verdict, "accepted");
    }),
  ));

it("with PIPELINING the reset travels with the next transaction", () =>
  against(
    `< 220 mx
> EHLO c.test
< 250-mx
< 250 PIPELINING
> MAIL FROM:<a@c.test>
> RCPT TO:<b@d.test>
> DATA
< 250 ok
< 250 ok
< 451 later
> RSET
> MAIL FROM:<a@c.test>
> RCPT TO:<b@d.test>
> DATA
< 250 ok
< 250 ok
< 250 ok
< 354 go
> Subject: t
>
> hello
> .
< 250 ok
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      assertEquals((yield* session.send(toB, hello)).recipients[0]?.verdict, "deferred");
      assertEquals((yield* session.send(toB, hello)).recipients[0]?.verdict, "accepted");
    }),
  ));

it("a pipelined group without an accepted recipient that gets 354 is ended with a lone dot", () =>
  against(
    `< 220 mx
> EHLO c.test
< 250-mx
< 250 PIPELINING
> MAIL FROM:<a@c.test>
> RCPT TO:<b@d.test>
> DATA
< 250 ok
< 550 no
< 354 go
> .
< 554 no valid recipients
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const outcome = yield* sendOne();
      assertEquals(outcome.recipients.map(({ verdict, stage }) => [verdict, stage]), [["rejected", "rcpt"]]);
    }),
  ));

it("a flight names no more recipients than it may", () =>
  against(
    `< 220 mx
> EHLO c.test
< 250-mx
< 250 PIPELINING
> MAIL FROM:<a@c.test>
> RCPT TO:<r0@d.test>
> RCPT TO:<r1@d.test>
< 250 ok
< 250 ok
< 250 ok
> RCPT TO:<r2@d.test>
> RCPT TO:<r3@d.test>
< 250 ok
< 250 ok
> RCPT TO:<r4@d.test>
> DATA
< 250 ok
< 354 go
> Subject: t
>
> hello
> .
< 250 ok
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host, maxFlight: 2 });
      const to = [0, 1, 2, 3, 4].map((index) => `r${index}@d.test`);
      const { recipients } = yield* session.send(envelope(...to), hello);
      assert(recipients.every(({ verdict }) => verdict === "accepted"));
    }),
  ));

it("EHLO refused with 521 is not answered with HELO, as it is with other refusals", () =>
  against(
    "< 220 mx\n> EHLO c.test\n< 521 5.3.2 no mail here\n> QUIT\n< 221 bye\n",
    Effect.gen(function* () {
      const error = yield* Effect.flip(Session.open({ host }));
      assertEquals([error.reason, error.stage, error.reply?.code, error.isTemporary], ["Refused", "ehlo", 521, false]);
    }),
  ));

it("HELO is not tried where the caller does not want it", () =>
  against(
    "< 220 mx\n> EHLO c.test\n< 500 what\n> QUIT\n< 221 bye\n",
    Effect.gen(function* () {
      const error = yield* Effect.flip(Session.open({ host, heloFallback: false }));
      assertEquals([error.reason, error.stage], ["Refused", "ehlo"]);
    }),
  ));

const greetedWithUtf8 = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250-8BITMIME\n< 250 SMTPUTF8\n";
const internationals: ReadonlyArray<readonly [what: string, message: string, parameters: string]> = [
  ["8-bit text", "Subject: t\r\n\r\ngr\u00fc\u00dfe\r\n", " BODY=8BITMIME"],
  ["an 8-bit header", "Subject: gr\u00fc\u00dfe\r\n\r\nhello\r\n", " BODY=8BITMIME SMTPUTF8"],
  ["an 8-bit header and LF line ends", "Subject: gr\u00fc\u00dfe\n\nhello\n", " BODY=8BITMIME SMTPUTF8"],
  ["8-bit text behind LF line ends", "Subject: t\n\ngr\u00fc\u00dfe\n", " BODY=8BITMIME"],
  ["ASCII only", "Subject: t\r\n\r\nhello\r\n", ""],
];

for (const [what, message, parameters] of internationals) {
  it(`MAIL declares what a message with ${what} needs`, () =>
    against(
      `${greetedWithUtf8}> MAIL FROM:<a@c.test>${parameters}\n< 550 no\n> QUIT\n< 221 bye\n`,
      Effect.gen(function* () {
        const session = yield* Session.open({ host });
        const content = Result.getOrThrow(Content.make(new TextEncoder().encode(message)));
        assertEquals((yield* session.send(toB, content)).recipients[0]?.code, 550);
      }),
    ));
}

it("a connection that breaks after a message is no failure of that message, but of the next request", () =>
  against(
    `${greeted}${sent}< 250 one\n> EHLO c.test\n* server closes\n`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      assertEquals((yield* session.send(toB, hello)).recipients[0]?.verdict, "accepted");
      const error = yield* Effect.flip(session.hello());
      assertEquals([error.reason, error.stage, error.recipients], ["ConnectionLost", "ehlo", []]);
    }),
  ));

it("a reply without meaning to EHLO is a failure", () =>
  against(
    "< 220 mx\n> EHLO c.test\n< 354 what\n* client closes\n",
    Effect.gen(function* () {
      const error = yield* Effect.flip(Session.open({ host }));
      assertEquals([error.reason, error.stage, error.reply?.code], ["UnexpectedReply", "ehlo", 354]);
    }),
  ));

it("requests made at the same time run one after another", () =>
  against(
    `${greeted}${sent}< 250 one
${sent}< 250 two
> QUIT
< 221 bye
`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      const outcomes = yield* Effect.all([session.send(toB, hello), session.send(toB, hello)], { concurrency: 2 });
      assertEquals(outcomes.map(({ recipients }) => recipients[0]?.reply?.lines), [["one"], ["two"]]);
    }),
  ));

it("a value that cannot be encoded fails before a word of the transaction is said", () =>
  against(
    `${greeted}> QUIT\n< 221 bye\n`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      const bad: Envelope.Envelope = { ...toB, parameters: { other: [{ keyword: "X", value: "a\r\nDATA" }] } };
      assertInstanceOf(yield* Effect.flip(session.send(bad, hello)), GrammarError);
      assertInstanceOf(yield* Effect.flip(session.command(Command.raw("NOOP\r\nDATA"))), GrammarError);
    }),
  ));

it("after a 421 the session is closed, and a further request says so with the reply", () =>
  against(
    `${greeted}> MAIL FROM:<a@c.test>\n< 421 4.3.2 going down\n`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      const { recipients } = yield* session.send(toB, hello);
      assertEquals(recipients.map(({ verdict, stage, code }) => [verdict, stage, code]), [["deferred", "mail", 421]]);
      const error = yield* Effect.flip(session.send(toB, hello));
      assertInstanceOf(error, SessionError);
      assertEquals([error.reason, error.reply?.code], ["Closed", 421]);
      assertStringIncludes(error.message, "421 4.3.2 going down");
    }),
  ));

it("a connection that is lost is told in words, not in the numbers of sockets", () =>
  Effect.sync(() => {
    const lost = (cause: unknown): string =>
      new SessionError({ reason: "ConnectionLost", stage: "mail", cause, recipients: [] }).message;
    const closed = (reason: ConstructorParameters<typeof Socket.SocketCloseError>[0]): Socket.SocketError =>
      new Socket.SocketError({ reason: new Socket.SocketCloseError(reason) });
    const where = "Lost the connection while waiting for the reply to MAIL";
    assertEquals(lost(closed({ code: 1000 })), `${where}: the server closed it`);
    assertEquals(lost(closed({ code: 1006 })), `${where}: it was closed`);
    assertEquals(lost(closed({ code: 1006, closeReason: "by\x1b[2J us" })), `${where}: by\\x1b[2J us`);
    const reset = new Socket.SocketError({ reason: new Socket.SocketReadError({ cause: new Error("reset by peer") }) });
    assertStringIncludes(lost(reset), "reset by peer");
    assertEquals(lost(undefined), where);
  }));

it("an answer to a question that was not asked ends the conversation", () =>
  against(
    `${greeted}> MAIL FROM:<a@c.test>\n< 250 ok\n< 250 ok\n* client closes\n`,
    Effect.gen(function* () {
      const session = yield* Session.open({ host });
      const error = yield* Effect.flip(session.send(toB, hello));
      assertInstanceOf(error, SessionError);
      assertEquals(error.reason, "UnsolicitedReply");
      assertEquals(error.recipients.map(({ verdict }) => verdict), ["deferred"]);
    }),
  ));

it("an answer to the message that comes with the 354 is not believed", () =>
  against(
    `${greeted}> MAIL FROM:<a@c.test>
< 250 ok
> RCPT TO:<b@d.test>
< 250 ok
> DATA
< 354 go
< 250 2.0.0 thank you, I have it already
* client closes
`,
    Effect.gen(function* () {
      const error = yield* Effect.flip(sendOne());
      assertInstanceOf(error, SessionError);
      assertEquals([error.reason, error.recipients[0]?.verdict], ["UnsolicitedReply", "deferred"]);
    }),
  ));

it("a server that refuses the message while it is still being sent, and closes, is understood", () =>
  Effect.gen(function* () {
    const chunks = [
      "220 mx\r\n",
      "250 mx\r\n",
      "250 ok\r\n",
      "250 ok\r\n",
      "354 go\r\n",
      "552 5.3.4 enough\r\n",
    ].map((text) => new TextEncoder().encode(text));
    let writes = 0;
    const socket = Socket.make({
      reader: Effect.succeed({
        pull: Effect.suspend(() => {
          const chunk = chunks.shift();
          const close = new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1000 }) });
          return chunk === undefined ? Effect.fail(close) : Effect.succeed([chunk] as const);
        }),
        upgrade: Socket.SocketUpgradeError.unsupported,
      }),
      writer: Effect.succeed({
        write: () =>
          Effect.suspend(() =>
            ++writes > 5
              ? Effect.fail(
                new Socket.SocketError({ reason: new Socket.SocketWriteError({ cause: new Error("EPIPE") }) }),
              )
              : Effect.void
          ),
        writeAll: () => Effect.die("not used"),
      }),
    });
    const big = Result.getOrThrow(Content.make(new Uint8Array(500_000).fill(65)));
    const outcome = yield* Effect.flatMap(Session.open({ host }), (session) => session.send(toB, big)).pipe(
      Effect.scoped,
      Effect.provideService(Socket.Socket, socket),
    );
    assertEquals(outcome.recipients.map(({ verdict, code }) => [verdict, code]), [["rejected", 552]]);
  }));

const upgrading = "< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 STARTTLS\n> STARTTLS\n";
const offers = (offer: string): string => `< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 ${offer}\n`;
const begun = "> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n< 250 ok\n";

const waits: ReadonlyArray<
  readonly [
    stage: Exclude<keyof Timeouts.Timeouts, "block">,
    transcript: string,
    options?: Partial<Session.Options>,
  ]
> = [
  ["greeting", "* server never answers\n"],
  ["ehlo", "< 220 mx\n> EHLO c.test\n* server never answers\n"],
  ["helo", "< 220 mx\n> EHLO c.test\n< 500 no\n> HELO c.test\n* server never answers\n"],
  ["mail", `${greeted}> MAIL FROM:<a@c.test>\n* server never answers\n`],
  ["rcpt", `${greeted}> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n* server never answers\n`],
  ["data", `${greeted}${sent.slice(0, sent.indexOf("< 354"))}* server never answers\n`],
  ["final", `${greeted}${sent}* server never answers\n`],
  ["starttls", `${upgrading}* server never answers\n`],
  ["ehlo-tls", `${upgrading}< 220 go\n* tls starts\n> EHLO c.test\n* server never answers\n`],
  ["xclient", `${offers("XCLIENT ADDR")}> XCLIENT ADDR=192.0.2.1\n* server never answers\n`, {
    xclient: [["ADDR", "192.0.2.1"]],
  }],
  ["xforward", `${offers("XFORWARD ADDR")}> XFORWARD ADDR=192.0.2.1\n* server never answers\n`, {
    xforward: [["ADDR", "192.0.2.1"]],
  }],
  ["auth", `${offers("AUTH ANONYMOUS")}> AUTH ANONYMOUS bWU=\n* server never answers\n`, {
    auth: { credentials: { _tag: "Anonymous", trace: "me" } },
  }],
  ["bdat", `${offers("CHUNKING")}${begun}> BDAT 12\n> Subject: t\n* server never answers\n`, { chunking: 12 }],
];

for (const [stage, text, options] of waits) {
  it(`a server that never answers at ${stage} is given up after the time of RFC 5321, and not before`, () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.flip(against(text, converse({ host, envelope: toB, content: hello, ...options }))),
        { startImmediately: true },
      );
      const limit = Duration.toMillis(Timeouts.defaults[stage]);
      yield* TestClock.adjust(limit - 1);
      assertEquals(fiber.pollUnsafe(), undefined);
      yield* TestClock.adjust(1);
      const error = yield* Fiber.join(fiber);
      assertInstanceOf(error, SessionError);
      assertEquals([error.reason, error.stage, error.isTemporary], ["Timeout", stage, true]);
      assertEquals(error.recipients.map(({ verdict }) => verdict), [stage === "final" ? "uncertain" : "deferred"]);
    }));
}

it("a pin is a demand: without TLS there is no message, and no second try in clear", () =>
  Effect.gen(function* () {
    const pinned = { tlsOptions: { pins: ["00".repeat(32)] }, envelope: toB, content: hello, host };
    const clear = yield* Effect.flip(against(`${greeted}> QUIT\n< 221 bye\n`, converse(pinned)));
    assertInstanceOf(clear, SessionError);
    assertEquals(clear.reason, "TlsNotOffered");
    const wrong = yield* Effect.flip(
      against(`${upgrading}< 220 go\n* tls starts\n* client closes\n`, converse(pinned)),
    );
    assertInstanceOf(wrong, SessionError);
    assertEquals(wrong.reason, "TlsFailed");
  }));

it("verified means verified, whatever the settings of the handshake say", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(against(
      `${upgrading}< 220 go\n* tls starts, self-signed\n* client closes\n`,
      converse({ host, envelope: toB, content: hello, tls: "verified", tlsOptions: { rejectUnauthorized: false } }),
    ));
    assertInstanceOf(error, SessionError);
    assertEquals(error.reason, "TlsFailed");
  }));

it("a server that drips one octet a minute does not outwit the limit for a reply", () =>
  Effect.gen(function* () {
    const octets = Array.from("250 2.1.0 ok", (octet) => `< ${octet === " " ? "\\x20" : octet}\\\n`);
    const drip = octets.join("~ 1 minutes\n");
    const fiber = yield* Effect.forkChild(
      Effect.flip(against(`${greeted}> MAIL FROM:<a@c.test>\n${drip}* server never answers\n`, sendOne())),
      { startImmediately: true },
    );
    assertEquals(yield* elapse(fiber), Duration.toMillis(Timeouts.defaults.mail));
    const error = yield* Fiber.join(fiber);
    assertInstanceOf(error, SessionError);
    assertEquals([error.reason, error.stage], ["Timeout", "mail"]);
  }));

it("QUIT is waited for shortly, and its silence changes nothing", () =>
  Effect.gen(function* () {
    const text = `${greeted}${sent}< 250 ok\n> QUIT\n* server never answers\n`;
    const fiber = yield* Effect.forkChild(against(text, converse({ host, envelope: toB, content: hello })), {
      startImmediately: true,
    });
    assertEquals(yield* elapse(fiber), Duration.toMillis(Timeouts.defaults.quit));
    assertEquals((yield* Fiber.join(fiber)).recipients.map(({ verdict }) => verdict), ["accepted"]);
  }));

it("a connection that does not come about is given up after its limit", () =>
  Effect.gen(function* () {
    const socket = Socket.make({
      reader: Effect.never,
      writer: Effect.succeed({ write: () => Effect.void, writeAll: () => Effect.void }),
    });
    const fiber = yield* Effect.forkChild(
      Effect.flip(sendOne({ timeouts: Timeouts.make({ connect: "7 seconds" }) })).pipe(
        Effect.scoped,
        Effect.provideService(Socket.Socket, socket),
      ),
      { startImmediately: true },
    );
    assertEquals(yield* elapse(fiber), 7000);
    const error = yield* Fiber.join(fiber);
    assertInstanceOf(error, SessionError);
    assertEquals([error.reason, error.stage], ["Timeout", "connect"]);
  }));

it("a write that nobody takes is given up after the limit for a block", () =>
  Effect.gen(function* () {
    const replies = ["220 mx", "250 mx", "250 ok", "250 ok", "354 go"].map((line) =>
      new TextEncoder().encode(`${line}\r\n`)
    );
    let writes = 0;
    const socket = Socket.make({
      reader: Effect.succeed({
        pull: Effect.suspend(() => {
          const chunk = replies.shift();
          return chunk === undefined ? Effect.never : Effect.succeed([chunk] as const);
        }),
        upgrade: Socket.SocketUpgradeError.unsupported,
      }),
      writer: Effect.succeed({
        write: () => Effect.suspend(() => ++writes > 5 ? Effect.never : Effect.void),
        writeAll: () => Effect.never,
      }),
    });
    const big = Result.getOrThrow(Content.make(new Uint8Array(500_000).fill(65)));
    const fiber = yield* Effect.forkChild(
      Effect.flip(Effect.flatMap(Session.open({ host }), (session) => session.send(toB, big))).pipe(
        Effect.scoped,
        Effect.provideService(Socket.Socket, socket),
      ),
      { startImmediately: true },
    );
    assertEquals(yield* elapse(fiber), Duration.toMillis(Timeouts.defaults.block));
    const error = yield* Fiber.join(fiber);
    assertInstanceOf(error, SessionError);
    assertEquals([error.reason, error.recipients[0]?.verdict], ["Timeout", "deferred"]);
  }));

it("an interrupted request closes the connection and tells what was accepted", () =>
  Effect.gen(function* () {
    const events: Array<SessionEvent> = [];
    const text = `${greeted}> MAIL FROM:<a@c.test>
< 250 ok
> RCPT TO:<b@d.test>
< 250 ok
> RCPT TO:<x@d.test>
< 550 no
> DATA
< 354 go
> Subject: t
>
> hello
> .
* client closes
`;
    const peer = yield* MockSocket.make(script(text));
    const both = envelope("b@d.test", "x@d.test");
    const observe = (event: SessionEvent) => void events.push(event);
    const fiber = yield* Effect.forkChild(
      converse({ host, envelope: both, content: hello, observe }).pipe(
        Effect.provideService(Socket.Socket, peer.socket),
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(fiber);
    yield* peer.verify;
    const failed = events.find((event) => event._tag === "Failed");
    assertEquals(failed?.error.reason, "Interrupted");
    assertEquals(failed?.error.recipients.map(({ verdict }) => verdict), ["uncertain", "rejected"]);
    assertEquals(events.at(-1)?._tag, "Closed");
  }));

it("the scope of a session that failed is closed without QUIT", () =>
  against(
    `${greeted}* client closes\n`,
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Effect.andThen(Session.open({ host }), Effect.fail("no"))));
      assert(Exit.isFailure(exit));
    }),
  ));

const stops: ReadonlyArray<readonly [StopAfter, string]> = [
  ["greeting", "< 220 mx\n> QUIT\n< 221 bye\n"],
  ["ehlo", `${greeted}> QUIT\n< 221 bye\n`],
  ["mail", `${greeted}> MAIL FROM:<a@c.test>\n< 250 ok\n> QUIT\n< 221 bye\n`],
  ["rcpt", `${greeted}> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n< 250 ok\n> QUIT\n< 221 bye\n`],
];

for (const [stopAfter, text] of stops) {
  it(`a conversation can stop after ${stopAfter}, with nothing sent`, () =>
    Effect.gen(function* () {
      const outcome = yield* against(text, converse({ host, envelope: toB, content: hello, stopAfter }));
      assertEquals(outcome.recipients.map(({ verdict, stage, reason }) => [verdict, stage, reason]), [
        ["deferred", stopAfter, "Stopped"],
      ]);
      assertEquals(Outcome.next(outcome.recipients), "done");
    }));
}

it("a conversation that fails before its transaction has a verdict for everybody", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(
      against("* server closes\n", converse({ host, envelope: envelope("b@d.test", "x@d.test"), content: hello })),
    );
    assertInstanceOf(error, SessionError);
    assertEquals(error.recipients.map(({ verdict, stage }) => [verdict, stage]), [
      ["deferred", "greeting"],
      ["deferred", "greeting"],
    ]);
  }));

it("events tell the whole conversation, with times by the clock", () =>
  Effect.gen(function* () {
    const events: Array<SessionEvent> = [];
    const text = `~ 3 seconds\n${greeted}${sent}< 250 ok\n> QUIT\n< 221 bye\n`;
    const fiber = yield* Effect.forkChild(
      against(text, converse({ host, envelope: toB, content: hello, observe: (event) => void events.push(event) })),
      { startImmediately: true },
    );
    yield* elapse(fiber);
    yield* Fiber.join(fiber);
    assertEquals(events.map((event) => event._tag === "Said" || event._tag === "Heard" ? event.stage : event._tag), [
      "Connected",
      "greeting",
      "ehlo",
      "ehlo",
      "mail",
      "mail",
      "rcpt",
      "rcpt",
      "data",
      "data",
      "Content",
      "final",
      "Decided",
      "quit",
      "quit",
      "Closed",
    ]);
    const greeting = events.find((event) => event._tag === "Heard");
    assertEquals([greeting?.elapsed, greeting?.expected], [3000, true]);
  }));
