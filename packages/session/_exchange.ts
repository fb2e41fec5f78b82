import { type DirectReader, isDirectReader, type Line, type Listener } from "@plausch/line/direct-reader";
import * as Octets from "@plausch/smtp/octets";
import * as Effect from "effect/Effect";
import { constVoid } from "effect/Function";
import * as Latch from "effect/Latch";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import type { Deadline } from "./_deadline.ts";
import type { Connection } from "./_dial.ts";
import * as Encryption from "./_encryption.ts";
import { Supply } from "./_supply.ts";
import type { Conversation } from "./conversation.ts";
import type { Timeouts } from "./timeouts.ts";

/** How many milliseconds to read on after a failed write: a server that refuses early says why, and then closes. */
const lastWords = 2000;

/**
 * Called before each write: it may post messages, or say something else. `pause` ends the exchange for now, whatever is still to be
 * written or waited for.
 */
export type Feed = () => "go" | "pause";

const nothingMore: Feed = () => "go";

/** Holds a conversation over a connection. It never fails; failures are in the conversation. */
export interface Exchange {
  /** Writes and reads until there is nothing to write and nothing to wait for. */
  readonly settle: Effect.Effect<void>;
  /**
   * The same without a step of a fiber, as far as the line alone will do. `done` is called once: with false, {@linkcode Exchange.settle}
   * has to go on.
   */
  start(done: (isSettled: boolean) => void): void;
  /** Writes and reads while `feed` finds something to say. It ends as soon as that pauses it, or as there is nothing to wait for. */
  pump(feed: Feed): Effect.Effect<void>;
  /** Ends a pump that waits, as if it had been paused. */
  readonly nudge: () => void;
  /** Nothing is said or heard any more. */
  release(): void;
}

/** What a session is driven with. */
interface Means {
  readonly conversation: Conversation;
  readonly connection: Connection;
  readonly timeouts: Timeouts;
  readonly encryption: Encryption.Options;
  /** That of the session. */
  readonly scope: Scope.Scope;
}

export const make = (means: Means): Exchange => {
  const { reader } = means.connection;
  return isDirectReader(reader) ? new Direct(means, reader) : new Stepwise(means);
};

/** What is the same for all sockets: turns, handshakes, the time for each wait. */
abstract class Driver implements Exchange {
  readonly settle: Effect.Effect<void> = this.pump(nothingMore);
  protected readonly conversation: Conversation;
  protected readonly deadline: Deadline;
  readonly #means: Means;
  #feed = nothingMore;
  #isPaused = false;
  #isNudged = false;
  /** How many answers had come when the wait under way began. */
  #answers = -1;
  #supply: Supply | undefined;

  constructor(means: Means) {
    this.#means = means;
    this.conversation = means.conversation;
    this.deadline = means.connection.deadline;
    this.deadline.onLate(() => this.late());
  }

