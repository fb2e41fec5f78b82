/**
 * The addresses of a host that is asked over HTTPS, such as the policy host of MTA-STS: looked up and judged like those of a
 * mail exchanger, because its name comes from a stranger's domain as well.
 *
 * @example A client over HTTPS that dials nothing else
 * ```ts
 * import { Resolver } from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as WebHost from "@plausch/mx/web-host";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: { "mta-sts.example.org": { A: ["192.0.2.1", "10.0.0.1"] }, "mta-sts.evil.example": { A: "127.0.0.1" } },
 * });
 * const program = Effect.gen(function* () {
 *   // `HttpsClient.layer({ addresses })` of @plausch/net takes this function.
 *   const addresses = WebHost.addresses(yield* Resolver);
 *   assertEquals(yield* addresses("mta-sts.example.org"), ["192.0.2.1"]);
 *   const error = yield* Effect.flip(addresses("mta-sts.evil.example"));
 *   assertEquals(error.reason, "AddressRefused");
 * });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 *
 * @module
 */
import { quote } from "@plausch/dns/printable";
import type { Resolver } from "@plausch/dns/resolver";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import { lookedUp, skipped } from "./_candidates.ts";
import * as AddressGuard from "./address_guard.ts";
import * as Candidate from "./candidate.ts";
import type { Rules } from "./planner.ts";

/**
 * A host that cannot be dialled.
 *
 * @example
 * ```ts
 * import { WebHostError } from "@plausch/mx/web-host";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new WebHostError({ host: "mta-sts.example.org", reason: "NoName", detail: "the name does not exist" });
 * assertEquals(error.message, 'Cannot dial "mta-sts.example.org": the name does not exist');
 * ```
 */
export class WebHostError extends Data.Error<{
  /** The host. */
  readonly host: string;
  /** Why not, in the words for mail exchangers. */
  readonly reason: Candidate.SkipReason;
  /** The same as a part of a sentence, safe to print. */
  readonly detail: string;
  /** What the DNS said, where it failed. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "WebHostError" as const;

  /** The error's class name. */
  override get name(): string {
    return "WebHostError";
  }

  /** One sentence for people. Safe to print. */
  override get message(): string {
    return `Cannot dial ${quote(this.host)}: ${this.detail}`;
  }
}

/**
 * Makes a function that looks up the addresses of a host, IPv6 first, at least one, without those that are local
 * (`AddressGuard`). Of the rules, `allowLocal` and `maxAddresses` count. Fails with a `WebHostError`.
 *
 * @example For tests on this machine
 * ```ts
 * import { Resolver } from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as WebHost from "@plausch/mx/web-host";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "mta-sts.d.test": { A: "127.0.0.1", AAAA: "::1" } } });
 * const addresses = Resolver.use((resolver) => WebHost.addresses(resolver, { allowLocal: true })("mta-sts.d.test"));
 * assertEquals(await Effect.runPromise(Effect.provide(addresses, zone)), ["::1", "127.0.0.1"]);
 * ```
 */
export const addresses = (
  resolver: Resolver,
  rules: Pick<Rules, "allowLocal" | "maxAddresses"> = {},
): (host: string) => Effect.Effect<ReadonlyArray<string>, WebHostError> =>
  Effect.fn("WebHost.addresses")(function* (host) {
    const candidate = yield* lookUp(resolver, host, rules);
    const { decision } = candidate;
    if (decision._tag === "Try") return candidate.addresses.map(({ address }) => address);
    const detail = Candidate.explainSkip(candidate);
    return yield* new WebHostError({ host, reason: decision.reason, detail, cause: decision.error });
  });

const lookUp = (
  resolver: Resolver,
  host: string,
  rules: Pick<Rules, "allowLocal" | "maxAddresses">,
): Effect.Effect<Candidate.Candidate> => {
  const named = { host, preference: 0, ttl: undefined };
  if (AddressGuard.isLocalName(host) && rules.allowLocal !== true) return Effect.succeed(skipped(named, "LocalName"));
  const look = ([family, type]: readonly [6, "AAAA"] | readonly [4, "A"]) =>
    Effect.map(Effect.result(resolver.query(host, type)), (result) => ({ host, family, result }));
  return Effect.map(
    Effect.forEach([[6, "AAAA"], [4, "A"]] as const, look, { concurrency: "unbounded" }),
    (lookups) => lookedUp(named, lookups, rules, false),
  );
};
