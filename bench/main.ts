/**
 * The bench: `deno task bench`. It runs everything side by side on this machine, on loopback, bounded in count and time,
 * and ends what it started.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command: the console is its output
import { cores as findCores } from "./child.ts";
import * as Machine from "./machine.ts";
import * as Options from "./options.ts";
import * as Report from "./report.ts";
import * as Sink from "./sink.ts";
import * as StartUp from "./start_up.ts";
import * as Throughput from "./throughput.ts";

const startUpRuns = 15;

const bench = async ({ runs, messages, json }: Options.Options, signal: AbortSignal): Promise<void> => {
  // First, so that nobody waits for results that cannot be kept.
  using file = json === undefined ? undefined : await Deno.create(json);
  const cores = await findCores();
  const skipped: Array<string> = [];
  const skip = (what: string): void => {
    skipped.push(what);
    console.log(`Left out: ${what}`);
  };

  await using sink = await Sink.start(cores, signal);
  const about = {
    date: new Date().toISOString(),
    machine: await Machine.describe(signal),
    sink: sink.name,
    cores: cores ?? null,
    skipped,
  };
  console.log(Report.setUp(about));
  if (!sink.name.startsWith("smtp-sink")) skip("smtp-sink, which is not installed (Debian: postfix)");

  const workload = { name: "one connection", messages, octets: 1024 };
  const clients = await Throughput.clients();
  if (!clients.some(({ name }) => name === Throughput.base)) {
    skip(`${Throughput.base}, which is not installed (Debian: postfix)`);
  }
  console.log(`\n${workload.name}: ${messages} messages of ${workload.octets} octets, runs of each: ${runs}`);
  const results = await Throughput.measure(clients, workload, runs, { ...sink, cores }, signal);
  console.log(Report.throughput(results, Throughput.base));

  const commands = await StartUp.commands();
  if (!commands.some(({ name }) => name === StartUp.base)) skip("swaks, which is not installed (Debian: swaks)");
  console.log(`\nstart-up, runs of each: ${startUpRuns}`);
  const startUp = await StartUp.measure(commands, startUpRuns, cores, signal);
  console.log(Report.startUp(startUp, StartUp.base));

  if (file === undefined) return;
  const report: Report.Report = { ...about, throughput: [{ workload, results }], startUp };
  let octets = new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`);
  while (octets.length > 0) octets = octets.subarray(await file.write(octets));
};

const main = async (): Promise<number> => {
  let options: Options.Options;
  try {
    options = Options.parse(Deno.args);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(`${error.message}\n\n${Options.usage}`);
    return 64;
  }
  if (options.help) {
    console.log(Options.usage);
    return 0;
  }
  const off = new AbortController();
  const callOff = (): void => off.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, callOff);
  try {
    await bench(options, off.signal);
    return 0;
  } catch (error) {
    if (off.signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, callOff);
  }
};

Deno.exit(await main());
