import * as Octets from "@plausch/smtp/octets";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { oneOf } from "./_arbitrary.ts";

const decode = (text: string) => Octets.decode(octets(text));

Deno.test("ASCII and UTF-8 are read as such, a byte order mark too", () => {
  assertEquals(decode("250 OK\r\n\t\0\x7f"), "250 OK\r\n\t\0\x7f");
  assertEquals(decode("caf\xc3\xa9 \xe7\x94\xa8 \xf0\x9f\x98\x80"), "café 用 😀");
  assertEquals(decode("\xef\xbb\xbfx"), "\ufeffx");
  assertEquals(decode(""), "");
});

Deno.test("octets that are no UTF-8 become one lone surrogate each", () => {
  for (
    const [name, text] of Object.entries({
      "latin-1": "Bo\xeete",
      "a continuation alone": "\x80\xbf",
      "a sequence cut at the end": "\xf0\x9f\x98",
      "a sequence cut by ASCII": "\xe7\x94x",
      "overlong forms": "\xc0\xaf \xc1\xbf \xe0\x80\xaf \xf0\x80\x80\xaf",
      "surrogates": "\xed\xa0\x80 \xed\xbf\xbf",
      "above U+10FFFF": "\xf4\x90\x80\x80 \xf5\x80\x80\x80",
      "never used": "\xfe\xff",
    })
  ) {
    const expected = Array.from(
      text,
      (char) => char < "\x80" ? char : String.fromCharCode(0xdc00 + char.charCodeAt(0)),
    );
    assertEquals(decode(text), expected.join(""), name);
  }
});

Deno.test("the borders of UTF-8 are inside", () => {
  for (const code of [0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
    const text = String.fromCodePoint(code);
    assertEquals(Octets.decode(new TextEncoder().encode(text)), text);
  }
});

Deno.test("a part is decoded without a look at its neighbours", () => {
  const bytes = octets("\xc3\xa9\xc3\xa9");
  assertEquals(Octets.decode(bytes, 2), "é");
  assertEquals(Octets.decode(bytes, 0, 1), "\udcc3");
  assertEquals(Octets.decode(bytes, 1, 3), "\udca9\udcc3");
});

Deno.test("a surrogate that stands for no octet is encoded as a replacement character", () => {
  assertEquals(latin1(Octets.encode("\ud800")), "\xef\xbf\xbd");
  assertEquals(latin1(Octets.encode("\udc7f\udd00")), "\xef\xbf\xbd\xef\xbf\xbd");
});

const anyOctets = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), {
    maxLength: 20,
  }),
  (codes) => String.fromCharCode(...codes),
);

const almostUtf8 = Arbitrary.map(
  Arbitrary.array(
    oneOf([
      ..."a\x80\xbf\xc0\xc2\xc3\xa9\xdf\xe0\xa0\xed\x9f\xef\xbb\xf0\x90\xf4\x8f\xf5",
      "\xc3\xa9",
      "\xf0\x9f\x98\x80",
    ]),
    { maxLength: 12 },
  ),
  (pieces) => pieces.join(""),
);

for (const [name, arbitrary] of [["any octets", anyOctets], ["octets like UTF-8", almostUtf8]] as const) {
  property(`${name} survive being text`, arbitrary, (text) => latin1(Octets.encode(decode(text))) === text, {
    runs: 3000,
    seed: "plausch",
  });

  property(
    `${name}: what a decoder for UTF-8 takes is read the same, what it does not take is marked`,
    arbitrary,
    (text) => {
      const decoded = decode(text);
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets(text)) === decoded;
      } catch {
        return !decoded.isWellFormed();
      }
    },
    { runs: 3000, seed: "plausch" },
  );
}

Deno.test("a long text is decoded in one go", () => {
  const text = "0123456789\xff".repeat(20000);
  assert(latin1(Octets.encode(decode(text))) === text);
});
