import * as CommandParser from "@plausch/smtp/command-parser";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { anyOf, anyText, smtpText } from "./_arbitrary.ts";

const read = (text: string, options?: CommandParser.ParseOptions) =>
  Result.getOrThrow(CommandParser.parse(text, options));
const lenient = { lenient: true };
const fault = (text: string, options?: CommandParser.ParseOptions) => {
  const error = Result.getOrThrow(Result.flip(CommandParser.parse(text, options)));
  return [error.reason, CommandParser.replyCode(error)];
};

Deno.test("verbs without case", () => {
  assertEquals(read("eHlO client.example"), {
    _tag: "EHLO",
    host: { _tag: "Name", name: "client.example", ascii: "client.example" },
    warnings: [],
  });
  for (const verb of ["DATA", "data", "RSET", "rset", "QUIT", "Quit", "STARTTLS", "StartTls"]) {
    assertEquals(read(verb)._tag, verb.toUpperCase());
  }
  assertEquals(read("noop"), { _tag: "NOOP", warnings: [] });
  assertEquals(read("NOOP a b"), { _tag: "NOOP", argument: "a b", warnings: [] });
  assertEquals(read("HELP mail"), { _tag: "HELP", topic: "mail", warnings: [] });
  assertEquals(read("VRFY <user@a.b>"), { _tag: "VRFY", argument: "<user@a.b>", warnings: [] });
  assertEquals(read("vrfy 用户 smtputf8", { smtputf8: true }), {
    _tag: "VRFY",
    argument: "用户",
    smtputf8: true,
    warnings: [],
  });
});

Deno.test("the verbs of extensions", () => {
  assertEquals(read("lhlo client.example"), {
    _tag: "LHLO",
    host: { _tag: "Name", name: "client.example", ascii: "client.example" },
    warnings: [],
  });
  assertEquals(read("bdat 86 last"), { _tag: "BDAT", size: 86, last: true, warnings: [] });
  assertEquals(read("BDAT 0"), { _tag: "BDAT", size: 0, last: false, warnings: [] });
  assertEquals(read("BDAT 00000000000000000012"), { _tag: "BDAT", size: 12, last: false, warnings: [] });
  assertEquals(read("EXPN staff"), { _tag: "EXPN", argument: "staff", warnings: [] });
  assertEquals(read("expn Mitarbeiter SMTPUTF8"), {
    _tag: "EXPN",
    argument: "Mitarbeiter",
    smtputf8: true,
    warnings: [],
  });
  assertEquals(read("etrn @Example.com"), { _tag: "ETRN", node: "@Example.com", warnings: [] });
  assertEquals(read("XCLIENT name=[UNAVAILABLE] ADDR=192.0.2.1 HELO=a+20b+2B"), {
    _tag: "XCLIENT",
    attributes: [["NAME", "[UNAVAILABLE]"], ["ADDR", "192.0.2.1"], ["HELO", "a b+"]],
    warnings: [],
  });
  assertEquals(read("xforward IDENT=4B7"), { _tag: "XFORWARD", attributes: [["IDENT", "4B7"]], warnings: [] });
});

const auth = (text: string, options?: CommandParser.ParseOptions) => {
  const command = read(text, options);
  assert(command._tag === "AUTH");
  return [command.mechanism, command.initial && Redacted.value(command.initial), ...command.warnings];
};

Deno.test("AUTH with and without an initial response (RFC 4954 section 4)", () => {
  assertEquals(auth("AUTH LOGIN"), ["LOGIN", undefined]);
  assertEquals(auth("auth scram-sha-256"), ["SCRAM-SHA-256", undefined]);
  assertEquals(auth("AUTH PLAIN AHRpbQB0YW5zdGFhZg== "), ["PLAIN", "AHRpbQB0YW5zdGFhZg=="]);
  assertEquals(auth("AUTH EXTERNAL ="), ["EXTERNAL", ""]);
  assertEquals(auth("AUTH  PLAIN   dGlt", lenient), ["PLAIN", "dGlt", "ExtraSpace"]);
});

