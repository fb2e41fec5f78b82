/**
 * Delivers a message as a mail transfer agent does (RFC 5321 section 5.1): looks up the mail exchangers of each
 * recipient's domain, tries them in order until everybody has a verdict, asks of their TLS what their domain promises, and,
 * if it is told to, tries the deferred ones again after a while.
 *
 * It never fails: whatever happens, each recipient ends `accepted`, `rejected`, `deferred` or `uncertain`, with the trail of
 * hosts that led there. What is `uncertain` may have been delivered, so no other host is tried for it, and no second time.
 *
 * @example Two mail exchangers, and the first one is busy
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Carrier from "@plausch/delivery/carrier";
 * import * as Delivery from "@plausch/delivery/delivery";
 * import { Dialer } from "@plausch/delivery/dialer";
 * import * as Trail from "@plausch/delivery/trail";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Result from "effect/Result";
 *
 * const zone = Zone.layer({
 *   records: {
 *     "example.org": { MX: ["10 mx1.example.org", "20 mx2.example.org"] },
 *     "mx1.example.org": { A: "192.0.2.1" },
 *     "mx2.example.org": { A: "192.0.2.2" },
 *   },
 * });
 * const scripts: Record<string, string> = {
 *   "192.0.2.1": "< 421 4.3.2 too busy\n",
 *   "192.0.2.2": `
 * < 220 mx2.example.org
 * > EHLO c.test
 * < 250 mx2.example.org
 * > MAIL FROM:<a@c.test>
 * < 250 ok
 * > RCPT TO:<b@example.org>
 * < 250 ok
 * > DATA
 * < 354 go
 * > hello
 * > .
 * < 250 2.0.0 got it
 * > QUIT
 * < 221 bye
 * `,
 * };
 * const program = Effect.gen(function* () {
 *   const peers = yield* Effect.forEach(Object.entries(scripts), ([address, script]) =>
 *     Effect.map(MockSocket.make(Result.getOrThrow(Transcript.parse(script))), ({ socket }) => [address, socket] as const));
 *   const dialer = Layer.succeed(Dialer, { dial: ({ address }) => new Map(peers).get(address)! });
 *   const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 *   const delivery = Layer.provide(Delivery.layer({ carrier }), Layer.merge(zone, dialer));
 *   const mail = {
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@example.org"] })),
 *     content: Result.getOrThrow(Content.make(new TextEncoder().encode("hello\r\n"))),
 *   };
 *   return yield* Effect.provide(Delivery.send(mail), delivery);
 * });
 * const { recipients, trail } = await Effect.runPromise(Effect.scoped(program));
 * assertEquals(recipients.map(({ address, verdict, host }) => [address, verdict, host]), [
 *   ["b@example.org", "accepted", "mx2.example.org"],
 * ]);
 * assertEquals(trail.map(Trail.explain), [
 *   "10 mx1.example.org [192.0.2.1]: 1 deferred: 421 4.3.2 too busy",
 *   "20 mx2.example.org [192.0.2.2]: 1 accepted",
 * ]);
 * ```
 *
 * @module
 */
import { Resolver } from "@plausch/dns/resolver";
import type * as Mx from "@plausch/mx/mx";
import type { Mail } from "@plausch/session/send-many";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Schedule from "effect/Schedule";
import { serve } from "./_rounds.ts";
import * as Run from "./_run.ts";
import type { Means } from "./_visit.ts";
import type { Carrier } from "./carrier.ts";
import type { Delivered, RecipientDelivery } from "./delivered.ts";
import { Dialer } from "./dialer.ts";
import type { Observer } from "./event.ts";

/** When deferred recipients are tried again. */
export interface Retry {
  /**
   * When, after each round, and how often. What it is given is the recipients that wait. Bound it: `Schedule.upTo({ times: 3 })`.
   * RFC 5321 section 4.5.4.1 wants half an hour between two tries, and four or five days in all; greylisting servers want a
   * quarter of an hour at the most.
   */
  readonly schedule: Schedule.Schedule<unknown, ReadonlyArray<RecipientDelivery>>;
  /** No round begins later than this after the first one. Default: as the schedule has it. */
  readonly within?: Duration.Input | undefined;
}

/** How to deliver. */
export interface Options {
  /** Holds the conversations: `Carrier.conversing` for one each, a session pool for many messages. */
  readonly carrier: Carrier;
  /** The port of the mail exchangers. Default: 25. */
  readonly port?: number | undefined;
  /**
   * The least that is asked of TLS; a domain may promise more, by DANE (RFC 7672) or MTA-STS (RFC 8461). `none` asks for
   * none whatever is promised; `mta-sts` and `dane` pass over hosts without that. Default: `opportunistic`.
   */
  readonly tls?: TlsLevel | undefined;
  /** The settings of handshakes; names and TLSA records are put in for each host. */
  readonly tlsOptions?: TlsOptions | undefined;
  /** How routes are made: limits, names of our own, whether local addresses may be dialled. */
  readonly route?: Mx.ResolveOptions | undefined;
  /** How many visits to hosts one domain is worth in a round, at least 1. Default: 10. */
  readonly maxVisits?: number | undefined;
  /** How long one address of a host has before the next one is dialled as well. Default: 250 milliseconds (RFC 8305). */
  readonly attemptDelay?: Duration.Input | undefined;
  /** How many domains are served at a time. Default: 4. */
  readonly concurrency?: number | undefined;
  /** How long a delivery may take, with everything. Default: as long as the limits of its conversations and retries make it. */
  readonly deadline?: Duration.Input | undefined;
  /** When to try deferred recipients again. Default: never. */
  readonly retry?: Retry | undefined;
  /** Sees every event. */
  readonly observe?: Observer | undefined;
}

