/**
 * Messages a second, and processor time a message, of each client with one workload.
 *
 * @module
 */
import * as os from "node:os";
import { alternate } from "./alternate.ts";
import { type Cores, find, pin, type Program, run } from "./child.ts";
import type { Job, Measured } from "./clients/job.ts";
import { ratio, summarize, type Summary } from "./statistics.ts";
import * as Workload from "./workload.ts";

/** Longest time for one run of one client, in seconds. */
const limit = 120;

/** A client that takes part. */
export interface Client {
  /** Which one it is, for tables and JSON. */
  readonly name: string;
  /** The program that does a job. */
  readonly program: (job: Job) => Program;
}

/** One run of one client. */
export interface Run extends Measured {
  /** The part of the client's core, 0 to 1, that other programs used meanwhile; missing if it had no core. */
  readonly others?: number | undefined;
}

/** What one client reached. */
export interface Result {
  /** The client. */
  readonly client: string;
  /** Every run, in order. */
  readonly runs: ReadonlyArray<Run>;
  /** Messages a second. */
  readonly messagesPerSecond: Summary;
  /** Processor time a message, in microseconds, in the client's own code and in the system together. */
  readonly processorMicroseconds: Summary;
  /** {@linkcode Run.others}; missing if clients had no core. */
  readonly others?: Summary | undefined;
  /** The medians, as multiples of those of the base; missing where there is no base. */
  readonly toBase: { readonly messagesPerSecond?: number | undefined; readonly processor?: number | undefined };
}

/** A client in TypeScript, under Deno. */
const deno = (name: string): Client["program"] => {
  const path = new URL(`./clients/${name}.ts`, import.meta.url).pathname;
  // nodemailer asks for the machine's name and networks.
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-sys"];
  return (job) => ({
    command: Deno.execPath(),
    args: ["run", "-q", "--no-prompt", ...permissions, path, JSON.stringify(job)],
  });
};

/** smtp-source makes CRLF of LF itself, and would make CRCRLF of CRLF. */
const unixLines = (message: Uint8Array): Uint8Array<ArrayBuffer> => message.filter((octet) => octet !== 13);

const smtpSource = (path: string): Client["program"] => {
  const script = new URL("./clients/smtp_source.sh", import.meta.url).pathname;
  return ({ port, messages, octets }) => ({
    command: "bash",
    args: [script, path, ...[port, messages].map(String), Workload.from, Workload.to, Workload.host, String(limit)],
    input: unixLines(Workload.message(octets)),
  });
};

/** The name of the client that all are compared with. */
export const base = "smtp-source";

/** All clients that are installed. */
export const clients = async (): Promise<ReadonlyArray<Client>> => {
  const path = await find(base);
  return [
    { name: "plausch", program: deno("plausch") },
    { name: "nodemailer", program: deno("nodemailer") },
    { name: "bare node:net", program: deno("bare") },
    ...path === undefined ? [] : [{ name: base, program: smtpSource(path) }],
  ];
};

/** Seconds that a core was busy since the machine started, in steps of 10 ms. */
const busy = (core: number): number => {
  const { user = 0, nice = 0, sys = 0, irq = 0 } = os.cpus()[core]?.times ?? {};
  return (user + nice + sys + irq) / 1000;
};

const runOnce = async (
  { name, program }: Client,
  job: Job,
  cores: Cores | undefined,
  signal: AbortSignal,
): Promise<Run> => {
  const begin = cores && busy(cores.client);
  const { stdout, seconds } = await run(pin(program(job), cores?.client), limit + 5, signal);
  const measured: Measured = JSON.parse(stdout);
  if (measured.accepted !== job.messages) {
    throw new Error(`Cannot compare: of ${job.messages} messages from ${name}, ${measured.accepted} were accepted`);
  }
  if (begin === undefined || cores === undefined) return measured;
  const own = measured.startUp + measured.user + measured.system;
  return { ...measured, others: Math.max(0, busy(cores.client) - begin - own) / seconds };
};

/** Runs every client so often, taking turns. A short run before fills the caches and is not counted. */
export const measure = async (
  clients: ReadonlyArray<Client>,
  job: Job,
  rounds: number,
  cores: Cores | undefined,
  signal: AbortSignal,
): Promise<ReadonlyArray<Result>> => {
  const warmUp = { ...job, messages: Math.min(job.messages, 50) };
  await alternate(clients, 1, (client) => runOnce(client, warmUp, cores, signal));
  const results = await alternate(clients, rounds, (client) => runOnce(client, job, cores, signal));
  const summaries = results.map((runs, index) => ({
    client: clients[index]!.name,
    runs,
    messagesPerSecond: summarize(runs.map(({ seconds }) => job.messages / seconds)),
    processorMicroseconds: summarize(runs.map(({ user, system }) => (user + system) * 1e6 / job.messages)),
    others: cores && summarize(runs.map(({ others = 0 }) => others)),
  }));
  const standard = summaries.find(({ client }) => client === base);
  return summaries.map((summary) => ({
    ...summary,
    toBase: {
      messagesPerSecond: ratio(summary.messagesPerSecond, standard?.messagesPerSecond),
      processor: ratio(summary.processorMicroseconds, standard?.processorMicroseconds),
    },
  }));
};
