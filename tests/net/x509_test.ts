import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as crypto from "node:crypto";
import * as Certificate from "../../packages/net/_certificate.ts";
import * as Der from "../../packages/net/_der.ts";
import * as DistinguishedName from "../../packages/net/_distinguished_name.ts";
import * as GeneralName from "../../packages/net/_general_name.ts";
import * as IpAddress from "../../packages/net/_ip_address.ts";
import * as NameConstraints from "../../packages/net/_name_constraints.ts";
import * as Pkix from "../../packages/net/_pkix.ts";
import * as X509 from "../../packages/net/_x509.ts";
import { property } from "../support/property.ts";
import { integer, octets } from "../tls/support.ts";
import { pem } from "./support.ts";

/** A value in DER. */
const der = (tag: number, ...content: ReadonlyArray<Uint8Array | ReadonlyArray<number>>): Uint8Array => {
  const inner = content.flatMap((part) => [...part]);
  const length = inner.length;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...inner]);
};
const sequence = (...content: ReadonlyArray<Uint8Array>) => der(Der.tags.sequence, ...content);
const text = (value: string) => new TextEncoder().encode(value);

const read = (name: string): X509.X509 => X509.parse(X509.fromPem(pem(`${name}.pem`))[0]!)!;

const certificates = [
  "server",
  "ca",
  "below-odd",
  "version-1",
  "rsa",
  "ca-rsa",
  "ed25519",
  "p521",
  "fenced",
  "inside",
  "sha1",
];

Deno.test("certificates are read as node:crypto reads them", () => {
  for (const name of certificates) {
    const expected = new crypto.X509Certificate(pem(`${name}.pem`));
    const found = read(name);
    assertEquals(found.version, name === "version-1" ? 1 : 3);
    assertEquals(new Date(found.validFrom), new Date(expected.validFrom));
    assertEquals(new Date(found.validTo), new Date(expected.validTo));
    assertEquals(new Uint8Array(expected.raw), found.der);
    assertEquals(found.publicKey, new Uint8Array(expected.publicKey.export({ type: "spki", format: "der" })));
    assertEquals(DistinguishedName.format(found.subject), expected.subject.replaceAll("\n", ", "));
  }
});

property(
  "octets that are no certificate are refused, and never throw",
  Arbitrary.all([
    integer(0, certificates.length - 1),
    Arbitrary.array(Arbitrary.all([integer(0, 1200), integer(0, 255)]), { maxLength: 4 }),
    integer(0, 3),
  ]),
  ([index, changes, cut]) => {
    const changed = read(certificates[index]!).der.slice(0, cut === 0 ? undefined : -cut);
    for (const [at, octet] of changes) if (at < changed.length) changed[at] = octet;
    const found = X509.parse(changed);
    if (found === undefined) return true;
    const { subjectAltNames } = Certificate.fromX509(found);
    const finding = Pkix.check([found], { known: [read("ca"), read("ca-rsa")] }, "server", Date.UTC(2026, 0, 1));
    return cut === 0 && subjectAltNames.length >= 0 && finding._tag !== undefined;
  },
  { runs: 1500, seed: "plausch" },
);

Deno.test("a certificate with an extension that the TLS library could not read is not read", () => {
  const { der, extensions } = read("server");
  for (const [id, { value }] of extensions) {
    const changed = der.slice();
    const at = value.byteOffset - der.byteOffset;
    changed[at] = Der.tags.set;
    // Extensions that nobody looks into may be anything.
    assertEquals(X509.parse(changed) === undefined, (Object.values(X509.extensions) as Array<string>).includes(id), id);
  }
});

property("octets of any kind are no certificate", octets(400), (noise) => X509.parse(noise) === undefined);

Deno.test("no certificate can be changed in an octet and still be signed", () => {
  const trusted = { known: [read("ca")] };
  const original = read("server");
  const now = Date.UTC(2026, 0, 1);
  assertEquals(Pkix.check([original], trusted, "server", now)._tag, "Trusted");
  for (let at = 0; at < original.der.length; at++) {
    const changed = original.der.slice();
    changed[at]! ^= 0x01;
    const found = X509.parse(changed);
    if (found !== undefined) assert(Pkix.check([found], trusted, "server", now)._tag !== "Trusted", `octet ${at}`);
  }
});

