/**
 * Who talks to whom: the addresses of both ends of a connection.
 *
 * @example
 * ```ts
 * import * as ConnectionInfo from "@plausch/net/connection-info";
 * import { assertEquals } from "@std/assert";
 *
 * const info: ConnectionInfo.ConnectionInfo = {
 *   family: "IPv6",
 *   localAddress: "::1",
 *   localPort: 40000,
 *   remoteAddress: "::1",
 *   remotePort: 25,
 * };
 * assertEquals(ConnectionInfo.formatRemote(info), "[::1]:25");
 * ```
 *
 * @module
 */
import type * as net from "node:net";

/** The two ends of one connection, as they were when it was established. They stay readable after it has closed. */
export interface ConnectionInfo {
  /** How the two ends reach each other. `Unix` is a socket in the file system. */
  readonly family: "IPv4" | "IPv6" | "Unix";
  /** Our address without brackets; the empty string for a Unix socket, unless a PROXY header has its path. */
  readonly localAddress: string;
  /** Our port; 0 for a Unix socket. */
  readonly localPort: number;
  /** The address of the peer without brackets; the path for a Unix socket. */
  readonly remoteAddress: string;
  /** The port of the peer; 0 for a Unix socket. */
  readonly remotePort: number;
  /** The connection that a proxy made on behalf of these two ends, where they come from a PROXY header. */
  readonly via?: ConnectionInfo | undefined;
}

/** A listener on `::` also takes IPv4, and then shows the address inside an IPv6 one (RFC 4291, section 2.5.5.2). */
const unmap = (address: string): string => /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;

/**
 * The ends of a socket of `node:net` or `node:tls`, or `undefined` when it is not connected. An IPv4 peer of a dual-stack
 * listener counts as IPv4. `path` says that this is a Unix socket, which has no addresses of its own.
 *
 * @example A socket that is not connected has no ends
 * ```ts
 * import * as ConnectionInfo from "@plausch/net/connection-info";
 * import { assertEquals } from "@std/assert";
 * import * as net from "node:net";
 *
 * assertEquals(ConnectionInfo.fromSocket(new net.Socket()), undefined);
 * ```
 */
export const fromSocket = (socket: net.Socket, path?: string): ConnectionInfo | undefined => {
  if (path !== undefined) {
    return { family: "Unix", localAddress: "", localPort: 0, remoteAddress: path, remotePort: 0 };
  }
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  const remote = unmap(remoteAddress);
  return {
    family: remote.includes(":") ? "IPv6" : "IPv4",
    localAddress: unmap(localAddress),
    localPort: localPort ?? 0,
    remoteAddress: remote,
    remotePort: remotePort ?? 0,
  };
};

const formatEnd = (info: ConnectionInfo, address: string, port: number): string => {
  if (info.family === "Unix") return address;
  return info.family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
};

/**
 * The peer as people write it: `192.0.2.1:25`, `[2001:db8::1]:25`, or the path of a Unix socket.
 *
 * @example
 * ```ts
 * import * as ConnectionInfo from "@plausch/net/connection-info";
 * import { assertEquals } from "@std/assert";
 *
 * const remote = { remoteAddress: "192.0.2.1", remotePort: 25 };
 * const info = { family: "IPv4", localAddress: "192.0.2.9", localPort: 40000, ...remote } as const;
 * assertEquals(ConnectionInfo.formatRemote(info), "192.0.2.1:25");
 * ```
 */
export const formatRemote = (info: ConnectionInfo): string => formatEnd(info, info.remoteAddress, info.remotePort);

/**
 * Our own end as people write it; the empty string for a Unix socket.
 *
 * @example
 * ```ts
 * import * as ConnectionInfo from "@plausch/net/connection-info";
 * import { assertEquals } from "@std/assert";
 *
 * const remote = { remoteAddress: "192.0.2.1", remotePort: 25 };
 * const info = { family: "IPv4", localAddress: "192.0.2.9", localPort: 40000, ...remote } as const;
 * assertEquals(ConnectionInfo.formatLocal(info), "192.0.2.9:40000");
 * ```
 */
export const formatLocal = (info: ConnectionInfo): string => formatEnd(info, info.localAddress, info.localPort);
