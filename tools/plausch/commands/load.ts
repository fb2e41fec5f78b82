/**
 * `plausch load`: many messages to a server of one's own, and how it took them.
 *
 * @module
 */
import type { LineError } from "@plausch/line/line-error";
import * as Timeouts from "@plausch/session/timeouts";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { type Destination, sentence } from "../chat.ts";
import { ExitCode, fromRecipients } from "../exit_code.ts";
import * as Destinations from "../load/destination.ts";
import * as Mails from "../load/mails.ts";
import * as Pool from "../load/pool.ts";
import * as Run from "../load/run.ts";
import * as Summary from "../load/summary.ts";
import * as Tally from "../load/tally.ts";
import type { CommandLine, Given, Option, UsageError } from "../options.ts";
import { line } from "../render/transcript.ts";
import * as Authentication from "../send/authentication.ts";
import * as Protocol from "../send/protocol.ts";
import * as Tls from "../send/tls.ts";
import { Shell } from "../shell.ts";
import * as Values from "../values.ts";

const loadOptions: ReadonlyArray<Option> = [
  { name: "messages", short: "n", value: "N", help: "How many messages to send; default: 1000" },
  {
    name: "connections",
    short: "c",
    value: "N",
    help: "How many connections to send them over, at one time; default: 1",
  },
  { name: "rate", value: "N", help: "Begin so many messages a second over all connections; default: as many as go" },
  { name: "new-connection", help: "Make a new connection for each message" },
].map((option) => ({ ...option, group: "Load" }));

const serverOptions: ReadonlyArray<Option> = [
  ...Destinations.options,
  { name: "helo", value: "NAME", help: "The name to say in EHLO; default: [127.0.0.1]" },
  { name: "timeout", value: "DURATION", help: "Limit for each answer, like 30s or 5m; default: those of RFC 5321" },
].map((option) => ({ ...option, group: "Server" }));

const protocolOptions: ReadonlySet<string> = new Set([
  "pipeline",
  "no-pipeline",
  "bdat",
  "bdat-size",
  "if-not-offered",
]);

const outputOptions: ReadonlyArray<Option> = [
  { name: "json", help: "Print the summary as JSON, times in milliseconds" },
  { name: "quiet", short: "q", help: "Print the summary in one line, and what went wrong" },
].map((option) => ({ ...option, group: "Output" }));

/** What `plausch load` takes. */
export const commandLine: CommandLine = {
  name: "load",
  summary: "Sends many messages to a server of your own, as fast as it takes them, and measures how it takes them.",
  operands: [],
  options: [
    ...loadOptions,
    ...Mails.options,
    ...serverOptions,
    ...Tls.options.filter(({ name }) => name !== "tls-report"),
    ...Authentication.options,
    ...Protocol.options.filter(({ name }) => protocolOptions.has(name)),
    ...Protocol.bulkOptions,
    ...outputOptions,
  ],
  examples: [
    { line: "plausch load -s localhost:2525 -n 10000 -c 10", what: "ten thousand messages over ten connections" },
    {
      line: "plausch load -s localhost:2525 --rate 200 --size 65536",
      what: "200 messages of 64 KiB a second, over one connection",
    },
    {
      line: "plausch load --lmtp --socket ./lmtp.sock --to 'user{n}@x.test'",
      what: "LMTP, each message to another user",
    },
    {
      line: "plausch load -s mail.x.test:587 --yes-i-own-it --user me --new-connection -n 50",
      what: "log in for each of fifty messages; the server is on the Internet, and yours",
    },
  ],
  notes: [
    "The times: connect is the connection, with its handshake where TLS begins with it; tls is STARTTLS and the " +
    "handshake after it; message is the time from the first octet of a message to its verdict, or, with --rate, from the " +
    "moment in which it was due. Where messages overlap, it includes the wait for the verdict on the one before.",
    "A connection that breaks is made again if anything was sent over it. Ctrl-C ends the load and prints what was " +
    "measured so far.",
    "Exit code: 0 all accepted, 64 wrong usage, 65 bad message or address, 69 unreachable, 75 deferred, 76 protocol " +
    "broken by the peer, 77 TLS or login failed, 81 rejected, 82 some accepted and some not, 83 uncertain, 130 " +
    "interrupted.",
  ],
};

const rate = (given: Given): Effect.Effect<number | undefined, UsageError> => {
  const text = given.value("rate");
  if (text === undefined) return Effect.succeed(undefined);
  const number = /^\d+(\.\d+)?(\/s)?$/.test(text) ? parseFloat(text) : 0;
  const hint = "write --rate N, like 200 or 0.5";
  return Values.demand(number > 0 ? number : undefined, `"${text}" is no number of messages a second`, hint);
};

