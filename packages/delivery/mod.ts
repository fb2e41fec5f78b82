/**
 * Delivery: from a message to a verdict for each recipient, over every mail exchanger that may take it.
 *
 * @example
 * ```ts
 * import { Zone } from "@plausch/dns";
 * import { Carrier, Delivery, Dialer } from "@plausch/delivery";
 * import { Content, Envelope } from "@plausch/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Result from "effect/Result";
 *
 * const nobody = Layer.succeed(Dialer, { dial: ({ address }) => { throw new Error(`dialled ${address}`); } });
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const delivery = Layer.provide(Delivery.layer({ carrier }), Layer.merge(Zone.layer({ records: {} }), nobody));
 * const mail = {
 *   envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@nowhere.example"] })),
 *   content: Result.getOrThrow(Content.make(new Uint8Array())),
 * };
 * const { recipients: [recipient] } = await Effect.runPromise(Effect.provide(Delivery.send(mail), delivery));
 * assertEquals([recipient?.verdict, recipient?.reason], ["rejected", "DomainNotFound"]);
 * ```
 *
 * @module
 */

/** Takes mail to one host. */
export * as Carrier from "./carrier.ts";
/** What became of a message. */
export * as Delivered from "./delivered.ts";
/** Delivers messages. */
export * as Delivery from "./delivery.ts";
export * from "./dialer.ts";
export * from "./event.ts";
/** One socket over several addresses of a host. */
export * as HappyEyeballs from "./happy_eyeballs.ts";
/** A carrier that keeps sessions open. */
export * as Pool from "./pool.ts";
/** Delivery over the real DNS and real sockets. */
export * as Live from "./live.ts";
/** How the TLS of mail went, as a report for its domain. */
export * as TlsRpt from "./tls_rpt.ts";
/** Where a domain wants such reports. */
export * as TlsRptRecord from "./tls_rpt_record.ts";
/** MTA-STS policies over real HTTPS. */
export * as LiveMtaSts from "./live_mta_sts.ts";
/** Which hosts were tried, and what came of it. */
export * as Trail from "./trail.ts";
