/**
 * The PROXY protocol: a header in front of a connection, in which a proxy says on whose behalf it connects. Versions 1 and 2, as in
 * HAProxy's `proxy-protocol.txt`, sections 2.1 and 2.2.
 *
 * Whoever takes such headers believes every address in them: take them only where nobody but a proxy can connect, and then from every
 * connection. There is no way to find out by looking whether one will come.
 *
 * @example A client that speaks for somebody else, and a server that listens to it
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import * as ConnectionInfo from "@plausch/net/connection-info";
 * import * as Listen from "@plausch/net/listen";
 * import * as ProxyProtocol from "@plausch/net/proxy-protocol";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const greeting = Effect.gen(function* () {
 *   const listener = yield* Listen.listen({ proxyProtocol: true });
 *   yield* Effect.forkScoped(listener.run((socket, info) =>
 *     Effect.gen(function* () {
 *       yield* socket.reader;
 *       yield* (yield* socket.writer).write(`220 ${ConnectionInfo.formatRemote(info)}`);
 *     })
 *   ));
 *   const source = { address: "192.0.2.1", port: 50000 };
 *   const origin = yield* Effect.fromResult(ProxyProtocol.tcp(source, { address: "192.0.2.25", port: 25 }));
 *   const preface = yield* Effect.fromResult(ProxyProtocol.encodeV2(origin));
 *   const socket = Connect.make({ host: "127.0.0.1", port: listener.port, preface });
 *   const reader = yield* socket.reader;
 *   return new TextDecoder().decode((yield* reader.pull)[0]);
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(greeting)), "220 192.0.2.1:50000");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import * as IpAddress from "./_ip_address.ts";
import * as Version1 from "./_proxy_v1.ts";
import * as Version2 from "./_proxy_v2.ts";
import { ProxyError } from "./proxy_error.ts";

/** One end of a connection that was made elsewhere. */
export interface Endpoint {
  /** An IP address without brackets and zone. */
  readonly address: string;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** A connection between two IP addresses. */
export interface IpOrigin {
  /** Tells the kinds apart. */
  readonly _tag: "Ip";
  /** The family of both addresses. */
  readonly family: "IPv4" | "IPv6";
  /** TCP is `stream`, UDP is `datagram`; the latter is for version 2 only. */
  readonly transport: "stream" | "datagram";
  /** Who connected to the proxy. */
  readonly source: Endpoint;
  /** Where it connected to. */
  readonly destination: Endpoint;
}

/** A connection between two Unix sockets; for version 2 only. */
export interface UnixOrigin {
  /** Tells the kinds apart. */
  readonly _tag: "Unix";
  /** What kind of socket they are. */
  readonly transport: "stream" | "datagram";
  /** The path of who connected to the proxy, at most 108 octets in UTF-8; empty if there is none. */
  readonly source: string;
  /** The path that it connected to, at most 108 octets in UTF-8; empty if there is none. */
  readonly destination: string;
}

/** A connection of which the header does not say more: `Local` is the proxy's own, as for a check of its health; version 2 only. */
export interface OtherOrigin {
  /** Tells the kinds apart. */
  readonly _tag: "Local" | "Unknown";
}

/** On whose behalf a connection is made. */
export type Origin = IpOrigin | UnixOrigin | OtherOrigin;

/** A further value in a header of version 2 (section 2.2, "TLV"), such as 0x02: the name that was asked for by SNI. */
export interface Tlv {
  /** What it is, 0 to 255. The checksum, 0x03, is not among them: it is checked and left out. */
  readonly type: number;
  /** Its octets, at most 65535. */
  readonly value: Uint8Array;
}

/** A header that was read. */
export interface Header {
  /** The version of the protocol. */
  readonly version: 1 | 2;
  /** On whose behalf the connection is made. */
  readonly origin: Origin;
  /** What else it says, in its order; nothing in version 1, and where there are no addresses. */
  readonly tlvs: ReadonlyArray<Tlv>;
}

/**
 * A TCP connection from one address to another. Fails with a {@linkcode ProxyError}, reason `BadAddress` or `BadPort`.
 *
 * @example
 * ```ts
 * import * as ProxyProtocol from "@plausch/net/proxy-protocol";
 * import { assert, assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const server = { address: "2001:db8::25", port: 25 };
 * const origin = Result.getOrThrow(ProxyProtocol.tcp({ address: "2001:db8:0:0::1", port: 50000 }, server));
 * assertEquals([origin.family, origin.source.address], ["IPv6", "2001:db8::1"]);
 * assert(Result.isFailure(ProxyProtocol.tcp({ address: "192.0.2.1", port: 50000 }, server)));
 * ```
 */
export const tcp = (source: Endpoint, destination: Endpoint): Result.Result<IpOrigin, ProxyError> => {
  const from = IpAddress.parse(source.address);
  const to = IpAddress.parse(destination.address);
  if (from === undefined || to === undefined || from.length !== to.length) {
    return Result.fail(new ProxyError({ reason: "BadAddress" }));
  }
  if (![source, destination].every(({ port }) => Number.isInteger(port) && port >= 0 && port <= 65535)) {
    return Result.fail(new ProxyError({ reason: "BadPort" }));
  }
  return Result.succeed({
    _tag: "Ip",
    family: from.length === 4 ? "IPv4" : "IPv6",
    transport: "stream",
    source: { address: IpAddress.format(from)!, port: source.port },
    destination: { address: IpAddress.format(to)!, port: destination.port },
  });
};

/**
 * A header of version 1, a line of at most 107 octets. What it has no words for becomes `UNKNOWN`: Unix sockets, datagrams, and
 * the proxy's own connections. Fails with a {@linkcode ProxyError}, reason `BadAddress` or `BadPort`.
 *
 * @example
 * ```ts
 * import * as ProxyProtocol from "@plausch/net/proxy-protocol";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const source = { address: "192.0.2.1", port: 50000 };
 * const origin = Result.getOrThrow(ProxyProtocol.tcp(source, { address: "192.0.2.25", port: 25 }));
 * const header = Result.getOrThrow(ProxyProtocol.encodeV1(origin));
 * assertEquals(new TextDecoder().decode(header), "PROXY TCP4 192.0.2.1 192.0.2.25 50000 25\r\n");
 * ```
 */
export const encodeV1 = (origin: Origin): Result.Result<Uint8Array, ProxyError> =>
  Result.map(checked(origin), Version1.encode);

/**
 * A header of version 2. With `checksum` it has one, CRC32c. A `Local` or `Unknown` origin leaves no place for TLVs. Fails with a
 * {@linkcode ProxyError}, reason `BadAddress`, `BadPort`, or `BadTlv` when they are too long together.
 *
 * @example A connection of the proxy's own
 * ```ts
 * import * as ProxyProtocol from "@plausch/net/proxy-protocol";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const header = Result.getOrThrow(ProxyProtocol.encodeV2({ _tag: "Local" }));
 * assertEquals(header, Uint8Array.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0]));
 * ```
 */
export const encodeV2 = (
  origin: Origin,
  options: {
    /** Further values. */
    readonly tlvs?: ReadonlyArray<Tlv> | undefined;
    /** Adds a checksum. */
    readonly checksum?: boolean | undefined;
  } = {},
): Result.Result<Uint8Array, ProxyError> =>
  Result.flatMap(checked(origin), (origin) => Version2.encode(origin, options.tlvs ?? [], options.checksum ?? false));

/** An origin that somebody made by hand is looked at again: what it says goes into a line. */
const checked = (origin: Origin): Result.Result<Origin, ProxyError> => {
  if (origin._tag !== "Ip") return Result.succeed(origin);
  return Result.flatMap(
    tcp(origin.source, origin.destination),
    (same) =>
      same.family === origin.family
        ? Result.succeed({ ...same, transport: origin.transport })
        : Result.fail(new ProxyError({ reason: "BadAddress" })),
  );
};

/** Reads one header, piece by piece. */
export interface Parser {
  /**
   * Takes the next octets. Gives nothing as long as more are needed; then the header, and those octets that came behind it. Fails as
   * soon as it is sure that this is no header, or a broken one. It keeps at most 65,551 octets, the longest header there is,
   * and the last piece.
   */
  readonly push: (
    octets: Uint8Array,
  ) => Result.Result<{ readonly header: Header; readonly rest: Uint8Array } | undefined, ProxyError>;
}

/**
 * A parser for one header of either version.
 *
 * @example Cut anywhere
 * ```ts
 * import * as ProxyProtocol from "@plausch/net/proxy-protocol";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const encode = (text: string) => new TextEncoder().encode(text);
 * const { push } = ProxyProtocol.parser();
 * assertEquals(Result.getOrThrow(push(encode("PROXY TCP4 192.0.2.1 192.0"))), undefined);
 * const done = Result.getOrThrow(push(encode(".2.25 50000 25\r\nEHLO")));
 * assertEquals(done?.header.origin._tag, "Ip");
 * assertEquals(new TextDecoder().decode(done?.rest), "EHLO");
 * ```
 */
export const parser = (): Parser => {
  let buffer = new Uint8Array(256);
  let length = 0;
  const keep = (octets: Uint8Array) => {
    if (length + octets.length > buffer.length) {
      const larger = new Uint8Array(Math.max(2 * buffer.length, length + octets.length));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(octets, length);
    length += octets.length;
  };
  return {
    push: (octets) => {
      keep(octets);
      const held = buffer.subarray(0, length);
      const version = [Version1, Version2].find(({ signature }) => begins(held, signature));
      if (version === undefined) return Result.fail(new ProxyError({ reason: "NotProxy" }));
      return Result.map(
        version.parse(held),
        (found) => found && { header: found.header, rest: held.slice(found.length) },
      );
    },
  };
};

/** Whether the octets and the signature are the same, as far as both go. */
const begins = (octets: Uint8Array, signature: Uint8Array): boolean =>
  signature.every((octet, index) => index >= octets.length || octets[index] === octet);
