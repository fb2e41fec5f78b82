import * as Octets from "@plausch/smtp/octets";
import type * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { latin1, octets } from "../support/cases.ts";
import { cut, expected, heard, limitsOf, readAll } from "./_replies.ts";

const failureOf = (wire: string, options: ReplyParser.Options = {}) => {
  const { parser } = readAll([octets(wire)], options);
  return parser.failure;
};

Deno.test("replies wait until they are wanted", () => {
  const parser = ReplyParser.make();
  parser.push(octets("220 a\r\n250 b\r\n"));
  parser.push(octets("251 c\r\n"));
  assertEquals(parser.buffered, 21);
  assertEquals([parser.next()?.code, parser.buffered], [220, 14]);
  parser.push(octets("252 d"));
  assertEquals([parser.next()?.code, parser.next()?.code, parser.buffered], [250, 251, 5]);
  assertEquals(parser.next(), undefined);
  parser.push(octets("\r\n"));
  assertEquals([parser.next()?.lines, parser.buffered], [["d"], 0]);
});

Deno.test("what was said before STARTTLS can be seen, taken, and is then forgotten", () => {
  const parser = ReplyParser.make();
  parser.push(octets("220 go ahead\r\n250-injected\r\n250 STAR"));
  assertEquals(parser.next()?.code, 220);
  assertEquals(parser.buffered, 22);
  assertEquals(parser.next("hello"), undefined);
  assertEquals(latin1(parser.takeBuffered()), "250-injected\r\n250 STAR");
  assertEquals(parser.buffered, 0);
  parser.push(octets("550 fresh\r\n"));
  assertEquals(parser.next()?.lines, ["fresh"]);
});

Deno.test("nothing of a reply that was taken away unfinished clings to the next one", () => {
  const parser = ReplyParser.make();
  parser.push(octets("550-5.1.1 \x07\r\n550 \xff\r"));
  assertEquals(parser.next(), undefined);
  parser.takeBuffered();
  parser.push(octets("250 2.0.0 fresh\r\n"));
  assertEquals(heard(parser.next()!), { code: 250, lines: ["2.0.0 fresh"], enhanced: "2.0.0", warnings: [] });
  parser.push(octets("250 never wanted\r\n"));
  parser.end();
  assertEquals(latin1(parser.takeBuffered()), "250 never wanted\r\n");
  assertEquals([parser.next(), parser.failure?.reason], [undefined, "UnexpectedEnd"]);
});

Deno.test("a chunk is not looked at again once more octets were asked for", () => {
  const chunk = octets("250-first\r\n250 sec");
  const parser = ReplyParser.make();
  parser.push(chunk);
  assertEquals(parser.next(), undefined);
  chunk.fill(0);
  parser.push(octets("ond\r\n"));
  assertEquals(parser.next()?.lines, ["first", "second"]);
});

Deno.test("what is taken is the caller's own, even from a view of a larger buffer", () => {
  const pool = octets("xxx250 a\r\nrestxxx");
  const chunk = pool.subarray(3, 14);
  const parser = ReplyParser.make();
  parser.push(chunk);
  assertEquals(parser.next()?.code, 250);
  const rest = parser.takeBuffered();
  pool.fill(0);
  assertEquals(latin1(rest), "rest");
});

Deno.test("greeting, HELO, EHLO and 3yz replies have no enhanced status code", () => {
  const wire = octets("250-5.1.1 a\r\n250-2.0.0 x\r\n250 2.0.1 y\r\n");
  const enhanced = (context?: ReplyParser.Context) => {
    const parser = ReplyParser.make();
    parser.push(wire);
    const { enhanced, warnings } = heard(parser.next(context)!);
    return [enhanced, ...warnings];
  };
  assertEquals(enhanced(), ["2.0.1", "EnhancedVaries"]);
  assertEquals(enhanced("other"), ["2.0.1", "EnhancedVaries"]);
  assertEquals(enhanced("hello"), [null]);
  assertEquals(enhanced("greeting"), [null]);
  assertEquals(readAll([octets("354 3.0.0 go\r\n")], {}).replies[0]?.enhanced, null);
});

