/**
 * Submission to Postfix, which asks Dovecot who somebody is: AUTH with every mechanism after TLS, what is refused, and that no
 * weaker mechanism is tried after a failure. Postfix writes down whom it took the client for.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { plausch, plauschProcess } from "../cli/_cli.ts";
import { withFolder } from "./_files.ts";
import { certificate, copies, newMark, peerTest, portOf, stored } from "./_peers.ts";
import { token } from "./_raw_sasl.ts";
import { assertNoSecret } from "./_secrets.ts";
import { letter, password, send, text } from "./_send.ts";

const needs = ["postfix", "dovecot"] as const;
const accepted = "accepted final 250 2.0.0";
const alice = ["--user", "alice"];

/** The mechanisms, whether they take a token, and how they are asked for. */
const mechanisms: ReadonlyArray<readonly [name: string, secret: "password" | "token" | "none"]> = [
  ["PLAIN", "password"],
  ["LOGIN", "password"],
  ["CRAM-MD5", "password"],
  ["SCRAM-SHA-1", "password"],
  ["SCRAM-SHA-256", "password"],
  ["XOAUTH2", "token"],
  ["OAUTHBEARER", "token"],
];
for (const [name, kind] of mechanisms) {
  peerTest(`postfix knows alice by AUTH ${name}, on submission and on smtps`, needs, async ({ postfix }) => {
    const secret = kind === "token" ? await token("alice") : password;
    for (const [use, ...args] of [["submission", "--tls", "required"], ["smtps", "--tls-implicit"]] as const) {
      for (const more of [[], ["--no-initial-response"]]) {
        const mark = newMark();
        const order = [...args, ...alice, "--auth", name, ...more];
        const sent = await send({ port: portOf(postfix, use), message: letter(mark), secret, args: order });
        assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, accepted], sent.text);
        assertEquals(sent.verbs.filter((verb) => verb === "AUTH").length, 1);
        assertMatch(sent.said.find((line) => line.startsWith("AUTH")) ?? "", new RegExp(`^AUTH ${name}( |$)`));
        assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 235);
        const kept = text(await stored(postfix, mark));
        assertStringIncludes(kept, "(Authenticated sender: alice)");
        assertNoSecret(kept, [secret]);
      }
    }
  });

  peerTest(`postfix refuses a wrong secret by AUTH ${name}: 535, exit 77`, needs, async ({ postfix }) => {
    const mark = newMark();
    const port = portOf(postfix, "submission");
    const secret = kind === "token" ? "no-token-of-yours" : "wonderland";
    const sent = await send({ port, message: letter(mark), secret, args: [...alice, "--auth", name] });
    assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
    assertEquals(sent.heard.findLast(({ stage }) => stage === "auth")?.code, 535);
    assertEquals([sent.verbs.includes("MAIL"), await copies(postfix, mark)], [false, []]);
  });
}

peerTest("postfix takes an anonymous client, with its trace", needs, async ({ postfix }) => {
  const port = portOf(postfix, "submission");
  const mark = newMark();
  const args = ["--auth", "ANONYMOUS", "--user", "trace@client.plausch.test"];
  const sent = await send({ port, message: letter(mark), args });
  assertEquals([sent.code, sent.heard.findLast(({ stage }) => stage === "auth")?.code], [0, 235], sent.text);
  assertStringIncludes(text(await stored(postfix, mark)), "(Authenticated sender: anonymous)");
});

peerTest("postfix is asked for the strongest mechanism first", needs, async ({ postfix }) => {
  const port = portOf(postfix, "submission");
  for (
    const [args, mechanism] of [
      [[], "SCRAM-SHA-256"],
      [["--auth", "any"], "SCRAM-SHA-256"],
      [["--auth", "PLAIN,CRAM-MD5,LOGIN"], "CRAM-MD5"],
      [["--auth", "LOGIN,PLAIN"], "PLAIN"],
    ] as const
  ) {
    const sent = await send({ port, secret: password, args: [...alice, ...args] });
    assertEquals(sent.code, 0, sent.text);
    assertMatch(sent.said.find((line) => line.startsWith("AUTH")) ?? "", new RegExp(`^AUTH ${mechanism}( |$)`));
  }
});

