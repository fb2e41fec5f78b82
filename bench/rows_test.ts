import { assert, assertEquals, assertThrows } from "@std/assert";
import * as Marks from "./marks.ts";
import * as Rows from "./rows.ts";
import { summarize } from "./statistics.ts";

const full = Rows.rows({ divisor: 1, runs: undefined });
const quick = Rows.rows({ divisor: 16, runs: 1 });
const figures: Marks.Figures = { rate: summarize([2]), processor: summarize([2]), peak: summarize([2]) };

Deno.test("names of rows, and of contenders in a row, are unique", () => {
  const isUnique = (names: ReadonlyArray<string>) => new Set(names).size === names.length;
  for (const rows of [full, quick]) {
    assert(isUnique(rows.map(({ id }) => id)));
    for (const { id, contenders } of rows) assert(isUnique(contenders.map(({ name }) => name)), id);
  }
});

Deno.test("every mark names contenders of its row", () => {
  for (const row of [...full, ...quick]) {
    const names = new Set(row.contenders.map(({ name }) => name));
    const of: Marks.Lookup = (name) => {
      assert(names.has(name), `${row.id}: nobody is called ${name}`);
      return figures;
    };
    for (const mark of row.marks) assert(Marks.judge(mark, of).value !== undefined, `${row.id}: ${mark.what}`);
  }
});

Deno.test("messages are shared out evenly, and what is sent has a server", () => {
  for (const { id, work, server, contenders } of [...full, ...quick]) {
    for (const contender of contenders) {
      const { messages, connections } = { ...work, ...contender.work };
      assertEquals(messages % connections, 0, `${id}: ${contender.name}`);
      assert(Number.isInteger(messages) && messages > 0, `${id}: ${contender.name}`);
      if (contender.program === "bare") assert((contender.server ?? server) !== undefined, id);
    }
  }
});

Deno.test("rows are chosen by name, in their own order", () => {
  const names = (rows: ReadonlyArray<Rows.Row>) => rows.map(({ id }) => id);
  assertEquals(names(Rows.choose(full, ["growth", "one-connection"])), ["one-connection", "growth"]);
  assertEquals(Rows.choose(full, []), full);
  assertEquals(Rows.choose(full, ["start-up"]), []);
  assertThrows(() => Rows.choose(full, ["growth", "nothing"]), RangeError, '"nothing"');
});