Deno.test("an enhanced status code stands first, has three short parts, and fits the reply code", () => {
  const statusIn = (text: string) => readAll([octets(`550 ${text}\r\n`)], {}).replies[0]?.enhanced;
  for (const text of ["5.1.1", "5.1.1 x", "5.0.0 ", "5.999.999 x", "5.10.100  x"]) {
    assertEquals(statusIn(text), text.trim().split(" ")[0]);
  }
  for (
    const text of [
      "4.1.1 x",
      "2.1.1 x",
      "55.1.1 x",
      " 5.1.1 x",
      "(5.1.1) x",
      "#5.1.1",
      "5.1 x",
      "5.1. x",
      "5..1 x",
      "5.1.1.1 x",
      "5.1.1000 x",
      "5.1.1000",
      "5.1000",
      "5.1000.1 x",
      "5.01.1 x",
      "5.1.01 x",
      "5.1.1\tx",
      "5.1.1-x",
      "5",
      "5.",
      "",
    ]
  ) {
    assertEquals(statusIn(text), null, text);
  }
});

Deno.test("a line can be odd in many ways at once", () => {
  const [reply] = readAll([octets("571-5.7.1 a\r\n571 5.7.2 b\xff\x07\rc\n")], {}).replies;
  const warnings = ["BareCr", "BareLf", "ControlCharacter", "EnhancedVaries", "NonAscii", "UnusualCode"];
  assertEquals([reply?.enhanced, reply?.warnings], ["5.7.2", warnings]);
});

Deno.test("the last line that has an enhanced status code decides", () => {
  const [reply] = readAll([octets("550-5.1.1 a\r\n550-5.7.1 b\r\n550 c\r\n")], {}).replies;
  assertEquals([reply?.enhanced, reply?.warnings], ["5.7.1", ["EnhancedVaries"]]);
});

Deno.test("lines may be as long as the limit and no longer", () => {
  const line = (length: number) => `250 ${"x".repeat(length - 6)}\r\n`;
  for (const [mode, limit] of [["strict", 512], ["lenient", 2048]] as const) {
    assertEquals(failureOf(line(limit), { mode }), undefined);
    const failure = failureOf(line(limit + 1), { mode });
    assertEquals([failure?.reason, failure?.line, failure?.limit], ["LineTooLong", 1, limit]);
  }
  assertEquals(failureOf(line(513).replace("\r\n", "\n"), { mode: "lenient", maxLineOctets: 512 }), undefined);
  assertEquals(failureOf(line(700), { mode: "strict", maxLineOctets: 700 }), undefined);
});

Deno.test("a line without an end fails with the octet that makes it too long, and nothing more is kept", () => {
  const parser = ReplyParser.make();
  parser.push(octets(`250 ${"x".repeat(2043)}`));
  assertEquals([parser.next(), parser.failure, parser.buffered], [undefined, undefined, 2047]);
  parser.push(octets("x"));
  assertEquals(parser.next(), undefined);
  assertEquals(parser.failure?.reason, "LineTooLong");
  parser.push(octets("y".repeat(100000)));
  assertEquals(parser.buffered, 2048);
});

Deno.test("a reply may have as many lines as the limit and no more", () => {
  const reply = (lines: number) => `${"250-x\r\n".repeat(lines - 1)}250 x\r\n`;
  assertEquals(readAll([octets(reply(128))], {}).replies[0]?.lines.length, 128);
  const failure = failureOf(reply(129));
  assertEquals([failure?.reason, failure?.line, failure?.limit], ["TooManyLines", 129, 128]);
  assertEquals(failureOf("250-x\r\n".repeat(128)), undefined);
  assertEquals(failureOf(`${"250-x\r\n".repeat(128)}2`)?.reason, "TooManyLines");
  assertEquals(failureOf("250-x\r\n250 x\r\n", { maxLines: 1 })?.line, 2);
});

