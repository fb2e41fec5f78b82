/**
 * Postfix with certificates of every kind, against TLSA records that are right and wrong; OpenSSL is asked for its opinion of
 * the same server and the same records, and must come to the same.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { certificate, copies, newMark, peerTest, portOf, stored, withoutTrace } from "./_peers.ts";
import { letter, send } from "./_send.ts";

const mx1 = "mx1.plausch.test";
const elsewhere = "mx.elsewhere.test";

/** The record of a certificate, as zone files have it. */
const record = async (numbers: string, name: string): Promise<string> => {
  const [, selector, matchingType] = numbers.split(" ").map(Number);
  const { raw, publicKey } = new X509Certificate(await readFile(certificate(`${name}.pem`)));
  const whole = new Uint8Array(selector === 0 ? raw : publicKey.export({ type: "spki", format: "der" }));
  const hash = [undefined, "sha256", "sha512"][matchingType!];
  const data = hash === undefined ? whole : createHash(hash).update(whole).digest();
  return `${numbers} ${Array.from(data, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
};

/** Whether OpenSSL trusts a server by these records, and what it says. */
const openssl = (
  port: number,
  name: string,
  records: ReadonlyArray<string>,
): Promise<{ readonly isTrusted: boolean; readonly text: string }> =>
  new Promise((resolve) => {
    const client = spawn("openssl", [
      ...["s_client", "-starttls", "smtp", "-connect", `127.0.0.1:${port}`, "-brief", "-verify_return_error"],
      ...["-dane_tlsa_domain", name, "-dane_ee_no_namechecks"],
      ...records.flatMap((each) => ["-dane_tlsa_rrdata", each]),
    ], { timeout: 20_000 });
    let text = "";
    for (const stream of [client.stdout, client.stderr]) {
      stream.on("data", (octets: Uint8Array) => text += new TextDecoder().decode(octets));
    }
    client.once("close", (code) => resolve({ isTrusted: code === 0, text }));
    client.stdin.on("error", () => {}).end("QUIT\r\n");
  });

/** The port, the name, the records by numbers and certificate, and what proves the server, or what is wrong with it. */
const cases: ReadonlyArray<
  readonly [use: string, name: string, records: ReadonlyArray<readonly [numbers: string, of: string]>, verdict: string]
> = [
  ...["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"].flatMap((numbers) => ([
    ["smtp", mx1, [[numbers, "good"]], "dane-ee"],
    ["smtp", elsewhere, [[numbers, "good"]], "dane-ee"],
    ["smtp", mx1, [[numbers, "goodrsa"]], "tlsa-mismatch"],
    ["expired", mx1, [[numbers, "expired"]], "dane-ee"],
    ["selfsigned", mx1, [[numbers, "selfsigned"]], "dane-ee"],
    ["wrongname", mx1, [[numbers, "wrongname"]], "dane-ee"],
  ] as const)),
  ...["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"].flatMap((numbers) => ([
    ["smtp", mx1, [[numbers, "ca"]], "dane-ta"],
    ["smtp", elsewhere, [[numbers, "ca"]], "wrong-name"],
    ["smtp", mx1, [[numbers, "otherca"]], "tlsa-mismatch"],
    ["smtp", mx1, [[numbers, "good"]], "tlsa-mismatch"],
    ["untrusted", mx1, [[numbers, "otherca"]], "dane-ta"],
    ["untrusted", mx1, [[numbers, "ca"]], "tlsa-mismatch"],
    ["wrongname", elsewhere, [[numbers, "ca"]], "dane-ta"],
    ["wrongname", mx1, [[numbers, "ca"]], "wrong-name"],
  ] as const)),
  // What was not sent must be in the record.
  ["expired", mx1, [["2 0 0", "ca"]], "expired"],
  ["expired", mx1, [["2 0 1", "ca"]], "tlsa-mismatch"],
  ["selfsigned", mx1, [["2 0 1", "selfsigned"]], "tlsa-mismatch"],
  ["selfsigned", mx1, [["2 0 0", "selfsigned"]], "tlsa-mismatch"],
  ["selfsigned", mx1, [["2 1 0", "selfsigned"]], "dane-ta"],
  // Several.
  ["smtp", mx1, [["3 1 1", "goodrsa"], ["3 1 1", "good"]], "dane-ee"],
  ["smtp", elsewhere, [["2 1 1", "ca"], ["3 1 1", "good"]], "dane-ee"],
  ["smtp", mx1, [["3 1 1", "goodrsa"], ["2 1 1", "ca"]], "dane-ta"],
  ["smtp", mx1, [["3 1 1", "good"], ["3 1 2", "goodrsa"]], "tlsa-mismatch"],
  ["smtp", mx1, [["3 1 2", "good"], ["3 1 1", "goodrsa"]], "dane-ee"],
];

for (const [use, name, records, verdict] of cases) {
  const shown = records.map((each) => each.join(" of ")).join(", ");
  peerTest(`postfix (${use}) as ${name}, by ${shown}: ${verdict}, and OpenSSL agrees`, ["postfix"], async (peers) => {
    const port = portOf(peers.postfix, use);
    const texts = await Promise.all(records.map(([numbers, of]) => record(numbers, of)));
    const args = [...texts.flatMap((each) => ["--tls-tlsa", each]), "--tls-name", name, "--quit-after", "ehlo-tls"];
    const sent = await send({ port, args });
    const isTrusted = verdict.startsWith("dane-");
    assertEquals([sent.code, sent.failure], isTrusted ? [0, undefined] : [77, "TlsFailed tls"], sent.text);
    const { report } = sent.events.find(({ event }) => event === "secured" || event === "failed") as {
      readonly report: { readonly verification: { readonly by: string | null; readonly fault: string | null } };
    };
    assertEquals(report.verification.by ?? report.verification.fault, verdict);
    const opinion = await openssl(port, name, texts);
    assertEquals(opinion.isTrusted, isTrusted, opinion.text);
  });
}

peerTest("postfix gets mail at the level dane, and none without the proof", ["postfix"], async ({ postfix }) => {
  for (const use of ["smtp", "smtps"]) {
    const more = use === "smtps" ? ["--tls-implicit"] : [];
    const port = portOf(postfix, use);
    const mark = newMark();
    const right = ["--tls-tlsa", await record("3 1 1", "good"), ...more];
    const sent = await send({ port, message: letter(mark), args: right });
    assertEquals([sent.code, sent.verdicts["bob@plausch.test"]], [0, "accepted final 250 2.0.0"], sent.text);
    assertEquals(withoutTrace(postfix, await stored(postfix, mark)), letter(mark));
    assertStringIncludes(sent.text, '"level":"dane"');

    const unsent = newMark();
    const wrong = ["--tls-tlsa", await record("3 1 1", "goodrsa"), ...more];
    const refused = await send({ port, message: letter(unsent), args: wrong });
    assertEquals([refused.code, refused.failure === undefined], [77, false], refused.text);
    assert(!refused.verbs.includes("MAIL"));
    assertEquals(await copies(postfix, unsent), []);
  }
});
