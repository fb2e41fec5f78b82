/**
 * MTA-STS policies over real HTTPS (RFC 8461): found with a resolver, fetched with `HttpsClient` of `@plausch/net` from
 * addresses that were looked up and judged. The HTTP client is loaded when the first policy is fetched.
 *
 * @example A domain without a policy
 * ```ts
 * import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
 * import * as Zone from "@plausch/dns/zone";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const zone = Result.getOrThrow(Zone.make({ records: { "example.org": { MX: "10 mx1.example.org" } } }));
 * const mtaSts = await Effect.runPromise(LiveMtaSts.make(zone));
 * // `Mx.resolve(domain, { mtaSts })` asks it.
 * assertEquals((await Effect.runPromise(mtaSts.discover("example.org")))._tag, "None");
 * ```
 *
 * @module
 */
import { Resolver } from "@plausch/dns/resolver";
import * as MtaSts from "@plausch/mx/mta-sts";
import type { MtaStsFetchOptions } from "@plausch/mx/mta-sts-fetch";
import type { Rules } from "@plausch/mx/planner";
import type { HttpsClientOptions } from "@plausch/net/https-client";
import * as Effect from "effect/Effect";

/** How policies are found, fetched and kept. */
export interface LiveMtaStsOptions
  extends
    Omit<MtaSts.MtaStsOptions, "fetch">,
    MtaStsFetchOptions,
    Pick<HttpsClientOptions, "ca" | "port">,
    Pick<Rules, "allowLocal"> {}

/**
 * Makes a finder of policies that asks this resolver. One serves a whole program.
 *
 * @example A policy host at a local address is not called
 * ```ts
 * import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
 * import * as Zone from "@plausch/dns/zone";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const zone = Result.getOrThrow(Zone.make({
 *   records: { "_mta-sts.evil.example": { TXT: "v=STSv1; id=1;" }, "mta-sts.evil.example": { A: "127.0.0.1" } },
 * }));
 * const mtaSts = await Effect.runPromise(LiveMtaSts.make(zone));
 * const finding = await Effect.runPromise(mtaSts.discover("evil.example"));
 * assertEquals([finding._tag, finding.problem?.reason], ["Failed", "FetchFailed"]);
 * ```
 */
export const make = (resolver: Resolver, options: LiveMtaStsOptions = {}): Effect.Effect<MtaSts.MtaSts> => {
  const { allowLocal, ca, port, timeout, ...finding } = options;
  const fetch: MtaSts.FetchPolicy = (domain) =>
    Effect.gen(function* () {
      const [MtaStsFetch, WebHost, HttpsClient] = yield* loaded;
      const addresses = WebHost.addresses(resolver, { allowLocal });
      const fetch = yield* Effect.provide(MtaStsFetch.make({ timeout }), HttpsClient.layer({ addresses, ca, port }));
      return yield* fetch(domain);
    });
  return Effect.provideService(MtaSts.make({ ...finding, fetch }), Resolver, resolver);
};

const loaded = Effect.promise(() =>
  Promise.all([
    import("@plausch/mx/mta-sts-fetch"),
    import("@plausch/mx/web-host"),
    import("@plausch/net/https-client"),
  ])
);
