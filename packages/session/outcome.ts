/**
 * What became of a message: one verdict for every recipient, and never none.
 *
 * @example Count the verdicts
 * ```ts
 * import * as Outcome from "@plausch/session/outcome";
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const recipient = Result.getOrThrow(Path.forwardFromString("<b@d.test>"));
 * const outcome: Outcome.RecipientOutcome = {
 *   recipient,
 *   address: "b@d.test",
 *   verdict: "deferred",
 *   stage: "greeting",
 *   reason: "Timeout",
 * };
 * assertEquals(Outcome.count([outcome]), { accepted: 0, rejected: 0, deferred: 1, uncertain: 0 });
 * assertEquals(Outcome.next([outcome]), "next-host");
 * ```
 *
 * @module
 */
import type { EnhancedStatus } from "@plausch/smtp/enhanced-status";
import type { ForwardPath } from "@plausch/smtp/path";
import type { Reply } from "@plausch/smtp/reply";
import type { Mechanism } from "@plausch/smtp/sasl";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { TlsLevel } from "@plausch/tls/tls-level";
import * as Settings from "./_settings.ts";
import type { Adaptation, Extension } from "./extension_policy.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/**
 * - `accepted`: the server took responsibility with a complete 2yz reply.
 * - `rejected`: refused for good (5yz, or here, before anything was sent); trying again is pointless.
 * - `deferred`: not delivered now (4yz, or the connection broke before the final dot); trying again is safe.
 * - `uncertain`: the connection broke after the final dot and before the reply to it. The server may have the message;
 *   trying again may deliver it twice (RFC 1047, RFC 5321 section 6.1).
 */
export type Verdict = "accepted" | "rejected" | "deferred" | "uncertain";

/**
 * Why a recipient was refused here, before the server was asked. `NotOffered` is any extension that was asked for, and
 * `LimitExceeded` more of it than the server says it can do, see `extension`; `SessionLimit` is one more transaction, or domain, than the server takes on a connection (LIMITS,
 * RFC 9422 section 4).
 */
export type LocalRefusal =
  | "MessageTooBig"
  | "Needs8bitMime"
  | "NeedsSmtpUtf8"
  | "NeedsBinaryMime"
  | "RequireTlsNotOffered"
  | "NotOffered"
  | "LimitExceeded"
  | "SessionLimit";

/** The verdict on one recipient, and what it rests on. */
export interface RecipientOutcome {
  /** The recipient as it was given. */
  readonly recipient: ForwardPath;
  /** The recipient as people write it, without brackets. Octets of foreign origin are not escaped. */
  readonly address: string;
  /** The verdict. */
  readonly verdict: Verdict;
  /** The stage at which it was reached: `final` for the reply to the message. */
  readonly stage: Stage;
  /** The reply that decided, if one did. */
  readonly reply?: Reply | undefined;
  /** The reply code that decided, or the one a server would have used for a refusal made here. */
  readonly code?: number | undefined;
  /** The enhanced status code that goes with `code` (RFC 3463). */
  readonly status?: EnhancedStatus | undefined;
  /**
   * Why, where no reply decided: the failure of the conversation, a refusal made here, or `Stopped` when the caller asked
   * to stop before the message.
   */
  readonly reason?: FailureReason | LocalRefusal | "Stopped" | undefined;
  /** The extension that was asked for and not offered, or not so much of it, where that is the reason. */
  readonly extension?: Extension | undefined;
}

/** How the conversation was protected. */
export interface Protection {
  /** How much was asked of TLS. */
  readonly level: TlsLevel;
  /** Whether it was encrypted when it ended. */
  readonly isEncrypted: boolean;
  /** What the TLS handshake came to, if there was one and the socket can tell. */
  readonly tls: TlsReport | undefined;
  /** The mechanism that the client authenticated with, if it did. */
  readonly authenticated: Mechanism | undefined;
}

