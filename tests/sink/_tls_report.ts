import type { TlsReport } from "@plausch/tls/tls-report";

/** What a handshake came to in which the client showed a certificate for this name. */
export const certificateOf = (name: string): TlsReport => ({
  protocol: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  serverName: undefined,
  alpnProtocol: undefined,
  chain: [{
    subject: `CN=${name}`,
    commonName: name,
    issuer: "CN=ca.test",
    subjectAltNames: [`DNS:${name}`],
    validFrom: 0,
    validTo: 1,
    serialNumber: "01",
    sha256: "00",
    spkiSha256: "00",
    isSelfSigned: false,
    der: new Uint8Array(),
  }],
  verification: { verified: true, by: "pkix" },
});
