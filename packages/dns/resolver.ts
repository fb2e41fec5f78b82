/**
 * The resolver service: one question, one answer. Provide it with `Live.layer` for the real DNS or `Zone.layer` for
 * fixed records.
 *
 * @example
 * ```ts
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { MX: ["10 mx1.example.org", "20 mx2.example.org"] } } });
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("example.org", "MX"), zone));
 * assertEquals(answer.records.length, 2);
 * ```
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Answer } from "./answer.ts";
import type { DnsError } from "./dns_error.ts";
import type { RecordType } from "./record.ts";

/** Asks the DNS. */
export interface Resolver {
  /**
   * Asks for the records of a type at a name. The name may have characters outside ASCII and a dot at the end; no
   * search list is applied. NXDOMAIN and NODATA succeed; everything that leaves the question open is a `DnsError`.
   */
  readonly query: (name: string, type: RecordType) => Effect.Effect<Answer, DnsError>;
}

/** The key of the service. */
export const Resolver: Context.Service<Resolver, Resolver> = Context.Service<Resolver>("@plausch/dns/Resolver");

/**
 * Asks the {@linkcode Resolver} of the context.
 *
 * @example
 * ```ts
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: "192.0.2.1" } } });
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("a.example", "A"), zone));
 * assertEquals(answer.status, "Records");
 * ```
 */
export const query = (name: string, type: RecordType): Effect.Effect<Answer, DnsError, Resolver> =>
  Resolver.use((resolver) => resolver.query(name, type));