Deno.test("what DER forbids is not read", () => {
  const bad: ReadonlyArray<ReadonlyArray<number>> = [
    [0x30],
    [0x30, 0x01],
    [0x30, 0x80, 0x00, 0x00],
    [0x30, 0x81, 0x05, 1, 2, 3, 4, 5],
    [0x30, 0x82, 0x00, 0x05, 1, 2, 3, 4, 5],
    [0x30, 0x83, 0x00, 0x00, 0x01, 1],
    [0x1f, 0x01, 0x00],
  ];
  for (const octets of bad) assertEquals(Der.attempt(() => Der.readAll(Uint8Array.from(octets))), undefined);
  assertEquals(Der.attempt(() => Der.only(Uint8Array.from([0x30, 0, 0x30, 0]), 0x30)), undefined);
  const element = (tag: number, ...content: ReadonlyArray<number>) => Der.readAll(der(tag, content))[0]!;
  assertEquals(Der.attempt(() => Der.boolean(element(1, 1))), undefined);
  assertEquals([Der.boolean(element(1, 0xff)), Der.boolean(element(1, 0))], [true, false]);
  assertEquals(Der.attempt(() => Der.smallInteger(element(2, 0, 1))), undefined);
  assertEquals(Der.attempt(() => Der.smallInteger(element(2, 0x80))), undefined);
  assertEquals(Der.attempt(() => Der.bitString(element(3, 1, 0xfe))), undefined);
  assertEquals(Der.objectIdentifier(element(6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d)), "1.2.840.113549");
  assertEquals(Der.objectIdentifier(element(6, 0x88, 0x37)), "2.999");
  assertEquals(Der.attempt(() => Der.objectIdentifier(element(6, 0x2a, 0x86))), undefined);
  assertEquals(Der.attempt(() => Der.objectIdentifier(element(6))), undefined);
  // An error that is not about DER is not hidden.
  let thrown: unknown;
  try {
    Der.attempt(() => {
      throw new RangeError("a bug");
    });
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof RangeError);
});

Deno.test("times are read as RFC 5280 has them", () => {
  const time = (tag: number, value: string) => Der.attempt(() => Der.time(Der.readAll(der(tag, text(value)))[0]));
  assertEquals(time(0x17, "491231235959Z"), Date.UTC(2049, 11, 31, 23, 59, 59));
  assertEquals(time(0x17, "500101000000Z"), Date.UTC(1950, 0, 1));
  assertEquals(time(0x18, "20500229000000Z"), undefined);
  assertEquals(time(0x18, "20520229000000Z"), Date.UTC(2052, 1, 29));
  assertEquals(time(0x18, "99991231235959Z"), Date.UTC(9999, 11, 31, 23, 59, 59));
  assertEquals(time(0x18, "00000101000000Z"), new Date("0000-01-01T00:00:00Z").getTime());
  for (
    const value of [
      "4912312359Z",
      "491231235959",
      "491231235959+0100",
      "491331235959Z",
      "491232235959Z",
      "491231245959Z",
      "491231236059Z",
      "491231235960Z",
    ]
  ) {
    assertEquals(time(0x17, value), undefined, value);
  }
  assertEquals(time(0x16, "491231235959Z"), undefined);
});

Deno.test("a name shows what is a part of it and what is a value", () => {
  const attribute = (type: ReadonlyArray<number>, tag: number, value: Uint8Array) =>
    sequence(der(Der.tags.objectIdentifier, type), der(tag, value));
  const relative = (...attributes: ReadonlyArray<Uint8Array>) => der(Der.tags.set, ...attributes);
  const commonName = [0x55, 0x04, 0x03];
  const name = sequence(
    relative(attribute([0x55, 0x04, 0x0a], 0x13, text("A, Inc. + CN=mx.example.test"))),
    relative(attribute(commonName, 0x0c, text("first\nCN=second")), attribute([0x2a, 0x03], 0x16, Uint8Array.of(0xe9))),
    relative(attribute(commonName, 0x1e, Uint8Array.of(0, 0x5a, 0, 0xfc))),
  );
  assertEquals(
    DistinguishedName.format(name),
    "O=A\\, Inc. \\+ CN\\=mx.example.test, CN=first\nCN\\=second+1.2.3=é, CN=Zü",
  );
  assertEquals(DistinguishedName.commonName(name), "Zü");
  assertEquals(DistinguishedName.format(Uint8Array.of(0x30, 5)), "");
  assertEquals(DistinguishedName.commonName(sequence()), undefined);
});

const dns = (name: string) => der(Der.contextual(2), text(name));
const ip = (...address: ReadonlyArray<number>) => der(Der.contextual(7), address);

Deno.test("names are read one by one: none can pose as two", () => {
  const names = GeneralName.readAll(sequence(
    dns("a.test, DNS:b.test"),
    ip(192, 0, 2, 1),
    ip(1, 2, 3),
    der(Der.contextual(1), text("a@example.test")),
    der(Der.contextual(6), text("https://example.test/")),
    der(Der.contextual(4, true), sequence()),
  ));
  assertEquals(names.map(GeneralName.format), [
    "DNS:a.test, DNS:b.test",
    "IP:192.0.2.1",
    undefined,
    "email:a@example.test",
    "URI:https://example.test/",
  ]);
  assertEquals(Certificate.namesOf(read("ca")), []);
});

