/** Dovecot's LMTP server: a verdict a recipient after the dot, over TCP and over a unix socket, whole or in chunks. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { certificate, copies, newMark, type Peer, peerTest, socketOf, stored, withoutTrace } from "./_peers.ts";
import { letter, type Order, send } from "./_send.ts";

const saved = "accepted final 250 2.0.0";
const over = "rejected final 552 5.2.2";

/** The ways to reach it. */
const ways: ReadonlyArray<readonly [way: string, order: (dovecot: Peer, ...args: ReadonlyArray<string>) => Order]> = [
  ["TCP", ({ port }, ...args) => ({ port, args: ["--lmtp", ...args] })],
  ["a unix socket", (dovecot, ...args) => ({ args: ["--lmtp", "--socket", socketOf(dovecot, "lmtp"), ...args] })],
];
for (const [way, order] of ways) {
  peerTest(`dovecot keeps what came over ${way}, one copy a recipient`, ["dovecot"], async ({ dovecot }) => {
    const mark = newMark();
    const to = ["alice@plausch.test", "bob@plausch.test"];
    const sent = await send({ ...order(dovecot), to, message: letter(mark) });
    assertEquals([sent.code, sent.verbs[0]], [0, "LHLO"], sent.text);
    assertEquals(sent.verdicts, { "alice@plausch.test": saved, "bob@plausch.test": saved });
    assertEquals(sent.heard.filter(({ stage }) => stage === "final").length, 2);
    for (const mailbox of ["alice", "bob"]) {
      assertEquals(withoutTrace(dovecot, await stored(dovecot, mark, { mailbox })), letter(mark));
    }
  });

  for (
    const [how, args] of [["after the dot", []], ["after the last chunk", ["--bdat", "--bdat-size", "400"]]] as const
  ) {
    peerTest(
      `dovecot refuses ${how} who is over quota, and only them, over ${way}`,
      ["dovecot"],
      async ({ dovecot }) => {
        const mark = newMark();
        const to = ["alice@plausch.test", "full@plausch.test", "nobody@plausch.test", "bob@plausch.test"];
        const sent = await send({ ...order(dovecot, ...args), to, message: letter(mark) });
        assertEquals(sent.code, 82, sent.text);
        assertEquals(sent.verdicts, {
          "alice@plausch.test": saved,
          "full@plausch.test": over,
          "nobody@plausch.test": "rejected rcpt 550 5.1.1",
          "bob@plausch.test": saved,
        });
        assertEquals(sent.verbs.includes("BDAT"), how === "after the last chunk");
        assertEquals((await copies(dovecot, mark)).length, 2);
        assertEquals(withoutTrace(dovecot, await stored(dovecot, mark, { mailbox: "bob" })), letter(mark));
      },
    );
  }
}

peerTest("dovecot refuses everybody: exit 81", ["dovecot"], async ({ dovecot }) => {
  const args = ["--lmtp"];
  const late = await send({ port: dovecot.port, to: "full@plausch.test", args });
  assertEquals([late.code, late.verdicts], [81, { "full@plausch.test": over }], late.text);
  const early = await send({ port: dovecot.port, to: "nobody@plausch.test", args });
  assertEquals([early.code, early.verdicts["nobody@plausch.test"]], [81, "rejected rcpt 550 5.1.1"], early.text);
});

peerTest("dovecot takes LMTP under TLS, for the name in its certificate", ["dovecot"], async ({ dovecot }) => {
  const mark = newMark();
  const args = ["--lmtp", "--tls", "verified", "--tls-ca", certificate("ca.pem"), "--tls-name", "mx1.plausch.test"];
  const sent = await send({ port: dovecot.port, message: letter(mark), args });
  assertEquals([sent.code, sent.verbs.slice(0, 3)], [0, ["LHLO", "STARTTLS", "LHLO"]], sent.text);
  assertEquals(withoutTrace(dovecot, await stored(dovecot, mark)), letter(mark));
});

peerTest(
  "dovecot speaks no SMTP on its LMTP port: EHLO fails, and HELO is no way out",
  ["dovecot"],
  async ({ dovecot }) => {
    const sent = await send({ port: dovecot.port, args: ["--tls", "none"] });
    assertEquals(sent.verbs.includes("MAIL"), false, sent.text);
    assert(sent.code === 81, `exit ${sent.code}`);
    assertMatch(sent.verdicts["bob@plausch.test"] ?? "", /^rejected (ehlo|helo) 5/);
  },
);

peerTest("dovecot does not know the parameters that it does not offer", ["dovecot"], async ({ dovecot }) => {
  const args = ["--lmtp", "--dsn-notify", "NEVER"];
  const failed = await send({ port: dovecot.port, args });
  assertEquals([failed.code, failed.verbs.includes("MAIL")], [81, false], failed.text);
  const dropped = await send({ port: dovecot.port, args: [...args, "--if-not-offered", "drop"] });
  assertEquals(dropped.code, 0, dropped.text);
  assertStringIncludes(dropped.text, "DSN");
});
