/**
 * Postfix with certificates of every kind: what each level of TLS makes of them, pins, protocol versions, a client's own
 * certificate, and TLS from the first octet.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { plausch } from "../cli/_cli.ts";
import { certificate, copies, newMark, type Peer, peerTest, portOf, stored, withoutTrace } from "./_peers.ts";
import { letter, send, text } from "./_send.ts";

const accepted = "accepted final 250 2.0.0";
const verified = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx1.plausch.test"];

/** SHA-256 of a certificate and of its public key, in hexadecimal. */
const digests = async (name: string): Promise<{ readonly certificate: string; readonly key: string }> => {
  const { raw, publicKey } = new X509Certificate(await readFile(certificate(`${name}.pem`)));
  const digest = (octets: Uint8Array) => createHash("sha256").update(octets).digest("hex");
  return { certificate: digest(raw), key: digest(publicKey.export({ type: "spki", format: "der" })) };
};

/** Delivers a message under TLS, sees it stored, and gives what was printed and kept. */
const delivers = async (postfix: Peer, use: string, ...args: ReadonlyArray<string>) => {
  const mark = newMark();
  const sent = await send({ port: portOf(postfix, use), message: letter(mark), args });
  assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
  const kept = await stored(postfix, mark);
  assertEquals(withoutTrace(postfix, kept), letter(mark));
  return { sent, kept: text(kept) };
};

/** Sees that nothing is sent, exit 77. */
const refuses = async (postfix: Peer, use: string, failure: string, ...args: ReadonlyArray<string>) => {
  const mark = newMark();
  const sent = await send({ port: portOf(postfix, use), message: letter(mark), args });
  assertEquals([sent.code, sent.failure], [77, failure], sent.text);
  assert(!sent.verbs.includes("MAIL"));
  assertEquals(await copies(postfix, mark), []);
  return sent;
};

