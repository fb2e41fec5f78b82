import { codeIn, rowsOf } from "./_table.ts";
import type { Finding } from "./finding.ts";
import type { Layer } from "./layers.ts";

const list = (names: ReadonlyArray<string>): string => names.map((name) => `\`${name}\``).join(", ");

const orNone = (text: string): string => text === "" ? "none" : text;

const other = ({ libraries = [], node = {} }: Layer): string => {
  const modules = (file: string): string => list((node[file] ?? []).map((name) => `node:${name}`));
  const files = Object.keys(node).filter((file) => file !== "*");
  return [list(libraries), modules("*"), ...files.map((file) => `in \`${file}\` alone: ${modules(file)}`)]
    .filter((part) => part !== "").join("; ");
};

const ours = ({ packages, packagesOf = {} }: Layer): string =>
  [list(packages), ...Object.entries(packagesOf).map(([file, more]) => `in \`${file}\` alone: ${list(more)}`)]
    .filter((part) => part !== "").join("; ");

/** The cells that a room must have. */
const cellsFor = (layer: Layer): ReadonlyArray<readonly [column: string, cell: string]> => [
  ["ours", orNone(ours(layer))],
  ["effect", layer.effect === "*" ? "all" : list(layer.effect)],
  ["other", orNone(other(layer))],
];

/** Checks that the table of rooms in a page says what the table of layers says. */
export const check = (path: string, page: string, layers: Readonly<Record<string, Layer>>): ReadonlyArray<Finding> => {
  const rows = rowsOf(page).flatMap((row) => {
    const name = /^@plausch\/(.+)$/.exec(codeIn(row.cells.get("room") ?? "")[0] ?? "")?.[1];
    return name === undefined ? [] : [{ name, ...row }];
  });
  const strangers = rows.flatMap(({ name, line }): ReadonlyArray<Finding> =>
    Object.hasOwn(layers, name) ? [] : [{ path, line, message: `@plausch/${name} is no room; take its row out` }]
  );
  const wrong = Object.entries(layers).flatMap(([name, layer]): ReadonlyArray<Finding> => {
    const [row, again] = rows.filter((row) => row.name === name);
    if (row === undefined) return [{ path, line: 1, message: `the table of rooms misses @plausch/${name}; add a row` }];
    if (again !== undefined) {
      return [{ path, line: again.line, message: `@plausch/${name} stands twice; keep one row` }];
    }
    return cellsFor(layer).flatMap(([column, cell]): ReadonlyArray<Finding> =>
      row.cells.get(column) === cell
        ? []
        : [{ path, line: row.line, message: `"${column}" of @plausch/${name} differs from the layers; write: ${cell}` }]
    );
  });
  return [...strangers, ...wrong];
};
