/**
 * Messages a second, and processor time a message, of each client with one workload.
 *
 * @module
 */
import { alternate } from "./alternate.ts";
import { type Cores, find, pin, type Program, run } from "./child.ts";
import type { Job, Measured } from "./clients/job.ts";
import { busy, usedBy } from "./processor.ts";
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
  /** The part of both cores, 0 to 1, that other programs used meanwhile; missing without cores of one's own. */
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
  /** {@linkcode Run.others}; missing without cores of one's own. */
  readonly others?: Summary | undefined;
  /** The medians, as multiples of those of the base; missing where there is no base. */
  readonly toBase: { readonly messagesPerSecond?: number | undefined; readonly processor?: number | undefined };
}

/** A client in TypeScript, under Deno. */
const deno = (name: string, ...more: ReadonlyArray<string>): Client["program"] => {
  const path = new URL(`./clients/${name}.ts`, import.meta.url).pathname;
  // nodemailer asks for the machine's name and networks.
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-sys"];
  return (job) => ({
    command: Deno.execPath(),
    args: ["run", "-q", "--no-prompt", ...permissions, path, JSON.stringify(job), ...more],
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
    { name: "plausch, sendMany", program: deno("plausch_many") },
    { name: "nodemailer", program: deno("nodemailer") },
    { name: "bare node:net", program: deno("bare") },
    { name: "bare, overlapping", program: deno("bare", "OVERLAP") },
    ...path === undefined ? [] : [{ name: base, program: smtpSource(path) }],
  ];
};

/** Where a measurement takes place. */
export interface Place {
  /** The server's port. */
  readonly port: number;
  /** The server's process. */
  readonly pid: number;
  /** The cores of server and clients, if they have their own. */
  readonly cores: Cores | undefined;
}

const runOnce = async (
  { name, program }: Client,
  job: Job,
  { pid, cores }: Place,
  signal: AbortSignal,
): Promise<Run> => {
  const others = cores === undefined ? undefined : await watchOthers(cores, pid);
  const { stdout } = await run(pin(program(job), cores?.client), limit + 5, signal);
  const measured: Measured = JSON.parse(stdout);
  if (measured.accepted !== job.messages) {
    throw new Error(`Cannot compare: of ${job.messages} messages from ${name}, ${measured.accepted} were accepted`);
  }
  return { ...measured, others: await others?.(measured.startUp + measured.user + measured.system) };
};

/** Watches how busy the cores are. The function that it gives takes what the client used of that. */
const watchOthers = async (cores: Cores, pid: number): Promise<(client: number) => Promise<number>> => {
  const server = await usedBy(pid);
  const before = busy(cores);
  const begin = performance.now();
  return async (client) => {
    const seconds = (performance.now() - begin) / 1000;
    const others = busy(cores) - before - client - (await usedBy(pid) - server);
    return Math.max(0, others) / (2 * seconds);
  };
};

/** Runs every client so often, taking turns. A short run before fills the caches and is not counted. */
export const measure = async (
  clients: ReadonlyArray<Client>,
  workload: Workload.Workload,
  rounds: number,
  place: Place,
  signal: AbortSignal,
): Promise<ReadonlyArray<Result>> => {
  const job = { ...workload, port: place.port };
  const warmUp = { ...job, messages: Math.min(job.messages, 50) };
  await alternate(clients, 1, (client) => runOnce(client, warmUp, place, signal));
  const results = await alternate(clients, rounds, (client) => runOnce(client, job, place, signal));
  const summaries = results.map((runs, index) => ({
    client: clients[index]!.name,
    runs,
    messagesPerSecond: summarize(runs.map(({ seconds }) => job.messages / seconds)),
    processorMicroseconds: summarize(runs.map(({ user, system }) => (user + system) * 1e6 / job.messages)),
    others: place.cores && summarize(runs.map(({ others = 0 }) => others)),
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
