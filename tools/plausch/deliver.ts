/**
 * What a delivery over mail exchangers needs of the world: name servers, and the policy hosts of MTA-STS.
 *
 * @module
 */
import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
import * as Cache from "@plausch/dns/cache";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Live from "@plausch/dns/live";
import { Resolver } from "@plausch/dns/resolver";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Talk } from "./chat.ts";
import type { ExitCode } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import type { UsageError } from "./options.ts";
import { talkToExchangers } from "./route.ts";
import type { Journey } from "./send/journey.ts";
import type { Target } from "./target.ts";

/** Delivers over the mail exchangers that the DNS names. */
export const deliver = (
  { port, dns, allowLocal }: Extract<Target, { readonly _tag: "MailExchanger" }>,
  { family, maxHosts, dane, mtaSts, mtaStsPort, ...journey }: Journey,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, UsageError | DnsError> =>
  Effect.gen(function* () {
    const { ca } = talk.security.options;
    const resolver = yield* Resolver;
    const web = { allowLocal, ca: typeof ca === "string" ? ca : undefined, port: mtaStsPort };
    const policies = mtaSts ? yield* LiveMtaSts.make(resolver, web) : undefined;
    const route = { family, maxHosts, allowLocal, dane, mtaSts: policies };
    return yield* talkToExchangers({ ...journey, port, route }, narrator, talk);
  }).pipe(Effect.provide(Layer.provide(Cache.layer(), Live.layer(dns))));
