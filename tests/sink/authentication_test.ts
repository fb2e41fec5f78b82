// AUTH (RFC 4954), every mechanism, against the client halves of @plausch/smtp.
import * as Authentication from "@plausch/sink/authentication";
import type * as ServerProtocol from "@plausch/sink/server-protocol";
import * as Reply from "@plausch/smtp/reply";
import * as Sasl from "@plausch/smtp/sasl";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { begin, type ByHand, hello, mail, rcpt } from "./_by_hand.ts";
import { certificateOf } from "./_tls_report.ts";
import { rehearse } from "./_transcript.ts";

const password = Redacted.make("tanstaaftanstaaf");
const users = Authentication.users({ tim: password });
const everything = { users, mechanisms: Sasl.mechanisms, mayActAs: () => true };

/** A connection under TLS, whose client has shown a certificate for this name. */
const underTls = (options: Partial<ServerProtocol.Options>, client = "tim"): ByHand => {
  const hand = begin({ tls: "starttls", ...options }, hello, "STARTTLS");
  hand.server.secured(certificateOf(client));
  hand.say(`${hello}\r\n`);
  return hand;
};

/** Lets a client half speak with the server; gives the last reply. */
const authenticate = (
  { say }: ByHand,
  mechanism: Sasl.Mechanism,
  credentials: Sasl.Credentials,
  initially = true,
): string => {
  const client = Result.getOrThrow(Sasl.client(mechanism, credentials, { nonce: "rOprNGfwEbeRWgbNEkqO" }));
  const initial = client.initial === undefined || !initially ? "" : ` ${Redacted.value(client.initial) || "="}`;
  let reply = say(`AUTH ${mechanism}${initial}\r\n`);
  let isFirst = !initially && client.initial !== undefined;
  for (let turn = 0; reply.startsWith("334 ") && turn < 9; turn++) {
    const response = isFirst ? client.initial! : Result.getOrThrow(client.respond(reply.slice(4, -2)));
    isFirst = false;
    reply = say(`${Redacted.value(response)}\r\n`);
  }
  if (reply.startsWith("235 ")) Result.getOrThrow(client.finish());
  return reply;
};

const right: Readonly<Record<Sasl.Credentials["_tag"], Sasl.Credentials>> = {
  Password: { _tag: "Password", user: "tim", password },
  Token: { _tag: "Token", user: "tim", token: password },
  External: { _tag: "External" },
  Anonymous: { _tag: "Anonymous", trace: "sirhc" },
};
const guess = Redacted.make("guessguessguess");
const wrong: Readonly<Record<Sasl.Credentials["_tag"], ReadonlyArray<Sasl.Credentials>>> = {
  Password: [{ _tag: "Password", user: "tim", password: guess }, { _tag: "Password", user: "tom", password }],
  Token: [{ _tag: "Token", user: "tim", token: guess }, { _tag: "Token", user: "tom", token: password }],
  External: [],
  Anonymous: [],
};
const kindOf: Readonly<Record<Sasl.Mechanism, Sasl.Credentials["_tag"]>> = {
  "SCRAM-SHA-256": "Password",
  "SCRAM-SHA-1": "Password",
  "CRAM-MD5": "Password",
  PLAIN: "Password",
  LOGIN: "Password",
  OAUTHBEARER: "Token",
  XOAUTH2: "Token",
  EXTERNAL: "External",
  ANONYMOUS: "Anonymous",
};
const userOf: { readonly [M in Sasl.Mechanism]?: string } = { ANONYMOUS: "anonymous" };

for (const mechanism of Sasl.mechanisms) {
  for (const initially of [true, false]) {
    Deno.test(`AUTH ${mechanism} ${initially ? "with" : "without"} an initial response: the message says who sent it`, () => {
      const hand = underTls({ authentication: everything });
      assertEquals(
        authenticate(hand, mechanism, right[kindOf[mechanism]], initially),
        "235 2.7.0 Authenticated\r\n",
      );
      hand.say(`${mail}\r\n${rcpt}\r\nDATA\r\n.\r\n`);
      const { submission } = hand.server;
      assertEquals([submission?.user, submission?.protocol], [userOf[mechanism] ?? "tim", "ESMTPSA"]);
    });
  }
  for (const [at, credentials] of wrong[kindOf[mechanism]].entries()) {
    Deno.test(`AUTH ${mechanism} with wrong credentials (${at + 1}) is 535, and the client is nobody`, () => {
      const hand = underTls({ authentication: { ...everything, required: true } });
      assertEquals(
        authenticate(hand, mechanism, credentials),
        "535 5.7.8 The credentials are not valid\r\n",
      );
      assertEquals(hand.say(`${mail}\r\n`), "530 5.7.0 Say AUTH first\r\n");
    });
  }
}

