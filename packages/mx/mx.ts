/**
 * Asks the DNS where the mail of a domain goes, and makes the route plan.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: { "example.org": { MX: "10 mx1.example.org" }, "mx1.example.org": { A: "192.0.2.1" } },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(plan.kind, "Mx");
 * assertEquals(RoutePlan.firstUsable(plan)?.addresses[0]?.address, "192.0.2.1");
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import * as Name from "@plausch/dns/name";
import type { Mx } from "@plausch/dns/record";
import { Resolver } from "@plausch/dns/resolver";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import type { Candidate } from "./candidate.ts";
import * as Dane from "./dane.ts";
import * as Destination from "./destination.ts";
import type { MtaSts } from "./mta_sts.ts";
import * as MtaStsFinding from "./mta_sts_finding.ts";
import type { MxError } from "./mx_error.ts";
import * as Planner from "./planner.ts";
import * as RoutePlan from "./route_plan.ts";

/** How to ask. */
export interface ResolveOptions extends Planner.Rules {
  /** How many questions about hosts are open at a time. 8 by default. */
  readonly concurrency?: number | undefined;
  /** Whether to ask for TLSA records, where DNSSEC proves the hosts and their addresses (RFC 7672). True by default. */
  readonly dane?: boolean | undefined;
  /** Finds the MTA-STS policy of the domain (RFC 8461), see `MtaSts.make`. By default nobody looks for it. */
  readonly mtaSts?: MtaSts | undefined;
  /** The port that will be dialled: TLSA records stand for one port. 25 by default. */
  readonly port?: number | undefined;
}

const defaultConcurrency = 8;
const defaultPort = 25;

/** Records in an order of their own: name servers turn theirs from answer to answer, and a seed must not feel that. */
const byName = (records: ReadonlyArray<Mx>): ReadonlyArray<Mx> => {
  const key = ({ exchange, preference }: Mx): string => `${Name.key(exchange)} ${preference}`;
  return records.toSorted((left, right) => key(left) < key(right) ? -1 : 1);
};

/**
 * Makes the route plan of a mail domain: one question for its MX records, then two for each host, A and AAAA, and where
 * DNSSEC proves those answers, one for its TLSA records. With `mtaSts`, the policy of the domain then decides on the hosts
 * that DANE does not prove. Whatever the DNS answers or fails to answer is in the plan; the
 * effect fails only for a text that is no mail domain. Hosts of equal preference come in an order that effect's `Random`
 * decides: `Random.withSeed` makes it the same each time, in whatever order the name server has them.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "broken.example": { failure: "ServerFailure" } } });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("broken.example"), zone));
 * assertEquals(plan.kind, "Undecided");
 * const error = await Effect.runPromise(Effect.provide(Effect.flip(Mx.resolve("192.0.2.1")), zone));
 * assertEquals(error.reason, "BareAddress");
 * ```
 */
export const resolve: (
  domain: string,
  options?: ResolveOptions,
) => Effect.Effect<RoutePlan.RoutePlan, MxError, Resolver> = Effect
  .fn("Mx.resolve")(function* (domain, options = {}) {
    const { concurrency = defaultConcurrency, dane = true, port = defaultPort } = options;
    const destination = yield* Effect.fromResult(Destination.fromString(domain));
    const rules = options;
    const name = Planner.domainToLookUp({ destination, rules });
    if (name === undefined) return Planner.plan({ destination, rules });
    const resolver = yield* Resolver;
    const mx = yield* Effect.result(resolver.query(name, "MX"));
    // All records are shuffled. The planner's sort by preference is stable, so that equal ones keep this order.
    const order = Result.isSuccess(mx) ? yield* Random.shuffle(byName(Answer.records(mx.success, "MX"))) : [];
    const question = { destination, mx, order, rules };
    const lookups = yield* Effect.forEach(
      Planner.hostsToLookUp(question).flatMap((host) => [
        { host, family: 6, type: "AAAA" } as const,
        { host, family: 4, type: "A" } as const,
      ]),
      ({ host, family, type }) =>
        Effect.map(Effect.result(resolver.query(host, type)), (result) => ({ host, family, result })),
      { concurrency },
    );
    const plan = Planner.plan({ ...question, lookups });
    return yield* withMtaSts(dane ? yield* withDane(plan, resolver, port, concurrency) : plan, options.mtaSts);
  });

const keptFor = (plan: RoutePlan.RoutePlan, ...others: ReadonlyArray<number>): number | undefined =>
  plan.ttl === undefined ? undefined : Math.min(plan.ttl, ...others);

const withDane = (plan: RoutePlan.RoutePlan, resolver: Resolver, port: number, concurrency: number) => {
  const candidates = RoutePlan.candidates(plan);
  const lookUp = (candidate: Candidate) => Dane.lookUp(resolver, plan, candidate, port);
  return Effect.map(Effect.forEach(candidates, lookUp, { concurrency }), (findings) => {
    const ttl = keptFor(plan, ...findings.map((finding) => finding.ttl));
    return RoutePlan.withCandidates({ ...plan, ttl }, candidates.map((one, at) => Dane.apply(one, findings[at]!)));
  });
};

const withMtaSts = (plan: RoutePlan.RoutePlan, mtaSts: MtaSts | undefined) => {
  const isOpen = RoutePlan.usable(plan).some(MtaStsFinding.mayHold);
  if (mtaSts === undefined || !isOpen) return Effect.succeed(plan);
  return Effect.map(mtaSts.discover(plan.ascii), (finding) => {
    const candidates = RoutePlan.candidates(plan).map((candidate) => MtaStsFinding.apply(candidate, finding));
    return RoutePlan.withCandidates({ ...plan, mtaSts: finding, ttl: keptFor(plan, finding.ttl) }, candidates);
  });
};
