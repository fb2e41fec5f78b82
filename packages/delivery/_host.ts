import type { Line, Standing } from "./_line.ts";
import type { PooledSession } from "./_pooled_session.ts";
import type { Pace } from "./_pace.ts";
import { Turns } from "./_turns.ts";

/** What all errands for a host share. */
export class Host implements Standing<Host> {
  readonly key: string;
  /** As many as the host may have sessions. */
  readonly turns: Turns;
  /** Where the host has a rate. */
  readonly pace: Pace | undefined;
  /** The sessions that nobody uses; the one that was used last is the last. */
  readonly idle: Array<PooledSession> = [];
  /** How many sessions there are, be they idle or in use. */
  standing = 0;
  /** Errands that are under way. */
  errands = 0;
  /** It did not take another session beside those that it had, and has fewer turns for a while. */
  isNarrow = false;
  /** Since when nobody needs it, in milliseconds. */
  since = 0;
  line: Line<Host> | undefined;
  ahead: Host | undefined;
  behind: Host | undefined;

  constructor(key: string, most: number, pace: Pace | undefined) {
    this.key = key;
    this.turns = new Turns(most);
    this.pace = pace;
  }

  /** Nobody has to do with it. */
  get isLeft(): boolean {
    return this.errands === 0 && this.standing === 0 && !this.isNarrow && this.turns.areFree;
  }
}
