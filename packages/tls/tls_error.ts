/**
 * The failure of a TLS handshake. It is the `cause` of the `SocketUpgradeError` that a reader fails with.
 *
 * @example The other side greets in clear
 * ```ts
 * import { TlsError } from "@plausch/tls/tls-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TlsError({ reason: "NotTls", serverName: "mx.example.test" });
 * assertEquals(
 *   error.message,
 *   "Cannot begin TLS with mx.example.test: what it says is no TLS. If the port is not for TLS from the start, begin in clear and use STARTTLS",
 * );
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import * as Printable from "./_printable.ts";
import * as PeerIdentity from "./peer_identity.ts";
import type { TlsReport } from "./tls_report.ts";

/**
 * - `CertificateRefused`: the handshake went through, and the peer has not proven who it is; `report` says why.
 * - `NotTls`: the peer answered with something that is no TLS.
 * - `Alert`: the peer or the TLS library ended the handshake.
 * - `ConnectionClosed`: the peer hung up in the middle of it.
 * - `Timeout`: it was not finished in time.
 * - `BadOptions`: the settings make no sense, such as a key that cannot be read; nothing was sent.
 * - `Unavailable`: the code that speaks TLS could not be loaded; nothing was sent.
 */
export type TlsErrorReason =
  | "CertificateRefused"
  | "NotTls"
  | "Alert"
  | "ConnectionClosed"
  | "Timeout"
  | "BadOptions"
  | "Unavailable";

/** A handshake that failed. */
export class TlsError extends Data.Error<{
  /** What happened. */
  readonly reason: TlsErrorReason;
  /** The name that the other side was called by, if it had one. */
  readonly serverName?: string | undefined;
  /** What the handshake came to, where it went through. */
  readonly report?: TlsReport | undefined;
  /** The error of the TLS library, or what is wrong with the options. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "TlsError" as const;

  /** The error's class name. */
  override get name(): string {
    return "TlsError";
  }

  /** Whether trying again later may help: the other side may mend its certificate or its server. Bad options stay bad, and what is not installed stays away. */
  get isTemporary(): boolean {
    return this.reason !== "BadOptions" && this.reason !== "Unavailable";
  }

  /** What failed, and what can be done. Safe to print: the words of others are escaped. */
  override get message(): string {
    return describe(this);
  }
}

/** What an alert means for whoever has to do something about it; by the code and the words of `node:tls`. */
const alerts: ReadonlyArray<readonly [code: RegExp, advice: string]> = [
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/, "the two sides have no version of TLS in common; here it is 1.2 and 1.3"],
  [/CERTIFICATE_REQUIRED|DID_NOT_RETURN_A_CERTIFICATE/, "the server asks for a client certificate; give cert and key"],
  [/CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED/, "the other side does not take the certificate that it was shown"],
  [/APPLICATION_PROTOCOL/, "the two sides have no ALPN protocol in common"],
  [/UNRECOGNI[SZ]ED_?NAME/i, "the server does not know the name that it was called by"],
  [/HANDSHAKE_FAILURE/, "the two sides may have no version of TLS, or no cipher, in common"],
];

const messageOf = (cause: unknown): string | undefined =>
  cause instanceof Error && cause.message.trim() !== "" ? Printable.escape(cause.message.trim()) : undefined;

const adviceOn = (cause: unknown): string => {
  const code = String((cause as { readonly code?: unknown } | undefined)?.code ?? "");
  const said = messageOf(cause);
  const advice = alerts.find(([pattern]) => pattern.test(`${code} ${said ?? ""}`))?.[1];
  return [said, advice].filter((part) => part !== undefined).map((part) => `: ${part}`).join("");
};

const describe = ({ cause, reason, report, serverName }: TlsError): string => {
  const known = serverName ?? report?.serverName;
  const name = known === undefined ? undefined : Printable.escape(known);
  const whom = name === undefined ? "" : ` with ${name}`;
  switch (reason) {
    case "CertificateRefused":
      return `Cannot trust ${name ?? "the other side"}: ${
        report === undefined ? "it has not proven who it is" : PeerIdentity.explain(report)
      }`;
    case "NotTls":
      return `Cannot begin TLS${whom}: what it says is no TLS. ` +
        "If the port is not for TLS from the start, begin in clear and use STARTTLS";
    case "Alert":
      return `The TLS handshake${whom} failed${adviceOn(cause)}`;
    case "ConnectionClosed":
      return `The TLS handshake${whom} failed: the connection was closed in the middle of it. ` +
        "The other side may speak no TLS here, or only versions before 1.2";
    case "Timeout":
      return `The TLS handshake${whom} failed: ${messageOf(cause) ?? "it was not finished in time"}. ` +
        "If TLS was to begin with the connection, the other side may wait for words in clear";
    case "BadOptions":
      return `Cannot begin TLS${whom}: ${messageOf(cause) ?? "its settings make no sense"}`;
    case "Unavailable":
      return `Cannot begin TLS${whom}: what speaks it could not be loaded${adviceOn(cause)}`;
  }
};
