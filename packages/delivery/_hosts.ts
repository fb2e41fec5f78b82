import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { Host } from "./_host.ts";
import { Line } from "./_line.ts";
import { Pace } from "./_pace.ts";
import type { Waiter } from "./_turns.ts";
import { type Now, watch } from "./_watch.ts";
import type { Rate } from "./pool.ts";

/** What each host is to be spared. */
export interface Options {
  readonly now: Now;
  /** Sessions at one time. */
  readonly most: number;
  readonly rate: Rate | undefined;
  /** How long fewer sessions are enough, once the host would not have another one. */
  readonly pause: Duration.Input;
}

/** The hosts that somebody has to do with, by the errands that are for them. */
export interface Hosts {
  /** For one more errand. */
  readonly enter: (key: string) => Host;
  /** Forgets the host if nobody has to do with it any more. */
  readonly rest: (host: Host) => void;
  /** The host did not take another session beside those that it has: no more turns than that for a while. */
  readonly narrow: (host: Host) => Effect.Effect<void>;
  /** The one who has waited for longest, for a turn with any host. */
  readonly firstInLine: () => Waiter | undefined;
}

/** None yet. */
export const make = ({ now, most, rate, pause }: Options): Effect.Effect<Hosts, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope;
    const hosts = new Map<string, Host>();
    /** Nobody has to do with these, but they have had messages in the last window of time. */
    const resting = new Line<Host>();

    const forget = (host: Host): void => {
      resting.leave(host);
      hosts.delete(host.key);
    };

    const rest = (host: Host): void => {
      if (!host.isLeft) return;
      if (rate === undefined) return forget(host);
      resting.leave(host);
      host.since = now();
      resting.join(host);
    };

    if (rate !== undefined) {
      yield* watch({
        now,
        // After a window without a message there is nothing to remember.
        time: Duration.toMillis(Duration.fromInputUnsafe(rate.window)),
        oldest: () => resting.first,
        end: (host) => Effect.sync(() => forget(host)),
      });
    }

    return {
      enter: (key) => {
        let host = hosts.get(key);
        if (host === undefined) {
          host = new Host(key, most, rate && new Pace(rate));
          hosts.set(key, host);
        } else resting.leave(host);
        host.errands++;
        return host;
      },
      rest,
      narrow: (host) =>
        Effect.suspend(() => {
          if (host.isNarrow) return Effect.void;
          host.isNarrow = true;
          host.turns.resize(Math.min(most, Math.max(1, host.standing)));
          const widen = Effect.sync(() => {
            host.isNarrow = false;
            host.turns.resize(most);
            rest(host);
          });
          return Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.sleep(pause), widen), scope));
        }),
      firstInLine: () => {
        let first: Waiter | undefined;
        for (const { turns } of hosts.values()) {
          if (first === undefined || turns.first !== undefined && turns.first.since < first.since) first = turns.first;
        }
        return first;
      },
    };
  });
