import { assertEquals } from "@std/assert";
import type { Visited } from "@plausch/delivery/trail";
import * as TlsRpt from "@plausch/delivery/tls-rpt";
import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
import * as Zone from "@plausch/dns/zone";
import * as Mx from "@plausch/mx/mx";
import { type FailureReason, SessionError } from "@plausch/session/session-error";
import { TlsError } from "@plausch/tls/tls-error";
import type { CertificateFault, TlsReport, Verification } from "@plausch/tls/tls-report";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { it } from "../support/it.ts";
import { type Answer, makeMtaSts, policyHost, textResponse } from "../support/policy_host.ts";

// ---- the record

const records: ReadonlyArray<readonly [text: string, rua: ReadonlyArray<string> | undefined]> = [
  ["v=TLSRPTv1;rua=mailto:reports@example.com", ["mailto:reports@example.com"]],
  ["v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt;", ["https://reporting.example.com/v1/tlsrpt"]],
  ["v=TLSRPTv1 ;\trua=mailto:a@d.test , https://d.test/r?a=b ; later=x", ["mailto:a@d.test", "https://d.test/r?a=b"]],
  ["v=TLSRPTv1; later=x; rua=mailto:a@d.test; rua=mailto:b@d.test", ["mailto:a@d.test"]],
  ["v=TLSRPTv1; rua=ftp://d.test,MAILTO:a@d.test", ["MAILTO:a@d.test"]],
  ["v=TLSRPTv1; rua=mailto:nobody", undefined],
  ["v=TLSRPTv1; rua=http://d.test/", undefined],
  ["v=TLSRPTv1; rua=", undefined],
  ["v=TLSRPTv1; rua=mailto:a b@d.test", undefined],
  ["v=TLSRPTv1;", undefined],
  ["v=TLSRPTv1; rua", undefined],
  ["v=TLSRPTv1 rua=mailto:a@d.test", undefined],
  ["v=TLSRPTv2; rua=mailto:a@d.test", undefined],
  ["rua=mailto:a@d.test; v=TLSRPTv1;", undefined],
  ["", undefined],
];

for (const [text, rua] of records) {
  Deno.test(`TLS-RPT record: "${text}"`, () => assertEquals(TlsRptRecord.parse(text)?.rua, rua));
}

it("TLS-RPT, from a delivery: a host without DANE, where that was asked for", () =>
  Effect.gen(function* () {
    const plan = yield* planOf(d, "");
    const passed = { _tag: "PassedOver", domain: "d.test", host: "a.d.test", preference: 10, message: "" } as const;
    const trail = [{ ...passed, reason: "NotDane" }, { ...passed, reason: "EnoughTried" }] as const;
    assertEquals(TlsRpt.sessions({ recipients: [], plans: new Map([["d.test", plan]]), trail }), [{
      domain: "d.test",
      policy: { type: "no-policy-found", domain: "d.test" },
      host: "a.d.test",
      failure: { type: "dane-required" },
    }]);
  }));

it("TLS-RPT record: one, none, two, one behind an alias", () =>
  Effect.gen(function* () {
    const rua = (domain: string) => Effect.map(TlsRptRecord.lookUp(domain), (record) => record?.rua);
    assertEquals(yield* rua("a.test"), ["mailto:a@d.test"]);
    assertEquals(yield* rua("b.test"), undefined);
    assertEquals(yield* rua("c.test"), undefined);
    assertEquals(yield* rua("d.test"), ["mailto:a@d.test"]);
    assertEquals((yield* Effect.flip(rua("e.test"))).reason, "ServerFailure");
  }).pipe(Effect.provide(Zone.layer({
    records: {
      "_smtp._tls.a.test": { TXT: ["hello", "v=TLSRPTv1; rua=mailto:a@d.test"] },
      "_smtp._tls.c.test": { TXT: ["v=TLSRPTv1; rua=mailto:a@d.test", "v=TLSRPTv1; rua=mailto:b@d.test"] },
      "_smtp._tls.d.test": { CNAME: "elsewhere.test" },
      "elsewhere.test": { TXT: '"v=TLSRPTv1; rua=mail" "to:a@d.test"' },
      "_smtp._tls.e.test": { failure: "ServerFailure" },
    },
  }))));

