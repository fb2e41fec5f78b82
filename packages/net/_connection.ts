import { TlsError, type TlsErrorReason } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { Line, Listener } from "@plausch/line/direct-reader";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Socket from "effect/socket/Socket";
import type * as net from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { closed, coded, type Lazy, lazy, readFailed, upgradeFailed, writeFailed } from "./_errors.ts";
import { gather } from "./_gather.ts";
import type { Role } from "./_handshake.ts";
import * as TlsLoader from "./_tls_loader.ts";

/** Octets held for a reader that is not there before the peer is made to wait. */
const highWaterMark = 64 * 1024;

const done: Effect.Effect<void> = Effect.void;

const none: ReadonlyArray<never> = [];

const isClosed = (): Error => coded("EPIPE", "The connection is closed");
const isClosedHere = (): Error => coded("EPIPE", "This side has closed the connection");

/**
 * Node destroys a socket on the first failed write, and with it the octets that the system still holds for us. A mail server
 * that has seen enough answers 552 and closes: that answer must stay readable. So a failed write is told to `onError`, and the
 * stream does not hear of it: reading goes on until the system says that nothing more comes. Writes that fail because the socket
 * was destroyed are no news.
 */
const keepReadable = (socket: net.Socket, onError: (cause: Error) => void): void => {
  type Callback = (error?: Error | null) => void;
  const { _write, _writev } = socket;
  const guard = (callback: Callback): Callback => (error) =>
    error && !socket.destroyed ? onError(error) : callback(error);
  // With names of their own, since V8 takes a closure that is written straight into a property for one that lives long.
  const write: typeof _write = (chunk, encoding, callback) => _write.call(socket, chunk, encoding, guard(callback));
  const writev: typeof _writev = (chunks, callback) => _writev!.call(socket, chunks, guard(callback));
  socket._write = write;
  if (typeof _writev === "function") socket._writev = writev;
};

/** One established connection. Reading and writing fail apart from each other: an answer may outlive the way to ask. */
export class Connection {
  readonly #raw: net.Socket;
  readonly #role: Role;
  #wire: net.Socket;
  #secure: TlsReport | undefined = undefined;
  #isUpgrading = false;

  #received: Array<Uint8Array> = [];
  #receivedOctets = 0;
  #isPaused = false;
  /** Why nothing more will be read; told after the last octet. */
  #readFailure: Lazy | undefined = undefined;
  #pulls: ReadonlyArray<() => void> = none;

  /** Why nothing more can be sent. */
  #writeFailure: Lazy | undefined = undefined;
  readonly #writes = new Set<(error: Socket.SocketError) => void>();
  #failingWrites: ReturnType<typeof setImmediate> | undefined = undefined;
  /** What the system said when the line broke. */
  #broken: Error | undefined = undefined;
  /** The user is gone: nobody wants to know what comes. */
  #isReleased = false;

  /** Who hears everything at once, instead of pulling. */
  #listener: Listener | undefined = undefined;
  /** What comes waits until the listener wants it. */
  #isHeld = false;

  /** Takes over a connected socket made with `allowHalfOpen`. Nothing else may read from it or write to it. */
  constructor(raw: net.Socket, role: Role) {
    this.#raw = raw;
    this.#role = role;
    this.#wire = raw;
    raw.setNoDelay(true);
    keepReadable(raw, this.#onBreak);
    this.#attach(raw);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#isReleased) return;
    if (this.#listener !== undefined && !this.#isHeld) return this.#listener.octets(chunk);
    this.#received.push(chunk);
    this.#receivedOctets += chunk.length;
    if (this.#receivedOctets >= highWaterMark && !this.#isPaused) {
      this.#isPaused = true;
      this.#raw.pause();
    }
    this.#wakePulls();
  };
  readonly #onEnd = (): void => {
    // After a refused write the system reports the break as an ordinary end, and so does TLS after any break.
    const cause = this.#broken;
    this.#endReading(lazy(() => cause === undefined ? closed(1000) : readFailed(cause)));
    // A client that sends everything and half-closes still wants its answers.
    if (this.#role === "server" || this.#writeFailure !== undefined) return;
    // No answer can come any more. A write that has succeeded may be about to say so: it gets a turn of the loop for it.
    this.#writeFailure = lazy(() => writeFailed(coded("EPIPE", "The peer has closed the connection")));
    this.#failingWrites = setImmediate(() => this.#failWrites());
  };
  readonly #onBreak = (cause: Error): void => {
    this.#broken ??= cause;
    this.#endWriting(() => cause);
  };
  readonly #onClose = (): void => {
    const cause = this.#broken;
    this.#endReading(lazy(() => cause === undefined ? closed(1006) : readFailed(cause)));
    this.#endWriting(isClosed);
  };
  readonly #onDrain = (): void => this.#listener?.drained();

