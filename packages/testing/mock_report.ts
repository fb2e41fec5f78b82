/**
 * Reports of TLS handshakes that never were, for mock sockets and for tests of whatever reads a report.
 *
 * @example A certificate for somebody else
 * ```ts
 * import * as MockReport from "@plausch/testing/mock-report";
 * import { assertEquals } from "@std/assert";
 *
 * const report = MockReport.make({ serverName: "mx.test", fault: "wrong-name" });
 * assertEquals(report.verification, { verified: false, fault: "wrong-name", detail: undefined });
 * assertEquals(report.chain[0]?.subjectAltNames, ["DNS:other.test"]);
 * ```
 *
 * @module
 */
import type { Certificate, CertificateFault, TlsReport } from "@plausch/tls/tls-report";
import type { Tlsa } from "@plausch/tls/tlsa";

/** What a report is to say. */
export interface Options {
  /** The name that the certificate was checked for. Default: `mx.test`. */
  readonly serverName?: string | undefined;
  /** What is wrong with the certificate. Default: nothing, it proves who the server is. */
  readonly fault?: CertificateFault | undefined;
}

const authority = "CN=Mock Authority";

const sound = (name: string): Certificate => ({
  subject: `CN=${name}`,
  commonName: name,
  issuer: authority,
  subjectAltNames: [`DNS:${name}`],
  validFrom: Date.UTC(1970, 0, 1),
  validTo: Date.UTC(2970, 0, 1),
  serialNumber: "01",
  sha256: "5a".repeat(32),
  spkiSha256: "a5".repeat(32),
  isSelfSigned: false,
  der: new Uint8Array(),
});

/** The TLSA record of the key of every mock certificate: `3 1 1` and `a5` 32 times. */
export const daneEe: Tlsa = { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(0xa5) };

/** The TLSA record of the key of the authority behind every mock certificate: `2 1 1` and `c5` 32 times. */
export const daneTa: Tlsa = { usage: 2, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(0xc5) };

/** How the certificate shows its fault. The others are not seen in the certificate itself. */
const flaws: { readonly [F in CertificateFault]?: Partial<Certificate> } = {
  expired: { validTo: Date.UTC(1969, 11, 31) },
  "not-yet-valid": { validFrom: Date.UTC(2969, 11, 31) },
  "wrong-name": { subject: "CN=other.test", commonName: "other.test", subjectAltNames: ["DNS:other.test"] },
  "unknown-ca": { issuer: "CN=Nobody" },
};

const certificateOf = (name: string, fault: CertificateFault | undefined): Certificate => {
  const certificate = { ...sound(name), ...(fault === undefined ? {} : flaws[fault]) };
  return fault === "self-signed" ? { ...certificate, issuer: certificate.subject, isSelfSigned: true } : certificate;
};

/**
 * A report of a handshake with TLS 1.3: one certificate, issued by `CN=Mock Authority` for the server's name from 1970 to
 * 2970, but for its fault. It has no DER, its digest is `5a` 32 times, and that of its key is `a5` 32 times.
 *
 * @example A server that has proven who it is
 * ```ts
 * import * as MockReport from "@plausch/testing/mock-report";
 * import { assertEquals } from "@std/assert";
 *
 * const { protocol, serverName, verification } = MockReport.make();
 * assertEquals([protocol, serverName, verification.verified], ["TLSv1.3", "mx.test", true]);
 * ```
 */
export const make = ({ serverName = "mx.test", fault }: Options = {}): TlsReport => ({
  protocol: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  serverName,
  alpnProtocol: undefined,
  chain: fault === "no-certificate" ? [] : [certificateOf(serverName, fault)],
  verification: fault === undefined ? { verified: true, by: "pkix" } : { verified: false, fault, detail: undefined },
});
