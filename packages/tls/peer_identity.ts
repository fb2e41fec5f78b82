/**
 * Who the other side of a TLS connection is: from what the handshake showed to a verdict, and from the verdict to words.
 *
 * The functions are pure; the clock is an argument. Whether a chain of certificates leads to a known authority is for the caller to find
 * out: `@plausch/net` does.
 *
 * @example An expired certificate
 * ```ts
 * import * as PeerIdentity from "@plausch/tls/peer-identity";
 * import { assertEquals } from "@std/assert";
 *
 * const certificate = {
 *   subject: "CN=mx.example.test",
 *   commonName: "mx.example.test",
 *   issuer: "CN=An Authority",
 *   subjectAltNames: ["DNS:mx.example.test"],
 *   validFrom: Date.UTC(2020, 0, 1),
 *   validTo: Date.UTC(2021, 0, 1),
 *   serialNumber: "01",
 *   sha256: "aa".repeat(32),
 *   spkiSha256: "bb".repeat(32),
 *   isSelfSigned: false,
 *   der: new Uint8Array(0),
 * };
 * const chain = [certificate];
 * const now = Date.UTC(2026, 0, 1);
 * const verification = PeerIdentity.verify({ chain, pins: [], trust: "unknown", isNamed: true, now });
 * assertEquals(verification, { verified: false, fault: "expired", detail: undefined });
 * assertEquals(
 *   PeerIdentity.explain({ chain, serverName: "mx.example.test", verification }),
 *   'its certificate "mx.example.test" expired on 2021-01-01 00:00 UTC',
 * );
 * ```
 *
 * @module
 */
import * as Printable from "./_printable.ts";
import type { Certificate, CertificateFault, TlsReport, Verification } from "./tls_report.ts";
import type { Tlsa } from "./tlsa.ts";

/**
 * Where the chain of certificates leads: to an authority that is `known` here, to nobody known, or it is `invalid`: something in it forbids
 * to take it.
 */
export type Trust = "known" | "unknown" | "invalid";

/** What a handshake showed of the other side. */
export interface Evidence {
  /** The certificates, the peer's own first. */
  readonly chain: ReadonlyArray<Certificate>;
  /** Digests as `Pin.parse` gives them. If there are any, they alone decide. */
  readonly pins: ReadonlyArray<string>;
  /** Where the chain leads. */
  readonly trust: Trust;
  /** Whether its own certificate is for the name that was asked for; true where no name matters, as with clients. */
  readonly isNamed: boolean;
  /** The time to judge by, in milliseconds since the epoch. */
  readonly now: number;
  /** What the TLS library says against the chain. */
  readonly detail?: string | undefined;
  /**
   * What the TLSA records came to, if there are any: the one that proves something, or none. Then they alone decide, and `trust` says where
   * the chain leads from an authority that one of them stands for; `unknown` where there is no such authority.
   */
  readonly dane?: { readonly record: Tlsa | undefined } | undefined;
  /** Why the handshake does not show that the peer has the key of its certificate, if it does not: then nothing counts. */
  readonly unproven?: string | undefined;
}

type Judge = (evidence: Evidence) => boolean;

/** The certificates from the peer's own upwards, as their names go. */
const path = (chain: ReadonlyArray<Certificate>): ReadonlyArray<Certificate> => {
  const found = chain.slice(0, 1);
  for (let at = found[0]; at !== undefined && !at.isSelfSigned;) {
    const { issuer } = at;
    at = chain.find((certificate) => certificate.subject === issuer && !found.includes(certificate));
    if (at !== undefined) found.push(at);
  }
  return found;
};

/** A chain that was taken has no fault above the peer's own certificate. */
const inQuestion = ({ chain, trust }: Evidence): ReadonlyArray<Certificate> =>
  trust === "known" ? chain.slice(0, 1) : path(chain);

