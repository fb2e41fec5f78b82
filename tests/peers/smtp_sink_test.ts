/**
 * Every fault that Postfix's smtp-sink knows, and what `plausch send` makes of it: the verdict on the recipient, the failure of
 * the conversation if there is one, and the exit code.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { newMark, peerTest } from "./_peers.ts";
import { plausch } from "../cli/_cli.ts";
import { letter, type Order, password, send } from "./_send.ts";
import { withSmtpSink } from "./_smtp_sink.ts";

/** Flag, command, exit code, verdict, failure. */
type Fault = readonly [flag: string, command: string, code: number, verdict: string, failure?: string];

const faults: ReadonlyArray<Fault> = [
  // Refused for good: 5yz. EHLO alone is no loss, since HELO is left; HELO alone is never said.
  ["-f", "connect", 81, "rejected greeting 500"],
  ["-f", "ehlo", 0, "accepted final 250 2.0.0"],
  ["-f", "helo", 0, "accepted final 250 2.0.0"],
  ["-f", "ehlo,helo", 81, "rejected helo 500"],
  ["-f", "mail", 81, "rejected mail 500 5.3.0"],
  ["-f", "rcpt", 81, "rejected rcpt 500 5.3.0"],
  ["-f", "data", 81, "rejected data 500 5.3.0"],
  ["-f", ".", 81, "rejected final 500 5.3.0"],
  ["-f", "rset", 0, "accepted final 250 2.0.0"],
  ["-f", "quit", 0, "accepted final 250 2.0.0"],
  // Refused for now: 4yz. HELO is not tried then.
  ["-r", "connect", 75, "deferred greeting 450"],
  ["-r", "ehlo", 75, "deferred ehlo 450"],
  ["-r", "helo", 0, "accepted final 250 2.0.0"],
  ["-r", "mail", 75, "deferred mail 450 4.3.0"],
  ["-r", "rcpt", 75, "deferred rcpt 450 4.3.0"],
  ["-r", "data", 75, "deferred data 450 4.3.0"],
  ["-r", ".", 75, "deferred final 450 4.3.0"],
  ["-r", "rset", 0, "accepted final 250 2.0.0"],
  ["-r", "quit", 0, "accepted final 250 2.0.0"],
  // Hung up without a word: nothing is lost before the dot, all is open after it, nothing changes after the answer to it.
  ["-q", "connect", 75, "deferred greeting ConnectionLost", "ConnectionLost greeting"],
  ["-q", "ehlo", 75, "deferred ehlo ConnectionLost", "ConnectionLost ehlo"],
  ["-q", "helo", 0, "accepted final 250 2.0.0"],
  ["-q", "mail", 75, "deferred mail ConnectionLost", "ConnectionLost mail"],
  ["-q", "rcpt", 75, "deferred rcpt ConnectionLost", "ConnectionLost rcpt"],
  ["-q", "data", 75, "deferred data ConnectionLost", "ConnectionLost data"],
  ["-q", ".", 83, "uncertain final ConnectionLost", "ConnectionLost final"],
  ["-q", "rset", 0, "accepted final 250 2.0.0"],
  ["-q", "quit", 0, "accepted final 250 2.0.0"],
  // Hung up with a word: 421 always means later.
  ["-Q", "connect", 75, "deferred greeting 421"],
  ["-Q", "ehlo", 75, "deferred ehlo 421"],
  ["-Q", "helo", 0, "accepted final 250 2.0.0"],
  ["-Q", "mail", 75, "deferred mail 421 4.0.0"],
  ["-Q", "rcpt", 75, "deferred rcpt 421 4.0.0"],
  ["-Q", "data", 75, "deferred data 421 4.0.0"],
  ["-Q", ".", 75, "deferred final 421 4.0.0"],
  ["-Q", "rset", 0, "accepted final 250 2.0.0"],
  ["-Q", "quit", 0, "accepted final 250 2.0.0"],
];

