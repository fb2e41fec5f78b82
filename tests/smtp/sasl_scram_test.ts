import * as Sasl from "@plausch/smtp/sasl";
import { serverErrorValue } from "@plausch/smtp/sasl-error";
import * as SaslServer from "@plausch/smtp/sasl-server";
import { assertEquals, assertMatch } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { answer, answerTo, base64, clear, client, converse, initial, password } from "./_sasl.ts";

type Example = {
  readonly nonce: string;
  readonly serverNonce: string;
  readonly salt: string;
  readonly lines: ReadonlyArray<string>;
};

/** The examples of RFC 5802 section 5 and RFC 7677 section 3, for `user` with the password `pencil`. */
const examples: Readonly<Record<"SCRAM-SHA-1" | "SCRAM-SHA-256", Example>> = {
  "SCRAM-SHA-1": {
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    serverNonce: "3rfcNHYJY1ZVvWVs7j",
    salt: "QSXCR+Q6sek8bf92",
    lines: [
      "C: n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "S: r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "C: c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "S: v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
      "C: ",
    ],
  },
  "SCRAM-SHA-256": {
    nonce: "rOprNGfwEbeRWgbNEkqO",
    serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    lines: [
      "C: n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "S: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "C: c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "S: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
      "C: ",
    ],
  },
};

const family = ["SCRAM-SHA-1", "SCRAM-SHA-256"] as const;
const pencil = password("user", "pencil");
const user = () => pencil.password;

