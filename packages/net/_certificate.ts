import type { Certificate } from "@plausch/tls/tls-report";
import { createHash, X509Certificate } from "node:crypto";
import type * as tls from "node:tls";

const digest = (octets: Uint8Array): string => createHash("sha256").update(octets).digest("hex");

const isSelfSigned = (certificate: X509Certificate): boolean => {
  try {
    return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
};

const distinguishedName = (lines: string): string => lines.split("\n").join(", ");

/** What a DER-encoded certificate says. Throws if it is none. */
const fromDer = (der: Uint8Array): Certificate => {
  const certificate = new X509Certificate(der);
  return {
    subject: distinguishedName(certificate.subject),
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1],
    issuer: distinguishedName(certificate.issuer),
    subjectAltNames: (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== ""),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    serialNumber: certificate.serialNumber,
    sha256: digest(der),
    spkiSha256: digest(certificate.publicKey.export({ type: "spki", format: "der" })),
    isSelfSigned: isSelfSigned(certificate),
    der: Uint8Array.from(der),
  };
};

/** The certificates of the peer, its own first. */
export const chainOf = (socket: tls.TLSSocket): ReadonlyArray<Certificate> => {
  const chain = new Map<string, Certificate>();
  let at: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.raw !== undefined) {
    const certificate = fromDer(at.raw);
    if (chain.has(certificate.sha256)) break;
    chain.set(certificate.sha256, certificate);
    at = at.issuerCertificate;
  }
  return [...chain.values()];
};
