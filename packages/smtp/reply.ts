/**
 * Replies, the server's half of the conversation: a code of three digits and one or more lines of text (RFC 5321 section
 * 4.2). Programs decide by the code, people read the text; {@linkcode explain} says in plain words what a code means.
 *
 * `@plausch/smtp/reply-parser` reads replies from a connection; {@linkcode make} and {@linkcode format} are for servers.
 *
 * @example What a server says, and what it means
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * const reply = Reply.make(550, "No such user here", { class: 5, subject: 1, detail: 1 });
 * assertEquals(Reply.format(reply), "550 5.1.1 No such user here\r\n");
 * assertEquals(Reply.severity(reply), "permanent");
 * assertEquals(Reply.explain(reply), "550 5.1.1: the mailbox does not exist; permanent");
 * ```
 *
 * @module
 */
import { statusPrefix, unpackStatus } from "./_status_prefix.ts";
import * as EnhancedStatus from "./enhanced_status.ts";
import * as Octets from "./octets.ts";

/**
 * Something in a reply that the grammar does not have, or that is odd, but that a client must live with:
 *
 * - `BareCr`: a CR inside a line. Lenient only.
 * - `BareLf`: a line that ends with LF alone. Lenient only.
 * - `ControlCharacter`: the text has control characters other than TAB. Lenient only.
 * - `EnhancedVaries`: the lines carry different enhanced status codes; the last one counts.
 * - `LongLine`: a line has more than 512 octets, its line end included (RFC 5321 section 4.5.3.1.5).
 * - `NoSeparator`: nothing follows the code, not even a space (RFC 5321 section 4.2 asks clients to take that).
 * - `NonAscii`: the text has octets outside ASCII. Lenient only.
 * - `UnusualCode`: the second digit is 6, 7, 8 or 9. Lenient only.
 */
export type ReplyWarning =
  | "BareCr"
  | "BareLf"
  | "ControlCharacter"
  | "EnhancedVaries"
  | "LongLine"
  | "NoSeparator"
  | "NonAscii"
  | "UnusualCode";

/** One reply of a server (RFC 5321 section 4.2). */
export interface Reply {
  /** The code, 200 to 599. */
  readonly code: number;
  /**
   * The text of each line, without the code, the separator and the line end; at least one. As from `Octets.decode`: no
   * octet is lost, and none is safe to print before `Printable.escape`.
   */
  readonly lines: ReadonlyArray<string>;
  /** The enhanced status code with which the lines begin, if they do (RFC 2034); they still have it in their text. */
  readonly enhanced: EnhancedStatus.EnhancedStatus | undefined;
  /** What was odd about the reply, each warning once, in alphabetical order. */
  readonly warnings: ReadonlyArray<ReplyWarning>;
}

/** What the first digit says (RFC 5321 section 4.2.1): done, go on, try again later, do not try again. */
export type Severity = "positive" | "intermediate" | "transient" | "permanent";

const severities = { 2: "positive", 3: "intermediate", 4: "transient", 5: "permanent" } as const;

/**
 * The reply's severity. Codes that nobody registered count by their first digit too, as RFC 5321 section 4.2 demands.
 *
 * @example By the first digit alone
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([250, 354, 421, 571].map((code) => Reply.severity(Reply.make(code, ""))), [
 *   "positive",
 *   "intermediate",
 *   "transient",
 *   "permanent",
 * ]);
 * ```
 */
export const severity = (reply: Reply): Severity => severities[Math.floor(reply.code / 100) as 2 | 3 | 4 | 5];

/**
 * Whether the command was carried out: 2yz.
 *
 * @example 250 is, 354 is not
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert } from "@std/assert";
 *
 * assert(Reply.isPositive(Reply.make(250, "OK")));
 * assert(!Reply.isPositive(Reply.make(354, "Go ahead")));
 * ```
 */
export const isPositive = (reply: Reply): boolean => severity(reply) === "positive";

/**
 * Whether the server waits for more before it decides: 3yz.
 *
 * @example The answer to DATA
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert } from "@std/assert";
 *
 * assert(Reply.isIntermediate(Reply.make(354, "Go ahead")));
 * ```
 */
export const isIntermediate = (reply: Reply): boolean => severity(reply) === "intermediate";

/**
 * Whether the command was refused for now and may be tried again later: 4yz.
 *
 * @example Greylisting
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert } from "@std/assert";
 *
 * assert(Reply.isTransient(Reply.make(450, "4.2.0 Greylisted")));
 * ```
 */
