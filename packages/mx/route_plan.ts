/**
 * The route plan: which hosts take the mail of a domain, in which order, and for what reason (RFC 5321 section 5.1). It
 * is a value, made once from what the DNS said: whoever delivers dials the addresses in it and asks no one again.
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
 *   records: {
 *     "example.org": { MX: ["5 gone.example.org", "10 mx1.example.org"] },
 *     "mx1.example.org": { A: "192.0.2.1" },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.firstUsable(plan)?.host, "mx1.example.org");
 * assertEquals(RoutePlan.explain(plan), [
 *   "example.org has 2 mail exchangers",
 *   "5 gone.example.org: skip, the name does not exist",
 *   "10 mx1.example.org: try 192.0.2.1",
 * ]);
 * ```
 *
 * @module
 */
import type { Answer } from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Name from "@plausch/dns/name";
import * as Candidate from "./candidate.ts";
import * as MtaStsFinding from "./mta_sts_finding.ts";

/**
 * How the plan came about.
 *
 * - `Mx`: from MX records.
 * - `ImplicitMx`: the domain has no MX record, and is its own mail exchanger.
 * - `NullMx`: the domain says that it takes no mail (RFC 7505).
 * - `AddressLiteral`: an IP address was given; no one was asked.
 * - `NoMailHost`: the domain does not exist, or has neither an MX record nor an address.
 * - `Undecided`: the DNS could not say. That is never taken for "no MX".
 */
export type RouteKind = "Mx" | "ImplicitMx" | "NullMx" | "AddressLiteral" | "NoMailHost" | "Undecided";

/** Hosts of one preference, in the order to try them: shuffled, so that they share the load. */
export interface Tier {
  /** The preference; lower tiers come first. */
  readonly preference: number;
  /** The hosts, tried or skipped. */
  readonly candidates: ReadonlyArray<Candidate.Candidate>;
}

/** Something odd about the domain that does not stop its mail. */
export type RouteWarning =
  /** A null MX stands beside other MX records (RFC 7505 section 3). It is ignored. */
  | "NullMxMixed"
  /** A label of the domain mixes scripts, as look-alike domains do. */
  | "MixedScript";

/** Which hosts take the mail of a domain. */
export interface RoutePlan {
  /** The domain as it was asked for. */
  readonly domain: string;
  /** The domain as it was looked up: an A-label in lower case; for an address literal the literal. */
  readonly ascii: string;
  /** How the plan came about. */
  readonly kind: RouteKind;
  /** Whether the name server says that DNSSEC proved the MX answer, "there is none" included. */
  readonly authenticated: boolean;
  /** The name where the MX records were found: another one than `ascii` where that is an alias. */
  readonly canonicalName: string;
  /** The hosts by preference. */
  readonly tiers: ReadonlyArray<Tier>;
  /** What is odd about the domain. */
  readonly warnings: ReadonlyArray<RouteWarning>;
  /** What is known of its MTA-STS policy; `undefined` where nobody asked, since DANE proves every host. */
  readonly mtaSts: MtaStsFinding.MtaStsFinding | undefined;
  /**
   * For how many seconds the whole plan may be kept: as long as each answer in it. 0 where an answer is missing;
   * `undefined` where nobody was asked.
   */
  readonly ttl: number | undefined;
  /** The answer to the MX question, where there is one. */
  readonly answer: Answer | undefined;
  /** Why nothing is decided, for `Undecided`. */
  readonly error: DnsError | undefined;
}

/**
 * All candidates in the order of the tiers, the skipped ones too.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { MX: ["20 b.example", "10 a.example"] } } });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.candidates(plan).map(({ host }) => host), ["a.example", "b.example"]);
 * ```
 */
export const candidates = (plan: RoutePlan): ReadonlyArray<Candidate.Candidate> =>
  plan.tiers.flatMap((tier) => tier.candidates);

/**
 * The plan with other candidates: one for each of {@linkcode candidates}, in that order.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { MX: ["20 b.example", "10 a.example"] } } });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * const upper = RoutePlan.candidates(plan).map((one) => ({ ...one, host: one.host.toUpperCase() }));
 * assertEquals(RoutePlan.withCandidates(plan, upper).tiers[1]?.candidates[0]?.host, "B.EXAMPLE");
 * ```
 */
export const withCandidates = (plan: RoutePlan, candidates: ReadonlyArray<Candidate.Candidate>): RoutePlan => {
  let at = 0;
  const tiers = plan.tiers.map((tier) => ({
    ...tier,
    candidates: candidates.slice(at, at += tier.candidates.length),
  }));
  return { ...plan, tiers };
};

/**
 * The candidates to try, in order.
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
 *   records: { "example.org": { MX: ["10 a.example", "20 b.example"] }, "b.example": { AAAA: "2001:db8::1" } },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.usable(plan).map(({ host }) => host), ["b.example"]);
 * ```
 */