Deno.test("no error of AUTH shows what the client said", () => {
  const lines: ReadonlyArray<readonly [string, string, number]> = [
    ["AUTH", "MissingArgument", 501],
    ["AUTH PLAIN tanstaa", "BadBase64", 501],
    ["AUTH PLAIN tan=taaf", "BadBase64", 501],
    ["AUTH PLAIN =AAA", "BadBase64", 501],
    ["AUTH PLAIN ====", "BadBase64", 501],
    ["AUTH PLAIN tanstaaf tanstaaf", "UnexpectedArgument", 501],
    ["AUTH PLAIN tanstaaf\0", "ControlCharacter", 501],
    ["AUTH PLAIN tanstaafé", "NonAscii", 501],
    ["AUTH  PLAIN tanstaaf", "BadArgument", 501],
    ["AUTH PLAIN  tanstaaf", "BadArgument", 501],
    ["AUTH tanstaaf!", "BadMechanism", 504],
    ["AUTH tanstaaftanstaaftanstaaf", "BadMechanism", 504],
    ["AUTH\tPLAIN tanstaaf", "UnknownVerb", 500],
    [" AUTH PLAIN tanstaaf", "UnknownVerb", 500],
    ["AUTHPLAIN tanstaaf", "UnknownVerb", 500],
  ];
  for (const [text, expected, code] of lines) {
    assertEquals(fault(text), [expected, code], text);
    for (const options of [{}, { lenient: true, smtputf8: true }]) {
      const parsed = CommandParser.parse(text, options);
      const shown = Deno.inspect(parsed) + (Result.isFailure(parsed) ? parsed.failure.message : "");
      assert(!/tan/.test(shown), shown);
    }
  }
});

Deno.test("white space at the end of a line does not count", () => {
  for (
    const text of ["QUIT ", "RSET \t ", "NOOP  ", "EHLO a.b ", "MAIL FROM:<> \t", "RCPT TO:<a@b.c> NOTIFY=NEVER  "]
  ) {
    assertEquals(read(text), read(text.trimEnd()));
    assertEquals(read(text).warnings, []);
  }
});

Deno.test("MAIL and RCPT with parameters", () => {
  const mail = read("MAIL FROM:<> SIZE=1024 BODY=8BITMIME RET=HDRS ENVID=a+20b AUTH=<>");
  assertEquals(mail, {
    _tag: "MAIL",
    reversePath: Path.nullPath,
    parameters: { size: 1024, body: "8BITMIME", ret: "HDRS", envid: "a b", auth: "<>" },
    warnings: [],
  });
  const until = "2030-01-31T08:00:00Z";
  const more = read(
    `MAIL FROM:<a@b.c> BODY=binarymime AUTH=e+3Dmc2@b.c REQUIRETLS BY=-5;nt HOLDUNTIL=${until} MT-PRIORITY=-3 X`,
  );
  assert(more._tag === "MAIL");
  assertEquals(more.parameters, {
    body: "BINARYMIME",
    auth: "e=mc2@b.c",
    requireTls: true,
    by: { seconds: -5, mode: "N", trace: true },
    holdUntil: until,
    mtPriority: -3,
    other: [{ keyword: "X" }],
  });
  const rcpt = read("rcpt to:<Postmaster> notify=success,failure ORCPT=rfc822;a@b.c X");
  assertEquals(rcpt, {
    _tag: "RCPT",
    forwardPath: { _tag: "Postmaster", localPart: "Postmaster" },
    parameters: {
      notify: ["SUCCESS", "FAILURE"],
      orcpt: { addressType: "rfc822", address: "a@b.c" },
      other: [{ keyword: "X" }],
    },
    warnings: [],
  });
});

Deno.test("a path that looks like the end of a path and a parameter", () => {
  const mail = read('MAIL FROM:<"a@evil.test> SIZE=1"@example.com> SIZE=2');
  assert(mail._tag === "MAIL" && mail.reversePath._tag === "Mailbox");
  assertEquals(mail.reversePath.localValue, "a@evil.test> SIZE=1");
  assertEquals(mail.parameters, { size: 2 });
});

