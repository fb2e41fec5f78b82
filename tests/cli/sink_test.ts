// `plausch sink` as a process of its own, and `plausch send` that talks to it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type SinkCommand, withSinkCommand } from "../peers/_sink_command.ts";
import { password } from "../peers/_send.ts";
import { fixture, plausch, type Ran } from "./_cli.ts";

/** Sends a message to the sink. */
const send = ({ port }: SinkCommand, ...more: ReadonlyArray<string>): Promise<Ran> =>
  plausch(["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", ...more], {
    env: { PW: password },
  });

const sends = async (sink: SinkCommand, ...more: ReadonlyArray<string>): Promise<Ran> => {
  const ran = await send(sink, ...more);
  assertEquals(ran.code, 0, `${ran.out}${ran.err}\n${sink.printed()}`);
  return ran;
};

/** Waits until the sink has printed something. */
const prints = async ({ printed }: SinkCommand, what: RegExp | string): Promise<ReadonlyArray<string>> => {
  for (let count = 0; count < 2000; count++) {
    const found = typeof what === "string" ? printed().includes(what) ? [what] : null : what.exec(printed());
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`It never printed ${what}:\n${printed()}`);
};

/** The line that says how to talk to the sink. */
const invitation = async (sink: SinkCommand): Promise<string> =>
  (await prints(sink, /Try: plausch (send [^\n]*)\n/))[1]!;

/** Does what the sink says. */
const follow = async (sink: SinkCommand): Promise<Ran> =>
  plausch((await invitation(sink)).split(" "), { env: { PW: password } });

const sinkTest = (name: string, args: ReadonlyArray<string>, body: (sink: SinkCommand) => Promise<void>): void =>
  Deno.test(`sink ${args.join(" ")}: ${name}`, () => withSinkCommand(args, body));

