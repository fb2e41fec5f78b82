/**
 * The failure of a conversation: what broke, at which stage, and what is known of each recipient. A refusal is no
 * failure; it is in the outcome.
 *
 * @example Ask whether trying again may help
 * ```ts
 * import { SessionError } from "@plausch/session/session-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new SessionError({ reason: "Timeout", stage: "greeting", recipients: [] });
 * assertEquals(error.isTemporary, true);
 * assertEquals(error.message, "Gave up waiting for the greeting: the server did not answer in time");
 * ```
 *
 * @module
 */
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";
import { TlsError } from "@plausch/tls/tls-error";
import * as Data from "effect/Data";
import * as Socket from "effect/socket/Socket";
import * as Settings from "./_settings.ts";
import type { RecipientOutcome } from "./outcome.ts";
import * as Stage from "./stage.ts";

/**
 * - `ConnectFailed`: no connection came about.
 * - `ConnectionLost`: the connection ended, in order or not, before the conversation did.
 * - `Timeout`: an answer, or room to write, did not come within the limit.
 * - `BadReply`: what came is not an SMTP reply; `cause` is the `GrammarError`.
 * - `UnexpectedReply`: a well-formed reply that has no meaning at this stage, such as 354 to MAIL.
 * - `UnsolicitedReply`: a reply that answers nothing; the conversation is out of step.
 * - `Refused`: the server refused the session itself at the greeting, EHLO or HELO.
 * - `TlsNotOffered`: TLS is required, and the server does not offer it.
 * - `TlsRefused`: TLS is required, and the server answered STARTTLS with a refusal.
 * - `TlsFailed`: the handshake failed, or the server did not prove who it is; `cause` is the `TlsError`.
 * - `StartTlsInjection`: octets in clear stood behind the answer to STARTTLS; somebody may be in between (RFC 3207 section 6).
 * - `AuthNotOffered`: the server offers no AUTH at all, here and now.
 * - `NoCommonMechanism`: it offers none of the mechanisms that fit the credentials.
 * - `PlaintextAuthRefused`: every mechanism in common gives the password away, and the connection is in clear.
 * - `AuthTemporary`: the server cannot authenticate now (4yz).
 * - `AuthRejected`: the server does not take the credentials (5yz).
 * - `AuthBroken`: the exchange made no sense, or the server could not prove that it knows the password too.
 * - `XclientNotOffered`: XCLIENT or XFORWARD was asked for, and the server does not offer it.
 * - `XclientRefused`: the server refused XCLIENT or XFORWARD.
 * - `ContentFailed`: a streamed message could not be read to its end, so the connection was closed in the middle of it.
 * - `Interrupted`: the caller gave the conversation up.
 * - `HostPaused`: the host could not be reached several times in a row, and is left alone for a while; nothing was dialled.
 * - `HostBusy`: the message would have had to wait for too long until this client may say more to the host; nothing was said.
 * - `Closed`: the conversation was over before this was asked of it.
 */
export type FailureReason =
  | "ConnectFailed"
  | "ConnectionLost"
  | "Timeout"
  | "BadReply"
  | "UnexpectedReply"
  | "UnsolicitedReply"
  | "Refused"
  | "TlsNotOffered"
  | "TlsRefused"
  | "TlsFailed"
  | "StartTlsInjection"
  | "AuthNotOffered"
  | "NoCommonMechanism"
  | "PlaintextAuthRefused"
  | "AuthTemporary"
  | "AuthRejected"
  | "AuthBroken"
  | "XclientNotOffered"
  | "XclientRefused"
  | "ContentFailed"
  | "Interrupted"
  | "HostPaused"
  | "HostBusy"
  | "Closed";

/** A conversation that failed. */
export class SessionError extends Data.Error<{
  /** What happened. */
  readonly reason: FailureReason;
  /** What was waited for when it happened. */
  readonly stage: Stage.Stage;
  /** The reply that led here, if one did. */
  readonly reply?: Reply.Reply | undefined;
  /** The underlying failure: a `SocketError`, a `GrammarError`. */
  readonly cause?: unknown;
  /** The verdict on every recipient of the message that was under way, if one was. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "SessionError" as const;

  /** The error's class name. */
  override get name(): string {
    return "SessionError";
  }