/** The first that applies is the fault. */
const faults: ReadonlyArray<readonly [CertificateFault, Judge]> = [
  ["expired", (evidence) => inQuestion(evidence).some(({ validTo }) => validTo < evidence.now)],
  ["not-yet-valid", (evidence) => inQuestion(evidence).some(({ validFrom }) => validFrom > evidence.now)],
  ["self-signed", ({ chain, trust }) => trust !== "known" && chain[0]?.isSelfSigned === true],
  ["wrong-name", ({ isNamed }) => !isNamed],
  ["unknown-ca", ({ trust }) => trust === "unknown"],
  ["invalid", ({ trust }) => trust === "invalid"],
];

const fail = (fault: CertificateFault, detail: string | undefined): Verification => ({
  verified: false,
  fault,
  detail,
});

/** A record that names an authority leaves everything below it to be proven; one that names the certificate, nothing. */
const byRecords = (evidence: Evidence, record: Tlsa | undefined): Verification => {
  if (record?.usage === 3) return { verified: true, by: "dane-ee", record };
  if (evidence.trust === "unknown") return fail("tlsa-mismatch", evidence.detail);
  const found = faults.find(([fault, applies]) => fault !== "self-signed" && applies(evidence));
  if (found !== undefined) return fail(found[0], evidence.detail);
  return record === undefined ? fail("tlsa-mismatch", evidence.detail) : { verified: true, by: "dane-ta", record };
};

/**
 * The verdict on the other side.
 *
 * @example A pin decides alone: the certificate may be self-signed, expired, and for another name
 * ```ts
 * import * as PeerIdentity from "@plausch/tls/peer-identity";
 * import { assertEquals } from "@std/assert";
 *
 * const certificate = {
 *   subject: "CN=old",
 *   commonName: "old",
 *   issuer: "CN=old",
 *   subjectAltNames: [],
 *   validFrom: 0,
 *   validTo: 1,
 *   serialNumber: "01",
 *   sha256: "aa".repeat(32),
 *   spkiSha256: "bb".repeat(32),
 *   isSelfSigned: true,
 *   der: new Uint8Array(0),
 * };
 * const evidence = { chain: [certificate], trust: "unknown", isNamed: false, now: 2 } as const;
 * const verify = (pin: string) => PeerIdentity.verify({ ...evidence, pins: [pin] });
 * assertEquals(verify(certificate.spkiSha256), { verified: true, by: "pin" });
 * assertEquals(verify("cc".repeat(32)), { verified: false, fault: "pin-mismatch", detail: undefined });
 * ```
 */
export const verify = (evidence: Evidence): Verification => {
  const { chain: [own], dane, detail, pins, unproven } = evidence;
  if (unproven !== undefined) return fail("invalid", unproven);
  if (own === undefined) return fail("no-certificate", detail);
  if (dane !== undefined) return byRecords(evidence, dane.record);
  if (pins.length > 0) {
    return pins.includes(own.sha256) || pins.includes(own.spkiSha256)
      ? { verified: true, by: "pin" }
      : fail("pin-mismatch", detail);
  }
  const found = faults.find(([, applies]) => applies(evidence));
  return found === undefined ? { verified: true, by: "pkix" } : fail(found[0], detail);
};

const time = (milliseconds: number): string => {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "an unknown day" : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
};

/** Names of one certificate that are shown. */
const shownNames = 4;

const list = (names: ReadonlyArray<string>): string => {
  const shown = names.slice(0, shownNames).map((name) => Printable.escape(name.replace(/^[A-Za-z]+:/, "")));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
};

const nameOf = (certificate: Certificate | undefined): string =>
  certificate === undefined
    ? "without a name"
    : Printable.quote(certificate.commonName ?? (certificate.subject || certificate.subjectAltNames[0] || ""));

const extreme = (
  chain: ReadonlyArray<Certificate>,
  better: (a: Certificate, b: Certificate) => boolean,
): Certificate | undefined =>
  chain.reduce<Certificate | undefined>((best, at) => best && better(best, at) ? best : at, undefined);

type Subject = Pick<TlsReport, "chain" | "serverName" | "referenceNames"> & { readonly detail: string | undefined };

