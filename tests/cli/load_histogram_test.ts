import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Bars from "../../tools/plausch/load/bars.ts";
import * as Histogram from "../../tools/plausch/load/histogram.ts";
import { property } from "../support/property.ts";
import { integer } from "../tls/support.ts";

const values = Arbitrary.array(
  Arbitrary.map(integer(0, 30_999), (exponent) => Math.floor(2 ** (exponent / 1000))),
  { minLength: 1, maxLength: 200 },
);

const of = (values: ReadonlyArray<number>): Histogram.Histogram => {
  const histogram = Histogram.make();
  values.forEach(histogram.record);
  return histogram;
};

property(
  "a percentile is at most a thirty-second above the value of that rank, and never below it",
  values,
  (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const histogram = of(values);
    return [0.1, 25, 50, 90, 99, 99.9, 100].every((percent) => {
      const exact = sorted[Math.max(1, Math.ceil(percent / 100 * values.length)) - 1]!;
      const found = histogram.percentile(percent);
      return found >= exact && found <= exact + exact / 32;
    });
  },
);

property("every value is in the one bucket that is there for it", values, (values) => {
  const buckets = of(values).buckets();
  return buckets.every(({ from, to, count }, index) =>
    count === values.filter((value) => from <= value && value < to).length &&
    (index === 0 || buckets[index - 1]!.to <= from)
  );
});

property("count and maximum are exact", values, (values) => {
  const histogram = of(values);
  return histogram.count === values.length && histogram.max === Math.max(...values);
});

property("the bars lose no value", values, (values) => {
  const buckets = of(values).buckets();
  const axis = Bars.axis(buckets, 16)!;
  return Bars.columns(axis, buckets).reduce((sum, count) => sum + count, 0) === values.length &&
    Bars.draw(axis, buckets).length === 16;
});

Deno.test("an empty histogram has nothing to tell", () => {
  const histogram = Histogram.make();
  assertEquals([histogram.count, histogram.max, histogram.percentile(50), histogram.buckets()], [0, 0, 0, []]);
  assertEquals(Bars.axis([], 16), undefined);
});

Deno.test("what is beyond the range counts at its ends", () => {
  const histogram = of([-5, 0.9, 1e15]);
  assertEquals([histogram.count, histogram.max, histogram.percentile(50)], [3, Histogram.most, 0]);
});

Deno.test("a million values need no more room than one of each size", () => {
  const histogram = Histogram.make();
  for (let value = 0; value < 1_000_000; value++) histogram.record(value);
  assertEquals(histogram.count, 1_000_000);
  assertEquals(histogram.buckets().length, 32 + 14 * 32 + 30);
});

Deno.test("the highest column is full, and a single value shows among thousands", () => {
  const histogram = Histogram.make();
  for (let i = 0; i < 5000; i++) histogram.record(100);
  histogram.record(10_000);
  const buckets = histogram.buckets();
  assertEquals(Bars.draw(Bars.axis(buckets, 8)!, buckets), "█      ▁");
});
