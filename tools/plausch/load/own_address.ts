/**
 * Which servers may be loaded without further questions: those on this machine and in private networks.
 *
 * @module
 */
import { BlockList, isIP } from "node:net";

/** Networks, each with the length of its prefix, and why nobody else's server is there. */
const networks: ReadonlyArray<readonly [network: string, prefix: number, family: "ipv4" | "ipv6"]> = [
  ["127.0.0.0", 8, "ipv4"], // loopback, RFC 1122 section 3.2.1.3
  ["10.0.0.0", 8, "ipv4"], // private, RFC 1918 section 3
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["169.254.0.0", 16, "ipv4"], // link-local, RFC 3927
  ["::1", 128, "ipv6"], // loopback, RFC 4291 section 2.5.3
  ["fc00::", 7, "ipv6"], // unique local, RFC 4193
  ["fe80::", 10, "ipv6"], // link-local, RFC 4291 section 2.5.6
];

const own = new BlockList();
for (const [network, prefix, family] of networks) own.addSubnet(network, prefix, family);

/** Octets 10 and 11 of an IPv6 address that holds an IPv4 one (RFC 4291 section 2.5.5.2), as a URL writes them. */
const mapped = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/** The IPv4 address inside an IPv6 one, else the address itself. */
const unmap = (address: string): string => {
  if (isIP(address) !== 6) return address;
  const match = mapped.exec(new URL(`http://[${address}]`).hostname);
  if (match === null) return address;
  const [high, low] = [parseInt(match[1]!, 16), parseInt(match[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
};

/** Whether an IP address, without brackets, is one of this machine's loopback or of a private network. What is no address is not. */
export const isOwn = (address: string): boolean => {
  // A zone says through which interface; it does not change what the address is.
  const bare = unmap(address.replace(/%.*$/, ""));
  const family = isIP(bare);
  return family !== 0 && own.check(bare, family === 4 ? "ipv4" : "ipv6");
};
