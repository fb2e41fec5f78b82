/**
 * Where MTA-STS policies are kept until their `max_age` is over (RFC 8461 section 3.2). That a policy is remembered is what
 * makes MTA-STS worth something: whoever can suppress the record of a domain cannot make a sender forget its policy. So a
 * program that ends and starts again should keep them in a store that outlives it.
 *
 * @example
 * ```ts
 * import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const cache = MtaStsCache.inMemory();
 *   const policy = { mode: "enforce", maxAge: 86400, mx: ["mx1.example.org"] } as const;
 *   yield* cache.set("example.org", { policy, id: "1", fetchedAt: 0 });
 *   assertEquals((yield* cache.get("example.org"))?.id, "1");
 * });
 * await Effect.runPromise(program);
 * ```
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { KeyValueStore } from "effect/persistence/KeyValueStore";
import * as Result from "effect/Result";
import * as MtaStsPolicy from "./mta_sts_policy.ts";

/** A policy as it is kept. */
export interface KeptPolicy {
  /** The policy. */
  readonly policy: MtaStsPolicy.MtaStsPolicy;
  /** The version of it, as the record named it when it was fetched. */
  readonly id: string;
  /** When it was fetched, in milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/** Keeps policies by domain. Whether one is still good, its user sees to; a store that fails has none. */
export interface MtaStsCache {
  /** The policy of a domain, if one is kept. */
  readonly get: (domain: string) => Effect.Effect<KeptPolicy | undefined>;
  /** Keeps the policy of a domain in place of the one before. */
  readonly set: (domain: string, kept: KeptPolicy) => Effect.Effect<void>;
}

const defaultCapacity = 10_000;

/**
 * Keeps policies in memory, of so many domains (10,000 by default); those that were asked for least recently go first.
 *
 * @example
 * ```ts
 * import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const cache = MtaStsCache.inMemory(1);
 *   const kept = { policy: { mode: "none", maxAge: 86400, mx: [] }, id: "1", fetchedAt: 0 } as const;
 *   yield* cache.set("a.example", kept);
 *   yield* cache.set("b.example", kept);
 *   assertEquals(yield* cache.get("a.example"), undefined);
 * });
 * await Effect.runPromise(program);
 * ```
 */
export const inMemory = (capacity: number = defaultCapacity): MtaStsCache => {
  // A Map keeps its keys in the order in which they came: what is put back stands last.
  const kept = new Map<string, KeptPolicy>();
  const put = (domain: string, one: KeptPolicy) => {
    kept.delete(domain);
    kept.set(domain, one);
    for (const oldest of kept.keys()) {
      if (kept.size <= capacity) break;
      kept.delete(oldest);
    }
  };
  return {
    get: (domain) =>
      Effect.sync(() => {
        const one = kept.get(domain);
        if (one !== undefined) put(domain, one);
        return one;
      }),
    set: (domain, one) => Effect.sync(() => put(domain, one)),
  };
};

const format = ({ policy, id, fetchedAt }: KeptPolicy): string =>
  [`${id} ${fetchedAt}`, ...MtaStsPolicy.lines(policy)].join("\n");

const parse = (domain: string, text: string): KeptPolicy | undefined => {
  const [, id, fetchedAt, lines] = /^(\w+) (\d+)\n(.*)$/s.exec(text) ?? [];
  if (id === undefined || lines === undefined) return undefined;
  return Result.match(MtaStsPolicy.parse(domain, lines), {
    onFailure: () => undefined,
    onSuccess: (policy) => ({ policy, id, fetchedAt: Number(fetchedAt) }),
  });
};

/**
 * Keeps policies in a store of effect's, such as a folder (`KeyValueStore.layerFileSystem`) or a database. The keys are
 * `mta-sts:` and the domain. A store that fails, or holds what cannot be read, counts as one that has nothing: then the
 * policy is fetched again.
 *
 * @example
 * ```ts
 * import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
 * import * as Effect from "effect/Effect";
 * import * as KeyValueStore from "effect/persistence/KeyValueStore";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const cache = MtaStsCache.inStore(yield* KeyValueStore.KeyValueStore);
 *   const kept = { policy: { mode: "testing", maxAge: 86400, mx: ["*.example.org"] }, id: "7", fetchedAt: 1 } as const;
 *   yield* cache.set("example.org", kept);
 *   assertEquals(yield* cache.get("example.org"), kept);
 * });
 * await Effect.runPromise(Effect.provide(program, KeyValueStore.layerMemory));
 * ```
 */
export const inStore = (store: KeyValueStore): MtaStsCache => {
  const key = (domain: string) => `mta-sts:${domain}`;
  return {
    get: (domain) =>
      store.get(key(domain)).pipe(
        Effect.map((text) => text === undefined ? undefined : parse(domain, text)),
        Effect.orElseSucceed(() => undefined),
      ),
    set: (domain, kept) => Effect.ignore(store.set(key(domain), format(kept))),
  };
};
