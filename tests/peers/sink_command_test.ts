/**
 * Clients that other people wrote against `plausch sink`: TLS, AUTH, LMTP, delivery reports, remote queues, and faults on request.
 * What each was told shows in its exit code, what it said in what the sink prints, and what it sent in what the sink keeps.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { access } from "node:fs/promises";
import { clientTest, find, run } from "./_clients.ts";
import { certificate } from "./_peers.ts";
import { password } from "./_send.ts";
import { bearer, message, type SinkCommand, withSinkCommand } from "./_sink_command.ts";

/** What a client is asked to do. */
interface Wish {
  readonly sink: SinkCommand;
  /** Default: in clear. */
  readonly tls?: "starttls" | "implicit" | undefined;
  /** Whether the certificate has to be good for `localhost`, by the test CA. */
  readonly verify?: boolean;
  readonly mechanism?: string;
  readonly secret?: string;
}

interface Client {
  readonly program: string;
  readonly args: (wish: Wish) => ReadonlyArray<string>;
  /** Whether the message is read from standard input. */
  readonly reads?: true;
  readonly mechanisms: ReadonlyArray<string>;
  /** Its exit codes: the sink refuses it for lack of AUTH; a wrong password; a certificate that it cannot trust. */
  readonly exits: { readonly refused: number; readonly auth: number; readonly trust: number };
}

const clients: ReadonlyArray<Client> = [
  {
    program: "swaks",
    args: ({ sink, tls, verify, mechanism, secret = password }) => [
      ...["--server", "127.0.0.1", "--port", `${sink.port}`, "--helo", "c.test", "--from", "a@c.test"],
      ...["--to", "b@d.test", "--data", `@${sink.folder}/lf`],
      ...tls === undefined ? [] : [tls === "implicit" ? "--tls-on-connect" : "--tls"],
      ...verify ? ["--tls-verify", "--tls-ca-path", certificate("ca.pem")] : [],
      ...mechanism === undefined ? [] : ["--auth", mechanism, "--auth-user", "alice", "--auth-password", secret],
    ],
    mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5"],
    exits: { refused: 23, auth: 28, trust: 29 },
  },
  {
    program: "curl",
    args: ({ sink, tls, verify, mechanism, secret = password }) => [
      ...["--silent", "--ipv4", "--mail-from", "a@c.test", "--mail-rcpt", "b@d.test"],
      ...["--upload-file", `${sink.folder}/crlf`],
      ...["--url", `${tls === "implicit" ? "smtps" : "smtp"}://localhost:${sink.port}/c.test`],
      ...tls === "starttls" ? ["--ssl-reqd"] : [],
      ...verify ? ["--cacert", certificate("ca.pem")] : ["--insecure"],
      ...mechanism === undefined ? [] : ["--user", `alice:${secret}`, "--login-options", `AUTH=${mechanism}`],
    ],
    mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5"],
    exits: { refused: 55, auth: 67, trust: 60 },
  },
  {
    program: "msmtp",
    args: ({ sink, tls, verify, mechanism, secret = password }) => [
      ...["--host=localhost", `--port=${sink.port}`, "--domain=c.test", "--from=a@c.test", "--timeout=10"],
      ...tls === undefined ? ["--tls=off"] : ["--tls=on", `--tls-starttls=${tls === "starttls" ? "on" : "off"}`],
      ...tls === undefined ? [] : [verify ? `--tls-trust-file=${certificate("ca.pem")}` : "--tls-certcheck=off"],
      ...mechanism === undefined
        ? ["--auth=off"]
        : [`--auth=${mechanism.toLowerCase()}`, "--user=alice", `--passwordeval=printf '%s\\n' '${secret}'`],
      "b@d.test",
    ],
    reads: true,
    mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"],
    exits: { refused: 65, auth: 77, trust: 69 },
  },
];

/** The sink's own certificate, or the one that the test CA signed for localhost. */
const good = ["--tls-cert", certificate("good.chain.pem"), "--tls-key", certificate("good.key")];
const alice = ["--auth-user", "alice", "--auth-password-file", "{folder}/password"];

/** Without the certificates that setup.sh makes there is nothing to verify with. */
const isSetUp = await access(certificate("ca.pem")).then(() => true, () => false);
const program = new Map<string, string | undefined>();
for (const name of ["swaks", "curl", "msmtp", "openssl", "posttls-finger", "smtp-source"]) {
  if (isSetUp) program.set(name, await find(name));
}

