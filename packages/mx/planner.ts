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
import * as AddressGuard from "./address_guard.ts";
import { lookedUp, skipped, withAddresses, withoutAliasesOfSelf } from "./_candidates.ts";
import type { Candidate, SkipReason } from "./candidate.ts";
import type { AddressLiteral, Destination } from "./destination.ts";
import type { RoutePlan, RouteWarning, Tier } from "./route_plan.ts";

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

/** What one domain can make us do. */
export interface Rules {
  /** How many hosts are looked up. 10 by default. The rest is skipped, and may be tried when those are gone. */
  readonly maxHosts?: number | undefined;
  /** How many addresses of a host are kept. 8 by default. Of both IP versions some are. */
  readonly maxAddresses?: number | undefined;
  /** The IP version to dial, and no other: a host without such an address is skipped for now. By default both. */
  readonly family?: 4 | 6 | undefined;
  /**
   * Whether mail may be sent to this machine and to local networks, by whatever the DNS says: for tests, and for a DNS
   * that is all yours. False by default: such addresses are refused. See `AddressGuard`.
   */
  readonly allowLocal?: boolean | undefined;
  /**
   * The names of our own mail exchangers, for who relays: such a host, and all that are no better, are not tried, since
   * mail would go round in a circle (RFC 5321 section 5.1). None by default.
   */
  readonly selfNames?: ReadonlyArray<string> | undefined;
}

const defaultMaxHosts = 10;

/** What is known before the hosts are looked up. */
export interface Question {
  /** Where the mail is to go. */
  readonly destination: Destination;
  /** The answer to the MX question. Not used for an address literal. */
  readonly mx?: Lookup | undefined;
  /** Its MX records in the order in which equal ones are to be tried; by default the order of the answer. */
  readonly order?: ReadonlyArray<Mx> | undefined;
  /** What is allowed, and how much of it. */
  readonly rules?: Rules | undefined;
}

/** What a plan is made from. */
export interface PlanParts extends Question {
  /** The addresses of the hosts that {@linkcode hostsToLookUp} named, for both IP versions. */
  readonly lookups?: ReadonlyArray<HostLookup> | undefined;
}

/**
 * The domain whose MX records the plan needs. `undefined` for an address literal, and for `localhost` (RFC 6761) unless
 * local addresses are allowed: nobody is asked about those.
 *
 * @example
 * ```ts
 * import * as Destination from "@plausch/mx/destination";
 * import * as Planner from "@plausch/mx/planner";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const asked = (domain: string, allowLocal?: boolean) =>
 *   Planner.domainToLookUp({ destination: Result.getOrThrow(Destination.fromString(domain)), rules: { allowLocal } });
 * assertEquals(asked("Example.org"), "example.org");
 * assertEquals([asked("[192.0.2.1]"), asked("localhost")], [undefined, undefined]);
 * assertEquals(asked("localhost", true), "localhost");
 * ```
 */
export const domainToLookUp = ({ destination, rules }: Question): string | undefined =>
  destination._tag === "AddressLiteral" || isLocal(destination.ascii, rules) ? undefined : destination.ascii;

const isLocal = (name: string, rules: Rules = {}): boolean =>
  rules.allowLocal !== true && AddressGuard.isLocalName(name);

const isSelf = (name: string, rules: Rules = {}): boolean =>
  rules.selfNames?.some((self) => Name.equals(self, name)) === true;

/**
 * Whose addresses the plan needs: the hosts of the MX records by preference, up to the limit, without those that cannot
 * be used anyway; the domain itself where it has no MX record; nobody's where the DNS failed or was not asked, where there
 * is no such domain, and for a null MX.
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
  const { destination, mx, rules } = question;
  if (destination._tag === "AddressLiteral" || mx === undefined || Result.isFailure(mx)) return [];
  switch (mx.success.status) {
    case "NoName":
      return [];
    case "NoData":
      return isSelf(destination.ascii, rules) ? [] : [destination.ascii];
    case "Records":
      return triage(mx.success, question).flatMap(({ record, skip }) => skip === undefined ? [record.exchange] : []);
  }
};

interface Triaged {
  readonly record: Mx;
  readonly skip: SkipReason | undefined;
}

/** The MX records by preference, each with what its name alone says against it. Equal ones stay in their order. */
const triage = (answer: Answer.Answer, { order, rules = {} }: Question): ReadonlyArray<Triaged> => {
  const records = (order ?? Answer.records(answer, "MX")).toSorted((left, right) => left.preference - right.preference);
  const self = records.find(({ exchange }) => isSelf(exchange, rules))?.preference ?? Infinity;
  const maxHosts = rules.maxHosts ?? defaultMaxHosts;
  const seen = new Set<string>();
  let hosts = 0;
  const against = ({ exchange, preference }: Mx): SkipReason | undefined => {
    if (exchange === ".") return "NullMx";
    if (isSelf(exchange, rules)) return "Self";
    if (preference >= self) return "BehindSelf";
    if (Name.looksNumeric(exchange)) return "AddressAsName";
    if (!Name.isHostName(exchange)) return "NotAHostName";
    if (seen.has(Name.key(exchange))) return "Duplicate";
    if (isLocal(exchange, rules)) return "LocalName";
    return ++hosts > maxHosts ? "OverLimit" : undefined;
  };
  return records.map((record) => {
    const skip = against(record);
    seen.add(Name.key(record.exchange));
    return { record, skip };
  });
};

