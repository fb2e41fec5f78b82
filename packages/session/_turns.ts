import * as Effect from "effect/Effect";

/** Requests of one session, one after another, in the order in which they came. */
export class Turns {
  #isTaken = false;
  #isCalling = false;
  readonly #line: Array<() => void> = [];

  /** Calls `start` once it has the turn: at once, if nobody else has it. Gives what leaves the line before that. */
  next(start: () => void): () => void {
    this.#line.push(start);
    this.#call();
    return () => {
      const at = this.#line.indexOf(start);
      if (at >= 0) this.#line.splice(at, 1);
    };
  }

  /** Ends the turn: the next one in the line has it. */
  end(): void {
    this.#isTaken = false;
    this.#call();
  }

  /** A loop, since a turn may be over before `start` returns: that would be calls within calls. */
  #call(): void {
    if (this.#isCalling) return;
    this.#isCalling = true;
    while (!this.#isTaken && this.#line.length > 0) {
      this.#isTaken = true;
      this.#line.shift()!();
    }
    this.#isCalling = false;
  }

  /** Waits for a turn, and takes it. To be used where nothing interrupts, since the turn has to be ended. */
  get take(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isTaken || this.#isCalling) return Effect.interruptible(this.#wait);
      this.#isTaken = true;
      return Effect.void;
    });
  }

  readonly #wait: Effect.Effect<void> = Effect.callback((resume) => {
    let hasTurn = false;
    const leave = this.next(() => {
      hasTurn = true;
      resume(Effect.void);
    });
    return Effect.sync(() => hasTurn ? this.end() : leave());
  });
}
