import * as Limits from "@plausch/sink/limits";
import type * as Sink from "@plausch/sink/sink";
import type { MemoryStore } from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { run } from "../../tools/plausch/cli.ts";
import { commands } from "../../tools/plausch/commands.ts";
import { commandLine } from "../../tools/plausch/commands/load.ts";
import { fromExit } from "../../tools/plausch/exit_code.ts";
import { Lookup } from "../../tools/plausch/load/destination.ts";
import { withSinkCommand } from "../peers/_sink_command.ts";
import {
  alice,
  assertSecret,
  everything,
  faults,
  fixture,
  plausch,
  plauschProcess,
  type Ran,
  shellFor,
  spkiOf,
  type Surroundings,
  withServer,
  withSink,
} from "./_cli.ts";

/** The data of a summary, as far as tests look at it. */
interface Summary {
  readonly server: string;
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly connections: number;
  readonly messages: { readonly [what: string]: number };
  readonly messagesPerSecond: number;
  readonly octetsPerSecond: number;
  readonly verdicts: { readonly [verdict: string]: number };
  readonly stages: {
    readonly [stage: string]: {
      readonly [figure: string]: number;
    } & { readonly histogram: ReadonlyArray<{ readonly from: number; readonly to: number; readonly count: number }> };
  };
  readonly refusals: ReadonlyArray<{ readonly times: number; readonly message: string }>;
  readonly failures: ReadonlyArray<{ readonly times: number; readonly reason: string; readonly message: string }>;
}

const summary = ({ out, err }: Ran): Summary => {
  assertEquals(err, "");
  return JSON.parse(out);
};

const here = ({ port }: Sink.Sink): string => `127.0.0.1:${port}`;

/** What a flag does, shown against a sink that offers everything. */
interface Case {
  /** What follows `plausch load --json --messages 3 --server …`. */
  readonly args: ReadonlyArray<string>;
  /** All arguments, in place of those. */
  readonly instead?: (sink: Sink.Sink) => ReadonlyArray<string>;
  readonly sink?: Partial<Sink.ListenOptions>;
  /** What is done in place of all this. */
  readonly alone?: () => Promise<void>;
  readonly around?: Surroundings;
  /** Default: 0. */
  readonly code?: number;
  readonly check: (ran: Ran, store: MemoryStore) => void;
}

const password = ["--user", alice.user, "--password-env", "PW"];
const around = { env: { PW: alice.password } };
const certificate = ["--tls-cert", fixture("client.pem"), "--tls-key", fixture("client.key")];
const failsWith = (problem: string): Case["check"] => ({ err }) => assertStringIncludes(err, problem);
const stages = (...names: ReadonlyArray<string>): Case["check"] => (ran) =>
  assertEquals(Object.keys(summary(ran).stages), names);
const said = (ran: Ran, refusal: string): void => assertStringIncludes(JSON.stringify(summary(ran)), refusal);
const usage = (problem: string, ...args: ReadonlyArray<string>): Case => ({
  args,
  code: 64,
  check: failsWith(problem),
});

