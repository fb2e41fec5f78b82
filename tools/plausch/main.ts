/**
 * The command line of plausch: chat with SMTP servers the way a careful person with `dig` and `telnet` would.
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-sys jsr:@plausch/cli send --to someone@example.org --from me@example.org
 * ```
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { run } from "./cli.ts";
import { type ExitCode, fromExit } from "./exit_code.ts";
import * as Options from "./options.ts";
import { colours, plain } from "./render/paint.ts";
import type { Shell } from "./shell.ts";

const isWanted = (stream: { readonly isTerminal: () => boolean }): boolean => {
  // Without permission to read it, NO_COLOR counts as set: plain text is never wrong.
  const noColor = Deno.permissions.querySync({ name: "env", variable: "NO_COLOR" }).state === "granted"
    ? Deno.env.get("NO_COLOR")
    : "unknown";
  return stream.isTerminal() && (noColor === undefined || noColor === "");
};

const encoder = new TextEncoder();
const print = (stream: { readonly writeSync: (octets: Uint8Array) => number }) => (text: string): void => {
  try {
    for (let octets = encoder.encode(`${text}\n`); octets.length > 0;) {
      octets = octets.subarray(stream.writeSync(octets));
    }
  } catch (error) {
    // The reader has gone, as with `plausch … | head -1`: there is nobody left to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
};

const unreadable = (what: string) => (cause: unknown): Options.UsageError =>
  new Options.UsageError({ problem: `Cannot read ${what}: ${cause instanceof Error ? cause.message : String(cause)}` });

const shell: Shell = {
  out: print(Deno.stdout),
  err: print(Deno.stderr),
  paint: isWanted(Deno.stdout) ? colours : plain,
  paintErr: isWanted(Deno.stderr) ? colours : plain,
  readFile: (path) => Effect.tryPromise({ try: () => Deno.readFile(path), catch: unreadable(`"${path}"`) }),
  readInput: Effect.tryPromise({
    try: () => new Response(Deno.stdin.readable).bytes(),
    catch: unreadable("standard input"),
  }),
  hostname: Effect.sync(() => {
    const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
    return state === "granted" ? Deno.hostname() : undefined;
  }),
};

const report = (exit: Exit.Exit<ExitCode>): void => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return;
  shell.err("*** This is a bug of plausch; please report it together with these lines:");
  shell.err(Cause.pretty(exit.cause));
};

if (import.meta.main) {
  const fiber = Effect.runFork(run(Deno.args, shell));
  const interrupt = (): void => fiber.interruptUnsafe();
  const signals: ReadonlyArray<Deno.Signal> = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  const exit = await Effect.runPromise(Fiber.await(fiber));
  report(exit);
  Deno.exit(fromExit(exit));
}
