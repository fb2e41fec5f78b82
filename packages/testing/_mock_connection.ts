import type { TlsError } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import type { TlsReader } from "@plausch/tls/tls-reader";
import type { TlsReport } from "@plausch/tls/tls-report";
import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as Handshake from "./_mock_handshake.ts";
import * as Notation from "./_notation.ts";
import type { ScriptedServer } from "./_scripted_server.ts";

/** The client's end of one connection to a scripted server. */
export interface MockConnection extends TlsReader {
  /** The client dials: nothing is written or read before. `preface` goes out first, and implicit TLS is a part of it. */
  readonly dial: (clock: Clock.Clock, dialling: Dialling) => Effect.Effect<void, Socket.SocketError>;
  /** Waits until the connection stands. */
  readonly write: (chunks: ReadonlyArray<Uint8Array | string>) => Effect.Effect<void, Socket.SocketError>;
  /** The client closes, and says why. */
  readonly close: (farewell: Socket.CloseEvent) => Effect.Effect<void>;
  readonly leave: () => void;
  readonly halfClose: () => void;
}

/** What is done as a part of dialling. */
export interface Dialling {
  readonly preface: Uint8Array | undefined;
  /** Settings of the handshake, if the script begins with one. */
  readonly tls: TlsOptions;
}

const failed = (reason: Socket.SocketErrorReason): Socket.SocketError => new Socket.SocketError({ reason });

const closed = (code: number, closeReason?: string): Socket.SocketError =>
  failed(new Socket.SocketCloseError(closeReason === undefined ? { code } : { code, closeReason }));

const coded = (code: string, text: string): Error => Object.assign(new Error(text), { code });

/** No connection came about. */
export const openFailed = (cause: unknown): Socket.SocketError =>
  failed(new Socket.SocketOpenError({ kind: "Unknown", cause }));

/** Nobody listens any more. */
export const refused = (why: string): Socket.SocketError => openFailed(coded("ECONNREFUSED", why));

const upgradeFailed = (cause: unknown): Socket.SocketError => failed(new Socket.SocketUpgradeError({ cause }));

const readError = (server: ScriptedServer, how: "closed" | "dropped" | "left"): Socket.SocketError => {
  if (server.mismatch !== undefined) return failed(new Socket.SocketReadError({ cause: server.mismatch }));
  if (how === "closed") return closed(1000);
  if (how === "left") return closed(1006);
  return failed(new Socket.SocketReadError({ cause: coded("ECONNRESET", "The server has dropped the connection") }));
};

const writeError = (server: ScriptedServer): Socket.SocketError =>
  failed(
    new Socket.SocketWriteError({ cause: server.mismatch ?? coded("EPIPE", "The connection is closed") }),
  );

/** A connection to be. `changes` is what TLS reports say differently. */
export const make = (server: ScriptedServer, changes: Partial<TlsReport>): MockConnection => {
  const connected = Latch.makeUnsafe(false);
  let now = (): number => 0;
  let waiting: Array<() => void> = [];
  /** Why the client has closed the connection, where it said so. */
  let farewell: Socket.CloseEvent | undefined;
  let report: TlsReport | undefined;

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  const changedSince = (version: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      // Another fiber may have run between the look and this.
      if (server.version !== version) return resume(Effect.void);
      const entry = () => resume(Effect.void);
      waiting.push(entry);
      return Effect.sync(() => {
        waiting = waiting.filter((other) => other !== entry);
      });
    });

  const pull: MockConnection["pull"] = Effect.suspend(() => {
    if (server.mismatch !== undefined) return Effect.fail(readError(server, "dropped"));
    const taken = server.take(now());
    switch (taken._tag) {
      case "Octets":
        return Effect.succeed([taken.octets] as const);
      case "Over":
        return Effect.fail(
          farewell === undefined ? readError(server, taken.how) : closed(farewell.code, farewell.reason),
        );
      case "Nothing": {
        const changed = changedSince(server.version);
        // The server's clock runs from when it began to wait, so an interrupted pull does not begin the delay anew.
        const due = taken.millis === Infinity
          ? changed
          : Effect.raceFirst(Effect.sleep(Duration.millis(taken.millis)), changed);
        return Effect.andThen(due, pull);
      }
    }
  });

  const leave = (): void => {
    server.leave();
    wake();
  };

  /** A handshake that comes to nothing ends the connection. */
  const upgraded = (handshake: Effect.Effect<TlsReport, TlsError>): Effect.Effect<TlsReport, Socket.SocketError> =>
    handshake.pipe(
      Effect.tap((made) => Effect.sync(() => void (report = made))),
      Effect.onError(() => Effect.sync(() => server.isOver ? undefined : leave())),
      Effect.mapError(upgradeFailed),
    );

  const startTls: MockConnection["startTls"] = (options = {}) =>
    Effect.suspend(() => {
      const named = Handshake.namedBy(options);
      if (Result.isFailure(named)) return Effect.fail(upgradeFailed(named.failure));
      const handshake = server.startTls(now());
      wake();
      return handshake._tag === "Mismatch"
        ? Effect.fail(upgradeFailed(server.mismatch))
        : upgraded(Handshake.outcome(handshake, options, named.success, changes));
    });

  const hear = (chunks: ReadonlyArray<Uint8Array | string>): Effect.Effect<void, Socket.SocketError> =>
    Effect.suspend(() => {
      const octets = chunks.map((chunk) => typeof chunk === "string" ? Notation.encode(chunk) : chunk);
      const heard = server.hear(octets.length === 1 ? octets[0]! : Notation.concat(octets), now());
      wake();
      return heard === "taken" ? Effect.void : Effect.fail(writeError(server));
    });

  return {
    pull,
    startTls,
    upgrade: (options) => Effect.asVoid(startTls(options)),
    buffered: () => server.buffered(now()),
    tls: () => report,
    dial: (clock, { preface, tls }) =>
      Effect.suspend(() => {
        now = () => clock.currentTimeMillisUnsafe();
        server.connect(now());
        const prefaced = preface === undefined
          ? Effect.void
          : Effect.mapError(hear([preface]), ({ reason }) => openFailed(reason.cause));
        const secured = Effect.suspend(() => server.isTlsFromStart ? Effect.asVoid(startTls(tls)) : Effect.void);
        return Effect.andThen(prefaced, secured).pipe(Effect.tap(() => Effect.sync(() => connected.openUnsafe())));
      }),
    write: (chunks) => connected.whenOpen(hear(chunks)),
    close: (event) =>
      connected.whenOpen(Effect.sync(() => {
        farewell ??= event;
        leave();
      })),
    leave,
    halfClose: () => {
      server.halfClose();
      wake();
    },
  };
};
