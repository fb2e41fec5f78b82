/**
 * What became of a message: a verdict for every recipient, whatever happened, with the trail of hosts that led to it.
 *
 * @example
 * ```ts
 * import * as Delivered from "@plausch/delivery/delivered";
 * import { assertEquals } from "@std/assert";
 *
 * const delivered: Delivered.Delivered = { recipients: [], plans: new Map(), trail: [] };
 * assertEquals(Delivered.isAccepted(delivered), true);
 * ```
 *
 * @module
 */
import type { RouteFailure, RoutePlan } from "@plausch/mx/route-plan";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Step } from "./trail.ts";

/**
 * Why a recipient has its verdict, where no reply decided. What a session or the route has to say of it, or:
 *
 * - `AllHostsFailed`: no host could be connected to.
 * - `BadDomain`: what is behind the `@` is no mail domain, so nobody was asked about it.
 * - `BadInput`: something of the envelope cannot be put into a command; see the step's `error`.
 * - `Deadline`: the time for the whole delivery was over.
 * - `Interrupted`: the caller gave the delivery up.
 * - `NoDomain`: `postmaster` without a domain has no mail exchanger.
 * - `NotDane`, `NotMtaSts`: no host has the proof that is asked for.
 */
export type Reason =
  | RecipientOutcome["reason"]
  | RouteFailure["reason"]
  | "AllHostsFailed"
  | "BadDomain"
  | "BadInput"
  | "Deadline"
  | "NoDomain"
  | "NotDane"
  | "NotMtaSts";

/** The verdict on one recipient, and what it rests on. */
export interface RecipientDelivery extends Omit<RecipientOutcome, "reason"> {
  /** The mail domain, as it is looked up; the text itself where it is none; undefined for `postmaster` alone. */
  readonly domain: string | undefined;
  /** The host that decided; undefined where none did. */
  readonly host: string | undefined;
  /** Why, where no reply decided. */
  readonly reason?: Reason | undefined;
  /** Why, in a sentence for people, where the reply does not say it. Safe to print. */
  readonly message?: string | undefined;
}

/** What became of one message. */
export interface Delivered {
  /** One entry for each recipient, in the order of the envelope. */
  readonly recipients: ReadonlyArray<RecipientDelivery>;
  /** The route plan of each domain, by the domain as it is looked up; the latest, where mail was tried again. */
  readonly plans: ReadonlyMap<string, RoutePlan>;
  /** Every host that was tried or passed over, in order. */
  readonly trail: ReadonlyArray<Step>;
}

/**
 * Whether every recipient was accepted.
 *
 * @example
 * ```ts
 * import * as Delivered from "@plausch/delivery/delivered";
 * import { assertEquals } from "@std/assert";
 *
 * const postmaster = {
 *   recipient: { _tag: "Postmaster", localPart: "postmaster" }, address: "postmaster", domain: undefined, host: undefined,
 *   verdict: "rejected", stage: "connect", reason: "NoDomain",
 * } as const;
 * assertEquals(Delivered.isAccepted({ recipients: [postmaster] }), false);
 * ```
 */
export const isAccepted = ({ recipients }: Pick<Delivered, "recipients">): boolean =>
  recipients.every(({ verdict }) => verdict === "accepted");

/**
 * The part of the trail that one recipient took: the hosts of its domain that were passed over, and those that were asked about it.
 *
 * @example
 * ```ts
 * import * as Delivered from "@plausch/delivery/delivered";
 * import { assertEquals } from "@std/assert";
 *
 * const recipient = {
 *   recipient: { _tag: "Postmaster", localPart: "postmaster" }, address: "postmaster", domain: undefined, host: undefined,
 *   verdict: "rejected", stage: "connect", reason: "NoDomain",
 * } as const;
 * assertEquals(Delivered.trailOf({ recipients: [recipient], plans: new Map(), trail: [] }, recipient), []);
 * ```
 */
export const trailOf = ({ trail }: Delivered, recipient: RecipientDelivery): ReadonlyArray<Step> =>
  trail.filter((step) =>
    step.domain === recipient.domain &&
    (step._tag === "PassedOver" || step.recipients.some((one) => one.recipient === recipient.recipient))
  );
