import * as Octets from "@plausch/smtp/octets";
import * as Sasl from "@plausch/smtp/sasl";
import { assertEquals } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { octets } from "../support/cases.ts";
import { answer, answerTo, client, initial, password, token } from "./_sasl.ts";

const anonymous: Sasl.Credentials = { _tag: "Anonymous" };
const external: Sasl.Credentials = { _tag: "External" };

Deno.test("PLAIN says the examples of RFC 4616 section 4", () => {
  assertEquals(initial(client("PLAIN", password("tim", "tanstaaftanstaaf"))), "\0tim\0tanstaaftanstaaf");
  assertEquals(initial(client("PLAIN", password("Kurt", "xipj3plmq", "Ursel"))), "Ursel\0Kurt\0xipj3plmq");
});

Deno.test("LOGIN says the example of its draft, whatever the server asks", () => {
  for (
    const [first, second] of [
      ["VXNlciBOYW1lAA==", "UGFzc3dvcmQA"],
      ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"],
      ["Go ahead", "Ok"],
      ["", ""],
    ] as const
  ) {
    const exchange = client("LOGIN", password("tim", "tanstaaftanstaaf"));
    assertEquals([exchange.initial, answerTo(exchange, first), answerTo(exchange, second)], [
      undefined,
      "tim",
      "tanstaaftanstaaf",
    ]);
    assertEquals(answerTo(exchange, ""), "(UnexpectedChallenge)");
  }
});

Deno.test("CRAM-MD5 says the example of RFC 2195 section 2", () => {
  const exchange = client("CRAM-MD5", password("tim", "tanstaaftanstaaf"));
  assertEquals(exchange.initial, undefined);
  assertEquals(
    answer(exchange, "<1896.697170952@postoffice.reston.mci.net>"),
    "tim b913a602c7eda7a495b4e6e7334d3890",
  );
  assertEquals(exchange.finish(), Result.void);
});

Deno.test("CRAM-MD5 answers base64 that holds a challenge, once", () => {
  const to = (challenge: string) => answerTo(client("CRAM-MD5", password("tim", "tanstaaf")), challenge);
  for (const challenge of ["Go ahead", "Ok", "PDE4OTZAbXg", "PDE4 OTZAbXg+", "PDE4OTZAbXg+===", "PDE4*TZAbXg+"]) {
    assertEquals(to(challenge), "(BadBase64)", challenge);
  }
  assertEquals(to(""), "(BadChallenge)");
  assertEquals(to("/w=="), "tim a31c95224e64d884d3a08c9b707273c6");
  const exchange = client("CRAM-MD5", password("tim", "tanstaaf"));
  answer(exchange, "<1@mx>");
  assertEquals(answer(exchange, "<1@mx>"), "(UnexpectedChallenge)");
});