peerTest("postfix refuses the strongest mechanism: no weaker one is tried", needs, async ({ postfix }) => {
  const sent = await send({ port: portOf(postfix, "submission"), secret: "wonderland", args: alice });
  assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
  assertEquals(sent.verbs.filter((verb) => verb === "AUTH").length, 1);
});

peerTest("postfix offers no AUTH in clear: exit 77, and no word of the password", needs, async ({ postfix }) => {
  const port = portOf(postfix, "submission");
  const sent = await send({ port, secret: password, args: [...alice, "--tls", "none"] });
  assertEquals([sent.code, sent.failure], [77, "AuthNotOffered auth"], sent.text);
  assertEquals(sent.verbs.filter((verb) => verb === "AUTH" || verb === "MAIL"), []);
});

peerTest("postfix offers nothing that fits: exit 77", needs, async ({ postfix }) => {
  const port = portOf(postfix, "submission");
  const sent = await send({ port, args: ["--auth", "EXTERNAL"] });
  assertEquals([sent.code, sent.failure], [77, "NoCommonMechanism auth"], sent.text);
});

peerTest("postfix is not trusted with a password under a wrong name", needs, async ({ postfix }) => {
  const args = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx9.plausch.test", ...alice];
  const sent = await send({ port: portOf(postfix, "submission"), secret: password, args });
  assertEquals([sent.code, sent.failure], [77, "TlsFailed tls"], sent.text);
  assert(!sent.verbs.includes("AUTH"));
});

peerTest("postfix notes on whose behalf a message is sent (AUTH=)", needs, async ({ postfix }) => {
  const mark = newMark();
  const port = portOf(postfix, "submission");
  const args = [...alice, "--mail-auth", "bob+x@plausch.test"];
  const sent = await send({ port, message: letter(mark), secret: password, args });
  assertEquals(sent.code, 0, sent.text);
  assertStringIncludes(sent.said.find((line) => line.startsWith("MAIL")) ?? "", " AUTH=bob+2Bx@plausch.test");
  assertStringIncludes(text(await stored(postfix, mark)), "(Authenticated sender: alice)");
});

for (const [stage, last] of [["auth", "AUTH"]] as const) {
  peerTest(`postfix hears QUIT after ${stage}, or nothing more`, needs, async ({ postfix }) => {
    const port = portOf(postfix, "submission");
    const order = [...alice, "--auth", "PLAIN"];
    const quit = await send({ port, secret: password, args: [...order, "--quit-after", stage] });
    assertEquals([quit.code, quit.verbs.at(-1), quit.verbs.includes("MAIL")], [0, "QUIT", false], quit.text);
    const drop = await send({ port, secret: password, args: [...order, "--drop-after", stage] });
    assertEquals([drop.code, drop.verbs.at(-1)], [0, last], drop.text);
  });
}

peerTest("no way to run plausch shows the password, in any form", needs, async ({ postfix }) => {
  const server = `127.0.0.1:${portOf(postfix, "submission")}`;
  await withFolder({ password }, async (folder) => {
    const base = ["send", "-s", server, "-f", "<>", "-t", "bob@plausch.test", "--user", "alice"];
    for (const [name] of mechanisms.filter(([, kind]) => kind === "password")) {
      for (const mode of [[], ["--json"], ["--quiet"], ["--tls-report"], ["--no-initial-response"]]) {
        const ran = await plausch([...base, "--auth", name, ...mode, "--password-file", `${folder}/password`]);
        assertEquals(ran.code, 0, ran.err);
        assertNoSecret(ran.out + ran.err, [password]);
      }
    }
  });
});

peerTest("a password comes from the environment, and stays there", needs, async ({ postfix }) => {
  const server = `127.0.0.1:${portOf(postfix, "submission")}`;
  const args = ["send", "-s", server, "-f", "<>", "-t", "bob@plausch.test", "--user", "alice", "--password-env", "PW"];
  const ran = await plauschProcess(args, { env: { PW: password } });
  assertEquals(ran.code, 0, ran.err);
  assertStringIncludes(ran.out, "AUTH SCRAM-SHA-256");
  assertNoSecret(ran.out + ran.err, [password]);
  const missing = await plauschProcess(args);
  assertEquals(missing.code, 64, missing.err);
});
