import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Transcript from "@plausch/testing/transcript";
import type { TranscriptError } from "@plausch/testing/transcript-error";
import * as Arbitrary from "effect/Arbitrary";
import * as Duration from "effect/Duration";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { octets } from "../support/cases.ts";
import { property } from "../support/property.ts";

const parse = (text: string): Transcript.Script => Result.getOrThrow(Transcript.parse(text));
const errorOf = (text: string): TranscriptError => Result.getOrThrow(Result.flip(Transcript.parse(text)));
const says = (latin1: string, ...cuts: ReadonlyArray<number>): Transcript.Step => ({
  _tag: "Server",
  octets: octets(latin1),
  cuts,
  gaps: [],
});
const expects = (latin1: string): Transcript.Step => ({ _tag: "Client", octets: octets(latin1), gaps: [] });

const notations: ReadonlyArray<readonly [what: string, text: string, script: Transcript.Script]> = [
  ["nothing", "", []],
  ["a server line", "< 220 mx\n", [says("220 mx\r\n")]],
  ["a client line", "> QUIT\n", [expects("QUIT\r\n")]],
  ["empty lines of both sides", "<\n>\n", [says("\r\n"), expects("\r\n")]],
  ["lines of one side are one turn", "< 250-a\n< 250 b\n> MAIL\n> RCPT\n", [
    says("250-a\r\n250 b\r\n"),
    expects("MAIL\r\nRCPT\r\n"),
  ]],
  ["a blank at the start of a line", "<  x\n", [says(" x\r\n")]],
  ["escapes", "< \\r\\t\\\\\\x00\\x1b\\xff\n", [says("\r\t\\\0\x1b\xff\r\n")]],
  ["a line end within a line", "< 220\\n\\\n< mx\n", [says("220\nmx\r\n")]],
  ["no line end", "< 250 o\\\n", [says("250 o")]],
  ["LF alone", "< 220 mx\\n\\\n", [says("220 mx\n")]],
  ["client octets without a line end", "> QUI\\\n", [expects("QUI")]],
  ["UTF-8", "< grüß 用\n", [says("gr\xc3\xbc\xc3\x9f \xe7\x94\xa8\r\n")]],
  ["a chunk that ends within a line", "< 220 m\\|x\n", [says("220 mx\r\n", 5)]],
  ["a chunk that ends before CRLF", "< 220 mx\\|\n", [says("220 mx\r\n", 6)]],
  ["a chunk that ends between CR and LF", "< 220 mx\\r\\|\\n\\\n", [says("220 mx\r\n", 7)]],
  ["a chunk that ends between lines", "< 250-a\n< \\|250 b\n", [says("250-a\r\n250 b\r\n", 7)]],
  ["a chunk that ends within a character", "< \\xe7\\|\\x94\\xa8\n", [says("\xe7\x94\xa8\r\n", 1)]],
  ["a delay", "~ 5 minutes\n< 220 mx\n", [Transcript.delay("5 minutes"), says("220 mx\r\n")]],
  ["two delays", "~ 1 second\n~ 1 day\n* server drops\n", [
    Transcript.delay("1 second"),
    Transcript.delay("1 day"),
    Transcript.stage("server drops"),
  ]],
  ["the server closes", "* server closes\n", [Transcript.stage("server closes")]],
  ["the server drops", "* server drops\n", [Transcript.stage("server drops")]],
  ["the server never answers", "* server never answers\n", [Transcript.stage("server never answers")]],
  ["the server stops listening, and speaks", "* server stops listening\n< 552 big\n* client closes\n", [
    Transcript.stage("server stops listening"),
    says("552 big\r\n"),
    Transcript.stage("client closes"),
  ]],
  ["the client closes", "* client closes\n", [Transcript.stage("client closes")]],
  ["TLS, and on", "* tls starts\n> EHLO c\n", [Transcript.stage("tls starts"), expects("EHLO c\r\n")]],
  ["TLS that fails", "* tls fails\n", [Transcript.stage("tls fails")]],
  ["TLS that nobody answers", "* tls never answers\n* client closes\n", [
    Transcript.stage("tls never answers"),
    Transcript.stage("client closes"),
  ]],
  ...([
    "no-certificate",
    "expired",
    "not-yet-valid",
    "wrong-name",
    "self-signed",
    "unknown-ca",
    "pin-mismatch",
    "invalid",
  ] as const).map((fault) =>
    [`TLS with the fault ${fault}`, `* tls starts, ${fault}\n> NOOP\n`, [
      Transcript.stage(`tls starts, ${fault}`),
      expects("NOOP\r\n"),
    ]] as const
  ),
  ["two connections", "< 220 one\n* server drops\n* new connection\n< 220 two\n", [
    says("220 one\r\n"),
    Transcript.stage("server drops"),
    Transcript.stage("new connection"),
    says("220 two\r\n"),
  ]],
  ["a connection behind one that stopped listening", "* server stops listening\n* new connection\n> NOOP\n", [
    Transcript.stage("server stops listening"),
    Transcript.stage("new connection"),
    expects("NOOP\r\n"),
  ]],
  ["anything", "> AUTH PLAIN \\*\n", [{ _tag: "Client", octets: octets("AUTH PLAIN \r\n"), gaps: [11] }]],
  ["anything, twice, before something", "> \\* and \\*.\n> QUIT\n", [
    { _tag: "Client", octets: octets(" and .\r\nQUIT\r\n"), gaps: [0, 5] },
  ]],
  ["anything before an odd line end", "> \\*\\n\\\n", [{ _tag: "Client", octets: octets("\n"), gaps: [0] }]],
  ["a challenge, and a chunk that ends before it", "< 334 \\|\\*\n", [
    { _tag: "Server", octets: octets("334 \r\n"), cuts: [4], gaps: [4] },
  ]],
  ["a chunk that is text", "> BDAT 6\n> a\n> b..\\\n> BDAT 2 LAST\n>\n> QUIT\n", [
    expects("BDAT 6\r\na\r\nb..BDAT 2 LAST\r\n\r\nQUIT\r\n"),
  ]],
  [
    "a chunk that is not",
    "> bdat 18 last\n> \\x{00 01 02 03 04 05 06 07 08 09 0b 0c 0e 0f 10 ff}\\\n> \\x{80 0a}\\\n",
    [
      expects("bdat 18 last\r\n\0\x01\x02\x03\x04\x05\x06\x07\x08\t\x0b\x0c\x0e\x0f\x10\xff\x80\n"),
    ],
  ],
  ["a chunk that is longer than what is said", "> BDAT 9 LAST\n> ab\\\n", [expects("BDAT 9 LAST\r\nab")]],
  ["BDAT in a server's line", "< BDAT 1\n< ab\n", [says("BDAT 1\r\nab\r\n")]],
];

