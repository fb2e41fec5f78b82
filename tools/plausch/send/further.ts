/**
 * What `plausch send` loads for some command lines only.
 *
 * @module
 */

/** Loads what looks mail exchangers up, and what tries recipients again. */
export interface Further {
  /** For recipients whose server the DNS knows. */
  readonly deliver: () => Promise<Pick<typeof import("../deliver.ts"), "deliver">>;
  /** For a server that was named, more than once or within a limit. */
  readonly again: () => Promise<Pick<typeof import("../again.ts"), "talkAgain">>;
}

/** Both, from where they are. */
export const further: Further = {
  deliver: () => import("../deliver.ts"),
  again: () => import("../again.ts"),
};