/** Registers a test of one client with a sink of its own. */
const sinkTest = (
  title: string,
  name: string,
  args: ReadonlyArray<string>,
  body: (sink: SinkCommand, program: string) => Promise<void>,
): void =>
  clientTest(
    title,
    isSetUp ? name : "the test CA",
    program.get(name),
    (program) => withSinkCommand(args, (sink) => body(sink, program)),
  );

/** Sends with a client, and sees its exit code and how many messages the sink has. */
const sends = async (client: Client, program: string, wish: Wish, exit: number): Promise<void> => {
  const before = (await wish.sink.kept()).length;
  const { code, output } = await run(program, client.args(wish), client.reads && message);
  assertEquals(code, exit, `${output}\n${wish.sink.printed()}`);
  const kept = await wish.sink.kept();
  assertEquals(kept.length, before + (exit === 0 ? 1 : 0));
  // The sink may put its trace on top, and swaks adds an empty line.
  if (exit === 0) assertStringIncludes(kept.at(-1)!.replaceAll("\r\n", "\n"), message);
};

for (const client of clients) {
  const { program: name, mechanisms, exits } = client;

  for (const tls of ["starttls", "implicit"] as const) {
    const flag = tls === "starttls" ? "--tls" : "--tls-implicit";

    sinkTest(
      `${name} takes the certificate that sink ${flag} made, where it need not trust it`,
      name,
      [flag],
      (sink, program) => sends(client, program, { sink, tls }, 0),
    );

    sinkTest(
      `${name} does not trust the certificate that sink ${flag} made`,
      name,
      [flag],
      (sink, program) => sends(client, program, { sink, tls, verify: true }, exits.trust),
    );

    sinkTest(
      `${name} trusts sink ${flag} with a certificate by an authority`,
      name,
      [flag, ...good],
      (sink, program) => sends(client, program, { sink, tls, verify: true }, 0),
    );
  }

  for (const mechanism of mechanisms) {
    sinkTest(
      `${name} logs in by AUTH ${mechanism}, with the right password only`,
      name,
      ["--tls", ...alice],
      async (sink, program) => {
        await sends(client, program, { sink, tls: "starttls", mechanism }, 0);
        assertStringIncludes(sink.printed(), `AUTH ${mechanism}`);
        await sends(client, program, { sink, tls: "starttls", mechanism, secret: "wonderland" }, exits.auth);
      },
    );
  }

  sinkTest(
    `${name} has to log in under --require-auth`,
    name,
    ["--tls", ...alice, "--require-auth"],
    async (sink, program) => {
      await sends(client, program, { sink, tls: "starttls" }, exits.refused);
      assertStringIncludes(sink.printed(), "530 ");
      await sends(client, program, { sink, tls: "starttls", mechanism: "PLAIN" }, 0);
    },
  );
}

/** Clients that know tokens. */
const tokens: ReadonlyArray<
  readonly [
    name: string,
    wrong: number,
    args: (sink: SinkCommand, mechanism: string, token: string) => ReadonlyArray<string>,
  ]
> = [
  ["curl", 67, (sink, mechanism, token) => [
    ...[
      "--silent",
      "--ipv4",
      "--mail-from",
      "a@c.test",
      "--mail-rcpt",
      "b@d.test",
      "--upload-file",
      `${sink.folder}/crlf`,
    ],
    ...["--ssl-reqd", "--insecure", "--url", `smtp://localhost:${sink.port}/c.test`, "--user", "alice"],
    ...["--oauth2-bearer", token, "--login-options", `AUTH=${mechanism}`],
  ]],
  ["msmtp", 77, (sink, mechanism, token) => [
    ...["--host=localhost", `--port=${sink.port}`, "--domain=c.test", "--from=a@c.test", "--timeout=10", "--tls=on"],
    ...[
      "--tls-certcheck=off",
      `--auth=${mechanism.toLowerCase()}`,
      "--user=alice",
      `--passwordeval=echo ${token}`,
      "b@d.test",
    ],
  ]],
];
for (const [name, wrong, args] of tokens) {
  // With OAUTHBEARER at hand, curl uses nothing else.
  for (const mechanism of name === "curl" ? ["OAUTHBEARER"] : ["XOAUTH2", "OAUTHBEARER"]) {
    const flags = ["--tls", "--auth-user", "alice", "--auth-password-file", "{folder}/token", "--require-auth"];
    sinkTest(`${name} logs in by AUTH ${mechanism}, with the right token only`, name, flags, async (sink, program) => {
      for (const [token, exit] of [[bearer, 0], ["another", wrong]] as const) {
        const { code, output } = await run(program, args(sink, mechanism, token), message);
        assertEquals(code, exit, output + sink.printed());
      }
      assertStringIncludes(sink.printed(), `AUTH ${mechanism}`);
      assertEquals((await sink.kept()).length, 1);
    });
  }
}

