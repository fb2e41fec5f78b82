/**
 * The way of one domain's recipients from host to host: who is settled, who goes on, and what is said of those for whom no
 * host is left. Plain functions over values.
 *
 * @module
 */
import * as Outcome from "@plausch/session/outcome";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Stage } from "@plausch/session/stage";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { TlsLevel } from "@plausch/tls/tls-level";
import * as Result from "effect/Result";
import type { Reason, RecipientDelivery } from "./delivered.ts";

/** What one host said of a recipient. */
export interface Said {
  readonly host: string;
  readonly outcome: RecipientOutcome;
}

/** What follows from what one host said of a recipient. */
export type Onward = "settled" | "open";

/** A retry in clear was made by whoever held the conversation: it is no other host, but it is not the end either. */
const onwards: { readonly [N in Outcome.Next]: Onward } = {
  done: "settled",
  never: "settled",
  later: "settled",
  "next-host": "open",
  "plaintext-retry": "open",
};

/** Whether the recipient goes on to the next host (RFC 5321 section 5.1). */
export const onward = (outcome: RecipientOutcome, level: TlsLevel): Onward => onwards[Outcome.nextOf(outcome, level)];

const beforeTransaction: ReadonlySet<Stage> = new Set<Stage>([
  "connect",
  "greeting",
  "ehlo",
  "helo",
  "starttls",
  "tls",
  "ehlo-tls",
  "xclient",
  "auth",
  "xforward",
]);

/** Whether the host was heard on the message itself: then its other addresses would say the same. */
export const hasHeardHost = (outcomes: ReadonlyArray<RecipientOutcome>): boolean =>
  outcomes.some(({ stage }) => !beforeTransaction.has(stage));

/** How much a verdict tells: what a server said, then what broke a conversation, then that there was none. */
const telling = ({ reply, stage }: RecipientOutcome): number => reply !== undefined ? 2 : stage !== "connect" ? 1 : 0;

const unconnected: ReadonlySet<RecipientOutcome["reason"]> = new Set<RecipientOutcome["reason"]>([
  "ConnectFailed",
  "Timeout",
]);

const statusOf = (text: string): EnhancedStatus.EnhancedStatus => Result.getOrThrow(EnhancedStatus.fromString(text));

/** A host that takes no mail at all seldom says so in its status code (RFC 7504 section 4). */
const noMailHere = statusOf("5.3.2");
const noAnswer = statusOf("4.4.1");

/** What is known of a recipient by its address alone. */
export type Addressed = Pick<RecipientDelivery, "recipient" | "address" | "domain">;

/** A verdict that a host reached. */
export const byHost = (addressed: Addressed, { host, outcome }: Said): RecipientDelivery => ({
  ...addressed,
  ...outcome,
  ...(outcome.code === 521 && outcome.status === undefined ? { status: noMailHere } : {}),
  host,
});

/** A verdict that no host gave. */
export interface Ours {
  readonly reason: Reason;
  /** An enhanced status code: the verdict goes by its class. */
  readonly status: string;
  readonly message: string;
  readonly code?: number | undefined;
}

/** A verdict that was reached here. */
export const byUs = (addressed: Addressed, { reason, status, message, code }: Ours): RecipientDelivery => {
  const isPermanent = status.startsWith("5");
  return {
    ...addressed,
    host: undefined,
    verdict: isPermanent ? "rejected" : "deferred",
    stage: "connect",
    code: code ?? (isPermanent ? 550 : 451),
    status: statusOf(status),
    reason,
    message,
  };
};

/**
 * The verdict on a recipient that no host has settled. It is refused for good only if every host that was asked refused
 * to talk for good; one that may answer another time is enough to wait for. Of what the hosts said the most telling counts,
 * and of several the latest.
 */
export const unsettled = (addressed: Addressed, said: ReadonlyArray<Said>): RecipientDelivery | undefined => {
  const isRejected = said.every(({ outcome }) => outcome.verdict === "rejected");
  const candidates = isRejected ? said : said.filter(({ outcome }) => outcome.verdict !== "rejected");
  const [best] = candidates.toReversed().toSorted((one, other) => telling(other.outcome) - telling(one.outcome));
  if (best === undefined) return undefined;
  if (best.outcome.stage !== "connect" || !unconnected.has(best.outcome.reason)) return byHost(addressed, best);
  const hosts = [...new Set(said.map(({ host }) => host))];
  const message = hosts.length === 1
    ? `${hosts[0]} could not be connected to`
    : `none of ${hosts.length} hosts could be connected to`;
  return {
    ...byHost(addressed, best),
    host: undefined,
    reason: "AllHostsFailed",
    code: 451,
    status: noAnswer,
    message,
  };
};
