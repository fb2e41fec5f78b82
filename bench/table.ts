/**
 * Tables that read well in a terminal and are Markdown as they stand.
 *
 * @module
 */

/** One column: its heading, and on which side its cells stand. */
export interface Column {
  /** What stands above it. */
  readonly title: string;
  /** Numbers stand on the right, words on the left. */
  readonly align: "left" | "right";
}

/** A Markdown table, its columns padded to equal widths. A missing cell is empty. */
export const format = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = columns.map(({ title }, index) =>
    Math.max(3, title.length, ...rows.map((row) => row[index]?.length ?? 0))
  );
  const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`;
  const pad = (cell: string, index: number): string =>
    columns[index]!.align === "left" ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!);
  const rule = columns.map(({ align }, index) => {
    const dashes = "-".repeat(widths[index]!);
    return align === "left" ? dashes : `${dashes.slice(1)}:`;
  });
  return [
    line(columns.map(({ title }, index) => pad(title, index))),
    line(rule),
    ...rows.map((row) => line(columns.map((_, index) => pad(row[index] ?? "", index)))),
  ].join("\n");
};
