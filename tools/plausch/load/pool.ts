/**
 * The messages that are still to be sent, shared by all connections, and when each is due.
 *
 * @module
 */
/** The messages that are left. Numbers go up, also where a message is given back. */
export interface Pool {
  /** How many are left. */
  readonly left: number;
  /** Takes the next one: its number, counted from 1. To be called while some are left. */
  readonly take: () => number;
  /** Gives messages back that were taken and not begun. */
  readonly giveBack: (count: number) => void;
}

/** A pool with so many messages. */
export const make = (messages: number): Pool => {
  let left = messages;
  let number = 0;
  return {
    get left() {
      return left;
    },
    take: () => {
      left--;
      return ++number;
    },
    giveBack: (count) => {
      left += count;
    },
  };
};

/** How fast messages may be taken. All times are in microseconds. */
export interface Pace {
  /** When the next message is due; the one after it comes next. */
  readonly next: () => number;
  /** Whether the next message is due at a time. */
  readonly isDue: (now: number) => boolean;
}

/**
 * A steady pace: message number n is due n / rate seconds after the start, however late the ones before it were. So nothing
 * drifts, and a server that falls behind gets what it missed as soon as it can take it.
 */
export const steady = (rate: number, start: number): Pace => {
  const interval = 1_000_000 / rate;
  let number = 0;
  return {
    next: () => start + number++ * interval,
    isDue: (now) => start + number * interval <= now,
  };
};