sinkTest("swaks passes for another client by XCLIENT", "swaks", ["--offer", "XCLIENT"], async (sink, program) => {
  const args = clients[0]!.args({ sink });
  const { code, output } = await run(program, [...args, "--xclient-addr", "192.0.2.7", "--xclient-name", "spike.test"]);
  assertEquals(code, 0, output);
  assertMatch(sink.printed(), /XCLIENT .*ADDR=192\.0\.2\.7/);
  assertEquals(output.match(/^<- +220 /gm)?.length, 2, output);
});

const headers: ReadonlyArray<readonly [version: string, ...ReadonlyArray<string>]> = [
  ["1", "--proxy-family", "TCP4"],
  ["2", "--proxy-family", "AF_INET", "--proxy-protocol", "STREAM", "--proxy-command", "PROXY"],
];
for (const [version, ...args] of headers) {
  sinkTest(`swaks speaks for a proxy, version ${version}`, "swaks", ["--proxy"], async (sink, program) => {
    const { code, output } = await run(program, [
      ...[...clients[0]!.args({ sink }), "--proxy-version", version, ...args],
      ...["--proxy-source", "192.0.2.33", "--proxy-source-port", "5555"],
      ...["--proxy-dest", "127.0.0.1", "--proxy-dest-port", "25"],
    ]);
    assertEquals(code, 0, output);
    assertStringIncludes(sink.printed(), "192.0.2.33");
    assertEquals((await sink.kept()).length, 1);
  });
}

sinkTest("swaks meets the limits of the sink", "swaks", ["--limits", "RCPTMAX=2"], async (sink, program) => {
  const { code, output } = await run(program, [...clients[0]!.args({ sink }), "--to", "b@d.test,c@d.test,e@d.test"]);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "RCPTMAX=2");
  assertMatch(output, /^<\*\* 452 /m);
  assertEquals((await sink.kept()).length, 1);
});

const secure: ReadonlyArray<readonly [sink: ReadonlyArray<string>, openssl: ReadonlyArray<string>]> = [
  [["--tls"], ["-starttls", "smtp"]],
  [["--tls", "--lmtp"], ["-starttls", "lmtp"]],
  [["--tls-implicit"], []],
];
for (const [flags, args] of secure) {
  sinkTest(`openssl verifies sink ${flags.join(" ")}`, "openssl", [...flags, ...good], async (sink, program) => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const { code, output } = await run(program, [
        ...["s_client", "-connect", `127.0.0.1:${sink.port}`, ...args, version, "-crlf", "-quiet"],
        ...["-CAfile", certificate("ca.pem"), "-verify_return_error", "-verify_hostname", "localhost"],
      ], "QUIT\n");
      assertEquals(code, 0, output);
      assertStringIncludes(output, "\n221 ".slice(1));
    }
  });
}

