import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { Tlsa } from "@plausch/tls";
import { property } from "../support/property.ts";
import { anyText, integer, octets } from "./support.ts";

const filled = (length: number, value = 0xab): Uint8Array => new Uint8Array(length).fill(value);

/** A DER value with this tag. */
const der = (tag: number, content: ArrayLike<number>): Uint8Array => {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...Array.from(content)]);
};
const empty = der(0x30, []);
const bits = (length: number): Uint8Array => der(0x03, filled(length));

/** What looks like a key, or like a certificate, with so many octets at its end. */
const keyLike = (length: number): Uint8Array => der(0x30, [...empty, ...bits(length)]);
const certificateLike = (length: number): Uint8Array => der(0x30, [...empty, ...empty, ...bits(length)]);

// A certificate and its key, as openssl made them.
const fromBase64 = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
const certificate = fromBase64(
  "MIIBejCCAR+gAwIBAgIUaGCypZjWqdSGRFCK9snQqmIsQwgwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHbXgudGVzdDAeFw0yNjExMjgx" +
    "NDUxMjNaFw0zNjExMjUxNDUxMjNaMBIxEDAOBgNVBAMMB214LnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASfnLJ2HKzFrK2M" +
    "IAAjVqmH2+cP+Lvz3OcJk8kBTrENKEIl2VmaDw7322OP+0Pv5QJhveDtnHpCwmMbax023P28o1MwUTAdBgNVHQ4EFgQUvSLx8EJoDRzH" +
    "IvAr/V3SGTeJVfMwHwYDVR0jBBgwFoAUvSLx8EJoDRzHIvAr/V3SGTeJVfMwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBG" +
    "AiEAj8CR+PziqJtEnnIh3pLkCUNdBTHRshz8Wevvv25zSVECIQCb2FDxV1M8dkR6h964mRlKA5ZXj2bww0dRKZrZxcgyGQ==",
);
const key = fromBase64(
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEn5yydhysxaytjCAAI1aph9vnD/i789znCZPJAU6xDShCJdlZmg8O99tjj/tD7+UCYb3g" +
    "7Zx6QsJjG2sdNtz9vA==",
);

const record = (usage: number, selector: number, matchingType: number, data: Uint8Array): Tlsa.Tlsa => ({
  usage,
  selector,
  matchingType,
  data,
});

const usable: ReadonlyArray<readonly [what: string, record: Tlsa.Tlsa, expected: boolean]> = [
  ["a key of its own", record(3, 1, 1, filled(32)), true],
  ["a certificate of its own", record(3, 0, 2, filled(64)), true],
  ["an authority", record(2, 0, 1, filled(32)), true],
  ["the key of an authority", record(2, 1, 2, filled(64)), true],
  ["a known authority", record(0, 0, 1, filled(32)), false],
  ["a certificate of a known authority", record(1, 1, 1, filled(32)), false],
  ["a usage that is not assigned", record(4, 1, 1, filled(32)), false],
  ["the usage of private use", record(255, 1, 1, filled(32)), false],
  ["a selector that is not assigned", record(3, 2, 1, filled(32)), false],
  ["a matching type that is not assigned", record(3, 1, 3, filled(32)), false],
  ["SHA-256 cut short", record(3, 1, 1, filled(31)), false],
  ["SHA-256 and more", record(3, 1, 1, filled(33)), false],
  ["SHA-512 of the length of SHA-256", record(3, 1, 2, filled(32)), false],
  ["no data", record(3, 1, 0, filled(0)), false],
  ["a real key", record(3, 1, 0, key), true],
  ["a real certificate", record(3, 0, 0, certificate), true],
  ["a key for a certificate", record(3, 0, 0, key), false],
  ["a certificate for a key", record(3, 1, 0, certificate), false],
  ["a whole short key", record(3, 1, 0, keyLike(91)), true],
  ["a whole certificate of 200 octets", record(3, 0, 0, certificateLike(200)), true],
  ["a whole long certificate", record(2, 0, 0, certificateLike(1200)), true],
  ["a whole certificate cut short", record(2, 0, 0, certificate.slice(0, -1)), false],
  ["a whole certificate and more", record(2, 0, 0, Uint8Array.from([...certificate, 0])), false],
  ["a key and an empty sequence behind it", record(3, 1, 0, Uint8Array.from([...key, ...empty])), false],
  ["an empty sequence", record(3, 1, 0, empty), false],
  ["a tag alone", record(3, 0, 0, Uint8Array.of(0x30)), false],
  ["no end said", record(3, 1, 0, Uint8Array.of(0x30, 0x80, ...empty, ...bits(0), 0, 0)), false],
  ["a length in a long form", record(3, 1, 0, Uint8Array.of(0x30, 0x81, 4, ...empty, ...bits(0))), false],
  ["a longer form yet", record(3, 1, 0, Uint8Array.of(0x30, 0x83, 0, 0, 4, ...empty, ...bits(0))), false],
  ["a length that is cut", record(3, 1, 0, Uint8Array.of(0x30, 0x82, 1)), false],
  ["a length beyond reason", record(3, 0, 0, Uint8Array.of(0x30, 0x84, 0, 0, 0, 0)), false],
  ["a tag of several octets", record(3, 1, 0, Uint8Array.of(0x30, 4, ...empty, 0x1f, 0)), false],
  ["something else than a sequence", record(3, 0, 0, filled(32)), false],
];
for (const [what, tlsa, expected] of usable) {
  Deno.test(`${what} ${expected ? "can" : "cannot"} be used`, () => {
    assertEquals(Tlsa.isUsable(tlsa), expected);
    assertEquals(Tlsa.select([tlsa]), expected ? [tlsa] : []);
  });
}

