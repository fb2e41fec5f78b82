/**
 * Tries the peers themselves, by hand and without plausch: that each stores what it was sent, and does what README.md
 * says. A peer test that fails while these pass has found a fault of plausch.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { readFile } from "node:fs/promises";
import { octets } from "../support/cases.ts";
import {
  certificate,
  copies,
  newMark,
  type Peer,
  type PeerName,
  peerTest,
  portOf,
  socketOf,
  stored,
  withoutTrace,
} from "./_peers.ts";
import { ask } from "./_raw_dns.ts";
import { authenticate, token } from "./_raw_sasl.ts";
import { deliver, dial, type RawSmtp } from "./_raw_smtp.ts";

/** A message that a careless server would change. OpenSMTPD adds Date and Message-ID where they are missing. */
const awkward = (mark: string): Uint8Array =>
  octets(
    [
      "Date: Mon, 23 Nov 2026 20:29:47 +0000",
      `Message-ID: <${mark}@client.plausch.test>`,
      "From: =?utf-8?q?J=C3=B6rg?= <sender@elsewhere.test>",
      "To: Alice  <alice@plausch.test>,",
      '\t"Bob, B." <bob@plausch.test> (both)',
      "Subject: folded",
      " twice",
      "   over",
      "Received: from somewhere by somewhere-else; Mon, 23 Nov 2026 20:29:46 +0000",
      "X-Empty:",
      `X-Long: ${"h".repeat(900)}`,
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
      "",
      ".",
      "..",
      ".dots",
      " \t trailing blanks \t ",
      "From the start of a line",
      ">From a quoted one",
      "utf-8 \u00c3\u00a9, latin-1 \u00fc, controls \u0001\u001b\u007f",
      "b".repeat(998),
      "",
      "",
      ".",
      "",
      "",
    ].join("\r\n"),
  );

const stores: ReadonlyArray<readonly [PeerName, "smtp" | "lmtp"]> = [
  ["postfix", "smtp"],
  ["opensmtpd", "smtp"],
  ["smtp-server", "smtp"],
  ["smtp-server", "lmtp"],
  ["aiosmtpd", "smtp"],
  ["dovecot", "lmtp"],
];
for (const [name, use] of stores) {
  peerTest(`${name} (${use}) stores a message octet by octet below its trace fields`, [name], async (peers) => {
    const peer: Peer = peers[name];
    const mark = newMark();
    const message = awkward(mark);
    const replies = await deliver(portOf(peer, use), message, { to: ["alice@plausch.test"], lmtp: use === "lmtp" });
    assertEquals(replies.map((reply) => reply.slice(0, 4)), ["250 "]);
    assertEquals(withoutTrace(peer, await stored(peer, mark)), message);
  });
}

for (const name of ["postfix", "opensmtpd", "dovecot"] as const) {
  peerTest(`${name} stores one copy in the mailbox of each recipient`, [name], async (peers) => {
    const peer: Peer = peers[name];
    const mark = newMark();
    const message = awkward(mark);
    const to = ["alice@plausch.test", "bob@plausch.test"];
    await deliver(peer.port, message, { to, lmtp: name === "dovecot" });
    for (const mailbox of ["alice", "bob"]) {
      assertEquals(withoutTrace(peer, await stored(peer, mark, { mailbox })), message);
    }
    assertEquals((await copies(peer, mark)).length, 2);
  });
}

peerTest("smtp-server and aiosmtpd tell who a message was for", ["smtp-server", "aiosmtpd"], async (peers) => {
  for (const peer of [peers["smtp-server"], peers.aiosmtpd]) {
    const mark = newMark();
    await deliver(peer.port, awkward(mark), { to: ["alice@plausch.test", "bob@plausch.test"] });
    assertEquals((await copies(peer, mark, "bob")).length, 1);
    assertEquals((await copies(peer, mark, "carol")).length, 0);
  }
});

