/**
 * `plausch mx`: what `dig -t MX` prints, and the route that follows from it.
 *
 * @module
 */
import * as Live from "@plausch/dns/live";
import * as Mx from "@plausch/mx/mx";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Effect from "effect/Effect";
import { ExitCode } from "../exit_code.ts";
import { noResolver } from "../no_resolver.ts";
import type { CommandLine, Given, UsageError } from "../options.ts";
import * as MxLines from "../render/mx.ts";
import { line } from "../render/transcript.ts";
import { Shell } from "../shell.ts";
import * as Target from "../target.ts";

/** What `plausch mx` takes. */
export const commandLine: CommandLine = {
  name: "mx",
  summary: "Looks up the mail exchangers of a domain, and says which of them a message would go to, and why.",
  operands: ["DOMAIN"],
  options: [
    { name: "dns", value: "IP[:PORT]", help: "Ask this name server; default: the system's" },
    { name: "allow-local", help: "Count local addresses too, such as 127.0.0.1 and 10.0.0.1" },
    { name: "short", help: "Print preferences and exchangers only, as dig +short does" },
    { name: "json", help: "Print everything as JSON" },
  ],
  examples: [
    { line: "plausch mx example.org", what: "what dig would print, and then the route" },
    { line: "plausch mx --dns 9.9.9.9 bücher.example", what: "ask another name server, in any script" },
    { line: "plausch mx --json example.org", what: "the same for a program" },
  ],
  notes: ["Exit code: 0 there is a host to try, 64 wrong usage, 65 not a domain, 68 no mail host, 75 ask again later."],
};

/** The exit code that a plan means. */
export const exitCode = (plan: RoutePlan.RoutePlan): ExitCode => {
  const failure = RoutePlan.failure(plan);
  return failure === undefined ? ExitCode.ok : failure.isTemporary ? ExitCode.deferred : ExitCode.noMailHost;
};

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const plan = yield* Mx.resolve(given.operands[0]!, { allowLocal: given.has("allow-local") }).pipe(
      Effect.provide(Live.layer({ servers: Target.nameServers(given) })),
    );
    const lines = given.has("json")
      ? [JSON.stringify(MxLines.json(plan), null, 2)]
      : given.has("short")
      ? MxLines.short(plan)
      : MxLines.long(shell.paint, plan);
    lines.forEach(shell.out);
    return exitCode(plan);
  }).pipe(
    Effect.catchTags({
      DnsError: noResolver,
      MxError: (error) =>
        Effect.map(Shell, (shell): ExitCode => {
          shell.err(line(shell.paintErr, "***", error.message));
          return ExitCode.badData;
        }),
    }),
  );
