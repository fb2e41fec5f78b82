import type { Finding } from "./finding.ts";
import { codeOf, lineAt } from "./source.ts";
import { modulesOf, packagesOf, type Workspace } from "./workspace.ts";

/** A name on its own or as a member of the global object, not a member of anything else. */
const global = (name: string): RegExp => new RegExp(String.raw`(?<![\w$.#]|\.\s)(?:globalThis\s*\.\s*)?${name}`, "g");

/** What no package may say, and what it is to say. */
const rules: ReadonlyArray<{ readonly pattern: RegExp; readonly message: string }> = [
  {
    pattern: global(String.raw`Deno\b(?!\s*:)`),
    message: "names the Deno global, which Node and Bun lack; use a node: module, or move it to tools/",
  },
  {
    pattern: global(String.raw`process\s*\.`),
    message: "uses the global process; take what is needed as an option",
  },
  {
    pattern: global(String.raw`console\b(?!\s*:)`),
    message: "writes to the console; return a value, or emit an event",
  },
  {
    pattern: global(String.raw`(?:Date\s*\.\s*now|performance\s*\.\s*now|new\s+Date\s*\(\s*\)|Date\s*\(\s*\))`),
    message: "reads the clock; use effect's Clock or DateTime, which tests can set",
  },
  {
    pattern: global(String.raw`(?:setTimeout|setInterval)\s*\(`),
    message: "waits on a timer; use Effect.sleep or Effect.timeout, which tests can move",
  },
  {
    pattern: global(String.raw`Math\s*\.\s*random`),
    message: "draws at random; use effect's Random, which tests can seed",
  },
  {
    pattern: /(?<![\w$.])export\s+default\b/g,
    message: "exports a default; give the export its name",
  },
];

/** Checks that no package uses what belongs to a platform, to chance, or to the clock of the machine. */
export const check = (workspace: Workspace): ReadonlyArray<Finding> =>
  packagesOf(workspace).flatMap((member) =>
    modulesOf(member).flatMap(([file, text]) => {
      const code = codeOf(text);
      return rules.flatMap(({ pattern, message }) =>
        Array.from(code.matchAll(pattern), ({ index }) => ({
          path: `${member.folder}/${file}`,
          line: lineAt(text, index),
          message,
        }))
      );
    })
  );
