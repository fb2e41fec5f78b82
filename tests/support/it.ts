import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import * as TestConsole from "effect/testing/TestConsole";

/** Registers an effect as a Deno test. It runs scoped, under effect's TestClock and TestConsole: no real time passes. */
export const it = <E>(name: string, body: () => Effect.Effect<unknown, E, Scope.Scope>): void =>
  Deno.test(
    name,
    () =>
      Effect.runPromise(
        Effect.scoped(body()).pipe(Effect.provide(Layer.mergeAll(TestClock.layer(), TestConsole.layer)), Effect.asVoid),
      ),
  );

/** Like {@link it}, but with the live clock: for loopback sockets, whose time no test clock can move. */
export const live = <E>(name: string, body: () => Effect.Effect<unknown, E, Scope.Scope>): void =>
  Deno.test(name, () => Effect.runPromise(Effect.scoped(body()).pipe(Effect.asVoid)));
