/**
 * The failure of a TLS handshake. It is the `cause` of the `SocketUpgradeError` that a reader fails with.
 *
 * @module
 */
import * as Data from "effect/Data";
import type { TlsReport } from "./tls_report.ts";

/**
 * - `CertificateRefused`: the handshake went through, and the peer has not proven who it is; `report` says why.
 * - `NotTls`: the peer answered with something that is no TLS.
 * - `Alert`: the peer or the TLS library ended the handshake.
 * - `ConnectionClosed`: the peer hung up in the middle of it.
 * - `Timeout`: it was not finished in time.
 * - `BadOptions`: the settings make no sense, such as a key that cannot be read; nothing was sent.
 */
export type TlsErrorReason = "CertificateRefused" | "NotTls" | "Alert" | "ConnectionClosed" | "Timeout" | "BadOptions";

/** A handshake that failed. */
export class TlsError extends Data.Error<{
  /** What happened. */
  readonly reason: TlsErrorReason;
  /** What the handshake came to, where it went through. */
  readonly report?: TlsReport | undefined;
  /** The error of the TLS library. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "TlsError" as const;

  /** The error's class name. */
  override get name(): string {
    return "TlsError";
  }
}
