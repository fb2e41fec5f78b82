import { assertEquals, assertStringIncludes } from "@std/assert";
import { check, keyOf } from "../../tools/checks/exports.ts";
import { places, workspaceOf } from "./support.ts";

const whole = {
  "deno.json": JSON.stringify(
    { name: "@plausch/mx", exports: { ".": "./mod.ts", "./route-plan": "./route_plan.ts" } },
    undefined,
    2,
  ),
  "mod.ts": 'export * as RoutePlan from "./route_plan.ts";',
  "route_plan.ts": "export {};",
  "_order.ts": "export {};",
  "README.md": '# mx\n\n```ts\nimport { RoutePlan } from "@plausch/mx";\n```\n',
};

const findings = (change: Readonly<Record<string, string | undefined>>) => {
  const files = Object.entries({ ...whole, ...change }).filter((file): file is [string, string] =>
    file[1] !== undefined
  );
  return check(workspaceOf({ "packages/mx": Object.fromEntries(files) }));
};

const config = (exports: unknown) => ({ "deno.json": JSON.stringify({ name: "@plausch/mx", exports }, undefined, 2) });

Deno.test("a package whose files, keys and front door agree passes", () => assertEquals(findings({}), []));

const bad: ReadonlyArray<readonly [string, Readonly<Record<string, string | undefined>>, string, string]> = [
  [
    "a public file without a key",
    { "null_mx.ts": "", "mod.ts": `${whole["mod.ts"]} export * from "./null_mx.ts";` },
    "packages/mx/null_mx.ts:1",
    '"./null-mx": "./null_mx.ts"',
  ],
  [
    "a key without a file",
    config({ ".": "./mod.ts", "./route-plan": "./route_plan.ts", "./gone": "./gone.ts" }),
    "packages/mx/deno.json:6",
    "does not exist",
  ],
  [
    "a key in the wrong case",
    config({ ".": "./mod.ts", "./route_plan": "./route_plan.ts" }),
    "packages/mx/deno.json:5",
    '"./route-plan"',
  ],
  [
    "a private file with a key",
    config({ ".": "./mod.ts", "./route-plan": "./route_plan.ts", "./-order": "./_order.ts" }),
    "packages/mx/deno.json:6",
    "private",
  ],
  ["a file in the wrong case", { "_Order.ts": "" }, "packages/mx/_Order.ts:1", "snake_case"],
  ["a module that mod.ts leaves out", { "mod.ts": "" }, "packages/mx/mod.ts:1", '"./route_plan.ts"'],
  ["no README", { "README.md": undefined }, "packages/mx/README.md:1", "does not exist"],
  [
    "a README without an example",
    { "README.md": "# mx\n\n```sh\n@plausch/mx\n```\n" },
    "packages/mx/README.md:1",
    "example",
  ],
  [
    "a README whose example is of another package",
    { "README.md": '```ts\nimport {} from "@plausch/dns";\n```\n' },
    "packages/mx/README.md:1",
    "@plausch/mx",
  ],
];

for (const [name, change, place, why] of bad) {
  Deno.test(`found: ${name}`, () => {
    const found = findings(change);
    assertEquals(places(found), [place]);
    assertStringIncludes(found[0]!.message, why);
  });
}

Deno.test("no mod.ts at all is found once, beside its key", () => {
  assertEquals(places(findings({ "mod.ts": undefined })), ["packages/mx/deno.json:4", "packages/mx/mod.ts:1"]);
});

Deno.test("keys are the files in kebab-case", () => {
  assertEquals(["mod.ts", "reply.ts", "reply_parser.ts", "a/b_c.ts"].map(keyOf), [
    ".",
    "./reply",
    "./reply-parser",
    "./a/b-c",
  ]);
});
