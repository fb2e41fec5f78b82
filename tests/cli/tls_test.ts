import type { RecipientOutcome } from "@plausch/session/outcome";
import type * as Sink from "@plausch/sink/sink";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as net from "node:net";
import { certified, everything, faults, fixture, pem, plausch, spkiOf, withServer, withSink } from "./_cli.ts";

const args = (port: number, ...more: ReadonlyArray<string>) => [
  ...["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", ...more],
];
const trusted = ["--tls-ca", fixture("ca.pem"), "--tls-name", "mx.example.test"];

/** A certificate as a TLSA record has it, whole. */
const hexOf = (name: string): string =>
  Array.from(
    atob(pem(name).replace(/-----.*-----|\n/g, "")),
    (char) => char.charCodeAt(0).toString(16).padStart(2, "0"),
  )
    .join("");

/** A conversation that fails for its encryption. */
interface Case {
  readonly name: string;
  readonly args: ReadonlyArray<string>;
  readonly sink?: Partial<Sink.ListenOptions>;
  /** What goes wrong, and what to do. */
  readonly told: ReadonlyArray<string>;
}

const implicit = (name: string): Partial<Sink.ListenOptions> => ({ tls: { options: certified(name), implicit: true } });
const withCertificate = (name: string): Partial<Sink.ListenOptions> => ({ tls: { options: certified(name) } });
const verified = ["--tls", "verified", ...trusted];

const cases: ReadonlyArray<Case> = [
  {
    name: "STARTTLS is not offered",
    args: ["--tls", "required"],
    sink: { tls: undefined },
    told: ["does not offer STARTTLS", "--tls opportunistic goes on in clear; port 465 has TLS from the first octet"],
  },
  {
    name: "STARTTLS is refused",
    args: ["--tls", "required"],
    sink: { faults: faults("starttls:454 4.7.0 not now") },
    told: ["refused STARTTLS: 454 4.7.0 not now", "Try again later"],
  },
  {
    name: "the handshake ends with an alert",
    args: ["--tls", "required"],
    sink: { faults: faults("tls:alert") },
    told: ["The TLS handshake with 127.0.0.1 failed", "--tls-cert FILE --tls-key FILE"],
  },
  {
    name: "the server speaks no TLS after all",
    args: ["--tls", "required"],
    sink: { faults: faults("tls:garbage") },
    told: ["what it says is no TLS", "says yes to STARTTLS, and then speaks no TLS; --tls none"],
  },
  {
    name: "the server hangs up in the handshake",
    args: ["--tls", "required"],
    sink: { faults: faults("tls:drop") },
    told: ["closed in the middle", "may ask for a client certificate"],
  },
  {
    name: "the handshake takes too long",
    args: ["--tls", "required", "--timeout", "200ms"],
    sink: { faults: faults("tls:stall") },
    told: ["not finished", "A longer --timeout may help"],
  },
  {
    name: "somebody injects a line behind the reply to STARTTLS, even where TLS is only opportunistic",
    args: [],
    sink: { faults: faults("starttls:inject=250 forged") },
    told: ["octets in clear behind the answer to STARTTLS", "try another network"],
  },
  {
    name: "the certificate has expired",
    args: verified,
    sink: withCertificate("expired"),
    told: ["expired on 2021-01-01", "Tell its postmaster; --tls required encrypts without proof"],
  },
  {
    name: "the certificate is not valid yet",
    args: verified,
    sink: withCertificate("future"),
    told: ["not valid before 2100-01-01", "clocks of both machines"],
  },
  {
    name: "the certificate is for another name",
    args: ["--tls", "verified", ...trusted.slice(0, 2), "--tls-name", "other.example.test"],
    told: ["not for other.example.test", "--tls-name"],
  },
  {
    name: "the certificate is self-signed",
    args: verified,
    sink: withCertificate("self-signed"),
    told: ["is self-signed", "--tls-pin and that digest, or --tls-ca FILE; --tls required"],
  },
  {
    name: "the authority is not known",
    args: ["--tls", "verified", "--tls-name", "mx.example.test"],
    told: ["plausch test authority", "--tls-ca FILE"],
  },
  {
    name: "the certificate is not the one that is pinned",
    args: ["--tls-pin", "a".repeat(64)],
    told: ["is not pinned", "--tls-pin and one of these digests"],
  },
  {
    name: "no TLSA record stands for the certificate",
    args: ["--tls-tlsa", `3 1 1 ${"a".repeat(64)}`, "--tls-tlsa", `2 1 1 ${"b".repeat(64)}`],
    told: ["matches none of its TLSA records", `it would be 3 1 1 ${spkiOf("server.pem")}`, "ask again later"],
  },
  {
    name: "the certificate is for another name, and a TLSA record stands for its authority",
    args: ["--tls-tlsa", `2 0 0 ${hexOf("ca.pem")}`, "--tls-name", "other.example.test"],
    told: ["not for other.example.test", "--tls-name"],
  },
  {
    name: "the certificate has expired, and a TLSA record stands for its authority",
    args: ["--tls-tlsa", `2 0 0 ${hexOf("ca.pem")}`, "--tls-name", "mx.example.test"],
    sink: withCertificate("expired"),
    told: ["expired on 2021-01-01", "Tell its postmaster; --tls required without --tls-tlsa encrypts without proof"],
  },
  {
    name: "STARTTLS is not offered, and there is a TLSA record",
    args: ["--tls-tlsa", `3 1 1 ${spkiOf("server.pem")}`],
    sink: { tls: undefined },
    told: ["does not offer STARTTLS", "--tls opportunistic without --tls-tlsa goes on in clear"],
  },
  {
    name: "a server that is spoken to in TLS speaks in clear",
    args: ["--tls-implicit"],
    told: ["what it says is no TLS", "does not speak TLS from the first octet. Leave --tls-implicit out"],
  },
  {
    name: "with TLS from the first octet, the certificate is not trusted",
    args: ["--tls-implicit", "--tls", "verified"],
    sink: implicit("server"),
    told: ["plausch test authority", "--tls-ca FILE"],
  },
];

