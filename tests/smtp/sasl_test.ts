import * as Octets from "@plausch/smtp/octets";
import * as Sasl from "@plausch/smtp/sasl";
import { assertEquals } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { latin1 } from "../support/cases.ts";

const base64 = (text: string): string => btoa(latin1(Octets.encode(text)));
const text = (response: string): string => Octets.decode(Uint8Array.from(atob(response), (unit) => unit.charCodeAt(0)));

const passwordOf = (user: string, password: string, authorizationId?: string): Sasl.Credentials => ({
  _tag: "Password",
  user,
  password: Redacted.make(password),
  ...(authorizationId === undefined ? {} : { authorizationId }),
});

const begin = (mechanism: Sasl.Mechanism, credentials: Sasl.Credentials, options?: Partial<Sasl.ClientOptions>) =>
  Result.getOrThrow(Sasl.client(mechanism, credentials, { nonce: "", ...options }));

/** What the client says to these challenges, all in clear. */
const said = (client: Sasl.ClientExchange, ...challenges: ReadonlyArray<string>): ReadonlyArray<string | undefined> => [
  client.initial === undefined ? undefined : text(Redacted.value(client.initial)),
  ...challenges.map((challenge) => text(Redacted.value(Result.getOrThrow(client.respond(base64(challenge)))))),
];

Deno.test("PLAIN says the examples of RFC 4616", () => {
  assertEquals(said(begin("PLAIN", passwordOf("tim", "tanstaaftanstaaf"))), ["\0tim\0tanstaaftanstaaf"]);
  assertEquals(said(begin("PLAIN", passwordOf("Kurt", "xipj3plmq", "Ursel"))), ["Ursel\0Kurt\0xipj3plmq"]);
});

Deno.test("LOGIN answers two challenges, whatever they say", () => {
  const client = begin("LOGIN", passwordOf("tim", "tanstaaftanstaaf"));
  assertEquals(said(client, "Username:", "Password:"), [undefined, "tim", "tanstaaftanstaaf"]);
});

Deno.test("CRAM-MD5 says the example of RFC 2195", () => {
  const client = begin("CRAM-MD5", passwordOf("tim", "tanstaaftanstaaf"));
  assertEquals(said(client, "<1896.697170952@postoffice.reston.mci.net>"), [
    undefined,
    "tim b913a602c7eda7a495b4e6e7334d3890",
  ]);
});

Deno.test("SCRAM-SHA-1 says the example of RFC 5802 section 5", () => {
  const client = begin("SCRAM-SHA-1", passwordOf("user", "pencil"), { nonce: "fyko+d2lbbFgONRv9qkxdawL" });
  const first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
  assertEquals(said(client, first, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), [
    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "",
  ]);
  assertEquals(client.finish(), Result.void);
});

Deno.test("SCRAM-SHA-256 says the example of RFC 7677 section 3", () => {
  const client = begin("SCRAM-SHA-256", passwordOf("user", "pencil"), { nonce: "rOprNGfwEbeRWgbNEkqO" });
  const first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  assertEquals(said(client, first, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), [
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "",
  ]);
  assertEquals(client.finish(), Result.void);
});
