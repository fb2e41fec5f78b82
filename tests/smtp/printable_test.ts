import * as Octets from "@plausch/smtp/octets";
import * as Printable from "@plausch/smtp/printable";
import { assert, assertEquals } from "@std/assert";
import text from "../cases/transcript.jsonl" with { type: "text" };
import { octets, parseCases } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { wildOctets } from "./_replies.ts";

type Case = { readonly id: string; readonly kind: string; readonly bytes: string; readonly shown: string };

Deno.test("the escape cases", () => {
  const cases = parseCases<Case>(text).filter(({ kind }) => kind === "escape");
  assertEquals(cases.length, 16);
  for (const { id, bytes, shown } of cases) {
    assertEquals(Printable.escapeOctets(octets(bytes)), shown, id);
    assertEquals(Printable.escape(Octets.decode(octets(bytes))), shown, id);
  }
});

Deno.test("all controls are escaped, C1 as octets and as characters", () => {
  for (let code = 0; code < 0x20; code++) {
    const shown = { 9: "\\t", 10: "\\n", 13: "\\r" }[code] ?? `\\x${code.toString(16).padStart(2, "0")}`;
    assertEquals(Printable.escape(String.fromCharCode(code)), shown);
  }
  assertEquals(Printable.escape("\x7f"), "\\x7f");
  for (let code = 0x80; code < 0xa0; code++) {
    const hex = code.toString(16);
    assertEquals(Printable.escapeOctets(new Uint8Array([code])), `\\x${hex}`);
    assertEquals(Printable.escape(String.fromCharCode(code)), `\\u00${hex}`);
  }
});

Deno.test("characters that nobody sees, or that turn the line round, are escaped", () => {
  const hidden = [
    ...["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u115f", "\u3164", "\ufe0f", "\uffa0"],
    ...["\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"],
    ...["\u2028", "\u2029", "\u{e0041}", "\ue000", "\ufffe", "\u{1f8ff}", "\ud800"],
  ];
  for (const char of hidden) {
    const shown = Printable.escape(`a${char}b`);
    assert(/^a\\u(?:[0-9a-f]{4}|\{[0-9a-f]{5,6}\})b$/.test(shown), shown);
  }
});

Deno.test("what can be read stays: letters of any script, accents, symbols, spaces", () => {
  const text = "Grüße, 用户, Привет, مرحبا, e\u0301, 😀, €, ~ <a@b.test> \"q\" 'p' `c`";
  assertEquals(Printable.escape(text), text);
});

const unescape = (shown: string): string =>
  shown.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\}|([trn\\]))/g,
    (_, octet, unit, point, letter) =>
      letter !== undefined
        ? { t: "\t", r: "\r", n: "\n" }[letter as string] ?? "\\"
        : octet === undefined
        ? String.fromCodePoint(parseInt(unit ?? point, 16))
        : String.fromCharCode(parseInt(octet, 16) < 0x80 ? parseInt(octet, 16) : 0xdc00 + parseInt(octet, 16)),
  );

property("what is shown is one line of visible text, and tells exactly what came", wildOctets, (wire) => {
  const decoded = Octets.decode(octets(wire));
  const shown = Printable.escape(decoded);
  return !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(shown) && unescape(shown) === decoded;
}, { runs: 3000, seed: "plausch" });
