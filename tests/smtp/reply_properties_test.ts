import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { chunkings, latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { oneOf, optional, wildText } from "./_arbitrary.ts";
import {
  cut,
  expected,
  heard,
  type Limits,
  limitsOf,
  type Mode,
  outcome,
  readAll,
  sizes,
  wildOctets,
} from "./_replies.ts";

const integer = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

const modes = oneOf<Mode>(["strict", "lenient"]);
const contexts = oneOf<ReplyParser.Context>(["greeting", "hello", "other", "other"]);

const tight: Arbitrary.Arbitrary<Limits> = Arbitrary.all({
  mode: modes,
  maxLineOctets: oneOf([1, 5, 9, 80, 512, 2048]),
  maxLines: oneOf([1, 2, 3, 128]),
  maxReplyOctets: oneOf([1, 7, 20, 600, 65536]),
});

const options: Arbitrary.Arbitrary<Limits> = Arbitrary.flatMap(
  optional(modes),
  (mode) => mode === undefined ? tight : Arbitrary.Constant(limitsOf(mode)),
);

/** Replies as a server gives them, and some that differ by very little. */
const usual = [
  "250 2.1.0 Ok\r\n",
  "250 2.1.0 Ok\n",
  "250 2.1.0 OK\r\n",
  "250 2.1.0 Ok \r\n",
  "250 2.1.5 Ok\r\n",
  "250-2.1.5 Ok\r\n250 2.1.5 Ok\r\n",
  "354 End data with <CR><LF>.<CR><LF>\r\n",
  "250 2.0.0 Ok: queued as 1\r\n",
  "250 2.0.0 Ok: queued as 12\r\n",
  "250\r\n",
  "250 \xe9\r\n",
  "550 5.1.1 no such user\r\n",
  "451 4.3.0 later\r\n",
];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

property(
  "any octets in any chunking come to what the model says, and nothing is read after a failure",
  Arbitrary.all({ wire: wildOctets, sizes, context: contexts, options }),
  ({ wire, sizes, context, options }) => {
    const { parser, replies } = readAll(cut(wire, sizes), options, context);
    const early = parser.failure;
    parser.end();
    const isSilent = parser.next(context) === undefined && parser.next() === undefined;
    const isTerminal = early === undefined || parser.failure === early;
    const whole = readAll([octets(wire)], options, context).parser;
    whole.end();
    const isSameMessage = parser.failure?.message === whole.failure?.message;
    const model = expected(wire, options, context, true);
    const actual = outcome(parser, replies);
    // What comes after a failure is dropped
    const rest = early === undefined ? model.rest : model.rest.slice(0, actual.rest.length);
    return isSilent && isTerminal && isSameMessage && same(actual, { ...model, rest });
  },
  { runs: 5000, seed: "plausch" },
);

property(
  "octet by octet, each reply and each failure comes with the very octet that decides it",
  Arbitrary.filter(Arbitrary.all({ wire: wildOctets, options }), ({ wire }) => wire.length < 150),
  ({ wire, options }) => {
    const parser = ReplyParser.make(options);
    let count = 0;
    return Array.from(wire, (_, at) => at + 1).every((end) => {
      parser.push(octets(wire.slice(end - 1, end)));
      while (parser.next() !== undefined) count++;
      const model = expected(wire.slice(0, end), options, "other", false);
      return count === model.replies.length && parser.failure?.reason === model.fault?.reason;
    });
  },
  { runs: 1000, seed: "plausch" },
);

property(
  "one call to next hands out one reply and leaves the rest, whole, to be taken",
  Arbitrary.all({ wire: wildOctets, mode: modes }),
  ({ wire, mode }) => {
    const parser = ReplyParser.make({ mode });
    parser.push(octets(wire));
    const first = parser.next();
    const { replies, rest } = expected(wire, limitsOf(mode), "other", false);
    if (first === undefined) return replies.length === 0 && parser.buffered === wire.length;
    const length = wire.length - parser.buffered;
    const one = expected(wire.slice(0, length), limitsOf(mode), "other", false);
    return same([heard(first)], one.replies) && one.rest === "" && rest.length <= parser.buffered &&
      latin1(parser.takeBuffered()) === wire.slice(length) && parser.buffered === 0 && parser.next() === undefined;
  },
  { runs: 2000, seed: "plausch" },
);

const replies: Arbitrary.Arbitrary<Reply.Reply> = Arbitrary.map(
  Arbitrary.all({
    code: Arbitrary.map(
      Arbitrary.all([integer(2, 5), integer(0, 5), integer(0, 9)]),
      ([a, b, c]) => a * 100 + b * 10 + c,
    ),
    lines: Arbitrary.array(wildText, { maxLength: 4 }),
    status: optional(Arbitrary.all([integer(0, 999), integer(0, 999)])),
  }),
  ({ code, lines, status }) => {
    const firstDigit = Math.floor(code / 100);
    const texts = lines.map((line) => Octets.decode(Octets.encode(line)));
    return status === undefined || firstDigit === 3
      ? Reply.make(code, texts)
      : Reply.make(code, texts, { class: firstDigit as 2 | 4 | 5, subject: status[0], detail: status[1] });
  },
);

// The parser recognizes what it read before: it must be taken for nothing else, wherever it is cut.
property(
  "replies that come again and again are read as if each were the first",
  Arbitrary.all({
    order: Arbitrary.array(integer(0, usual.length - 1), { minLength: 1, maxLength: 40 }),
    sizes,
    context: contexts,
    mode: modes,
  }),
  ({ order, sizes, context, mode }) => {
    const wires = order.map((index) => usual[index]!);
    const limits = limitsOf(mode);
    const { parser, replies } = readAll(cut(wires.join(""), sizes), limits, context);
    const alone = wires.map((wire) => readAll([octets(wire)], limits, context));
    const broken = alone.findIndex(({ parser }) => parser.failure !== undefined);
    const read = broken < 0 ? alone : alone.slice(0, broken);
    return same(replies, read.flatMap(({ replies }) => replies)) &&
      parser.failure?.reason === alone[broken]?.parser.failure?.reason;
  },
);

/** The same replies in a circle, with now and then another one, which is how servers talk; and more of them than are kept. */
property(
  "a conversation that goes in circles is read as if each reply were the first",
  Arbitrary.all({
    circle: Arbitrary.array(oneOf([...usual, "250 2.0.0 x\r\n", "250-a\r\n250-b\r\n250 c\r\n"]), {
      minLength: 1,
      maxLength: 6,
    }),
    others: Arbitrary.array(Arbitrary.all([integer(0, 80), integer(0, 30)]), { maxLength: 60 }),
    sizes,
  }),
  ({ circle, others, sizes }) => {
    const wires = Array.from({ length: 80 }, (_, index) => circle[index % circle.length]!);
    for (const [at, number] of others) wires.splice(at, 0, `250 2.0.0 queued as ${number}\r\n`);
    const { replies } = readAll(cut(wires.join(""), sizes), {});
    return same(replies, wires.flatMap((wire) => readAll([octets(wire)], {}).replies));
  },
);

property("a reply that is made, formatted and read is the same reply in any chunking", replies, (reply) => {
  const wire = Octets.encode(Reply.format(reply));
  return chunkings(wire, 8).every((chunks) => {
    const { parser, replies } = readAll(chunks, {});
    const [{ warnings, ...back }] = replies as [ReturnType<typeof heard>];
    const { warnings: made, ...there } = heard(reply);
    const expectedWarnings = [...made, ...(there.lines.some((line) => /[\x80-\xff]/.test(line)) ? ["NonAscii"] : [])];
    return replies.length === 1 && parser.buffered === 0 && same(back, there) && same(warnings, expectedWarnings);
  });
}, { runs: 1000, seed: "plausch" });

property("no text can make a second reply, or a line without a code", replies, (reply) => {
  const wire = Reply.format(reply);
  const codes = wire.match(/(^|\r\n)\d{3}[ -]/g) ?? [];
  return wire.split("\r\n").length === reply.lines.length + 1 && codes.length === reply.lines.length &&
    !/[\0\r\n]/.test(wire.replaceAll("\r\n", ""));
});

property("what was made can be asked for its kind and its meaning, in one printable line", replies, (reply) => {
  const is = [Reply.isPositive, Reply.isIntermediate, Reply.isTransient, Reply.isPermanent].map((is) => is(reply));
  const at = ["positive", "intermediate", "transient", "permanent"].indexOf(Reply.severity(reply));
  const explained = /^\d{3}( [245]\.\d{1,3}\.\d{1,3})?: [ -~]+; (success|go on|temporary|permanent)$/;
  return is.every((isIt, i) => isIt === (i === at)) && explained.test(Reply.explain(reply));
});

Deno.test("the model itself reads a plain conversation", () => {
  const wire = "220 mx.test\r\n250-mx.test\r\n250 HELP\r\n550 5.1.1 no\r\n25";
  const { replies, rest, fault } = expected(wire, limitsOf("strict"), "other", false);
  assertEquals(replies.map(({ code, lines, enhanced }) => [code, lines, enhanced]), [
    [220, ["mx.test"], null],
    [250, ["mx.test", "HELP"], null],
    [550, ["5.1.1 no"], "5.1.1"],
  ]);
  assertEquals([rest, fault], ["25", undefined]);
});