Deno.test("of digests the strongest of each usage and selector counts, and whole things always do", () => {
  const records = [
    record(3, 1, 1, filled(32)),
    record(3, 1, 2, filled(64)),
    record(3, 1, 1, filled(32, 1)),
    record(3, 1, 0, keyLike(3)),
    record(3, 0, 1, filled(32)),
    record(2, 1, 1, filled(32)),
    record(2, 0, 2, filled(64)),
    record(2, 0, 1, filled(32)),
    record(2, 0, 2, filled(64, 1)),
    record(1, 0, 1, filled(32)),
  ];
  assertEquals(Tlsa.select(records), [1, 3, 4, 5, 6, 8].map((at) => records[at]!));
  // What cannot be used does not put aside what can.
  const weak = record(3, 1, 1, filled(32));
  assertEquals(Tlsa.select([record(3, 1, 2, filled(63)), weak]), [weak]);
  assertEquals(Tlsa.select([record(3, 1, 3, filled(64)), weak]), [weak]);
});

Deno.test("a record matches what it stands for, to the last octet", () => {
  const known: Tlsa.Associate = (selector, matchingType) =>
    matchingType === 2 ? undefined : filled(32, 10 * selector + matchingType);
  assertEquals(Tlsa.matches(record(3, 1, 1, filled(32, 11)), known), true);
  assertEquals(Tlsa.matches(record(3, 0, 1, filled(32, 1)), known), true);
  assertEquals(Tlsa.matches(record(3, 0, 1, filled(32, 11)), known), false);
  assertEquals(Tlsa.matches(record(3, 1, 2, filled(64, 12)), known), false);
  for (const at of [0, 31]) {
    const data = filled(32, 11);
    data[at]! ^= 1;
    assertEquals(Tlsa.matches(record(3, 1, 1, data), known), false);
  }
  assertEquals(Tlsa.matches(record(3, 1, 1, filled(31, 11)), known), false);
  assertEquals(Tlsa.matches(record(3, 1, 1, filled(0)), known), false);
});

const anyRecord: Arbitrary.Arbitrary<Tlsa.Tlsa> = Arbitrary.flatMap(
  Arbitrary.array(integer(0, 255), { minLength: 3, maxLength: 3 }),
  ([usage, selector, matchingType]) =>
    Arbitrary.map(octets(80, 1), (data) => record(usage!, selector!, matchingType!, data)),
);

property("a record is read as it was written, in any case and in pieces", anyRecord, (tlsa) => {
  const text = Tlsa.format(tlsa);
  const pieces = ` ${text.toUpperCase().replace(/(.{40})/g, "$1\t")} `;
  return [text, pieces].every((each) => Tlsa.format(Result.getOrThrow(Tlsa.parse(each))) === text);
});

property("whatever is no record is told so, in one short line", anyText, (text) =>
  Result.match(Tlsa.parse(text), {
    onFailure: (error) => error.reason === "BadOptions" && error.message.length < 400 && !error.message.includes("\n"),
    onSuccess: ({ data }) => data.length > 0,
  }));

Deno.test("what is no record is named, and what to write instead", () => {
  for (
    const text of ["", "3 1 1", "3 1 1 ", "3 1 1 abc", "3 1 1 xy", "3 1 256 ab", "-3 1 1 ab", "3 1 ab", "3,1,1,ab"]
  ) {
    const error = Result.getOrThrow(Result.flip(Tlsa.parse(text)));
    assertEquals(error.reason, "BadOptions");
    assertStringIncludes(error.message, "is no TLSA record; write three numbers up to 255 and hexadecimal digits");
  }
});
