import { assertEquals, assertStringIncludes } from "@std/assert";
import { check } from "../../tools/checks/docs.ts";
import { format } from "../../tools/checks/finding.ts";
import { places } from "./support.ts";

const root = "file:///house/";
const url = "file:///house/packages/mx/a.ts";
const example = 'Shows it\n```ts\nimport { a } from "@plausch/mx/a";\nassertEquals(a(), 1);\n```\n';
const documented = { doc: "Says it." };
const shown = { doc: "Says it.", tags: [{ kind: "example", doc: example }] };
const at = (line: number, filename = url) => ({ location: { filename, line } });

type Declaration = Parameters<typeof check>[0]["nodes"][string]["symbols"][number]["declarations"][number];

const findings = (declarations: ReadonlyArray<Declaration>, module_doc: typeof shown | typeof documented = shown) =>
  check({ version: 2, nodes: { [url]: { module_doc, symbols: [{ name: "a", declarations }] } } }, root);

const declare = (change: Partial<Declaration>): Declaration => ({
  ...at(4),
  kind: "variable",
  declarationKind: "export",
  jsDoc: documented,
  ...change,
});

const arrow = { tsType: { kind: "fnOrConstructor" } };

const good: ReadonlyArray<readonly [string, ReadonlyArray<Declaration>]> = [
  ["a documented value", [declare({})]],
  ["a function with an example", [declare({ kind: "function", jsDoc: shown })]],
  ["a function with an example in its text", [declare({ kind: "function", jsDoc: { doc: example } })]],
  ["a value that is a function, with an example", [declare({ def: arrow, jsDoc: shown })]],
  ["overloads with one comment", [
    declare({ kind: "function", jsDoc: shown }),
    declare({ kind: "function", jsDoc: {} }),
  ]],
  ["what is private", [declare({ declarationKind: "private", jsDoc: {} })]],
  ["what another module exports", [declare({ ...at(0, "file:///house/packages/mx/b.ts"), jsDoc: {} })]],
  ["what is exported by reference", [declare({ kind: "reference", jsDoc: {} })]],
  ["a type and a service of one name", [
    declare({ kind: "interface" }),
    declare({ jsDoc: {} }),
  ]],
  ["a class whose members explain themselves", [declare({
    kind: "class",
    def: {
      properties: [{ name: "_tag", ...at(5) }, { name: "secret", accessibility: "private", ...at(6) }],
      methods: [{ name: "message", isOverride: true, ...at(7) }],
    },
  })]],
];

for (const [name, declarations] of good) {
  Deno.test(`passes: ${name}`, () => assertEquals(findings(declarations), []));
}

const ignored = { doc: "x", tags: [{ kind: "example", doc: example.replace("```ts", "```ts ignore") }] };
const idle = { doc: "x", tags: [{ kind: "example", doc: example.replace("assertEquals(a(), 1)", "a()") }] };
const otherTongue = { doc: "x", tags: [{ kind: "example", doc: example.replace("```ts", "```sh") }] };

const bad: ReadonlyArray<readonly [string, Declaration, number, string]> = [
  ["an undocumented value", declare({ jsDoc: {} }), 5, "a is not documented"],
  ["a comment without text", declare({ jsDoc: { doc: " \n" } }), 5, "a is not documented"],
  ["a function without an example", declare({ kind: "function" }), 5, "a() has no example"],
  ["a value that is a function, without an example", declare({ def: arrow }), 5, "a() has no example"],
  ["an example that is not run", declare({ kind: "function", jsDoc: ignored }), 5, "a() has no example"],
  ["an example that cannot fail", declare({ kind: "function", jsDoc: idle }), 5, "a() has no example"],
  ["an example that is no code of ours", declare({ kind: "function", jsDoc: otherTongue }), 5, "a() has no example"],
  [
    "an undocumented property",
    declare({ kind: "interface", def: { properties: [{ name: "ttl", ...at(5) }] } }),
    6,
    "a.ttl is not documented",
  ],
  [
    "an undocumented method",
    declare({ kind: "class", def: { methods: [{ name: "push", ...at(8), jsDoc: { doc: "" } }] } }),
    9,
    "a.push is not documented",
  ],
];

for (const [name, declaration, line, why] of bad) {
  Deno.test(`found: ${name}`, () => {
    const found = findings([declaration]);
    assertEquals(places(found), [`packages/mx/a.ts:${line}`]);
    assertStringIncludes(found[0]!.message, why);
  });
}

Deno.test("a module needs a comment, and in it an example", () => {
  assertStringIncludes(findings([], { doc: "" })[0]!.message, "not documented");
  assertStringIncludes(findings([], documented)[0]!.message, "no example");
});

Deno.test("a format of deno doc that we do not know is found, not passed over", () => {
  assertStringIncludes(check({ version: 3, nodes: {} }, root)[0]!.message, "version 2");
});

Deno.test("what this Deno says of a real module is understood", async () => {
  const here = new URL(".", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "half_documented.ts"],
    cwd: here,
  })
    .output();
  assertEquals(check(JSON.parse(new TextDecoder().decode(stdout)), here.href).map(format), [
    "half_documented.ts:1: the module has no example that asserts; add an @example with a ts fence",
    "half_documented.ts:22: bare is not documented; say what it is for",
    "half_documented.ts:22: bare() has no example that asserts; add an @example with a ts fence",
    "half_documented.ts:25: idle() has no example that asserts; add an @example with a ts fence",
    "half_documented.ts:31: Half.bare is not documented; say what it holds or does",
    "half_documented.ts:32: Half.method is not documented; say what it holds or does",
    "half_documented.ts:41: HalfError.why is not documented; say what it holds or does",
  ]);
});
