import * as Extension from "@plausch/sink/extension";
import type * as Sink from "@plausch/sink/sink";
import type { MemoryStore, Message } from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commandLine } from "../../tools/plausch/commands/send.ts";
import { withPolicyServer } from "../support/policy_server.ts";
import { withSinkCommand } from "../peers/_sink_command.ts";
import * as Options from "../../tools/plausch/options.ts";
import {
  alice,
  assertSecret,
  certified,
  everything,
  faults,
  fixture,
  pem,
  plausch,
  plauschProcess,
  type Ran,
  spkiOf,
  type Surroundings,
  withSink,
} from "./_cli.ts";
import { sendIn, type World } from "./_route.ts";

/** What a flag does, shown against a sink that offers everything. */
interface Case {
  /** What follows `plausch send --server … --to you@x.test --from me@x.test`; `FILE` and `MESSAGE` stand for files. */
  readonly args: ReadonlyArray<string>;
  /** The arguments in place of server, sender and recipient, where those are what is tested. */
  readonly instead?: (sink: Sink.Sink) => ReadonlyArray<string>;
  readonly sink?: Partial<Sink.ListenOptions>;
  /** What is done in place of all this. */
  readonly alone?: () => Promise<void>;
  readonly around?: Surroundings;
  /** Default: 0. */
  readonly code?: number;
  readonly check: (ran: Ran, message: Message, store: MemoryStore) => void;
}

const password = ["--user", alice.user, "--password-env", "PW"];
const around = { env: { PW: alice.password } };

const said = ({ out }: Ran): ReadonlyArray<string> =>
  out.split("\n").filter((line) => /^ [-~]> /.test(line)).map((line) => line.slice(4));
const saysOf = (ran: Ran, verb: string): ReadonlyArray<string> => said(ran).filter((line) => line.startsWith(verb));
const text = (message: Message): string => new TextDecoder().decode(message.octets);
const says = (...lines: ReadonlyArray<string>): Case["check"] => (ran) => {
  for (const line of lines) assert(said(ran).includes(line), `${line} in ${ran.out}`);
};
const stored = (check: (message: Message) => void): Case["check"] => (_ran, message) => check(message);
const mail = (expected: object): Case["check"] =>
  stored(({ mailParameters }) => assertEquals({ ...mailParameters, ...expected }, mailParameters));
const rcpt = (...expected: ReadonlyArray<object>): Case["check"] =>
  stored(({ rcptParameters }) => assertEquals(rcptParameters, expected));
const here = ({ port }: Sink.Sink): string => `127.0.0.1:${port}`;

/** Two mail exchangers on this machine; nobody listens at the second one. */
const twoHosts: World["records"] = {
  "x.test": { MX: ["20 mx2.x.test", "10 mx1.x.test"] },
  "mx1.x.test": { A: "127.0.0.1" },
  "mx2.x.test": { A: "127.0.0.2" },
};
/** A promise that the certificate of the sink does not keep. */
const wrongTlsa = { ...twoHosts, "_PORT._tcp.mx1.x.test": { TLSA: `3 1 1 ${"ab".repeat(32)}` } };

/** Sends to you@x.test over the mail exchangers that these records name. */
const overRoute = async (
  args: ReadonlyArray<string>,
  check: (ran: Ran, asked: ReadonlyArray<string>) => void,
  records: World["records"] = twoHosts,
): Promise<void> => {
  const ran = await sendIn({ authenticated: true, records, hosts: { "127.0.0.1": everything } }, [
    "-t",
    "you@x.test",
    ...args,
  ]);
  check(ran, ran.asked);
};

