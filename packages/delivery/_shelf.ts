import type { PooledSession } from "./_pooled_session.ts";

/** The sessions that nobody uses. Each is there under the key of the errands that it is for. */
export interface Shelf {
  put(key: string, pooled: PooledSession): void;
  has(key: string): boolean;
  /** Takes the one that was used last: so those that are not needed grow old. */
  take(key: string): PooledSession | undefined;
  remove(pooled: PooledSession): void;
  holds(pooled: PooledSession): boolean;
  /** The one that has been there for longest. */
  readonly oldest: PooledSession | undefined;
}

export const make = (): Shelf => {
  /** In the order in which they came. */
  const keys = new Map<PooledSession, string>();
  const byKey = new Map<string, ReadonlyArray<PooledSession>>();

  const remove = (pooled: PooledSession): void => {
    const key = keys.get(pooled);
    if (key === undefined) return;
    keys.delete(pooled);
    const left = byKey.get(key)!.filter((other) => other !== pooled);
    if (left.length > 0) byKey.set(key, left);
    else byKey.delete(key);
  };

  return {
    put: (key, pooled) => {
      keys.set(pooled, key);
      byKey.set(key, [...byKey.get(key) ?? [], pooled]);
    },
    has: (key) => byKey.has(key),
    take: (key) => {
      const last = byKey.get(key)?.at(-1);
      if (last !== undefined) remove(last);
      return last;
    },
    remove,
    holds: (pooled) => keys.has(pooled),
    get oldest() {
      return keys.keys().next().value;
    },
  };
};
