/**
 * The command line as a bundle: `plausch.js`, and beside it the parts that it loads when they are needed.
 *
 * In one single file each import of a built-in module of Node would stand at the top, and `--version` would pay for TLS.
 *
 * @module
 */

/**
 * How the program is run best, and the permissions that it can make use of. V8 keeps compiled code from one run to the next,
 * but only of functions that were compiled when a module was loaded, so none may wait; and there is room enough that
 * a short run never collects garbage. What both gain is in docs/performance.md.
 */
export const flags: ReadonlyArray<string> = [
  "--v8-flags=--no-lazy,--min-semi-space-size=16",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname,networkInterfaces",
];

const entry = new URL("../plausch/main.ts", import.meta.url);
const root = new URL("../../", import.meta.url);

/** Makes a bundle in a directory, which must not exist or be empty, and gives the path of its program. */
export const bundle = async (directory: string): Promise<string> => {
  const { success, stderr } = await new Deno.Command("deno", {
    args: ["bundle", "--quiet", "--platform=deno", "--minify", "--code-splitting", `--outdir=${directory}`, entry.href],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`deno bundle failed:\n${new TextDecoder().decode(stderr)}`);
  const program = `${directory}/plausch.js`;
  const text = await Deno.readTextFile(`${directory}/main.js`);
  await Deno.writeTextFile(program, `#!/usr/bin/env -S deno run --quiet --no-config ${flags.join(" ")}\n${text}`);
  await Deno.remove(`${directory}/main.js`);
  if (Deno.build.os !== "windows") await Deno.chmod(program, 0o755);
  return program;
};
