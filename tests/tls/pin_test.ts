import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { Pin } from "@plausch/tls";
import { property } from "../support/property.ts";
import { anyText, octets } from "./support.ts";

const hexOf = (digest: Uint8Array): string =>
  Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");

const base64Of = (digest: Uint8Array): string => btoa(String.fromCharCode(...digest));

property("every way to write a digest gives the same pin", octets(32, 32), (digest) => {
  const hex = hexOf(digest);
  const colons = hex.replace(/..(?=.)/g, "$&:");
  const base64 = base64Of(digest);
  return [hex, hex.toUpperCase(), colons, colons.toUpperCase(), base64, base64.slice(0, -1)]
    .every((text) => Result.getOrThrow(Pin.parse(text)) === hex);
});

property(
  "whatever is a pin is 64 digits",
  anyText,
  (text) =>
    Result.match(Pin.parse(text), {
      onFailure: (error) => error.reason === "BadOptions",
      onSuccess: (pin) => pin.length === 64,
    }),
);

property(
  "a digest of another length is no pin",
  Arbitrary.filter(octets(64), ({ length }) => length !== 32),
  (digest) =>
    [hexOf(digest), base64Of(digest)].every((text) =>
      Result.isFailure(Pin.parse(text)) || text.length === 64 && digest.length === 48
    ),
);

Deno.test("what is no pin is named, and what to give instead", () => {
  const wrong = [
    "",
    "ab",
    "g".repeat(64),
    "a".repeat(63),
    "a".repeat(65),
    `${"ab:".repeat(31)}`,
    `${"ab:".repeat(32)}`,
    "ab-".repeat(31) + "ab",
    " " + "ab".repeat(32),
    "ab".repeat(32) + "\n",
    // 43 digits of base64, of which the last has bits beyond the 32 octets.
    "B".repeat(43) + "=",
    "_".repeat(43),
    "sha256//" + "A".repeat(43) + "=",
  ];
  for (const text of wrong) {
    const error = Result.getOrThrow(Result.flip(Pin.parse(text)));
    assertEquals(error.reason, "BadOptions");
    assertEquals(error.isTemporary, false);
    assertStringIncludes(error.message, "give 64 hexadecimal digits, or 32 octets in base64");
  }
});
