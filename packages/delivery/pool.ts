/**
 * A carrier that keeps sessions open: for programs that send much. Messages for one host go over the sessions that stand, one after
 * another; a session that has had its share, or that nobody needs, says QUIT; one that turns out to be dead is replaced, and
 * the message goes over a fresh one.
 *
 * **Limits** of a host: sessions, messages on each, and messages in a window of time. LIMITS of the server (RFC 9422) count as well.
 * A host that cannot be reached several times in a row is left alone for a while: its errands fail with `HostPaused` at once. One that
 * takes no further session beside those that it has gets all messages over these, and is asked for more after a while.
 *
 * **Nothing twice.** A message goes over a second session only where the first one had been used before, and broke before the final
 * dot: nobody can have it then. It goes for the recipients that nothing was decided about. Behind the dot they are `uncertain`, as
 * with any session, and nothing is sent again.
 *
 * @example Two messages, one session
 * ```ts
 * import * as Pool from "@plausch/delivery/pool";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 mx.d.test
 * > EHLO c.test
 * < 250 mx.d.test
 * > MAIL FROM:<a@c.test>
 * < 250 ok
 * > RCPT TO:<nobody@d.test>
 * < 550 5.1.1 nobody of that name
 * > RSET
 * < 250 ok
 * > MAIL FROM:<a@c.test>
 * < 250 ok
 * > RCPT TO:<b@d.test>
 * < 250 ok
 * > DATA
 * < 354 go ahead
 * > hello
 * > .
 * < 250 2.0.0 queued
 * > QUIT
 * < 221 bye
 * `));
 * const content = Result.getOrThrow(Content.make(new TextEncoder().encode("hello\r\n")));
 * const program = Effect.gen(function* () {
 *   const { socket, verify } = yield* MockSocket.make(script);
 *   const verdicts = yield* Effect.scoped(Effect.gen(function* () {
 *     const pool = yield* Pool.make({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 *     return yield* Effect.forEach(["nobody@d.test", "b@d.test"], (to) => {
 *       const mail = { envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: [to] })), content };
 *       const errand = { key: "mx.d.test:25", socket, tls: "none", tlsOptions: {}, mail, observe: () => {} } as const;
 *       return Effect.map(pool.carry(errand), ({ recipients }) => recipients[0]?.verdict);
 *     });
 *   }));
 *   yield* verify;
 *   return verdicts;
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(program)), ["rejected", "accepted"]);
 * ```
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Harbour } from "./_berth.ts";
import * as Breaker from "./_breaker.ts";
import * as Hosts from "./_hosts.ts";
import { within } from "./_patience.ts";
import * as Sessions from "./_sessions.ts";
import * as Trip from "./_trip.ts";
import { nowOf, watch } from "./_watch.ts";
import type { Carrier, ConversationOptions } from "./carrier.ts";

/** How sessions are held and kept, and what a host is to be spared. */
export interface Options extends Omit<ConversationOptions, "dropAfter" | "say" | "stopAfter"> {
  /** Sessions with one host at one time, at least 1. Default: 4. */
  readonly maxPerHost?: number | undefined;
  /** Sessions with all hosts at one time, at least 1. Idle ones make way. Default: 100. */
  readonly maxSessions?: number | undefined;
  /** Messages on one session, at least 1. MAILMAX of the server counts as well. Default: 100. */
  readonly maxMessages?: number | undefined;
  /** How long a session may be idle before QUIT is said. Default: 30 seconds. Servers hang up after minutes (RFC 5321 section 4.5.3.2.7). */
  readonly idle?: Duration.Input | undefined;
  /** How many messages a host gets in a window of time: so many at once, then evenly. Default: as many as there are. */
  readonly rate?: Rate | undefined;
  /** When a host is left alone, and for how long. Default: 5 failures in a row, 1 minute. */
  readonly breaker?: BreakerOptions | undefined;
  /**
   * How long a message may wait for each of these: a session of its host, a connection among those of all hosts, and the rate. Beyond,
   * it fails with `HostBusy`. Default: 10 minutes.
   */
  readonly patience?: Duration.Input | undefined;
  /** Sees the events that are of no errand's, by the errand's key: the QUIT of an idle session, and its end. */
  readonly observe?: ((key: string, event: SessionEvent) => void) | undefined;
}

/** When a host is left alone. */
export interface BreakerOptions {
  /** After so many attempts in a row that came to no session. A refusal for good (5yz) does not count: it is an answer. Default: 5. */
  readonly failures?: number | undefined;
  /**
   * For so long. Then one attempt is made, and decides. A host that would not have a further session beside those that it has is not
   * asked for one for so long, either. Default: 1 minute.
   */
  readonly pause?: Duration.Input | undefined;
}

/** So many messages in a window of time. */
export interface Rate {
  /** How many, at least 1. */
  readonly messages: number;
  /** The window. */
  readonly window: Duration.Input;
}

const atLeastOne = (count: number): number => Math.max(1, Math.floor(count));

/**
 * A pool of sessions. With its scope they all end: those that are idle say QUIT, all at once; those in the middle of a message are cut
 * off, and their errands fail with what is known. Errands that come later fail with `Closed`.
 *
 * @example A host that is down is left alone
 * ```ts
 * import * as Pool from "@plausch/delivery/pool";
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 421 4.3.2 too busy\n"));
 * const program = Effect.gen(function* () {
 *   const { socket } = yield* MockSocket.make(script);
 *   const pool = yield* Pool.make({
 *     host: Result.getOrThrow(Domain.hostFromString("c.test")),
 *     breaker: { failures: 1, pause: "5 minutes" },
 *   });
 *   const mail = {
 *     envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
 *     content: Result.getOrThrow(Content.make(new TextEncoder().encode("hello\r\n"))),
 *   };
 *   const carry = pool.carry({ key: "mx.d.test:25", socket, tls: "none", tlsOptions: {}, mail, observe: () => {} });
 *   const refused = yield* carry;
 *   const paused = yield* Effect.flip(carry);
 *   return [refused.recipients[0]?.code, paused._tag === "SessionError" && paused.reason];
 * });
 * assertEquals(await Effect.runPromise(Effect.scoped(program)), [421, "HostPaused"]);
 * ```
 */
export const make = (options: Options): Effect.Effect<Carrier, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { maxPerHost, maxSessions, maxMessages, idle, rate, breaker, patience, observe, ...conversation } = options;
    const clock = yield* Clock.Clock;
    const now = nowOf(clock);
    const longest = Duration.fromInputUnsafe(patience ?? "10 minutes");
    const limit = within(longest);
    const hosts = yield* Hosts.make({
      now,
      most: atLeastOne(maxPerHost ?? 4),
      rate,
      pause: breaker?.pause ?? Breaker.defaultPause,
    });
    const harbour: Harbour = {
      now,
      hosts,
      sessions: yield* Sessions.make({
        now,
        hosts,
        conversation,
        most: atLeastOne(maxSessions ?? 100),
        limit,
        maxMessages: atLeastOne(maxMessages ?? 100),
        idle: Duration.toMillis(Duration.fromInputUnsafe(idle ?? "30 seconds")),
        observe: observe ?? (() => {}),
      }),
      breaker: yield* Breaker.make(breaker ?? {}),
      limit,
    };
    yield* watch({
      now,
      time: Duration.toMillis(longest),
      oldest: () => hosts.firstInLine(),
      end: (waiter) => Effect.sync(() => waiter.giveUp()),
    });
    return { carry: (errand) => Trip.make(errand, harbour, clock) };
  });
