import * as Octets from "@plausch/smtp/octets";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
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
  now: () => number,
): Effect.Effect<void> => {
  const limited = <E>(effect: Effect.Effect<void, E>, limit: Duration.Input): Effect.Effect<void, E> =>
    Effect.timeoutOrElse(effect, { duration: limit, orElse: () => Effect.sync(() => conversation.expire()) });

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
    limited(
      Effect.catch(writer.write(octets), (cause) =>
        Effect.andThen(hearLastWords, Effect.sync(() => conversation.end(cause)))),
      conversation.isSendingContent ? timeouts.block : timeouts[conversation.stage],
    );

  return Effect.suspend(() => {
    let answers = -1;
    let deadline = 0;
    const step = (): Effect.Effect<void> => {
      const octets = conversation.output();
      if (octets !== undefined) return write(octets);
      if (conversation.answers !== answers) {
        answers = conversation.answers;
        deadline = now() + Duration.toMillis(timeouts[conversation.stage]);
      }
      return limited(receiveOrEnd, Math.max(0, deadline - now()));
    };
    return Effect.whileLoop({ while: () => !conversation.isIdle, body: step, step: () => {} });
  });
};
