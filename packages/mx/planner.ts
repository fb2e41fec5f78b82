/**
 * From answers of the DNS to a route plan: pure functions, in the two steps that asking needs. First the MX answer says
 * which hosts to look up, then their addresses complete the plan.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Destination from "@plausch/mx/destination";
 * import * as Planner from "@plausch/mx/planner";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Result.getOrThrow(Zone.make({
 *   records: { "example.org": { MX: ["20 b.example", "10 a.example"] }, "a.example": { A: "192.0.2.1" } },
 * }));
 * const mx = Effect.runSync(Effect.result(zone.query("example.org", "MX")));
 * const destination = Result.getOrThrow(Destination.fromString("example.org"));
 * assertEquals(Planner.hostsToLookUp({ destination, mx }), ["a.example", "b.example"]);
 * const a = Effect.runSync(Effect.result(zone.query("a.example", "A")));
 * const plan = Planner.plan({ destination, mx, lookups: [{ host: "a.example", family: 4, result: a }] });
 * assertEquals(RoutePlan.usable(plan).map(({ host }) => host), ["a.example"]);
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Name from "@plausch/dns/name";
import type { Mx } from "@plausch/dns/record";
import * as Result from "effect/Result";
import type { Candidate, CandidateWarning, Decision, HostAddress, SkipReason } from "./candidate.ts";
import type { Destination } from "./destination.ts";
import type { RoutePlan, RouteWarning, Tier } from "./route_plan.ts";
import type { TlsPolicy } from "./tls_policy.ts";

/** An answer, or why there is none. */
export type Lookup = Result.Result<Answer.Answer, DnsError>;

/** The look-up of the addresses of one host, of one IP version. */
export interface HostLookup {
  /** The host that was asked for. */
  readonly host: string;
  /** 4 for the A records, 6 for the AAAA records. */
  readonly family: 4 | 6;
  /** What came of it. */
  readonly result: Lookup;
}

/** Bounds on what one domain can make us do. */
export interface Limits {
  /** How many hosts are looked up. 10 by default. The rest is skipped, and may be tried when those are gone. */
  readonly maxHosts?: number | undefined;
  /** How many addresses of a host are kept. 8 by default. */
  readonly maxAddresses?: number | undefined;
}

const defaultMaxHosts = 10;
const defaultMaxAddresses = 8;

/** What is known before the hosts are looked up. */
export interface Question {
  /** Where the mail is to go. */
  readonly destination: Destination;
  /** The answer to the MX question. Not used for an address literal. */
  readonly mx?: Lookup | undefined;
  /** Its MX records in the order in which equal ones are to be tried; by default the order of the answer. */
  readonly order?: ReadonlyArray<Mx> | undefined;
  /** Bounds on hosts and addresses. */
  readonly limits?: Limits | undefined;
}

/** What a plan is made from. */
export interface PlanParts extends Question {
  /** The addresses of the hosts that {@linkcode hostsToLookUp} named, for both IP versions. */
  readonly lookups?: ReadonlyArray<HostLookup> | undefined;
}

/**
 * Whose addresses the plan needs: the hosts of the MX records by preference, up to the limit, without those that cannot
 * be used anyway; the domain itself where it has no MX record; nobody's where the DNS failed, where there is no such
 * domain, for a null MX, and for an address literal.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Destination from "@plausch/mx/destination";
 * import * as Planner from "@plausch/mx/planner";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Result.getOrThrow(Zone.make({
 *   records: { "a.example": { A: "192.0.2.1" }, "b.example": { failure: "ServerFailure" } },
 * }));
 * const hosts = (domain: string) =>
 *   Planner.hostsToLookUp({
 *     destination: Result.getOrThrow(Destination.fromString(domain)),
 *     mx: Effect.runSync(Effect.result(zone.query(domain, "MX"))),
 *   });
 * assertEquals(hosts("a.example"), ["a.example"]);
 * assertEquals(hosts("b.example"), []);
 * ```
 */
