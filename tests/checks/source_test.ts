import { assertEquals, assertStrictEquals } from "@std/assert";
import { codeOf, importsOf, lineAt } from "../../tools/checks/source.ts";

/** What stays of a source, without its spaces. */
const kept = (source: string): string => codeOf(source).replace(/\s+/g, "");

const cases: ReadonlyArray<readonly [name: string, source: string, kept: string]> = [
  ["a line comment", "a; // Deno.x\nb;", "a;b;"],
  ["a block comment", "a /* Deno\n * x */ b", "ab"],
  ["a comment that never ends", "a /* Deno", "a"],
  ["texts keep their quotes", `f("Deno", 'x')`, `f("",'')`],
  ["an escaped quote", String.raw`f("a\"Deno", 'b\'Deno')`, `f("",'')`],
  ["comment marks in a text", `f("http://x", "/*") + Deno`, `f("","")+Deno`],
  ["quotes in a comment", `// it's\nDeno`, "Deno"],
  ["a template", "f(`Deno`)", "f(``)"],
  ["code in a template", "f(`Deno ${a + b} x ${c} Deno`)", "f(`${a+b}${c}`)"],
  ["braces and templates in a template", "f(`${{ a: `x${b}y` }} Deno`) + c", "f(`${{a:`${b}`}}`)+c"],
  ["an escaped backtick and dollar", "f(`\\`Deno\\${x}`)", "f(``)"],
  ["a dollar that opens nothing", "f(`$ Deno $`)", "f(``)"],
  ["a pattern", 'f(/Deno"/g) + a', "f()+a"],
  ["a pattern with a slash in a class", "f(/[/'\"]Deno/) + a", "f()+a"],
  ["a pattern with an escaped slash", String.raw`f(/\/'Deno/) + a`, "f()+a"],
  ["a pattern behind return", "return /Deno'/;", "return;"],
  ["a division", "a / b / c", "a/b/c"],
  ["a division behind brackets", "(a) / b['x'] / c", "(a)/b['']/c"],
  ["a division behind a number", "1 / x / 2", "1/x/2"],
  ["a division behind a text", `"a".length / 2 / b`, `"".length/2/b`],
];

for (const [name, source, expected] of cases) {
  Deno.test(`code without ${name}`, () => assertStrictEquals(kept(source), expected));
}

Deno.test("every character keeps its place", () => {
  const source = "/** `x`\n */\nconst a = `b\n${c}` + 'd'; // e\r\nf(/g/);";
  const code = codeOf(source);
  assertEquals(code.length, source.length);
  for (const [at, char] of [...code].entries()) {
    if (char !== " ") assertEquals([at, char], [at, source[at]]);
  }
});

Deno.test("all forms of import are found, with their lines", () => {
  const source = [
    'import "a";',
    'import b from "b";',
    'import * as c from "c";',
    "import type {",
    "  D,",
    '} from "d";',
    "export * from 'e';",
    'export * as f from "f"; export { g } from "g";',
    'type H = import("h").H;',
    'const i = await import("i");',
    "await import(name);",
    'import k from "k" with { type: "text" };',
  ].join("\n");
  assertEquals(importsOf(source).map(({ specifier, line }) => `${specifier}:${line}`), [
    ..."a:1 b:2 c:3 d:6 e:7 f:8 g:8 h:9 i:10 undefined:11 k:12".split(" "),
  ]);
});

Deno.test("what only looks like an import is none", () => {
  const source = [
    '/** import * as x from "effect"; */',
    "// import x from 'x'",
    "const text = 'import x from \"x\"';",
    'const template = `import x from "x"`;',
    'export const from = "x";',
    'export const list = Array.from("abc");',
    "const here = import.meta.url;",
    'loader.import("x");',
  ].join("\n");
  assertEquals(importsOf(source), []);
});

Deno.test("lines count from one", () => {
  assertEquals([0, 1, 2, 3, 4].map((at) => lineAt("a\nb\n", at)), [1, 1, 2, 2, 3]);
});
