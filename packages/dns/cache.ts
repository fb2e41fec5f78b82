/**
 * A cache in front of a resolver: an answer is kept as long as it says (RFC 1035 section 3.2.1, RFC 2308), and who asks the
 * same at the same time waits for one look-up. On effect's `Cache`; time is effect's Clock.
 *
 * - An answer with records is kept for its least TTL, a day at most. What comes out of the cache has the TTLs that are left.
 * - NXDOMAIN and NODATA are kept for their negative TTL, three hours at most (RFC 2308 section 5); without one, not at all.
 * - A failure is kept for five seconds, so that a dead name server does not cost each of many messages its own time-out
 *   (RFC 9520 section 3.2 has one second to five minutes). A text that is no name is no failure of the DNS, and not kept.
 * - The answers that were not used for longest make room for new ones.
 *
 * @example
 * ```ts
 * import * as Cache from "@plausch/dns/cache";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({ records: { "a.example": { A: "192.0.2.1" } } });
 * const program = Effect.gen(function* () {
 *   assertEquals((yield* Resolver.query("a.example", "A")).age, undefined);
 *   assertEquals((yield* Resolver.query("A.example.", "A")).age, 0);
 * });
 * await Effect.runPromise(Effect.provide(program, Layer.provide(Cache.layer(), zone)));
 * ```
 *
 * @module
 */
import * as EffectCache from "effect/Cache";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Answer from "./answer.ts";
import type { DnsError } from "./dns_error.ts";
import * as Name from "./name.ts";
import type { RecordType } from "./record.ts";
import { Resolver } from "./resolver.ts";

/** How much to keep, and for how long. */
export interface CacheOptions {
  /** How many answers are kept at most. 1000 by default. */
  readonly capacity?: number | undefined;
  /** The longest time to keep records. One day by default. */
  readonly maxTtl?: Duration.Input | undefined;
  /** The longest time to keep a "no". Three hours by default. */
  readonly maxNegativeTtl?: Duration.Input | undefined;
  /** How long to keep a failure, five minutes at most. 5 seconds by default; 0 keeps none. */
  readonly failureTtl?: Duration.Input | undefined;
}

const maxFailureTtl = Duration.minutes(5);

interface Kept {
  readonly answer: Answer.Answer;
  /** When it came, in milliseconds. */
  readonly at: number;
}

/**
 * Puts a cache in front of a resolver. Each cache made is empty, and keeps what it knows for as long as it is held.
 *
 * @example
 * ```ts
 * import * as Cache from "@plausch/dns/cache";
 * import * as Effect from "effect/Effect";
 * import { DnsError } from "@plausch/dns/dns-error";
 * import { assertEquals } from "@std/assert";
 *
 * let asked = 0;
 * const dead = { query: () => Effect.suspend(() => (asked++, Effect.fail(new DnsError({ reason: "Timeout" })))) };
 * const program = Effect.gen(function* () {
 *   const resolver = yield* Cache.make(dead, { capacity: 50 });
 *   yield* Effect.flip(resolver.query("a.example", "MX"));
 *   yield* Effect.flip(resolver.query("a.example", "MX"));
 * });
 * await Effect.runPromise(program);
 * assertEquals(asked, 1);
 * ```
 */
export const make = (resolver: Resolver, options: CacheOptions = {}): Effect.Effect<Resolver> =>
  Effect.gen(function* () {
    const capacity = Math.max(1, options.capacity ?? 1000);
    const maxTtl = Duration.fromInputUnsafe(options.maxTtl ?? "1 day");
    const maxNegativeTtl = Duration.fromInputUnsafe(options.maxNegativeTtl ?? "3 hours");
    const failureTtl = Duration.min(Duration.fromInputUnsafe(options.failureTtl ?? "5 seconds"), maxFailureTtl);
    const timeToLive = (exit: Exit.Exit<Kept, DnsError>): Duration.Duration => {
      if (Exit.isSuccess(exit)) {
        const { answer } = exit.value;
        const ttl = Duration.seconds(Answer.ttl(answer) ?? 0);
        return Duration.min(ttl, answer.status === "Records" ? maxTtl : maxNegativeTtl);
      }
      const isPassing = Option.exists(Exit.findErrorOption(exit), (error) => error.isTemporary);
      return isPassing ? failureTtl : Duration.zero;
    };
    const cache = yield* EffectCache.makeWith(
      (key: string): Effect.Effect<Kept, DnsError> => {
        const [type, name] = key.split(" ", 2) as [RecordType, string];
        return Effect.zipWith(resolver.query(name, type), Clock.currentTimeMillis, (answer, at) => ({ answer, at }));
      },
      { capacity, timeToLive },
    );
    return {
      query: Effect.fnUntraced(function* (input: string, type: RecordType) {
        const name = yield* Effect.fromResult(Name.fromString(input));
        const key = `${type} ${Name.key(name)}`;
        const isKept = yield* EffectCache.has(cache, key);
        const { answer, at } = yield* EffectCache.get(cache, key);
        const age = Math.floor(((yield* Clock.currentTimeMillis) - at) / 1000);
        // The cache asks in lower case. Who asked otherwise gets the name back as it was.
        const canonicalName = answer.aliases.length === 0 ? name : answer.canonicalName;
        return { ...(isKept ? Answer.aged(answer, age) : answer), name, canonicalName };
      }),
    };
  });

/**
 * Puts a cache in front of the {@linkcode Resolver} of the context, and provides the two as the resolver:
 * `Layer.provide(Cache.layer(), Live.layer())`.
 *
 * @example
 * ```ts
 * import * as Cache from "@plausch/dns/cache";
 * import * as Resolver from "@plausch/dns/resolver";
 * import * as Zone from "@plausch/dns/zone";
 * import * as Effect from "effect/Effect";
 * import * as Layer from "effect/Layer";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = Layer.provide(Cache.layer({ maxTtl: "1 hour" }), Zone.layer({ records: {} }));
 * const answer = await Effect.runPromise(Effect.provide(Resolver.query("nowhere.example", "MX"), resolver));
 * assertEquals(answer.status, "NoName");
 * ```
 */
export const layer = (options: CacheOptions = {}): Layer.Layer<Resolver, never, Resolver> =>
  Layer.effect(Resolver, Effect.flatMap(Resolver, (resolver) => make(resolver, options)));
