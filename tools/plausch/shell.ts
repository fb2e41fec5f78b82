/**
 * What a command needs of its surroundings: output, files, standard input, the host's name. `main.ts` makes it from Deno;
 * tests make their own.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type { UsageError } from "./options.ts";
import type { Paint } from "./render/paint.ts";

/** A terminal, for what is told while a command runs. */
export interface Terminal {
  /** How many columns it has now. */
  readonly columns: () => number;
  /** Shows a text of less than a line in place of the one before; the empty text takes that away. */
  readonly show: (text: string) => void;
}

/** The surroundings of a command. */
export interface Shell {
  /** Prints a line on standard output. */
  readonly out: (line: string) => void;
  /** Prints a line on standard error. */
  readonly err: (line: string) => void;
  /** Paints text for standard output, if that is a terminal and colours are wanted. */
  readonly paint: Paint;
  /** Paints text for standard error. */
  readonly paintErr: Paint;
  /** Prints a warning on standard error. */
  readonly warn: (text: string) => void;
  /** Reads a file. */
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, UsageError>;
  /** A way to read a file piece by piece, as often as needed, if it is a regular one of at least a mebibyte. */
  readonly largeFile: (path: string) => Effect.Effect<(() => AsyncIterable<Uint8Array>) | undefined>;
  /** Reads standard input to its end. */
  readonly readInput: Effect.Effect<Uint8Array, UsageError>;
  /** The value of an environment variable; undefined if it is not set. Fails where it may not be read. */
  readonly environment: (variable: string) => Effect.Effect<string | undefined, UsageError>;
  /** Asks a question on the terminal, without showing what is typed; undefined if there is no terminal. */
  readonly askSecret: (question: string) => Effect.Effect<Redacted.Redacted<string> | undefined>;
  /** The terminal that standard error goes to; undefined if it goes elsewhere. */
  readonly terminal?: Terminal | undefined;
  /** The name of this host, where it can be known. */
  readonly hostname: Effect.Effect<string | undefined>;
}

/** The service key of {@linkcode Shell}. */
export const Shell: Context.Service<Shell, Shell> = Context.Service<Shell>("@plausch/cli/Shell");