sinkTest("a client hears what the sink says, and the sink shows it", [], async (sink) => {
  const ran = await follow(sink);
  assertEquals(ran.code, 0);
  for (
    const line of [
      "=== #1 gone\n",
      " -> 220 localhost ESMTP",
      "<-  RCPT TO:<you@x.test>",
      "=== #1 connected from 127.0.0.1\n",
    ]
  ) {
    await prints(sink, line);
  }
  await prints(sink, /=== #1 stored \S+: \d+ octets from me@x\.test to you@x\.test\n/);
});

for (const flag of ["--tls", "--tls-implicit"]) {
  sinkTest("the line that it prints leads to an encrypted conversation with this very server", [flag], async (sink) => {
    assertMatch(await invitation(sink), /--tls-pin [0-9a-f]{64} /);
    const ran = await follow(sink);
    assertEquals(ran.code, 0, ran.err);
    await prints(sink, /=== #1 encrypted: TLSv1\.3, TLS_\w+\n/);
    await prints(sink, "<~  MAIL FROM:<me@x.test>");
    assertStringIncludes((await sink.kept())[0]!, "with ESMTPS id");
  });
}

const good = ["--tls-cert", fixture("server.pem"), "--tls-key", fixture("server.key")];
sinkTest("it shows the certificate that it was given", good, async (sink) => {
  assert(!(await invitation(sink)).includes("--tls-pin"));
  await sends(sink, "--tls", "verified", "--tls-ca", fixture("ca.pem"), "--tls-name", "mx.example.test");
});

sinkTest("without TLS there is no mail", ["--require-tls"], async (sink) => {
  const ran = await send(sink, "--tls", "none");
  assertStringIncludes(ran.out, "530 5.7.0 Say STARTTLS first");
  await sends(sink, "--tls", "required");
});

const alice = ["--auth-user", "alice", "--auth-password-file", "{folder}/password"];
sinkTest("only who logs in may send", [...alice, "--require-auth", "--tls"], async (sink) => {
  assertStringIncludes((await send(sink)).out, "530 5.7.0 Say AUTH first");
  assertEquals((await sink.kept()).length, 0);
  await sends(sink, "--user", "alice", "--password-env", "PW");
  assertStringIncludes((await sink.kept())[0]!, "X-Envelope-User: alice\n");
  await prints(sink, "from me@x.test by alice to");
  assertStringIncludes(await invitation(sink), "--user alice --password-file ");
});

sinkTest("PLAIN in clear is offered by name only", [...alice, "--auth-in-clear", "plain"], async (sink) => {
  const args = [
    "--tls",
    "none",
    "--user",
    "alice",
    "--password-env",
    "PW",
    "--auth",
    "PLAIN",
    "--auth-in-clear",
    "PLAIN",
  ];
  await sends(sink, ...args);
  await prints(sink, /250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN\n/);
});

sinkTest("LMTP on a Unix socket", ["--lmtp", "--socket", "{folder}/lmtp.sock"], async (sink) => {
  await prints(sink, `Listening on ${sink.folder}/lmtp.sock;`);
  const ran = await follow(sink);
  assertEquals(ran.code, 0, ran.err);
  await prints(sink, "<-  LHLO client.test");
  await prints(sink, "=== #1 connected\n");
  assertStringIncludes((await sink.kept())[0]!, "with LMTP id");
});

sinkTest("a client that obeys sends the rest later", ["--limits", "RCPTMAX=1,MAILMAX=2"], async (sink) => {
  await sends(sink, "-t", "you2@x.test");
  await prints(sink, "250-LIMITS RCPTMAX=1 MAILMAX=2\n");
  assertEquals((await sink.kept()).length, 2);
});

sinkTest("what it is without is not offered", ["--without", "dsn", "--without", "PIPELINING"], async (sink) => {
  await sends(sink);
  assert(!/250[ -](?:DSN|PIPELINING)\n/.test(sink.printed()));
  await prints(sink, "250-CHUNKING\n");
});

sinkTest("XCLIENT and XFORWARD are for those who ask", ["--offer", "XCLIENT", "--offer", "xforward"], async (sink) => {
  await sends(sink, "--xclient", "ADDR=192.0.2.7", "--xforward", "NAME=real.test");
  const [kept] = await sink.kept();
  assertStringIncludes(kept!, "([192.0.2.7])\n");
  assertStringIncludes(kept!, "X-Envelope-Forwarded: NAME=real.test\n");
});

sinkTest("a client is who the PROXY header says", ["--proxy"], async (sink) => {
  assertStringIncludes(await invitation(sink), "--proxy v2");
  const origin = ["--proxy-source", "192.0.2.7:50000", "--proxy-destination", "192.0.2.25:25"];
  await sends(sink, "--proxy", "v1", ...origin);
  await prints(sink, "=== #1 connected from 192.0.2.7\n");
});

sinkTest("faults happen, and are told", ["--fault", "rcpt#2:550 5.1.1 no", "--fault", "quit:drop"], async (sink) => {
  const ran = await send(sink, "-t", "no@x.test");
  assertStringIncludes(ran.out + ran.err, "no@x.test: rejected at RCPT: 550 5.1.1 no");
  await prints(sink, "=== #1 fault rcpt#2:550 5.1.1 no\n");
  await prints(sink, "=== #1 fault quit:drop\n");
  assertEquals((await sink.kept()).length, 1);
});

sinkTest("a handshake that fails is told", ["--tls", "--fault", "starttls:inject"], async (sink) => {
  assertEquals((await send(sink, "--tls", "required")).code, 77);
  await prints(sink, "=== #1 fault starttls:inject=");
  await prints(sink, /=== #1 no TLS: \S/);
});

const tossed = async (seed: string): Promise<string> => {
  let codes = "";
  await withSinkCommand(["--seed", seed, "--fault", "rcpt~0.5:450 4.2.0 later"], async (sink) => {
    await send(sink, ...Array.from({ length: 20 }, (_, at) => ["-t", `${at}@x.test`]).flat());
    await prints(sink, /=== #1 gone\n/);
    codes = sink.printed().match(/(?<= -> )(?:250 2\.1\.5|450 4\.2\.0)/g)!.join();
  });
  return codes;
};
Deno.test("sink --seed: chance repeats itself", async () => {
  const [one, again, other] = [await tossed("a"), await tossed("a"), await tossed("b")];
  assertEquals(one, again);
  assert(one !== other, one);
});

sinkTest("only messages are shown", ["--quiet"], async (sink) => {
  await sends(sink);
  await prints(sink, /^(?:=== [^\n]*\n){2}=== #1 stored [^\n]*\n$/);
  assert(!sink.printed().includes("MAIL"));
});

/** What cannot be done, how it is told, and what to do about it. */
const wrong: ReadonlyArray<readonly [args: string, problem: string, hint: string]> = [
  ["--port x", '"x" is no port', "from 0 to 65535"],
  ["--port 65536", '"65536" is no port', "from 0 to 65535"],
  ["--host a..b", '"a..b"', "--host NAME"],
  ["--maildir /dev/null/x", 'Cannot keep messages in "/dev/null/x"', "a directory that you may write to"],
  ["--discard --maildir x", "--discard and --maildir contradict each other", "leave one"],
  ["--socket /x --port 25", "--socket and --port name two places", "leave one"],
  ["--socket /x --address ::1", "--socket and --address name two places", "leave one"],
  ["--tls-cert /x", "--tls-cert is given without --tls-key", "go together"],
  ["--tls-key /x", "--tls-key is given without --tls-cert", "go together"],
  [`--tls-cert ${fixture("server.key")} --tls-key /x`, "holds no certificate in PEM", "-----BEGIN"],
  [`--tls-cert ${fixture("server.pem")} --tls-key ${fixture("server.pem")}`, "holds no private key", "-----BEGIN"],
  ["--tls-cert /does/not/exist --tls-key /x", 'Cannot read "/does/not/exist"', ""],
  ["--require-auth", "--require-auth is given, and nobody can log in", "--auth-user NAME"],
  ["--auth-password-env PW", "--auth-password-env is given, and nobody can log in", "--auth-user NAME"],
  ["--auth-user a", "--auth-user has no password", "--auth-password-env VAR"],
  ["--auth-user a --auth-password-env NOPE", '"NOPE" of --auth-password-env is not set', "read -rs NOPE"],
  ["--auth-user a --auth-password-file /dev/null", 'first line of "/dev/null" is empty', "write the password"],
  ["--auth-user a --auth-password-env A --auth-password-file B", "name two passwords", "leave one"],
  ["--auth-user a --auth-password-env PW --auth-in-clear PLAIM", '"PLAIM" is no mechanism', "did you mean PLAIN?"],
  ["--without PIPELINE", '"PIPELINE" is no extension', "write --without"],
  ["--offer BURL", '"BURL" is no extension', "write --offer"],
  ["--offer XCLIENT --without XCLIENT", "--offer and --without both name XCLIENT", "leave one"],
  ["--limits RCPTMAX", '"" is no limit for RCPTMAX', "from 1 to 999999"],
  ["--limits RCPTMAX=0", '"0" is no limit for RCPTMAX', "from 1 to 999999"],
  ["--limits MAX=1", '"MAX" is no limit', "RCPTMAX, MAILMAX or RCPTDOMAINMAX"],
  ["--fault rcpt:45x", 'the action "45x" is not a reply', "plausch sink --help"],
  ["--fault ropt:450", 'the stage "ropt" is not a stage', "plausch sink --help"],
  ["--fault tls:450", 'not possible at the stage "tls"', "plausch sink --help"],
];
for (const [args, problem, hint] of wrong) {
  Deno.test(`sink ${args}: ${problem}`, async () => {
    const ran = await plausch(["sink", ...args.split(" ")], { env: { PW: "secret" } });
    assertEquals([ran.code, ran.out], [64, ""]);
    assertStringIncludes(ran.err, problem);
    assertStringIncludes(ran.err, hint);
  });
}

Deno.test("sink: a place where it cannot listen is 69, with what to do about it", async () => {
  const socket = await plausch(["sink", "--socket", "/dev/null/x"]);
  assertEquals(socket.code, 69, socket.err);
  assertStringIncludes(socket.err, "Cannot listen on /dev/null/x: ");
  const foreign = await plausch(["sink", "--address", "192.0.2.1"]);
  assertEquals(foreign.code, 69, foreign.err);
  assertStringIncludes(foreign.err, "Cannot listen on 192.0.2.1:2525: The address is not one of this machine");
  assertStringIncludes(foreign.err, "Choose an address of this machine");
});

sinkTest("an IPv6 address stands in brackets", ["--address", "::1"], async (sink) => {
  await prints(sink, /Listening on \[::1\]:\d+;/);
  assertStringIncludes(await invitation(sink), "--server [::1]:");
});
