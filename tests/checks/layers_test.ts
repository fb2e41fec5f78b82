import { assertEquals, assertStringIncludes } from "@std/assert";
import { check } from "../../tools/checks/layers.ts";
import { places, workspaceOf } from "./support.ts";

const findings = (folder: string, file: string, source: string) => check(workspaceOf({ [folder]: { [file]: source } }));

const good: ReadonlyArray<readonly [string, string, string]> = [
  ["packages/line", "a.ts", 'import * as Data from "effect/Data";'],
  ["packages/line", "a.ts", 'import { b } from "./b.ts";'],
  ["packages/line", "deep/a.ts", 'import { b } from "../b.ts";'],
  ["packages/smtp", "a.ts", 'import * as Redacted from "effect/Redacted";'],
  ["packages/session", "a.ts", 'import * as Socket from "effect/socket/Socket";'],
  ["packages/session", "a.ts", 'import * as Reply from "@plausch/smtp/reply";'],
  ["packages/session", "a.ts", 'import { Reply } from "@plausch/smtp";'],
  ["packages/dns", "live.ts", 'import * as dgram from "node:dgram";'],
  ["packages/delivery", "live.ts", 'import * as Connect from "@plausch/net/connect";'],
  ["packages/net", "_any.ts", 'import * as tls from "node:tls";'],
  ["packages/line", "a.ts", '/** import * as Effect from "effect/Effect"; */'],
];

for (const [folder, file, source] of good) {
  Deno.test(`${folder}/${file} may say ${source}`, () => assertEquals(findings(folder, file, source), []));
}

const bad: ReadonlyArray<readonly [string, string, string, string]> = [
  ["packages/line", "a.ts", 'import * as Effect from "effect/Effect";', "pure data"],
  ["packages/line", "a.ts", 'import type { Reply } from "@plausch/smtp/reply";', "none of ours"],
  ["packages/smtp", "a.ts", 'import { Reply } from "@plausch/smtp/reply";', "this package itself"],
  ["packages/smtp", "a.ts", 'import { a } from "../line/a.ts";', "by path"],
  ["packages/session", "a.ts", 'export * from "@plausch/net";', "may import line, smtp"],
  ["packages/session", "a.ts", 'import * as net from "node:net";', "not for this file"],
  ["packages/session", "a.ts", 'import { Effect } from "effect";', "barrel"],
  ["packages/session", "a.ts", 'import * as x from "@effect/platform-node/NodeSocket";', "no library"],
  ["packages/delivery", "a.ts", 'import * as Connect from "@plausch/net/connect";', "may import dns, mx"],
  ["packages/dns", "name.ts", 'import * as net from "node:net";', "not for this file"],
  ["packages/net", "a.ts", 'import * as fs from "node:fs";', "not for this file"],
  ["packages/mx", "a.ts", 'import x from "npm:left-pad@1";', "inline"],
  ["packages/mx", "a.ts", 'import { assert } from "jsr:@std/assert";', "inline"],
  ["packages/mx", "a.ts", 'import { assert } from "@std/assert";', "no library"],
  ["packages/mx", "a.ts", "await import(name);", "computed name"],
];

for (const [folder, file, source, why] of bad) {
  Deno.test(`${folder}/${file} may not say ${source}`, () => {
    const found = findings(folder, file, `\n${source}\n`);
    assertEquals(places(found), [`${folder}/${file}:2`]);
    assertStringIncludes(found[0]!.message, why);
  });
}

Deno.test("a package outside the table is found, a tool may import everything", () => {
  assertEquals(places(findings("packages/new", "a.ts", "")), ["packages/new/deno.json:1"]);
  assertEquals(findings("tools/plausch", "a.ts", 'import * as x from "@plausch/net/connect";'), []);
});
