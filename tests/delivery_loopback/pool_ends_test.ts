// How a pool ends over real sockets, whose readers hand octets over at once: what the mock socket, which is pulled, does not show.
import * as Pool from "@plausch/delivery/pool";
import * as Connect from "@plausch/net/connect";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Domain from "@plausch/smtp/domain";
import { assertEquals } from "@std/assert";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import { octets } from "../support/cases.ts";
import { live } from "../support/it.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const mail = {
  envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test"] })),
  content: Result.getOrThrow(Content.make(octets("Subject: hello\r\n\r\nhello\r\n"))),
};

/** A message on its way to a sink that falls silent at a stage, when it has said all that it can say. */
const stuck = (fault: string, said: (event: SessionEvent) => boolean) =>
  Effect.gen(function* () {
    const { address, port } = yield* Sink.listen({
      store: Store.discard,
      faults: [Result.getOrThrow(Fault.fromString(fault))],
    });
    const scope = yield* Scope.fork(yield* Effect.scope);
    const pool = yield* Scope.provide(Pool.make({ host }), scope);
    const waits = yield* Deferred.make<void>();
    const events: Array<SessionEvent> = [];
    const errand = yield* Effect.forkChild(
      pool.carry({
        key: "sink",
        socket: Connect.make({ host: address, port }),
        tls: "none",
        tlsOptions: {},
        mail,
        observe: (event) => {
          events.push(event);
          if (said(event)) Deferred.doneUnsafe(waits, Exit.void);
        },
      }),
    );
    yield* Deferred.await(waits);
    return { errand, events, end: Scope.close(scope, Exit.void) };
  });

const stages: ReadonlyArray<readonly [fault: string, said: (event: SessionEvent) => boolean, verdict: string]> = [
  ["greeting:stall", (event) => event._tag === "Connected", "deferred greeting"],
  ["mail:stall", (event) => event._tag === "Said" && event.stage === "data", "deferred mail"],
  ["final:stall", (event) => event._tag === "Content" && event.last, "uncertain final"],
];
for (const [fault, said, verdict] of stages) {
  live(
    `${fault}: a message that is under way ends with the pool, and what is known of it is its verdict`,
    () =>
      Effect.gen(function* () {
        const { errand, end } = yield* stuck(fault, said);
        yield* end;
        const error = yield* Effect.flip(Fiber.join(errand));
        const told = error._tag === "SessionError" ? error.recipients : [];
        assertEquals(told.map(({ verdict, stage }) => `${verdict} ${stage}`), [verdict]);
      }),
  );

  live(
    `${fault}: an errand that is interrupted closes its socket, and its verdict is told`,
    () =>
      Effect.gen(function* () {
        const { errand, events, end } = yield* stuck(fault, said);
        yield* Fiber.interrupt(errand);
        const told = events.flatMap((event) => event._tag === "Decided" ? event.recipients : []);
        // Nothing is known of a message that was not begun.
        const known = fault === "greeting:stall" ? [] : [`${verdict} Interrupted`];
        assertEquals(told.map(({ verdict, stage, reason }) => `${verdict} ${stage} ${reason}`), known);
        assertEquals(events.at(-1)?._tag, "Closed");
        yield* end;
      }),
  );
}
