// `plausch mx` against a name server on this machine, and how it looks.
import type * as Answer from "@plausch/dns/answer";
import { Resolver } from "@plausch/dns/resolver";
import * as Zone from "@plausch/dns/zone";
import * as Mx from "@plausch/mx/mx";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import page from "../../docs/guide/route.md" with { type: "text" };
import { commandLine } from "../../tools/plausch/commands/mx.ts";
import * as Options from "../../tools/plausch/options.ts";
import { explained } from "../../tools/plausch/render/mx_explained.ts";
import * as MxLines from "../../tools/plausch/render/mx.ts";
import { colours, plain } from "../../tools/plausch/render/paint.ts";
import { withNameServer } from "../support/name_server.ts";
import { withPolicyServer } from "../support/policy_server.ts";
import { fixture, pem, plausch } from "./_cli.ts";

const digest = "ab".repeat(32);

const zone: Zone.StaticZone = {
  authenticated: true,
  records: {
    "d.test": { MX: ["0 .", "10 al.d.test", "20 b.d.test", "30 inside.d.test", "40 gone.d.test", "50 broken.d.test"] },
    "al.d.test": { CNAME: "a.cloud.test" },
    "a.cloud.test": { A: ["192.0.2.1", "127.0.0.1"], AAAA: "2001:db8::25" },
    "b.d.test": { A: { data: "192.0.2.2", ttl: 86400, authenticated: false } },
    "inside.d.test": { A: "10.0.0.1", AAAA: "64:ff9b::7f00:1" },
    "broken.d.test": { failure: "ServerFailure" },
    "safe.test": { MX: "10 mx.safe.test" },
    "mx.safe.test": { A: "192.0.2.3" },
    "_25._tcp.mx.safe.test": { TLSA: `3 1 1 ${digest}` },
    "_2525._tcp.mx.safe.test": { TLSA: `2 1 1 ${digest}` },
    // The certificate of the tests is for *.wild.example.test.
    "wild.example.test": { MX: ["10 mx.wild.example.test", "20 mx.other.test"] },
    "mx.wild.example.test": { A: "192.0.2.4" },
    "mx.other.test": { A: "192.0.2.5" },
    "_mta-sts.wild.example.test": { TXT: "v=STSv1; id=7;" },
    "mta-sts.wild.example.test": { A: "127.0.0.1" },
    "null.test": { MX: "0 ." },
    "local.test": { MX: "10 localhost" },
    "equal.test": { MX: Array.from({ length: 6 }, (_, at) => `10 mx${at}.equal.test`) },
    ...Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`mx${at}.equal.test`, { A: `192.0.2.${at}` }])),
  },
};

const mx = (...args: ReadonlyArray<string>) =>
  withNameServer(zone, async ({ server, asked }) => {
    const ran = await plausch(["mx", "--dns", server, ...args]);
    return { ...ran, out: ran.out.replaceAll(server, "SERVER").replace(/in \d+ ms/g, "in 1 ms"), asked };
  });

Deno.test("mx --explain tells of each host what would be dialled, how safely, and why", async () => {
  const { code, out, err } = await mx("--explain", "d.test");
  assertEquals([code, err], [0, ""]);
  assertEquals(
    out,
    `\
d.test has 6 mail exchangers
   answer   NOERROR from SERVER over udp in 1 ms
   DNSSEC   proved, says a server that is trusted (AD)
   keep     not at all
   warning  a null MX stands beside other MX records; it is ignored

-  ., preference 0
   skip     a null MX beside others means nothing

1. al.d.test, preference 10
   try      2001:db8::25  IPv6  300 s  DNSSEC
            192.0.2.1     IPv4  300 s  DNSSEC
   not      127.0.0.1     IPv4  300 s  DNSSEC  loopback
   TLS      TLS where it is offered
   warning  it is an alias of a.cloud.test, and an MX record must not name one

2. b.d.test, preference 20
   try      192.0.2.2  IPv4  86400 s
   TLS      TLS where it is offered

-  inside.d.test, preference 30
   skip     it has no address on the Internet
   not      64:ff9b::7f00:1  IPv6  300 s  DNSSEC  loopback: NAT64 of 127.0.0.1
            10.0.0.1         IPv4  300 s  DNSSEC  private

-  gone.d.test, preference 40
   skip     the name does not exist

-  broken.d.test, preference 50
   skip     its addresses could not be looked up (ServerFailure)
            Cannot look up AAAA of "broken.d.test" at SERVER: the server failed (SERVFAIL); try again later
`,
  );
});