for (const [flag, command, code, verdict, failure] of faults) {
  peerTest(
    `smtp-sink ${flag} ${command}: exit ${code}, ${verdict}`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], [flag, command], async ({ port }) => {
        const tries: ReadonlyArray<Order> = [{ port }, { port, args: ["--no-pipeline"] }];
        for (const order of tries) {
          const sent = await send(order);
          assertEquals(sent.verdicts, { "bob@plausch.test": verdict }, sent.text);
          assertEquals([sent.code, sent.failure], [code, failure], sent.text);
        }
      }),
  );
}

/** LMTP gives a verdict a recipient after the dot, and has no HELO to fall back on (RFC 2033). */
const lmtpFaults: ReadonlyArray<Fault> = [
  ["-f", "lhlo", 81, "rejected ehlo 500"],
  ["-r", "lhlo", 75, "deferred ehlo 450"],
  ["-q", "lhlo", 75, "deferred ehlo ConnectionLost", "ConnectionLost ehlo"],
  ["-Q", "lhlo", 75, "deferred ehlo 421"],
  ["-f", "mail", 81, "rejected mail 500 5.3.0"],
  ["-f", "rcpt", 81, "rejected rcpt 500 5.3.0"],
  ["-f", ".", 81, "rejected final 500 5.3.0"],
  ["-r", ".", 75, "deferred final 450 4.3.0"],
  ["-q", ".", 83, "uncertain final ConnectionLost", "ConnectionLost final"],
];
for (const [flag, command, code, verdict, failure] of lmtpFaults) {
  peerTest(
    `smtp-sink -L ${flag} ${command}: exit ${code}, ${verdict} for each`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], ["-L", flag, command], async ({ port }) => {
        const to = ["bob@plausch.test", "alice@plausch.test"];
        const sent = await send({ port, to, args: ["--lmtp"] });
        assertEquals(sent.verdicts, { "bob@plausch.test": verdict, "alice@plausch.test": verdict }, sent.text);
        assertEquals([sent.code, sent.failure], [code, failure], sent.text);
        assertEquals(sent.verbs[0] ?? "LHLO", "LHLO");
      }),
  );
}

peerTest(
  "smtp-sink -L takes a message over a unix socket",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-L"], async ({ socket, kept }) => {
      const mark = newMark();
      const to = ["bob@plausch.test", "alice@plausch.test"];
      const sent = await send({ to, message: letter(mark), args: ["--lmtp", "--socket", socket] });
      assertEquals(sent.code, 0, sent.text);
      assertEquals(Object.values(sent.verdicts), ["accepted final 250 2.2.0", "accepted final 250 2.2.0"]);
      const dump = await kept();
      assertStringIncludes(dump, "X-Client-Proto: LMTP\n");
      assertStringIncludes(dump, mark);
    }, { unix: true }),
);

/**
 * Slower than the limit of 400 ms: before the dot nothing is lost, after it all is open. Under pipelining -W answers out of turn, so it
 * is taken away.
 */
const delays: ReadonlyArray<readonly [command: string, code: number, verdict: string]> = [
  ["ehlo", 75, "deferred ehlo Timeout"],
  ["mail", 75, "deferred mail Timeout"],
  ["rcpt", 75, "deferred rcpt Timeout"],
  ["data", 75, "deferred data Timeout"],
  [".", 83, "uncertain final Timeout"],
  ["quit", 0, "accepted final 250 2.0.0"],
];
for (const [command, code, verdict] of delays) {
  peerTest(
    `smtp-sink -W ${command}:2 is too slow: exit ${code}, ${verdict}`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], ["-p", "-W", `${command}:2`], async ({ port }) => {
        const begin = Date.now();
        const sent = await send({ port, args: ["--timeout", "400ms"] });
        assertEquals([sent.code, sent.verdicts], [code, { "bob@plausch.test": verdict }], sent.text);
        assert(Date.now() - begin < 1900, "it waited for the server, not for the limit");
      }),
  );
}

const patience: ReadonlyArray<ReadonlyArray<string>> = [["-p", "-W", "rcpt:1"], ["-w", "1"]];
for (const flags of patience) {
  peerTest(
    `smtp-sink ${flags.join(" ")} is waited for within the limit`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], flags, async ({ port }) => {
        const sent = await send({ port, args: ["--timeout", "10s"] });
        assertEquals([sent.code, sent.verdicts], [0, { "bob@plausch.test": "accepted final 250 2.0.0" }], sent.text);
      }),
  );
}

