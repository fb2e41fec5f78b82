import * as Connections from "@plausch/session/connections";
import type { Observer, SessionEvent } from "@plausch/session/event";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import type { Host } from "./_host.ts";
import type { Standing } from "./_line.ts";
import type { Errand } from "./carrier.ts";

/** Who uses a session. */
export interface Passenger {
  readonly errand: Errand;
  /** What happens on the session. */
  readonly see: (event: SessionEvent) => void;
}

/** A session that outlives the errands that use it, one after another. */
export interface PooledSession extends Standing<PooledSession> {
  readonly session: Session.Session;
  readonly host: Host;
  /** Owns the connection. */
  readonly connection: Scope.Closeable;
  /** Whom its events are for, while somebody uses it. */
  passenger: Passenger | undefined;
  /** How many messages were begun on it. */
  messages: number;
  /** Since when nobody uses it, in milliseconds. */
  since: number;
  /** Says QUIT, if that can be said, and closes. */
  readonly leave: Effect.Effect<void>;
  /** Closes, whatever is said just then. */
  readonly cut: Effect.Effect<void>;
}

/** What stands around the opening of a session. */
export interface Opening {
  readonly host: Host;
  /** Whom it is opened for. */
  readonly passenger: Passenger;
  /** Sees its events while nobody uses it. */
  readonly observe: Observer;
  /** What the connection needs first. It is given back when the connection is closed. */
  readonly admit: (connection: Scope.Closeable) => Effect.Effect<void, SessionError>;
  /** Decides whether to dial at all. */
  readonly guard: <A, R>(open: Effect.Effect<A, SessionError, R>) => Effect.Effect<A, SessionError, R>;
  /** Takes the session at the moment it stands, so that no interruption loses it. */
  readonly taken: (pooled: PooledSession) => void;
}

/** Opens a session that is ready for messages, be it in clear on a second connection. */
export const open = (
  options: Omit<Connections.Options, "observe" | "tls" | "tlsOptions">,
  { host, passenger, observe, admit, guard, taken }: Opening,
): Effect.Effect<void, SessionError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const connection = Scope.makeUnsafe();
      const pooled: Omit<PooledSession, "session"> = {
        host,
        connection,
        passenger,
        messages: 0,
        since: 0,
        line: undefined,
        ahead: undefined,
        behind: undefined,
        leave: Effect.uninterruptible(Scope.close(connection, Exit.void)),
        cut: Scope.close(connection, Exit.fail("cut")),
      };
      const see: Observer = (event) => pooled.passenger === undefined ? observe(event) : pooled.passenger.see(event);
      const dial = Effect.suspend(() => {
        const { socket, tls, tlsOptions } = passenger.errand;
        return Connections.withRetryInClear({ ...options, tls, tlsOptions, observe: see }, Session.open).pipe(
          Scope.provide(connection),
          Effect.provideService(Socket.Socket, socket),
        );
      });
      return restore(Effect.andThen(admit(connection), guard(dial))).pipe(
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(connection, exit)),
        Effect.map((session) => taken(Object.assign(pooled, { session }))),
      );
    })
  );
