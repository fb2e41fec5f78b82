import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as crypto from "node:crypto";
import { Connect } from "@plausch/net";
import { type CertificateFault, PeerIdentity, type Tlsa, type TlsOptions } from "@plausch/tls";
import { live } from "../support/it.ts";
import { chain, hasOpenssl, opensslServer, pem, reportOn, soon, tlsErrorOf, tlsServer, verdict } from "./support.ts";

const servername = "mx.example.test";
const elsewhere = "mx.elsewhere.test";

type Numbers = `${number} ${number} ${number}`;

/** The record of a certificate of the tests, its digests made by node:crypto. */
const record = (numbers: Numbers, name: string): Tlsa.Tlsa => {
  const [usage, selector, matchingType] = numbers.split(" ").map(Number) as [number, number, number];
  const certificate = new crypto.X509Certificate(pem(`${name}.pem`));
  const whole = selector === 0
    ? certificate.raw
    : certificate.publicKey.export({ type: "spki", format: "der" }) as unknown as Uint8Array;
  const hash = [undefined, "sha256", "sha512"][matchingType];
  const data = hash === undefined ? whole : crypto.createHash(hash).update(whole).digest();
  return { usage, selector, matchingType, data: new Uint8Array(data) };
};

const all = (usage: 2 | 3): ReadonlyArray<Numbers> =>
  [0, 1].flatMap((selector) => [0, 1, 2].map((type) => `${usage} ${selector} ${type}` as Numbers));

for (const numbers of all(3)) {
  live(`${numbers}: the certificate itself, and nothing else about it counts`, () =>
    Effect.gen(function* () {
      const shown = [
        "server",
        "expired",
        "future",
        "self-signed",
        "self-signed-ca",
        "common-name",
        "for-clients",
        "sha1",
      ];
      for (const name of [...shown, "below-odd", "forged"]) {
        const tlsa = [record(numbers, name)];
        for (const settings of [{ servername }, { servername: elsewhere }, {}, { ca: pem("other-ca.pem") }]) {
          const report = yield* reportOn(chain(name), { ...settings, tlsa });
          assertEquals(report.verification, { verified: true, by: "dane-ee", record: tlsa[0]! });
        }
      }
    }));

  live(
    `${numbers}: another certificate, or another key, is refused, whoever vouches for it`,
    () =>
      Effect.gen(function* () {
        for (const rejectUnauthorized of [true, false]) {
          const settings = { servername, ca: pem("ca.pem"), rejectUnauthorized };
          const report = yield* reportOn(chain("server"), { ...settings, tlsa: [record(numbers, "client")] });
          assertEquals(report.verification, { verified: false, fault: "tlsa-mismatch", detail: undefined });
          const words = PeerIdentity.explain(report);
          assertStringIncludes(words, "matches none of its TLSA records");
          assertStringIncludes(words, `3 1 1 ${report.chain[0]!.spkiSha256}`);
        }
      }),
  );
}

for (const numbers of all(2)) {
  live(`${numbers}: an authority of the chain, at its end or in between`, () =>
    Effect.gen(function* () {
      for (
        const [shown, authority] of [
          [chain("server", "ca"), "ca"],
          [chain("below", "middle", "ca"), "ca"],
          [chain("below", "middle"), "middle"],
          [chain("below", "middle", "ca"), "middle"],
          [chain("below", "other-ca", "ca", "middle"), "ca"],
          [chain("rsa", "ca-rsa"), "ca-rsa"],
          [chain("ed25519", "ca-ed25519"), "ca-ed25519"],
          [chain("p384", "ca-p384"), "ca-p384"],
        ] as const
      ) {
        const tlsa = [record(numbers, authority)];
        const report = yield* reportOn(shown, { servername, tlsa });
        assertEquals(report.verification, { verified: true, by: "dane-ta", record: tlsa[0]! });
        assertStringIncludes(
          PeerIdentity.explain(report),
          `comes from an authority that matches the record TLSA ${numbers}`,
        );
      }
    }));
}

const fromCa = record("2 0 1", "ca");

/** What the server shows, what the records are, the verdict, and what the words hold. */
const cases: ReadonlyArray<
  readonly [
    what: string,
    shown: string,
    options: TlsOptions,
    expected: CertificateFault | "dane-ee" | "dane-ta",
    words: string,
  ]
