/**
 * How the TLS of mail went, as a report for the domain it was for (SMTP TLS Reporting, RFC 8460): which policy applied to
 * each session, and what came of it. Data only: {@linkcode sessions} reads them off a delivery, {@linkcode report} adds up
 * those of a day, and whoever runs a mail system sends the JSON where `TlsRptRecord.lookUp` says.
 *
 * @example A day of one domain
 * ```ts
 * import * as TlsRpt from "@plausch/delivery/tls-rpt";
 * import { assertEquals } from "@std/assert";
 *
 * const policy: TlsRpt.Policy = {
 *   type: "sts", domain: "example.org", policy: { mode: "testing", maxAge: 86400, mx: ["*.example.org"] },
 * };
 * const report = TlsRpt.report([
 *   { domain: "example.org", policy, host: "mx1.example.org", receivingIp: "192.0.2.1", failure: undefined },
 *   { domain: "example.org", policy, host: "mx1.example.org", receivingIp: "192.0.2.1", failure: undefined },
 *   {
 *     domain: "example.org", policy, host: "mx2.example.org", receivingIp: "192.0.2.2",
 *     failure: { type: "certificate-expired" },
 *   },
 * ], {
 *   organizationName: "Example Inc.", contactInfo: "tls@example.com", reportId: "2026-11-28.1@example.com",
 *   from: Date.UTC(2026, 10, 28), to: Date.UTC(2026, 10, 29) - 1000,
 * });
 * assertEquals(report.policies, [{
 *   policy: {
 *     "policy-type": "sts",
 *     "policy-string": ["version: STSv1", "mode: testing", "mx: *.example.org", "max_age: 86400"],
 *     "policy-domain": "example.org",
 *     "mx-host": ["*.example.org"],
 *   },
 *   summary: { "total-successful-session-count": 2, "total-failure-session-count": 1 },
 *   "failure-details": [{
 *     "result-type": "certificate-expired",
 *     "receiving-mx-hostname": "mx2.example.org",
 *     "receiving-ip": "192.0.2.2",
 *     "failed-session-count": 1,
 *   }],
 * }]);
 * ```
 *
 * @module
 */
import * as Record from "@plausch/dns/record";
import type { Candidate } from "@plausch/mx/candidate";
import type { MtaStsResultType } from "@plausch/mx/mta-sts-error";
import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
import * as RoutePlan from "@plausch/mx/route-plan";
import { SessionError } from "@plausch/session/session-error";
import { TlsError } from "@plausch/tls/tls-error";
import type { CertificateFault } from "@plausch/tls/tls-report";
import type { Delivered } from "./delivered.ts";
import * as Trail from "./trail.ts";

/** What went wrong, in the words of RFC 8460 section 4.3. */
export type ResultType =
  | "starttls-not-supported"
  | "certificate-host-mismatch"
  | "certificate-expired"
  | "certificate-not-trusted"
  | "validation-failure"
  | "tlsa-invalid"
  | "dnssec-invalid"
  | "dane-required"
  | MtaStsResultType;

/** A failure of one session, or of what had to be found out before it. */
export interface Failure {
  /** What went wrong. */
  readonly type: ResultType;
  /** More about it, as a code or a few words: with `certificate-not-trusted` and `validation-failure` there should be some. */
  readonly reasonCode?: string | undefined;
  /** A URI with more about it. */
  readonly additionalInformation?: string | undefined;
}

/** The policy that applied to a session. */
export type Policy =
  | {
    /** DANE. */
    readonly type: "tlsa";
    /** The TLSA base domain. */
    readonly domain: string;
    /** The TLSA records as zone files have them, like `3 1 1 C0FFEE`; none where they could not be used. */
    readonly records: ReadonlyArray<string>;
  }
  | {
    /** MTA-STS. */
    readonly type: "sts";
    /** The policy domain. */
    readonly domain: string;
    /** The policy; `undefined` where it could not be had. */
    readonly policy: MtaStsPolicy.MtaStsPolicy | undefined;
  }
  | {
    /** Neither. */
    readonly type: "no-policy-found";
    /** The domain that the mail was for. */
    readonly domain: string;
  };

/** One attempt at TLS, or several that are alike. */
export interface TlsSession {
  /** The domain that the mail was for, as an A-label: it is who gets the report. */
  readonly domain: string;
  /** The policy that applied. */
  readonly policy: Policy;
  /** The mail exchanger, as its MX record names it. */
  readonly host?: string | undefined;
  /** What it called itself in its greeting. */
  readonly helo?: string | undefined;
  /** The address that was dialled. */
  readonly receivingIp?: string | undefined;
  /** The address that it was dialled from. */
  readonly sendingIp?: string | undefined;
  /** What went wrong; `undefined` for a session that was as the policy wants it. */
  readonly failure: Failure | undefined;
  /** How many sessions these are. 1 by default. */
  readonly count?: number | undefined;
}

