import { diff, inspect } from "node:util";

/** Above this many differing lines on a side, finding the shortest difference costs more than it helps. */
const maxDiffLines = 500;

/** Lines that did not change, kept around those that did. */
const contextLines = 5;

/** A value as text: whole, keys in order, one member a line, so that two equal values read alike. */
export const format = (value: unknown): string =>
  inspect(value, {
    breakLength: 80,
    compact: false,
    depth: Infinity,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
    sorted: true,
  });

/** A text of several lines shows its line ends, one line of text a line. */
const linesOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" && value.includes("\n")
    ? value.split(/(?<=\n)/).map((line) => format(line))
    : format(value).split("\n");

type Mark = " " | "-" | "+";
type Line = readonly [Mark, string];

const mark = (lines: ReadonlyArray<string>, sign: Mark): Array<Line> => lines.map((line) => [sign, line] as const);

const shortest = (actual: ReadonlyArray<string>, expected: ReadonlyArray<string>): Array<Line> => {
  const isOneSided = actual.length === 0 || expected.length === 0;
  return isOneSided || Math.max(actual.length, expected.length) > maxDiffLines
    ? [...mark(actual, "-"), ...mark(expected, "+")]
    : diff(actual, expected).map(([change, line]) => [change === 1 ? "-" : change === -1 ? "+" : " ", line] as const);
};

const compareLines = (
  actual: ReadonlyArray<string>,
  expected: ReadonlyArray<string>,
): ReadonlyArray<Line> => {
  const shorter = Math.min(actual.length, expected.length);
  let head = 0;
  while (head < shorter && actual[head] === expected[head]) head++;
  let tail = 0;
  while (
    tail < shorter - head && actual.at(-1 - tail) === expected.at(-1 - tail)
  ) tail++;
  const middle = (lines: ReadonlyArray<string>) => lines.slice(head, lines.length - tail);
  return [
    ...mark(actual.slice(0, head), " "),
    ...shortest(middle(actual), middle(expected)),
    ...mark(actual.slice(actual.length - tail), " "),
  ];
};

/** Leaves out the middle of a long run of unchanged lines. */
const shorten = (lines: ReadonlyArray<Line>): ReadonlyArray<string> => {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - contextLines), at + contextLines + 1).some((
      [sign],
    ) => sign !== " ")
  );
  const out: Array<string> = [];
  let hidden = 0;
  const flush = () => {
    if (hidden > 0) out.push(`    (${hidden} lines are the same)`);
    hidden = 0;
  };
  lines.forEach(([sign, text], at) => {
    if (!near[at]) return void hidden++;
    flush();
    out.push(`${sign}   ${text}`);
  });
  flush();
  return out;
};

/** What differs between two values, line by line: `-` is only in the actual one, `+` only in the expected one. */
export const difference = (actual: unknown, expected: unknown): string => {
  const lines = compareLines(linesOf(actual), linesOf(expected));
  const hint = lines.every(([sign]) => sign === " ")
    ? ["    (both print alike: look at identity, class or hidden state)"]
    : [];
  return [
    "",
    "    - actual",
    "    + expected",
    "",
    ...shorten(lines),
    ...hint,
    "",
  ].join("\n");
};
