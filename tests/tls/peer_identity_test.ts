import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import { type Certificate, type CertificateFault, PeerIdentity, type Tlsa } from "@plausch/tls";
import { property } from "../support/property.ts";
import { anyText, certificate, integer, now } from "./support.ts";

const evidence: PeerIdentity.Evidence = { chain: [certificate()], pins: [], trust: "known", isNamed: true, now };

const verdict = (changes: Partial<PeerIdentity.Evidence>): string => {
  const verification = PeerIdentity.verify({ ...evidence, ...changes });
  return verification.verified ? verification.by : verification.fault;
};

const expired = certificate({ validTo: now - 1 });
const future = certificate({ validFrom: now + 1 });
const selfSigned = certificate({ issuer: "CN=mx.example.test", isSelfSigned: true });
const middle = certificate({ subject: "CN=Authority", issuer: "CN=Root", sha256: "cc".repeat(32) });

const key: Tlsa.Tlsa = { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) };
const authority: Tlsa.Tlsa = { ...key, usage: 2 };
const byKey = { dane: { record: key }, trust: "unknown" } as const;
const byAuthority = { dane: { record: authority }, chain: [certificate(), middle] } as const;
const byNone = { dane: { record: undefined } };

const cases: ReadonlyArray<
  readonly [
    what: string,
    changes: Partial<PeerIdentity.Evidence>,
    expected: CertificateFault | "pkix" | "pin" | "dane-ee" | "dane-ta",
  ]
> = [
  ["all is well", {}, "pkix"],
  ["valid to this very moment", { chain: [certificate({ validTo: now })] }, "pkix"],
  ["valid from this very moment", { chain: [certificate({ validFrom: now })] }, "pkix"],
  ["nothing shown", { chain: [], trust: "unknown" }, "no-certificate"],
  ["nothing shown, but pins", { chain: [], pins: ["aa".repeat(32)] }, "no-certificate"],
  ["expired", { chain: [expired] }, "expired"],
  [
    "expired wins over the rest",
    { chain: [{ ...selfSigned, validTo: 0 }], trust: "unknown", isNamed: false },
    "expired",
  ],
  ["not valid yet", { chain: [future], trust: "unknown" }, "not-yet-valid"],
  ["expired above", { chain: [certificate(), { ...middle, validTo: 0 }], trust: "unknown" }, "expired"],
  [
    "expired beside",
    { chain: [certificate(), certificate({ subject: "CN=Another", validTo: 0 })], trust: "unknown" },
    "unknown-ca",
  ],
  ["expired above, yet there is a way round", { chain: [certificate(), { ...middle, validTo: 0 }] }, "pkix"],
  ["self-signed", { chain: [selfSigned], trust: "unknown" }, "self-signed"],
  ["self-signed and refused", { chain: [selfSigned], trust: "invalid" }, "self-signed"],
  ["self-signed and trusted", { chain: [selfSigned] }, "pkix"],
  ["self-signed wins over the name", { chain: [selfSigned], trust: "unknown", isNamed: false }, "self-signed"],
  ["another name", { isNamed: false }, "wrong-name"],
  ["another name wins over nobody known", { isNamed: false, trust: "unknown" }, "wrong-name"],
  ["nobody known", { trust: "unknown" }, "unknown-ca"],
  ["refused", { trust: "invalid" }, "invalid"],
  ["pinned", { pins: ["aa".repeat(32)], trust: "unknown", isNamed: false }, "pin"],
  ["pinned by its key", { pins: ["cc".repeat(32), "bb".repeat(32)], chain: [expired] }, "pin"],
  ["the authority pinned", { pins: [middle.sha256], chain: [certificate(), middle] }, "pin-mismatch"],
  ["other than pinned", { pins: ["cc".repeat(32)] }, "pin-mismatch"],
  ["a record for it", byKey, "dane-ee"],
  ["a record for it, expired, for another name, self-signed", {
    ...byKey,
    chain: [{ ...selfSigned, validTo: 0 }],
    isNamed: false,
  }, "dane-ee"],
  ["a record for it, and nothing shown", { ...byKey, chain: [] }, "no-certificate"],
  ["a record for it, and unproven", { ...byKey, unproven: "nobody checked" }, "invalid"],
  ["a record for it, and a pin for another", { ...byKey, pins: ["cc".repeat(32)] }, "dane-ee"],
  ["a record for its authority", byAuthority, "dane-ta"],
  ["a record for its authority, and unproven", { ...byAuthority, unproven: "nobody checked" }, "invalid"],
  ["a record for its authority, and another name", { ...byAuthority, isNamed: false }, "wrong-name"],
  ["a record for its authority, expired", { ...byAuthority, chain: [expired, middle] }, "expired"],
  ["a record for its authority, expired there", {
    ...byAuthority,
    chain: [certificate(), { ...middle, validTo: 0 }],
    trust: "invalid",
  }, "expired"],
  ["a record for its authority, not valid yet", { ...byAuthority, chain: [future, middle] }, "not-yet-valid"],
  [
    "a record for its authority, self-signed and refused",
    { ...byAuthority, chain: [selfSigned], trust: "invalid" },
    "invalid",
  ],
  ["a record for its authority, refused", { ...byAuthority, trust: "invalid" }, "invalid"],
  ["a record for an authority of another", { ...byAuthority, trust: "unknown" }, "tlsa-mismatch"],
  ["no record for it", { ...byNone, trust: "unknown" }, "tlsa-mismatch"],
  ["no record for it, whoever vouches", byNone, "tlsa-mismatch"],
  ["no record for it, and expired", { ...byNone, chain: [expired], trust: "unknown", isNamed: false }, "tlsa-mismatch"],
  ["no record for it, and self-signed", { ...byNone, chain: [selfSigned], trust: "unknown" }, "tlsa-mismatch"],
  ["no record for it, and pinned", { ...byNone, trust: "unknown", pins: ["aa".repeat(32)] }, "tlsa-mismatch"],
  ["unproven", { unproven: "nobody checked" }, "invalid"],
  ["unproven wins over a pin", { unproven: "nobody checked", pins: ["aa".repeat(32)] }, "invalid"],
];

