import { assert, assertEquals } from "@std/assert";
import type { SessionEvent } from "@plausch/session/event";
import { SessionError } from "@plausch/session/session-error";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import cases from "../cases/transcript.jsonl" with { type: "text" };
import { colours, plain } from "../../tools/plausch/render/paint.ts";
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
