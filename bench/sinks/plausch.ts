// Our own sink: takes every message on the port given and forgets it. For machines without Postfix, and to be measured itself.
import * as Limits from "@plausch/sink/limits";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Effect from "effect/Effect";

const [port] = Deno.args;
const limits = { ...Limits.defaults, commands: Infinity };
await Effect.runPromise(
  Effect.scoped(Effect.andThen(Sink.listen({ store: Store.discard, port: Number(port), limits }), Effect.never)),
);
