import * as Header from "@plausch/smtp/header";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { wildText } from "./_arbitrary.ts";

const reasons = (
  result: Result.Result<string, { readonly reason: string; readonly cause?: { readonly reason: string } | undefined }>,
) => {
  const error = Result.getOrThrow(Result.flip(result));
  return [error.reason, error.cause?.reason];
};

Deno.test("a name is printable ASCII without spaces and colons", () => {
  const all = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join("").replace(":", "");
  assertEquals(Result.getOrThrow(Header.fieldName(all)), all);
  assertEquals(reasons(Header.fieldName("")), ["BadHeaderName", undefined]);
  assertEquals(reasons(Header.fieldName("X A")), ["BadHeaderName", undefined]);
  assertEquals(reasons(Header.fieldName("X:A")), ["BadHeaderName", undefined]);
  assertEquals(reasons(Header.fieldName("X-é")), ["BadHeaderName", "NonAscii"]);
  assertEquals(reasons(Header.fieldName("X\tA")), ["BadHeaderName", "ControlCharacter"]);
  assertEquals(reasons(Header.fieldName("X-\x7f")), ["BadHeaderName", "ControlCharacter"]);
});

Deno.test("a value is one line", () => {
  assertEquals(Result.getOrThrow(Header.fieldValue("")), "");
  assertEquals(Result.getOrThrow(Header.fieldValue("a \t: b")), "a \t: b");
  for (const value of ["a\r\nBcc: x", "a\n b", "a\r", "a\0", "a\x1b[2J", "a\x7f", "a\u0085b"]) {
    assertEquals(reasons(Header.fieldValue(value, { utf8: true })), ["BadHeaderValue", "ControlCharacter"]);
  }
  assertEquals(reasons(Header.fieldValue("é")), ["BadHeaderValue", "NonAscii"]);
  assertEquals(Result.getOrThrow(Header.fieldValue("é", { utf8: true })), "é");
  assertEquals(reasons(Header.fieldValue("\ud800", { utf8: true })), ["BadHeaderValue", "BadUtf8"]);
});

Deno.test("the place of the fault and the whole value are told", () => {
  const error = Result.getOrThrow(Result.flip(Header.fieldValue("a\tb\r\n")));
  assertEquals([error.offset, error.input], [3, "a\tb\r\n"]);
});

Deno.test("a field of up to 998 octets needs no folding", () => {
  assertEquals(Result.getOrThrow(Header.format("X", "v".repeat(995))).length, 998);
  assertEquals(reasons(Header.format("X", "v".repeat(996))), ["LineTooLong", undefined]);
  assertEquals(reasons(Header.format("X", "é".repeat(498), { utf8: true })), ["LineTooLong", undefined]);
});

property("a field is one line that begins with its name", Arbitrary.all([wildText, wildText]), ([name, value]) => {
  const field = Header.format(name, value, { utf8: true });
  if (Result.isFailure(field)) return true;
  assert(field.success.startsWith(`${name}: `));
  // deno-lint-ignore no-control-regex
  return /^[!-9;-~]+: [^\x00-\x08\x0a-\x1f\x7f-\x9f]*$/.test(field.success);
});