Deno.test("AUTH: to act as another needs leave", () => {
  const credentials: Sasl.Credentials = { _tag: "Password", user: "tim", password, authorizationId: "kim" };
  const asked: Array<string> = [];
  for (const leave of [true, false, undefined]) {
    const mayActAs = leave === undefined ? undefined : (user: string, other: string) => {
      asked.push(`${user} as ${other}`);
      return leave;
    };
    const hand = underTls({ authentication: { users, mayActAs } });
    assertEquals(authenticate(hand, "PLAIN", credentials).slice(0, 3), leave === true ? "235" : "535");
    hand.say(`${mail}\r\n${rcpt}\r\nDATA\r\n.\r\n`);
    assertEquals(hand.server.submission?.user, leave === true ? "kim" : undefined);
  }
  assertEquals(asked, ["tim as kim", "tim as kim"]);
});

const brief = { offers: ["AUTH", "ENHANCEDSTATUSCODES"], authentication: { users } } as const;
const opening = `
  < 220 sink.test ESMTP plausch sink
  > EHLO c.test
  < 250-sink.test greets c.test
  < 250-ENHANCEDSTATUSCODES
  < 250 AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5`;

const exchanges: ReadonlyArray<readonly [name: string, transcript: string]> = [
  [
    "in clear a mechanism that reveals the password is 538, and not offered",
    `> AUTH PLAIN
    < 538 5.7.11 The mechanism PLAIN needs TLS
    > auth xoauth2 dXNlcg==
    < 538 5.7.11 The mechanism XOAUTH2 needs TLS`,
  ],
  [
    "a mechanism that nobody knows is 504",
    `> AUTH GSSAPI
    < 504 5.5.4 The mechanism GSSAPI is not offered
    > AUTH EXTERNAL
    < 504 5.5.4 The mechanism EXTERNAL is not offered`,
  ],
  [
    "without a mechanism it is 501",
    `> AUTH
    < 501 5.5.4 Bad command "AUTH": the command needs an argument`,
  ],
  [
    "a client may cancel",
    `> AUTH CRAM-MD5
    < 334 PG5AcGxhdXNjaD4=
    > *
    < 501 5.7.0 Cancelled as you wished
    > NOOP
    < 250 2.0.0 Still here`,
  ],
  [
    "what is no base64 is 501, and the exchange over",
    `> AUTH CRAM-MD5
    < 334 PG5AcGxhdXNjaD4=
    > !!!
    < 501 5.5.2 The response cannot be read
    > AUTH SCRAM-SHA-1 bm9uc2Vuc2U=
    < 501 5.5.2 The response cannot be read
    > NOOP
    < 250 2.0.0 Still here`,
  ],
  [
    "inside it nothing is a command",
    `> AUTH CRAM-MD5
    < 334 PG5AcGxhdXNjaD4=
    > QUIT
    < 501 5.5.2 The response cannot be read
    > GET / HTTP/1.1
    < 421 4.7.0 sink.test This is SMTP, not HTTP, closing
    = over`,
  ],
  [
    "not in a transaction",
    `> MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > AUTH CRAM-MD5
    < 503 5.5.1 AUTH comes after EHLO`,
  ],
  [
    "MAIL takes AUTH then",
    `> MAIL FROM:<a@c.test> AUTH=e+3Dmc2@x.test
    < 250 2.1.0 Sender taken
    > RSET
    < 250 2.0.0 Forgotten
    > MAIL FROM:<a@c.test> AUTH=<>
    < 250 2.1.0 Sender taken`,
  ],
];
for (const [name, transcript] of exchanges) {
  Deno.test(`AUTH: ${name}`, () => {
    rehearse(`${opening}\n${transcript}`, {
      ...brief,
      authentication: { users, nonce: () => "n@plausch" },
    });
  });
}

Deno.test("AUTH: once is enough", () => {
  const hand = underTls({ authentication: { users } });
  authenticate(hand, "PLAIN", right.Password);
  assertEquals(hand.say("AUTH PLAIN\r\n"), "503 5.5.1 Authenticated already\r\n");
  assertStringIncludes(hand.say(`${hello}\r\n`), "AUTH");
  assertEquals(hand.say("AUTH PLAIN\r\n"), "503 5.5.1 Authenticated already\r\n", "EHLO does not forget it");
});

Deno.test("AUTH: STARTTLS forgets who it is", () => {
  const hand = begin({ tls: "starttls", authentication: { users, required: true } }, hello);
  authenticate(hand, "SCRAM-SHA-256", right.Password);
  hand.say("STARTTLS\r\n");
  hand.server.secured();
  hand.say(`${hello}\r\n`);
  assertEquals(hand.say(`${mail}\r\n`), "530 5.7.0 Say AUTH first\r\n");
});

Deno.test("AUTH: a mechanism that is weaker than those that are offered is 534", () => {
  const hand = underTls({ authentication: { users, mechanisms: ["SCRAM-SHA-256", "XOAUTH2"] } });
  assertEquals(hand.say("AUTH LOGIN\r\n"), "534 5.7.9 The mechanism LOGIN is too weak\r\n");
  assertEquals(hand.say("AUTH OAUTHBEARER\r\n"), "504 5.5.4 The mechanism OAUTHBEARER is not offered\r\n");
  const strong = underTls({ authentication: { users, mechanisms: ["PLAIN"] } });
  assertEquals(strong.say("AUTH CRAM-MD5\r\n"), "504 5.5.4 The mechanism CRAM-MD5 is not offered\r\n");
});

