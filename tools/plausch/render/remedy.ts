/**
 * What to try when a conversation failed, or when a server refused: one sentence, with the option to change, where one helps.
 *
 * @module
 */
import type { Authentication } from "@plausch/session/authentication";
import type { Extension } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { FailureReason, SessionError } from "@plausch/session/session-error";
import type { Stage } from "@plausch/session/stage";
import type { Capabilities } from "@plausch/smtp/capabilities";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Printable from "@plausch/smtp/printable";
import type { TlsLevel } from "@plausch/tls/tls-level";
import { TlsError, type TlsErrorReason } from "@plausch/tls/tls-error";
import type { CertificateFault } from "@plausch/tls/tls-report";
import { candidates } from "../send/authentication.ts";
import type { Security } from "../send/tls.ts";
import { enumerate } from "../values.ts";

/** Where a conversation stood, and how it was to be held. */
export interface Situation {
  /** The port; undefined for a Unix socket. */
  readonly port: number | undefined;
  /** What was asked of TLS. */
  readonly security: Security;
  /** Whether the server's domain has promised more than was asked for by option. */
  readonly isPromised?: boolean | undefined;
  /** How it was to authenticate, if it was. */
  readonly authentication: Authentication | undefined;
  /** Whether it was to speak LMTP. */
  readonly isLmtp: boolean;
  /** Whether the connection was encrypted. */
  readonly isSecure: boolean;
  /** What the server offered last, if it came to that. */
  readonly capabilities: Capabilities | undefined;
}

type Remedy<A> = (situation: Situation, about: A) => string | undefined;

/** Whether a text begins as a record of TLS does: its type, 20 to 23, and the major version 3 (RFC 8446 section 5.1). */
const isTlsRecord = (text: string): boolean => {
  const type = text.charCodeAt(0);
  return type >= 20 && type <= 23 && text.charCodeAt(1) === 3;
};

/** How to do without TLS from the first octet. */
const leaveImplicit = ({ security: { implicit }, port }: Situation): string =>
  implicit === "port"
    ? `plausch speaks TLS from the first octet on port ${port}: write --tls none, or name another port`
    : "Leave --tls-implicit out";

/** TLS from the first octet may be what a port speaks that is silent, or makes no sense. */
const suspectImplicit = ({ port, security }: Situation): string | undefined => {
  if (security.implicit !== undefined) return undefined;
  return port === 465 ? "Port 465 speaks TLS from the first octet: leave --tls none out" : "Try --tls-implicit";
};

const badReply: Remedy<SessionError> = (situation, { stage, cause }) => {
  const input = cause instanceof GrammarError ? cause.input ?? "" : "";
  const suspicion = suspectImplicit(situation);
  if (isTlsRecord(input)) return `The server speaks TLS from the first octet. ${suspicion ?? ""}`.trim();
  if (stage !== "greeting") return undefined;
  if (/^(?:HTTP\/|<!|<html)/i.test(input)) return "This is a web server: mail servers listen on ports 25, 465 and 587";
  if (/^SSH-/.test(input)) return "This is an SSH server: mail servers listen on ports 25, 465 and 587";
  return suspicion === undefined
    ? undefined
    : `Is this an SMTP server? If it speaks TLS from the first octet: ${suspicion}`;
};

const timeout: Remedy<SessionError> = (situation, { stage }) => {
  if (stage !== "greeting") return undefined;
  const suspicion = suspectImplicit(situation);
  const patience = "Some servers make clients wait: a longer --timeout may help";
  if (suspicion === undefined) return patience;
  return situation.port === 465
    ? suspicion
    : `${patience}. A port that speaks TLS from the first octet is silent too: ${suspicion.replace("Try", "try")}`;
};

/** Whether it is the server's domain that asks for proof, and no option could do without. */
const isPromised = ({ isPromised = false, security: { level, options } }: Situation): boolean =>
  isPromised || level === "mta-sts" || level === "dane" && options.tlsa === undefined;

/** How to do with less; records demand a proof at every level. */
const atLevel = (level: TlsLevel, { security: { options } }: Situation): string =>
  `--tls ${level}${options.tlsa === undefined ? "" : " without --tls-tlsa"}`;

const withoutProof = (situation: Situation): string => `${atLevel("required", situation)} encrypts without proof`;

const staleRecord =
  "If its key was renewed, the DNS may still have the record of the old one: ask again later, or tell its postmaster";

