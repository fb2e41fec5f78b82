import * as Duration from "effect/Duration";
import type { Rate } from "./pool.ts";

/** How many messages a host may have yet: a bucket of tokens, which is full at first, and has one more at even intervals. */
export class Pace {
  readonly #most: number;
  /** Milliseconds. */
  readonly #interval: number;
  #tokens: number;
  /** When the last one was added. */
  #at = -Infinity;

  constructor({ messages, window }: Rate) {
    this.#most = Math.max(1, Math.floor(messages));
    this.#interval = Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(window))) / this.#most;
    this.#tokens = this.#most;
  }

  /** Takes the token for a message. Where there is none it tells after how many milliseconds to ask again, and takes nothing. */
  take(now: number): number {
    const more = Math.floor((now - this.#at) / this.#interval);
    this.#tokens = Math.min(this.#most, this.#tokens + more);
    this.#at = this.#tokens === this.#most ? now : this.#at + more * this.#interval;
    if (this.#tokens === 0) return Math.ceil(this.#at + this.#interval - now);
    this.#tokens--;
    return 0;
  }
}
