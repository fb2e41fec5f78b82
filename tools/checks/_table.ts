/** A row of a table in Markdown. */
export interface Row {
  /** Its line in the page, from 1. */
  readonly line: number;
  /** Its cells by the words that head their columns. */
  readonly cells: ReadonlyMap<string, string>;
}

const cellsOf = (line: string): ReadonlyArray<string> => line.split("|").slice(1, -1).map((cell) => cell.trim());

const isRule = (cells: ReadonlyArray<string>): boolean => cells.every((cell) => /^:?-+:?$/.test(cell));

/** The rows of all tables of a page, as `deno fmt` writes them: with a bar at both ends of a line, and none inside of cells. */
export const rowsOf = (page: string): ReadonlyArray<Row> => {
  const rows: Array<Row> = [];
  let heads: ReadonlyArray<string> | undefined;
  for (const [index, text] of page.split("\n").entries()) {
    if (!text.startsWith("|")) {
      heads = undefined;
      continue;
    }
    const cells = cellsOf(text);
    if (heads === undefined) heads = cells;
    else if (!isRule(cells)) {
      rows.push({ line: index + 1, cells: new Map(heads.map((head, at) => [head, cells[at] ?? ""])) });
    }
  }
  return rows;
};

/** What stands between backticks in a cell. */
export const codeIn = (cell: string): ReadonlyArray<string> =>
  Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code!);
