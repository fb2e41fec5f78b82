// What of tests/cases/delivery.jsonl the route plan alone decides: who may be called in which order, and the verdict where
// nobody may. Nobody is called here.
import { assert, assertEquals } from "@std/assert";
import { Resolver } from "@plausch/dns/resolver";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type DeliveryCase, deliveryCases, resolverOf } from "../support/delivery_case.ts";
import { it } from "../support/it.ts";
import { makeMtaSts, policyHost } from "../support/policy_host.ts";

const plan = (one: DeliveryCase) =>
  makeMtaSts().pipe(
    Effect.flatMap((mtaSts) => Mx.resolve(one.domain, { ...one.policy, mtaSts })),
    Effect.provide([Layer.succeed(Resolver, resolverOf(one)), policyHost(one.policy.stsPolicy ?? "").layer]),
  );

for (const one of deliveryCases.filter(({ expect }) => expect.order.length === 0)) {
  it(`${one.id}: ${one.why}`, () =>
    Effect.gen(function* () {
      const made = yield* plan(one);
      const failure = RoutePlan.failure(made);
      assert(failure !== undefined);
      const { error, verdict, code = failure.code, enhanced = failure.status } = one.expect;
      const found = [failure.reason, failure.isTemporary ? "deferred" : "rejected", failure.code, failure.status];
      assertEquals<unknown>(found, [error, verdict, code, enhanced]);
      assertEquals(RoutePlan.usable(made), []);
    }));
}

for (const one of deliveryCases.filter(({ expect }) => expect.order.length > 0)) {
  it(`${one.id}, as far as the plan goes: ${one.why}`, () =>
    Effect.gen(function* () {
      const made = yield* plan(one);
      assertEquals(RoutePlan.failure(made), undefined);
      // Each expected group is one tier, or one IP version of it.
      const groups = made.tiers.flatMap(({ candidates }) =>
        ([6, 4] as const).map((version) =>
          candidates.filter(({ decision }) => decision._tag === "Try")
            .flatMap(({ addresses }) => addresses.filter(({ family }) => family === version))
            .map(({ address }) => address).sort()
        )
      ).filter((group) => group.length > 0);
      assertEquals(groups.slice(0, one.expect.order.length), one.expect.order.map((group) => [...group].sort()));
      const warnings = [
        ...made.warnings,
        ...RoutePlan.candidates(made).flatMap((candidate) => candidate.warnings.map(({ _tag }) => _tag)),
      ];
      assertEquals<ReadonlyArray<string>>(warnings, one.expect.warnings ?? []);
    }));
}