  readonly pull: Effect.Effect<NonEmptyReadonlyArray<Uint8Array>, Socket.SocketError> = Effect.suspend(() => {
    if (this.#receivedOctets > 0) return this.#take();
    return this.#readFailure === undefined ? this.#waitToPull() : Effect.fail(this.#readFailure());
  });

  get buffered(): number {
    return this.#receivedOctets + this.#wire.readableLength;
  }

  get tls(): TlsReport | undefined {
    return this.#secure;
  }

  /** Puts octets that were pulled back, to be pulled next. */
  unread(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#received.unshift(octets);
    this.#receivedOctets += octets.length;
  }

  write(chunks: ReadonlyArray<Uint8Array | string>): Effect.Effect<void, Socket.SocketError> {
    return Effect.callback((resume) => {
      if (this.#writeFailure !== undefined) return resume(Effect.fail(this.#writeFailure()));
      if (this.#isUpgrading) {
        return resume(Effect.fail(writeFailed(coded("ERR_TLS_UPGRADE", "The TLS handshake is under way"))));
      }
      const writes = this.#writes;
      const fail = (error: Socket.SocketError) => resume(Effect.fail(error));
      writes.add(fail);
      this.#send(chunks, () => {
        // Node calls back without an error for a write that a destroyed socket never finished: "close" tells the truth.
        if (!this.#raw.destroyed && !this.#wire.destroyed && writes.delete(fail)) resume(done);
      });
      // The system took it at once, as it does with all that is small: no need to wait for the callback to say so.
      if (this.#isClear && !this.#raw.destroyed && writes.delete(fail)) return resume(done);
      return Effect.sync(() => {
        writes.delete(fail);
      });
    });
  }

  listen(heir: Listener): Line {
    this.#listener = heir;
    this.#isHeld = true;
    let isReady = false;
    let isPaused = false;
    // The caller needs its line before it can hear.
    queueMicrotask(() => {
      isReady = true;
      if (this.#listener !== heir) return;
      if (!isPaused) this.#deliver(heir);
      if (this.#listener === heir && this.#writeFailure !== undefined) heir.broken(this.#writeFailure());
      this.#tellEnd(heir);
    });
    return {
      write: (octets) => {
        // The listener hears of it; what is written behind the end of a connection is lost in any case.
        if (this.#writeFailure !== undefined || this.#isUpgrading) return false;
        return this.#wire.write(octets);
      },
      isClear: () => this.#isClear,
      pause: () => {
        isPaused = true;
        if (this.#listener === heir) this.#isHeld = true;
      },
      resume: () => {
        isPaused = false;
        if (this.#listener !== heir || !isReady || !this.#isHeld) return;
        this.#deliver(heir);
        this.#tellEnd(heir);
      },
      release: () => {
        if (this.#listener === heir) this.#listener = undefined;
      },
    };
  }

  startTls(options: TlsOptions): Effect.Effect<TlsReport, Socket.SocketError> {
    return Effect.suspend(() => {
      if (this.#secure !== undefined || this.#isUpgrading) {
        return noTls("BadOptions", new Error("the connection speaks TLS already"));
      }
      if (this.#raw.writableLength > 0) {
        return noTls("BadOptions", new Error("octets in clear are still waiting to be sent"));
      }
      this.#isUpgrading = true;
      return TlsLoader.load(options.timeout).pipe(
        Effect.mapError((cause) => {
          this.#isUpgrading = false;
          return upgradeFailed(cause);
        }),
        Effect.flatMap((tls) => this.#handshake(tls, options)),
        Effect.onInterrupt(() => Effect.sync(() => this.close())),
      );
    });
  }

  /** Says that nothing more will be sent. What was written before still goes out. */
  end(): void {
    if (!this.#wire.writableEnded && !this.#wire.destroyed) this.#wire.end();
    this.#writeFailure ??= lazy(() => writeFailed(coded("EPIPE", "This side has ended the connection")));
  }

  /** Takes the connection away from its user, who is told `error`; the wire stays up for {@linkcode linger} or {@linkcode close}. */
  release(error: Lazy = lazy(() => closed(1006))): void {
    this.#isReleased = true;
    this.#received = [];
    this.#receivedOctets = 0;
    this.#endReading(error);
    this.#endWriting(isClosedHere);
  }

  /** Releases and destroys, at once. */
  close(error?: Lazy): void {
    this.release(error);
    this.#wire.destroy();
    this.#raw.destroy();
  }

  /** Sends what is still to be sent, then FIN, and discards what arrives until the peer has closed too. */
  linger(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const raw = this.#raw;
      if (raw.destroyed || this.#broken !== undefined) return resume(done);
      const onClosed = () => resume(done);
      raw.on("close", onClosed);
      raw.resume();
      if (!this.#wire.writableEnded) this.#wire.end();
      return Effect.sync(() => {
        raw.off("close", onClosed);
      });
    });
  }

  /** Whether the system has taken all that was written. */
  get #isClear(): boolean {
    return this.#wire.writableLength + this.#raw.writableLength === 0;
  }

  #attach(socket: net.Socket): void {
    socket.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onBreak).on("close", this.#onClose)
      .on("drain", this.#onDrain);
    socket.resume();
    // It may have broken on its way here.
    if (socket.errored) this.#onBreak(socket.errored);
    if (socket.destroyed) this.#onClose();
  }

  #wakePulls(): void {
    const waking = this.#pulls;
    this.#pulls = none;
    for (const wake of waking) wake();
  }

  #endReading(error: Lazy): void {
    if (this.#readFailure === undefined) {
      this.#readFailure = error;
      if (!this.#isHeld) this.#listener?.ended(error());
    }
    this.#wakePulls();
  }

  #failWrites(): void {
    clearImmediate(this.#failingWrites);
    for (const fail of this.#writes) {
      this.#writes.delete(fail);
      fail(this.#writeFailure!());
    }
  }

  #endWriting(cause: () => unknown): void {
    if (this.#writeFailure === undefined) {
      this.#writeFailure = lazy(() => writeFailed(cause()));
      this.#listener?.broken(this.#writeFailure());
    }
    this.#failWrites();
  }

  /** The octets leave the buffer in the very step that hands them to the caller: an interruption before it takes nothing. */
  #take(): Effect.Effect<NonEmptyReadonlyArray<Uint8Array>> {
    return Effect.sync(() => {
      const chunks = this.#received as unknown as NonEmptyReadonlyArray<Uint8Array>;
      this.#received = [];
      this.#receivedOctets = 0;
      this.#unpause();
      return chunks;
    });
  }

  #waitToPull(): Effect.Effect<NonEmptyReadonlyArray<Uint8Array>, Socket.SocketError> {
    return Effect.callback((resume) => {
      const wake = () => resume(this.pull);
      this.#pulls = [...this.#pulls, wake];
      return Effect.sync(() => {
        this.#pulls = this.#pulls.filter((other) => other !== wake);
      });
    });
  }

  #unpause(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#raw.resume();
  }

  #send(chunks: ReadonlyArray<Uint8Array | string>, callback: () => void): void {
    const wire = this.#wire;
    const pieces = chunks.length === 1 ? chunks : gather(chunks);
    const last = pieces[pieces.length - 1];
    if (last === undefined || last.length === 0) return callback();
    if (pieces.length === 1) return void wire.write(last, callback);
    wire.cork();
    for (let i = 0; i < pieces.length - 1; i++) wire.write(pieces[i]!);
    wire.write(last, callback);
    wire.uncork();
  }

  /** Hands over what has come already, as long as the listener wants it. */
  #deliver(heir: Listener): void {
    this.#isHeld = false;
    while (this.#received.length > 0 && this.#listener === heir && !this.#isHeld) {
      const chunk = this.#received.shift()!;
      this.#receivedOctets -= chunk.length;
      heir.octets(chunk);
    }
    if (this.#listener === heir && !this.#isHeld) this.#unpause();
  }

  #tellEnd(heir: Listener): void {
    if (this.#listener === heir && !this.#isHeld && this.#readFailure !== undefined) heir.ended(this.#readFailure());
  }

  #handshake(tls: TlsLoader.Tls, options: TlsOptions): Effect.Effect<TlsReport, Socket.SocketError> {
    return Effect.suspend(() => {
      this.#isUpgrading = false;
      const settings = tls.fromOptions(this.#role, options);
      if (Result.isFailure(settings)) return Effect.fail(upgradeFailed(settings.failure));
      const over = this.#readFailure ?? this.#writeFailure;
      if (over !== undefined) return noTls("ConnectionClosed", over());
      this.#isUpgrading = true;
      const raw = this.#raw;
      raw.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).off("drain", this.#onDrain);
      const line = new tls.Ciphertext(raw, this.#received);
      this.#received = [];
      this.#receivedOctets = 0;
      this.#isPaused = false;
      raw.resume();
      return tls.handshake(line, this.#role, settings.success, options).pipe(
        Effect.map(({ report, socket }) => {
          this.#isUpgrading = false;
          this.#secure = report;
          this.#wire = socket;
          this.#attach(socket);
          return report;
        }),
        Effect.mapError((cause) => {
          const error = upgradeFailed(cause);
          this.close(() => error);
          return error;
        }),
      );
    });
  }
}

const noTls = (reason: TlsErrorReason, cause: unknown): Effect.Effect<never, Socket.SocketError> =>
  Effect.fail(upgradeFailed(new TlsError({ reason, cause })));
