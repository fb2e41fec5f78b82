import type { DotUnstuffer } from "@plausch/line/dot-unstuffing";
import type { Submission } from "./submission.ts";

/** The octets of a message while they come in. */
export interface MessageBuffer {
  /** Adds a copy of the octets. */
  add(octets: Uint8Array): void;
  /** Adds what the unstuffer makes of the octets. */
  addUnstuffed(octets: Uint8Array, unstuffer: DotUnstuffer): void;
  /** How many octets came, also those beyond the limit. */
  readonly length: number;
  /** The message, or undefined if it is larger than the limit. */
  take(): Pick<Submission, "octets" | "size"> | undefined;
}

const none = new Uint8Array(0);

/** Where octets go that nobody will read, of whatever message. */
let bin = none;

/** Unstuffs octets that nobody will read, and gives how many they are. */
const waste = (octets: Uint8Array, unstuffer: DotUnstuffer): number => {
  if (octets.length >= bin.length) bin = new Uint8Array(Math.max(octets.length + 1, 2 * bin.length));
  return unstuffer.pushInto(octets, bin, 0);
};

/** Counts octets, and keeps none. */
class Counter implements MessageBuffer {
  length = 0;

  constructor(readonly limit: number) {}

  add(octets: Uint8Array): void {
    this.length += octets.length;
  }

  addUnstuffed(octets: Uint8Array, unstuffer: DotUnstuffer): void {
    this.length += waste(octets, unstuffer);
  }

  take(): Pick<Submission, "octets" | "size"> | undefined {
    return this.length > this.limit ? undefined : { octets: none, size: this.length };
  }
}

/**
 * Holds at most `limit` octets. It costs about what it holds, into however many pieces a client cuts its message; beyond the limit it
 * holds nothing.
 */
class Holder implements MessageBuffer {
  length = 0;
  #bytes = none;

  constructor(readonly limit: number) {}

  add(octets: Uint8Array): void {
    const at = this.length;
    if (at + octets.length <= this.limit) {
      this.#makeRoom(at + octets.length);
      this.#bytes.set(octets, at);
    }
    this.#advance(at + octets.length);
  }

  addUnstuffed(octets: Uint8Array, unstuffer: DotUnstuffer): void {
    const { length } = this;
    if (length > this.limit) return this.#advance(length + waste(octets, unstuffer));
    this.#makeRoom(length + octets.length + 1);
    this.#advance(unstuffer.pushInto(octets, this.#bytes, length));
  }

  take(): Pick<Submission, "octets" | "size"> | undefined {
    const { length } = this;
    if (length > this.limit) return undefined;
    return { octets: this.#bytes.length === length ? this.#bytes : this.#bytes.slice(0, length) };
  }

  #makeRoom(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  #advance(to: number): void {
    this.length = to;
    if (to > this.limit) this.#bytes = none;
  }
}

/** A buffer for a message, or one that only counts it. */
export const make = (limit: number, keeps: boolean): MessageBuffer => keeps ? new Holder(limit) : new Counter(limit);
