import { createPublicKey, verify } from "node:crypto";
import type { X509 } from "./_x509.ts";

interface Algorithm {
  /** Undefined where the key decides. */
  readonly hash: string | undefined;
  readonly key: string;
}

/** What may sign a certificate. MD5 and SHA-1 may not: forged certificates have been made with them. */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ["1.2.840.10045.4.3.2", { hash: "sha256", key: "ec" }],
  ["1.2.840.10045.4.3.3", { hash: "sha384", key: "ec" }],
  ["1.2.840.10045.4.3.4", { hash: "sha512", key: "ec" }],
  ["1.2.840.113549.1.1.11", { hash: "sha256", key: "rsa" }],
  ["1.2.840.113549.1.1.12", { hash: "sha384", key: "rsa" }],
  ["1.2.840.113549.1.1.13", { hash: "sha512", key: "rsa" }],
  ["1.3.101.112", { hash: undefined, key: "ed25519" }],
]);

/** Whether the certificate is signed in a way that can be checked here. */
export const isKnown = (certificate: X509): boolean => algorithms.has(certificate.signatureAlgorithm);

/** Whether the certificate is signed with this key, given as SubjectPublicKeyInfo. */
export const isBy = (certificate: X509, publicKey: Uint8Array): boolean => {
  const algorithm = algorithms.get(certificate.signatureAlgorithm);
  if (algorithm === undefined) return false;
  try {
    const key = createPublicKey({ key: publicKey as never, format: "der", type: "spki" });
    return key.asymmetricKeyType === algorithm.key &&
      verify(algorithm.hash, certificate.signed, key, certificate.signature);
  } catch {
    // A key of a kind that the runtime does not know.
    return false;
  }
};
