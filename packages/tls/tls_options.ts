/**
 * Settings of a TLS handshake, for implicit TLS (RFC 8314) and for the upgrade of a live connection (STARTTLS, RFC 3207).
 *
 * They extend the options of effect's `Reader.upgrade`, so the same value serves both.
 *
 * @example
 * ```ts
 * import type * as TlsOptions from "@plausch/tls/tls-options";
 * import { assertEquals } from "@std/assert";
 *
 * const options: TlsOptions.TlsOptions = { servername: "mx.example.test", minVersion: "TLSv1.3", timeout: "10 seconds" };
 * assertEquals(options.servername, "mx.example.test");
 * ```
 *
 * @module
 */
import type * as Duration from "effect/Duration";
import type * as Socket from "effect/socket/Socket";
import type { Tlsa } from "./tlsa.ts";

/**
 * Settings of one TLS handshake.
 *
 * `servername` is the name the certificate must be valid for. A client that leaves it out checks the host it dialled; an IP
 * address is checked as such and never sent as SNI (RFC 6066, section 3). `ca` are the authorities to trust, in PEM; those of the
 * runtime if it is left out. `key` and `cert`, in PEM, are what this side shows; a server needs them. With `rejectUnauthorized: false`
 * a peer may be anybody: the report then says what is wrong. A server asks a client for a certificate with `requestCert`.
 */
export interface TlsOptions extends Socket.TlsUpgradeOptions {
  /** The oldest protocol version to speak; the default of the runtime is TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** How long the handshake may take; 30 seconds by default. A peer may take the first octets and never answer. */
  readonly timeout?: Duration.Input | undefined;
  /**
   * SHA-256 digests of certificates or of public keys (SPKI), in hexadecimal with or without colons, or in base64. If any are
   * given, they alone decide, whatever `rejectUnauthorized` says: the server's own certificate must have one of them.
   */
  readonly pins?: ReadonlyArray<string> | undefined;
  /**
   * Further names that the certificate may be for, beside `servername`; one of them will do. DANE has them where an authority is
   * named in the DNS (usage 2): the domain that the mail is for, beside its host (RFC 7672 section 3.2.2).
   */
  readonly referenceNames?: ReadonlyArray<string> | undefined;
  /**
   * TLSA records of the server, for a client (RFC 7672). If any are given, they alone decide, whatever `ca` and `rejectUnauthorized`
   * say: the certificate must match one. Those that cannot be used are passed over, but at least one must be of use: what to do
   * where none is, the caller has to decide before. Pins decide alone too, so there may not be both.
   */
  readonly tlsa?: ReadonlyArray<Tlsa> | undefined;
}
