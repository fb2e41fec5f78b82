import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { DirectReader, Listener } from "@plausch/line/direct-reader";
import * as Socket from "effect/socket/Socket";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Queue from "effect/Queue";
import type * as Scope from "effect/Scope";
import { latin1, octets } from "../support/cases.ts";

/** A socket without a network, as the server sees it, and the client at its other end. */
export interface MemorySocket {
  readonly socket: Socket.Socket;
  /** The client says something; U+00xx is one octet. */
  readonly say: (text: string) => void;
  /** The client goes away, or the line breaks. */
  readonly end: (error: Socket.SocketError) => void;
  /** What the server has written since the last time. */
  readonly heard: () => string;
  /** The client stops reading: writes wait from here on. */
  readonly stopReading: () => void;
  /** The client reads again. */
  readonly startReading: () => void;
}

export const closed: Socket.SocketError = new Socket.SocketError({
  reason: new Socket.SocketCloseError({ code: 1000 }),
});

export const broken: Socket.SocketError = new Socket.SocketError({
  reason: new Socket.SocketReadError({ cause: new Error("ECONNRESET") }),
});

/** The handshake of a socket that knows TLS. */
export type Handshake = (options: TlsOptions | undefined) => Effect.Effect<TlsReport, Socket.SocketError>;

/** How it is read: by pulls, which give octets or text, or by a listener that hears octets at once. */
export type Kind = "octets" | "text" | "direct";

/** A new one. Octets may also come as text, as effect's sockets allow. Without a handshake of its own it knows effect's only. */
export const make = (kind: Kind = "octets", handshake?: Handshake): Effect.Effect<MemorySocket> =>
  Effect.gen(function* () {
    const arriving = yield* Queue.unbounded<Uint8Array | string>();
    const ended = yield* Deferred.make<never, Socket.SocketError>();
    let written = "";
    const reading = yield* Latch.make(true);

    const pull = Effect.raceFirst(
      Effect.map(Queue.take(arriving), (chunk) => [chunk] as const),
      Deferred.await(ended),
    );
    const write: Socket.Writer["write"] = (chunk) =>
      reading.whenOpen(Effect.sync(() => {
        if (!Socket.isCloseEvent(chunk)) written += typeof chunk === "string" ? chunk : latin1(chunk);
      }));
    const direct = makeDirect((text) => written += text);
    const reader: Effect.Effect<Socket.Reader, never, Scope.Scope> = Effect.succeed({
      ...kind === "direct" ? { listen: direct.listen } : {},
      pull: kind === "direct" ? Effect.die(new Error("A reader that can be listened to need not be pulled")) : pull,
      upgrade: () => Effect.void,
      ...handshake === undefined ? {} : { buffered: () => 0, tls: () => undefined, startTls: handshake },
    });
    const writer = Effect.succeed<Socket.Writer>({
      write,
      writeAll: (chunks) => Effect.forEach(chunks, write, { discard: true }),
    });
    return {
      socket: Socket.make({ reader, writer }),
      say: (text) =>
        kind === "direct"
          ? direct.say(octets(text))
          : void Queue.offerUnsafe(arriving, kind === "text" ? text : octets(text)),
      end: (error) => {
        direct.end(error);
        Deferred.doneUnsafe(ended, Effect.fail(error));
      },
      heard: () => {
        const heard = written;
        written = "";
        return heard;
      },
      stopReading: () => {
        direct.stop();
        reading.closeUnsafe();
      },
      startReading: () => {
        reading.openUnsafe();
        direct.start();
      },
    };
  });

/** A line that is listened to. Like one of the system it takes a first write from a peer that does not read, and asks for patience. */
const makeDirect = (write: (text: string) => void) => {
  const arriving: Array<Uint8Array> = [];
  let end: Socket.SocketError | undefined;
  let listener: Listener | undefined;
  let isHeld = true;
  let isReading = true;
  let unread = "";
  const deliver = (): void => {
    while (listener !== undefined && !isHeld && arriving.length > 0) listener.octets(arriving.shift()!);
    if (listener !== undefined && !isHeld && end !== undefined) listener.ended(end);
  };
  const listen: DirectReader["listen"] = (heir) => {
    listener = heir;
    isHeld = true;
    let isPaused = false;
    queueMicrotask(() => {
      if (listener !== heir || isPaused) return;
      isHeld = false;
      deliver();
    });
    return {
      write: (chunk) => {
        if (isReading) write(latin1(chunk));
        else unread += latin1(chunk);
        return isReading;
      },
      isClear: () => unread === "",
      pause: () => {
        isHeld = isPaused = true;
      },
      resume: () => {
        isHeld = isPaused = false;
        deliver();
      },
      release: () => {
        if (listener === heir) listener = undefined;
      },
    };
  };
  return {
    listen,
    say: (chunk: Uint8Array): void => {
      arriving.push(chunk);
      deliver();
    },
    end: (error: Socket.SocketError): void => {
      end = error;
      deliver();
    },
    stop: (): void => {
      isReading = false;
    },
    start: (): void => {
      isReading = true;
      write(unread);
      unread = "";
      listener?.drained();
    },
  };
};
