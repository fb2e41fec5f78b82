import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Layer } from "../../tools/checks/layers.ts";
import { check } from "../../tools/checks/rooms.ts";
import { places } from "./support.ts";

const layers: Readonly<Record<string, Layer>> = {
  line: { packages: [], effect: ["Data", "Result"] },
  net: {
    packages: ["line"],
    packagesOf: { "live.ts": ["smtp"] },
    effect: "*",
    libraries: ["left-pad"],
    node: { "*": ["net", "tls"], "live.ts": ["dgram"] },
  },
};

const page = (...rows: ReadonlyArray<string>) =>
  ["# Rooms", "", "| room | what | ours | effect | other |", "| - | - | - | - | - |", ...rows, ""].join("\n");

const line = "| `@plausch/line` | lines | none | `Data`, `Result` | none |";
const net =
  "| `@plausch/net` | sockets | `line`; in `live.ts` alone: `smtp` | all | `left-pad`; `node:net`, `node:tls`; in `live.ts` alone: `node:dgram` |";
const tool = "| `tools/plausch` | the command | everything | all | the Deno global |";

const findings = (...rows: ReadonlyArray<string>) => check("docs/a.md", page(...rows), layers);

Deno.test("a table of rooms that says what the layers say passes, in any order", () => {
  assertEquals(findings(line, net, tool), []);
  assertEquals(findings(net, line), []);
});

const bad: ReadonlyArray<readonly [string, ReadonlyArray<string>, string, string]> = [
  ["a room that is missing", [line], "docs/a.md:1", "misses @plausch/net"],
  ["a room that stands twice", [line, net, line], "docs/a.md:7", "twice"],
  ["a room that is none", [line, net, "| `@plausch/attic` | bats | none | all | none |"], "docs/a.md:7", "no room"],
  ["too few of ours", [line, net.replace("`line`; ", "")], "docs/a.md:6", '"ours" of @plausch/net'],
  [
    "one file too many",
    [line, net.replace("; in `live.ts` alone: `smtp`", "")],
    "docs/a.md:6",
    "write: `line`; in `live.ts`",
  ],
  ["too much of effect", [line.replace("`Data`, `Result`", "all"), net], "docs/a.md:5", "write: `Data`, `Result`"],
  ["a module that may not be imported", [line, net.replace("`node:tls`", "`node:fs`")], "docs/a.md:6", '"other"'],
];

for (const [name, rows, place, why] of bad) {
  Deno.test(`found: ${name}`, () => {
    const found = findings(...rows);
    assertEquals(places(found), [place]);
    assertStringIncludes(found[0]!.message, why);
  });
}
