import { isDigit } from "./_characters.ts";

/** Four octets, and whether one of them was written with a leading zero: other readers take that for octal. */
export interface Ipv4 {
  readonly octets: readonly [number, number, number, number];
  readonly leadingZero: boolean;
}

/** Reads four decimal numbers of one to three digits (RFC 5321 section 4.1.3, Snum: decimal, whatever it begins with). */
export const parseIpv4 = (text: string): Ipv4 | undefined => {
  const octets = [0, 0, 0, 0];
  let index = 0;
  let digits = 0;
  let leadingZero = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x2e && digits > 0 && index < 3) {
      index++;
      digits = 0;
      continue;
    }
    if (!isDigit(unit) || digits === 3) return undefined;
    leadingZero ||= digits === 1 && octets[index] === 0;
    octets[index] = octets[index]! * 10 + unit - 0x30;
    digits++;
    if (octets[index]! > 255) return undefined;
  }
  if (index < 3 || digits === 0) return undefined;
  return { octets: octets as unknown as Ipv4["octets"], leadingZero };
};

/** Eight groups of 16 bits, the text they were read from with a canonical IPv4 part, and that part's leading zeros. */
export interface Ipv6 {
  readonly groups: ReadonlyArray<number>;
  readonly text: string;
  readonly leadingZero: boolean;
}

const hexGroup = /^[0-9A-Fa-f]{1,4}$/;

/** The groups of one side of `::`, or of the whole address. An IPv4 address may stand at the end and counts as two. */
const readGroups = (parts: ReadonlyArray<string>, tail: Ipv4 | undefined): Array<number> | undefined => {
  const groups: Array<number> = [];
  for (const part of parts) {
    if (!hexGroup.test(part)) return undefined;
    groups.push(parseInt(part, 16));
  }
  if (tail !== undefined) {
    const [a, b, c, d] = tail.octets;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
};

const split = (text: string): ReadonlyArray<string> => text === "" ? [] : text.split(":");

/**
 * Reads an IPv6 address as RFC 5321 section 4.1.3 prints it: `::` stands for two groups or more, there is no zone index, and
 * the last two groups may be an IPv4 address.
 */
export const parseIpv6 = (text: string): Ipv6 | undefined => {
  if (text.length > 45) return undefined;
  const lastColon = text.lastIndexOf(":");
  const tail = text.includes(".") ? parseIpv4(text.slice(lastColon + 1)) : undefined;
  if (text.includes(".") && tail === undefined) return undefined;
  // The colon before the IPv4 part is the second of a "::", or belongs to the part.
  const hex = tail === undefined
    ? text
    : text.slice(0, text.endsWith("::", lastColon + 1) ? lastColon + 1 : Math.max(lastColon, 0));
  const gap = hex.indexOf("::");
  const before = readGroups(split(gap < 0 ? hex : hex.slice(0, gap)), gap < 0 ? tail : undefined);
  const after = gap < 0 ? [] : readGroups(split(hex.slice(gap + 2)), tail);
  if (before === undefined || after === undefined) return undefined;
  const known = before.length + after.length;
  if (gap < 0 ? known !== 8 : known > 6) return undefined;
  const groups = [...before, ...new Array<number>(8 - known).fill(0), ...after];
  return tail === undefined
    ? { groups, text, leadingZero: false }
    : { groups, text: text.slice(0, lastColon + 1) + tail.octets.join("."), leadingZero: tail.leadingZero };
};

/** First octets, prefix length: networks that the public Internet does not reach (RFC 6890 and the registry it began). */
const closedIpv4: ReadonlyArray<readonly [number, number]> = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // shared address space of carriers
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0000000, 24], // protocol assignments
  [0xc0a80000, 16], // private
  [0xc6120000, 15], // benchmarks
  [0xe0000000, 4], // multicast
  [0xf0000000, 4], // reserved, and the broadcast address
];

/** Whether mail could reach the address over the public Internet. */
export const isRoutableIpv4 = ([a, b, c, d]: Ipv4["octets"]): boolean => {
  const address = a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
  return !closedIpv4.some(([network, bits]) => Math.floor(address / 2 ** (32 - bits)) === network / 2 ** (32 - bits));
};

/** {@link isRoutableIpv4} for IPv6. An address that carries an IPv4 address is judged by what it reaches. */
export const isRoutableIpv6 = (groups: ReadonlyArray<number>): boolean => {
  const [a = 0, b = 0, c = 0, d = 0, , f = 0, g = 0, h = 0] = groups;
  const embedded = (high: number, low: number): boolean =>
    isRoutableIpv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (zeros(0, 5) && f === 0xffff) return embedded(g, h); // mapped
  if (zeros(0, 6)) return embedded(g, h); // compatible; unspecified and loopback fall out as 0.0.0.0 and 0.0.0.1
  if (a === 0x64 && b === 0xff9b && zeros(2, 6)) return embedded(g, h); // NAT64
  if (a === 0x64 && b === 0xff9b && c === 1) return false; // NAT64 for local use
  if (a === 0x100 && b === 0 && c === 0 && d === 0) return false; // discard
  if (a === 0x2002) return embedded(b, c); // 6to4
  if (a === 0x2001 && b === 0) return embedded(g ^ 0xffff, h ^ 0xffff); // Teredo
  if ((a & 0xfe00) === 0xfc00) return false; // unique local
  if ((a & 0xff80) === 0xfe80) return false; // link-local, and the site-local addresses of old
  return (a & 0xff00) !== 0xff00; // multicast
};