for (const [what, changes, expected] of cases) {
  Deno.test(`${what}: ${expected}`, () => assertEquals(verdict(changes), expected));
}

Deno.test("the words of the library are kept", () => {
  const verification = PeerIdentity.verify({ ...evidence, trust: "unknown", detail: "UNABLE_TO_GET_ISSUER_CERT" });
  assertEquals(verification, { verified: false, fault: "unknown-ca", detail: "UNABLE_TO_GET_ISSUER_CERT" });
});

const words = (chain: ReadonlyArray<Certificate>, changes: Partial<PeerIdentity.Evidence> = {}, serverName?: string) =>
  PeerIdentity.explain({
    chain,
    serverName,
    verification: PeerIdentity.verify({ ...evidence, chain, ...changes }),
  });

Deno.test("each verdict has its words, with names and days", () => {
  assertEquals(words([certificate()]), 'its certificate "mx.example.test" comes from a known authority');
  assertEquals(words([certificate()], { pins: ["aa".repeat(32)] }), 'its certificate "mx.example.test" is pinned');
  assertEquals(words([]), "it showed no certificate");
  assertEquals(words([certificate()], byKey), 'its certificate "mx.example.test" matches the record TLSA 3 1 1');
  assertEquals(
    words([certificate(), middle], byAuthority),
    'its certificate "mx.example.test" comes from an authority that matches the record TLSA 2 1 1',
  );
  assertEquals(
    words([certificate()], { ...byNone, trust: "unknown" }),
    `its certificate "mx.example.test" matches none of its TLSA records; of its key it would be 3 1 1 ${
      "bb".repeat(32)
    }`,
  );
  assertEquals(
    words([certificate({ validTo: Date.UTC(2021, 5, 7, 8, 9) })]),
    'its certificate "mx.example.test" expired on 2021-06-07 08:09 UTC',
  );
  assertEquals(
    words([certificate(), { ...middle, commonName: undefined, validTo: 0 }], { trust: "unknown" }),
    'an authority\'s certificate "CN=Authority" expired on 1970-01-01 00:00 UTC',
  );
  assertEquals(
    words([future]),
    'its certificate "mx.example.test" is not valid before 2026-01-01 00:00 UTC; check the clock of this machine too',
  );
  assertEquals(
    words([selfSigned], { trust: "unknown" }),
    `its certificate "mx.example.test" is self-signed, so nobody vouches for it; if it is the right one, pin its SHA-256 ${
      "aa".repeat(32)
    }`,
  );
  assertEquals(
    words([certificate()], { isNamed: false }, "other.example.test"),
    "its certificate is for mx.example.test, not for other.example.test",
  );
  assertEquals(
    PeerIdentity.explain({
      chain: [certificate()],
      serverName: "a.test",
      referenceNames: ["b.test", "c\x1b.test"],
      verification: { verified: false, fault: "wrong-name", detail: undefined },
    }),
    "its certificate is for mx.example.test, not for a.test or b.test or c\\u{1b}.test",
  );
  assertEquals(
    words([certificate({ subjectAltNames: ["DNS:a", "DNS:b", "IP:::1", "DNS:d", "DNS:e", "DNS:f"] })], {
      isNamed: false,
    }, "x"),
    "its certificate is for a, b, ::1, d and 2 more, not for x",
  );
  assertEquals(
    words([certificate({ subjectAltNames: [] })], { isNamed: false }, "mx.example.test"),
    'its certificate "mx.example.test" has no alternative names, and the common name does not count (RFC 9525)',
  );
  assertEquals(
    words([certificate()], { isNamed: false }),
    'there is no name to check its certificate "mx.example.test" for; give servername',
  );
  assertEquals(
    words([certificate(), middle], { trust: "unknown" }),
    'its certificate "mx.example.test" leads to "CN=Root", who is not known here; ' +
      "give that authority as ca, or tell the server to send the certificates in between",
  );
  assertEquals(
    words([certificate()], { pins: ["cc".repeat(32)] }),
    `its certificate "mx.example.test" is not pinned: SHA-256 ${"aa".repeat(32)}, of the key ${"bb".repeat(32)}`,
  );
  assertEquals(
    words([certificate()], { trust: "invalid", detail: "it is not for a server" }),
    'its certificate "mx.example.test" cannot be taken: it is not for a server',
  );
  assertEquals(words([certificate()], { trust: "invalid" }), 'its certificate "mx.example.test" cannot be taken');
});

