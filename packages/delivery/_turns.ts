import { Line, type Standing } from "./_line.ts";

/** Who waits for a turn. */
export interface Waiter extends Standing<Waiter> {
  /** Since when. */
  readonly since: number;
  /** Has the turn from now on. It may be over before this returns. */
  readonly called: () => void;
  /** Has waited for too long. */
  readonly giveUp: () => void;
}

/** So many turns at one time. Whoever comes later waits in line, and whoever comes first is first. */
export class Turns {
  #most: number;
  #taken = 0;
  #isCalling = false;
  readonly #line = new Line<Waiter>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Nobody has a turn, or waits for one. */
  get areFree(): boolean {
    return this.#taken === 0 && this.#line.first === undefined;
  }

  /** The one who has waited for longest. */
  get first(): Waiter | undefined {
    return this.#line.first;
  }

  /** Takes a turn, if there is one and nobody waits for it. */
  take(): boolean {
    if (this.#taken >= this.#most || this.#line.first !== undefined) return false;
    this.#taken++;
    return true;
  }

  queue(waiter: Waiter): void {
    this.#line.join(waiter);
  }

  quit(waiter: Waiter): void {
    this.#line.leave(waiter);
  }

  /** Ends a turn: the next one in line has it. */
  end(): void {
    this.#taken--;
    this.#call();
  }

  resize(most: number): void {
    this.#most = most;
    this.#call();
  }

  /** A loop, since many turns may be over at once, each before `called` returns: they would be calls within calls. */
  #call(): void {
    if (this.#isCalling) return;
    this.#isCalling = true;
    try {
      for (let next = this.#line.first; next !== undefined && this.#taken < this.#most; next = this.#line.first) {
        this.#line.leave(next);
        this.#taken++;
        next.called();
      }
    } finally {
      this.#isCalling = false;
    }
  }
}
