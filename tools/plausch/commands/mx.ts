/**
 * `plausch mx`: what `dig -t MX` prints, and the route that follows from it.
 *
 * @module
 */
import * as LiveMtaSts from "@plausch/delivery/live-mta-sts";
import * as Cache from "@plausch/dns/cache";
import * as Live from "@plausch/dns/live";
import { Resolver } from "@plausch/dns/resolver";
import type { MtaSts } from "@plausch/mx/mta-sts";
import * as Mx from "@plausch/mx/mx";
import type { MxError } from "@plausch/mx/mx-error";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as Printable from "@plausch/smtp/printable";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import * as Semaphore from "effect/Semaphore";
import { ExitCode } from "../exit_code.ts";
import { noResolver } from "../no_resolver.ts";
import type { CommandLine, Given, UsageError } from "../options.ts";
import * as MxLines from "../render/mx.ts";
import { explained } from "../render/mx_explained.ts";
import { line } from "../render/transcript.ts";
import { authorities } from "../send/tls.ts";
import { Shell } from "../shell.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";

/** What `plausch mx` takes. */
export const commandLine: CommandLine = {
  name: "mx",
  summary: "Looks up the mail exchangers of domains, and says which of them a message would go to, and why.",
  operands: ["DOMAIN..."],
  options: [
    { name: "explain", group: "Output", help: "Tell of each host: addresses, DNSSEC, TLS policy, the reason" },
    { name: "short", group: "Output", help: "Print preferences and exchangers only, as dig +short does" },
    { name: "json", group: "Output", help: "Print everything as JSON, an object a line" },
    { name: "dns", group: "DNS", value: "IP[:PORT]", help: "Ask this name server; default: the system's" },
    {
      name: "dns-trusted",
      group: "DNS",
      help: "Believe its DNSSEC bit (AD), though it is not on this machine",
    },
    { name: "allow-local", group: "Route", help: "Count local addresses too, such as 127.0.0.1 and 10.0.0.1" },
    {
      name: "self",
      group: "Route",
      value: "NAME",
      many: true,
      help: "This is us: skip it, and all that are no better",
    },
    { name: "port", short: "p", group: "Route", value: "PORT", help: "The port, which TLSA records name; default: 25" },
    { name: "no-dane", group: "Route", help: "Do not ask for TLSA records, by which the DNS says whom to trust" },
    { name: "no-mta-sts", group: "Route", help: "Do not ask for the MTA-STS policy of a domain" },
    {
      name: "mta-sts-port",
      group: "Route",
      value: "PORT",
      help: "Fetch such policies at this port; default: 443; for tests",
    },
    {
      name: "tls-ca",
      group: "Route",
      value: "FILE",
      help: "Trust these authorities (PEM) for them, and not the system's",
    },
    ...Target.familyOptions.map((option) => ({ ...option, group: "Route" })),
    { name: "max-hosts", group: "Route", value: "N", help: "Look up so many hosts at most; default: 10" },
    { name: "max-addresses", group: "Route", value: "N", help: "Keep so many addresses of each; default: 8" },
    { name: "seed", group: "Route", value: "TEXT", help: "Shuffle equal preferences the same way each time" },
  ],
  examples: [
    { line: "plausch mx example.org", what: "what dig would print, and then the route" },
    { line: "plausch mx --explain example.org", what: "host by host: what would be dialled, how safely, and why" },
    { line: "plausch mx --dns 9.9.9.9 bücher.example", what: "ask another name server, in any script" },
    { line: "plausch mx --json example.org example.net", what: "the same for a program" },
  ],
  notes: [
    "Exit code: 0 there is a host to try, 64 wrong usage, 65 not a domain, 68 no mail host, 75 ask again later; of " +
    "several domains the first that is not 0.",
    "The fields of the JSON are explained in docs/guide/route.md.",
  ],
};

/** The exit code that a plan means. */
export const exitCode = (plan: RoutePlan.RoutePlan): ExitCode => {
  const failure = RoutePlan.failure(plan);
  return failure === undefined ? ExitCode.ok : failure.isTemporary ? ExitCode.deferred : ExitCode.noMailHost;
};