Deno.test("a certificate without a common name is called by its subject, or else by a name that it is for", () => {
  const trust = { trust: "invalid" } as const;
  assertStringIncludes(words([certificate({ commonName: undefined })], trust), '"CN=mx.example.test"');
  const nameless = certificate({ commonName: undefined, subject: "" });
  assertStringIncludes(words([nameless], trust), '"DNS:mx.example.test"');
  assertStringIncludes(words([{ ...nameless, subjectAltNames: [] }], trust), '""');
});

Deno.test("days beyond the calendar have words too", () => {
  assertStringIncludes(words([certificate({ validTo: -9e15 })]), "expired on an unknown day");
});

property(
  "whatever a certificate says, the words are one line that no terminal acts on, and not too long",
  Arbitrary.all([anyText, anyText, Arbitrary.array(anyText, { maxLength: 6 })]),
  ([subject, other, subjectAltNames]) => {
    const hostile = certificate({ subject, commonName: other, issuer: other, subjectAltNames });
    const changes: ReadonlyArray<Partial<PeerIdentity.Evidence>> = [
      {},
      { trust: "unknown" },
      { trust: "invalid", detail: other },
      { isNamed: false },
      { now: 0 },
      { now: 9e15 },
    ];
    return changes.every((change) => {
      const text = words([hostile], change, subject);
      return !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) && text.length < 12_000;
    });
  },
  { runs: 200, seed: "plausch" },
);

const link = Arbitrary.map(
  Arbitrary.all([integer(0, 2), integer(0, 2), integer(0, 2), integer(0, 1)]),
  ([subject, issuer, validTo, isSelfSigned]) =>
    certificate({
      subject: `${subject}`,
      issuer: `${issuer}`,
      validFrom: 0,
      validTo,
      isSelfSigned: isSelfSigned === 1,
    }),
);

property("a chain of any shape has a verdict", Arbitrary.array(link, { maxLength: 6 }), (chain) => {
  const verification = PeerIdentity.verify({ ...evidence, chain, trust: "unknown", now: 1 });
  return !verification.verified && PeerIdentity.explain({ chain, serverName: undefined, verification }) !== "";
});
