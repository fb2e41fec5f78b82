import { assertEquals, assertThrows } from "@std/assert";
import * as Processor from "./processor.ts";

Deno.test("the times of a process are found behind its name, whatever that is", () => {
  const rest = "S 1 2 2 0 -1 4194304 512 0 0 0 150 25 0 0 20 0 1 0 8910 44175360 1473 18446744073709551615";
  assertEquals(Processor.used(`2947 (smtp-sink) ${rest}\n`), 1.75);
  assertEquals(Processor.used(`2947 (a) b (c) ${rest}\n`), 1.75);
});

Deno.test("what is no such line is refused", () => {
  assertThrows(() => Processor.used(""), RangeError, "processor times");
});
