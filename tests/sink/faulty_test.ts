// Faults on request: what a client gets to hear, and what the server does all the same.
import * as Fault from "@plausch/sink/fault";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";
import { begin, type ByHand, hello, mail, rcpt } from "./_by_hand.ts";
import { certificateOf } from "./_tls_report.ts";
import { rehearse, type Rehearsed } from "./_transcript.ts";

const faults = (...texts: ReadonlyArray<string>) => texts.map((text) => Result.getOrThrow(Fault.fromString(text)));

const rehearseWith = (
  texts: ReadonlyArray<string>,
  transcript: string,
  options: Partial<ServerProtocol.Options> = {},
): Rehearsed => rehearse(transcript, { offers: ["ENHANCEDSTATUSCODES"], faults: faults(...texts), ...options });

const greeting = `
  < 220 sink.test ESMTP plausch sink`;
const opening = `${greeting}
  > EHLO c.test
  < 250-sink.test greets c.test
  < 250 ENHANCEDSTATUSCODES`;
const envelope = `${opening}
  > MAIL FROM:<a@c.test>
  < 250 2.1.0 Sender taken
  > RCPT TO:<b@d.test>
  < 250 2.1.5 Recipient taken`;
const message = `
  > DATA
  < 354 Go ahead; end with a line that is a single dot
  > hi
  > .`;

