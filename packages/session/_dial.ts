import { TlsError } from "@plausch/tls/tls-error";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as Deadline from "./_deadline.ts";
import * as Encryption from "./_encryption.ts";
import type { Observer } from "./event.ts";
import { SessionError } from "./session_error.ts";
import type { Timeouts } from "./timeouts.ts";

/** An open connection, and the time that is left for what is waited for. */
export interface Connection {
  readonly reader: Socket.Reader;
  readonly writer: Socket.Writer;
  readonly deadline: Deadline.Deadline;
}

const failure = (cause?: Socket.SocketError): SessionError => {
  const inner = cause === undefined ? undefined : Encryption.causeOf(cause);
  if (inner instanceof TlsError) {
    return new SessionError({ reason: "TlsFailed", stage: "tls", cause: inner, recipients: [] });
  }
  const isLate = cause === undefined || cause.reason._tag === "SocketOpenError" && cause.reason.kind === "Timeout";
  return new SessionError({ reason: isLate ? "Timeout" : "ConnectFailed", stage: "connect", cause, recipients: [] });
};

/** Opens the connection that the scope then owns, and tells of its beginning and its end. */
export const dial: (
  scope: Scope.Scope,
  timeouts: Timeouts,
  observe: Observer | undefined,
) => Effect.Effect<Connection, SessionError, Socket.Socket> = Effect.fnUntraced(
  function* (scope, timeouts, observe) {
    const deadline = yield* Deadline.watch(scope, timeouts);
    const socket = yield* Socket.Socket;
    const writer = yield* Scope.provide(socket.writer, scope);
    const dialled = Effect.mapError(Scope.provide(socket.reader, scope), failure);
    const reader = yield* deadline.within(deadline.limits.connect, dialled, failure);
    if (observe !== undefined) {
      const clock = yield* Clock.Clock;
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => observe({ _tag: "Closed", at: clock.currentTimeMillisUnsafe() })),
      );
      observe({ _tag: "Connected", at: clock.currentTimeMillisUnsafe() });
    }
    return { reader, writer, deadline };
  },
);