/** One case for each flag. */
const cases: { readonly [flag: string]: Case } = {
  to: {
    args: [],
    instead: (sink) => ["-s", here(sink), "-f", "me@x.test", "--to", "a@x.test", "-t", "b@y.test"],
    check: stored(({ forwardPaths }) => assertEquals(forwardPaths.map(Path.address), ["a@x.test", "b@y.test"])),
  },
  from: {
    args: [],
    instead: (sink) => ["-s", here(sink), "-t", "a@x.test", "--from", "<>"],
    check: stored(({ reversePath }) => assertEquals(reversePath._tag, "Null")),
  },
  subject: {
    args: ["--subject", "Hallo"],
    check: stored((message) => assertStringIncludes(text(message), "Subject: Hallo\r\n")),
  },
  body: {
    args: ["--body", "-"],
    around: { stdin: "hallo\n" },
    check: stored((message) => assertMatch(text(message), /\r\n\r\nhallo\r\n$/)),
  },
  header: {
    args: ["--header", "X-Mark: 1"],
    check: stored((message) => assertStringIncludes(text(message), "X-Mark: 1\r\n")),
  },
  data: {
    args: ["--data", "@MESSAGE"],
    check: stored((message) => assertEquals(text(message), "Subject: t\r\n\r\nhallo\r\n")),
  },
  "line-ends": {
    args: ["--data", "-", "--line-ends", "keep"],
    around: { stdin: "Subject: t\r\n\r\na\nb" },
    check: (ran, message) => {
      assertEquals(text(message), "Subject: t\r\n\r\na\nb");
      assertEquals(saysOf(ran, "BDAT"), ["BDAT 17 LAST"]);
      assertStringIncludes(ran.out, "BODY=BINARYMIME");
    },
  },
  server: {
    args: [],
    instead: ({ port }) => ["--server", `localhost:${port}`, "-t", "you@x.test", "-f", "me@x.test"],
    check: (ran) => assertMatch(ran.out, /^=== Trying localhost:\d+ \.\.\.\n=== Connected to localhost \[127/),
  },
  port: {
    args: [],
    instead: ({ port }) => ["-s", "127.0.0.1", "--port", `${port}`, "-t", "you@x.test", "-f", "me@x.test"],
    check: (ran) => assertStringIncludes(ran.out, "accepted"),
  },
  // Deno has no permission for all Unix sockets of a folder: both sides are processes of their own.
  socket: {
    args: [],
    alone: () =>
      withSinkCommand(["--socket", "{folder}/sink"], async ({ folder }) => {
        const ran = await plauschProcess(["send", "--socket", `${folder}/sink`, "-t", "you@x.test", "-f", "me@x.test"]);
        assertEquals([ran.code, ran.err], [0, ""]);
        assertStringIncludes(ran.out, `=== Connected to ${folder}/sink\n`);
      }),
    check: () => {},
  },
  lmtp: {
    args: ["--lmtp", "--to", "more@x.test"],
    sink: { protocol: "lmtp" },
    check: (ran, message) => {
      assertEquals(message.protocol, "LMTPS");
      assertEquals(saysOf(ran, "LHLO").length, 2);
      assertEquals(ran.out.match(/^<~ {2}250 2\.0\.0/gm)?.length, 2, ran.out);
      assertEquals(ran.out.match(/^=== \w+@x\.test: accepted/gm)?.length, 2);
    },
  },
  dns: {
    args: [],
    instead: () => ["-t", "you@x.test", "-f", "me@x.test", "--dns", "not-an-ip"],
    code: 64,
    check: ({ err }) => assertStringIncludes(err, "name a server with --dns IP[:PORT]"),
  },
  "dns-trusted": {
    args: [],
    instead: (
      { port },
    ) => [...["-p", `${port}`, "-t", "you@[127.0.0.1]", "-f", "me@x.test"], "--allow-local", "--dns-trusted"],
    check: (ran) => assertStringIncludes(ran.out, "you@[127.0.0.1]: accepted"),
  },
  "allow-local": {
    args: [],
    instead: ({ port }) => ["-p", `${port}`, "-t", "you@[127.0.0.1]", "-f", "me@x.test", "--allow-local"],
    check: (ran) => assertStringIncludes(ran.out, "you@[127.0.0.1]: accepted"),
  },
  helo: { args: ["--helo", "somebody.test"], check: says("EHLO somebody.test") },
  timeout: {
    args: ["--timeout", "100ms"],
    sink: { faults: [{ stage: "mail", action: { _tag: "Stall" } }] },
    code: 75,
    check: ({ err }) => assertStringIncludes(err, "Gave up waiting for the reply to MAIL"),
  },
  proxy: {
    args: ["--proxy", "v2"],
    sink: { proxyProtocol: true },
    check: ({ out }) =>
      assertMatch(out, /\n=== Connected to .*\n=== Sent before everything: PROXY v2 LOCAL\n<- {2}220 /),
  },
  "proxy-source": {
    args: ["--proxy", "v1", "--proxy-source", "192.0.2.7:50000", "--proxy-destination", "192.0.2.25:25"],
    sink: { proxyProtocol: true },
    check: ({ out }, { peer }) => {
      assertStringIncludes(out, "PROXY v1 TCP4 192.0.2.7:50000 to 192.0.2.25:25\n");
      assertEquals(peer, "192.0.2.7");
    },
  },
  "proxy-destination": {
    args: ["--proxy", "v2", "--proxy-source", "[2001:db8::7]:50000", "--proxy-destination", "[2001:db8::25]:25"],
    sink: { proxyProtocol: true },
    check: ({ out }, { peer }) => {
      assertStringIncludes(out, "PROXY v2 TCP6 [2001:db8::7]:50000 to [2001:db8::25]:25\n");
      assertEquals(peer, "2001:db8::7");
    },
  },
  tls: { args: ["--tls", "none"], check: (ran) => assertEquals(saysOf(ran, "STARTTLS"), []) },
  "tls-implicit": {
    args: ["--tls-implicit"],
    sink: { tls: { options: certified(), implicit: true } },
    check: (ran) => {
      assertMatch(ran.out, /\n=== Connected to .*\n=== TLS started with TLSv1\.3 \/ \w+\n/);
      assertMatch(ran.out, /\n<~ {2}220 /);
    },
  },
  "tls-name": {
    args: ["--tls", "verified", "--tls-ca", fixture("ca.pem"), "--tls-name", "mx.example.test"],
    check: (ran) => assertStringIncludes(ran.out, "verified as mx.example.test by PKIX"),
  },
  "tls-ca": {
    args: ["--tls", "verified", "--tls-ca", fixture("ca.pem")],
    check: (ran) => assertStringIncludes(ran.out, "verified as 127.0.0.1 by PKIX"),
  },
  "tls-cert": {
    args: ["--tls-cert", fixture("client.pem"), "--tls-key", fixture("client.key")],
    sink: { tls: { options: { ...certified(), requestCert: true, ca: pem("ca.pem") } } },
    check: stored(({ tls }) => assertEquals(tls?.verification, { verified: true, by: "pkix" })),
  },
  "tls-key": {
    args: ["--tls-cert", fixture("client.pem"), "--tls-key", fixture("ca.pem")],
    code: 64,
    check: ({ err }) => assertStringIncludes(err, "of --tls-key holds no private key"),
  },
  "tls-min": {
    args: ["--tls-min", "1.3"],
    check: (ran) => assertStringIncludes(ran.out, "TLS started with TLSv1.3"),
  },
  "tls-pin": {
    args: ["--tls-pin", spkiOf("server.pem")],
    check: (ran) => assertStringIncludes(ran.out, "verified as 127.0.0.1 by its pin"),
  },
  "tls-tlsa": {
    args: ["--tls-tlsa", `3 1 1 ${spkiOf("server.pem")}`],
    check: (ran) => assertStringIncludes(ran.out, "verified as 127.0.0.1 by DANE, TLSA 3 1 1"),
  },
  "tls-report": {
    args: ["--tls-report", "--tls-name", "mx.example.test"],
    check: (ran) => {
      const spki = spkiOf("server.pem");
      assertStringIncludes(ran.out, `===   SPKI    ${spki}\n`);
      assertMatch(ran.out, new RegExp(`  TLSA    _\\d+\\._tcp\\.mx\\.example\\.test\\. IN TLSA 3 1 1 ${spki}\n`));
    },
  },
  auth: {
    args: ["--auth", "plain,cram-md5", ...password],
    around,
    check: says("AUTH CRAM-MD5"),
  },
  user: {
    args: password,
    around,
    check: (ran, { user }) => {
      assertEquals([user, saysOf(ran, "AUTH")], [alice.user, ["AUTH SCRAM-SHA-256 ***"]]);
    },
  },
  "password-prompt": {
    args: ["--user", alice.user, "--password-prompt"],
    around: { typed: alice.password },
    check: stored(({ user }) => assertEquals(user, alice.user)),
  },
  "password-env": { args: password, around, check: stored(({ user }) => assertEquals(user, alice.user)) },
  "password-file": {
    args: ["--user", alice.user, "--password-file", "FILE"],
    check: stored(({ user }) => assertEquals(user, alice.user)),
  },
  password: {
    args: ["--user", alice.user, "--password", alice.password],
    check: (ran, { user }) => {
      assertEquals(user, alice.user);
      assertStringIncludes(ran.err, "can read --password");
    },
  },
  "authorization-id": {
    args: [...password, "--auth", "PLAIN", "--authorization-id", "bob"],
    around,
    sink: {
      authentication: { ...everything.authentication!, mayActAs: (user, other) => user === "alice" && other === "bob" },
    },
    check: says("AUTH PLAIN ***"),
  },
  "auth-in-clear": {
    args: [...password, "--tls", "none", "--auth", "PLAIN", "--auth-in-clear", "PLAIN"],
    around,
    sink: { authentication: { ...everything.authentication!, allowInClear: ["PLAIN"] } },
    check: says("AUTH PLAIN ***"),
  },
  "no-initial-response": {
    args: [...password, "--auth", "PLAIN", "--no-initial-response"],
    around,
    check: says("AUTH PLAIN", "***"),
  },
  ipv4: {
    args: ["-4"],
    instead: ({ port }) => ["-s", `localhost:${port}`, "-t", "you@x.test", "-f", "me@x.test"],
    check: (ran) => assertMatch(ran.out, /^=== Connected to localhost \[127/m),
  },
  ipv6: {
    args: ["-6"],
    instead: ({ port }) => ["-p", `${port}`, "-t", "you@[127.0.0.1]", "-f", "me@x.test", "--allow-local"],
    code: 69,
    check: ({ err }) => assertStringIncludes(err, "has an address of the IP version that is wanted"),
  },
  "max-hosts": {
    args: [],
    alone: () =>
      overRoute(["--max-hosts", "1"], (ran) => {
        assertEquals(ran.code, 0);
        assertStringIncludes(ran.out, "mx2.x.test: skip, enough hosts come before it\n");
      }),
    check: () => {},
  },
  seed: {
    args: [],
    alone: async () => {
      const hosts = async (seed: string) => {
        let tried: ReadonlyArray<string> = [];
        await overRoute(["--seed", seed, "--quit-after", "ehlo"], (ran) => {
          tried = [...ran.out.matchAll(/^=== {3}20 (\w+)\./gm)].map(([, name]) => name!);
        }, { ...twoHosts, "x.test": { MX: Array.from({ length: 8 }, (_, at) => `20 equal${at}.x.test`) } });
        return tried.join(" ");
      };
      assertEquals(await hosts("plausch"), await hosts("plausch"));
      assert(new Set([await hosts("a"), await hosts("b"), await hosts("c")]).size > 1, "other seeds, another order");
    },
    check: () => {},
  },
  "no-dane": {
    args: [],
    alone: () =>
      overRoute(["--no-dane"], ({ code, out }) => {
        assertEquals(code, 0);
        assertEquals(out.includes("DANE"), false);
      }, wrongTlsa),
    check: () => {},
  },
  "no-mta-sts": {
    args: [],
    alone: async () => {
      const asksFor = async (...args: ReadonlyArray<string>) => {
        let asked: ReadonlyArray<string> = [];
        await overRoute(args, (_ran, questions) => asked = questions);
        return asked.some((question) => question.startsWith("TXT _mta-sts.x.test"));
      };
      assertEquals([await asksFor(), await asksFor("--no-mta-sts")], [true, false]);
    },
    check: () => {},
  },
  "mta-sts-port": {
    args: [],
    alone: () =>
      withPolicyServer({
        cert: pem("server.pem"),
        key: pem("server.key"),
        policies: { "mta-sts.wild.example.test": "version: STSv1\nmode: enforce\nmx: a.b.test\nmax_age: 60\n" },
      }, ({ port, asked }) =>
        overRoute(
          ["--to", "b@wild.example.test", "--mta-sts-port", `${port}`, "--tls-ca", fixture("ca.pem")],
          ({ code, out, err }) => {
            assertEquals([code, asked], [82, ["mta-sts.wild.example.test/.well-known/mta-sts.txt"]]);
            assertStringIncludes(out, "20 mx2.x.test: skip, the MTA-STS policy of the domain does not name it\n");
            assertStringIncludes(err, "b@wild.example.test: deferred");
          },
          {
            ...twoHosts,
            "wild.example.test": { MX: "20 mx2.x.test" },
            "_mta-sts.wild.example.test": { TXT: "v=STSv1; id=1;" },
            "mta-sts.wild.example.test": { A: "127.0.0.1" },
          },
        )),
    check: () => {},
  },
  retry: {
    args: ["--retry", "2", "--retry-after", "10ms"],
    sink: { faults: faults("rcpt@1:451 4.7.1 Greylisted", "rcpt@2:451 4.7.1 Greylisted") },
    check: ({ out, err }) => {
      assertStringIncludes(out, "=== Deferred: 1 recipient; once more in 10ms (round 2 of 3)\n");
      assertStringIncludes(out, "=== Deferred: 1 recipient; once more in 20ms (round 3 of 3)\n");
      assertEquals([out.match(/^=== you@x\.test: accepted/gm)?.length, err], [1, ""]);
    },
  },
  "retry-after": {
    args: ["--retry", "1", "--retry-after", "5ms", "--to", "more@x.test"],
    sink: { faults: faults("rcpt#1@1:451 4.7.1 Greylisted") },
    check: ({ out }, message, { messages }) => {
      assertStringIncludes(out, "=== Deferred: 1 recipient; once more in 5ms (round 2 of 2)\n");
      assertEquals(messages.map(({ forwardPaths }) => forwardPaths.map(Path.address)), [["more@x.test"], [
        "you@x.test",
      ]]);
      assertEquals(message, messages[0]);
    },
  },
  "retry-within": {
    args: ["--retry", "3", "--retry-within", "1m"],
    sink: { faults: faults("rcpt:451 4.7.1 Greylisted") },
    code: 75,
    check: ({ out, err }) => {
      assertEquals(out.includes("once more"), false);
      assertStringIncludes(err, "you@x.test: deferred at RCPT: 451 4.7.1 Greylisted");
    },
  },
  deadline: {
    args: ["--deadline", "300ms"],
    sink: { faults: faults("rcpt:stall") },
    code: 75,
    check: ({ err }) => assertStringIncludes(err, "you@x.test: deferred: the time for the delivery was over"),
  },
  "dsn-notify": { args: ["--dsn-notify", "success,delay"], check: rcpt({ notify: ["SUCCESS", "DELAY"] }) },
  "dsn-ret": { args: ["--dsn-ret", "hdrs"], check: mail({ ret: "HDRS" }) },
  "dsn-envid": { args: ["--dsn-envid", "a b"], check: mail({ envid: "a b" }) },
  "dsn-orcpt": {
    args: ["--to", "b@y.test", "--dsn-orcpt", "rfc822;a@x.test", "--dsn-orcpt", "rfc822;b+c@y.test"],
    check: rcpt(
      { orcpt: { addressType: "rfc822", address: "a@x.test" } },
      { orcpt: { addressType: "rfc822", address: "b+c@y.test" } },
    ),
  },
  pipeline: {
    args: ["--pipeline", "--if-not-offered", "fail"],
    sink: { offers: Extension.without("PIPELINING") },
    code: 81,
    check: ({ err }) =>
      assertStringIncludes(err, "rejected here, before MAIL: the server does not offer what was asked for: PIPELINING"),
  },
  "no-pipeline": {
    args: ["--no-pipeline"],
    check: ({ out }) => assertMatch(out, /~> MAIL.*\n<~ {2}250.*\n ~> RCPT.*\n<~ {2}250.*\n ~> DATA\n/),
  },
  bdat: { args: ["--bdat"], check: (ran) => assertMatch(saysOf(ran, "BDAT").join(), /^BDAT \d+ LAST$/) },
  "bdat-size": {
    args: ["--bdat-size", "200"],
    check: (ran) => assertMatch(saysOf(ran, "BDAT").join(), /^BDAT 200,BDAT \d+ LAST$/),
  },
  "if-not-offered": {
    args: [
      ...["--dsn-ret", "FULL", "--bdat", "--if-not-offered", "fail"],
      ...["--if-not-offered", "dsn=drop", "--if-not-offered", "CHUNKING=downgrade"],
    ],
    sink: { offers: Extension.without("DSN", "CHUNKING") },
    check: ({ out }, { mailParameters }) => {
      assertEquals(mailParameters?.ret, undefined);
      assertStringIncludes(out, "=== The server does not offer DSN as asked: left out\n");
      assertStringIncludes(
        out,
        "=== The server does not offer CHUNKING as asked: replaced by the nearest that it does offer\n",
      );
    },
  },
  xclient: { args: ["--xclient", "ADDR=192.0.2.7"], check: stored(({ peer }) => assertEquals(peer, "192.0.2.7")) },
  xforward: {
    args: ["--xforward", "NAME=a.test", "--xforward", "ADDR=192.0.2.7"],
    check: stored(({ forwarded }) => assertEquals(forwarded, [["NAME", "a.test"], ["ADDR", "192.0.2.7"]])),
  },
  say: { args: ["--say", "VRFY postmaster", "--say", "noop"], check: says("VRFY postmaster", "noop") },
  "require-tls": {
    args: ["--require-tls", "--tls-pin", spkiOf("server.pem")],
    check: mail({ requireTls: true }),
  },
  "mail-auth": { args: ["--mail-auth", "e+3@x.test", ...password], around, check: mail({ auth: "e+3@x.test" }) },
  by: { args: ["--by", "3600RT"], check: mail({ by: { seconds: 3600, mode: "R", trace: true } }) },
  "hold-for": { args: ["--hold-for", "90m"], check: mail({ holdFor: 5400 }) },
  "hold-until": {
    args: ["--hold-until", "9998-12-24T18:00:00Z"],
    check: mail({ holdUntil: "9998-12-24T18:00:00Z" }),
  },
  "mt-priority": { args: ["--mt-priority", "-3"], check: mail({ mtPriority: -3 }) },
  "mail-param": {
    args: ["--mail-param", "size=7", "--mail-param", "RET=FULL", "--mail-param", "X-ODD=1"],
    code: 81,
    check: says("MAIL FROM:<me@x.test> SIZE=7 RET=FULL X-ODD=1"),
  },
  "rcpt-param": {
    args: ["--rcpt-param", "NOTIFY=NEVER", "--rcpt-param", "X-ODD"],
    code: 81,
    check: says("RCPT TO:<you@x.test> NOTIFY=NEVER X-ODD"),
  },
  "quit-after": { args: ["--quit-after", "rcpt"], check: (ran) => assertEquals(said(ran).at(-1), "QUIT") },
  "drop-after": { args: ["--drop-after", "rcpt"], check: (ran) => assertMatch(said(ran).at(-1)!, /^RCPT /) },
  json: {
    args: ["--json"],
    check: ({ out }) => {
      for (const line of out.trim().split("\n")) JSON.parse(line);
    },
  },
  quiet: { args: ["--quiet"], check: ({ out, err }) => assertEquals([out, err], ["", ""]) },
};

Deno.test("every flag of send has a case here, and no case is left over", () => {
  assertEquals(Object.keys(cases).sort(), commandLine.options.map(({ name }) => name).sort());
});

Deno.test("every flag of send has a line of help under one of the headings", () => {
  const help = Options.help(commandLine);
  const groups = ["Message", "Server", "TLS", "Authentication", "Delivery reports", "Delivery", "Protocol", "Output"];
  assertEquals([...new Set(commandLine.options.map(({ group }) => group))], groups);
  for (const { name, help: what } of commandLine.options) {
    assertMatch(help, new RegExp(`^ +(?:-\\w, )?--${name}(?: |$)`, "m"));
    assert(what.length > 0, name);
  }
  assertEquals(help.split("\n").filter((line) => groups.includes(line)), groups);
  for (const line of help.split("\n")) assert(line.length <= 80, line);
});

for (const [flag, { args, instead, sink: options, alone, around, code = 0, check }] of Object.entries(cases)) {
  Deno.test(`--${flag}`, async () => {
    if (alone !== undefined) return await alone();
    const folder = await Deno.makeTempDir();
    const files: Readonly<Record<string, string>> = { FILE: `${folder}/password`, "@MESSAGE": `@${folder}/message` };
    try {
      await Deno.writeTextFile(`${folder}/password`, `${alice.password}\r\nnot this\n`);
      await Deno.writeTextFile(`${folder}/message`, "Subject: t\n\nhallo\n");
      await withSink(async (sink, store) => {
        const head = instead?.(sink) ?? ["-s", here(sink), "-t", "you@x.test", "-f", "me@x.test"];
        const ran = await plausch(["send", ...head, ...args.map((arg) => files[arg] ?? arg)], around);
        assertEquals(ran.code, code, ran.out + ran.err);
        assertSecret(ran);
        check(ran, store.messages[0]!, store);
      }, { ...everything, ...options });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
