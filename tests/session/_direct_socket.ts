import type { Line, Listener } from "@plausch/line/direct-reader";
import * as Effect from "effect/Effect";
import * as Socket from "effect/socket/Socket";
import { octets } from "../support/cases.ts";

/** How a server hears, and what its line does where that matters. */
export interface Peer extends Partial<Line> {
  /** Octets were written to it. False makes the client wait. */
  readonly hear: (octets: Uint8Array) => boolean;
  /** Somebody listens. */
  readonly listened?: () => void;
  /** Nobody does any more. */
  readonly closed?: () => void;
}

/** A line that is listened to. The server speaks in a later turn, as one on a wire would. */
export const make = ({ hear, listened = () => {}, closed = () => {}, ...line }: Peer) => {
  let listener: Listener | undefined;
  const reader = {
    pull: Effect.never,
    upgrade: () => Effect.void,
    listen: (heir: Listener): Line => {
      listener = heir;
      listened();
      return { write: hear, isClear: () => true, pause: () => {}, resume: () => {}, release: () => {}, ...line };
    },
  };
  return {
    socket: Socket.make({
      reader: Effect.acquireRelease(Effect.succeed(reader), () => Effect.sync(closed)),
      writer: Effect.succeed({ write: () => Effect.void, writeAll: () => Effect.void }),
    }),
    say: (text: string): void => queueMicrotask(() => listener?.octets(octets(text))),
    drain: (): void => queueMicrotask(() => listener?.drained()),
  };
};
