import * as Octets from "@plausch/smtp/octets";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import * as Encryption from "./_encryption.ts";
import type { Conversation } from "./conversation.ts";
import type { Timeouts } from "./timeouts.ts";

/** How long to read on after a failed write: a server that refuses early says why, and then closes. */
const lastWords = Duration.seconds(2);

/** The octets of a chunk; effect sockets may also deliver text. */
const octetsOf = (chunk: Uint8Array | string): Uint8Array => typeof chunk === "string" ? Octets.encode(chunk) : chunk;

/**
 * Drives a conversation over a socket until it has nothing to write and nothing to wait for: one step for each write and
 * one for each read, however many commands and replies they hold. It never fails; failures are in the conversation.
 */
export const make = (
  conversation: Conversation,
  reader: Socket.Reader,
  writer: Socket.Writer,
  timeouts: Timeouts,
  encryption: Encryption.Options,
): Effect.Effect<void> => {
  /** No limit is shorter, so whoever looks at the deadline this often misses none, however it moves. */
  const shortest = Math.max(1, Math.min(...Object.values(timeouts).map(Duration.toMillis)));

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

  const handshake = Effect.suspend(() => {
    if (Encryption.buffered(reader) > 0) return Effect.sync(() => conversation.injected());
    return Effect.matchEager(Encryption.start(reader, encryption, timeouts.tls), {
      onSuccess: (report) => conversation.secured(report),
      onFailure: (cause) => conversation.handshakeFailed(cause),
    });
  });

  return Clock.clockWith((clock) => {
    /** Milliseconds on a clock that nobody sets: a wait must not grow with the time of day. */
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n);
    let answers = -1;
    let deadline = Infinity;
    const allow = (limit: Duration.Duration): void => {
      deadline = now() + Duration.toMillis(limit);
    };
    const step = (): Effect.Effect<void> => {
      if (conversation.isHandshakeDue) {
        allow(timeouts.tls);
        return handshake;
      }
      const octets = conversation.output();
      if (octets !== undefined) {
        allow(conversation.isSendingContent ? timeouts.block : timeouts[conversation.stage]);
        return write(octets);
      }
      if (conversation.answers !== answers) {
        answers = conversation.answers;
        allow(timeouts[conversation.stage]);
      }
      return receiveOrEnd;
    };
    const talk = Effect.whileLoop({ while: () => !conversation.isIdle, body: step, step: () => {} });
    // One timer for all steps: a fiber and a timer for each would cost more than everything else here.
    const watch = Effect.whileLoop({
      while: () => now() < deadline,
      body: () => Effect.sleep(Math.min(deadline - now(), shortest)),
      step: () => {},
    });
    return Effect.raceFirst(talk, Effect.andThen(watch, Effect.sync(() => conversation.expire())));
  });
};
