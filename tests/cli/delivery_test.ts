// `plausch send` over the mail exchangers of a domain: what it does, and how it tells it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import guide from "../../docs/guide/delivery.md" with { type: "text" };
import { withNameServer } from "../support/name_server.ts";
import { withPolicyServer } from "../support/policy_server.ts";
import { certified, faults, fixture, pem, plausch, plauschProcess, spkiOf } from "./_cli.ts";
import { sendIn, withBlackHole, withRoute, type World } from "./_route.ts";

type Host = World["hosts"][string];

/** Two mail exchangers of x.test. */
const two = (first: Host, second: Host = {}): World => ({
  records: {
    "x.test": { MX: ["20 mx2.x.test", "10 mx1.x.test"] },
    "mx1.x.test": { A: "127.0.0.2" },
    "mx2.x.test": { A: "127.0.0.3" },
  },
  hosts: { "127.0.0.2": { host: "mx1.x.test", ...first }, "127.0.0.3": { host: "mx2.x.test", ...second } },
});

const busy: Host = { faults: faults("greeting:421 4.3.2 Too busy") };

const plan = `\
=== Looking up the mail exchanger of x.test
===   x.test has 2 mail exchangers
===   10 mx1.x.test: try 127.0.0.2
===   20 mx2.x.test: try 127.0.0.3
`;

const taken = `\
=== Trying mx2.x.test, 127.0.0.3:PORT ...
=== Connected to mx2.x.test [127.0.0.3]:PORT
<-  220 mx2.x.test ESMTP plausch sink
 -> EHLO client.test
<-  250 HELP
 -> MAIL FROM:<me@x.test> SIZE=21
 -> RCPT TO:<you@x.test>
 -> DATA
<-  250 2.1.0 Sender taken
<-  250 2.1.5 Recipient taken
<-  354 Go ahead; end with a line that is a single dot
 -> Subject: t
 -> 
 -> hello
 -> .
<-  250 2.0.0 Stored
 -> QUIT
<-  221 2.0.0 mx2.x.test says goodbye
=== Connection closed
=== you@x.test: accepted: 250 2.0.0 Stored
=== The way to x.test:
`;

