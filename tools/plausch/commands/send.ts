/**
 * `plausch send`: one conversation, or one for each domain of the recipients.
 *
 * @module
 */
import type { LineError } from "@plausch/line/line-error";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Timeouts from "@plausch/session/timeouts";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import { nullPath } from "@plausch/smtp/path";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { type Talk, talkToServer } from "../chat.ts";
import type { CommandModule } from "../cli.ts";
import { ExitCode } from "../exit_code.ts";
import * as Narrator from "../narrator.ts";
import { noResolver } from "../no_resolver.ts";
import { type CommandLine, type Given, type Option, parse, type UsageError } from "../options.ts";
import * as Authentication from "../send/authentication.ts";
import type { Further } from "../send/further.ts";
import * as Journeys from "../send/journey.ts";
import * as Message from "../send/message.ts";
import * as Parameters from "../send/parameters.ts";
import * as Protocol from "../send/protocol.ts";
import * as Proxy from "../send/proxy.ts";
import * as Stops from "../send/stops.ts";
import * as Tls from "../send/tls.ts";
import { Shell } from "../shell.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";

const serverOptions: ReadonlyArray<Option> = [
  ...Target.options,
  { name: "helo", value: "NAME", help: "The name to say in EHLO; default: this host's name" },
  { name: "timeout", value: "DURATION", help: "Limit for each answer, like 30s or 5m; default: those of RFC 5321" },
  ...Proxy.options,
].map((option) => ({ ...option, group: "Server" }));

const outputOptions: ReadonlyArray<Option> = [
  { name: "json", help: "Print events and verdicts as JSON, an object a line" },
  { name: "quiet", short: "q", help: "Print only what went wrong" },
].map((option) => ({ ...option, group: "Output" }));

/** What `plausch send` takes. */
export const commandLine: CommandLine = {
  name: "send",
  summary: "Looks up the mail exchanger, holds a conversation with it and sends a message, showing every word.",
  operands: [],
  options: [
    ...Message.options,
    ...serverOptions,
    ...Tls.options,
    ...Authentication.options,
    ...Parameters.reportOptions,
    ...Journeys.options,
    ...Protocol.options,
    ...Parameters.options,
    ...Stops.options,
    ...outputOptions,
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
    {
      line: "plausch send -s mx.x.test --tls verified --tls-report --quit-after ehlo-tls",
      what: "look at the certificates of a server",
    },
    {
      line: "plausch send -s mail.x.test:587 -t you@y.test -f me@x.test --user me@x.test",
      what: "log in first; the password is asked for",
    },
  ],
  notes: [
    "Mechanisms, the strongest first: SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN take a password; " +
    "OAUTHBEARER and XOAUTH2 take a token for it; EXTERNAL takes --tls-cert, and ANONYMOUS nothing.",
    "A conversation without a message needs neither --to nor --from, but a --server or --socket: one that ends before " +
    "MAIL (--quit-after ehlo), or one that only says something (--say).",
    "Exit code: 0 all accepted, 64 wrong usage, 65 bad message or address, 68 no mail host, 69 unreachable, " +
    "75 deferred, 76 protocol broken by the peer, 77 TLS or login failed, 81 rejected, 82 some accepted and some " +
    "not, 83 uncertain, 130 interrupted.",
  ],
};

const envelope = (
  given: Given,
  mayHaveNone: boolean,
): Effect.Effect<Envelope.Envelope, UsageError | GrammarError> =>
  Effect.gen(function* () {
    const to = given.values("to");
    if (to.length === 0 && mayHaveNone) return { reversePath: nullPath, recipients: [], parameters: {} };
    const hint = "write --from ADDRESS, or --from '<>' for the null sender";
    const from = yield* Values.demand(given.value("from"), "--from is missing", hint);
    yield* Values.demand(to[0], "--to is missing", "write --to ADDRESS");
    const parameters = yield* Parameters.mail(given);
    const rcpt = yield* Parameters.rcpt(given, to.length);
    const made = yield* Effect.fromResult(Envelope.make({ from, to, parameters }));
    return { ...made, recipients: made.recipients.map(({ path }, index) => ({ path, parameters: rcpt[index]! })) };
  });

