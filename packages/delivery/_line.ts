/** Whoever can stand in a line; in one at a time. */
export interface Standing<A extends Standing<A>> {
  /** The line that it stands in. */
  line: Line<A> | undefined;
  ahead: A | undefined;
  behind: A | undefined;
}

/**
 * A line: whoever came first is first, and anyone can leave. It is not a `Set`, which makes itself a new table with every few that come
 * and go, and has each table know the next one: so whatever was in a table is kept together with those before it, until the garbage
 * collector has gone through everything.
 */
export class Line<A extends Standing<A>> {
  #first: A | undefined;
  #last: A | undefined;

  /** The one that has stood there for longest. */
  get first(): A | undefined {
    return this.#first;
  }

  /** Goes to the end of the line. */
  join(one: A): void {
    one.line = this;
    one.ahead = this.#last;
    if (this.#last === undefined) this.#first = one;
    else this.#last.behind = one;
    this.#last = one;
  }

  /** Leaves the line, and nothing behind: what is gone must not keep what is there. Tells whether it stood there. */
  leave(one: A): boolean {
    if (one.line !== this) return false;
    const { ahead, behind } = one;
    if (ahead === undefined) this.#first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.#last = ahead;
    else behind.ahead = ahead;
    one.line = undefined;
    one.ahead = undefined;
    one.behind = undefined;
    return true;
  }
}