/** One case for each flag. */
const cases: { readonly [flag: string]: Case } = {
  messages: {
    args: ["-n", "5"],
    instead: (sink) => ["-s", here(sink), "-n", "5", "--json"],
    check: (ran, store) => assertEquals([summary(ran).messages.settled, store.messages.length], [5, 5]),
  },
  connections: {
    args: ["-c", "2"],
    check: (ran) => assertEquals([summary(ran).connections, summary(ran).messages.settled], [2, 3]),
  },
  rate: {
    args: ["--rate", "20/s"],
    check: (ran) => {
      const { seconds, messages } = summary(ran);
      assertEquals(messages.settled, 3);
      assert(seconds >= 0.1, `three messages, 50 ms apart: ${seconds} s`);
    },
  },
  "new-connection": {
    args: ["--new-connection"],
    check: (ran) => {
      const { connections, stages } = summary(ran);
      assertEquals([connections, stages["greeting"]!["count"], stages["message"]!["count"]], [3, 3, 3]);
    },
  },
  from: {
    args: ["--from", "a{n}@x.test"],
    check: (_ran, { messages }) =>
      assertEquals(messages.map(({ reversePath }) => Path.address(reversePath)), [
        "a1@x.test",
        "a2@x.test",
        "a3@x.test",
      ]),
  },
  to: {
    args: ["--to", "b{n}@x.test"],
    check: (_ran, { messages }) =>
      assertEquals(messages.map(({ forwardPaths }) => forwardPaths.map(Path.address).join()), [
        "b1@x.test",
        "b2@x.test",
        "b3@x.test",
      ]),
  },
  recipients: {
    args: ["--recipients", "4"],
    check: (ran, { messages }) => {
      assertEquals([summary(ran).verdicts["accepted"], summary(ran).messages["accepted"]], [12, 3]);
      assertEquals(messages[2]!.forwardPaths.map(Path.address).at(-1), "to4@load.test");
    },
  },
  size: {
    args: ["--size", "3000"],
    check: (ran, { messages }) => {
      assertEquals(messages.map(({ octets }) => octets.length), [3000, 3000, 3000]);
      const { octetsPerSecond, messagesPerSecond } = summary(ran);
      assertEquals(Math.round(octetsPerSecond / messagesPerSecond), 3000);
    },
  },
  data: {
    args: ["--data", "-"],
    around: { stdin: "Subject: t\r\n\r\nhallo\r\n" },
    check: (_ran, { messages }) =>
      assertEquals(
        messages.map(({ octets }) => new TextDecoder().decode(octets)).at(-1),
        "Subject: t\r\n\r\nhallo\r\n",
      ),
  },
  server: { args: [], check: (ran) => assertEquals(summary(ran).server, "127.0.0.1") },
  port: {
    args: [],
    instead: ({ port }) => ["-s", "127.0.0.1", "--port", `${port}`, "-n", "1", "--json"],
    check: (ran) => assertEquals(summary(ran).messages["accepted"], 1),
  },
  // Deno has no permission for all Unix sockets of a folder: both sides are processes of their own.
  socket: {
    args: [],
    alone: () =>
      withSinkCommand(["--socket", "{folder}/sink"], async ({ folder }) => {
        const ran = await plauschProcess(["load", "--socket", `${folder}/sink`, "-n", "3", "--json"]);
        assertEquals([ran.code, summary(ran).server], [0, `${folder}/sink`]);
        assertEquals(summary(ran).messages["accepted"], 3);
      }),
    check: () => {},
  },
  lmtp: {
    args: ["--lmtp", "--recipients", "2"],
    sink: { protocol: "lmtp", faults: faults("final#2:450 4.2.1 later") },
    code: 82,
    check: (ran) => {
      const { verdicts, messages } = summary(ran);
      assertEquals(verdicts, { accepted: 5, rejected: 0, deferred: 1, uncertain: 0 });
      assertEquals([messages["settled"], messages["accepted"]], [3, 3]);
    },
  },
  "yes-i-own-it": {
    args: [],
    alone: async () => {
      const args = ["load", "-s", "192.0.2.25:25", "-n", "1", "--timeout", "100ms", "--json"];
      const refused = await plausch(args);
      assertEquals([refused.code, refused.out], [64, ""]);
      const allowed = await plausch([...args, "--yes-i-own-it"]);
      assertEquals(allowed.code, 69);
      assertEquals(summary(allowed).failures.length, 1);
    },
    check: () => {},
  },
  helo: {
    args: ["--helo", "somebody.test"],
    check: (_ran, { messages }) => assertEquals(messages[0]!.helo, "somebody.test"),
  },
  timeout: {
    args: ["--timeout", "100ms"],
    sink: { faults: faults("mail:stall") },
    code: 75,
    check: (ran) => assertEquals(summary(ran).failures.map(({ reason }) => reason), ["Timeout"]),
  },
  tls: {
    args: ["--tls", "required"],
    check: stages("connect", "greeting", "ehlo", "tls", "message"),
  },
  "tls-implicit": {
    args: ["--tls-implicit"],
    sink: { tls: { ...everything.tls!, implicit: true } },
    check: stages("connect", "greeting", "ehlo", "message"),
  },
  "tls-name": {
    args: ["--tls", "verified", "--tls-ca", fixture("ca.pem"), "--tls-name", "mx.example.test"],
    check: (ran) => assertEquals(summary(ran).messages["accepted"], 3),
  },
  "tls-ca": {
    args: ["--tls", "verified", "--tls-ca", fixture("ca.pem")],
    check: (ran) => assertEquals(summary(ran).messages["accepted"], 3),
  },
  "tls-cert": { ...usage("--tls-cert is given without --tls-key", ...certificate.slice(0, 2)) },
  "tls-key": { args: certificate, check: (ran) => assertEquals(summary(ran).messages["accepted"], 3) },
  "tls-min": usage('"1.1" is no version', "--tls-min", "1.1"),
  "tls-pin": {
    args: ["--tls-pin", spkiOf("server.pem")],
    check: (ran) => assertEquals(summary(ran).stages["tls"]!["count"], 1),
  },
  "tls-tlsa": {
    args: ["--tls-tlsa", `3 1 1 ${spkiOf("server.pem")}`],
    check: (ran) => assertEquals(summary(ran).stages["tls"]!["count"], 1),
  },
  auth: {
    args: ["--auth", "PLAIN", ...password],
    around,
    check: stages("connect", "greeting", "ehlo", "tls", "auth", "message"),
  },
  user: {
    args: password,
    around,
    check: (ran) => assertEquals(summary(ran).stages["auth"]!["count"], 1),
  },
  "password-prompt": {
    args: ["--user", alice.user],
    around: { typed: alice.password },
    check: (ran) => assertEquals(summary(ran).stages["auth"]!["count"], 1),
  },
  "password-env": {
    args: password,
    around: { env: { PW: "wrong" } },
    code: 77,
    check: (ran) => {
      assertEquals(summary(ran).failures.map(({ reason }) => reason), ["AuthRejected"]);
      assertSecret(ran, "wrong-and-nowhere");
    },
  },
  "password-file": {
    args: ["--user", alice.user, "--password-file", "-"],
    around: { stdin: `${alice.password}\n` },
    check: (ran) => assertSecret(ran),
  },
  password: {
    args: ["--user", alice.user, "--password", alice.password],
    check: ({ out, err }) => {
      assertStringIncludes(err, "can list processes");
      assertSecret({ code: 0, out, err });
    },
  },
  "authorization-id": usage("--authorization-id is given, and nobody to log in", "--authorization-id", "x"),
  "auth-in-clear": {
    args: [...password, "--tls", "none", "--auth", "PLAIN", "--auth-in-clear", "PLAIN"],
    around,
    sink: { authentication: { ...everything.authentication!, allowInClear: ["PLAIN"] } },
    check: stages("connect", "greeting", "ehlo", "auth", "message"),
  },
  "no-initial-response": {
    args: [...password, "--auth", "PLAIN", "--no-initial-response"],
    around,
    check: (ran) => assertEquals(summary(ran).stages["auth"]!["count"], 1),
  },
  pipeline: usage("--pipeline and --no-pipeline contradict each other", "--pipeline", "--no-pipeline"),
  "no-pipeline": { args: ["--no-pipeline"], check: (ran) => assertEquals(summary(ran).messages["accepted"], 3) },
  bdat: {
    args: ["--bdat"],
    check: (_ran, { messages }) => assertEquals(messages.map(({ octets }) => octets.length), [1024, 1024, 1024]),
  },
  "bdat-size": usage('"0" is no size of a chunk', "--bdat-size", "0"),
  "if-not-offered": {
    args: ["--bdat", "--if-not-offered", "fail", "--tls", "none"],
    sink: { offers: [] },
    code: 81,
    check: (ran) => said(ran, "CHUNKING"),
  },
  "no-overlap": {
    args: [],
    alone: async () =>
      assertEquals(await silentAtMessage(["--no-overlap"]), {
        ...{ connections: 2, accepted: 0, rejected: 0, deferred: 0, uncertain: 2 },
      }),
    check: () => {},
  },
  json: {
    args: [],
    check: (ran) => {
      const { stages, seconds, messagesPerSecond } = summary(ran);
      const { histogram, p50, max, count } = stages["message"]!;
      assertEquals(histogram.reduce((sum, { count }) => sum + count, 0), count);
      assert(p50! > 0 && p50! <= max! && max! <= seconds * 1000, JSON.stringify(stages["message"]));
      assertEquals(Math.round(messagesPerSecond * seconds), 3);
    },
  },
  quiet: {
    args: [],
    instead: (sink) => ["-s", here(sink), "-n", "3", "-q"],
    check: ({ out, err }) => {
      assertMatch(out, /^=== 3 messages in \S+ m?s over 1 connection: \S+ messages\/s, \S+ .?B\/s\n$/);
      assertEquals(err, "");
    },
  },
};

