/** Programs that other people wrote, run as clients of our sink. */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";

/** The path of a program; Postfix keeps its own where users do not look. */
export const find = async (program: string): Promise<string | undefined> => {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]) {
    const path = join(folder, program);
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  return undefined;
};

/** Runs a program to its end, at most 20 seconds. Of the environment it sees PATH, and `env`. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  input?: string | Uint8Array,
  env: Record<string, string> = {},
) =>
  new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    const child = spawn(program, args, { stdio: "pipe", timeout: 20_000, env: { PATH: process.env["PATH"], ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Uint8Array) => output += chunk);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });

/** Registers a test that needs a program: without it, it is skipped, or fails where all are required. */
export const clientTest = (
  title: string,
  name: string,
  program: string | undefined,
  body: (program: string) => Promise<void>,
) => {
  if (program !== undefined) return Deno.test(title, () => body(program));
  const reason = `${name} is not installed; see tests/peers/README.md`;
  if (process.env["PLAUSCH_PEERS"] !== "required") {
    return Deno.test({ name: `${title} (skipped, ${reason})`, ignore: true, fn: () => {} });
  }
  return Deno.test(title, () => Promise.reject(new Error(`PLAUSCH_PEERS=required, but ${reason}`)));
};
