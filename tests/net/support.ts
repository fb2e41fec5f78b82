import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import { spawn, spawnSync } from "node:child_process";
import * as net from "node:net";
import * as tls from "node:tls";
import { assertEquals } from "@std/assert";
import { Connect, type NetSocket } from "@plausch/net";
import { TlsError, type TlsOptions, type TlsReport } from "@plausch/tls";
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

/** A bare TLS server of node:tls that shows these certificates and then says a secret; it counts whom it told. */
export const tlsServer = (cert: string, key = pem("server.key")) =>
  Effect.gen(function* () {
    const open = new Set<tls.TLSSocket>();
    const secure = tls.createServer({ cert, key }, (socket) => {
      open.add(socket);
      const gone = () => void open.delete(socket);
      socket.on("error", gone).on("end", gone).on("close", gone);
      socket.on("data", (octets: Uint8Array) => heard.push(new TextDecoder().decode(octets)));
      socket.write("220 secret\r\n");
    });
    secure.on("tlsClientError", () => {});
    const heard: Array<string> = [];
    const { host, port } = yield* peer((socket) => void secure.emit("connection", socket));
    return { host, port, open, heard };
  });

/** Connects, whatever it comes to, and gives the report; at the end of a refused connection the server has heard nothing. */
export const reportOn = (cert: string, options: TlsOptions): Effect.Effect<TlsReport, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { heard, host, open, port } = yield* tlsServer(cert);
    const socket = Connect.make({ host, port, tls: options });
    const dialled = yield* soon("dialling", Effect.result(Effect.tap(socket.reader, (reader) => reader.pull)));
    if (dialled._tag === "Success") return socket.tls()!;
    const error = tlsErrorOf(dialled.failure);
    assertEquals(error.reason, "CertificateRefused");
    assertEquals(socket.tls(), undefined);
    yield* eventually("the peer has seen us off", () => open.size === 0);
    assertEquals(heard, []);
    return error.report!;
  });

/** Certificates of the tests in one text, as a server shows them. */
export const chain = (...names: ReadonlyArray<string>): string => names.map((name) => pem(`${name}.pem`)).join("");

/** What proves who the peer is, or what is wrong. */
export const verdict = ({ verification }: TlsReport): string =>
  verification.verified ? verification.by : verification.fault;

/** Whether there is OpenSSL on this machine. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A server of OpenSSL: unlike others it believes a key file about its public half. */
export const opensslServer = (cert: string, key: string): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const files = ["-cert", fixture(`${cert}.pem`), "-key", fixture(`${key}.key`)];
    const child = spawn("openssl", ["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", ...files]);
    const ended = Effect.callback<void>((resume) => void child.once("close", () => resume(Effect.void)));
    const ending = yield* Effect.forkScoped(ended, { startImmediately: true });
    yield* Effect.addFinalizer(() => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), Fiber.join(ending)));
    return yield* Effect.callback<number>((resume) => {
      child.stdout.on("data", (octets: Uint8Array) => {
        const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(new TextDecoder().decode(octets))?.[1];
        if (port !== undefined) resume(Effect.succeed(Number(port)));
      });
    });
  });
