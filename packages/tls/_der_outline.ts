/** The outline of a value in DER (X.690): its tag and its content. */
interface Outline {
  readonly tag: number;
  readonly content: Uint8Array;
}

const sequence = 0x30;
const bitString = 0x03;

/** The values that fill these octets, one behind the other; `undefined` where they do not. */
const outlines = (octets: Uint8Array): ReadonlyArray<Outline> | undefined => {
  const found: Array<Outline> = [];
  let at = 0;
  while (at < octets.length) {
    const tag = octets[at]!;
    let length = octets[at + 1];
    at += 2;
    if (length === undefined || (tag & 0x1f) === 0x1f) return undefined;
    if (length >= 0x80) {
      const count = length & 0x7f;
      // A record has 65,535 octets at most, so its lengths have two. DER writes them as short as it can.
      if (count === 0 || count > 2 || at + count > octets.length) return undefined;
      length = 0;
      for (let i = 0; i < count; i++) length = length << 8 | octets[at++]!;
      if (length < (count === 1 ? 0x80 : 0x100)) return undefined;
    }
    if (at + length > octets.length) return undefined;
    found.push({ tag, content: octets.subarray(at, at + length) });
    at += length;
  }
  return found;
};

/** Whether the octets are one sequence of values with these tags. */
const isSequenceOf = (octets: Uint8Array, tags: ReadonlyArray<number>): boolean => {
  const [whole, ...more] = outlines(octets) ?? [];
  if (whole?.tag !== sequence || more.length > 0) return false;
  const parts = outlines(whole.content);
  return parts?.length === tags.length && parts.every(({ tag }, at) => tag === tags[at]);
};

/** Whether the octets have the outline of a certificate (RFC 5280 section 4.1): content, algorithm, signature. */
export const looksLikeCertificate = (octets: Uint8Array): boolean =>
  isSequenceOf(octets, [sequence, sequence, bitString]);

/** Whether the octets have the outline of a public key with its algorithm (SPKI, RFC 5280 section 4.1.2.7). */
export const looksLikeKey = (octets: Uint8Array): boolean => isSequenceOf(octets, [sequence, bitString]);
