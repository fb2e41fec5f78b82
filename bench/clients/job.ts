/**
 * What the bench tells a client, and what the client tells the bench: JSON in the first argument, JSON on standard output.
 * A client needs nothing of the runtime but `node:process`.
 *
 * @module
 */
import process from "node:process";
import type { Workload } from "../workload.ts";

/** A workload, and the port on 127.0.0.1 that it is for. */
export interface Job extends Workload {
  /** Where the server listens. */
  readonly port: number;
}

/** What a client measured. */
export interface Measured {
  /** How many messages the server accepted. */
  readonly accepted: number;
  /** Seconds from before the connection is made to after the last reply, not counting QUIT. */
  readonly seconds: number;
  /** Seconds of processor time that the client's process spent in that time in its own code. */
  readonly user: number;
  /** Seconds of processor time that it spent in that time in the system. */
  readonly system: number;
  /** Seconds of processor time that the process had spent before: its start-up. */
  readonly startUp: number;
}

/** The job of this process. */
export const read = (): Job => JSON.parse(process.argv[2] ?? "");

/** Starts the watch. The function that it gives stops it. */
export const start = (): (accepted: number) => Measured => {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  return (accepted) => {
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { accepted, seconds, user: user / 1e6, system: system / 1e6, startUp: (cpu.user + cpu.system) / 1e6 };
  };
};

/** Tells the bench. */
export const report = (measured: Measured): void => {
  process.stdout.write(`${JSON.stringify(measured)}\n`);
};
