/**
 * Programs that are run for a limited time, each on one processor core where that is possible.
 *
 * @module
 */

/** A program to run. */
export interface Program {
  /** Its name or path. */
  readonly command: string;
  /** Its arguments. */
  readonly args: ReadonlyArray<string>;
  /** What it reads from standard input. Default: nothing. */
  readonly input?: Uint8Array<ArrayBuffer> | undefined;
}

/** What a program left behind. */
export interface Ended {
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
  /** Seconds from its start to its end. */
  readonly seconds: number;
}

/** Where servers and clients run: each has a core of its own, or neither has. */
export interface Cores {
  /** The server's core. */
  readonly server: number;
  /** The client's core. */
  readonly client: number;
}

/** The program, bound to a core with `taskset`, which replaces itself with it: the pid stays the same. */
export const pin = (program: Program, core: number | undefined): Program =>
  core === undefined
    ? program
    : { ...program, command: "taskset", args: ["--cpu-list", String(core), program.command, ...program.args] };

const succeeds = async (program: Program): Promise<boolean> => {
  try {
    return (await new Deno.Command(program.command, { args: [...program.args], stdout: "null", stderr: "null" })
      .output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
};

/** Finds two cores; undefined where there are none to be had, or no `taskset`. */
export const cores = async (): Promise<Cores | undefined> => {
  const nothing = { command: "true", args: [] };
  return await succeeds(pin(nothing, 0)) && await succeeds(pin(nothing, 1)) ? { server: 0, client: 1 } : undefined;
};

/** Servers live where only an administrator's PATH may lead. */
const folders = (): ReadonlyArray<string> => [
  ...(Deno.env.get("PATH") ?? "").split(":"),
  "/usr/sbin",
  "/usr/local/sbin",
];

/** The path of an installed program, in the first of some folders that has it; undefined if it is not installed. */
export const find = async (name: string, ...first: ReadonlyArray<string>): Promise<string | undefined> => {
  for (const folder of [...first, ...folders()]) {
    const path = `${folder}/${name}`;
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }
  return undefined;
};

/** The command line; jobs in it are long. */
const quote = ({ command, args }: Program): string => {
  const line = [command, ...args].join(" ");
  return line.length > 160 ? `${line.slice(0, 160)}...` : line;
};

/** Runs a program to its end. Throws if it fails, or is not done after so many seconds, or if the bench is called off. */
export const run = async (program: Program, limit: number, signal: AbortSignal): Promise<Ended> => {
  const late = AbortSignal.timeout(limit * 1000);
  const begin = performance.now();
  const child = new Deno.Command(program.command, {
    args: [...program.args],
    stdin: program.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.any([signal, late]),
  }).spawn();
  const fed = program.input === undefined ? undefined : feed(child, program.input);
  const { success, code, stdout, stderr } = await child.output();
  const seconds = (performance.now() - begin) / 1000;
  await fed;
  signal.throwIfAborted();
  const errors = new TextDecoder().decode(stderr);
  if (late.aborted) throw new Error(`Cannot wait longer than ${limit} seconds for "${quote(program)}"`);
  if (!success) throw new Error(`Cannot go on: "${quote(program)}" ended with exit code ${code}\n${errors}`);
  return { stdout: new TextDecoder().decode(stdout), stderr: errors, seconds };
};

const feed = async (child: Deno.ChildProcess, input: Uint8Array<ArrayBuffer>): Promise<void> => {
  try {
    await new Response(input).body!.pipeTo(child.stdin);
  } catch (error) {
    // It ended before it had read all: its exit code says why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
};

/** A server that runs until it is disposed of. */
export interface Server extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  /** Its process. */
  readonly pid: number;
}

/** A port on 127.0.0.1 that nobody listens on now. */
const freePort = (): number => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
};

const answers = async (port: number): Promise<boolean> => {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return connection.remoteAddr.transport === "tcp";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
};

/** Starts a server on a free port and waits until it takes connections. Throws if it does not within 10 seconds. */
export const serve = async (program: (port: number) => Program, signal: AbortSignal): Promise<Server> => {
  const port = freePort();
  const { command, args } = program(port);
  const child = new Deno.Command(command, { args: [...args], stdin: "null", stdout: "null", signal }).spawn();
  let hasEnded = false;
  const ended = child.status.finally(() => hasEnded = true);
  const dispose = async (): Promise<void> => {
    if (hasEnded) return;
    child.kill("SIGTERM");
    const kill = setTimeout(() => child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(kill);
  };
  for (let tries = 0; tries < 200 && !hasEnded && !signal.aborted; tries++) {
    if (await answers(port)) return { port, pid: child.pid, [Symbol.asyncDispose]: dispose };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await dispose();
  signal.throwIfAborted();
  throw new Error(`Cannot start "${quote({ command, args })}": nobody answers on port ${port}`);
};