for (const [what, text, script] of notations) {
  Deno.test(`${what} is read, and written in the same way`, () => {
    assertEquals(parse(text), script);
    assertEquals(Transcript.format(script), text);
  });
}

Deno.test("comments, empty lines, indents and CRLF line ends of the file mean nothing", () => {
  const text = "# a comment\r\n\r\n  < 220 mx\r\n\t> QUIT\r\n   \r\n  #\r\n  > NOOP";
  assertEquals(parse(text), [says("220 mx\r\n"), expects("QUIT\r\nNOOP\r\n")]);
});

Deno.test("a mark at an edge of a turn cuts nothing", () => {
  assertEquals(parse("< \\|220 mx\n< x\\|\\\n> QUIT\n"), [says("220 mx\r\nx"), expects("QUIT\r\n")]);
});

Deno.test("a blank at the end is kept, and written so that it is seen", () => {
  assertEquals(Transcript.format(parse("> QUIT \n")), "> QUIT\\x20\n");
});

Deno.test("what cannot be seen is escaped: controls, bidi, zero width, other blanks, marks, octets that are no UTF-8", () => {
  const seen = Transcript.format([
    Transcript.server("a\x7f\x85\u00a0\u200b\u202e\u2028\u3164\ufeff\u{e0001}", octets("\xc3")),
  ]);
  assertMatch(seen, /^[\x20-\x7e\n]+$/);
  assertEquals(parse(seen), [
    Transcript.server("a\x7f\x85\u00a0\u200b\u202e\u2028\u3164\ufeff\u{e0001}", octets("\xc3")),
  ]);
});

Deno.test("overlong and surrogate sequences are octets, not characters", () => {
  const seen = Transcript.format([Transcript.server(octets("\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"))]);
  assertEquals(seen, "< \\xc0\\x80\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\\n");
});

Deno.test("programs build the same values", () => {
  assertEquals(
    parse("< 250-a\n< 250 b\n> MAIL\n> RCPT\n> ..dot\n> .\n~ 90 seconds\n* server closes\n"),
    [
      Transcript.server("250-a", "250 b"),
      Transcript.client("MAIL", "RCPT", octets("..dot\r\n.\r\n")),
      Transcript.delay("1.5 minutes"),
      Transcript.stage("server closes"),
    ],
  );
  assertEquals(Transcript.message(".dot\n"), Transcript.client("..dot", "."));
  assertEquals(Transcript.message(""), Transcript.client("."));
});

const durations: ReadonlyArray<readonly [Duration.Input, string]> = [
  ["1 day", "1 day"],
  ["36 hours", "36 hours"],
  ["60 minutes", "1 hour"],
  [1500, "1500 millis"],
  ["1.5 seconds", "1500 millis"],
  [1_500n, "1500 nanos"],
  ["0 days", "0 seconds"],
];

