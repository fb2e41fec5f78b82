/**
 * The command line as a bundle: `plausch.js`, and for each command a folder with all that it needs.
 *
 * One file for everything would have each import of a built-in module of Node at its top, and `--version` would pay for TLS. One bundle
 * in parts that all commands share has parts for each set of commands that share something, and each file costs a fifth of a
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

/** Where a conversation with a server that is named begins. */
const direct = "direct";

/**
 * Loads the folder that the arguments ask for. Specifiers that are made when the program runs keep Deno from reading all folders.
 *
 * A send to a server that is named has a folder of its own. What the other sends need besides, from the DNS to HTTP, shares much of
 * effect with it, and a part that two share is made with all that either of them needs.
 */
const launcher = `
import { launch } from ${plausch("launch.ts")};
const names = ${JSON.stringify(names)};
const folder = (name) => import(new URL("./" + name + "/start.js", import.meta.url).href);
await launch(Deno.args, async ([name, ...rest]) => {
  if (name === "send" && rest.some((arg) => /^-(?:s|-s(?:erver|ocket)\\b)/.test(arg))) {
    const { isOneConversation, start } = await folder("${direct}");
    if (isOneConversation(rest)) return start;
  }
  return (await folder(names.includes(name) ? name : "${other}")).start;
});
`;

/** Starts with some commands, in the words of the bundle. */
const starter = (head: string, commands: string): string => `
import { start as startWith } from ${plausch("program.ts")};
${head}
const commands = { ${commands} };
export const start = (args) => startWith(args, commands);
`;

const command = (name: string): string =>
  starter(
    `import * as command from ${plausch(`commands/${name}.ts`)};`,
    `"${name}": () => Promise.resolve(command)`,
  );

const send = plausch("commands/send.ts");

/** What the folders hold. */
const folders: { readonly [folder: string]: string } = {
  ...Object.fromEntries(names.map((name) => [name, command(name)])),
  send: starter(
    `import { make } from ${send}; import { further } from ${plausch("send/further.ts")};`,
    "send: () => Promise.resolve(make(further))",
  ),
  [direct]: starter(
    `import { make } from ${send}; export { isOneConversation } from ${send};
     const nothing = () => Promise.reject(new Error("This part is made for one conversation"));`,
    "send: () => Promise.resolve(make({ deliver: nothing, again: nothing }))",
  ),
  [other]: starter("", names.map((name) => `"${name}": undefined`).join()),
};

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
    for (const [folder, source] of Object.entries(folders)) await run(source, "start", `${directory}/${folder}`, work);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  const program = `${directory}/plausch.js`;
  const text = await Deno.readTextFile(program);
  await Deno.writeTextFile(program, `#!/usr/bin/env -S deno run --quiet --no-config ${flags.join(" ")}\n${text}`);
  if (Deno.build.os !== "windows") await Deno.chmod(program, 0o755);
  return program;
};
