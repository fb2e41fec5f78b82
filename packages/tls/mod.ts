/**
 * TLS as SMTP sees it, as data: how much of it is asked for, the settings of a handshake, and the report of what it came to.
 *
 * @example Which levels go on in clear
 * ```ts
 * import { TlsLevel } from "@plausch/tls";
 * import { assert } from "@std/assert";
 *
 * assert(TlsLevel.allowsClear("opportunistic"));
 * ```
 *
 * @module
 */
/** Who the other side is: verdict and words. */
export * as PeerIdentity from "./peer_identity.ts";
/** Pinned certificates. */
export * as Pin from "./pin.ts";
export * from "./tls_error.ts";
/** How much a conversation asks of TLS. */
export * as TlsLevel from "./tls_level.ts";
export * from "./tls_options.ts";
export * from "./tls_reader.ts";
export * from "./tls_report.ts";
/** TLSA records. */
export * as Tlsa from "./tlsa.ts";