/** A server that falls silent at the first message: what was said behind that has a verdict of its own. */
const silentAtMessage = (args: ReadonlyArray<string>): Promise<object> =>
  withServer(
    ["220 x\r\n", "250-x\r\n250 PIPELINING\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"],
    async (port) => {
      const ran = await plausch([
        "load",
        "-s",
        `127.0.0.1:${port}`,
        "-n",
        "2",
        "--timeout",
        "200ms",
        "--json",
        ...args,
      ]);
      const { connections, verdicts } = summary(ran);
      return { connections, ...verdicts };
    },
  );

Deno.test("messages overlap where they may", async () => {
  assertEquals(await silentAtMessage([]), { connections: 1, accepted: 0, rejected: 0, deferred: 1, uncertain: 1 });
});

Deno.test("there is a case for each flag", () => {
  assertEquals(Object.keys(cases), commandLine.options.map(({ name }) => name));
});

for (const [flag, { args, instead, sink = {}, alone, around, code = 0, check }] of Object.entries(cases)) {
  Deno.test(`plausch load --${flag}`, async () => {
    if (alone !== undefined) return await alone();
    await withSink(async (sink, store) => {
      const all = instead?.(sink) ?? ["--json", "--messages", "3", "--server", here(sink), ...args];
      const ran = await plausch(["load", ...all], around);
      assertEquals(ran.code, code, ran.out + ran.err);
      check(ran, store);
    }, { ...everything, ...sink });
  });
}

