// Messages on their way into the store, and what the protocol and an observer are told of it.
import * as Cause from "effect/Cause";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type { ServerProtocol } from "./server_protocol.ts";
import type { Client, SinkEvent } from "./sink.ts";
import { type Message, type Store, StoreError } from "./store.ts";
import type { Submission } from "./submission.ts";

/** How long a store may go on when the sink stops. */
export const grace: Duration.Duration = Duration.seconds(5);

/** Stores the messages of one connection. */
export interface Storing {
  /** Waits for the store, also when it is interrupted, for a while. */
  readonly save: (submission: Submission) => Effect.Effect<void>;
  /** Does so at once if the store keeps nothing; false if it does. */
  readonly saveAtOnce: (submission: Submission) => boolean;
}

/** Goes on for a while when it is interrupted, so that a client hears of a message that was kept. */
const seenThrough = (self: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(self, { startImmediately: true }),
      (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.andThen(Effect.timeoutOption(Fiber.await(fiber), grace), Fiber.interrupt(fiber))),
    )
  );

/** Nothing is stored yet. */
export const make = (
  store: Store,
  protocol: ServerProtocol,
  { connection, peer }: Client,
  now: () => number,
  observe: ((event: SinkEvent) => void) | undefined,
): Storing => {
  let stored = 0;
  const idAt = (time: number): string => `${time.toString(36)}-${connection}-${++stored}`;
  const messageOf = (submission: Submission): Message => {
    const receivedAt = now();
    return { ...submission, id: idAt(receivedAt), receivedAt, peer: submission.peer ?? peer };
  };
  const kept = (message: Message): void => {
    observe?.({ _tag: "Stored", connection, message });
    protocol.stored(message.id);
  };
  const lost = (cause: Cause.Cause<unknown>): void => {
    const reason = Cause.squash(cause);
    const error = reason instanceof StoreError
      ? reason
      : new StoreError({ action: "store the message", cause: reason });
    observe?.({ _tag: "NotStored", connection, error });
    protocol.stored(undefined);
  };
  return {
    save: (submission) => {
      const message = messageOf(submission);
      const saving = Effect.suspend(() => store.save(message));
      return seenThrough(Effect.matchCause(saving, { onSuccess: () => kept(message), onFailure: lost }));
    },
    saveAtOnce: (submission) => {
      if (store.discards !== true) return false;
      // Nobody would see the message.
      if (observe === undefined) protocol.stored(idAt(now()));
      else kept(messageOf(submission));
      return true;
    },
  };
};