export const isTransient = (reply: Reply): boolean => severity(reply) === "transient";

/**
 * Whether the command was refused for good: 5yz.
 *
 * @example No such user
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert } from "@std/assert";
 *
 * assert(Reply.isPermanent(Reply.make(550, "5.1.1 No such user")));
 * ```
 */
export const isPermanent = (reply: Reply): boolean => severity(reply) === "permanent";

// C0 but TAB, DEL, C1. Line ends are gone by then.
// deno-lint-ignore no-control-regex
const controls = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const lineEnds = /\r\n|\r|\n/;

const statusOf = (line: string, firstDigit: number): number => {
  if (line.charAt(1) !== ".") return 0;
  const octets = Octets.encode(line);
  return statusPrefix(octets, 0, octets.length, firstDigit);
};

/**
 * A reply to send. Whatever the text holds, it stays one reply: line ends inside it begin a further line of the reply, and
 * other control characters become `?`. With a status, each line begins with it (RFC 2034 section 4); a status that the
 * text itself begins with is recognised. Text outside ASCII is for clients that asked for it (RFC 6531 section 3.7.4.1).
 *
 * Throws a RangeError for a code outside 200 to 599 and for a status that does not fit the code: these are mistakes in the
 * program, not in its input.
 *
 * @example Many lines
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * const reply = Reply.make(250, ["mx.example.com", "PIPELINING", "SIZE 1000000"]);
 * assertEquals(Reply.format(reply), "250-mx.example.com\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n");
 * ```
 */
export const make = (
  code: number,
  text: string | ReadonlyArray<string>,
  enhanced?: EnhancedStatus.EnhancedStatus,
): Reply => {
  if (!Number.isInteger(code) || code < 200 || code > 599) {
    throw new RangeError(`Cannot make a reply with the code ${code}: it must be a whole number from 200 to 599`);
  }
  const firstDigit = Math.floor(code / 100);
  if (enhanced !== undefined && enhanced.class !== firstDigit) {
    const status = EnhancedStatus.format(enhanced);
    throw new RangeError(`Cannot make a reply with the code ${code} and the status ${status}: their classes differ`);
  }
  const prefix = enhanced === undefined ? "" : `${EnhancedStatus.format(enhanced)} `;
  const texts = typeof text === "string" ? [text] : text;
  const lines = (texts.length === 0 ? [""] : texts)
    .flatMap((part) => part.split(lineEnds))
    .map((line) => prefix + line.replace(controls, "?"));
  const statuses = lines.map((line) => statusOf(line, firstDigit)).filter((packed) => packed !== 0);
  const last = statuses.at(-1);
  return {
    code,
    lines,
    enhanced: last === undefined ? undefined : unpackStatus(last),
    warnings: statuses.some((packed) => packed !== last) ? ["EnhancedVaries"] : [],
  };
};

/**
 * The lines of a reply as they stood on the wire, without line ends. For logs and transcripts: the text is the peer's, and
 * goes through `Printable.escape` before it is printed.
 *
 * @example All lines but the last have a hyphen
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Reply.wireLines(Reply.make(250, ["mx.test", "HELP"])), ["250-mx.test", "250 HELP"]);
 * ```
 */
export const wireLines = (reply: Reply): ReadonlyArray<string> => {
  const last = reply.lines.length - 1;
  return reply.lines.map((line, i) => `${reply.code}${i === last ? " " : "-"}${line}`);
};

const breaking = /[\0\r\n]/g;
const breaks = /[\0\r\n]/;

/**
 * The reply as it is sent: each line with its code and CRLF. To be encoded with `Octets.encode`. NUL, CR and LF cannot get
 * into a line, not even from a value that was not made by {@linkcode make}: they become `?`.
 *
 * @example One line
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Reply.format(Reply.make(221, "Bye")), "221 Bye\r\n");
 * ```
 */
export const format = ({ code, lines }: Reply): string => {
  let text = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    text += `${code}${at === lines.length - 1 ? " " : "-"}${
      breaks.test(line) ? line.replace(breaking, "?") : line
    }\r\n`;
  }
  return text;
};

/**
 * What the server said, in one line: the texts of all lines joined with spaces, without the enhanced status code. Not safe
 * to print before `Printable.escape`.
 *
 * @example Without code and status
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * const reply = Reply.make(550, ["5.1.1 The account does not exist.", "5.1.1 Look for typing errors"]);
 * assertEquals(Reply.text(reply), "The account does not exist. Look for typing errors");
 * ```
 */
