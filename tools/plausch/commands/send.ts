/**
 * `plausch send`: one conversation, or one for each domain of the recipients.
 *
 * @module
 */
import * as Live from "@plausch/dns/live";
import type { LineEndPolicy } from "@plausch/line/dot-stuffing";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import * as Content from "@plausch/session/content";
import type { StopAfter } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import * as Timeouts from "@plausch/session/timeouts";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import { type Mode, narrator } from "../chat.ts";
import { ExitCode } from "../exit_code.ts";
import { type CommandLine, type Given, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import { noResolver } from "./mx.ts";
import { talkToExchangers, talkToServer } from "../route.ts";
import * as Target from "../target.ts";

/** What `plausch send` takes. */
export const commandLine: CommandLine = {
  name: "send",
  summary: "Looks up the mail exchanger, holds a conversation with it and sends a message, showing every word.",
  operands: [],
  options: [
    { name: "to", short: "t", value: "ADDRESS", many: true, help: "A recipient" },
    { name: "from", short: "f", value: "ADDRESS", help: "The sender; <> for the null sender" },
    {
      name: "server",
      short: "s",
      value: "HOST[:PORT]",
      help: "Talk to this server; default: the domain's mail exchanger",
    },
    { name: "port", short: "p", value: "PORT", help: "The port of the mail exchanger; default: 25" },
    { name: "dns", value: "IP[:PORT]", help: "Ask this name server; default: the system's" },
    { name: "helo", value: "NAME", help: "The name to say in EHLO; default: this host's name" },
    { name: "subject", value: "TEXT", help: "The subject of the message" },
    { name: "body", value: "TEXT|@FILE|-", help: "The text of the message; - reads standard input" },
    { name: "header", value: "'NAME: VALUE'", many: true, help: "A header field; takes the place of a default one" },
    { name: "data", value: "@FILE|-", help: "A whole message, sent as it is; nothing is added" },
    {
      name: "line-ends",
      value: "POLICY",
      help: "normalize: lone CR and LF become CRLF (default); strict: refuse them",
    },
    { name: "quit-after", value: "STAGE", help: "Say QUIT after greeting, ehlo, mail or rcpt; send no message" },
    { name: "timeout", value: "DURATION", help: "Limit for each answer, like 30s or 5m; default: those of RFC 5321" },
    { name: "json", help: "Print events and verdicts as JSON, an object a line" },
    { name: "quiet", short: "q", help: "Print only what went wrong" },
  ],
  examples: [
    {
      line: "plausch send --to someone@example.org --from me@example.com",
      what: "find the mail exchanger of example.org and send it a short test message",
    },
    {
      line: "plausch send -s localhost:2525 -t you@x.test -f me@x.test --quit-after rcpt",
      what: "ask whether a server would take the recipient, without sending anything",
    },
    {
      line: "plausch send -s mx.x.test -t you@x.test -f '<>' --data @letter.eml",
      what: "send a message file as it is, from the null sender",
    },
  ],
  notes: [
    "Exit code: 0 all accepted, 64 wrong usage, 65 bad message or address, 68 no mail host, 69 unreachable, " +
    "75 deferred, 76 protocol broken by the peer, 81 rejected, 82 some accepted and some not, 83 uncertain, " +
    "130 interrupted.",
  ],
};

const stops: { readonly [name: string]: StopAfter } = {
  connect: "greeting",
  banner: "greeting",
  greeting: "greeting",
  ehlo: "ehlo",
  helo: "ehlo",
  mail: "mail",
  rcpt: "rcpt",
};

const demand = <A>(value: A | undefined, problem: string, hint: string): Effect.Effect<A, UsageError> =>
  value === undefined ? Effect.fail(new UsageError({ problem, hint })) : Effect.succeed(value);

const stopAfter = (given: Given): Effect.Effect<StopAfter | undefined, UsageError> => {
  const name = given.value("quit-after")?.toLowerCase();
  if (name === undefined) return Effect.succeed(undefined);
  const stop = Object.hasOwn(stops, name) ? stops[name] : undefined;
  return demand(stop, `"${name}" is no stage to quit after`, "write greeting, ehlo, mail or rcpt");
};

/** `30s`, `5m`, `1h`, `500ms`, and everything that effect reads, such as `30 seconds`. */
const timeouts = (given: Given): Effect.Effect<Timeouts.Timeouts, UsageError> => {
  const text = given.value("timeout");
  if (text === undefined) return Effect.succeed(Timeouts.defaults);
  const units: { readonly [unit: string]: string } = { ms: "millis", s: "seconds", m: "minutes", h: "hours" };
  const short = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const input = short === null ? text.trim() : `${short[1]} ${units[short[2] ?? "s"]}`;
  const limit = Option.getOrUndefined(Duration.fromInput(input as Duration.Input));
  const isUsable = limit !== undefined && Duration.toMillis(limit) > 0 && Duration.isFinite(limit);
  return Effect.map(
    demand(isUsable ? limit : undefined, `"${text}" is no time limit`, "write it like 30s, 5m or 1h"),
    Timeouts.all,
  );
};

const lineEnds = (given: Given): Effect.Effect<LineEndPolicy, UsageError> => {
  const policy = given.value("line-ends") ?? "normalize";
  const isPolicy = policy === "normalize" || policy === "strict";
  return demand(isPolicy ? policy : undefined, `"${policy}" is no policy for line ends`, "write normalize or strict");
};

/** Text given as it is, as `@FILE`, or as `-` for standard input. */
const octetsOf = (text: string): Effect.Effect<Uint8Array, UsageError, Shell> =>
  Effect.flatMap(Shell, (shell) => {
    if (text === "-") return shell.readInput;
    if (text.startsWith("@")) return shell.readFile(text.slice(1));
    return Effect.succeed(new TextEncoder().encode(text));
  });

const fields = (given: Given): Effect.Effect<ReadonlyArray<readonly [string, string]>, UsageError> =>
  Effect.forEach(given.values("header"), (field) => {
    const colon = field.indexOf(":");
    const pair = colon <= 0 ? undefined : [field.slice(0, colon).trim(), field.slice(colon + 1).trim()] as const;
    return demand(pair, `"${field}" is no header field`, "write it like 'X-Mark: 1'");
  });

const message = (
  given: Given,
  envelope: Envelope.Envelope,
): Effect.Effect<Uint8Array, UsageError | GrammarError, Shell> =>
  Effect.gen(function* () {
    const data = given.value("data");
    if (data !== undefined) {
      const other = ["subject", "body", "header"].find((name) => given.values(name).length > 0);
      if (other !== undefined) {
        const hint = "put it into the message, or leave --data out";
        return yield* Effect.fail(new UsageError({ problem: `--${other} cannot change what --data sends`, hint }));
      }
      if (data !== "-" && !data.startsWith("@")) {
        const hint = "write --data @FILE, or --data - for standard input";
        return yield* Effect.fail(new UsageError({ problem: "--data takes a file", hint }));
      }
      return yield* octetsOf(data);
    }
    const from = Path.address(envelope.reversePath);
    const text = yield* octetsOf(given.value("body") ?? "This is a test message, sent with plausch.\n");
    // Composing takes a MIME library: load it only where a message is composed.
    const { compose } = yield* Effect.promise(() => import("@plausch/message/compose"));
    return yield* compose({
      from: from === "" ? "MAILER-DAEMON" : from,
      to: envelope.recipients.map(({ path }) => Path.address(path)),
      subject: given.value("subject") ?? "Test message from plausch",
      text: new TextDecoder().decode(text),
      fields: yield* fields(given),
    });
  });

const heloName = (given: Given): Effect.Effect<string, never, Shell> =>
  Effect.gen(function* () {
    const asked = given.value("helo");
    if (asked !== undefined) return asked;
    const hostname = yield* Effect.flatMap(Shell, (shell) => shell.hostname);
    const isName = hostname !== undefined && Result.isSuccess(Domain.hostFromString(hostname));
    return isName ? hostname : "[127.0.0.1]";
  });

const mode = (given: Given): Mode => given.has("json") ? "json" : given.has("quiet") ? "quiet" : "transcript";

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const hint = "write --from ADDRESS, or --from '<>' for the null sender";
    const from = yield* demand(given.value("from"), "--from is missing", hint);
    yield* demand(given.value("to"), "--to is missing", "write --to ADDRESS");
    const target = yield* Target.fromOptions(given);
    const policy = yield* lineEnds(given);
    const limits = yield* timeouts(given);
    const stop = yield* stopAfter(given);
    const envelope = yield* Effect.fromResult(Envelope.make({ from, to: given.values("to") }));
    const host = yield* Effect.fromResult(Domain.hostFromString(yield* heloName(given)));
    const content = yield* Effect.fromResult(Content.make(yield* message(given, envelope), policy));
    const talk = { envelope, content, host, timeouts: limits, stopAfter: stop };
    const voice = narrator(shell, mode(given));
    const [longLine] = content.longLines;
    if (longLine !== undefined) {
      voice.note(`Line ${longLine} of the message is longer than 998 octets; servers may refuse it`);
    }
    if (target._tag === "Server") return yield* talkToServer(target, voice, talk);
    const resolver = Live.layer({ servers: target.nameServers });
    return yield* talkToExchangers(target.port, voice, talk).pipe(Effect.provide(resolver));
  }).pipe(Effect.catchTags({ GrammarError: badData, LineError: badData, DnsError: noResolver, MxError: badData }));

const badData = (error: Error): Effect.Effect<ExitCode, never, Shell> =>
  Effect.map(Shell, (shell) => {
    shell.err(`${shell.paintErr("failed", "***")} ${error.message}`);
    return ExitCode.badData;
  });
