/**
 * The phase table of an SMTP connection: which verb is legal when, and where each class of reply leads. Client and server
 * read the same table, so they cannot disagree (RFC 5321 sections 4.1.4 and 4.3.2, RFC 1985 section 5, RFC 2033 section 4,
 * RFC 3030 section 2, RFC 3207 section 4, RFC 4954 section 4, and the XCLIENT_README and XFORWARD_README of Postfix).
 *
 * The table knows order, and nothing else. Whether a verb is offered, whether LMTP is spoken (LHLO instead of HELO and EHLO),
 * whether BODY=BINARYMIME rules out DATA, or whether somebody is logged in already, is for the server to ask besides.
 *
 * @example One transaction, phase by phase
 * ```ts
 * import * as Phase from "@plausch/smtp/phase";
 * import { assertEquals } from "@std/assert";
 *
 * const said = ["GREETING", "EHLO", "MAIL", "RCPT"] as const;
 * assertEquals(said.reduce((phase, verb) => Phase.after(phase, verb, "positive"), "connected" as Phase.Phase), "rcpt");
 * assertEquals(Phase.after("rcpt", "DATA", "intermediate"), "data");
 * assertEquals(Phase.after("data", "MESSAGE", "positive"), "ready");
 * ```
 *
 * @module
 */
import type { Severity } from "./reply.ts";

/**
 * Where a connection stands:
 *
 * - `connected`: nothing said yet; `greeted`: by the server, and the client owes its name
 * - `handshake`: the server is ready for TLS, and nothing else may be said
 * - `ready`: for a transaction; `auth`: in the middle of an AUTH exchange
 * - `mail`: a sender is accepted; `rcpt`: at least one recipient, too
 * - `data`: after 354; `bdat`: after a first chunk; `reset`: a chunk failed, and only RSET leads on
 * - `closed`: over
 */
export type Phase =
  | "connected"
  | "greeted"
  | "handshake"
  | "ready"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "bdat"
  | "reset"
  | "closed";

/**
 * What moves a connection on. Verbs, and things that are no verbs but are answered like one: `GREETING`, the server's opening
 * reply; `HANDSHAKE`, that of TLS; `RESPONSE`, a client's line inside AUTH; `MESSAGE`, the message data with its final dot;
 * `LAST`, the chunk of BDAT LAST.
 */
export type Verb =
  | "GREETING"
  | "HELO"
  | "EHLO"
  | "LHLO"
  | "STARTTLS"
  | "HANDSHAKE"
  | "AUTH"
  | "RESPONSE"
  | "XCLIENT"
  | "XFORWARD"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "MESSAGE"
  | "BDAT"
  | "LAST"
  | "RSET"
  | "NOOP"
  | "VRFY"
  | "EXPN"
  | "HELP"
  | "ETRN"
  | "QUIT";

/** One row of the table. A phase that a row does not name stays as it is. */
export interface Row {
  /** The phases in which the verb may be said. */
  readonly legal: ReadonlyArray<Phase>;
  /** Those of them that it does not end, whatever the reply. */
  readonly stays?: ReadonlyArray<Phase> | undefined;
  /** The phase after a 2yz reply. */
  readonly positive?: Phase | undefined;
  /** The phase after a 3yz reply. */
  readonly intermediate?: Phase | undefined;
  /** The phase after a 4yz or 5yz reply. */
  readonly refused?: Phase | undefined;
}

const hello: Row = { legal: ["greeted", "ready", "mail", "rcpt", "bdat", "reset"], positive: "ready" };
const question: Row = { legal: ["greeted", "ready", "mail", "rcpt", "bdat", "reset"] };

/** The table itself, a row for each verb. 421 is not in it: it closes the connection in every phase. */
export const table: { readonly [V in Verb]: Row } = {
  GREETING: { legal: ["connected"], positive: "greeted" },
  HELO: hello,
  EHLO: hello,
  LHLO: hello,
  STARTTLS: { legal: ["ready"], positive: "handshake" },
  HANDSHAKE: { legal: ["handshake"], positive: "greeted", refused: "closed" },
  AUTH: { legal: ["ready"], intermediate: "auth" },
  RESPONSE: { legal: ["auth"], positive: "ready", refused: "ready" },
  XCLIENT: { legal: ["greeted", "ready"], positive: "greeted" },
  XFORWARD: { legal: ["ready"] },
  MAIL: { legal: ["ready"], positive: "mail" },
  RCPT: { legal: ["mail", "rcpt"], positive: "rcpt" },
  DATA: { legal: ["rcpt"], intermediate: "data" },
  MESSAGE: { legal: ["data"], positive: "ready", intermediate: "closed", refused: "ready" },
  BDAT: { legal: ["rcpt", "bdat"], positive: "bdat", refused: "reset" },
  LAST: { legal: ["rcpt", "bdat"], positive: "ready", refused: "reset" },
  RSET: { ...question, stays: ["greeted"], positive: "ready" },
  NOOP: question,
  VRFY: question,
  EXPN: question,
  HELP: question,
  ETRN: { legal: ["ready"] },
  QUIT: {
    // Not in "auth": there QUIT would be base64, and a client that wants to go says "*" first.
    legal: ["connected", "greeted", "ready", "mail", "rcpt", "bdat", "reset"],
    positive: "closed",
    intermediate: "closed",
    refused: "closed",
  },
};

/**
 * Whether the verb may be said in the phase. A server answers 503 where this is false.
 *
 * @example RCPT needs MAIL first
 * ```ts
 * import * as Phase from "@plausch/smtp/phase";
 * import { assert } from "@std/assert";
 *
 * assert(!Phase.isLegal("ready", "RCPT"));
 * assert(Phase.isLegal("mail", "RCPT"));
 * ```
 */
export const isLegal = (phase: Phase, verb: Verb): boolean => table[verb].legal.includes(phase);

/**
 * The phase after a verb was answered with a reply of the given severity. A verb that is not legal in the phase changes
 * nothing. RSET leads back to `ready`, or stays in `greeted` when no HELO or EHLO was accepted yet.
 *
 * LMTP answers MESSAGE and LAST once for each recipient. Together they move the phase once: a positive one among them makes the
 * answer positive.
 *
 * @example A refused sender leaves the connection ready for another
 * ```ts
 * import * as Phase from "@plausch/smtp/phase";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Phase.after("ready", "MAIL", "permanent"), "ready");
 * assertEquals(Phase.after("rcpt", "RSET", "positive"), "ready");
 * assertEquals(Phase.after("bdat", "BDAT", "transient"), "reset");
 * ```
 */
export const after = (phase: Phase, verb: Verb, severity: Severity): Phase => {
  const row = table[verb];
  if (!row.legal.includes(phase) || row.stays?.includes(phase) === true) return phase;
  if (severity === "intermediate") return row.intermediate ?? phase;
  if (severity !== "positive") return row.refused ?? phase;
  return row.positive ?? phase;
};
