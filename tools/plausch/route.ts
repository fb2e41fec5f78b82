/**
 * From recipients to conversations: one with a server that was named, or one with the mail exchanger of each domain.
 *
 * @module
 */
import type { Resolver } from "@plausch/dns/resolver";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import type { Recipient } from "@plausch/session/envelope";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Effect from "effect/Effect";
import * as EffectResult from "effect/Result";
import { byDomain, conclude, hold, type Narrator, type Result, type Talk } from "./chat.ts";
import { ExitCode } from "./exit_code.ts";
import { UsageError } from "./options.ts";
import * as MxLines from "./render/mx.ts";
import { plain } from "./render/paint.ts";

/** Holds the conversation with a server that was named. */
export const talkToServer = (
  { host, port }: { readonly host: string; readonly port: number },
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, GrammarError> =>
  Effect.map(hold(narrator, { name: host, host, port }, talk), (result) => conclude(narrator, [result]));

/** Asks for the mail exchanger of each recipient's domain, and holds a conversation with the first that can be used. */
export const talkToExchangers = (
  port: number,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, GrammarError | UsageError, Resolver> =>
  Effect.gen(function* () {
    const results: Array<Result> = [];
    let withoutHost = 0;
    for (const [domain, recipients] of byDomain(talk.envelope.recipients)) {
      if (domain === undefined) {
        const hint = "name the server with --server";
        return yield* Effect.fail(
          new UsageError({ problem: "A recipient without a domain has no mail exchanger", hint }),
        );
      }
      narrator.note(`Looking up the mail exchanger of ${domain}`);
      const plan = yield* Effect.catch(Mx.resolve(domain), ({ message }) =>
        Effect.fail(new UsageError({ problem: message })));
      narrator.data({ event: "route", plan: MxLines.json(plan) });
      const first = RoutePlan.firstUsable(plan);
      const address = first?.addresses[0]?.address;
      if (first === undefined || address === undefined) {
        const failure = unroutable(plan, recipients);
        if (failure.isPermanent) {
          withoutHost++;
        }
        narrator.fail(failure.message);
        results.push({ recipients: failure.recipients, failure: undefined });
        continue;
      }
      for (const line of MxLines.route(plain, plan)) {
        narrator.note(`  ${line}`);
      }
      const envelope = { ...talk.envelope, recipients };
      results.push(yield* hold(narrator, { name: first.host, host: address, port }, { ...talk, envelope }));
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
