import * as Saslprep from "@plausch/smtp/saslprep";
import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import saslprep from "npm:@mongodb-js/saslprep@1.6.3";
import { property } from "../support/property.ts";
import { anyText, oneOf } from "./_arbitrary.ts";

/** The second opinion, which throws where we say undefined. */
const other = (text: string, use: Saslprep.Use): string | undefined => {
  try {
    return saslprep(text, { allowUnassigned: use === "query" }) || undefined;
  } catch {
    return undefined;
  }
};

const uses = ["query", "stored"] as const;

Deno.test("the examples of RFC 4013 section 3", () => {
  const cases = [
    ["I\u00adX", "IX"],
    ["user", "user"],
    ["USER", "USER"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
    ["\u0007", undefined],
    ["\u0627\u0031", undefined],
  ] as const;
  for (const [text, expected] of cases) {
    for (const use of uses) assertEquals(Saslprep.prepare(text, use), expected, text);
  }
});

Deno.test("nothing that is left is nothing that can be used", () => {
  for (const text of ["", "\u00ad", "\u200d\ufeff"]) assertEquals(Saslprep.prepare(text, "query"), undefined);
});

Deno.test("text from right to left begins and ends so", () => {
  const prepare = (text: string) => Saslprep.prepare(text, "stored");
  assertEquals(prepare("\u05d0\u05d1 1 \u05d2"), "\u05d0\u05d1 1 \u05d2");
  assertEquals(prepare("\u05d01"), undefined);
  assertEquals(prepare("1\u05d0"), undefined);
  assertEquals(prepare("\u05d0a\u05d0"), undefined);
});

Deno.test("octets that are no UTF-8 have no other form", () => {
  assertEquals(Saslprep.prepare("p\udcff\u00aa", "query"), undefined);
  assertEquals(Saslprep.preparePassword("p\udcff\u00aa"), "p\udcff\u00aa");
});

/** All characters where tables begin and end, and of the planes that are all alike the edges of each 256. */
const characters = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) =>
  code < 0x3400 || code >= 0x9f00 && code < 0xac80 || code >= 0xd700 && code < 0x10800 ||
  code >= 0x1d000 && code < 0x1d800 || (code + 2) % 0x100 < 4 ||
  code >= 0xe0000 && code < 0xe0100
);

/** RFC 3454 appendix C.4 forbids them, the library does not. */
const forgotten = [0xffffe, 0xfffff];

Deno.test("characters are what they are to @mongodb-js/saslprep, alone and beside either direction", () => {
  const differing = new Set<number>();
  for (const code of characters) {
    const char = String.fromCodePoint(code);
    for (const text of [char, `\u05d0${char}\u05d0`, `z${char}`]) {
      if (uses.some((use) => Saslprep.prepare(text, use) !== other(text, use))) differing.add(code);
    }
  }
  assertEquals([...differing], forgotten);
  for (const code of forgotten) assertEquals(Saslprep.prepare(String.fromCodePoint(code), "query"), undefined);
});

property(
  "any text is what it is to @mongodb-js/saslprep",
  Arbitrary.all([anyText, oneOf(uses)]),
  ([text, use]) => Saslprep.prepare(text, use) === other(text, use),
  { runs: 3000, seed: "plausch" },
);

property("what is prepared stays as it is", anyText, (text) => {
  const prepared = Saslprep.prepare(text, "query");
  return prepared === undefined || Saslprep.prepare(prepared, "query") === prepared;
});