peerTest("postfix is spoken to under TLS unless told otherwise", ["postfix"], async ({ postfix }) => {
  const { sent, kept } = await delivers(postfix, "smtp");
  assertEquals(sent.verbs, ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
  assertStringIncludes(kept, "(using TLSv1.3 with cipher ");
  const clear = await delivers(postfix, "smtp", "--tls", "none");
  assertEquals(clear.sent.verbs, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
  assert(!clear.kept.includes("using TLS"));
});

/** Each port of Postfix that shows another certificate, and what is wrong with it. */
const shown: ReadonlyArray<readonly [use: string, fault: string | undefined]> = [
  ["smtp", undefined],
  ["expired", "expired"],
  ["selfsigned", "self-signed"],
  ["untrusted", "unknown-ca"],
  ["wrongname", "wrong-name"],
];
for (const [use, fault] of shown) {
  peerTest(`postfix (${use}): encrypted at the levels opportunistic and required`, ["postfix"], async ({ postfix }) => {
    for (const level of ["opportunistic", "required"]) {
      const { sent, kept } = await delivers(postfix, use, "--tls", level, "--tls-ca", certificate("ca.pem"));
      assertStringIncludes(kept, "(using TLSv1.3 with cipher ");
      assert(sent.events.some(({ event }) => event === "secured"), sent.text);
    }
  });
  peerTest(`postfix (${use}): ${fault ?? "verified"} at the level verified`, ["postfix"], async ({ postfix }) => {
    if (fault === undefined) return void await delivers(postfix, use, ...verified);
    const sent = await refuses(postfix, use, "TlsFailed tls", ...verified);
    assertStringIncludes(sent.text, fault);
  });
}

peerTest("postfix is nobody to a client that does not know its authority", ["postfix"], async ({ postfix }) => {
  const args = ["--tls", "verified", "--tls-name", "mx1.plausch.test"];
  assertStringIncludes((await refuses(postfix, "smtp", "TlsFailed tls", ...args)).text, "unknown-ca");
});

peerTest("postfix is checked for the name that was asked for", ["postfix"], async ({ postfix }) => {
  const ca = ["--tls", "verified", "--tls-ca", certificate("ca.pem")];
  for (const name of ["mx1.plausch.test", "mx2.plausch.test", "localhost"]) {
    await delivers(postfix, "smtp", ...ca, "--tls-name", name);
  }
  // Without a name: the address that was dialled, which is in the certificate too.
  await delivers(postfix, "smtp", ...ca);
  const sent = await refuses(postfix, "smtp", "TlsFailed tls", ...ca, "--tls-name", "mx9.plausch.test");
  assertStringIncludes(sent.text, "wrong-name");
});

peerTest(
  "postfix is checked for the name of the mail exchanger that the DNS gave",
  ["postfix", "unbound"],
  async (peers) => {
    const { postfix, unbound } = peers;
    const found = (use: string) => [
      ...["--dns", `${unbound.host}:${unbound.port}`, "--allow-local", "--port", String(portOf(postfix, use))],
      ...["--tls", "verified", "--tls-ca", certificate("ca.pem")],
    ];
    const mark = newMark();
    const sent = await send({ message: letter(mark), args: found("smtp") });
    assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
    assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
    const other = await send({ args: found("wrongname") });
    assertEquals([other.code, other.failure], [77, "TlsFailed tls"], other.text);
    assertStringIncludes(other.text, "wrong-name");
  },
);

peerTest("postfix is known by the digest of its certificate or key, whoever signed it", ["postfix"], async (peers) => {
  for (const use of ["smtp", "selfsigned", "expired"] as const) {
    const { certificate: whole, key } = await digests(use === "smtp" ? "good" : use);
    for (const pin of [whole, key, whole.toUpperCase().replace(/(..)(?=.)/g, "$1:")]) {
      await delivers(peers.postfix, use, "--tls", "verified", "--tls-pin", pin);
    }
  }
});

peerTest("postfix is refused when it is another than the pinned one", ["postfix"], async ({ postfix }) => {
  const { key } = await digests("good");
  for (const level of ["verified", "required"]) {
    const args = [
      "--tls",
      level,
      "--tls-pin",
      key,
      "--tls-ca",
      certificate("ca.pem"),
      "--tls-name",
      "mx.elsewhere.test",
    ];
    const sent = await refuses(postfix, "wrongname", "TlsFailed tls", ...args);
    assertStringIncludes(sent.text, "pin-mismatch");
  }
  const other = await digests("wrongname");
  await delivers(postfix, "wrongname", "--tls", "verified", "--tls-pin", key, "--tls-pin", other.key);
});

peerTest("postfix (tls12) is too old for --tls-min 1.3", ["postfix"], async ({ postfix }) => {
  const { kept } = await delivers(postfix, "tls12", "--tls", "required", "--tls-min", "1.2");
  assertStringIncludes(kept, "(using TLSv1.2 with cipher ");
  await refuses(postfix, "tls12", "TlsFailed tls", "--tls", "required", "--tls-min", "1.3");
});

peerTest("postfix (clientcert) learns who the client is", ["postfix"], async ({ postfix }) => {
  const own = ["--tls-cert", certificate("client.pem"), "--tls-key", certificate("client.key")];
  const { kept } = await delivers(postfix, "clientcert", "--tls", "required", ...own);
  assertStringIncludes(kept, '(Client CN "client", Issuer "plausch test CA" (verified OK))');
  const without = await delivers(postfix, "clientcert", "--tls", "required");
  assertStringIncludes(without.kept, "(Client did not present a certificate)");
});

peerTest("postfix (smtps) speaks TLS from the first octet", ["postfix"], async ({ postfix }) => {
  const { sent, kept } = await delivers(postfix, "smtps", "--tls-implicit", ...verified);
  assertEquals(sent.verbs, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
  assertStringIncludes(kept, "(using TLSv1.3 with cipher ");
  const before = sent.events.findIndex(({ event }) => event === "secured");
  assert(before >= 0 && before < sent.events.findIndex(({ event }) => event === "heard"));
});

peerTest("postfix (smtps) is not spoken to in clear, nor the other way round", ["postfix"], async ({ postfix }) => {
  const mark = newMark();
  const clear = await send({ port: portOf(postfix, "smtps"), message: letter(mark), args: ["--timeout", "500ms"] });
  assertEquals([clear.code, clear.failure], [75, "Timeout greeting"], clear.text);
  const args = ["--tls-implicit", "--timeout", "5s"];
  const sent = await send({ port: postfix.port, message: letter(mark), args });
  assertEquals(sent.code, 77, sent.text);
  assertEquals([sent.said, await copies(postfix, mark)], [[], []]);
});

peerTest("postfix (smtps) with the wrong name is not even greeted", ["postfix"], async ({ postfix }) => {
  const args = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx9.plausch.test"];
  const sent = await send({ port: portOf(postfix, "smtps"), args: ["--tls-implicit", ...args] });
  assertEquals([sent.code, sent.said, sent.heard], [77, [], []], sent.text);
  assertStringIncludes(sent.text, "wrong-name");
});

peerTest("postfix shows its chain, and --tls-report prints it", ["postfix"], async ({ postfix }) => {
  const { certificate: whole, key } = await digests("good");
  const port = String(postfix.port);
  const args = ["--tls-ca", certificate("ca.pem"), "--tls-name", "mx1.plausch.test", "--tls-report"];
  const ran = await plausch(["send", "-s", `127.0.0.1:${port}`, "-f", "<>", "-t", "bob@plausch.test", ...args]);
  assertEquals([ran.code, ran.err], [0, ""]);
  const authority = await digests("ca");
  for (const part of ["TLSv1.3", "mx1.plausch.test", "plausch test CA", whole, key, authority.certificate]) {
    assertStringIncludes(ran.out, part);
  }
});
