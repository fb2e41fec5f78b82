/**
 * From recipients to verdicts over the mail exchangers of their domains: `@plausch/delivery`, with every step of it told.
 *
 * @module
 */
import * as Carrier from "@plausch/delivery/carrier";
import type { Delivered } from "@plausch/delivery/delivered";
import * as Delivery from "@plausch/delivery/delivery";
import { Dialer } from "@plausch/delivery/dialer";
import type { Resolver } from "@plausch/dns/resolver";
import type { ResolveOptions } from "@plausch/mx/mx";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { connect, sumUp, type Talk } from "./chat.ts";
import { type ExitCode, fromDelivered } from "./exit_code.ts";
import type { Narrator } from "./narrator.ts";
import { UsageError } from "./options.ts";
import * as Patience from "./patience.ts";
import * as Lines from "./render/route.ts";
import type * as Options from "./send/journey.ts";
import * as Teller from "./teller.ts";

/** Where mail exchangers listen, how they are found, and how patiently they are tried. */
export interface Journey extends Partial<Pick<Options.Journey, "patience" | "deadline" | "seed">> {
  /** The port of the mail exchangers. */
  readonly port: number;
  /** How routes are made. */
  readonly route: ResolveOptions;
}

/** Dials the addresses that the route plan has checked; with TLS from the first octet, if that was asked for. */
const dialer = (talk: Talk): Dialer => ({
  dial: ({ host, address, port, tls: level, tlsOptions }) =>
    connect({ name: host, host: address, port }, { ...talk, security: { ...talk.security, level } }, tlsOptions),
});

/** Delivers the message over the mail exchangers of each recipient's domain, one domain after another. */
export const talkToExchangers = (
  { port, route, patience, deadline, seed }: Journey,
  narrator: Narrator,
  talk: Talk,
): Effect.Effect<ExitCode, UsageError, Resolver> =>
  Clock.clockWith((clock) => {
    const { security, options: { envelope, content, ...conversation } } = talk;
    if (envelope.recipients.some(({ path }) => path._tag !== "Mailbox")) {
      const problem = "A recipient without a domain has no mail exchanger";
      return Effect.fail(new UsageError({ problem, hint: "name the server with --server" }));
    }
    const teller = Teller.make(narrator, clock, talk, {
      rounds: 1 + (patience?.times ?? 0),
      deadline: deadline === undefined ? Infinity : Duration.toMillis(deadline),
    });
    const conclude = ({ recipients, trail }: Pick<Delivered, "recipients" | "trail">): ExitCode => {
      sumUp(narrator, recipients, teller.remedies(), { lines: Lines.trail(trail), data: trail.map(Lines.stepJson) });
      return fromDelivered(recipients);
    };
    const delivery = Delivery.make({
      carrier: Carrier.conversing(conversation),
      port,
      tls: security.level,
      tlsOptions: { timeout: conversation.timeouts?.tls, ...security.options },
      route: { ...route, port },
      concurrency: 1,
      retry: patience === undefined ? undefined : { schedule: Patience.schedule(patience), within: patience.within },
      deadline,
      observe: teller.observe,
    });
    return delivery.pipe(
      Effect.provideService(Dialer, dialer(talk)),
      Effect.flatMap((delivery) => delivery.send({ envelope, content })),
      seed === undefined ? (same) => same : Random.withSeed(seed),
      Effect.onInterrupt(() => Effect.sync(() => conclude(teller.interrupted()))),
      Effect.map(conclude),
    );
  });
