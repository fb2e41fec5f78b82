// CHUNKING and BINARYMIME (RFC 3030), by transcript.
import * as Extension from "@plausch/sink/extension";
import * as Limits from "@plausch/sink/limits";
import { assert, assertEquals } from "@std/assert";
import { chunkings, latin1, octets } from "../support/cases.ts";
import { begin, hello, mail, play, rcpt } from "./_by_hand.ts";
import { rehearse } from "./_transcript.ts";

const limited = (limits: Partial<Limits.Limits>) => ({ limits: { ...Limits.defaults, ...limits } });

const brief = { offers: ["SIZE", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES"] } as const;
const opening = `
  < 220 sink.test ESMTP plausch sink
  > EHLO c.test
  < 250-sink.test greets c.test
  < 250-SIZE 33554432
  < 250-ENHANCEDSTATUSCODES
  < 250-CHUNKING
  < 250 BINARYMIME`;
const envelope = `${opening}
  > MAIL FROM:<a@c.test>
  < 250 2.1.0 Sender taken
  > RCPT TO:<b@d.test>
  < 250 2.1.5 Recipient taken`;

const talks: ReadonlyArray<
  readonly [name: string, transcript: string, messages: ReadonlyArray<string>]
> = [
  [
    "one chunk is a message",
    `${envelope}
    > BDAT 4 LAST
    >> hi\\r\\n
    = stored
    < 250 2.0.0 Stored as 1
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`,
    ["hi\r\n"],
  ],
  [
    "chunks are joined as they came: dots, bare line ends and NULs are octets",
    `${envelope}
    > BDAT 5
    >> .\\r\\n.\\r
    < 250 2.0.0 5 octets taken
    > bdat 5
    >> \\n.\\n\\x00\\xff
    < 250 2.0.0 5 octets taken
    > BDAT 0 last
    = stored
    < 250 2.0.0 Stored as 1`,
    [".\r\n.\r\n.\n\0\xff"],
  ],
  [
    "an empty message is a message",
    `${envelope}
    > BDAT 0 LAST
    = stored
    < 250 2.0.0 Stored as 1`,
    [""],
  ],
  [
    "what the chunk holds is no command",
    `${envelope}
    > BDAT 12 LAST
    >> QUIT\\r\\nRSET\\r\\n
    = stored
    < 250 2.0.0 Stored as 1`,
    ["QUIT\r\nRSET\r\n"],
  ],
  [
    "a whole message in one flight",
    `${opening}
    >> MAIL FROM:<a@c.test>\\r\\nRCPT TO:<b@d.test>\\r\\nBDAT 2\\r\\nhiBDAT 2 LAST\\r\\n\\r\\nNOOP\\r\\n
    < 250 2.1.0 Sender taken
    < 250 2.1.5 Recipient taken
    < 250 2.0.0 2 octets taken
    = stored
    < 250 2.0.0 Stored as 1
    < 250 2.0.0 Still here`,
    ["hi\r\n"],
  ],
  [
    "a chunk before its time is swallowed, and refused",
    `${opening}
    > BDAT 6 LAST
    >> QUIT\\r\\n
    < 503 5.5.1 BDAT comes after RCPT
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > BDAT 6
    >> QUIT\\r\\n
    < 503 5.5.1 BDAT comes after RCPT
    > RCPT TO:<b@d.test>
    < 250 2.1.5 Recipient taken`,
    [],
  ],
  [
    "DATA does not mix with chunks, nor do MAIL and RCPT",
    `${envelope}
    > BDAT 2
    >> hi
    < 250 2.0.0 2 octets taken
    > DATA
    < 503 5.5.1 DATA comes after RCPT
    > RCPT TO:<c@d.test>
    < 503 5.5.1 RCPT comes after MAIL
    > MAIL FROM:<>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction
    > NOOP
    < 250 2.0.0 Still here
    > BDAT 0 LAST
    = stored
    < 250 2.0.0 Stored as 1`,
    ["hi"],
  ],
  [
    "RSET drops the chunks",
    `${envelope}
    > BDAT 2
    >> hi
    < 250 2.0.0 2 octets taken
    > RSET
    < 250 2.0.0 Forgotten
    > BDAT 2 LAST
    >> ho
    < 503 5.5.1 BDAT comes after RCPT
    > MAIL FROM:<>
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 250 2.1.5 Recipient taken
    > BDAT 2 LAST
    >> yo
    = stored
    < 250 2.0.0 Stored as 1`,
    ["yo"],
  ],
  [
    "a store that fails leaves nothing but RSET",
    `${envelope}
    > BDAT 2 LAST
    >> hi
    = not stored
    < 451 4.3.0 Cannot store the message now
    > MAIL FROM:<>
    < 503 5.5.1 A chunk was refused: say RSET first
    > RSET
    < 250 2.0.0 Forgotten
    > MAIL FROM:<>
    < 250 2.1.0 Sender taken`,
    [],
  ],
  [
    "BINARYMIME is not sent with DATA (RFC 3030 section 3)",
    `${opening}
    > MAIL FROM:<a@c.test> BODY=BINARYMIME
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 250 2.1.5 Recipient taken
    > DATA
    < 503 5.5.1 BODY=BINARYMIME is sent with BDAT
    > BDAT 3 LAST
    >> a\\x00b
    = stored
    < 250 2.0.0 Stored as 1`,
    ["a\0b"],
  ],
];
for (const [name, transcript, messages] of talks) {
  Deno.test(`chunks: ${name}`, () => {
    assertEquals(rehearse(transcript, brief).stored.map(({ octets }) => latin1(octets)), messages);
  });
}

Deno.test("a message says how it was coded", () => {
  const { stored: [message] } = rehearse(talks.at(-1)![1], brief);
  assertEquals([message?.protocol, message?.mailParameters], ["ESMTP", { body: "BINARYMIME" }]);
});

const oversized = `${envelope.replace("33554432", "10")}
  > BDAT 6
  >> 123456
  < 250 2.0.0 6 octets taken
  > BDAT 5
  >> QUIT\\r
  < 552 5.3.4 Message too big: the limit is 10 octets
  > BDAT 6 LAST
  >> QUIT\\r\\n
  < 503 5.5.1 A chunk was refused: say RSET first
  > MAIL FROM:<>
  < 503 5.5.1 A chunk was refused: say RSET first
  > NOOP
  < 250 2.0.0 Still here
  > RSET
  < 250 2.0.0 Forgotten
  > MAIL FROM:<>
  < 250 2.1.0 Sender taken
  > RCPT TO:<b@d.test>
  < 250 2.1.5 Recipient taken
  > BDAT 10 LAST
  >> 1234567890
  = stored
  < 250 2.0.0 Stored as 1`;

Deno.test("chunks add up to the limit; one beyond it is swallowed, and only RSET leads on", () => {
  const { stored } = rehearse(oversized, { ...brief, ...limited({ messageOctets: 10 }) });
  assertEquals(stored.map(({ octets }) => latin1(octets)), ["1234567890"]);
});

Deno.test("EHLO leads on too", () => {
  const { say } = begin(limited({ messageOctets: 1 }), hello, mail, rcpt, "BDAT 2 LAST\r\nhi", hello);
  assertEquals(say(`${mail}\r\n`), "250 2.1.0 Sender taken\r\n");
});

Deno.test("a chunk larger than memory is refused only after its octets, and none of them is kept", () => {
  const { server, say } = begin(limited({ messageOctets: 1000 }), hello, mail, rcpt);
  assertEquals(say("BDAT 9007199254740991 LAST\r\n"), "");
  for (let count = 0; count < 100; count++) assertEquals(say("x".repeat(100_000)), "");
  assertEquals([server.isOver, server.submission], [false, undefined]);
});

Deno.test("a chunk of any size may be the last octet too many", () => {
  for (const [size, fits] of [[9, true], [10, true], [11, false]] as const) {
    const { server, say } = begin(limited({ messageOctets: 10 }), hello, mail, rcpt);
    say(`BDAT ${size} LAST\r\n${"x".repeat(size)}`);
    assertEquals(server.submission !== undefined, fits, String(size));
  }
});

for (
  const line of ["BDAT", "BDAT x", "BDAT -1", "BDAT 9007199254740992", "BDAT 1e3", "BDAT 5 LEAST", "BDAT 5 LAST 6"]
) {
  Deno.test(`"${line}" does not say where the next command begins: it is refused, and the connection over`, () => {
    const { server, say } = begin({}, hello, mail, rcpt);
    const said = say(`${line}\r\nMAIL FROM:<evil@c.test>\r\n`);
    assert(/^501 5\.5\.4 [^\r]*\r\n$/.test(said), said);
    assert(server.isOver);
  });
}

Deno.test("not offered, BDAT is not known; its octets are no commands all the same", () => {
  const { server, say } = begin({ offers: Extension.without("CHUNKING") }, hello, mail, rcpt);
  assertEquals(say("BDAT 6 LAST\r\nQUIT\r\n"), "502 5.5.1 BDAT is not implemented here\r\n");
  assert(!server.isOver);
  assert(say("DATA\r\n").startsWith("354 "), "the transaction goes on");
});

Deno.test("BINARYMIME needs CHUNKING, and is 504 where it is not offered", () => {
  const { say } = begin({ offers: Extension.without("CHUNKING") });
  const ehlo = say("EHLO c.test\r\n");
  assert(!ehlo.includes("BINARYMIME") && !ehlo.includes("CHUNKING"));
  assertEquals(say("MAIL FROM:<> BODY=BINARYMIME\r\n"), "504 5.5.4 BODY=BINARYMIME is not offered\r\n");
});

Deno.test("very many chunks cost what they hold, and a command each", () => {
  const { server } = begin(limited({ commands: 50_010 }), hello, mail, rcpt);
  const flight = octets("BDAT 1\r\nx".repeat(1000));
  for (let count = 0; count < 49; count++) {
    server.receive(flight);
    server.output();
  }
  server.receive(octets("BDAT 0 LAST\r\n"));
  assertEquals(server.submission?.octets.length, 49_000);
  assertEquals(server.submission?.octets.buffer.byteLength, 49_000);
  const many = begin(limited({ commands: 100 }), hello, mail, rcpt);
  assert(many.say("BDAT 0\r\n".repeat(200)).endsWith("421 4.7.0 sink.test Too many commands, closing\r\n"));
});

Deno.test("chunks are the same message in every chunking of the connection", () => {
  const wire = octets(`${hello}\r\n${mail}\r\n${rcpt}\r\nBDAT 5\r\na\r\n.\rBDAT 4 LAST\r\n\nb\r\n${"NOOP\r\n"}`);
  for (const chunks of chunkings(wire, 300)) {
    const { kept } = play(chunks);
    assertEquals(kept.map(({ message }) => message), ["a\r\n.\r\nb\r\n"]);
  }
});
