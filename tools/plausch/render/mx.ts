/**
 * What the DNS said about a domain's mail, first as `dig` would print it, then as the route that follows from it.
 *
 * @module
 */
import type { Answer } from "@plausch/dns/answer";
import * as Record from "@plausch/dns/record";
import type { Candidate } from "@plausch/mx/candidate";
import type { MtaStsFinding } from "@plausch/mx/mta-sts-finding";
import * as RoutePlan from "@plausch/mx/route-plan";
import type { TlsPolicy } from "@plausch/mx/tls-policy";
import type { Paint } from "./paint.ts";

const dotted = (name: string): string => name.endsWith(".") ? name : `${name}.`;

const about = (answer: Answer): string => {
  const { rcode, server, transport, elapsed, authenticated } = answer;
  const proof = authenticated ? "; proved by DNSSEC, says the server (AD)" : "";
  const source = transport === "static"
    ? "the zone that came along"
    : `${server} over ${transport} in ${Math.round(elapsed)} ms`;
  return `;; ${rcode} from ${source}${proof}`;
};

const addresses = (candidate: Candidate): ReadonlyArray<string> =>
  candidate.addresses.map(({ address, family, ttl }) =>
    Record.format({
      _tag: family === 6 ? "AAAA" : "A",
      name: candidate.canonicalName,
      class: "IN",
      ttl: ttl ?? 0,
      address,
    })
  );

/** The lines of the route plan: each host with what is done about it, and why; the first one to try stands out. */
export const route = (paint: Paint, plan: RoutePlan.RoutePlan): ReadonlyArray<string> => {
  const first = RoutePlan.firstUsable(plan);
  return RoutePlan.explain(plan).map((text) => {
    const isFirst = first !== undefined && text.startsWith(`${first.preference} ${first.host}: try`);
    return isFirst ? paint("strong", text) : / skip, /.test(text) ? paint("faint", text) : text;
  });
};

/** Everything, for people. */
export const long = (paint: Paint, plan: RoutePlan.RoutePlan): ReadonlyArray<string> => {
  const { answer } = plan;
  const found = RoutePlan.candidates(plan).flatMap(addresses);
  const heading = (text: string): string => paint("faint", text);
  return [
    heading(";; QUESTION SECTION"),
    `;${dotted(plan.ascii)}\t\tIN\tMX`,
    "",
    heading(";; ANSWER SECTION"),
    ...(answer === undefined || answer.records.length === 0 ? [";; none"] : answer.records.map(Record.format)),
    ...(answer === undefined ? [] : [heading(about(answer))]),
    "",
    heading(";; ADDRESSES"),
    ...(found.length === 0 ? [";; none"] : found),
    "",
    heading(";; ROUTE"),
    ...route(paint, plan),
  ];
};

/** Preference and exchanger of each MX record, as `dig +short` prints them. */
export const short = (plan: RoutePlan.RoutePlan): ReadonlyArray<string> =>
  (plan.answer?.records ?? []).filter((record) => record._tag === "MX").map(Record.formatData);

const mtaStsJson = (finding: MtaStsFinding): object => {
  const { problem } = finding;
  return { ...finding, problem: problem === undefined ? null : { reason: problem.reason, message: problem.message } };
};

const policyJson = (policy: TlsPolicy): object =>
  policy._tag === "Dane" ? { ...policy, records: policy.records.map(Record.formatData) } : policy;

/** The plan as plain data. */
export const json = (plan: RoutePlan.RoutePlan): object => {
  const failure = RoutePlan.failure(plan);
  return {
    domain: plan.domain,
    ascii: plan.ascii,
    kind: plan.kind,
    canonicalName: plan.canonicalName,
    authenticated: plan.authenticated,
    warnings: plan.warnings,
    mtaSts: plan.mtaSts === undefined ? null : mtaStsJson(plan.mtaSts),
    answer: plan.answer === undefined ? null : {
      rcode: plan.answer.rcode,
      server: plan.answer.server,
      transport: plan.answer.transport,
      elapsed: plan.answer.elapsed,
      records: plan.answer.records.map(Record.format),
    },
    tiers: plan.tiers.map(({ preference, candidates }) => ({
      preference,
      candidates: candidates.map(({ host, canonicalName, ttl, addresses, refused, decision, policy, warnings }) => ({
        host,
        canonicalName,
        ttl: ttl ?? null,
        addresses,
        refused,
        try: decision._tag === "Try",
        reason: decision._tag === "Skip" ? decision.reason : null,
        temporary: decision._tag === "Skip" && decision.temporary,
        policy: policyJson(policy),
        warnings: warnings.map(({ _tag }) => _tag),
      })),
    })),
    failure: failure === undefined ? null : failure,
  };
};