peerTest("a message that never came is missed after the limit", ["aiosmtpd"], async ({ aiosmtpd }) => {
  const mark = newMark();
  const error = await assertRejects(() => stored(aiosmtpd, mark, { within: 100 }), Error);
  assertStringIncludes(error.message, mark);
});

Deno.test("a message without exactly the trace fields of its peer is not taken for one", () => {
  const postfix: Peer = {
    name: "postfix",
    host: "127.0.0.1",
    port: 25,
    ports: {},
    sockets: {},
    log: undefined,
    store: { kind: "maildir", path: "/nowhere" },
  };
  const top = "Return-Path: <a@b.test>\nX-Original-To: c@d.test\nDelivered-To: c@d.test\n";
  const whole = octets(`${top}Received: from x\n\tby y;\n date\nReceived: mine\n\nbody\n`);
  assertEquals(withoutTrace(postfix, whole), octets("Received: mine\r\n\r\nbody\r\n"));
  assertThrows(() => withoutTrace(postfix, octets(`${top}Subject: x\n\nbody\n`)), Error, '"Received"');
});

const verdicts: ReadonlyArray<readonly [PeerName, Readonly<Record<string, string>>]> = [
  ["postfix", {
    alice: "250 2.1.5",
    reject550: "550 5.1.1",
    reject551: "551 5.1.6",
    full552: "552 5.2.2",
    tempfail450: "450 4.2.0",
    tempfail451: "451 4.3.0",
    full452: "452 4.2.2",
    drop421: "421 4.3.2",
  }],
  ["opensmtpd", { alice: "250 2.1.5", nobody: "524 5.2.4" }],
  ["smtp-server", { alice: "250 2.1.5", reject550: "550 5.1.1", full552: "552 5.2.2", tempfail451: "451 4.3.0" }],
  ["aiosmtpd", { alice: "250 2.1.5", reject550: "550 5.1.1", tempfail451: "451 4.3.0" }],
];
for (const [name, byRecipient] of verdicts) {
  peerTest(`${name} gives every recipient its fixed verdict`, [name], async (peers) => {
    const server = await dial(peers[name].port);
    try {
      await server.reply();
      await server.say("EHLO client.plausch.test");
      await server.say("MAIL FROM:<sender@elsewhere.test>");
      for (const [recipient, verdict] of Object.entries(byRecipient)) {
        const reply = await server.say(`RCPT TO:<${recipient}@plausch.test>`);
        assertStringIncludes(reply.slice(0, verdict.length), verdict, recipient);
      }
    } finally {
      server.close();
    }
  });
}

peerTest("postfix refuses two senders", ["postfix"], async ({ postfix }) => {
  const server = await dial(postfix.port);
  try {
    await server.reply();
    await server.say("EHLO client.plausch.test");
    // Postfix answers for the sender when it is asked for the first recipient.
    for (const [sender, verdict] of [["badsender", "553 5.1.8"], ["slowsender", "451 4.7.1"]] as const) {
      await server.say(`MAIL FROM:<${sender}@plausch.test>`);
      assertStringIncludes(await server.say("RCPT TO:<alice@plausch.test>"), verdict);
      await server.say("RSET");
    }
  } finally {
    server.close();
  }
});

peerTest("postfix refuses a bare LF on its strict port", ["postfix"], async ({ postfix }) => {
  const server = await dial(portOf(postfix, "strict"));
  try {
    await server.reply();
    server.send(octets("EHLO client.plausch.test\n"));
    assertStringIncludes(await server.reply(), "bare <LF>");
  } finally {
    server.close();
  }
});

peerTest(
  "smtp-server refuses over LMTP after the final dot, recipient by recipient",
  ["smtp-server"],
  async (peers) => {
    const to = ["late@plausch.test", "bob@plausch.test"];
    const replies = await deliver(portOf(peers["smtp-server"], "lmtp"), awkward(newMark()), { to, lmtp: true });
    assertEquals(replies.map((reply) => reply.slice(0, 4)), ["552 ", "250 "]);
  },
);

