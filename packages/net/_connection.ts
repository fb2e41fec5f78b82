import { TlsError, type TlsErrorReason } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { DirectReader, Listener } from "@plausch/line/direct-reader";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Effect from "effect/Effect";
import { constVoid } from "effect/Function";
import * as Result from "effect/Result";
import type * as Socket from "effect/socket/Socket";
import type * as net from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { closed, coded, type Lazy, lazy, readFailed, upgradeFailed, writeFailed } from "./_errors.ts";
import { gather } from "./_gather.ts";
import type { Role } from "./_handshake.ts";
import * as TlsLoader from "./_tls_loader.ts";

/** One established connection. Reading and writing fail apart from each other: an answer may outlive the way to ask. */
export interface Connection {
  readonly pull: Effect.Effect<NonEmptyReadonlyArray<Uint8Array>, Socket.SocketError>;
  readonly buffered: () => number;
  /** Puts octets that were pulled back, to be pulled next. */
  readonly unread: (octets: Uint8Array) => void;
  readonly listen: DirectReader["listen"];
  readonly write: (chunks: ReadonlyArray<Uint8Array | string>) => Effect.Effect<void, Socket.SocketError>;
  readonly startTls: (options: TlsOptions) => Effect.Effect<TlsReport, Socket.SocketError>;
  readonly tls: () => TlsReport | undefined;
  /** Says that nothing more will be sent. What was written before still goes out. */
  readonly end: () => void;
  /** Takes the connection away from its user, who is told `error`; the wire stays up for {@linkcode linger} or {@linkcode close}. */
  readonly release: (error?: Lazy) => void;
  /** Sends what is still to be sent, then FIN, and discards what arrives until the peer has closed too. */
  readonly linger: Effect.Effect<void>;
  /** Releases and destroys, at once. */
  readonly close: (error?: Lazy) => void;
}

/** Octets held for a reader that is not there before the peer is made to wait. */
const highWaterMark = 64 * 1024;

const done: Effect.Effect<void> = Effect.void;

/**
 * Node destroys a socket on the first failed write, and with it the octets that the system still holds for us. A mail server
 * that has seen enough answers 552 and closes: that answer must stay readable. So a failed write is told to `onError`, and the
 * stream does not hear of it: reading goes on until the system says that nothing more comes. Writes that fail because the socket
 * was destroyed are no news.
 */
const keepReadable = (socket: net.Socket, onError: (cause: Error) => void): void => {
  type Callback = (error?: Error | null) => void;
  const { _write: write, _writev: writev } = socket;
  const guard = (callback: Callback): Callback => (error) =>
    error && !socket.destroyed ? onError(error) : callback(error);
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, guard(callback));
  if (typeof writev !== "function") return;
  socket._writev = (chunks, callback) => writev.call(socket, chunks, guard(callback));
};