Deno.test("a reply may have as many octets as the limit and no more", () => {
  const line = (length: number, separator: string) => `250${separator}${"x".repeat(length - 6)}\r\n`;
  const reply = (last: number) => line(1024, "-").repeat(63) + line(last, " ");
  assertEquals(readAll([octets(reply(1024))], {}).replies[0]?.lines.length, 64);
  const failure = failureOf(reply(1025));
  assertEquals([failure?.reason, failure?.line, failure?.limit], ["ReplyTooLong", 64, 65536]);
  // Full, but not at its end
  assertEquals(failureOf(line(1024, "-").repeat(64)), undefined);
  assertEquals(failureOf(`${line(1024, "-").repeat(64)}2`)?.reason, "ReplyTooLong");
  // Each reply is counted for itself
  assertEquals(readAll([octets(reply(1024).repeat(3))], {}).replies.length, 3);
});

Deno.test("a NUL fails before the line has an end, a TLS alert has none", () => {
  const lenient = failureOf("\x15\x03\x01\x00");
  assertEquals([lenient?.reason, lenient?.offset], ["NulByte", 3]);
  assertEquals(failureOf("\x15\x03\x01\x00", { mode: "strict" }), undefined);
  assertEquals(failureOf("\x15\x03\x01\x00\r\n", { mode: "strict" })?.reason, "NulByte");
});

Deno.test("the end of the input is never the end of a reply", () => {
  const atEnd = (wire: string, mode: "strict" | "lenient") => {
    const parser = ReplyParser.make({ mode });
    parser.push(octets(wire));
    parser.end();
    return [parser.next(), parser.failure?.reason];
  };
  for (
    const wire of ["", "2", "25", "250", "250 ", "250-", "250 ok", "250 ok\r", "250\r", "250-a\r\n", "250-a\r\n250"]
  ) {
    assertEquals(atEnd(wire, "lenient"), [undefined, "UnexpectedEnd"], wire);
    assertEquals(atEnd(wire, "strict"), [undefined, "UnexpectedEnd"], wire);
  }
  for (
    const [wire, lenient, strict] of [
      ["SSH-2.0", "NotAReply", "NotAReply"],
      ["2x", "NotAReply", "NotAReply"],
      ["199", "BadCode", "BadCode"],
      ["571", "UnexpectedEnd", "BadCode"],
      ["250_", "BadSeparator", "BadSeparator"],
      ["250\rx", "BadSeparator", "BareCr"],
      ["250 a\rb", "UnexpectedEnd", "BareCr"],
      ["250-a\r\n55", "UnexpectedEnd", "UnexpectedEnd"],
      ["250-a\r\n550", "CodeMismatch", "CodeMismatch"],
      ["250 \xff", "UnexpectedEnd", "NonAscii"],
      ["250 \x07", "UnexpectedEnd", "ControlCharacter"],
      ["\x15\x03\x01\x00\x02\x02F", "NulByte", "NulByte"],
    ] as const
  ) {
    assertEquals(atEnd(wire, "lenient"), [undefined, lenient], wire);
    assertEquals(atEnd(wire, "strict"), [undefined, strict], wire);
  }
});

Deno.test("an end before anything came says so", () => {
  const parser = ReplyParser.make();
  parser.end();
  assertEquals(parser.failure?.message, "Cannot read the reply in line 1: the input ends in the middle");
});

Deno.test("complete replies can still be read after the end", () => {
  const parser = ReplyParser.make();
  parser.push(octets("250 a\r\n221 b\r\n"));
  parser.end();
  parser.push(octets("250 too late\r\n"));
  assertEquals(parser.failure, undefined);
  assertEquals([parser.next()?.code, parser.next()?.code, parser.failure], [250, 221, undefined]);
  assertEquals([parser.next(), parser.failure?.reason, parser.buffered], [undefined, "UnexpectedEnd", 0]);
});

