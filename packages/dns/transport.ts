/**
 * The way to a name server: all that the resolver needs of the outside world. `Live.transport` is the real one; a test
 * gives its own, and so tries retries and time-outs without a socket.
 *
 * @example A transport that hears nothing
 * ```ts
 * import * as StubResolver from "@plausch/dns/stub-resolver";
 * import type { Transport } from "@plausch/dns/transport";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const silent: Transport = { id: Effect.succeed(1), udp: () => Effect.never, tcp: () => Effect.never };
 * const resolver = StubResolver.make(silent, {
 *   servers: [{ address: "192.0.2.53", port: 53, family: 4 }],
 *   timeout: "1 millis",
 * });
 * const error = await Effect.runPromise(Effect.flip(resolver.query("example.org", "MX")));
 * assertEquals(error.reason, "Timeout");
 * ```
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { DnsError } from "./dns_error.ts";
import type { NameServer } from "./name_server.ts";

/**
 * Sends a query to a server and waits for the reply, without a limit: the resolver interrupts it. Octets from another
 * address, and octets that `accept` does not take, are passed over, and the waiting goes on. Fails with `Unreachable`.
 */
export type Exchange = (
  server: NameServer,
  query: Uint8Array,
  accept: (reply: Uint8Array) => boolean,
) => Effect.Effect<Uint8Array, DnsError>;

/** The way to name servers. */
export interface Transport {
  /** An id for a query, from 0 to 65535, that nobody can guess. */
  readonly id: Effect.Effect<number>;
  /** One datagram there, from a port of its own, and one back. */
  readonly udp: Exchange;
  /** One connection with one message there and one back. */
  readonly tcp: Exchange;
}