/** Takes over a connected socket made with `allowHalfOpen`. Nothing else may read from it or write to it. */
export const make = (raw: net.Socket, role: Role): Connection => {
  let wire = raw;
  let secure: TlsReport | undefined;
  let upgrading = false;

  let received: Array<Uint8Array> = [];
  let receivedOctets = 0;
  let paused = false;
  /** Why nothing more will be read; told after the last octet. */
  let readFailure: Lazy | undefined;
  let pulls: Array<() => void> = [];

  /** Why nothing more can be sent. */
  let writeFailure: Lazy | undefined;
  const writes = new Set<(error: Socket.SocketError) => void>();
  let failingWrites: ReturnType<typeof setImmediate> | undefined;
  /** What the system said when the line broke. */
  let broken: Error | undefined;

  /** Who hears everything at once, instead of pulling. */
  let listener: Listener | undefined;
  /** What comes waits until the listener wants it. */
  let held = false;

  const wakePulls = () => {
    const waking = pulls;
    pulls = [];
    for (const wake of waking) wake();
  };
  const endReading = (error: Lazy) => {
    if (readFailure === undefined) {
      readFailure = error;
      if (!held) listener?.ended(error());
    }
    wakePulls();
  };
  const failWrites = () => {
    clearImmediate(failingWrites);
    for (const fail of writes) {
      writes.delete(fail);
      fail(writeFailure!());
    }
  };
  const endWriting = (cause: () => unknown) => {
    if (writeFailure === undefined) {
      writeFailure = lazy(() => writeFailed(cause()));
      listener?.broken(writeFailure());
    }
    failWrites();
  };

  const onData = (chunk: Uint8Array) => {
    if (listener !== undefined && !held) return listener.octets(chunk);
    received.push(chunk);
    receivedOctets += chunk.length;
    if (receivedOctets >= highWaterMark && !paused) {
      paused = true;
      raw.pause();
    }
    wakePulls();
  };
  const onEnd = () => {
    // After a refused write the system reports the break as an ordinary end, and so does TLS after any break.
    const cause = broken;
    endReading(lazy(() => cause === undefined ? closed(1000) : readFailed(cause)));
    // A client that sends everything and half-closes still wants its answers.
    if (role === "server" || writeFailure !== undefined) return;
    // No answer can come any more. A write that has succeeded may be about to say so: it gets a turn of the loop for it.
    writeFailure = lazy(() => writeFailed(coded("EPIPE", "The peer has closed the connection")));
    failingWrites = setImmediate(failWrites);
  };
  const onBreak = (cause: Error) => {
    broken ??= cause;
    endWriting(() => cause);
  };
  const onClose = () => {
    const cause = broken;
    endReading(lazy(() => cause === undefined ? closed(1006) : readFailed(cause)));
    endWriting(() => coded("EPIPE", "The connection is closed"));
  };
  const onDrain = () => listener?.drained();
  const attach = (socket: net.Socket) => {
    socket.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onClose).on("drain", onDrain);
    socket.resume();
    // It may have broken on its way here.
    if (socket.errored) onBreak(socket.errored);
    if (socket.destroyed) onClose();
  };

  // The octets leave the buffer in the very step that hands them to the caller: an interruption before it takes nothing.
  const take = Effect.sync(() => {
    const chunks = received as unknown as NonEmptyReadonlyArray<Uint8Array>;
    received = [];
    receivedOctets = 0;
    if (paused) {
      paused = false;
      raw.resume();
    }
    return chunks;
  });
  const pull: Connection["pull"] = Effect.suspend(() => {
    if (receivedOctets > 0) return take;
    return readFailure === undefined ? waitToPull : Effect.fail(readFailure());
  });
  const unread: Connection["unread"] = (octets) => {
    if (octets.length === 0) return;
    received.unshift(octets);
    receivedOctets += octets.length;
  };
  const waitToPull = Effect.callback<NonEmptyReadonlyArray<Uint8Array>, Socket.SocketError>((resume) => {
    const wake = () => resume(pull);
    pulls.push(wake);
    return Effect.sync(() => {
      pulls = pulls.filter((other) => other !== wake);
    });
  });

  const send = (chunks: ReadonlyArray<Uint8Array | string>, callback: () => void) => {
    const pieces = chunks.length === 1 ? chunks : gather(chunks);
    const last = pieces[pieces.length - 1];
    if (last === undefined || last.length === 0) return callback();
    if (pieces.length === 1) return void wire.write(last, callback);
    wire.cork();
    for (let i = 0; i < pieces.length - 1; i++) wire.write(pieces[i]!);
    wire.write(last, callback);
    wire.uncork();
  };
  const write: Connection["write"] = (chunks) =>
    Effect.callback((resume) => {
      if (writeFailure !== undefined) return resume(Effect.fail(writeFailure()));
      if (upgrading) {
        return resume(Effect.fail(writeFailed(coded("ERR_TLS_UPGRADE", "The TLS handshake is under way"))));
      }
      const fail = (error: Socket.SocketError) => resume(Effect.fail(error));
      writes.add(fail);
      send(chunks, () => {
        // Node calls back without an error for a write that a destroyed socket never finished: "close" tells the truth.
        if (!raw.destroyed && !wire.destroyed && writes.delete(fail)) resume(done);
      });
      // The system took it at once, as it does with all that is small: no need to wait for the callback to say so.
      if (wire.writableLength + raw.writableLength === 0 && !raw.destroyed && writes.delete(fail)) return resume(done);
      return Effect.sync(() => {
        writes.delete(fail);
      });
    });

  /** Hands over what has come already, as long as the listener wants it. */
  const deliver = (heir: Listener): void => {
    held = false;
    while (received.length > 0 && listener === heir && !held) {
      const chunk = received.shift()!;
      receivedOctets -= chunk.length;
      heir.octets(chunk);
    }
    if (listener !== heir || held || !paused) return;
    paused = false;
    raw.resume();
  };
  const tellEnd = (heir: Listener): void => {
    if (listener === heir && !held && readFailure !== undefined) heir.ended(readFailure());
  };
  const listen: Connection["listen"] = (heir) => {
    listener = heir;
    held = true;
    let isReady = false;
    let isPaused = false;
    // The caller needs its line before it can hear.
    queueMicrotask(() => {
      isReady = true;
      if (listener !== heir) return;
      if (!isPaused) deliver(heir);
      if (listener === heir && writeFailure !== undefined) heir.broken(writeFailure());
      tellEnd(heir);
    });
    return {
      write: (octets) => {
        // The listener hears of it; what is written behind the end of a connection is lost in any case.
        if (writeFailure !== undefined || upgrading) return false;
        return wire.write(octets);
      },
      isClear: () => wire.writableLength + raw.writableLength === 0,
      pause: () => {
        isPaused = true;
        if (listener === heir) held = true;
      },
      resume: () => {
        isPaused = false;
        if (listener !== heir || !isReady || !held) return;
        deliver(heir);
        tellEnd(heir);
      },
      release: () => {
        if (listener === heir) listener = undefined;
      },
    };
  };

  const end = () => {
    if (!wire.writableEnded && !wire.destroyed) wire.end();
    writeFailure ??= lazy(() => writeFailed(coded("EPIPE", "This side has ended the connection")));
  };
  const release: Connection["release"] = (error = lazy(() => closed(1006))) => {
    wire.off("data", onData).on("data", constVoid);
    received = [];
    receivedOctets = 0;
    endReading(error);
    endWriting(() => coded("EPIPE", "This side has closed the connection"));
  };
  const close: Connection["close"] = (error) => {
    release(error);
    wire.destroy();
    raw.destroy();
  };
  const linger: Connection["linger"] = Effect.callback((resume) => {
    if (raw.destroyed || broken !== undefined) return resume(done);
    const onClosed = () => resume(done);
    raw.on("close", onClosed);
    raw.resume();
    if (!wire.writableEnded) wire.end();
    return Effect.sync(() => {
      raw.off("close", onClosed);
    });
  });

  const noTls = (reason: TlsErrorReason, cause: unknown) => Effect.fail(upgradeFailed(new TlsError({ reason, cause })));
  const handshake = (tls: TlsLoader.Tls, options: TlsOptions) =>
    Effect.suspend(() => {
      upgrading = false;
      const settings = tls.fromOptions(role, options);
      if (Result.isFailure(settings)) return Effect.fail(upgradeFailed(settings.failure));
      const over = readFailure ?? writeFailure;
      if (over !== undefined) return noTls("ConnectionClosed", over());
      upgrading = true;
      raw.off("data", onData).off("end", onEnd).off("close", onClose).off("drain", onDrain);
      const line = new tls.Ciphertext(raw, received);
      received = [];
      receivedOctets = 0;
      paused = false;
      raw.resume();
      return tls.handshake(line, role, settings.success, options).pipe(
        Effect.map(({ report, socket }) => {
          upgrading = false;
          secure = report;
          wire = socket;
          attach(socket);
          return report;
        }),
        Effect.mapError((cause) => {
          const error = upgradeFailed(cause);
          close(() => error);
          return error;
        }),
      );
    });
  const startTls: Connection["startTls"] = (options) =>
    Effect.suspend(() => {
      if (secure !== undefined || upgrading) {
        return noTls("BadOptions", new Error("the connection speaks TLS already"));
      }
      if (raw.writableLength > 0) {
        return noTls("BadOptions", new Error("octets in clear are still waiting to be sent"));
      }
      upgrading = true;
      return TlsLoader.load(options.timeout).pipe(
        Effect.mapError((cause) => {
          upgrading = false;
          return upgradeFailed(cause);
        }),
        Effect.flatMap((tls) => handshake(tls, options)),
        Effect.onInterrupt(() => Effect.sync(close)),
      );
    });

  raw.setNoDelay(true);
  keepReadable(raw, onBreak);
  attach(raw);
  return {
    pull,
    buffered: () => receivedOctets + wire.readableLength,
    unread,
    listen,
    write,
    startTls,
    tls: () => secure,
    end,
    release,
    linger,
    close,
  };
};