  pump(feed: Feed): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.begin(feed);
      return Effect.whileLoop({ while: () => this.goesOn(), body: () => this.#step(), step: constVoid });
    });
  }

  abstract start(done: (isSettled: boolean) => void): void;

  readonly nudge = (): void => {
    this.#isNudged = true;
    this.finish();
  };

  abstract release(): void;

  protected begin(feed: Feed): void {
    this.#feed = feed;
    this.#isNudged = false;
    // The next wait is a new one, whatever was waited for before.
    this.#answers = -1;
    this.feed();
  }

  protected goesOn(): boolean {
    if (!this.#isPaused && !this.#isNudged && !this.conversation.isIdle) return true;
    this.deadline.rest();
    return false;
  }

  /** Talks until it is paused, the conversation is idle, a handshake is due, or a message has to be read on. */
  protected abstract readonly talk: Effect.Effect<void>;
  /** Ends a talk that waits. */
  protected abstract finish(): void;
  /** The deadline has passed. */
  protected abstract late(): void;
  /** Whether all that was written has gone out. */
  protected abstract isClear(): boolean;

  /** Where the octets of a streamed message come from. */
  protected get supply(): Supply {
    const { timeouts, scope } = this.#means;
    return this.#supply ??= new Supply(this.conversation, timeouts.block, () => this.isClear(), scope);
  }

  /** Asks for what else there is to say. False if the exchange is paused. */
  protected feed(): boolean {
    this.#isPaused = this.#feed() === "pause";
    return !this.#isPaused;
  }

  /** Sets the limit for what is written. */
  protected writing(): void {
    const { conversation, deadline } = this;
    deadline.allow(conversation.isSendingContent ? deadline.limits.block : deadline.limits[conversation.stage]);
  }

  /** Sets the limit for what is waited for, unless it is the wait that has one. */
  protected reading(): void {
    const { conversation, deadline } = this;
    if (conversation.answers === this.#answers) return;
    this.#answers = conversation.answers;
    deadline.allow(deadline.limits[conversation.stage]);
  }

  /** What could be written is written, in one step: the wait for an answer begins, or goes on. */
  protected written(): void {
    if (this.conversation.answers === this.#answers) this.writing();
    else this.reading();
  }

  #step(): Effect.Effect<void> {
    if (this.conversation.isHandshakeDue) return this.#handshake();
    return this.conversation.wanted === undefined ? this.talk : this.supply.next;
  }

  #handshake(): Effect.Effect<void> {
    const { conversation, deadline } = this;
    const { connection: { reader }, encryption, timeouts } = this.#means;
    if (Encryption.buffered(reader) > 0) return Effect.sync(() => conversation.injected());
    deadline.allow(deadline.limits.tls);
    return Effect.matchEager(Encryption.start(reader, encryption, timeouts.tls), {
      onSuccess: (report) => conversation.secured(report),
      onFailure: (cause) => conversation.handshakeFailed(cause),
    });
  }
}

/** One effect for a whole exchange, however many writes and reads it takes, and one listener for the whole session. */
class Direct extends Driver implements Listener {
  readonly #reader: DirectReader & Socket.Reader;
  readonly #line: Line;
  /** Is told of the end of the talk under way. */
  #ended: (() => void) | undefined;
  #isPumping = false;
  #isBlocked = false;
  /** The line has drained, and nothing was written since. */
  #hasWaited = false;
  #brokenBy: unknown;

