// Texts as octets for the wire, many in one piece of memory: each array of octets that is made anew costs more than what it holds.
import * as Octets from "@plausch/smtp/octets";

const slabOctets = 64 * 1024;

/** Longer texts get memory of their own. */
const longest = 4096;

let slab = new Uint8Array(0);
let used = 0;

/** The octets of a text, as `Octets.encode` gives them. Nobody else will write where they are. */
export const encode = (text: string): Uint8Array => {
  const { length } = text;
  if (length > longest) return Octets.encode(text);
  if (used + length > slab.length) {
    slab = new Uint8Array(slabOctets);
    used = 0;
  }
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return Octets.encode(text);
    slab[used + at] = code;
  }
  return slab.subarray(used, used += length);
};
