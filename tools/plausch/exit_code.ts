/**
 * The exit codes of the command line: sysexits where one fits, and a few of our own for what sysexits cannot say.
 *
 * @module
 */
import type { Reason, RecipientDelivery } from "@plausch/delivery/delivered";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as Outcome from "@plausch/session/outcome";
import type { FailureReason, SessionError } from "@plausch/session/session-error";
import * as Cause from "effect/Cause";
import * as Exit from "effect/Exit";

/** Every exit code, by name. */
export const ExitCode = {
  /** Every recipient was accepted, or every step that was asked for succeeded. */
  ok: 0,
  /** The command line is wrong (EX_USAGE). */
  usage: 64,
  /** A message or an address is malformed (EX_DATAERR). */
  badData: 65,
  /** The domain takes no mail: it does not exist, or it has a null MX (EX_NOHOST). */
  noMailHost: 68,
  /** No connection came about (EX_UNAVAILABLE). */
  unreachable: 69,
  /** A bug of ours (EX_SOFTWARE). */
  bug: 70,
  /** Not now: try again later (EX_TEMPFAIL). */
  deferred: 75,
  /** The peer broke the protocol (EX_PROTOCOL). */
  protocol: 76,
  /** TLS or authentication failed, or the server does not let us say who the client is (EX_NOPERM). */
  security: 77,
  /** Every recipient was refused for good. */
  rejected: 81,
  /** Some recipients were accepted, some not. */
  partly: 82,
  /** The connection broke after the final dot: the message may or may not have arrived. */
  uncertain: 83,
  /** Interrupted by the user. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code for what became of a message; `failure` is what broke the conversation, if anything did. */
export const fromRecipients = (
  recipients: ReadonlyArray<Pick<RecipientDelivery, "verdict" | "reason">>,
  failure?: SessionError,
): ExitCode => {
  const { accepted, rejected, deferred, uncertain } = Outcome.count(recipients);
  const stopped = recipients.filter(({ reason }) => reason === "Stopped").length;
  const fine = accepted + stopped;
  if (uncertain > 0) return ExitCode.uncertain;
  if (fine === recipients.length && failure === undefined) return ExitCode.ok;
  if (fine > 0) return ExitCode.partly;
  if (failure !== undefined) return fromFailure(failure);
  return deferred > 0 || rejected === 0 ? ExitCode.deferred : ExitCode.rejected;
};

const byReason: { readonly [R in FailureReason]: ExitCode } = {
  ContentFailed: ExitCode.badData,
  ConnectFailed: ExitCode.unreachable,
  ConnectionLost: ExitCode.deferred,
  Timeout: ExitCode.deferred,
  BadReply: ExitCode.protocol,
  UnexpectedReply: ExitCode.protocol,
  UnsolicitedReply: ExitCode.protocol,
  Refused: ExitCode.deferred,
  TlsNotOffered: ExitCode.security,
  TlsRefused: ExitCode.security,
  TlsFailed: ExitCode.security,
  StartTlsInjection: ExitCode.security,
  AuthNotOffered: ExitCode.security,
  NoCommonMechanism: ExitCode.security,
  PlaintextAuthRefused: ExitCode.security,
  AuthTemporary: ExitCode.security,
  AuthRejected: ExitCode.security,
  AuthBroken: ExitCode.security,
  XclientNotOffered: ExitCode.security,
  XclientRefused: ExitCode.security,
  Interrupted: ExitCode.interrupted,
  HostPaused: ExitCode.unreachable,
  HostBusy: ExitCode.deferred,
  Closed: ExitCode.deferred,
};

const fromFailure = ({ reason, stage, isTemporary }: SessionError): ExitCode => {
  if (reason === "Timeout" && stage === "connect") return ExitCode.unreachable;
  return reason === "Refused" && !isTemporary ? ExitCode.rejected : byReason[reason];
};

/** What it means that a delivery ended so, where no reply decided; undefined where the verdicts alone tell. */
const byOwnReason: { readonly [R in Exclude<Reason, RecipientOutcome["reason"]> & string]: ExitCode } = {
  AddressRefused: ExitCode.deferred,
  AllHostsFailed: ExitCode.unreachable,
  BadDomain: ExitCode.badData,
  BadInput: ExitCode.badData,
  Deadline: ExitCode.deferred,
  DnsTemporary: ExitCode.deferred,
  DnsTimeout: ExitCode.deferred,
  DomainNotFound: ExitCode.noMailHost,
  MailLoop: ExitCode.noMailHost,
  MtaStsMxMismatch: ExitCode.security,
  NoDomain: ExitCode.badData,
  NoMailHost: ExitCode.noMailHost,
  NotDane: ExitCode.security,
  NotMtaSts: ExitCode.security,
  NoUsableHost: ExitCode.noMailHost,
  NullMx: ExitCode.noMailHost,
  OtherFamily: ExitCode.unreachable,
};

const has = <T extends object>(table: T, key: string): key is keyof T & string => Object.hasOwn(table, key);

const ofReason = ({ reason }: RecipientDelivery): ExitCode | undefined => {
  // The reply to a session that was refused is in the verdict.
  if (reason === undefined || reason === "Refused") return undefined;
  return has(byOwnReason, reason) ? byOwnReason[reason] : has(byReason, reason) ? byReason[reason] : undefined;
};

/** The exit code for what became of a message that went over mail exchangers: what broke its way for the first one counts. */
export const fromDelivered = (recipients: ReadonlyArray<RecipientDelivery>): ExitCode => {
  const sum = fromRecipients(recipients);
  if (sum !== ExitCode.deferred && sum !== ExitCode.rejected) return sum;
  const codes = recipients.map(ofReason);
  if (codes.every((code) => code === ExitCode.noMailHost)) return ExitCode.noMailHost;
  const passing: ReadonlyArray<ExitCode | undefined> = [undefined, ExitCode.noMailHost, ExitCode.deferred];
  return codes.find((code) => !passing.includes(code)) ?? sum;
};

/** The exit code for how a command ended: its own, that of an interruption, or that of a bug. */
export const fromExit = (exit: Exit.Exit<ExitCode>): ExitCode => {
  if (Exit.isSuccess(exit)) return exit.value;
  return Cause.hasInterruptsOnly(exit.cause) ? ExitCode.interrupted : ExitCode.bug;
};
