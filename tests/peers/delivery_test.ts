/**
 * `plausch send` to every name of the zones: the way from unbound, which validates, to Postfix, and what is said of it. All
 * hosts of the zones are at 127.0.0.1 or ::1, so one port serves them.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type * as Sink from "@plausch/sink/sink";
import type { MemoryStore } from "@plausch/sink/store";
import { faults, plausch, withSink } from "../cli/_cli.ts";
import { copies, newMark, type Peer, peerTest, portOf, stored } from "./_peers.ts";
import { letter, type Order, send, type Sent } from "./_send.ts";

interface Way {
  readonly unbound: Peer;
  readonly postfix: Peer;
}

/** The arguments that lead over unbound to a port of Postfix. */
const over = ({ unbound, postfix }: Way, use = "smtp"): ReadonlyArray<string> => [
  ...["--dns", `127.0.0.1:${unbound.port}`, "--port", `${portOf(postfix, use)}`],
  ...["--seed", "plausch", "--no-mta-sts"],
];

const sendOver = (way: Way, order: Order, use = "smtp"): Promise<Sent> =>
  send({ ...order, args: [...over(way, use), "--allow-local", ...order.args ?? []] });

/** A server at ::1 and a port of Postfix, which listens at 127.0.0.1 only. */
const withSix = (
  { postfix }: Way,
  options: Partial<Sink.ListenOptions>,
  use: (store: MemoryStore) => Promise<void>,
): Promise<void> =>
  withSink((_sink, store) => use(store), { address: "::1", port: portOf(postfix, "smtp"), ...options });

/** A step of the trail, as far as it matters here. */
interface Step {
  readonly step: "visited" | "passed-over";
  readonly host: string;
  readonly recipients: ReadonlyArray<{ readonly verdict: string }>;
}

/** The hosts that were visited, with the verdicts of each. */
const trail = ({ events }: Sent): ReadonlyArray<string> =>
  (events.find(({ event }) => event === "outcome")?.["trail"] as ReadonlyArray<Step>).filter(({ step }) =>
    step === "visited"
  ).map(
    ({ host, recipients }) =>
      [host.replace(".plausch.test", ""), ...recipients.map(({ verdict }) => verdict)].join(" "),
  );

/** Whether Postfix has the message once, or not at all. */
const isStored = async ({ postfix }: Way, mark: string, is: boolean): Promise<void> => {
  if (is) await stored(postfix, mark);
  assertEquals((await copies(postfix, mark)).length, is ? 1 : 0);
};

// ---- every name

const accepted = "accepted final 250 2.0.0";
const refused = "deferred connect 451 4.4.4 AddressRefused";

interface Name {
  readonly verdict: string;
  readonly code: number;
  /** The hosts that were visited. */
  readonly hosts?: ReadonlyArray<string>;
  /** The verdict where local addresses are not dialled; default: `AddressRefused` where somebody was visited. */
  readonly guarded?: string;
}

const at = (...hosts: ReadonlyArray<string>): Name => ({ verdict: accepted, code: 0, hosts });
const nobody: Name = { verdict: "rejected connect 550 5.1.2 NoMailHost", code: 68 };
const dead: Name = { verdict: "rejected connect 550 5.4.4 NoUsableHost", code: 68 };
const broken: Name = { verdict: "deferred connect 451 4.4.3 DnsTemporary", code: 75 };
const unreachable = (...hosts: ReadonlyArray<string>): Name => ({
  verdict: "deferred connect 451 4.4.1 AllHostsFailed",
  code: 69,
  hosts,
});

const names: { readonly [domain: string]: Name } = {
  "nullmx.plausch.test": { verdict: "rejected connect 556 5.1.10 NullMx", code: 68 },
  "nullplus.plausch.test": at("mx1"),
  "implicit.plausch.test": unreachable("implicit"),
  "nothing.plausch.test": nobody,
  "nosuchname.plausch.test": { verdict: "rejected connect 550 5.1.2 DomainNotFound", code: 68 },
  "ipmx.plausch.test": dead,
  "cnamemx.plausch.test": at("aliasmx"),
  "loopmx.plausch.test": broken,
  "selfloop.plausch.test": broken,
  "cnamedom.plausch.test": at("mx2"),
  "localmx.plausch.test": at("localhost"),
  "danglingmx.plausch.test": dead,
  "partial.plausch.test": at("mx1"),
  "privatemx.plausch.test": { verdict: "", code: 0, guarded: refused },
  "linklocal.plausch.test": { verdict: "", code: 0, guarded: refused },
  "zeromx.plausch.test": { verdict: "", code: 0, guarded: refused },
  "v6only.plausch.test": unreachable("mx6"),
  "dual.plausch.test": at("dualhost"),
  "failover.plausch.test": at("mx6", "mx1"),
  "any.wild.plausch.test": at("mx1"),
  "manymx.plausch.test": at("many1"),
  "bücher.plausch.test": at("mx1"),
  "escmx.plausch.test": dead,
  "manymx.insecure.test": at("many1.insecure.test"),
  "bogus.test": broken,
};