export const usable = (plan: RoutePlan): ReadonlyArray<Candidate.Candidate> =>
  candidates(plan).filter(({ decision }) => decision._tag === "Try");

/**
 * The candidate to try first, if there is any.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { A: "192.0.2.1" }, "null.example": { MX: "0 ." } } });
 * const resolve = (domain: string) => Effect.runPromise(Effect.provide(Mx.resolve(domain), zone));
 * assertEquals(RoutePlan.firstUsable(await resolve("example.org"))?.addresses[0]?.address, "192.0.2.1");
 * assertEquals(RoutePlan.firstUsable(await resolve("null.example")), undefined);
 * ```
 */
export const firstUsable = (plan: RoutePlan): Candidate.Candidate | undefined => usable(plan)[0];

/** Why no host can be tried, in the words of SMTP: what a reply would say that refuses or defers the mail. */
export interface RouteFailure {
  /** The reason as a word to switch on. */
  readonly reason:
    | "AddressRefused"
    | "DnsTemporary"
    | "DnsTimeout"
    | "DomainNotFound"
    | "MailLoop"
    | "MtaStsMxMismatch"
    | "NoMailHost"
    | "NoUsableHost"
    | "NullMx"
    | "OtherFamily";
  /** Whether it may be another way later: mail waits; otherwise it bounces. */
  readonly isTemporary: boolean;
  /** The reply code. */
  readonly code: 451 | 550 | 554 | 556;
  /** The enhanced status code (RFC 3463, RFC 7505). */
  readonly status: "4.4.3" | "4.4.4" | "4.7.5" | "5.1.2" | "5.1.10" | "5.4.4" | "5.4.6";
  /** One sentence for people, without a full stop, safe to print. */
  readonly message: string;
}

/**
 * Why no host can be tried; `undefined` where one can. One host whose addresses could not be looked up, or are not
 * dialled, or that was over the limit, makes the failure temporary: that host may yet take the mail. The first such host
 * gives the reason.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "null.example": { MX: "0 ." }, "broken.example": { failure: "Timeout" } } });
 * const failure = async (domain: string) =>
 *   RoutePlan.failure(await Effect.runPromise(Effect.provide(Mx.resolve(domain), zone)));
 * assertEquals((await failure("null.example"))?.status, "5.1.10");
 * assertEquals((await failure("nowhere.example"))?.status, "5.1.2");
 * assertEquals((await failure("broken.example"))?.isTemporary, true);
 * ```
 */
export const failure = (plan: RoutePlan): RouteFailure | undefined => {
  switch (plan.kind) {
    case "NullMx":
      return permanent("NullMx", 556, "5.1.10", `${plan.ascii} accepts no mail (null MX)`);
    case "NoMailHost":
      return plan.answer?.status === "NoName"
        ? permanent("DomainNotFound", 550, "5.1.2", `${plan.ascii} does not exist`)
        : permanent("NoMailHost", 550, "5.1.2", `${plan.ascii} has neither an MX record nor an address`);
    case "Undecided":
      return temporary(plan.error, plan.error?.message ?? `nobody was asked about ${plan.ascii}`);
    default: {
      const all = candidates(plan);
      if (all.some(({ decision }) => decision._tag === "Try")) return undefined;
      const passing = all.find(isPassing);
      if (passing !== undefined) return passingFailure(plan, passing);
      return all.some(({ decision }) => decision._tag === "Skip" && decision.reason === "Self")
        ? permanent("MailLoop", 554, "5.4.6", `mail for ${plan.ascii} loops back to us`)
        : permanent("NoUsableHost", 550, "5.4.4", `none of the mail exchangers of ${plan.ascii} can be used`);
    }
  }
};

const isPassing = ({ decision }: Candidate.Candidate): boolean => decision._tag === "Skip" && decision.temporary;

/**
 * What is to be said where every host that can be tried refuses to talk, but another one is skipped for now: it might take
 * the mail later, so nothing is refused for good. Hosts that are over the limit do not count: enough were asked.
 * `undefined` where the refusal of those that can be tried is the last word.
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
 *   records: {
 *     "example.org": { MX: ["10 a.example", "20 b.example"] },
 *     "a.example": { A: "192.0.2.1" },
 *     "b.example": { failure: "Timeout" },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.failure(plan), undefined);
 * assertEquals(RoutePlan.reserve(plan)?.reason, "DnsTimeout");
 * ```
 */
export const reserve = (plan: RoutePlan): RouteFailure | undefined => {
  const one = candidates(plan).find((candidate) => isPassing(candidate) && !isOverLimit(candidate));
  return one === undefined ? undefined : passingFailure(plan, one);
};