const faults: { readonly [F in CertificateFault]: ResultType } = {
  "expired": "certificate-expired",
  "invalid": "certificate-not-trusted",
  "no-certificate": "certificate-not-trusted",
  "not-yet-valid": "certificate-not-trusted",
  "pin-mismatch": "validation-failure",
  "self-signed": "certificate-not-trusted",
  "tlsa-mismatch": "validation-failure",
  "unknown-ca": "certificate-not-trusted",
  "wrong-name": "certificate-host-mismatch",
};

/**
 * The failure of a session whose certificate does not prove what it should. The fault itself is the reason code.
 *
 * @example
 * ```ts
 * import * as TlsRpt from "@plausch/delivery/tls-rpt";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsRpt.failureOfFault("wrong-name"), { type: "certificate-host-mismatch", reasonCode: "wrong-name" });
 * ```
 */
export const failureOfFault = (fault: CertificateFault): Failure => ({ type: faults[fault], reasonCode: fault });

/**
 * The failure of TLS in the failure of a conversation; `undefined` where it was about something else, such as a host that
 * was not there: that is nothing to report (RFC 8460 section 4.3.4).
 *
 * @example
 * ```ts
 * import * as TlsRpt from "@plausch/delivery/tls-rpt";
 * import { SessionError } from "@plausch/session/session-error";
 * import { assertEquals } from "@std/assert";
 *
 * const failure = (reason: "TlsNotOffered" | "Timeout") =>
 *   TlsRpt.failureOfError(new SessionError({ reason, stage: "starttls", recipients: [] }));
 * assertEquals(failure("TlsNotOffered"), { type: "starttls-not-supported" });
 * assertEquals(failure("Timeout"), undefined);
 * ```
 */
export const failureOfError = ({ reason, cause }: SessionError): Failure | undefined => {
  switch (reason) {
    case "TlsNotOffered":
    case "TlsRefused":
      return { type: "starttls-not-supported" };
    case "StartTlsInjection":
      return { type: "validation-failure", reasonCode: reason };
    case "TlsFailed": {
      const error = tlsErrorOf(cause);
      const verification = error?.report?.verification;
      return verification?.verified === false
        ? failureOfFault(verification.fault)
        : { type: "validation-failure", reasonCode: error?.reason ?? reason };
    }
    default:
      return undefined;
  }
};

const tlsErrorOf = (cause: unknown): TlsError | undefined => {
  for (let at = cause, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof TlsError) return at;
  }
  return undefined;
};

/** The policy that the plan has for a host. */
const policyOf = (plan: RoutePlan.RoutePlan, { policy }: Pick<Candidate, "policy">): Policy => {
  switch (policy._tag) {
    case "Opportunistic":
      return { type: "no-policy-found", domain: plan.ascii };
    case "Dane":
      return { type: "tlsa", domain: policy.baseDomain, records: policy.records.map(Record.formatData) };
    case "DaneUnusable":
      return { type: "tlsa", domain: policy.baseDomain, records: [] };
    case "MtaSts":
      return stsOf(plan);
  }
};

const stsOf = (plan: RoutePlan.RoutePlan): Policy => ({
  type: "sts",
  domain: plan.ascii,
  policy: plan.mtaSts?._tag === "Found" ? plan.mtaSts.policy : undefined,
});

/** The base domain of TLSA records that cannot be used, whatever stepped into their place. */
const unusableAt = ({ policy, warnings }: Candidate): string | undefined => {
  if (policy._tag === "DaneUnusable") return policy.baseDomain;
  return warnings.find((warning) => warning._tag === "TlsaUnusable")?.baseDomain;
};

const mismatch: Failure = { type: "validation-failure", reasonCode: "MtaStsMxMismatch" };

/** What went wrong before anybody was called. */
const ofPlan = (plan: RoutePlan.RoutePlan): ReadonlyArray<TlsSession> => {
  const { ascii: domain, mtaSts } = plan;
  const type = mtaSts?.problem?.resultType;
  const reasonCode = mtaSts?.problem?.detail;
  const fetching = type === undefined ? [] : [{ domain, policy: stsOf(plan), failure: { type, reasonCode } }];
  const hosts = RoutePlan.candidates(plan).flatMap((candidate): ReadonlyArray<TlsSession> => {
    const { host, decision } = candidate;
    const unusable = unusableAt(candidate);
    if (unusable !== undefined) {
      return [{
        domain,
        policy: { type: "tlsa", domain: unusable, records: [] },
        host,
        failure: { type: "tlsa-invalid" },
      }];
    }
    if (decision._tag === "Try") return [];
    switch (decision.reason) {
      case "MtaStsMxMismatch":
        return [{ domain, policy: stsOf(plan), host, failure: mismatch }];
      case "TlsaLookupFailed": {
        const failure = { type: "dnssec-invalid", reasonCode: decision.error?.reason } as const;
        return [{ domain, policy: { type: "tlsa", domain: host, records: [] }, host, failure }];
      }
      default:
        return [];
    }
  });
  return [...fetching, ...hosts];
};

