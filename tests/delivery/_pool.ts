import * as Pool from "@plausch/delivery/pool";
import type { Carrier, Errand } from "@plausch/delivery/carrier";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import * as Domain from "@plausch/smtp/domain";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { octets } from "../support/cases.ts";

export const host = Result.getOrThrow(Domain.hostFromString("c.test"));

export const mailTo = (...to: ReadonlyArray<string>): Mail => ({
  envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to })),
  content: Result.getOrThrow(Content.make(octets("hi\r\n"))),
});

export const opening = "< 220 mx\n> EHLO c.test\n< 250 mx\n";
/** A message that is taken. */
export const taken = (to = "b@d.test") => `${begun(to)}< 354 go\n> hi\n> .\n< 250 queued\n`;
/** A message up to DATA. */
export const begun = (to = "b@d.test") => `> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<${to}>\n< 250 ok\n> DATA\n`;
export const quit = "> QUIT\n< 221 bye\n";
export const next = "* new connection\n";

export const mock = (text: string): Effect.Effect<MockSocket.MockPeer, never, Scope.Scope> =>
  MockSocket.make(Result.getOrThrow(Transcript.parse(text)));

/** What became of an errand: verdicts, and the reason of its failure, if it failed. */
export interface Carried {
  readonly verdicts: ReadonlyArray<string>;
  readonly failure: string | undefined;
}

export const verdicts = (recipients: ReadonlyArray<RecipientOutcome>): ReadonlyArray<string> =>
  recipients.map(({ verdict, stage, code, reason }) =>
    [verdict, stage, ...(code === undefined ? [] : [code]), ...(reason === undefined ? [] : [reason])].join(" ")
  );

export const accepted = "accepted final 250";

export const carried = (exit: ReturnType<Carrier["carry"]>): Effect.Effect<Carried> =>
  Effect.match(exit, {
    onSuccess: ({ recipients }): Carried => ({ verdicts: verdicts(recipients), failure: undefined }),
    onFailure: (error): Carried =>
      error._tag === "SessionError"
        ? { verdicts: verdicts(error.recipients), failure: `${error.reason} ${error.stage}` }
        : { verdicts: [], failure: error.reason },
  });

/** A pool that a test closes when it wants. */
export interface TestPool {
  readonly pool: Carrier;
  readonly close: Effect.Effect<void>;
  /** Carries a message to the host behind the socket, and tells what became of it. */
  readonly carry: (to: { readonly socket: Socket.Socket }, more?: Partial<Errand>) => Effect.Effect<Carried>;
  /** What the errands and the pool saw, in short. */
  readonly seen: ReadonlyArray<string>;
}

const brief = (event: SessionEvent): ReadonlyArray<string> => {
  switch (event._tag) {
    case "Said":
      return [event.line.split(" ")[0]!];
    case "Turned":
      return [event.turn];
    case "Connected":
    case "Closed":
      return [event._tag];
    case "Failed":
      return [`Failed ${verdicts(event.error.recipients).join(", ")}`];
    default:
      return [];
  }
};

export const make = (options: Partial<Pool.Options> = {}): Effect.Effect<TestPool, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope);
    const seen: Array<string> = [];
    const see = (who: string) => (event: SessionEvent) =>
      void seen.push(...brief(event).map((what) => `${who}${what}`));
    const pool = yield* Scope.provide(
      Pool.make({ host, observe: (_key, event) => see("pool: ")(event), ...options }),
      scope,
    );
    let errands = 0;
    return {
      pool,
      close: Scope.close(scope, Exit.void),
      seen,
      carry: ({ socket }, more = {}) =>
        Effect.suspend(() =>
          carried(pool.carry({
            key: "mx",
            socket,
            tls: "none",
            tlsOptions: {},
            mail: mailTo("b@d.test"),
            observe: see(`${++errands}: `),
            ...more,
          }))
        ),
    };
  });

/** Begins something that will have to wait. */
export const begin = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Fiber.Fiber<A, E>, never, R> =>
  Effect.tap(Effect.forkChild(effect, { startImmediately: true }), settle);

/** Lets everything happen that needs no time. */
export const settle = TestClock.adjust(0);