for (const mechanism of family) {
  const { nonce, serverNonce, salt, lines } = examples[mechanism];
  const begin = (options?: Partial<Sasl.ClientOptions>) => client(mechanism, pencil, { nonce, ...options });
  const first = lines[1]!.slice(3);
  const final = lines[3]!.slice(3);
  const [, combined, salted] = /^(r=[^,]+),(s=[^,]+),/.exec(first)!;

  Deno.test(`${mechanism} says the example of its RFC, on both sides`, () => {
    for (const withInitial of [true, false]) {
      const octets = Uint8Array.from(atob(salt), (unit) => unit.charCodeAt(0));
      const server = SaslServer.server(mechanism, { user, nonce: serverNonce, salt: octets });
      const { end, lines: said } = converse(begin(), server, withInitial);
      assertEquals(said, withInitial ? lines : ["S: ", ...lines]);
      assertEquals(end, { _tag: "Success", user: "user" });
    }
  });

  Deno.test(`${mechanism}: a server that lies in its first message is found out`, () => {
    for (
      const [challenge, expected] of [
        // the nonce: replayed, not extended, another, unprintable
        [`r=${nonce},${salted},i=4096`, "(NonceNotExtended)"],
        [`r=${nonce.slice(0, -1)}xyz,${salted},i=4096`, "(NonceNotExtended)"],
        [`r=x${nonce}xyz,${salted},i=4096`, "(NonceNotExtended)"],
        [`r=${nonce.toUpperCase()}xyz,${salted},i=4096`, "(NonceNotExtended)"],
        [`r=${nonce}é,${salted},i=4096`, "(BadChallenge)"],
        [`r=${nonce} x,${salted},i=4096`, "(BadChallenge)"],
        // iterations: too few for safety, too many for patience, none
        [`${combined},${salted},i=1`, "(TooFewIterations)"],
        [`${combined},${salted},i=4095`, "(TooFewIterations)"],
        [`${combined},${salted},i=2000001`, "(TooManyIterations)"],
        [`${combined},${salted},i=1000000000`, "(TooManyIterations)"],
        [`${combined},${salted},i=${"9".repeat(400)}`, "(TooManyIterations)"],
        [`${combined},${salted},i=0`, "(BadChallenge)"],
        [`${combined},${salted},i=-4096`, "(BadChallenge)"],
        [`${combined},${salted},i=04096`, "(BadChallenge)"],
        [`${combined},${salted},i=4096.5`, "(BadChallenge)"],
        [`${combined},${salted},i=1e5`, "(BadChallenge)"],
        [`${combined},${salted},i=`, "(BadChallenge)"],
        // the salt: none, no base64
        [`${combined},s=,i=4096`, "(BadChallenge)"],
        [`${combined},s=*,i=4096`, "(BadChallenge)"],
        [`${combined},s=QQ,i=4096`, "(BadChallenge)"],
        // the form
        ["", "(BadChallenge)"],
        [combined!, "(BadChallenge)"],
        [`${salted},${combined},i=4096`, "(BadChallenge)"],
        [`${first},`, "(BadChallenge)"],
        [`${first},extension`, "(BadChallenge)"],
        [final, "(BadChallenge)"],
        [`m=must,${first}`, "(UnknownExtension)"],
        ["e=unknown-user", "(ServerRefused)"],
      ] as const
    ) {
      const exchange = begin();
      assertEquals(answer(exchange, challenge), expected, challenge);
      // and that is the end of it
      assertEquals(answer(exchange, first), "(UnexpectedChallenge)", challenge);
      assertEquals(Result.isFailure(exchange.finish()), true, challenge);
    }
    for (const challenge of ["Go ahead", "Ok", btoa(first).slice(0, -1), `${btoa(first)}=`]) {
      assertEquals(answerTo(begin(), challenge), "(BadBase64)", challenge);
    }
  });

  Deno.test(`${mechanism}: a server that lies in its final message is found out`, () => {
    const signature = atob(final.slice(2));
    const other = btoa(String.fromCharCode(signature.charCodeAt(0) ^ 1) + signature.slice(1));
    for (
      const [challenge, expected] of [
        [`v=${other}`, "(BadSignature)"],
        [`v=${btoa(signature.slice(1))}`, "(BadSignature)"],
        [`v=${btoa(`${signature}x`)}`, "(BadSignature)"],
        [`v=${btoa("\0".repeat(signature.length))}`, "(BadSignature)"],
        ["v=", "(BadChallenge)"],
        ["v=*", "(BadChallenge)"],
        ["", "(BadChallenge)"],
        [first, "(BadChallenge)"],
        ["m=must", "(UnknownExtension)"],
        ["e=invalid-proof", "(ServerRefused)"],
        [`e=other-error,${final}`, "(ServerRefused)"],
      ] as const
    ) {
      const exchange = begin();
      answer(exchange, first);
      assertEquals(answer(exchange, challenge), expected, challenge);
      assertEquals(answer(exchange, final), "(UnexpectedChallenge)", challenge);
      assertEquals(Result.isFailure(exchange.finish()), true, challenge);
    }
  });

  Deno.test(`${mechanism}: a success without a proof is none`, () => {
    const reason = (exchange: Sasl.ClientExchange) =>
      Result.merge(Result.mapError(exchange.finish(), (error) => error.reason));
    const exchange = begin();
    assertEquals(reason(exchange), "UnprovenServer");
    answer(exchange, first);
    assertEquals(reason(exchange), "UnprovenServer");
    answer(exchange, final);
    assertEquals(reason(exchange), undefined);
    assertEquals(answer(exchange, final), "(UnexpectedChallenge)");
  });

  Deno.test(`${mechanism}: optional extensions do not matter, but are signed`, () => {
    const extended = begin();
    assertMatch(answer(extended, `${first},x=1,Y=a=b`), /^c=biws,r=.+,p=/);
    assertEquals(answer(extended, final), "(BadSignature)");
    const plain = begin();
    answer(plain, first);
    assertEquals(answer(plain, `${final},x=1`), "");
    assertEquals(plain.finish(), Result.void);
  });

  Deno.test(`${mechanism}: the limits of iterations can be moved`, () => {
    const challenge = (iterations: number) => `${combined},${salted},i=${iterations}`;
    assertMatch(answer(begin({ minIterations: 1 }), challenge(1)), /^c=/);
    assertEquals(answer(begin({ minIterations: 10000 }), challenge(4096)), "(TooFewIterations)");
    assertEquals(answer(begin({ maxIterations: 4096 }), challenge(4097)), "(TooManyIterations)");
    const [refused] = [begin().respond(base64(challenge(7)))];
    assertEquals(
      Result.isFailure(refused) && [refused.failure.iterations, refused.failure.limit, refused.failure.mechanism],
      [7, 4096, mechanism],
    );
  });
}

Deno.test("names are escaped, and the authorization identity is part of what is signed", () => {
  for (const mechanism of family) {
    const credentials = password("a=b,c", "p", "=,d");
    const exchange = client(mechanism, credentials, { nonce: "n" });
    assertEquals(initial(exchange), "n,a==3D=2Cd,n=a=3Db=2Cc,r=n");
    const asked: Array<string> = [];
    const server = SaslServer.server(mechanism, {
      nonce: "s",
      user: (name) => (asked.push(name), credentials.password),
    });
    const { end, lines } = converse(exchange, server);
    assertEquals(end, { _tag: "Success", user: "a=b,c", authorizationId: "=,d" });
    assertEquals(asked, ["a=b,c"]);
    assertMatch(lines[2]!, new RegExp(`^C: c=${base64("n,a==3D=2Cd,")},r=ns,p=`));
  }
});

Deno.test("names and passwords are prepared, so that however they are typed they fit", () => {
  const known = (name: string) => name === "ber IX" ? Redacted.make("pass word a") : undefined;
  const typed = password("b\u00ade\u00adr\u00a0\u2168", "pass\u3000word \u00aa");
  for (const mechanism of family) {
    const server = SaslServer.server(mechanism, { user: known, nonce: "s" });
    assertEquals(converse(client(mechanism, typed), server).end, { _tag: "Success", user: "ber IX" });
  }
});

