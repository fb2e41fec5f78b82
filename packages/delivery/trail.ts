/**
 * The trail of a message: which hosts were tried or passed over, in which order, and what came of it.
 *
 * @example
 * ```ts
 * import * as Trail from "@plausch/delivery/trail";
 * import { assertEquals } from "@std/assert";
 *
 * const step: Trail.Step = {
 *   _tag: "PassedOver", domain: "example.org", host: "mx1.example.org", preference: 10, reason: "NotDane",
 *   message: "DANE is asked for, and it has no TLSA record that can be used",
 * };
 * assertEquals(
 *   Trail.explain(step),
 *   "10 mx1.example.org: passed over, DANE is asked for, and it has no TLSA record that can be used",
 * );
 * ```
 *
 * @module
 */
import type * as Candidate from "@plausch/mx/candidate";
import type { TlsPolicy } from "@plausch/mx/tls-policy";
import type { Adaptation } from "@plausch/session/extension-policy";
import * as Outcome from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { Try } from "./happy_eyeballs.ts";

/** Why a host of the plan was not tried after all, beside what the plan itself says. */
export type PassReason =
  | Candidate.SkipReason
  /** The level `dane` is asked for, and the host promises nothing by DANE. */
  | "NotDane"
  /** The level `mta-sts` is asked for, and no policy in the mode `enforce` covers the host. */
  | "NotMtaSts"
  /** As many connections as one message is worth were made before. */
  | "EnoughTried";

/** A host that was not tried. */
export interface PassedOver {
  /** Tells the kind. */
  readonly _tag: "PassedOver";
  /** The mail domain. */
  readonly domain: string;
  /** The host, as the plan names it. */
  readonly host: string;
  /** Its preference. */
  readonly preference: number;
  /** Why, as a word to switch on. */
  readonly reason: PassReason;
  /** Why, as a part of a sentence. Safe to print. */
  readonly message: string;
}

/** One visit to a host: one connection, or one message over a connection that was there already. */
export interface Visited {
  /** Tells the kind. */
  readonly _tag: "Visited";
  /** The mail domain. */
  readonly domain: string;
  /** The host, as the plan names it. */
  readonly host: string;
  /** Its preference. */
  readonly preference: number;
  /** When it began, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** How many milliseconds it took. */
  readonly elapsed: number;
  /** The addresses that were dialled for it; none where a session stood open. */
  readonly tries: ReadonlyArray<Try>;
  /** What is known of the host's TLS beforehand. */
  readonly policy: TlsPolicy;
  /** How much was asked of TLS because of it. */
  readonly level: TlsLevel;
  /** How the conversation was protected, where one came about. */
  readonly protection: Outcome.Protection | undefined;
  /** The verdicts of this host. */
  readonly recipients: ReadonlyArray<Outcome.RecipientOutcome>;
  /** What was asked for, not offered by this host, and left out or replaced. */
  readonly adaptations: ReadonlyArray<Adaptation>;
  /** What broke the conversation, or made it impossible. */
  readonly error: SessionError | GrammarError | undefined;
}

/** One step of a delivery. */
export type Step = PassedOver | Visited;

/**
 * The address that the visit was made to, where it is known.
 *
 * @example
 * ```ts
 * import * as Trail from "@plausch/delivery/trail";
 * import { assertEquals } from "@std/assert";
 *
 * const tries: Trail.Visited["tries"] = [
 *   { address: "2001:db8::1", at: 0, result: "abandoned", error: undefined },
 *   { address: "192.0.2.1", at: 250, result: "connected", error: undefined },
 * ];
 * assertEquals(Trail.address({ tries }), "192.0.2.1");
 * ```
 */
export const address = ({ tries }: Pick<Visited, "tries">): string | undefined =>
  tries.find(({ result }) => result === "connected")?.address;

const words: { readonly [V in Outcome.Verdict]: string } = {
  accepted: "accepted",
  deferred: "deferred",
  rejected: "rejected",
  uncertain: "uncertain",
};

/** How many have each verdict, and what the host said to the first of those that it did not accept. */
const verdicts = (recipients: Visited["recipients"]): string =>
  Object.entries(Outcome.count(recipients))
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => {
      const first = recipients.find((recipient) => recipient.verdict === verdict)?.reply;
      const said = first === undefined || verdict === "accepted"
        ? ""
        : `: ${Printable.escape(Reply.wireLines(first).at(-1) ?? "")}`;
      return `${count} ${words[verdict as Outcome.Verdict]}${said}`;
    })
    .join(", ");

/**
 * One line for people. Safe to print.
 *
 * @example
 * ```ts
 * import * as Trail from "@plausch/delivery/trail";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Trail.explain({
 *     _tag: "Visited", domain: "example.org", host: "mx1.example.org", preference: 10, at: 0, elapsed: 40,
 *     tries: [{ address: "192.0.2.1", at: 0, result: "connected", error: undefined }],
 *     policy: { _tag: "Opportunistic" }, level: "opportunistic", protection: undefined, error: undefined, adaptations: [],
 *     recipients: [{
 *       recipient: { _tag: "Postmaster", localPart: "postmaster" }, address: "postmaster", verdict: "accepted", stage: "final",
 *     }],
 *   }),
 *   "10 mx1.example.org [192.0.2.1]: 1 accepted",
 * );
 * ```
 */
export const explain = (step: Step): string => {
  const host = `${step.preference} ${step.host}`;
  if (step._tag === "PassedOver") return `${host}: passed over, ${step.message}`;
  const at = address(step);
  const where = at === undefined || step.host === at ? host : `${host} [${at}]`;
  const what = [verdicts(step.recipients), step.error?.message ?? ""].filter((part) => part !== "");
  return `${where}: ${what.join("; ")}`;
};
