/**
 * DANE for mail: what the TLSA records of a mail exchanger ask of its TLS (RFC 6698, 7671 and 7672).
 *
 * Everything here stands on DNSSEC, and so on `Answer.authenticated`. A record that is not proven counts for nothing; a
 * look-up that failed never counts for "no record", because it may be an attacker who made it fail (RFC 7672 section 2.1).
 *
 * {@linkcode lookUp} asks; everything else here decides, and is pure.
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
 *   authenticated: true,
 *   records: {
 *     "example.org": { MX: "10 mx1.example.org" },
 *     "mx1.example.org": { A: "192.0.2.1" },
 *     "_25._tcp.mx1.example.org": { TLSA: `3 1 1 ${"ab".repeat(32)}` },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(RoutePlan.firstUsable(plan)?.policy._tag, "Dane");
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Name from "@plausch/dns/name";
import type { Resolver } from "@plausch/dns/resolver";
import * as Tlsa from "@plausch/tls/tlsa";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Candidate } from "./candidate.ts";
import type { RoutePlan } from "./route_plan.ts";
import type { TlsPolicy } from "./tls_policy.ts";

/** What the TLSA records of one host say. */
export type Finding = {
  /** For how many seconds that may be kept; `Infinity` where nobody was asked. */
  readonly ttl: number;
} & FindingKind;

/** The kinds of findings. */
export type FindingKind =
  | {
    /** DANE does not apply: there is no TLSA record that DNSSEC proves. */
    readonly _tag: "None";
  }
  | {
    /** There are records. */
    readonly _tag: "Found";
    /** What they ask for. */
    readonly policy: Extract<TlsPolicy, { readonly _tag: "Dane" | "DaneUnusable" }>;
  }
  | {
    /** Nobody knows: mail must not go to this host now (RFC 7672 section 2.2). */
    readonly _tag: "Failed";
    /** What the DNS said. */
    readonly error: DnsError;
  };

const notAsked: Finding = { _tag: "None", ttl: Infinity };

/**
 * The names at which the TLSA records of a host may stand, in the order to ask (RFC 7672 section 2.2.2): where an alias
 * leads, if DNSSEC proves all the way to the addresses there; then the host itself. None, where the MX answer (or that
 * there is no MX record) is not proven, or the addresses are not; none for an address literal, which nobody can prove.
 *
 * An alias in a signed zone may lead out to an unsigned one. What proves the alias then is an answer to the question for
 * the CNAME alone, `alias`; without it there is no name to ask (`isUnprovenAlias`).
 *
 * @example An alias
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Dane from "@plausch/mx/dane";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const baseDomains = (authenticated: boolean) => {
 *   const records = {
 *     "example.org": { MX: "10 mail.example.org" },
 *     "mail.example.org": { CNAME: "mx1.example.net" },
 *     "mx1.example.net": { A: "192.0.2.1" },
 *   };
 *   const plan = Effect.runSync(Effect.provide(Mx.resolve("example.org"), Zone.layer({ authenticated, records })));
 *   return Dane.baseDomains(plan, RoutePlan.candidates(plan)[0]!);
 * };
 * assertEquals(baseDomains(true), ["mx1.example.net", "mail.example.org"]);
 * assertEquals(baseDomains(false), []);
 * ```
 */
export const baseDomains = (plan: RoutePlan, candidate: Candidate, alias?: Answer.Answer): ReadonlyArray<string> => {
  if (!isProvenHost(plan, candidate)) return [];
  const { host, canonicalName } = candidate;
  if (!hasProvenAddresses(candidate)) return isAlias(candidate) && alias?.authenticated === true ? [host] : [];
  return isAlias(candidate) ? [canonicalName, host] : [host];
};