// ---- the report, with the numbers of RFC 8460 appendix B

Deno.test("TLS-RPT report: the example of the RFC", () => {
  const policy: TlsRpt.Policy = {
    type: "sts",
    domain: "company-y.example",
    policy: { mode: "testing", maxAge: 86_400, mx: ["*.mail.company-y.example"] },
  };
  const base = { domain: "company-y.example", policy };
  const report = TlsRpt.report([
    { ...base, failure: undefined, count: 5326 },
    {
      ...base,
      sendingIp: "2001:db8:abcd:12::1",
      host: "mx1.mail.company-y.example",
      failure: { type: "certificate-expired" },
      count: 100,
    },
    {
      ...base,
      sendingIp: "2001:db8:abcd:13::1",
      host: "mx2.mail.company-y.example",
      receivingIp: "203.0.113.56",
      failure: {
        type: "starttls-not-supported",
        additionalInformation: "https://reports.company-x.example/report_info?id=5065427c-23d3#StarttlsNotSupported",
      },
      count: 200,
    },
    {
      ...base,
      sendingIp: "198.51.100.62",
      host: "mx-backup.mail.company-y.example",
      helo: "backup",
      receivingIp: "203.0.113.58",
      failure: { type: "validation-failure", reasonCode: "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED" },
      count: 3,
    },
  ], {
    organizationName: "Company-X",
    contactInfo: "sts-reporting@company-x.example",
    reportId: "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    from: Date.UTC(2016, 3, 1),
    to: Date.UTC(2016, 3, 1, 23, 59, 59),
  });
  assertEquals(JSON.parse(JSON.stringify(report)), {
    "organization-name": "Company-X",
    "date-range": { "start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z" },
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    policies: [{
      policy: {
        "policy-type": "sts",
        "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
        "policy-domain": "company-y.example",
        "mx-host": ["*.mail.company-y.example"],
      },
      summary: { "total-successful-session-count": 5326, "total-failure-session-count": 303 },
      "failure-details": [{
        "result-type": "certificate-expired",
        "sending-mta-ip": "2001:db8:abcd:12::1",
        "receiving-mx-hostname": "mx1.mail.company-y.example",
        "failed-session-count": 100,
      }, {
        "result-type": "starttls-not-supported",
        "sending-mta-ip": "2001:db8:abcd:13::1",
        "receiving-mx-hostname": "mx2.mail.company-y.example",
        "receiving-ip": "203.0.113.56",
        "failed-session-count": 200,
        "additional-information": "https://reports.company-x.example/report_info?id=5065427c-23d3#StarttlsNotSupported",
      }, {
        "result-type": "validation-failure",
        "sending-mta-ip": "198.51.100.62",
        "receiving-mx-hostname": "mx-backup.mail.company-y.example",
        "receiving-mx-helo": "backup",
        "receiving-ip": "203.0.113.58",
        "failed-session-count": 3,
        "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
      }],
    }],
  });
});

const options: TlsRpt.ReportOptions = {
  organizationName: "o",
  contactInfo: "c@d.test",
  reportId: "1",
  from: 0,
  to: 999,
};