peerTest("smtp-sink takes a message", ["smtp-sink"], async (peers) => {
  const replies = await deliver(peers["smtp-sink"].port, awkward(newMark()), { to: ["anybody@anywhere.test"] });
  assertEquals(replies.map((reply) => reply.slice(0, 4)), ["250 "]);
});

/** Says EHLO, begins TLS, says EHLO again: gives the server and its second answer. */
const secure = async (server: RawSmtp, own?: { readonly cert: string; readonly key: string }): Promise<string> => {
  await server.reply();
  assertStringIncludes(await server.say("EHLO client.plausch.test"), "STARTTLS");
  assertStringIncludes(await server.say("STARTTLS"), "220 ");
  await server.startTls("mx1.plausch.test", await readFile(certificate("ca.pem"), "utf8"), own);
  return server.say("EHLO client.plausch.test");
};

const withServer = async <A>(where: number | string, use: (server: RawSmtp) => Promise<A>): Promise<A> => {
  const server = await dial(where);
  try {
    return await use(server);
  } finally {
    server.close();
  }
};

/** The mechanisms of each peer, and what it takes of alice: her password or a token. */
const secured: ReadonlyArray<
  readonly [PeerName, use: string, needs: ReadonlyArray<PeerName>, passwords: string, tokens: string, others: string]
> = [
  [
    ...["postfix", "submission", ["dovecot"]] as const,
    "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256",
    ...["XOAUTH2 OAUTHBEARER", "ANONYMOUS"] as const,
  ],
  [
    ...["dovecot", "submission", ["postfix"]] as const,
    "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256",
    ...["XOAUTH2 OAUTHBEARER", "EXTERNAL"] as const,
  ],
  ["smtp-server", "smtp", [], "PLAIN LOGIN CRAM-MD5", "XOAUTH2", ""],
  ["aiosmtpd", "smtp", [], "LOGIN PLAIN", "", ""],
];
for (const [name, use, needs, passwords, tokens, others] of secured) {
  const mechanisms = [passwords, tokens, others].join(" ").trim().replace(/ +/g, " ");
  peerTest(
    `${name} (${use}) offers TLS under the test CA, and then AUTH ${mechanisms}`,
    [name, ...needs],
    async (peers) => {
      const port = portOf(peers[name], use);
      const offered = await withServer(port, (server) => secure(server));
      assertEquals(/AUTH (.*?)\r/.exec(offered)?.[1], mechanisms);
      const bearer = name === "smtp-server" ? "tok" : tokens === "" ? "" : await token("alice");
      const tries: Array<readonly [mechanism: string, secret: string, verdict: string]> = [];
      for (const each of passwords.split(" ")) tries.push([each, "wonder land", "235 "], [each, "wonderland", "535 "]);
      for (const each of tokens.split(" ").filter(Boolean)) tries.push([each, bearer, "235 "], [each, "none", "535 "]);
      if (others === "ANONYMOUS") tries.push(["ANONYMOUS", "", "235 "]);
      // EXTERNAL: nothing but the certificate says who it is.
      const own = {
        cert: await readFile(certificate("client.pem"), "utf8"),
        key: await readFile(certificate("client.key"), "utf8"),
      };
      if (others === "EXTERNAL") tries.push(["EXTERNAL", "", "235 "]);
      for (const [mechanism, secret, verdict] of tries) {
        await withServer(port, async (server) => {
          await secure(server, mechanism === "EXTERNAL" ? own : undefined);
          const last = await authenticate(server, mechanism, "alice", secret);
          assertStringIncludes(last.slice(0, 4), verdict, `${mechanism} with "${secret}"`);
        });
      }
    },
  );
}

