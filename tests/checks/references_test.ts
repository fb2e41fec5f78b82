import { assertEquals, assertStringIncludes } from "@std/assert";
import { check } from "../../tools/checks/references.ts";
import { places } from "./support.ts";

const files = ["packages/smtp/reply.ts", "tools/plausch/main.ts", "tests/smtp/reply_test.ts", "tests/smtp/_help.ts"];
const known = {
  file: (path: string) => files.includes(path),
  case: (id: string) => id === "dlg-minimal" || id === "dlv-minimal",
};

const findings = (row: string) =>
  check("docs/a.md", ["| section | status | where | shown by |", "| - | - | - | - |", row].join("\n"), known);

const good: ReadonlyArray<string> = [
  "| 1 | done | `smtp/reply.ts` | `smtp/reply_test.ts`, `dlg-minimal` |",
  "| 1 | done: `anything` goes here | `tools/plausch/main.ts` | `dlg-minimal` |",
  "| 1 | part: a bit | `smtp/reply.ts` | `dlg-minimal`, `dlv-minimal` |",
  "| 1 | left out: why | | |",
  "| 1 | later | `smtp/reply.ts` | |",
];

for (const row of good) Deno.test(`a page may say ${row}`, () => assertEquals(findings(row), []));

const bad: ReadonlyArray<readonly [string, string]> = [
  ["| 1 | done | `smtp/gone.ts` | `dlg-minimal` |", "packages/smtp/gone.ts"],
  ["| 1 | later | `tools/gone.ts` | |", "at tools/gone.ts"],
  ["| 1 | done | `smtp/reply.ts` | `smtp/gone_test.ts` |", "tests/smtp/gone_test.ts"],
  ["| 1 | done | `smtp/reply.ts` | `smtp/_help.ts` |", "no test"],
  ["| 1 | done | `smtp/reply.ts` | `dlg-gone` |", "no case"],
  ["| 1 | done | somewhere | `dlg-minimal` |", '"where" names nothing'],
  ["| 1 | part: a bit | `smtp/reply.ts` | none yet |", '"shown by" names nothing'],
  ["| 1 | left out: why | `smtp/gone.ts` | |", "packages/smtp/gone.ts"],
];

for (const [row, why] of bad) {
  Deno.test(`a page may not say ${row}`, () => {
    const found = findings(row);
    assertEquals(places(found), ["docs/a.md:3"]);
    assertStringIncludes(found[0]!.message, why);
  });
}

Deno.test("tables without these columns, and what is no table, may name anything", () => {
  assertEquals(check("docs/a.md", "`gone.ts`\n\n| what |\n| - |\n| `gone.ts` |\n", known), []);
});
