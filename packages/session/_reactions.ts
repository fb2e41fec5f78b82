import type { Severity } from "@plausch/smtp/reply";
import type { Stage } from "./stage.ts";

/** A stage that is answered by a reply. */
export type AnsweredStage = Exclude<Stage, "connect">;

/** What a client does about a reply. */
export type Reaction =
  | "greeted"
  | "capable"
  | "plain"
  | "try-helo"
  | "session-refused"
  | "answered"
  | "sender-accepted"
  | "sender-refused"
  | "recipient-accepted"
  | "recipient-refused"
  | "recipient-odd"
  | "go-ahead"
  | "data-refused"
  | "message-accepted"
  | "message-refused"
  | "message-odd"
  | "gone"
  | "unexpected";

const anyAnswer = {
  positive: "answered",
  intermediate: "unexpected",
  transient: "answered",
  permanent: "answered",
} as const;

/**
 * The client's decisions, one row for each thing it can have asked. Where the table says `try-helo`, some codes and the
 * options still object. 421 is not here: it ends the session at every stage (RFC 5321 section 3.8).
 */
export const reactions: { readonly [S in AnsweredStage]: { readonly [K in Severity]: Reaction } } = {
  greeting: {
    positive: "greeted",
    intermediate: "unexpected",
    transient: "session-refused",
    permanent: "session-refused",
  },
  ehlo: { positive: "capable", intermediate: "unexpected", transient: "session-refused", permanent: "try-helo" },
  helo: { positive: "plain", intermediate: "unexpected", transient: "session-refused", permanent: "session-refused" },
  mail: {
    positive: "sender-accepted",
    intermediate: "unexpected",
    transient: "sender-refused",
    permanent: "sender-refused",
  },
  rcpt: {
    positive: "recipient-accepted",
    intermediate: "recipient-odd",
    transient: "recipient-refused",
    permanent: "recipient-refused",
  },
  data: { positive: "unexpected", intermediate: "go-ahead", transient: "data-refused", permanent: "data-refused" },
  final: {
    positive: "message-accepted",
    intermediate: "message-odd",
    transient: "message-refused",
    permanent: "message-refused",
  },
  rset: anyAnswer,
  noop: anyAnswer,
  vrfy: anyAnswer,
  help: anyAnswer,
  raw: anyAnswer,
  quit: { positive: "gone", intermediate: "gone", transient: "gone", permanent: "gone" },
};

const goingOn: ReadonlySet<Reaction> = new Set<Reaction>([
  "greeted",
  "capable",
  "plain",
  "sender-accepted",
  "recipient-accepted",
  "go-ahead",
  "message-accepted",
]);

/** Whether the reply was the one hoped for. */
export const isExpected = (reaction: Reaction, severity: Severity): boolean =>
  goingOn.has(reaction) || severity === "positive" && (reaction === "answered" || reaction === "gone");