/** What is wrong, and how it is told. */
const mistakes: ReadonlyArray<readonly [args: string, problem: string]> = [
  ["-n 0", '"0" is no number for --messages; write 1 to 1000000000'],
  ["-n 1.5", '"1.5" is no number for --messages'],
  ["-c 0", '"0" is no number for --connections'],
  ["--size 1", '"1" is no number for --size'],
  ["--rate 0", '"0" is no number of messages a second; write --rate N, like 200 or 0.5'],
  ["--rate fast", '"fast" is no number of messages a second'],
  ["--recipients 2 --to a@x.test", "--to names one address, and --recipients 2 would give it to the server 2 times"],
  ["--size 10 --data -", "--size and --data name two messages"],
  ["--data x", "--data takes a file"],
  ["--helo a_b", '"a_b"'],
  ["--lmtp -s 127.0.0.1:25", "LMTP is never spoken on port 25"],
  ["--dns 127.0.0.1", 'Unknown option "--dns" of "plausch load"'],
];

for (const [args, problem] of mistakes) {
  Deno.test(`plausch load ${args}`, async () => {
    const server = args.includes("-s ") ? [] : ["-s", "127.0.0.1:2525"];
    const ran = await plausch(["load", ...server, ...args.split(" ")]);
    assertEquals([ran.code, ran.out], [64, ""]);
    assertStringIncludes(ran.err, problem);
  });
}

Deno.test("an address that is none is bad data", async () => {
  const ran = await plausch(["load", "-s", "127.0.0.1:2525", "--to", "a b"]);
  assertEquals([ran.code, ran.out], [65, ""]);
});

Deno.test("nothing listens: that is told once, and how often", async () => {
  const ran = await plausch(["load", "-s", "127.0.0.1:1", "-c", "3", "-n", "5"]);
  assertEquals(ran.code, 69);
  assertStringIncludes(ran.err, "*** Cannot connect to 127.0.0.1:1: Nothing listens there");
  assertStringIncludes(ran.err, "(3 times)\n*** 5 messages were not sent\n");
});

Deno.test("a name with several addresses leads to the one that answers", async () => {
  await withSink(async ({ port }, { messages }) => {
    const { shell, printed } = shellFor({});
    const find = () => Promise.resolve(["127.0.0.99", "127.0.0.1"]);
    const args = ["load", "-s", `here.test:${port}`, "-n", "4", "--new-connection", "--json"];
    const code = await Effect.runPromise(run(args, shell, commands).pipe(Effect.provideService(Lookup, find)));
    assertEquals([code, messages.length], [0, 4]);
    assertEquals(summary({ code, ...printed() }).stages["connect"]!["count"], 4);
  });
});