sinkTest("openssl finds nothing older than TLS 1.2", "openssl", ["--tls-implicit"], async (sink, program) => {
  const args = ["s_client", "-connect", `127.0.0.1:${sink.port}`, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
  const { code } = await run(program, args, "");
  assert(code !== 0);
});

sinkTest(
  "posttls-finger verifies the sink as Postfix would",
  "posttls-finger",
  ["--tls", ...good],
  async (sink, program) => {
    const { code, output } = await run(
      program,
      [
        ...["-c", "-l", "secure", "-F", certificate("ca.pem"), "-t", "10", `[127.0.0.1]:${sink.port}`, "localhost"],
      ],
      "",
      { MAIL_CONFIG: sink.folder },
    );
    assertEquals(code, 0, output);
    assertStringIncludes(output, "Verified TLS connection established");
  },
);

/** LMTP clients: over TCP, and over a unix socket. */
const local: ReadonlyArray<readonly [name: string, args: (sink: SinkCommand, unix: boolean) => ReadonlyArray<string>]> =
  [
    ["swaks", (sink, unix) => [
      ...["--protocol", "LMTP", "--helo", "c.test", "--from", "a@c.test", "--to", "b@d.test,c@d.test"],
      ...unix ? ["--socket", `${sink.folder}/socket`] : ["--server", "127.0.0.1", "--port", `${sink.port}`],
      ...["--data", `@${sink.folder}/lf`],
    ]],
    ["msmtp", (sink, unix) => [
      ...[
        "--host=localhost",
        `--port=${sink.port}`,
        "--protocol=lmtp",
        "--domain=c.test",
        "--from=a@c.test",
        "--tls=off",
      ],
      ...unix ? [`--socket=${sink.folder}/socket`] : [],
      ...["--auth=off", "--timeout=10", "b@d.test", "c@d.test"],
    ]],
    ["smtp-source", (sink, unix) => [
      ...["-L", "-M", "c.test", "-f", "a@c.test", "-t", "b@d.test", "-F", `${sink.folder}/lf`],
      unix ? `unix:${sink.folder}/socket` : `127.0.0.1:${sink.port}`,
    ]],
  ];
for (const [name, args] of local) {
  for (const unix of [false, true]) {
    const flags = ["--lmtp", ...unix ? ["--socket", "{folder}/socket"] : []];
    sinkTest(`${name} speaks LMTP with sink ${flags.join(" ")}`, name, flags, async (sink, program) => {
      const { code, output } = await run(program, args(sink, unix), message);
      assertEquals(code, 0, output + sink.printed());
      assertMatch(sink.printed(), /LHLO /);
      const kept = await sink.kept();
      assert(kept.length > 0);
      assertStringIncludes(kept[0]!.replaceAll("\r\n", "\n"), message);
    });
  }
}

sinkTest("msmtp asks for a delivery report", "msmtp", [], async (sink, program) => {
  const { code, output } = await run(program, [
    ...["--host=localhost", `--port=${sink.port}`, "--domain=c.test", "--from=a@c.test", "--tls=off", "--auth=off"],
    ...["--dsn-notify=success,failure", "--dsn-return=hdrs", "b@d.test"],
  ], message);
  assertEquals(code, 0, output);
  assertMatch(sink.printed(), /MAIL FROM:<a@c\.test>.* RET=HDRS/);
  assertMatch(sink.printed(), /RCPT TO:<b@d\.test>.* NOTIFY=SUCCESS,FAILURE/);
});

sinkTest(
  "msmtp is told what the sink can do, and starts its queue",
  "msmtp",
  ["--tls", ...alice],
  async (sink, program) => {
    const base = [
      "--host=localhost",
      `--port=${sink.port}`,
      "--domain=c.test",
      "--tls=off",
      "--auth=off",
      "--timeout=10",
    ];
    const info = await run(program, [...base, "--serverinfo"]);
    assertEquals(info.code, 0, info.output);
    for (const word of ["SIZE", "PIPELINING", "STARTTLS", "AUTH", "DSN", "ETRN"]) {
      assertStringIncludes(
        info.output,
        word,
      );
    }
    const queue = await run(program, [...base, "--rmqs=@d.test"]);
    assertMatch(sink.printed(), /ETRN @d\.test/);
    assertEquals(queue.code, 0, queue.output);
  },
);

const fault: ReadonlyArray<readonly [fault: string, swaks: number, curl: number, kept: number]> = [
  ["greeting:421 4.3.2 closing", 21, 8, 0],
  ["greeting:drop", 6, 56, 0],
  ["mail:550 5.7.1 not you", 23, 55, 0],
  ["rcpt:450 4.2.0 later", 24, 55, 0],
  ["data:554 5.3.0 no", 25, 55, 0],
  ["final:452 4.3.1 no room", 26, 8, 0],
  ["final:drop", 6, 56, 1],
  ["quit:drop", 6, 0, 1],
];
for (const [text, ...exits] of fault) {
  const kept = exits[2];
  for (const [at, name] of ["swaks", "curl"].entries()) {
    const client = clients[at]!;
    sinkTest(`${name} notices --fault "${text}"`, name, ["--fault", text], async (sink, program) => {
      const { code, output } = await run(program, client.args({ sink }));
      assertEquals(code, exits[at], output);
      assertEquals((await sink.kept()).length, kept);
    });
  }
}

sinkTest(
  "swaks sees nothing that the sink does --without",
  "swaks",
  ["--without", "PIPELINING", "--without", "DSN"],
  async (sink, program) => {
    const { output } = await run(program, [...clients[0]!.args({ sink }), "--quit-after", "EHLO"]);
    assertStringIncludes(output, "250-SIZE");
    assert(!output.includes("PIPELINING") && !output.includes("DSN"), output);
  },
);
