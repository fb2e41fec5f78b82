import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Verdict } from "./marks.ts";
import type { RowResult } from "./measure.ts";
import * as Report from "./report.ts";
import { summarize } from "./statistics.ts";

const verdict = (value: number | undefined, reached: boolean | undefined): Verdict => ({
  what: "a to b",
  target: 3,
  side: "at least",
  unit: "x",
  value,
  reached,
});

const found: RowResult = {
  id: "work",
  title: "Some work",
  counts: "messages",
  caveat: "It proves little.",
  marks: [verdict(3.14159, true), verdict(2.5, false), verdict(undefined, undefined)],
  leftOut: ["c: node is not installed"],
  results: [
    { name: "a", server: "smtp-sink", runs: [], rate: summarize([9000, 10_000]), processor: summarize([12.34]) },
    {
      name: "b",
      server: "smtp-sink",
      runs: [],
      rate: summarize([950]),
      processor: summarize([123.4]),
      peak: summarize([80, 100]),
      others: summarize([0.034]),
    },
  ],
};

Deno.test("a mark is shown with its value, reached or not, and one without a value as not measured", () => {
  assertEquals(Report.marks([found]).split("\n").slice(2), [
    "| work | a to b   | ≥ 3.00 x |   3.14 x | reached         |",
    "| work | a to b   | ≥ 3.00 x |   2.50 x | **not reached** |",
    "| work | a to b   | ≥ 3.00 x |          | not measured    |",
  ]);
});

Deno.test("a row compares with its first contender, and leaves empty what is not known", () => {
  assertEquals(Report.row(found).split("\n").slice(2), [
    "| a   |       9500 | 9000-10000 |       1.00 x |           12.3 | 12.3-12.3 |          |        |",
    "| b   |        950 |    950-950 |       0.10 x |            123 |   123-123 |      100 |    3 % |",
  ]);
  assertEquals(Report.row({ ...found, results: [] }), "Nothing was measured.");
});

Deno.test("a section says what its numbers do not prove, and who is missing", () => {
  const section = Report.section(found);
  for (
    const part of ["### Some work", "server: `smtp-sink`", "It proves little.", "Left out: c: node is not installed."]
  ) {
    assertStringIncludes(section, part);
  }
});
