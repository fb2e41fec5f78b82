import * as Domain from "@plausch/smtp/domain";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { domain, wildText } from "./_arbitrary.ts";

const faultOf =
  (read: (text: string) => Result.Result<unknown, { readonly reason: string; readonly offset?: number | undefined }>) =>
  (text: string): readonly [string, number | undefined] => {
    const { reason, offset } = Result.getOrThrow(Result.flip(read(text)));
    return [reason, offset];
  };
const fault = faultOf(Domain.fromString);
const hostFault = faultOf(Domain.hostFromString);

Deno.test("a fault in a domain is named, with its place", () => {
  assertEquals(fault(""), ["EmptyName", undefined]);
  assertEquals(fault("."), ["EmptyLabel", 0]);
  assertEquals(fault("a..b"), ["EmptyLabel", 2]);
  assertEquals(fault("a.b."), ["EmptyLabel", 4]);
  assertEquals(fault("a.-b.c"), ["BadLabel", 2]);
  assertEquals(fault("a.b-.c"), ["BadLabel", 3]);
  assertEquals(fault("a_b.c"), ["BadLabel", 1]);
  assertEquals(fault("a b"), ["BadLabel", 1]);
  assertEquals(fault("[192.0.2.1]"), ["BadLabel", 0]);
  assertEquals(fault(`x.${"a".repeat(64)}`), ["LabelTooLong", 2]);
  assertEquals(fault("a\u0085b"), ["ControlCharacter", 1]);
  assertEquals(fault("a\udcffb"), ["BadUtf8", 1]);
});

Deno.test("255 octets are a domain, 256 are not", () => {
  const label = "a".repeat(63);
  const longest = [label, label, label, label].join(".");
  assertEquals(longest.length, 255);
  assert(Result.isSuccess(Domain.fromString(longest)));
  assertEquals(fault(`a.${longest.slice(0, -1)}`), ["DomainTooLong", 0]);
});

Deno.test("internationalized names, by UTS 46", () => {
  const ascii = (name: string) => Result.getOrThrow(Domain.fromString(name)).ascii;
  assertEquals(ascii("BÜCHER.Example"), "xn--bcher-kva.example");
  assertEquals(ascii("faß.de"), "xn--fa-hia.de");
  assertEquals(ascii("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  assertEquals(ascii("ü。example．com"), "xn--tda.example.com");
  assertEquals(ascii("אב.com"), "xn--4dbc.com");
  assertEquals(ascii("１２７.0.0.1"), "127.0.0.1");
  assertEquals(ascii("ü.0x7f"), "xn--tda.0x7f");
});

Deno.test("what mapping makes of a name is checked as well", () => {
  assertEquals(fault("ü。。b"), ["EmptyLabel", 2]);
  assertEquals(fault("\u00ad"), ["EmptyLabel", undefined]);
  assertEquals(fault("ü_b.de")[0], "BadLabel");
  assertEquals(fault("ü＿b.de")[0], "BadLabel");
  assertEquals(fault("-ü.de")[0], "BadLabel");
  assertEquals(fault("ü－.de")[0], "BadLabel");
  assertEquals(fault("ab--ü.de")[0], "BadLabel");
  assertEquals(fault("℀.com")[0], "BadLabel");
  assertEquals(fault("％41.com")[0], "BadLabel");
  assertEquals(fault("a\u200d.com")[0], "BadLabel");
  assertEquals(fault("xn--zzzzzz-.ü")[0], "BadLabel");
  assertEquals(fault("ü".repeat(64))[0], "LabelTooLong");
  assertEquals(fault("ü".repeat(128))[0], "DomainTooLong");
  assertEquals(fault(Array(50).fill("üa").join("."))[0], "DomainTooLong");
});

Deno.test("the URL parser never sees what has a meaning in a URL", () => {
  for (const char of '/?#@:\\%<>[]^|"` {}') assertEquals(fault(`ü${char}b.de`)[0], "BadLabel");
});

Deno.test("a host is a domain or a literal", () => {
  assertEquals(Result.getOrThrow(Domain.hostFromString("[IPv6:::1]")), { _tag: "Ipv6", address: "::1" });
  assertEquals(Result.getOrThrow(Domain.hostFromString("localhost")), {
    _tag: "Name",
    name: "localhost",
    ascii: "localhost",
  });
  assertEquals(hostFault(""), ["EmptyName", undefined]);
  assertEquals(hostFault("a b"), ["BadDomain", 1]);
  assertEquals(hostFault("a_b"), ["BadDomain", 1]);
  assertEquals(hostFault("a..b"), ["BadDomain", 2]);
  assertEquals(hostFault("::1"), ["BadDomain", 0]);
  assertEquals(hostFault("[1.2.3]"), ["BadAddressLiteral", undefined]);
  assertEquals(hostFault("[1.2.3.4"), ["BadAddressLiteral", undefined]);
  assertEquals(hostFault("a\n"), ["ControlCharacter", 1]);
  assertEquals(hostFault(`${"a".repeat(64)}.b`), ["LabelTooLong", 0]);
  assertEquals(hostFault("\ud800")[0], "BadUtf8");
});

Deno.test("the message quotes the name, escaped", () => {
  const error = Result.getOrThrow(Result.flip(Domain.hostFromString("x\r\nDATA")));
  assertStringIncludes(error.message, '"x\\r\\nDATA"');
});

property("a domain formats to itself", domain, (name) => {
  const read = Result.getOrThrow(Domain.fromString(name));
  return read.name === name && Domain.format(read) === name;
});

property("reading never throws, and what is read reads again", wildText, (text) => {
  const host = Domain.hostFromString(text);
  if (Result.isFailure(host)) return true;
  const wire = Domain.format(host.success);
  const again = Domain.hostFromString(wire);
  return /^[!-~]+$/.test(wire) && Result.isSuccess(again) && Domain.format(again.success) === wire;
});
