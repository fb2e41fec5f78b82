/**
 * What a delivery tells while it happens. The events of each conversation are among them, so whoever wants to show all of
 * it needs no other source.
 *
 * @example
 * ```ts
 * import type { DeliveryEvent } from "@plausch/delivery/event";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: Array<string> = [];
 * const observe = (event: DeliveryEvent) => {
 *   if (event._tag === "Waiting") lines.push(`once more in ${event.delay / 1000} s`);
 * };
 * observe({ _tag: "Waiting", at: 0, domain: "example.org", round: 1, delay: 60_000, addresses: ["b@example.org"] });
 * assertEquals(lines, ["once more in 60 s"]);
 * ```
 *
 * @module
 */
import type { RoutePlan } from "@plausch/mx/route-plan";
import type { TlsPolicy } from "@plausch/mx/tls-policy";
import type { SessionEvent } from "@plausch/session/event";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { RecipientDelivery } from "./delivered.ts";
import type { Try } from "./happy_eyeballs.ts";
import type { Step } from "./trail.ts";

/** The DNS is about to be asked for the way to a domain: once in each round. */
export interface LookingUp {
  /** The event's tag. */
  readonly _tag: "LookingUp";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The mail domain. */
  readonly domain: string;
}

/** The way to a domain is known. */
export interface Routed {
  /** The event's tag. */
  readonly _tag: "Routed";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The plan. */
  readonly plan: RoutePlan;
}

/** A host is about to be visited. */
export interface Visiting {
  /** The event's tag. */
  readonly _tag: "Visiting";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The mail domain. */
  readonly domain: string;
  /** The host, as the plan names it. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** Its addresses, in the order to dial them. */
  readonly addresses: ReadonlyArray<string>;
  /** What is known of its TLS beforehand. */
  readonly policy: TlsPolicy;
  /** How much is asked of TLS because of it. */
  readonly level: TlsLevel;
}

/** The dialling of an address is over. */
export interface Dialled {
  /** The event's tag. */
  readonly _tag: "Dialled";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The host. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** How it went. */
  readonly attempt: Try;
}

/** Something happened in the conversation with a host. */
export interface Talked {
  /** The event's tag. */
  readonly _tag: "Talked";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The mail domain. */
  readonly domain: string;
  /** The host. */
  readonly host: string;
  /** What. */
  readonly event: SessionEvent;
}

/** A host was visited or passed over. */
export interface Stepped {
  /** The event's tag. */
  readonly _tag: "Stepped";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The step. */
  readonly step: Step;
}

/** Deferred recipients are tried again in a while. */
export interface Waiting {
  /** The event's tag. */
  readonly _tag: "Waiting";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The mail domain. */
  readonly domain: string;
  /** How many rounds were made. */
  readonly round: number;
  /** How many milliseconds the wait takes. */
  readonly delay: number;
  /** The recipients. */
  readonly addresses: ReadonlyArray<string>;
}

/** A recipient has its verdict. It is told once for each, also where the delivery is interrupted. */
export interface Settled {
  /** The event's tag. */
  readonly _tag: "Settled";
  /** When, in milliseconds since the epoch, by effect's Clock. */
  readonly at: number;
  /** The recipient. */
  readonly recipient: RecipientDelivery;
}

/** Any event of a delivery. */
export type DeliveryEvent = LookingUp | Routed | Visiting | Dialled | Talked | Stepped | Waiting | Settled;

/** Sees every event as it happens: it must be quick and must not throw. */
export type Observer = (event: DeliveryEvent) => void;
