import * as Phase from "@plausch/smtp/phase";
import type { Severity } from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";
import page from "../../docs/architecture.md" with { type: "text" };

// The page shows the phase table as a diagram and as a table. Both are drawn here. When this test fails, the phase table has
// changed: take what was expected into the page, between the marks.

const phases = ["connected", "greeted", "ready", "mail", "rcpt", "data", "closed"] as const;
const verbs = Object.keys(Phase.table) as ReadonlyArray<Phase.Verb>;
const classes: ReadonlyArray<readonly [name: string, severity: Severity]> = [
  ["2yz", "positive"],
  ["3yz", "intermediate"],
  ["4yz", "transient"],
  ["5yz", "permanent"],
];

/** The phases that a verb can lead to from a phase, each with the classes of replies that do it. */
const turns = (phase: Phase.Phase, verb: Phase.Verb): ReadonlyMap<Phase.Phase, ReadonlyArray<string>> => {
  const found = new Map<Phase.Phase, Array<string>>();
  for (const [name, severity] of classes) {
    const next = Phase.after(phase, verb, severity);
    if (next !== phase) found.set(next, [...found.get(next) ?? [], name]);
  }
  return found;
};

const edges = (from: Phase.Phase): ReadonlyArray<string> =>
  phases.flatMap((to) => {
    const labels = verbs.flatMap((verb) => {
      const by = turns(from, verb).get(to) ?? [];
      return by.length === 0 ? [] : [by.length === classes.length ? verb : `${verb} ${by.join("/")}`];
    });
    return labels.length === 0 ? [] : [`  ${from} --> ${to} : ${labels.join(", ")}`];
  });

const diagram = (): string =>
  ["```mermaid", "stateDiagram-v2", "  [*] --> connected", ...phases.flatMap(edges), "  closed --> [*]", "```"]
    .join("\n");

const cell = (phase: Phase.Phase, verb: Phase.Verb): string => {
  if (!Phase.isLegal(phase, verb)) return "";
  const texts = Array.from(
    turns(phase, verb),
    ([to, by]) => by.length === classes.length ? to : `${by.join(", ")}: ${to}`,
  );
  return texts.length === 0 ? "stays" : texts.join("; ");
};

const table = (): string => {
  const columns = phases.filter((phase) => phase !== "closed");
  const rows = [
    ["verb", ...columns],
    ...verbs.map((verb) => [`\`${verb}\``, ...columns.map((phase) => cell(phase, verb))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
};

const between = (name: string): string => {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  assert(page.split(begin).length === 2 && page.split(end).length === 2, `the page has the marks of the ${name} once`);
  return page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim();
};

Deno.test("docs/architecture.md shows the phase diagram as the table in the code has it", () => {
  assertEquals(between("phase diagram"), diagram());
});

Deno.test("docs/architecture.md shows the phase table as the code has it", () => {
  assertEquals(between("phase table"), table());
});
