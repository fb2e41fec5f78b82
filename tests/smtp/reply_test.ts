import * as Reply from "@plausch/smtp/reply";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";

const explain = (code: number, text = "") => Reply.explain(Reply.make(code, text));

Deno.test("a reply has at least one line, and one more for each line end in its text", () => {
  assertEquals(Reply.make(250, "").lines, [""]);
  assertEquals(Reply.make(250, []).lines, [""]);
  assertEquals(Reply.make(250, "a\r\nb\rc\nd").lines, ["a", "b", "c", "d"]);
  assertEquals(Reply.format(Reply.make(250, ["a\r\n", "250 b"])), "250-a\r\n250-\r\n250 250 b\r\n");
  assertEquals(Reply.format(Reply.make(250, "")), "250 \r\n");
});

Deno.test("controls in a text become question marks, TAB and letters stay", () => {
  assertEquals(Reply.make(250, "a\tb\0c\x1b[2J\x7f\x9b\u00e9\udcff").lines, ["a\tb?c?[2J??\u00e9\udcff"]);
});

Deno.test("a status stands at the beginning of each line", () => {
  const reply = Reply.make(550, ["one", ""], { class: 5, subject: 7, detail: 1 });
  assertEquals(Reply.wireLines(reply), ["550-5.7.1 one", "550 5.7.1 "]);
  assertEquals(reply.enhanced, { class: 5, subject: 7, detail: 1 });
});

Deno.test("a status in the text is found, and a text like one is not", () => {
  assertEquals(Reply.make(250, "2.1.0 ok").enhanced, { class: 2, subject: 1, detail: 0 });
  assertEquals(Reply.make(250, "5.1.0 ok").enhanced, undefined);
  assertEquals(Reply.make(354, "3.0.0 ok").enhanced, undefined);
  assertEquals(Reply.make(550, "5.1 ok").enhanced, undefined);
  const varies = Reply.make(550, ["5.1.1 a", "5.7.1 b"]);
  assertEquals([varies.enhanced?.subject, varies.warnings], [7, ["EnhancedVaries"]]);
});

Deno.test("a code outside 200 to 599, and a status that does not fit, are mistakes", () => {
  for (const code of [0, 99, 199, 600, 250.5, Number.NaN, Infinity, -250]) {
    assertThrows(() => Reply.make(code, ""), RangeError, `the code ${code}`);
  }
  assertThrows(() => Reply.make(250, "", { class: 5, subject: 0, detail: 0 }), RangeError, "5.0.0");
  assertThrows(() => Reply.make(354, "", { class: 2, subject: 0, detail: 0 }), RangeError, "2.0.0");
  for (const code of [200, 599]) assertEquals(Reply.make(code, "").code, code);
});

Deno.test("no line can be smuggled into a reply that was not made here", () => {
  const reply = { code: 250, lines: ["a\r\n550 b", "c\0\rd"], enhanced: undefined, warnings: [] };
  assertEquals(Reply.format(reply), "250-a??550 b\r\n250 c??d\r\n");
  // The transcript shows what was there
  assertEquals(Reply.wireLines(reply), ["250-a\r\n550 b", "250 c\0\rd"]);
});

Deno.test("the text is joined without the statuses", () => {
  assertEquals(Reply.text(Reply.make(250, ["2.1.5  ok ", "2.1.5", "2.1.5 then"])), "ok then");
  assertEquals(Reply.text(Reply.make(250, ["mx.test", "", "HELP"])), "mx.test HELP");
  assertEquals(Reply.text(Reply.make(550, ["5.1.1 5.1.1 no", "4.1.1 x"])), "5.1.1 no 4.1.1 x");
  // In a reply to EHLO it is no status
  assertEquals(Reply.text({ ...Reply.make(250, "2.0.0 ok"), enhanced: undefined }), "2.0.0 ok");
});

Deno.test("every code of RFC 5321 and of its extensions has words of its own", () => {
  const codes = [
    ...[211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 354, 421, 432, 450, 451, 452, 453, 454, 455, 458, 459],
    ...[500, 501, 502, 503, 504, 521, 523, 525, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556],
  ];
  const words = codes.map((code) => explain(code).slice(5));
  assertEquals(new Set(words).size, codes.length);
  for (const word of words) assertMatch(word, /^[a-zA-Z][ -~]+; (success|go on|temporary|permanent)$/);
});

Deno.test("the more exact of code and status is explained", () => {
  for (
    const [code, text, explained] of [
      [550, "5.1.1 no", "550 5.1.1: the mailbox does not exist; permanent"],
      [550, "no", "550: the mailbox is not available, or the command is refused by policy; permanent"],
      [550, "5.7.0 no", "550 5.7.0: refused for a reason of security or policy; permanent"],
      [550, "5.0.0 no", "550 5.0.0: the mailbox is not available, or the command is refused by policy; permanent"],
      [554, "5.7.777 no", "554 5.7.777: refused for a reason of security or policy; permanent"],
      [552, "5.3.0 no", "552 5.3.0: there is no room for the message; permanent"],
      [503, "5.5.0 no", "503 5.5.0: the command stands at the wrong place; permanent"],
      [421, "4.3.0 bye", "421 4.3.0: the service is not available; the server closes the connection; temporary"],
      [450, "4.2.0 grey", "450 4.2.0: something is wrong with the mailbox; temporary"],
      [250, "2.1.0 ok", "250 2.1.0: the address is accepted; success"],
      [250, "2.0.0 ok", "250 2.0.0: done; success"],
      [221, "2.0.0 bye", "221 2.0.0: the server closes the connection; success"],
      [220, "2.0.0 go", "220 2.0.0: the service is ready; success"],
      [571, "5.7.0 no", "571 5.7.0: refused for a reason of security or policy; permanent"],
      [571, "no", "571: refused; permanent"],
      [471, "no", "471: refused for now; temporary"],
      [299, "ok", "299: accepted; success"],
      [399, "more", "399: the server waits for more; go on"],
    ] as const
  ) {
    assertEquals(explain(code, text), explained);
  }
});

Deno.test("an explanation has nothing of what the server wrote", () => {
  assertEquals(explain(550, "\x1b[2Jfree money"), explain(550));
});
