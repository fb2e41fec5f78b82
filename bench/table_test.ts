import { assertEquals } from "@std/assert";
import * as Table from "./table.ts";

const columns = [{ title: "client", align: "left" }, { title: "messages/s", align: "right" }] as const;

Deno.test("columns are as wide as their widest cell; words stand left, numbers right", () => {
  assertEquals(
    Table.format(columns, [["smtp-source", "4000"], ["plausch", "123456789012"]]),
    [
      "| client      |   messages/s |",
      "| ----------- | -----------: |",
      "| smtp-source |         4000 |",
      "| plausch     | 123456789012 |",
    ].join("\n"),
  );
});

Deno.test("a missing cell is empty, and a narrow column keeps its rule", () => {
  assertEquals(
    Table.format([{ title: "a", align: "left" }, { title: "b", align: "right" }], [["x"]]),
    "| a   |   b |\n| --- | --: |\n| x   |     |",
  );
});

Deno.test("without rows there is still a head", () => {
  assertEquals(Table.format(columns, []), "| client | messages/s |\n| ------ | ---------: |");
});
