import { assertEquals } from "@std/assert";
import * as Record from "@plausch/dns/record";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { octets } from "./_arbitrary.ts";

const read = (type: Record.RecordType, rdata: string, name = "example.org") =>
  Result.getOrThrow(Record.fromString(name, type, rdata));

for (
  const [type, rdata, printed] of [
    ["A", "192.0.2.1", "192.0.2.1"],
    ["AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["CNAME", "Other.example", "Other.example."],
    ["MX", "0 .", "0 ."],
    ["MX", "  10\tmx1.example.org.  ", "10 mx1.example.org."],
    ["MX", "65535 mx\\0271.example", "65535 mx\\0271.example."],
    ["TLSA", "3 1 1 c0 ff EE", "3 1 1 C0FFEE"],
    ["TLSA", "255 255 255 00", "255 255 255 00"],
    ["TXT", "x".repeat(255), `"${"x".repeat(255)}"`],
    ["TXT", "v=spf1 -all", '"v=spf1 -all"'],
    ["TXT", '"a b" "c\\"d\\\\" ""', '"a b" "c\\"d\\\\" ""'],
    ["TXT", '"\\000\\255ü"', '"\\000\\255\\195\\188"'],
    ["TXT", "", '""'],
  ] as const
) {
  Deno.test(`${type} ${rdata} is printed as ${printed}`, () => {
    assertEquals(Record.formatData(read(type, rdata)), printed);
    assertEquals(read(type, printed), read(type, rdata));
  });
}

for (
  const [type, rdata] of [
    ["A", "192.0.2"],
    ["A", "0127.0.0.1"],
    ["AAAA", "192.0.2.1"],
    ["MX", "mx1.example.org"],
    ["MX", "65536 mx1.example.org"],
    ["MX", "-1 mx1.example.org"],
    ["MX", "10 mx1 mx2"],
    ["TLSA", "3 1 1"],
    ["TLSA", "3 1 1 abc"],
    ["TLSA", "3 1 256 ab"],
    ["TLSA", "3 1 1 xy"],
    ["TXT", '"open'],
    ["TXT", '"a" b'],
    ["TXT", '"\\256"'],
    ["TXT", `"${"x".repeat(256)}"`],
  ] as const
) {
  Deno.test(`${type} ${rdata.slice(0, 20)} is no record`, () => {
    const error = Result.getOrThrow(Result.flip(Record.fromString("example.org", type, rdata)));
    assertEquals([error.reason, error.isTemporary], ["BadRecord", false]);
  });
}

Deno.test("a name in a record that is none fails as a name", () => {
  for (const [type, rdata] of [["MX", "10 a..b"], ["CNAME", "a b"]] as const) {
    assertEquals(Result.getOrThrow(Result.flip(Record.fromString("example.org", type, rdata))).reason, "BadName");
  }
  assertEquals(Result.getOrThrow(Result.flip(Record.fromString("", "A", "192.0.2.1"))).reason, "BadName");
});

Deno.test("a long text becomes strings of 255 octets, which read as one", () => {
  const long = "x".repeat(600);
  const record = Result.getOrThrow(Record.fromString("example.org", "TXT", long));
  assertEquals(record.strings.map((string) => string.length), [255, 255, 90]);
  assertEquals(Record.text(record), long);
});

Deno.test("a text whose strings cut a character in two is whole again", () => {
  const record = Result.getOrThrow(Record.fromString("example.org", "TXT", '"a\\195" "\\188b\\255"'));
  assertEquals(Record.text(record), "aüb\ufffd");
});

Deno.test("lines stand in dig's columns, also when the name is long", () => {
  const line = (name: string, ttl = 300) =>
    Record.format(Result.getOrThrow(Record.fromString(name, "MX", "10 mx1.plausch.test", ttl)));
  // As dig 9.18.49 printed them.
  const rest = "10 mx1.plausch.test.";
  assertEquals(line("plausch.test", 5), `plausch.test.\t\t5\tIN\tMX\t${rest}`);
  assertEquals(line("escmx.plausch.test"), `escmx.plausch.test.\t300\tIN\tMX\t${rest}`);
  assertEquals(line("xn--bcher-kva.plausch.test"), `xn--bcher-kva.plausch.test. 300\tIN\tMX\t${rest}`);
  for (
    const [name, behind] of [
      ["longlonglonglonglonglongname.wild.plausch.test.", "\t300 IN MX "],
      ["longlonglonglonglonglongname.12345678.wild.plausch.test.", " 300 IN\tMX "],
    ] as const
  ) assertEquals(line(name), name + behind + rest);
});

property("whatever octets a text has, its printed form is ASCII and reads back the same", octets(0, 255), (string) => {
  const record: Record.Txt = { _tag: "TXT", name: "a.example", ttl: 1, class: "IN", strings: [string] };
  const printed = Record.formatData(record);
  const back = Result.getOrThrow(Record.fromString("a.example", "TXT", printed, 1));
  assertEquals(back, record);
  return /^[\x20-\x7e]*$/.test(printed);
});
