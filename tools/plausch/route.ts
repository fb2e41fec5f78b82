/**
 * From recipients to conversations: one with the mail exchanger of each domain.
 *
 * @module
 */
import type { Resolver } from "@plausch/dns/resolver";
import * as Mx from "@plausch/mx/mx";
import type { MxError } from "@plausch/mx/mx-error";
import * as RoutePlan from "@plausch/mx/route-plan";
import type { Recipient } from "@plausch/session/envelope";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Effect from "effect/Effect";
import * as EffectResult from "effect/Result";
import { byDomain, conclude, hold, type Result, type Talk } from "./chat.ts";
import { ExitCode } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import { UsageError } from "./options.ts";
import * as MxLines from "./render/mx.ts";
import { plain } from "./render/paint.ts";

interface Route {
  readonly recipients: ReadonlyArray<Recipient>;
  readonly plan: RoutePlan.RoutePlan;
}

/** The routes of all recipients, a domain each. All are known before the first word is said to anybody. */
const routes = (
  narrator: Narrator,
  recipients: ReadonlyArray<Recipient>,
  rules: Mx.ResolveOptions,
): Effect.Effect<ReadonlyArray<Route>, UsageError | MxError, Resolver> =>
  Effect.gen(function* () {
    const found: Array<Route> = [];
    for (const [domain, group] of byDomain(recipients)) {
      if (domain === undefined) {
        const problem = "A recipient without a domain has no mail exchanger";
        return yield* Effect.fail(new UsageError({ problem, hint: "name the server with --server" }));
      }
      narrator.note(`Looking up the mail exchanger of ${domain}`);
      const plan = yield* Mx.resolve(domain, rules);
      narrator.data({ event: "route", plan: MxLines.json(plan) });
      if (RoutePlan.failure(plan) === undefined) {
        for (const line of MxLines.route(plain, plan)) narrator.note(`  ${line}`);
      }
      found.push({ recipients: group, plan });
    }
    return found;
  });

/** Asks for the mail exchanger of each recipient's domain, and holds a conversation with the first that can be used. */
export const talkToExchangers = (
  { port, allowLocal }: { readonly port: number; readonly allowLocal: boolean },
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, GrammarError | UsageError | MxError, Resolver> =>
  Effect.gen(function* () {
    const results: Array<Result> = [];
    let withoutHost = 0;
    for (const { recipients, plan } of yield* routes(narrator, talk.options.envelope.recipients, { allowLocal })) {
      const first = RoutePlan.firstUsable(plan);
      const address = first?.addresses[0]?.address;
      if (first === undefined || address === undefined) {
        const failure = unroutable(plan, recipients);
        if (failure.isPermanent) withoutHost++;
        narrator.fail(failure.message);
        results.push({ recipients: failure.recipients, failure: undefined });
      } else {
        const options = { ...talk.options, envelope: { ...talk.options.envelope, recipients } };
        results.push(yield* hold(narrator, { name: first.host, host: address, port }, { ...talk, options }));
      }
    }
    const code = conclude(narrator, results);
    return withoutHost === results.length ? ExitCode.noMailHost : code;
  });

/** A domain that no host takes mail for: its recipients get the verdict that a server would have given. */
const unroutable = (plan: RoutePlan.RoutePlan, recipients: ReadonlyArray<Recipient>) => {
  const failure = RoutePlan.failure(plan)!;
  const outcomes = recipients.map(({ path }): RecipientOutcome => ({
    recipient: path,
    address: Path.address(path),
    verdict: failure.isTemporary ? "deferred" : "rejected",
    stage: "connect",
    code: failure.code,
    status: EffectResult.getOrUndefined(EnhancedStatus.fromString(failure.status)),
  }));
  return { message: failure.message, recipients: outcomes, isPermanent: !failure.isTemporary };
};
