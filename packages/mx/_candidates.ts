/**
 * From the look-ups of one host to its candidate: which of its addresses are kept, and whether it is tried.
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Name from "@plausch/dns/name";
import * as Result from "effect/Result";
import * as AddressGuard from "./address_guard.ts";
import type { Candidate, CandidateWarning, Decision, HostAddress, SkipReason } from "./candidate.ts";
import type { HostLookup, Rules } from "./planner.ts";
import type { TlsPolicy } from "./tls_policy.ts";

const defaultMaxAddresses = 8;

const opportunistic: TlsPolicy = { _tag: "Opportunistic" };

/** A host before anything is known of it. */
export type Named = Pick<Candidate, "host" | "preference" | "ttl">;

// What is over the limit was not looked at, and what is not for us now may be another day.
const temporary: ReadonlyArray<SkipReason> = [
  "AddressRefused",
  "LocalName",
  "LookupFailed",
  "OtherFamily",
  "OverLimit",
];

const skip = (reason: SkipReason, error?: DnsError): Decision => ({
  _tag: "Skip",
  reason,
  temporary: temporary.includes(reason),
  ...(error === undefined ? {} : { error }),
});

/** A host that is not looked up. */
export const skipped = (named: Named, reason: SkipReason): Candidate => ({
  ...named,
  canonicalName: named.host,
  addresses: [],
  refused: [],
  decision: skip(reason),
  policy: opportunistic,
  warnings: [],
});

/** A host with its addresses, as its look-ups have them. An alias gets a warning where it stands in an MX record. */
export const lookedUp = (
  named: Named,
  lookups: ReadonlyArray<HostLookup>,
  rules: Rules,
  isInRecord: boolean,
): Candidate => {
  const key = Name.key(named.host);
  const mine = lookups.filter(({ host }) => Name.key(host) === key);
  const answers = mine.flatMap(({ result }) => Result.isSuccess(result) ? [result.success] : []);
  const failed = mine.flatMap(({ family, result }) =>
    Result.isFailure(result) ? [{ _tag: "PartlyLookedUp" as const, family, error: result.failure }] : []
  );
  const canonicalName = answers[0]?.canonicalName ?? named.host;
  const all = new Map(answers.flatMap(addressesOf).map((one) => [one.address, one]));
  const candidate = withAddresses({ ...named, canonicalName }, [...all.values()], rules);
  const warnings: Array<CandidateWarning> = [];
  if (isInRecord && Name.key(canonicalName) !== key) warnings.push({ _tag: "MxIsCname", target: canonicalName });
  if (all.size > 0) warnings.push(...failed, ...candidate.warnings);
  return all.size > 0
    ? { ...candidate, warnings }
    : { ...candidate, warnings, decision: without(answers, failed[0]?.error) };
};

/** Why a host without an address is not tried. */
const without = (answers: ReadonlyArray<Answer.Answer>, error: DnsError | undefined): Decision => {
  // RFC 8020: where one type says that the name does not exist, no other type has records.
  if (answers.some(({ status }) => status === "NoName")) return skip("NoName");
  return error !== undefined || answers.length === 0 ? skip("LookupFailed", error) : skip("NoAddress");
};

const addressesOf = (answer: Answer.Answer): ReadonlyArray<HostAddress> => {
  const { authenticated } = answer;
  return [
    ...Answer.records(answer, "AAAA").map(({ address, ttl }) => ({ address, family: 6 as const, ttl, authenticated })),
    ...Answer.records(answer, "A").map(({ address, ttl }) => ({ address, family: 4 as const, ttl, authenticated })),
  ];
};

/** A host with its addresses judged: those that mail is sent to, as many as are allowed, and the refused. */
export const withAddresses = (
  named: Named & Pick<Candidate, "canonicalName">,
  addresses: ReadonlyArray<HostAddress>,
  { allowLocal = false, maxAddresses = defaultMaxAddresses, family }: Rules,
): Candidate => {
  const wanted = family === undefined ? addresses : addresses.filter((one) => one.family === family);
  const judged = wanted.map((one) => ({
    ...one,
    refusal: allowLocal ? undefined : AddressGuard.refusal(one.address),
  }));
  const refused = judged.flatMap((one) => one.refusal === undefined ? [] : [{ ...one, refusal: one.refusal }]);
  const good = wanted.filter((_one, at) => judged[at]?.refusal === undefined);
  const kept = fewOfBoth(good, Math.max(1, maxAddresses));
  const leftOut = good.length - kept.length;
  return {
    ...named,
    addresses: kept,
    refused,
    decision: kept.length > 0 ? { _tag: "Try" } : skip(wanted.length > 0 ? "AddressRefused" : "OtherFamily"),
    policy: opportunistic,
    warnings: leftOut > 0 ? [{ _tag: "AddressesLeftOut", count: leftOut }] : [],
  };
};

/** At most so many addresses, IPv6 first; where there are too many, half of each version, so that no version is lost. */
const fewOfBoth = (addresses: ReadonlyArray<HostAddress>, most: number): ReadonlyArray<HostAddress> => {
  const six = addresses.filter(({ family }) => family === 6);
  const four = addresses.filter(({ family }) => family === 4);
  const sixes = six.slice(0, Math.max(Math.ceil(most / 2), most - four.length));
  return [...sixes, ...four.slice(0, most - sixes.length)];
};

/** Skips the hosts that turned out to be aliases of ourselves, and all that are no better than those. */
export const withoutAliasesOfSelf = (
  candidates: ReadonlyArray<Candidate>,
  isSelf: (name: string) => boolean,
): ReadonlyArray<Candidate> => {
  const self = candidates.find(({ canonicalName }) => isSelf(canonicalName))?.preference ?? Infinity;
  return candidates.map((candidate) => {
    const { decision, preference, canonicalName } = candidate;
    if (preference < self || (decision._tag === "Skip" && decision.reason === "NullMx")) return candidate;
    return { ...candidate, addresses: [], refused: [], decision: skip(isSelf(canonicalName) ? "Self" : "BehindSelf") };
  });
};
