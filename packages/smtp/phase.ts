/**
 * The phase table of an SMTP connection: which verb is legal when, and where each class of reply leads. Client and server
 * read the same table, so they cannot disagree (RFC 5321 sections 4.1.4 and 4.3.2).
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
 * Where a connection stands: nothing said yet, greeted by the server, ready for a transaction, inside one (after MAIL,
 * after at least one accepted RCPT), waiting for message data, or over.
 */
export type Phase = "connected" | "greeted" | "ready" | "mail" | "rcpt" | "data" | "closed";

/**
 * What moves a connection on. Verbs, and two things that are no verbs but are answered like one: `GREETING`, the server's
 * opening reply, and `MESSAGE`, the message data with its final dot.
 */
export type Verb =
  | "GREETING"
  | "HELO"
  | "EHLO"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "MESSAGE"
  | "RSET"
  | "NOOP"
  | "VRFY"
  | "HELP"
  | "QUIT";

/** One row of the table. A phase that a row does not name stays as it is. */
export interface Row {
  /** The phases in which the verb may be said. */
  readonly legal: ReadonlyArray<Phase>;
  /** The phase after a 2yz reply. */
  readonly positive?: Phase | undefined;
  /** The phase after a 3yz reply. */
  readonly intermediate?: Phase | undefined;
  /** The phase after a 4yz or 5yz reply. */
  readonly refused?: Phase | undefined;
}

/** The table itself, a row for each verb. 421 is not in it: it closes the connection in every phase. */
export const table: { readonly [V in Verb]: Row } = {
  GREETING: { legal: ["connected"], positive: "greeted" },
  HELO: { legal: ["greeted", "ready", "mail", "rcpt"], positive: "ready" },
  EHLO: { legal: ["greeted", "ready", "mail", "rcpt"], positive: "ready" },
  MAIL: { legal: ["ready"], positive: "mail" },
  RCPT: { legal: ["mail", "rcpt"], positive: "rcpt" },
  DATA: { legal: ["rcpt"], intermediate: "data" },
  MESSAGE: { legal: ["data"], positive: "ready", intermediate: "closed", refused: "ready" },
  RSET: { legal: ["greeted", "ready", "mail", "rcpt"] },
  NOOP: { legal: ["greeted", "ready", "mail", "rcpt"] },
  VRFY: { legal: ["greeted", "ready", "mail", "rcpt"] },
  HELP: { legal: ["greeted", "ready", "mail", "rcpt"] },
  QUIT: {
    legal: ["connected", "greeted", "ready", "mail", "rcpt"],
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
 * @example A refused sender leaves the connection ready for another
 * ```ts
 * import * as Phase from "@plausch/smtp/phase";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Phase.after("ready", "MAIL", "permanent"), "ready");
 * assertEquals(Phase.after("rcpt", "RSET", "positive"), "ready");
 * ```
 */
export const after = (phase: Phase, verb: Verb, severity: Severity): Phase => {
  const row = table[verb];
  if (!row.legal.includes(phase)) return phase;
  if (severity === "intermediate") return row.intermediate ?? phase;
  if (severity !== "positive") return row.refused ?? phase;
  if (verb === "RSET") return phase === "greeted" ? "greeted" : "ready";
  return row.positive ?? phase;
};
