/**
 * What became of each recipient, in a line each.
 *
 * @module
 */
import type { RecipientDelivery } from "@plausch/delivery/delivered";
import type { Adaptation } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as Stage from "@plausch/session/stage";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";

const reasons: { readonly [R in NonNullable<RecipientOutcome["reason"]>]: string } = {
  MessageTooBig: "the message is larger than this server takes",
  Needs8bitMime: "the message has 8-bit octets and the server does not offer 8BITMIME",
  NeedsSmtpUtf8: "an address is international and the server does not offer SMTPUTF8",
  NeedsBinaryMime: "the message is binary and the server does not offer BINARYMIME with CHUNKING",
  RequireTlsNotOffered: "verified TLS on the whole way was asked for, and REQUIRETLS is not offered on this connection",
  NotOffered: "the server does not offer what was asked for",
  LimitExceeded: "more was asked for than the server says it can do",
  SessionLimit: "the server takes no more on this connection",
  Stopped: "stopped, as asked, before the message was sent",
  BadReply: "the server's answer could not be understood",
  Closed: "the conversation was over",
  ConnectFailed: "no connection",
  ConnectionLost: "the connection was lost",
  Interrupted: "interrupted",
  HostPaused: "the host could not be reached several times in a row, and is left alone for a while",
  HostBusy: "there was no turn with this host in time",
  Refused: "the server refused the session",
  TlsNotOffered: "TLS is required, and the server does not offer it",
  TlsRefused: "TLS is required, and the server refused it",
  TlsFailed: "the connection could not be encrypted as asked",
  StartTlsInjection: "somebody interfered with STARTTLS",
  AuthNotOffered: "the server does not offer AUTH here",
  NoCommonMechanism: "there is no mechanism in common",
  PlaintextAuthRefused: "the password was not to be sent in clear",
  AuthTemporary: "the server cannot authenticate now",
  AuthRejected: "the server does not accept the credentials",
  AuthBroken: "the authentication failed",
  XclientNotOffered: "the server does not offer it",
  XclientRefused: "the server refused it",
  ContentFailed: "the message could not be read to its end",
  Timeout: "the server did not answer in time",
  UnexpectedReply: "the server's answer has no meaning here",
  UnsolicitedReply: "the server answered what nobody asked",
};

/** A verdict: by a server that was named, or at the end of the way over mail exchangers. */
export type Verdict = Omit<RecipientDelivery, "domain" | "host"> & Partial<Pick<RecipientDelivery, "domain" | "host">>;

const isOfConversation = (reason: Verdict["reason"]): reason is keyof typeof reasons =>
  reason !== undefined && Object.hasOwn(reasons, reason);

/**
 * One line: the recipient, the verdict, and what it rests on; which host accepted it only if that is not plain to see. Safe
 * to print.
 */
export const describe = (outcome: Verdict, namesHost = false): string => {
  const { address, host, verdict, stage, reply, code, status, reason, message, extension } = outcome;
  const who = Printable.escape(address);
  if (reason === "Stopped") return `${who}: not sent; ${reasons.Stopped}`;
  const meaning = message ?? (isOfConversation(reason) ? reasons[reason] : undefined);
  const numbers = [code, status === undefined ? undefined : EnhancedStatus.format(status)].filter((part) =>
    part !== undefined
  );
  // Refused for a reason of our own: MAIL was not said.
  const isOwn = verdict === "rejected" && reply === undefined && reason !== undefined;
  const place = isOwn ? "here, before MAIL" : `at ${Stage.describe(stage)}`;
  // Where nobody was talked to there is no stage to speak of.
  const at = verdict === "accepted" || message !== undefined ? "" : ` ${place}`;
  if (reply !== undefined) {
    const by = host === undefined || (verdict === "accepted" && !namesHost) ? "" : ` by ${Printable.escape(host)}`;
    const said = Printable.escape(Reply.text(reply));
    // A reply about the session is none about the recipient, so "permanent" would mislead.
    const why = verdict === "accepted" ? "" : ` (${meaning ?? Reply.explain(reply).replace(/^[\d. ]+: /, "")})`;
    return `${who}: ${verdict}${at}${by}: ${[...numbers, said].filter((part) => part !== "").join(" ")}${why}`;
  }
  const doubt = verdict === "uncertain" ? "; the message may have arrived, so sending it again may double it" : "";
  const asked = extension === undefined ? "" : `: ${extension}`;
  const why = [meaning === undefined ? undefined : meaning + asked, numbers.length > 0 ? numbers.join(" ") : undefined];
  const where = host === undefined ? "" : ` with ${Printable.escape(host)}`;
  return `${who}: ${verdict}${at}${where}: ${why.filter((part) => part !== undefined).join("; ")}${doubt}`;
};

/** Whether the verdict is what was asked for. */
export const isFine = ({ verdict, reason }: Verdict): boolean => verdict === "accepted" || reason === "Stopped";

const adaptations: { readonly [A in Adaptation["action"]]: string } = {
  drop: "left out",
  downgrade: "replaced by the nearest that it does offer",
};

/** What was asked for, not offered, or not so much of it, and what was done about it. */
export const describeAdaptation = ({ extension, action }: Adaptation): string =>
  `The server does not offer ${extension} as asked: ${adaptations[action]}`;
