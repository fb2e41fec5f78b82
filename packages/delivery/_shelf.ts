import type { Host } from "./_host.ts";
import { Line } from "./_line.ts";
import type { PooledSession } from "./_pooled_session.ts";

/** The sessions that nobody uses. */
export class Shelf {
  /** In the order in which they came. */
  readonly #all = new Line<PooledSession>();

  put(pooled: PooledSession): void {
    this.#all.join(pooled);
    pooled.host.idle.push(pooled);
  }

  /** Takes the one of a host that was used last: so those that are not needed grow old. */
  take(host: Host): PooledSession | undefined {
    const last = host.idle.pop();
    if (last !== undefined) this.#all.leave(last);
    return last;
  }

  remove(pooled: PooledSession): void {
    if (!this.#all.leave(pooled)) return;
    const { idle } = pooled.host;
    idle.splice(idle.indexOf(pooled), 1);
  }

  holds(pooled: PooledSession): boolean {
    return pooled.line === this.#all;
  }

  /** The one that has been there for longest. */
  get oldest(): PooledSession | undefined {
    return this.#all.first;
  }
}
