import { assert, assertEquals } from "@std/assert";
import * as Name from "@plausch/dns/name";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { wireName } from "./_arbitrary.ts";
import { hex } from "./_replies.ts";

const read = (text: string) => Result.getOrThrow(Name.fromString(text));

const reasonOf = (result: Result.Result<unknown, { readonly reason: string }>) =>
  Result.isFailure(result) ? result.failure.reason : "none";

Deno.test("a name is read without the dot at its end, and its case is kept", () => {
  assertEquals(read("MX1.Example.org."), "MX1.Example.org");
  assertEquals(read("org"), "org");
  assertEquals(read("."), ".");
});

Deno.test("a name with characters outside ASCII becomes an A-label", () => {
  assertEquals(read("bücher.plausch.test"), "xn--bcher-kva.plausch.test");
  assertEquals(read("BÜCHER.plausch.test."), "xn--bcher-kva.plausch.test");
  assertEquals(read("例え。テスト"), "xn--r8jz45g.xn--zckzah", "the ideographic full stop is a dot");
  assertEquals(read("faß.example"), "xn--fa-hia.example", "sharp s is itself in UTS 46 non-transitional processing");
});

Deno.test("escapes come out in one form", () => {
  assertEquals(read("mx\\0271.example"), "mx\\0271.example");
  assertEquals(read("a\\.b.example"), "a\\.b.example");
  assertEquals(read("\\097\\046b.example"), "a\\.b.example");
  assertEquals(read("a\\ b.example"), "a\\032b.example");
  assertEquals(read("a\\;b.example"), "a\\;b.example");
  assertEquals(read("\\255.example"), "\\255.example");
  assertEquals(read("!\\~~\\032.example"), "!~~\\032.example");
});

for (
  const [text, why] of [
    ["", "it is empty"],
    ["a..b", "a label is empty"],
    [".a", "a label is empty"],
    ["..", "a label is empty"],
    ["two words.example", "a space"],
    ["tab\there", "a control character"],
    ["\u007f.example", "DEL"],
    ["a\\", "a backslash at the end"],
    ["a\\25", "two digits"],
    ["a\\256", "no octet"],
    ["a\\0b", "one digit"],
    ["a\\9", "one digit at the end"],
    [`${"a".repeat(64)}.example`, "a label of 64 octets"],
    [`${"a.".repeat(127)}bb`, "256 octets on the wire"],
    ["bücher/x.example", "a URL's path"],
    ["bücher%2eexample", "a URL's escape"],
    ["user@bücher.example", "a URL's user"],
    ["bücher:25", "a URL's port"],
    ["１２７.0.0.1", "fullwidth digits that would read as an address"],
    ["\u00ad", "a soft hyphen alone, of which nothing is left"],
    ["bücher\\.example", "escapes and U-labels together"],
  ] as const
) {
  Deno.test(`not a name: ${why} (${JSON.stringify(text.slice(0, 20))})`, () => {
    assertEquals(reasonOf(Name.fromString(text)), "BadName");
  });
}

Deno.test("the longest label and the longest name pass", () => {
  assertEquals(read("a".repeat(63)).length, 63);
  assertEquals(Result.getOrThrow(Name.toWire("a.".repeat(126) + "b")).length, 255);
});

Deno.test("the message for a name that cannot be read is safe to print", () => {
  const error = Result.getOrThrow(Result.flip(Name.fromString("evil\u001b[2J\u202e\nname.example")));
  assertEquals(
    error.message,
    'Cannot read the domain name "evil\\u001b[2J\\u{202E}\\nname.example": it has characters that host names do not have',
  );
});

Deno.test("names are equal whatever their case and the dot at the end", () => {
  assert(Name.equals("Mx1.Example.ORG.", "mx1.example.org"));
  assert(Name.equals("MX\\0271.example", "mx\\0271.EXAMPLE."));
  assert(Name.equals("\\109x.example", "mx.example"), "an escape that is not needed");
  assert(!Name.equals("a\\.b.example", "a.b.example"));
  assert(!Name.equals("mx1.example.org", "mx2.example.org"));
  assert(!Name.equals("\\195\\164.example", "\\195\\132.example"), "octets outside ASCII have no case");
});

Deno.test("the parent of a name is one label up", () => {
  const ups: Array<string | undefined> = [];
  for (let at: string | undefined = "a.b\\.c.d"; at !== undefined; at = Name.parent(at)) ups.push(at);
  assertEquals(ups, ["a.b\\.c.d", "b\\.c.d", "d", "."]);
});

Deno.test("host names have letters, digits, hyphens and underscores, and no number at the end", () => {
  for (
    const name of ["mx1.example.org", "a-b.example", "_mx.example", "localhost", "1.example", "xn--bcher-kva.test"]
  ) {
    assert(Name.isHostName(name), name);
  }
  for (
    const name of ["mx\\0271.example", "-a.example", "a-.example", "127.0.0.1", "a.0x7f", ".", "a b", "a\\.b.c", ""]
  ) {
    assert(!Name.isHostName(name), name);
  }
});

const fromWire = (message: string, offset = 0) => Name.fromWire(hex(message), offset);

Deno.test("a compressed name is read, and reading goes on behind the pointer", () => {
  assertEquals(fromWire("0161 00 0162 c000 ffff", 3), Result.succeed({ name: "b.a", end: 7 }));
});

for (
  const [why, message, offset] of [
    ["a pointer to itself", "c000", 0],
    ["a pointer forwards", "c002 0161 00", 0],
    ["two pointers in a circle", "c002 c000", 2],
    ["a pointer into the name that it ends", "0161 c000", 0],
    ["a pointer cut in half", "00 c0", 1],
    ["a label cut short", "0361 62", 0],
    ["a name without an end", "0161", 0],
    ["a label type of old experiments", "4161 00", 0],
    ["nothing at all", "", 0],
    ["a start behind the end", "00", 5],
  ] as const
) {
  Deno.test(`a name on the wire is malformed: ${why}`, () => {
    assertEquals(reasonOf(fromWire(message, offset)), "Malformed");
  });
}

Deno.test("a name of more than 255 octets is malformed, also when pointers put it together", () => {
  assertEquals(reasonOf(fromWire("01 61".repeat(128) + "00")), "Malformed");
  assertEquals(Result.isSuccess(fromWire("01 61".repeat(127) + "00")), true);
  const part = "01 61".repeat(100);
  assertEquals(reasonOf(fromWire(`${part} 00 ${part} c000`, 201)), "Malformed");
});

Deno.test("a long chain of pointers is malformed", () => {
  const steps = Array.from({ length: 200 }, (_, step) => {
    const target = step === 0 ? 0 : 1 + (step - 1) * 2;
    return (0xc000 + target).toString(16);
  });
  assertEquals(reasonOf(Name.fromWire(hex(`00${steps.join("")}`), 1 + 199 * 2)), "Malformed");
  assertEquals(Result.isSuccess(Name.fromWire(hex(`00${steps.join("")}`), 1 + 100 * 2)), true);
});

property("any octets in labels come out printable and go back the same", wireName, (wire) => {
  const { name, end } = Result.getOrThrow(Name.fromWire(wire, 0));
  return end === wire.length && /^[\x21-\x7e]+$/.test(name) &&
    hexOf(Result.getOrThrow(Name.toWire(name))) === hexOf(wire) &&
    hexOf(Result.getOrThrow(Name.toWire(Name.absolute(name)))) === hexOf(wire) &&
    Name.equals(name, Name.absolute(name));
});

const hexOf = (octets: Uint8Array) => Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
