import { assertEquals, assertStringIncludes } from "@std/assert";
import { check } from "../../tools/checks/forbidden_code.ts";
import { places, workspaceOf } from "./support.ts";

const findings = (source: string, folder = "packages/mx") => check(workspaceOf({ [folder]: { "a.ts": source } }));

const bad: ReadonlyArray<readonly [string, string]> = [
  ["const a = Deno.args;", "Deno global"],
  ["const a = globalThis.Deno;", "Deno global"],
  ["const a = `${Deno.args}`;", "Deno global"],
  ["if ('Deno' in globalThis) run(Deno);", "Deno global"],
  ["const a = process.env;", "process"],
  ["console.log(1);", "console"],
  ["const a = Date.now();", "clock"],
  ["const a = Date . now;", "clock"],
  ["const a = new Date();", "clock"],
  ["const a = performance.now();", "clock"],
  ["setTimeout(go, 1);", "timer"],
  ["globalThis.setInterval(go, 1);", "timer"],
  ["const a = Math.random();", "random"],
  ["export default 1;", "default"],
];

for (const [source, why] of bad) {
  Deno.test(`a package may not say ${source}`, () => {
    const found = findings(`// first\n${source}\n`);
    assertEquals(places(found), ["packages/mx/a.ts:2"]);
    assertStringIncludes(found[0]!.message, why);
  });
}

const good: ReadonlyArray<string> = [
  "/** Deno.args, console.log, Date.now() */",
  "// Math.random()",
  'const a = "Deno.args";',
  "const a = `console.log`;",
  "const a = runtime.Deno;",
  "const Denominator = 1;",
  "socket.setTimeout(5);",
  "const a = new Date(0);",
  "const a = DateTime.now;",
  "const a = clock.Date.now();",
  "const preprocess = 1; preprocess.toString();",
  "export const defaults = 1;",
];

for (const source of good) {
  Deno.test(`a package may say ${source}`, () => assertEquals(findings(source), []));
}

Deno.test("a tool may do what a package may not", () => {
  assertEquals(findings("console.log(Deno.args);", "tools/plausch"), []);
});
