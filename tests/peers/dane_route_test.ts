/** What the TLSA records of the zones ask for, through unbound, which validates: the policy of each host, or why it is skipped. */
import * as Live from "@plausch/dns/live";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as TlsPolicy from "@plausch/mx/tls-policy";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import { type Peer, peerTest, portOf } from "./_peers.ts";

const plan = ({ host, port }: Peer, domain: string, options: Mx.ResolveOptions = {}, trustAd?: boolean) =>
  Effect.runPromise(
    Effect.provide(
      Mx.resolve(domain, { allowLocal: true, ...options }),
      Live.layer({ servers: [`${host}:${port}`], trustAd }),
    ),
  );

const promises = (plan: RoutePlan.RoutePlan): ReadonlyArray<string> =>
  RoutePlan.candidates(plan).map(({ host, policy }) => `${host}: ${TlsPolicy.explain(policy)}`).sort();

const dane = (numbers: string): string => `DANE: TLS with a certificate that matches TLSA ${numbers}`;
const open = "TLS where it is offered";

const routes: ReadonlyArray<readonly [domain: string, promises: ReadonlyArray<string>]> = [
  ["daneok.plausch.test", [`mx1.plausch.test: ${dane("3 1 1")}`]],
  ["daneta.plausch.test", [`mx2.plausch.test: ${dane("2 1 1")}`]],
  // Whether it is right, the handshake tells.
  ["danebad.plausch.test", [`mx3.plausch.test: ${dane("3 1 1")}`]],
  [
    "daneunusable.plausch.test",
    ["unusable.plausch.test: DANE: TLS with any certificate, since no TLSA record can be used"],
  ],
  ["danecname.plausch.test", [`dcname.plausch.test: ${dane("3 1 1")}`]],
  ["v6only.plausch.test", [`mx6.plausch.test: ${open}`]],
  ["implicit.plausch.test", [`implicit.plausch.test: ${open}`]],
  ["bogus.test", []],
  // A zone that is not signed has a TLSA record, which nobody looks at; nor at that of a signed host that it names.
  ["insecure.test", [`mx1.insecure.test: ${open}`]],
  ["securemx.insecure.test", [`mx1.plausch.test: ${open}`]],
  ["[127.0.0.1]", [`[127.0.0.1]: ${open}`]],
];

for (const [domain, expected] of routes) {
  peerTest(`DANE of ${domain}, through unbound`, ["unbound"], async ({ unbound }) => {
    assertEquals(promises(await plan(unbound, domain)), expected);
  });
}

peerTest(
  "DANE is not used with a name server whose word is not trusted, nor when it is not asked for",
  ["unbound"],
  async ({ unbound }) => {
    const expected = [`mx1.plausch.test: ${open}`];
    assertEquals(promises(await plan(unbound, "daneok.plausch.test", {}, false)), expected);
    assertEquals(promises(await plan(unbound, "daneok.plausch.test", { dane: false })), expected);
  },
);

peerTest(
  "DANE: the names of an authority's certificate, and the name for SNI where an alias leads",
  ["unbound"],
  async ({ unbound }) => {
    const policyOf = async (domain: string) => {
      const policy = RoutePlan.firstUsable(await plan(unbound, domain))?.policy;
      assert(policy?._tag === "Dane");
      return [policy.baseDomain, ...policy.names];
    };
    assertEquals(await policyOf("daneta.plausch.test"), [
      "mx2.plausch.test",
      "mx2.plausch.test",
      "daneta.plausch.test",
    ]);
    // RFC 7672 section 2.2.2: where the alias leads comes first.
    assertEquals(await policyOf("danecname.plausch.test"), [
      "mx1.plausch.test",
      "mx1.plausch.test",
      "danecname.plausch.test",
    ]);
  },
);

peerTest("DANE: records stand for one port", ["unbound", "postfix"], async ({ unbound, postfix }) => {
  const at = async (port: number) => promises(await plan(unbound, "daneok.plausch.test", { port }));
  assertEquals(await at(portOf(postfix, "smtp")), [`mx1.plausch.test: ${dane("3 1 1")}`]);
  assertEquals(await at(portOf(postfix, "wrongname")), [`mx1.plausch.test: ${open}`]);
});
