import { assertEquals, assertThrows } from "@std/assert";
import * as Options from "./options.ts";

Deno.test("without options everything is measured, and the page written", () => {
  assertEquals(Options.parse([]), {
    only: [],
    quick: false,
    runs: undefined,
    json: "bench/results.json",
    page: "docs/performance.md",
    help: false,
  });
});

Deno.test("a part, or a short run, writes nothing that it is not asked for", () => {
  for (const args of [["--only", "growth"], ["--quick"]]) {
    const { json, page } = Options.parse(args);
    assertEquals([json, page], [undefined, undefined]);
  }
  const { json, page } = Options.parse(["--quick", "--json", "out.json"]);
  assertEquals([json, page], ["out.json", undefined]);
});

Deno.test("options are read", () => {
  const { only, runs, quick, help } = Options.parse(["--only", "a", "--only=b", "--runs", "3", "--quick", "--help"]);
  assertEquals([only, runs, quick, help], [["a", "b"], 3, true, true]);
});

Deno.test("what cannot be meant is refused with a reason", () => {
  for (const args of [["--runs", "0"], ["--runs", "101"], ["--runs", "1e1"], ["--runs=-1"], ["--runs"]]) {
    assertThrows(() => Options.parse(args), RangeError, "whole number");
  }
  assertThrows(() => Options.parse(["--json"]), RangeError, "needs a name");
  assertThrows(() => Options.parse(["--only"]), RangeError, "name of a row");
  assertThrows(() => Options.parse(["--run", "3"]), RangeError, "--run");
  assertThrows(() => Options.parse(["fast"]), RangeError, '"fast"');
});
