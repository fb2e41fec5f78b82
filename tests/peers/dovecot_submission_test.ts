/**
 * Dovecot's submission server: AUTH with every mechanism that it offers, the client's certificate among them, and what it hands
 * on to Postfix. It offers BURL, which plausch keeps and never uses.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { certificate, copies, logged, newMark, type Peer, peerTest, portOf, stored } from "./_peers.ts";
import { token } from "./_raw_sasl.ts";
import { letter, password, send, text } from "./_send.ts";

const needs = ["dovecot", "postfix"] as const;
const port = (dovecot: Peer): number => portOf(dovecot, "submission");
const own = ["--tls-cert", certificate("client.pem"), "--tls-key", certificate("client.key")];

/** By mechanism: what proves it, and the arguments. */
const mechanisms: ReadonlyArray<readonly [name: string, "password" | "token" | "none", ...ReadonlyArray<string>]> = [
  ["PLAIN", "password", "--user", "alice"],
  ["LOGIN", "password", "--user", "alice"],
  ["CRAM-MD5", "password", "--user", "alice"],
  ["SCRAM-SHA-1", "password", "--user", "alice"],
  ["SCRAM-SHA-256", "password", "--user", "alice"],
  ["XOAUTH2", "token", "--user", "alice"],
  ["OAUTHBEARER", "token", "--user", "alice"],
  ["EXTERNAL", "none", ...own],
];
for (const [name, kind, ...args] of mechanisms) {
  peerTest(`dovecot takes AUTH ${name}, and postfix gets the message`, needs, async ({ dovecot, postfix }) => {
    const mark = newMark();
    const secret = kind === "none" ? {} : { secret: kind === "token" ? await token("alice") : password };
    const order = [...args, "--auth", name, "--tls", "verified", "--tls-ca", certificate("ca.pem")];
    const sent = await send({ port: port(dovecot), message: letter(mark), ...secret, args: order });
    assertEquals(sent.code, 0, sent.text);
    assertMatch(sent.said.find((line) => line.startsWith("AUTH")) ?? "", new RegExp(`^AUTH ${name}( |$)`));
    assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 235);
    const kept = text(await stored(postfix, mark));
    assert(kept.endsWith(text(letter(mark)).replaceAll("\r\n", "\n")));
  });
}

const wrong: ReadonlyArray<readonly [name: string, ...ReadonlyArray<string>]> = [
  ["PLAIN"],
  ["LOGIN"],
  ["CRAM-MD5"],
  ["SCRAM-SHA-1"],
  ["SCRAM-SHA-256"],
  ["XOAUTH2"],
  ["OAUTHBEARER"],
];
for (const [name] of wrong) {
  peerTest(`dovecot refuses a wrong secret by AUTH ${name}: 535, exit 77`, needs, async ({ dovecot }) => {
    const args = ["--user", "alice", "--auth", name, "--tls", "required"];
    const sent = await send({ port: port(dovecot), secret: "no-secret-of-hers", args });
    assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
    assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 535);
    assert(!sent.verbs.includes("MAIL"));
  });
}

peerTest(
  "dovecot and smtp-server are told a token that is longer than a line",
  [...needs, "smtp-server"],
  async (peers) => {
    const secret = "long-token-".repeat(300);
    for (const where of [port(peers.dovecot), peers["smtp-server"].port]) {
      const sent = await send({
        port: where,
        secret,
        args: ["--user", "alice", "--auth", "XOAUTH2", "--tls", "required"],
      });
      assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
      // It does not fit behind AUTH (RFC 4954 section 4), so it waits to be asked for.
      assertEquals(sent.said.find((line) => line.startsWith("AUTH")), "AUTH XOAUTH2");
      assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 535);
    }
  },
);

for (const name of ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"]) {
  peerTest(`dovecot lets its master act as bob, and nobody else, by AUTH ${name}`, needs, async ({ dovecot }) => {
    const args = ["--auth", name, "--tls", "required", "--authorization-id", "bob", "--quit-after", "auth"];
    const master = await send({ port: port(dovecot), secret: password, args: [...args, "--user", "master"] });
    assertEquals([master.code, master.heard.findLast(({ stage }) => stage === "auth")?.code], [0, 235], master.text);
    await logged(dovecot, `Login: user=<bob>, method=${name}, `);
    const alice = await send({ port: port(dovecot), secret: password, args: [...args, "--user", "alice"] });
    assertEquals([alice.code, alice.failure], [77, "AuthRejected auth"], alice.text);
  });
}

peerTest("dovecot refuses EXTERNAL from a client without a certificate", needs, async ({ dovecot }) => {
  const sent = await send({ port: port(dovecot), args: ["--auth", "EXTERNAL", "--tls", "required"] });
  assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
});

peerTest("dovecot offers AUTH in clear: SCRAM goes, PLAIN and LOGIN only by name", needs, async ({ dovecot }) => {
  const clear = ["--user", "alice", "--tls", "none"];
  const scram = await send({ port: port(dovecot), secret: password, args: clear });
  assertEquals(scram.code, 0, scram.text);
  assertMatch(scram.said[1] ?? "", /^AUTH SCRAM-SHA-256( |$)/);
  for (const name of ["PLAIN", "LOGIN"]) {
    const kept = await send({ port: port(dovecot), secret: password, args: [...clear, "--auth", name] });
    assertEquals([kept.code, kept.failure], [77, "PlaintextAuthRefused auth"], kept.text);
    assert(!kept.verbs.includes("AUTH"));
    const given = [...clear, "--auth", name, "--auth-in-clear", name];
    const sent = await send({ port: port(dovecot), secret: password, args: given });
    assertEquals(sent.code, 0, sent.text);
  }
});

peerTest("dovecot wants AUTH: without it every recipient is refused", needs, async ({ dovecot }) => {
  const sent = await send({ port: port(dovecot) });
  assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [81, "rejected mail 530 5.7.0"], sent.text);
});

peerTest("dovecot offers BURL, which is never said, and CHUNKING, which is", needs, async ({ dovecot, postfix }) => {
  const mark = newMark();
  const args = ["--user", "alice", "--bdat", "--bdat-size", "300"];
  const sent = await send({ port: port(dovecot), message: letter(mark), secret: password, args });
  assertEquals(sent.code, 0, sent.text);
  assert(sent.heard.some(({ stage, lines }) => stage === "ehlo-tls" && lines.some((line) => line.startsWith("BURL"))));
  assertEquals([sent.verbs.includes("BDAT"), sent.verbs.includes("BURL")], [true, false]);
  const kept = text(await stored(postfix, mark));
  assert(kept.endsWith(text(letter(mark)).replaceAll("\r\n", "\n")));
});

peerTest("dovecot passes on what postfix says of a recipient", needs, async ({ dovecot, postfix }) => {
  const mark = newMark();
  const to = ["reject550@plausch.test", "tempfail450@plausch.test", "bob@plausch.test"];
  const sent = await send({
    port: port(dovecot),
    to,
    message: letter(mark),
    secret: password,
    args: ["--user", "alice"],
  });
  assertEquals(sent.code, 82, sent.text);
  assertEquals(sent.verdicts["reject550@plausch.test"], "rejected rcpt 550 5.1.1");
  assertEquals(sent.verdicts["tempfail450@plausch.test"], "deferred rcpt 450 4.2.0");
  assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /^accepted/);
  assertEquals((await copies(postfix, mark)).length, 1);
  assertStringIncludes(text(await stored(postfix, mark)), "b".repeat(998));
});
