import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import type { Conversation, Wanted } from "./conversation.ts";

/** A source that is open. */
interface Open {
  readonly wanted: Wanted;
  readonly scope: Scope.Closeable;
  readonly pull: Effect.Effect<Uint8Array | undefined, unknown>;
}

/**
 * Reads the next octets of the message that a conversation wants, and hands them over. The source is opened when it is wanted first,
 * and closed behind its last octets, when it fails, or with the session. A source that gives nothing for `limit` has failed.
 * `isClear` tells whether all that was written has gone out.
 */
export const make = (
  conversation: Conversation,
  limit: Duration.Duration,
  isClear: () => boolean,
  session: Scope.Scope,
): Effect.Effect<Effect.Effect<void>> =>
  Effect.sync(() => {
    let current: Open | undefined;

    const close = Effect.suspend(() => {
      const open = current;
      current = undefined;
      return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void);
    });

    const open = (wanted: Wanted): Effect.Effect<Open, unknown> =>
      Effect.gen(function* () {
        const scope = yield* Scope.fork(session);
        const pull = yield* Effect.onError(
          Scope.provide(wanted.source.open, scope),
          () => Scope.close(scope, Exit.void),
        );
        return current = { wanted, scope, pull };
      });

    const next = Effect.suspend((): Effect.Effect<Uint8Array | undefined, unknown> => {
      const wanted = conversation.wanted!;
      if (current?.wanted === wanted) return current.pull;
      return Effect.andThen(close, Effect.flatMap(open(wanted), ({ pull }) => pull));
    });

    return Effect.timeoutOrElse(next, {
      duration: limit,
      orElse: () => Effect.fail(new Error("the message was not read on for too long")),
    }).pipe(
      Effect.matchEffect({
        onSuccess: (octets) => {
          conversation.supply(octets, isClear());
          return octets === undefined ? close : Effect.void;
        },
        onFailure: (cause) => {
          conversation.supplyFailed(cause);
          return close;
        },
      }),
    );
  });
