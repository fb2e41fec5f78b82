import { TlsError } from "@plausch/tls/tls-error";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import { isTlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";

/** How STARTTLS encrypts the connection. */
export interface Options {
  readonly level: TlsLevel;
  readonly options: TlsOptions | undefined;
}

/** What the settings come to: who pins a certificate does not want to talk to anybody else, least of all in clear. */
export const levelOf = (level: TlsLevel = "opportunistic", options: TlsOptions | undefined): TlsLevel =>
  level === "opportunistic" && (options?.pins?.length ?? 0) > 0 ? "required" : level;

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

/** The handshake after STARTTLS. Only where the level says so must the server prove who it is. */
export const start = (
  reader: Socket.Reader,
  { level, options }: Options,
  timeout: Duration.Duration,
): Effect.Effect<TlsReport | undefined, unknown> => {
  const settings: TlsOptions = { timeout, ...options, rejectUnauthorized: level === "verified" };
  const report = isTlsReader(reader) ? reader.startTls(settings) : Effect.as(reader.upgrade(settings), undefined);
  return Effect.mapError(report, causeOf);
};
