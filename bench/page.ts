/**
 * The part of a page that is generated stands between two comments.
 *
 * @module
 */

const begin = "<!-- bench: begin -->";
const end = "<!-- bench: end -->";

/** The page with other text between its comments. Throws a RangeError if there is not exactly one pair of them. */
export const replace = (page: string, text: string): string => {
  const [before, rest, ...more] = page.split(begin);
  const [old, after, ...others] = rest?.split(end) ?? [];
  if (before === undefined || old === undefined || after === undefined || more.length + others.length > 0) {
    throw new RangeError(`Cannot find one "${begin}" and one "${end}" behind it`);
  }
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
};