property("an address is written in one way, and read again", octets(16, 16), (address) => {
  const shown = IpAddress.format(address)!;
  const four = IpAddress.format(address.subarray(0, 4))!;
  return Der.equal(IpAddress.parse(shown)!, address) && Der.equal(IpAddress.parse(four)!, address.subarray(0, 4));
});

Deno.test("addresses in all their forms", () => {
  const parse = (value: string) => IpAddress.format(IpAddress.parse(value) ?? new Uint8Array(0));
  assertEquals(parse("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  assertEquals(parse("::"), "::");
  assertEquals(parse("1::"), "1::");
  assertEquals(parse("::ffff:192.0.2.1"), "::ffff:c000:201");
  for (const wrong of ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "::1%lo", "[::1]", "1:2:3:4:5:6:7:8:9", "mx"]) {
    assertEquals(parse(wrong), undefined, wrong);
  }
});

Deno.test("an authority's constraints hold for every name, wildcards too", () => {
  const subtrees = (number: number, ...bases: ReadonlyArray<Uint8Array>) =>
    der(Der.contextual(number, true), ...bases.map((base) => sequence(base)));
  const allows = (constraints: ReadonlyArray<Uint8Array>, ...names: ReadonlyArray<Uint8Array>) =>
    NameConstraints.allow(sequence(...constraints), GeneralName.readAll(sequence(...names)));
  const permitted = [subtrees(0, dns("example.test"), ip(10, 0, 0, 0, 255, 0, 0, 0))];
  assert(allows(permitted, dns("example.test"), dns("a.EXAMPLE.test"), dns("*.example.test"), ip(10, 1, 2, 3)));
  assert(!allows(permitted, dns("badexample.test")));
  assert(!allows(permitted, dns("a.example.test"), dns("test")));
  assert(!allows(permitted, dns("*.test")));
  assert(!allows(permitted, ip(11, 0, 0, 0)));
  assert(!allows(permitted, ip(...new Uint8Array(16))));
  assert(allows([subtrees(0, dns("example.test"))], ip(11, 0, 0, 0)));
  assert(allows([subtrees(0, dns(".example.test"))], dns("a.example.test")));
  assert(!allows([subtrees(0, dns(".example.test"))], dns("example.test")));
  assert(allows([subtrees(0, dns(""))], dns("anything.test")));
  const excluded = [subtrees(1, dns("bad.example.test"), ip(10, 0, 0, 0, 255, 0, 0, 0))];
  assert(allows(excluded, dns("good.example.test"), ip(11, 0, 0, 0)));
  assert(!allows(excluded, dns("bad.example.test")));
  assert(!allows(excluded, dns("very.bad.example.test")));
  assert(!allows(excluded, dns("*.example.test")));
  assert(!allows(excluded, dns("*.bad.example.test")));
  assert(!allows(excluded, ip(10, 9, 9, 9)));
  assert(allows([], dns("anything.test")));
  assert(!NameConstraints.allow(Uint8Array.of(0x30, 9), []));
  assert(!NameConstraints.allow(sequence(der(Der.contextual(0, true), sequence())), []));
});

Deno.test("a chain that goes round in circles, or into every direction, ends", () => {
  const now = Date.UTC(2026, 0, 1);
  const self = read("self-signed-ca");
  assertEquals(Pkix.check([self, self], { known: [read("ca")] }, "server", now), { _tag: "Unknown" });
  assertEquals(Pkix.check([], { known: [read("ca")] }, "server", now), { _tag: "Unknown" });
  const many = Array.from({ length: 60 }, () => read("fenced"));
  assertEquals(Pkix.check([read("inside"), ...many], { known: [] }, "server", now), {
    _tag: "Invalid",
    why: "its chain has too many paths",
  });
  assertEquals(
    Pkix.check(
      [read("server")],
      { known: Array.from({ length: 60 }, () => ({ ...read("other-ca"), subject: read("ca").subject })) },
      "server",
      now,
    ),
    {
      _tag: "Invalid",
      why: "its signature is not that of its issuer",
    },
  );
});

Deno.test("PEM is found between other words; what is no base64 is no certificate", () => {
  const [server, ca] = [pem("server.pem"), pem("ca.pem")];
  assertEquals(X509.fromPem(`Subject: x\n${server}\r\nand\n${ca}`).map((octets) => X509.parse(octets)?.version), [
    3,
    3,
  ]);
  assertEquals(X509.fromPem(pem("server.key")), []);
  assertEquals(X509.fromPem("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----").map(X509.parse), [undefined]);
});
