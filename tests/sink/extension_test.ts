// What is offered, and what of it the server understands and keeps.
import * as Extension from "@plausch/sink/extension";
import * as Limits from "@plausch/sink/limits";
import type { Policy } from "@plausch/sink/policy";
import type * as ServerProtocol from "@plausch/sink/server-protocol";
import * as Capabilities from "@plausch/smtp/capabilities";
import * as Parameter from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import { begin, hello, mail, rcpt } from "./_by_hand.ts";
import { rehearse } from "./_transcript.ts";

const limited = (limits: Partial<Limits.Limits>) => ({ limits: { ...Limits.defaults, ...limits } });

/** What a client reads from the reply to EHLO. */
const offered = (options: Partial<ServerProtocol.Options> = {}): Capabilities.Capabilities => {
  const lines = begin(options).say(`${hello}\r\n`).split("\r\n").slice(0, -1).map((line) => line.slice(4));
  return Capabilities.fromReply(Reply.make(250, lines));
};

Deno.test("by itself a sink offers all that it can do, but what has to be trusted or needs more", () => {
  const { keywords, ignored } = offered();
  assertEquals([...keywords.keys()], [
    ...["SIZE", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME", "LIMITS"],
    ...["DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "ETRN", "VRFY", "EXPN", "HELP"],
  ]);
  assertEquals(ignored, []);
});

Deno.test("a client understands what is offered", () => {
  const { limits, futureRelease, deliverBy, mtPriority, xclient, xforward, size } = offered({
    offers: Extension.all,
    ...limited({ recipients: 5, transactions: 2, recipientDomains: 1, holdSeconds: 60, messageOctets: 1000 }),
  });
  assertEquals(Object.fromEntries(limits), { RCPTMAX: 5, MAILMAX: 2, RCPTDOMAINMAX: 1 });
  assertEquals(futureRelease, { maxInterval: 60, maxDateTime: "9999-12-31T23:59:59Z" });
  assertEquals([deliverBy, mtPriority, size], [{ minimum: undefined }, { profile: undefined }, 1000]);
  assertEquals(xclient, ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"]);
  assertEquals(xforward, ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"]);
});

for (const extension of Extension.usual) {
  Deno.test(`without ${extension} it is not offered`, () => {
    assert(!offered({ offers: Extension.without(extension) }).keywords.has(extension));
  });
}

const mailParameters: ReadonlyArray<readonly [parameters: string, extension: Extension.Extension, code: string]> = [
  ["SIZE=10", "SIZE", "555 5.5.4"],
  ["BODY=8BITMIME", "8BITMIME", "504 5.5.4"],
  ["BODY=7BIT", "8BITMIME", "504 5.5.4"],
  ["BODY=BINARYMIME", "BINARYMIME", "504 5.5.4"],
  ["SMTPUTF8", "SMTPUTF8", "555 5.5.4"],
  ["RET=HDRS", "DSN", "555 5.5.4"],
  ["ENVID=QQ+2B314", "DSN", "555 5.5.4"],
  ["BY=120;R", "DELIVERBY", "555 5.5.4"],
  ["BY=-5;NT", "DELIVERBY", "555 5.5.4"],
  ["HOLDFOR=86400", "FUTURERELEASE", "555 5.5.4"],
  ["HOLDUNTIL=2030-01-31T08:00:00Z", "FUTURERELEASE", "555 5.5.4"],
  ["MT-PRIORITY=-3", "MT-PRIORITY", "555 5.5.4"],
];
for (const [text, extension, code] of mailParameters) {
  Deno.test(`MAIL ${text} is kept with the message where ${extension} is offered, and ${code} where it is not`, () => {
    const { server, say } = begin({}, hello, `${mail} ${text}`, rcpt);
    say("BDAT 0 LAST\r\n");
    assertEquals(server.submission?.mailParameters, Result.getOrThrow(Parameter.mailFromString(text)));
    const { say: sayWithout } = begin({ offers: Extension.without(extension) }, hello);
    assertEquals(sayWithout(`${mail} ${text}\r\n`).slice(0, 9), code);
  });
}

for (const text of ["NOTIFY=NEVER", "NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a+2Bb@x.test"]) {
  Deno.test(`RCPT ${text} is kept with the recipient where DSN is offered, and 555 where it is not`, () => {
    const { server, say } = begin({}, hello, mail, rcpt, `RCPT TO:<c@d.test> ${text}`);
    say("DATA\r\n.\r\n");
    assertEquals(server.submission?.rcptParameters, [{}, Result.getOrThrow(Parameter.rcptFromString(text))]);
    const { say: sayWithout } = begin({ offers: Extension.without("DSN") }, hello, mail);
    assertEquals(sayWithout(`${rcpt} ${text}\r\n`).slice(0, 9), "555 5.5.4");
  });
}

Deno.test("BODY is not known where neither 8BITMIME nor BINARYMIME is offered", () => {
  const { say } = begin({ offers: Extension.without("8BITMIME", "BINARYMIME") }, hello);
  assertEquals(say(`${mail} BODY=7BIT\r\n`), "555 5.5.4 Parameter not recognized: BODY\r\n");
});

Deno.test("a message may be held as long as was offered, and no longer (RFC 4865)", () => {
  const { say } = begin(limited({ holdSeconds: 60 }), hello);
  assertEquals(say(`${mail} HOLDFOR=61\r\n`), "501 5.5.4 HOLDFOR is at most 60 seconds\r\n");
  assertEquals(say(`${mail} HOLDFOR=60\r\n`), "250 2.1.0 Sender taken\r\n");
});

Deno.test("a client that was not offered enhanced status codes hears none (RFC 2034 section 3)", () => {
  const policy: Policy = { recipient: () => Reply.make(250, ["2.1.5 yes", "2.1.5 please"]) };
  rehearse(
    `
    < 220 sink.test ESMTP plausch sink
    > EHLO c.test
    < 250 sink.test greets c.test
    > MAIL FROM:<a@c.test>
    < 250 Sender taken
    > RCPT TO:<b@d.test>
    < 250-yes
    < 250 please
    > DATA
    < 354 Go ahead; end with a line that is a single dot
    > .
    = stored
    < 250 Stored as 1
    > X
    < 500 Command not recognized
    > QUIT
    < 221 sink.test says goodbye`,
    { offers: [], policy },
  );
});

Deno.test("questions are answered by the site, or not at all", () => {
  const policy: Policy = {
    verify: (argument) => argument === "tim" ? Reply.make(250, "Tim <tim@d.test>") : undefined,
    expand: (argument) => argument === "staff" ? Reply.make(250, ["<tim@d.test>", "<kim@d.test>"]) : undefined,
  };
  const { say } = begin({ policy }, hello);
  assertEquals(say("VRFY tim\r\nVRFY tom\r\n"), "250 Tim <tim@d.test>\r\n252 2.5.0 Cannot tell; send it and see\r\n");
  assertEquals(
    say("EXPN staff\r\nEXPN rest\r\n"),
    "250-<tim@d.test>\r\n250 <kim@d.test>\r\n252 2.5.0 Lists are not told\r\n",
  );
});

Deno.test("VRFY is answered also where it is not offered: every server has it (RFC 5321 section 4.5.1)", () => {
  assertEquals(begin({ offers: [] }).say("VRFY b\r\n"), "252 Cannot tell; send it and see\r\n");
});

for (const [line, extension] of [["EXPN staff", "EXPN"], ["ETRN d.test", "ETRN"], ["HELP", "HELP"]] as const) {
  Deno.test(`"${line}" is 502 where ${extension} is not offered, whatever its argument`, () => {
    const { say } = begin({ offers: Extension.without(extension) }, hello);
    for (const each of [line, `${line} \u0001`, extension]) assertEquals(say(`${each}\r\n`).slice(0, 9), "502 5.5.1");
  });
}

Deno.test("ETRN: no messages wait, for whoever it is (RFC 1985)", () => {
  const { say } = begin({}, hello);
  for (const node of ["d.test", "@d.test", "#queue"]) {
    assertEquals(say(`ETRN ${node}\r\n`), `251 2.0.0 No messages wait for ${node}\r\n`);
  }
  assertEquals(say("ETRN\r\n").slice(0, 3), "501");
  say(`${mail}\r\n`);
  assertEquals(say("ETRN d.test\r\n"), "503 5.5.1 ETRN comes after EHLO\r\n");
});

Deno.test("the site may refuse a message that is complete; it is not stored", () => {
  const seen: Array<unknown> = [];
  const policy: Policy = {
    message: ({ octets, forwardPaths }) => {
      seen.push(octets.length, forwardPaths.map(Path.address));
      return octets.length > 3 ? Reply.make(554, "5.6.0 Too long") : Reply.make(250, "2.6.0 Lovely");
    },
  };
  const { server, say, said } = begin({ policy }, hello, mail, rcpt, "DATA");
  assertEquals(say("hi\r\n.\r\n"), "554 5.6.0 Too long\r\n");
  assertEquals(server.submission, undefined);
  say(`${mail}\r\n${rcpt}\r\nDATA\r\nh\r\n.\r\n`);
  server.stored("1");
  assert(said().endsWith("250 2.6.0 Lovely\r\n"));
  assertEquals(seen, [4, ["b@d.test"], 3, ["b@d.test"]]);
});

Deno.test("the site sees the parameters of a recipient", () => {
  const seen: Array<unknown> = [];
  const policy: Policy = { recipient: (_path, _sender, parameters) => void seen.push(parameters) };
  begin({ policy }, hello, mail, `${rcpt} NOTIFY=NEVER`);
  assertEquals(seen, [{ notify: "NEVER" }]);
});

// LIMITS (RFC 9422)

Deno.test("LIMITS: recipients beyond RCPTMAX are 452, those that were refused do not count", () => {
  const policy: Policy = {
    recipient: (path) => Path.address(path).startsWith("no") ? Reply.make(550, "5.1.1 No") : undefined,
  };
  const { say } = begin({ ...limited({ recipients: 1 }), policy }, hello, mail);
  assertEquals(say("RCPT TO:<no@d.test>\r\n").slice(0, 9), "550 5.1.1");
  assertEquals(say("RCPT TO:<b@d.test>\r\n").slice(0, 9), "250 2.1.5");
  assertEquals(say("RCPT TO:<c@d.test>\r\n"), "452 4.5.3 Too many recipients: the limit is 1\r\n");
  say(`RSET\r\n${mail}\r\n`);
  assertEquals(say("RCPT TO:<c@d.test>\r\n").slice(0, 9), "250 2.1.5", "the next message has recipients of its own");
});

Deno.test("LIMITS: a transaction beyond MAILMAX is 421, whatever became of the others", () => {
  const { server, say } = begin(limited({ transactions: 2 }), hello, "MAIL FROM:<> X=1", mail, "RSET");
  assertEquals(say(`${mail}\r\n`), "421 4.7.0 sink.test Too many transactions, closing\r\n");
  assert(server.isOver);
});

Deno.test("LIMITS: RCPTDOMAINMAX counts the domains of a connection, by name, and not those that were refused", () => {
  const policy: Policy = {
    recipient: (path) => Path.address(path).startsWith("no") ? Reply.make(550, "5.1.1 No") : undefined,
  };
  const { say } = begin({ ...limited({ recipientDomains: 2 }), policy }, hello, mail);
  const answers = (...names: ReadonlyArray<string>) =>
    names.map((name) => say(`RCPT TO:<${name}>\r\n`).slice(0, 9)).join();
  assertEquals(
    answers("no@z.test", "b@d.test", "c@D.TEST", "Postmaster", "b@[192.0.2.1]"),
    [
      ...["550 5.1.1", "250 2.1.5", "250 2.1.5", "250 2.1.5", "250 2.1.5"],
    ].join(),
  );
  assertEquals(say("RCPT TO:<b@e.test>\r\n"), "452 4.5.3 Too many recipient domains: the limit is 2\r\n");
  say(`RSET\r\n${mail}\r\n`);
  assertEquals(answers("b@e.test", "b@d.test"), "452 4.5.3,250 2.1.5");
});

// XCLIENT and XFORWARD (Postfix)

const trusting = { offers: ["XCLIENT", "XFORWARD", "ENHANCEDSTATUSCODES"] } as const;
const envelope = `
  > MAIL FROM:<a@c.test>
  < 250 2.1.0 Sender taken
  > RCPT TO:<b@d.test>
  < 250 2.1.5 Recipient taken
  > DATA
  < 354 Go ahead; end with a line that is a single dot
  > .
  = stored`;
const welcome = (name: string) => `
  > EHLO ${name}
  < 250-sink.test greets ${name}
  < 250-ENHANCEDSTATUSCODES
  < 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
  < 250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE`;

Deno.test("XCLIENT: the session begins anew, as that of another client", () => {
  const { stored: [message] } = rehearse(
    `
    < 220 sink.test ESMTP plausch sink${welcome("proxy.test")}
    > XCLIENT NAME=real.test ADDR=192.0.2.7 LOGIN=t+2Bm
    < 220 sink.test ESMTP plausch sink
    > MAIL FROM:<a@c.test>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction${welcome("real.test")}${envelope}
    < 250 2.0.0 Stored as 1`,
    trusting,
  );
  assertEquals([message?.peer, message?.helo, message?.user, message?.protocol], [
    "192.0.2.7",
    "real.test",
    "t+m",
    "ESMTPA",
  ]);
});

Deno.test("XCLIENT: what is not available is not known; what is not named stays", () => {
  const { stored } = rehearse(
    `
    < 220 sink.test ESMTP plausch sink${welcome("proxy.test")}
    > XCLIENT ADDR=IPV6:2001:db8::1 LOGIN=tim
    < 220 sink.test ESMTP plausch sink${welcome("real.test")}
    > xclient name=[UNAVAILABLE]
    < 220 sink.test ESMTP plausch sink${welcome("real.test")}${envelope}
    < 250 2.0.0 Stored as 1
    > XCLIENT ADDR=[UNAVAILABLE] LOGIN=[TEMPUNAVAIL]
    < 220 sink.test ESMTP plausch sink${welcome("real.test")}${envelope}
    < 250 2.0.0 Stored as 2`,
    trusting,
  );
  assertEquals(stored.map(({ peer, user }) => [peer, user]), [["2001:db8::1", "tim"], ["", undefined]]);
});

Deno.test("XCLIENT and XFORWARD: attributes that are not known, and addresses that are none, are 501", () => {
  for (const verb of ["XCLIENT", "XFORWARD"]) {
    const { say } = begin(trusting, hello);
    assertEquals(say(`${verb} COLOUR=red\r\n`), "501 5.5.4 Bad attribute: COLOUR\r\n");
    assertEquals(say(`${verb} ADDR=256.1.1.1\r\n`), "501 5.5.4 Bad attribute: ADDR=256.1.1.1\r\n");
    assertEquals(say(`${verb}\r\n`).slice(0, 9), "501 5.5.4");
    say(`${mail}\r\n`);
    assertEquals(say(`${verb} NAME=x.test\r\n`), `503 5.5.1 ${verb} comes after EHLO\r\n`);
  }
});

Deno.test("XFORWARD: what it tells is kept with the next message, and no other", () => {
  const { stored } = rehearse(
    `
    < 220 sink.test ESMTP plausch sink${welcome("proxy.test")}
    > XFORWARD NAME=real.test ADDR=192.0.2.7
    < 250 2.0.0 Noted
    > XFORWARD NAME=other.test IDENT=A+20B
    < 250 2.0.0 Noted${envelope}
    < 250 2.0.0 Stored as 1${envelope}
    < 250 2.0.0 Stored as 2
    > XFORWARD SOURCE=LOCAL
    < 250 2.0.0 Noted
    > RSET
    < 250 2.0.0 Forgotten${envelope}
    < 250 2.0.0 Stored as 3`,
    trusting,
  );
  assertEquals(stored.map(({ forwarded }) => forwarded), [
    [["ADDR", "192.0.2.7"], ["NAME", "other.test"], ["IDENT", "A B"]],
    undefined,
    undefined,
  ]);
});

Deno.test("XCLIENT and XFORWARD are not known to a sink that was not told to trust", () => {
  const { say } = begin({}, hello);
  assertEquals(say("XCLIENT ADDR=192.0.2.7\r\n"), "502 5.5.1 XCLIENT is not implemented here\r\n");
  assertEquals(say("XFORWARD ADDR=192.0.2.7\r\n"), "502 5.5.1 XFORWARD is not implemented here\r\n");
});