/** Everything that the options say. The password comes last: nobody types one in vain. */
const loadOf = (
  given: Given,
  messages: number,
  now: () => number,
): Effect.Effect<Run.Load, UsageError | GrammarError | LineError | Destinations.LookupError, Shell> =>
  Effect.gen(function* () {
    const connections = (yield* Values.integer(given, "connections", 1, 10_000)) ?? 1;
    const perSecond = yield* rate(given);
    const limit = yield* Values.duration(given, "timeout");
    const { pipelining, overlap, chunking, unsupported } = yield* Protocol.fromOptions(given);
    const name = given.value("helo") ?? "[127.0.0.1]";
    const host = yield* Values.fromGrammar(Domain.hostFromString(name), "helo", "NAME, or an address in brackets");
    const mails = yield* Mails.fromOptions(given, messages);
    const destinations = yield* Destinations.fromOptions(given);
    const [first] = destinations;
    const server = first !== undefined && "port" in first ? { host: first.name, port: first.port } : undefined;
    const security = yield* Tls.fromOptions(given, server?.port);
    const auth = yield* Authentication.fromOptions(given, server);
    return {
      destinations,
      options: {
        host,
        auth,
        pipelining,
        overlap,
        chunking,
        unsupported,
        protocol: given.has("lmtp") ? "lmtp" : "smtp",
        timeouts: limit === undefined ? Timeouts.defaults : Timeouts.all(limit),
      },
      security,
      connections,
      newConnection: given.has("new-connection"),
      mails,
      pool: Pool.make(messages),
      pace: perSecond === undefined ? undefined : Pool.steady(perSecond, now()),
      now,
    };
  });

const nameOf = (destination: Destination): string => "path" in destination ? destination.path : destination.name;

const refreshed = "100 millis";

/** Shows how far it is, as long as the scope is open. */
const showProgress = (shell: Shell, tally: Tally.Tally, messages: number, now: () => number) =>
  Effect.gen(function* () {
    const { terminal, paintErr } = shell;
    if (terminal === undefined) return;
    yield* Effect.addFinalizer(() => Effect.sync(() => terminal.show("")));
    const show = Effect.sync(() => {
      terminal.show(paintErr("note", Summary.progress(tally, messages, now(), terminal.columns())));
    });
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(refreshed), show)));
  });

const report = (shell: Shell, given: Given, summary: Summary.Summary): void => {
  const { paint, paintErr } = shell;
  if (given.has("json")) return shell.out(JSON.stringify(Summary.json(summary)));
  const lines = given.has("quiet")
    ? [line(paint, "===", Summary.headline(summary))]
    : Summary.lines(paint, summary, shell.terminal?.columns() ?? 80);
  lines.forEach(shell.out);
  for (const fault of Summary.faults(summary)) shell.err(line(paintErr, "***", fault));
};

const exitCode = ({ examples, failures }: Tally.Tally): ExitCode => {
  const [failure] = failures.values();
  return fromRecipients([...examples.values()], failure?.first);
};

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const clock = yield* Clock.Clock;
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1000;
    const messages = (yield* Values.integer(given, "messages", 1, 1_000_000_000)) ?? 1000;
    const load = yield* loadOf(given, messages, now);
    const tally = Tally.make(now());
    const destination = load.destinations[0]!;
    const finish = (isInterrupted: boolean) =>
      Effect.sync(() => {
        const describe = (error: Parameters<typeof sentence>[1]): string => sentence(destination, error);
        const server = nameOf(destination);
        report(shell, given, { server, tally, unsent: load.pool.left, isInterrupted, describe });
      });
    const isTalkative = !given.has("json") && !given.has("quiet");
    const progress = isTalkative ? showProgress(shell, tally, messages, now) : Effect.void;
    yield* Effect.andThen(progress, Run.run(load, tally)).pipe(
      Effect.scoped,
      Effect.onInterrupt(() => finish(true)),
    );
    yield* finish(false);
    return exitCode(tally);
  }).pipe(Effect.catchTags({ GrammarError: badData, LineError: badData, LookupError: unreachable }));

const fail = (code: ExitCode) => (error: { readonly message: string }): Effect.Effect<ExitCode, never, Shell> =>
  Effect.map(Shell, (shell) => {
    shell.err(line(shell.paintErr, "***", error.message));
    return code;
  });

const badData = fail(ExitCode.badData);
const unreachable = fail(ExitCode.unreachable);
