/**
 * What a TLS handshake came to, as data: protocol, cipher, the peer's certificates, and whether it has proven who it is.
 *
 * @module
 */

/** One certificate of a chain. Its names are the peer's own words: escape them before printing. */
export interface Certificate {
  /** Whose certificate it is, as a distinguished name, such as `CN=mx.example.test, O=Example`. */
  readonly subject: string;
  /** The subject's common name, if there is one. */
  readonly commonName: string | undefined;
  /** Who signed it, as a distinguished name. */
  readonly issuer: string;
  /** The names it is valid for: `DNS:mx.example.test`, `IP:192.0.2.1`, ... */
  readonly subjectAltNames: ReadonlyArray<string>;
  /** When it becomes valid, in milliseconds since the epoch. */
  readonly validFrom: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly validTo: number;
  /** The serial number in hexadecimal. */
  readonly serialNumber: string;
  /** The SHA-256 digest of the certificate, in lower-case hexadecimal (TLSA selector 0, matching type 1). */
  readonly sha256: string;
  /** The SHA-256 digest of its public key, in lower-case hexadecimal (TLSA selector 1, matching type 1; RFC 6698). */
  readonly spkiSha256: string;
  /** Whether it is signed by its own key. */
  readonly isSelfSigned: boolean;
  /** The certificate itself, DER-encoded. */
  readonly der: Uint8Array;
}

/**
 * Why a peer's certificate does not prove who it is:
 *
 * - `no-certificate`: it showed none
 * - `expired`, `not-yet-valid`: by the clock of this machine
 * - `wrong-name`: it is valid, for somebody else
 * - `self-signed`: nobody vouches for it
 * - `unknown-ca`: whoever vouches for it is not known here, or a certificate in between is missing
 * - `pin-mismatch`: it is none of those that were pinned
 * - `invalid`: the TLS library refuses it for another reason, see `detail`
 */
export type CertificateFault =
  | "no-certificate"
  | "expired"
  | "not-yet-valid"
  | "wrong-name"
  | "self-signed"
  | "unknown-ca"
  | "pin-mismatch"
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
    /** It has not. */
    readonly verified: false;
    /** Why not: the first fault in the order of {@linkcode CertificateFault}. */
    readonly fault: CertificateFault;
    /** The fault in the words of the TLS library, if it had any. */
    readonly detail: string | undefined;
  };

/** What a handshake came to. */
export interface TlsReport {
  /** The protocol version, such as `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher suite, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The name that the certificate was checked for; undefined if there was none. */
  readonly serverName: string | undefined;
  /** The protocol that ALPN agreed on, if any. */
  readonly alpnProtocol: string | undefined;
  /** The peer's certificates, its own first. Empty if it showed none. */
  readonly chain: ReadonlyArray<Certificate>;
  /** Whether the peer has proven who it is. */
  readonly verification: Verification;
}