peerTest(
  "smtp-sink -H 1 -T 4096 reads nothing for a second: the message waits, whole",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-H", "1", "-T", "4096"], async ({ port, kept }) => {
      const mark = newMark();
      const message = letter(mark, `${"x".repeat(70)}\r\n`.repeat(60_000));
      const sent = await send({ port, message });
      assertEquals([sent.code, sent.verdicts], [0, { "bob@plausch.test": "accepted final 250 2.0.0" }], sent.text);
      assertEquals((await kept()).match(/^x{70}$/gm)?.length, 60_000);
    }),
);

peerTest(
  "smtp-sink -A 1 reads nothing for a second, and answers 550 in the middle of a message",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-A", "1"], async ({ port }) => {
      const message = letter(newMark(), `${"x".repeat(70)}\r\n`.repeat(60_000));
      const sent = await send({ port, message, args: ["--timeout", "5s"] });
      assertEquals([sent.code, sent.verdicts], [81, { "bob@plausch.test": "rejected final 550" }], sent.text);
    }),
);

/** Flags that take something away, and what is said then. */
const without: ReadonlyArray<readonly [flag: string, order: Order, verbs: string]> = [
  ["-e", {}, "EHLO HELO MAIL RCPT DATA QUIT"],
  ["-P", {}, "EHLO HELO MAIL RCPT DATA QUIT"],
  ["-E", {}, "EHLO MAIL RCPT DATA QUIT"],
  ["-p", {}, "EHLO MAIL RCPT DATA QUIT"],
  ["-N", {}, "EHLO MAIL RCPT DATA QUIT"],
];
for (const [flag, order, verbs] of without) {
  peerTest(
    `smtp-sink ${flag}: what is left is enough`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], [flag], async ({ port }) => {
        const sent = await send({ port, ...order });
        assertEquals([sent.code, sent.verbs.join(" ")], [0, verbs], sent.text);
      }),
  );
}

peerTest(
  "smtp-sink -p: not a word before the answer to the last",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-p"], async ({ port }) => {
      const { events } = await send({ port, to: ["bob@plausch.test", "alice@plausch.test"] });
      const talk = events.filter(({ event, last }) => event === "said" || event === "heard" || last === true)
        .map(({ event }) => event === "heard" ? "heard" : "said");
      assertEquals(talk, talk.map((_, at) => at % 2 === 0 ? "heard" : "said"));
    }),
);

/** What is asked for and not offered is refused here: the transaction does not begin. */
const missing: ReadonlyArray<readonly [flag: string, order: Order, verdict: string]> = [
  ["-8", { message: letter("m", "\u00e9") }, "rejected mail Needs8bitMime"],
  ["-N", { args: ["--dsn-notify", "NEVER"] }, "rejected mail"],
];
for (const [flag, order, verdict] of missing) {
  peerTest(
    `smtp-sink ${flag}: what needs it is not sent`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], [flag], async ({ port }) => {
        const sent = await send({ port, ...order });
        assertEquals([sent.code, sent.verbs.includes("MAIL")], [81, false], sent.text);
        assertStringIncludes(sent.verdicts["bob@plausch.test"] ?? "", verdict);
      }),
  );
}

peerTest(
  "smtp-sink -N: DSN may be dropped, and the outcome says so",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-N"], async ({ port, kept }) => {
      const sent = await send({ port, args: ["--dsn-notify", "NEVER", "--if-not-offered", "drop"] });
      assertEquals(sent.code, 0, sent.text);
      assertStringIncludes(sent.text, "DSN");
      assert(!(await kept()).includes("NOTIFY"));
    }),
);

