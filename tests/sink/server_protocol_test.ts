import type * as Extension from "@plausch/sink/extension";
import * as Limits from "@plausch/sink/limits";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isDeepStrictEqual } from "node:util";
import { chunkings, latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { cut, sample, wildTalk } from "./_arbitrary.ts";
import { begin, type ByHand, hello, kept, mail, play, rcpt } from "./_by_hand.ts";

const limited = (limits: Partial<Limits.Limits>) => ({ limits: { ...Limits.defaults, ...limits } });

/** The codes of replies, with their enhanced status codes. */
const codes = (said: string): ReadonlyArray<string> =>
  said.split("\r\n").filter((line) => line[3] === " ").map((line) => /^\d{3}(?: [245]\.\d+\.\d+)?/.exec(line)![0]);

const inData = (options?: Partial<ServerProtocol.Options>): ByHand => begin(options, hello, mail, rcpt, "DATA");

Deno.test("the first word is the server's: a greeting with its name", () => {
  const server = ServerProtocol.make({ host: "sink.test" });
  assertEquals(server.output(), undefined);
  server.greet();
  assertEquals(latin1(server.output()!), "220 sink.test ESMTP plausch sink\r\n");
  assertEquals(server.output(), undefined);
});

Deno.test("what is answered at once is every reply in its place, however many and however mixed", () => {
  const still = "250 2.0.0 Still here\r\n";
  const forgotten = "250 2.0.0 Forgotten\r\n";
  const early = "503 5.5.1 DATA comes after RCPT\r\n";
  const { say } = begin(limited({ faults: 1000 }), hello);
  for (const times of [1, 3, 500, 3]) {
    assertEquals(say("NOOP\r\n".repeat(times)), still.repeat(times));
    assertEquals(
      say("NOOP\r\nRSET\r\nDATA\r\nNOOP\r\n".repeat(times)),
      (still + forgotten + early + still).repeat(times),
    );
  }
});

Deno.test("the same replies are the same octets, and another server's do not change them", () => {
  const one = begin({}, hello).server;
  const other = begin({}, hello).server;
  one.receive(octets("NOOP\r\nRSET\r\n"));
  const said = one.output()!;
  other.receive(octets("NOOP\r\nRSET\r\nNOOP\r\n"));
  assertEquals(latin1(other.output()!).length, latin1(said).length + "250 2.0.0 Still here\r\n".length);
  assertEquals(latin1(said), "250 2.0.0 Still here\r\n250 2.0.0 Forgotten\r\n");
});

/** What every server offers. */
const basic: ReadonlyArray<Extension.Extension> = [
  "SIZE",
  "PIPELINING",
  "8BITMIME",
  "SMTPUTF8",
  "ENHANCEDSTATUSCODES",
  "HELP",
];

Deno.test("EHLO is answered with what the sink shall offer, and nothing else", () => {
  const { say } = begin({ ...limited({ messageOctets: 1000 }), offers: basic });
  assertEquals(
    say("EHLO c.test\r\n"),
    [
      "250-sink.test greets c.test",
      "250-SIZE 1000",
      "250-PIPELINING",
      "250-8BITMIME",
      "250-SMTPUTF8",
      "250-ENHANCEDSTATUSCODES",
      "250 HELP",
      "",
    ].join("\r\n"),
  );
});

Deno.test("without a limit SIZE is offered as 0, which means none (RFC 1870 section 4)", () => {
  const { say } = begin(limited({ messageOctets: Infinity }));
  assertStringIncludes(say("EHLO c.test\r\n"), "250-SIZE 0\r\n");
});

Deno.test("HELO is answered with one line", () => {
  assertEquals(begin().say("HELO c.test\r\n"), "250 sink.test\r\n");
});

Deno.test("a client's name comes back as ASCII that fits a reply line, whatever it was", () => {
  const replies = (name: string) => {
    const { server, said } = begin();
    server.receive(Octets.encode(`EHLO ${name}\r\n`));
    return said();
  };
  for (const name of ["b\u00fccher.test", "\u202etest", "x\udcff", "[IPv6:::1]", "a\tb", "n".repeat(2000)]) {
    for (const line of replies(name).split("\r\n")) assertMatch(line, /^[ -~]{0,510}$/);
  }
  assertStringIncludes(replies("b\u00fccher.test"), "greets b?cher.test");
});

Deno.test("a whole transaction, command by command", () => {
  const { server, say } = begin();
  assertEquals(codes(say("EHLO c.test\r\n")), ["250"]);
  assertEquals(say("MAIL FROM:<a@c.test>\r\n"), "250 2.1.0 Sender taken\r\n");
  assertEquals(say("RCPT TO:<b@d.test>\r\n"), "250 2.1.5 Recipient taken\r\n");
  assertEquals(say("RCPT TO:<Postmaster>\r\n"), "250 2.1.5 Recipient taken\r\n");
  assertEquals(say("DATA\r\n"), "354 Go ahead; end with a line that is a single dot\r\n");
  assertEquals(say("Subject: t\r\n\r\n..dot\r\n.\r\n"), "");
  assertEquals(kept(server.submission!), {
    from: "a@c.test",
    to: ["b@d.test", "Postmaster"],
    message: "Subject: t\r\n\r\n.dot\r\n",
  });
  server.stored("42");
  assertEquals(server.submission, undefined);
  assertEquals(say("QUIT\r\n"), "250 2.0.0 Stored as 42\r\n221 2.0.0 sink.test says goodbye\r\n");
  assert(server.isOver);
});

Deno.test("the protocol's name follows the client: SMTP, ESMTP, UTF8SMTP", () => {
  const protocol = (...lines: ReadonlyArray<string>) => {
    const { server, say } = begin({}, ...lines, "RCPT TO:<b@d.test>", "DATA");
    say(".\r\n");
    return [server.submission?.helo, server.submission?.protocol];
  };
  assertEquals(protocol("HELO c.test", "MAIL FROM:<>"), ["c.test", "SMTP"]);
  assertEquals(protocol("EHLO [127.0.0.1]", "MAIL FROM:<>"), ["[127.0.0.1]", "ESMTP"]);
  assertEquals(protocol("EHLO c.test", "MAIL FROM:<> SMTPUTF8"), ["c.test", "UTF8SMTP"]);
});

// Each verb in each phase: what RFC 5321 section 4.1.4 says of their order.
const phases: Readonly<Record<string, ReadonlyArray<string>>> = {
  greeted: [],
  ready: [hello],
  mail: [hello, mail],
  rcpt: [hello, mail, rcpt],
};
const table: ReadonlyArray<readonly [line: string, greeted: string, ready: string, mail: string, rcpt: string]> = [
  ["HELO c.test", "250", "250", "250", "250"],
  ["EHLO c.test", "250", "250", "250", "250"],
  ["MAIL FROM:<a@c.test>", "503 5.5.1", "250 2.1.0", "503 5.5.1", "503 5.5.1"],
  ["RCPT TO:<b@d.test>", "503 5.5.1", "503 5.5.1", "250 2.1.5", "250 2.1.5"],
  ["DATA", "503 5.5.1", "503 5.5.1", "503 5.5.1", "354"],
  ["RSET", "250 2.0.0", "250 2.0.0", "250 2.0.0", "250 2.0.0"],
  ["NOOP", "250 2.0.0", "250 2.0.0", "250 2.0.0", "250 2.0.0"],
  ["NOOP with an argument", "250 2.0.0", "250 2.0.0", "250 2.0.0", "250 2.0.0"],
  ["VRFY b@d.test", "252 2.5.0", "252 2.5.0", "252 2.5.0", "252 2.5.0"],
  ["HELP", "214 2.0.0", "214 2.0.0", "214 2.0.0", "214 2.0.0"],
  ["HELP MAIL", "214 2.0.0", "214 2.0.0", "214 2.0.0", "214 2.0.0"],
  ["QUIT", "221 2.0.0", "221 2.0.0", "221 2.0.0", "221 2.0.0"],
];
for (const [line, ...expected] of table) {
  Deno.test(`"${line}" is answered by its place in the conversation`, () => {
    const answers = Object.values(phases).map((before) => codes(begin({}, ...before).say(`${line}\r\n`)).join());
    assertEquals(answers, expected);
  });
}

Deno.test("a 503 says what has to come first", () => {
  const { say } = begin();
  assertStringIncludes(say("MAIL FROM:<a@c.test>\r\n"), "503 5.5.1 MAIL comes after EHLO or HELO");
  assertStringIncludes(say("RCPT TO:<b@d.test>\r\n"), "503 5.5.1 RCPT comes after MAIL\r\n");
  assertStringIncludes(say("DATA\r\n"), "503 5.5.1 DATA comes after RCPT\r\n");
});

for (const reset of ["RSET", "EHLO c.test", "HELO c.test"]) {
  Deno.test(`"${reset}" forgets the transaction`, () => {
    const { server, say } = begin({}, hello, mail, "RCPT TO:<old@d.test>", reset);
    assertEquals(codes(say("RCPT TO:<b@d.test>\r\nDATA\r\n")), ["503 5.5.1", "503 5.5.1"]);
    say("MAIL FROM:<new@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n.\r\n");
    assertEquals(kept(server.submission!), { from: "new@c.test", to: ["b@d.test"], message: "" });
  });
}

Deno.test("a command that cannot be read changes nothing", () => {
  const { say } = begin({}, hello, mail, rcpt);
  assertEquals(codes(say("EHLO\r\nRCPT TO:<\r\nRSET now\r\nNONSENSE\r\nDATA\r\n")), [
    "501 5.5.4",
    "501 5.1.3",
    "501 5.5.4",
    "500 5.5.1",
    "354",
  ]);
});

const faults: ReadonlyArray<readonly [line: string, code: string]> = [
  ["", "500 5.5.1"],
  [" ", "500 5.5.1"],
  ["HALO c.test", "500 5.5.1"],
  ["MAILFROM:<a@c.test>", "500 5.5.1"],
  ["\u00e9", "500 5.5.1"],
  ["EXPN staff", "502 5.5.1"],
  ["expn staff", "502 5.5.1"],
  ["STARTTLS", "502 5.5.1"],
  ["AUTH PLAIN AGEAYg==", "502 5.5.1"],
  ["BDAT 0 LAST", "502 5.5.1"],
  ["TURN", "502 5.5.1"],
  ["EHLO", "501 5.5.4"],
  ["EHLO c.test\u0001", "501 5.5.4"],
  ["DATA now", "501 5.5.4"],
  ["RSET now", "501 5.5.4"],
  ["QUIT now", "501 5.5.4"],
  ["VRFY", "501 5.5.4"],
  ["MAIL", "501 5.5.4"],
  ["MAIL FROM", "501 5.5.4"],
  ["MAIL FROM:<a b@c.test>", "501 5.1.7"],
  ["MAIL FROM:<a@c.test", "501 5.1.7"],
  ["MAIL FROM:<a@c.test>SIZE=1", "501 5.1.7"],
  ["MAIL FROM:<a@c.test> SIZE=x", "501 5.5.4"],
  ["MAIL FROM:<a@c.test> SIZE=1 SIZE=1", "501 5.5.4"],
  ["MAIL FROM:<a@c.test> BODY=9BIT", "504 5.5.4"],
  ["MAIL FROM:<a@c.test> SMTPUTF8=yes", "501 5.5.4"],
  ["MAIL FROM:<a@c.test> XYZZY", "555 5.5.4"],
  ["MAIL FROM:<a@c.test> RET=FULL", "555 5.5.4"],
  ["MAIL FROM:<a@c.test> ENVID=abc", "555 5.5.4"],
  ["MAIL FROM:<a@c.test> AUTH=<>", "555 5.5.4"],
  ["MAIL FROM:<a@c.test> SIZE=33554433", "552 5.3.4"],
  ["MAIL FROM:<a@c.test> SIZE=99999999999999999999", "552 5.3.4"],
];
for (const [line, code] of faults) {
  Deno.test(`"${line}" is answered ${code}`, () => {
    const { server, say } = begin({ offers: basic }, hello);
    assertEquals(codes(say(`${line}\r\n`)), [code]);
    assert(!server.isOver);
    assertEquals(codes(say("RCPT TO:<b@d.test>\r\n")), ["503 5.5.1"], "nothing was begun");
  });
}

const rcptFaults: ReadonlyArray<readonly [line: string, code: string]> = [
  ["RCPT TO:<>", "501 5.1.3"],
  ["RCPT TO:<b>", "501 5.1.3"],
  ["RCPT TO:<b@d.test> NOTIFY=NEVER", "555 5.5.4"],
  ["RCPT TO:<b@d.test> ORCPT=rfc822;b@d.test", "555 5.5.4"],
  ["RCPT TO:<b@d.test> XYZZY=1", "555 5.5.4"],
  ["RCPT FROM:<b@d.test>", "501 5.5.4"],
];
for (const [line, code] of rcptFaults) {
  Deno.test(`"${line}" is answered ${code}`, () => {
    const { say } = begin({ offers: basic }, hello, mail);
    assertEquals(codes(say(`${line}\r\nDATA\r\n`)), [code, "503 5.5.1"]);
  });
}

Deno.test("what a fault repeats of a command is ASCII that fits a reply line", () => {
  for (const char of ["\u{1f600}", "\u202e", "\udcff", "\u0007", "\\", "a"]) {
    const { server, said } = begin({}, hello);
    server.receive(Octets.encode(`MAIL FROM:<${char.repeat(400)} @c.test> SMTPUTF8\r\n`));
    assertMatch(said(), /^501 5\.1\.7 [ -~]{1,500}\r\n$/);
  }
  assertMatch(begin({}, hello).say(`MAIL FROM:<> ${"X".repeat(1500)}\r\n`), /^555 5\.5\.4 [ -~]{1,500}\r\n$/);
});

Deno.test("parameters of the offered extensions are taken", () => {
  const { say } = begin({}, hello);
  for (const parameters of ["SIZE=33554432", "SIZE=0", "BODY=7BIT", "body=8bitmime size=7", "SMTPUTF8 BODY=8BITMIME"]) {
    assertEquals(codes(say(`MAIL FROM:<a@c.test> ${parameters}\r\nRSET\r\n`)), ["250 2.1.0", "250 2.0.0"]);
  }
});

Deno.test("paths outside ASCII need SMTPUTF8: 550 for a sender, 553 for a recipient (RFC 6531 section 3.5)", () => {
  const { server, said } = begin({}, hello);
  const say = (text: string) => {
    server.receive(Octets.encode(text));
    return codes(said()).join();
  };
  assertEquals(say("MAIL FROM:<\u00e4@c.test>\r\n"), "550 5.6.7");
  assertEquals(say("MAIL FROM:<a@b\u00fccher.test> BODY=8BITMIME\r\n"), "550 5.6.7");
  assertEquals(say("RCPT TO:<b@d.test>\r\n"), "503 5.5.1");
  assertEquals(say("MAIL FROM:<a@c.test>\r\n"), "250 2.1.0");
  assertEquals(say("RCPT TO:<\u00e4@d.test>\r\n"), "553 5.6.7");
  assertEquals(say("RCPT TO:<b@b\u00fccher.test>\r\n"), "553 5.6.7");
  assertEquals(say("DATA\r\n"), "503 5.5.1");
  assertEquals(say("RSET\r\nMAIL FROM:<\u00e4@b\u00fccher.test> SMTPUTF8\r\n"), "250 2.0.0,250 2.1.0");
  assertEquals(say("RCPT TO:<\u7528\u6237@d.test>\r\nDATA\r\n"), "250 2.1.5,354");
  say(".\r\n");
  assertEquals(kept(server.submission!), { from: "\u00e4@b\u00fccher.test", to: ["\u7528\u6237@d.test"], message: "" });
});

Deno.test("an octet that is no UTF-8 is in no path, SMTPUTF8 or not", () => {
  const { say } = begin({}, hello);
  assertEquals(codes(say("MAIL FROM:<\u00e9@c.test> SMTPUTF8\r\nMAIL FROM:<\u00e9@c.test>\r\n")), [
    "501 5.1.7",
    "501 5.1.7",
  ]);
});

Deno.test("recipients beyond the limit are put off with 452 4.5.3, and the message goes to the others", () => {
  const { server, say } = begin(limited({ recipients: 2 }), hello, mail);
  assertEquals(codes(say("RCPT TO:<a@d.test>\r\nRCPT TO:<b@d.test>\r\nRCPT TO:<c@d.test>\r\n")), [
    "250 2.1.5",
    "250 2.1.5",
    "452 4.5.3",
  ]);
  say("DATA\r\n.\r\n");
  assertEquals(kept(server.submission!).to, ["a@d.test", "b@d.test"]);
  server.stored("1");
  say(`${mail}\r\n`);
  assertEquals(codes(say("RCPT TO:<c@d.test>\r\n")), ["250 2.1.5"]);
});

Deno.test("the policy refuses senders and recipients in its own words", () => {
  const { server, say } = begin({
    policy: {
      sender: (path) => path._tag === "Null" ? undefined : Reply.make(550, "no strangers"),
      recipient: (path) => path._tag === "Mailbox" && path.localPart === "no" ? Reply.make(450, "not now") : undefined,
    },
  }, hello);
  assertEquals(say("MAIL FROM:<a@c.test>\r\n"), "550 no strangers\r\n");
  assertEquals(codes(say("RCPT TO:<b@d.test>\r\n")), ["503 5.5.1"]);
  assertEquals(say("MAIL FROM:<>\r\nRCPT TO:<no@d.test>\r\n"), "250 2.1.0 Sender taken\r\n450 not now\r\n");
  assertEquals(codes(say("DATA\r\n")), ["503 5.5.1"], "nobody is left to send it to");
  say("RCPT TO:<b@d.test>\r\nDATA\r\n.\r\n");
  assertEquals(kept(server.submission!), { from: "<>", to: ["b@d.test"], message: "" });
});

Deno.test("the policy may accept in its own words, and is told what it decides on", () => {
  const asked: Array<unknown> = [];
  const { server, say } = begin({
    policy: {
      sender: (path, { size }) => {
        asked.push(path._tag, size);
        return Reply.make(250, "welcome");
      },
      recipient: (path, sender) => {
        asked.push(path._tag, sender._tag);
        return Reply.make(251, "will forward");
      },
    },
  }, hello);
  assertEquals(say("MAIL FROM:<> SIZE=7\r\nRCPT TO:<b@d.test>\r\n"), "250 welcome\r\n251 will forward\r\n");
  assertEquals(asked, ["Null", 7, "Mailbox", "Null"]);
  assertEquals(codes(say("DATA\r\n.\r\n")), ["354"]);
  assertEquals(kept(server.submission!).to, ["b@d.test"]);
});

Deno.test("a 421 of the policy ends the conversation", () => {
  const { server, say } = begin({ policy: { sender: () => Reply.make(421, "go away") } }, hello);
  assertEquals(say("MAIL FROM:<>\r\nQUIT\r\n"), "421 go away\r\n");
  assert(server.isOver);
});

Deno.test("a message larger than the limit is swallowed to its end, refused, and the session goes on", () => {
  const { server, say } = inData(limited({ messageOctets: 10 }));
  assertEquals(say("12345678\r\n"), "");
  assertEquals(say("9".repeat(100_000)), "");
  assertEquals(say("\r\n.\r"), "");
  assertEquals(say("\nNOOP\r\n"), "552 5.3.4 Message too big: the limit is 10 octets\r\n250 2.0.0 Still here\r\n");
  assertEquals(server.submission, undefined);
  assertEquals(codes(say("RCPT TO:<b@d.test>\r\nDATA\r\n")), ["503 5.5.1", "503 5.5.1"], "the transaction is over");
  assertEquals(codes(say(`${mail}\r\n${rcpt}\r\nDATA\r\n`)), ["250 2.1.0", "250 2.1.5", "354"]);
  say("12345678\r\n.\r\n");
  assertEquals(kept(server.submission!).message, "12345678\r\n");
});

Deno.test("the limit counts the message, not the dots that were added to it", () => {
  for (const [message, fits] of [["..345678\r\n", true], ["..3456789\r\n", true], ["..34567890\r\n", false]] as const) {
    const { server, say } = inData(limited({ messageOctets: 10 }));
    say(`${message}.\r\n`);
    assertEquals(server.submission !== undefined, fits, message);
  }
});

Deno.test("a line of the greatest length is read, one octet more is not", () => {
  const line = (octets: number) => `NOOP ${"x".repeat(octets - 7)}\r\n`;
  const { server, say } = begin(limited({ lineOctets: 512 }));
  assertEquals(codes(say(line(512))), ["250 2.0.0"]);
  assertEquals(say(line(513)), "500 5.5.2 Line refused: the line is longer than 512 octets\r\n");
  assert(server.isOver);
  assertEquals(say("NOOP\r\n"), "");
});

Deno.test("a line that never ends is refused as soon as it is too long", () => {
  const { server, say } = begin(limited({ lineOctets: 512 }));
  assertEquals(say("x".repeat(512)), "");
  assertEquals(codes(say("x")), ["500 5.5.2"]);
  assert(server.isOver);
});

Deno.test("message lines are not command lines: they may be longer", () => {
  const { server, say } = inData(limited({ lineOctets: 64 }));
  say(`${"x".repeat(5000)}\r\n.\r\n`);
  assertEquals(server.submission?.octets.length, 5002);
});

for (const [name, broken, why] of [["LF", "\n", "an LF"], ["CR", "\r", "a CR"], ["NUL", "\0", "a NUL"]] as const) {
  Deno.test(`a command with ${name} on its own is refused and the connection over; nothing after it is heard`, () => {
    const heard: Array<string> = [];
    const { server, say } = begin({
      observe: (event) => {
        if (event._tag === "Heard") heard.push(event.line);
      },
    });
    assertMatch(
      say(`NOOP\r\nNOOP a${broken}MAIL FROM:<>\r\nNOOP\r\n`),
      new RegExp(`^250 .*\r\n500 5.5.2 .*${why}.*\r\n$`),
    );
    assertEquals(heard, ["NOOP"]);
    assert(server.isOver);
  });
}

Deno.test("beyond the limit of commands there is a 421", () => {
  const { server, say } = begin(limited({ commands: 3 }));
  assertEquals(codes(say("NOOP\r\nNOOP\r\nNOOP\r\n")), ["250 2.0.0", "250 2.0.0", "250 2.0.0"]);
  assertEquals(codes(say("NOOP\r\nNOOP\r\n")), ["421 4.7.0"]);
  assert(server.isOver);
});

Deno.test("beyond the limit of faults there is a 421; good commands do not matter", () => {
  const { server, say } = begin(limited({ faults: 2 }));
  assertEquals(codes(say("X\r\nDATA\r\nNOOP\r\n")), ["500 5.5.1", "503 5.5.1", "250 2.0.0"]);
  assertEquals(say("X\r\nNOOP\r\n"), "421 4.7.0 sink.test Too many errors, closing\r\n");
  assert(server.isOver);
});

Deno.test("a message that was stored makes up for the faults before it", () => {
  const { server, say } = begin(limited({ faults: 1 }), hello, "X", mail, rcpt, "DATA", ".");
  server.stored("1");
  assertEquals(codes(say("X\r\nX\r\n")), ["250 2.0.0", "500 5.5.1", "421 4.7.0"]);
});

Deno.test("a message that was not stored does not", () => {
  const { server, say } = begin(limited({ faults: 1 }), hello, "X", mail, rcpt, "DATA", ".");
  server.stored(undefined);
  assertEquals(codes(say("X\r\n")), ["451 4.3.0", "421 4.7.0"]);
});

for (const line of ["GET / HTTP/1.1", "POST /x HTTP/1.0", "CONNECT mx.test:25 HTTP/1.1", "PRI * HTTP/2.0"]) {
  Deno.test(`"${line}" is a browser led astray: what it carries is not heard`, () => {
    const { server, say } = begin();
    const body = `Host: x\r\n\r\n${hello}\r\n${mail}\r\n${rcpt}\r\nDATA\r\nspam\r\n.\r\n`;
    assertEquals(say(`${line}\r\n${body}`), "421 4.7.0 sink.test This is SMTP, not HTTP, closing\r\n");
    assert(server.isOver);
    assertEquals(server.submission, undefined);
  });
}

Deno.test("a TLS handshake on the plain port gets one reply and the end", () => {
  const { server, say } = begin();
  assertEquals(codes(say("\u0016\u0003\u0001\u0000\u00f5\u0001\u0000\u0000\u00f1\u0003\u0003")), ["500 5.5.2"]);
  assert(server.isOver);
});

// The sequences with which real servers were compared, and whether they end a message here.
const ends: ReadonlyArray<readonly [name: string, sequence: string, then: "end" | "data" | "refused"]> = [
  ["CRLF.CRLF", "\r\n.\r\n", "end"],
  ["LF.LF", "\n.\n", "refused"],
  ["LF.CRLF", "\n.\r\n", "refused"],
  ["CRLF.LF", "\r\n.\n", "refused"],
  ["CR.CR", "\r.\r", "refused"],
  ["CR.CRLF", "\r.\r\n", "refused"],
  ["CRLF.CR", "\r\n.\r", "refused"],
  ["LF.CR", "\n.\r", "refused"],
  ["CR.LF", "\r.\n", "refused"],
  ["CRLF NUL.CRLF", "\r\n\0.\r\n", "refused"],
  ["CRLF.NUL CRLF", "\r\n.\0\r\n", "refused"],
  ["CRLF..CRLF", "\r\n..\r\n", "data"],
  ["CRLF. CRLF", "\r\n. \r\n", "data"],
  ["CRCRLF.CRCRLF", "\r\r\n.\r\r\n", "refused"],
  ["CRLF.CRCRLF", "\r\n.\r\r\n", "refused"],
];
for (const [name, sequence, then] of ends) {
  Deno.test(`end of data: ${name} is ${then}, in every chunking`, () => {
    const smuggled = `${mail}\r\nRCPT TO:<victim@d.test>\r\nDATA\r\nspam\r\n.\r\n`;
    const before = `${hello}\r\n${mail}\r\n${rcpt}\r\nDATA\r\none`;
    const wire = octets(`${before}${sequence}${smuggled}`);
    for (const chunks of chunkings(wire, 300)) {
      const { kept, isOver } = play(chunks);
      assertEquals(isOver, then === "refused");
      assertEquals(kept.length, { end: 2, data: 1, refused: 0 }[then]);
      assertEquals(kept.filter(({ to }) => to.includes("victim@d.test")).length, then === "end" ? 1 : 0);
    }
  });
}

Deno.test("of all sequences of up to five octets of CR, LF, dot, NUL and letter only CRLF.CRLF ends a message", () => {
  const alphabet = ["\r", "\n", ".", "\0", "a"];
  let ended = 0;
  let refused = 0;
  const check = (sequence: string) => {
    const { server, say } = inData();
    say(sequence);
    const end = /(?:^|(?<=\r\n))\.\r\n/.exec(sequence);
    const data = end === null ? sequence : sequence.slice(0, end.index);
    const isBroken = /\r(?!\n|$)|(?<!\r)\n|\0/.test(data);
    assertEquals(server.isOver, isBroken, JSON.stringify(sequence));
    assertEquals(server.submission !== undefined, !isBroken && end !== null, JSON.stringify(sequence));
    if (server.submission !== undefined) ended++;
    if (server.isOver) refused++;
  };
  const walk = (sequence: string): void => {
    check(sequence);
    if (sequence.length < 5) { for (const octet of alphabet) walk(sequence + octet); }
  };
  walk("");
  assertEquals([ended, refused], [32, 3718]);
});

Deno.test("a broken message is refused where it breaks; the connection is over and nothing of it is kept", () => {
  const { server, say } = inData();
  assertEquals(say("good\r\n"), "");
  assertEquals(
    say("bad\nline\r\n.\r\nNOOP\r\n"),
    "550 5.5.2 Message refused at octet 9: an LF without CR; lines end with CRLF\r\n",
  );
  assert(server.isOver);
  assertEquals(server.submission, undefined);
});

Deno.test("a CR waits for the next octet before it is judged", () => {
  const { server, say } = inData();
  assertEquals(say("line\r"), "");
  assert(!server.isOver);
  say("\n.\r");
  assertEquals(server.submission, undefined);
  say("\n");
  assertEquals(kept(server.submission!).message, "line\r\n");
});

const messages: ReadonlyArray<readonly [name: string, wire: string, message: string]> = [
  ["empty", ".\r\n", ""],
  ["one empty line", "\r\n.\r\n", "\r\n"],
  ["dots unstuffed", "..\r\n...\r\n.a\r\na.\r\n.\r\n", ".\r\n..\r\na\r\na.\r\n"],
  ["eight bits", "\u00e9\u00ff\u0080\r\n.\r\n", "\u00e9\u00ff\u0080\r\n"],
  ["commands in it", "RSET\r\nQUIT\r\n.\r\n", "RSET\r\nQUIT\r\n"],
];
for (const [name, wire, message] of messages) {
  Deno.test(`a message is kept as it was meant: ${name}`, () => {
    const { server, say } = inData();
    assertEquals(say(wire), "");
    assertEquals(kept(server.submission!).message, message);
  });
}

Deno.test("a message that comes octet by octet is kept whole, and costs no more room than it has", () => {
  const { server } = inData();
  const message = octets("0123456789abcdef\r\n".repeat(5000));
  for (let at = 0; at < message.length; at++) server.receive(message.subarray(at, at + 1));
  server.receive(octets(".\r\n"));
  assertEquals(server.submission?.octets, message);
  assertEquals(server.submission?.octets.buffer.byteLength, message.length);
});

Deno.test("the sink keeps its own copy: the socket may use its chunk again", () => {
  const { server } = inData();
  const chunk = octets("hello\r\n.\r\n");
  server.receive(chunk);
  chunk.fill(0);
  assertEquals(kept(server.submission!).message, "hello\r\n");
});

Deno.test("250 is said only after the store has the message", () => {
  const { server, said } = inData();
  server.receive(octets("hi\r\n.\r\n"));
  assertEquals(said(), "");
  server.stored("x1");
  assertEquals(said(), "250 2.0.0 Stored as x1\r\n");
});

Deno.test("451 when the store fails; the transaction is over and the session goes on", () => {
  const { server, say, said } = inData();
  say("hi\r\n.\r\n");
  server.stored(undefined);
  assertEquals(said(), "451 4.3.0 Cannot store the message now\r\n");
  assertEquals(codes(say("RCPT TO:<b@d.test>\r\nDATA\r\n")), ["503 5.5.1", "503 5.5.1"]);
  assertEquals(codes(say(`${mail}\r\n${rcpt}\r\nDATA\r\n`)), ["250 2.1.0", "250 2.1.5", "354"]);
});

Deno.test("while a message waits for its store nothing is heard; then everything is, in order", () => {
  const heard: Array<string> = [];
  const { server, say, said } = begin(
    {
      observe: (event) => {
        if (event._tag === "Heard") heard.push(event.line);
      },
    },
    hello,
    mail,
    rcpt,
    "DATA",
  );
  heard.length = 0;
  assertEquals(say("one\r\n.\r\nNOOP\r\n"), "");
  assertEquals(say(`${mail}\r\nRCPT TO:<c@d.test>\r\nDATA\r\n`), "");
  assertEquals(say("NO"), "");
  assertEquals(heard, []);
  assertEquals(kept(server.submission!).message, "one\r\n");
  server.stored("1");
  assertEquals(heard, ["NOOP", mail, "RCPT TO:<c@d.test>", "DATA"]);
  assertEquals(codes(said()), ["250 2.0.0", "250 2.0.0", "250 2.1.0", "250 2.1.5", "354"]);
  say("\r\n.\r\n");
  assertEquals(kept(server.submission!), { from: "a@c.test", to: ["c@d.test"], message: "NO\r\n" });
});

Deno.test("a store that answers twice, or without a message, is not heard", () => {
  const { server, say, said } = inData();
  server.stored("0");
  assertEquals(said(), "");
  say("hi\r\n.\r\n");
  server.stored("1");
  server.stored("2");
  assertEquals(said(), "250 2.0.0 Stored as 1\r\n");
});

for (const [reason, reply] of [["timeout", "421 4.4.2"], ["shutdown", "421 4.3.2"]] as const) {
  for (const [phase, lines] of Object.entries({ ...phases, data: [hello, mail, rcpt, "DATA"] })) {
    Deno.test(`a ${reason} in phase "${phase}" is a 421, said once, and the end`, () => {
      const { server, say, said } = begin({}, ...lines);
      server.close(reason);
      assertEquals(codes(said()), [reply]);
      assert(server.isOver);
      server.close(reason);
      assertEquals(say("NOOP\r\n"), "");
    });
  }
}

Deno.test("a store that comes too late, after the 421, is not heard: the client may send again", () => {
  const { server, say, said } = inData();
  say("hi\r\n.\r\n");
  server.close("shutdown");
  assertEquals(server.submission, undefined);
  server.stored("1");
  assertEquals(codes(said()), ["421 4.3.2"]);
});

Deno.test("after QUIT nothing is heard", () => {
  const { server, say } = begin({}, hello);
  assertEquals(codes(say(`QUIT\r\n${mail}\r\n`)), ["221 2.0.0"]);
  assertEquals(say("NOOP\r\n"), "");
  assert(server.isOver);
});

property(
  "the replies and the messages are the same, octet for octet, for every chunking and every slowness of the store",
  wildTalk,
  ({ text, cuts }) => {
    const options = limited({ messageOctets: 100, recipients: 1, faults: 3, lineOctets: 80 });
    const wire = octets(text);
    const whole = play([wire], options);
    return [cut(wire, cuts), cut(wire, [1])].every((chunks) =>
      isDeepStrictEqual(play(chunks, options), whole) && isDeepStrictEqual(play(chunks, options, "late"), whole)
    );
  },
);

Deno.test("the talk of the property above goes everywhere: messages, refusals, both kinds of end", () => {
  const seen = new Set<string>();
  for (const { text } of sample(wildTalk, 500)) {
    const { said, kept, isOver } = play([octets(text)], limited({ messageOctets: 100, recipients: 1, faults: 3 }));
    for (const code of codes(said)) seen.add(code);
    seen.add(`kept ${kept.length > 0}`).add(`over ${isOver}`);
  }
  for (
    const code of ["250 2.0.0", "354", "452 4.5.3", "500 5.5.2", "503 5.5.1", "550 5.5.2", "552 5.3.4", "421 4.7.0"]
  ) {
    assert(seen.has(code), code);
  }
  for (const what of ["kept true", "kept false", "over true", "over false"]) assert(seen.has(what), what);
});

Deno.test("the observer sees every command line and every reply in order, and no message text", () => {
  const events: Array<string> = [];
  const { server, say } = begin({
    observe: (event) => {
      if (event._tag === "Heard") events.push(event.line);
      if (event._tag === "Said") events.push(String(event.reply.code));
    },
  });
  say(`${hello}\r\nnonsense\r\n${mail}\r\n${rcpt}\r\nDATA\r\nsecret\r\n.\r\n`);
  server.stored("1");
  say("QUIT\r\n");
  assertEquals(events, [
    ...["220", hello, "250", "nonsense", "500", mail, "250", rcpt, "250", "DATA", "354", "250"],
    ...["QUIT", "221"],
  ]);
});

Deno.test("a name with line ends in it cannot break the sink's own replies", () => {
  const server = ServerProtocol.make({ host: "a\r\n250 b" });
  server.greet();
  assertEquals(latin1(server.output()!), "220 a??250 b ESMTP plausch sink\r\n");
});