export const hostsToLookUp = (question: Question): ReadonlyArray<string> => {
  const { destination, mx } = question;
  if (destination._tag === "AddressLiteral" || mx === undefined || Result.isFailure(mx)) return [];
  switch (mx.success.status) {
    case "NoName":
      return [];
    case "NoData":
      return [destination.ascii];
    case "Records":
      return triage(mx.success, question).flatMap(({ record, skip }) => skip === undefined ? [record.exchange] : []);
  }
};

interface Triaged {
  readonly record: Mx;
  readonly skip: SkipReason | undefined;
}

/** The MX records by preference, each with what its name alone says against it. Equal ones stay in their order. */
const triage = (answer: Answer.Answer, question: Question): ReadonlyArray<Triaged> => {
  const maxHosts = question.limits?.maxHosts ?? defaultMaxHosts;
  const seen = new Set<string>();
  let hosts = 0;
  return (question.order ?? Answer.records(answer, "MX"))
    .toSorted((left, right) => left.preference - right.preference)
    .map((record) => {
      const key = Name.key(record.exchange);
      const skip = record.exchange === "."
        ? "NullMx"
        : Name.looksNumeric(record.exchange)
        ? "AddressAsName"
        : !Name.isHostName(record.exchange)
        ? "NotAHostName"
        : seen.has(key)
        ? "Duplicate"
        : ++hosts > maxHosts
        ? "OverLimit"
        : undefined;
      seen.add(key);
      return { record, skip };
    });
};

/**
 * Makes the plan. The rules: a domain without an MX record is its own mail exchanger; one with MX records never is, not
 * even when all their hosts are dead. A failure of the MX look-up decides nothing. A null MX alone says that the domain
 * takes no mail, whatever its preference; beside others it is ignored with a warning. A host that is an alias is
 * followed with a warning. A host is skipped for good where it cannot have an address, and for now where the DNS failed
 * for both IP versions, or for one while the other has none.
 *
 * @example An address literal needs no answers
 * ```ts
 * import * as Destination from "@plausch/mx/destination";
 * import * as Planner from "@plausch/mx/planner";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = Planner.plan({ destination: Result.getOrThrow(Destination.fromString("[192.0.2.1]")) });
 * assertEquals(RoutePlan.firstUsable(plan)?.addresses.map(({ address }) => address), ["192.0.2.1"]);
 * ```
 */
export const plan = (parts: PlanParts): RoutePlan => {
  const { destination, mx, lookups = [], limits = {} } = parts;
  if (destination._tag === "AddressLiteral") return literalPlan(destination.domain, destination);
  const { domain, ascii } = destination;
  const warnings: ReadonlyArray<RouteWarning> = destination.mixedScript ? ["MixedScript"] : [];
  const base = { domain, ascii, tiers: [], warnings };
  if (mx === undefined || Result.isFailure(mx)) {
    const error = mx?.failure;
    return { ...base, kind: "Undecided", authenticated: false, canonicalName: ascii, answer: undefined, error };
  }
  const answer = mx.success;
  const known = { ...base, authenticated: answer.authenticated, canonicalName: answer.canonicalName, answer };
  switch (answer.status) {
    case "NoName":
      return { ...known, kind: "NoMailHost", error: undefined };
    case "NoData": {
      const candidate = withAddresses({ host: ascii, preference: 0, ttl: Answer.ttl(answer) }, lookups, limits, false);
      const { decision } = candidate;
      if (decision._tag === "Skip" && !decision.temporary) return { ...known, kind: "NoMailHost", error: undefined };
      if (decision._tag === "Skip") return { ...known, kind: "Undecided", error: decision.error };
      return { ...known, kind: "ImplicitMx", tiers: [{ preference: 0, candidates: [candidate] }], error: undefined };
    }
    case "Records": {
      const triaged = triage(answer, parts);
      const nulls = triaged.filter(({ skip }) => skip === "NullMx").length;
      if (nulls === triaged.length) return { ...known, kind: "NullMx", error: undefined };
      return {
        ...known,
        kind: "Mx",
        tiers: tiersOf(triaged.map((one) => candidateOf(one, lookups, limits))),
        warnings: nulls > 0 ? [...warnings, "NullMxMixed"] : warnings,
        error: undefined,
      };
    }
  }
};

const opportunistic: TlsPolicy = { _tag: "Opportunistic" };

