/**
 * The live socket: TCP, Unix sockets and TLS on `node:net` and `node:tls` as an effect `Socket`, and a listener for servers.
 *
 * It runs on Deno, Node and Bun. Whatever a peer does, nothing here throws where nobody can catch it, no write waits for ever
 * on a peer that has gone, and what a peer said before it went stays readable.
 *
 * @example Who is there
 * ```ts
 * import { Connect, ConnectionInfo, Listen } from "@plausch/net";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const peer = Effect.gen(function* () {
 *   const listener = yield* Listen.listen();
 *   const socket = Connect.make({ host: "127.0.0.1", port: listener.port });
 *   yield* socket.reader;
 *   return [ConnectionInfo.formatRemote(socket.connection()!), `127.0.0.1:${listener.port}`];
 * });
 * const [seen, expected] = await Effect.runPromise(Effect.scoped(peer));
 * assertEquals(seen, expected);
 * ```
 *
 * @module
 */

/** The client: dials a host and port or a Unix socket. */
export * as Connect from "./connect.ts";
/** The addresses of both ends. */
export * as ConnectionInfo from "./connection_info.ts";
/** Effect's `HttpClient` that dials the addresses it is given. */
export * as HttpsClient from "./https_client.ts";
/** The server: accepts connections. */
export * as Listen from "./listen.ts";
/** Why a listener could not start. */
export * as ListenError from "./listen_error.ts";
/** What a live connection offers beyond effect's `Socket`. */
export * as NetSocket from "./net_socket.ts";
/** Why something could not be opened, in words for people. */
export * as OpenFailure from "./open_failure.ts";
/** What is wrong with a PROXY header. */
export * as ProxyError from "./proxy_error.ts";
/** The PROXY protocol: on whose behalf a connection is made. */
export * as ProxyProtocol from "./proxy_protocol.ts";
