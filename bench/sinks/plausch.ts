// Our own sink, for machines without Postfix: takes every message on the port given and forgets it.
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Effect from "effect/Effect";

const [port] = Deno.args;
await Effect.runPromise(
  Effect.scoped(Effect.andThen(Sink.listen({ store: Store.discard, port: Number(port) }), Effect.never)),
);