Deno.test("a failure is for ever, and shows what was read", () => {
  const parser = ReplyParser.make();
  parser.push(octets("250 a\r\nHTTP/1.1 400 Bad Request\r\n250 b\r\n"));
  assertEquals(parser.next()?.code, 250);
  assertEquals(parser.next(), undefined);
  const { failure } = parser;
  parser.push(octets("250 c\r\n"));
  parser.end();
  assertEquals([parser.next(), parser.failure === failure], [undefined, true]);
  assertEquals(
    failure?.message,
    'Cannot read the reply "HTTP/1.1 400 Bad Request" in line 1: ' +
      "the line does not begin with a reply code; is this an SMTP server?",
  );
  assertMatch(latin1(parser.takeBuffered()), /^HTTP[^]*250 b\r\n$/);
  assertEquals(parser.next(), undefined);
});

Deno.test("an error points at the octet", () => {
  for (
    const [wire, reason, line, offset] of [
      ["250 a\rb\r\n", "BareCr", 1, 5],
      ["250-a\r\n250 b\r\r\n", "BareCr", 2, 5],
      ["250 a\n", "BareLf", 1, 5],
      ["250 a\0b\r\n", "NulByte", 1, 5],
      ["250\ta\r\n", "BadSeparator", 1, 3],
      ["250 \tab\x1b[0m\r\n", "ControlCharacter", 1, 7],
      ["250 ab\x7f\r\n", "ControlCharacter", 1, 6],
      ["250 a\xff\r\n", "NonAscii", 1, 5],
      ["250 a\x80\x07\r\n", "NonAscii", 1, 5],
    ] as const
  ) {
    const failure = failureOf(wire, { mode: "strict" });
    assertEquals([failure?.reason, failure?.line, failure?.offset], [reason, line, offset]);
  }
  // Characters of the input, not octets
  const failure = failureOf("250 \xc3\xa9\xff\0", {});
  assertEquals([failure?.input, failure?.offset], ["250 é\udcff\0", 6]);
});

Deno.test("an error shows the beginning of a line, escaped", () => {
  const failure = failureOf(`250_\x1b[2J${"x".repeat(1000)}\r\n`);
  assert(failure!.input!.length <= 128);
  assertStringIncludes(failure!.message, '"250_\\x1b[2Jxxx');
});

Deno.test("a long stream of replies, plain and odd, is the same in chunks of any size", () => {
  const wire = Array.from({ length: 2000 }, (_, i) => {
    const text = i % 97 === 0
      ? "Bo\xeete pleine"
      : i % 89 === 0
      ? "\xc3\x9cberpr\xc3\xbcft"
      : `${"queued ".repeat(i % 13)}${i}`;
    return i % 5 === 0
      ? `250-${text}\r\n250 2.0.0 ${text}\r\n`
      : `550 5.1.${i % 7} ${text}${i % 31 === 0 ? "\n" : "\r\n"}`;
  }).join("");
  const { replies, rest } = expected(wire, limitsOf("lenient"), "other", false);
  assertEquals([replies.length, rest, wire.length > 100000], [2000, "", true]);
  for (const size of [65536, 4096, 1460, 600, 31, 7]) {
    assert(JSON.stringify(readAll(cut(wire, [size]), {}).replies) === JSON.stringify(replies), `chunks of ${size}`);
  }
});

Deno.test("chunks pushed without reading in between are all kept", () => {
  const wire = Array.from({ length: 3000 }, (_, i) => `250 reply number ${i}\r\n`).join("");
  const parser = ReplyParser.make();
  for (const chunk of cut(wire, [1, 700, 3, 50000])) parser.push(chunk);
  assertEquals(parser.buffered, wire.length);
  let count = 0;
  for (let reply; (reply = parser.next()) !== undefined;) assertEquals(reply.lines, [`reply number ${count++}`]);
  assertEquals([count, parser.buffered], [3000, 0]);
});