for (
  const [domain, { verdict, code, hosts = [], guarded = hosts.length > 0 ? refused : verdict }] of Object.entries(names)
) {
  peerTest(`send to ${domain}: ${verdict || guarded}`, ["unbound", "postfix"], async (way) => {
    const to = `bob@${domain}`;
    if (verdict !== "") {
      const mark = newMark();
      const sent = await sendOver(way, { to, message: letter(mark) });
      assertEquals([sent.code, Object.values(sent.verdicts)], [code, [verdict]], sent.text);
      assertEquals(trail(sent).map((step) => step.replace(/ .*/, "")), hosts);
      await isStored(way, mark, verdict === accepted);
    }
    const careful = await send({ to, args: over(way) });
    assertEquals(Object.values(careful.verdicts), [guarded], careful.text);
    assertEquals(careful.events.some(({ event }) => event === "visit"), false);
  });
}

peerTest("of 120 mail exchangers ten are looked up, and the first is visited", ["unbound", "postfix"], async (way) => {
  const ran = await plausch([
    ...["send", ...over(way), "--allow-local", "-t", "bob@manymx.insecure.test", "-f", "a@client.plausch.test"],
    ...["--body", "x"],
  ]);
  assertEquals(ran.code, 0, ran.err);
  assertStringIncludes(ran.out, "===   manymx.insecure.test has 120 mail exchangers\n");
  assertStringIncludes(ran.out, "===   110 more hosts: skip, enough hosts come before them\n");
});

peerTest(
  "servers of the DNS that never answer are waited for no longer than --deadline",
  ["unbound", "postfix"],
  async (way) => {
    const sent = await sendOver(way, { to: "bob@deaf3.test", args: ["--deadline", "1s"] });
    assertEquals([sent.code, sent.verdicts], [75, { "bob@deaf3.test": "deferred connect 451 4.4.7 Deadline" }]);
  },
);

// ---- IPv6 and IPv4

peerTest("a host with both is dialled by IPv6 first; -4 takes the other way", ["unbound", "postfix"], async (way) => {
  await withSix(way, {}, async (store) => {
    const to = "bob@dual.plausch.test";
    const six = await sendOver(way, { to });
    assertEquals([six.code, store.messages.length], [0, 1], six.text);
    const four = await sendOver(way, { to, args: ["-4"] });
    assertEquals([four.code, store.messages.length], [0, 1], four.text);
    assertEquals((await sendOver(way, { to: "bob@v6only.plausch.test" })).code, 0);
    const none = await sendOver(way, { to: "bob@v6only.plausch.test", args: ["-4"] });
    assertEquals(none.verdicts, { "bob@v6only.plausch.test": "deferred connect 451 4.4.4 OtherFamily" });
  });
});

peerTest("the first host is busy, and Postfix takes it", ["unbound", "postfix"], async (way) => {
  await withSix(way, { faults: faults("greeting:421 4.3.2 Busy") }, async () => {
    const mark = newMark();
    const sent = await sendOver(way, { to: "bob@failover.plausch.test", message: letter(mark) });
    assertEquals([sent.code, trail(sent)], [0, ["mx6 deferred", "mx1 accepted"]]);
    await isStored(way, mark, true);
  });
});

peerTest(
  "a greylist at the first host, Postfix at the second: no wait is needed",
  ["unbound", "postfix"],
  async (way) => {
    await withSix(way, { faults: faults("rcpt:451 4.7.1 Greylisted") }, async () => {
      const sent = await sendOver(way, {
        to: "bob@failover.plausch.test",
        args: ["--retry", "1", "--retry-after", "1h"],
      });
      assertEquals([sent.code, trail(sent)], [0, ["mx6 deferred", "mx1 accepted"]]);
    });
  },
);