Deno.test("OAUTHBEARER says the SMTP example of RFC 7628 section 4.1", () => {
  const secret = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
  const exchange = client("OAUTHBEARER", token("user@example.com", secret, { host: "server.example.com", port: 587 }));
  assertEquals(
    Redacted.value(exchange.initial!),
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjN" +
      "SbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  );
  assertEquals(answer(exchange, '{"status":"invalid_token"}'), "\x01");
  assertEquals(answer(exchange, ""), "(UnexpectedChallenge)");
});

Deno.test("OAUTHBEARER leaves out what it is not told, and escapes the name", () => {
  assertEquals(initial(client("OAUTHBEARER", token("a=b,c", "t"))), "n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01");
  assertEquals(
    initial(client("OAUTHBEARER", token("u", "t", { authorizationId: "shared" }))),
    "n,a=shared,\x01auth=Bearer t\x01\x01",
  );
});

Deno.test("XOAUTH2 says Google's example, and answers the report of an error with an empty line", () => {
  const exchange = client("XOAUTH2", token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"));
  assertEquals(
    Redacted.value(exchange.initial!),
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
  );
  assertEquals(answerTo(exchange, "Go ahead"), "");
  assertEquals(answerTo(exchange, ""), "(UnexpectedChallenge)");
  assertEquals(
    initial(client("XOAUTH2", token("u", "t", { authorizationId: "shared@c.test" }))),
    "user=shared@c.test\x01auth=Bearer t\x01\x01",
  );
});

Deno.test("EXTERNAL says as whom to act, or nothing", () => {
  assertEquals(Redacted.value(client("EXTERNAL", external).initial!), "");
  assertEquals(
    initial(client("EXTERNAL", { _tag: "External", authorizationId: "fred@example.com" })),
    "fred@example.com",
  );
});

Deno.test("ANONYMOUS says the examples of RFC 4505 section 4, or nothing", () => {
  assertEquals(Redacted.value(client("ANONYMOUS", { _tag: "Anonymous", trace: "sirhc" }).initial!), "c2lyaGM=");
  assertEquals(
    Redacted.value(client("ANONYMOUS", { _tag: "Anonymous", trace: "sirhc@example.org" }).initial!),
    "c2lyaGNAZXhhbXBsZS5vcmc=",
  );
  assertEquals(Redacted.value(client("ANONYMOUS", anonymous).initial!), "");
});

Deno.test("a server that does not take the response along with AUTH gets it once more, and no third time", () => {
  for (
    const [mechanism, credentials] of [
      ["PLAIN", password("u", "p")],
      ["EXTERNAL", external],
      ["ANONYMOUS", anonymous],
    ] as const
  ) {
    const exchange = client(mechanism, credentials);
    assertEquals(answerTo(exchange, "Go ahead"), initial(exchange), mechanism);
    assertEquals(answerTo(exchange, "Go ahead"), "(UnexpectedChallenge)", mechanism);
    assertEquals(exchange.finish(), Result.void);
  }
});

Deno.test("texts are UTF-8, and octets that are none stay what they are", () => {
  const { initial } = client("PLAIN", password("jürgen", "p\udcffw"));
  assertEquals(octets(atob(Redacted.value(initial!))), Octets.encode("\0jürgen\0p\udcffw"));
});

const reason = (mechanism: Sasl.Mechanism, credentials: Sasl.Credentials, nonce = "n"): string | undefined => {
  const begun = Sasl.client(mechanism, credentials, { nonce });
  return Result.isFailure(begun) ? begun.failure.reason : undefined;
};

Deno.test("by password, all mechanisms refuse the same names and passwords", () => {
  for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] as const) {
    for (
      const [user, secret, expected] of [
        ["u", "p", undefined],
        ["", "p", "EmptyName"],
        ["u", "", "EmptyPassword"],
        ["u\0v", "p", "NulInPlain"],
        ["u\rv", "p", "ControlCharacter"],
        ["u\nv", "p", "ControlCharacter"],
        ["u\u009bv", "p", "ControlCharacter"],
        ["u\udcff", "p", "BadUtf8"],
        ["u", "p\0q", "NulInPlain"],
        ["u", "p\r\nq", undefined],
      ] as const
    ) {
      assertEquals(
        reason(mechanism, password(user, secret)),
        expected,
        `${mechanism} ${JSON.stringify([user, secret])}`,
      );
    }
  }
});

Deno.test("an authorization identity is a name, and two mechanisms have no room for it", () => {
  for (const mechanism of ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"] as const) {
    assertEquals(reason(mechanism, password("u", "p", "")), "EmptyName", mechanism);
    assertEquals(reason(mechanism, password("u", "p", "a\0b")), "NulInPlain", mechanism);
  }
  for (const mechanism of ["LOGIN", "CRAM-MD5"] as const) {
    assertEquals(reason(mechanism, password("u", "p", "a")), "NoAuthorizationId", mechanism);
  }
  for (const mechanism of ["OAUTHBEARER", "XOAUTH2"] as const) {
    assertEquals(reason(mechanism, token("u", "t", { authorizationId: "a\x01b" })), "ControlCharacter", mechanism);
  }
  assertEquals(reason("EXTERNAL", { _tag: "External", authorizationId: "" }), "EmptyName");
});

Deno.test("a token is what can stand in a header, and host and port are such", () => {
  for (const mechanism of ["OAUTHBEARER", "XOAUTH2"] as const) {
    assertEquals(reason(mechanism, token("", "t")), "EmptyName", mechanism);
    for (const secret of ["", "a b", "a\x01b", "a\r\nb", "é"]) {
      assertEquals(reason(mechanism, token("u", secret)), "BadToken", `${mechanism} ${JSON.stringify(secret)}`);
    }
  }
  assertEquals(reason("OAUTHBEARER", token("u", "t", { host: "a\x01b" })), "BadHost");
  assertEquals(reason("OAUTHBEARER", token("u", "t", { host: "" })), "BadHost");
  for (const port of [0, 65536, 1.5, NaN, -1]) {
    assertEquals(reason("OAUTHBEARER", token("u", "t", { port })), "BadPort", String(port));
  }
  assertEquals(reason("OAUTHBEARER", token("u", "t", { port: 65535 })), undefined);
});

