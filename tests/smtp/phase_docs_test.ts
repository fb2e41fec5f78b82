import * as Phase from "@plausch/smtp/phase";
import type { Severity } from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";
import page from "../../docs/architecture.md" with { type: "text" };

// The page shows the phase table as a diagram and as a table. Both are drawn here. When this test fails, the phase table has
// changed: take what was expected into the page, between the marks.

const phases: ReadonlyArray<Phase.Phase> = [
  "connected",
  "greeted",
  "handshake",
  "ready",
  "auth",
  "mail",
  "rcpt",
  "data",
  "bdat",
  "reset",
  "closed",
];
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

/** The phases between MAIL and the end of the message in which commands can be said. RSET leads out of each. */
const transaction = phases.filter((phase) => phase !== "ready" && Phase.after(phase, "RSET", "positive") === "ready");

/** The verbs and classes of replies that lead from one phase to another. QUIT is not drawn: it closes wherever it is legal. */
const causes = (from: Phase.Phase, to: Phase.Phase): ReadonlyArray<string> =>
  verbs.filter((verb) => verb !== "QUIT").flatMap((verb) => {
    const by = turns(from, verb).get(to) ?? [];
    return by.length === 0 ? [] : [`${verb} ${by.join("/")}`];
  });

/** What leads to a phase from all phases of a transaction alike. */
const common = (to: Phase.Phase): ReadonlyArray<string> => {
  const [first = [], ...rest] = transaction.map((from) => causes(from, to));
  return first.filter((cause) => rest.every((others) => others.includes(cause)));
};

/** Verbs that share their classes of replies have them once: "HELO, EHLO 2yz". */
const label = (list: ReadonlyArray<string>): string => {
  const by = Map.groupBy(list, (cause) => cause.slice(cause.indexOf(" ") + 1));
  return Array.from(by, ([classes, group]) => `${group.map((cause) => cause.split(" ")[0]).join(", ")} ${classes}`)
    .join(" or ");
};

const edge = (from: string, to: string, list: ReadonlyArray<string>): ReadonlyArray<string> =>
  list.length === 0 ? [] : [`  ${from} --> ${to} : ${label(list)}`];

const edges = (from: Phase.Phase): ReadonlyArray<string> =>
  phases.flatMap((to) => {
    const shared = transaction.includes(from) ? common(to) : [];
    return edge(from, to, causes(from, to).filter((cause) => !shared.includes(cause)));
  });

const diagram = (): string =>
  [
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> connected",
    "  state transaction {",
    ...transaction.map((phase) => `    ${phase}`),
    "  }",
    ...phases.flatMap(edges),
    ...phases.flatMap((to) => edge("transaction", to, common(to))),
    "  closed --> [*]",
    "```",
  ].join("\n");

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
  // Verbs that differ in no phase share a row
  const alike = Map.groupBy(verbs, (verb) => columns.map((phase) => cell(phase, verb)).join("|"));
  const rows = [
    ["verb", ...columns],
    ...Array.from(alike, ([cells, group]) => [group.map((verb) => `\`${verb}\``).join(", "), ...cells.split("|")]),
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

Deno.test("QUIT closes the connection, whatever the reply, which is why it is not drawn", () => {
  for (const phase of phases.filter((phase) => Phase.isLegal(phase, "QUIT"))) {
    for (const [, severity] of classes) assertEquals(Phase.after(phase, "QUIT", severity), "closed");
  }
});

Deno.test("docs/architecture.md shows the phase diagram as the table in the code has it", () => {
  assertEquals(between("phase diagram"), diagram());
});

Deno.test("docs/architecture.md shows the phase table as the code has it", () => {
  assertEquals(between("phase table"), table());
});
