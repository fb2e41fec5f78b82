/**
 * A session with one SMTP server over any effect `Socket`: greeting, EHLO or HELO, any number of messages and commands,
 * QUIT. It drives the `Conversation`, adds sockets, the clock and time limits, and nothing else.
 *
 * A refusal is data: {@linkcode Session.send} succeeds with a verdict for each recipient. A conversation that breaks is a
 * {@linkcode SessionError}, which holds the verdicts as well.
 *
 * @example Send to a scripted server
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Envelope from "@plausch/session/envelope";
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 mx.test ESMTP
 * > EHLO c.test
 * < 250 mx.test
 * > MAIL FROM:<a@c.test>
 * < 250 ok
 * > RCPT TO:<b@d.test>
 * < 550 5.1.1 no such user
 * > QUIT
 * < 221 bye
 * `));
 * const program = Effect.gen(function* () {
 *   const session = yield* Session.open({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 *   const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] }));
 *   const content = Result.getOrThrow(Content.make(new TextEncoder().encode("Subject: t\r\n\r\nhello\r\n")));
 *   const outcome = yield* session.send(envelope, content);
 *   yield* session.quit;
 *   return outcome.recipients.map(({ verdict }) => verdict);
 * });
 * const verdicts = await Effect.runPromise(program.pipe(Effect.provide(MockSocket.layer(script)), Effect.scoped));
 * assertEquals(verdicts, ["rejected"]);
 * ```
 *
 * @module
 */
import * as Capabilities from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import type { Reply } from "@plausch/smtp/reply";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import { dial } from "./_dial.ts";
import * as Encryption from "./_encryption.ts";
import * as Exchange from "./_exchange.ts";
import * as Holding from "./_holding.ts";
import { Turns } from "./_turns.ts";
import type { Content } from "./content.ts";
import * as Conversation from "./conversation.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome, Protection } from "./outcome.ts";
import { SessionError } from "./session_error.ts";
import type { Stage } from "./stage.ts";
import * as Timeouts from "./timeouts.ts";

/** How a session is held: the options of its conversation, its time limits, and how it is encrypted. */
export interface Options extends Omit<Conversation.Options, "now"> {
  /**
   * The settings of the handshake after STARTTLS. Below the level `verified` any certificate will do, but for `pins`, which make
   * `opportunistic` mean `required`, and for `tlsa`, which makes it mean `dane`. Default: those of the socket, which checks the name that was dialled.
   */
  readonly tlsOptions?: TlsOptions | undefined;
  /** How long to wait for what. Default: those of RFC 5321 section 4.5.3.2, see {@linkcode Timeouts.defaults}. */
  readonly timeouts?: Timeouts.Timeouts | undefined;
}

/**
 * An open session. Its requests run one after another, whoever makes them, so answers never mix. A request that is
 * interrupted closes the connection, since its answer is still owed.
 */
export interface Session {
  /** The server's greeting. */
  readonly greeting: Reply;
  /** The server's last reply. */
  readonly reply: Reply;
  /** What the server offered in its last answer to EHLO; nothing before it, after a TLS handshake, and after HELO. */
  readonly capabilities: Capabilities.Capabilities;
  /** How the conversation is protected so far. */
  readonly protection: Protection;
  /**
   * Whether another message can be sent, as far as is known: the connection stands, no request is under way, and the server takes more
   * messages on it (MAILMAX, RFC 9422 section 4.1). The server may have gone all the same; only the next request can tell.
   */
  readonly isReady: boolean;
  /**
   * Says EHLO (HELO where that is refused, LHLO in LMTP) and whatever the options ask for before the first message: STARTTLS,
   * XCLIENT, each followed by a new EHLO, AUTH, XFORWARD. With `until` it stops after that stage.
   *
   * If the server refuses, or does not offer what is asked for, it fails after QUIT was said: with `Refused`, `TlsNotOffered`,
   * `AuthRejected`, ... A failed TLS handshake closes the connection.
   */
  readonly hello: (
    until?: Conversation.HelloUntil,
  ) => Effect.Effect<Capabilities.Capabilities, SessionError>;
  /**
   * Sends one message. Succeeds with one verdict a recipient, refused or not. Fails if the connection broke or the server
   * left the protocol (the error has the verdicts so far), or if a value cannot be encoded; then nothing was sent.
   */
  readonly send: (
    envelope: Envelope,
    content: Content,
    until?: Conversation.Until,
  ) => Effect.Effect<Outcome, SessionError | GrammarError>;
  /** Says one command, such as NOOP, VRFY or HELP, and gives its reply, whatever that says. */
  readonly command: (command: Command.Command) => Effect.Effect<Reply, SessionError | GrammarError>;
  /** Ends a transaction that was begun, with RSET. */
  readonly reset: Effect.Effect<Reply, SessionError | GrammarError>;
  /**
   * Says QUIT, waits shortly for the answer and closes the connection. It never fails: nothing depends on it. Closing the
   * scope of a session in success does the same.
   */
  readonly quit: Effect.Effect<void>;
  /** Closes the connection without a word, whatever the server waits for. */
  readonly drop: Effect.Effect<void>;
}

