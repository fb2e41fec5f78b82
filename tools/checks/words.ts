import type { Finding } from "./finding.ts";
import { lineAt } from "./source.ts";

/** What no file of the project may hold. The patterns are written so that they do not match themselves. */
const rules: ReadonlyArray<{ readonly pattern: RegExp; readonly message: string }> = [
  {
    pattern: /(?<![\w.~])\/(?:work[/]|home[/]\w|root[/])/g,
    message: "holds a path of one machine; make it relative",
  },
  {
    pattern: /(?:\.\.\/)+(?:share[d]|\.mirro[r])\b/g,
    message: "leads out of the checkout; bring what is needed inside",
  },
  {
    pattern: /\b(?:TOD[O]|FIXM[E]|XX[X])\b/g,
    message: "leaves a note about work to do; do it, or open an issue",
  },
];

/** Checks texts, given by path, for what nobody else could use. */
export const check = (texts: ReadonlyMap<string, string>): ReadonlyArray<Finding> =>
  [...texts].flatMap(([path, text]) =>
    rules.flatMap(({ pattern, message }) =>
      Array.from(text.matchAll(pattern), ({ 0: found, index }) => ({
        path,
        line: lineAt(text, index),
        message: `"${found}" ${message}`,
      }))
    )
  );