Deno.test("TLS-RPT report: policies apart, failures that are alike together", () => {
  const record = `3 1 1 ${"AB".repeat(32)}`;
  const tlsa: TlsRpt.Policy = { type: "tlsa", domain: "mx1.d.test", records: [record] };
  const none: TlsRpt.Policy = { type: "no-policy-found", domain: "d.test" };
  const session = (policy: TlsRpt.Policy, type?: TlsRpt.ResultType, reasonCode?: string): TlsRpt.TlsSession => ({
    domain: "d.test",
    policy,
    host: "mx1.d.test",
    failure: type && { type, reasonCode },
  });
  const { policies } = TlsRpt.report([
    session(tlsa, "validation-failure", "tlsa-mismatch"),
    session(none),
    session({ ...tlsa }),
    session(tlsa, "validation-failure", "Alert"),
    session({ ...tlsa, records: [record] }, "validation-failure", "tlsa-mismatch"),
    session({ type: "sts", domain: "d.test", policy: undefined }, "sts-policy-fetch-error"),
    session({ type: "tlsa", domain: "mx2.d.test", records: [] }, "dnssec-invalid"),
  ], options);
  assertEquals(
    policies.map(({ policy, summary, ...more }) => [
      policy,
      ...Object.values(summary),
      ...more["failure-details"].map((one) => [one["failed-session-count"], one["failure-reason-code"]]),
    ]),
    [
      [
        { "policy-type": "tlsa", "policy-domain": "mx1.d.test", "policy-string": [record] },
        1,
        3,
        [2, "tlsa-mismatch"],
        [1, "Alert"],
      ],
      [{ "policy-type": "no-policy-found", "policy-domain": "d.test" }, 1, 0],
      [{ "policy-type": "sts", "policy-domain": "d.test" }, 0, 1, [1, undefined]],
      [{ "policy-type": "tlsa", "policy-domain": "mx2.d.test" }, 0, 1, [1, undefined]],
    ],
  );
});

Deno.test("TLS-RPT report: of nothing", () => assertEquals(TlsRpt.report([], options).policies, []));

// ---- from failures of ours to its words

const faults: Readonly<Record<CertificateFault, TlsRpt.ResultType>> = {
  "no-certificate": "certificate-not-trusted",
  "pin-mismatch": "validation-failure",
  "tlsa-mismatch": "validation-failure",
  "expired": "certificate-expired",
  "not-yet-valid": "certificate-not-trusted",
  "self-signed": "certificate-not-trusted",
  "wrong-name": "certificate-host-mismatch",
  "unknown-ca": "certificate-not-trusted",
  "invalid": "certificate-not-trusted",
};

const handshake = (verification: Verification): TlsReport => ({
  protocol: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  serverName: "mx1.d.test",
  alpnProtocol: undefined,
  chain: [],
  verification,
});
const bad = (fault: CertificateFault) => handshake({ verified: false, fault, detail: undefined });
const failed = (reason: FailureReason, cause?: unknown) =>
  new SessionError({ reason, stage: "starttls", recipients: [], cause });

for (const [fault, type] of Object.entries(faults) as ReadonlyArray<[CertificateFault, TlsRpt.ResultType]>) {
  Deno.test(`TLS-RPT: a certificate with the fault ${fault} is ${type}`, () => {
    const cause = new TlsError({ reason: "CertificateRefused", report: bad(fault) });
    assertEquals(TlsRpt.failureOfError(failed("TlsFailed", cause)), { type, reasonCode: fault });
  });
}

const failures: ReadonlyArray<readonly [error: SessionError, failure: TlsRpt.Failure | undefined]> = [
  [failed("TlsNotOffered"), { type: "starttls-not-supported" }],
  [failed("TlsRefused"), { type: "starttls-not-supported" }],
  [failed("TlsFailed", new TlsError({ reason: "Alert" })), { type: "validation-failure", reasonCode: "Alert" }],
  [failed("TlsFailed"), { type: "validation-failure", reasonCode: "TlsFailed" }],
  [failed("StartTlsInjection"), { type: "validation-failure", reasonCode: "StartTlsInjection" }],
  [failed("ConnectFailed"), undefined],
  [failed("Timeout"), undefined],
  [failed("Refused"), undefined],
];

for (const [error, failure] of failures) {
  Deno.test(`TLS-RPT: ${error.message}`, () => assertEquals(TlsRpt.failureOfError(error), failure));
}

// ---- from a delivery

const sha256 = "ab".repeat(32);
const v1 = "v=STSv1; id=1;";
const sts = (mode: string) => `version: STSv1\nmode: ${mode}\nmx: *.d.test\nmax_age: 86400\n`;

