/**
 * Clients that other people wrote against our sink: what they send is what is stored, and what we refuse shows in their exit code.
 *
 * A client that is not installed is skipped; with PLAUSCH_PEERS=required it is a failure.
 */
import * as Sink from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import { Buffer } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientTest, find, run } from "./_clients.ts";

/** What a client is to send, and where. */
interface Task {
  readonly port: number;
  readonly to: ReadonlyArray<string>;
  /** A file with the message in LF lines, and one in CRLF lines. */
  readonly lf: string;
  readonly crlf: string;
}

interface Client {
  readonly program: string;
  readonly name: string;
  readonly run: (task: Task) => { readonly args: ReadonlyArray<string>; readonly input?: string };
  /** How often the message is sent; default: once. */
  readonly times?: number;
  /** Swaks and smtp-source add an empty line to every message. */
  readonly addsLine?: true;
  /** Its exit codes: one of two recipients refused for good, all refused, all put off. */
  readonly exits: { readonly some: number; readonly all: number; readonly later: number };
  /** Whether the other recipient still gets the message. */
  readonly sendsToOthers: boolean;
}

const swaks = (...options: ReadonlyArray<string>): Client["run"] => ({ port, to, lf }) => ({
  args: [
    ...["--server", "127.0.0.1", "--port", `${port}`, "--helo", "c.test", "--from", "a@c.test", "--to", to.join()],
    ...["--data", `@${lf}`, ...options],
  ],
});

const clients: ReadonlyArray<Client> = [
  {
    name: "swaks",
    program: "swaks",
    run: swaks(),
    addsLine: true,
    exits: { some: 0, all: 24, later: 24 },
    sendsToOthers: true,
  },
  {
    name: "swaks with pipelining",
    program: "swaks",
    run: swaks("--pipeline"),
    addsLine: true,
    exits: { some: 0, all: 24, later: 24 },
    sendsToOthers: true,
  },
  {
    name: "curl",
    program: "curl",
    run: ({ port, to, crlf }) => ({
      args: [
        ...["--silent", "--url", `smtp://127.0.0.1:${port}/c.test`, "--mail-from", "a@c.test"],
        ...[...to.flatMap((address) => ["--mail-rcpt", address]), "--upload-file", crlf],
      ],
    }),
    exits: { some: 55, all: 55, later: 55 },
    sendsToOthers: false,
  },
  {
    name: "msmtp, which pipelines",
    program: "msmtp",
    run: ({ port, to, lf }) => ({
      args: [
        ...["--host=127.0.0.1", `--port=${port}`, "--domain=c.test", "--from=a@c.test", "--tls=off", "--auth=off"],
        ...["--timeout=10", "--", ...to],
      ],
      input: lf,
    }),
    exits: { some: 65, all: 65, later: 69 },
    sendsToOthers: false,
  },
  {
    name: "smtp-source, three messages over two connections",
    program: "smtp-source",
    run: ({ port, to, lf }) => ({
      args: [
        ...["-m", "3", "-s", "2", "-M", "c.test", "-f", "a@c.test", "-F", lf],
        // It knows but one recipient.
        ...["-t", to.at(-1)!, `127.0.0.1:${port}`],
      ],
    }),
    times: 3,
    addsLine: true,
    exits: { some: 1, all: 1, later: 1 },
    sendsToOthers: false,
  },
];

const refusals: Readonly<Record<string, Reply.Reply>> = {
  "no@d.test": Reply.make(550, "5.1.1 nobody of that name"),
  "later@d.test": Reply.make(450, "4.2.0 come back later"),
};

/** A message that a careless server would change, in LF lines. From, Date and Message-ID are there, so no client adds them. */
const message = [
  "From: a@c.test",
  "To: b@d.test",
  "Date: Mon, 23 Nov 2026 20:29:47 +0000",
  "Message-ID: <1@c.test>",
  "Subject: folded",
  " twice",
  "   over",
  "",
  ".",
  "..",
  ".dots",
  " \t trailing blanks \t ",
  "From the start of a line",
  "utf-8 \u00e9 \u7528, controls \u0001\u001b\u007f",
  "b".repeat(998),
  "",
  "",
  ".",
  "end",
  "",
].join("\n");
const asSent = message.replaceAll("\n", "\r\n");

/** Lets a client send the message to a sink of its own. */
const send = async (client: Client, program: string, to: ReadonlyArray<string>) => {
  const folder = await mkdtemp(join(tmpdir(), "plausch-clients-"));
  try {
    const [lf, crlf] = [join(folder, "lf"), join(folder, "crlf")];
    await writeFile(lf, message);
    await writeFile(crlf, asSent);
    const store = Store.memory();
    const policy = { recipient: (path: Path.ForwardPath) => refusals[Path.address(path)] };
    const { code, output } = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { port } = yield* Sink.listen({ store, host: "sink.test", policy });
      const { args, input } = client.run({ port, to, lf, crlf });
      return yield* Effect.promise(() => run(program, args, input === undefined ? undefined : Buffer.from(message)));
    })));
    const kept = store.messages.map(({ octets, reversePath, forwardPaths }) => {
      assert(reversePath._tag === "Mailbox");
      return {
        from: Path.address(reversePath),
        to: forwardPaths.map(Path.address),
        text: Buffer.from(octets).toString(),
      };
    });
    return { code, output, kept };
  } finally {
    await rm(folder, { recursive: true });
  }
};

for (const client of clients) {
  const { name, times = 1, addsLine, exits, sendsToOthers } = client;
  const program = await find(client.program);
  const isSingle = client.program === "smtp-source";

  clientTest(`${name}: what is stored is what it sent`, client.program, program, async (program) => {
    const to = isSingle ? ["b@d.test"] : ["b@d.test", "c@d.test"];
    const { code, output, kept } = await send(client, program, to);
    assertEquals(code, 0, output);
    const text = addsLine ? `${asSent}\r\n` : asSent;
    assertEquals(kept, Array.from({ length: times }, () => ({ from: "a@c.test", to, text })));
  });

  clientTest(`${name}: a recipient that is refused for good is seen`, client.program, program, async (program) => {
    const { code, output, kept } = await send(client, program, ["b@d.test", "no@d.test"]);
    assertEquals(code, exits.some, output);
    assertEquals(kept.map(({ to }) => to), sendsToOthers ? [["b@d.test"]] : []);
  });

  clientTest(`${name}: it fails when nobody is left to send to`, client.program, program, async (program) => {
    for (const [to, exit] of [["no@d.test", exits.all], ["later@d.test", exits.later]] as const) {
      const { code, output, kept } = await send(client, program, [to]);
      assertEquals(code, exit, output);
      assertEquals(kept, []);
    }
  });
}

clientTest("curl says SMTPUTF8 for international addresses", "curl", await find("curl"), async (program) => {
  const store = Store.memory();
  const { code, output } = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { port } = yield* Sink.listen({ store });
    const args = ["--silent", "--url", `smtp://127.0.0.1:${port}/c.test`, "--mail-from", "\u00e4@c.test"];
    args.push("--mail-rcpt", "\u7528@d.test", "--upload-file", "-");
    return yield* Effect.promise(() => run(program, args, Buffer.from("Subject: t\r\n\r\nhi\r\n")));
  })));
  assertEquals(code, 0, output);
  assertEquals(store.messages.map(({ protocol, forwardPaths }) => [protocol, ...forwardPaths.map(Path.address)]), [
    ["UTF8SMTP", "\u7528@d.test"],
  ]);
});
