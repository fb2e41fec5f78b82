import type * as Sink from "@plausch/sink/sink";
import * as Sasl from "@plausch/smtp/sasl";
import * as Redacted from "effect/Redacted";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  alice,
  assertSecret,
  certified,
  everything,
  faults,
  fixture,
  pem,
  plausch,
  withServer,
  withSink,
} from "./_cli.ts";

/** Tokens have no spaces. */
const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29t";
const around = { env: { PW: alice.password, TOKEN: token } };
const withToken = ["--user", alice.user, "--password-env", "TOKEN"];
const user = ["--user", alice.user, "--password-env", "PW"];
const args = (port: number, ...more: ReadonlyArray<string>) => [
  ...["send", "-s", `127.0.0.1:${port}`, "-t", "you@x.test", "-f", "me@x.test", ...more],
];

const tokens: Partial<Sink.ListenOptions> = { authentication: { users: () => Redacted.make(token) } };

for (const mechanism of Sasl.mechanisms.filter((name) => name !== "EXTERNAL" && name !== "ANONYMOUS")) {
  const isToken = mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
  for (const mode of ["", "--json", "--quiet"]) {
    Deno.test(`${mechanism} logs in, and shows nothing of the secret ${mode}`, async () => {
      await withSink(async ({ port }, { messages }) => {
        const ran = await plausch(
          args(port, ...(isToken ? withToken : user), "--auth", mechanism, ...mode.split(" ").filter(Boolean)),
          around,
        );
        assertEquals([ran.code, ran.err, messages[0]?.user], [0, "", alice.user], ran.err);
        assertSecret(ran, isToken ? token : undefined);
        if (mode === "") assertMatch(ran.out, new RegExp(`^ ~> AUTH ${mechanism}( \\*\\*\\*)?$`, "m"));
        if (mode === "--json") assertStringIncludes(ran.out, `"authenticated":"${mechanism}"`);
      }, { ...everything, ...(isToken ? tokens : {}) });
    });
  }
}

interface Case {
  readonly name: string;
  readonly args: ReadonlyArray<string>;
  readonly sink?: Partial<Sink.ListenOptions>;
  readonly told: ReadonlyArray<string>;
}

const offering = (
  ...mechanisms: NonNullable<Sink.ServeOptions["authentication"]>["mechanisms"] & object
): Partial<Sink.ListenOptions> => ({
  authentication: { ...everything.authentication!, mechanisms },
});

const cases: ReadonlyArray<Case> = [
  {
    name: "AUTH is not offered",
    args: user,
    sink: { authentication: undefined },
    told: ["does not offer AUTH here", "--port 587"],
  },
  {
    name: "AUTH is not offered before STARTTLS",
    args: [...user, "--tls", "none"],
    sink: offering("PLAIN"),
    told: ["does not offer AUTH here", "no AUTH before STARTTLS: use --tls required"],
  },
  {
    name: "there is no mechanism in common",
    args: [...user, "--auth", "CRAM-MD5"],
    sink: offering("PLAIN", "LOGIN"),
    told: ["no mechanism that fits", "The server offers PLAIN and LOGIN; asked for was CRAM-MD5. Name one"],
  },
  {
    name: "the server takes tokens, and a password is given",
    args: user,
    sink: offering("XOAUTH2"),
    told: [
      "The server offers XOAUTH2; asked for was SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN or LOGIN",
      "It takes tokens",
    ],
  },
  {
    name: "the password would go in clear",
    args: [...user, "--tls", "none"],
    sink: { authentication: { ...everything.authentication!, mechanisms: ["PLAIN"], allowInClear: ["PLAIN"] } },
    told: ["would give the password away", "Use --tls required, or --auth-in-clear PLAIN"],
  },
  {
    name: "the credentials are rejected",
    args: [...user, "--auth", "PLAIN"],
    sink: { faults: faults("auth:535 5.7.8 no") },
    told: ["does not accept the credentials: 535 5.7.8 no", "many servers want the whole address as the user"],
  },
  {
    name: "a token is rejected",
    args: [...withToken, "--auth", "XOAUTH2"],
    sink: { faults: faults("auth:535 5.7.8 no") },
    told: ["does not accept the credentials", "get a new one"],
  },
  {
    name: "the server cannot authenticate now",
    args: [...user, "--auth", "PLAIN"],
    sink: { faults: faults("auth:454 4.7.0 database down") },
    told: ["cannot authenticate now: 454 4.7.0", "Try again later"],
  },
  {
    name: "the server does not prove that it knows the password",
    args: [...user, "--auth", "SCRAM-SHA-256"],
    sink: { faults: faults("auth#2:235 2.7.0 welcome") },
    told: ["the exchange failed", "not the one that it pretends to be"],
  },
  {
    name: "XCLIENT is not offered",
    args: ["--xclient", "ADDR=192.0.2.7"],
    sink: { offers: ["STARTTLS"] },
    told: ["does not offer XCLIENT", "smtpd_authorized_xclient_hosts"],
  },
  {
    name: "XFORWARD is refused",
    args: ["--xforward", "ADDR=192.0.2.7"],
    sink: { faults: faults("xforward:550 5.7.0 no") },
    told: ["refused XFORWARD: 550 5.7.0 no", "only clients that it trusts"],
  },
];