export const text = (reply: Reply): string => {
  const firstDigit = Math.floor(reply.code / 100);
  const strip = (line: string): string =>
    reply.enhanced !== undefined && statusOf(line, firstDigit) !== 0 ? line.replace(/^\S+/, "") : line;
  return reply.lines.map((line) => strip(line).trim()).filter((line) => line !== "").join(" ");
};

/** What a code means: RFC 5321 sections 4.2.2 and 4.2.3 in our own words, and other documents where they are named. */
const codes: { readonly [code: number]: string } = {
  211: "system status or help",
  214: "help for people",
  220: "the service is ready",
  221: "the server closes the connection",
  235: "the authentication succeeded", // RFC 4954
  250: "done",
  251: "the recipient is not local; the server forwards the message",
  252: "the server cannot verify the address but takes mail for it",
  253: "the server starts to send the messages that wait", // RFC 1985
  334: "the authentication goes on", // RFC 4954
  354: "the server waits for the message",
  421: "the service is not available; the server closes the connection",
  432: "the password has to be changed over first", // RFC 4954
  450: "the mailbox is not available now",
  451: "the server had an error",
  452: "the server has no room, or takes no more recipients",
  453: "no messages wait", // RFC 2645
  454: "TLS or authentication is not available now", // RFC 3207, RFC 4954
  455: "the server cannot serve the parameters now",
  458: "the messages that wait cannot be sent now", // RFC 1985
  459: "the server does not send the messages that wait to this host", // RFC 1985
  500: "the command is unknown or too long",
  501: "an argument of the command has a syntax error",
  502: "the command is known but not implemented",
  503: "the command stands at the wrong place",
  504: "an argument of the command is not implemented",
  521: "the host takes no mail", // RFC 7504
  523: "encryption is needed first", // RFC 5248
  524: "this authentication mechanism needs encryption first", // RFC 5248
  525: "the user account is disabled", // RFC 5248
  530: "TLS or authentication is required first", // RFC 3207, RFC 4954
  534: "the authentication mechanism is too weak", // RFC 4954
  535: "the user name or the password is wrong", // RFC 4954
  538: "this authentication mechanism needs encryption first", // RFC 2554
  550: "the mailbox is not available, or the command is refused by policy",
  551: "the recipient is not local",
  552: "there is no room for the message",
  553: "the mailbox name is not allowed",
  554: "the transaction failed, or there is no mail service here",
  555: "a parameter of MAIL or RCPT is not known",
  556: "the recipient's domain takes no mail", // RFC 7504
};

/** Codes that say so little that even the bare subject of an enhanced status code says more. */
const vague: ReadonlySet<number> = new Set([250, 450, 451, 550, 554]);

const fallback = {
  positive: "accepted",
  intermediate: "the server waits for more",
  transient: "refused for now",
  permanent: "refused",
} as const;

const finality = {
  positive: "success",
  intermediate: "go on",
  transient: "temporary",
  permanent: "permanent",
} as const;

const meaning = ({ code, enhanced }: Reply, severity: Severity): string => {
  const exact = enhanced === undefined ? undefined : EnhancedStatus.meaning(enhanced);
  if (exact !== undefined) return exact;
  const subject = enhanced === undefined || enhanced.subject === 0
    ? undefined
    : EnhancedStatus.subjectMeaning(enhanced);
  const known = codes[code];
  return (vague.has(code) ? subject ?? known : known ?? subject) ?? fallback[severity];
};

/**
 * One line for people: the codes, what they mean, and how final that is. It has nothing of the server's own text and is
 * safe to print. Where the enhanced status code says more than the reply code, it is the one that is explained; a code that
 * nobody registered is explained by its first digit.
 *
 * @example Exact, vague, unknown
 * ```ts
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Reply.explain(Reply.make(452, "4.2.2 Full")), "452 4.2.2: the mailbox is full; temporary");
 * assertEquals(Reply.explain(Reply.make(354, "Go ahead")), "354: the server waits for the message; go on");
 * assertEquals(Reply.explain(Reply.make(571, "No")), "571: refused; permanent");
 * ```
 */
export const explain = (reply: Reply): string => {
  const kind = severity(reply);
  const status = reply.enhanced === undefined ? "" : ` ${EnhancedStatus.format(reply.enhanced)}`;
  return `${reply.code}${status}: ${meaning(reply, kind)}; ${finality[kind]}`;
};
