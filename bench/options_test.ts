import { assertEquals, assertThrows } from "@std/assert";
import * as Options from "./options.ts";

Deno.test("without options there are defaults", () => {
  assertEquals(Options.parse([]), { runs: 5, messages: 5000, json: undefined, help: false });
});

Deno.test("options are read", () => {
  assertEquals(
    Options.parse(["--runs", "3", "--messages=20", "--json", "out.json", "--help"]),
    { runs: 3, messages: 20, json: "out.json", help: true },
  );
});

Deno.test("what cannot be meant is refused with a reason", () => {
  for (const args of [["--runs", "0"], ["--runs", "101"], ["--runs", "1e1"], ["--runs=-1"], ["--messages", "1.5"]]) {
    assertThrows(() => Options.parse(args), RangeError, "whole number");
  }
  assertThrows(() => Options.parse(["--messages"]), RangeError, "whole number");
  assertThrows(() => Options.parse(["--json"]), RangeError, "needs a name");
  assertThrows(() => Options.parse(["--run", "3"]), RangeError, "--run");
  assertThrows(() => Options.parse(["fast"]), RangeError, '"fast"');
});