/** What came of the connections of one visit; nothing where none was made, or TLS was never reached. */
const ofVisit = (visit: Trail.Visited, plan: RoutePlan.RoutePlan): ReadonlyArray<TlsSession> => {
  const { domain, host, error, policy, protection, tries } = visit;
  const receivingIp = Trail.address(visit);
  if (receivingIp === undefined || visit.level === "none") return [];
  const session = { domain, policy: policyOf(plan, { policy }), host, receivingIp };
  if (protection === undefined) {
    const failure = error instanceof SessionError ? failureOfError(error) : undefined;
    return failure === undefined ? [] : [{ ...session, failure }];
  }
  if (!protection.isEncrypted) {
    // After more than one connection nobody knows any more why the last one went without: it may be the second try in clear.
    const isOne = tries.filter(({ result }) => result === "connected").length === 1;
    const failure: Failure = isOne
      ? { type: "starttls-not-supported" }
      : { type: "validation-failure", reasonCode: "in clear" };
    return [{ ...session, failure }];
  }
  const candidate = RoutePlan.candidates(plan).find((one) => one.host === host);
  if (candidate?.warnings.some(({ _tag }) => _tag === "MtaStsMxMismatch")) return [{ ...session, failure: mismatch }];
  const verification = protection.tls?.verification;
  const isFaulty = policy._tag === "MtaSts" && verification?.verified === false;
  return [{ ...session, failure: isFaulty ? failureOfFault(verification.fault) : undefined }];
};

/** A host that was passed over because DANE was asked for, and it has none. */
const ofPassing = ({ domain, host, reason }: Trail.PassedOver): ReadonlyArray<TlsSession> =>
  reason === "NotDane"
    ? [{ domain, policy: { type: "no-policy-found", domain }, host, failure: { type: "dane-required" } }]
    : [];

/**
 * What a delivery showed of the TLS of the domains it was for: one entry for each connection that came as far as TLS, and
 * one for each failure before, such as a policy that could not be fetched. A session that was open already, in a pool, is no
 * new one. A host that got the mail in clear because nobody promises anything better is a failure too: domains that ask for
 * reports want to know it.
 *
 * @example
 * ```ts
 * import * as TlsRpt from "@plausch/delivery/tls-rpt";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Mx from "@plausch/mx/mx";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const zone = Zone.layer({
 *   authenticated: true,
 *   records: {
 *     "example.org": { MX: "10 mx1.example.org" },
 *     "mx1.example.org": { A: "192.0.2.1" },
 *     "_25._tcp.mx1.example.org": { failure: "ServerFailure" },
 *   },
 * });
 * const plan = await Effect.runPromise(Effect.provide(Mx.resolve("example.org"), zone));
 * const sessions = TlsRpt.sessions({ recipients: [], plans: new Map([["example.org", plan]]), trail: [] });
 * assertEquals(sessions.map(({ host, failure }) => [host, failure?.type]), [["mx1.example.org", "dnssec-invalid"]]);
 * ```
 */
export const sessions = ({ plans, trail }: Delivered): ReadonlyArray<TlsSession> => [
  ...[...plans.values()].flatMap(ofPlan),
  ...trail.flatMap((step) => {
    const plan = plans.get(step.domain);
    if (plan === undefined) return [];
    return step._tag === "Visited" ? ofVisit(step, plan) : ofPassing(step);
  }),
];

/** A report as it is sent: `JSON.stringify` makes the text (RFC 8460 section 4.4). */
export interface Report {
  /** Who reports. */
  readonly "organization-name": string;
  /** Of which time, in the form of RFC 3339. */
  readonly "date-range": {
    /** The first moment. */
    readonly "start-datetime": string;
    /** The last moment. */
    readonly "end-datetime": string;
  };
  /** Whom to write to about it. */
  readonly "contact-info": string;
  /** Names this report and no other. */
  readonly "report-id": string;
  /** What came of each policy. */
  readonly policies: ReadonlyArray<PolicyReport>;
}

/** What came of the sessions under one policy. */
export interface PolicyReport {
  /** The policy. */
  readonly policy: {
    /** Its kind. */
    readonly "policy-type": Policy["type"];
    /** Its lines, or TLSA records. */
    readonly "policy-string"?: ReadonlyArray<string>;
    /** The domain that it stands for. */
    readonly "policy-domain": string;
    /** The hosts that it names. */
    readonly "mx-host"?: ReadonlyArray<string>;
  };
  /** How many sessions there were. */
  readonly summary: {
    /** Those that were as the policy wants it. */
    readonly "total-successful-session-count": number;
    /** Those that were not. */
    readonly "total-failure-session-count": number;
  };
  /** The failures, those that are alike counted together. */
  readonly "failure-details": ReadonlyArray<FailureDetails>;
}

