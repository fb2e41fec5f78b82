// Delivery.Live as a program uses it: real sockets, and the sink on the other side.
import { assertEquals } from "@std/assert";
import * as Delivery from "@plausch/delivery/delivery";
import * as Live from "@plausch/delivery/live";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { live } from "../support/it.ts";

const mail = (text: string) => ({
  envelope: Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@[127.0.0.1]"] })),
  content: Result.getOrThrow(Content.make(new TextEncoder().encode(text))),
});

live(
  "two messages for an address literal go over one session, and it ends with the layer",
  () =>
    Effect.gen(function* () {
      const store = Store.memory();
      let connections = 0;
      const sink = yield* Sink.listen({
        port: 0,
        store,
        observe: (event) => {
          if (event._tag === "Connected") connections++;
        },
      });
      const layer = Live.layer({
        host: "c.test",
        port: sink.port,
        servers: ["127.0.0.1:1"],
        route: { allowLocal: true },
      });
      const delivered = yield* Effect.forEach(["one\n", "two\n"], (text) => Delivery.send(mail(text))).pipe(
        Effect.provide(layer),
      );
      assertEquals(delivered.map(({ recipients }) => recipients[0]?.verdict), ["accepted", "accepted"]);
      assertEquals(store.messages.map(({ octets }) => new TextDecoder().decode(octets)), ["one\r\n", "two\r\n"]);
      assertEquals(connections, 1);
    }),
);

live("nobody listens: deferred, and the trail tells what the system said", () =>
  Effect.gen(function* () {
    const layer = Live.layer({ host: "c.test", port: 1, servers: ["127.0.0.1:1"], route: { allowLocal: true } });
    const { recipients: [recipient], trail: [step] } = yield* Effect.provide(Delivery.send(mail("one\n")), layer);
    assertEquals([recipient?.verdict, recipient?.reason], ["deferred", "AllHostsFailed"]);
    assertEquals(step?._tag === "Visited" && step.tries.map(({ address, result }) => [address, result]), [
      ["127.0.0.1", "failed"],
    ]);
  }));