Deno.test("AUTH: EXTERNAL is for who has shown a certificate that was verified", () => {
  const authentication = { users, mechanisms: ["EXTERNAL"] } as const;
  assert(!begin({ authentication }).say(`${hello}\r\n`).includes("AUTH"));
  const hand = begin({ tls: "starttls", authentication }, hello, "STARTTLS");
  const report = certificateOf("tim");
  hand.server.secured({ ...report, verification: { verified: false, fault: "unknown-ca", detail: undefined } });
  assert(!hand.say(`${hello}\r\n`).includes("AUTH"));
  assertEquals(hand.say("AUTH EXTERNAL =\r\n"), "504 5.5.4 The mechanism EXTERNAL is not offered\r\n");
  assert(underTls({ authentication }).say(`${hello}\r\n`).includes("AUTH EXTERNAL"));
});

Deno.test("AUTH: allowed by name, PLAIN works in clear", () => {
  const hand = begin({ authentication: { users, allowInClear: ["PLAIN"] } }, hello);
  assertStringIncludes(hand.say(`${hello}\r\n`), "AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN\r\n");
  assertEquals(authenticate(hand, "PLAIN", right.Password), "235 2.7.0 Authenticated\r\n");
  hand.say(`${mail}\r\n${rcpt}\r\nDATA\r\n.\r\n`);
  assertEquals(hand.server.submission?.protocol, "ESMTPA");
});

Deno.test("AUTH: required, it comes before all that is of use, and not before the rest (RFC 4954 section 6)", () => {
  const { say } = begin({ authentication: { users, required: true } }, hello);
  for (const line of [mail, rcpt, "DATA", "VRFY x", "EXPN x", "ETRN x.test"]) {
    assertEquals(say(`${line}\r\n`), "530 5.7.0 Say AUTH first\r\n", line);
  }
  assertEquals(say("BDAT 4 LAST\r\nhi\r\n"), "530 5.7.0 Say AUTH first\r\n");
  for (const line of ["NOOP", "RSET", "HELP", hello, "HELO c.test", "QUIT"]) {
    assert(say(`${line}\r\n`).startsWith("2"), line);
  }
});

Deno.test("AUTH: a line of it may have 12288 octets, and no other command that many (RFC 4954 section 4)", () => {
  const { say, server } = begin({ authentication: { users } }, hello);
  assertEquals(say(`AUTH SCRAM-SHA-1 ${"AAAA".repeat(3067)}\r\n`).slice(0, 3), "501");
  assertEquals(say("AUTH CRAM-MD5\r\n").slice(0, 3), "334");
  assertEquals(say(`${"AAAA".repeat(3071)}\r\n`).slice(0, 3), "501");
  assert(!server.isOver);
  const refusal = "500 5.5.2 Line refused: the line is longer than 2048 octets\r\n";
  assertEquals(say(`NOOP ${"x".repeat(2042)}\r\nNOOP\r\n`), refusal);
  assert(server.isOver);
});

Deno.test("AUTH: an observer sees no credentials, not even if the server repeats them", () => {
  const sasl = Object.values(right).flatMap((credentials) =>
    Sasl.mechanisms.filter((mechanism) => kindOf[mechanism] === credentials._tag).map((mechanism) =>
      [mechanism, credentials] as const
    )
  );
  for (const [mechanism, credentials] of sasl) {
    const events: Array<ServerProtocol.ProtocolEvent> = [];
    const hand = underTls({
      authentication: everything,
      observe: (event) => events.push(event),
      policy: { verify: (argument) => Reply.make(250, `You said ${argument}`) },
    });
    authenticate(hand, mechanism, credentials);
    hand.say(`VRFY ${Redacted.value(password)}\r\n`);
    const heard = events.flatMap((event) => event._tag === "Heard" ? [event.line] : []);
    for (const line of heard) assert(!/^AUTH [A-Z0-9-]+ [^*=]/.test(line), line);
    const seen = JSON.stringify(events);
    assert(!seen.includes(btoa(Redacted.value(password)).slice(2, 12)), seen);
    // Only these put it on the wire, so only then can anybody know what it is.
    const reveals = ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"].includes(mechanism);
    assertEquals(seen.includes("tanstaaf"), !reveals, mechanism);
  }
});

Deno.test("AUTH: a client that guesses for ever is sent away", () => {
  const { say } = underTls({ authentication: { users } });
  let said = "";
  while (said.slice(0, 3) !== "421") said = say(`AUTH PLAIN ${btoa("\0tim\0guess")}\r\n`);
  assertEquals(said, "421 4.7.0 sink.test Too many errors, closing\r\n");
});