for (const { name, args: more, sink, told } of cases) {
  Deno.test(`exit 77: ${name}`, async () => {
    await withSink(async ({ port }, { messages }) => {
      const ran = await plausch(args(port, ...more), around);
      assertEquals([ran.code, messages.length], [77, 0], ran.out + ran.err);
      for (const text of told) assertStringIncludes(ran.err, text);
      assertSecret(ran);
    }, { ...everything, ...sink });
  });
}

Deno.test("a server that repeats the password does not get it shown", async () => {
  const echo = [
    "220 mx\r\n",
    "250-mx\r\n250 AUTH PLAIN\r\n",
    `535 5.7.8 "${alice.password}" (${btoa(`\0alice\0${alice.password}`)}) is wrong\r\n`,
    `221 bye ${alice.password}\r\n`,
  ];
  for (const mode of [[], ["--json"], ["--quiet"]]) {
    await withServer(echo, async (port) => {
      const ran = await plausch(args(port, ...user, "--auth-in-clear", "PLAIN", ...mode), around);
      assertEquals(ran.code, 77);
      assertSecret(ran);
    });
  }
});

Deno.test("a server that wants TLS or a log-in first is understood", async () => {
  const wanting: ReadonlyArray<readonly [string, Partial<Sink.ListenOptions>, string]> = [
    ["--tls none", { tls: { ...everything.tls!, required: true } }, "The server wants TLS first: use --tls required"],
    [
      "",
      { authentication: { ...everything.authentication!, required: true } },
      "wants to know who sends: add --user NAME",
    ],
  ];
  for (const [more, sink, told] of wanting) {
    await withSink(async ({ port }) => {
      const ran = await plausch(args(port, ...more.split(" ").filter(Boolean)));
      assertEquals(ran.code, 81);
      assertStringIncludes(ran.err, told);
    }, { ...everything, ...sink });
  }
});

Deno.test("the wrong one of SMTP and LMTP is recognised", async () => {
  for (const [sink, more, told] of [["lmtp", [], "add --lmtp"], ["smtp", ["--lmtp"], "leave --lmtp out"]] as const) {
    await withSink(async ({ port }) => {
      const ran = await plausch(args(port, ...more));
      assertEquals(ran.code, 81, ran.out + ran.err);
      assertStringIncludes(ran.err, told);
    }, { ...everything, protocol: sink });
  }
});

Deno.test("EXTERNAL is proved by the client's certificate, ANONYMOUS by nothing", async () => {
  const certificate = ["--tls-cert", fixture("client.pem"), "--tls-key", fixture("client.key")];
  const options = { ...certified(), requestCert: true, ca: pem("ca.pem") };
  for (const mechanism of ["EXTERNAL", "ANONYMOUS"] as const) {
    await withSink(async ({ port }) => {
      const ran = await plausch(args(port, "--auth", mechanism, ...certificate));
      assertEquals([ran.code, ran.err], [0, ""], ran.out);
      assertMatch(ran.out, new RegExp(`^ ~> AUTH ${mechanism}`, "m"));
      assertStringIncludes(ran.out, "<~  235 ");
    }, { ...everything, tls: { options }, authentication: { users: () => undefined, mechanisms: [mechanism] } });
  }
});

Deno.test("exit 64: credentials that no mechanism can say are told before anybody is called", async () => {
  const ran = await plausch(args(1, ...user, "--auth", "XOAUTH2"), around);
  assertEquals([ran.code, ran.out], [64, ""]);
  assertStringIncludes(ran.err, "a token is printable ASCII without spaces");
  assertSecret(ran);
});

Deno.test("a password comes from standard input, too", async () => {
  await withSink(async ({ port }) => {
    const ran = await plausch(args(port, "--user", alice.user, "--password-file", "-"), {
      stdin: `${alice.password}\n`,
    });
    assertEquals([ran.code, ran.err], [0, ""]);
    assertSecret(ran);
  }, everything);
});