Deno.test("the reason of a fault picks the reply", () => {
  const faults: ReadonlyArray<readonly [string, string, number]> = [
    ["", "UnknownVerb", 500],
    [" ", "UnknownVerb", 500],
    [" NOOP", "UnknownVerb", 500],
    ["NOOPS", "UnknownVerb", 500],
    ["QUIT;", "UnknownVerb", 500],
    ["EHLO\ta.b", "UnknownVerb", 500],
    ["MAILFROM:<>", "UnknownVerb", 500],
    ["R\u017fET", "UnknownVerb", 500],
    ["\x16\x03\x01", "UnknownVerb", 500],
    ["constructor", "UnknownVerb", 500],
    ["DATA now", "UnexpectedArgument", 501],
    ["QUIT x", "UnexpectedArgument", 501],
    ["RSET x", "UnexpectedArgument", 501],
    ["EHLO", "MissingArgument", 501],
    ["HELO ", "MissingArgument", 501],
    ["EHLO a b", "BadDomain", 501],
    ["EHLO a_b", "BadDomain", 501],
    ["EHLO  a", "BadDomain", 501],
    ["EHLO [1.2.3]", "BadAddressLiteral", 501],
    ["EHLO bücher.example", "NonAscii", 501],
    ["EHLO a\0b", "ControlCharacter", 501],
    ["NOOP a\tb", "ControlCharacter", 501],
    ["NOOP  a", "BadArgument", 501],
    ["HELP ü", "NonAscii", 501],
    ["VRFY", "MissingArgument", 501],
    ["MAIL", "MissingArgument", 501],
    ["MAIL ", "MissingArgument", 501],
    ["MAIL <a@b.c>", "BadArgument", 501],
    ["MAIL TO:<a@b.c>", "BadArgument", 501],
    ["MAIL FROM <a@b.c>", "BadArgument", 501],
    ["MAIL  FROM:<a@b.c>", "BadArgument", 501],
    ["MAIL FROM:", "MissingBracket", 501],
    ["MAIL FROM: <a@b.c>", "MissingBracket", 501],
    ["MAIL FROM:a@b.c", "MissingBracket", 501],
    ["MAIL FROM:<a@b.c", "MissingBracket", 501],
    ["MAIL FROM:<a@b.c>SIZE=1", "TrailingGarbage", 501],
    ["MAIL FROM:<a@b.c>\tSIZE=1", "ControlCharacter", 501],
    ["MAIL FROM:<a@b.c>  SIZE=1", "BadKeyword", 501],
    ["MAIL FROM:<a@b.c> SIZE=x", "BadSize", 501],
    ["MAIL FROM:<a@b.c> SIZE=1 size=2", "DuplicateParameter", 501],
    ["MAIL FROM:<a@b.c> BODY=BINARY", "BadBody", 504],
    ["MAIL FROM:<a@b.c> AUTH=a", "BadAuth", 501],
    ["MAIL FROM:<a@b.c> REQUIRETLS=1", "BadParameterValue", 501],
    ["MAIL FROM:<a@b.c> BY=0;R", "BadBy", 501],
    ["MAIL FROM:<a@b.c> HOLDFOR=1 HOLDUNTIL=2030-01-31T08:00:00Z", "BadHold", 501],
    ["MAIL FROM:<a@b.c> MT-PRIORITY=10", "BadPriority", 501],
    ["LHLO", "MissingArgument", 501],
    ["LHLO a b", "BadDomain", 501],
    ["STARTTLS now", "UnexpectedArgument", 501],
    ["BDAT", "MissingArgument", 501],
    ["BDAT LAST", "BadSize", 501],
    ["BDAT -1", "BadSize", 501],
    ["BDAT 1.5", "BadSize", 501],
    ["BDAT 0x10", "BadSize", 501],
    ["BDAT 9007199254740992", "BadSize", 501],
    ["BDAT 000000000000000000001", "BadSize", 501],
    ["BDAT 1 FIRST", "BadArgument", 501],
    ["BDAT 1 LAST LAST", "BadArgument", 501],
    ["BDAT 1  LAST", "BadArgument", 501],
    ["BDAT 1 LA\u017fT", "NonAscii", 501],
    ["EXPN", "MissingArgument", 501],
    ["ETRN", "MissingArgument", 501],
    ["ETRN a b", "BadArgument", 501],
    ["ETRN a..b", "BadArgument", 501],
    ["ETRN bücher.example", "NonAscii", 501],
    ["XCLIENT", "MissingArgument", 501],
    ["XCLIENT NAME", "BadKeyword", 501],
    ["XCLIENT =x", "BadKeyword", 501],
    ["XCLIENT NAME=", "BadParameterValue", 501],
    ["XCLIENT NAME=a=b", "BadXtext", 501],
    ["XCLIENT NAME=a+b", "BadXtext", 501],
    ["XCLIENT NAME=a+0D+0Ab", "ControlCharacter", 501],
    ["XCLIENT NAME=a name=b", "DuplicateParameter", 501],
    ["XCLIENT  NAME=a", "BadArgument", 501],
    [`XFORWARD NAME=${"x".repeat(256)}`, "AttributeTooLong", 501],
    ["MAIL FROM:<ü@b.c>", "NonAscii", 550],
    ["MAIL FROM:<ü@b.c\0>", "ControlCharacter", 501],
    ["RCPT TO:<>", "NullPath", 501],
    ["RCPT TO:<ü@b.c>", "NonAscii", 553],
    ["RCPT TO:<a@b.c> NOTIFY=NEVER,DELAY", "BadNotify", 501],
    ["RCPT FROM:<a@b.c>", "BadArgument", 501],
  ];
  for (const [text, reason, code] of faults) assertEquals(fault(text), [reason, code], text);
  assertEquals(fault("BDAT 1 LA\u017fT", { smtputf8: true }), ["NonAscii", 501]);
  assertEquals(CommandParser.replyCode(new GrammarError({ subject: "command", reason: "CommandTooLong" })), 500);
  assertEquals(CommandParser.replyCode(new GrammarError({ subject: "parameter", reason: "UnknownParameter" })), 555);
});