/** What to do about each fault of a certificate. The failure itself tells names, dates and digests. */
const faults: { readonly [F in CertificateFault]: (situation: Situation) => string } = {
  "no-certificate": (situation) => `Tell its postmaster; ${withoutProof(situation)}`,
  expired: (situation) => `Tell its postmaster; ${withoutProof(situation)}`,
  "not-yet-valid": (situation) => `Look at the clocks of both machines; ${withoutProof(situation)}`,
  "wrong-name": () => "Name the server as its certificate does, or say with --tls-name what it is to prove",
  "self-signed": (situation) =>
    `If you know it: --tls-pin and that digest, or --tls-ca FILE; ${withoutProof(situation)}`,
  "unknown-ca": (situation) => `If you know that authority: --tls-ca FILE; ${withoutProof(situation)}`,
  "pin-mismatch": () => "If it was renewed, and you know why: --tls-pin and one of these digests",
  "tlsa-mismatch": (situation) => `${staleRecord}; ${withoutProof(situation)}`,
  invalid: withoutProof,
};

/** What to do where the domain asks for the proof. */
const promised = (fault: CertificateFault): string => {
  if (fault === "tlsa-mismatch") return staleRecord;
  const clocks = fault === "not-yet-valid" ? "Look at the clocks of both machines; or tell" : "Tell";
  return `${clocks} its postmaster: its domain has promised a certificate that proves it`;
};

/** What to do about each way in which a handshake fails. */
const handshakes: { readonly [R in TlsErrorReason]: Remedy<TlsError> } = {
  CertificateRefused: (situation, { report }) =>
    report === undefined || report.verification.verified
      ? undefined
      : isPromised(situation)
      ? promised(report.verification.fault)
      : faults[report.verification.fault](situation),
  NotTls: (situation) =>
    situation.security.implicit === undefined
      ? `The server says yes to STARTTLS, and then speaks no TLS${
        isPromised(situation) ? ": tell its postmaster" : "; --tls none goes on in clear"
      }`
      : `The server does not speak TLS from the first octet. ${leaveImplicit(situation)}`,
  Alert: ({ security: { options } }) =>
    options.minVersion === "TLSv1.3"
      ? "Perhaps it knows no TLS 1.3: leave --tls-min 1.3 out"
      : options.cert === undefined
      ? "It may know only versions before TLS 1.2, or ask for a client certificate: --tls-cert FILE --tls-key FILE"
      : "It may not like the certificate of --tls-cert",
  ConnectionClosed: (situation) =>
    situation.security.implicit === undefined
      ? "The server hung up in the handshake; it may ask for a client certificate, or be out of order"
      : `The server hung up; perhaps it does not speak TLS from the first octet. ${leaveImplicit(situation)}`,
  Timeout: (situation) =>
    situation.security.implicit === undefined
      ? "A longer --timeout may help"
      : `Perhaps it does not speak TLS from the first octet. ${leaveImplicit(situation)}`,
  BadOptions: () => "Look at the files of --tls-cert, --tls-key and --tls-ca: they must fit together, in PEM",
  Unavailable: () => "A part of plausch is missing: build or install it again; --tls none goes on in clear",
};

const tlsFailed: Remedy<SessionError> = (situation, { cause }) => {
  const { security, authentication } = situation;
  const isRetried = security.level === "opportunistic" && authentication === undefined;
  return cause instanceof TlsError && !isRetried ? handshakes[cause.reason](situation, cause) : undefined;
};

const tlsNotOffered: Remedy<SessionError> = (situation) => {
  const { capabilities } = situation;
  const isMasked = [...capabilities?.keywords.keys() ?? []].some((keyword) => /^X{4}/.test(keyword));
  const mask = isMasked ? "Something in between masks what the server offers. " : "";
  return isPromised(situation)
    ? `${mask}Its domain has promised TLS: tell its postmaster`
    : `${mask}${atLevel("opportunistic", situation)} goes on in clear; port 465 has TLS from the first octet`;
};

const submission = "Servers that users log in to listen on port 587, and on 465: --port 587";

const authNotOffered: Remedy<SessionError> = ({ isSecure, capabilities }) =>
  !isSecure && capabilities?.startTls === true
    ? "Most servers offer no AUTH before STARTTLS: use --tls required"
    : submission;

const noCommonMechanism: Remedy<SessionError> = ({ authentication, capabilities, isSecure }) => {
  if (authentication === undefined) return undefined;
  const offered = capabilities?.auth ?? [];
  const ours = candidates(authentication);
  const lists = `The server offers ${Printable.escape(enumerate(offered, "and"))}; asked for was ${enumerate(ours)}`;
  if (
    authentication.credentials._tag === "Password" && offered.some((name) => /^(?:XOAUTH2|OAUTHBEARER)$/.test(name))
  ) {
    return `${lists}. It takes tokens: name the mechanism with --auth, and give the token as the password`;
  }
  return !isSecure && capabilities?.startTls === true
    ? `${lists}. It may offer more after STARTTLS: use --tls required`
    : `${lists}. Name one that it offers with --auth`;
};

const plaintextAuthRefused: Remedy<SessionError> = ({ authentication, capabilities }) => {
  if (authentication === undefined) return undefined;
  const common = candidates(authentication).filter((name) => capabilities?.auth.includes(name));
  const inClear = `--auth-in-clear ${common[0] ?? "PLAIN"}`;
  return capabilities?.startTls === true
    ? `Use --tls required, or ${inClear}, which lets everybody on the way read the password`
    : `The server offers no TLS here; ${inClear} lets everybody on the way read the password`;
};

