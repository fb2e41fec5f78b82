import * as Octets from "@plausch/smtp/octets";
import * as Xtext from "@plausch/smtp/xtext";
import { assertEquals, assertMatch } from "@std/assert";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { wildText } from "./_arbitrary.ts";

const reason = (xtext: string) => Result.getOrThrow(Result.flip(Xtext.decode(xtext))).reason;

Deno.test("every printable ASCII character but plus and equals stands for itself", () => {
  const plain = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join("");
  assertEquals(Xtext.encode(plain), plain.replace("+", "+2B").replace("=", "+3D"));
});

Deno.test("decoding refuses what xtext cannot hold, and says where", () => {
  for (
    const [xtext, offset] of [["a b", 1], ["a=b", 1], ["a+", 1], ["a+2", 1], ["+2b", 0], ["+G0", 0], ["é", 0]] as const
  ) {
    const error = Result.getOrThrow(Result.flip(Xtext.decode(xtext)));
    assertEquals([error.subject, error.reason, error.offset], ["xtext", "BadXtext", offset]);
  }
  assertEquals(reason("a\r\n"), "BadXtext");
});

Deno.test("octets that are no UTF-8 survive", () => {
  assertEquals(Result.getOrThrow(Xtext.decode("+FF+C3+A9")), "\udcffé");
  assertEquals(Xtext.encode("\udcffé"), "+FF+C3+A9");
});

property("any text is xtext of itself, and one word", wildText, (text) => {
  const xtext = Xtext.encode(text);
  assertMatch(xtext, /^[!-<>-~]*$/);
  assertEquals(Octets.encode(Result.getOrThrow(Xtext.decode(xtext))), Octets.encode(text));
  return true;
});

property("decoding never throws", wildText, (text) => Result.isResult(Xtext.decode(text)));