Deno.test("a trace is short and readable", () => {
  const trace = (trace: string) => reason("ANONYMOUS", { _tag: "Anonymous", trace });
  assertEquals([trace("é".repeat(255)), trace("é".repeat(256))], [undefined, "TraceTooLong"]);
  assertEquals([trace("a\nb"), trace("a\udcff")], ["ControlCharacter", "BadUtf8"]);
});

Deno.test("a nonce is looked at where it is used", () => {
  for (const nonce of ["", "a,b", "a b", "é", "a\n"]) {
    assertEquals(reason("SCRAM-SHA-256", password("u", "p"), nonce), "BadNonce", nonce);
    assertEquals(reason("PLAIN", password("u", "p"), nonce), undefined, nonce);
  }
});

const kinds: ReadonlyArray<readonly [Sasl.Credentials, ReadonlyArray<Sasl.Mechanism>]> = [
  [password("u", "p"), ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]],
  [token("u", "t"), ["OAUTHBEARER", "XOAUTH2"]],
  [external, ["EXTERNAL"]],
  [anonymous, ["ANONYMOUS"]],
];

Deno.test("every mechanism takes one kind of credentials", () => {
  for (const [credentials, fitting] of kinds) {
    for (const mechanism of Sasl.mechanisms) {
      const expected = fitting.includes(mechanism) ? undefined : "MismatchedCredentials";
      assertEquals(reason(mechanism, credentials), expected, `${mechanism} ${credentials._tag}`);
    }
  }
});

Deno.test("the strongest offered mechanism that fits the credentials is chosen, in whatever order they are named", () => {
  for (const [credentials, fitting] of kinds) {
    for (const [at, expected] of fitting.entries()) {
      const left = fitting.slice(at);
      for (
        const offered of [
          left,
          left.toReversed(),
          Sasl.mechanisms.filter((name) => !fitting.slice(0, at).includes(name)),
        ]
      ) {
        const lower = offered.map((name) => name.toLowerCase());
        for (const names of [offered, ["GSSAPI", ...lower, "NTLM"]]) {
          assertEquals(Result.merge(Sasl.select({ offered: names, credentials, encrypted: true })), expected);
        }
        const mechanisms = left.toReversed();
        assertEquals(
          Result.merge(Sasl.select({ offered: Sasl.mechanisms, mechanisms, credentials, encrypted: true })),
          expected,
        );
      }
    }
  }
});

Deno.test("no mechanism: nothing offered, nothing in common, or nothing fit for a connection in clear", () => {
  const select = (offered: ReadonlyArray<string>, credentials: Sasl.Credentials, more?: Partial<Sasl.SelectOptions>) =>
    Result.merge(Sasl.select({ offered, credentials, encrypted: false, ...more }));
  const [byPassword, byToken] = [password("u", "p"), token("u", "t")];
  assertEquals(select([], byPassword), "AuthNotOffered");
  assertEquals(select(["GSSAPI", "NTLM"], byPassword), "NoCommonMechanism");
  assertEquals(select(["XOAUTH2", "EXTERNAL"], byPassword), "NoCommonMechanism");
  assertEquals(select(["PLAIN", "XOAUTH2"], byPassword, { mechanisms: ["XOAUTH2"] }), "NoCommonMechanism");
  assertEquals(select(["PLAIN"], byPassword, { mechanisms: [] }), "NoCommonMechanism");
  assertEquals(select(["PLAIN", "LOGIN"], byPassword), "PlaintextAuthRefused");
  assertEquals(select(["XOAUTH2", "OAUTHBEARER"], byToken), "PlaintextAuthRefused");
  assertEquals(select(["PLAIN", "LOGIN"], byPassword, { allowInClear: ["LOGIN"] }), "LOGIN");
  assertEquals(select(["XOAUTH2", "OAUTHBEARER"], byToken, { allowInClear: ["XOAUTH2"] }), "XOAUTH2");
  assertEquals(select(["PLAIN", "CRAM-MD5"], byPassword), "CRAM-MD5");
  assertEquals(select(["PLAIN", "SCRAM-SHA-1"], byPassword, { allowInClear: ["PLAIN"] }), "SCRAM-SHA-1");
  assertEquals([select(["EXTERNAL"], external), select(["ANONYMOUS"], anonymous)], ["EXTERNAL", "ANONYMOUS"]);
});

Deno.test("who acts for another user needs a mechanism that can say so", () => {
  const select = (...offered: ReadonlyArray<string>) =>
    Result.merge(Sasl.select({ offered, credentials: password("u", "p", "a"), encrypted: true }));
  assertEquals(select("CRAM-MD5", "LOGIN", "PLAIN"), "PLAIN");
  assertEquals(select("CRAM-MD5", "LOGIN"), "NoCommonMechanism");
});
