import { assertEquals, assertStringIncludes } from "@std/assert";
import { isTlsReader, TlsError, TlsLevel, type TlsReader } from "@plausch/tls";
import * as Effect from "effect/Effect";
import { certificate } from "./support.ts";

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

Deno.test("each reason says what failed and what to do", () => {
  const serverName = "mx.example.test";
  const report = {
    protocol: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    serverName,
    alpnProtocol: undefined,
    chain: [certificate()],
    verification: { verified: false, fault: "unknown-ca", detail: undefined },
  } as const;
  assertEquals(
    new TlsError({ reason: "CertificateRefused", report }).message,
    'Cannot trust mx.example.test: its certificate "mx.example.test" leads to "CN=Authority", who is not known here; ' +
      "give that authority as ca, or tell the server to send the certificates in between",
  );
  assertEquals(
    new TlsError({ reason: "CertificateRefused" }).message,
    "Cannot trust the other side: it has not proven who it is",
  );
  assertEquals(
    new TlsError({ reason: "NotTls", serverName }).message,
    "Cannot begin TLS with mx.example.test: what it says is no TLS. " +
      "If the port is not for TLS from the start, begin in clear and use STARTTLS",
  );
  assertEquals(
    new TlsError({ reason: "ConnectionClosed" }).message,
    "The TLS handshake failed: the connection was closed in the middle of it. " +
      "The other side may speak no TLS here, or only versions before 1.2",
  );
  assertEquals(
    new TlsError({ reason: "Timeout", serverName, cause: coded("ETIMEDOUT", "it was not finished after 30s") }).message,
    "The TLS handshake with mx.example.test failed: it was not finished after 30s. " +
      "If TLS was to begin with the connection, the other side may wait for words in clear",
  );
  assertStringIncludes(new TlsError({ reason: "Timeout" }).message, "failed: it was not finished in time. If TLS");
  assertEquals(
    new TlsError({ reason: "BadOptions", cause: new Error("ca has no certificate") }).message,
    "Cannot begin TLS: ca has no certificate",
  );
  assertEquals(new TlsError({ reason: "BadOptions" }).message, "Cannot begin TLS: its settings make no sense");
  assertEquals(
    new TlsError({ reason: "Unavailable", cause: new Error('Module not found "file:///tls.js"') }).message,
    'Cannot begin TLS: what speaks it could not be loaded: Module not found "file:///tls.js"',
  );
});

Deno.test("alerts are repeated, with advice where there is any", () => {
  const cases: ReadonlyArray<readonly [code: string, said: string, advice: string]> = [
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "received fatal alert: ProtocolVersion", "no version of TLS in common"],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "unsupported protocol", "no version of TLS in common"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "received fatal alert: CertificateRequired", "give cert and key"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "received fatal alert: BadCertificate", "does not take the certificate"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "received fatal alert: UnknownCA", "does not take the certificate"],
    ["ERR_SSL_TLSV1_UNRECOGNIZED_NAME", "tlsv1 unrecognized name", "does not know the name"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "received fatal alert: UnrecognisedName", "does not know the name"],
    ["ERR_SSL_NO_APPLICATION_PROTOCOL", "no application protocol", "no ALPN protocol in common"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "received fatal alert: HandshakeFailure", "or no cipher, in common"],
  ];
  for (const [code, said, advice] of cases) {
    const { message } = new TlsError({ reason: "Alert", cause: coded(code, said) });
    assertStringIncludes(message, `The TLS handshake failed: ${said}: `);
    assertStringIncludes(message, advice);
  }
  const unknown = new TlsError({
    reason: "Alert",
    cause: coded("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", " internal error\n"),
  });
  assertEquals(unknown.message, "The TLS handshake failed: internal error");
  assertEquals(new TlsError({ reason: "Alert" }).message, "The TLS handshake failed");
});

Deno.test("the words of others are escaped", () => {
  const cause = new Error("\u001b[2J\u202e");
  assertEquals(
    new TlsError({ reason: "Alert", serverName: "a\nb", cause }).message,
    "The TLS handshake with a\\u{a}b failed: \\u{1b}[2J\\u{202e}",
  );
});

Deno.test("all but what is wrong here may be mended on the other side", () => {
  const here = ["BadOptions", "Unavailable"] as const;
  const reasons = ["CertificateRefused", "NotTls", "Alert", "ConnectionClosed", "Timeout", ...here] as const;
  assertEquals(reasons.filter((reason) => !new TlsError({ reason }).isTemporary), [...here]);
  assertEquals(new TlsError({ reason: "Alert" }).name, "TlsError");
});

Deno.test("a reader that can do TLS is known by what it has", () => {
  const reader = { pull: Effect.never, upgrade: () => Effect.void };
  const able: TlsReader = { ...reader, buffered: () => 0, startTls: () => Effect.never, tls: () => undefined };
  assertEquals([isTlsReader(able), isTlsReader(reader)], [true, false]);
});

Deno.test("the levels, the weakest first, and which go on in clear", () => {
  assertEquals(TlsLevel.levels.map((level) => [level, TlsLevel.allowsClear(level)]), [
    ["none", true],
    ["opportunistic", true],
    ["required", false],
    ["verified", false],
    ["mta-sts", false],
    ["dane", false],
  ]);
});