const mtaSts = (given: Given): Effect.Effect<MtaSts | undefined, UsageError, Shell | Resolver> =>
  Effect.gen(function* () {
    const port = yield* Values.integer(given, "mta-sts-port", 1, 65535);
    const ca = yield* authorities(given);
    const allowLocal = given.has("allow-local");
    return given.has("no-mta-sts") ? undefined : yield* LiveMtaSts.make(yield* Resolver, { allowLocal, ca, port });
  });

const options = (given: Given): Effect.Effect<Mx.ResolveOptions, UsageError, Shell | Resolver> =>
  Effect.gen(function* () {
    const port = given.value("port");
    return {
      allowLocal: given.has("allow-local"),
      dane: !given.has("no-dane"),
      mtaSts: yield* mtaSts(given),
      selfNames: yield* Effect.forEach(given.values("self"), (name) => Target.hostName(name, "self", "NAME")),
      family: yield* Target.family(given),
      maxHosts: yield* Values.integer(given, "max-hosts", 1, 1000),
      maxAddresses: yield* Values.integer(given, "max-addresses", 1, 1000),
      port: port === undefined ? undefined : yield* Target.portFromString(port),
    };
  });

/** One form of output at most. */
const formed = (given: Given): Effect.Effect<void, UsageError> => {
  const [one, other] = ["json", "short", "explain"].filter(given.has);
  return other === undefined
    ? Effect.void
    : Values.usage(`--${one} and --${other} are two ways to print one plan`, "leave one of them out");
};

const lines = (shell: Shell, given: Given, plan: RoutePlan.RoutePlan): ReadonlyArray<string> => {
  if (given.has("json")) return [JSON.stringify(MxLines.json(plan))];
  if (given.has("short")) return MxLines.short(plan);
  // What goes into a file or a pipe is not cut into lines.
  const columns = shell.terminal?.columns() ?? Infinity;
  return (given.has("explain") ? explained : MxLines.long)(shell.paint, plan, columns);
};

/** Who gives an address means its domain. */
const domainOf = (text: string): string => {
  const domain = text.slice(text.lastIndexOf("@") + 1);
  return domain === text || domain === "" ? "" : `; its domain is ${Printable.escape(domain)}`;
};

const tellBad = (shell: Shell, given: Given, error: MxError): ExitCode => {
  if (given.has("json")) {
    const { domain, reason, message } = error;
    shell.out(JSON.stringify({ domain, error: { reason, temporary: false, message } }));
  } else shell.err(line(shell.paintErr, "***", `${error.message}${domainOf(error.domain)}`));
  return ExitCode.badData;
};

const concurrency = 8;

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    yield* formed(given);
    const rules = yield* options(given);
    const seed = given.value("seed");
    const few = yield* Semaphore.make(concurrency);
    // Each domain is shuffled by itself, so that its order is the same whatever other domains are asked for.
    const resolve = (domain: string) => {
      const plan = Effect.result(Mx.resolve(domain, rules));
      return few.withPermit(seed === undefined ? plan : Random.withSeed(plan, seed));
    };
    const fibers = yield* Effect.forEach(given.operands, (domain) => Effect.forkChild(resolve(domain)));
    let code: ExitCode = ExitCode.ok;
    for (const [at, fiber] of fibers.entries()) {
      const plan = yield* Fiber.join(fiber);
      if (at > 0 && !given.has("json") && !given.has("short")) shell.out("");
      if (Result.isSuccess(plan)) lines(shell, given, plan.success).forEach(shell.out);
      const one = Result.isSuccess(plan) ? exitCode(plan.success) : tellBad(shell, given, plan.failure);
      if (code === ExitCode.ok) code = one;
    }
    return code;
  }).pipe(
    Effect.provide(Layer.provide(Cache.layer(), Live.layer(Target.dns(given)))),
    Effect.catchTag("DnsError", noResolver),
  );
