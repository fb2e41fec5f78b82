/**
 * Nodemailer's smtp-server, which writes down what it understood: tokens, REQUIRETLS, delivery reports, the kind of body; and its
 * LMTP side, which refuses after the dot.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { certificate, type JsonMessage, newMark, type Peer, peerTest, portOf, records, stored } from "./_peers.ts";
import { letter, password, send } from "./_send.ts";

const accepted = "accepted final 250 2.6.0";
const verified = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx1.plausch.test"];

/** What the peer wrote of the only message with a mark. */
const record = async (peer: Peer, mark: string): Promise<JsonMessage> => {
  const [message, ...others] = await records(peer, mark);
  assert(message !== undefined && others.length === 0);
  return message;
};

const mechanisms: ReadonlyArray<readonly [name: string, secret: string]> = [
  ["PLAIN", password],
  ["LOGIN", password],
  ["CRAM-MD5", password],
  ["XOAUTH2", "tok"],
];
for (const [name, secret] of mechanisms) {
  for (const more of [[], ["--no-initial-response"]]) {
    const title = [name, ...more].join(" ");
    peerTest(`smtp-server knows alice by AUTH ${title}`, ["smtp-server"], async (peers) => {
      const peer = peers["smtp-server"];
      const mark = newMark();
      const args = [...verified, "--user", "alice", "--auth", name, ...more];
      const sent = await send({ port: peer.port, message: letter(mark), secret, args });
      assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
      const { user, tls } = await record(peer, mark);
      assertEquals([user, tls], ["alice", "TLSv1.3"]);
      assertEquals(await stored(peer, mark), letter(mark));
    });
  }

  peerTest(`smtp-server refuses a wrong secret by AUTH ${name}: exit 77`, ["smtp-server"], async (peers) => {
    const args = [...verified, "--user", "alice", "--auth", name];
    const sent = await send({ port: peers["smtp-server"].port, secret: "no-secret-of-hers", args });
    assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
    assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 535);
    // XOAUTH2 gives its reason in a challenge, which is answered with an empty line.
    assertEquals(sent.heard.filter(({ stage, code }) => stage === "auth" && code === 334).length, challenges[name]);
  });
}
const challenges: Readonly<Record<string, number>> = { PLAIN: 0, LOGIN: 2, "CRAM-MD5": 1, XOAUTH2: 1 };

peerTest("smtp-server offers no mechanism for a token but XOAUTH2", ["smtp-server"], async (peers) => {
  const args = [...verified, "--user", "alice", "--auth", "OAUTHBEARER"];
  const sent = await send({ port: peers["smtp-server"].port, secret: "tok", args });
  assertEquals([sent.code, sent.failure], [77, "NoCommonMechanism auth"], sent.text);
});

peerTest("smtp-server is told REQUIRETLS under TLS, and not otherwise", ["smtp-server"], async (peers) => {
  const peer = peers["smtp-server"];
  const mark = newMark();
  const sent = await send({ port: peer.port, message: letter(mark), args: [...verified, "--require-tls"] });
  assertEquals(sent.code, 0, sent.text);
  assertMatch(sent.said.find((line) => line.startsWith("MAIL")) ?? "", / REQUIRETLS( |$)/);
  assertEquals((await record(peer, mark))["requireTls"], true);
  // In clear it is not offered.
  const clear = await send({ port: peer.port, args: ["--tls", "none", "--require-tls"] });
  assertEquals(clear.verbs.includes("MAIL"), false, clear.text);
  assert(clear.code === 81 || clear.code === 77, `exit ${clear.code}`);
});

peerTest("smtp-server understands every DSN parameter", ["smtp-server"], async (peers) => {
  const peer = peers["smtp-server"];
  const mark = newMark();
  const args = [
    ...["--dsn-notify", "SUCCESS,DELAY", "--dsn-ret", "FULL", "--dsn-envid", "id+1=2"],
    ...["--dsn-orcpt", "rfc822;Bob+List@elsewhere.test"],
  ];
  const sent = await send({ port: peer.port, message: letter(mark), args });
  assertEquals(sent.code, 0, sent.text);
  const { dsn, to } = await record(peer, mark);
  assertEquals(dsn, { ret: "FULL", envid: "id+1=2" });
  const [first] = to;
  assert(typeof first === "object");
  assertEquals(first.dsn, { notify: ["SUCCESS", "DELAY"], orcpt: "rfc822;Bob+List@elsewhere.test" });
});

peerTest("smtp-server is told what kind of message comes", ["smtp-server"], async (peers) => {
  const peer = peers["smtp-server"];
  for (const [message, body, utf8] of [["plain", "7bit", false], ["latin-1 \u00fc", "8bitmime", false]] as const) {
    const mark = newMark();
    const sent = await send({ port: peer.port, message: letter(mark, message) });
    assertEquals(sent.code, 0, sent.text);
    const kept = await record(peer, mark);
    assertEquals([kept["body"], kept["utf8"]], [body, utf8]);
    assertEquals(await stored(peer, mark), letter(mark, message));
  }
  const mark = newMark();
  const sent = await send({ port: peer.port, from: "j\u00fcrgen@client.plausch.test", message: letter(mark) });
  assertEquals(sent.code, 0, sent.text);
  assertEquals((await record(peer, mark))["utf8"], true);
});

peerTest("smtp-server refuses over LMTP after the dot, recipient by recipient", ["smtp-server"], async (peers) => {
  const peer = peers["smtp-server"];
  const port = portOf(peer, "lmtp");
  const to = ["alice@plausch.test", "late@plausch.test", "reject550@plausch.test", "bob@plausch.test"];
  for (const args of [["--lmtp"], ["--lmtp", "--tls", "none"], ["--lmtp", "--no-pipeline"]]) {
    const mark = newMark();
    const sent = await send({ port, to, message: letter(mark), args });
    assertEquals(sent.code, 82, sent.text);
    assertEquals(sent.verdicts, {
      "alice@plausch.test": accepted,
      "late@plausch.test": "rejected final 552 5.2.2",
      "reject550@plausch.test": "rejected rcpt 550 5.1.1",
      "bob@plausch.test": accepted,
    });
    assertEquals((await record(peer, mark))["lmtp"], true);
  }
});

peerTest("smtp-server refuses over LMTP all that was left: exit 81", ["smtp-server"], async (peers) => {
  const to = ["late1@plausch.test", "late2@plausch.test"];
  const sent = await send({ port: portOf(peers["smtp-server"], "lmtp"), to, args: ["--lmtp"] });
  assertEquals(sent.code, 81, sent.text);
  assertEquals(new Set(Object.values(sent.verdicts)), new Set(["rejected final 552 5.2.2"]));
});

peerTest("smtp-server under a wrong name is left alone", ["smtp-server"], async (peers) => {
  const args = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx9.plausch.test"];
  const sent = await send({ port: peers["smtp-server"].port, args });
  assertEquals([sent.code, sent.failure], [77, "TlsFailed tls"], sent.text);
  assertStringIncludes(sent.text, "wrong-name");
});
