import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import type { Connection } from "./_connection.ts";
import { closed, coded, openFailed } from "./_errors.ts";
import { toReader } from "./_reader.ts";
import type { ConnectionInfo } from "./connection_info.ts";
import type { NetSocket } from "./net_socket.ts";

/** An accepted connection as a socket. Its reader can be acquired once: nobody can dial back. */
export const toSocket = (connection: Connection, info: ConnectionInfo): NetSocket => {
  let acquired = false;
  const live = toReader(connection, (options) => connection.startTls(options));
  const reader: NetSocket["reader"] = Effect.gen(function* () {
    if (acquired) {
      return yield* Effect.fail(
        openFailed(coded("EISCONN", "An accepted connection has one reader, and it was acquired before")),
      );
    }
    acquired = true;
    // The listener closes the wire when the handler is done, so that the last reply arrives before the end.
    yield* Scope.addFinalizer(yield* Effect.scope, Effect.sync(() => connection.release()));
    return live;
  });
  const writer: NetSocket["writer"] = Effect.acquireRelease(
    Effect.succeed<Socket.Writer>({
      write: (chunk) =>
        Socket.isCloseEvent(chunk)
          ? Effect.sync(() => connection.close(() => closed(chunk.code, chunk.reason)))
          : connection.write([chunk]),
      writeAll: (chunks) => connection.write(chunks),
    }),
    () => Effect.sync(() => connection.end()),
  );
  return { ...Socket.make({ reader, writer }), reader, connection: () => info, tls: live.tls };
};
