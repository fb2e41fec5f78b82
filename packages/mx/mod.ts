/**
 * Which hosts take the mail of a domain: MX resolution after RFC 5321 section 5.1 and RFC 7505, as a plan that says for
 * each host why it is tried or skipped. A failure of the DNS is never taken for "no MX".
 *
 * @example
 * ```ts
 * import { Zone } from "@plausch/dns";
 * import { Mx, RoutePlan } from "@plausch/mx";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: {
 *     "example.org": { MX: ["10 mx1.example.org", "20 192.0.2.2"] },
 *     "mx1.example.org": { A: "192.0.2.1", AAAA: "2001:db8::1" },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.explain(plan), [
 *   "example.org has 2 mail exchangers",
 *   "10 mx1.example.org: try 2001:db8::1, 192.0.2.1",
 *   "20 192.0.2.2: skip, an MX record must name a host, and this reads as an IP address",
 * ]);
 * ```
 *
 * @module
 */

/** Which addresses mail is not sent to. */
export * as AddressGuard from "./address_guard.ts";
/** One host that may take the mail. */
export * as Candidate from "./candidate.ts";
/** DANE: what the TLSA records of a host ask of its TLS. */
export * as Dane from "./dane.ts";
/** Where mail is to go: a domain or an address literal. */
export * as Destination from "./destination.ts";
/** Asks the DNS and makes the plan. */
export * as Mx from "./mx.ts";
/** Finds the MTA-STS policy of a domain. */
export * as MtaSts from "./mta_sts.ts";
/** Where MTA-STS policies are kept. */
export * as MtaStsCache from "./mta_sts_cache.ts";
/** Why an MTA-STS policy could not be found or used. */
export * as MtaStsError from "./mta_sts_error.ts";
/** Fetches MTA-STS policies over HTTPS. */
export * as MtaStsFetch from "./mta_sts_fetch.ts";
/** What was found out about the MTA-STS policy of a domain. */
export * as MtaStsFinding from "./mta_sts_finding.ts";
/** The MTA-STS policy of a domain. */
export * as MtaStsPolicy from "./mta_sts_policy.ts";
/** The record that says that there is an MTA-STS policy. */
export * as MtaStsRecord from "./mta_sts_record.ts";
/** A text that is no mail domain. */
export * as MxError from "./mx_error.ts";
/** From answers to a plan, without asking anyone. */
export * as Planner from "./planner.ts";
/** Which hosts take the mail of a domain. */
export * as RoutePlan from "./route_plan.ts";
/** What is known beforehand about the TLS of a host. */
export * as TlsPolicy from "./tls_policy.ts";
/** The addresses of a host that is asked over HTTPS. */
export * as WebHost from "./web_host.ts";