const shown: ReadonlyArray<readonly [use: string, error: string | undefined]> = [
  ["smtp", undefined],
  ["tls12", undefined],
  ["clientcert", undefined],
  ["expired", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["selfsigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["untrusted", "UNABLE_TO_VERIFY_LEAF_SIGNATURE SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  ["wrongname", "ERR_TLS_CERT_ALTNAME_INVALID"],
];
for (const [use, error] of shown) {
  peerTest(
    `postfix (${use}) shows ${error === undefined ? "a good" : "a bad"} certificate`,
    ["postfix"],
    (peers) =>
      withServer(portOf(peers.postfix, use), async (server) => {
        if (error === undefined) return assertStringIncludes(await secure(server), "250-PIPELINING");
        const failure: Error & { readonly code?: string } = await assertRejects(() => secure(server), Error);
        // Deno and Node name the same fault differently.
        assert(error.split(" ").includes(failure.code ?? ""), `${failure.code}: ${failure.message}`);
      }),
  );
}

peerTest(
  "postfix (smtps) speaks TLS from the first octet",
  ["postfix"],
  ({ postfix }) =>
    withServer(portOf(postfix, "smtps"), async (server) => {
      await server.startTls("mx1.plausch.test", await readFile(certificate("ca.pem"), "utf8"));
      assertStringIncludes(await server.reply(), "220 ");
    }),
);

peerTest("postfix (clientcert) writes down who the client is", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const own = {
    cert: await readFile(certificate("client.pem"), "utf8"),
    key: await readFile(certificate("client.key"), "utf8"),
  };
  await withServer(portOf(postfix, "clientcert"), async (server) => {
    await secure(server, own);
    for (const line of ["MAIL FROM:<>", "RCPT TO:<alice@plausch.test>", "DATA"]) await server.say(line);
    assertStringIncludes(await server.say(`Subject: ${mark}\r\n\r\nhello\r\n.`), "250 ");
  });
  const text = new TextDecoder().decode(await stored(postfix, mark));
  assertStringIncludes(text, '(Client CN "client", Issuer "plausch test CA" (verified OK))');
});

peerTest(
  "postfix (trusted) believes XCLIENT and XFORWARD",
  ["postfix"],
  ({ postfix }) =>
    withServer(portOf(postfix, "trusted"), async (server) => {
      await server.reply();
      const offered = await server.say("EHLO client.plausch.test");
      assertStringIncludes(offered, "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT\r");
      assertStringIncludes(offered, "250-XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT\r");
      assertStringIncludes(await server.say("XFORWARD NAME=spike.test ADDR=192.0.2.7"), "250 ");
      // XCLIENT begins the conversation anew.
      assertStringIncludes(await server.say("XCLIENT NAME=spike.test ADDR=192.0.2.7"), "220 mx1.plausch.test");
      assert(!(await server.say("EHLO client.plausch.test")).includes("XCLIENT"));
    }),
);

peerTest("postfix (proxy) waits for a PROXY header, and believes it", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  await withServer(portOf(postfix, "proxy"), async (server) => {
    server.send(octets("PROXY TCP4 192.0.2.33 127.0.0.1 5555 25\r\n"));
    assertStringIncludes(await server.reply(), "220 ");
    for (const line of ["HELO c.test", "MAIL FROM:<>", "RCPT TO:<alice@plausch.test>", "DATA"]) await server.say(line);
    assertStringIncludes(await server.say(`Subject: ${mark}\r\n\r\nhello\r\n.`), "250 ");
  });
  assertStringIncludes(new TextDecoder().decode(await stored(postfix, mark)), "(unknown [192.0.2.33])");
  await withServer(portOf(postfix, "proxy"), async (server) => {
    assertStringIncludes(await server.say("EHLO client.plausch.test"), "421 ");
  });
});

peerTest(
  "postfix answers VRFY and ETRN, and knows neither EXPN nor HELP",
  ["postfix"],
  ({ postfix }) =>
    withServer(postfix.port, async (server) => {
      await server.reply();
      await server.say("EHLO client.plausch.test");
      assertStringIncludes(await server.say("VRFY alice@plausch.test"), "252 ");
      assertStringIncludes(await server.say("VRFY reject550@plausch.test"), "550 5.1.1");
      assertStringIncludes(await server.say("ETRN relayed.test"), "250 ");
      assertStringIncludes(await server.say("ETRN elsewhere.test"), "459 ");
      assertStringIncludes(await server.say("EXPN list"), "500 5.5.2");
      assertStringIncludes(await server.say("HELP"), "500 5.5.2");
    }),
);

