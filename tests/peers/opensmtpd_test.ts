/**
 * OpenSMTPD as Debian 12 has it: it ends the conversation of a client that pipelines, and it offers STARTTLS, says 220 and then
 * breaks the handshake.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { certificate, copies, newMark, peerTest, portOf, stored, withoutTrace } from "./_peers.ts";
import { letter, password, send } from "./_send.ts";

const accepted = /^accepted final 250 2\.0\.0$/;

peerTest("opensmtpd is spoken to in lock-step", ["opensmtpd"], async ({ opensmtpd }) => {
  const mark = newMark();
  const to = ["alice@plausch.test", "nobody@plausch.test", "bob@plausch.test"];
  const sent = await send({ port: opensmtpd.port, to, message: letter(mark), args: ["--tls", "none"] });
  assertEquals(sent.code, 82, sent.text);
  assertMatch(sent.verdicts["alice@plausch.test"] ?? "", accepted);
  assertMatch(sent.verdicts["bob@plausch.test"] ?? "", accepted);
  assertEquals(sent.verdicts["nobody@plausch.test"], "rejected rcpt 524 5.2.4");
  assertEquals(withoutTrace(opensmtpd, await stored(opensmtpd, mark, { mailbox: "bob" })), letter(mark));
});

peerTest(
  "opensmtpd breaks the handshake: one retry in clear, and it delivers",
  ["opensmtpd"],
  async ({ opensmtpd }) => {
    const mark = newMark();
    const sent = await send({ port: opensmtpd.port, message: letter(mark), args: ["--tls", "opportunistic"] });
    assertEquals(sent.code, 0, sent.text);
    assertMatch(sent.verdicts["bob@plausch.test"] ?? "", accepted);
    assertEquals(sent.verbs.filter((verb) => verb === "STARTTLS").length, 1);
    // Two connections: the first ends in the handshake.
    assertEquals(sent.events.filter(({ event }) => event === "connected").length, 2);
    assertEquals(sent.heard.filter(({ stage }) => stage === "greeting").length, 2);
    assertEquals(withoutTrace(opensmtpd, await stored(opensmtpd, mark)), letter(mark));
    assertEquals((await copies(opensmtpd, mark)).length, 1);
  },
);

for (const level of ["required", "verified"]) {
  peerTest(
    `opensmtpd breaks the handshake: nothing goes at the level ${level}`,
    ["opensmtpd"],
    async ({ opensmtpd }) => {
      const mark = newMark();
      const args = ["--tls", level, "--tls-ca", certificate("ca.pem"), "--tls-name", "mx3.plausch.test"];
      const sent = await send({ port: opensmtpd.port, message: letter(mark), args });
      assertEquals([sent.code, sent.failure], [77, "TlsFailed tls"], sent.text);
      assertEquals(sent.events.filter(({ event }) => event === "connected").length, 1);
      assert(!sent.verbs.includes("MAIL"));
      assertEquals(await copies(opensmtpd, mark), []);
    },
  );
}

peerTest(
  "opensmtpd breaks the handshake: with a password there is no retry in clear",
  ["opensmtpd"],
  async (peers) => {
    const args = ["--user", "alice", "--tls", "opportunistic"];
    const sent = await send({ port: portOf(peers.opensmtpd, "auth"), secret: password, args });
    assertEquals(sent.code, 77, sent.text);
    assertEquals(sent.events.filter(({ event }) => event === "connected").length, 1);
    assertEquals(sent.verbs.filter((verb) => verb === "AUTH" || verb === "MAIL"), []);
  },
);

peerTest("opensmtpd (auth) refuses MAIL before TLS", ["opensmtpd"], async ({ opensmtpd }) => {
  const sent = await send({ port: portOf(opensmtpd, "auth"), args: ["--tls", "none"] });
  assertEquals(sent.code, 81, sent.text);
  assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /^rejected mail 530/);
});

peerTest("opensmtpd offers DSN and HELP", ["opensmtpd"], async ({ opensmtpd }) => {
  const args = ["--tls", "none", "--dsn-notify", "FAILURE", "--dsn-ret", "HDRS", "--dsn-envid", "id1", "--say", "HELP"];
  const sent = await send({ port: opensmtpd.port, args });
  assertEquals(sent.code, 0, sent.text);
  assertEquals(sent.heard.find(({ stage }) => stage === "raw")?.code, 214);
});
