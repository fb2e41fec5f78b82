// What the server says, and nowhere else does it say anything. Texts are ASCII and fit a reply line (RFC 5321 sections 4.2 and
// 4.5.3.1.5), whatever words of a client they repeat. A greeting and the answers to EHLO and HELO have no enhanced status code
// (RFC 2034 section 4).
import type { LineError } from "@plausch/line/line-error";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { Phase, Verb } from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";

/** Octets for the text of one line: 512 less code, separator, enhanced status code and CRLF. */
const maxText = 490;

const unsafe = /[^ -~]/g;
const plain = /^[ -~]*$/;
const safe = (text: string): string => (plain.test(text) ? text : text.replace(unsafe, "?")).slice(0, maxText);

const make = (code: number, text: string | ReadonlyArray<string>, status?: string): Reply.Reply =>
  Reply.make(
    code,
    typeof text === "string" ? safe(text) : text.map(safe),
    status === undefined ? undefined : Result.getOrThrow(EnhancedStatus.fromString(status)),
  );

/** The reply for a client that was not offered enhanced status codes. */
export const withoutStatus = (reply: Reply.Reply): Reply.Reply =>
  reply.enhanced === undefined
    ? reply
    : { ...reply, lines: reply.lines.map((line) => line.replace(/^[245]\.\d+\.\d+ /, "")), enhanced: undefined };

export const greeting = (host: string, protocol: "ESMTP" | "LMTP"): Reply.Reply =>
  make(220, `${host} ${protocol} plausch sink`);

export const hello = (host: string): Reply.Reply => make(250, host);

/** The answer to EHLO and LHLO. */
export const capabilities = (host: string, client: string, lines: ReadonlyArray<string>): Reply.Reply =>
  make(250, [`${host} greets ${client}`, ...lines]);

/** What the client needs is the other greeting: EHLO here, LHLO there (RFC 2033 section 4.1). */
export const wrongHello = (wanted: string): Reply.Reply => make(500, `Say ${wanted} here`, "5.5.1");

export const senderTaken: Reply.Reply = make(250, "Sender taken", "2.1.0");
export const recipientTaken: Reply.Reply = make(250, "Recipient taken", "2.1.5");
export const goAhead: Reply.Reply = make(354, "Go ahead; end with a line that is a single dot");
const storedAs: Reply.Reply = make(250, "Stored as ", "2.0.0");
export const stored = (id: string): Reply.Reply => ({
  code: storedAs.code,
  lines: [`${storedAs.lines[0]}${safe(id)}`],
  enhanced: storedAs.enhanced,
  warnings: storedAs.warnings,
});
export const notStored: Reply.Reply = make(451, "Cannot store the message now", "4.3.0");
export const reset: Reply.Reply = make(250, "Forgotten", "2.0.0");
export const noop: Reply.Reply = make(250, "Still here", "2.0.0");
export const unverified: Reply.Reply = make(252, "Cannot tell; send it and see", "2.5.0");
export const unexpanded: Reply.Reply = make(252, "Lists are not told", "2.5.0");
export const nothingQueued = (node: string): Reply.Reply => make(251, `No messages wait for ${node}`, "2.0.0");
export const forwardedFor: Reply.Reply = make(250, "Noted", "2.0.0");
export const goodbye = (host: string): Reply.Reply => make(221, `${host} says goodbye`, "2.0.0");

export const help: Reply.Reply = make(
  214,
  [
    "This is the plausch sink: it takes mail and keeps it",
    "HELO EHLO LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN ETRN HELP QUIT",
    "See RFC 5321",
  ],
  "2.0.0",
);

export const tooBig = (limit: number): Reply.Reply =>
  make(552, `Message too big: the limit is ${limit} octets`, "5.3.4");

export const tooManyRecipients = (limit: number): Reply.Reply =>
  make(452, `Too many recipients: the limit is ${limit}`, "4.5.3");

/** A sender or recipient outside ASCII, without the parameter SMTPUTF8 (RFC 6531 section 3.5). */
export const needsSmtputf8 = (code: 550 | 553): Reply.Reply =>
  make(code, "An international address needs SMTPUTF8", "5.6.7");

export const unknownParameter = (keyword: string): Reply.Reply =>
  make(555, `Parameter not recognized: ${keyword}`, "5.5.4");

export const unknownBody = (body: string): Reply.Reply => make(504, `BODY=${body} is not offered`, "5.5.4");

export const cannotHold = (limit: number): Reply.Reply => make(501, `HOLDFOR is at most ${limit} seconds`, "5.5.4");

export const tooManyDomains = (limit: number): Reply.Reply =>
  make(452, `Too many recipient domains: the limit is ${limit}`, "4.5.3");

/** RFC 3030 section 3. */
export const needsChunks: Reply.Reply = make(503, "BODY=BINARYMIME is sent with BDAT", "5.5.1");

export const chunkTaken = (size: number): Reply.Reply => make(250, `${size} octets taken`, "2.0.0");

