/**
 * Whether octets are equal, in a time that tells nothing of where they differ. Their lengths are no secret: what is compared
 * are digests.
 */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= a[at]! ^ (b[at] ?? 0);
  return difference === 0;
};

/** Each octet with its counterpart, by exclusive or. */
export const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((octet, at) => octet ^ b[at]!);