peerTest("greylisting: 451 first, accepted after a wait", ["unbound", "postfix"], async (way) => {
  await withSix(
    way,
    { faults: faults("rcpt@1:451 4.7.1 Greylisted", "rcpt@2:451 4.7.1 Greylisted") },
    async (store) => {
      const to = "bob@v6only.plausch.test";
      const sent = await sendOver(way, { to, args: ["--retry", "3", "--retry-after", "20ms"] });
      assertEquals([sent.code, trail(sent)], [0, ["mx6 deferred", "mx6 deferred", "mx6 accepted"]]);
      const waits = sent.events.filter(({ event }) => event === "waiting").map(({ round, delay }) => [round, delay]);
      assertEquals([waits, store.messages.length], [[[1, 20], [2, 40]], 1]);
      const impatient = await sendOver(way, { to: "bob@implicit.plausch.test", args: ["--quit-after", "rcpt"] });
      assertEquals(impatient.code, 0, impatient.text);
    },
  );
});

// ---- verdicts that part

peerTest("recipients of several domains, and each verdict of Postfix", ["unbound", "postfix"], async (way) => {
  const to = ["bob", "reject550", "tempfail451", "alice"].map((name) => `${name}@plausch.test`);
  const sent = await sendOver(way, {
    to: [...to, "bob@nullmx.plausch.test", "bob@bogus.test", "bob@any.wild.plausch.test"],
  });
  assertEquals(sent.code, 82);
  assertEquals(sent.verdicts, {
    "bob@plausch.test": accepted,
    "reject550@plausch.test": "rejected rcpt 550 5.1.1",
    "tempfail451@plausch.test": "deferred rcpt 451 4.3.0",
    "alice@plausch.test": accepted,
    "bob@nullmx.plausch.test": "rejected connect 556 5.1.10 NullMx",
    "bob@bogus.test": "deferred connect 451 4.4.3 DnsTemporary",
    "bob@any.wild.plausch.test": accepted,
  });
  // Who was deferred goes on alone, to every host that is left.
  const visits = trail(sent);
  assertEquals(visits.length, 4);
  assertMatch(visits[0]!, /^mx[12] accepted rejected deferred accepted$/);
  assertMatch(visits[1]!, /^mx[12] deferred$/);
  assertEquals(visits.slice(2), ["mx3 deferred", "mx1 accepted"]);
});

// ---- proof

const proofs: ReadonlyArray<readonly [domain: string, code: number, hosts: ReadonlyArray<string>, says: string]> = [
  ["daneok", 0, ["mx1 accepted"], "verified as mx1.plausch.test by DANE, TLSA 3 1 1\n"],
  ["daneta", 0, ["mx2 accepted"], "verified as mx2.plausch.test by DANE, TLSA 2 1 1\n"],
  ["danebad", 77, ["mx3 deferred"], "not verified as mx3.plausch.test: no TLSA record matches\n"],
  ["danenext", 0, ["mx3 deferred", "mx1 accepted"], "verified as mx1.plausch.test by DANE, TLSA 3 1 1\n"],
  ["daneunusable", 0, ["unusable accepted"], "DANE: TLS with any certificate, since no TLSA record can be used\n"],
];

for (const [domain, code, hosts, says] of proofs) {
  peerTest(`DANE, ${domain}: ${hosts.join(", ")}`, ["unbound", "postfix"], async (way) => {
    const mark = newMark();
    const to = `bob@${domain}.plausch.test`;
    const sent = await sendOver(way, { to, message: letter(mark) }, "trusted");
    assertEquals([sent.code, trail(sent)], [code, hosts], sent.text);
    await isStored(way, mark, code === 0);
    const words = [
      "send",
      ...over(way, "trusted"),
      "--allow-local",
      "-t",
      to,
      "-f",
      "a@client.plausch.test",
      "--body",
      "x",
    ];
    const { out } = await plausch(words);
    assertStringIncludes(out, says);
    // Nothing but EHLO and STARTTLS is said to who breaks the promise.
    if (code !== 0) assertEquals(out.includes("MAIL"), false);
  });
}

peerTest(
  "--tls dane sends to nobody without records, --no-dane to who breaks them",
  ["unbound", "postfix"],
  async (way) => {
    const strict = await sendOver(way, { to: "bob@dual.plausch.test", args: ["--tls", "dane"] }, "trusted");
    assertEquals([strict.code, strict.verdicts], [77, {
      "bob@dual.plausch.test": "deferred connect 451 4.7.5 NotDane",
    }]);
    const lax = await sendOver(way, { to: "bob@danebad.plausch.test", args: ["--no-dane"] }, "trusted");
    assertEquals([lax.code, trail(lax)], [0, ["mx3 accepted"]]);
  },
);
