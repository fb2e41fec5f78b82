/**
 * Colours, where they are wanted: on a terminal, and never under NO_COLOR.
 *
 * @module
 */

/** What a piece of text is, which decides how it looks. */
export type Role = "note" | "said" | "heard" | "refused" | "failed" | "accepted" | "strong" | "faint";

/** Paints a text; without colours it is the text itself. */
export type Paint = (role: Role, text: string) => string;

/** SGR parameters of ECMA-48. Colours from the terminal's own palette, so they suit light and dark alike. */
const sgr: { readonly [R in Role]: string } = {
  note: "2",
  said: "36",
  heard: "32",
  refused: "33",
  failed: "31",
  accepted: "32",
  strong: "1",
  faint: "2",
};

/** A painter with colours. */
export const colours: Paint = (role, text) => `\u001b[${sgr[role]}m${text}\u001b[0m`;

/** A painter without. */
export const plain: Paint = (_role, text) => text;
