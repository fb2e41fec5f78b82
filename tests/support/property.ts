import { assert } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";

/** Registers a property as a Deno test: it must hold for every generated value. The failure prints a replay token. */
export const property = <A>(
  name: string,
  arbitrary: Arbitrary.Arbitrary<A>,
  holds: (value: A) => boolean,
  options: Arbitrary.CheckOptions = { runs: 500, seed: "plausch" },
): void =>
  Deno.test(name, async () => {
    const check = Arbitrary.checkEffect(arbitrary, holds, options);
    const result = await Effect.runPromise(check);
    assert(result._tag === "Passed", Arbitrary.formatCheckFailure(result));
  });
