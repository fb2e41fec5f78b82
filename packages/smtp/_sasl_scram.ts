import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { xor } from "./_sasl_octets.ts";
import * as Octets from "./octets.ts";

/** The mechanisms of the family. They differ in the hash alone (RFC 7677 section 3). */
export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-1";

const hashes = { "SCRAM-SHA-256": sha256, "SCRAM-SHA-1": sha1 } as const;

/** What both sides derive from the password (RFC 5802 section 3). */
export interface Keys {
  readonly client: Uint8Array;
  readonly stored: Uint8Array;
  readonly server: Uint8Array;
}

/** The keys of a password. */
export const keysOf = (mechanism: ScramMechanism, password: string, salt: Uint8Array, iterations: number): Keys => {
  const hash = hashes[mechanism];
  const salted = pbkdf2(hash, Octets.encode(password), salt, { c: iterations, dkLen: hash.outputLen });
  const client = hmac(hash, salted, Octets.encode("Client Key"));
  return { client, stored: hash(client), server: hmac(hash, salted, Octets.encode("Server Key")) };
};

const sign = (mechanism: ScramMechanism, key: Uint8Array, transcript: string): Uint8Array =>
  hmac(hashes[mechanism], key, Octets.encode(transcript));

/** What proves that a client knows the password. */
export const proofOf = (mechanism: ScramMechanism, keys: Keys, transcript: string): Uint8Array =>
  xor(keys.client, sign(mechanism, keys.stored, transcript));

/** What proves that a server knows the keys. */
export const signatureOf = (mechanism: ScramMechanism, keys: Keys, transcript: string): Uint8Array =>
  sign(mechanism, keys.server, transcript);

/** The stored key of the client that made a proof, as far as the proof is right. */
export const storedKeyFrom = (
  mechanism: ScramMechanism,
  keys: Keys,
  transcript: string,
  proof: Uint8Array,
): Uint8Array => hashes[mechanism](xor(sign(mechanism, keys.stored, transcript), proof));

/** Characters of a nonce (RFC 5802 section 7, printable). */
export const isNonce = (text: string): boolean => /^[\x21-\x2b\x2d-\x7e]+$/.test(text);

/**
 * The values of a message that begins with these attributes, in this order; undefined if it does not. What follows them are
 * extensions, which nobody has to know (section 5.1).
 */
export const values = <const Names extends ReadonlyArray<string>>(
  message: string,
  names: Names,
): { readonly [At in keyof Names]: string } | undefined => {
  const fields = message.split(",");
  if (!fields.every((field) => /^[A-Za-z]=./su.test(field))) return undefined;
  if (!names.every((name, at) => fields[at]?.startsWith(`${name}=`))) return undefined;
  return names.map((_, at) => fields[at]!.slice(2)) as { [At in keyof Names]: string };
};