const planOf = (records: Zone.StaticZone["records"], policy: Answer) =>
  makeMtaSts().pipe(
    Effect.flatMap((mtaSts) => Mx.resolve("d.test", { mtaSts })),
    Effect.provide(Layer.merge(Zone.layer({ records, authenticated: true }), policyHost(policy).layer)),
  );

const visited: Omit<Visited, "policy"> = {
  _tag: "Visited",
  domain: "d.test",
  host: "a.d.test",
  preference: 10,
  at: 0,
  elapsed: 1,
  tries: [{ address: "192.0.2.1", at: 0, result: "connected", error: undefined }],
  level: "opportunistic",
  protection: undefined,
  recipients: [],
  adaptations: [],
  error: undefined,
};
const protectedBy = (tls: TlsReport | undefined, isEncrypted = true): Partial<Visited> => ({
  protection: { level: "opportunistic", isEncrypted, tls, authenticated: undefined },
});

interface Delivery {
  readonly name: string;
  readonly records?: Zone.StaticZone["records"];
  readonly policy?: Answer;
  readonly visit?: Partial<Visited>;
  readonly found: ReadonlyArray<
    readonly [policy: TlsRpt.Policy["type"], domain: string, host: string | undefined, failure: string]
  >;
}

const d = { "d.test": { MX: "10 a.d.test" }, "a.d.test": { A: "192.0.2.1" } };
const other = {
  "d.test": { MX: "10 b.other.test" },
  "b.other.test": { A: "192.0.2.1" },
  "_mta-sts.d.test": { TXT: v1 },
};
const dane = { ...d, "_25._tcp.a.d.test": { TLSA: `3 1 1 ${sha256}` } };
const withSts = { ...d, "_mta-sts.d.test": { TXT: v1 } };

