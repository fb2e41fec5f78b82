import type { Certificate } from "@plausch/tls";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";

/** A day in 2026, when the certificates of {@link certificate} are valid. */
export const now = Date.UTC(2026, 0, 1);

/** A certificate for mx.example.test from an authority, from 2020 to 2030. */
export const certificate = (fields: Partial<Certificate> = {}): Certificate => ({
  subject: "CN=mx.example.test",
  commonName: "mx.example.test",
  issuer: "CN=Authority",
  subjectAltNames: ["DNS:mx.example.test"],
  validFrom: Date.UTC(2020, 0, 1),
  validTo: Date.UTC(2030, 0, 1),
  serialNumber: "01",
  sha256: "aa".repeat(32),
  spkiSha256: "bb".repeat(32),
  isSelfSigned: false,
  der: new Uint8Array(0),
  ...fields,
});

/** Whole numbers, both ends included. */
export const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

/** Octets. */
export const octets = (maxLength: number, minLength = 0): Arbitrary.Arbitrary<Uint8Array> =>
  Arbitrary.map(Arbitrary.array(integer(0, 255), { minLength, maxLength }), (list) => Uint8Array.from(list));

/** A string of any UTF-16 units, lone surrogates and control characters among them. */
export const anyText: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.flatMap(integer(0, 2), (kind) => integer(0, [0x7f, 0x20ff, 0xffff][kind]!)),
    { maxLength: 300 },
  ),
  (units) => String.fromCharCode(...units),
);
