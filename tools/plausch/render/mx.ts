/**
 * What the DNS said about a domain's mail, first as `dig` would print it, then as the route that follows from it.
 *
 * @module
 */
import type { Answer } from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Record from "@plausch/dns/record";
import * as AddressGuard from "@plausch/mx/address-guard";
import type { Candidate, CandidateWarning, HostAddress } from "@plausch/mx/candidate";
import type { MtaStsFinding } from "@plausch/mx/mta-sts-finding";
import * as RoutePlan from "@plausch/mx/route-plan";
import type { TlsPolicy } from "@plausch/mx/tls-policy";
import { wrap } from "../options.ts";
import type { Paint } from "./paint.ts";

const dotted = (name: string): string => name.endsWith(".") ? name : `${name}.`;

/** Who answered what, and how it came. */
export const about = (answer: Answer): string => {
  const { rcode, server, transport, elapsed, age } = answer;
  const source = transport === "static"
    ? "the zone that came along"
    : `${server} over ${transport} in ${Math.round(elapsed)} ms`;
  return `${rcode} from ${source}${age === undefined ? "" : `, ${age} s ago`}`;
};

/** Whether DNSSEC proved an answer, and whether to believe that. */
export const proof = ({ ad, authenticated }: Answer): string =>
  authenticated
    ? "proved, says a server that is trusted (AD)"
    : ad
    ? "proved, says the server (AD), but it is not on this machine, and not trusted: see --dns-trusted"
    : "not proved";

/** The addresses as `dig` prints them; those that are not dialled with a comment. */
const addresses = (candidate: Candidate): ReadonlyArray<string> => {
  const record = ({ address, family, ttl = 0 }: HostAddress): string =>
    Record.format({ _tag: family === 6 ? "AAAA" : "A", name: candidate.canonicalName, class: "IN", ttl, address });
  return [
    ...candidate.addresses.map(record),
    ...candidate.refused.map((one) => `${record(one)} ; not dialled: ${AddressGuard.describe(one.refusal)}`),
  ];
};

/**
 * The lines of the route plan: each host with what is done about it, and why; the first one to try stands out. What is
 * longer than so many columns goes on below, indented.
 */
export const route = (paint: Paint, plan: RoutePlan.RoutePlan, columns: number = Infinity): ReadonlyArray<string> => {
  const first = RoutePlan.firstUsable(plan);
  return RoutePlan.explain(plan).flatMap((text) => {
    const isFirst = first !== undefined && text.startsWith(`${first.preference} ${first.host}: try`);
    return wrap(text, Math.max(40, columns - indent.length)).map((part, at) => {
      const line = at === 0 ? part : indent + part;
      return isFirst ? paint("strong", line) : / skip, /.test(text) ? paint("faint", line) : line;
    });
  });
};

const indent = "     ";

/** What to try where a route leads nowhere, if anything comes to mind. */
export const advice = (plan: RoutePlan.RoutePlan): string | undefined => {
  const failure = RoutePlan.failure(plan) ?? RoutePlan.reserve(plan);
  if (failure === undefined) return undefined;
  if (failure.reason === "AddressRefused") return "If that is where you want it to go: --allow-local";
  const errors = [
    plan.error,
    ...RoutePlan.candidates(plan).map(({ decision }) => "error" in decision ? decision.error : undefined),
  ];
  return errors.some((error) => error?.rcode === "SERVFAIL")
    ? "SERVFAIL may mean that its DNSSEC signatures are wrong: they are if dig +cd finds what dig does not"
    : undefined;
};