/**
 * Whether the host is an alias whose addresses DNSSEC does not prove, so that only the alias itself could be proven
 * (RFC 7672 section 2.2.2, "insecure CNAME").
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Dane from "@plausch/mx/dane";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assert } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   authenticated: true,
 *   records: {
 *     "example.org": { MX: "10 mail.example.org" },
 *     "mail.example.org": { CNAME: "mx1.unsigned.example" },
 *     "mx1.unsigned.example": { A: { data: "192.0.2.1", authenticated: false } },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assert(Dane.isUnprovenAlias(plan, RoutePlan.candidates(plan)[0]!));
 * ```
 */
export const isUnprovenAlias = (plan: RoutePlan, candidate: Candidate): boolean =>
  isProvenHost(plan, candidate) && isAlias(candidate) && !hasProvenAddresses(candidate);

const isProvenHost = (plan: RoutePlan, { decision }: Candidate): boolean =>
  plan.authenticated && decision._tag === "Try";

const hasProvenAddresses = ({ addresses }: Candidate): boolean =>
  addresses.length > 0 && addresses.every(({ authenticated }) => authenticated);

const isAlias = ({ host, canonicalName }: Candidate): boolean => !Name.equals(host, canonicalName);

/**
 * The name that TLSA records are asked for at: port, protocol and TLSA base domain (RFC 6698 section 3).
 *
 * @example
 * ```ts
 * import * as Dane from "@plausch/mx/dane";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Dane.ownerName("mx1.example.org", 25), "_25._tcp.mx1.example.org");
 * ```
 */
export const ownerName = (baseDomain: string, port: number): string => `_${port}._tcp.${baseDomain}`;

/**
 * The names of which a certificate must have one where an authority is pinned (usage 2; RFC 7672 section 3.2.2): the
 * TLSA base domain, then the domain that the mail is for, and if MX records were found under another name that it is an
 * alias of, also that.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Dane from "@plausch/mx/dane";
 * import * as Mx from "@plausch/mx/mx";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "example.org": { MX: "10 mx1.example.net" } } });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * assertEquals(Dane.referenceNames(plan, "mx1.example.net"), ["mx1.example.net", "example.org"]);
 * ```
 */
export const referenceNames = (plan: RoutePlan, baseDomain: string): ReadonlyArray<string> => {
  const names = [baseDomain, plan.ascii, ...(plan.kind === "Mx" ? [plan.canonicalName] : [])];
  return [...new Map(names.map((name) => [Name.key(name), name])).values()];
};

/**
 * What the answer to the question for TLSA records at one name means (RFC 7672 section 2.2): nothing, where there is no
 * record or the answer is not proven; else what the records ask for. A failure is `Failed`, but for a name that is too
 * long to exist.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Dane from "@plausch/mx/dane";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Result.getOrThrow(Zone.make({
 *   authenticated: true,
 *   records: {
 *     "_25._tcp.web.example": { TLSA: `1 1 1 ${"ab".repeat(32)}` },
 *     "_25._tcp.broken.example": { failure: "ServerFailure" },
 *   },
 * }));
 * const judge = (baseDomain: string) => {
 *   const result = Effect.runSync(Effect.result(zone.query(Dane.ownerName(baseDomain, 25), "TLSA")));
 *   return Dane.judge(result, baseDomain, [baseDomain]);
 * };
 * assertEquals(judge("web.example"), {
 *   _tag: "Found", ttl: 300, policy: { _tag: "DaneUnusable", baseDomain: "web.example" },
 * });
 * assertEquals(judge("broken.example")._tag, "Failed");
 * assertEquals(judge("plain.example")._tag, "None");
 * ```
 */
export const judge = (
  result: Result.Result<Answer.Answer, DnsError>,
  baseDomain: string,
  names: ReadonlyArray<string>,
): Finding => {
  if (Result.isFailure(result)) {
    return result.failure.reason === "BadName" ? notAsked : { _tag: "Failed", ttl: 0, error: result.failure };
  }
  const ttl = Answer.ttl(result.success) ?? 0;
  if (!result.success.authenticated || result.success.status !== "Records") return { _tag: "None", ttl };
  const records = Tlsa.select(Answer.records(result.success, "TLSA"));
  return {
    _tag: "Found",
    ttl,
    policy: records.length === 0 ? { _tag: "DaneUnusable", baseDomain } : { _tag: "Dane", records, baseDomain, names },
  };
};

