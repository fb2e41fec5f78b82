import * as Sasl from "@plausch/smtp/sasl";
import { SaslError, serverErrorValue } from "@plausch/smtp/sasl-error";
import * as SaslServer from "@plausch/smtp/sasl-server";
import { assert, assertEquals } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { base64, client, password, token } from "./_sasl.ts";

const secret = "hunter2-correct-horse";
const byPassword = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"] as const;
const byToken = ["OAUTHBEARER", "XOAUTH2"] as const;

/** Base64 of the secret in each of the three places where it may begin. */
const forms = ["", "a", "ab"].map((before) => base64(before + secret).slice(4, -4));

/** All the ways to make something readable that nobody meant to be read. */
const shown = (value: unknown): ReadonlyArray<string> => {
  const error = value instanceof Error ? [value.message, value.stack ?? "", value.toString()] : [];
  const entries = typeof value === "object" && value !== null ? Object.values(value).map(String) : [];
  return [
    ...error,
    ...entries,
    String(value),
    `${JSON.stringify(value)}`,
    Deno.inspect(value, { depth: 20, showHidden: true, getters: true }),
    Deno.inspect(Result.isResult(value) ? Result.merge(value as Result.Result<unknown, unknown>) : value, {
      depth: 20,
    }),
  ];
};

const assertHidden = (...values: ReadonlyArray<unknown>): void => {
  for (const value of values) {
    for (const text of shown(value)) {
      for (const form of [secret, secret.slice(2, -2), ...forms]) assert(!text.includes(form), text);
    }
  }
};

Deno.test("what looks for a secret would find it", () => {
  for (const value of [{ secret }, [base64(`\0tim\0${secret}`)], new Error(secret)]) {
    let isFound = false;
    try {
      assertHidden(value);
    } catch {
      isFound = true;
    }
    assert(isFound);
  }
});

Deno.test("no exchange shows a secret, at whatever point, and no response does", () => {
  const credentials: ReadonlyArray<readonly [Sasl.Mechanism, Sasl.Credentials]> = [
    ...byPassword.map((mechanism) => [mechanism, password("tim", secret)] as const),
    ...byToken.map((mechanism) => [mechanism, token("tim", secret)] as const),
  ];
  for (const [mechanism, given] of credentials) {
    const exchange = client(mechanism, given);
    const server = SaslServer.server(mechanism, { user: () => Redacted.make(secret), nonce: "s" });
    assertHidden(given, exchange, server, exchange.initial, exchange.secrets);
    let step = server.receive(exchange.initial && Redacted.value(exchange.initial));
    while (step._tag === "Challenge") {
      const response = Result.getOrThrow(exchange.respond(step.text));
      assertHidden(exchange, server, response, step);
      step = server.receive(Redacted.value(response));
    }
    assertEquals(step, { _tag: "Success", user: "tim" });
    assertHidden(
      exchange,
      server,
      exchange.finish(),
      exchange.respond(""),
      Sasl.client(mechanism, given, { nonce: "n" }),
    );
    assert(exchange.secrets.map(Redacted.value).includes(secret), mechanism);
  }
});

Deno.test("no fault of credentials shows a secret", () => {
  const faults: ReadonlyArray<Result.Result<unknown, unknown>> = [
    ...byPassword.flatMap((mechanism) => [
      Sasl.client(mechanism, password("tim", `${secret}\0`), { nonce: "n" }),
      Sasl.client(mechanism, password("", secret), { nonce: "n" }),
      Sasl.client(mechanism, password("a\0b", secret), { nonce: "n" }),
      Sasl.client(mechanism, token("tim", secret), { nonce: "n" }),
    ]),
    ...byToken.flatMap((mechanism) => [
      Sasl.client(mechanism, token("tim", `${secret} `), { nonce: "n" }),
      Sasl.client(mechanism, token("tim", secret, { authorizationId: "" }), { nonce: "n" }),
      Sasl.client(mechanism, password("tim", secret), { nonce: "n" }),
    ]),
    Sasl.client("OAUTHBEARER", token("tim", secret, { port: 0 }), { nonce: "n" }),
    Sasl.client("SCRAM-SHA-256", password("\u00ad", secret), { nonce: "n" }),
    Sasl.client("SCRAM-SHA-256", password("tim", secret), { nonce: "" }),
    Sasl.select({ offered: ["PLAIN"], credentials: password("tim", secret), encrypted: false }),
  ];
  for (const fault of faults) {
    assert(Result.isFailure(fault));
    assertHidden(fault, fault.failure);
  }
});

Deno.test("no error shows what the server sent, and a server may send all it knows", () => {
  const challenges = [
    secret,
    base64(secret),
    base64(`e=${secret}`),
    base64(`m=${secret}`),
    base64(`r=clientnonce${secret},s=AQID,i=1`),
    base64(`r=${secret},s=AQID,i=4096`),
    base64(`v=${base64(secret)}`),
  ];
  for (const mechanism of byPassword) {
    for (const challenge of challenges) {
      const exchange = client(mechanism, password("tim", secret));
      assertHidden(exchange.respond(challenge), exchange.respond(challenge), exchange.respond(challenge), exchange);
    }
  }
  assertHidden(serverErrorValue(secret));
});

Deno.test("a server half shows neither what it knows nor what it was told", () => {
  for (const mechanism of Sasl.mechanisms) {
    const server = SaslServer.server(mechanism, { user: () => Redacted.make("other"), nonce: "s", external: "tim" });
    for (const line of [undefined, base64(`\0tim\0${secret}`), base64(secret), secret]) {
      assertHidden(server.receive(line)._tag, server);
    }
  }
});

Deno.test("an error tells its reason, for people and for programs", () => {
  const error = new SaslError({ mechanism: "SCRAM-SHA-1", reason: "ServerRefused", serverError: "invalid-proof" });
  assertEquals([error.name, error._tag, error.isTemporary], ["SaslError", "SaslError", false]);
  assertEquals(error.message, "Cannot authenticate with SCRAM-SHA-1: the server refused with invalid-proof");
  assertEquals(JSON.parse(JSON.stringify(error)), {
    _tag: "SaslError",
    mechanism: "SCRAM-SHA-1",
    reason: "ServerRefused",
    serverError: "invalid-proof",
  });
});
