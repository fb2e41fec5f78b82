/** Something that a check found wrong at a place of the tree. */
export interface Finding {
  /** The file, from the root of the checkout. */
  readonly path: string;
  /** The line, from 1. */
  readonly line: number;
  /** What is wrong; what to do. */
  readonly message: string;
}

/** One line for people and editors: `path:line: what is wrong; what to do`. */
export const format = (finding: Finding): string => `${finding.path}:${finding.line}: ${finding.message}`;

/** The findings in reading order. */
export const sort = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> =>
  [...findings].sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
