import * as Connections from "@plausch/session/connections";
import type { Observer } from "@plausch/session/event";
import * as Session from "@plausch/session/session";
import type { SessionError } from "@plausch/session/session-error";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import type * as Socket from "effect/socket/Socket";

/** A session that outlives the errands that use it, one after another. */
export interface PooledSession {
  readonly session: Session.Session;
  /** Owns the connection. */
  readonly connection: Scope.Closeable;
  /** Whom its events are for: the errand that uses it. */
  observe: Observer;
  /** How many messages were begun on it. */
  messages: number;
  /** Since when nobody uses it, in milliseconds. */
  idleSince: number;
  /** Says QUIT, if that can be said, and closes. */
  readonly leave: Effect.Effect<void>;
  /** Closes, whatever is said just then. */
  readonly cut: Effect.Effect<void>;
}

/** What stands around the opening of a session. */
export interface Opening {
  /** What the connection needs first. It is given back when the connection is closed. */
  readonly admit: (connection: Scope.Closeable) => Effect.Effect<void, SessionError>;
  /** Decides whether to dial at all. */
  readonly guard: <A, R>(open: Effect.Effect<A, SessionError, R>) => Effect.Effect<A, SessionError, R>;
  /** Takes the session at the moment it stands, so that no interruption loses it. */
  readonly taken: (pooled: PooledSession) => void;
}

/** Opens a session that is ready for messages, be it in clear on a second connection. */
export const open = (
  options: Connections.Options,
  { admit, guard, taken }: Opening,
): Effect.Effect<void, SessionError, Socket.Socket> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const connection = Scope.makeUnsafe();
      const pooled = {
        connection,
        observe: options.observe ?? (() => {}),
        messages: 0,
        idleSince: 0,
        leave: Effect.uninterruptible(Scope.close(connection, Exit.void)),
        cut: Scope.close(connection, Exit.fail("cut")),
      };
      const watched: Connections.Options = { ...options, observe: (event) => pooled.observe(event) };
      const opened = Connections.withRetryInClear(watched, Session.open).pipe(guard, Scope.provide(connection));
      return restore(Effect.andThen(admit(connection), opened)).pipe(
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(connection, exit)),
        Effect.map((session) => taken(Object.assign(pooled, { session }))),
      );
    })
  );