  /**
   * Whether trying again later, in the same way, may help. A session refused with 5yz is final, and so is what only other settings
   * can mend.
   */
  get isTemporary(): boolean {
    if (Settings.areAtFault(this.reason)) return false;
    return this.reason !== "Refused" || this.reply === undefined || Reply.severity(this.reply) === "transient";
  }

  /** One sentence for people. Safe to print: what the peer said is escaped. */
  override get message(): string {
    return describe(this);
  }
}

const describe = ({ reason, stage, reply, cause }: SessionError): string => {
  const about = Stage.describe(stage);
  const said = reply === undefined ? "" : `: ${Printable.escape(Reply.wireLines(reply).at(-1) ?? "")}`;
  switch (reason) {
    case "ConnectFailed":
      return `Cannot connect${detail(cause)}`;
    case "ConnectionLost":
      return `Lost the connection while waiting for ${answer(stage)}${detail(cause)}`;
    case "Timeout":
      return `Gave up waiting for ${answer(stage)}: the server did not answer in time`;
    case "BadReply":
      return `Cannot understand ${answer(stage)}${detail(cause)}`;
    case "UnexpectedReply":
      return `Cannot go on: the reply to ${about} has no meaning here${said}`;
    case "UnsolicitedReply":
      return `Cannot go on: the server said something that answers nothing${said}`;
    case "Refused":
      return `The server refused the session at ${about}${said}`;
    case "TlsNotOffered":
      return `Cannot go on: TLS is required, and the server does not offer STARTTLS${said}`;
    case "TlsRefused":
      return `Cannot go on: TLS is required, and the server refused STARTTLS${said}`;
    case "TlsFailed":
      return cause instanceof TlsError ? cause.message : `Cannot encrypt the connection${detail(cause)}`;
    case "StartTlsInjection":
      return "Cannot go on: somebody put octets in clear behind the answer to STARTTLS; the connection is not to be trusted";
    case "AuthNotOffered":
      return "Cannot authenticate: the server does not offer AUTH here";
    case "NoCommonMechanism":
      return "Cannot authenticate: the server offers no mechanism that fits the credentials";
    case "PlaintextAuthRefused":
      return "Did not authenticate: the connection is in clear, and every mechanism in common would give the password away";
    case "AuthTemporary":
      return `The server cannot authenticate now${said}`;
    case "AuthRejected":
      return `The server does not accept the credentials${said}`;
    case "AuthBroken":
      return `Cannot authenticate: the exchange failed${detail(cause)}`;
    case "XclientNotOffered":
      return `Cannot go on: the server does not offer ${about}`;
    case "XclientRefused":
      return `Cannot go on: the server refused ${about}${said}${detail(cause)}`;
    case "ContentFailed":
      return `Cannot read the message to its end${detail(cause)}`;
    case "Interrupted":
      return `Interrupted while waiting for ${answer(stage)}`;
    case "HostPaused":
      return `Did not connect: the host could not be reached several times in a row${detail(cause)}`;
    case "HostBusy":
      return "Did not send: the message waited too long for its turn with this host";
    case "Closed":
      return `The conversation is over, so ${about} was not sent${said}`;
  }
};

const answer = (stage: Stage.Stage): string =>
  stage === "connect" || stage === "greeting" ? Stage.describe(stage) : `the reply to ${Stage.describe(stage)}`;

/** What a socket says of its end. Its codes are those of WebSockets, and tell people nothing. */
const ending = (cause: unknown): string | undefined => {
  if (!Socket.isSocketError(cause) || cause.reason._tag !== "SocketCloseError") return undefined;
  const { code, closeReason } = cause.reason;
  return closeReason ?? (code === 1000 ? "the server closed it" : "it was closed");
};

/** What is behind an error: that of the system, behind that of a socket. */
const behind = (cause: unknown): unknown => {
  const { reason, cause: inner } = (cause ?? {}) as {
    readonly reason?: { readonly cause?: unknown };
    readonly cause?: unknown;
  };
  return [reason?.cause, inner].find((each) => each instanceof Error && each.message !== "") ?? cause;
};

const detail = (cause: unknown): string => {
  if (cause instanceof GrammarError) return `: ${cause.message}`;
  const end = ending(cause);
  if (end !== undefined) return `: ${Printable.escape(end)}`;
  const inner = behind(cause);
  return inner instanceof Error && inner.message !== "" ? `: ${Printable.escape(inner.message)}` : "";
};
