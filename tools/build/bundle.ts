/**
 * The command line as a bundle: `plausch.js`, and for each command a folder with all that it needs.
 *
 * One file for everything would have each import of a built-in module of Node at its top, and `--version` would pay for TLS. One bundle
 * in parts that all commands share has parts for each set of commands that share something, and each file costs a third of a
 * millisecond. So each command is a bundle of its own, in parts for what is seldom needed.
 *
 * @module
 */
import { commands } from "../plausch/commands.ts";

/**
 * How the program is run best, and the permissions that it can make use of. V8 keeps compiled code from one run to the next,
 * but only of functions that were compiled when a module was loaded, so none may wait; there is room enough that a short run never
 * collects garbage; and its first compiler, which a short run has no time to profit from, is left out. What they gain is in docs/performance.md.
 */
export const flags: ReadonlyArray<string> = [
  "--v8-flags=--no-lazy,--no-sparkplug,--min-semi-space-size=16",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname,networkInterfaces",
];

const root = new URL("../../", import.meta.url);
const plausch = (name: string): string => JSON.stringify(new URL(`../plausch/${name}`, import.meta.url).href);
const names: ReadonlyArray<string> = Object.keys(commands);

/** Where a name that is no command gets its answer. */
const other = "other";

/** Loads the folder of a command. A specifier that is made when the program runs keeps Deno from reading the folders of all others. */
const launcher = `
import { launch } from ${plausch("launch.ts")};
const names = ${JSON.stringify(names)};
const load = async (name) => {
  const folder = names.includes(name) ? name : "${other}";
  return (await import(new URL("./" + folder + "/start.js", import.meta.url).href)).start;
};
await launch(Deno.args, load);
`;

/** Starts one command; or, without one, knows their names and nothing else. */
const starter = (command: string | undefined): string => `
import { start as startWith } from ${plausch("program.ts")};
${command === undefined ? "" : `import * as command from ${plausch(`commands/${command}.ts`)};`}
const commands = { ${
  command === undefined
    ? names.map((name) => `${name}: undefined`).join()
    : `${command}: () => Promise.resolve(command)`
} };
export const start = (args) => startWith(args, commands);
`;

const run = async (source: string, name: string, directory: string, work: string): Promise<void> => {
  const entry = `${work}/${name}.ts`;
  await Deno.writeTextFile(entry, source);
  const { success, stderr } = await new Deno.Command("deno", {
    args: ["bundle", "--quiet", "--platform=deno", "--minify", "--code-splitting", `--outdir=${directory}`, entry],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`deno bundle failed:\n${new TextDecoder().decode(stderr)}`);
};

/** Makes a bundle in a directory, which must not exist or be empty, and gives the path of its program. */
export const bundle = async (directory: string): Promise<string> => {
  const work = await Deno.makeTempDir();
  try {
    await run(launcher, "plausch", directory, work);
    await run(starter(undefined), "start", `${directory}/${other}`, work);
    for (const name of names) await run(starter(name), "start", `${directory}/${name}`, work);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  const program = `${directory}/plausch.js`;
  const text = await Deno.readTextFile(program);
  await Deno.writeTextFile(program, `#!/usr/bin/env -S deno run --quiet --no-config ${flags.join(" ")}\n${text}`);
  if (Deno.build.os !== "windows") await Deno.chmod(program, 0o755);
  return program;
};