> = [
  // Names: only the authority needs them.
  [
    "another name",
    chain("server", "ca"),
    { servername: elsewhere, tlsa: [fromCa] },
    "wrong-name",
    `not for ${elsewhere}`,
  ],
  [
    "the second of two names",
    chain("server", "ca"),
    { servername: elsewhere, referenceNames: ["example.test", servername], tlsa: [fromCa] },
    "dane-ta",
    "comes from",
  ],
  [
    "none of three names",
    chain("server", "ca"),
    { servername: elsewhere, referenceNames: ["example.test", "wild.example.test"], tlsa: [fromCa] },
    "wrong-name",
    `not for ${elsewhere} or example.test or wild.example.test`,
  ],
  [
    "a common name only",
    chain("common-name", "ca"),
    { servername, tlsa: [fromCa] },
    "wrong-name",
    "no alternative names",
  ],
  // Times.
  [
    "a certificate that is over",
    chain("expired", "ca"),
    { servername, tlsa: [fromCa] },
    "expired",
    "expired on 2021-01-01",
  ],
  ["a certificate of the future", chain("future", "ca"), { servername, tlsa: [fromCa] }, "not-yet-valid", "2100-01-01"],
  [
    "an authority that is over",
    chain("below-expired", "middle-expired"),
    { servername, tlsa: [record("2 0 1", "middle-expired")] },
    "expired",
    'authority\'s certificate "middle until 2021" expired',
  ],
  [
    "an authority that is over, and stands in the record alone",
    chain("below-expired"),
    { servername, tlsa: [record("2 0 0", "middle-expired")] },
    "expired",
    '"middle until 2021" expired',
  ],
  [
    "an authority in between that is over",
    chain("below-expired", "middle-expired", "ca"),
    { servername, tlsa: [fromCa] },
    "expired",
    "expired",
  ],
  // Chains.
  [
    "an authority that was not sent",
    chain("server"),
    { servername, tlsa: [fromCa] },
    "tlsa-mismatch",
    "none of its TLSA",
  ],
  [
    "one in between that was not sent",
    chain("below", "ca"),
    { servername, tlsa: [fromCa] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "an authority that was sent and has signed nothing",
    chain("server", "other-ca"),
    { servername, tlsa: [record("2 0 1", "other-ca")] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "forged",
    chain("forged", "ca"),
    { servername, tlsa: [fromCa] },
    "invalid",
    "its signature is not that of its issuer",
  ],
  ["forged, by its key", chain("forged", "ca"), { servername, tlsa: [record("2 1 1", "ca")] }, "invalid", "signature"],
  [
    "forged in between",
    chain("forged-below", "forged-middle", "ca"),
    { servername, tlsa: [fromCa] },
    "invalid",
    "its issuer is no authority",
  ],
  [
    "signed by what is no authority",
    chain("no-ca", "client"),
    { servername, tlsa: [record("2 0 1", "client")] },
    "invalid",
    "it is not for a server",
  ],
  [
    "too many authorities",
    chain("too-deep", "deep", "shallow"),
    { servername, tlsa: [record("2 0 1", "shallow")] },
    "invalid",
    "may not vouch",
  ],
  [
    "inside of a fence",
    chain("inside", "fenced"),
    { servername: "in.example.test", tlsa: [record("2 0 1", "fenced")] },
    "dane-ta",
    "2 0 1",
  ],
  [
    "outside of a fence",
    chain("outside", "fenced"),
    { servername, tlsa: [record("2 0 1", "fenced")] },
    "invalid",
    "may not vouch",
  ],
  [
    "a critical extension of the authority",
    chain("below-odd", "odd"),
    { servername, tlsa: [record("2 0 1", "odd")] },
    "invalid",
    "1.2.3.4",
  ],
  ["for clients only", chain("for-clients", "ca"), { servername, tlsa: [fromCa] }, "invalid", "it is not for a server"],
  ["signed with SHA-1", chain("sha1", "ca"), { servername, tlsa: [fromCa] }, "invalid", "signature algorithm"],
  [
    "its own authority",
    chain("self-signed"),
    { servername, tlsa: [record("2 0 1", "self-signed")] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "its own authority, and called one",
    chain("self-signed-ca"),
    { servername, tlsa: [record("2 1 1", "self-signed-ca")] },
    "tlsa-mismatch",
    "none",
  ],
  [
    "its own authority, in the record",
    chain("self-signed"),
    { servername, tlsa: [record("2 0 0", "self-signed")] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "its own key, in the record",
    chain("self-signed"),
    { servername, tlsa: [record("2 1 0", "self-signed")] },
    "dane-ta",
    "2 1 0",
  ],
  // What need not be sent.
  ["an authority in the record", chain("server"), { servername, tlsa: [record("2 0 0", "ca")] }, "dane-ta", "2 0 0"],
  [
    "an authority in the record, above",
    chain("below", "middle"),
    { servername, tlsa: [record("2 0 0", "ca")] },
    "dane-ta",
    "2 0 0",
  ],
  [
    "another authority in the record",
    chain("server"),
    { servername, tlsa: [record("2 0 0", "other-ca")] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "forged, with the authority in the record",
    chain("forged"),
    { servername, tlsa: [record("2 0 0", "ca")] },
    "invalid",
    "signature",
  ],
  ["a bare key", chain("server"), { servername, tlsa: [record("2 1 0", "ca")] }, "dane-ta", "2 1 0"],
  ["a bare key above", chain("below", "middle"), { servername, tlsa: [record("2 1 0", "ca")] }, "dane-ta", "2 1 0"],
  [
    "another bare key",
    chain("server"),
    { servername, tlsa: [record("2 1 0", "other-ca")] },
    "tlsa-mismatch",
    "none of",
  ],
  ["a bare key, forged", chain("forged"), { servername, tlsa: [record("2 1 0", "ca")] }, "tlsa-mismatch", "none of"],
  ["a bare key, and over", chain("expired"), { servername, tlsa: [record("2 1 0", "ca")] }, "expired", "expired"],
  [
    "a bare key, and another name",
    chain("server"),
    { servername: elsewhere, tlsa: [record("2 1 0", "ca")] },
    "wrong-name",
    "not for",
  ],
  [
    "a key whose certificate was sent, and is over",
    chain("below-expired", "middle-expired"),
    { servername, tlsa: [record("2 1 0", "middle-expired")] },
    "expired",
    "middle until 2021",
  ],
  // Several records.
  [
    "the last of three",
    chain("server"),
    { servername, tlsa: [record("3 1 1", "client"), record("3 0 1", "expired"), record("3 1 1", "server")] },
    "dane-ee",
    "3 1 1",
  ],
  [
    "the authority's or its own, and the name is wrong",
    chain("server", "ca"),
    { servername: elsewhere, tlsa: [fromCa, record("3 1 1", "server")] },
    "dane-ee",
    "3 1 1",
  ],
  [
    "another's, or the authority's",
    chain("server", "ca"),
    { servername, tlsa: [record("3 1 1", "client"), fromCa] },
    "dane-ta",
    "2 0 1",
  ],
  [
    "two authorities, one of which is over",
    chain("below", "middle", "middle-expired"),
    { servername, tlsa: [record("2 0 1", "middle-expired"), record("2 0 1", "middle")] },
    "dane-ta",
    "2 0 1",
  ],
  [
    "one that can be used among others",
    chain("server"),
    {
      servername,
      tlsa: [
        record("0 1 1", "client"),
        record("1 1 1", "client"),
        { ...record("3 1 1", "server"), matchingType: 9 },
        { ...record("3 1 1", "server"), data: new Uint8Array(31) },
        record("3 1 1", "server"),
      ],
    },
    "dane-ee",
    "3 1 1",
  ],
  [
    "a match that cannot be used, and none that can",
    chain("server"),
    { servername, tlsa: [record("1 1 1", "server"), record("3 1 1", "client")] },
    "tlsa-mismatch",
    "none of",
  ],
  // Digest agility: SHA-256 is not asked where there is SHA-512.
  [
    "SHA-256 right, SHA-512 wrong",
    chain("server"),
    { servername, tlsa: [record("3 1 1", "server"), record("3 1 2", "client")] },
    "tlsa-mismatch",
    "none of",
  ],
  [
    "SHA-256 wrong, SHA-512 right",
    chain("server"),
    { servername, tlsa: [record("3 1 1", "client"), record("3 1 2", "server")] },
    "dane-ee",
    "3 1 2",
  ],
  [
    "SHA-256 of the key, SHA-512 of another certificate",
    chain("server"),
    { servername, tlsa: [record("3 1 1", "server"), record("3 0 2", "client")] },
    "dane-ee",
    "3 1 1",
  ],
  [
    "the key itself, and a wrong SHA-512",
    chain("server"),
    { servername, tlsa: [record("3 1 0", "server"), record("3 1 2", "client")] },
    "dane-ee",
    "3 1 0",
  ],
  // Nobody checks that who shows it has its key.
  [
    "version 1",
    chain("version-1"),
    { servername, tlsa: [record("3 0 1", "version-1")] },
    "invalid",
    "version 1; 3 is needed",
  ],
];

for (const [what, shown, options, expected, words] of cases) {
  live(`by its records, ${what}: ${expected}`, () =>
    Effect.gen(function* () {
      const report = yield* reportOn(shown, options);
      assertEquals(verdict(report), expected);
      assertStringIncludes(PeerIdentity.explain(report), words);
      assertEquals([report.serverName, report.referenceNames], [options.servername, options.referenceNames ?? []]);
    }));
}

live(
  "the authority of a record stands in the report, so that it can be seen who vouches",
  () =>
    Effect.gen(function* () {
      const tlsa = [record("2 0 0", "ca"), record("2 0 0", "other-ca")];
      const { chain: shown } = yield* reportOn(chain("server"), { servername, tlsa });
      assertEquals(shown.map(({ commonName }) => commonName), ["mx.example.test", "plausch test authority"]);
    }),
);

const bad: ReadonlyArray<readonly [what: string, options: TlsOptions, words: string]> = [
  ["no record of use", { servername, tlsa: [record("0 0 1", "ca"), record("1 0 1", "server")] }, "can be used"],
  ["pins as well", { servername, tlsa: [fromCa], pins: ["ab".repeat(32)] }, "both decide alone"],
];
for (const [what, options, words] of bad) {
  live(`${what}: bad options`, () =>
    Effect.gen(function* () {
      const { host, port } = yield* tlsServer(chain("server", "ca"));
      const socket = Connect.make({ host, port });
      yield* Effect.scoped(Effect.gen(function* () {
        const reader = yield* socket.reader;
        const error = tlsErrorOf(yield* Effect.flip(reader.startTls(options)));
        assertEquals(error.reason, "BadOptions");
        assertStringIncludes(error.message, words);
      }));
    }));
}

for (
  const name of ["server", "expired", "self-signed", "self-signed-ca", "for-clients", "below-odd", "version-1"]
) {
  Deno.test({
    name: `whoever has a certificate (${name}) that a record stands for, but not its key, is refused`,
    ignore: !hasOpenssl,
    fn: () =>
      Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        for (const numbers of ["3 0 1", "3 1 1"] as const) {
          const port = yield* opensslServer(name, "stolen");
          const socket = Connect.make({ host: "127.0.0.1", port, tls: { servername, tlsa: [record(numbers, name)] } });
          const error = tlsErrorOf(yield* soon("dialling", Effect.flip(socket.reader)));
          assertEquals(error.reason, name === "version-1" ? "CertificateRefused" : "Alert");
        }
      }))),
  });
}

live("records are a demand, even where any certificate would do without them", () =>
  Effect.gen(function* () {
    const { host, port, heard } = yield* tlsServer(chain("server"));
    const socket = Connect.make({
      host,
      port,
      tls: { servername, rejectUnauthorized: false, tlsa: [record("3 1 1", "client")] },
    });
    const error = tlsErrorOf(yield* soon("dialling", Effect.flip(socket.reader)));
    assertEquals([error.reason, heard], ["CertificateRefused", []]);
  }));

live("no records at all are as if nothing was said of them", () =>
  Effect.gen(function* () {
    const report = yield* reportOn(chain("server"), { servername, ca: pem("ca.pem"), tlsa: [] });
    assertEquals(verdict(report), "pkix");
  }));
