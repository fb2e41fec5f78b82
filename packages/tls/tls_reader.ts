/**
 * A socket's reader that can do what SMTP asks of one: tell what is buffered, and begin TLS with all its settings.
 * `@plausch/net` and the mock sockets of `@plausch/testing` have it; sessions look for it.
 *
 * @example Encrypt what can be encrypted
 * ```ts
 * import * as TlsReader from "@plausch/tls/tls-reader";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import type * as Socket from "effect/socket/Socket";
 *
 * const protocol = (reader: Socket.Reader<Uint8Array>) =>
 *   TlsReader.isTlsReader(reader)
 *     ? Effect.map(reader.startTls({ servername: "mx.example.test" }), (report) => report.protocol)
 *     : Effect.succeed("in clear");
 *
 * const plain = { pull: Effect.never, upgrade: () => Effect.void };
 * assertEquals(await Effect.runPromise(protocol(plain)), "in clear");
 * ```
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import type { TlsOptions } from "./tls_options.ts";
import type { TlsReport } from "./tls_report.ts";

/** A reader whose connection can be encrypted. */
export interface TlsReader<A extends Uint8Array | string = Uint8Array> extends Socket.Reader<A> {
  /**
   * Octets received and not pulled yet. Before STARTTLS this must be 0, and nothing may be left in the line decoder: anything
   * else was sent in clear by somebody who hopes it is taken for the encrypted answer.
   */
  readonly buffered: () => number;
  /**
   * Speaks TLS from here on. Fails with a `SocketUpgradeError` whose cause is a `TlsError`; the connection is closed then, unless
   * the reason is `BadOptions` or `Unavailable`.
   */
  readonly startTls: (options?: TlsOptions) => Effect.Effect<TlsReport, Socket.SocketError>;
  /** What the latest handshake came to; undefined while the connection is in clear. */
  readonly tls: () => TlsReport | undefined;
}

/**
 * Whether a reader is such a one.
 *
 * @example
 * ```ts
 * import * as TlsReader from "@plausch/tls/tls-reader";
 * import { assert } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * assert(!TlsReader.isTlsReader({ pull: Effect.never, upgrade: () => Effect.void }));
 * ```
 */
export const isTlsReader = <A extends Uint8Array | string>(reader: Socket.Reader<A>): reader is TlsReader<A> =>
  "startTls" in reader && "buffered" in reader && "tls" in reader;
