/**
 * How much a conversation asks of TLS.
 *
 * @example Which levels go on in clear
 * ```ts
 * import * as TlsLevel from "@plausch/tls/tls-level";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsLevel.levels.filter(TlsLevel.allowsClear), ["none", "opportunistic"]);
 * ```
 *
 * @module
 */

/**
 * - `none`: STARTTLS is never said.
 * - `opportunistic`: TLS where the server offers it, whoever it is; in clear otherwise (RFC 7435).
 * - `required`: encrypted or not at all, whoever the server is.
 * - `verified`: encrypted, and the certificate is valid for the server's name (RFC 8314, RFC 9525).
 * - `mta-sts`: the same, for a mail exchanger that the policy of the recipient's domain names (RFC 8461).
 * - `dane`: encrypted, and the certificate matches a TLSA record of the server (RFC 7672).
 *
 * What makes the last two more than `verified` was found out before: by whom the name, or the record, is vouched for.
 */
export type TlsLevel = "none" | "opportunistic" | "required" | "verified" | "mta-sts" | "dane";

/** Every level, the weakest first. */
export const levels: ReadonlyArray<TlsLevel> = ["none", "opportunistic", "required", "verified", "mta-sts", "dane"];

/**
 * Whether a message may go in clear under this level.
 *
 * @example
 * ```ts
 * import * as TlsLevel from "@plausch/tls/tls-level";
 * import { assert } from "@std/assert";
 *
 * assert(!TlsLevel.allowsClear("required"));
 * ```
 */
export const allowsClear = (level: TlsLevel): boolean => level === "none" || level === "opportunistic";

/**
 * Whether the server must prove who it is under this level.
 *
 * @example
 * ```ts
 * import * as TlsLevel from "@plausch/tls/tls-level";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsLevel.levels.filter(TlsLevel.needsProof), ["verified", "mta-sts", "dane"]);
 * ```
 */
export const needsProof = (level: TlsLevel): boolean => level === "verified" || level === "mta-sts" || level === "dane";
