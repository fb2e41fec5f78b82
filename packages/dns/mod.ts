/**
 * A DNS resolver that keeps what the DNS said: response code, time to live, the AD bit, and who answered.
 *
 * Mail needs the difference between "there is no such name", "it has no MX", and "the server could not say": the first
 * two decide where a message goes, the third means to wait. The resolvers of the runtimes merge them.
 *
 * @example A mail exchanger, and a failure that is not "no MX"
 * ```ts
 * import { Answer, Resolver, Zone } from "@plausch/dns";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: { "example.org": { MX: "10 mx1.example.org" }, "broken.example": { failure: "ServerFailure" } },
 * });
 * const program = Effect.gen(function* () {
 *   const answer = yield* Resolver.query("example.org", "MX");
 *   assertEquals(Answer.records(answer, "MX").map((mx) => mx.exchange), ["mx1.example.org"]);
 *   const error = yield* Effect.flip(Resolver.query("broken.example", "MX"));
 *   assertEquals([error.reason, error.isTemporary], ["ServerFailure", true]);
 * });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 *
 * @module
 */

/** What the DNS answered. */
export * as Answer from "./answer.ts";
/** Answers kept as long as they may be. */
export * as Cache from "./cache.ts";
/** The one error of this package. */
export * as DnsError from "./dns_error.ts";
/** Our resolver as effect's `Dns`. */
export * as EffectDns from "./effect_dns.ts";
/** The real DNS, over sockets. */
export * as Live from "./live.ts";
/** Queries and replies as octets. */
export * as Message from "./message.ts";
/** Domain names in presentation form. */
export * as Name from "./name.ts";
/** Addresses of name servers. */
export * as NameServer from "./name_server.ts";
/** Text from outside, made safe to print. */
export * as Printable from "./printable.ts";
/** Resource records. */
export * as Record from "./record.ts";
/** The system's resolver settings. */
export * as ResolvConf from "./resolv_conf.ts";
/** The resolver service. */
export * as Resolver from "./resolver.ts";
/** The logic of asking servers one after the other. */
export * as StubResolver from "./stub_resolver.ts";
/** DNS messages on a TCP connection. */
export * as TcpFrames from "./tcp_frames.ts";
/** The way to a name server. */
export * as Transport from "./transport.ts";
/** A resolver with fixed records. */
export * as Zone from "./zone.ts";