/** Delivers messages. */
export interface Delivery {
  /**
   * Delivers a message to all its recipients. Interrupted, it closes its connections; what is known by then of each recipient was told
   * to `observe`, as `Settled`.
   */
  readonly send: (mail: Mail) => Effect.Effect<Delivered>;
}

/** The key of the service. */
export const Delivery: Context.Service<Delivery, Delivery> = Context.Service<Delivery>("@plausch/delivery/Delivery");

const defaultConcurrency = 4;

/**
 * Delivers a message with the {@linkcode Delivery} of the context.
 *
 * @example A domain that takes no mail
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Carrier from "@plausch/delivery/carrier";
 * import * as Delivery from "@plausch/delivery/delivery";
 * import { Dialer } from "@plausch/delivery/dialer";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Result from "effect/Result";
 *
 * const nobody = Layer.succeed(Dialer, { dial: ({ address }) => { throw new Error(`dialled ${address}`); } });
 * const zone = Zone.layer({ records: { "null.example": { MX: "0 ." } } });
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const delivery = Layer.provide(Delivery.layer({ carrier }), Layer.merge(zone, nobody));
 * const { recipients: [recipient] } = await Effect.runPromise(Effect.provide(
 *   Delivery.send({
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@null.example"] })),
 *     content: Result.getOrThrow(Content.make(new Uint8Array())),
 *   }),
 *   delivery,
 * ));
 * assertEquals([recipient?.verdict, recipient?.code, recipient?.reason], ["rejected", 556, "NullMx"]);
 * ```
 */
export const send = (mail: Mail): Effect.Effect<Delivered, never, Delivery> =>
  Effect.flatMap(Delivery, (delivery) => delivery.send(mail));

/**
 * Provides the {@linkcode Delivery}.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Carrier from "@plausch/delivery/carrier";
 * import * as Delivery from "@plausch/delivery/delivery";
 * import { Dialer } from "@plausch/delivery/dialer";
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import * as Result from "effect/Result";
 *
 * const nobody = Layer.succeed(Dialer, { dial: ({ address }) => { throw new Error(`dialled ${address}`); } });
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const layer = Layer.provide(Delivery.layer({ carrier }), Layer.merge(Zone.layer({ records: {} }), nobody));
 * const delivery = await Effect.runPromise(Effect.provide(Effect.service(Delivery.Delivery), layer));
 * assertEquals(typeof delivery.send, "function");
 * ```
 */
export const layer = (options: Options): Layer.Layer<Delivery, never, Resolver | Dialer> =>
  Layer.effect(Delivery, make(options));

/**
 * Makes a {@linkcode Delivery} that asks this resolver and dials with this dialer.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as Carrier from "@plausch/delivery/carrier";
 * import * as Delivery from "@plausch/delivery/delivery";
 * import { Dialer } from "@plausch/delivery/dialer";
 * import * as Domain from "@plausch/smtp/domain";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const carrier = Carrier.conversing({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const delivery = await Effect.runPromise(Delivery.make({ carrier }).pipe(
 *   Effect.provideService(Dialer, { dial: ({ address }) => { throw new Error(`dialled ${address}`); } }),
 *   Effect.provide(Zone.layer({ records: {} })),
 * ));
 * assertEquals(typeof delivery.send, "function");
 * ```
 */
export const make = (options: Options): Effect.Effect<Delivery, never, Resolver | Dialer> =>
  Effect.gen(function* () {
    const resolver = yield* Resolver;
    const dialer = yield* Dialer;
    return { send: (mail) => deliver({ ...options, resolver, dialer }, mail) };
  });

const deliver = (means: Means, mail: Mail): Effect.Effect<Delivered> =>
  Clock.clockWith((clock) => {
    const { observe = () => {}, deadline, concurrency = defaultConcurrency } = means;
    const run = Run.make(mail, observe, () => clock.currentTimeMillisUnsafe());
    const all = Effect.forEach(run.groups, (group) => {
      const { domain } = group;
      if (domain !== undefined) return serve({ means, mail, run, group, domain });
      return Effect.sync(() => run.refuse(group, homeless));
    }, { concurrency, discard: true });
    const inTime = deadline === undefined ? all : Effect.timeoutOrElse(all, {
      duration: deadline,
      orElse: () => Effect.sync(() => run.cutOff("Deadline")),
    });
    return inTime.pipe(
      Effect.onInterrupt(() => Effect.sync(() => run.cutOff("Interrupted"))),
      Effect.map(run.delivered),
    );
  });

/** What is said of `postmaster` alone. */
const homeless = {
  reason: "NoDomain",
  status: "5.1.3",
  message: "without a domain there is no mail exchanger",
} as const;
