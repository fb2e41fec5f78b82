/**
 * The main job against real servers: `plausch mx` and `plausch send`, with unbound as the resolver, and each server's stored
 * message held against the one that was sent.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { plausch } from "../cli/_cli.ts";
import { octets } from "../support/cases.ts";
import { newMark, type Peer, type PeerName, peerTest, stored, withoutTrace } from "./_peers.ts";

const message = (mark: string): Uint8Array =>
  octets(
    [
      "Date: Mon, 23 Nov 2026 20:29:47 +0000",
      `Message-ID: <${mark}@client.plausch.test>`,
      "From: Mir <mir@client.plausch.test>",
      "To: Bob <bob@plausch.test>",
      "Subject: Testmail",
      `X-Mark: ${mark}`,
      "",
      ".",
      "..",
      ".a line with a dot",
      "b".repeat(998),
      " \t trailing blanks \t ",
      "",
      "Ich schreibe mir gerne selber E-Mails.",
      "",
    ].join("\r\n"),
  );

const dnsOf = (resolver: Peer): string => `${resolver.host}:${resolver.port}`;

/** Writes octets to a file for the time of one function. */
const withFile = async <A>(data: Uint8Array, use: (path: string) => Promise<A>): Promise<A> => {
  const path = await Deno.makeTempFile({ suffix: ".eml" });
  try {
    await Deno.writeFile(path, data);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
};

const send = (resolver: Peer, port: number, path: string, ...more: ReadonlyArray<string>) =>
  plausch([
    "send",
    ...["--dns", dnsOf(resolver), "--allow-local", "--port", String(port), "--helo", "client.plausch.test"],
    ...["--from", "mir@client.plausch.test", "--to", "bob@plausch.test", "--data", `@${path}`],
    ...more,
  ]);

for (const name of ["postfix", "opensmtpd", "smtp-server", "aiosmtpd"] as const satisfies ReadonlyArray<PeerName>) {
  peerTest(
    `send finds ${name} through the DNS, and it stores the very octets that were sent`,
    [name, "unbound"],
    async (peers) => {
      const server: Peer = peers[name];
      const mark = newMark();
      await withFile(message(mark), async (path) => {
        const ran = await send(peers.unbound, server.port, path);
        assertEquals(ran.code, 0, ran.err);
        // OpenSMTPD breaks every handshake; the message goes in clear then.
        assertEquals(ran.err.includes("The TLS handshake with mx"), name === "opensmtpd", ran.err);
        assertStringIncludes(ran.out, "plausch.test has 3 mail exchangers");
        assertStringIncludes(ran.out, "bob@plausch.test: accepted: 250");
      });
      assertEquals(withoutTrace(server, await stored(server, mark)), message(mark));
    },
  );
}

const refusals: ReadonlyArray<readonly [to: string, code: number, said: string]> = [
  ["reject550@plausch.test", 81, "rejected at RCPT: 550 5.1.1"],
  ["full552@plausch.test", 81, "rejected at RCPT: 552 5.2.2"],
  ["tempfail451@plausch.test", 75, "deferred at RCPT: 451"],
  ["drop421@plausch.test", 75, "deferred at RCPT: 421 4.3.2"],
];

for (const [to, code, said] of refusals) {
  peerTest(`postfix refuses ${to}, and send says so with exit ${code}`, ["postfix"], async ({ postfix }) => {
    const server = `127.0.0.1:${postfix.port}`;
    const ran = await plausch(["send", "-s", server, "-f", "mir@client.plausch.test", "-t", to]);
    assertEquals(ran.code, code, ran.err);
    assertStringIncludes(ran.err, said);
  });
}

peerTest("postfix takes one recipient of a pipelined group and refuses two", ["postfix"], async ({ postfix }) => {
  const to = ["-t", "bob@plausch.test", "-t", "reject550@plausch.test", "-t", "tempfail450@plausch.test"];
  const ran = await plausch(["send", "-s", `127.0.0.1:${postfix.port}`, "-f", "mir@client.plausch.test", ...to]);
  assertEquals(ran.code, 82, ran.err);
  assertStringIncludes(ran.out, "bob@plausch.test: accepted");
  assertStringIncludes(ran.err, "reject550@plausch.test: rejected at RCPT");
  assertStringIncludes(ran.err, "tempfail450@plausch.test: deferred at RCPT");
});

peerTest("postfix refuses a message over its SIZE, and plausch does not even try", ["postfix"], async ({ postfix }) => {
  await withFile(new Uint8Array(200_000).fill(65), async (path) => {
    const args = [
      "send",
      "-s",
      `127.0.0.1:${postfix.port}`,
      "-f",
      "<>",
      "-t",
      "bob@plausch.test",
      "--data",
      `@${path}`,
    ];
    const ran = await plausch(args);
    assertEquals(ran.code, 81);
    assert(!ran.out.includes("MAIL FROM"));
    assertStringIncludes(ran.err, "the message is larger than this server takes");
  });
});

peerTest("postfix takes an international sender, aiosmtpd too", ["postfix", "aiosmtpd"], async (peers) => {
  for (const server of [peers.postfix, peers.aiosmtpd]) {
    const args = [
      "send",
      "-s",
      `127.0.0.1:${server.port}`,
      "-f",
      "jürgen@client.plausch.test",
      "-t",
      "bob@plausch.test",
    ];
    const ran = await plausch(args);
    assertEquals(ran.code, 0, ran.err);
    assertStringIncludes(ran.out, "SMTPUTF8");
  }
});

peerTest("smtp-sink is talked to like anybody else", ["smtp-sink"], async (peers) => {
  const server = `127.0.0.1:${peers["smtp-sink"].port}`;
  const ran = await plausch(["send", "-s", server, "-f", "<>", "-t", "bob@plausch.test", "--body", ".\n..\n"]);
  assertEquals([ran.code, ran.err], [0, ""]);
});

peerTest("send to a domain without a mail host exits 68 and connects to nobody", ["unbound"], async ({ unbound }) => {
  for (const domain of ["nullmx.plausch.test", "nosuchname.plausch.test"]) {
    const ran = await plausch(["send", "--dns", dnsOf(unbound), "-f", "<>", "-t", `x@${domain}`]);
    assertEquals(ran.code, 68, ran.err);
    assert(!ran.out.includes("Trying"));
    assertStringIncludes(ran.err, `x@${domain}: rejected`);
  }
});
