import * as Mailbox from "@plausch/smtp/mailbox";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { mailbox, wildText } from "./_arbitrary.ts";

const read = (text: string, options?: Mailbox.AddressOptions) => Result.getOrThrow(Mailbox.fromString(text, options));
const fault = (text: string, options?: Mailbox.AddressOptions) => {
  const { reason, offset } = Result.getOrThrow(Result.flip(Mailbox.fromString(text, options)));
  return [reason, offset];
};

Deno.test("the parts of a mailbox", () => {
  const { localPart, localValue, domain, needsSmtputf8, warnings } = read('"a\\"b\\\\c"@[IPv6:2001:db8::1]');
  assertEquals(localPart, '"a\\"b\\\\c"');
  assertEquals(localValue, 'a"b\\c');
  assertEquals(domain, { _tag: "Ipv6", address: "2001:db8::1" });
  assertEquals([needsSmtputf8, warnings], [false, []]);
});

Deno.test("faults are named, with their place", () => {
  assertEquals(fault(""), ["EmptyLocalPart", 0]);
  assertEquals(fault("@example.com"), ["EmptyLocalPart", 0]);
  assertEquals(fault("user"), ["MissingDomain", 4]);
  assertEquals(fault("user@"), ["MissingDomain", 5]);
  assertEquals(fault(".a@b.c"), ["BadDotString", 0]);
  assertEquals(fault("a..b@b.c"), ["BadDotString", 2]);
  assertEquals(fault("a.@b.c"), ["BadDotString", 1]);
  assertEquals(fault("a@b@c.d"), ["BadAtext", 1]);
  assertEquals(fault("a@x.test,b@y.test"), ["BadAtext", 1]);
  assertEquals(fault("user@good.com(x)evil.com"), ["BadLabel", 13]);
  assertEquals(fault("<a@b.c>"), ["BadAtext", 0]);
  assertEquals(fault("a@b.c "), ["BadLabel", 5]);
  assertEquals(fault('"a'), ["UnclosedQuote", 0]);
  assertEquals(fault('"a\\'), ["BadQuotedPair", 2]);
  assertEquals(fault('"a"b@c.d'), ["BadAtext", 3]);
  assertEquals(fault("a@[1.2.3.4"), ["BadAddressLiteral", 2]);
  assertEquals(fault("a@[1.2.3.4]x"), ["BadAddressLiteral", 11]);
  assertEquals(fault("a@[1.2.3.4]@b.c"), ["BadAddressLiteral", 11]);
  assertEquals(fault("a\tb@c.d"), ["ControlCharacter", 1]);
  assertEquals(fault("ü@c.d"), ["NonAscii", 0]);
  assertEquals(fault("a\udc80b@c.d", { smtputf8: true }), ["BadUtf8", 1]);
  assertEquals(fault("a\ud83db@c.d", { smtputf8: true }), ["BadUtf8", 1]);
});

Deno.test("a control character is reported before anything else", () => {
  assertEquals(fault(".a ü\0"), ["ControlCharacter", 4]);
});

Deno.test("256 octets with brackets are a path, 257 are not", () => {
  const domain = (length: number) => "d".repeat(63) + "." + "d".repeat(63) + "." + "d".repeat(length - 128);
  assert(Result.isSuccess(Mailbox.fromString(`${"l".repeat(63)}@${domain(190)}`)));
  assertEquals(fault(`${"l".repeat(64)}@${domain(190)}`), ["PathTooLong", undefined]);
});

Deno.test("the length that counts is the one on the wire", () => {
  const name = Array(25).fill("üü").join(".");
  assert(Result.isSuccess(Mailbox.fromString(`l@${name}`, { smtputf8: true })));
  assertEquals(fault(`${"l".repeat(64)}@${name}`, { smtputf8: true }), ["PathTooLong", undefined]);
});

Deno.test("what looks like something else is told", () => {
  const warnings = (text: string) => read(text, { smtputf8: true }).warnings;
  assertEquals(warnings("a@192.0.2.1"), ["NumericTopLabel"]);
  assertEquals(warnings("a@0x7f"), ["NumericTopLabel"]);
  assertEquals(warnings("a@1.example"), []);
  assertEquals(warnings("a@[010.0.0.1]"), ["LeadingZero", "NonRoutable"]);
  assertEquals(warnings("a@[2001:db8::1]"), ["UnknownLiteralTag"]);
  assertEquals(warnings("a@βόλος.example"), ["Idna2003Differs"]);
  assertEquals(warnings("a@exa\u00admple.com"), ["Invisible"]);
  assertEquals(warnings("a@раypal.example"), ["MixedScript"]);
  assertEquals(warnings("a@bücher.пример"), []);
  assertEquals(warnings("e\u0301\u2066\u200b@a.b"), ["NotNfc", "BidiControl", "Invisible"]);
  assertEquals(warnings('"ü b"@a.b'), []);
});

Deno.test("lenient mode takes what it names, with a warning", () => {
  const lenient = { lenient: true };
  const dotted = read("a@example.com.", lenient);
  assertEquals([dotted.domain, dotted.warnings], [
    { _tag: "Name", name: "example.com", ascii: "example.com" },
    ["TrailingDot"],
  ]);
  assertEquals(read(`${"l".repeat(65)}@a.b`, lenient).warnings, ["LongLocalPart"]);
  assertEquals(fault("a@.", lenient), ["EmptyLabel", 2]);
  assertEquals(fault("a@b..", lenient), ["EmptyLabel", 4]);
  assertEquals(fault("a..b@c.d", lenient), ["BadDotString", 2]);
});

property("a mailbox keeps its local part as written", mailbox, (text) => {
  const result = Mailbox.fromString(text, { smtputf8: true });
  return Result.isFailure(result)
    ? result.failure.reason === "LocalPartTooLong"
    : text.startsWith(`${result.success.localPart}@`);
});

property(
  "reading never throws",
  wildText,
  (text) =>
    [{}, { smtputf8: true }, { smtputf8: true, lenient: true }].every((options) =>
      Result.isResult(Mailbox.fromString(text, options))
    ),
);
