/**
 * Who used the processor: to see whether a figure was taken beside other work.
 *
 * @module
 */
import * as os from "node:os";
import type { Cores } from "./child.ts";

/** Seconds that both cores together were busy since the machine started, in steps of 10 ms. */
export const busy = ({ server, client }: Cores): number => {
  const times = os.cpus();
  return [server, client].reduce((sum, core) => {
    const { user = 0, nice = 0, sys = 0, irq = 0 } = times[core]?.times ?? {};
    return sum + (user + nice + sys + irq) / 1000;
  }, 0);
};

/**
 * Seconds of processor time that a process has used, from a line of Linux's /proc/PID/stat, in steps of 10 ms. The name of
 * the program stands in it in parentheses and may hold any character, parentheses as well.
 */
export const used = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new RangeError(`Cannot read processor times from "${stat}"`);
  return ticks / 100;
};

/** The same of a process that runs. */
export const usedBy = async (pid: number): Promise<number> => {
  // Not read here: Deno gives a program /proc only if it gives it everything.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`], stderr: "null" }).output();
  return used(new TextDecoder().decode(stdout));
};