const literalPlan = (domain: string, { address, family }: { address: string; family: 4 | 6 }): RoutePlan => ({
  domain,
  ascii: domain,
  kind: "AddressLiteral",
  authenticated: false,
  canonicalName: domain,
  tiers: [{
    preference: 0,
    candidates: [{
      host: domain,
      canonicalName: domain,
      preference: 0,
      ttl: undefined,
      addresses: [{ address, family, ttl: undefined, authenticated: false }],
      decision: { _tag: "Try" },
      policy: opportunistic,
      warnings: [],
    }],
  }],
  warnings: [],
  answer: undefined,
  error: undefined,
});

const tiersOf = (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Tier> => {
  const tiers = new Map<number, Array<Candidate>>();
  for (const candidate of candidates) {
    const tier = tiers.get(candidate.preference);
    if (tier === undefined) tiers.set(candidate.preference, [candidate]);
    else tier.push(candidate);
  }
  return Array.from(tiers, ([preference, candidates]) => ({ preference, candidates }));
};

const candidateOf = (
  { record, skip }: Triaged,
  lookups: ReadonlyArray<HostLookup>,
  limits: Limits,
): Candidate => {
  const base = { host: record.exchange, preference: record.preference, ttl: record.ttl };
  if (skip === undefined) return withAddresses(base, lookups, limits, true);
  // A host beyond the limit was not looked at: it may well take the mail another time.
  const decision: Decision = { _tag: "Skip", reason: skip, temporary: skip === "OverLimit" };
  return { ...base, canonicalName: record.exchange, addresses: [], decision, policy: opportunistic, warnings: [] };
};

const withAddresses = (
  base: { readonly host: string; readonly preference: number; readonly ttl: number | undefined },
  lookups: ReadonlyArray<HostLookup>,
  limits: Limits,
  named: boolean,
): Candidate => {
  const key = Name.key(base.host);
  const mine = lookups.filter(({ host }) => Name.key(host) === key).toSorted((left, right) =>
    right.family - left.family
  );
  const answers = mine.flatMap(({ result }) => Result.isSuccess(result) ? [result.success] : []);
  const failed = mine.flatMap(({ family, result }) =>
    Result.isFailure(result) ? [{ family, error: result.failure }] : []
  );
  const all = new Map(answers.flatMap(addressesOf).map((one) => [one.address, one]));
  const addresses = [...all.values()].slice(0, limits.maxAddresses ?? defaultMaxAddresses);
  const canonicalName = answers[0]?.canonicalName ?? base.host;
  const warnings: Array<CandidateWarning> = [];
  if (named && Name.key(canonicalName) !== key) warnings.push({ _tag: "MxIsCname", target: canonicalName });
  const decision = decide(addresses.length > 0, answers, failed[0]?.error);
  if (decision._tag === "Try") {
    for (const { family, error } of failed) warnings.push({ _tag: "PartlyLookedUp", family, error });
    const count = all.size - addresses.length;
    if (count > 0) warnings.push({ _tag: "AddressesLeftOut", count });
  }
  return { ...base, canonicalName, addresses, decision, policy: opportunistic, warnings };
};

const decide = (
  hasAddress: boolean,
  answers: ReadonlyArray<Answer.Answer>,
  error: DnsError | undefined,
): Decision => {
  if (hasAddress) return { _tag: "Try" };
  // RFC 8020: where one type says that the name does not exist, no other type has records.
  if (answers.some(({ status }) => status === "NoName")) return { _tag: "Skip", reason: "NoName", temporary: false };
  if (error !== undefined || answers.length === 0) {
    return { _tag: "Skip", reason: "LookupFailed", temporary: true, error };
  }
  return { _tag: "Skip", reason: "NoAddress", temporary: false };
};

const addressesOf = (answer: Answer.Answer): ReadonlyArray<HostAddress> => {
  const { authenticated } = answer;
  return [
    ...Answer.records(answer, "AAAA").map(({ address, ttl }) => ({ address, family: 6 as const, ttl, authenticated })),
    ...Answer.records(answer, "A").map(({ address, ttl }) => ({ address, family: 4 as const, ttl, authenticated })),
  ];
};
