import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as crypto from "node:crypto";
import { Connect, Listen } from "@plausch/net";
import type { CertificateFault, TlsOptions, TlsReport } from "@plausch/tls";
import { PeerIdentity } from "@plausch/tls";
import { live } from "../support/it.ts";
import {
  chain,
  eventually,
  hasOpenssl,
  opensslServer,
  pem,
  reportOn,
  soon,
  tlsErrorOf,
  tlsServer,
  verdict,
} from "./support.ts";

const servername = "mx.example.test";
const ca = pem("ca.pem");

/** What the server shows, what the client asks for, the verdict, and what the words hold. */
const cases: ReadonlyArray<
  readonly [what: string, shown: string, options: TlsOptions, expected: CertificateFault | "pkix", words: string]
> = [
  ["a known authority", chain("server"), { ca, servername }, "pkix", "comes from a known authority"],
  ["an authority among several", chain("server"), { ca: [pem("other-ca.pem"), ca], servername }, "pkix", "known"],
  [
    "authorities in one text, as octets",
    chain("server"),
    {
      ca: new TextEncoder().encode(pem("other-ca.pem") + ca),
      servername,
    },
    "pkix",
    "known",
  ],
  ["an authority in between", chain("below", "middle"), { ca, servername }, "pkix", "known"],
  ["the authority sent along", chain("below", "middle", "ca"), { ca, servername }, "pkix", "known"],
  ["others sent along, in any order", chain("below", "other-ca", "middle"), { ca, servername }, "pkix", "known"],
  ["the one in between trusted itself", chain("below"), { ca: pem("middle.pem"), servername }, "pkix", "known"],
  ["a wildcard", chain("server"), { ca, servername: "q.wild.example.test" }, "pkix", "known"],
  ["a wildcard in other case", chain("server"), { ca, servername: "Q.Wild.Example.TEST" }, "pkix", "known"],
  ["an IPv4 address", chain("server"), { ca, servername: "127.0.0.1" }, "pkix", "known"],
  ["an IPv6 address", chain("server"), { ca, servername: "::1" }, "pkix", "known"],
  ["an IPv6 address written long", chain("server"), { ca, servername: "0:0:0:0:0:0:0:1" }, "pkix", "known"],
  ["a name with its last dot", chain("server"), { ca, servername: "mx.example.test." }, "pkix", "known"],
  [
    "a self-signed one that is trusted",
    chain("self-signed"),
    { ca: chain("self-signed"), servername },
    "pkix",
    "known",
  ],
  [
    "one that calls itself an authority, trusted",
    chain("self-signed-ca"),
    {
      ca: chain("self-signed-ca"),
      servername,
    },
    "pkix",
    "known",
  ],
  ["an RSA authority", chain("rsa"), { ca: chain("ca-rsa"), servername }, "pkix", "known"],
  ["an Ed25519 authority", chain("ed25519"), { ca: chain("ca-ed25519"), servername }, "pkix", "known"],
  ["a P-384 authority", chain("p384"), { ca: chain("ca-p384"), servername }, "pkix", "known"],
  ["a P-521 authority", chain("p521"), { ca: chain("ca-p521"), servername }, "pkix", "known"],
  ["a fenced authority, inside", chain("inside", "fenced"), { ca, servername: "in.example.test" }, "pkix", "known"],
  [
    "an unknown authority",
    chain("server"),
    { ca: chain("other-ca"), servername },
    "unknown-ca",
    "plausch test authority",
  ],
  [
    "an unknown authority sent along",
    chain("server", "ca"),
    {
      ca: chain("other-ca"),
      servername,
    },
    "unknown-ca",
    "who is not known here",
  ],
  ["no authority of ours", chain("server"), { servername }, "unknown-ca", "give that authority as ca"],
  ["a missing one in between", chain("below"), { ca, servername }, "unknown-ca", 'leads to "CN=middle, O=plausch"'],
  ["expired", chain("expired"), { ca, servername }, "expired", '"mx.example.test" expired on 2021-01-01 00:00 UTC'],
  [
    "expired, and not asked to mind",
    chain("expired"),
    {
      ca,
      servername,
      rejectUnauthorized: false,
    },
    "expired",
    "expired",
  ],
  ["expired, from nobody known", chain("expired"), { servername }, "expired", "its certificate"],
  ["not valid yet", chain("future"), { ca, servername }, "not-yet-valid", "is not valid before 2100-01-01 00:00 UTC"],
  [
    "expired in between",
    chain("below-expired", "middle-expired"),
    {
      ca,
      servername,
    },
    "expired",
    `an authority's certificate "middle until 2021" expired`,
  ],
  [
    "another name",
    chain("server"),
    {
      ca,
      servername: "other.example.test",
    },
    "wrong-name",
    "is for mx.example.test, *.wild.example.test, 127.0.0.1, ::1, not for other.example.test",
  ],
  ["another name, from nobody known", chain("server"), { servername: "other.example.test" }, "wrong-name", "not for"],
  ["a wildcard over two labels", chain("server"), { ca, servername: "a.b.wild.example.test" }, "wrong-name", "not for"],
  ["a wildcard over no label", chain("server"), { ca, servername: "wild.example.test" }, "wrong-name", "not for"],
  ["another address", chain("server"), { ca, servername: "127.0.0.2" }, "wrong-name", "not for 127.0.0.2"],
  ["a common name only", chain("common-name"), { ca, servername }, "wrong-name", "has no alternative names"],
  ["self-signed", chain("self-signed"), { ca, servername }, "self-signed", "is self-signed"],
  ["self-signed, no authority of ours", chain("self-signed"), { servername }, "self-signed", "pin its SHA-256"],
  ["self-signed, called an authority", chain("self-signed-ca"), { ca, servername }, "self-signed", "is self-signed"],
  ["signed by no authority", chain("no-ca", "client"), { ca, servername }, "invalid", "its issuer is no authority"],
  ["too many authorities", chain("too-deep", "deep", "shallow"), { ca, servername }, "invalid", "may not vouch"],
  ["a fenced authority, outside", chain("outside", "fenced"), { ca, servername }, "invalid", "may not vouch"],
  ["for clients only", chain("for-clients"), { ca, servername }, "invalid", "it is not for a server"],
  ["an unknown critical extension", chain("below-odd", "odd"), { ca, servername }, "invalid", "1.2.3.4"],
  ["SHA-1", chain("sha1"), { ca, servername }, "invalid", "signature algorithm 1.2.840.10045.4.1"],
  ["version 1", chain("version-1"), { ca, servername }, "invalid", "it is of X.509 version 1; 3 is needed"],
  ["forged", chain("forged"), { ca, servername }, "invalid", "its signature is not that of its issuer"],
  ["forged, of version 1", chain("forged-version-1"), { ca, servername }, "invalid", "version 1"],
  [
    "forged, from an authority of version 1",
    chain("forged-below", "forged-middle"),
    {
      ca,
      servername,
    },
    "invalid",
    "its issuer is no authority",
  ],
];

