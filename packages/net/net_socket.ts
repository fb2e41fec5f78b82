/**
 * What a live connection offers beyond effect's `Socket`: what is buffered, who the peer is, and TLS with all its settings.
 *
 * `Connect` and `Listen` hand out a {@linkcode NetSocket}. Code that needs no more than effect's `Socket.Socket` takes it as one.
 *
 * @example Every NetSocket is a Socket
 * ```ts
 * import * as Connect from "@plausch/net/connect";
 * import type * as NetSocket from "@plausch/net/net-socket";
 * import * as Socket from "effect/socket/Socket";
 * import { assert } from "@std/assert";
 *
 * const socket: NetSocket.NetSocket = Connect.make({ host: "127.0.0.1", port: 25 });
 * assert(Socket.isSocket(socket));
 * ```
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import type { DirectReader } from "@plausch/line/direct-reader";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { ConnectionInfo } from "./connection_info.ts";

/**
 * The read side of a live connection.
 *
 * `pull` gives octets as they came, never joined and never lost: an interrupted pull leaves them for the next one. What was
 * received before the connection ended is handed out first; then `pull` fails, every time, with the reason: close code 1000
 * when the peer said it is done, 1006 when this side tore the connection down, a `SocketReadError` when the line broke.
 */
export interface NetReader extends DirectReader, TlsReader<Uint8Array> {
  /**
   * Octets received and not pulled yet. Before STARTTLS this must be 0, and nothing may be left in the line decoder: anything
   * else was sent in clear by somebody who hopes it is taken for the encrypted answer.
   */
  readonly buffered: () => number;
  /**
   * Speaks TLS from here on, as client on a dialled connection, as server on an accepted one. Octets that were received but not
   * pulled go to the handshake, never past it to `pull`. Writes fail while the handshake is under way.
   *
   * Every peer gets through the handshake, so that there is a report of it. One that had to prove who it is and has not is refused then: it
   * hears no more, and the report is in the error. A server refuses a client only if it asked for a certificate (`requestCert`).
   *
   * Fails with a `SocketUpgradeError` whose cause is a `TlsError`: a certificate that does not do, a peer that speaks no TLS, a handshake
   * that took too long. Then the connection is closed, as it is after an interruption. Only when no handshake
   * began, because the options made no sense (`BadOptions`) or TLS could not be loaded (`Unavailable`), does it stay as it was. effect's `upgrade` does the same with fewer options.
   */
  readonly startTls: (options?: TlsOptions) => Effect.Effect<TlsReport, Socket.SocketError>;
  /** What the handshake of this connection came to; undefined while it is in clear. */
  readonly tls: () => TlsReport | undefined;
}

/**
 * An effect `Socket` on `node:net`.
 *
 * A write succeeds when the system has taken the octets. It fails with a `SocketWriteError` once the peer is gone, waits while the
 * peer does not read, and can be interrupted; after an interruption the octets may still go out, so the connection is only
 * good for closing. What the peer said before it left stays readable after a failed write.
 */
export interface NetSocket extends Socket.Socket {
  /** Acquires the connection; the scope owns it. A dialled socket dials once per acquisition. */
  readonly reader: Effect.Effect<NetReader, Socket.SocketError, Scope.Scope>;
  /** The two ends of the latest connection; `undefined` before the first one. */
  readonly connection: () => ConnectionInfo | undefined;
  /** What the TLS handshake of the latest connection came to; `undefined` while it is in clear. */
  readonly tls: () => TlsReport | undefined;
}