Deno.test("mx prints what dig would, and then the route; what is not dialled has a comment", async () => {
  const { code, out } = await mx("d.test");
  assertEquals(code, 0);
  assertStringIncludes(
    out,
    ";; NOERROR from SERVER over udp in 1 ms\n;; DNSSEC: proved, says a server that is trusted (AD)\n",
  );
  assertStringIncludes(out, "inside.d.test.\t\t300\tIN\tA\t10.0.0.1 ; not dialled: private\n");
  assertStringIncludes(out, "30 inside.d.test: skip, it has no address on the Internet: 64:ff9b::7f00:1 (loopback");
});

Deno.test("mx --json has all of the plan, an object a line, and the guide explains every field", async () => {
  const { code, out } = await mx("--json", "d.test", "safe.test", "broken.d.test", "a..b");
  assertEquals(code, 75);
  const plans = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(plans.map(({ domain }) => domain), ["d.test", "safe.test", "broken.d.test", "a..b"]);
  const [d, safe, broken, bad] = plans;
  assertEquals([d.kind, d.authenticated, d.ttl, d.warnings, d.failure], ["Mx", true, 0, ["NullMxMixed"], null]);
  const candidates = d.tiers.flatMap((tier: { readonly candidates: ReadonlyArray<object> }) => tier.candidates);
  assertEquals(candidates[1].addresses[0], { address: "2001:db8::25", family: 6, ttl: 300, authenticated: true });
  assertEquals(candidates[1].warnings, [{ warning: "MxIsCname", target: "a.cloud.test" }]);
  assertEquals(candidates[3].refused[0], {
    ...{ address: "64:ff9b::7f00:1", family: 6, ttl: 300, authenticated: true },
    ...{ class: "Loopback", network: "127.0.0.0/8", embedding: { method: "NAT64", address: "127.0.0.1" } },
  });
  assertEquals([candidates[5].reason, candidates[5].error.reason], ["LookupFailed", "ServerFailure"]);
  assertEquals(safe.tiers[0].candidates[0].policy.kind, "Dane");
  assertEquals(safe.tiers[0].candidates[0].policy.records, [`3 1 1 ${digest.toUpperCase()}`]);
  assertEquals([broken.failure.code, broken.failure.temporary, broken.error.reason], [451, true, "ServerFailure"]);
  assertEquals(bad.error.reason, "BadDomain");

  const fields = (value: unknown): ReadonlyArray<string> =>
    Array.isArray(value)
      ? value.flatMap(fields)
      : value !== null && typeof value === "object"
      ? Object.entries(value).flatMap(([name, one]) => [name, ...fields(one)])
      : [];
  for (const field of new Set(fields(plans))) assertStringIncludes(page, `\`${field}\``, field);
});

const policies = {
  "mta-sts.wild.example.test": "version: STSv1\nmode: enforce\nmx: *.wild.example.test\nmax_age: 60\n",
};
const withPolicies = (use: (args: ReadonlyArray<string>, asked: ReadonlyArray<string>) => Promise<void>) =>
  withPolicyServer(
    { cert: pem("server.pem"), key: pem("server.key"), policies },
    ({ port, asked }) => use(["--mta-sts-port", `${port}`, "--tls-ca", fixture("ca.pem")], asked),
  );

Deno.test("mx fetches the MTA-STS policy of a domain once, and tells what it means", () =>
  withPolicies(async (args, asked) => {
    const { code, out, err } = await mx(
      ...["--explain", "--allow-local", ...args],
      ...["wild.example.test", "wild.example.test."],
    );
    assertEquals([code, err], [0, ""]);
    assertEquals(
      out.split("\n\n").slice(0, 3).join("\n\n"),
      `\
wild.example.test has 2 mail exchangers
   answer   NOERROR from SERVER over udp in 1 ms
   DNSSEC   proved, says a server that is trusted (AD)
   MTA-STS  enforce, for *.wild.example.test
   keep     for 60 s

1. mx.wild.example.test, preference 10
   try      192.0.2.4  IPv4  300 s  DNSSEC
   TLS      MTA-STS: TLS with a certificate for this host

-  mx.other.test, preference 20
   skip     the MTA-STS policy of the domain does not name it
   address  192.0.2.5  IPv4  300 s  DNSSEC`,
    );
    assertEquals(asked, ["mta-sts.wild.example.test/.well-known/mta-sts.txt"]);
  }));