const passingFailure = (plan: RoutePlan, candidate: Candidate.Candidate): RouteFailure => {
  const { host, decision } = candidate;
  if (decision._tag === "Skip" && (decision.reason === "AddressRefused" || decision.reason === "LocalName")) {
    const which = host === plan.ascii ? host : `${host}, a mail exchanger of ${plan.ascii}`;
    const message = `no mail is sent to ${which}: ${Candidate.explainSkip(candidate)}`;
    return { reason: "AddressRefused", isTemporary: true, code: 451, status: "4.4.4", message };
  }
  if (decision._tag === "Skip" && decision.reason === "MtaStsMxMismatch") {
    const message = `${host} gets no mail for ${plan.ascii}: ${Candidate.explainSkip(candidate)}`;
    return { reason: "MtaStsMxMismatch", isTemporary: true, code: 451, status: "4.7.5", message };
  }
  if (decision._tag === "Skip" && decision.reason === "OtherFamily") {
    const message = `no mail exchanger of ${plan.ascii} has an address of the IP version that is wanted`;
    return { reason: "OtherFamily", isTemporary: true, code: 451, status: "4.4.4", message };
  }
  const error = decision._tag === "Skip" ? decision.error : undefined;
  return temporary(error, `none of the mail exchangers of ${plan.ascii} can be used now`);
};

const permanent = (
  reason: RouteFailure["reason"],
  code: 550 | 554 | 556,
  status: RouteFailure["status"],
  message: string,
): RouteFailure => ({ reason, isTemporary: false, code, status, message });

const temporary = (error: DnsError | undefined, message: string): RouteFailure => ({
  reason: error?.reason === "Timeout" ? "DnsTimeout" : "DnsTemporary",
  isTemporary: true,
  code: 451,
  status: "4.4.3",
  message,
});

/**
 * The plan in lines for people: how it came about, each host with what is done with it and why (those over the limit in
 * one line), and, where none can be tried, what that means. Safe to print.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { A: "192.0.2.1" } } });
 * const explain = async (domain: string) =>
 *   RoutePlan.explain(await Effect.runPromise(Effect.provide(Mx.resolve(domain), zone)));
 * assertEquals(await explain("example.org"), [
 *   "example.org has no MX record: it is its own mail exchanger",
 *   "0 example.org: try 192.0.2.1",
 * ]);
 * assertEquals(await explain("nowhere.example"), ["550 5.1.2: nowhere.example does not exist"]);
 * ```
 */
export const explain = (plan: RoutePlan): ReadonlyArray<string> => {
  const lines = [...summary(plan), ...plan.warnings.map((warning) => `warning: ${explainWarning(warning)}`)];
  const mtaSts = plan.mtaSts === undefined ? undefined : MtaStsFinding.explain(plan.mtaSts);
  if (mtaSts !== undefined) lines.push(`MTA-STS: ${mtaSts}`);
  const overLimit = candidates(plan).filter(isOverLimit);
  for (const candidate of candidates(plan)) {
    if (overLimit.length < 2 || !isOverLimit(candidate)) lines.push(Candidate.explain(candidate));
  }
  if (overLimit.length > 1) lines.push(`${overLimit.length} more hosts: skip, enough hosts come before them`);
  const end = failure(plan);
  if (end !== undefined) lines.push(`${end.code} ${end.status}: ${end.message}`);
  return lines;
};

/**
 * How the plan came about, in lines for people: none for a plan without hosts. Safe to print.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { MX: ["10 a.example", "20 b.example"] } } });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.summary(plan), ["example.org has 2 mail exchangers"]);
 * ```
 */
export const summary = (plan: RoutePlan): ReadonlyArray<string> => {
  const lines: Array<string> = [];
  if (plan.kind === "Mx") {
    const count = candidates(plan).length;
    lines.push(`${plan.ascii} has ${count === 1 ? "1 mail exchanger" : `${count} mail exchangers`}`);
  }
  if (plan.kind === "ImplicitMx" && plan.answer !== undefined) {
    lines.push(`${plan.ascii} has no MX record: it is its own mail exchanger`);
  }
  if (plan.kind === "AddressLiteral") lines.push(`${plan.ascii} is an address: the DNS is not asked`);
  if (!Name.equals(plan.canonicalName, plan.ascii)) lines.push(`${plan.ascii} is an alias of ${plan.canonicalName}`);
  return lines;
};

const isOverLimit = ({ decision }: Candidate.Candidate): boolean =>
  decision._tag === "Skip" && decision.reason === "OverLimit";

/**
 * What is odd about a domain, in a few words for people.
 *
 * @example
 * ```ts
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(RoutePlan.explainWarning("MixedScript"), "the domain mixes scripts, as look-alike domains do");
 * ```
 */
export const explainWarning = (warning: RouteWarning): string => warnings[warning];

const warnings: { readonly [W in RouteWarning]: string } = {
  MixedScript: "the domain mixes scripts, as look-alike domains do",
  NullMxMixed: "a null MX stands beside other MX records; it is ignored",
};
