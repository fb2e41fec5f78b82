import * as AddressLiteral from "@plausch/smtp/address-literal";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";

const read = (text: string) => Result.getOrThrow(AddressLiteral.fromString(text));

Deno.test("IPv6 in every form that RFC 5321 prints", () => {
  for (
    const address of [
      "1:2:3:4:5:6:7:8",
      "::",
      "::1",
      "1::",
      "1::8",
      "1:2:3:4:5:6::",
      "::3:4:5:6:7:8",
      "2001:DB8::a:B",
      "1:2:3:4:5:6:192.0.2.1",
      "::192.0.2.1",
      "::ffff:192.0.2.1",
      "1:2:3:4::192.0.2.1",
      "1::4:192.0.2.1",
    ]
  ) {
    assertEquals(read(`[IPv6:${address}]`), { _tag: "Ipv6", address });
  }
});

Deno.test("what is no IPv6 address", () => {
  for (
    const address of [
      "",
      ":",
      ":::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::", // "::" stands for two groups or more
      "::2:3:4:5:6:7:8",
      "1::2::3",
      ":1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:",
      "12345::1",
      "g::1",
      "fe80::1%eth0",
      "1:2:3:4:5:192.0.2.1",
      "1:2:3:4:5::192.0.2.1",
      "::192.0.2",
      "::192.0.2.1:1",
      "192.0.2.1",
      ":192.0.2.1",
      " ::1",
      "::1 ",
    ]
  ) {
    const literal = AddressLiteral.fromString(`[IPv6:${address}]`);
    assert(Result.isFailure(literal), address);
    assertEquals(literal.failure.reason, "BadAddressLiteral");
  }
});

Deno.test("leading zeros are decimal and go away, in IPv6 too", () => {
  assertEquals(read("[010.001.000.255]"), { _tag: "Ipv4", address: "10.1.0.255" });
  assertEquals(read("[IPv6:::ffff:192.000.002.001]"), { _tag: "Ipv6", address: "::ffff:192.0.2.1" });
});

Deno.test("what is no IPv4 address", () => {
  for (
    const text of [
      "",
      "1",
      "1.2.3",
      "1.2.3.4.5",
      "1..2.3",
      ".1.2.3.4",
      "1.2.3.4.",
      "256.1.1.1",
      "1.2.3.0004",
      "1.2.3.-4",
    ]
  ) {
    assert(Result.isFailure(AddressLiteral.fromString(`[${text}]`)), text);
  }
  assert(Result.isFailure(AddressLiteral.fromString("192.0.2.1")));
  assert(Result.isFailure(AddressLiteral.fromString("[192.0.2.1")));
});

Deno.test("a general literal has a tag and printable content", () => {
  assertEquals(read("[x-tag:a:b@c>d]"), { _tag: "General", tag: "x-tag", content: "a:b@c>d" });
  assertEquals(read("[2001:db8::1]"), { _tag: "General", tag: "2001", content: "db8::1" });
  for (
    const text of ["[tag:]", "[:x]", "[tag-:x]", "[t_g:x]", "[tag:a b]", "[tag:a[b]", "[tag:a\\b]", "[tag:é]", "[::1]"]
  ) {
    assert(Result.isFailure(AddressLiteral.fromString(text)), text);
  }
});

Deno.test("a control character is reported as one", () => {
  const error = Result.getOrThrow(Result.flip(AddressLiteral.fromString("[192.0.2.1]\r\n")));
  assertEquals([error.reason, error.offset], ["ControlCharacter", 11]);
});

Deno.test("formatting is the inverse of reading", () => {
  for (const text of ["[192.0.2.1]", "[IPv6:2001:db8::1]", "[x-tag:content]"]) {
    assertEquals(AddressLiteral.format(read(text)), text);
  }
});

Deno.test("addresses that the Internet does not reach", () => {
  const closed = [
    ...[
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "100.127.255.255",
      "127.0.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
    ],
    ...["192.0.0.8", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ];
  const open = [
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.2.1",
    "198.20.0.1",
    "223.255.255.255",
  ];
  for (const address of closed) assert(!AddressLiteral.isRoutable(read(`[${address}]`)), address);
  for (const address of open) assert(AddressLiteral.isRoutable(read(`[${address}]`)), address);
  const closed6 = [
    ...["::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::8.8.8.8", "100::1"],
    ...["2002:a00:1::1", "2001:0:5ef5:79fb::f5ff:fffe", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1"],
  ];
  const open6 = [
    "2001:db8::1",
    "2606:4700::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
    "2001:0:1::fefe:fefe",
  ];
  for (const address of closed6) assert(!AddressLiteral.isRoutable(read(`[IPv6:${address}]`)), address);
  for (const address of open6) assert(AddressLiteral.isRoutable(read(`[IPv6:${address}]`)), address);
  assert(!AddressLiteral.isRoutable(read("[x-tag:content]")));
  assert(!AddressLiteral.isRoutable({ _tag: "Ipv4", address: "nonsense" }));
});
