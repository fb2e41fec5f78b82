import { assertEquals, assertRejects } from "@std/assert";
import { alternate } from "./alternate.ts";

Deno.test("contenders take turns, one at a time, and keep their own results", async () => {
  const order: Array<string> = [];
  let running = 0;
  const results = await alternate(["a", "b"], 3, async (name, round) => {
    assertEquals(++running, 1);
    await Promise.resolve();
    running--;
    order.push(name);
    return `${name}${round}`;
  });
  assertEquals(order, ["a", "b", "a", "b", "a", "b"]);
  assertEquals(results, [["a0", "a1", "a2"], ["b0", "b1", "b2"]]);
});

Deno.test("a run that fails ends the series", async () => {
  let runs = 0;
  await assertRejects(() => alternate(["a", "b"], 5, () => Promise.reject(new Error(`run ${++runs}`))), Error, "run 1");
  assertEquals(runs, 1);
});
