import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as net from "node:net";
import type { NetSocket } from "@plausch/net";
import { TlsError } from "@plausch/tls";
import { fromFileUrl } from "../support/path.ts";

/** A peer made of bare node:net, so that it shares nothing with what is tested. It lives until the scope closes. */
export const peer = (
  onConnection: (socket: net.Socket) => void,
  host = "127.0.0.1",
): Effect.Effect<
  { readonly host: string; readonly port: number; readonly sockets: Set<net.Socket> },
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const sockets = new Set<net.Socket>();
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      onConnection(socket);
    });
    yield* Effect.callback<void>((resume) => void server.listen(0, host, () => resume(Effect.void)));
    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void));
        for (const socket of sockets) socket.destroy();
      })
    );
    return { host, port: (server.address() as net.AddressInfo).port, sockets };
  });

/** Pulls until the connection ends: all octets as text, and the reason of the end. */
export const drain = (
  reader: NetSocket.NetReader,
): Effect.Effect<{ readonly text: string; readonly end: Socket.SocketError }> =>
  Effect.gen(function* () {
    let text = "";
    const decoder = new TextDecoder();
    const all = Effect.forever(Effect.map(reader.pull, (chunks) => {
      for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    }));
    const end = yield* Effect.flip(all);
    return { text, end };
  });

/** Pulls until the text received so far ends with `ending`. */
export const readUntil = (reader: NetSocket.NetReader, ending: string): Effect.Effect<string, Socket.SocketError> =>
  Effect.gen(function* () {
    let text = "";
    while (!text.endsWith(ending)) {
      for (const chunk of yield* reader.pull) text += new TextDecoder().decode(chunk);
    }
    return text;
  });

/** Lets the event loop do what it has to do until the condition holds; fails loudly after some time. */
export const eventually = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 4000; tries++) {
      if (holds()) return;
      yield* Effect.sleep("5 millis");
    }
    return yield* Effect.die(new Error(`It never came true that ${what}`));
  });

/** Fails loudly when the effect takes very long: a test of something that must not hang may not hang either. */
export const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutOrElse(effect, {
    duration: "20 seconds",
    orElse: () => Effect.die(new Error(`${what} was not done after 20 seconds`)),
  });

/** The code of the system inside an error of the socket. */
export const codeOf = (error: Socket.SocketError): unknown =>
  (causeOf(error) as { readonly code?: unknown } | undefined)?.code;

/** What the system said. */
export const causeOf = (error: Socket.SocketError): unknown => "cause" in error.reason ? error.reason.cause : undefined;

/** Why a handshake failed; fails loudly if that is not what happened. */
export const tlsErrorOf = (error: Socket.SocketError): TlsError => {
  const cause = causeOf(error);
  if (error.reason._tag !== "SocketUpgradeError" || !(cause instanceof TlsError)) throw error;
  return cause;
};

/** The close code, with the reason where there is one: `1001: going away`. */
export const closeOf = (error: Socket.SocketError): string =>
  error.reason._tag === "SocketCloseError" ? error.reason.message : `${error.reason._tag}: ${causeOf(error)}`;

/** The path of a file for the tests. */
export const fixture = (name: string): string => fromFileUrl(new URL(`./fixtures/${name}`, import.meta.url));

/** A certificate or a key of the tests. */
export const pem = (name: string): string => Deno.readTextFileSync(fixture(name));
