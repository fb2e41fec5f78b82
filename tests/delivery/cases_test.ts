// Every case of tests/cases/delivery.jsonl: a whole delivery, with a resolver and hosts that behave as the case says.
import { assert, assertEquals } from "@std/assert";
import * as Delivered from "@plausch/delivery/delivered";
import * as Delivery from "@plausch/delivery/delivery";
import { Dialer } from "@plausch/delivery/dialer";
import { Resolver } from "@plausch/dns/resolver";
import * as RoutePlan from "@plausch/mx/route-plan";
import { SessionError } from "@plausch/session/session-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import { TlsError } from "@plausch/tls/tls-error";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { type DeliveryCase, deliveryCases, resolverOf } from "../support/delivery_case.ts";
import * as FakeHosts from "../support/fake_hosts.ts";
import { it } from "../support/it.ts";
import { makeMtaSts, policyHost, textResponse } from "../support/policy_host.ts";
import { conversing, mailTo } from "./_deliveries.ts";

const transaction = (domain: string, end = "< 250 2.0.0 got it\n> QUIT\n< 221 bye\n"): string =>
  `> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@${domain}>\n< 250 ok\n> DATA\n< 354 go\n> hello\n> .\n${end}`;

const greeting = "< 220 mx\n> EHLO c.test\n";
const starttls = (domain: string, fault: string): string =>
  `${greeting}< 250-mx\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n* tls starts${fault}\n` +
  (fault === "" ? `> EHLO c.test\n< 250 mx\n${transaction(domain)}` : "* client closes\n");

/** What a host does, in the words of the cases. */
const behaviours: { readonly [word: string]: (domain: string) => FakeHosts.Behaviour } = {
  ok: (domain) => `${greeting}< 250 mx\n${transaction(domain)}`,
  refuse: () => "refuse",
  timeout: () => "timeout",
  "554": () => "< 554 mx no service here\n> QUIT\n< 221 bye\n",
  "521": () => "< 521 mx takes no mail\n> QUIT\n< 221 bye\n",
  "drop-after-dot": (domain) => `${greeting}< 250 mx\n${transaction(domain, "* server closes\n")}`,
  "tls GOOD": (domain) => starttls(domain, ""),
  "tls chain CA wrongname": (domain) => starttls(domain, ", wrong-name"),
  "tls wrongname": (domain) => starttls(domain, ", wrong-name"),
  "no-starttls": () => `${greeting}< 250 mx\n> QUIT\n< 221 bye\n`,
};

/** The digests of the mock's certificates; see `MockReport`. */
const digests: { readonly [word: string]: string } = { GOOD: "a5".repeat(32), CA: "c5".repeat(32) };

const errorOf = (recipient: Delivered.RecipientDelivery, delivered: Delivered.Delivered): string | undefined => {
  const step = Delivered.trailOf(delivered, recipient).at(-1);
  const error = step?._tag === "Visited" ? step.error : undefined;
  const cause = error instanceof SessionError ? error.cause : undefined;
  const verification = cause instanceof TlsError ? cause.report?.verification : undefined;
  return verification?.verified === false && verification.fault === "wrong-name" ? "CertificateName" : recipient.reason;
};

const warningsOf = ({ plans }: Delivered.Delivered): ReadonlyArray<string> =>
  [...plans.values()].flatMap((plan) => [
    ...plan.warnings,
    ...RoutePlan.candidates(plan).flatMap(({ warnings }) => warnings.map(({ _tag }) => _tag)),
  ]);

const deliver = (one: DeliveryCase, hosts: FakeHosts.FakeHosts) =>
  Effect.gen(function* () {
    const { allowLocal = false, selfNames, deadlineMs } = one.policy;
    const mtaSts = yield* makeMtaSts();
    const route = { allowLocal, selfNames, mtaSts };
    const delivery = yield* Delivery.make({ carrier: conversing, deadline: deadlineMs, route });
    return yield* delivery.send(mailTo(`b@${one.domain}`));
  }).pipe(
    Effect.provideService(Dialer, hosts),
    Effect.provideService(Resolver, resolverOf(one, (word) => digests[word]!)),
    Effect.provide(policyHost(one.policy.stsPolicy ?? (() => textResponse("not here", 404))).layer),
  );

for (const one of deliveryCases) {
  it(`${one.id}: ${one.why}`, () =>
    Effect.gen(function* () {
      const hosts = FakeHosts.make((address) => behaviours[one.hosts[address]!]!(one.domain));
      const fiber = yield* Effect.forkChild(deliver(one, hosts));
      // In small steps: what is due at a time has its turn before the next.
      for (let second = 0; second < 300; second++) yield* TestClock.adjust("1 second");
      const delivered = yield* Fiber.join(fiber);
      const { expect } = one;

      let at = 0;
      for (const group of expect.order) {
        assertEquals(hosts.dialled.slice(at, at += group.length).toSorted(), [...group].sort());
      }
      assertEquals(hosts.dialled.length, at);
      assertEquals(hosts.open(), 0);
      const [recipient] = delivered.recipients;
      assert(recipient !== undefined);
      assertEquals(recipient.verdict, expect.verdict);
      if (expect.error !== undefined) assertEquals(errorOf(recipient, delivered), expect.error);
      if (expect.code !== undefined) assertEquals(recipient.code, expect.code);
      if (expect.enhanced !== undefined) assertEquals(EnhancedStatus.format(recipient.status!), expect.enhanced);
      assertEquals(warningsOf(delivered), expect.warnings ?? []);
      const level = delivered.trail.flatMap((step) => step._tag === "Visited" ? [step.level] : []).at(-1);
      if (expect.security !== undefined) assertEquals(level, expect.security);
    }));
}
