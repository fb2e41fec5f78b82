/**
 * What a TLS handshake came to: in two or three lines, in full, or as data.
 *
 * @module
 */
import * as Printable from "@plausch/smtp/printable";
import type { Certificate, CertificateFault, TlsReport } from "@plausch/tls/tls-report";

const day = 24 * 60 * 60 * 1000;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** How long a certificate is valid, as seen at a time in milliseconds since the epoch. */
export const validity = ({ validFrom, validTo }: Certificate, now: number): string => {
  if (now < validFrom) return `valid in ${count(Math.ceil((validFrom - now) / day), "day")}, from ${dateOf(validFrom)}`;
  if (now > validTo) return `expired ${count(Math.floor((now - validTo) / day), "day")} ago, on ${dateOf(validTo)}`;
  return `valid for ${count(Math.floor((validTo - now) / day), "more day")}, to ${dateOf(validTo)}`;
};

/** The names a certificate is valid for, as people write them. */
export const names = ({ subjectAltNames }: Certificate): ReadonlyArray<string> =>
  subjectAltNames.map((name) => Printable.escape(name.replace(/^(?:DNS|IP Address|IP):/, "")));

/** The first few of some words, and how many more there are. */
export const few = (words: ReadonlyArray<string>, shown = 3): string =>
  words.length <= shown ? words.join(", ") : `${words.slice(0, shown).join(", ")} and ${words.length - shown} more`;

/** A certificate's fault, to stand behind "because". */
const faults: { readonly [F in CertificateFault]: string } = {
  "no-certificate": "it showed no certificate",
  expired: "the certificate has expired",
  "not-yet-valid": "the certificate is not valid yet",
  "wrong-name": "the certificate is for another name",
  "self-signed": "the certificate is self-signed",
  "unknown-ca": "nobody known here vouches for the certificate",
  "pin-mismatch": "the certificate is none of those that were pinned",
  invalid: "the certificate is not valid",
};

/** Whether the peer has proven who it is, in a sentence. Safe to print. */
export const verdict = ({ verification, serverName }: TlsReport): string => {
  const who = serverName === undefined ? "" : ` to be ${Printable.escape(serverName)}`;
  if (verification.verified) {
    return verification.by === "pin" ? `Proven${who}: the certificate is pinned` : `Proven${who}: by a known authority`;
  }
  const { fault, detail } = verification;
  const words = fault === "invalid" && detail !== undefined
    ? `${faults.invalid}: ${Printable.escape(detail)}`
    : faults[fault];
  return `Not proven${who}: ${words}`;
};

/** The handshake, the server's certificate and what it proves, in a line each. Safe to print. */
export const summary = (
  report: TlsReport | undefined,
  now: number,
): ReadonlyArray<{ readonly text: string; readonly role: "note" | "accepted" | "refused" }> => {
  if (report === undefined) return [{ text: "TLS started", role: "note" }];
  const [own] = report.chain;
  const started = `TLS started with ${Printable.escape(report.protocol)} / ${Printable.escape(report.cipher)}`;
  const by = own === undefined || own.isSelfSigned ? "by itself" : `by ${Printable.escape(own.issuer)}`;
  return [
    { text: started, role: "note" },
    ...(own === undefined ? [] : [{
      text: `Certificate of ${Printable.escape(own.subject)}, for ${few(names(own)) || "no name"}, ${by}, ${
        validity(own, now)
      }`,
      role: "note" as const,
    }]),
    { text: verdict(report), role: report.verification.verified ? "accepted" : "refused" },
  ];
};

/** A digest of a TLSA record that stands for a certificate's key: usage 3 for the server's own, 2 for an authority (RFC 7671). */
const tlsa = (host: string, port: number | undefined, { spkiSha256 }: Certificate, index: number): string =>
  `_${port ?? 25}._tcp.${host}. IN TLSA ${index === 0 ? 3 : 2} 1 1 ${spkiSha256}`;

/**
 * Every certificate in full, with the record that would announce it in the DNS (DANE, RFC 7672) where the server has a name
 * and a port. Safe to print.
 */
export const chain = (report: TlsReport, port: number | undefined, now: number): ReadonlyArray<string> => {
  const { serverName = "", chain } = report;
  const isName = port !== undefined && /[a-z]/i.test(serverName) && !serverName.includes(":");
  return chain.flatMap((certificate, index) => [
    `Certificate ${index + 1} of ${chain.length}`,
    `  subject ${Printable.escape(certificate.subject)}`,
    `  names   ${names(certificate).join(", ") || "none"}`,
    `  issuer  ${Printable.escape(certificate.issuer)}${certificate.isSelfSigned ? " (self-signed)" : ""}`,
    `  valid   ${dateOf(certificate.validFrom)} to ${dateOf(certificate.validTo)}; ${validity(certificate, now)}`,
    `  serial  ${Printable.escape(certificate.serialNumber)}`,
    `  SHA-256 ${certificate.sha256}`,
    `  SPKI    ${certificate.spkiSha256}`,
    ...(isName ? [`  TLSA    ${tlsa(Printable.escape(serverName), port, certificate, index)}`] : []),
  ]);
};

const base64 = (octets: Uint8Array): string => btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));

const certificateJson = (self: Certificate): object => ({
  subject: self.subject,
  commonName: self.commonName ?? null,
  issuer: self.issuer,
  subjectAltNames: self.subjectAltNames,
  validFrom: new Date(self.validFrom).toISOString(),
  validTo: new Date(self.validTo).toISOString(),
  serialNumber: self.serialNumber,
  sha256: self.sha256,
  spkiSha256: self.spkiSha256,
  isSelfSigned: self.isSelfSigned,
  der: base64(self.der),
});

/** The report as plain data; certificates are there in full, as DER in base64. */
export const json = (self: TlsReport): object => ({
  protocol: self.protocol,
  cipher: self.cipher,
  serverName: self.serverName ?? null,
  alpnProtocol: self.alpnProtocol ?? null,
  verification: self.verification.verified
    ? { verified: true, by: self.verification.by, fault: null, detail: null }
    : { verified: false, by: null, fault: self.verification.fault, detail: self.verification.detail ?? null },
  chain: self.chain.map(certificateJson),
});