for (const { name, args: more, sink, told } of cases) {
  Deno.test(`exit 77: ${name}`, async () => {
    await withSink(async ({ port }, { messages }) => {
      const ran = await plausch(args(port, ...more));
      assertEquals([ran.code, messages.length], [77, 0], ran.out + ran.err);
      for (const text of told) assertStringIncludes(ran.err, text);
      assertStringIncludes(ran.err, "*** you@x.test: deferred at ");
    }, { ...everything, ...sink });
  });
}

Deno.test("a port that speaks TLS from the first octet stays silent, and --tls-implicit is named", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port, "--timeout", "200ms"));
    assertEquals(ran.code, 75);
    assertStringIncludes(ran.err, "A port that speaks TLS from the first octet is silent too: try --tls-implicit");
  }, { ...everything, ...implicit("server") });
});

Deno.test("a TLS alert instead of a greeting names --tls-implicit", async () => {
  await withServer(["\x15\x03\x03\x00\x02\x02\x28\r\n"], async (port) => {
    const ran = await plausch(args(port));
    assertEquals(ran.code, 76);
    assertStringIncludes(ran.err, "*** The server speaks TLS from the first octet. Try --tls-implicit\n");
  });
});

Deno.test("a refused STARTTLS is no obstacle where TLS is opportunistic", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port));
    assertEquals([ran.code, ran.err], [0, ""]);
    assertStringIncludes(ran.out, "=== TLS was only to be used if possible, and is not; going on in clear\n -> MAIL");
  }, { ...everything, faults: faults("starttls:454 4.7.0 not now") });
});

Deno.test("a failed handshake is retried once in clear, on a connection that can be seen, where TLS is opportunistic", async () => {
  await withSink(async ({ port }, { messages }) => {
    const ran = await plausch(args(port));
    assertEquals([ran.code, messages.length, messages[0]?.tls], [0, 1, undefined]);
    assertEquals(ran.out.match(/^=== Connected to /gm)?.length, 2);
    assertMatch(ran.err, /^\*\*\* The TLS handshake with 127\.0\.0\.1 failed.*\n$/);
    const [first, second] = ran.out.split(
      "=== TLS was only to be used if possible, and failed; trying once more, in clear\n",
    );
    assert(first!.includes(" -> STARTTLS\n"));
    assert(!second!.includes("STARTTLS\n ->") && second!.includes(" -> MAIL"), second);
  }, { ...everything, faults: faults("tls@1:alert") });
});

Deno.test("where the second connection fails too, that is told as well", async () => {
  const replies = ["250-mx\r\n250 STARTTLS\r\n", "220 go\r\n", "no TLS\r\n"];
  const server = net.createServer((socket) => {
    server.close(); // nobody else is let in
    socket.on("error", () => {});
    socket.on("data", () => void socket.write(replies.shift() ?? ""));
    socket.write("220 mx\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const closed = new Promise((resolve) => server.once("close", resolve));
  const { port } = server.address() as net.AddressInfo;
  const ran = await plausch(args(port));
  await closed;
  assertEquals(ran.code, 69, ran.err);
  assertStringIncludes(ran.err, "what it says is no TLS");
  assertStringIncludes(ran.err, `*** Cannot connect to 127.0.0.1:${port}: Nothing listens there (ECONNREFUSED)`);
});

Deno.test("the markers tell what went under TLS", async () => {
  await withSink(async ({ port }) => {
    const { out } = await plausch(args(port, "--to", "no@x.test", ...trusted));
    const [clear, secured] = out.split("=== TLS started with TLSv1.3 / TLS_AES_256_GCM_SHA384\n");
    assert(!/^(?: ~>|<~)/m.test(clear!) && !/^(?: ->|<-|<\*)/m.test(secured!), out);
    assertMatch(secured!, /^=== Certificate of mx\.example\.test by CN=plausch test authority, \d+ days left\n/);
    assertStringIncludes(
      secured!,
      "=== It names mx.example.test, *.wild.example.test and 2 more; verified as mx.example.test by PKIX\n",
    );
    assertStringIncludes(secured!, "<~* 550 5.1.1");
  }, { ...everything, faults: faults("rcpt#2:550 5.1.1 no such user") });
});

Deno.test("a certificate without proof does not hinder, and is told, where nobody asked for proof", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port, "--tls", "required"));
    assertEquals([ran.code, ran.err], [0, ""]);
    assertStringIncludes(ran.out, "and 2 more; not verified as 127.0.0.1: unknown authority\n");
  }, everything);
});

