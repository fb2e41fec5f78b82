/**
 * Why a listener could not start.
 *
 * @example
 * ```ts
 * import * as ListenError from "@plausch/net/listen-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ListenError.ListenError({ address: "127.0.0.1:25", cause: new Error("listen EACCES 127.0.0.1:25") });
 * assertEquals(error.message, 'Cannot listen on "127.0.0.1:25": listen EACCES 127.0.0.1:25');
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";

/** A listener could not start: the address is taken, not ours, or not permitted. `OpenFailure.explain` has words for it. */
export class ListenError extends Data.Error<{
  /** Where it should have listened: `address:port`, or the path of a Unix socket. */
  readonly address: string;
  /** What the system said. */
  readonly cause: unknown;
}> {
  /** Tells this error apart in `Effect.catchTag`. */
  readonly _tag = "ListenError" as const;

  /** Names the address and repeats what the system said. */
  override get message(): string {
    return `Cannot listen on ${JSON.stringify(this.address)}: ${
      this.cause instanceof Error ? this.cause.message : String(this.cause)
    }`;
  }
}
