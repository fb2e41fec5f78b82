// The part of job.ts that runs, for Deno and for Node, which takes no types.
import { execFileSync } from "node:child_process";
import process from "node:process";

/**
 * In MiB, as Linux has it for the program alone: what getrusage gives counts the program that started this one, too. Another
 * program reads it, since Deno gives /proc only to programs that it gives everything.
 */
const peakMemory = () => {
  const status = execFileSync("cat", [`/proc/${process.pid}/status`], { encoding: "utf8" });
  const kibi = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibi === undefined ? undefined : Number(kibi) / 1024;
};

/** @returns {import("./job.ts").Job} */
export const read = () => JSON.parse(process.argv[2] ?? "");

/**
 * Starts the watch. The function that it gives stops it.
 * @returns {(accepted: number) => import("./job.ts").Measured}
 */
export const start = () => {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  return (accepted) => {
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { accepted, seconds, user: user / 1e6, system: system / 1e6, startUp: (cpu.user + cpu.system) / 1e6 };
  };
};

/** @param {import("./job.ts").Measured} measured */
export const report = (measured) =>
  void process.stdout.write(`${JSON.stringify({ ...measured, peak: peakMemory() })}\n`);
