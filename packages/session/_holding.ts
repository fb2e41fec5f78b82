import type * as Effect from "effect/Effect";
import type { Exchange } from "./_exchange.ts";
import type { Turns } from "./_turns.ts";
import type { Conversation } from "./conversation.ts";
import type { Session } from "./session.ts";

/** What is behind a session, for the other modules of this package. */
export interface Holding {
  readonly conversation: Conversation;
  readonly exchange: Exchange;
  /** One request at a time. */
  readonly turns: Turns;
  readonly close: Effect.Effect<void>;
  /** Gives the conversation up: its answers are still owed. */
  readonly abandon: Effect.Effect<void>;
}

/** Where a session has it. It is no part of the session's interface. */
export const key: unique symbol = Symbol("Holding");

/** What is behind a session. Throws for a session that is not of this package's making. */
export const of = (session: Session): Holding => {
  const holding = (session as { readonly [key]?: Holding })[key];
  if (holding === undefined) {
    throw new TypeError("Cannot use this session: take one from Session.open or Session.greet");
  }
  return holding;
};
