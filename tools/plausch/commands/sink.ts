/**
 * `plausch sink`: a small honest SMTP server on this machine.
 *
 * @module
 */
import type { ListenError } from "@plausch/net/listen-error";
import * as Maildir from "@plausch/sink/maildir";
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import * as Printable from "@plausch/smtp/printable";
import * as Reply from "@plausch/smtp/reply";
import * as Effect from "effect/Effect";
import { ExitCode } from "../exit_code.ts";
import type { CommandLine, Given, UsageError } from "../options.ts";
import { line } from "../render/transcript.ts";
import { Shell } from "../shell.ts";
import * as Target from "../target.ts";

/** What `plausch sink` takes. */
export const commandLine: CommandLine = {
  name: "sink",
  summary: "Runs an SMTP server on this machine that takes every message and keeps it. Ctrl-C stops it.",
  operands: [],
  options: [
    { name: "port", short: "p", value: "PORT", help: "The port to listen on; default: 2525" },
    { name: "address", value: "IP", help: "The address to listen on; default: 127.0.0.1, this machine only" },
    { name: "host", value: "NAME", help: "The name the server gives itself; default: localhost" },
    {
      name: "maildir",
      value: "DIR",
      help: "Keep messages as files in this Maildir; default: in memory, until it stops",
    },
    { name: "quiet", short: "q", help: "Print messages only, not the conversations" },
  ],
  examples: [
    { line: "plausch sink", what: "listen on 127.0.0.1:2525 and show what clients say" },
    { line: "plausch sink --port 2500 --maildir ./mail", what: "keep every message as a file under ./mail/new" },
  ],
};

const show = (shell: Shell, quiet: boolean) => (event: Sink.SinkEvent): void => {
  const { paint } = shell;
  const note = (text: string): void => shell.out(line(paint, "===", text));
  switch (event._tag) {
    case "Connected":
      if (!quiet) note(`#${event.connection} connected from ${event.peer}`);
      return;
    case "Chat": {
      if (quiet) return;
      const { event: chat } = event;
      if (chat._tag === "Heard") return shell.out(line(paint, "<- ", Printable.escape(chat.line)));
      for (const each of Reply.wireLines(chat.reply)) shell.out(line(paint, " ->", Printable.escape(each)));
      return;
    }
    case "Stored": {
      const { id, octets, reversePath, forwardPaths } = event.message;
      const to = forwardPaths.map((path) => Printable.escape(Path.address(path))).join(", ");
      const from = reversePath._tag === "Null" ? "<>" : Printable.escape(Path.address(reversePath));
      return note(`#${event.connection} stored ${id}: ${octets.length} octets from ${from} to ${to}`);
    }
    case "NotStored":
      return shell.err(line(shell.paintErr, "***", `#${event.connection} ${event.error.message}`));
    case "Disconnected":
      if (!quiet) note(`#${event.connection} gone`);
  }
};

const cannotListen = (error: ListenError): Effect.Effect<ExitCode, never, Shell> =>
  Effect.map(Shell, (shell) => {
    shell.err(line(shell.paintErr, "***", error.message));
    return ExitCode.unreachable;
  });

/** Runs the command. */
export const run = (given: Given): Effect.Effect<ExitCode, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const port = yield* Target.portFromString(given.value("port") ?? "2525");
    const host = given.value("host") ?? "localhost";
    const maildir = given.value("maildir");
    const store = maildir === undefined ? Store.memory() : Maildir.make(maildir, host);
    const sink = yield* Sink.listen({
      store,
      port,
      host,
      address: given.value("address"),
      observe: show(shell, given.has("quiet")),
    });
    const where = maildir === undefined ? "in memory" : `under ${maildir}/new`;
    shell.out(line(shell.paint, "===", `Listening on ${sink.address}:${sink.port}; messages are kept ${where}`));
    shell.out(
      line(
        shell.paint,
        "===",
        `Try: plausch send --server ${sink.address}:${sink.port} --to you@x.test --from me@x.test`,
      ),
    );
    return yield* Effect.never;
  }).pipe(Effect.scoped, Effect.catchTag("ListenError", cannotListen));
