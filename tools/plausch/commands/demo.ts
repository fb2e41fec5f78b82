/**
 * `plausch demo`: the whole story on one machine. The zone and the server come along, so it needs no network, no
 * privileges and no set-up.
 *
 * @module
 */
import * as Zone from "@plausch/dns/zone";
import { compose } from "@plausch/message/compose";
import * as Mx from "@plausch/mx/mx";
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import * as Timeouts from "@plausch/session/timeouts";
import type * as Fault from "@plausch/sink/fault";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Domain from "@plausch/smtp/domain";
import * as Octets from "@plausch/smtp/octets";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { ExitCode } from "../exit_code.ts";
import * as Narrator from "../narrator.ts";
import { type CommandLine, type Given, UsageError } from "../options.ts";
import * as MxLines from "../render/mx.ts";
import { talkToExchangers } from "../route.ts";
import type { Security } from "../send/tls.ts";
import { Shell } from "../shell.ts";

/** What `plausch demo` takes. */
export const commandLine: CommandLine = {
  name: "demo",
  summary: "Tells the whole story offline: a look-up, a conversation, and what the server stored.",
  operands: [],
  options: [
    { name: "tls", help: "Encrypt the conversation, with a certificate that is made for it" },
    { name: "json", help: "Print events and verdicts as JSON, an object a line" },
  ],
  examples: [
    { line: "plausch demo", what: "watch a conversation; nothing leaves this machine" },
    { line: "plausch demo --tls", what: "watch how it is encrypted" },
  ],
};

const domain = "plausch.example";
const busyExchanger = `mx.${domain}`;
const exchanger = `mx2.${domain}`;
const sender = `mir@laptop.${domain}`;
const recipient = `mir@${domain}`;

const zone = Zone.layer({
  records: {
    [domain]: { MX: [`10 ${busyExchanger}.`, `20 ${exchanger}.`] },
    [busyExchanger]: { A: "127.0.0.1" },
    [exchanger]: { A: "127.0.0.1" },
  },
});

/** Both mail exchangers are one server. On the first connection it has no time. */
const busy: Fault.Fault = {
  stage: "greeting",
  action: { _tag: "Reply", reply: Reply.make(421, "Too busy, sorry", { class: 4, subject: 3, detail: 2 }) },
  connection: 1,
};

/** The mail exchangers are on this machine, where mail does not go otherwise. */
const here = { allowLocal: true };

/** A server, and what a client has to know to trust it. */
const encryption = Effect.gen(function* () {
  // Making a certificate takes a library of its own: load it only where one is made.
  const Certificate = yield* Effect.promise(() => import("@plausch/sink/certificate"));
  const certificate = yield* Certificate.make([exchanger]);
  const security: Security = { level: "verified", implicit: undefined, options: { ca: certificate.cert } };
  return { tls: { options: certificate }, security };
});

const inClear = { tls: undefined, security: { level: "opportunistic", implicit: undefined, options: {} } } as const;

const next = [
  ["plausch demo --tls", "the same, encrypted"],
  ["plausch mx example.org", "who takes mail for a domain, and why"],
  ["plausch sink", "this server, on port 2525, for your own programs"],
  ["plausch send --server localhost:2525 --to you@x.test --from me@x.test", "talk to it"],
  ["plausch send --help", "everything that can be said"],
] as const;

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const isJson = given.has("json");
    const heading = (text: string): void => {
      if (isJson) return;
      shell.out("");
      shell.out(shell.paint("strong", text));
    };
    const lines = (texts: Iterable<string>): void => {
      if (!isJson) { for (const text of texts) shell.out(text); }
    };

    const store = Store.memory();
    const { tls, security } = given.has("tls") ? yield* encryption : inClear;
    const sink = yield* Sink.listen({ store, host: exchanger, tls, faults: [busy] });
    lines([
      "A chat with a mail server that plausch brought along. The server listens on",
      `this machine, port ${sink.port}; nothing leaves it. In the conversation, -> marks what`,
      `plausch says, <- what it hears, and === what it does${given.has("tls") ? "; ~ stands for TLS" : ""}.`,
    ]);

    heading(`1. Who takes mail for ${domain}?`);
    lines(MxLines.long(shell.paint, yield* Mx.resolve(domain, here), 80));

    heading("2. The conversation; the first server has no time, on purpose");
    const message = yield* compose({
      from: `Mir <${sender}>`,
      to: [`Mir <${recipient}>`],
      subject: "Testmail",
      text: "Ich schreibe mir gerne selber E-Mails.\n",
    });
    const code = yield* talkToExchangers(
      { port: sink.port, route: here },
      Narrator.make(shell, isJson ? "json" : "transcript"),
      {
        options: {
          envelope: yield* Effect.fromResult(Envelope.make({ from: sender, to: [recipient] })),
          content: yield* Effect.fromResult(Content.make(message)),
          host: Result.getOrThrow(Domain.hostFromString(`laptop.${domain}`)),
          timeouts: Timeouts.all("10 seconds"),
        },
        security,
      },
    );

    heading("3. What the server stored");
    for (const { id, octets } of store.messages) {
      const text = Octets.decode(octets).split("\r\n").slice(0, -1);
      lines([`${id}, ${octets.length} octets:`, ...text.map((each) => `  | ${Printable.escape(each)}`)]);
    }

    heading("4. What to try next");
    lines(
      next.filter(([line]) => !given.has("tls") || !line.endsWith("--tls")).flatMap((
        [line, what],
      ) => [`  ${line}`, `      ${what}`]),
    );
    lines(["", "In a checkout, write deno task plausch in place of plausch."]);
    return code;
  }).pipe(
    Effect.scoped,
    Effect.provide(zone),
    Effect.catchTag("ListenError", (error) => Effect.fail(new UsageError({ problem: error.message }))),
    Effect.catchTags({ DnsError: Effect.die, GrammarError: Effect.die, LineError: Effect.die, MxError: Effect.die }),
  );
