import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { plausch, plauschProcess, plauschUntil, withServer, withSink } from "./_cli.ts";

const basic = ["--to", "you@x.test", "--from", "me@x.test"];
const to = (port: number) => ["send", "--server", `127.0.0.1:${port}`, ...basic];

Deno.test("exit 0: a message is accepted, and the transcript shows every word", async () => {
  await withSink(async ({ port }, store) => {
    const ran = await plausch([...to(port), "--subject", "Grüße", "--header", "X-Mark: 1", "--body", "hallo\n.dot"]);
    assertEquals([ran.code, ran.err], [0, ""]);
    const lines = ran.out.split("\n");
    assert(lines.every((line) => /^(===| ->|<- ) |^$/.test(line)), ran.out);
    assert(lines.includes(" -> MAIL FROM:<me@x.test> SIZE=" + store.messages[0]?.octets.length));
    assert(lines.includes(" -> X-Mark: 1"));
    assert(lines.includes(" -> ..dot"));
    assert(lines.includes(" -> ."));
    assertStringIncludes(ran.out, "=== you@x.test: accepted: 250 2.0.0 Stored");
    assertStringIncludes(new TextDecoder().decode(store.messages[0]?.octets), "\r\n\r\nhallo\r\n.dot\r\n");
  });
});

Deno.test("--data sends a whole message as it is, from a file or standard input", async () => {
  const message = "From: x\r\nX: \u00e9\r\n\r\n.a\r\n..\r\n\r\nend";
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, message);
    await withSink(async ({ port }, store) => {
      assertEquals((await plausch([...to(port), "--data", `@${file}`])).code, 0);
      assertEquals((await plausch([...to(port), "--data", "-"], { stdin: message.replaceAll("\r\n", "\n") })).code, 0);
      for (const { octets } of store.messages) assertEquals(new TextDecoder().decode(octets), `${message}\r\n`);
      assertEquals(store.messages.length, 2);
      const strict = await plausch([...to(port), "--data", "-", "--line-ends", "strict"], { stdin: "a\nb" });
      assertEquals(strict.code, 65);
    });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("the null sender and postmaster are taken", async () => {
  await withSink(async ({ port }, store) => {
    const args = ["send", "-s", `127.0.0.1:${port}`, "-t", "postmaster", "-f", "<>", "--quiet"];
    assertEquals(await plausch(args), { code: 0, out: "", err: "" });
    assertEquals(store.messages.map((message) => message.reversePath._tag), ["Null"]);
    assertEquals(store.messages[0]?.forwardPaths.map(Path.address), ["postmaster"]);
  });
});

Deno.test("--json prints an object a line, ending with the outcome", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch([...to(port), "--json"]);
    const events = ran.out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(events[0].event, "connected");
    assertEquals(events.at(-1).event, "outcome");
    assertEquals(events.at(-1).recipients[0].verdict, "accepted");
    assert(events.some((event) => event.event === "said" && event.line.startsWith("MAIL FROM:<me@x.test>")));
  });
});

const usage: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
  [["send", "--to", "a@b.test"], "--from is missing"],
  [["send", "--from", "a@b.test"], "--to is missing"],
  [["send", ...basic, "--serveer", "x"], "did you mean --server?"],
  [["send", ...basic, "--server", "x:99999"], "99999"],
  [["send", ...basic, "--server", "a b"], "Cannot read"],
  [["send", ...basic, "--quit-after", "lunch"], "no stage to quit after"],
  [["send", ...basic, "--timeout", "soon"], "no length of time for --timeout"],
  [["send", ...basic, "--header", "no colon"], "no header field"],
  [["send", ...basic, "--data", "text"], "--data takes a file"],
  [["send", ...basic, "--data", "-", "--subject", "x"], "--subject cannot change what --data sends"],
  [["send", ...basic, "--body", "@/does/not/exist"], "Cannot read"],
  [["send", ...basic, "--dns", "not-an-ip"], "name server"],
  [["mx"], "takes DOMAIN..."],
  [["snd"], 'did you mean "plausch send"?'],
];

