import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { constVoid } from "effect/Function";
import * as Redacted from "effect/Redacted";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import { chainOf } from "./_certificate.ts";
import { coded } from "./_errors.ts";

/** Which side of the connection this is; TLS is not symmetric. */
export type Role = "client" | "server";

const defaultTimeout: Duration.Input = "30 seconds";

type Secret = Redacted.Redacted<string | Uint8Array>;

const reveal = (key: NonNullable<TlsOptions["key"]>): unknown =>
  Redacted.isRedacted(key) ? Redacted.value(key as Secret) : (key as ReadonlyArray<Secret>).map(Redacted.value);

/** What both roles share, in the words of `node:tls`; it leaves out what was not asked for. */
const commonOptions = (options: TlsOptions): tls.SecureContextOptions & tls.CommonConnectionOptions => {
  const out: Record<string, unknown> = { rejectUnauthorized: options.rejectUnauthorized ?? true };
  if (options.ca !== undefined) out.ca = options.ca;
  if (options.cert !== undefined) out.cert = options.cert;
  if (options.key !== undefined) out.key = reveal(options.key);
  if (options.passphrase !== undefined) out.passphrase = Redacted.value(options.passphrase);
  if (options.minVersion !== undefined) out.minVersion = options.minVersion;
  if (options.alpnProtocols !== undefined) out.ALPNProtocols = options.alpnProtocols;
  return out;
};

/** What is wrong with the options before an octet is sent, if anything is. */
export const fault = (role: Role, options: TlsOptions): string | undefined => {
  if ((options.key === undefined) !== (options.cert === undefined)) return "A TLS identity needs both key and cert";
  if (role === "server" && options.key === undefined) return "A TLS server needs key and cert";
  if (role === "client" && options.servername === undefined && options.rejectUnauthorized !== false) {
    return "A TLS client needs servername to check the certificate of the peer";
  }
  return undefined;
};

const closedEarly = () => coded("ECONNRESET", "The peer closed the connection during the TLS handshake");

const asClient = (line: Duplex, options: TlsOptions): Effect.Effect<tls.TLSSocket, unknown> =>
  Effect.callback((resume) => {
    const name = options.servername;
    // An address is checked against the certificate, but is not a name to send (RFC 6066, section 3).
    const identity = name === undefined
      ? {}
      : net.isIP(name) === 0
      ? { servername: name }
      : { host: name, servername: "" };
    let socket: tls.TLSSocket;
    try {
      socket = tls.connect({ ...commonOptions(options), ...identity, socket: line });
    } catch (cause) {
      return resume(Effect.fail(cause));
    }
    socket.on("error", constVoid);
    socket.once("secureConnect", () => resume(Effect.succeed(socket)));
    socket.once("error", (cause) => resume(Effect.fail(cause)));
    socket.once("close", () => resume(Effect.fail(closedEarly())));
    return Effect.sync(() => {
      socket.destroy();
    });
  });

/** A `TLSSocket` alone would not check the certificate of a client; a server does, also one that listens nowhere. */
const asServer = (line: Duplex, options: TlsOptions): Effect.Effect<tls.TLSSocket, unknown> =>
  Effect.callback((resume) => {
    let server: tls.Server;
    try {
      server = tls.createServer({ ...commonOptions(options), requestCert: options.requestCert ?? false });
    } catch (cause) {
      return resume(Effect.fail(cause));
    }
    server.once("secureConnection", (socket) => {
      socket.on("error", constVoid);
      resume(Effect.succeed(socket));
    });
    server.once("tlsClientError", (cause) => resume(Effect.fail(cause)));
    // A server that takes half-open connections does not give up by itself when its client does.
    line.once("end", () => resume(Effect.fail(closedEarly())));
    line.once("close", () => resume(Effect.fail(closedEarly())));
    server.emit("connection", line);
  });

export interface Secured {
  readonly socket: tls.TLSSocket;
  readonly report: TlsReport;
}

const report = (socket: tls.TLSSocket, options: TlsOptions): Secured => ({
  socket,
  report: {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    serverName: options.servername,
    alpnProtocol: socket.alpnProtocol || undefined,
    chain: chainOf(socket),
    verification: socket.authorized
      ? { verified: true, by: "pkix" }
      : { verified: false, fault: "invalid", detail: String(socket.authorizationError) },
  },
});

/**
 * Speaks TLS on a line. Fails with the cause. Whatever made it fail, or interrupted it, the line is good for nothing then but
 * `destroy`.
 */
export const handshake = (line: Duplex, role: Role, options: TlsOptions): Effect.Effect<Secured, unknown> => {
  const timeout = options.timeout ?? defaultTimeout;
  const socket = role === "client" ? asClient(line, options) : asServer(line, options);
  return Effect.timeoutOrElse(Effect.map(socket, (socket) => report(socket, options)), {
    duration: timeout,
    orElse: () => {
      const waited = Duration.format(Duration.fromInputUnsafe(timeout));
      return Effect.fail(coded("ETIMEDOUT", `The TLS handshake was not finished after ${waited}`));
    },
  });
};