for (const [duration, text] of durations) {
  Deno.test(`a delay of ${duration} is written as ${text}`, () => {
    const formatted = Transcript.format([Transcript.delay(duration), Transcript.server("x")]);
    assertEquals(formatted, `~ ${text}\n< x\n`);
    const [step] = parse(formatted);
    assert(step?._tag === "Delay" && Duration.equals(step.duration, Duration.fromInputUnsafe(duration)));
  });
}

const faults: ReadonlyArray<readonly [text: string, message: string]> = [
  [
    "220 mx",
    'Cannot read line 1 of the transcript, "220 mx": begin it with "< ", "> ", "* ", "~ " or "# "',
  ],
  ["\n\n  <220 mx", 'Cannot read line 3 of the transcript, "<220 mx": put a space behind "<"'],
  [">\tQUIT", 'Cannot read line 1 of the transcript, ">\\u{9}QUIT": put a space behind ">"'],
  [
    "< a\\qb",
    'Cannot read line 1 of the transcript, "< a\\qb": instead of \\q write \\\\, \\r, \\n, \\t, \\xNN, \\* or \\|',
  ],
  [
    "< a\\x1",
    'Cannot read line 1 of the transcript, "< a\\x1": instead of \\x1 write \\\\, \\r, \\n, \\t, \\xNN, \\* or \\|',
  ],
  [
    "> a\\|b",
    'Cannot read line 1 of the transcript, "> a\\|b": instead of \\| write \\\\, \\r, \\n, \\t, \\xNN or \\*',
  ],
  [
    "~ soon",
    'Cannot read line 1 of the transcript, "~ soon": write a number and a unit, such as "5 minutes" or "1.5 seconds"',
  ],
  [
    "~ Infinity",
    'Cannot read line 1 of the transcript, "~ Infinity": write a number and a unit, such as "5 minutes" or "1.5 seconds"',
  ],
  [
    "~ -1 seconds",
    'Cannot read line 1 of the transcript, "~ -1 seconds": write a number and a unit, such as "5 minutes" or "1.5 seconds"',
  ],
  [
    "~ 1 second\n> QUIT",
    'Cannot read line 2 of the transcript, "> QUIT": the delay before it has to be followed by what the server says or does',
  ],
  [
    "~ 1 second\n* server never answers",
    'Cannot read line 2 of the transcript, "* server never answers": the delay before it has to be followed by what the server says or does',
  ],
  [
    "< x\n~ 1 second\n\n# end\n",
    'Cannot read line 2 of the transcript, "~ 1 second": it has to be followed by what the server says or does',
  ],
  [
    "* server hangs up",
    'Cannot read line 1 of the transcript, "* server hangs up": write one of "* server closes", "* server drops", ' +
    '"* server never answers", "* server stops listening", "* client closes", "* new connection", "* tls starts", ' +
    '"* tls fails", "* tls never answers"; TLS can start with a fault, as "* tls starts, expired"',
  ],
  ["* server closes\n> QUIT", 'Cannot read line 2 of the transcript, "> QUIT": nothing can follow "* server closes"'],
  ["* server drops\n< x", 'Cannot read line 2 of the transcript, "< x": nothing can follow "* server drops"'],
  [
    "* client closes\n* server closes",
    'Cannot read line 2 of the transcript, "* server closes": nothing can follow "* client closes"',
  ],
  [
    "* server never answers\n~ 1 day",
    'Cannot read line 2 of the transcript, "~ 1 day": nothing can follow "* server never answers"',
  ],
  [
    "* tls never answers\n< 220 mx",
    'Cannot read line 2 of the transcript, "< 220 mx": nothing can follow "* tls never answers"',
  ],
  [
    "\n* new connection\n< 220 mx",
    'Cannot read line 2 of the transcript, "* new connection": nothing happens on the connection before it; leave it out',
  ],
  [
    "< x\n* new connection\n* new connection",
    'Cannot read line 3 of the transcript, "* new connection": nothing happens on the connection before it; leave it out',
  ],
  [
    "< x\n* new connection\n# end",
    'Cannot read line 2 of the transcript, "* new connection": nothing happens on it; leave it out, or say who closes it',
  ],
  [
    "~ 1 second\n* new connection",
    'Cannot read line 2 of the transcript, "* new connection": the delay before it has to be followed by what the server says or does',
  ],
  [
    "> NOOP \\*\\",
    'Cannot read line 1 of the transcript, "> NOOP \\*\\": a line with \\* in it needs its line end',
  ],
  [
    "< \\x{1}",
    'Cannot read line 1 of the transcript, "< \\x{1}": instead of \\x{1 write \\\\, \\r, \\n, \\t, \\xNN, \\* or \\|',
  ],
  ["* tls fails\n> QUIT", 'Cannot read line 2 of the transcript, "> QUIT": nothing can follow "* tls fails"'],
  [
    "* server stops listening\n< 552 big\n> QUIT",
    'Cannot read line 3 of the transcript, "> QUIT": nothing is expected of the client behind "* server stops listening"',
  ],
  [
    `! ${"x".repeat(100)}\u202e`,
    `Cannot read line 1 of the transcript, "! ${"x".repeat(58)}…": begin it with "< ", "> ", "* ", "~ " or "# "`,
  ],
  [
    "!\u202e\x1b[2J",
    'Cannot read line 1 of the transcript, "!\\u{202e}\\u{1b}[2J": begin it with "< ", "> ", "* ", "~ " or "# "',
  ],
];