for (const [args, problem] of usage) {
  Deno.test(`exit 64: ${args.join(" ")}`, async () => {
    const ran = await plausch(args);
    assertEquals([ran.code, ran.out], [64, ""]);
    assertStringIncludes(ran.err, problem);
    assertEquals(ran.err.trim().split("\n").length, 1);
  });
}

Deno.test("exit 65: an address, a header or a name that cannot be sent", async () => {
  for (
    const args of [
      ["--to", "a,b@x.test", "--from", "me@x.test"],
      ["--to", "a@x.test", "--from", "me@x.test\r\nDATA"],
      [...basic, "--helo", "a b"],
      [...basic, "--subject", "x\r\nBcc: y@z.test"],
      [...basic, "--header", "X A: 1"],
    ]
  ) {
    const ran = await plausch(["send", "--server", "127.0.0.1:1", ...args]);
    assertEquals([ran.code, ran.out], [65, ""], args.join(" "));
    assert(ran.err.startsWith("*** "));
  }
});

Deno.test("exit 69: nobody listens there", async () => {
  const ran = await plausch(to(1));
  assertEquals(ran.code, 69);
  assertStringIncludes(ran.err, "ECONNREFUSED");
  assertStringIncludes(ran.err, "you@x.test: deferred");
});

const plain = ["220 mx\r\n", "250 mx\r\n"];
const conversations: ReadonlyArray<
  readonly [code: number, name: string, answers: ReadonlyArray<string | null>, said: string]
> = [
  [75, "a sender that is deferred", [...plain, "451 4.7.1 later\r\n", "221 bye\r\n"], "deferred at MAIL"],
  [
    75,
    "a connection that is lost before the dot",
    [...plain, "250 ok\r\n", null],
    "Lost the connection while waiting for the reply to RCPT: the server closed it\n",
  ],
  [76, "a server that is none", ["HTTP/1.1 400 Bad Request\r\n"], "This is a web server"],
  [76, "a reply that has no meaning", [...plain, "354 what\r\n"], "has no meaning here"],
  [81, "a recipient that is refused", [...plain, "250 ok\r\n", "550 5.1.1 no\r\n", "221 bye\r\n"], "rejected at RCPT"],
  [81, "a session that is refused", ["554 no\r\n", "221 bye\r\n"], "rejected at the greeting"],
  [83, "a lost reply to the message", [...plain, "250 ok\r\n", "250 ok\r\n", "354 go\r\n", null], "uncertain"],
];

for (const [code, name, answers, said] of conversations) {
  Deno.test(`exit ${code}: ${name}`, async () => {
    await withServer(answers, async (port) => {
      const ran = await plausch([...to(port), "--timeout", "10s"]);
      assertEquals(ran.code, code, ran.err);
      assertStringIncludes(ran.err, said);
    });
  });
}

Deno.test("exit 82: one recipient is accepted, one refused", async () => {
  const no = Reply.make(550, "no", { class: 5, subject: 1, detail: 1 });
  const policy = { recipient: (path: Path.ForwardPath) => Path.address(path).startsWith("no") ? no : undefined };
  await withSink(async ({ port }) => {
    const ran = await plausch([...to(port), "--to", "no@x.test"]);
    assertEquals(ran.code, 82);
    assertStringIncludes(ran.out, "you@x.test: accepted");
    assertStringIncludes(ran.err, "no@x.test: rejected at RCPT: 550 5.1.1");
  }, { policy });
});

Deno.test("exit 75: a server that does not answer within --timeout", async () => {
  await withServer(["220 mx\r\n"], async (port) => {
    const ran = await plausch([...to(port), "--timeout", "200ms"]);
    assertEquals(ran.code, 75);
    assertStringIncludes(ran.err, "Gave up waiting for the reply to EHLO");
  });
});

