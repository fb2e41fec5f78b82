import { assertEquals, assertThrows } from "@std/assert";
import { ratio, summarize } from "./statistics.ts";

Deno.test("the median is the middle one, whatever the order, and does not follow an outlier", () => {
  assertEquals(summarize([9000, 1, 3, 2, 4]), { count: 5, median: 3, min: 1, max: 9000 });
});

Deno.test("the median of an even count lies between the two in the middle", () => {
  assertEquals(summarize([4, 1, 2, 30]), { count: 4, median: 3, min: 1, max: 30 });
});

Deno.test("numbers are sorted as numbers, and the measurements stay as they were", () => {
  const values = [10, 9, 100];
  assertEquals(summarize(values).median, 10);
  assertEquals(values, [10, 9, 100]);
});

Deno.test("one measurement is its own summary", () => {
  assertEquals(summarize([7]), { count: 1, median: 7, min: 7, max: 7 });
});

Deno.test("nothing, and what is no number, cannot be summed up", () => {
  assertThrows(() => summarize([]), RangeError, "no measurements");
  assertThrows(() => summarize([1, NaN]), RangeError, "1, NaN");
  assertThrows(() => summarize([Infinity]), RangeError);
});

Deno.test("a ratio compares medians, and needs a base", () => {
  assertEquals(ratio(summarize([6]), summarize([1, 2, 99])), 3);
  assertEquals(ratio(summarize([6]), undefined), undefined);
  assertEquals(ratio(summarize([6]), summarize([0])), undefined);
});
