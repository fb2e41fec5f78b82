import { type DirectReader, isDirectReader } from "@plausch/line/direct-reader";
import * as Octets from "@plausch/smtp/octets";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";
import * as Deadline from "./_deadline.ts";
import type { Connection } from "./_dial.ts";
import * as Encryption from "./_encryption.ts";
import { Supply } from "./_supply.ts";
import type { Conversation } from "./conversation.ts";
import type { Timeouts } from "./timeouts.ts";

/** How many milliseconds to read on after a failed write: a server that refuses early says why, and then closes. */
const lastWords = 2000;

/** Holds a conversation over a connection. It never fails; failures are in the conversation. */
export interface Exchange {
  /** Writes and reads until there is nothing to write and nothing to wait for. */
  readonly settle: Effect.Effect<void>;
  /**
   * Writes and reads while `feed` finds something to say: it is called before each write, and may post messages. It ends as soon
   * as `feed` answers `pause`, or as there is nothing to wait for.
   */
  readonly pump: (feed: () => "go" | "pause") => Effect.Effect<void>;
  /** Ends a pump that waits, as if it had been paused. */
  readonly nudge: () => void;
}

/** The octets of a chunk; effect sockets may also deliver text. */
const octetsOf = (chunk: Uint8Array | string): Uint8Array => typeof chunk === "string" ? Octets.encode(chunk) : chunk;

/** Sets the limit for what is written, or waited for. */
const allowance = (conversation: Conversation, deadline: Deadline.Deadline, limits: Deadline.Limits) => {
  let answers = -1;
  /** The wait is the one that a limit was set for. */
  const isSame = (): boolean => conversation.answers === answers;
  const writing = (): void => {
    deadline.allow(conversation.isSendingContent ? limits.block : limits[conversation.stage]);
  };
  const reading = (): void => {
    if (isSame()) return;
    answers = conversation.answers;
    deadline.allow(limits[conversation.stage]);
  };
  return {
    writing,
    reading,
    /** What could be written is written, in one step: the wait for an answer begins, or goes on. */
    written: (): void => isSame() ? writing() : reading(),
    /** The next wait is a new one, whatever was waited for before. */
    begin: (): void => {
      answers = -1;
    },
  };
};

export const make = (
  conversation: Conversation,
  { reader, writer }: Connection,
  timeouts: Timeouts,
  encryption: Encryption.Options,
  scope: Scope.Scope,
): Effect.Effect<Exchange> =>
  Effect.gen(function* () {
    let reins: Reins = { late: () => conversation.expire(), nudge: () => {}, isClear: () => false };
    const limits = Deadline.inMilliseconds(timeouts);
    const deadline = yield* Deadline.watch(scope, limits, () => reins.late());
    const handshake = Effect.suspend(() => {
      if (Encryption.buffered(reader) > 0) return Effect.sync(() => conversation.injected());
      deadline.allow(limits.tls);
      return Effect.matchEager(Encryption.start(reader, encryption, timeouts.tls), {
        onSuccess: (report) => conversation.secured(report),
        onFailure: (cause) => conversation.handshakeFailed(cause),
      });
    });
    const supply = new Supply(conversation, timeouts.block, () => reins.isClear(), scope);
    const allow = allowance(conversation, deadline, limits);
    const talk = isDirectReader(reader)
      ? directly(conversation, reader, deadline, allow, supply, (taken) => {
        reins = taken;
      })
      : stepwise(conversation, reader, writer, allow, (taken) => {
        reins = taken;
      });
    let isNudged = false;
    const pump: Exchange["pump"] = (feed) =>
      Effect.suspend(() => {
        let isPaused = false;
        isNudged = false;
        allow.begin();
        const fed = () => {
          isPaused = feed() === "pause";
          return !isPaused;
        };
        fed();
        return Effect.whileLoop({
          while: () => !isPaused && !isNudged && !conversation.isIdle,
          body: () => {
            if (conversation.isHandshakeDue) return handshake;
            return conversation.wanted === undefined ? talk(fed) : supply.next;
          },
          step: () => {},
        });
      }).pipe(Effect.map(() => deadline.rest()));
    return {
      settle: pump(() => "go"),
      pump,
      nudge: () => {
        isNudged = true;
        reins.nudge();
      },
    };
  });

type Allowance = ReturnType<typeof allowance>;

