/** Python's aiosmtpd, a plain server: no pipelining, no chunks, no delivery reports; AUTH only under TLS. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { certificate, newMark, peerTest, records, stored } from "./_peers.ts";
import { letter, password, send } from "./_send.ts";

const verified = ["--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx1.plausch.test"];

for (const args of [["--tls", "none"], verified]) {
  peerTest(`aiosmtpd keeps the very octets: ${args.slice(0, 2).join(" ")}`, ["aiosmtpd"], async ({ aiosmtpd }) => {
    for (const extra of ["plain", "latin-1 \u00fc"]) {
      const mark = newMark();
      const sent = await send({ port: aiosmtpd.port, message: letter(mark, extra), args });
      assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, "accepted final 250 2.0.0"], sent.text);
      assertEquals(sent.said.some((line) => line.includes("BODY=8BITMIME")), extra !== "plain");
      assertEquals(await stored(aiosmtpd, mark), letter(mark, extra));
    }
  });
}

peerTest("aiosmtpd offers no pipelining: every answer is waited for", ["aiosmtpd"], async ({ aiosmtpd }) => {
  const to = ["alice@plausch.test", "reject550@plausch.test", "tempfail451@plausch.test"];
  const sent = await send({ port: aiosmtpd.port, to, args: ["--tls", "none"] });
  assertEquals(sent.code, 82, sent.text);
  const talk = sent.events.filter(({ event, stage }) => (event === "said" || event === "heard") && stage !== "final");
  assertEquals(talk.map(({ event }) => event).slice(0, 12).join(" "), "heard said ".repeat(6).trim());
  assertEquals(sent.verdicts, {
    "alice@plausch.test": "accepted final 250 2.0.0",
    "reject550@plausch.test": "rejected rcpt 550 5.1.1",
    "tempfail451@plausch.test": "deferred rcpt 451 4.3.0",
  });
});

peerTest("aiosmtpd takes international addresses", ["aiosmtpd"], async ({ aiosmtpd }) => {
  const mark = newMark();
  const [from, to] = ["j\u00fcrgen@client.plausch.test", "\u7528\u6237@plausch.test"];
  const sent = await send({ port: aiosmtpd.port, from, to, message: letter(mark) });
  assertEquals(sent.code, 0, sent.text);
  const [kept] = await records(aiosmtpd, mark);
  assertEquals([kept?.["from"], kept?.to, kept?.["utf8"]], [from, [to], true]);
});

for (const name of ["PLAIN", "LOGIN"]) {
  peerTest(`aiosmtpd knows alice by AUTH ${name} under TLS`, ["aiosmtpd"], async ({ aiosmtpd }) => {
    for (const more of [[], ["--no-initial-response"]]) {
      const args = [...verified, "--user", "alice", "--auth", name, ...more];
      const sent = await send({ port: aiosmtpd.port, secret: password, args });
      assertEquals([sent.code, sent.heard.findLast(({ stage }) => stage === "auth")?.code], [0, 235], sent.text);
    }
    const args = [...verified, "--user", "alice", "--auth", name];
    const sent = await send({ port: aiosmtpd.port, secret: "wonderland", args });
    assertEquals([sent.code, sent.failure], [77, "AuthRejected auth"], sent.text);
  });
}

peerTest("aiosmtpd offers no AUTH in clear, and is not told a password", ["aiosmtpd"], async ({ aiosmtpd }) => {
  const args = ["--tls", "none", "--user", "alice", "--auth-in-clear", "PLAIN,LOGIN"];
  const sent = await send({ port: aiosmtpd.port, secret: password, args });
  assertEquals([sent.code, sent.failure], [77, "AuthNotOffered auth"], sent.text);
});

peerTest("aiosmtpd offers no CHUNKING: DATA is used, and the outcome says so", ["aiosmtpd"], async ({ aiosmtpd }) => {
  const mark = newMark();
  const sent = await send({ port: aiosmtpd.port, message: letter(mark), args: ["--bdat"] });
  assertEquals([sent.code, sent.verbs.includes("BDAT")], [0, false], sent.text);
  assert(sent.text.includes("CHUNKING"));
  assertEquals(await stored(aiosmtpd, mark), letter(mark));
  const strict = await send({ port: aiosmtpd.port, args: ["--bdat", "--if-not-offered", "fail"] });
  assertEquals([strict.code, strict.verbs.includes("MAIL")], [81, false], strict.text);
});

peerTest("aiosmtpd answers HELP and VRFY", ["aiosmtpd"], async ({ aiosmtpd }) => {
  for (const [line, code] of [["HELP", 250], ["VRFY alice@plausch.test", 252]] as const) {
    const sent = await send({ port: aiosmtpd.port, args: ["--tls", "none", "--say", line] });
    assertEquals(sent.heard.find(({ stage }) => stage === "raw")?.code, code, sent.text);
    assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /^accepted/);
  }
});
