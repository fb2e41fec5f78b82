/**
 * A connection that hands octets over the moment they come, and takes octets without a step in between: what a program needs that
 * sends much. `@plausch/net` has it; sessions use it where it is.
 *
 * @example Whether a reader has it
 * ```ts
 * import * as DirectReader from "@plausch/line/direct-reader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(DirectReader.isDirectReader({ pull: undefined }), false);
 * ```
 *
 * @module
 */

/** Hears what a connection has to say. Its functions are called one at a time, and must not throw. */
export interface Listener {
  /** Octets came in. They are the listener's own. */
  octets(chunk: Uint8Array): void;
  /** Nothing more will come; `cause` is what a pull would have failed with. */
  ended(cause: unknown): void;
  /** Nothing more can be sent. What the peer has said before may still come. */
  broken(cause: unknown): void;
  /** What was written has gone out, after {@linkcode Line.write} had asked for patience. */
  drained(): void;
}

/** The way out of a connection that is listened to. */
export interface Line {
  /**
   * Sends octets, which must not change before {@linkcode Line.isClear}. False asks to wait for {@linkcode Listener.drained} before the
   * next ones.
   */
  write(octets: Uint8Array): boolean;
  /** Whether the system has taken all that was written, so that the memory of it may be used again; also after the listening ended. */
  isClear(): boolean;
  /** Hears no more octets, nor their end, until {@linkcode Line.resume}. A peer that sends on is made to wait. */
  pause(): void;
  /** Hears again, at once what came in the meantime. */
  resume(): void;
  /** Ends the listening: what comes from now on waits for a pull, or for another listener. */
  release(): void;
}

/** A reader that can be listened to. */
export interface DirectReader {
  /** Hands everything to `listener` from now on, first what has come already. Nobody may pull or listen besides. */
  readonly listen: (listener: Listener) => Line;
}

/**
 * Whether a reader can be listened to.
 *
 * @example
 * ```ts
 * import * as DirectReader from "@plausch/line/direct-reader";
 * import { assert } from "@std/assert";
 *
 * const line = { write: () => true, isClear: () => true, pause: () => {}, resume: () => {}, release: () => {} };
 * const reader = { listen: () => line };
 * assert(DirectReader.isDirectReader(reader));
 * ```
 */
export const isDirectReader = <A extends object>(reader: A): reader is A & DirectReader => "listen" in reader;
