import { assertEquals, assertStringIncludes } from "@std/assert";
import { check } from "../../tools/checks/versions.ts";
import type { Config } from "../../tools/checks/workspace.ts";
import { places, workspaceOf } from "./support.ts";

const root = { imports: { "@std/cli": "jsr:@std/cli@^1.0.32", effect: "npm:effect@^4.1.0" } };

const findings = (config: Config, link: Config = { name: "@std/cli", version: "1.0.32" }) =>
  check(
    workspaceOf({
      "packages/line": { "deno.json": '{ "name": "@plausch/line", "version": "0.1.0", "license": "MIT" }' },
      "packages/mx": { "deno.json": JSON.stringify({ name: "@plausch/mx", ...config }) },
    }, { config: root, links: [{ folder: "tools/links/cli", config: link }] }),
  );

Deno.test("one version, one licence and matching stand-ins pass", () => {
  assertEquals(findings({ version: "0.1.0", license: "MIT", imports: { "dns-packet": "npm:dns-packet@^5.6.1" } }), []);
});

const bad: ReadonlyArray<readonly [string, Config, string]> = [
  ["another version", { version: "0.2.0", license: "MIT" }, "0.2.0"],
  ["no version", { license: "MIT" }, "none"],
  ["another licence", { version: "0.1.0", license: "ISC" }, "MIT"],
  ["no licence", { version: "0.1.0" }, "MIT"],
  ["a second range", { version: "0.1.0", license: "MIT", imports: { effect: "npm:effect@^4.0.0" } }, '"effect"'],
];

for (const [name, config, why] of bad) {
  Deno.test(`found: ${name}`, () => {
    const found = findings(config);
    assertEquals(places(found), ["packages/mx/deno.json:1"]);
    assertStringIncludes(found[0]!.message, why);
  });
}

Deno.test("a stand-in of another version, or of what nobody asks for, is found", () => {
  const member = { version: "0.1.0", license: "MIT" };
  for (const link of [{ name: "@std/cli", version: "1.0.33" }, { name: "@std/fs", version: "1.0.0" }]) {
    assertEquals(places(findings(member, link)), ["tools/links/cli/deno.json:1"]);
  }
});
