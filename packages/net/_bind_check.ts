import * as Effect from "effect/Effect";
import { constVoid } from "effect/Function";
import * as dgram from "node:dgram";

/**
 * Fails with the cause when this process may not bind to the address, or the address is not one of this machine.
 *
 * Deno throws a missing permission for a source or listening address of `node:net` from a tick where nobody can catch it, and the
 * process dies. A UDP socket needs the same permission, and with a look-up that answers at once it throws where we are.
 */
export const bindable = (address: string, port: number): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    const family = address.includes(":") ? 6 : 4;
    const socket = dgram.createSocket({
      type: family === 6 ? "udp6" : "udp4",
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    const bound = Effect.callback<void, unknown>((resume) => {
      socket.once("listening", () => resume(Effect.void));
      socket.on("error", (cause) => resume(isAboutAddress(cause) ? Effect.fail(cause) : Effect.void));
      try {
        socket.bind({ address, port, exclusive: true });
      } catch (cause) {
        resume(isAboutAddress(cause) ? Effect.fail(cause) : Effect.void);
      }
    });
    const close = Effect.callback<void>((resume) => {
      socket.once("close", () => resume(Effect.void));
      socket.on("error", constVoid);
      socket.close();
    });
    return Effect.ensuring(bound, close);
  });

/** That a UDP port is taken, or needs a privilege, says nothing about TCP. */
const isAboutAddress = (cause: unknown): boolean =>
  cause instanceof Error &&
  (cause.name === "NotCapable" || (cause as { readonly code?: unknown }).code === "EADDRNOTAVAIL");
