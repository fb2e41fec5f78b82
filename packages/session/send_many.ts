/**
 * Many messages over one session, as fast as the server takes them: with PIPELINING one round trip for each message, since the octets
 * of a message and the commands of the next one go out together (RFC 2920 section 3.1).
 *
 * @example Two messages, two flights
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import { sendMany } from "@plausch/session/send-many";
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import * as Stream from "effect/Stream";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 mx.test
 * > EHLO c.test
 * < 250-mx.test
 * < 250 PIPELINING
 * > MAIL FROM:<a@c.test>
 * > RCPT TO:<1@d.test>
 * > DATA
 * < 250 ok
 * < 250 ok
 * < 354 go
 * > hello
 * > .
 * > MAIL FROM:<a@c.test>
 * > RCPT TO:<2@d.test>
 * > DATA
 * < 250 first
 * < 250 ok
 * < 250 ok
 * < 354 go
 * > hello
 * > .
 * < 250 second
 * > QUIT
 * < 221 bye
 * `));
 * const content = Result.getOrThrow(Content.make(new TextEncoder().encode("hello\r\n")));
 * const mails = ["1@d.test", "2@d.test"].map((to) => ({
 *   envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: [to] })),
 *   content,
 * }));
 * const program = Effect.gen(function* () {
 *   const session = yield* Session.open({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 *   return yield* Stream.runCollect(sendMany(session, mails));
 * });
 * const sent = await Effect.runPromise(program.pipe(Effect.provide(MockSocket.layer(script)), Effect.scoped));
 * assertEquals(sent.map(({ outcome }) => outcome.recipients[0]?.reply?.lines[0]), ["first", "second"]);
 * ```
 *
 * @module
 */
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Cause from "effect/Cause";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Latch from "effect/Latch";
import * as Pull from "effect/Pull";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Holding from "./_holding.ts";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome } from "./outcome.ts";
import type { Session } from "./session.ts";
import { SessionError } from "./session_error.ts";

/** One message of many. */
export interface Mail {
  /** Who sends to whom. */
  readonly envelope: Envelope;
  /** The message. */
  readonly content: Content;
}

/** What became of one message of many. */
export interface Sent<M extends Mail = Mail> {
  /** The message, the very value that was given. */
  readonly mail: M;
  /** Its verdicts. */
  readonly outcome: Outcome;
}

/** The ways in which many messages can be sent. */
export interface SendManyOptions {
  /**
   * Whether the session ends with them: QUIT goes out in one piece with the octets of the last message (RFC 2920 section 3.1) where
   * messages overlap, which saves a round trip. Default: false. If the stream fails, QUIT is not said.
   */
  readonly quit?: boolean | undefined;
}

/**
 * An outcome is given at once, but after it the next ones gather until there are so many, or so much time has passed: each hand-over
 * costs as much as a message. More would not help, for what waits is what the garbage collector has to carry.
 */
const mostTogether = 32;
const pause = Duration.millis(100);

/** Where the messages come from: asked without waiting. */
interface Source<M, E> {
  /** The next message; `later` if there is none yet, `over` if there will be none. */
  readonly next: () => M | "later" | "over";
  /** Waits until there may be one. */
  readonly more: Effect.Effect<void>;
  /** Why there will be none, if something went wrong. */
  readonly failure: () => Cause.Cause<E> | undefined;
}

const fromIterable = <M>(mails: Iterable<M>): Source<M, never> => {
  const iterator = mails[Symbol.iterator]();
  return {
    next: () => {
      const { done, value } = iterator.next();
      return done === true ? "over" : value;
    },
    more: Effect.void,
    failure: () => undefined,
  };
};

/** Fetches ahead of the session, one chunk of the stream at a time. */
const fromStream = <M, E, R>(
  mails: Stream.Stream<M, E, R>,
  arrived: () => void,
): Effect.Effect<Source<M, E>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const pull = yield* Stream.toPull(mails);
    const wanted = Latch.makeUnsafe(true);
    const some = Latch.makeUnsafe(false);
    let chunk: ReadonlyArray<M> = [];
    let at = 0;
    let isOver = false;
    let failure: Cause.Cause<E> | undefined;
    const wake = (): void => {
      some.openUnsafe();
      arrived();
    };
    const fetch = Effect.andThen(
      wanted.await,
      Effect.map(pull, (next) => {
        chunk = next;
        at = 0;
        wanted.closeUnsafe();
        wake();
      }),
    );
    yield* Effect.forever(fetch).pipe(
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          const exit = Pull.doneExitFromCause(cause);
          if (Exit.isFailure(exit)) failure = exit.cause;
          isOver = true;
          wake();
        })
      ),
      Effect.forkScoped,
    );
    return {
      next: () => {
        if (at < chunk.length) return chunk[at++]!;
        if (isOver) return "over";
        some.closeUnsafe();
        wanted.openUnsafe();
        return "later";
      },
      more: some.await,
      failure: () => failure,
    };
  });

