import { assertEquals } from "@std/assert";
import * as Destination from "@plausch/mx/destination";
import * as Result from "effect/Result";

const read = (text: string) => Result.getOrThrow(Destination.fromString(text));

for (
  const [text, ascii] of [
    ["example.org", "example.org"],
    ["Example.ORG.", "example.org"],
    ["localhost", "localhost"],
    ["bücher.plausch.test", "xn--bcher-kva.plausch.test"],
    ["BÜCHER.Plausch.Test", "xn--bcher-kva.plausch.test"],
    ["XN--BCHER-KVA.plausch.test", "xn--bcher-kva.plausch.test"],
    ["faß.example", "xn--fa-hia.example"],
    ["例え。テスト", "xn--r8jz45g.xn--zckzah"],
    ["my_host.example", "my_host.example"],
  ] as const
) {
  Deno.test(`the domain ${text} is looked up as ${ascii}`, () => {
    assertEquals(read(text), { _tag: "Domain", domain: text, ascii, mixedScript: false });
  });
}

for (
  const [text, address, family] of [
    ["[192.0.2.1]", "192.0.2.1", 4],
    ["[IPv6:2001:DB8:0::1]", "2001:db8::1", 6],
    ["[ipv6:::1]", "::1", 6],
    ["[IPv6:::ffff:192.0.2.1]", "::ffff:192.0.2.1", 6],
  ] as const
) {
  Deno.test(`the literal ${text} is ${address}`, () => {
    assertEquals(read(text), { _tag: "AddressLiteral", domain: text, address, family });
  });
}

for (
  const [text, reason] of [
    ["192.0.2.1", "BareAddress"],
    ["192.0.2.1.", "BareAddress"],
    ["2001:db8::1", "BareAddress"],
    ["127.1", "BareAddress"],
    ["0127.0.0.1", "BareAddress"],
    ["0x7f000001", "BareAddress"],
    ["2130706433", "BareAddress"],
    ["[0127.0.0.1]", "BadAddressLiteral"],
    ["[192.0.2.256]", "BadAddressLiteral"],
    ["[2001:db8::1]", "BadAddressLiteral"],
    ["[IPv6:192.0.2.1]", "BadAddressLiteral"],
    ["[IPv6:fe80::1%eth0]", "BadAddressLiteral"],
    ["[x-tag:content]", "BadAddressLiteral"],
    ["[192.0.2.1", "BadAddressLiteral"],
    ["[192.0.2.1]x", "BadAddressLiteral"],
    ["[192.0.2.1\n]", "BadAddressLiteral"],
    ["[]", "BadAddressLiteral"],
    ["", "BadDomain"],
    [".", "BadDomain"],
    ["a..b", "BadDomain"],
    ["example.123", "BadDomain"],
    ["two words.example", "BadDomain"],
    ["user@example.org", "BadDomain"],
    ["example.org\r\n", "BadDomain"],
    ["-a.example", "BadDomain"],
    ["a\\.b.example", "BadDomain"],
    ["mx\\0271.example", "BadDomain"],
    ["１９２.0.2.1", "BadDomain"],
    [`${"a".repeat(64)}.example`, "BadDomain"],
  ] as const
) {
  Deno.test(`${JSON.stringify(text.slice(0, 30))} is no mail domain: ${reason}`, () => {
    const error = Result.getOrThrow(Result.flip(Destination.fromString(text)));
    assertEquals([error.reason, error.isTemporary, error.domain], [reason, false, text]);
  });
}

Deno.test("the message tells what is wrong and is safe to print", () => {
  const message = (text: string) => Result.getOrThrow(Result.flip(Destination.fromString(text))).message;
  assertEquals(message("a..b"), 'Cannot route mail to "a..b": a label is empty');
  assertEquals(message("example.123"), 'Cannot route mail to "example.123": no top-level domain is a number');
  assertEquals(
    message("x\u001b]0;y\u0007.example"),
    'Cannot route mail to "x\\u001b]0;y\\u0007.example": it has a space or a control character',
  );
});

for (
  const [text, mixed] of [
    ["plаusch.example", true], // the first a is Cyrillic
    ["ΑΒlpha.example", true],
    ["почта.example", false],
    ["日本のメール.example", false],
    ["abc日本.example", false],
    ["한국abc.example", false],
    ["한국メール.example", true],
    ["bücher.почта", false], // each label is of one script
  ] as const
) {
  Deno.test(`${text} ${mixed ? "mixes scripts" : "does not mix scripts"}`, () => {
    const destination = read(text);
    assertEquals(destination._tag === "Domain" && destination.mixedScript, mixed);
  });
}