Deno.test("a connection that breaks is made again, and no message is sent twice or forgotten", async () => {
  await withSink(async (sink, { messages }) => {
    const ran = await plausch(["load", "-s", here(sink), "-n", "9", "-f", "a{n}@x.test", "--no-overlap", "--json"]);
    const { connections, verdicts, failures } = summary(ran);
    assertEquals([ran.code, connections], [83, 3]);
    assertEquals(verdicts, { accepted: 6, rejected: 0, deferred: 0, uncertain: 3 });
    // The sink keeps a message before it answers, or does not.
    const senders = messages.map(({ reversePath }) => Path.address(reversePath));
    assertEquals(senders, Array.from({ length: 9 }, (_, index) => `a${index + 1}@x.test`));
    assertEquals(failures.map(({ reason, times }) => [reason, times]), [["ConnectionLost", 3]]);
  }, { faults: faults("final#3:drop") });
});

Deno.test("a server that takes so many messages on a connection gets more connections", async () => {
  await withSink(async (sink, { messages }) => {
    const ran = await plausch(["load", "-s", here(sink), "-n", "7", "--json"]);
    const { connections, verdicts } = summary(ran);
    assertEquals([ran.code, connections, verdicts["accepted"], messages.length], [0, 4, 7, 7]);
  }, { ...everything, tls: undefined, limits: { ...Limits.defaults, transactions: 2 } });
});

Deno.test("with --rate, waiting behind a slow message counts", async () => {
  await withSink(async (sink) => {
    const ran = await plausch(["load", "-s", here(sink), "-n", "3", "--rate", "20", "--no-overlap", "--json"]);
    const { p50, max } = summary(ran).stages["message"]!;
    // Due after 0, 50 and 100 ms, and answered from 300 ms on.
    assert(p50! >= 200 && max! >= 295, `${p50}, ${max}`);
  }, { faults: faults("final#1:delay=300ms") });
});

Deno.test("refusals are counted by what the server says, and told", async () => {
  await withSink(async (sink) => {
    const ran = await plausch(["load", "-s", here(sink), "-n", "3"]);
    assertEquals(ran.code, 82);
    assertMatch(ran.out, /=== Recipients: 2 accepted, 1 rejected, 0 deferred, 0 uncertain\n/);
    assertEquals(
      ran.err,
      "*** to1@load.test: rejected at RCPT: 550 5.1.1 no such user (the mailbox does not exist; permanent)\n",
    );
  }, { faults: faults("rcpt#2:550 5.1.1 no such user") });
});

Deno.test("what a server says is escaped", async () => {
  await withServer(["220 x\r\n", "250 x\r\n", "550 \u001b]0;owned\r\n", "221 bye\r\n"], async (port) => {
    const { err } = await plausch(["load", "-s", `127.0.0.1:${port}`, "-n", "1"]);
    assertStringIncludes(err, "\\x1b]0;owned");
    assert(!err.includes("\u001b"), err);
  });
});

/** Interrupts a load as soon as its progress shows a text. */
const interruptedAt = async (args: ReadonlyArray<string>, text: string) => {
  const { shell, printed } = shellFor({});
  const shown: Array<string> = [];
  let interrupt = (): void => {};
  const terminal = {
    columns: () => 80,
    show: (line: string) => {
      shown.push(line);
      if (line.includes(text)) interrupt();
    },
  };
  const fiber = Effect.runFork(run(args, { ...shell, terminal }, commands));
  interrupt = () => fiber.interruptUnsafe();
  const exit = await Effect.runPromise(Fiber.await(fiber));
  return { code: fromExit(exit), shown, ...printed() };
};

Deno.test("interrupted, it tells what was measured so far, and takes the progress away", async () => {
  await withSink(async (sink) => {
    const ran = await interruptedAt(["load", "-s", here(sink), "-n", "100", "--no-overlap"], "4 of 100 ");
    assertEquals(ran.code, 130);
    assertMatch(ran.out, /^=== 4 messages in /);
    assertMatch(ran.out, /\nmessage +4 /);
    assertEquals(
      ran.err,
      "*** Interrupted with 1 message under way, or just answered\n*** 95 messages were not sent\n",
    );
    assertEquals(ran.shown.at(-1), "");
    assert(ran.shown.every((line) => line.length < 80));
  }, { faults: faults("final#5:stall") });
});

Deno.test("piped, and with --json or --quiet, nothing but the result is shown", async () => {
  await withSink(async (sink) => {
    for (const flag of ["--json", "--quiet"]) {
      const { shown, code } = await interruptedAt(["load", "-s", here(sink), "-n", "3", flag], "never");
      assertEquals([shown, code], [[], 0]);
    }
  });
});