const heloName = (given: Given): Effect.Effect<string, never, Shell> =>
  Effect.gen(function* () {
    const asked = given.value("helo");
    if (asked !== undefined) return asked;
    const hostname = yield* Effect.flatMap(Shell, (shell) => shell.hostname);
    const isName = hostname !== undefined && Result.isSuccess(Domain.hostFromString(hostname));
    return isName ? hostname : "[127.0.0.1]";
  });

const mode = (given: Given): Narrator.Mode => given.has("json") ? "json" : given.has("quiet") ? "quiet" : "transcript";

/** Everything that the options say of the conversation. The password comes last: nobody types one in vain. */
const talk = (
  given: Given,
  target: Target.Target,
): Effect.Effect<Talk, UsageError | GrammarError | LineError, Shell> =>
  Effect.gen(function* () {
    const isRoute = target._tag === "MailExchanger";
    const stops = yield* Stops.fromOptions(given);
    const limit = yield* Values.duration(given, "timeout");
    if (isRoute && given.has("tls-tlsa")) {
      return yield* Values.usage("--tls-tlsa is the record of one server", "add --server HOST");
    }
    const security = yield* Tls.fromOptions(given, target._tag === "Unix" ? undefined : target.port, isRoute);
    const protocol = yield* Protocol.fromOptions(given);
    const preface = yield* Proxy.fromOptions(given);
    const mayHaveNone = Stops.isWithoutMessage(given, stops) && !isRoute;
    const addressed = yield* envelope(given, mayHaveNone);
    const host = yield* Effect.fromResult(Domain.hostFromString(yield* heloName(given)));
    const content = addressed.recipients.length === 0
      ? yield* Effect.fromResult(Content.make(new Uint8Array()))
      : yield* Message.fromOptions(given, addressed);
    const auth = yield* Authentication.fromOptions(given, target._tag === "Server" ? target : undefined);
    return {
      options: {
        ...protocol,
        ...stops,
        envelope: addressed,
        content,
        host,
        auth,
        protocol: given.has("lmtp") ? "lmtp" : "smtp",
        timeouts: limit === undefined ? Timeouts.defaults : Timeouts.all(limit),
      },
      security,
      preface,
      showsChain: given.has("tls-report"),
    };
  });

const run = (further: Further) => (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const target = yield* Target.fromOptions(given);
    const journey = yield* Journeys.fromOptions(given, target);
    const what = yield* talk(given, target);
    const narrator = Narrator.make(shell, mode(given));
    const [longLine] = what.options.content.longLines;
    if (longLine !== undefined) {
      narrator.note(`Line ${longLine} of the message is longer than 998 octets; servers may refuse it`);
    }
    if (target._tag !== "MailExchanger") {
      const { family, patience, deadline } = journey;
      const destination = target._tag === "Unix" ? target : { name: target.host, ...target, family };
      if (patience === undefined && deadline === undefined) return yield* talkToServer(destination, narrator, what);
      const { talkAgain } = yield* Effect.promise(further.again);
      return yield* talkAgain(destination, narrator, what, journey);
    }
    // Only a look-up needs the DNS; most of what it takes to load is not needed otherwise.
    const { deliver } = yield* Effect.promise(further.deliver);
    return yield* deliver(target, journey, narrator, what);
  }).pipe(Effect.catchTags({ GrammarError: badData, LineError: badData, DnsError: noResolver }));

const badData = (error: Error): Effect.Effect<ExitCode, never, Shell> =>
  Effect.map(Shell, (shell) => {
    shell.err(`${shell.paintErr("failed", "***")} ${error.message}`);
    return ExitCode.badData;
  });

/** The command, and where the rest of it is. */
export const make = (further: Further): CommandModule => ({ commandLine, run: run(further) });

/** Whether arguments ask for no more than one conversation with a server that they name; wrong ones ask for less. */
export const isOneConversation = (args: ReadonlyArray<string>): boolean =>
  Result.match(parse(commandLine, args), {
    onFailure: () => true,
    onSuccess: ({ has }) => ["server", "socket"].some(has) && !["retry", "deadline"].some(has),
  });
