import { assert, assertEquals } from "@std/assert";
import type { SessionEvent } from "@plausch/session/event";
import { SessionError } from "@plausch/session/session-error";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import type { Certificate, TlsReport } from "@plausch/tls/tls-report";
import cases from "../cases/transcript.jsonl" with { type: "text" };
import { colours, plain } from "../../tools/plausch/render/paint.ts";
import * as Tls from "../../tools/plausch/render/tls.ts";
import * as Transcript from "../../tools/plausch/render/transcript.ts";
import { octets, parseCases } from "../support/cases.ts";

const heard = (reply: Reply.Reply, expected = true): SessionEvent => ({
  _tag: "Heard",
  at: 0,
  stage: "mail",
  reply,
  expected,
  elapsed: 0,
});

Deno.test("the markers are those of swaks, and one line of a reply is one line", () => {
  const render = Transcript.make(plain);
  assertEquals(render({ _tag: "Said", at: 0, stage: "ehlo", line: "EHLO c.test" }), [" -> EHLO c.test"]);
  assertEquals(render(heard(Reply.make(250, ["a", "b"]))), ["<-  250-a", "<-  250 b"]);
  assertEquals(render(heard(Reply.make(550, ["a", "b"]), false)), ["<** 550-a", "<** 550 b"]);
  const error = new SessionError({ reason: "Timeout", stage: "mail", recipients: [] });
  assertEquals(render({ _tag: "Failed", at: 0, error })[0]?.slice(0, 4), "*** ");
});

interface EscapeCase {
  readonly id: string;
  readonly kind: string;
  readonly bytes: string;
  readonly shown: string;
}

for (const { id, bytes, shown } of parseCases<EscapeCase>(cases).filter(({ kind }) => kind === "escape")) {
  Deno.test(`${id}: what a peer says is escaped, and stays in its line`, () => {
    if (/[\r\n\0]/.test(bytes)) return;
    const parser = ReplyParser.make();
    parser.push(octets(`250 ${bytes}\r\n`));
    const reply = parser.next();
    assert(reply !== undefined);
    assertEquals(Transcript.make(plain)(heard(reply)), [`<-  250 ${shown}`]);
  });
}

Deno.test("a server cannot paint, move the cursor or write lines of its own, with colours or without", () => {
  const parser = ReplyParser.make();
  parser.push(octets("250 \x1b[31m\x9b2J\x07\b\b\xe2\x80\xae<- 250 forged\x7f\r\n"));
  for (const paint of [plain, colours]) {
    const [line, ...more] = Transcript.make(paint)(heard(parser.next() ?? Reply.make(250, "")));
    assertEquals(more, []);
    // deno-lint-ignore no-control-regex
    const withoutPaint = (line ?? "").replace(/\x1b\[\d*m/g, "");
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\x9f\u202e]/.test(withoutPaint));
    assert((line ?? "").split("\x1b").length <= 3);
  }
});

const content = (text: string, last: boolean): SessionEvent => ({ _tag: "Content", at: 0, octets: octets(text), last });

Deno.test("a message is shown as it is on the wire, however its blocks are cut", () => {
  const render = Transcript.make(plain);
  const lines = ["Subject: t\r", "\n\r\n..do", "t\r\n.\r\n"].flatMap((text, index) =>
    render(content(text, index === 2))
  );
  assertEquals(lines, [" -> Subject: t", " -> ", " -> ..dot", " -> ."]);
});

Deno.test("of a long message the rest is counted, and the next message is shown again", () => {
  const render = Transcript.make(plain);
  const long = render(content(`${"x\r\n".repeat(100)}.\r\n`, true));
  assertEquals(long.length, 42);
  assertEquals(long.slice(-2), ["=== … 60 more lines sent", " -> ."]);
  assertEquals(render(content("x\r\n.\r\n", true)), [" -> x", " -> ."]);
});

const said = (line: string, chunk?: number): SessionEvent => ({ _tag: "Said", at: 0, stage: "bdat", line, chunk });

