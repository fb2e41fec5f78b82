/**
 * The rounds of one domain: the route is asked for, its hosts are visited in order, and after a while all that again for those
 * who are deferred.
 *
 * @module
 */
import { Resolver } from "@plausch/dns/resolver";
import * as Candidate from "@plausch/mx/candidate";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Pull from "effect/Pull";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Demands from "./_demands.ts";
import type { Ours } from "./_journey.ts";
import { type Task, visit } from "./_visit.ts";
import * as HappyEyeballs from "./happy_eyeballs.ts";
import type { PassedOver } from "./trail.ts";

const defaultPort = 25;
const defaultMaxVisits = 10;

/** Serves the recipients of one domain, in as many rounds as it takes and as there may be. */
export const serve = (task: Task): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { means: { retry, observe = () => {} }, run, group, domain } = task;
    const clock = yield* Clock.Clock;
    const latest = clock.currentTimeMillisUnsafe() + Duration.toMillis(retry?.within ?? Duration.infinity);
    const schedule = retry === undefined ? undefined : yield* Schedule.toStep(retry.schedule);
    for (let round = 1;; round++) {
      const { otherwise, reserve } = yield* makeRound(task);
      run.conclude(group, otherwise, reserve);
      const waiting = run.open(group).map(({ provisional }) => provisional!);
      if (waiting.length === 0) return;
      const at = clock.currentTimeMillisUnsafe();
      const delay = schedule === undefined ? undefined : yield* Pull.catchDone(
        Effect.map(schedule(at, waiting), ([, pause]) => Duration.toMillis(pause)),
        () => Effect.succeed(undefined),
      );
      if (delay === undefined || at + delay > latest) return run.settle(group);
      observe({ _tag: "Waiting", at, domain, round, delay, addresses: waiting.map(({ address }) => address) });
      yield* Effect.sleep(delay);
      run.again(group);
    }
  });

/** What is to be said of recipients whom no host settled. */
interface Remainder {
  /** If no host said anything of them. */
  readonly otherwise: Ours;
  /** If every host that was asked refused to talk for good, and yet another one might take the mail later. */
  readonly reserve: Ours | undefined;
}

/** Visits hosts until nobody is left, or no host. */
const makeRound = (task: Task): Effect.Effect<Remainder> =>
  Effect.gen(function* () {
    const { means, run, group, domain } = task;
    const { maxVisits = defaultMaxVisits, port = defaultPort, tls = "opportunistic" } = means;
    // Who asks for no TLS has no use for promises about it.
    const route = { port, ...means.route, ...(tls === "none" ? { dane: false, mtaSts: undefined } : {}) };
    means.observe?.({ _tag: "LookingUp", at: yield* Clock.currentTimeMillis, domain });
    const found = yield* Effect.result(Effect.provideService(Mx.resolve(domain, route), Resolver, means.resolver));
    if (Result.isFailure(found)) {
      const { message } = found.failure;
      return { otherwise: { reason: "BadDomain", status: "5.1.2", message }, reserve: undefined };
    }
    const plan = found.success;
    run.routed(plan);

    let lacking: Demands.Lacking | undefined;
    let visits = 0;
    for (const candidate of RoutePlan.candidates(plan)) {
      if (run.open(group).length === 0) break;
      const pass = ({ reason, message }: Pick<PassedOver, "reason" | "message">): void => {
        const { host, preference } = candidate;
        run.stepped({ _tag: "PassedOver", domain, host, preference, reason, message });
      };
      if (candidate.decision._tag === "Skip") {
        pass({ reason: candidate.decision.reason, message: Candidate.explainSkip(candidate) });
        continue;
      }
      const demands = Demands.of(candidate, tls, means.tlsOptions);
      if (demands._tag === "Lacking") {
        lacking ??= demands;
        pass(demands);
        continue;
      }
      let addresses: ReadonlyArray<string> = HappyEyeballs.interleave(candidate.addresses).map((one) => one.address);
      while (addresses.length > 0 && run.open(group).length > 0) {
        if (visits++ >= Math.max(1, maxVisits)) {
          pass({ reason: "EnoughTried", message: "enough hosts were tried before it" });
          break;
        }
        addresses = yield* visit(task, { candidate, addresses, demands, port });
      }
    }
    const unproven = lacking && withoutProof(plan, lacking);
    return {
      otherwise: RoutePlan.failure(plan) ?? unproven ?? unvisited(plan),
      reserve: RoutePlan.reserve(plan) ?? unproven,
    };
  });

const withoutProof = ({ ascii }: RoutePlan.RoutePlan, { reason }: Demands.Lacking): Ours => ({
  reason,
  status: "4.7.5",
  message: `no mail exchanger of ${ascii} has the proof that is asked for`,
});

/** Hosts there are, and none of them was visited. */
const unvisited = ({ ascii }: RoutePlan.RoutePlan): Ours => ({
  reason: "AllHostsFailed",
  status: "4.4.1",
  message: `no mail exchanger of ${ascii} could be talked to`,
});