for (const [what, shown, options, expected, words] of cases) {
  live(`the verdict on a server with ${what}: ${expected}`, () =>
    Effect.gen(function* () {
      const report = yield* reportOn(shown, options);
      assertEquals(verdict(report), expected);
      assertStringIncludes(PeerIdentity.explain(report), words);
      assertEquals(report.serverName, options.servername);
    }));
}

live("the report has what OpenSSL says of the certificates", () =>
  Effect.gen(function* () {
    const report = yield* reportOn(chain("below", "middle"), { ca, servername, minVersion: "TLSv1.3" });
    assertEquals(report.protocol, "TLSv1.3");
    assert(/^TLS_(?:AES|CHACHA20)_/.test(report.cipher), report.cipher);
    assertEquals(report.alpnProtocol, undefined);
    // The authority that was found comes last.
    assertEquals(report.chain.length, 3);
    for (const [index, name] of ["below", "middle", "ca"].entries()) {
      const expected = new crypto.X509Certificate(pem(`${name}.pem`));
      const spki = expected.publicKey.export({ type: "spki", format: "der" });
      const { der, ...certificate } = report.chain[index]!;
      assertEquals(der, new Uint8Array(expected.raw));
      assertEquals(certificate, {
        subject: expected.subject.replaceAll("\n", ", "),
        commonName: /CN=(.*)$/m.exec(expected.subject)![1],
        issuer: expected.issuer.replaceAll("\n", ", "),
        subjectAltNames: name === "below"
          ? ["DNS:mx.example.test", "DNS:*.wild.example.test", "IP:127.0.0.1", "IP:::1"]
          : [],
        validFrom: Date.UTC(2020, 0, 1),
        validTo: Date.UTC(2120, 0, 1),
        serialNumber: certificate.serialNumber,
        sha256: expected.fingerprint256.replaceAll(":", "").toLowerCase(),
        spkiSha256: crypto.createHash("sha256").update(spki).digest("hex"),
        isSelfSigned: name === "ca",
      });
      assertEquals(certificate.serialNumber.replace(/^0+/, ""), expected.serialNumber.toLowerCase().replace(/^0+/, ""));
    }
  }));

const digests = (name: string) => {
  const certificate = new crypto.X509Certificate(pem(`${name}.pem`));
  const hash = crypto.createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" }));
  return { certificate: certificate.fingerprint256, key: hash.digest("base64") };
};

live("a pin decides alone, whatever else is wrong", () =>
  Effect.gen(function* () {
    const nobody = "ab".repeat(32);
    for (const name of ["server", "expired", "self-signed", "common-name"]) {
      const { certificate, key } = digests(name);
      for (const pins of [[certificate], [key], [nobody, certificate.replaceAll(":", "")]]) {
        for (const servername of ["mx.example.test", "other.example.test", undefined]) {
          assertEquals(verdict(yield* reportOn(chain(name), { pins, servername })), "pin");
        }
      }
      for (const rejectUnauthorized of [true, false]) {
        const report = yield* reportOn(chain(name), { ca, servername, rejectUnauthorized, pins: [nobody] });
        assertEquals(verdict(report), "pin-mismatch");
        assertStringIncludes(PeerIdentity.explain(report), report.chain[0]!.sha256);
      }
    }
    // The pin of an authority is not that of the server.
    const pins = [digests("middle").certificate, digests("middle").key];
    assertEquals(verdict(yield* reportOn(chain("below", "middle"), { servername, pins })), "pin-mismatch");
  }));