/** Everything, for people. */
export const long = (paint: Paint, plan: RoutePlan.RoutePlan, columns: number): ReadonlyArray<string> => {
  const { answer } = plan;
  const found = RoutePlan.candidates(plan).flatMap(addresses);
  const heading = (text: string): string => paint("faint", text);
  const proved = answer?.ad === true ? [`DNSSEC: ${proof(answer)}`] : [];
  const comments = answer === undefined ? [] : [about(answer), ...proved];
  return [
    heading(";; QUESTION SECTION"),
    `;${dotted(plan.ascii)}\t\tIN\tMX`,
    "",
    heading(";; ANSWER SECTION"),
    ...(answer === undefined || answer.records.length === 0 ? [";; none"] : answer.records.map(Record.format)),
    ...comments.flatMap((text) => wrap(text, columns - 3)).map((text) => heading(`;; ${text}`)),
    "",
    heading(";; ADDRESSES"),
    ...(found.length === 0 ? [";; none"] : found),
    "",
    heading(";; ROUTE"),
    ...route(paint, plan, columns),
  ];
};

/** Preference and exchanger of each MX record, as `dig +short` prints them. */
export const short = (plan: RoutePlan.RoutePlan): ReadonlyArray<string> =>
  (plan.answer?.records ?? []).filter((record) => record._tag === "MX").map(Record.formatData);

/** A TLS policy as plain data. */
export const policyJson = ({ _tag: kind, ...policy }: TlsPolicy): object => ({
  kind,
  ...policy,
  ...("records" in policy ? { records: policy.records.map(Record.formatData) } : {}),
});

const errorJson = ({ reason, isTemporary, message, attempts = [] }: DnsError): object => ({
  reason,
  temporary: isTemporary,
  message,
  attempts,
});

const warningJson = ({ _tag: warning, ...more }: CandidateWarning): object => ({
  warning,
  ...more,
  ...("error" in more ? { error: errorJson(more.error) } : {}),
});

const mtaStsJson = ({ _tag: kind, problem, ...finding }: MtaStsFinding): object => ({
  kind,
  ...finding,
  problem: problem === undefined ? null : { reason: problem.reason, message: problem.message },
});

const addressJson = ({ address, family, ttl, authenticated }: HostAddress): object => ({
  address,
  family,
  ttl: ttl ?? null,
  authenticated,
});

const candidateJson = (candidate: Candidate): object => {
  const { host, canonicalName, ttl, addresses, refused, decision, policy, warnings } = candidate;
  const skip = decision._tag === "Skip" ? decision : undefined;
  return {
    host,
    canonicalName,
    ttl: ttl ?? null,
    addresses: addresses.map(addressJson),
    refused: refused.map((one) => ({
      ...addressJson(one),
      class: one.refusal.class,
      network: one.refusal.network ?? null,
      embedding: one.refusal.embedding ?? null,
    })),
    try: skip === undefined,
    reason: skip?.reason ?? null,
    temporary: skip?.temporary ?? false,
    error: skip?.error === undefined ? null : errorJson(skip.error),
    policy: policyJson(policy),
    warnings: warnings.map(warningJson),
  };
};

const answerJson = ({ rcode, server, transport, elapsed, age, ad, authenticated, records }: Answer): object => ({
  rcode,
  server,
  transport,
  elapsed,
  age: age ?? null,
  ad,
  authenticated,
  records: records.map(Record.format),
});

/** The plan as plain data. The fields are explained in docs/guide/route.md. */
export const json = (plan: RoutePlan.RoutePlan): object => {
  const failure = RoutePlan.failure(plan);
  return {
    domain: plan.domain,
    ascii: plan.ascii,
    kind: plan.kind,
    canonicalName: plan.canonicalName,
    authenticated: plan.authenticated,
    ttl: plan.ttl ?? null,
    warnings: plan.warnings,
    mtaSts: plan.mtaSts === undefined ? null : mtaStsJson(plan.mtaSts),
    answer: plan.answer === undefined ? null : answerJson(plan.answer),
    error: plan.error === undefined ? null : errorJson(plan.error),
    tiers: plan.tiers.map(({ preference, candidates }) => ({ preference, candidates: candidates.map(candidateJson) })),
    failure: failure === undefined ? null : {
      reason: failure.reason,
      temporary: failure.isTemporary,
      code: failure.code,
      status: failure.status,
      message: failure.message,
    },
  };
};
