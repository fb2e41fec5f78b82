import type * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import type { Conversation, Wanted } from "./conversation.ts";

type Pull = Effect.Effect<Uint8Array | undefined, unknown>;

/** A source that is open. */
interface Open {
  readonly wanted: Wanted;
  readonly scope: Scope.Closeable;
  readonly pull: Pull;
  readonly services: Context.Context<never>;
  /** A pull that has begun, and whose octets nobody has taken. */
  reading: Fiber.Fiber<Uint8Array | undefined, unknown> | undefined;
}

/** After so many pulls in a row everybody else has a turn. */
const mostInARow = 32;

/**
 * Reads the next octets of the message that a conversation wants, and hands them over. The source is opened when it is wanted first,
 * and closed behind its last octets, when it fails, or with the session. A source that gives nothing for `limit` has failed.
 * `isClear` tells whether all that was written has gone out.
 */
export class Supply {
  readonly #conversation: Conversation;
  readonly #limit: Duration.Duration;
  readonly #isClear: () => boolean;
  readonly #session: Scope.Scope;
  #current: Open | undefined;
  #inARow = 0;

  constructor(conversation: Conversation, limit: Duration.Duration, isClear: () => boolean, session: Scope.Scope) {
    this.#conversation = conversation;
    this.#limit = limit;
    this.#isClear = isClear;
    this.#session = session;
  }

  /**
   * Hands over what the source has at hand, which takes no step of the session's fiber. False if there is more to do, or to wait
   * for: {@linkcode next} does it.
   */
  atOnce(): boolean {
    const open = this.#current;
    if (open === undefined || open.wanted !== this.#conversation.wanted || open.reading !== undefined) return false;
    if (this.#inARow === mostInARow) return false;
    this.#inARow++;
    const reading = Effect.runForkWith(open.services)(open.pull);
    const exit = reading.pollUnsafe();
    if (exit === undefined || Exit.isFailure(exit) || exit.value === undefined) {
      open.reading = reading;
      return false;
    }
    this.#conversation.supply(exit.value, this.#isClear());
    return true;
  }

  /** Waits for the next octets, or for the end, and hands that over; or only gives others their turn. */
  readonly next: Effect.Effect<void> = Effect.suspend(() => {
    const isTurnOver = this.#inARow === mostInARow;
    this.#inARow = 0;
    if (isTurnOver) return Effect.yieldNow;
    const pulled = Effect.timeoutOrElse(this.#pull, {
      duration: this.#limit,
      orElse: () => Effect.fail(new Error("the message was not read on for too long")),
    });
    return Effect.matchEffect(pulled, {
      onSuccess: (octets) => {
        this.#conversation.supply(octets, this.#isClear());
        return octets === undefined ? this.#close : Effect.void;
      },
      onFailure: (cause) => {
        this.#conversation.supplyFailed(cause);
        return this.#close;
      },
    });
  });

  readonly #pull: Pull = Effect.suspend(() => {
    const open = this.#current;
    if (open === undefined || open.wanted !== this.#conversation.wanted) {
      return Effect.andThen(this.#close, Effect.flatMap(this.#open(), ({ pull }) => pull));
    }
    const { reading } = open;
    if (reading === undefined) return open.pull;
    open.reading = undefined;
    return Effect.onInterrupt(Fiber.join(reading), () => Fiber.interrupt(reading));
  });

  #open(): Effect.Effect<Open, unknown> {
    const wanted = this.#conversation.wanted!;
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.fork(this.#session);
      const services = yield* Effect.context<never>();
      const pull = yield* Effect.onError(
        Scope.provide(wanted.source.open, scope),
        () => Scope.close(scope, Exit.void),
      );
      const open: Open = { wanted, scope, pull, services, reading: undefined };
      const interrupted = Effect.suspend(() =>
        open.reading === undefined ? Effect.void : Fiber.interrupt(open.reading)
      );
      yield* Scope.addFinalizer(scope, interrupted);
      return this.#current = open;
    });
  }

  readonly #close: Effect.Effect<void> = Effect.suspend(() => {
    const open = this.#current;
    this.#current = undefined;
    return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void);
  });
}
