import type { Submission } from "./submission.ts";

/** The octets of a message while they come in. */
export interface MessageBuffer {
  /** Adds a copy of the octets. */
  readonly add: (octets: Uint8Array) => void;
  /** Adds what `write` puts into its target, from `at` on, with room for `most` octets; it gives the position behind them. */
  readonly addFrom: (most: number, write: (target: Uint8Array, at: number) => number) => void;
  /** How many octets came, also those beyond the limit. */
  readonly length: () => number;
  /** The message, or undefined if it is larger than the limit. */
  readonly take: () => Pick<Submission, "octets" | "size"> | undefined;
}

const none = new Uint8Array(0);

/** Where octets go that nobody will read, of whatever message. */
let bin = none;

/** Has `write` throw its octets away, and gives how many there were. */
const waste = (most: number, write: (target: Uint8Array, at: number) => number): number => {
  if (most > bin.length) bin = new Uint8Array(Math.max(most, 2 * bin.length));
  return write(bin, 0);
};

/** Counts octets, and keeps none. */
const counter = (limit: number): MessageBuffer => {
  let length = 0;
  return {
    add: (octets) => {
      length += octets.length;
    },
    addFrom: (most, write) => {
      length += waste(most, write);
    },
    length: () => length,
    take: () => length > limit ? undefined : { octets: none, size: length },
  };
};

/**
 * Holds at most `limit` octets. It costs about what it holds, into however many pieces a client cuts its message; beyond the limit it
 * holds nothing.
 */
const holder = (limit: number): MessageBuffer => {
  let bytes = none;
  let length = 0;

  const makeRoom = (needed: number): void => {
    if (needed <= bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
    larger.set(bytes.subarray(0, length));
    bytes = larger;
  };
  const advance = (to: number): void => {
    length = to;
    if (length > limit) bytes = none;
  };

  return {
    add: (octets) => {
      const at = length;
      if (at + octets.length <= limit) {
        makeRoom(at + octets.length);
        bytes.set(octets, at);
      }
      advance(at + octets.length);
    },
    addFrom: (most, write) => {
      if (length > limit) return advance(length + waste(most, write));
      makeRoom(length + most);
      advance(write(bytes, length));
    },
    length: () => length,
    take: () => length > limit ? undefined : { octets: bytes.length === length ? bytes : bytes.slice(0, length) },
  };
};

/** A buffer for a message, or one that only counts it. */
export const make = (limit: number, keeps: boolean): MessageBuffer => keeps ? holder(limit) : counter(limit);