Deno.test("a name that SASLprep refuses is refused; a password is taken as it is", () => {
  for (const name of ["\u00ad", "\ue000", "\u05d0a"]) {
    const begun = Sasl.client("SCRAM-SHA-256", password(name, "p"), { nonce: "n" });
    assertEquals(Result.isFailure(begun) && begun.failure.reason, "UnpreparedName", name);
  }
  // Not in Unicode 3.2; with what NFKC would change beside it
  const secret = "\u{1f600}\u2168\r\n";
  const server = SaslServer.server("SCRAM-SHA-256", { user: () => Redacted.make(secret), nonce: "s" });
  assertEquals(converse(client("SCRAM-SHA-256", password("u", secret)), server).end._tag, "Success");
  const plain = SaslServer.server("SCRAM-SHA-256", { user: () => Redacted.make("\u{1f600}IX\r\n"), nonce: "s" });
  assertEquals(converse(client("SCRAM-SHA-256", password("u", secret)), plain).end._tag, "Failure");
});

Deno.test("what the server says is wrong is told in words of the RFC alone", () => {
  const told = (message: string) => {
    const exchange = client("SCRAM-SHA-256", pencil);
    const refused = exchange.respond(base64(message));
    return Result.isFailure(refused) ? refused.failure.serverError : undefined;
  };
  assertEquals(told("e=unknown-user"), "unknown-user");
  assertEquals(told("e=no-resources,x=1"), "no-resources");
  assertEquals(told("e=the password is pencil"), "other-error");
  assertEquals(serverErrorValue("constructor"), "other-error");
});

Deno.test("the secrets are the password as it is typed, and as it is computed with where that differs", () => {
  const secret = "pass\u00a0word";
  const shown = client("SCRAM-SHA-1", password("u", secret)).secrets.map(Redacted.value);
  assertEquals(shown, [secret, "pass word"]);
  assertEquals(client("SCRAM-SHA-1", pencil).secrets.map(Redacted.value), ["pencil"]);
});

Deno.test("the server refuses what is no SCRAM, channel bindings that it does not know, and extensions", () => {
  for (
    const message of [
      "",
      "n,,",
      "n,,n=user",
      "n,,n=user,r=",
      "n,,n=,r=abc",
      "n,,n=a=b,r=abc",
      "n,,n=a=2c,r=abc",
      "n,,n=user,r=a b",
      "n,,r=abc,n=user",
      "n,,n=user,r=abc,extension",
      "n,,m=must,n=user,r=abc",
      "n,a=,n=user,r=abc",
      "n,a=x=y,n=user,r=abc",
      "n,u=x,n=user,r=abc",
      "p=tls-unique,,n=user,r=abc",
      "n,,n=\u00ad,r=abc",
      "n=user,r=abc",
    ]
  ) {
    const server = SaslServer.server("SCRAM-SHA-256", { user, nonce: "s" });
    assertEquals(server.receive(base64(message)), { _tag: "Failure", reason: "malformed" }, message);
  }
  // A client that could bind, and knows that the server cannot
  const server = SaslServer.server("SCRAM-SHA-256", { user, nonce: "s" });
  assertEquals(server.receive(base64("y,,n=user,r=abc"))._tag, "Challenge");
});

Deno.test("the server refuses a proof of something else", () => {
  const last = (change: (message: string) => string, name = "user") => {
    const server = SaslServer.server("SCRAM-SHA-256", {
      user: (name) => name === "user" ? pencil.password : undefined,
      nonce: "s",
      salt: new Uint8Array([1, 2, 3]),
    });
    const exchange = client("SCRAM-SHA-256", password(name, "pencil"), { nonce: "n" });
    const challenge = server.receive(Redacted.value(exchange.initial!));
    assertEquals(challenge, { _tag: "Challenge", text: base64("r=ns,s=AQID,i=4096") });
    const step = server.receive(base64(change(answer(exchange, "r=ns,s=AQID,i=4096"))));
    return step._tag === "Failure" ? step.reason : clear(step._tag === "Challenge" ? step.text : "").slice(0, 2);
  };
  assertEquals(last((message) => message), "v=");
  assertEquals(last((message) => message, "nobody"), "rejected");
  assertEquals(last((message) => message.replace("c=biws", "c=eSws")), "rejected");
  assertEquals(last((message) => message.replace("r=ns", "r=nsx")), "rejected");
  assertEquals(last((message) => message.replace(/p=../, "p=AA")), "rejected");
  assertEquals(last((message) => message.replace(/p=.*/, "p=AAAA")), "rejected");
  assertEquals(last((message) => message.replace(/p=.*/, "p=*")), "malformed");
  assertEquals(last((message) => message.replace(/,p=.*/, "")), "malformed");
  assertEquals(last((message) => message.replace("c=", "x=")), "malformed");
  assertEquals(last(() => ""), "malformed");
});
