/**
 * The results as text: tables that can be pasted into docs/performance.md.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import type * as StartUp from "./start_up.ts";
import type { Summary } from "./statistics.ts";
import * as Table from "./table.ts";
import type * as Throughput from "./throughput.ts";
import type { Workload } from "./workload.ts";

/** Everything that one run of the bench found; this is the JSON. */
export interface Report {
  /** When it began, ISO 8601. */
  readonly date: string;
  /** Where and with what. */
  readonly machine: Machine;
  /** Which server took the messages. */
  readonly sink: string;
  /** The cores of server and client; null if they were not bound to any. */
  readonly cores: { readonly server: number; readonly client: number } | null;
  /** Messages a second, by workload. */
  readonly throughput: ReadonlyArray<{
    readonly workload: Workload;
    readonly results: ReadonlyArray<Throughput.Result>;
  }>;
  /** How long commands take to start. */
  readonly startUp: ReadonlyArray<StartUp.Result>;
  /** What was left out, and why. */
  readonly skipped: ReadonlyArray<string>;
}

const rounded = (value: number): string => value >= 100 ? value.toFixed(0) : value.toFixed(1);
const spread = ({ min, max }: Summary): string => `${rounded(min)}-${rounded(max)}`;
const times = (ratio: number | undefined): string => ratio === undefined ? "" : `${ratio.toFixed(2)} x`;

/** One workload. The last column is how much of both cores other programs used: above a few per cent, run again. */
export const throughput = (results: ReadonlyArray<Throughput.Result>, base: string): string =>
  Table.format(
    [
      { title: "client", align: "left" },
      { title: "messages/s", align: "right" },
      { title: "min-max", align: "right" },
      { title: `to ${base}`, align: "right" },
      { title: "CPU us/message", align: "right" },
      { title: "min-max", align: "right" },
      { title: `to ${base}`, align: "right" },
      { title: "others", align: "right" },
    ],
    results.map(({ client, messagesPerSecond, processorMicroseconds, others, toBase }) => [
      client,
      rounded(messagesPerSecond.median),
      spread(messagesPerSecond),
      times(toBase.messagesPerSecond),
      rounded(processorMicroseconds.median),
      spread(processorMicroseconds),
      times(toBase.processor),
      others === undefined ? "" : `${(others.median * 100).toFixed(0)} %`,
    ]),
  );

/** Start-up times. */
export const startUp = (results: ReadonlyArray<StartUp.Result>, base: string): string =>
  Table.format(
    [
      { title: "command", align: "left" },
      { title: "ms", align: "right" },
      { title: "min-max", align: "right" },
      { title: `to ${base}`, align: "right" },
    ],
    results.map(({ command, milliseconds, toBase }) => [
      command,
      rounded(milliseconds.median),
      spread(milliseconds),
      times(toBase),
    ]),
  );

/** The machine, the versions and the set-up, in a few lines. */
export const setUp = ({ date, machine, sink, cores }: Omit<Report, "throughput" | "startUp">): string =>
  [
    `${date}, ${machine.processor}, ${machine.system}, load ${machine.load.map((load) => load.toFixed(2)).join(" ")}`,
    Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(", "),
    `server: ${sink}; ` +
    (cores === null ? "not bound to cores" : `server on core ${cores.server}, clients on core ${cores.client}`),
  ].join("\n");
