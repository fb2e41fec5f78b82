/** Looks for secrets where none may be: as they are, and in base64 at any of its three alignments. */
import { Buffer } from "node:buffer";

/**
 * Every form of a secret that would give it away. In base64 the same octets look different by how many stand before them; what
 * depends on the neighbours is cut off.
 */
export const forms = (secret: string): ReadonlyArray<string> => {
  const octets = Buffer.from(secret);
  const aligned = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), octets]).toString("base64");
    const begin = Math.ceil(before * 8 / 6);
    const end = Math.floor((before + octets.length) * 8 / 6);
    return text.slice(begin, end);
  });
  return [secret, encodeURIComponent(secret), octets.toString("hex"), ...aligned];
};

/** Fails if a text holds a secret in any form. */
export const assertNoSecret = (text: string, secrets: ReadonlyArray<string>): void => {
  for (const secret of secrets) {
    for (const form of forms(secret)) {
      const at = text.indexOf(form);
      if (at < 0) continue;
      throw new Error(
        `A secret is shown, as "${form}": ${JSON.stringify(text.slice(Math.max(0, at - 120), at + 160))}`,
      );
    }
  }
};
