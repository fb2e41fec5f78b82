import type { SessionError } from "@plausch/session/session-error";
import * as Effect from "effect/Effect";
import type { Breaker } from "./_breaker.ts";
import type { Host } from "./_host.ts";
import type { Hosts } from "./_hosts.ts";
import type { Line } from "./_line.ts";
import { busy, type Limit } from "./_patience.ts";
import type { Passenger, PooledSession } from "./_pooled_session.ts";
import { closed, type Sessions } from "./_sessions.ts";
import type { Waiter } from "./_turns.ts";
import type { Now } from "./_watch.ts";

/** What berths are made of. */
export interface Harbour {
  readonly now: Now;
  readonly hosts: Hosts;
  readonly sessions: Sessions;
  readonly breaker: Breaker;
  /** Puts a limit on the wait for the rate. */
  readonly limit: Limit;
}

/** So often an errand waits for a session that stands, after it got no other one. */
const mostWaits = 3;

const reused = Effect.succeed(true);

const neverOpened = ({ reason, isTemporary }: SessionError): boolean =>
  isTemporary && reason !== "HostBusy" && reason !== "Closed";

/**
 * The place of one errand at its host: its turn there, and the session that it has. What is free is taken without an effect: its steps
 * would cost more than all the rest.
 */
export class Berth implements Waiter {
  readonly #harbour: Harbour;
  readonly #passenger: Passenger;
  readonly #host: Host;
  #pooled: PooledSession | undefined;
  #hasTurn = false;
  #isPaced = false;
  #resume: (turn: Effect.Effect<void, SessionError>) => void = () => {};
  since = 0;
  line: Line<Waiter> | undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;

  constructor(passenger: Passenger, harbour: Harbour) {
    this.#harbour = harbour;
    this.#passenger = passenger;
    this.#host = harbour.hosts.enter(passenger.errand.key);
  }

  /** The session that it has now. */
  get pooled(): PooledSession | undefined {
    return this.#pooled;
  }

  /** Takes a session that stands, if that can be done at once. Tells whether it could. */
  boardAtOnce(): boolean {
    const { sessions, now } = this.#harbour;
    const { idle, pace, turns } = this.#host;
    this.#hasTurn ||= turns.take();
    if (!this.#hasTurn || idle.length === 0 || sessions.isClosed) return false;
    this.#isPaced ||= pace === undefined || pace.take(now()) === 0;
    return this.#isPaced && this.#takeIdle();
  }

  /**
   * Gets a session: one that stands, if it `mayReuse` one and there is one, or else a fresh one. Tells whether it was used before. Fails
   * where none is to be had.
   */
  board(mayReuse: boolean, waits: number = mostWaits): Effect.Effect<boolean, SessionError> {
    if (this.#hasTurn) return this.#find(mayReuse, waits);
    return Effect.flatMap(this.#turn(), () => {
      const isAboard = mayReuse && this.boardAtOnce();
      return isAboard ? reused : this.#find(mayReuse, waits);
    });
  }

  /** Lets the session go, which is of no more use, and waits for its goodbye. */
  leave(): Effect.Effect<void> {
    const left = this.#pooled;
    this.#pooled = undefined;
    return left === undefined ? Effect.void : this.#harbour.sessions.leave(left);
  }

  /** Gives back all that it has. */
  vacate(): Effect.Effect<void> | undefined {
    const { hosts, sessions } = this.#harbour;
    const host = this.#host;
    host.turns.quit(this);
    host.errands--;
    if (this.#pooled !== undefined && !sessions.keep(this.#pooled)) {
      return sessions.retire(this.#pooled, () => {
        this.#endTurn();
        hosts.rest(host);
      });
    }
    this.#endTurn();
    hosts.rest(host);
    return undefined;
  }

  called(): void {
    this.#hasTurn = true;
    this.#resume(Effect.void);
  }

  /** It has waited for too long. */
  giveUp(): void {
    this.#host.turns.quit(this);
    this.#resume(Effect.fail(busy));
  }

  #turn(): Effect.Effect<void, SessionError> {
    return Effect.callback((resume) => {
      const { turns } = this.#host;
      this.#hasTurn = turns.take();
      if (this.#hasTurn) return resume(Effect.void);
      this.#resume = resume;
      this.since = this.#harbour.now();
      turns.queue(this);
    });
  }

  #endTurn(): void {
    if (!this.#hasTurn) return;
    this.#hasTurn = false;
    this.#host.turns.end();
  }

  #find(mayReuse: boolean, waits: number): Effect.Effect<boolean, SessionError> {
    const { breaker, hosts } = this.#harbour;
    const host = this.#host;
    // A host that is left alone shall not take up the time of those who wait for the rate.
    const checked = mayReuse && host.idle.length > 0 ? Effect.void : breaker.check(host.key);
    const found = checked.pipe(
      Effect.andThen(Effect.suspend(() => this.#pace())),
      Effect.andThen(Effect.suspend(() => this.#takeOrOpen(mayReuse))),
    );
    if (!mayReuse || waits === 0) return found;
    return Effect.catchIf(
      found,
      (error) => neverOpened(error) && host.standing > 0,
      // The host has as many sessions as it wants: this message waits for one of them.
      () =>
        Effect.flatMap(hosts.narrow(host), () => {
          this.#endTurn();
          return this.board(mayReuse, waits - 1);
        }),
    );
  }

  /** Waits until the rate has room for a message. */
  #pace(): Effect.Effect<void, SessionError> {
    const { pace } = this.#host;
    if (pace === undefined || this.#isPaced) return Effect.void;
    const { now, limit } = this.#harbour;
    // It asks again, rather than that it books ahead: who gives up has taken nothing from the others.
    const ask: Effect.Effect<void> = Effect.suspend(() => {
      const left = pace.take(now());
      this.#isPaced = left === 0;
      return this.#isPaced ? Effect.void : Effect.andThen(Effect.sleep(left), ask);
    });
    return limit(ask);
  }

  #takeIdle(): boolean {
    this.#pooled = this.#harbour.sessions.take(this.#host);
    if (this.#pooled === undefined) return false;
    this.#pooled.passenger = this.#passenger;
    return true;
  }

  #takeOrOpen(mayReuse: boolean): Effect.Effect<boolean, SessionError> {
    const { sessions, breaker } = this.#harbour;
    if (sessions.isClosed) return Effect.fail(closed);
    if (mayReuse && this.#takeIdle()) return reused;
    const opened = sessions.open({
      host: this.#host,
      passenger: this.#passenger,
      guard: breaker.guard(this.#host.key),
      taken: (pooled) => {
        this.#pooled = pooled;
      },
    });
    return Effect.as(opened, false);
  }
}
