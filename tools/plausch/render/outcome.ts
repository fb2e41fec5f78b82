/**
 * What became of each recipient, in a line each.
 *
 * @module
 */
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import * as Stage from "@plausch/session/stage";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";

const reasons: { readonly [R in NonNullable<RecipientOutcome["reason"]>]: string } = {
  MessageTooBig: "the message is larger than this server takes",
  Needs8bitMime: "the message has 8-bit octets and the server does not offer 8BITMIME",
  NeedsSmtpUtf8: "an address is international and the server does not offer SMTPUTF8",
  Stopped: "stopped, as asked, before the message was sent",
  BadReply: "the server's answer could not be understood",
  Closed: "the conversation was over",
  ConnectFailed: "no connection",
  ConnectionLost: "the connection was lost",
  Interrupted: "interrupted",
  Refused: "the server refused the session",
  Timeout: "the server did not answer in time",
  UnexpectedReply: "the server's answer has no meaning here",
  UnsolicitedReply: "the server answered what nobody asked",
};

/** One line: the recipient, the verdict, and what it rests on. Safe to print. */
export const describe = (outcome: RecipientOutcome): string => {
  const { address, verdict, stage, reply, code, status, reason } = outcome;
  const who = Printable.escape(address);
  if (reason === "Stopped") return `${who}: not sent; ${reasons.Stopped}`;
  const where = verdict === "accepted" ? "" : ` at ${Stage.describe(stage)}`;
  if (reply !== undefined) {
    const said = Printable.escape(Reply.text(reply));
    const meaning = Reply.explain(reply).replace(/^[\d. ]+: /, "");
    const why = verdict === "accepted" ? "" : ` (${meaning})`;
    const numbers = [code, status === undefined ? undefined : EnhancedStatus.format(status)];
    return `${who}: ${verdict}${where}: ${
      [...numbers, said].filter((part) => part !== undefined && part !== "").join(" ")
    }${why}`;
  }
  const doubt = verdict === "uncertain" ? "; the message may have arrived, so sending it again may double it" : "";
  const numbers = [code, status === undefined ? undefined : EnhancedStatus.format(status)].filter((part) =>
    part !== undefined
  );
  const why = [reason === undefined ? undefined : reasons[reason], numbers.length > 0 ? numbers.join(" ") : undefined];
  return `${who}: ${verdict}${where}: ${why.filter((part) => part !== undefined).join("; ")}${doubt}`;
};

/** Whether the verdict is what was asked for. */
export const isFine = ({ verdict, reason }: RecipientOutcome): boolean =>
  verdict === "accepted" || reason === "Stopped";

/** What to try when a conversation failed, if anything comes to mind. */
export const hint = (error: SessionError): string | undefined => {
  if (error.reason === "BadReply" && error.stage === "greeting") {
    return "Is this port plain SMTP? Ports 465 and 443 speak TLS from the first octet";
  }
  if (error.reason === "Timeout" && error.stage === "greeting") {
    return "Some servers make clients wait; a longer --timeout may help. A TLS port also stays silent here";
  }
  return undefined;
};
