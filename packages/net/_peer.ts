import * as PeerIdentity from "@plausch/tls/peer-identity";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as tls from "node:tls";
import * as Certificate from "./_certificate.ts";
import * as Dane from "./_dane.ts";
import * as Der from "./_der.ts";
import * as GeneralName from "./_general_name.ts";
import type { Role } from "./_handshake.ts";
import * as Pkix from "./_pkix.ts";
import type { TlsSettings } from "./_tls_settings.ts";
import * as X509 from "./_x509.ts";

/** A peer's own certificate and those that it may lead to; more are not looked at. */
const maxCertificates = 32;

/** What the peer has sent, its own first; the runtime adds the authority that it found behind it. */
const sentBy = (socket: tls.TLSSocket): ReadonlyArray<Uint8Array> => {
  const sent: Array<Uint8Array> = [];
  let at: tls.DetailedPeerCertificate | null = socket.getPeerCertificate(true);
  while (at?.raw !== undefined && sent.length < maxCertificates) {
    const { raw } = at;
    if (sent.some((other) => Der.equal(other, raw))) break;
    sent.push(Uint8Array.from(raw));
    at = at.issuerCertificate;
  }
  return sent;
};

/** Names that a server can be asked for. A wildcard is a whole label and the first one (RFC 9525 section 6.3). */
const dnsName = /^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;

/** The common name never counts (RFC 9525 section 2), so `node:tls` is not told of it. */
const isFor = (certificate: X509.X509, name: string): boolean => {
  const names = Certificate.namesOf(certificate).flatMap((name) => {
    if (name.kind === "DNS") return dnsName.test(name.text) ? `DNS:${name.text}` : [];
    return name.kind === "IP" ? GeneralName.format(name)?.replace("IP:", "IP Address:") ?? [] : [];
  });
  const subjectaltname = names.join(", ");
  return names.length > 0 &&
    tls.checkServerIdentity(name, { subject: {}, subjectaltname } as unknown as tls.PeerCertificate) === undefined;
};

/** Codes of `node:tls` for a chain that leads to nobody known. */
const unknownAuthority: ReadonlySet<string> = new Set([
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

type Trust = Pick<PeerIdentity.Evidence, "trust" | "detail" | "dane">;

const byRecords = (chain: ReadonlyArray<X509.X509>, records: TlsSettings["records"], now: number): Trust => {
  const { record, finding } = Dane.judge(chain, records, now);
  const dane = { record };
  switch (finding._tag) {
    case "Trusted":
      return { dane, trust: "known" };
    case "Unknown":
      return { dane, trust: "unknown" };
    case "Invalid":
      return { dane, trust: "invalid", detail: finding.why };
  }
};

/** Both must agree to a chain: the library, and, with authorities of the caller's, our own check of it. */
const trustOf = (
  socket: tls.TLSSocket,
  chain: ReadonlyArray<X509.X509>,
  role: Role,
  settings: TlsSettings,
  now: number,
): Trust => {
  if (settings.records.length > 0) return byRecords(chain, settings.records, now);
  const detail = socket.authorized ? undefined : String(socket.authorizationError ?? "it is not authorized");
  if (settings.authorities === undefined) {
    if (detail === undefined) return { trust: "known", detail };
    return { trust: unknownAuthority.has(detail) ? "unknown" : "invalid", detail };
  }
  const finding = Pkix.check(chain, { known: settings.authorities }, role === "client" ? "server" : "client", now);
  switch (finding._tag) {
    case "Trusted":
      return { trust: detail === undefined ? "known" : "invalid", detail };
    case "Unknown":
      return { trust: "unknown", detail };
    case "Invalid":
      return { trust: "invalid", detail: finding.why };
  }
};

/**
 * Deno's library does not check that the peer has the key of a certificate that it cannot read, such as one of X.509 version 1.
 * Then the handshake shows nothing: certificates are public.
 */
const unproven = (sent: ReadonlyArray<Uint8Array>, own: X509.X509 | undefined): string | undefined => {
  if (sent.length === 0 || own?.version === 3) return undefined;
  return own === undefined ? "it cannot be read" : `it is of X.509 version ${own.version}; 3 is needed`;
};

const cipherOf = (socket: tls.TLSSocket): string => {
  const { name, standardName } = socket.getCipher();
  return standardName ?? name;
};

const nameOf = (role: Role, socket: tls.TLSSocket, asked: string | undefined): string | undefined => {
  if (role === "client") return asked;
  const { servername } = socket as { readonly servername?: unknown };
  return typeof servername === "string" && servername !== "" ? servername : undefined;
};

/** The chain, and those authorities from the records that have issued something in it, as far as their names go. */
const withAuthorities = (
  chain: ReadonlyArray<X509.X509>,
  records: TlsSettings["records"],
): ReadonlyArray<X509.X509> => {
  const further = Dane.authoritiesIn(records).filter((authority) =>
    chain.some(({ issuer }) => Der.equal(issuer, authority.subject)) &&
    !chain.some(({ der }) => Der.equal(der, authority.der))
  );
  return [...chain, ...further];
};

/** What a finished handshake came to. */
export const report = (
  socket: tls.TLSSocket,
  role: Role,
  settings: TlsSettings,
  serverName: string | undefined,
  now: number,
): TlsReport => {
  const sent = sentBy(socket);
  const parsed = sent.map(X509.parse);
  const own = parsed[0];
  const chain = own === undefined
    ? []
    : withAuthorities(parsed.filter((certificate) => certificate !== undefined), settings.records);
  const referenceNames = [serverName, ...settings.referenceNames].filter((name) => name !== undefined);
  const certificates = chain.map(Certificate.fromX509);
  return {
    protocol: socket.getProtocol() ?? "unknown",
    cipher: cipherOf(socket),
    serverName: nameOf(role, socket, serverName),
    alpnProtocol: socket.alpnProtocol || undefined,
    referenceNames: settings.referenceNames,
    chain: certificates,
    verification: PeerIdentity.verify({
      ...trustOf(socket, chain, role, settings, now),
      chain: certificates,
      pins: settings.pins,
      isNamed: role === "server" || own !== undefined && referenceNames.some((name) => isFor(own, name)),
      now,
      unproven: unproven(sent, own),
    }),
  };
};
