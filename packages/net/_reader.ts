import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Effect from "effect/Effect";
import type { Connection } from "./_connection.ts";
import type { NetReader } from "./net_socket.ts";

/** A connection as the reader of a socket. `startTls` is given the options of the handshake, or none. */
export const toReader = (
  connection: Connection,
  startTls: (options: TlsOptions) => ReturnType<Connection["startTls"]>,
): NetReader => ({
  pull: connection.pull,
  buffered: () => connection.buffered,
  startTls: (options = {}) => startTls(options),
  listen: (listener) => connection.listen(listener),
  tls: () => connection.tls,
  upgrade: (options = {}) => Effect.asVoid(startTls(options)),
});