const deliveries: ReadonlyArray<Delivery> = [
  {
    name: "encrypted, with whomever, where nothing is promised",
    visit: protectedBy(bad("self-signed")),
    found: [["no-policy-found", "d.test", "a.d.test", "success"]],
  },
  {
    name: "in clear where nothing is promised",
    visit: protectedBy(undefined, false),
    found: [["no-policy-found", "d.test", "a.d.test", "starttls-not-supported"]],
  },
  {
    name: "in clear, on a second connection",
    visit: { ...protectedBy(undefined, false), tries: [visited.tries[0]!, visited.tries[0]!] },
    found: [["no-policy-found", "d.test", "a.d.test", "validation-failure in clear"]],
  },
  {
    name: "in clear because no TLS was asked for",
    visit: { ...protectedBy(undefined, false), level: "none" },
    found: [],
  },
  { name: "no connection", visit: { tries: [], error: failed("ConnectFailed") }, found: [] },
  { name: "a session that was open already", visit: { tries: [], ...protectedBy(bad("expired")) }, found: [] },
  { name: "a conversation that broke before TLS", visit: { error: failed("Timeout") }, found: [] },
  {
    name: "DANE, proven",
    records: dane,
    visit: protectedBy(handshake({ verified: true, by: "pkix" })),
    found: [["tlsa", "a.d.test", "a.d.test", "success"]],
  },
  {
    name: "DANE, and another certificate",
    records: dane,
    visit: { error: failed("TlsFailed", new TlsError({ reason: "CertificateRefused", report: bad("tlsa-mismatch") })) },
    found: [["tlsa", "a.d.test", "a.d.test", "validation-failure tlsa-mismatch"]],
  },
  {
    name: "DANE with records of no use: one failure for them, and the session is good",
    records: { ...d, "_25._tcp.a.d.test": { TLSA: `0 1 1 ${sha256}` } },
    visit: protectedBy(bad("self-signed")),
    found: [["tlsa", "a.d.test", "a.d.test", "tlsa-invalid"], ["tlsa", "a.d.test", "a.d.test", "success"]],
  },
  {
    name: "DANE with records of no use, and MTA-STS in their place: a failure of the one, a success of the other",
    records: { ...withSts, ...d, "_25._tcp.a.d.test": { TLSA: `0 1 1 ${sha256}` } },
    policy: sts("enforce"),
    visit: protectedBy(handshake({ verified: true, by: "pkix" })),
    found: [["tlsa", "a.d.test", "a.d.test", "tlsa-invalid"], ["sts", "d.test", "a.d.test", "success"]],
  },
  {
    name: "TLSA records that cannot be looked up",
    records: { ...d, "_25._tcp.a.d.test": { failure: "ServerFailure" } },
    found: [["tlsa", "a.d.test", "a.d.test", "dnssec-invalid ServerFailure"]],
  },
  {
    name: "MTA-STS, proven",
    records: withSts,
    policy: sts("enforce"),
    visit: protectedBy(handshake({ verified: true, by: "pkix" })),
    found: [["sts", "d.test", "a.d.test", "success"]],
  },
  {
    name: "MTA-STS enforced, and STARTTLS is not offered",
    records: withSts,
    policy: sts("enforce"),
    visit: { error: failed("TlsNotOffered") },
    found: [["sts", "d.test", "a.d.test", "starttls-not-supported"]],
  },
  {
    name: "MTA-STS for a test: the mail went, and the certificate is over",
    records: withSts,
    policy: sts("testing"),
    visit: protectedBy(bad("expired")),
    found: [["sts", "d.test", "a.d.test", "certificate-expired expired"]],
  },
  {
    name: "MTA-STS for a test: the mail went in clear",
    records: withSts,
    policy: sts("testing"),
    visit: protectedBy(undefined, false),
    found: [["sts", "d.test", "a.d.test", "starttls-not-supported"]],
  },
  {
    name: "MTA-STS for a test: the mail went to a host that is not named",
    records: other,
    policy: sts("testing"),
    visit: { host: "b.other.test", ...protectedBy(handshake({ verified: true, by: "pkix" })) },
    found: [["sts", "d.test", "b.other.test", "validation-failure MtaStsMxMismatch"]],
  },
  {
    name: "MTA-STS enforced, and the host is not named",
    records: other,
    policy: sts("enforce"),
    found: [["sts", "d.test", "b.other.test", "validation-failure MtaStsMxMismatch"]],
  },
  {
    name: "a policy that could not be fetched, and the session under none",
    records: withSts,
    policy: () => textResponse("", 404),
    visit: protectedBy(bad("self-signed")),
    found: [
      ["sts", "d.test", undefined, "sts-policy-fetch-error the server answered 404"],
      ["no-policy-found", "d.test", "a.d.test", "success"],
    ],
  },
  {
    name: "a policy that cannot be read",
    records: withSts,
    policy: "version: STSv2\nmode: none\nmax_age: 1\n",
    found: [["sts", "d.test", undefined, 'sts-policy-invalid the version "STSv2" is not STSv1']],
  },
  {
    name: "a policy host whom nobody vouches for",
    records: withSts,
    policy: Object.assign(new Error("who?"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }),
    found: [["sts", "d.test", undefined, 'sts-webpki-invalid "who?"']],
  },
  {
    name: "two records: as if none",
    records: { ...d, "_mta-sts.d.test": { TXT: [v1, v1] } },
    found: [],
  },
];

for (const { name, records = d, policy = "", visit, found } of deliveries) {
  it(`TLS-RPT, from a delivery: ${name}`, () =>
    Effect.gen(function* () {
      const plan = yield* planOf(records, policy);
      const candidate = plan.tiers[0]?.candidates[0];
      const trail = visit === undefined ? [] : [{ ...visited, policy: candidate!.policy, ...visit }];
      const sessions = TlsRpt.sessions({ recipients: [], plans: new Map([["d.test", plan]]), trail });
      assertEquals<ReadonlyArray<ReadonlyArray<string | undefined>>>(
        sessions.map(({ policy, host, failure }) => [
          policy.type,
          policy.domain,
          host,
          failure === undefined ? "success" : [failure.type, failure.reasonCode].filter(Boolean).join(" "),
        ]),
        found,
      );
    }));
}
