/**
 * From a target to conversations: a server that was named, or the mail exchanger of each recipient's domain.
 *
 * @module
 */
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Effect from "effect/Effect";
import { conclude, hold, type Narrator, type Talk } from "./chat.ts";
import type { ExitCode } from "./exit_code.ts";
import { UsageError } from "./options.ts";
import type { Target } from "./target.ts";

/** Holds the conversation, or one for each domain, and sums up. */
export const talkTo = (
  target: Target,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, UsageError | GrammarError> =>
  Effect.gen(function* () {
    if (target._tag === "MailExchanger") return yield* Effect.fail(new UsageError({ problem: "not yet" }));
    const { host, port } = target;
    const result = yield* hold(narrator, { name: host, host, port }, talk);
    return conclude(narrator, [result]);
  });