/**
 * Sends messages in their order, and gives the outcome of each, in the same order, as soon as it is known, or, where others were given
 * just before, up to a tenth of a second later. Nothing is kept: as many messages are taken from `mails` as the server and the consumer
 * of the outcomes keep up with.
 *
 * The stream fails when the conversation does; the messages that were under way have had their outcomes by then, `uncertain` ones among
 * them, and of the others nothing was said. It fails likewise, after the last outcome, when `mails` fails, or when a value of a message
 * cannot be encoded. Interrupted, it closes the connection, since answers are still owed. With `quit` it ends the session behind the last
 * message.
 *
 * @example From a stream
 * ```ts
 * import { sendMany } from "@plausch/session/send-many";
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import * as Stream from "effect/Stream";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 220 mx\n> EHLO c.test\n< 250 mx\n> QUIT\n< 221 bye\n"));
 * const program = Effect.gen(function* () {
 *   const session = yield* Session.open({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 *   return yield* Stream.runCount(sendMany(session, Stream.empty));
 * });
 * assertEquals(await Effect.runPromise(program.pipe(Effect.provide(MockSocket.layer(script)), Effect.scoped)), 0);
 * ```
 */
export const sendMany = <M extends Mail, E = never, R = never>(
  session: Session,
  mails: Iterable<M> | Stream.Stream<M, E, R>,
  options: SendManyOptions = {},
): Stream.Stream<Sent<M>, SessionError | GrammarError | E, R> =>
  Stream.scoped(Stream.fromPull(Effect.gen(function* () {
    const { conversation, exchange, turns, abandon, close } = Holding.of(session);
    yield* Effect.acquireRelease(turns.take, () => Effect.sync(() => turns.end()));
    // It does not change while messages are sent.
    const { protection } = session;
    const source: Source<M, E> = Stream.isStream(mails)
      ? yield* fromStream(mails as Stream.Stream<M, E, R>, exchange.nudge)
      : fromIterable(mails as Iterable<M>);

    let outcomes: Array<Sent<M>> = [];
    const given = Latch.makeUnsafe(false);
    /** Outcomes were given a moment ago. */
    let isEarly = false;
    let isOver = false;
    let isWaiting = false;
    let hasQuit = false;
    /** How many messages have no outcome yet. */
    let open = 0;
    let invalid: GrammarError | undefined;

    const post = (mail: M): void => {
      open++;
      const posted = conversation.post(mail.envelope, mail.content, ({ recipients, adaptations }) => {
        open--;
        outcomes.push({ mail, outcome: { recipients, adaptations, protection } });
      });
      if (Result.isSuccess(posted)) return;
      open--;
      invalid = posted.failure;
      isOver = true;
    };

    /** Once nothing more comes, and what came is on its way. */
    const quit = (): void => {
      const isWanted = options.quit === true && isOver && !hasQuit && conversation.mayPost && conversation.mayQuit;
      if (!isWanted || invalid !== undefined || source.failure() !== undefined) return;
      hasQuit = true;
      conversation.quit();
    };

    const feed = (): "go" | "pause" => {
      if (outcomes.length >= (isEarly ? mostTogether : 1)) return "pause";
      while (!isOver && conversation.mayPost) {
        const mail = source.next();
        if (mail === "later") {
          isWaiting = true;
          return "go";
        }
        if (mail === "over") isOver = true;
        else post(mail);
      }
      quit();
      return "go";
    };

    yield* given.await.pipe(
      Effect.andThen(Effect.sleep(pause)),
      Effect.andThen(Effect.sync(() => {
        given.closeUnsafe();
        isEarly = false;
        if (outcomes.length > 0) exchange.nudge();
      })),
      Effect.forever,
      Effect.forkScoped,
    );

    const take = (): NonEmptyReadonlyArray<Sent<M>> => {
      const taken = outcomes;
      outcomes = [];
      isEarly = true;
      given.openUnsafe();
      return taken as unknown as NonEmptyReadonlyArray<Sent<M>>;
    };

    const ending = Effect.suspend((): Pull.Pull<never, GrammarError | E> => {
      const failure = source.failure();
      if (failure !== undefined) return Effect.failCause(failure);
      if (invalid !== undefined) return Effect.fail(invalid);
      return Cause.done();
    });

    const lost = Effect.suspend(() => {
      const { failure, refusal } = conversation;
      const closed = new SessionError({ reason: "Closed", stage: "mail", reply: refusal?.reply, recipients: [] });
      return Effect.andThen(close, Effect.fail(failure ?? closed));
    });

    const pull: Pull.Pull<NonEmptyReadonlyArray<Sent<M>>, SessionError | GrammarError | E> = Effect.suspend(() => {
      isWaiting = false;
      return Effect.flatMap(exchange.pump(feed), () => {
        if (outcomes.length > 0) return Effect.sync(take);
        if (hasQuit && open === 0 && conversation.failure === undefined) return Effect.andThen(close, ending);
        if (conversation.isOver) return lost;
        if (isOver && conversation.isIdle) return ending;
        return isWaiting && conversation.isIdle ? Effect.andThen(source.more, pull) : pull;
      });
    });
    // A defect, too: an observer threw, and nobody knows how far the conversation got.
    return Effect.onError(
      pull,
      (cause) => Cause.hasInterrupts(cause) || Cause.hasDies(cause) ? abandon : Effect.void,
    );
  })));