Deno.test("mx --json has the MTA-STS policy, or what went wrong with it", () =>
  withPolicies(async (args, asked) => {
    const read = async (...more: ReadonlyArray<string>) =>
      JSON.parse((await mx("--json", ...args, ...more, "wild.example.test")).out);
    const { mtaSts, tiers } = await read("--allow-local");
    const { fetchedAt, ...rest } = mtaSts;
    assertEquals(rest, {
      ...{ kind: "Found", id: "7", source: "fetched", ttl: 300, problem: null },
      policy: { mode: "enforce", maxAge: 60, mx: ["*.wild.example.test"] },
    });
    assert(Math.abs(Date.now() - fetchedAt) < 60_000);
    assertEquals(
      tiers.map((tier: { candidates: ReadonlyArray<{ reason: unknown; policy: unknown }> }) => [
        tier.candidates[0]?.reason,
        tier.candidates[0]?.policy,
      ]),
      [
        [null, { kind: "MtaSts", mode: "enforce" }],
        ["MtaStsMxMismatch", { kind: "Opportunistic" }],
      ],
    );
    const refused = await read();
    assertEquals([refused.mtaSts.kind, refused.mtaSts.problem.reason], ["Failed", "FetchFailed"]);
    assertStringIncludes(refused.mtaSts.problem.message, "127.0.0.1 (loopback)");
    assertEquals((await read("--no-mta-sts", "--allow-local")).mtaSts, null);
    assertEquals(asked.length, 1);
    for (const field of [...Object.keys(mtaSts), ...Object.keys(mtaSts.policy)]) {
      assertStringIncludes(page, `\`${field}\``, field);
    }
  }));

Deno.test("mx --no-dane asks for no TLSA records", async () => {
  const { out, asked } = await mx("--explain", "--no-dane", "safe.test");
  assertStringIncludes(out, "TLS      TLS where it is offered\n");
  assertEquals(asked.filter((one) => one.startsWith("TLSA")), []);
});

Deno.test("several domains share what was asked, come in their order, and the first failure is the exit code", async () => {
  const { code, out, asked } = await mx("--explain", "null.test", "safe.test", "safe.test.", "local.test");
  assertEquals(code, 68);
  const titles = out.split("\n").filter((line) => /^\S+( has|$)/.test(line) && line !== "");
  assertEquals(titles, [
    "null.test",
    "safe.test has 1 mail exchanger",
    "safe.test has 1 mail exchanger",
    "local.test has 1 mail exchanger",
  ]);
  assertEquals(asked.filter((one) => one === "MX safe.test").length, 1);
  assertEquals(asked.filter((one) => one.endsWith("localhost")), []);
});

Deno.test("a text that is no domain is told, and the others are looked up", async () => {
  const { code, out, err } = await mx("--short", "192.0.2.1", "safe.test");
  assertEquals([code, out], [65, "10 mx.safe.test.\n"]);
  assertStringIncludes(err, '*** Cannot route mail to "192.0.2.1": an IP address stands in brackets');
});

Deno.test("mx --allow-local counts local addresses", async () => {
  const refused = await mx("--explain", "[127.0.0.1]");
  assertEquals(refused.code, 75);
  assertStringIncludes(refused.out, "   not      127.0.0.1  IPv4  loopback\n");
  assertStringIncludes(refused.out, "(loopback)\nIf that is where you want it to go: --allow-local\n");
  const { code, out } = await mx("--explain", "--allow-local", "[127.0.0.1]");
  assertEquals(code, 0);
  assertStringIncludes(out, "1. [127.0.0.1], preference 0\n   try      127.0.0.1  IPv4\n");
});

Deno.test("mx --self skips us and all that are no better", async () => {
  const { code, out } = await mx("--self", "b.d.test", "--self", "other.test", "d.test");
  assertEquals(code, 0);
  assertStringIncludes(out, "20 b.d.test: skip, that is us\n30 inside.d.test: skip, we are in the list before it");
});

Deno.test("mx --port asks for the TLSA records of that port", async () => {
  assertStringIncludes((await mx("--explain", "safe.test")).out, "matches TLSA 3 1 1");
  assertStringIncludes((await mx("--explain", "-p", "2525", "safe.test")).out, "matches TLSA 2 1 1");
});

Deno.test("mx -4 and -6 leave the other addresses out", async () => {
  assertStringIncludes((await mx("-6", "d.test")).out, "10 al.d.test: try 2001:db8::25;");
  assertStringIncludes(
    (await mx("-6", "d.test")).out,
    "20 b.d.test: skip, it has no address of the IP version that is wanted",
  );
  assertStringIncludes((await mx("-4", "d.test")).out, "10 al.d.test: try 192.0.2.1;");
  assertEquals(
    (await mx("-4", "-6", "d.test")).err,
    "*** --ipv4 and --ipv6 leave nothing to dial; leave one of them out, or both\n",
  );
});

