/**
 * Makes the connections of a delivery. It is given an address that the route plan has checked, and must dial that
 * address and no other: a name that is looked up a second time may lead elsewhere.
 *
 * @example A dialer for tests: the same mock server behind every address
 * ```ts
 * import { Dialer } from "@plausch/delivery/dialer";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assert } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Result from "effect/Result";
 * import * as Socket from "effect/socket/Socket";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 421 4.3.2 closed\n"));
 * const layer = Layer.effect(Dialer, Effect.map(Effect.service(Socket.Socket), (socket) => ({ dial: () => socket }))).pipe(
 *   Layer.provide(MockSocket.layer(script)),
 * );
 * const dialer = await Effect.runPromise(Effect.provide(Effect.service(Dialer), layer));
 * const endpoint = { host: "mx.example.org", address: "192.0.2.1", port: 25, tls: "opportunistic", tlsOptions: {} } as const;
 * assert(Socket.isSocket(dialer.dial(endpoint)));
 * ```
 *
 * @module
 */
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Context from "effect/Context";
import type * as Socket from "effect/socket/Socket";

/** Whom to dial. */
export interface Endpoint {
  /** The host, as the route plan names it: for people, and for nothing else. */
  readonly host: string;
  /** The IP address to dial, without brackets. */
  readonly address: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** How much is asked of TLS: for a dialer that begins with it (RFC 8314), since the conversation does the rest. */
  readonly tls: TlsLevel;
  /** The settings of the handshake: whom the certificate must be for, and what else can prove it. */
  readonly tlsOptions: TlsOptions;
}

/** Makes connections. */
export interface Dialer {
  /** A socket that dials when its `reader` is acquired. Making it does nothing yet. */
  readonly dial: (endpoint: Endpoint) => Socket.Socket;
}

/** The key of the service. */
export const Dialer: Context.Service<Dialer, Dialer> = Context.Service<Dialer>("@plausch/delivery/Dialer");
