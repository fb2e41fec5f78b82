/**
 * Where a sink puts what it accepted. A message counts as accepted only after its store said so.
 *
 * @example Keep messages in memory
 * ```ts
 * import * as Store from "@plausch/sink/store";
 * import * as Path from "@plausch/smtp/path";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const store = Store.memory();
 * await Effect.runPromise(store.save({
 *   id: "1",
 *   receivedAt: 0,
 *   peer: "127.0.0.1",
 *   helo: "c.test",
 *   protocol: "ESMTP",
 *   reversePath: Path.nullPath,
 *   forwardPaths: [],
 *   octets: new Uint8Array(),
 * }));
 * assertEquals(store.messages.length, 1);
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type { Submission } from "./submission.ts";

/** A message as the sink received it. */
export interface Message extends Submission {
  /** A name for the message, unique to this sink. */
  readonly id: string;
  /** When it came, in milliseconds since the epoch, by effect's Clock. */
  readonly receivedAt: number;
  /** The client's address, or the empty string where there is none. What XCLIENT or a PROXY header named counts. */
  readonly peer: string;
}

/** A message could not be stored. The sink answers 451, and the client keeps it. */
export class StoreError extends Data.Error<{
  /** What was tried, such as "write the message to /var/mail". */
  readonly action: string;
  /** Why it failed. */
  readonly cause: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "StoreError" as const;
  /** The error's class name. */
  override get name(): string {
    return "StoreError";
  }
  /** Whether trying again may help: yes, the disk may have room then. */
  get isTemporary(): boolean {
    return true;
  }
  /** One sentence for people. */
  override get message(): string {
    return `Cannot ${this.action}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`;
  }
}

/** Where messages go. */
export interface Store {
  /**
   * Succeeds once the message is safe. Only then does the sink answer 250; after a failure, or a defect, it answers 451. A sink that
   * stops waits a few seconds for it and then interrupts it, so that clients hear of the messages that were kept.
   */
  readonly save: (message: Message) => Effect.Effect<void, StoreError>;
  /**
   * Whether messages go nowhere. Then their octets are checked and counted as they come, and not kept, unless a policy wants to see whole
   * messages: one of any size takes the same memory, `octets` is empty, and `size` says how many there were. `save` is not called.
   * Default: false.
   */
  readonly discards?: boolean | undefined;
}

/** A store that keeps messages in memory. */
export interface MemoryStore extends Store {
  /** The messages so far, oldest first. */
  readonly messages: ReadonlyArray<Message>;
}

/**
 * A store in memory. It grows without limit: for tests and demonstrations.
 *
 * @example
 * ```ts
 * import * as Store from "@plausch/sink/store";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Store.memory().messages, []);
 * ```
 */
export const memory = (): MemoryStore => {
  const messages: Array<Message> = [];
  return { messages, save: (message) => Effect.sync(() => void messages.push(message)) };
};

/**
 * A store that forgets every message, for load and speed tests: a sink does not even collect the octets.
 *
 * @example
 * ```ts
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import * as Effect from "effect/Effect";
 * import { assert } from "@std/assert";
 *
 * const sink = Sink.listen({ store: Store.discard });
 * assert((await Effect.runPromise(Effect.scoped(sink))).port > 0);
 * ```
 */
export const discard: Store = { discards: true, save: () => Effect.void };