/**
 * Connects and hears the greeting: a session before its EHLO. The session lives as long as the scope.
 *
 * Fails with `Refused` if the greeting turns the client away, after QUIT was said; with another `SessionError` if there is
 * no connection or no conversation.
 *
 * @example A server that is too busy
 * ```ts
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse("< 421 4.3.2 too busy\n"));
 * const error = await Effect.runPromise(
 *   Session.greet({ host: Result.getOrThrow(Domain.hostFromString("c.test")) }).pipe(
 *     Effect.flip,
 *     Effect.provide(MockSocket.layer(script)),
 *     Effect.scoped,
 *   ),
 * );
 * assertEquals([error.reason, error.stage, error.isTemporary], ["Refused", "greeting", true]);
 * ```
 */
export const greet: (options: Options) => Effect.Effect<Session, SessionError, Socket.Socket | Scope.Scope> = Effect
  .fnUntraced(function* (options) {
    const { timeouts = Timeouts.defaults, tlsOptions } = options;
    const level = Encryption.levelOf(options.tls, tlsOptions);
    const clock = yield* Clock.Clock;
    const outer = yield* Effect.scope;
    const scope = Scope.forkUnsafe(outer);
    const connection = yield* Effect.onError(
      dial(scope, timeouts, options.observe),
      () => Scope.close(scope, Exit.void),
    );
    const conversation = Conversation.make({
      nonce: randomNonce,
      ...options,
      tls: level,
      now: () => clock.currentTimeMillisUnsafe(),
    });
    const encryption = { level, options: tlsOptions };
    const exchange = Exchange.make({ conversation, connection, timeouts, encryption, scope });
    const session = new Requests(conversation, exchange, level, scope);

    const report = Encryption.implicit(connection.reader);
    if (report !== undefined) {
      const missing = Encryption.missing(level, report);
      if (missing === undefined) conversation.secured(report);
      else conversation.handshakeFailed(missing);
    }
    if (conversation.failure !== undefined) {
      return yield* Effect.andThen(session.drop, Effect.fail(conversation.failure));
    }
    yield* session.greet;
    yield* Scope.addFinalizerExit(outer, (exit) => Exit.isSuccess(exit) ? session.quit : Effect.void);
    return session;
  });

/** Requests of one conversation, one after another: what a session is. */
class Requests implements Session {
  readonly #conversation: Conversation.Conversation;
  readonly #exchange: Exchange.Exchange;
  readonly #level: TlsLevel;
  readonly #scope: Scope.Closeable;
  readonly #turns = new Turns();

  constructor(
    conversation: Conversation.Conversation,
    exchange: Exchange.Exchange,
    level: TlsLevel,
    scope: Scope.Closeable,
  ) {
    this.#conversation = conversation;
    this.#exchange = exchange;
    this.#level = level;
    this.#scope = scope;
  }

  get greeting(): Reply {
    return this.#conversation.greeting!;
  }

  get reply(): Reply {
    return this.#conversation.reply!;
  }

  get capabilities(): Capabilities.Capabilities {
    return this.#conversation.capabilities ?? Capabilities.none;
  }