/** What became of one message. */
export interface Outcome {
  /** One entry for each recipient, in the order of the envelope. */
  readonly recipients: ReadonlyArray<RecipientOutcome>;
  /** What was asked for, not offered by the server, and left out or replaced, as the policy has it. */
  readonly adaptations: ReadonlyArray<Adaptation>;
  /** How the conversation was protected; the first one, where a message took several. */
  readonly protection: Protection;
}

/**
 * What a deliverer does next with the recipients that were not accepted (RFC 5321 section 5.1): nothing (`done`), try this host
 * once more without TLS (`plaintext-retry`), try the next mail exchanger now (`next-host`), never try again in this way (`never`), or
 * try again later but no other host in this run, because the message may have been delivered (`later`).
 */
export type Next = "done" | "plaintext-retry" | "next-host" | "never" | "later";

/** These say no for this host; another may say yes. */
const hostsDiffer: ReadonlySet<RecipientOutcome["reason"]> = new Set<RecipientOutcome["reason"]>([
  "Needs8bitMime",
  "NeedsSmtpUtf8",
  "NeedsBinaryMime",
  "RequireTlsNotOffered",
  "NotOffered",
  "LimitExceeded",
]);

const introducing: ReadonlySet<Stage> = new Set<Stage>(["greeting", "ehlo", "helo", "ehlo-tls"]);

/**
 * What to do next for one recipient. `level` is how much the conversation asked of TLS: only `opportunistic` may be tried without.
 *
 * @example A refused recipient is refused for good
 * ```ts
 * import * as Outcome from "@plausch/session/outcome";
 * import { assertEquals } from "@std/assert";
 *
 * const recipient = { _tag: "Postmaster", localPart: "postmaster" } as const;
 * assertEquals(
 *   Outcome.nextOf({ recipient, address: "postmaster", verdict: "rejected", stage: "rcpt", code: 550 }),
 *   "never",
 * );
 * ```
 */
export const nextOf = ({ verdict, reason, stage }: RecipientOutcome, level: TlsLevel = "none"): Next => {
  if (verdict === "accepted" || reason === "Stopped") return "done";
  if (verdict === "uncertain") return "later";
  if (reason === "UnexpectedReply" && stage === "rcpt") return "done";
  if (reason === "UnexpectedReply" && stage === "final") return "later";
  if (reason === "TlsFailed" && level === "opportunistic") return "plaintext-retry";
  if (Settings.areAtFault(reason)) return "never";
  return verdict === "deferred" || introducing.has(stage) || hostsDiffer.has(reason) ? "next-host" : "never";
};

/**
 * What to do next for a whole outcome: `later` if any recipient needs it, else `plaintext-retry`, else `next-host`, else `done` if at
 * least one was accepted or nothing is left to do, else `never`.
 *
 * @example
 * ```ts
 * import * as Outcome from "@plausch/session/outcome";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Outcome.next([]), "done");
 * ```
 */
export const next = (recipients: ReadonlyArray<RecipientOutcome>, level: TlsLevel = "none"): Next => {
  const nexts = recipients.map((recipient) => nextOf(recipient, level));
  for (const urgent of ["later", "plaintext-retry", "next-host"] as const) if (nexts.includes(urgent)) return urgent;
  return nexts.includes("never") && !nexts.includes("done") ? "never" : "done";
};

/**
 * How many recipients got each verdict.
 *
 * @example
 * ```ts
 * import * as Outcome from "@plausch/session/outcome";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Outcome.count([]), { accepted: 0, rejected: 0, deferred: 0, uncertain: 0 });
 * ```
 */
export const count = (
  recipients: ReadonlyArray<Pick<RecipientOutcome, "verdict">>,
): { readonly [V in Verdict]: number } => {
  const counts = { accepted: 0, rejected: 0, deferred: 0, uncertain: 0 };
  for (let at = 0; at < recipients.length; at++) counts[recipients[at]!.verdict]++;
  return counts;
};