Deno.test("chunks are shown as they are on the wire: cut anywhere, no dot at their end", () => {
  const render = Transcript.make(plain);
  const events = [
    said("BDAT 10", 10),
    content("Subject:", false),
    content(" t", false),
    said("BDAT 7 LAST", 7),
    content("\r\n\r\n.\r\n", true),
  ];
  assertEquals(events.flatMap(render), [
    " -> BDAT 10",
    " -> Subject: t",
    " -> BDAT 7 LAST",
    " -> ",
    " -> ",
    " -> .",
  ]);
});

Deno.test("of a message in many chunks the rest is counted, chunk by chunk", () => {
  const render = Transcript.make(plain);
  const text = "x\r\n".repeat(50);
  assertEquals(render(said("BDAT 150", 150)).length + render(content(text, false)).length, 42);
  assertEquals(render(said("BDAT 150 LAST", 150)), [" -> BDAT 150 LAST"]);
  assertEquals(render(content(text, true)), ["=== … 50 more lines sent"]);
});

Deno.test("an octet that stands at the end of a block is not torn from its character", () => {
  const render = Transcript.make(plain);
  const [first, second] = ["gr\xc3", "\xbc\xc3\x9fe\r\n.\r\n"];
  const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  assertEquals([
    ...render({ _tag: "Content", at: 0, octets: bytes(first!), last: false }),
    ...render({ _tag: "Content", at: 0, octets: bytes(second!), last: true }),
  ], [" -> grüße", " -> ."]);
});

Deno.test("of a very long line the rest is counted", () => {
  const render = Transcript.make(plain);
  assertEquals(render(content(`${"x".repeat(2000)}\r\n.\r\n`, true)), [
    ` -> ${"x".repeat(998)} … 1002 more octets`,
    " -> .",
  ]);
});

Deno.test("under TLS the markers are wavy, until a new connection", () => {
  const render = Transcript.make(plain);
  const secured = { _tag: "Secured", at: 0, report: undefined } as const;
  assertEquals(render({ ...secured, level: "verified" }), ["=== TLS started"]);
  assertEquals(render({ ...secured, level: "mta-sts" }), ["=== TLS started, as MTA-STS asks"]);
  assertEquals(render({ ...secured, level: "dane" }), ["=== TLS started, as DANE asks"]);
  assertEquals(render(said("NOOP")), [" ~> NOOP"]);
  assertEquals(render(heard(Reply.make(250, "ok"))), ["<~  250 ok"]);
  assertEquals(render(heard(Reply.make(550, "no"), false)), ["<~* 550 no"]);
  assertEquals(render(content("x\r\n.\r\n", true)), [" ~> x", " ~> ."]);
  render({ _tag: "Connected", at: 0 });
  assertEquals(render(said("NOOP")), [" -> NOOP"]);
});

Deno.test("names in a certificate cannot paint either", () => {
  const hostile = "mx\u001b[31m\u202e\n=== forged";
  const certificate: Certificate = {
    subject: `CN=${hostile}`,
    commonName: hostile,
    issuer: `CN=${hostile}`,
    subjectAltNames: [`DNS:${hostile}`],
    validFrom: 0,
    validTo: 1,
    serialNumber: hostile,
    sha256: "aa",
    spkiSha256: "bb",
    isSelfSigned: false,
    der: new Uint8Array(),
  };
  const report: TlsReport = {
    protocol: hostile,
    cipher: hostile,
    serverName: hostile,
    alpnProtocol: undefined,
    chain: [certificate],
    verification: { verified: false, fault: "invalid", detail: hostile },
  };
  const lines = [...Transcript.handshake(plain, report, "dane", 0), ...Tls.chain(report, 25, 0)];
  assertEquals(lines.length, 12);
  // deno-lint-ignore no-control-regex
  for (const line of lines) assert(!/[\x00-\x1f\x7f-\x9f\u202e]/.test(line), line);
});

Deno.test("how long a certificate is valid is told from now", () => {
  const day = 24 * 60 * 60 * 1000;
  const certificate = { validFrom: 10 * day, validTo: 100 * day } as Certificate;
  assertEquals(Tls.validity(certificate, 9.5 * day), "valid in 1 day");
  assertEquals(Tls.validity(certificate, 10 * day), "90 days left");
  assertEquals(Tls.validity(certificate, 99 * day), "1 day left");
  assertEquals(Tls.validity(certificate, 103 * day), "expired 3 days ago");
});
