/**
 * How the command line begins, from its sources and as a bundle.
 *
 * @module
 */
import { answer } from "./overview.ts";
import { print } from "./print.ts";
import { withoutProcess } from "./without_process.ts";

/** Runs what the arguments say, and ends the process. */
export type Start = (args: ReadonlyArray<string>) => Promise<never>;

/** Answers at once what needs no work; for anything else it loads what the arguments ask for, and starts that. */
export const launch = async (
  args: ReadonlyArray<string>,
  load: (args: ReadonlyArray<string>) => Promise<Start>,
): Promise<never> => {
  const known = answer(args);
  if (known !== undefined) {
    print(Deno.stdout)(known.text);
    Deno.exit(known.code);
  }
  const start = await withoutProcess(() => load(args));
  return await start(args);
};