/**
 * Asks for the TLSA records of a host of a plan. It asks only where the MX answer and the addresses are proven: zones
 * that are not signed have nothing to say, and the name servers of some of them break over the question. Never fails;
 * a failure of the DNS is the finding `Failed`.
 *
 * @example
 * ```ts
 * import { Resolver } from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Dane from "@plausch/mx/dane";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   authenticated: true,
 *   records: {
 *     "mx1.example.org": { A: "192.0.2.1" },
 *     "_587._tcp.mx1.example.org": { TLSA: `3 1 1 ${"ab".repeat(32)}` },
 *   },
 * });
 * const program = Effect.gen(function* () {
 *   const plan = yield* Mx.resolve("mx1.example.org");
 *   const finding = yield* Dane.lookUp(yield* Resolver, plan, RoutePlan.candidates(plan)[0]!, 587);
 *   assertEquals(finding._tag, "Found");
 * });
 * await Effect.runPromise(Effect.provide(program, zone));
 * ```
 */
export const lookUp: (
  resolver: Resolver,
  plan: RoutePlan,
  candidate: Candidate,
  port: number,
) => Effect.Effect<Finding> = Effect.fn("Dane.lookUp")(function* (resolver, plan, candidate, port) {
  let alias: Answer.Answer | undefined;
  let ttl = Infinity;
  if (isUnprovenAlias(plan, candidate)) {
    const result = yield* Effect.result(resolver.query(candidate.host, "CNAME"));
    if (Result.isFailure(result)) return { _tag: "Failed", ttl: 0, error: result.failure };
    alias = result.success;
    ttl = Answer.ttl(alias) ?? 0;
  }
  for (const baseDomain of baseDomains(plan, candidate, alias)) {
    const result = yield* Effect.result(resolver.query(ownerName(baseDomain, port), "TLSA"));
    const finding = judge(result, baseDomain, referenceNames(plan, baseDomain));
    ttl = Math.min(ttl, finding.ttl);
    if (finding._tag !== "None") return { ...finding, ttl };
  }
  return { _tag: "None", ttl };
});

/**
 * The host with what was found about it: its policy, or that it is skipped for now because its TLSA records could not
 * be looked up.
 *
 * @example
 * ```ts
 * import { DnsError } from "@plausch/dns/dns-error";
 * import type { Candidate } from "@plausch/mx/candidate";
 * import * as Dane from "@plausch/mx/dane";
 * import { assertEquals } from "@std/assert";
 *
 * const candidate: Candidate = {
 *   host: "mx1.example.org", canonicalName: "mx1.example.org", preference: 10, ttl: 300,
 *   addresses: [{ address: "192.0.2.1", family: 4, ttl: 300, authenticated: true }], refused: [],
 *   decision: { _tag: "Try" }, policy: { _tag: "Opportunistic" }, warnings: [],
 * };
 * const error = new DnsError({ reason: "ServerFailure" });
 * assertEquals(Dane.apply(candidate, { _tag: "Failed", ttl: 0, error }).decision, {
 *   _tag: "Skip", reason: "TlsaLookupFailed", temporary: true, error,
 * });
 * ```
 */
export const apply = (candidate: Candidate, finding: Finding): Candidate => {
  switch (finding._tag) {
    case "None":
      return candidate;
    case "Found":
      return { ...candidate, policy: finding.policy };
    case "Failed": {
      const { error } = finding;
      return { ...candidate, decision: { _tag: "Skip", reason: "TlsaLookupFailed", temporary: true, error } };
    }
  }
};