const authRejected: Remedy<SessionError> = ({ authentication }) => {
  const credentials = authentication?.credentials;
  if (credentials?._tag === "Token") return "Tokens expire, often within an hour: get a new one";
  if (credentials?._tag === "External") return "Does the server know the certificate of --tls-cert?";
  if (credentials?._tag === "Anonymous") return undefined;
  const isAddress = credentials?.user.includes("@") === true;
  return `Check --user and the password${isAddress ? "" : "; many servers want the whole address as the user"}`;
};

/** A server of LMTP does not know EHLO, and one of SMTP does not know LHLO (RFC 2033 section 4.1). */
const mixedUp = (isLmtp: boolean, stage: Stage, code: number | undefined): string | undefined => {
  if (stage !== "ehlo" && stage !== "helo" || code !== 500 && code !== 502) return undefined;
  return isLmtp ? "Perhaps this server speaks SMTP: leave --lmtp out" : "Perhaps this server speaks LMTP: add --lmtp";
};

const trusted = "A server lets only clients that it trusts say this";

/** What to do about each failure. */
const failures: { readonly [R in FailureReason]?: Remedy<SessionError> } = {
  AuthBroken: (_situation, { cause }) =>
    cause instanceof GrammarError
      ? "Look at --user and the password"
      : "The server speaks this mechanism badly, or is not the one that it pretends to be; try another with --auth",
  AuthNotOffered: authNotOffered,
  AuthRejected: authRejected,
  AuthTemporary: () => "Try again later: the password was not judged",
  BadReply: badReply,
  NoCommonMechanism: noCommonMechanism,
  PlaintextAuthRefused: plaintextAuthRefused,
  Refused: ({ isLmtp }, { stage, reply }) => mixedUp(isLmtp, stage, reply?.code),
  StartTlsInjection: () => "Somebody may be between you and the server: try another network, and tell its postmaster",
  Timeout: timeout,
  TlsFailed: tlsFailed,
  TlsNotOffered: tlsNotOffered,
  TlsRefused: (situation) =>
    isPromised(situation)
      ? "Try again later: its domain has promised TLS"
      : `Try again later; ${atLevel("opportunistic", situation)} goes on in clear`,
  XclientNotOffered: (_situation, { stage }) =>
    `${trusted}; in Postfix: smtpd_authorized_${stage === "xforward" ? "xforward" : "xclient"}_hosts`,
  XclientRefused: () => `${trusted}, and only what it knows`,
};

/** What to try after a failure, if anything comes to mind. Safe to print. */
export const ofFailure = (situation: Situation, error: SessionError): string | undefined =>
  failures[error.reason]?.(situation, error);

/** How far an extension goes, as the server says. */
const limitOf = (extension: Extension | undefined, capabilities: Capabilities | undefined): string => {
  const { deliverBy, futureRelease } = capabilities ?? {};
  if (extension === "DELIVERBY" && deliverBy?.minimum !== undefined) {
    return `With R, the server takes --by from ${deliverBy.minimum} seconds on. `;
  }
  return extension === "FUTURERELEASE" && futureRelease !== undefined
    ? `The server holds a message for ${futureRelease.maxInterval} seconds at most, and until ${futureRelease.maxDateTime}. `
    : "";
};

/** What to try after a refusal, if anything comes to mind. Safe to print. */
export const ofRefusal = (
  { isLmtp, isSecure, capabilities, authentication }: Situation,
  { verdict, stage, code, reason, extension }: RecipientOutcome,
): string | undefined => {
  if (verdict !== "rejected") return undefined;
  if (reason === "MessageTooBig") return `This server takes messages of ${capabilities?.size} octets at most`;
  if (reason === "Needs8bitMime") {
    return "Code it as quoted-printable or base64; --if-not-offered 8BITMIME=drop sends it as it is";
  }
  if (reason === "NotOffered") return `--if-not-offered ${extension}=drop sends it without`;
  if (reason === "LimitExceeded") {
    return `${limitOf(extension, capabilities)}--if-not-offered ${extension}=drop sends it without`;
  }
  if (reason === "RequireTlsNotOffered") {
    return isSecure && capabilities?.requireTls !== true
      ? "This server does not offer REQUIRETLS: leave --require-tls out, or name another server"
      : "Use --tls verified along with --require-tls, or --tls-pin: the server has to prove who it is";
  }
  if (code !== 530) return mixedUp(isLmtp, stage, code);
  return !isSecure && capabilities?.startTls === true
    ? "The server wants TLS first: use --tls required"
    : authentication === undefined
    ? "The server wants to know who sends: add --user NAME"
    : undefined;
};