live(
  "a pinned certificate of version 1 is refused: nobody checks that its owner is there",
  () =>
    Effect.gen(function* () {
      const report = yield* reportOn(chain("version-1"), { servername, pins: [digests("version-1").certificate] });
      assertEquals(verdict(report), "invalid");
    }),
);

live("a peer that was not known is not known the next time either", () =>
  Effect.gen(function* () {
    const { host, port } = yield* tlsServer(chain("server"));
    const verdicts: Array<string> = [];
    for (let i = 0; i < 3; i++) {
      const socket = Connect.make({ host, port, tls: { servername, rejectUnauthorized: false } });
      yield* Effect.scoped(Effect.flatMap(socket.reader, (reader) => reader.pull));
      verdicts.push(verdict(socket.tls()!));
    }
    assertEquals(verdicts, ["unknown-ca", "unknown-ca", "unknown-ca"]);
  }));

for (const [cert, reason] of [["server", "Alert"], ["version-1", "CertificateRefused"]] as const) {
  Deno.test({
    name: `whoever has a certificate (${cert}) but not its key is refused`,
    ignore: !hasOpenssl,
    fn: () =>
      Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        for (const trust of [{ ca }, { pins: [digests(cert).certificate] }]) {
          const port = yield* opensslServer(cert, "stolen");
          const socket = Connect.make({ host: "127.0.0.1", port, tls: { servername, ...trust } });
          const error = tlsErrorOf(yield* soon("dialling", Effect.flip(socket.reader)));
          assertEquals(error.reason, reason);
        }
      }))),
  });
}

/** What a client that shows this comes to, on a server that asks for its certificate. */
const clientCases: ReadonlyArray<
  readonly [what: string, shown: string | undefined, options: TlsOptions, expected: string]
> = [
  ["of a known authority", "client", { ca }, "pkix"],
  ["none", undefined, { ca }, "no-certificate"],
  ["none, and not asked to mind", undefined, { ca, rejectUnauthorized: false }, "no-certificate"],
  ["of nobody known", "client", { ca: pem("other-ca.pem") }, "unknown-ca"],
  [
    "of nobody known, and not asked to mind",
    "client",
    { ca: pem("other-ca.pem"), rejectUnauthorized: false },
    "unknown-ca",
  ],
  ["without authorities of the server", "client", {}, "unknown-ca"],
  ["for servers", "server", { ca }, "invalid"],
  ["expired", "expired", { ca }, "expired"],
  ["self-signed", "self-signed", { ca }, "self-signed"],
  ["self-signed, trusted", "self-signed-ca", { ca: chain("self-signed-ca") }, "pkix"],
  ["forged", "forged-below", { ca }, "invalid"],
  ["of version 1", "version-1", { ca }, "invalid"],
  ["pinned", "self-signed", { pins: [digests("self-signed").key] }, "pin"],
  ["other than pinned", "client", { ca, pins: [digests("self-signed").certificate] }, "pin-mismatch"],
];

for (const [what, shown, options, expected] of clientCases) {
  live(`the verdict on a client with a certificate ${what}: ${expected}`, () =>
    Effect.gen(function* () {
      const listener = yield* Listen.listen();
      const reports: Array<TlsReport> = [];
      const identity = { key: Redacted.make(pem("server.key")), cert: pem("server.pem") };
      yield* Effect.forkScoped(listener.run((socket) =>
        Effect.gen(function* () {
          const reader = yield* socket.reader;
          const upgraded = yield* Effect.result(reader.startTls({ ...identity, requestCert: true, ...options }));
          reports.push(upgraded._tag === "Success" ? upgraded.success : tlsErrorOf(upgraded.failure).report!);
          if (upgraded._tag === "Success") yield* (yield* socket.writer).write("welcome\n");
        })
      ));
      const key = Redacted.make(pem(shown === "client" ? "client.key" : "server.key"));
      const shows = shown === undefined ? {} : { key, cert: pem(`${shown}.pem`) };
      const socket = Connect.make({ host: "127.0.0.1", port: listener.port, tls: { ca, servername, ...shows } });
      const heard = yield* soon("dialling", Effect.option(Effect.flatMap(socket.reader, (reader) => reader.pull)));
      yield* eventually("the server has decided", () => reports.length === 1);
      assertEquals(verdict(reports[0]!), expected);
      assertEquals(reports[0]!.serverName, servername);
      const welcome = expected === "pkix" || expected === "pin" || options.rejectUnauthorized === false;
      assertEquals(heard._tag, welcome ? "Some" : "None");
    }));
}
