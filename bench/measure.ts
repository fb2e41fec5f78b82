/**
 * Measures a row: every contender in turn, so often, each against its server.
 *
 * @module
 */
import { alternate } from "./alternate.ts";
import { type Cores, pin, run, type Server } from "./child.ts";
import type { Job, Measured } from "./clients/job.ts";
import type { Kind } from "./files.ts";
import * as Marks from "./marks.ts";
import { busy, usedBy } from "./processor.ts";
import type * as Programs from "./programs.ts";
import type { Contender, Row } from "./rows.ts";
import * as Servers from "./servers.ts";
import { summarize, type Summary } from "./statistics.ts";
import * as Workload from "./workload.ts";

/** Longest time for one run of one contender, in seconds. */
const limit = 60;

/** One run of one contender. */
export interface Run extends Measured {
  /** The part of both cores, 0 to 1, that other programs used meanwhile; missing without cores of one's own. */
  readonly others?: number | undefined;
}

/** What one contender reached. */
export interface Result extends Marks.Figures {
  /** Its name. */
  readonly name: string;
  /** The server that it was measured against; missing where nothing is sent. */
  readonly server?: string | undefined;
  /** Every run, in order. */
  readonly runs: ReadonlyArray<Run>;
  /** {@linkcode Run.others}; missing without cores of one's own. */
  readonly others?: Summary | undefined;
}

/** What was found in a row. */
export interface RowResult extends Pick<Row, "id" | "title" | "counts" | "caveat"> {
  /** What each contender reached, in their order. */
  readonly results: ReadonlyArray<Result>;
  /** What came of each mark. */
  readonly marks: ReadonlyArray<Marks.Verdict>;
  /** Who was left out, and why. */
  readonly leftOut: ReadonlyArray<string>;
}

/** What measuring needs. */
export interface Place {
  /** The programs. */
  readonly programs: Programs.Programs;
  /** The servers. */
  readonly found: Servers.Found;
  /** Cores for servers and clients, if they have their own. */
  readonly cores: Cores | undefined;
  /** Makes the file of a job. */
  readonly file: (kind: Kind, octets: number) => Promise<string>;
  /** Calls everything off. */
  readonly signal: AbortSignal;
}

/** Watches how busy the cores are. The function that it gives takes what the client used of that. */
const watchOthers = async (cores: Cores, pid: number | undefined): Promise<(client: number) => Promise<number>> => {
  const server = async () => pid === undefined ? 0 : await usedBy(pid);
  const used = await server();
  const before = busy(cores);
  const begin = performance.now();
  return async (client) => {
    const seconds = (performance.now() - begin) / 1000;
    const others = busy(cores) - before - client - (await server() - used);
    return Math.max(0, others) / (2 * seconds);
  };
};

/** A contender with all it needs. */
interface Ready {
  readonly contender: Contender;
  readonly server: Server | undefined;
  readonly serverName: Servers.Name | undefined;
  readonly start: Programs.Start;
}

const jobOf = async ({ work, kind = "message" }: Row, { contender, server }: Ready, place: Place): Promise<Job> => {
  const all = { ...work, ...contender.work };
  const file = await place.file(kind, all.octets);
  return { ...all, port: server?.port ?? 0, file, host: Workload.host, from: Workload.from };
};

const runOnce = async (ready: Ready, job: Job, { cores, signal }: Place): Promise<Run> => {
  const { contender, server, start } = ready;
  const others = cores === undefined ? undefined : await watchOthers(cores, server?.pid);
  const { stdout } = await run(pin(start(job, limit), cores?.client), limit + 5, signal);
  const measured: Measured = JSON.parse(stdout);
  if (measured.accepted !== job.messages) {
    throw new Error(
      `Cannot compare: of ${job.messages} messages from ${contender.name}, ${measured.accepted} were accepted`,
    );
  }
  return { ...measured, others: await others?.(measured.startUp + measured.user + measured.system) };
};

const sum = (row: Row, { contender, serverName }: Ready, job: Job, runs: ReadonlyArray<Run>): Result => {
  const amount = row.counts === "messages" ? job.messages : job.messages * job.octets / 1e6;
  const peaks = runs.flatMap(({ peak }) => peak ?? []);
  const others = runs.flatMap(({ others }) => others ?? []);
  return {
    name: contender.name,
    server: serverName,
    runs,
    rate: summarize(runs.map(({ seconds }) => amount / seconds)),
    processor: summarize(runs.map(({ user, system }) => (user + system) * 1e6 / amount)),
    peak: peaks.length === 0 ? undefined : summarize(peaks),
    others: others.length === 0 ? undefined : summarize(others),
  };
};

/** The first line of an error, and the last, which often says why. */
const brief = (error: unknown): string => {
  const lines = (error instanceof Error ? error.message : String(error)).trimEnd().split("\n");
  return lines.length > 1 ? `${lines[0]}: ${lines[lines.length - 1]}` : lines[0]!;
};

/** Measures a row. A contender that is not installed, or that fails, is left out, and said. */
export const measure = async (row: Row, place: Place): Promise<RowResult> => {
  await using servers = new AsyncDisposableStack();
  const started = new Map<Servers.Name, Server | undefined>();
  const leftOut: Array<string> = [];
  const serverFor = async (name: Servers.Name): Promise<Server | undefined> => {
    if (!started.has(name)) {
      const server = await Servers.start(name, place.found, place.cores, place.signal);
      started.set(name, server === undefined ? undefined : servers.use(server));
    }
    return started.get(name);
  };

  const ready: Array<Ready> = [];
  for (const contender of row.contenders) {
    const start = place.programs[contender.program];
    if (typeof start === "string") {
      leftOut.push(`${contender.name}: ${start} is not installed`);
      continue;
    }
    const wanted = contender.server ?? row.server;
    const serverName = wanted === undefined || contender.server !== undefined
      ? wanted
      : Servers.standIn(wanted, place.found);
    const server = serverName === undefined ? undefined : await serverFor(serverName);
    if (serverName !== undefined && server === undefined) {
      leftOut.push(`${contender.name}: its server ${serverName} is not installed`);
      continue;
    }
    ready.push({ contender, server, serverName, start });
  }

  const failed = new Map<Ready, string>();
  const attempt = async (one: Ready, job: Job): Promise<Run | undefined> => {
    if (failed.has(one)) return undefined;
    try {
      return await runOnce(one, job, place);
    } catch (error) {
      place.signal.throwIfAborted();
      failed.set(one, brief(error));
      return undefined;
    }
  };

  const jobs = new Map<Ready, Job>();
  for (const one of ready) jobs.set(one, await jobOf(row, one, place));
  const shortened = (job: Job): Job =>
    row.counts === "messages" ? { ...job, messages: Math.min(job.messages, 50), warmUp: 0 } : job;
  // Fills the caches, and is not counted. Large work fills them in no time.
  if (row.counts === "messages") await alternate(ready, 1, (one) => attempt(one, shortened(jobs.get(one)!)));
  const runs = await alternate(ready, row.runs, (one) => attempt(one, jobs.get(one)!));
  const results = ready.flatMap((one, index) =>
    failed.has(one) ? [] : [sum(row, one, jobs.get(one)!, runs[index]!.flatMap((run) => run ?? []))]
  );
  for (const [{ contender }, why] of failed) leftOut.push(`${contender.name} failed: ${why}`);
  const of: Marks.Lookup = (name) => results.find((result) => result.name === name);
  return {
    id: row.id,
    title: row.title,
    counts: row.counts,
    caveat: row.caveat,
    results,
    marks: row.marks.map((mark) => Marks.judge(mark, of)),
    leftOut,
  };
};
