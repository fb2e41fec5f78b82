import type { Certificate } from "@plausch/tls/tls-report";
import { createHash } from "node:crypto";
import * as Der from "./_der.ts";
import * as DistinguishedName from "./_distinguished_name.ts";
import * as GeneralName from "./_general_name.ts";
import * as Signature from "./_signature.ts";
import { extensions, type X509 } from "./_x509.ts";

const hex = (octets: Uint8Array): string => Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");

const sha256 = (octets: Uint8Array): string => createHash("sha256").update(octets).digest("hex");

/** The names that a certificate is for; none if they cannot be read. */
export const namesOf = (certificate: X509): ReadonlyArray<GeneralName.GeneralName> => {
  const extension = certificate.extensions.get(extensions.subjectAltName);
  return extension === undefined ? [] : Der.attempt(() => GeneralName.readAll(extension.value)) ?? [];
};

/** Signed by its own key, as far as that can be checked. */
const isSelfSigned = (certificate: X509): boolean =>
  Der.equal(certificate.issuer, certificate.subject) &&
  (!Signature.isKnown(certificate) || Signature.isBy(certificate, certificate.publicKey));

/** What a certificate says, for people and programs. */
export const fromX509 = (certificate: X509): Certificate => ({
  subject: DistinguishedName.format(certificate.subject),
  commonName: DistinguishedName.commonName(certificate.subject),
  issuer: DistinguishedName.format(certificate.issuer),
  subjectAltNames: namesOf(certificate).map(GeneralName.format).filter((name) => name !== undefined),
  validFrom: certificate.validFrom,
  validTo: certificate.validTo,
  serialNumber: hex(certificate.serialNumber),
  sha256: sha256(certificate.der),
  spkiSha256: sha256(certificate.publicKey),
  isSelfSigned: isSelfSigned(certificate),
  der: certificate.der,
});