for (const [text, message] of faults) {
  Deno.test(message.slice(0, 100), () => {
    const error = errorOf(text);
    assertEquals(error.message, message);
    assertEquals([error._tag, error.isTemporary], ["TranscriptError", false]);
    assertEquals(error.line, Number(/line (\d+)/.exec(message)![1]));
  });
}

Deno.test("the server's octets are counted, line ends too, the client's not", () => {
  assertEquals(Transcript.serverOctets(parse("< 220 m\\|x\n> QUIT\n< 22\\\n~ 1 day\n< 1\n")), 8 + 2 + 3);
  assertEquals(Transcript.serverOctets([]), 0);
});

// Properties

const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));
const pieces = [
  "\r\n",
  "\r",
  "\n",
  "\\",
  "|",
  "\\|",
  " ",
  "\t",
  "\0",
  "\xc3",
  "\xbc",
  "\xe7\x94\xa8",
  "\xff",
  "\xe2\x80\xae",
];
const someOctets = Arbitrary.map(
  Arbitrary.array(integer(0, pieces.length + 94), { minLength: 1, maxLength: 12 }),
  (picks) => octets(picks.map((pick) => pieces[pick] ?? String.fromCharCode(pick - pieces.length + 0x20)).join("")),
);
const lasting = ["server closes", "server drops", "server never answers", "client closes", "tls fails"] as const;

/** Any script that `parse` could give: turns alternate, and nothing stands behind the end. */
const scripts: Arbitrary.Arbitrary<Transcript.Script> = Arbitrary.map(
  Arbitrary.all({
    turns: Arbitrary.array(
      Arbitrary.all({ octets: someOctets, cuts: Arbitrary.array(integer(1, 20)), millis: integer(0, 400_000_000) }),
    ),
    last: integer(0, lasting.length),
    tlsAt: integer(0, 8),
  }),
  ({ turns, last, tlsAt }) => {
    const steps: Array<Transcript.Step> = turns.flatMap(
      ({ octets, cuts, millis }, i): ReadonlyArray<Transcript.Step> => {
        if (i % 2 === 1) {
          return [...(i === tlsAt ? [Transcript.stage("tls starts")] : []), { _tag: "Client", octets, gaps: [] }];
        }
        const inside = [...new Set(cuts)].filter((cut) => cut < octets.length).sort((one, other) => one - other);
        const said: Transcript.Step = { _tag: "Server", octets, cuts: inside, gaps: [] };
        return millis % 3 === 0 ? [Transcript.delay(millis), said] : [said];
      },
    );
    const direction = lasting[last];
    return direction === undefined ? steps : [...steps, Transcript.stage(direction)];
  },
);

property("parse reads what format writes", scripts, (script) => {
  const read = parse(Transcript.format(script));
  try {
    assertEquals(read, script);
    return true;
  } catch {
    return false;
  }
});

property("a transcript is safe to print, one line a line", scripts, (script) =>
  // deno-lint-ignore no-control-regex
  !/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(Transcript.format(script)));

const anyLines = Arbitrary.map(
  Arbitrary.array(integer(0, 30), { maxLength: 40 }),
  (picks) =>
    picks.map((pick) =>
      [
        "<",
        ">",
        "~",
        "*",
        "#",
        " ",
        " ",
        "\n",
        "\n",
        "\\",
        "\\|",
        "\\x",
        "1f",
        "1 day",
        "server closes",
        "\r",
        "é",
        "\n< ",
        "\n> ",
      ][pick] ??
        "a"
    ).join(""),
);

property("any text is a transcript or a typed error, and what is read is written in one way", anyLines, (text) => {
  const read = Transcript.parse(text);
  if (Result.isFailure(read)) return read.failure._tag === "TranscriptError" && read.failure.line > 0;
  const formatted = Transcript.format(read.success);
  return Transcript.format(parse(formatted)) === formatted;
});
