// How octets of a client come to the protocol: one effect for each piece, or one for many where the socket can do that.
import type { DirectReader } from "@plausch/line/direct-reader";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import type { ServerProtocol } from "./server_protocol.ts";
import type { Submission } from "./submission.ts";

/** Hears what comes next, at least once. */
export type Hearing = Effect.Effect<void, Socket.SocketError>;

const encoder = new TextEncoder();

/** For any socket of effect's. */
export const stepwise = (protocol: ServerProtocol, reader: Socket.Reader): Hearing =>
  Effect.map(reader.pull, (chunks) => {
    for (const chunk of chunks) protocol.receive(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
  });

/** What a conversation is told of, and asked for, in passing. */
export interface Passing {
  /** Saves a message, if that needs no waiting; false if it does. */
  readonly save: (submission: Submission) => boolean;
  /** The client has done something. */
  readonly active: () => void;
}

/** Shorter chunks are left to the collector. */
const large = 16 * 1024;

/**
 * Gives back the memory of a chunk that was heard. It is outside of the heap, where the collector takes its time: a message of a gigabyte
 * would cost some hundred megabytes otherwise.
 */
const giveBack = (chunk: Uint8Array): void => {
  if (chunk.length < large) return;
  const { buffer } = chunk;
  if (chunk.length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
};

/**
 * Hears, saves and answers until something else is to be done: waiting for a store or a delay, a handshake, the end. While the client
 * does not read nothing is heard either.
 */
export const directly = (protocol: ServerProtocol, reader: DirectReader, { save, active }: Passing): Hearing =>
  Effect.callback<void, Socket.SocketError>((resume) => {
    let isBlocked = false;
    let isDone = false;
    let broken: Socket.SocketError | undefined;

    const finish = (result: Effect.Effect<void, Socket.SocketError>): void => {
      if (isDone) return;
      isDone = true;
      line.release();
      resume(result);
    };
    const goOn = (): void => {
      for (let { submission } = protocol; submission !== undefined; { submission } = protocol) {
        if (!save(submission)) return finish(Effect.void);
      }
      if (protocol.isOver || protocol.pausing !== undefined || protocol.wantsTls) return finish(Effect.void);
      const octets = protocol.output();
      if (octets === undefined) return;
      if (broken !== undefined) return finish(Effect.fail(broken));
      if (line.write(octets)) return;
      isBlocked = true;
      line.pause();
    };
    const line = reader.listen({
      octets: (chunk) => {
        active();
        protocol.receive(chunk);
        giveBack(chunk);
        goOn();
      },
      ended: (cause) => finish(Effect.fail(cause as Socket.SocketError)),
      broken: (cause) => {
        broken = cause as Socket.SocketError;
        if (isBlocked) finish(Effect.fail(broken));
      },
      drained: () => {
        if (!isBlocked) return;
        isBlocked = false;
        active();
        line.resume();
      },
    });
    return Effect.sync(() => {
      isDone = true;
      line.release();
    });
  });
