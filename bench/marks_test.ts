import { assertEquals } from "@std/assert";
import * as Marks from "./marks.ts";
import { summarize } from "./statistics.ts";

const figures = (rate: number, processor: number, ...peaks: ReadonlyArray<number>): Marks.Figures => ({
  rate: summarize([rate]),
  processor: summarize([processor]),
  peak: peaks.length === 0 ? undefined : summarize(peaks),
});
const all = new Map([["us", figures(3000, 10, 100, 130)], ["peer", figures(1000, 40)], [
  "more",
  figures(2700, 10, 115),
]]);
const of: Marks.Lookup = (name) => all.get(name);
const value = (mark: Marks.Mark): number | undefined => Marks.judge(mark, of).value;

Deno.test("a mark is reached on its side of the bound, the bound included", () => {
  assertEquals(Marks.judge(Marks.faster("us", "peer", 3), of).reached, true);
  assertEquals(Marks.judge(Marks.faster("us", "peer", 3.01), of).reached, false);
  assertEquals(Marks.judge(Marks.cheaper("us", "peer", 0.25), of).reached, true);
  assertEquals(Marks.judge(Marks.cheaper("us", "peer", 0.2), of).reached, false);
});

Deno.test("what was not measured has no value, and is neither reached nor missed", () => {
  for (
    const mark of [
      Marks.faster("us", "nobody", 1),
      Marks.cheaper("nobody", "us", 1),
      Marks.gigabytes("nobody", 1),
      Marks.memory("peer", 1),
      Marks.flatMemory("us", "peer", 1),
      Marks.even(["us", "nobody"], 1),
      Marks.beyondCalls("us", "nobody", "peer", 1),
      Marks.beyondCalls("us", "peer", "nobody", 1),
    ]
  ) {
    const { value, reached } = Marks.judge(mark, of);
    assertEquals([value, reached], [undefined, undefined], mark.what);
  }
});

Deno.test("each mark takes its own figures", () => {
  assertEquals(value(Marks.gigabytes("us", 1)), 3);
  assertEquals(value(Marks.memory("us", 1)), 130); // the worst run
  assertEquals(value(Marks.flatMemory("more", "us", 1)), 1); // medians
  assertEquals(value(Marks.even(["us", "more"], 1)), 0.9);
});

Deno.test("beyond the calls: times are taken off each other, not rates", () => {
  const rates = new Map(
    [["small", 10], ["idle", 20], ["large", 40]].map(([name, rate]) => [name, figures(Number(rate), 1)]),
  );
  // 100 - 50 of what takes 25
  const { value } = Marks.judge(Marks.beyondCalls("small", "idle", "large", 1), (name) => rates.get(name));
  assertEquals(value?.toFixed(9), "2.000000000");
});