const talks: ReadonlyArray<readonly [fault: string, what: string, transcript: string, stored: number]> = [
  // replies
  [
    "rcpt:450",
    "refuses the recipient",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 450 A fault on request
    > DATA
    < 503 5.5.1 DATA comes after RCPT`,
    0,
  ],
  [
    "rcpt#2:550 5.1.1 no such user",
    "refuses the second recipient",
    `${envelope}
    > RCPT TO:<c@d.test>
    < 550 5.1.1 no such user
    > RCPT TO:<e@d.test>
    < 250 2.1.5 Recipient taken${message}
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "rcpt:251 2.1.5 will forward",
    "takes the recipient in other words",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 251 2.1.5 will forward${message}
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "rcpt:354 what?",
    "takes the recipient, and says what it should not",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 354 what?${message}
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "mail:250 yes",
    "does not make good what is bad",
    `${opening}
    > MAIL FROM:<a@c.test> SIZE=99999999
    < 555 5.5.4 Parameter not recognized: SIZE
    > RCPT TO:<b@d.test>
    < 503 5.5.1 RCPT comes after MAIL`,
    0,
  ],
  [
    "mail:450",
    "does not come before its time",
    `${greeting}
    > MAIL FROM:<a@c.test>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction`,
    0,
  ],
  [
    "rcpt:421 4.3.2 going down",
    "ends the connection",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 421 4.3.2 going down
    = over`,
    0,
  ],
  [
    "ehlo:502",
    "leaves HELO to the client",
    `${greeting}
    > EHLO c.test
    < 502 A fault on request
    > MAIL FROM:<a@c.test>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction
    > HELO c.test
    < 250 sink.test
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`,
    0,
  ],
  [
    "data:451",
    "refuses before the message",
    `${envelope}
    > DATA
    < 451 A fault on request
    > NOOP
    < 250 2.0.0 Still here`,
    0,
  ],
  [
    "final:554 5.6.0 spam",
    "refuses the message, which is not stored",
    `${envelope}${message}
    < 554 5.6.0 spam
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`,
    0,
  ],
  [
    "final:250 2.0.0 queued as X",
    "takes the message in other words",
    `${envelope}${message}
    = stored
    < 250 2.0.0 queued as X`,
    1,
  ],
  [
    "final:250 yes",
    "does not make good a store that failed",
    `${envelope}${message}
    = not stored
    < 451 4.3.0 Cannot store the message now`,
    0,
  ],
  [
    "greeting:554 no service",
    "leaves nothing to say but QUIT (RFC 5321 section 3.1)",
    `
    < 554 no service
    > EHLO c.test
    < 503 5.5.1 EHLO is out of place
    > QUIT
    < 221 2.0.0 sink.test says goodbye
    = over`,
    0,
  ],
  [
    "greeting:421 busy",
    "ends the connection",
    `
    < 421 busy
    = over`,
    0,
  ],
  [
    "connect:554 not from there",
    "is the last word",
    `
    < 554 not from there
    = over`,
    0,
  ],
  [
    "rset:500",
    "leaves the transaction",
    `${envelope}
    > RSET
    < 500 A fault on request${message}
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "quit:554",
    "does not keep the client",
    `${opening}
    > QUIT
    < 554 A fault on request
    = over`,
    0,
  ],
  // the connection ends
  [
    "connect:drop",
    "closes without a word",
    `= over`,
    0,
  ],
  [
    "mail:drop",
    "closes instead of the reply",
    `${opening}
    > MAIL FROM:<a@c.test>
    = over
    > RCPT TO:<b@d.test>
    = over`,
    0,
  ],
  [
    "mail:drop=after",
    "closes after the reply",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    = over`,
    0,
  ],
  [
    "data:drop=after",
    "closes when the message should come",
    `${envelope}
    > DATA
    < 354 Go ahead; end with a line that is a single dot
    = over`,
    0,
  ],
  [
    "final:drop",
    "leaves the client without an answer for a message that is stored",
    `${envelope}${message}
    = stored
    = over`,
    1,
  ],
  [
    "quit:drop",
    "closes without a goodbye",
    `${opening}
    > QUIT
    = over`,
    0,
  ],
  // late
  [
    "ehlo:delay=5s",
    "lets the client wait; what it says in the meantime is heard later",
    `${greeting}
    > EHLO c.test
    > NOOP
    = waits 5000
    < 250-sink.test greets c.test
    < 250 ENHANCEDSTATUSCODES
    < 250 2.0.0 Still here
    = silence`,
    0,
  ],
  [
    "greeting:delay=1m",
    "greets late; a client that does not wait is heard after it",
    `
    > EHLO c.test
    = waits 60000
    < 220 sink.test ESMTP plausch sink
    < 250-sink.test greets c.test
    < 250 ENHANCEDSTATUSCODES`,
    0,
  ],
  [
    "data:delay=1s",
    "keeps a message that comes before it was asked for",
    `${envelope}
    > DATA
    >> hi\\r\\n.\\r\\n
    = waits 1000
    < 354 Go ahead; end with a line that is a single dot
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "quit:delay=100ms",
    "says goodbye late, and ends then",
    `${opening}
    > QUIT
    > NOOP
    = waits 100
    < 221 2.0.0 sink.test says goodbye
    = over`,
    0,
  ],
  // unreadable
  [
    "greeting:garbage=HTTP/1.1 400 Bad Request",
    "greets in another language, and goes on",
    `
    < HTTP/1.1 400 Bad Request
    > EHLO c.test
    < 250-sink.test greets c.test
    < 250 ENHANCEDSTATUSCODES`,
    0,
  ],
  [
    "connect:garbage=hi",
    "says something before the greeting",
    `
    < hi
    < 220 sink.test ESMTP plausch sink`,
    0,
  ],
  [
    "rcpt:garbage=huh?",
    "answers something else; the recipient counts",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < huh?${message}
    = stored
    < 250 2.0.0 Stored as 1`,
    1,
  ],
  [
    "mail:stall",
    "never answers, and hears nothing any more",
    `${opening}
    > MAIL FROM:<a@c.test>
    = silence
    > QUIT
    = silence`,
    0,
  ],
  [
    "mail:inject=250 2.1.5 and more",
    "says more than it was asked",
    `${opening}
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    < 250 2.1.5 and more
    > RCPT TO:<b@d.test>
    < 250 2.1.5 Recipient taken`,
    0,
  ],
];
for (const [fault, what, transcript, stored] of talks) {
  Deno.test(`fault ${fault} ${what}`, () => {
    const rehearsed = rehearseWith([fault], transcript);
    assertEquals(rehearsed.stored.length, stored);
    const happened = rehearsed.events.flatMap((event) => event._tag === "Faulted" ? [event.fault] : []);
    assertEquals(happened, fault === "mail:450" ? [] : faults(fault));
  });
}

const firstReply = (texts: ReadonlyArray<string>, line: string, options: Partial<ServerProtocol.Options> = {}) => {
  const hand = begin({ faults: faults(...texts), ...options });
  return { ...hand, reply: hand.say(`${line}\r\n`) };
};

Deno.test("fault partial: so many octets of the reply come, then silence or the end", () => {
  for (const [octets_, reply] of [[0, ""], [5, "250 s"], [14, "250 sink.test\r"], [99, "250 sink.test\r\n"]] as const) {
    const stalled = firstReply([`helo:partial=${octets_}`], "HELO c.test");
    assertEquals([stalled.reply, stalled.server.isOver], [reply, false]);
    assertEquals(stalled.say("NOOP\r\n"), "");
    const dropped = firstReply([`helo:partial=${octets_},drop`], "HELO c.test");
    assertEquals([dropped.reply, dropped.server.isOver], [reply, true]);
  }
});

Deno.test("fault garbage: by itself it is nothing that a client could take for a reply", () => {
  const { reply } = firstReply(["helo:garbage"], "HELO c.test");
  assert(reply.startsWith("\0") && reply.endsWith("\xff\r\n"), JSON.stringify(reply));
});

Deno.test("a client that has enough of the silence may go; one that has not is cut without a word", () => {
  const { server, said } = firstReply(["helo:stall"], "HELO c.test");
  server.close("timeout");
  assertEquals([said(), server.isOver], ["", true]);
});

Deno.test("a server that goes down does not wait for what a fault holds back", () => {
  const { server, said } = firstReply(["helo:delay=1m"], "HELO c.test");
  server.close("shutdown");
  assertEquals([said(), server.isOver], ["421 4.3.2 sink.test Going down, closing\r\n", true]);
  const quitting = firstReply(["quit:delay=1m"], "QUIT");
  quitting.server.close("shutdown");
  assertEquals([quitting.said(), quitting.server.isOver], ["", true]);
});

Deno.test("delays of one stage add up, and go with what else happens there; of the rest the first counts", () => {
  const texts = ["helo:delay=1s", "helo:451 4.3.0 a", "helo:delay=2s", "helo:452 b", "helo:drop=after", "helo:stall"];
  const { server, said, reply } = firstReply(texts, "HELO c.test");
  assertEquals([reply, server.pausing], ["", 3000]);
  server.resume();
  assertEquals([said(), server.isOver], ["451 4.3.0 a\r\n", true]);
});

Deno.test("a fault of one connection happens in no other", () => {
  const text = ["helo@2:450"];
  assertEquals(firstReply(text, "HELO c.test").reply, "250 sink.test\r\n");
  assertEquals(firstReply(text, "HELO c.test", { connection: 2 }).reply, "450 A fault on request\r\n");
  assertEquals(firstReply(text, "HELO c.test", { connection: 3 }).reply, "250 sink.test\r\n");
});

Deno.test("chance decides about a fault that has a probability, each time anew", () => {
  const numbers = [0.1, 0.49, 0.5, 0.9, 0];
  const random = () => numbers.shift()!;
  const { say } = begin({ faults: faults("noop~0.5:450"), random });
  const codes = Array.from({ length: 5 }, () => say("NOOP\r\n").slice(0, 3));
  assertEquals(codes, ["450", "450", "250", "250", "450"]);
  assertEquals(firstReply(["noop~0:450"], "NOOP").reply.slice(0, 3), "250", "never means never");
  assertEquals(firstReply(["noop~0.01:450"], "NOOP").reply.slice(0, 3), "450", "without chance all of them happen");
});

Deno.test("the nth time counts a stage in its connection, and nothing else", () => {
  const { say } = begin({ faults: faults("noop#2:450", "noop#4:450") });
  const codes = Array.from({ length: 5 }, () => say("NOOP\r\nRSET\r\n").slice(0, 3));
  assertEquals(codes, ["250", "450", "250", "450", "250"]);
});

Deno.test("each stage can fail", () => {
  const offers = ["STARTTLS", "AUTH", "XCLIENT", "XFORWARD", "CHUNKING", "EXPN", "ETRN", "HELP"] as const;
  const lines: Readonly<Record<Exclude<Fault.Stage, "connect" | "greeting" | "tls">, ReadonlyArray<string>>> = {
    helo: ["HELO c.test"],
    ehlo: [hello],
    starttls: [hello, "STARTTLS"],
    auth: [hello, "AUTH CRAM-MD5"],
    xclient: [hello, "XCLIENT NAME=x.test"],
    xforward: [hello, "XFORWARD NAME=x.test"],
    mail: [hello, mail],
    rcpt: [hello, mail, rcpt],
    data: [hello, mail, rcpt, "DATA"],
    bdat: [hello, mail, rcpt, "BDAT 0"],
    final: [hello, mail, rcpt, "BDAT 0 LAST"],
    rset: ["RSET"],
    noop: ["NOOP"],
    vrfy: ["VRFY b"],
    expn: ["EXPN b"],
    help: ["HELP"],
    etrn: [hello, "ETRN d.test"],
    quit: ["QUIT"],
  };
  for (const [stage, said] of Object.entries(lines)) {
    const options = { offers, tls: "starttls", authentication: { users: () => undefined } } as const;
    const { say } = begin({ ...options, faults: faults(`${stage}:499 here`) }, ...said.slice(0, -1));
    assertEquals(say(`${said.at(-1)}\r\n`), "499 here\r\n", stage);
  }
});

Deno.test("fault bdat: a chunk that is refused leaves nothing but RSET", () => {
  const { say } = begin({ faults: faults("bdat:452 4.3.1 full") }, hello, mail, rcpt);
  assertEquals(say("BDAT 2\r\nhi"), "452 4.3.1 full\r\n");
  assertEquals(say("BDAT 0 LAST\r\n"), "503 5.5.1 A chunk was refused: say RSET first\r\n");
});

Deno.test("fault final: in LMTP the nth is that of a recipient", () => {
  const { server, say, said } = begin(
    { protocol: "lmtp", faults: faults("final#2:450 4.2.0 later") },
    ...["LHLO c.test", mail, rcpt, "RCPT TO:<c@d.test>", "RCPT TO:<e@d.test>", "DATA"],
  );
  say("hi\r\n.\r\n");
  assertEquals(server.submission?.forwardPaths.length, 2);
  server.stored("1");
  assertEquals(said(), "250 2.0.0 Stored as 1\r\n450 4.2.0 later\r\n250 2.0.0 Stored as 1\r\n");
});

Deno.test("fault final: in LMTP the connection may end between two verdicts", () => {
  const { server, say, said } = begin(
    { protocol: "lmtp", faults: faults("final#2:drop") },
    ...["LHLO c.test", mail, rcpt, "RCPT TO:<c@d.test>", "DATA"],
  );
  say("hi\r\n.\r\n");
  server.stored("1");
  assertEquals([said(), server.isOver], ["250 2.0.0 Stored as 1\r\n", true]);
});

Deno.test("fault auth: inside an exchange, too", () => {
  const { say } = begin(
    { authentication: { users: () => undefined }, faults: faults("auth#2:454 4.7.0 not now") },
    hello,
    "AUTH CRAM-MD5",
  );
  assertEquals(say("dGlt\r\n"), "454 4.7.0 not now\r\n");
  assertEquals(say("NOOP\r\n"), "250 2.0.0 Still here\r\n", "the exchange is over");
});

// TLS

const toTls = (text: string): ByHand => begin({ tls: "starttls", faults: faults(text) }, hello);

Deno.test("fault starttls: a line injected behind the 220 comes in the same write", () => {
  const { server, say } = toTls("starttls:inject=250 2.0.0 evil");
  assertEquals(say("STARTTLS\r\n"), "220 2.0.0 Ready for TLS\r\n250 2.0.0 evil\r\n");
  assert(server.wantsTls, "and then the handshake may begin");
});

Deno.test("fault starttls: refused, TLS does not begin", () => {
  const { server, say } = toTls("starttls:454 4.7.0 not now");
  assertEquals(say("STARTTLS\r\n"), "454 4.7.0 not now\r\n");
  assert(!server.wantsTls);
  assertEquals(say("NOOP\r\n"), "250 2.0.0 Still here\r\n");
});

const spoilt: ReadonlyArray<readonly [fault: string, answer: string, isOver: boolean]> = [
  ["tls:drop", "", true],
  ["tls:garbage=no TLS here", "no TLS here\r\n", true],
  ["tls:alert", "\x15\x03\x03\x00\x02\x02\x28", true],
  ["tls:stall", "", false],
];
for (const [fault, answer, isOver] of spoilt) {
  Deno.test(`fault ${fault} answers the client's first octets of the handshake, and none before`, () => {
    const { server, say } = toTls(fault);
    assertEquals(say("STARTTLS\r\n"), "220 2.0.0 Ready for TLS\r\n");
    assertEquals([server.wantsTls, server.isOver], [false, false]);
    assertEquals(say("\x16\x03\x01"), answer);
    assertEquals(server.isOver, isOver);
    assertEquals(say("NOOP\r\n"), "", "nothing is heard any more");
  });
}

