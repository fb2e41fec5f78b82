import type { Severity } from "@plausch/smtp/reply";
import type { Stage } from "./stage.ts";

/** A stage that is answered by a reply. */
export type AnsweredStage = Exclude<Stage, "connect" | "tls">;

/** What a client does about a reply. */
export type Reaction =
  | "greeted"
  | "capable"
  | "plain"
  | "try-helo"
  | "session-refused"
  | "tls-go-ahead"
  | "tls-refused"
  | "xclient-accepted"
  | "xclient-refused"
  | "xforward-accepted"
  | "xforward-refused"
  | "authenticated"
  | "challenged"
  | "auth-refused"
  | "answered"
  | "sender-accepted"
  | "sender-refused"
  | "recipient-accepted"
  | "recipient-refused"
  | "recipient-odd"
  | "go-ahead"
  | "data-refused"
  | "chunk-accepted"
  | "chunk-refused"
  | "message-accepted"
  | "message-refused"
  | "message-odd"
  | "gone"
  | "unexpected";

type Row = { readonly [K in Severity]: Reaction };

const row = (positive: Reaction, intermediate: Reaction, transient: Reaction, permanent = transient): Row => ({
  positive,
  intermediate,
  transient,
  permanent,
});

const anyAnswer: Row = row("answered", "unexpected", "answered");

/**
 * The client's decisions, one row for each thing it can have asked. Where the table says `try-helo`, some codes and the
 * options still object. 421 is not here: it ends the session at every stage (RFC 5321 section 3.8).
 */
export const reactions: { readonly [S in AnsweredStage]: Row } = {
  greeting: row("greeted", "unexpected", "session-refused"),
  ehlo: row("capable", "unexpected", "session-refused", "try-helo"),
  helo: row("plain", "unexpected", "session-refused"),
  starttls: row("tls-go-ahead", "unexpected", "tls-refused"),
  "ehlo-tls": row("capable", "unexpected", "session-refused"),
  xclient: row("xclient-accepted", "unexpected", "xclient-refused"),
  auth: row("authenticated", "challenged", "auth-refused"),
  xforward: row("xforward-accepted", "unexpected", "xforward-refused"),
  mail: row("sender-accepted", "unexpected", "sender-refused"),
  rcpt: row("recipient-accepted", "recipient-odd", "recipient-refused"),
  data: row("unexpected", "go-ahead", "data-refused"),
  bdat: row("chunk-accepted", "unexpected", "chunk-refused"),
  final: row("message-accepted", "message-odd", "message-refused"),
  rset: anyAnswer,
  noop: anyAnswer,
  vrfy: anyAnswer,
  expn: anyAnswer,
  help: anyAnswer,
  etrn: anyAnswer,
  raw: anyAnswer,
  quit: row("gone", "gone", "gone"),
};

const goingOn: ReadonlySet<Reaction> = new Set<Reaction>([
  "greeted",
  "capable",
  "plain",
  "tls-go-ahead",
  "xclient-accepted",
  "xforward-accepted",
  "authenticated",
  "challenged",
  "sender-accepted",
  "recipient-accepted",
  "go-ahead",
  "chunk-accepted",
  "message-accepted",
]);

/** Whether the reply was the one hoped for. */
export const isExpected = (reaction: Reaction, severity: Severity): boolean =>
  goingOn.has(reaction) || severity === "positive" && (reaction === "answered" || reaction === "gone");