Deno.test("the first mail exchanger is busy, the second one takes it", async () => {
  const { code, out, err } = await sendIn(two(busy), ["-t", "you@x.test"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(
    out,
    `${plan}\
=== Trying mx1.x.test, 127.0.0.2:PORT ...
=== Connected to mx1.x.test [127.0.0.2]:PORT
<** 421 4.3.2 Too busy
=== Connection closed
=== On to the next host, with 1 recipient
${taken}\
===   10 mx1.x.test [127.0.0.2]: 1 deferred: 421 4.3.2 Too busy
===   20 mx2.x.test [127.0.0.3]: 1 accepted
`,
  );
});

Deno.test("each address of a host that cannot be dialled is told", async () => {
  const world = two({});
  const records = { ...world.records, "mx1.x.test": { A: ["127.0.0.8", "127.0.0.9"] } };
  const { code, out, err } = await sendIn({ ...world, records }, ["-t", "you@x.test"]);
  assertEquals([code, err], [0, "*** Cannot connect to mx1.x.test: none of its 2 addresses could be reached\n"]);
  assertStringIncludes(
    out,
    `\
=== Trying mx1.x.test, 127.0.0.8:PORT, 127.0.0.9:PORT ...
=== 127.0.0.8:PORT: Nothing listens there (ECONNREFUSED)
=== 127.0.0.9:PORT: Nothing listens there (ECONNREFUSED)
=== On to the next host, with 1 recipient
`,
  );
});

Deno.test("--quiet says nothing of a host that another one took the place of, and all of it where none did", async () => {
  const world = two({});
  const dead = { ...world, records: { ...world.records, "mx1.x.test": { A: "127.0.0.8" } } };
  assertEquals((await sendIn(dead, ["-t", "you@x.test", "--quiet"])).err, "");
  const full = { ...dead, hosts: { ...dead.hosts, "127.0.0.3": { faults: faults("rcpt:452 4.2.2 Full") } } };
  const { code, out, err } = await sendIn(full, ["-t", "you@x.test", "--quiet"]);
  assertEquals([code, out], [75, ""]);
  assertEquals(
    err,
    `\
*** Cannot connect to mx1.x.test [127.0.0.8]:PORT: Nothing listens there (ECONNREFUSED). Check host and port, and whether the server runs
*** you@x.test: deferred at RCPT by mx2.x.test: 452 4.2.2 Full (the mailbox is full; temporary)
`,
  );
});

Deno.test("a domain in any script is the same story", async () => {
  const world = two(busy);
  const records = { ...world.records, "xn--bcher-kva.test": { MX: ["10 mx1.x.test", "20 mx2.x.test"] } };
  const { code, out } = await sendIn({ ...world, records }, ["-t", "you@bücher.test"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "=== On to the next host, with 1 recipient\n=== Trying mx2.x.test");
  assertMatch(out, /^=== you@\S+\.test: accepted: 250 2\.0\.0 Stored\n=== The way to \S+\.test:\n/m);
});

Deno.test("what is final, and what may have arrived, goes to no other host", async () => {
  const no = await sendIn(two({ faults: faults("rcpt:550 5.1.1 Nobody") }), ["-t", "you@x.test"]);
  assertEquals([no.code, no.stores.get("127.0.0.3")?.messages.length], [81, 0]);
  assertStringIncludes(no.out, "=== This refusal is final: no other host is asked\n");
  assertStringIncludes(no.err, "*** you@x.test: rejected at RCPT by mx1.x.test: 550 5.1.1 Nobody");
  const lost = await sendIn(two({ faults: faults("final:drop") }), ["-t", "you@x.test"]);
  const stored = ["127.0.0.2", "127.0.0.3"].map((address) => lost.stores.get(address)?.messages.length);
  assertEquals([lost.code, stored], [83, [1, 0]]);
  assertStringIncludes(lost.out, "=== The message may have arrived: no other host is tried\n");
  assertStringIncludes(lost.err, "*** you@x.test: uncertain at the message with mx1.x.test: the connection was lost;");
});

Deno.test("recipients part: one is taken here, one there, one nowhere", async () => {
  const first = { faults: faults("rcpt#1:451 4.3.0 Not now", "rcpt#3:550 5.1.1 Nobody") };
  const { code, out, err, stores } = await sendIn(two(first), ["-t", "a@x.test", "-t", "b@x.test", "-t", "c@x.test"]);
  const stored = ["127.0.0.2", "127.0.0.3"].map((address) => stores.get(address)?.messages[0]?.forwardPaths.length);
  assertEquals([code, stored], [82, [1, 1]]);
  assertStringIncludes(
    out,
    "=== This refusal is final: no other host is asked\n=== On to the next host, with 1 recipient\n",
  );
  assertStringIncludes(
    out,
    `\
=== a@x.test: accepted by mx2.x.test: 250 2.0.0 Stored
=== b@x.test: accepted by mx1.x.test: 250 2.0.0 Stored
=== The way to x.test:
===   10 mx1.x.test [127.0.0.2]: 1 accepted, 1 rejected: 550 5.1.1 Nobody, 1 deferred: 451 4.3.0 Not now
===   20 mx2.x.test [127.0.0.3]: 1 accepted
`,
  );
  assertMatch(err, /^\*\*\* c@x\.test: rejected at RCPT by mx1\.x\.test: 550 5\.1\.1 Nobody [^\n]*\n$/);
});

Deno.test("stopped, as asked, no other host is talked to", async () => {
  const { code, out } = await sendIn(two({}), ["-t", "you@x.test", "--quit-after", "rcpt"]);
  assertEquals([code, out.match(/^=== Trying/gm)?.length], [0, 1]);
  assertStringIncludes(out, "=== you@x.test: not sent; stopped, as asked, before the message was sent\n");
});

Deno.test("greylisting: deferred by all, accepted in the next round, and nobody gets it twice", async () => {
  const grey: Host = { faults: faults("rcpt#2@1:451 4.7.1 Greylisted") };
  const to = ["-t", "a@x.test", "-t", "b@x.test", "--retry", "2", "--retry-after", "20ms"];
  const { code, out, err, stores } = await sendIn({ ...two(grey), hosts: { "127.0.0.2": grey } }, to);
  assertEquals([code, err], [
    0,
    "*** Cannot connect to mx2.x.test [127.0.0.3]:PORT: Nothing listens there (ECONNREFUSED). " +
    "Check host and port, and whether the server runs\n",
  ]);
  assertEquals(stores.get("127.0.0.2")?.messages.map(({ forwardPaths }) => forwardPaths.length), [1, 1]);
  assertStringIncludes(
    out,
    `\
=== Deferred: 1 recipient; once more in 20ms (round 2 of 3)
=== Looking up the mail exchanger of x.test
===   the same as before
=== Trying mx1.x.test, 127.0.0.2:PORT ...
`,
  );
});

Deno.test("a host that does not answer is given up after --timeout, and visited once", async () => {
  await withBlackHole((port) =>
    withNameServer({ records: { "x.test": { A: "127.0.0.1" } } }, async ({ server }) => {
      const route = ["--dns", server, "--port", `${port}`, "--allow-local", "--timeout", "100ms"];
      const { code, out, err } = await plausch([
        "send",
        ...route,
        "-t",
        "you@x.test",
        "-f",
        "me@x.test",
        "--body",
        "x",
      ]);
      assertEquals([code, out.match(/^=== Trying/gm)?.length], [69, 1]);
      assertStringIncludes(
        err,
        `*** Cannot connect to x.test [127.0.0.1]:${port}: There was no answer in time (ETIMEDOUT). `,
      );
      assertStringIncludes(err, "*** you@x.test: deferred: x.test could not be connected to; 451 4.4.1\n");
    })
  );
});

Deno.test("the deadline ends a conversation, and whoever has no verdict is deferred", async () => {
  const slow: Host = { faults: faults("rcpt#2:stall") };
  const to = ["-t", "a@x.test", "-t", "b@x.test", "--deadline", "300ms", "--no-pipeline"];
  const { code, out, err } = await sendIn(two(slow), to);
  assertEquals([code, out.includes("On to the next host")], [75, false]);
  const deferred = (who: string) => `*** ${who}@x.test: deferred: the time for the delivery was over; 451 4.4.7\n`;
  assertEquals(err, `*** The time was over while waiting for the reply to RCPT\n${deferred("a")}${deferred("b")}`);
});

// ---- proof

const safe: World = {
  authenticated: true,
  records: {
    "x.test": { MX: ["10 bad.example.test", "20 mx.example.test"] },
    "bad.example.test": { A: "127.0.0.2" },
    "mx.example.test": { A: "127.0.0.2" },
    "_PORT._tcp.bad.example.test": { TLSA: `3 1 1 ${"ab".repeat(32)}` },
    "_PORT._tcp.mx.example.test": { TLSA: `3 1 1 ${spkiOf("server.pem")}` },
  },
  hosts: { "127.0.0.2": { host: "mx.example.test", tls: { options: certified() } } },
};

Deno.test("a host that breaks its promise (DANE) gets nothing, and the next one keeps it", async () => {
  const { code, out, err } = await sendIn(safe, ["-t", "you@x.test"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "not verified as bad.example.test: no TLSA record matches\n");
  assertStringIncludes(err, "*** Cannot trust bad.example.test: its certificate");
  assertStringIncludes(out, ", as DANE asks\n");
  assertStringIncludes(out, "; verified as mx.example.test by DANE, TLSA 3 1 1\n");
  assertMatch(
    out,
    /^=== {3}20 mx\.example\.test \[127\.0\.0\.2\]: 1 accepted, TLSv1\.3 verified by DANE, TLSA 3 1 1$/m,
  );
});

Deno.test("--tls dane passes over hosts without records, --tls mta-sts those without a policy", async () => {
  for (const [level, what] of [["dane", "DANE is asked for"], ["mta-sts", "MTA-STS is asked for"]] as const) {
    const { code, out, err } = await sendIn(two({}), ["-t", "you@x.test", "--tls", level]);
    assertEquals([code, out.match(/passed over, /g)?.length, out.includes("Trying")], [77, 2, false]);
    assertStringIncludes(out, `=== 10 mx1.x.test: passed over, ${what}`);
    assertEquals(
      err,
      "*** you@x.test: deferred: no mail exchanger of x.test has the proof that is asked for; 451 4.7.5\n",
    );
  }
  const { code, out } = await sendIn(safe, ["-t", "you@x.test", "--tls", "dane"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "verified as mx.example.test by DANE");
});

Deno.test("TLS from the first octet goes by the promises, too", async () => {
  const host = { ...safe.hosts["127.0.0.2"], tls: { options: certified(), implicit: true } };
  const { code, out } = await sendIn({ ...safe, hosts: { "127.0.0.2": host } }, ["-t", "you@x.test", "--tls-implicit"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "not verified as bad.example.test: no TLSA record matches\n");
  assertStringIncludes(out, "verified as mx.example.test by DANE, TLSA 3 1 1\n");
});

Deno.test("a pin decides alone, whatever the domain promises", async () => {
  const pin = ["--tls-pin", spkiOf("server.pem")];
  const { code, out } = await sendIn(safe, ["-t", "you@x.test", ...pin]);
  assertEquals(code, 0);
  assertStringIncludes(out, "; verified as bad.example.test by its pin\n");
});

// ---- the ends

const ends: ReadonlyArray<
  readonly [name: string, world: World, to: ReadonlyArray<string>, code: number, says: string]
> = [
  [
    "a null MX",
    { records: { "x.test": { MX: "0 ." } }, hosts: {} },
    ["you@x.test"],
    68,
    "rejected: x.test accepts no mail",
  ],
  ["no such domain", { records: {}, hosts: {} }, ["you@x.test", "me@y.test"], 68, "rejected: x.test does not exist"],
  [
    "the DNS is out of order",
    { records: { "x.test": { failure: "ServerFailure" } }, hosts: {} },
    ["you@x.test"],
    75,
    "deferred: Cannot look up MX",
  ],
  [
    "nobody there",
    { ...two({}), hosts: {} },
    ["you@x.test"],
    69,
    "deferred: none of 2 hosts could be connected to; 451 4.4.1",
  ],
  [
    "nobody there, and no such domain",
    { ...two({}), hosts: {} },
    ["you@x.test", "you@y.test"],
    69,
    "rejected: y.test does not exist",
  ],
  ["no domain", { records: {}, hosts: {} }, ["you@[192.0.2.300]"], 65, ""],
  ["accepted, and no such domain", two({}), ["you@x.test", "you@y.test"], 82, "rejected: y.test does not exist"],
  ["TLS is required, and not offered", two({}), ["you@x.test", "--tls", "required"], 77, "TLS is required"],
];

for (const [name, world, to, code, says] of ends) {
  Deno.test(`exit ${code}: ${name}`, async () => {
    const ran = await sendIn(world, to.flatMap((one) => one.includes("@") ? ["-t", one] : [one]));
    assertEquals(ran.code, code, ran.out + ran.err);
    assertStringIncludes(ran.err, says);
  });
}

// ---- for programs

/** The events that the guide explains. */
const explained = new Set(
  guide.slice(guide.indexOf("## The JSON")).split("\n").flatMap((line) =>
    /^\| (`[^|]*) \|/.exec(line)?.[1]?.match(/[a-z-]+/g) ?? []
  ).filter((name) => name !== "event"),
);

Deno.test("the guide explains every event of --json", async () => {
  const proxy = ["--proxy", "v1", "--proxy-source", "192.0.2.1:1", "--proxy-destination", "192.0.2.2:25"];
  const runs = [
    await sendIn(two({ proxyProtocol: true }, { proxyProtocol: true }), ["-t", "you@x.test", "--json", ...proxy]),
    await sendIn(safe, ["-t", "you@x.test", "--json"]),
    await sendIn(two({}), ["-t", "you@x.test", "--json", "--tls", "dane"]),
    await sendIn({ ...two({}), hosts: {} }, ["-t", "you@x.test", "--json", "--retry", "1", "--retry-after", "1ms"]),
    await sendIn(two({ faults: faults("ehlo:502 5.5.1 No", "mail:530 5.7.0 Who are you?") }), [
      "-t",
      "you@x.test",
      "--json",
    ]),
  ];
  const told = new Set(
    runs.flatMap(({ out }) => out.trim().split("\n").filter((line) => line !== "")).map((line) => {
      const event: { readonly event: string } = JSON.parse(line);
      return event.event;
    }),
  );
  for (const event of told) assert(explained.has(event), event);
  assertEquals([...explained].filter((event) => !told.has(event)), []);
});

Deno.test("--json tells the whole way in objects with stable names", async () => {
  const first: Host = { faults: faults("rcpt@1:451 4.7.1 Greylisted", "rcpt@2:451 4.7.1 Greylisted") };
  const { code, out, err } = await sendIn(
    { ...two(first), hosts: { "127.0.0.2": first } },
    ["-t", "you@x.test", "--json", "--retry", "1", "--retry-after", "10ms"],
  );
  assertEquals([code, err], [75, ""]);
  const events = out.trim().split("\n").map((line) => JSON.parse(line));
  const round = ["lookup", "route", "visit", "dialled", "connected", "closed", "conversation"];
  const names = events.map(({ event }) => event).filter((name) =>
    !["said", "heard", "content", "decided"].includes(name)
  );
  const failed = ["visit", "dialled", "failed", "conversation"];
  assertEquals(names, [...round, ...failed, "waiting", ...round, ...failed, "settled", "outcome"]);
  const of = (name: string) => events.find(({ event }) => event === name);
  const { domain, host, addresses, level, policy } = of("visit");
  assertEquals(
    [domain, host, addresses, level, policy],
    ["x.test", "mx1.x.test", ["127.0.0.2"], "opportunistic", { kind: "Opportunistic" }],
  );
  assertEquals(events.filter(({ event }) => event === "dialled").map(({ result, code }) => [result, code]), [
    ["connected", null],
    ["failed", "ECONNREFUSED"],
    ["connected", null],
    ["failed", "ECONNREFUSED"],
  ]);
  const { delay, round: rounds, addresses: waiting } = of("waiting");
  assertEquals([delay, rounds, waiting], [10, 1, ["you@x.test"]]);
  const { recipients: [recipient], trail } = of("outcome");
  assertEquals([recipient.verdict, recipient.host, recipient.domain, recipient.code], [
    "deferred",
    "mx1.x.test",
    "x.test",
    451,
  ]);
  assertEquals(trail.map((step: Record<string, unknown>) => [step.step, step.host]), [
    ["visited", "mx1.x.test"],
    ["visited", "mx2.x.test"],
    ["visited", "mx1.x.test"],
    ["visited", "mx2.x.test"],
  ]);
  assertEquals(of("settled").recipient, recipient);
});

Deno.test("the proof of TLS is in the JSON", async () => {
  const { out } = await sendIn(safe, ["-t", "you@x.test", "--json"]);
  const events = out.trim().split("\n").map((line) => JSON.parse(line));
  const [refused, taken] = events.filter(({ event }) => event === "conversation");
  assertEquals([refused.policy.kind, refused.level, refused.tls], ["Dane", "dane", null]);
  assertEquals([taken.policy.kind, taken.level, taken.tls.verification.by], ["Dane", "dane", "dane-ee"]);
  const { trail } = events.at(-1);
  assertEquals(
    trail.map((step: { tls: { verification: { by: string } } | null }) => step.tls?.verification.by ?? null),
    [
      null,
      "dane-ee",
    ],
  );
});

Deno.test("policies are fetched with the authorities that Deno knows, and no permission but for the net", async () => {
  const world = two({}, { tls: { options: certified() } });
  const records: World["records"] = {
    ...world.records,
    "wild.example.test": { MX: ["10 mx1.x.test", "20 mx.example.test"] },
    "mx.example.test": { A: "127.0.0.3" },
    "_mta-sts.wild.example.test": { TXT: "v=STSv1; id=1;" },
    "mta-sts.wild.example.test": { A: "127.0.0.1" },
  };
  const policy = "version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 60\n";
  const server = { cert: pem("server.pem"), key: pem("server.key"), policies: { "mta-sts.wild.example.test": policy } };
  await withPolicyServer(server, (policyHost) =>
    withRoute({ ...world, records }, async ({ args }) => {
      const where = ["--mta-sts-port", `${policyHost.port}`, "-t", "you@wild.example.test", "--body", "x"];
      const ran = await plauschProcess(["send", ...args, ...where], {
        permissions: ["--allow-net"],
        env: { DENO_CERT: fixture("ca.pem") },
      });
      assertEquals(ran.code, 0, ran.out + ran.err);
      assertStringIncludes(ran.out, "===   MTA-STS: enforce, for mx.example.test\n");
      assertStringIncludes(ran.out, "mx1.x.test: skip, the MTA-STS policy of the domain does not name it\n");
      assertStringIncludes(ran.out, ", as MTA-STS asks\n");
      assertStringIncludes(ran.out, "; verified as mx.example.test by PKIX\n");
    }));
});

Deno.test("a permission that is missing is told, with the flag to add", async () => {
  await withRoute({ ...two({}), hosts: { "127.0.0.2": {} } }, async ({ args, port }) => {
    const [dns] = args.slice(1);
    const ran = await plauschProcess(["send", ...args, "-t", "you@x.test", "--body", "x"], {
      permissions: [`--allow-net=${dns},127.0.0.1:0,127.0.0.3:${port}`],
    });
    assertEquals(ran.code, 69, ran.err);
    assertStringIncludes(ran.err, `Add --allow-net=127.0.0.2:${port} to the deno command\n`);
    assert(ran.err.includes("127.0.0.3"), ran.err);
  });
});