/** Failures that are alike. */
export interface FailureDetails {
  /** What went wrong. */
  readonly "result-type": ResultType;
  /** From which address. */
  readonly "sending-mta-ip"?: string;
  /** With which host. */
  readonly "receiving-mx-hostname"?: string;
  /** What that called itself. */
  readonly "receiving-mx-helo"?: string;
  /** At which address. */
  readonly "receiving-ip"?: string;
  /** How often. */
  readonly "failed-session-count": number;
  /** A URI with more about it. */
  readonly "additional-information"?: string;
  /** A code, or a few words. */
  readonly "failure-reason-code"?: string;
}

/** What a report says of itself. */
export interface ReportOptions {
  /** Who reports. */
  readonly organizationName: string;
  /** The address of somebody responsible, like `tls@example.com`. */
  readonly contactInfo: string;
  /** Names this report and no other. */
  readonly reportId: string;
  /** The first moment that it covers, in milliseconds since the epoch; it should be 00:00 UTC. */
  readonly from: number;
  /** The last moment; a report should cover a day. */
  readonly to: number;
}

/** RFC 3339, in UTC and without fractions of a second. */
const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");

const describe = (policy: Policy): PolicyReport["policy"] => {
  const base = { "policy-type": policy.type, "policy-domain": policy.domain };
  switch (policy.type) {
    case "no-policy-found":
      return base;
    case "tlsa":
      return policy.records.length === 0 ? base : { ...base, "policy-string": policy.records };
    case "sts":
      return policy.policy === undefined
        ? base
        : { ...base, "policy-string": MtaStsPolicy.lines(policy.policy), "mx-host": policy.policy.mx };
  }
};

/** The entries by what their keys say, in the order in which the keys came. */
const groupBy = <A>(entries: ReadonlyArray<A>, key: (entry: A) => unknown): ReadonlyArray<ReadonlyArray<A>> => [
  ...Map.groupBy(entries, (entry) => JSON.stringify(key(entry))).values(),
];

const count = (sessions: ReadonlyArray<TlsSession>): number =>
  sessions.reduce((sum, session) => sum + (session.count ?? 1), 0);

const details = ({ failure, ...session }: TlsSession): Omit<FailureDetails, "failed-session-count"> | undefined =>
  failure && {
    "result-type": failure.type,
    ...(session.sendingIp === undefined ? {} : { "sending-mta-ip": session.sendingIp }),
    ...(session.host === undefined ? {} : { "receiving-mx-hostname": session.host }),
    ...(session.helo === undefined ? {} : { "receiving-mx-helo": session.helo }),
    ...(session.receivingIp === undefined ? {} : { "receiving-ip": session.receivingIp }),
    ...(failure.additionalInformation === undefined ? {} : { "additional-information": failure.additionalInformation }),
    ...(failure.reasonCode === undefined ? {} : { "failure-reason-code": failure.reasonCode }),
  };

const policyReport = (sessions: ReadonlyArray<TlsSession>): PolicyReport => {
  const failed = sessions.filter(({ failure }) => failure !== undefined);
  return {
    policy: describe(sessions[0]!.policy),
    summary: {
      "total-successful-session-count": count(sessions) - count(failed),
      "total-failure-session-count": count(failed),
    },
    "failure-details": groupBy(failed, details).map((alike) => ({
      ...details(alike[0]!)!,
      "failed-session-count": count(alike),
    })),
  };
};

/**
 * Adds sessions up to a report. They should be of one domain: `Map.groupBy(sessions, ({ domain }) => domain)` parts them.
 *
 * @example
 * ```ts
 * import * as TlsRpt from "@plausch/delivery/tls-rpt";
 * import { assertEquals } from "@std/assert";
 *
 * const report = TlsRpt.report([], {
 *   organizationName: "Example Inc.", contactInfo: "tls@example.com", reportId: "1", from: 0, to: 86_399_000,
 * });
 * assertEquals(JSON.stringify(report["date-range"]), JSON.stringify({
 *   "start-datetime": "1970-01-01T00:00:00Z", "end-datetime": "1970-01-01T23:59:59Z",
 * }));
 * ```
 */
export const report = (sessions: ReadonlyArray<TlsSession>, options: ReportOptions): Report => ({
  "organization-name": options.organizationName,
  "date-range": { "start-datetime": time(options.from), "end-datetime": time(options.to) },
  "contact-info": options.contactInfo,
  "report-id": options.reportId,
  policies: groupBy(sessions, ({ policy }) => describe(policy)).map(policyReport),
});