Deno.test("--tls-report shows the chain of a server that is refused, too", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port, "--tls", "verified", "--tls-name", "mx.example.test", "--tls-report"));
    assertEquals(ran.code, 77);
    assertMatch(
      ran.out,
      new RegExp(`=== {3}TLSA {4}_${port}\\._tcp\\.mx\\.example\\.test\\. IN TLSA 3 1 1 ${spkiOf("server.pem")}\n`),
    );
    assertStringIncludes(ran.out, `===   SPKI    ${spkiOf("ca.pem")}\n`);
    assertMatch(ran.out, /TLSA {4}\S+ IN TLSA 2 1 1 /);
  }, {
    ...everything,
    tls: {
      options: {
        ...certified(),
        cert: pem("server.pem") + pem("ca.pem"),
      },
    },
  });
});

interface Line {
  readonly event: string;
  readonly level?: string;
  readonly report?: {
    readonly protocol: string;
    readonly verification: object;
    readonly chain: ReadonlyArray<{ readonly der: string; readonly spkiSha256: string }>;
  };
  readonly reason?: string;
  readonly remedy?: string | null;
  readonly tls?: object | null;
  readonly authenticated?: string | null;
  readonly adaptations?: ReadonlyArray<object>;
  readonly recipients?: ReadonlyArray<RecipientOutcome>;
}

const parse = (out: string): ReadonlyArray<Line> => out.trim().split("\n").map((line) => JSON.parse(line));

Deno.test("--json has the whole report, with the certificates as DER", async () => {
  await withSink(async ({ port }) => {
    const lines = parse((await plausch(args(port, "--json", ...trusted, "--dsn-ret", "FULL"))).out);
    const report = lines.find(({ event }) => event === "secured")?.report;
    assertEquals(report?.protocol, "TLSv1.3");
    assertEquals(report?.verification, { verified: true, by: "pkix", record: null, fault: null, detail: null });
    const base64 = pem("server.pem").replace(/-----.*-----|\n/g, "");
    assertEquals([report?.chain[0]?.der, report?.chain[0]?.spkiSha256], [base64, spkiOf("server.pem")]);
    const sum = lines.find(({ event }) => event === "conversation");
    assertEquals({ ...sum?.tls, chain: report?.chain }, { ...report });
    assertEquals([sum?.authenticated, sum?.adaptations, sum?.level], [null, [], "opportunistic"]);
  }, everything);
});

Deno.test("a TLSA record decides alone, over STARTTLS and from the first octet; the report says which, in words and as JSON", async () => {
  const record = `3 1 1 ${spkiOf("expired.pem")}`;
  const options = ["--tls-tlsa", record.toUpperCase(), "--tls-tlsa", `3 1 1 ${"a".repeat(64)}`];
  for (const [more, sink] of [[[], withCertificate("expired")], [["--tls-implicit"], implicit("expired")]] as const) {
    await withSink(async ({ port }, { messages }) => {
      const ran = await plausch(args(port, ...options, ...more));
      assertEquals([ran.code, ran.err], [0, ""], ran.out);
      assertMatch(ran.out, /=== TLS started with TLSv1\.3 \/ \w+, as DANE asks\n/);
      assertStringIncludes(ran.out, "; verified as 127.0.0.1 by DANE, TLSA 3 1 1\n");
      const lines = parse((await plausch(args(port, "--json", ...options, ...more))).out);
      const secured = lines.find(({ event }) => event === "secured");
      assertEquals(secured?.level, "dane");
      assertEquals(secured?.report?.verification, { verified: true, by: "dane-ee", record, fault: null, detail: null });
      const sum = lines.find(({ event }) => event === "conversation");
      assertEquals([sum?.level, (sum?.tls as Line["report"])?.verification], ["dane", secured?.report?.verification]);
      assertEquals(messages.length, 2);
    }, { ...everything, ...sink });
  }
});

Deno.test("--json tells a failure with its remedy and the report of who was refused", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port, "--json", "--tls", "verified"));
    const failed = parse(ran.out).filter(({ event }) => event === "failed");
    assertEquals(ran.code, 77);
    assertEquals(failed.map(({ reason }) => reason), ["TlsFailed"]);
    assertStringIncludes(failed[0]?.remedy ?? "", "--tls-ca FILE");
    assertEquals(failed[0]?.report?.chain.length, 1);
  }, everything);
});
