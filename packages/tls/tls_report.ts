/**
 * What a TLS handshake came to, as data: protocol, cipher, the peer's certificates, and whether it has proven who it is.
 *
 * `PeerIdentity.explain` puts a report into words.
 *
 * @example Who vouches for the peer
 * ```ts
 * import type { TlsReport } from "@plausch/tls/tls-report";
 * import { assertEquals } from "@std/assert";
 *
 * const voucher = (report: TlsReport): string | undefined =>
 *   report.verification.verified ? report.chain[0]?.issuer : undefined;
 *
 * const report: TlsReport = {
 *   protocol: "TLSv1.3",
 *   cipher: "TLS_AES_256_GCM_SHA384",
 *   serverName: "mx.example.test",
 *   alpnProtocol: undefined,
 *   chain: [],
 *   verification: { verified: false, fault: "no-certificate", detail: undefined },
 * };
 * assertEquals(voucher(report), undefined);
 * ```
 *
 * @module
 */
import type { Tlsa } from "./tlsa.ts";

/** One certificate of a chain. Its names are the peer's own words: escape them before printing. */
export interface Certificate {
  /** Whose certificate it is, as a distinguished name in the order of the certificate: `CN=mx.example.test, O=Example`. */
  readonly subject: string;
  /** The subject's common name, if there is one. It does not say whom the certificate is valid for (RFC 9525 section 2). */
  readonly commonName: string | undefined;
  /** Who signed it, as a distinguished name. */
  readonly issuer: string;
  /** The names it is valid for: `DNS:mx.example.test`, `IP:192.0.2.1`, `email:a@example.test`, `URI:...`; others are left out. */
  readonly subjectAltNames: ReadonlyArray<string>;
  /** When it becomes valid, in milliseconds since the epoch. */
  readonly validFrom: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly validTo: number;
  /** The serial number in lower-case hexadecimal, as it is encoded. */
  readonly serialNumber: string;
  /** The SHA-256 digest of the certificate, in lower-case hexadecimal (TLSA selector 0, matching type 1). */
  readonly sha256: string;
  /** The SHA-256 digest of its public key, in lower-case hexadecimal (TLSA selector 1, matching type 1; RFC 6698). */
  readonly spkiSha256: string;
  /** Whether it is signed by its own key, and by nobody else. */
  readonly isSelfSigned: boolean;
  /** The certificate itself, DER-encoded. */
  readonly der: Uint8Array;
}

/**
 * Why a peer's certificate does not prove who it is. Of several reasons the first in this order is given:
 *
 * - `no-certificate`: it showed none
 * - `pin-mismatch`: it is none of those that were pinned
 * - `tlsa-mismatch`: no TLSA record matches it, nor an authority that has signed it
 * - `expired`, `not-yet-valid`: by the clock of this machine; it, or a certificate above it
 * - `self-signed`: nobody vouches for it
 * - `wrong-name`: it is for somebody else
 * - `unknown-ca`: whoever vouches for it is not known here, or a certificate in between is missing
 * - `invalid`: it is refused for another reason, see `detail`
 */
export type CertificateFault =
  | "no-certificate"
  | "pin-mismatch"
  | "tlsa-mismatch"
  | "expired"
  | "not-yet-valid"
  | "self-signed"
  | "wrong-name"
  | "unknown-ca"
  | "invalid";

/** Whether the peer has proven who it is, by what, or why not. */
export type Verification =
  | {
    /** It has. */
    readonly verified: true;
    /** By a certificate from a known authority for the right name, or by a pinned digest. */
    readonly by: "pkix" | "pin";
  }
  | {
    /** It has. */
    readonly verified: true;
    /** By a TLSA record that matches its own certificate (usage 3), or an authority that vouches for it (usage 2; RFC 7671). */
    readonly by: "dane-ee" | "dane-ta";
    /** That record. */
    readonly record: Tlsa;
  }
  | {
    /** It has not. */
    readonly verified: false;
    /** Why not. */
    readonly fault: CertificateFault;
    /** What the TLS library, or our own check of the chain, said. Deno's library often says too little: go by `fault`. */
    readonly detail: string | undefined;
  };

/** What a handshake came to. */
export interface TlsReport {
  /** The protocol version, such as `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher suite, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The name that the certificate was checked for; on a server, the name that the client asked for (SNI). */
  readonly serverName: string | undefined;
  /** Further names that would have done as well; none if it is left out. */
  readonly referenceNames?: ReadonlyArray<string> | undefined;
  /** The protocol that ALPN agreed on, if any. */
  readonly alpnProtocol: string | undefined;
  /** The peer's certificates, its own first, and the authority behind them if it is known. Empty if it showed none. */
  readonly chain: ReadonlyArray<Certificate>;
  /** Whether the peer has proven who it is. */
  readonly verification: Verification;
}
