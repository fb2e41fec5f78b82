/**
 * The results as text: Markdown for docs/performance.md, which also reads well in a terminal.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import type { Verdict } from "./marks.ts";
import type { Result, RowResult } from "./measure.ts";
import type * as StartUp from "./start_up.ts";
import type { Summary } from "./statistics.ts";
import * as Table from "./table.ts";

/** Where and how was measured. */
export interface About {
  /** When it began, ISO 8601. */
  readonly date: string;
  /** Where and with what. */
  readonly machine: Machine;
  /** The cores of server and client; null if they were not bound to any. */
  readonly cores: { readonly server: number; readonly client: number } | null;
  /** Whether it was a short run, which proves only that the bench works. */
  readonly quick: boolean;
}

/** Everything that one run of the bench found; this is the JSON. */
export interface Report extends About {
  /** How long all of it took, in seconds. */
  readonly seconds: number;
  /** What was found, row by row. */
  readonly rows: ReadonlyArray<RowResult>;
}

const rounded = (value: number): string => value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
const spread = ({ min, max }: Summary): string => `${rounded(min)}-${rounded(max)}`;
const withUnit = (value: number, unit: Verdict["unit"]): string => `${rounded(value)} ${unit}`;
const signs = { "at least": "≥", "at most": "≤" } as const;

const verdict = ({ reached }: Verdict): string => {
  if (reached === undefined) return "not measured";
  return reached ? "reached" : "**not reached**";
};

/** All marks, of all rows. */
export const marks = (rows: ReadonlyArray<Pick<RowResult, "id" | "marks">>): string =>
  Table.format(
    [
      { title: "work", align: "left" },
      { title: "compared", align: "left" },
      { title: "mark", align: "right" },
      { title: "measured", align: "right" },
      { title: "verdict", align: "left" },
    ],
    rows.flatMap(({ id, marks }) =>
      marks.map((mark) => [
        id,
        mark.what,
        `${signs[mark.side]} ${withUnit(mark.target, mark.unit)}`,
        mark.value === undefined ? "" : withUnit(mark.value, mark.unit),
        verdict(mark),
      ])
    ),
  );

const cells = ({ name, rate, processor, peak, others }: Result, first: Summary): ReadonlyArray<string> => [
  name,
  rounded(rate.median),
  spread(rate),
  `${rounded(rate.median / first.median)} x`,
  rounded(processor.median),
  spread(processor),
  peak === undefined ? "" : rounded(peak.max),
  others === undefined ? "" : `${(others.median * 100).toFixed(0)} %`,
];

/** One row. The last column is how much of both cores other programs used: above a few per cent, run again. */
export const row = ({ counts, results }: RowResult): string => {
  const first = results[0];
  if (first === undefined) return "Nothing was measured.";
  const single = counts === "messages" ? "message" : "MB";
  return Table.format(
    [
      { title: "who", align: "left" },
      { title: `${counts}/s`, align: "right" },
      { title: "min-max", align: "right" },
      { title: "to the first", align: "right" },
      { title: `CPU us/${single}`, align: "right" },
      { title: "min-max", align: "right" },
      { title: "peak MiB", align: "right" },
      { title: "others", align: "right" },
    ],
    results.map((result) => cells(result, first.rate)),
  );
};

/** Start-up times. */
export const startUp = (results: ReadonlyArray<StartUp.Result>, base: string): string =>
  Table.format(
    [
      { title: "command", align: "left" },
      { title: "ms", align: "right" },
      { title: "min-max", align: "right" },
      { title: `to ${base}`, align: "right" },
    ],
    results.map(({ command, milliseconds, toBase }) => [
      command,
      rounded(milliseconds.median),
      spread(milliseconds),
      toBase === undefined ? "" : `${toBase.toFixed(2)} x`,
    ]),
  );

/** The machine, the versions and the set-up. */
export const setUp = ({ date, machine, cores, quick }: About): string => {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const load = machine.load.map((load) => load.toFixed(2)).join(" ");
  const bound = cores === null
    ? "Nothing was bound to a core."
    : `Servers ran on core ${cores.server}, clients on core ${cores.client}.`;
  return [
    `${quick ? "A short run, which proves only that the bench works. " : ""}Begun ${date} on ${machine.processor}, ` +
    `${machine.system}; load averages at the beginning ${load}. ${bound}`,
    `Versions: ${versions}.`,
  ].join("\n\n");
};

const servers = (results: ReadonlyArray<Result>): ReadonlyArray<string> => [
  ...new Set(results.flatMap(({ server }) => server ?? [])),
];

/** One row as a section. */
export const section = (found: RowResult): string => {
  const { id, title, results, caveat, leftOut } = found;
  const names = servers(results);
  const runs = Math.max(0, ...results.map(({ runs }) => runs.length));
  return [
    `### ${title}`,
    `\`${id}\`; runs of each: ${runs}${names.length === 1 ? `; server: \`${names[0]}\`` : ""}.`,
    row(found),
    caveat,
    ...leftOut.length === 0 ? [] : [`Left out: ${leftOut.join("; ")}.`],
  ].join("\n\n");
};

/** Everything that the page has between its marks. */
export const page = (report: Report): string =>
  [
    setUp(report),
    `All of it took ${report.seconds.toFixed(0)} s.`,
    marks(report.rows),
    ...report.rows.map(section),
  ].join("\n\n");