Deno.test("exit 130: interrupted, it closes the connection and says what is known of each recipient", async () => {
  const answers = [...plain, "250 ok\r\n", "250 ok\r\n", "550 no\r\n", "354 go\r\n"];
  await withServer(answers, async (port) => {
    const ran = await plauschUntil([...to(port), "--to", "more@x.test"], " -> .", "SIGINT");
    assertEquals(ran.code, 130);
    assertStringIncludes(ran.err, "Interrupted while waiting for the reply to the message");
    assertStringIncludes(ran.err, "you@x.test: uncertain");
    assertStringIncludes(ran.err, "more@x.test: rejected at RCPT");
  });
});

Deno.test("exit 130: interrupted before the transaction, nothing was sent", async () => {
  await withServer([], async (port) => {
    const ran = await plauschUntil(to(port), "Connected", "SIGTERM");
    assertEquals(ran.code, 130);
    assertStringIncludes(ran.err, "you@x.test: deferred at the greeting: interrupted");
  });
});

for (const command of ["demo", "mx", "send", "sink"]) {
  Deno.test(`plausch ${command} --help has examples and fits 80 columns`, async () => {
    const ran = await plausch([command, "--help"]);
    assertEquals([ran.code, ran.err], [0, ""]);
    assertStringIncludes(ran.out, "Examples");
    for (const line of ran.out.split("\n")) assert(line.length <= 80, line);
  });
}

Deno.test("--version, --help, and no arguments at all", async () => {
  assertEquals((await plauschProcess(["--version"])).out, "plausch 0.1.0\n");
  const help = await plauschProcess(["--help"]);
  assertEquals(help.code, 0);
  const nothing = await plauschProcess([]);
  assertEquals([nothing.code, nothing.out], [64, help.out]);
});

Deno.test("demo tells the whole story, and what the server stored", async () => {
  const ran = await plauschProcess(["demo"], { env: { NO_COLOR: "1" } });
  assertEquals([ran.code, ran.err], [0, ""]);
  for (
    const part of [
      "1. Who takes mail for plausch.example?",
      "plausch.example.\t300\tIN\tMX\t10 mx.plausch.example.",
      "<** 421 4.3.2 Too busy, sorry\n",
      "=== On to the next host, with 1 recipient\n",
      " -> RCPT TO:<mir@plausch.example>",
      "mir@plausch.example: accepted",
      "  | Subject: Testmail",
      "  | Ich schreibe mir gerne selber E-Mails.",
      "4. What to try next",
    ]
  ) assertStringIncludes(ran.out, part);
  for (const line of ran.out.replaceAll("\t", "        ").split("\n")) assert(line.length <= 80, line);
});

Deno.test("demo --tls tells it encrypted, with a certificate that proves the server", async () => {
  const ran = await plauschProcess(["demo", "--tls"], {
    permissions: ["--allow-net=127.0.0.1,localhost", "--allow-env=NO_COLOR"],
  });
  assertEquals([ran.code, ran.err], [0, ""]);
  assertStringIncludes(ran.out, "=== It names mx2.plausch.example; verified as mx2.plausch.example by PKIX\n");
  assertStringIncludes(ran.out, " ~> RCPT TO:<mir@plausch.example>\n");
  for (const line of ran.out.replaceAll("\t", "        ").split("\n")) assert(line.length <= 80, line);
});

Deno.test("sink shows the chat, and stops on a signal", async () => {
  const ran = await plauschUntil(["sink", "--port", "24525"], "Listening on 127.0.0.1:24525", "SIGINT");
  assertEquals(ran.code, 130);
  assertStringIncludes(ran.out, "Try: plausch send");
});

Deno.test("as a process, it reads files and standard input, and prints errors on standard error", async () => {
  await withSink(async ({ port }, store) => {
    const ran = await plauschProcess([...to(port), "--data", "-"], { stdin: "Subject: t\n\nhello\n" });
    assertEquals([ran.code, ran.err], [0, ""]);
    assertEquals(new TextDecoder().decode(store.messages[0]?.octets), "Subject: t\r\n\r\nhello\r\n");
  });
  const unread = await plauschProcess([...to(1), "--data", "@/does/not/exist"]);
  assertEquals([unread.code, unread.out], [64, ""]);
  assertStringIncludes(unread.err, '*** Cannot read "/does/not/exist"');
});
