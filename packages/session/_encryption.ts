import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import { isTlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";

/** How STARTTLS encrypts the connection. */
export interface Options {
  readonly level: TlsLevel.TlsLevel;
  readonly options: TlsOptions | undefined;
}

/** What the settings come to: who names a certificate does not want to talk to anybody else, least of all in clear. */
export const levelOf = (
  level: TlsLevel.TlsLevel = "opportunistic",
  options: TlsOptions | undefined,
): TlsLevel.TlsLevel => {
  if (level !== "opportunistic") return level;
  if ((options?.tlsa?.length ?? 0) > 0) return "dane";
  return (options?.pins?.length ?? 0) > 0 ? "required" : level;
};

/** What is missing in a handshake that went through, if the level asks for more. */
export const missing = (level: TlsLevel.TlsLevel, report: TlsReport): TlsError | undefined => {
  const { serverName, verification } = report;
  if (!verification.verified) {
    return TlsLevel.needsProof(level) ? new TlsError({ reason: "CertificateRefused", serverName, report }) : undefined;
  }
  return level !== "dane" || "record" in verification ? undefined : noRecords(serverName);
};

const noRecords = (serverName: string | undefined): TlsError =>
  new TlsError({ reason: "BadOptions", serverName, cause: new Error("the level dane needs TLSA records; give tlsa") });

/** Octets that the socket holds and nobody has read. A socket that cannot tell has none. */
export const buffered = (reader: Socket.Reader): number => isTlsReader(reader) ? reader.buffered() : 0;

/** What an encrypted connection came with, if it is one from its beginning. */
export const implicit = (reader: Socket.Reader): TlsReport | undefined =>
  isTlsReader(reader) ? reader.tls() : undefined;

/** What is behind the failure of a socket: the TLS error, if there is one. */
export const causeOf = (error: Socket.SocketError): unknown => {
  const { reason } = error;
  return reason._tag === "SocketUpgradeError" && reason.cause instanceof TlsError ? reason.cause : error;
};

const named = (options: TlsOptions | undefined): number => (options?.tlsa?.length ?? 0) + (options?.pins?.length ?? 0);

/** Any socket can check a certificate against the authorities, but only some know of pins and TLSA records. */
const upgrade = (reader: Socket.Reader, settings: TlsOptions): Effect.Effect<undefined, unknown> => {
  if (named(settings) === 0) return Effect.mapError(Effect.as(reader.upgrade(settings), undefined), causeOf);
  const cause = new Error("this socket knows nothing of pins and tlsa");
  return Effect.fail(new TlsError({ reason: "BadOptions", serverName: settings.servername, cause }));
};

/** The handshake after STARTTLS. Only where the level says so must the server prove who it is. */
export const start = (
  reader: Socket.Reader,
  { level, options }: Options,
  timeout: Duration.Duration,
): Effect.Effect<TlsReport | undefined, unknown> => {
  const settings: TlsOptions = { timeout, ...options, rejectUnauthorized: TlsLevel.needsProof(level) };
  if (level === "dane" && named({ tlsa: settings.tlsa }) === 0) return Effect.fail(noRecords(settings.servername));
  if (!isTlsReader(reader)) return upgrade(reader, settings);
  return reader.startTls(settings).pipe(
    Effect.mapError(causeOf),
    Effect.flatMap((report) => {
      const lack = missing(level, report);
      return lack === undefined ? Effect.succeed(report) : Effect.fail(lack);
    }),
  );
};