Deno.test("mx --max-hosts and --max-addresses bound what is looked up and kept", async () => {
  const { out, asked } = await mx("--explain", "--max-hosts", "1", "--max-addresses", "1", "d.test");
  assertStringIncludes(out, "-  4 more not looked up: enough hosts come before\n");
  assertStringIncludes(out, "   warning  1 more address is left out\n");
  assertEquals(asked.filter((one) => /^A{1,4} /.test(one)).sort(), ["A al.d.test", "AAAA al.d.test"]);
});

Deno.test("mx --seed gives equal preferences the same order each time, beside other domains too", async () => {
  const order = async (...args: ReadonlyArray<string>) =>
    (await mx("--explain", ...args)).out.match(/mx\d\.equal/g)!.join(" ");
  const once = await order("--seed", "plausch", "equal.test");
  assertEquals(await order("--seed", "plausch", "safe.test", "equal.test"), once);
  const others = await Promise.all(["1", "2", "3", "4"].map((seed) => order("--seed", seed, "equal.test")));
  assert(others.some((other) => other !== once));
});

for (
  const [args, problem] of [
    [["--max-hosts", "0", "d.test"], '"0" is no number for --max-hosts'],
    [["--max-addresses", "many", "d.test"], '"many" is no number for --max-addresses'],
    [["--port", "70000", "d.test"], '"70000" is no port'],
    [["--self", "a..b", "d.test"], '"a..b"'],
    [["--json", "--short", "d.test"], "--json and --short are two ways to print one plan"],
    [["--short", "--explain", "d.test"], "--short and --explain are two ways to print one plan"],
  ] as const
) {
  Deno.test(`mx ${args.join(" ")} is wrong usage`, async () => {
    const { code, err, asked } = await mx(...args);
    assertEquals([code, asked], [64, []]);
    assertStringIncludes(err, problem);
  });
}

Deno.test("mx: who gives an address is told its domain", async () => {
  const { code, err, asked } = await mx("me@d.test");
  assertEquals([code, asked], [65, []]);
  assertStringIncludes(err, "it is not a domain name that a host can have; its domain is d.test\n");
});

// ---- how it looks

/** The plan for a domain, where the server sets AD and is not trusted. */
const untrusted = (domain: string) => {
  const inner = Result.getOrThrow(Zone.make(zone));
  const strange = (answer: Answer.Answer): Answer.Answer => ({ ...answer, authenticated: false });
  const resolver = Layer.succeed(Resolver, { query: (...all) => Effect.map(inner.query(...all), strange) });
  return Effect.runPromise(Effect.provide(Mx.resolve(domain), resolver));
};

Deno.test("a server that sets AD and is not trusted is told, with what would believe it; DANE is not used", async () => {
  const plan = await untrusted("safe.test");
  const lines = explained(plain, plan, 80);
  assertEquals(lines.slice(2, 4), [
    "   DNSSEC   proved, says the server (AD), but it is not on this machine, and not",
    "            trusted: see --dns-trusted",
  ]);
  assertEquals(lines.at(-1), "   TLS      TLS where it is offered");
  assertStringIncludes(
    MxLines.long(plain, plan, 80).join("\n"),
    ";; DNSSEC: proved, says the server (AD), but it is not on this machine, and not\n;; trusted: see --dns-trusted\n",
  );
  const json = MxLines.json(plan) as { readonly answer: { readonly ad: boolean; readonly authenticated: boolean } };
  assertEquals([json.answer.ad, json.answer.authenticated], [true, false]);
});

for (const columns of [80, 120]) {
  Deno.test(`nothing is wider than ${columns} columns, and colours change nothing but colours`, async () => {
    for (const domain of ["d.test", "null.test", "local.test"]) {
      const plan = await untrusted(domain);
      for (const render of [explained, MxLines.long]) {
        const lines = render(plain, plan, columns);
        for (const line of lines) {
          assert(line.replaceAll("\t", "        ").length <= columns || line.includes("\t"), line);
        }
        // deno-lint-ignore no-control-regex
        assertEquals(render(colours, plan, columns).map((line) => line.replace(/\u001b\[\d*m/g, "")), lines);
      }
    }
  });
}

Deno.test("every flag of mx has a line of help", () => {
  const help = Options.help(commandLine);
  assertStringIncludes(help, "plausch mx DOMAIN... [options]");
  for (const { name } of commandLine.options) assertStringIncludes(help, `--${name}`);
  for (const line of help.split("\n")) assert(line.length <= 80, line);
});
