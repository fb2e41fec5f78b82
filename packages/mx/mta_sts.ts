/**
 * Finds the MTA-STS policy of a domain (RFC 8461 section 3): asks the DNS for its version, fetches it over HTTPS where it is
 * not known yet, and keeps it.
 *
 * Fetching itself comes in as a function, so that a test or a program can bring its own: `MtaStsFetch` makes one from
 * effect's `HttpClient`.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as MtaSts from "@plausch/mx/mta-sts";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: {
 *     "example.org": { MX: "10 mx1.example.net" },
 *     "mx1.example.net": { A: "192.0.2.1" },
 *     "_mta-sts.example.org": { TXT: "v=STSv1; id=1;" },
 *   },
 * });
 * const fetch = () => Effect.succeed({ mode: "enforce", maxAge: 86400, mx: ["*.example.org"] } as const);
 * const program = Effect.gen(function* () {
 *   const mtaSts = yield* MtaSts.make({ fetch });
 *   const plan = yield* Mx.resolve("example.org", { mtaSts });
 *   assertEquals(RoutePlan.failure(plan)?.reason, "MtaStsMxMismatch");
 * });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Record from "@plausch/dns/record";
import { Resolver } from "@plausch/dns/resolver";
import * as Cache from "effect/Cache";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Result from "effect/Result";
import type { KeptPolicy, MtaStsCache } from "./mta_sts_cache.ts";
import * as MtaStsCaches from "./mta_sts_cache.ts";
import { MtaStsError } from "./mta_sts_error.ts";
import type { MtaStsFinding } from "./mta_sts_finding.ts";
import type * as MtaStsPolicy from "./mta_sts_policy.ts";
import * as MtaStsRecord from "./mta_sts_record.ts";

/** Finds policies. */
export interface MtaSts {
  /**
   * Finds the policy of a domain, an A-label in lower case. Never fails: what went wrong is in the finding. The policy of a
   * domain does not hold for the domains below it (RFC 8461 section 3.4).
   */
  readonly discover: (domain: string) => Effect.Effect<MtaStsFinding>;
}

/** Fetches the policy of a domain, an A-label in lower case. */
export type FetchPolicy = (domain: string) => Effect.Effect<MtaStsPolicy.MtaStsPolicy, MtaStsError>;

/** How to find policies. */
export interface MtaStsOptions {
  /** Fetches a policy: see `MtaStsFetch.make`. */
  readonly fetch: FetchPolicy;
  /** Where policies are kept. By default in memory, of 10,000 domains. */
  readonly cache?: MtaStsCache | undefined;
  /** After how long a policy is fetched anew though its version is the same. A day by default. */
  readonly refreshAfter?: Duration.Input | undefined;
  /** How long not to try again after a version could not be fetched. 5 minutes by default. */
  readonly retryAfter?: Duration.Input | undefined;
}

// RFC 8461 section 3.3 suggests each of these.
const defaultRefresh: Duration.Input = "1 day";
const defaultRetry: Duration.Input = "5 minutes";

/** How many versions that could not be fetched are remembered. */
const maxFailures = 10_000;

/**
 * Makes a finder of policies. One serves a whole program: it remembers policies, also those that failed, and however many
 * messages ask for one at a time, it is fetched once.
 *
 * The rules (RFC 8461 section 3): a policy that is known and not too old is used while the record names its version. Another
 * version is fetched. Whatever fails, the policy that is known stays in force until its `max_age` is over, also when the
 * record is gone; without one, the domain counts as one that has no policy.
 *
 * @example Known from before
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as MtaSts from "@plausch/mx/mta-sts";
 * import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const cache = MtaStsCache.inMemory();
 *   const policy = { mode: "enforce", maxAge: 86400, mx: ["mx1.example.org"] } as const;
 *   yield* cache.set("example.org", { policy, id: "1", fetchedAt: Date.now() });
 *   const mtaSts = yield* MtaSts.make({ cache, fetch: () => Effect.die("nobody fetches what is known") });
 *   const finding = yield* mtaSts.discover("example.org");
 *   assertEquals(finding._tag === "Found" && finding.source, "cached");
 * });
 * await Effect.runPromise(Effect.provide(program, Zone.layer({ records: {} })));
 * ```
 */
export const make: (options: MtaStsOptions) => Effect.Effect<MtaSts, never, Resolver> = Effect.fn("MtaSts.make")(
  function* (options) {
    const resolver = yield* Resolver;
    const cache = options.cache ?? MtaStsCaches.inMemory();
    const refreshAfter = Duration.toMillis(Duration.fromInputUnsafe(options.refreshAfter ?? defaultRefresh));
    // One fetch for all who wait for a version, and none for a while after one that failed.
    const fetches = yield* Cache.makeWith(
      (key: string) => {
        const [id = "", domain = ""] = key.split(" ");
        return options.fetch(domain).pipe(
          Effect.flatMap((policy) =>
            Effect.map(Clock.currentTimeMillis, (fetchedAt): KeptPolicy => ({ policy, id, fetchedAt }))
          ),
          Effect.tap((kept) => cache.set(domain, kept)),
        );
      },
      {
        capacity: maxFailures,
        timeToLive: (exit) => Exit.isSuccess(exit) ? Duration.zero : options.retryAfter ?? defaultRetry,
      },
    );
    return {
      discover: Effect.fn("MtaSts.discover")(function* (domain: string) {
        const answer = yield* Effect.result(resolver.query(MtaStsRecord.ownerName(domain), "TXT"));
        const ttl = Result.isSuccess(answer) ? Answer.ttl(answer.success) ?? 0 : 0;
        const record = recordOf(domain, answer);
        const found = yield* cache.get(domain);
        const now = yield* Clock.currentTimeMillis;
        const kept = found !== undefined && isGood(found, now) ? found : undefined;
        const known = (problem: MtaStsError | undefined): MtaStsFinding | undefined =>
          kept === undefined ? undefined : { _tag: "Found", ...kept, source: "cached", problem, ttl };
        if (Result.isFailure(record) || record.success === undefined) {
          const problem = Result.isFailure(record) ? record.failure : undefined;
          return known(problem) ?? { _tag: "None", problem, ttl };
        }
        const { id } = record.success;
        if (kept !== undefined && kept.id === id && now - kept.fetchedAt < refreshAfter) return known(undefined)!;
        const fetched = yield* Effect.result(Cache.get(fetches, `${id} ${domain}`));
        return Result.match(fetched, {
          onFailure: (problem): MtaStsFinding => known(problem) ?? { _tag: "Failed", problem, ttl },
          onSuccess: (fresh): MtaStsFinding => ({
            _tag: "Found",
            ...fresh,
            source: "fetched",
            problem: undefined,
            ttl,
          }),
        });
      }),
    };
  },
);

const isGood = ({ policy, fetchedAt }: KeptPolicy, now: number): boolean =>
  // A time in the future comes from a clock that was set back: nobody knows how old that policy is.
  fetchedAt <= now && now < fetchedAt + policy.maxAge * 1000;

const recordOf = (
  domain: string,
  answer: Result.Result<Answer.Answer, DnsError>,
): Result.Result<MtaStsRecord.MtaStsRecord | undefined, MtaStsError> =>
  Result.match(answer, {
    onFailure: (cause) =>
      Result.fail(new MtaStsError({ reason: "RecordLookupFailed", domain, detail: cause.message, cause })),
    onSuccess: (found) => MtaStsRecord.select(domain, Answer.records(found, "TXT").map(Record.text)),
  });