  protected readonly talk: Effect.Effect<void> = Effect.callback((resume) => {
    this.#talk(() => resume(Effect.void));
    return Effect.sync(() => this.#pause());
  });

  constructor(means: Means, reader: DirectReader & Socket.Reader) {
    super(means);
    this.#reader = reader;
    this.#line = reader.listen(this);
    this.#line.pause();
  }

  start(done: (isSettled: boolean) => void): void {
    this.begin(nothingMore);
    this.#talk(() => done(!this.goesOn()));
  }

  octets(chunk: Uint8Array): void {
    this.conversation.receive(chunk);
    this.#pump();
  }

  ended(cause: unknown): void {
    this.conversation.end(cause);
    this.finish();
  }

  broken(cause: unknown): void {
    // It may still say why.
    this.#isBlocked = true;
    this.#brokenBy = cause;
    if (this.#ended !== undefined) this.deadline.allow(lastWords);
  }

  drained(): void {
    this.#isBlocked = this.#brokenBy !== undefined;
    this.#hasWaited = true;
    this.#pump();
  }

  release(): void {
    this.#ended = undefined;
    this.#line.release();
  }

  protected late(): void {
    if (this.#brokenBy === undefined) this.conversation.expire();
    else this.conversation.end(this.#brokenBy);
    this.finish();
  }

  protected finish(): void {
    const ended = this.#ended;
    if (ended === undefined) return;
    this.#pause();
    ended();
  }

  protected isClear(): boolean {
    return this.#line.isClear();
  }

  #talk(ended: () => void): void {
    this.#ended = ended;
    this.#isBlocked = false;
    this.#pump();
    if (this.#brokenBy !== undefined) this.broken(this.#brokenBy);
    if (this.#ended !== undefined) this.#line.resume();
  }

  /** What comes between two talks waits for the next one. */
  #pause(): void {
    this.#ended = undefined;
    this.#line.pause();
  }

  #pump(): void {
    if (this.#ended === undefined || this.#isPumping) return;
    const { conversation } = this;
    this.#isPumping = true;
    let hasWritten = false;
    let goesOn = this.feed();
    while (!this.#isBlocked && goesOn) {
      const octets = conversation.output(this.#line.isClear() && !this.#hasWaited);
      if (octets === undefined) {
        if (this.#mustReadOn() && this.supply.atOnce()) continue;
        break;
      }
      hasWritten = true;
      this.#hasWaited = false;
      this.#isBlocked = !this.#line.write(octets);
      goesOn = this.feed();
    }
    this.#isPumping = false;
    // A broken line has set a limit of its own.
    if (hasWritten && this.#brokenBy === undefined) this.#isBlocked ? this.writing() : this.written();
    if (!goesOn || conversation.isIdle || conversation.isHandshakeDue) return this.finish();
    if (this.#isBlocked) return;
    if (this.#mustReadOn()) return this.finish();
    if (!hasWritten) this.reading();
  }

  /** Whether more of a message is wanted. A server that has seen enough of it may have said so, and that comes first. */
  #mustReadOn(): boolean {
    return this.conversation.wanted !== undefined && Encryption.buffered(this.#reader) === 0;
  }
}

/** The octets of a chunk; effect sockets may also deliver text. */
const octetsOf = (chunk: Uint8Array | string): Uint8Array => typeof chunk === "string" ? Octets.encode(chunk) : chunk;

/** One effect for each write and each read: for any socket of effect's. */
class Stepwise extends Driver {
  readonly #writer: Socket.Writer;
  readonly #receive: Effect.Effect<void, Socket.SocketError>;
  /** Opens to end the talk under way. */
  #left: Latch.Latch | undefined;

  protected readonly talk: Effect.Effect<void> = Effect.suspend(() => {
    const left = this.#left = Latch.makeUnsafe(false);
    const steps = Effect.whileLoop({ while: () => this.#goesOn(), body: () => this.#step(), step: constVoid });
    return Effect.raceFirst(steps, left.await);
  });

  constructor(means: Means) {
    super(means);
    const { reader, writer } = means.connection;
    this.#writer = writer;
    this.#receive = Effect.map(reader.pull, (chunks) => {
      for (const chunk of chunks) this.conversation.receive(octetsOf(chunk));
    });
  }

  start(done: (isSettled: boolean) => void): void {
    queueMicrotask(() => done(false));
  }

  release(): void {}

  protected late(): void {
    this.conversation.expire();
    this.finish();
  }

  protected finish(): void {
    this.#left?.openUnsafe();
  }

  protected isClear(): boolean {
    // Some sockets call it a success when a write is queued.
    return false;
  }

  #goesOn(): boolean {
    const { conversation } = this;
    return this.feed() && !conversation.isIdle && !conversation.isHandshakeDue && conversation.wanted === undefined;
  }

  #step(): Effect.Effect<void> {
    const octets = this.conversation.output();
    if (octets === undefined) {
      this.reading();
      return Effect.catch(this.#receive, (cause) => Effect.sync(() => this.conversation.end(cause)));
    }
    this.writing();
    return Effect.catch(
      this.#writer.write(octets),
      (cause) => Effect.andThen(this.#hearLastWords(), Effect.sync(() => this.conversation.end(cause))),
    );
  }

  #hearLastWords(): Effect.Effect<void> {
    const hearing = Effect.whileLoop({
      while: () => !this.conversation.isOver,
      body: () => this.#receive,
      step: constVoid,
    });
    return Effect.ignore(Effect.timeoutOrElse(hearing, { duration: lastWords, orElse: () => Effect.void }));
  }
}
