import { TlsError } from "@plausch/tls/tls-error";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

/** All that speaks TLS. */
export type Tls = typeof import("./_tls.ts");

let loaded: Tls | undefined;

const loading = (timeout: Duration.Input): Effect.Effect<Tls, TlsError> =>
  Effect.tryPromise({
    try: async () => loaded = await import("./_tls.ts"),
    catch: (cause) => new TlsError({ reason: "Unavailable", cause }),
  }).pipe(Effect.timeoutOrElse({
    duration: timeout,
    orElse: () => {
      const waited = Duration.format(Duration.fromInputUnsafe(timeout));
      return Effect.fail(new TlsError({ reason: "Unavailable", cause: new Error(`it was not there after ${waited}`) }));
    },
  }));

/**
 * Loads what speaks TLS, once: a conversation in clear does without it, and starts sooner. Fails with the reason `Unavailable`, also
 * if it takes longer than a handshake may.
 */
export const load = (timeout: Duration.Input = "30 seconds"): Effect.Effect<Tls, TlsError> =>
  Effect.suspend(() => loaded === undefined ? loading(timeout) : Effect.succeed(loaded));