/** How an exchange that waits is reached from outside. */
interface Reins {
  /** The deadline has passed. */
  readonly late: () => void;
  /** It is to end for now. */
  readonly nudge: () => void;
  /** Whether all that was written has gone out. */
  readonly isClear: () => boolean;
}

/** Talks until `feed` answers false, the conversation is idle, or a handshake is due. */
type Talk = (feed: () => boolean) => Effect.Effect<void>;

/** One effect for a whole exchange, however many writes and reads it takes. */
const directly = (
  conversation: Conversation,
  reader: DirectReader & Socket.Reader,
  deadline: Deadline.Deadline,
  allow: Allowance,
  supply: Supply,
  take: (reins: Reins) => void,
): Talk =>
(feed) =>
  Effect.callback<void>((resume) => {
    let isBlocked = false;
    let isPumping = false;
    let isDone = false;
    let brokenBy: unknown;

    const finish = (): void => {
      if (isDone) return;
      isDone = true;
      line.release();
      resume(Effect.void);
    };
    const pump = (): void => {
      if (isDone || isPumping) return;
      isPumping = true;
      let hasWritten = false;
      let goesOn = feed();
      while (!isBlocked && goesOn) {
        const octets = conversation.output(line.isClear());
        if (octets === undefined) {
          // A server that has seen enough of a message may have said so.
          if (Encryption.buffered(reader) === 0 && supply.atOnce()) continue;
          break;
        }
        hasWritten = true;
        isBlocked = !line.write(octets);
        goesOn = feed();
      }
      isPumping = false;
      // A broken line has set a limit of its own.
      if (hasWritten && brokenBy === undefined) isBlocked ? allow.writing() : allow.written();
      if (!goesOn || conversation.isIdle || conversation.isHandshakeDue) return finish();
      if (isBlocked) return;
      if (conversation.wanted !== undefined && Encryption.buffered(reader) === 0) return finish();
      if (!hasWritten) allow.reading();
    };
    take({
      late: () => {
        if (brokenBy === undefined) conversation.expire();
        else conversation.end(brokenBy);
        finish();
      },
      nudge: finish,
      isClear: () => line.isClear(),
    });
    const line = reader.listen({
      octets: (chunk) => {
        conversation.receive(chunk);
        pump();
      },
      ended: (cause) => {
        conversation.end(cause);
        finish();
      },
      broken: (cause) => {
        // It may still say why.
        isBlocked = true;
        brokenBy = cause;
        deadline.allow(lastWords);
      },
      drained: () => {
        isBlocked = brokenBy !== undefined;
        pump();
      },
    });
    pump();
    return Effect.sync(() => {
      isDone = true;
      line.release();
    });
  });

/** One effect for each write and each read: for any socket of effect's. */
const stepwise = (
  conversation: Conversation,
  reader: Socket.Reader,
  writer: Socket.Writer,
  allow: Allowance,
  take: (reins: Reins) => void,
): Talk => {
  const receive: Effect.Effect<void, Socket.SocketError> = Effect.map(reader.pull, (chunks) => {
    for (const chunk of chunks) conversation.receive(octetsOf(chunk));
  });
  const receiveOrEnd = Effect.catch(receive, (cause) => Effect.sync(() => conversation.end(cause)));

  const hearLastWords = Effect.whileLoop({ while: () => !conversation.isOver, body: () => receive, step: () => {} })
    .pipe(
      Effect.timeoutOrElse({ duration: lastWords, orElse: () => Effect.void }),
      Effect.ignore,
    );

  const write = (octets: Uint8Array): Effect.Effect<void> =>
    Effect.catch(
      writer.write(octets),
      (cause) => Effect.andThen(hearLastWords, Effect.sync(() => conversation.end(cause))),
    );

  return (feed) =>
    Effect.suspend(() => {
      const left = Latch.makeUnsafe(false);
      take({
        late: () => {
          conversation.expire();
          left.openUnsafe();
        },
        nudge: () => void left.openUnsafe(),
        // Some sockets call it a success when a write is queued.
        isClear: () => false,
      });
      const step = (): Effect.Effect<void> => {
        const octets = conversation.output();
        if (octets !== undefined) {
          allow.writing();
          return write(octets);
        }
        allow.reading();
        return receiveOrEnd;
      };
      const talk = Effect.whileLoop({
        while: () =>
          feed() && !conversation.isIdle && !conversation.isHandshakeDue && conversation.wanted === undefined,
        body: step,
        step: () => {},
      });
      return Effect.raceFirst(talk, left.await);
    });
};