/** Failures before the transaction: exit 77, and MAIL is not said. */
const refused: ReadonlyArray<readonly [flags: ReadonlyArray<string>, order: Order, failure: string]> = [
  [["-a"], { secret: password, args: ["--user", "alice", "--auth-in-clear", "PLAIN"] }, "AuthNotOffered auth"],
  [[], { secret: password, args: ["--user", "alice"] }, "PlaintextAuthRefused auth"],
  [[], { secret: password, args: ["--user", "alice", "--auth", "CRAM-MD5"] }, "NoCommonMechanism auth"],
  [
    ["-f", "auth"],
    { secret: password, args: ["--user", "alice", "--auth-in-clear", "PLAIN"] },
    "AuthRejected auth",
  ],
  [
    ["-r", "auth"],
    { secret: password, args: ["--user", "alice", "--auth-in-clear", "PLAIN"] },
    "AuthTemporary auth",
  ],
  [["-C"], { args: ["--xclient", "NAME=spike.test"] }, "XclientNotOffered xclient"],
  [["-F"], { args: ["--xforward", "NAME=spike.test"] }, "XclientNotOffered xforward"],
  [["-f", "xclient"], { args: ["--xclient", "NAME=spike.test"] }, "XclientRefused xclient"],
  [["-f", "xforward"], { args: ["--xforward", "NAME=spike.test"] }, "XclientRefused xforward"],
  [[], { args: ["--tls", "required"] }, "TlsNotOffered ehlo"],
  [[], { args: ["--tls", "verified"] }, "TlsNotOffered ehlo"],
];
for (const [flags, order, failure] of refused) {
  const title = [...flags, "for", ...order.args ?? []].join(" ");
  peerTest(
    `smtp-sink ${title}: ${failure}, and nothing is sent`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], flags, async ({ port }) => {
        const sent = await send({ port, ...order });
        assertEquals([sent.code, sent.failure, sent.verbs.includes("MAIL")], [77, failure, false], sent.text);
      }),
  );
}

/** What is said of AUTH here, where the connection is in clear, is said because PLAIN was allowed by name. */
const inClear: ReadonlyArray<readonly [flags: ReadonlyArray<string>, code: number, verdict: string]> = [
  [[], 0, "accepted final 250 2.0.0"],
  [["-q", "auth"], 75, "deferred auth ConnectionLost"],
  [["-Q", "auth"], 75, "deferred auth 421"],
];
for (const [flags, code, verdict] of inClear) {
  peerTest(
    `${["smtp-sink", ...flags].join(" ")} is sent AUTH PLAIN in clear, on request: exit ${code}`,
    ["smtp-sink"],
    (peers) =>
      withSmtpSink(peers["smtp-sink"], flags, async ({ port }) => {
        const sent = await send({ port, secret: password, args: ["--user", "alice", "--auth-in-clear", "PLAIN"] });
        assertEquals(sent.code, code, sent.text);
        assertStringIncludes(sent.verdicts["bob@plausch.test"] ?? "", verdict);
      }),
  );
}

peerTest(
  "smtp-sink keeps every parameter just as it was said",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], [], async ({ port, kept }) => {
      const args = [
        ...["--dsn-notify", "SUCCESS,FAILURE", "--dsn-ret", "HDRS", "--dsn-envid", "a+b=c", "--dsn-orcpt"],
        ...["rfc822;Bob+Mail@elsewhere.test", "--mail-param", "X-ONE=1", "--rcpt-param", "X-TWO"],
      ];
      const sent = await send({ port, args });
      assertEquals(sent.code, 0, sent.text);
      const dump = await kept();
      const [, mail = ""] = /^X-Mail-Args: (.*)$/m.exec(dump) ?? [];
      assertEquals(new Set(mail.split(" ").slice(1)), new Set(["RET=HDRS", "ENVID=a+2Bb+3Dc", "X-ONE=1"]));
      const [, rcpt = ""] = /^X-Rcpt-Args: (.*)$/m.exec(dump) ?? [];
      const expected = ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Bob+2BMail@elsewhere.test", "X-TWO"];
      assertEquals(new Set(rcpt.split(" ").slice(1)), new Set(expected));
    }),
);

peerTest(
  "smtp-sink -B: what it says reaches the terminal escaped",
  ["smtp-sink"],
  (peers) =>
    withSmtpSink(peers["smtp-sink"], ["-f", "rcpt", "-B", "550 5.7.1 no\u001b]0;mine\u0007"], async ({ port }) => {
      const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, "-f", "<>", "-t", "bob@plausch.test"]);
      assertEquals(ran.code, 81);
      assert(!(ran.out + ran.err).includes("\u001b"));
      assertStringIncludes(ran.err, "5.7.1 no");
    }),
);
