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
 *   "10 mx1.example.org [192.0.2.1]: 1 deferred",
 *   "20 mx2.example.org [192.0.2.2]: 1 accepted",
 * ]);
 * ```
 *
 * @module
 */
import { Resolver } from "@plausch/dns/resolver";
import * as Candidate from "@plausch/mx/candidate";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import type { SessionError } from "@plausch/session/session-error";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Tlsa from "@plausch/tls/tlsa";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Pull from "effect/Pull";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Demands from "./_demands.ts";
import * as Journey from "./_journey.ts";
import * as Run from "./_run.ts";
import type { Carrier } from "./carrier.ts";
import type { Delivered, RecipientDelivery } from "./delivered.ts";
import { Dialer } from "./dialer.ts";
import type { Observer } from "./event.ts";
import * as HappyEyeballs from "./happy_eyeballs.ts";
import type { Visited } from "./trail.ts";

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

const defaultPort = 25;
const defaultMaxVisits = 10;
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

interface Means extends Options {
  readonly resolver: Resolver;
  readonly dialer: Dialer;
}

const deliver = (means: Means, mail: Mail): Effect.Effect<Delivered> =>
  Clock.clockWith((clock) => {
    const { observe = () => {}, deadline, concurrency = defaultConcurrency } = means;
    const run = Run.make(mail, observe, () => clock.currentTimeMillisUnsafe());
    const all = Effect.forEach(run.groups, (group) => serve(means, mail, run, group), { concurrency, discard: true });
    const inTime = deadline === undefined ? all : Effect.timeoutOrElse(all, {
      duration: deadline,
      orElse: () => Effect.sync(() => run.cutOff("Deadline")),
    });
    return inTime.pipe(
      Effect.onInterrupt(() => Effect.sync(() => run.cutOff("Interrupted"))),
      Effect.map(run.delivered),
    );
  });

/** Serves the recipients of one domain, in as many rounds as it takes and as there may be. */
const serve = (means: Means, mail: Mail, run: Run.Run, group: Run.Group): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { retry, observe = () => {} } = means;
    const { domain } = group;
    if (domain === undefined) {
      run.conclude(group, {
        reason: "NoDomain",
        status: "5.1.3",
        message: "without a domain there is no mail exchanger",
      });
      return;
    }
    const clock = yield* Clock.Clock;
    const begun = clock.currentTimeMillisUnsafe();
    const latest = begun + (retry?.within === undefined ? Infinity : Duration.toMillis(retry.within));
    const schedule = retry === undefined ? undefined : yield* Schedule.toStep(retry.schedule);
    for (let round = 1;; round++) {
      yield* makeRound(means, mail, run, group, domain);
      const waiting = run.open(group).map(({ provisional }) => provisional!);
      if (waiting.length === 0) return;
      const at = clock.currentTimeMillisUnsafe();
      const next = schedule === undefined ? undefined : yield* Pull.catchDone(
        Effect.map(schedule(at, waiting), ([, pause]) => Duration.toMillis(pause)),
        () => Effect.succeed(undefined),
      );
      if (next === undefined || at + next > latest) return run.settle(group);
      observe({ _tag: "Waiting", at, domain, round, delay: next, addresses: waiting.map(({ address }) => address) });
      yield* Effect.sleep(next);
      run.again(group);
    }
  });

/** Asks for the route, and visits its hosts in order until nobody is left, or no host. */
const makeRound = (
  means: Means,
  mail: Mail,
  run: Run.Run,
  group: Run.Group,
  domain: string,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { maxVisits = defaultMaxVisits, port = defaultPort, tls = "opportunistic" } = means;
    // Who asks for no TLS has no use for promises about it.
    const route = { port, ...means.route, ...(tls === "none" ? { dane: false, mtaSts: undefined } : {}) };
    means.observe?.({ _tag: "LookingUp", at: yield* Clock.currentTimeMillis, domain });
    const found = yield* Effect.result(Effect.provideService(Mx.resolve(domain, route), Resolver, means.resolver));
    if (Result.isFailure(found)) {
      return run.conclude(group, { reason: "BadDomain", status: "5.1.2", message: found.failure.message });
    }
    const plan = found.success;
    run.routed(plan);
    const failure = RoutePlan.failure(plan);
    let lacking: Demands.Lacking | undefined;
    let left = Math.max(1, maxVisits);
    for (const candidate of RoutePlan.candidates(plan)) {
      if (run.open(group).length === 0) break;
      const pass = (reason: Demands.Lacking["reason"] | Candidate.SkipReason | "EnoughTried", message: string): void =>
        run.stepped({
          _tag: "PassedOver",
          domain,
          host: candidate.host,
          preference: candidate.preference,
          reason,
          message,
        });
      if (candidate.decision._tag === "Skip") {
        pass(candidate.decision.reason, Candidate.explainSkip(candidate));
        continue;
      }
      const demands = Demands.of(candidate, tls, means.tlsOptions);
      if (demands._tag === "Lacking") {
        lacking ??= demands;
        pass(demands.reason, demands.message);
        continue;
      }
      let addresses: ReadonlyArray<string> = HappyEyeballs.interleave(candidate.addresses).map(({ address }) =>
        address
      );
      while (addresses.length > 0 && run.open(group).length > 0) {
        if (left-- <= 0) {
          pass("EnoughTried", "enough hosts were tried before it");
          break;
        }
        addresses = yield* visit(means, mail, run, group, { domain, candidate, addresses, demands, port });
      }
    }
    run.conclude(group, otherwise(plan, failure, lacking));
  });

/** What is said of recipients that no host said anything of. */
const otherwise = (
  plan: RoutePlan.RoutePlan,
  failure: RoutePlan.RouteFailure | undefined,
  lacking: Demands.Lacking | undefined,
): Journey.Ours => {
  if (failure !== undefined) return failure;
  const hosts = `no mail exchanger of ${plan.ascii}`;
  return lacking === undefined
    ? { reason: "AllHostsFailed", status: "4.4.1", message: `${hosts} could be talked to` }
    : { reason: lacking.reason, status: "4.7.5", message: `${hosts} has the proof that is asked for` };
};

interface Visit {
  readonly domain: string;
  readonly candidate: Candidate.Candidate;
  readonly addresses: ReadonlyArray<string>;
  readonly demands: Demands.Demands;
  readonly port: number;
}

/** What came of a visit. */
type Heard = Pick<Visited, "recipients" | "protection" | "adaptations">;

/** What came of one that broke. */
const heard = (recipients: Visited["recipients"]): Heard => ({ recipients, protection: undefined, adaptations: [] });

/** Visits one host for all that are open. Gives the addresses of it that are worth another visit. */
const visit = (
  means: Means,
  mail: Mail,
  run: Run.Run,
  group: Run.Group,
  { domain, candidate, addresses, demands, port }: Visit,
): Effect.Effect<ReadonlyArray<string>> =>
  Clock.clockWith((clock) => {
    const { carrier, dialer, attemptDelay, observe = () => {} } = means;
    const { host, policy, preference } = candidate;
    const { level } = demands;
    const now = (): number => clock.currentTimeMillisUnsafe();
    const at = now();
    const travellers = run.open(group);
    const tries: Array<HappyEyeballs.Try> = [];
    let failed: SessionError | undefined;
    /** What is known so far: a conversation that is called off at QUIT has its verdicts. */
    let decided: ReadonlyArray<RecipientOutcome> = [];

    observe({ _tag: "Visiting", at, domain, host, port, addresses, policy, level });
    const routes = addresses.map((address) => ({
      address,
      socket: dialer.dial({ host, address, port, tls: level, tlsOptions: demands.options }),
    }));
    const socket = HappyEyeballs.make(routes, {
      attemptDelay,
      tried: (attempt) => {
        tries.push(attempt);
        observe({ _tag: "Dialled", at: now(), host, port, attempt });
      },
    });
    const tell = (
      { recipients, protection, adaptations }: Heard,
      error: Visited["error"],
    ): void => {
      run.stepped({
        _tag: "Visited",
        domain,
        host,
        preference,
        at,
        elapsed: now() - at,
        tries,
        policy,
        level,
        protection,
        recipients,
        adaptations,
        error,
      });
      run.said(group, host, recipients, level);
    };
    const worthAnother = (recipients: ReadonlyArray<RecipientOutcome>): ReadonlyArray<string> => {
      const isConnected = tries.some(({ result }) => result === "connected");
      if (Journey.hasHeardHost(recipients) || !isConnected) return [];
      const gone = new Set(tries.filter(({ result }) => result !== "abandoned").map(({ address }) => address));
      return addresses.filter((address) => !gone.has(address));
    };

    return carrier.carry({
      key: keyOf(host, addresses, port, demands),
      socket,
      tls: level,
      tlsOptions: demands.options,
      mail: { ...mail, envelope: { ...mail.envelope, recipients: travellers.map(({ recipient }) => recipient) } },
      observe: (event) => {
        if (event._tag === "Decided") decided = event.recipients;
        if (event._tag === "Failed") failed = event.error;
        observe({ _tag: "Talked", at: event.at, domain, host, event });
      },
    }).pipe(
      Effect.matchEager({
        onSuccess: (outcome) => {
          tell(outcome, undefined);
          return worthAnother(outcome.recipients);
        },
        onFailure: (error) => {
          if (error instanceof GrammarError) {
            tell(heard([]), error);
            run.refuse(group, { reason: "BadInput", status: "5.6.0", message: error.message });
            return [];
          }
          tell(heard(error.recipients), error);
          return worthAnother(error.recipients);
        },
      }),
      Effect.onInterrupt(() => Effect.sync(() => tell(heard(decided), failed))),
    );
  });

/** One session serves two visits only where all of this is the same. */
const keyOf = (
  host: string,
  addresses: ReadonlyArray<string>,
  port: number,
  { level, options: { servername, referenceNames = [], tlsa = [] } }: Demands.Demands,
): string =>
  JSON.stringify([host, [...addresses].sort(), port, level, servername, referenceNames, tlsa.map(Tlsa.format)]);
