import { codeIn, type Row, rowsOf } from "./_table.ts";
import type { Finding } from "./finding.ts";

/** What there is to refer to. */
export interface Known {
  /** Whether there is a file of this path, from the root of the checkout. */
  readonly file: (path: string) => boolean;
  /** Whether there is a case of this name in tests/cases: a conversation or a delivery. */
  readonly case: (id: string) => boolean;
}

const isCase = (name: string): boolean => /^(?:dlg|dlv)-/.test(name);

/** The command line is not below packages/. */
const codePath = (name: string): string => name.startsWith("tools/") ? name : `packages/${name}`;

/** The columns that refer to something: what each name in them means, and what to say if there is no such thing. */
const columns: ReadonlyArray<
  readonly [column: string, exists: (name: string, known: Known) => boolean, advice: (name: string) => string]
> = [
  ["where", (name, { file }) => file(codePath(name)), (name) => `is no file at ${codePath(name)}`],
  [
    "shown by",
    (name, known) => isCase(name) ? known.case(name) : /_test\.ts$/.test(name) && known.file(`tests/${name}`),
    (name) => isCase(name) ? "is no case in tests/cases" : `is no test at tests/${name}`,
  ],
];

const checkRow = (path: string, { line, cells }: Row, known: Known): ReadonlyArray<Finding> => {
  const isThere = /^(?:done|part)\b/.test(cells.get("status") ?? "");
  return columns.flatMap(([column, exists, advice]): ReadonlyArray<Finding> => {
    const cell = cells.get(column);
    if (cell === undefined) return [];
    const names = codeIn(cell);
    if (isThere && names.length === 0) {
      return [{ path, line, message: `says that something is there, and "${column}" names nothing; name a file` }];
    }
    return names.flatMap((name): ReadonlyArray<Finding> =>
      exists(name, known) ? [] : [{ path, line, message: `"${name}" ${advice(name)}; mend the row` }]
    );
  });
};

/**
 * Checks that every file, test and case that the tables of a page name exists: files of packages under "where", tests and
 * cases under "shown by". A row whose status is done or part must name at least one of each.
 */
export const check = (path: string, page: string, known: Known): ReadonlyArray<Finding> =>
  rowsOf(page).flatMap((row) => checkRow(path, row, known));
