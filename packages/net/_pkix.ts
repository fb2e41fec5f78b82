/**
 * Whether a chain of certificates leads to an authority that is trusted: path validation as in RFC 5280 section 6, without
 * policies and without revocation.
 *
 * Deno's TLS library does that too, and in general well. But with authorities of the caller's (`ca`), Deno 2.9.6 compares nothing but
 * names as soon as there is a certificate that its library cannot read, such as one of X.509 version 1: then anybody can forge
 * a chain. So a chain counts only if both agree. Nothing here has to accept all that is right, but it must never accept what is wrong.
 */
import { namesOf } from "./_certificate.ts";
import * as Der from "./_der.ts";
import type { GeneralName } from "./_general_name.ts";
import * as NameConstraints from "./_name_constraints.ts";
import * as Signature from "./_signature.ts";
import { extensions, type X509 } from "./_x509.ts";

/** What the certificate is to prove: that this is a server, or a client. */
export type Purpose = "server" | "client";

/** Where a path may end. */
export interface Anchors {
  /** Certificates that are trusted as they are. */
  readonly known: ReadonlyArray<X509>;
  /** Certificates that must be sound themselves: authorities, and valid now. */
  readonly sound?: ReadonlyArray<X509>;
  /** Public keys of which no certificate is known. */
  readonly keys?: ReadonlyArray<Uint8Array>;
}

/** What was found: a path, and where it ends; no path; or a path that must not be taken, and why. */
export type Finding =
  | { readonly _tag: "Trusted"; readonly anchor: X509 | Uint8Array }
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Invalid"; readonly why: string };

const purposes: Readonly<Record<Purpose, string>> = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** Authorities between the certificate and the one that is trusted. */
const maxAuthorities = 6;

/** A peer may send certificates that make many paths; this many signatures are checked. */
const maxSignatures = 50;

const understood: ReadonlySet<string> = new Set(Object.values(extensions));

const valueOf = (certificate: X509, id: string): Uint8Array | undefined => certificate.extensions.get(id)?.value;

const usagesOf = (value: Uint8Array): ReadonlyArray<string> =>
  Der.attempt(() => Der.inside(Der.only(value, Der.tags.sequence), Der.tags.sequence).map(Der.objectIdentifier)) ?? [];

/** How many authorities may follow below this one; `undefined` if it is none. */
const authorityDepth = (certificate: X509): number | undefined => {
  const value = valueOf(certificate, extensions.basicConstraints);
  if (value === undefined) return undefined;
  return Der.attempt(() => {
    const [isAuthority, depth] = Der.inside(Der.only(value, Der.tags.sequence), Der.tags.sequence);
    if (isAuthority === undefined || !Der.boolean(isAuthority)) return undefined;
    return depth === undefined ? maxAuthorities : Der.smallInteger(depth);
  });
};

/** Bit 5 of the key usage, keyCertSign. */
const maySign = (certificate: X509): boolean => {
  const value = valueOf(certificate, extensions.keyUsage);
  if (value === undefined) return true;
  return Der.attempt(() => (Der.only(value, Der.tags.bitString).content[1] ?? 0) & 0x04) === 0x04;
};

/** What is wrong with a certificate wherever it stands in the chain, whoever has signed it. */
const fault = (certificate: X509, purpose: Purpose, now: number): string | undefined => {
  if (certificate.version !== 3) return "it is of X.509 version 1 or 2";
  if (now < certificate.validFrom || now > certificate.validTo) return "it is not valid now";
  const unknown = [...certificate.extensions].find(([id, { critical }]) => critical && !understood.has(id));
  if (unknown !== undefined) return `its critical extension ${unknown[0]} is not known here`;
  const usages = valueOf(certificate, extensions.extendedKeyUsage);
  return usages === undefined || usagesOf(usages).includes(purposes[purpose])
    ? undefined
    : `it is not for a ${purpose}`;
};

/** Where a path ends nobody asks who has signed. */
const signatureFault = (certificate: X509): string | undefined =>
  Signature.isKnown(certificate)
    ? undefined
    : `its signature algorithm ${certificate.signatureAlgorithm} is not known here`;

/** What is wrong with an authority that has so many others below it. */
const authorityFault = (certificate: X509, below: number, names: ReadonlyArray<GeneralName>): string | undefined => {
  const depth = authorityDepth(certificate);
  if (depth === undefined || !maySign(certificate)) return "its issuer is no authority";
  if (below > depth) return "its issuer may not vouch for authorities";
  return constraintFault(certificate, names);
};

const constraintFault = (authority: X509, names: ReadonlyArray<GeneralName>): string | undefined => {
  const constraints = valueOf(authority, extensions.nameConstraints);
  return constraints === undefined || NameConstraints.allow(constraints, names)
    ? undefined
    : "its issuer may not vouch for its names";
};

/** Looks for a path from the peer's own certificate, the first, over the others to one of the anchors. */
export const check = (
  chain: ReadonlyArray<X509>,
  { known, sound = [], keys = [] }: Anchors,
  purpose: Purpose,
  now: number,
): Finding => {
  const [own, ...others] = chain;
  if (own === undefined) return { _tag: "Unknown" };
  const names = namesOf(own);
  let signatures = 0;
  let why: string | undefined;
  const blame = (reason: string | undefined): boolean => {
    why ??= reason;
    return reason === undefined;
  };
  const isBy = (certificate: X509, publicKey: Uint8Array): boolean =>
    blame(signatures++ < maxSignatures ? undefined : "its chain has too many paths") &&
    Signature.isBy(certificate, publicKey);
  const isSigned = (certificate: X509, { publicKey }: X509): boolean =>
    isBy(certificate, publicKey) || blame("its signature is not that of its issuer");
  const isIssuer = (certificate: X509) => (candidate: X509): boolean =>
    Der.equal(candidate.subject, certificate.issuer);

  const endOf = (path: ReadonlyArray<X509>): X509 | Uint8Array | undefined => {
    const certificate = path.at(-1)!;
    const isKnown = (authority: X509): boolean =>
      isSigned(certificate, authority) && blame(constraintFault(authority, names));
    const isSound = (authority: X509): boolean =>
      blame(fault(authority, purpose, now)) && blame(authorityFault(authority, path.length - 1, names)) &&
      isSigned(certificate, authority);
    return known.filter(isIssuer(certificate)).find(isKnown) ??
      sound.filter(isIssuer(certificate)).find(isSound) ??
      keys.find((key) => isBy(certificate, key));
  };

  const leadsTo = (path: ReadonlyArray<X509>): X509 | Uint8Array | undefined => {
    const certificate = path.at(-1)!;
    if (!blame(fault(certificate, purpose, now) ?? signatureFault(certificate))) return undefined;
    const end = endOf(path);
    if (end !== undefined || path.length > maxAuthorities) return end;
    for (const authority of others.filter(isIssuer(certificate))) {
      const isStep = !path.includes(authority) && blame(authorityFault(authority, path.length - 1, names)) &&
        isSigned(certificate, authority);
      const further = isStep ? leadsTo([...path, authority]) : undefined;
      if (further !== undefined) return further;
    }
    return undefined;
  };
  const anchor = leadsTo([own]);
  if (anchor !== undefined) return { _tag: "Trusted", anchor };
  return why === undefined ? { _tag: "Unknown" } : { _tag: "Invalid", why };
};
