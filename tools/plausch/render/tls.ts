/**
 * What a TLS handshake came to: in two or three lines, in full, or as data.
 *
 * @module
 */
import * as Printable from "@plausch/smtp/printable";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { Certificate, CertificateFault, TlsReport, Verification } from "@plausch/tls/tls-report";
import * as Tlsa from "@plausch/tls/tlsa";

const day = 24 * 60 * 60 * 1000;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** How long a certificate is valid, as seen at a time in milliseconds since the epoch. */
export const validity = ({ validFrom, validTo }: Certificate, now: number): string => {
  if (now < validFrom) return `valid in ${count(Math.ceil((validFrom - now) / day), "day")}`;
  if (now > validTo) return `expired ${count(Math.floor((now - validTo) / day), "day")} ago`;
  return `${count(Math.floor((validTo - now) / day), "day")} left`;
};

/** The names a certificate is valid for, as people write them. */
export const names = ({ subjectAltNames }: Certificate): ReadonlyArray<string> =>
  subjectAltNames.map((name) => Printable.escape(name.replace(/^(?:DNS|IP Address|IP):/, "")));

/** The first few of some words, and how many more there are. */
const few = (words: ReadonlyArray<string>, shown: number): string =>
  words.length <= shown ? words.join(", ") : `${words.slice(0, shown).join(", ")} and ${words.length - shown} more`;

const faults: { readonly [F in CertificateFault]: string } = {
  "no-certificate": "no certificate",
  expired: "expired",
  "not-yet-valid": "not valid yet",
  "wrong-name": "another name",
  "self-signed": "self-signed",
  "unknown-ca": "unknown authority",
  "pin-mismatch": "none of those that are pinned",
  "tlsa-mismatch": "no TLSA record matches",
  invalid: "invalid",
};

/** What has proven who the peer is. */
const proof = (verification: Extract<Verification, { readonly verified: true }>): string => {
  if (!("record" in verification)) return verification.by === "pin" ? "its pin" : "PKIX";
  const { usage, selector, matchingType } = verification.record;
  return `DANE, TLSA ${usage} ${selector} ${matchingType}`;
};

/** A part of a line, and what it is. */
export interface Part {
  /** The text; safe to print. */
  readonly text: string;
  /** What it is, which decides how it looks. */
  readonly role: "note" | "accepted" | "refused";
}

/** Whether the peer has proven who it is. */
const verdict = ({ verification, serverName }: TlsReport): Part => {
  const who = serverName === undefined ? "" : ` as ${Printable.escape(serverName)}`;
  if (verification.verified) return { text: `verified${who} by ${proof(verification)}`, role: "accepted" };
  const { fault, detail } = verification;
  const more = fault === "invalid" && detail !== undefined ? `: ${Printable.escape(detail)}` : "";
  return { text: `not verified${who}: ${faults[fault]}${more}`, role: "refused" };
};

/** The handshake in a few words: version, and what it has proven. */
export const brief = ({ protocol, verification }: TlsReport): string =>
  `${Printable.escape(protocol)} ${
    verification.verified ? `verified by ${proof(verification)}` : `not verified: ${faults[verification.fault]}`
  }`;

/** Levels that nobody asks for by name: the server's domain does, in the DNS. */
const asked: { readonly [L in TlsLevel]?: string } = { dane: ", as DANE asks", "mta-sts": ", as MTA-STS asks" };

/** The handshake, the server's certificate, its names and what it proves: three lines, each in parts. */
export const summary = (
  report: TlsReport | undefined,
  level: TlsLevel,
  now: number,
): ReadonlyArray<ReadonlyArray<Part>> => {
  const note = (text: string): Part => ({ text, role: "note" });
  const why = asked[level] ?? "";
  if (report === undefined) return [[note(`TLS started${why}`)]];
  const how = `${Printable.escape(report.protocol)} / ${Printable.escape(report.cipher)}`;
  const started = note(`TLS started with ${how}${why}`);
  const [own] = report.chain;
  if (own === undefined) return [[started], [note("It showed no certificate; "), verdict(report)]];
  const issuer = own.isSelfSigned ? "itself" : Printable.escape(own.issuer);
  return [
    [started],
    [note(`Certificate of ${Printable.escape(own.commonName ?? own.subject)} by ${issuer}, ${validity(own, now)}`)],
    [note(`It names ${few(names(own), 2) || "nobody"}; `), verdict(report)],
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
    `  valid   ${dateOf(certificate.validFrom)} to ${dateOf(certificate.validTo)}, ${validity(certificate, now)}`,
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

const record = (verification: Verification): string | null =>
  "record" in verification ? Tlsa.format(verification.record) : null;

/** The report as plain data, but for the certificates. */
export const jsonWithoutChain = (self: TlsReport): object => ({
  protocol: self.protocol,
  cipher: self.cipher,
  serverName: self.serverName ?? null,
  referenceNames: self.referenceNames ?? [],
  alpnProtocol: self.alpnProtocol ?? null,
  verification: self.verification.verified
    ? { verified: true, by: self.verification.by, record: record(self.verification), fault: null, detail: null }
    : {
      verified: false,
      by: null,
      record: null,
      fault: self.verification.fault,
      detail: self.verification.detail ?? null,
    },
});

/** The report as plain data; certificates are there in full, as DER in base64. */
export const json = (self: TlsReport): object => ({
  ...jsonWithoutChain(self),
  chain: self.chain.map(certificateJson),
});
