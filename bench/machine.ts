/**
 * Where and with what was measured. A figure without it means nothing.
 *
 * @module
 */
import effect from "effect/package.json" with { type: "json" };
import * as os from "node:os";
import plausch from "../tools/plausch/deno.json" with { type: "json" };
import { find, run } from "./child.ts";
import * as Npm from "./npm.ts";

/** The machine and the versions, as text; a program that is not installed is missing. */
export interface Machine {
  /** Processor model and number of cores. */
  readonly processor: string;
  /** Kernel. */
  readonly system: string;
  /** Load averages over 1, 5 and 15 minutes: a load that is not the bench's own disturbs it. */
  readonly load: ReadonlyArray<number>;
  /** Versions, by program. */
  readonly versions: Readonly<Record<string, string>>;
}

const processor = (): string => {
  const cores = os.cpus();
  return `${cores[0]?.model.trim() ?? "unknown processor"}, ${cores.length} cores`;
};

/** What a program says of its version; undefined if it is not installed. */
const ask = async (
  name: string,
  args: ReadonlyArray<string>,
  pattern: RegExp,
  signal: AbortSignal,
  ...first: ReadonlyArray<string>
): Promise<string | undefined> => {
  const command = await find(name, ...first);
  if (command === undefined) return undefined;
  return pattern.exec((await run({ command, args }, 10, signal)).stdout)?.[1];
};

/** Asks the machine. */
export const describe = async (signal: AbortSignal): Promise<Machine> => {
  const versions: Record<string, string | undefined> = {
    plausch: plausch.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    effect: effect.version,
    ...Npm.versions,
    node: await ask("node", ["--version"], /v(\S+)/, signal),
    python: await ask("python3", ["--version"], /Python (\S+)/, signal, "/usr/bin"),
    curl: await ask("curl", ["--version"], /^curl (\S+)/, signal),
    postfix: await ask("postconf", ["-d", "-h", "mail_version"], /^(\S+)$/m, signal),
    swaks: await ask("swaks", ["--version"], /version (\S+)/, signal),
  };
  return {
    processor: processor(),
    system: `${Deno.build.os} ${Deno.osRelease()}`,
    load: Deno.loadavg(),
    versions: Object.fromEntries(
      Object.entries(versions).flatMap(([name, version]) => version === undefined ? [] : [[name, version]]),
    ),
  };
};