  get protection(): Protection {
    const { isSecure, tls, authenticated } = this.#conversation;
    return { level: this.#level, isEncrypted: isSecure, tls, authenticated };
  }

  get isReady(): boolean {
    return this.#conversation.isReady;
  }

  /** Hears the greeting. */
  get greet(): Effect.Effect<void, SessionError> {
    return this.#introduction("greeting", () => this.#conversation.greet());
  }

  readonly hello: Session["hello"] = (until) =>
    Effect.map(this.#introduction("ehlo", () => this.#conversation.hello(until)), () => this.capabilities);

  readonly send: Session["send"] = (envelope, content, until) =>
    this.#request("mail", () => this.#conversation.send(envelope, content, until), () => ({
      recipients: this.#conversation.recipients,
      adaptations: this.#conversation.adaptations,
      protection: this.protection,
    }));

  readonly command: Session["command"] = (command) =>
    this.#request("raw", () => this.#conversation.command(command), () => this.reply);

  get reset(): Session["reset"] {
    return this.command(Command.rset);
  }

  get quit(): Effect.Effect<void> {
    const said = Effect.suspend(() => {
      if (!this.#conversation.mayQuit) return this.#close;
      this.#conversation.quit();
      return Effect.andThen(this.#exchange.settle, this.#close);
    });
    return Effect.acquireUseRelease(this.#turns.take, () => said, () => Effect.sync(() => this.#turns.end()));
  }

  get drop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#conversation.hangUp();
      return this.#close;
    });
  }

  get [Holding.key](): Holding.Holding {
    return {
      conversation: this.#conversation,
      exchange: this.#exchange,
      turns: this.#turns,
      close: this.#close,
      abandon: this.#abandon,
    };
  }

  get #close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#exchange.release();
      return Scope.close(this.#scope, Exit.void);
    });
  }

  get #abandon(): Effect.Effect<void> {
    return Effect.ensuring(Effect.sync(() => this.#conversation.interrupt()), this.#close);
  }

  /**
   * Makes a request when its turn has come, and sees it through: in one step of the fiber where the line alone will do. Interrupted, it
   * gives the conversation up, unless it still waits for its turn.
   */
  #request<A, E>(
    stage: Stage,
    begin: () => Result.Result<void, E>,
    answer: () => A,
  ): Effect.Effect<A, E | SessionError> {
    return Effect.callback((resume) => {
      const conversation = this.#conversation;
      let state: "waiting" | "asking" | "over" = "waiting";
      const end = (): void => {
        if (state === "asking") this.#turns.end();
        state = "over";
      };
      const result = (): Effect.Effect<A, SessionError> => {
        const answered = conversation.isBroken ? Effect.fail(conversation.failure!) : Effect.succeed(answer());
        end();
        return conversation.isOver ? Effect.andThen(this.#close, answered) : answered;
      };
      const fail = (error: E | SessionError): void => {
        end();
        resume(Effect.fail(error));
      };
      const interrupted = Effect.suspend(() => {
        if (state === "asking") return Effect.ensuring(this.#abandon, Effect.sync(end));
        leave();
        return Effect.void;
      });
      const ask = (): void => {
        // Where a message was stopped behind DATA, the server would take any command for a part of it.
        if (conversation.isOver || conversation.phase === "data") return fail(this.#closed(stage));
        const begun = begin();
        if (Result.isFailure(begun)) return fail(begun.failure);
        this.#exchange.start((isSettled) => {
          if (isSettled) resume(result());
          else resume(Effect.onError(Effect.flatMap(this.#exchange.settle, result), () => interrupted));
        });
      };
      const leave = this.#turns.next(() => {
        state = "asking";
        try {
          ask();
        } catch (defect) {
          // An observer threw. Nobody knows how far the conversation got.
          conversation.hangUp();
          end();
          resume(Effect.ensuring(Effect.die(defect), this.#close));
        }
      });
      return interrupted;
    });
  }

  /** A request that the server may answer by refusing the session as a whole. */
  #introduction(stage: Stage, begin: () => void): Effect.Effect<void, SessionError> {
    const asked = this.#request(stage, () => Result.succeed(begin()), () => this.#conversation.refusal);
    return Effect.flatMap(
      asked,
      (refusal) =>
        refusal === undefined
          ? Effect.void
          : Effect.andThen(this.quit, Effect.fail(new SessionError({ ...refusal, recipients: [] }))),
    );
  }

  #closed(stage: Stage): SessionError {
    const { refusal, failure } = this.#conversation;
    return new SessionError({ reason: "Closed", stage, reply: refusal?.reply, cause: failure, recipients: [] });
  }
}

/** 144 bits that nobody can guess, printable and without a comma (RFC 5802 section 5.1). */
const randomNonce = (): string => btoa(String.fromCharCode(...SecureRandom.randomBytesUnsafe(18)));

/**
 * Connects, hears the greeting, says EHLO (or HELO) and what else the options ask for: a session that is ready for messages.
 *
 * @example HELO, where EHLO is not known
 * ```ts
 * import * as Session from "@plausch/session/session";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as MockSocket from "@plausch/testing/mock-socket";
 * import * as Transcript from "@plausch/testing/transcript";
 * import * as Effect from "effect/Effect";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const script = Result.getOrThrow(Transcript.parse(`
 * < 220 old.test
 * > EHLO c.test
 * < 500 what?
 * > HELO c.test
 * < 250 old.test
 * > QUIT
 * < 221 bye
 * `));
 * const program = Session.open({ host: Result.getOrThrow(Domain.hostFromString("c.test")) });
 * const session = await Effect.runPromise(program.pipe(Effect.provide(MockSocket.layer(script)), Effect.scoped));
 * assertEquals(session.capabilities.pipelining, false);
 * ```
 */
export const open = (options: Options): Effect.Effect<Session, SessionError, Socket.Socket | Scope.Scope> =>
  Effect.tap(greet(options), (session) => session.hello());
