import { GrammarError, type GrammarReason, type GrammarSubject } from "./grammar_error.ts";

/** A text under inspection. Errors about it name what it was read as, and where in it the fault is. */
export interface Source {
  readonly subject: GrammarSubject;
  readonly text: string;
}

/** What a reader found, and where the rest of the text begins. */
export interface Read<A> {
  readonly value: A;
  readonly end: number;
}

/** An error about a source. */
export const fault = (source: Source, reason: GrammarReason, offset?: number, limit?: number): GrammarError =>
  new GrammarError({ subject: source.subject, reason, input: source.text, offset, limit });
