/**
 * Pinned certificates: SHA-256 digests of a certificate, or of its public key (SPKI, RFC 7469 section 2.4).
 *
 * @example The same digest, written in three ways
 * ```ts
 * import * as Pin from "@plausch/tls/pin";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
 * const colons = hex.toUpperCase().replace(/..(?=.)/g, "$&:");
 * const base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
 * for (const text of [hex, colons, base64]) assertEquals(Result.getOrThrow(Pin.parse(text)), hex);
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { TlsError } from "./tls_error.ts";

const hexadecimal = /^[0-9a-f]{64}$/i;
const withColons = /^[0-9a-f]{2}(?::[0-9a-f]{2}){31}$/i;
/** 32 octets: 42 digits of 6 bits, one of 4 bits, and the filler. */
const base64 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?$/;

const octetsToHex = (octets: string): string =>
  Array.from(octets, (octet) => octet.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/**
 * Reads a pin: 64 hexadecimal digits, with colons between the octets or without, or base64. Gives lower-case hexadecimal without
 * colons, as a `Certificate` has it. Fails with a `TlsError` whose reason is `BadOptions`.
 *
 * @example What is no digest
 * ```ts
 * import * as Pin from "@plausch/tls/pin";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const error = Result.getOrThrow(Result.flip(Pin.parse("da39a3ee")));
 * assertEquals(error.reason, "BadOptions");
 * assertEquals(
 *   error.message,
 *   'Cannot begin TLS: the pin "da39a3ee" is no SHA-256 digest; give 64 hexadecimal digits, or 32 octets in base64',
 * );
 * ```
 */
export const parse = (text: string): Result.Result<string, TlsError> => {
  if (hexadecimal.test(text) || withColons.test(text)) return Result.succeed(text.replaceAll(":", "").toLowerCase());
  if (base64.test(text)) return Result.succeed(octetsToHex(atob(text)));
  const what = `the pin "${text}" is no SHA-256 digest`;
  const cause = new Error(`${what}; give 64 hexadecimal digits, or 32 octets in base64`);
  return Result.fail(new TlsError({ reason: "BadOptions", cause }));
};