const sentences: Readonly<Record<CertificateFault, (subject: Subject) => string>> = {
  "no-certificate": () => "it showed no certificate",
  "expired": ({ chain }) => {
    const first = extreme(path(chain), (a, b) => a.validTo <= b.validTo);
    return `${whose(chain, first)} ${nameOf(first)} expired on ${time(first?.validTo ?? NaN)}`;
  },
  "not-yet-valid": ({ chain }) => {
    const last = extreme(path(chain), (a, b) => a.validFrom >= b.validFrom);
    return `${whose(chain, last)} ${nameOf(last)} is not valid before ${
      time(last?.validFrom ?? NaN)
    }; check the clock of this machine too`;
  },
  "self-signed": ({ chain: [own] }) =>
    `its certificate ${
      nameOf(own)
    } is self-signed, so nobody vouches for it; if it is the right one, pin its SHA-256 ${own?.sha256}`,
  "wrong-name": ({ chain: [own], serverName, referenceNames = [] }) => {
    if (serverName === undefined) {
      return `there is no name to check its certificate ${nameOf(own)} for; give servername`;
    }
    const names = own?.subjectAltNames ?? [];
    return names.length === 0
      ? `its certificate ${nameOf(own)} has no alternative names, and the common name does not count (RFC 9525)`
      : `its certificate is for ${list(names)}, not for ${
        [serverName, ...referenceNames].slice(0, shownNames).map(Printable.escape).join(" or ")
      }`;
  },
  "unknown-ca": ({ chain }) => {
    const last = path(chain).at(-1);
    return `its certificate ${nameOf(chain[0])} leads to ${
      Printable.quote(last?.issuer ?? "")
    }, who is not known here; ` +
      "give that authority as ca, or tell the server to send the certificates in between";
  },
  "pin-mismatch": ({ chain: [own] }) =>
    `its certificate ${nameOf(own)} is not pinned: SHA-256 ${own?.sha256}, of the key ${own?.spkiSha256}`,
  "tlsa-mismatch": ({ chain: [own], detail }) =>
    `its certificate ${nameOf(own)} matches none of its TLSA records${
      detail === undefined ? "" : `: ${Printable.escape(detail)}`
    }; of its key it would be 3 1 1 ${own?.spkiSha256}`,
  "invalid": ({ chain, detail }) =>
    `its certificate ${nameOf(chain[0])} cannot be taken${detail === undefined ? "" : `: ${Printable.escape(detail)}`}`,
};

/** A record without its data, which may be a whole certificate. */
const shortly = ({ usage, selector, matchingType }: Tlsa): string => `${usage} ${selector} ${matchingType}`;

const whose = (chain: ReadonlyArray<Certificate>, certificate: Certificate | undefined): string =>
  certificate === chain[0] ? "its certificate" : "an authority's certificate";

/**
 * The verdict in words, without a capital and a full stop. Safe to print: the peer's names are escaped, and cut where they are very long.
 *
 * @example
 * ```ts
 * import * as PeerIdentity from "@plausch/tls/peer-identity";
 * import { assertEquals } from "@std/assert";
 *
 * const verification = { verified: false, fault: "no-certificate", detail: undefined } as const;
 * assertEquals(PeerIdentity.explain({ chain: [], serverName: undefined, verification }), "it showed no certificate");
 * ```
 */
export const explain = (
  report: Pick<TlsReport, "chain" | "serverName" | "referenceNames" | "verification">,
): string => {
  const { chain, verification } = report;
  if (!verification.verified) return sentences[verification.fault]({ ...report, detail: verification.detail });
  const own = `its certificate ${nameOf(chain[0])}`;
  switch (verification.by) {
    case "pin":
      return `${own} is pinned`;
    case "pkix":
      return `${own} comes from a known authority`;
    case "dane-ee":
      return `${own} matches the record TLSA ${shortly(verification.record)}`;
    case "dane-ta":
      return `${own} comes from an authority that matches the record TLSA ${shortly(verification.record)}`;
  }
};
