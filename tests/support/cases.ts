/** Reads a JSON Lines text: one case a line. */
export const parseCases = <A>(text: string): ReadonlyArray<A> =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as A);

/** The octets of a latin-1 string: U+00xx is one octet, as the case files write them. */
export const octets = (latin1: string): Uint8Array => Uint8Array.from(latin1, (char) => char.charCodeAt(0));

/** The latin-1 string of octets; the inverse of {@link octets}. */
export const latin1 = (bytes: Uint8Array): string => {
  let out = "";
  for (const octet of bytes) out += String.fromCharCode(octet);
  return out;
};

/** Ways to cut octets into chunks: in one piece, octet by octet, in two at every place (up to `limit` places), and in threes. */
export const chunkings = (bytes: Uint8Array, limit = 64): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
  const every = (size: number) => {
    const out: Array<Uint8Array> = [];
    for (let at = 0; at < bytes.length; at += size) out.push(bytes.slice(at, at + size));
    return out;
  };
  const two: Array<ReadonlyArray<Uint8Array>> = [];
  const step = Math.max(1, Math.ceil(bytes.length / limit));
  for (let at = 1; at < bytes.length; at += step) two.push([bytes.slice(0, at), bytes.slice(at)]);
  return [[bytes], every(1), every(3), ...two];
};