/**
 * Makes the plan. The rules: a domain without an MX record is its own mail exchanger; one with MX records never is, not
 * even when all their hosts are dead. A failure of the MX look-up decides nothing. A null MX alone says that the domain
 * takes no mail, whatever its preference; beside others it is ignored with a warning. A host that is an alias is
 * followed with a warning. A host is skipped for good where it cannot have an address, and for now where the DNS failed
 * for both IP versions, or for one while the other has none, or where mail may not be sent to any of its addresses.
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
  const { destination, mx, lookups = [], rules = {} } = parts;
  if (destination._tag === "AddressLiteral") return literalPlan(destination, rules);
  const { domain, ascii } = destination;
  const warnings: ReadonlyArray<RouteWarning> = destination.mixedScript ? ["MixedScript"] : [];
  const unasked = {
    domain,
    ascii,
    authenticated: false,
    canonicalName: ascii,
    warnings,
    mtaSts: undefined,
    ttl: undefined,
    answer: undefined,
    error: undefined,
  };
  const itself = { host: ascii, preference: 0, ttl: undefined };
  if (isLocal(ascii, rules)) {
    return { ...unasked, kind: "ImplicitMx", tiers: tiersOf([skipped(itself, "LocalName")]) };
  }
  if (mx === undefined || Result.isFailure(mx)) {
    return { ...unasked, kind: "Undecided", tiers: [], ttl: 0, error: mx?.failure };
  }
  const answer = mx.success;
  const { authenticated, canonicalName } = answer;
  const asked = { ...unasked, authenticated, canonicalName, answer, tiers: [], ttl: ttlOf([mx, ...lookups]) };
  switch (answer.status) {
    case "NoName":
      return { ...asked, kind: "NoMailHost" };
    case "NoData": {
      const only = { ...itself, ttl: Answer.ttl(answer) };
      const candidate = isSelf(ascii, rules) ? skipped(only, "Self") : lookedUp(only, lookups, rules, false);
      const { decision } = candidate;
      if (decision._tag === "Skip") {
        // A domain without a host is not its own mail exchanger; one whose host is not for us is.
        if (decision.reason === "NoName" || decision.reason === "NoAddress") return { ...asked, kind: "NoMailHost" };
        if (decision.reason === "LookupFailed") return { ...asked, kind: "Undecided", error: decision.error };
      }
      return { ...asked, kind: "ImplicitMx", tiers: tiersOf([candidate]) };
    }
    case "Records": {
      const triaged = triage(answer, parts);
      const nulls = triaged.filter(({ skip }) => skip === "NullMx").length;
      if (nulls === triaged.length) return { ...asked, kind: "NullMx" };
      const candidates = triaged.map(({ record, skip }) => {
        const named = { host: record.exchange, preference: record.preference, ttl: record.ttl };
        return skip === undefined ? lookedUp(named, lookups, rules, true) : skipped(named, skip);
      });
      return {
        ...asked,
        kind: "Mx",
        tiers: tiersOf(withoutAliasesOfSelf(candidates, (name) => isSelf(name, rules))),
        warnings: nulls > 0 ? [...warnings, "NullMxMixed"] : warnings,
      };
    }
  }
};

/** For how long all of these answers may be kept; not at all where one is missing, or is a "no" without a time. */
const ttlOf = (lookups: ReadonlyArray<Lookup | HostLookup>): number =>
  Math.min(...lookups.map((lookup) => {
    const result = "result" in lookup ? lookup.result : lookup;
    return Result.isSuccess(result) ? Answer.ttl(result.success) ?? 0 : 0;
  }));

const literalPlan = ({ domain, address, family }: AddressLiteral, rules: Rules): RoutePlan => {
  const only = { address, family, ttl: undefined, authenticated: false };
  const named = { host: domain, canonicalName: domain, preference: 0, ttl: undefined };
  return {
    domain,
    ascii: domain,
    kind: "AddressLiteral",
    authenticated: false,
    canonicalName: domain,
    tiers: tiersOf([withAddresses(named, [only], rules)]),
    warnings: [],
    mtaSts: undefined,
    ttl: undefined,
    answer: undefined,
    error: undefined,
  };
};

const tiersOf = (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Tier> => {
  const tiers = new Map<number, Array<Candidate>>();
  for (const candidate of candidates) {
    const tier = tiers.get(candidate.preference);
    if (tier === undefined) tiers.set(candidate.preference, [candidate]);
    else tier.push(candidate);
  }
  return Array.from(tiers, ([preference, candidates]) => ({ preference, candidates }));
};