Deno.test("the place of a fault counts from the beginning of the line", () => {
  const error = Result.getOrThrow(Result.flip(CommandParser.parse("MAIL FROM:<us er@a.b>")));
  assertEquals([error.subject, error.offset, error.input], ["reverse-path", 13, "MAIL FROM:<us er@a.b>"]);
});

Deno.test("a sender that needs SMTPUTF8 has to say so", () => {
  const offered = { smtputf8: true };
  assertEquals(fault("MAIL FROM:<ü@b.c>", offered), ["NonAscii", 550]);
  assertEquals(fault("MAIL FROM:<a@ü.c>", offered), ["NonAscii", 550]);
  const mail = read("MAIL FROM:<ü@b.c> SMTPUTF8", offered);
  assert(mail._tag === "MAIL" && mail.reversePath._tag === "Mailbox");
  assertEquals([mail.reversePath.localPart, mail.parameters.smtputf8], ["ü", true]);
  assertEquals(read("MAIL FROM:<a@b.c> SMTPUTF8")._tag, "MAIL");
  assertEquals(fault("RCPT TO:<a\udcff@b.c>", offered), ["BadUtf8", 501]);
});

Deno.test("lenient mode takes spaces, and says so", () => {
  for (
    const text of [
      "MAIL FROM: <a@b.c> SIZE=1",
      "MAIL  FROM:<a@b.c> SIZE=1",
      "MAIL FROM:<a@b.c>   SIZE=1",
    ]
  ) {
    const mail = read(text, lenient);
    assert(mail._tag === "MAIL" && mail.reversePath._tag === "Mailbox");
    assertEquals([Path.address(mail.reversePath), mail.parameters, mail.warnings], [
      "a@b.c",
      { size: 1 },
      ["ExtraSpace"],
    ]);
  }
  assertEquals(read("MAIL FROM:   <>", lenient).warnings, ["ExtraSpace"]);
  assertEquals(read("NOOP  x", lenient), { _tag: "NOOP", argument: "x", warnings: ["ExtraSpace"] });
  assertEquals(read("VRFY a  SMTPUTF8", lenient), { _tag: "VRFY", argument: "a", smtputf8: true, warnings: [] });
  assertEquals(read("BDAT  5  last", lenient), { _tag: "BDAT", size: 5, last: true, warnings: ["ExtraSpace"] });
  assertEquals(read("XFORWARD NAME=a+2b   HELO=b=c", lenient), {
    _tag: "XFORWARD",
    attributes: [["NAME", "a+"], ["HELO", "b=c"]],
    warnings: ["ExtraSpace"],
  });
});

Deno.test("lenient mode takes paths without brackets, with parameters behind them", () => {
  const mail = read('MAIL FROM:"a b"@c.d SIZE=1', lenient);
  assert(mail._tag === "MAIL" && mail.reversePath._tag === "Mailbox");
  assertEquals(mail.reversePath.warnings, ["MissingBrackets"]);
  assertEquals([mail.reversePath.localValue, mail.parameters, mail.warnings], ["a b", { size: 1 }, []]);
  const rcpt = read("RCPT TO: a@[192.0.2.1]", lenient);
  assert(rcpt._tag === "RCPT" && rcpt.forwardPath._tag === "Mailbox");
  assertEquals(rcpt.forwardPath.warnings, ["MissingBrackets"]);
  assertEquals(rcpt.warnings, ["ExtraSpace"]);
  assertEquals(fault("RCPT TO:", lenient), ["MissingBracket", 501]);
});

