// Every case of tests/cases/delivery.jsonl, and of more_delivery.jsonl: a whole delivery, with a resolver and hosts that behave as the case says.
import { assert, assertEquals } from "@std/assert";
import type * as Carrier from "@plausch/delivery/carrier";
import * as Delivered from "@plausch/delivery/delivered";
import * as Delivery from "@plausch/delivery/delivery";
import { Dialer } from "@plausch/delivery/dialer";
import * as Pool from "@plausch/delivery/pool";
import { Resolver } from "@plausch/dns/resolver";
import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
import * as RoutePlan from "@plausch/mx/route-plan";
import { SessionError } from "@plausch/session/session-error";
import * as Domain from "@plausch/smtp/domain";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import { TlsError } from "@plausch/tls/tls-error";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import { behaviourOf } from "../support/case_hosts.ts";
import { type DeliveryCase, deliveryCases, moreDeliveryCases, resolverOf } from "../support/delivery_case.ts";
import * as FakeHosts from "../support/fake_hosts.ts";
import { it } from "../support/it.ts";
import { makeMtaSts, policyHost, textResponse } from "../support/policy_host.ts";
import { conversing, mailTo } from "./_deliveries.ts";

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

const host = Result.getOrThrow(Domain.hostFromString("c.test"));

/** A conversation each, and sessions that are kept: who has the message must not depend on it. */
const carriers: { readonly [name: string]: Effect.Effect<Carrier.Carrier, never, Scope.Scope> } = {
  "one by one": Effect.succeed(conversing),
  "over a pool": Pool.make({ host }),
};

const deliver = (one: DeliveryCase, hosts: FakeHosts.FakeHosts, carrier: Carrier.Carrier) =>
  Effect.gen(function* () {
    const { allowLocal = false, selfNames, maxHosts, deadlineMs, stsKnown, tls, retry } = one.policy;
    const cache = MtaStsCache.inMemory();
    if (stsKnown !== undefined) {
      const policy = Result.getOrThrow(MtaStsPolicy.parse(one.domain, stsKnown.policy));
      yield* cache.set(one.domain, { policy, id: stsKnown.id, fetchedAt: 0 });
    }
    const mtaSts = yield* makeMtaSts({ cache });
    const delivery = yield* Delivery.make({
      carrier,
      deadline: deadlineMs,
      tls,
      retry: retry === undefined
        ? undefined
        : { schedule: Schedule.upTo(Schedule.spaced("1 minute"), { times: retry }) },
      route: { allowLocal, selfNames, maxHosts, mtaSts },
    });
    return yield* delivery.send(mailTo(...(one.to ?? ["b"]).map((localPart) => `${localPart}@${one.domain}`)));
  }).pipe(
    Effect.provideService(Dialer, hosts),
    Effect.provideService(Resolver, resolverOf(one, (word) => digests[word]!)),
    Effect.provide(policyHost(one.policy.stsPolicy ?? (() => textResponse("not here", 404))).layer),
  );

const allCases = [...deliveryCases, ...moreDeliveryCases].flatMap((one) =>
  Object.entries(carriers).map(([how, carrier]) => ({ one, how, carrier }))
);

for (const { one, how, carrier } of allCases) {
  it(`${one.id}, ${how}: ${one.why}`, () =>
    Effect.gen(function* () {
      const hosts = FakeHosts.make((address, before) => behaviourOf(one, address, before));
      const fiber = yield* Effect.forkChild(
        Effect.scoped(Effect.flatMap(carrier, (carrier) => deliver(one, hosts, carrier))),
      );
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
      const { verdicts = {}, passed = {} } = expect;
      for (const { address, verdict } of delivered.recipients) {
        const [localPart = ""] = address.split("@");
        assertEquals(verdict, verdicts[localPart] ?? expect.verdict);
      }
      const reasons = delivered.trail.flatMap((step) => step._tag === "PassedOver" ? [[step.host, step.reason]] : []);
      for (const [host, reason] of Object.entries(passed)) {
        assertEquals([host, Object.fromEntries(reasons)[host]], [host, reason]);
      }
    }));
}
