import * as net from "node:net";

/** The octets of an IP address, 4 or 16; `undefined` if the text is none. A zone (`%eth0`) belongs to one machine: no address with one. */
export const parse = (text: string): Uint8Array | undefined => {
  const family = net.isIP(text);
  if (family === 4) return Uint8Array.from(text.split("."), Number);
  if (family === 0 || text.includes("%")) return undefined;
  // A URL has one way to write an address (RFC 5952), without the dots of an embedded one.
  const [head = "", tail = ""] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const between = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Uint8Array.from([...first, ...between, ...last].flatMap((group) => [group >> 8, group & 0xff]));
};

/** An IP address of 4 or 16 octets as people write it (RFC 5952); `undefined` for any other number of octets. */
export const format = (octets: Uint8Array): string | undefined => {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i]! << 8 | octets[2 * i + 1]!).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
};
