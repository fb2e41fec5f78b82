/**
 * Mail hosts that are scripts, by their address: a dialer for deliveries without a network.
 */
import type { Dialer } from "@plausch/delivery/dialer";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Transcript from "@plausch/testing/transcript";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";

/** What happens to who dials: a transcript, a connection that is refused, or nothing at all. */
export type Behaviour = string | "refuse" | "timeout";

/** The hosts, and who was dialled when. */
export interface FakeHosts extends Dialer {
  /** The addresses that were dialled, in order. */
  readonly dialled: ReadonlyArray<string>;
  /** How many connections are open. */
  readonly open: () => number;
}

const refused = new Socket.SocketError({
  reason: new Socket.SocketOpenError({ kind: "Unknown", cause: new Error("Connection refused") }),
});

/**
 * Hosts by their address; `behaviourOf` is asked anew at each connection, with the number of those to this address before
 * it.
 */
export const make = (behaviourOf: (address: string, before: number) => Behaviour): FakeHosts => {
  const dialled: Array<string> = [];
  let open = 0;
  return {
    dialled,
    open: () => open,
    dial: ({ address }) => {
      let writer: Socket.Writer | undefined;
      const reader: Socket.Socket["reader"] = Effect.suspend(() => {
        const before = dialled.filter((other) => other === address).length;
        dialled.push(address);
        const behaviour = behaviourOf(address, before);
        if (behaviour === "refuse") return Effect.fail(refused);
        if (behaviour === "timeout") return Effect.never;
        return Effect.gen(function* () {
          const { socket } = yield* MockSocket.make(Result.getOrThrow(Transcript.parse(behaviour)));
          writer = yield* socket.writer;
          const reader = yield* socket.reader;
          open++;
          yield* Effect.addFinalizer(() => Effect.sync(() => open--));
          return reader;
        });
      });
      return Socket.make({
        reader,
        writer: Effect.succeed({
          write: (chunk) => writer?.write(chunk) ?? Effect.never,
          writeAll: (chunks) => writer?.writeAll(chunks) ?? Effect.never,
        }),
      });
    },
  };
};
