/**
 * MTA-STS from the record to the verdict: records from unbound, policies over real HTTPS from a server with a certificate of
 * the test CA, Postfix behind the route.
 */
import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
import * as Live from "@plausch/dns/live";
import { Resolver } from "@plausch/dns/resolver";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import { readFile } from "node:fs/promises";
import { type Policies, type PolicyServer, withPolicyServer } from "../support/policy_server.ts";
import { certificate, copies, newMark, type Peer, peerTest, portOf, stored, withoutTrace } from "./_peers.ts";
import { letter, send } from "./_send.ts";

const policy = (mode: string, mx: string): string =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: 86400\r\n`;

const policies: Policies = {
  "mta-sts.stsok.insecure.test": policy("enforce", "*.plausch.test"),
  "mta-sts.stsmismatch.insecure.test": policy("enforce", "*.elsewhere.test"),
  "mta-sts.ststesting.insecure.test": policy("testing", "*.elsewhere.test"),
  "mta-sts.stsnone.insecure.test": policy("none", "mx1.plausch.test"),
  "mta-sts.stsbadpolicy.insecure.test": "version: STSv1\nmode: enforce\nmax_age: 86400\n",
  "mta-sts.stsredirect.insecure.test": {
    status: 302,
    headers: { location: "https://mta-sts.stsok.insecure.test/.well-known/mta-sts.txt" },
  },
  "mta-sts.stswrongcert.insecure.test": policy("enforce", "*.elsewhere.test"),
  "mta-sts.plausch.test": policy("enforce", "mx3.plausch.test"),
};

const withPolicies = async (use: (server: PolicyServer) => Promise<void>): Promise<void> => {
  const [cert, key] = await Promise.all(
    ["policyhost.pem", "policyhost.key"].map((file) => readFile(certificate(file), "utf8")),
  );
  await withPolicyServer({ cert: cert!, key: key!, policies }, use);
};

/** What the plan has of MTA-STS, and each host with what is done about it. */
const route = async (unbound: Peer, domain: string, server: PolicyServer, options: Mx.ResolveOptions = {}) => {
  const ca = await readFile(certificate("ca.pem"), "utf8");
  const plan = await Effect.runPromise(
    Effect.gen(function* () {
      const mtaSts = yield* LiveMtaSts.make(yield* Resolver, { allowLocal: true, ca, port: server.port });
      return yield* Mx.resolve(domain, { allowLocal: true, mtaSts, ...options });
    }).pipe(Effect.provide(Live.layer({ servers: [`${unbound.host}:${unbound.port}`] }))),
  );
  const found = plan.mtaSts;
  const hosts = RoutePlan.candidates(plan).map(({ host, decision, policy, warnings }) =>
    [
      host.replace(".plausch.test", ""),
      decision._tag === "Skip" ? decision.reason : policy._tag === "MtaSts" ? policy.mode : policy._tag,
      ...warnings.map(({ _tag }) => _tag),
    ].join(" ")
  );
  const what = found === undefined ? "not asked" : found._tag === "Found" ? found.policy.mode : found._tag;
  return { what: [what, found?.problem?.reason ?? ""].join(" ").trimEnd(), hosts: hosts.sort(), plan };
};

interface Route {
  readonly domain: string;
  /** What is known of the policy. */
  readonly what: string;
  readonly hosts: ReadonlyArray<string>;
  /** Whether the policy host is asked for the policy, once. */
  readonly isFetched: boolean;
  /** The port of Postfix that will be dialled; 25 by default. */
  readonly use?: string;
  readonly failure?: RoutePlan.RouteFailure["reason"];
}

const routes: ReadonlyArray<Route> = [
  { domain: "stsok.insecure.test", what: "enforce", hosts: ["mx1 enforce"], isFetched: true },
  {
    domain: "stsmismatch.insecure.test",
    what: "enforce",
    hosts: ["mx1 MtaStsMxMismatch"],
    isFetched: true,
    failure: "MtaStsMxMismatch",
  },
  { domain: "ststesting.insecure.test", what: "testing", hosts: ["mx1 testing MtaStsMxMismatch"], isFetched: true },
  { domain: "stsnone.insecure.test", what: "none", hosts: ["mx1 Opportunistic"], isFetched: true },
  { domain: "stsbadpolicy.insecure.test", what: "Failed BadPolicy", hosts: ["mx1 Opportunistic"], isFetched: true },
  // The redirect is not followed.
  { domain: "stsredirect.insecure.test", what: "Failed FetchFailed", hosts: ["mx1 Opportunistic"], isFetched: true },
  // To a server with the wrong certificate nothing is said.
  {
    domain: "stswrongcert.insecure.test",
    what: "Failed CertificateRefused",
    hosts: ["mx1 Opportunistic"],
    isFetched: false,
  },
  { domain: "stsnohost.insecure.test", what: "Failed FetchFailed", hosts: ["mx1 Opportunistic"], isFetched: false },
  { domain: "securemx.insecure.test", what: "None", hosts: ["mx1 Opportunistic"], isFetched: false },
  { domain: "ststwice.plausch.test", what: "None SeveralRecords", hosts: ["amx Opportunistic"], isFetched: false },
  { domain: "stsbroken.plausch.test", what: "None BadRecord", hosts: ["amx Opportunistic"], isFetched: false },
  // Every host has TLSA records for port 25: DANE speaks for them, and nobody asks for the policy.
  { domain: "plausch.test", what: "not asked", hosts: ["mx1 Dane", "mx2 Dane", "mx3 Dane"], isFetched: false },
  // For the port of Postfix only mx1 has: the policy, which does not name it, decides on the others.
  {
    domain: "plausch.test",
    what: "enforce",
    hosts: ["mx1 Dane", "mx2 MtaStsMxMismatch", "mx3 enforce"],
    isFetched: true,
    use: "smtp",
  },
];

for (const { domain, what, hosts, isFetched, use, failure } of routes) {
  const title = `MTA-STS of ${domain}${use === undefined ? "" : " for another port"}: ${what}`;
  peerTest(title, ["unbound", "postfix"], ({ unbound, postfix }) =>
    withPolicies(async (server) => {
      const options = use === undefined ? {} : { port: portOf(postfix, use) };
      const found = await route(unbound, domain, server, options);
      assertEquals([found.what, found.hosts], [what, hosts]);
      assertEquals(RoutePlan.failure(found.plan)?.reason, failure);
      assertEquals(server.asked, isFetched ? [`mta-sts.${domain}/.well-known/mta-sts.txt`] : []);
    }));
}

/** Sends to bob of a domain over its route, at a port of Postfix. */
const deliver = (unbound: Peer, port: number, domain: string, server: PolicyServer, message: Uint8Array) =>
  send({
    to: `bob@${domain}`,
    message,
    args: [
      ...["--dns", `${unbound.host}:${unbound.port}`, "--port", `${port}`, "--allow-local"],
      ...["--tls-ca", certificate("ca.pem"), "--mta-sts-port", `${server.port}`],
    ],
  });

const deliveries: ReadonlyArray<readonly [domain: string, use: string, code: number, verdict: string]> = [
  ["stsok.insecure.test", "smtp", 0, "accepted final 250 2.0.0"],
  ["stsok.insecure.test", "wrongname", 77, "deferred tls TlsFailed"],
  ["stsok.insecure.test", "expired", 77, "deferred tls TlsFailed"],
  ["stsok.insecure.test", "untrusted", 77, "deferred tls TlsFailed"],
  ["stsok.insecure.test", "selfsigned", 77, "deferred tls TlsFailed"],
  ["stsmismatch.insecure.test", "smtp", 77, "deferred connect 451 4.7.5 MtaStsMxMismatch"],
  ["ststesting.insecure.test", "smtp", 0, "accepted final 250 2.0.0"],
  ["ststesting.insecure.test", "wrongname", 0, "accepted final 250 2.0.0"],
  ["stsbadpolicy.insecure.test", "selfsigned", 0, "accepted final 250 2.0.0"],
];

for (const [domain, use, code, verdict] of deliveries) {
  peerTest(
    `send to ${domain} at the ${use} port: ${verdict}`,
    ["unbound", "postfix"],
    ({ unbound, postfix }) =>
      withPolicies(async (server) => {
        const mark = newMark();
        const sent = await deliver(unbound, portOf(postfix, use), domain, server, letter(mark));
        assertEquals([sent.code, sent.verdicts[`bob@${domain}`]], [code, verdict], sent.text);
        if (code === 0) {
          assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
        } else {
          // No envelope goes to a server that is not proven.
          assertEquals(sent.verbs.filter((verb) => verb === "MAIL"), []);
          assertEquals(await copies(postfix, mark), []);
        }
      }),
  );
}

peerTest(
  "send says by whom a host is vouched for",
  ["unbound", "postfix"],
  ({ unbound, postfix }) =>
    withPolicies(async (server) => {
      const sent = await deliver(unbound, portOf(postfix, "smtp"), "stsok.insecure.test", server, letter(newMark()));
      const secured = sent.events.find(({ event }) => event === "secured");
      assertStringIncludes(JSON.stringify(secured), "mta-sts");
    }),
);