Deno.test("a reply does not change when more octets come", () => {
  const parser = ReplyParser.make();
  parser.push(octets("250-a\r\n250 b\r\n550 c\r\n"));
  const first = parser.next()!;
  const before = JSON.stringify(first);
  parser.next();
  parser.push(octets("250 d\r\n"));
  parser.next();
  assertEquals(JSON.stringify(first), before);
});

Deno.test("the text of a reply can be turned back into its octets", () => {
  const parser = ReplyParser.make();
  const text = "\xef\xbb\xbf \xf0\x9f\x98\x80 \xff\xc3 caf\xc3\xa9";
  parser.push(octets(`250 ${text}\r\n`));
  const [line] = parser.next()!.lines;
  assertStringIncludes(line!, "😀 \udcff\udcc3 café");
  assertEquals(latin1(Octets.encode(line!)), text);
});

Deno.test("what comes again and again is the same value, however it is cut; what comes once does not push it out", () => {
  for (const size of [65536, 100, 16, 1]) {
    const parser = ReplyParser.make();
    const replies: Array<Reply.Reply> = [];
    const turn = (number: number) =>
      `250-a\r\n250 b\r\n250 2.1.0 Ok\r\n250 2.0.0 Ok: queued as ${number}\r\n354 End\r\n`;
    for (const chunk of cut(Array.from({ length: 500 }, (_, number) => turn(number)).join(""), [size])) {
      parser.push(chunk);
      for (let reply; (reply = parser.next()) !== undefined;) replies.push(reply);
    }
    assertEquals(replies.length, 2000);
    for (const kind of [0, 1, 3]) {
      assertEquals(new Set(replies.slice(1000).filter((_, at) => at % 4 === kind)).size, 1, `${kind} by ${size}`);
    }
    assertEquals(replies[1998]?.lines, ["2.0.0 Ok: queued as 499"]);
  }
});

Deno.test("more kinds of replies than a parser knows again are read all the same", () => {
  const kinds = Array.from({ length: 60 }, (_, kind) => `kind ${kind}`);
  const texts = [1, 2, 3].flatMap(() => kinds.flatMap((text) => [text, text, text]));
  const { replies } = readAll([octets(texts.map((text) => `250 ${text}\r\n`).join(""))], {});
  assertEquals(replies.flatMap(({ lines }) => lines), texts);
});

Deno.test("a circle of as many replies as a parser knows again is made once", () => {
  const circle = Array.from({ length: 16 }, (_, kind) => `250 2.1.${kind} Ok\r\n`).join("");
  const parser = ReplyParser.make();
  parser.push(octets(circle.repeat(6)));
  const replies = Array.from({ length: 96 }, () => parser.next());
  assertEquals(new Set(replies.slice(-32)).size, 16);
});

Deno.test("a circle that begins late is known again, too", () => {
  const parser = ReplyParser.make();
  const names = Array.from({ length: 200 }, (_, number) => `250 queued as ${number}\r\n`).join("");
  parser.push(octets(names + "250 a\r\n250 b\r\n".repeat(100)));
  const replies = Array.from({ length: 400 }, () => parser.next());
  assertEquals(replies[399]?.lines, ["b"]);
  assert(replies[399] === replies[397] && replies[398] === replies[396]);
});

Deno.test("what is known as an answer to another command is no answer to EHLO", () => {
  const parser = ReplyParser.make();
  parser.push(octets("250 2.1.0 Ok\r\n".repeat(20)));
  for (let at = 0; at < 19; at++) assertEquals(parser.next()?.enhanced?.class, 2);
  assertEquals(parser.next("hello")?.enhanced, undefined);
});

Deno.test("a limit that is none is a mistake", () => {
  for (const limit of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    for (const name of ["maxLineOctets", "maxLines", "maxReplyOctets"]) {
      assertThrows(() => ReplyParser.make({ [name]: limit }), RangeError, name);
    }
  }
});