peerTest(
  "postfix takes 50 recipients in a transaction, not 51",
  ["postfix"],
  ({ postfix }) =>
    withServer(postfix.port, async (server) => {
      await server.reply();
      await server.say("EHLO client.plausch.test");
      await server.say("MAIL FROM:<>");
      for (let n = 1; n <= 50; n++) assertStringIncludes(await server.say(`RCPT TO:<n${n}@plausch.test>`), "250 ");
      assertStringIncludes(await server.say("RCPT TO:<n51@plausch.test>"), "452 4.5.3");
    }),
);

peerTest(
  "dovecot answers over its unix socket, and refuses after the dot who is over quota",
  ["dovecot"],
  async (peers) => {
    const to = ["alice@plausch.test", "full@plausch.test"];
    for (const where of [socketOf(peers.dovecot, "lmtp"), peers.dovecot.port]) {
      const replies = await deliver(where, awkward(newMark()), { to, lmtp: true });
      assertEquals(replies.map((reply) => reply.slice(0, 9)), ["250 2.0.0", "552 5.2.2"]);
    }
  },
);

peerTest("opensmtpd offers STARTTLS, says 220 and then breaks the handshake", ["opensmtpd"], async ({ opensmtpd }) => {
  const server = await dial(opensmtpd.port);
  try {
    await server.reply();
    assertStringIncludes(await server.say("EHLO client.plausch.test"), "STARTTLS");
    assertStringIncludes(await server.say("STARTTLS"), "220 ");
    const ca = await readFile(certificate("ca.pem"), "utf8");
    await assertRejects(() => server.startTls("mx3.plausch.test", ca), Error);
  } finally {
    server.close();
  }
});

peerTest(
  "opensmtpd ends the conversation of a client that pipelines",
  ["opensmtpd"],
  ({ opensmtpd }) =>
    withServer(opensmtpd.port, async (server) => {
      await server.reply();
      await server.say("EHLO client.plausch.test");
      server.send(octets("MAIL FROM:<>\r\nRCPT TO:<alice@plausch.test>\r\n"));
      assertStringIncludes(await server.reply(), "500 5.5.1 Invalid command: Pipelining not supported");
      await assertRejects(() => server.reply(), Error, "closed the connection");
    }),
);

peerTest("unbound validates plausch.test, and knot answers for it", ["unbound", "knot"], async ({ unbound, knot }) => {
  assertEquals(await ask(unbound.port, "plausch.test", "MX"), { rcode: 0, authenticated: true, answers: 3 });
  assertEquals(await ask(knot.port, "plausch.test", "MX"), { rcode: 0, authenticated: false, answers: 3 });
  assertEquals(await ask(unbound.port, "_25._tcp.mx1.plausch.test", "TLSA"), {
    rcode: 0,
    authenticated: true,
    answers: 1,
  });
});

peerTest("unbound tells no such name, no such record, bogus and unsigned apart", ["unbound"], async ({ unbound }) => {
  const nothing = { rcode: 0, authenticated: true, answers: 0 };
  assertEquals(await ask(unbound.port, "nobody.plausch.test", "A"), { ...nothing, rcode: 3 });
  assertEquals(await ask(unbound.port, "nothing.plausch.test", "MX"), nothing);
  assertEquals(await ask(unbound.port, "nullmx.plausch.test", "MX"), { ...nothing, answers: 1 });
  assertEquals((await ask(unbound.port, "bogus.test", "MX")).rcode, 2);
  const many = await ask(unbound.port, "manymx.insecure.test", "MX");
  assert(!many.authenticated);
  assertEquals(many.answers, 120);
});