export const readyForTls: Reply.Reply = make(220, "Ready for TLS", "2.0.0");
/** Somebody said more in clear, for it to be taken as said under TLS (RFC 3207 section 4.2). */
export const injected: Reply.Reply = make(554, "Nothing may follow STARTTLS in clear; closing", "5.5.1");
export const alreadySecure: Reply.Reply = make(503, "TLS is on already", "5.5.1");
/** RFC 3207 section 4. */
export const needsTls: Reply.Reply = make(530, "Say STARTTLS first", "5.7.0");

/** RFC 4954 section 6. */
export const authenticated: Reply.Reply = make(235, "Authenticated", "2.7.0");
export const challenge = (text: string): Reply.Reply => make(334, text);
export const needsAuthentication: Reply.Reply = make(530, "Say AUTH first", "5.7.0");
export const alreadyAuthenticated: Reply.Reply = make(503, "Authenticated already", "5.5.1");
export const unknownMechanism = (mechanism: string): Reply.Reply =>
  make(504, `The mechanism ${mechanism} is not offered`, "5.5.4");
export const weakMechanism = (mechanism: string): Reply.Reply =>
  make(534, `The mechanism ${mechanism} is too weak`, "5.7.9");
export const clearMechanism = (mechanism: string): Reply.Reply =>
  make(538, `The mechanism ${mechanism} needs TLS`, "5.7.11");
export const badCredentials: Reply.Reply = make(535, "The credentials are not valid", "5.7.8");
export const badResponse: Reply.Reply = make(501, "The response cannot be read", "5.5.2");
export const cancelled: Reply.Reply = make(501, "Cancelled as you wished", "5.7.0");

export const badAttribute = (text: string): Reply.Reply => make(501, `Bad attribute: ${text}`, "5.5.4");

/** What has to come first. */
const prerequisite = (verb: Verb, isLmtp: boolean): string | undefined => {
  switch (verb) {
    case "MAIL":
      return `${isLmtp ? "LHLO" : "EHLO or HELO"}, and only once in a transaction`;
    case "RCPT":
      return "MAIL";
    case "DATA":
    case "BDAT":
      return "RCPT";
    case "STARTTLS":
    case "AUTH":
    case "ETRN":
    case "XCLIENT":
    case "XFORWARD":
      return isLmtp ? "LHLO" : "EHLO";
  }
};

export const outOfOrder = (verb: Verb, phase: Phase, isLmtp: boolean): Reply.Reply => {
  if (phase === "reset") return make(503, "A chunk was refused: say RSET first", "5.5.1");
  const first = prerequisite(verb, isLmtp);
  return make(503, first === undefined ? `${verb} is out of place` : `${verb} comes after ${first}`, "5.5.1");
};

/** Verbs that are known and not offered, or never implemented (RFC 5321 section 4.2.4). */
export const notImplemented = (verb: string): Reply.Reply => make(502, `${verb} is not implemented here`, "5.5.1");

/** Verbs of RFC 5321, its ancestors and its extensions that the sink does not have. */
const foreign: ReadonlySet<string> = new Set(["BURL", "SAML", "SEND", "SOML", "TURN"]);

const unknownVerb = (line: string): Reply.Reply => {
  const verb = line.trimEnd().split(" ", 1)[0]!.toUpperCase();
  return foreign.has(verb) ? notImplemented(verb) : make(500, "Command not recognized", "5.5.1");
};

/** The answer to a line that is no command. */
export const badCommand = (error: GrammarError, line: string): Reply.Reply => {
  if (error.reason === "UnknownVerb") return unknownVerb(line);
  const status = error.subject === "reverse-path" ? "5.1.7" : error.subject === "forward-path" ? "5.1.3" : "5.5.4";
  return make(CommandParser.replyCode(error), error.message.replace(/^Cannot read the /, "Bad "), status);
};

/** What is wrong, without the octet: lines are counted apart from messages, so the number would say nothing to a client. */
const cause = ({ message }: LineError): string => message.slice(message.indexOf(": ") + 2);

/** The answer to octets that are no line. Where the next line begins is not known any more. */
export const brokenLine = (error: LineError): Reply.Reply => make(500, `Line refused: ${cause(error)}`, "5.5.2");

/** The answer to octets that no message may have. */
export const brokenMessage = (error: LineError): Reply.Reply =>
  make(550, `Message refused at octet ${error.offset}: ${cause(error)}`, "5.5.2");

/** Why a server hangs up on its own (RFC 5321 section 3.8). */
export type Reason =
  | "timeout"
  | "shutdown"
  | "too many commands"
  | "too many errors"
  | "too many transactions"
  | "http"
  | "too many connections";

const reasons: { readonly [R in Reason]: readonly [text: string, status: string] } = {
  timeout: ["Waited too long for you", "4.4.2"],
  shutdown: ["Going down", "4.3.2"],
  "too many commands": ["Too many commands", "4.7.0"],
  "too many errors": ["Too many errors", "4.7.0"],
  "too many transactions": ["Too many transactions", "4.7.0"],
  http: ["This is SMTP, not HTTP", "4.7.0"],
  "too many connections": ["Too many connections", "4.3.2"],
};

export const closing = (host: string, reason: Reason): Reply.Reply => {
  const [text, status] = reasons[reason];
  return make(421, `${host} ${text}, closing`, status);
};
