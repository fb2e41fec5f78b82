/**
 * A message with its envelope and what is known about its client, before a store has it.
 *
 * @example
 * ```ts
 * import * as ServerProtocol from "@plausch/sink/server-protocol";
 * import type { Submission } from "@plausch/sink/submission";
 * import { assertEquals } from "@std/assert";
 *
 * const server = ServerProtocol.make({ host: "sink.test" });
 * server.greet();
 * server.receive(new TextEncoder().encode(
 *   "EHLO c.test\r\nMAIL FROM:<a@c.test> RET=HDRS\r\nRCPT TO:<b@d.test>\r\nBDAT 4 LAST\r\nhi\r\n",
 * ));
 * const submission: Submission | undefined = server.submission;
 * assertEquals([submission?.protocol, submission?.mailParameters], ["ESMTP", { ret: "HDRS" }]);
 * ```
 *
 * @module
 */
import type { Attributes } from "@plausch/smtp/command";
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type { ForwardPath, ReversePath } from "@plausch/smtp/path";
import type { TlsReport } from "@plausch/tls/tls-report";

/**
 * What a client spoke, by the names of the Received field: `SMTP` after HELO, `ESMTP` after EHLO, `LMTP` after LHLO; with `S` when
 * it was encrypted and `A` when the client had authenticated (RFC 3848); `UTF8SMTP` and `UTF8LMTP` when MAIL had the parameter
 * SMTPUTF8 (RFC 6531 section 4.3).
 */
export type Protocol = "SMTP" | `${"ESMTP" | "LMTP" | "UTF8SMTP" | "UTF8LMTP"}${"" | "S" | "A" | "SA"}`;

/** A complete message. What a client did not say is not there. */
export interface Submission {
  /** What the client called itself. */
  readonly helo: string;
  /** What it spoke. */
  readonly protocol: Protocol;
  /** The sender. */
  readonly reversePath: ReversePath;
  /** The accepted recipients, at least one. */
  readonly forwardPaths: ReadonlyArray<ForwardPath>;
  /** The message itself: as it came in chunks, or with CRLF line ends and dots unstuffed; nothing added. */
  readonly octets: Uint8Array;
  /** How many octets it had, if they were not kept: then `octets` is empty. */
  readonly size?: number | undefined;
  /** The parameters of MAIL: what is to be told of the delivery, how the content is coded, and so on. */
  readonly mailParameters?: MailParameters | undefined;
  /** The parameters of RCPT, at the places of `forwardPaths`. */
  readonly rcptParameters?: ReadonlyArray<RcptParameters> | undefined;
  /** Who authenticated. */
  readonly user?: string | undefined;
  /** What the TLS handshake came to. */
  readonly tls?: TlsReport | undefined;
  /** The address of the client that XCLIENT named. */
  readonly peer?: string | undefined;
  /** What XFORWARD told about the client from which the message came. */
  readonly forwarded?: Attributes | undefined;
}
