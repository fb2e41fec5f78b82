import * as Der from "./_der.ts";

/** One extension of a certificate. */
export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** A certificate in its parts (RFC 5280 section 4.1). Names and keys are whole DER values, to be compared octet by octet. */
export interface X509 {
  readonly der: Uint8Array;
  readonly version: number;
  readonly serialNumber: Uint8Array;
  /** What is signed. */
  readonly signed: Uint8Array;
  /** How it is signed, as an object identifier. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validFrom: number;
  readonly validTo: number;
  /** The public key with its algorithm (SubjectPublicKeyInfo). */
  readonly publicKey: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** The extensions that are understood here (RFC 5280 section 4.2.1). */
export const extensions = {
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  extendedKeyUsage: "2.5.29.37",
} as const;

const { bitString, boolean, contextual, expect, inside, objectIdentifier, only, readAll, smallInteger, tags, time } =
  Der;

/** What the value of an extension is, for those that TLS libraries look into while they read a certificate. */
const shapes: ReadonlyMap<string, number> = new Map([
  [extensions.keyUsage, tags.bitString],
  [extensions.subjectAltName, tags.sequence],
  [extensions.basicConstraints, tags.sequence],
  [extensions.nameConstraints, tags.sequence],
  ["2.5.29.31", tags.sequence],
  [extensions.extendedKeyUsage, tags.sequence],
  ["1.3.6.1.4.1.11129.2.4.2", tags.octetString],
]);

const versionOf = (element: Der.Element): number => smallInteger(readAll(element.content)[0]) + 1;

const extensionOf = (element: Der.Element): readonly [string, Extension] => {
  const [id, ...rest] = inside(element, tags.sequence);
  const critical = rest.length === 2 && boolean(rest[0]!);
  if (rest.length > 2) throw new Der.Malformed("too long an extension");
  const name = objectIdentifier(id);
  const value = expect(rest.at(-1), tags.octetString).content;
  const shape = shapes.get(name);
  if (shape !== undefined) only(value, shape);
  return [name, { critical, value }];
};

const extensionsOf = (element: Der.Element | undefined): ReadonlyMap<string, Extension> => {
  if (element === undefined) return new Map();
  const list = only(expect(element, contextual(3, true)).content, tags.sequence);
  const found = readAll(list.content).map(extensionOf);
  const byId = new Map(found);
  if (byId.size !== found.length) throw new Der.Malformed("an extension twice");
  return byId;
};

const read = (der: Uint8Array): X509 => {
  const [signed, algorithm, signature, ...more] = inside(only(der, tags.sequence), tags.sequence);
  const fields = [...inside(signed, tags.sequence)];
  const version = fields[0]?.tag === contextual(0, true) ? versionOf(fields.shift()!) : 1;
  const [serial, sameAlgorithm, issuer, validity, subject, publicKey, extensionList, ...others] = fields;
  if (more.length + others.length > 0) throw new Der.Malformed("more than a certificate has");
  if (!Der.equal(expect(algorithm, tags.sequence).whole, expect(sameAlgorithm, tags.sequence).whole)) {
    throw new Der.Malformed("two signature algorithms");
  }
  const [validFrom, validTo, ...noTime] = inside(validity, tags.sequence);
  const [keyAlgorithm, key, ...noKey] = inside(publicKey, tags.sequence);
  if (noTime.length + noKey.length > 0) throw new Der.Malformed("more than a certificate has");
  expect(keyAlgorithm, tags.sequence);
  bitString(key);
  return {
    der,
    version,
    serialNumber: expect(serial, tags.integer).content,
    signed: signed!.whole,
    signatureAlgorithm: objectIdentifier(inside(algorithm, tags.sequence)[0]),
    signature: bitString(signature),
    issuer: expect(issuer, tags.sequence).whole,
    subject: expect(subject, tags.sequence).whole,
    validFrom: time(validFrom),
    validTo: time(validTo),
    publicKey: publicKey!.whole,
    extensions: extensionsOf(extensionList),
  };
};

/**
 * The certificate that these octets are; `undefined` if they are none. Stricter than the TLS libraries, so that whatever they
 * cannot read is not read here either: Deno's lets pass what it cannot read.
 */
export const parse = (der: Uint8Array): X509 | undefined => Der.attempt(() => read(der));

const pemBlock = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END/g;

/** The certificates of a text in PEM (RFC 7468), as DER. What stands around them is passed over; what is no base64, too. */
export const fromPem = (text: string): ReadonlyArray<Uint8Array> =>
  Array.from(text.matchAll(pemBlock), ([, base64]) => {
    try {
      return Uint8Array.from(atob(base64!.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
    } catch {
      return new Uint8Array(0);
    }
  });
