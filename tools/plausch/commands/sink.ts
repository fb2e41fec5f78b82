/**
 * `plausch sink`: a small honest SMTP server on this machine.
 *
 * @module
 */
import type { ListenError } from "@plausch/net/listen-error";
import * as OpenFailure from "@plausch/net/open-failure";
import * as Maildir from "@plausch/sink/maildir";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { ExitCode } from "../exit_code.ts";
import type { CommandLine, Given, UsageError } from "../options.ts";
import { line } from "../render/transcript.ts";
import { Shell } from "../shell.ts";
import * as Authentication from "../sink/authentication.ts";
import * as Behaviour from "../sink/behaviour.ts";
import * as Show from "../sink/show.ts";
import * as Tls from "../sink/tls.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";

/** What `plausch sink` takes. */
export const commandLine: CommandLine = {
  name: "sink",
  summary: "Runs an SMTP server on this machine that takes every message and keeps it. Ctrl-C stops it.",
  operands: [],
  options: [
    { name: "port", short: "p", value: "PORT", help: "The port to listen on, 0 for any free one; default: 2525" },
    { name: "address", value: "IP", help: "The address to listen on; default: 127.0.0.1, this machine only" },
    { name: "socket", value: "PATH", help: "Listen on a Unix socket at this path instead" },
    { name: "proxy", help: "Expect a PROXY header, v1 or v2, in front of each connection, and believe it" },
    { name: "host", value: "NAME", help: "The name the server gives itself; default: localhost" },
    {
      name: "maildir",
      value: "DIR",
      help: "Keep messages as files in this Maildir; default: in memory, until it stops",
    },
    {
      name: "discard",
      help: "Keep nothing and print nothing of what clients say: a target for load tests, in constant memory",
    },
    { name: "quiet", short: "q", help: "Print messages only, not the conversations" },
    ...Tls.options,
    ...Authentication.options,
    ...Behaviour.options,
  ],
  notes: Behaviour.notes,
  examples: [
    { line: "plausch sink", what: "listen on 127.0.0.1:2525 and show what clients say" },
    { line: "plausch sink --port 2500 --maildir ./mail", what: "keep every message as a file under ./mail/new" },
    {
      line: "plausch sink --tls --auth-user me --auth-password-env PW --require-auth",
      what: "a submission server: STARTTLS, and one user",
    },
    { line: "plausch sink --discard --port 0", what: "something to measure a client with, on any free port" },
    { line: "plausch sink --lmtp --socket ./lmtp.sock", what: "LMTP on a Unix socket" },
    {
      line: "plausch sink --fault 'rcpt#2:550 5.1.1 no such user' --fault final:drop",
      what: "refuse the second recipient, and never answer the message",
    },
  ],
};

const cannotListen = (error: ListenError): Effect.Effect<ExitCode, never, Shell> =>
  Effect.map(Shell, (shell) => {
    const why = OpenFailure.format(OpenFailure.explain(error));
    shell.err(line(shell.paintErr, "***", `Cannot listen on ${error.address}: ${why}`));
    return ExitCode.unreachable;
  });

/** Where to listen: a port, or a path. */
const place = (given: Given): Effect.Effect<Pick<Sink.ListenOptions, "path" | "port" | "address">, UsageError> =>
  Effect.gen(function* () {
    const path = given.value("socket");
    if (path === undefined) {
      const port = yield* Target.portFromString(given.value("port") ?? "2525", 0);
      return { port, address: given.value("address") };
    }
    const other = ["port", "address"].find(given.has);
    return other === undefined
      ? { path }
      : yield* Values.usage(`--socket and --${other} name two places`, "leave one of them out");
  });

/** Where messages go, and how that is said. */
const storage = (given: Given, host: string): Effect.Effect<readonly [Store.Store, string], UsageError> => {
  const maildir = given.value("maildir");
  if (given.has("discard")) {
    return maildir === undefined
      ? Effect.succeed([Store.discard, "messages are not kept"])
      : Values.usage("--discard and --maildir contradict each other", "leave one of them out");
  }
  if (maildir === undefined) return Effect.succeed([Store.memory(), "messages are kept in memory"]);
  // Now, and not when the first message comes and its sender is told to come back later.
  return Maildir.prepare(maildir).pipe(
    Effect.as([Maildir.make(maildir, host), `messages are kept under ${maildir}/new`] as const),
    Effect.catchTag("StoreError", ({ message }) => Values.usage(message, "name a directory that you may write to")),
  );
};

/** Where it listens, as people write it. */
const nameOf = (given: Given, { address, port }: Sink.Sink): string =>
  given.has("socket") ? address : address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** How to talk to it. */
const invitation = (given: Given, sink: Sink.Sink, pin: string | undefined): string => {
  const user = given.value("auth-user");
  const [variable, file] = [given.value("auth-password-env"), given.value("auth-password-file")];
  const source = variable === undefined ? `--password-file ${file}` : `--password-env ${variable}`;
  return [
    "Try: plausch send",
    ...given.has("lmtp") ? ["--lmtp"] : [],
    `${given.has("socket") ? "--socket" : "--server"} ${nameOf(given, sink)}`,
    ...given.has("proxy") ? ["--proxy v2"] : [],
    ...given.has("tls-implicit") ? ["--tls-implicit"] : [],
    ...pin === undefined ? [] : [`--tls-pin ${pin}`],
    ...user === undefined ? [] : [`--user ${user} ${source}`],
    "--to you@x.test --from me@x.test",
  ].join(" ");
};

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const where = yield* place(given);
    const host = yield* Target.hostName(given.value("host") ?? "localhost", "host", "NAME");
    const [store, kept] = yield* storage(given, host);
    const limits = yield* Behaviour.limits(given);
    const offers = yield* Behaviour.offers(given);
    const faults = yield* Behaviour.faults(given);
    const authentication = yield* Authentication.fromOptions(given);
    const security = yield* Tls.fromOptions(given, [host, "localhost", "127.0.0.1", "::1"]);
    const note = (text: string): void => shell.out(line(shell.paint, "===", text));
    const listening = Sink.listen({
      ...where,
      store,
      host,
      limits,
      offers,
      faults,
      authentication,
      tls: security?.tls,
      proxyProtocol: given.has("proxy"),
      protocol: given.has("lmtp") ? "lmtp" : "smtp",
      observe: given.has("discard") ? undefined : Show.make(shell, given.has("quiet")),
    });
    const seed = given.value("seed");
    const sink = yield* seed === undefined ? listening : Random.withSeed(listening, seed);
    note(`Listening on ${nameOf(given, sink)}; ${kept}`);
    note(invitation(given, sink, security?.pin));
    return yield* Effect.never;
  }).pipe(Effect.scoped, Effect.catchTag("ListenError", cannotListen));
