import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { Connection } from "./_connection.ts";
import type { ConnectionInfo } from "./connection_info.ts";
import { ProxyError } from "./proxy_error.ts";
import * as ProxyProtocol from "./proxy_protocol.ts";

const endsOf = (origin: ProxyProtocol.Origin, via: ConnectionInfo): ConnectionInfo => {
  switch (origin._tag) {
    case "Ip":
      return {
        family: origin.family,
        localAddress: origin.destination.address,
        localPort: origin.destination.port,
        remoteAddress: origin.source.address,
        remotePort: origin.source.port,
        via,
      };
    case "Unix":
      return {
        family: "Unix",
        localAddress: origin.destination,
        localPort: 0,
        remoteAddress: origin.source,
        remotePort: 0,
        via,
      };
    default:
      return via;
  }
};

/** Reads the PROXY header at the beginning of a connection, and nothing more. Gives the ends that it names, or those that there are. */
export const announced = (
  connection: Connection,
  via: ConnectionInfo,
  timeout: Duration.Input,
): Effect.Effect<ConnectionInfo, ProxyError> =>
  Effect.gen(function* () {
    const parser = ProxyProtocol.parser();
    while (true) {
      const chunks = yield* Effect.mapError(connection.pull, () => new ProxyError({ reason: "Incomplete" }));
      for (const [index, chunk] of chunks.entries()) {
        const found = yield* Effect.fromResult(parser.push(chunk));
        if (found === undefined) continue;
        for (const later of chunks.slice(index + 1).reverse()) connection.unread(later);
        connection.unread(found.rest);
        return endsOf(found.header.origin, via);
      }
    }
  }).pipe(Effect.timeoutOrElse({
    duration: timeout,
    orElse: () => Effect.fail(new ProxyError({ reason: "Timeout" })),
  }));
