/**
 * The bench: `deno task bench`. It runs everything side by side on this machine, on loopback, bounded in count and time,
 * and ends what it started.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command: the console is its output
import { cores as findCores, run } from "./child.ts";
import * as Files from "./files.ts";
import * as Machine from "./machine.ts";
import { measure, type Place, type RowResult } from "./measure.ts";
import * as Npm from "./npm.ts";
import * as Options from "./options.ts";
import * as Page from "./page.ts";
import * as Programs from "./programs.ts";
import * as Report from "./report.ts";
import * as Rows from "./rows.ts";
import * as Servers from "./servers.ts";
import * as StartUp from "./start_up.ts";

const startUpRuns = 15;

const bench = async (options: Options.Options, signal: AbortSignal): Promise<void> => {
  const { only, quick, json, page } = options;
  const scale = { divisor: quick ? 16 : 1, runs: options.runs ?? (quick ? 1 : undefined) };
  // First, so that nobody waits for results that cannot be kept.
  const chosen = Rows.choose(Rows.rows(scale), only);
  if (page !== undefined) Page.replace(await Deno.readTextFile(page), "");
  if (json !== undefined) (await Deno.open(json, { append: true, create: true })).close();

  const begin = performance.now();
  const cores = await findCores();
  const folder = await Deno.makeTempDir({ prefix: "plausch-bench-" });
  try {
    const about = {
      date: new Date().toISOString(),
      machine: await Machine.describe(signal),
      cores: cores ?? null,
      quick,
    };
    console.log(Report.setUp(about));
    const npm = await installed(folder, signal);
    const place = {
      programs: await Programs.look(npm),
      found: await Servers.look(npm),
      cores,
      file: Files.make(folder),
      signal,
    };
    const rows: Array<RowResult> = [];
    for (const row of chosen) {
      const found = await measure(row, place);
      rows.push(found);
      console.log(`\n${Report.section(found)}`);
    }
    if (rows.length > 0) console.log(`\n${Report.marks(rows)}`);
    const report = { ...about, seconds: (performance.now() - begin) / 1000, rows };
    if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
    if (page !== undefined) {
      await Deno.writeTextFile(page, Page.replace(await Deno.readTextFile(page), Report.page(report)));
    }
    const written = [json, page].flatMap((path) => path ?? []);
    if (written.length > 0) await run({ command: Deno.execPath(), args: ["fmt", "-q", ...written] }, 60, signal);
    if (only.length === 0 || only.includes(Rows.startUp)) {
      await startUp(place, folder, options.runs ?? (quick ? 1 : startUpRuns));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

/** Prints how long commands take; their section of the page is written by hand. */
const startUp = async (
  place: Pick<Place, "found" | "cores" | "signal">,
  folder: string,
  runs: number,
): Promise<void> => {
  const { found, cores, signal } = place;
  await using server = await Servers.start(Servers.standIn("smtp-sink", found), found, cores, signal);
  if (server === undefined) return;
  const commands = await StartUp.commands(folder, server.port);
  if (!commands.some(({ name, base }) => name === base)) console.log("Left out: swaks, which is not installed");
  console.log(`\nStart-up, runs of each: ${runs}`);
  console.log(Report.startUp(await StartUp.measure(commands, runs, cores, signal), "swaks"));
};

/** The folder with the peers from npm; undefined, and said, if they cannot be had. */
const installed = async (folder: string, signal: AbortSignal): Promise<string | undefined> => {
  const npm = `${folder}/npm`;
  await Deno.mkdir(npm);
  try {
    await Npm.install(npm, signal);
    return npm;
  } catch (error) {
    signal.throwIfAborted();
    console.log(`Left out: the peers from npm. ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
};

const main = async (): Promise<number> => {
  const off = new AbortController();
  const callOff = (): void => off.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, callOff);
  try {
    const options = Options.parse(Deno.args);
    if (options.help) console.log(Options.usage);
    else await bench(options, off.signal);
    return 0;
  } catch (error) {
    if (off.signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof RangeError ? 64 : 1;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, callOff);
  }
};

Deno.exit(await main());