Deno.test("fault tls:delay lets the handshake wait", () => {
  const { server, say } = toTls("tls:delay=2s");
  say("STARTTLS\r\n");
  assertEquals([server.wantsTls, server.pausing], [false, 2000]);
  server.resume();
  assertEquals([server.wantsTls, server.pausing], [true, undefined]);
});

Deno.test("with implicit TLS connect is in clear, and greeting is not", () => {
  const options = { host: "sink.test", tls: "implicit" } as const;
  const server = ServerProtocol.make({ ...options, faults: faults("connect:garbage=hi", "greeting:450 later") });
  server.greet();
  assertEquals([latin1(server.output()!), server.wantsTls], ["hi\r\n", true]);
  server.secured(certificateOf("x"));
  assertEquals(latin1(server.output()!), "450 later\r\n");
  const refusing = ServerProtocol.make({ ...options, faults: faults("connect:421 busy") });
  refusing.greet();
  assertEquals([latin1(refusing.output()!), refusing.wantsTls, refusing.isOver], ["421 busy\r\n", false, true]);
  const spoilt = ServerProtocol.make({ ...options, faults: faults("tls:alert") });
  spoilt.greet();
  spoilt.receive(octets("\x16\x03\x01"));
  assertEquals([latin1(spoilt.output()!), spoilt.isOver], ["\x15\x03\x03\x00\x02\x02\x28", true]);
});
