import { TlsError, type TlsErrorReason } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { constUndefined, constVoid } from "effect/Function";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import { coded } from "./_errors.ts";
import * as Peer from "./_peer.ts";
import type { TlsSettings } from "./_tls_settings.ts";

/** Which side of the connection this is; TLS is not symmetric. */
export type Role = "client" | "server";

/** A handshake that went through. */
export interface Secured {
  readonly socket: tls.TLSSocket;
  readonly report: TlsReport;
}

const defaultTimeout: Duration.Input = "30 seconds";

const closedEarly = () => coded("ECONNRESET", "The peer closed the connection during the TLS handshake");

const asClient = (
  line: Duplex,
  name: string | undefined,
  settings: TlsSettings,
): Effect.Effect<tls.TLSSocket, unknown> =>
  Effect.callback((resume) => {
    // An address is checked against the certificate, but is not a name to send (RFC 6066, section 3).
    const servername = name === undefined || net.isIP(name) !== 0 ? "" : name;
    let socket: tls.TLSSocket;
    try {
      // The name is checked in the report, so that `authorized` speaks of the chain alone.
      socket = tls.connect({ ...settings.node, servername, checkServerIdentity: constUndefined, socket: line });
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

/** A `TLSSocket` alone would not ask a client for its certificate; a server does, also one that listens nowhere. */
const asServer = (line: Duplex, settings: TlsSettings): Effect.Effect<tls.TLSSocket, unknown> =>
  Effect.callback((resume) => {
    let server: tls.Server;
    try {
      server = tls.createServer(settings.node);
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

/** What the codes of `node:tls` mean; any other is an alert. */
const reasons: ReadonlyArray<readonly [code: RegExp, reason: TlsErrorReason]> = [
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE)$/,
    "NotTls",
  ],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_\w+)$/, "ConnectionClosed"],
  [/^ETIMEDOUT$/, "Timeout"],
];

const reasonOf = (cause: unknown): TlsErrorReason => {
  const code = String((cause as { readonly code?: unknown } | undefined)?.code ?? "");
  return reasons.find(([pattern]) => pattern.test(code))?.[1] ?? "Alert";
};

/**
 * Speaks TLS on a line. Whatever made it fail, or interrupted it, the line is good for nothing then but `destroy`.
 *
 * Every peer gets through the handshake, so that there is a report of it. One that should have proven who it is and has not is sent away
 * before it hears another word.
 */
export const handshake = (
  line: Duplex,
  role: Role,
  settings: TlsSettings,
  options: TlsOptions,
): Effect.Effect<Secured, TlsError> => {
  const timeout = options.timeout ?? defaultTimeout;
  const serverName = role === "client" ? options.servername : undefined;
  const socket = role === "client" ? asClient(line, serverName, settings) : asServer(line, settings);
  return Effect.gen(function* () {
    const secure = yield* Effect.timeoutOrElse(socket, {
      duration: timeout,
      orElse: () => {
        const waited = Duration.format(Duration.fromInputUnsafe(timeout));
        return Effect.fail(coded("ETIMEDOUT", `it was not finished after ${waited}`));
      },
    }).pipe(Effect.mapError((cause) => new TlsError({ reason: reasonOf(cause), serverName, cause })));
    const report = Peer.report(secure, role, settings, serverName, yield* Clock.currentTimeMillis);
    if (!settings.insists || report.verification.verified) return { socket: secure, report };
    secure.destroy();
    return yield* Effect.fail(new TlsError({ reason: "CertificateRefused", serverName, report }));
  });
};