Deno.test("lenient mode takes what clients call themselves", () => {
  const host = (text: string) => {
    const command = read(text, lenient);
    assert(command._tag === "EHLO" || command._tag === "HELO");
    return [command.host._tag === "Name" ? command.host.ascii : command.host._tag, ...command.warnings];
  };
  assertEquals(host("EHLO client.example"), ["client.example"]);
  assertEquals(host("HELO [192.0.2.1]"), ["Ipv4"]);
  assertEquals(host("EHLO my_pc"), ["my_pc", "BadHost"]);
  assertEquals(host("EHLO client.example."), ["client.example.", "BadHost"]);
  assertEquals(host("EHLO [192.0.2"), ["[192.0.2", "BadHost"]);
  assertEquals(host("EHLO Büro-PC"), ["Büro-PC", "BadHost"]);
  assertEquals(host("EHLO B\udcfcro"), ["B\udcfcro", "BadHost"]);
  assertEquals(host("EHLO [192.0.2.1] my machine"), ["Ipv4", "ExtraText"]);
  assertEquals(host("EHLO  a"), ["a", "ExtraSpace"]);
  assertEquals(fault("EHLO", lenient), ["MissingArgument", 501]);
  assertEquals(fault("EHLO a\x1b[2J", lenient), ["ControlCharacter", 501]);
  assertEquals(fault("EHLO a b\0", lenient), ["ControlCharacter", 501]);
});

Deno.test("lenient mode takes an equals sign in a value", () => {
  const rcpt = read("RCPT TO:<a@b.c> ORCPT=rfc822;x=y@b.c XOORG=a=b", lenient);
  assert(rcpt._tag === "RCPT");
  assertEquals(rcpt.parameters, {
    orcpt: { addressType: "rfc822", address: "x=y@b.c" },
    other: [{ keyword: "XOORG", value: "a=b" }],
  });
  const octets = "RCPT TO:<a@b.c> ORCPT=rfc822;+E7+94+A8@b.c";
  assertEquals(fault(octets), ["BadOrcpt", 501]);
  const asPostfix = read(octets, lenient);
  assertEquals(asPostfix._tag === "RCPT" && asPostfix.parameters.orcpt?.address, "\u7528@b.c");
  const utf8 = read("RCPT TO:<a@b.c> ORCPT=utf-8;x+y=\\x{fc}@b.c", lenient);
  assert(utf8._tag === "RCPT");
  assertEquals(utf8.parameters.orcpt, { addressType: "utf-8", address: "x+y=ü@b.c" });
});

Deno.test("lenient mode does not take what is dangerous", () => {
  for (
    const [text, reason] of [
      ["MAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>", "ControlCharacter"],
      ["MAIL FROM:<a@b.c\0>", "ControlCharacter"],
      ["MAIL FROM:<a@b.c><x@y.z>", "TrailingGarbage"],
      ["RCPT TO:<a@b.c,d@e.f>", "BadAtext"],
      ["RCPT TO:a@b.c,d@e.f", "BadAtext"],
      ["RCPT TO:<ü@b.c>", "NonAscii"],
      ["DATA x", "UnexpectedArgument"],
      ["BDAT 1 LAST\r\nQUIT", "ControlCharacter"],
      ["BDAT 99999999999999999999", "BadSize"],
      ["ETRN #a\tb", "ControlCharacter"],
      ["XCLIENT NAME=a+0d+0aRSET", "ControlCharacter"],
      ["AUTH PLAIN tanstaa", "BadBase64"],
    ] as const
  ) {
    assertEquals(fault(text, lenient)[0], reason, text);
  }
});

Deno.test("an HTTP request is known as one", () => {
  for (const line of ["GET / HTTP/1.1", "POST /x?y HTTP/1.0", "PRI * HTTP/2.0", "CONNECT a:25 HTTP/1.1"]) {
    assert(CommandParser.isHttp(line), line);
  }
  for (const line of ["GET", "HELP GET / HTTP/1.1", "get / http/1.1", "NOOP"]) {
    assert(!CommandParser.isHttp(line), line);
  }
});

property("any string is a command or an error", anyOf(anyText, smtpText), (text) => {
  for (const smtputf8 of [false, true]) {
    const strict = CommandParser.parse(text, { smtputf8 });
    const taken = CommandParser.parse(text, { smtputf8, lenient: true });
    if (Result.isFailure(strict)) {
      assert(strict.failure instanceof GrammarError && strict.failure.message.length > 0);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f\x7f-\x9f]/.test(strict.failure.message));
    } else {
      assertEquals(strict.success.warnings, []);
      assert(Result.isSuccess(taken));
    }
  }
  return true;
}, { runs: 3000, seed: "plausch" });

property("strict commands have no control character", smtpText, (text) =>
  // deno-lint-ignore no-control-regex
  Result.isFailure(CommandParser.parse(text)) || !/[\x00-\x08\x0a-\x1f\x7f]/.test(text), {
  runs: 2000,
  seed: "plausch",
});
