/**
 * The peers from npm, in a folder of their own, where Deno and Node find the same files.
 *
 * @module
 */
import { run } from "./child.ts";
import config from "./deno.json" with { type: "json" };

/** The peers and their versions: exactly the least that `deno.json` asks for, so that figures can be compared. */
export const versions: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(config.imports).map(([name, specifier]) => [name, specifier.slice(specifier.lastIndexOf("@^") + 2)]),
);

const scripts = ["clients/job.mjs", "clients/nodemailer.mjs", "clients/upyo.mjs", "clients/stuffing.mjs"];
const sinks = ["sinks/smtp_server.mjs"];

/** Installs the peers below `folder` and puts the programs that use them beside. Throws if npm cannot be reached the first time. */
export const install = async (folder: string, signal: AbortSignal): Promise<void> => {
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ type: "module", dependencies: versions }));
  for (const path of [...scripts, ...sinks]) {
    await Deno.copyFile(new URL(path, import.meta.url), `${folder}/${path.slice(path.indexOf("/") + 1)}`);
  }
  const script = `cd "$0" && exec "$1" install --quiet --node-modules-dir=auto`;
  await run({ command: "bash", args: ["-c", script, folder, Deno.execPath()] }, 120, signal);
};
