import * as Octets from "@plausch/smtp/octets";
import * as Redact from "@plausch/smtp/redact";
import * as Sasl from "@plausch/smtp/sasl";
import * as SaslServer from "@plausch/smtp/sasl-server";
import * as Xtext from "@plausch/smtp/xtext";
import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import text from "../cases/transcript.jsonl" with { type: "text" };
import { octets, parseCases } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { oneOf } from "./_arbitrary.ts";
import { base64, client, password, token } from "./_sasl.ts";

type Line = readonly ["C" | "S", string];
type Case = {
  readonly id: string;
  readonly kind: string;
  readonly lines: ReadonlyArray<Line>;
  readonly shown: ReadonlyArray<Line>;
};

const shown = (redactor: Redact.Redactor, lines: ReadonlyArray<Line>): ReadonlyArray<Line> =>
  lines.map(([side, line]) => [side, side === "C" ? redactor.client(line) : redactor.server(line)]);

const conversation = (lines: ReadonlyArray<Line>, ...secrets: ReadonlyArray<string>) =>
  shown(Redact.make({ secrets: secrets.map((secret) => Redacted.make(secret)) }), lines).map(([, line]) => line);

Deno.test("the redaction cases, for the user u with the password p", () => {
  const cases = parseCases<Case>(text).filter(({ kind }) => kind === "redact");
  assertEquals(cases.length, 5);
  const given = { "the password and the response in clear": ["p", "\0u\0p"], "the response in base64": ["AHUAcA=="] };
  for (const [name, secrets] of Object.entries(given)) {
    for (const { id, lines, shown: expected } of cases) {
      const redactor = Redact.make({ secrets: secrets.map((secret) => Redacted.make(secret)) });
      assertEquals(shown(redactor, lines), expected, `${id}, given ${name}`);
    }
  }
});

Deno.test("AUTH keeps its mechanism and loses its initial response, however it is written", () => {
  for (
    const [said, seen] of [
      ["AUTH PLAIN AHRpbQB0YW5zdGFhZg==", "AUTH PLAIN ***"],
      ["auth plain AHRpbQB0YW5zdGFhZg== ", "auth plain ***"],
      ["Auth \t Plain   AHRpbQB0YW5zdGFhZg==", "Auth \t Plain   ***"],
      ["  AUTH PLAIN AHRpbQB0YW5zdGFhZg==", "  AUTH PLAIN ***"],
      ["AUTH PLAIN two words", "AUTH PLAIN ***"],
      ["AUTH X-NEW_MECH-1 secret", "AUTH X-NEW_MECH-1 ***"],
      ["AUTH EXTERNAL =", "AUTH EXTERNAL ="],
      ["AUTH PLAIN", "AUTH PLAIN"],
      ["AUTH", "AUTH"],
      // The mechanism was forgotten
      ["AUTH AHRpbQB0YW5zdGFhZg==", "AUTH ***"],
      ["AUTH AHRpbQB0YW5zdGFhZgAHRpbQB0YW5zdGFhZg", "AUTH ***"],
      ["AUTHOR PLAIN x", "AUTHOR PLAIN x"],
    ] as const
  ) {
    assertEquals(conversation([["C", said]]), [seen], said);
  }
});

Deno.test("all that the client sends after a 334 is masked until the final reply, but for an empty line and a cancel", () => {
  assertEquals(
    conversation([
      ["C", "AUTH LOGIN"],
      ["S", "334 VXNlcm5hbWU6"],
      ["C", "dGlt"],
      ["S", "334-UGFz"],
      ["S", "334 c3dvcmQ6"],
      ["C", "dGFuc3RhYWY="],
      ["S", "535-5.7.8 no"],
      ["C", "early"],
      ["S", "535 5.7.8 no"],
      ["C", "AUTH LOGIN"],
      ["S", "334 VXNlcm5hbWU6"],
      ["C", "*"],
      ["S", "501 cancelled"],
      ["C", "QUIT"],
    ]),
    [
      "AUTH LOGIN",
      "334 VXNlcm5hbWU6",
      "***",
      "334-UGFz",
      "334 c3dvcmQ6",
      "***",
      "535-5.7.8 no",
      "***",
      "535 5.7.8 no",
      "AUTH LOGIN",
      "334 VXNlcm5hbWU6",
      "*",
      "501 cancelled",
      "QUIT",
    ],
  );
});

Deno.test("a response is masked even if no AUTH was seen before the 334, or the reply to another command came first", () => {
  assertEquals(conversation([["S", "334 UGFzc3dvcmQ6"], ["C", "c2VjcmV0"]]), ["334 ***", "***"]);
  assertEquals(
    conversation([["C", "NOOP"], ["C", "AUTH PLAIN"], ["S", "250 ok"], ["S", "334 "], ["C", "c2VjcmV0"]]),
    ["NOOP", "AUTH PLAIN", "250 ok", "334 ", "***"],
  );
});

Deno.test("a client that goes on after AUTH was refused does not show its password", () => {
  assertEquals(
    conversation([
      ["C", "AUTH LOGIN"],
      ["S", "538 5.7.11 not in clear"],
      ["C", "dGlt"],
      ["S", "500 unknown"],
      ["C", "dGFuc3RhYWY="],
      ["S", "500 dGFuc3RhYWY= is unknown, tanstaaf"],
      ["C", "QUIT"],
      ["S", "221 bye"],
      ["C", "c29tZXRoaW5n"],
    ]),
    [
      "AUTH LOGIN",
      "538 5.7.11 not in clear",
      "***",
      "500 unknown",
      "***",
      "500 *** is unknown, ***",
      "QUIT",
      "221 bye",
      "c29tZXRoaW5n",
    ],
  );
  // After a success, or with a command, there is nothing to suspect.
  const lines: ReadonlyArray<Line> = [["C", "AUTH PLAIN"], ["S", "334 "], ["C", "c2VjcmV0"], ["S", "235 ok"]];
  assertEquals(conversation([...lines, ["C", "c29tZXRoaW5n"]]).at(-1), "c29tZXRoaW5n");
  for (const command of ["RSET", "quit", "MAIL FROM:<>", "NOOP x"]) {
    assertEquals(conversation([["C", "AUTH LOGIN"], ["S", "504 no"], ["C", command]]).at(-1), command);
  }
});

Deno.test("a line that is no reply does not end the exchange", () => {
  const lines: ReadonlyArray<Line> = [["C", "AUTH PLAIN"], ["S", "334 "], ["S", "garbage"], ["C", "c2VjcmV0"]];
  assertEquals(conversation(lines).at(-1), "***");
});

Deno.test("challenges are masked where they help to guess the password", () => {
  const challenge = (mechanism: string) => conversation([["C", `AUTH ${mechanism}`], ["S", "334 PDE4OTZAbXg+"]])[1];
  for (const mechanism of ["CRAM-MD5", "cram-md5", "DIGEST-MD5", "SCRAM-SHA-256", "NTLM", "GSSAPI", "X-ANY"]) {
    assertEquals(challenge(mechanism), "334 ***", mechanism);
  }
  for (const mechanism of ["PLAIN", "login", "XOAUTH2", "OAUTHBEARER", "EXTERNAL"]) {
    assertEquals(challenge(mechanism), "334 PDE4OTZAbXg+", mechanism);
  }
});

Deno.test("what the client sent is known when the server echoes it, in base64 and in clear", () => {
  const plain = base64("\0tim\0tanstaaf");
  assertEquals(
    conversation([["C", `AUTH PLAIN ${plain}`], ["S", `500 what is AUTH PLAIN ${plain}? tim/tanstaaf? TANSTAAF?`]])[1],
    "500 what is AUTH PLAIN ***? tim/***? ***?",
  );
  assertEquals(
    conversation([
      ["C", "AUTH LOGIN dGlt"],
      ["S", "334 UGFzc3dvcmQ6"],
      ["C", base64("tanstaaf")],
      ["S", "535 tim has no password tanstaaf"],
    ])[3],
    "535 tim has no password ***",
  );
  const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
  for (
    const [mechanism, response] of [
      ["XOAUTH2", `user=u@c.test\x01auth=Bearer ${token}\x01\x01`],
      ["OAUTHBEARER", `n,a=u@c.test,\x01host=mx.test\x01port=587\x01auth=Bearer ${token}\x01\x01`],
    ] as const
  ) {
    const [, echo, again] = conversation([
      ["C", `AUTH ${mechanism} ${base64(response)}`],
      ["S", `334 ${base64(`{"status":"401","token":"${token}"}`)}`],
      ["S", `535 ${token} has expired, u@c.test`],
    ]);
    assertEquals([echo, again], ["334 ***", "535 *** has expired, u@c.test"]);
  }
});

Deno.test("a known secret is masked wherever it is, alone, in base64, in the alphabet for URLs, and inside longer base64", () => {
  const secret = "p\u00e4ss>>word??";
  const redactor = Redact.make({ secrets: [Redacted.make(secret)] });
  const url = base64(secret).replaceAll("+", "-").replaceAll("/", "_");
  for (
    const form of [
      secret,
      base64(secret),
      base64(secret).replace(/=+$/, ""),
      url,
      secret.toUpperCase().replace("\u00c4", "\u00e4"),
    ]
  ) {
    assertEquals(redactor.client(`X ${form} y`), "X *** y", form);
    assertEquals(redactor.server(`250 <${form}>`), "250 <***>", form);
    assertEquals(redactor.text(`${form}${form}`), "***", form);
  }
  for (const before of ["", "a", "ab", "abc", "\0tim\0"]) {
    for (const after of ["", "x", "yz"]) {
      const inside = base64(before + secret + after);
      assertEquals(redactor.text(`got (${inside})!`), "got (***)!", inside);
    }
  }
  assertEquals(redactor.text("nothing of it: word, p\u00e4ss"), "nothing of it: word, p\u00e4ss");
});

const escaped = (text: string, mark: string, plain: RegExp): string =>
  Array.from(Octets.encode(text), (octet) => {
    const char = String.fromCharCode(octet);
    return plain.test(char) ? char : mark + octet.toString(16).toUpperCase().padStart(2, "0");
  }).join("");

const encodings: Readonly<Record<string, (text: string) => string>> = {
  hexadecimal: (text) => Array.from(Octets.encode(text), (octet) => octet.toString(16).padStart(2, "0")).join(""),
  "percent-encoded": (text) => escaped(text, "%", /[\w.~-]/),
  "percent-encoded to the last character": (text) => escaped(text, "%", /[^]{2}/),
  "as in a form": (text) => escaped(text, "%", /[ \w*.-]/).replaceAll(" ", "+"),
  xtext: Xtext.encode,
  "quoted-printable": (text) => escaped(text, "=", /[!-<>-~]/),
};

for (const [name, encode] of Object.entries(encodings)) {
  Deno.test(`a known secret is masked where it is ${name}`, () => {
    for (const secret of ["wonder land", "p\u00e4ss+=w%41rd", "%40%40%40", "+++++"]) {
      const redactor = Redact.make({ secrets: [Redacted.make(secret)] });
      assertEquals(redactor.server(`535 ${encode(secret)}, no`), "535 ***, no");
      assertEquals(redactor.server(`535 <${encode(secret).toUpperCase()}>`), "535 <***>");
    }
  });
}

Deno.test("what is escaped and no secret stays as it is", () => {
  const redactor = Redact.make({ secrets: [Redacted.make("wonder land")] });
  for (const line of ["250 100% +++ = %zz %41%42 =3D", "250 a+b=c%20d", "550 wonder+20lan"]) {
    assertEquals(redactor.server(line), line);
  }
});

Deno.test("a long secret that is echoed in parts is masked in parts", () => {
  const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
  const response = base64(`user=u@c.test\x01auth=Bearer ${token}\x01\x01`);
  const [, ...echoed] = conversation([
    ["C", `AUTH XOAUTH2 ${response}`],
    ["S", `500-unknown: ${response.slice(0, 50)}`],
    ["S", `500-"${response.slice(50)}"`],
    ["S", `500-token=${token.slice(0, 20)}`],
    ["S", `500 ${token.slice(20)} and an innocent word of many letters: innocentwordofmanyletters`],
  ]);
  assertEquals(echoed, [
    "500-unknown: ***",
    '500-"***"',
    "500-token=***",
    "500 *** and an innocent word of many letters: innocentwordofmanyletters",
  ]);
});

Deno.test("a response that is no base64, or that only a digest can be made of, is known too", () => {
  const digest = base64("tim b913a602c7eda7a495b4e6e7334d3890");
  assertEquals(
    conversation([["C", "AUTH CRAM-MD5"], ["S", "334 PDE4OTZAbXg+"], ["C", digest], ["S", `535 bad digest ${digest}`]]),
    ["AUTH CRAM-MD5", "334 ***", "***", "535 bad digest ***"],
  );
  assertEquals(conversation([["S", "334 "], ["C", "not base64!"], ["S", "501 not base64!"]])[2], "501 ***");
});

Deno.test("what was computed with the password is known, too: who has the challenge could try passwords", () => {
  const digest = "b913a602c7eda7a495b4e6e7334d3890";
  assertEquals(
    conversation([
      ["C", "AUTH CRAM-MD5"],
      ["S", "334 PDE4OTZAbXg+"],
      ["C", base64(`tim smith ${digest}`)],
      ["S", `535 tim smith, ${digest} is wrong, ${base64(digest)} as well`],
    ]),
    ["AUTH CRAM-MD5", "334 ***", "***", "535 tim smith, *** is wrong, *** as well"],
  );
  const proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  assertEquals(
    conversation([
      ["C", `AUTH SCRAM-SHA-256 ${base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")}`],
      ["S", `334 ${base64("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")}`],
      ["C", base64(`c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=${proof}`)],
      ["S", `334 ${base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")}`],
      ["C", ""],
      ["S", "235 2.7.0 ok"],
      ["S", `250 user, your proof was p=${proof}`],
    ]),
    ["AUTH SCRAM-SHA-256 ***", "334 ***", "***", "334 ***", "", "235 2.7.0 ok", "250 user, your proof was p=***"],
  );
});

Deno.test("why a token is refused stays readable, and so does what acknowledges it", () => {
  const report = base64('{"status":"invalid_token","schemes":"bearer","scope":"https://mail.example.com/"}');
  for (const [mechanism, acknowledgement] of [["OAUTHBEARER", "AQ=="], ["XOAUTH2", ""]] as const) {
    assertEquals(
      conversation([
        ["C", `AUTH ${mechanism} ${base64("user=u\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3Rl\x01\x01")}`],
        ["S", `334 ${report}`],
        ["C", acknowledgement],
        ["S", "535 5.7.8 ya29.vF9dft4qmTc2Nvb3Rl is not accepted"],
      ]),
      [`AUTH ${mechanism} ***`, `334 ${report}`, acknowledgement, "535 5.7.8 *** is not accepted"],
    );
  }
  assertEquals(conversation([["C", "AUTH LOGIN"], ["S", "334 "], ["C", "AQ=="]])[2], "***");
});

Deno.test("the user name is no secret, in a second login neither", () => {
  const login: ReadonlyArray<Line> = [
    ["C", "AUTH LOGIN"],
    ["S", "334 VXNlcm5hbWU6"],
    ["C", base64("timothy")],
    ["S", "334 UGFzc3dvcmQ6"],
    ["C", base64("tanstaaf")],
    ["S", "535 timothy, tanstaaf is wrong"],
  ];
  const lines = conversation([...login, ...login]);
  assertEquals([lines[5], lines[11]], ["535 timothy, *** is wrong", "535 timothy, *** is wrong"]);
});

Deno.test("a secret of four characters is found in base64 of its own, with padding and without", () => {
  assertEquals(conversation([["S", "250 <YWJjIQ==> <YWJjIQ> xYWJjIQx"]], "abc!"), ["250 <***> <***> x***x"]);
});

Deno.test("secrets that overlap are masked as one, and none shows its end", () => {
  assertEquals(conversation([["S", "250 abcdefgh abcd"]], "abcd", "cdefgh"), ["250 *** ***"]);
  assertEquals(conversation([["S", "250 aaaaaaa"]], "aaaa"), ["250 ***"]);
});

Deno.test("a very short secret is masked only where it stands alone", () => {
  assertEquals(
    conversation([["S", "535 bad password p"], ["S", "250 p@c.test, 'p', xp, p1, \u00e9p"]], "p"),
    ["535 bad password ***", "250 ***@c.test, '***', xp, p1, \u00e9p"],
  );
});

Deno.test("an empty secret masks nothing", () => {
  assertEquals(conversation([["S", "250 ok"], ["C", ""]], ""), ["250 ok", ""]);
});

Deno.test("two redactors know nothing of each other", () => {
  Redact.make().client("AUTH PLAIN c2VjcmV0");
  assertEquals(Redact.make().server("250 c2VjcmV0"), "250 c2VjcmV0");
});

const secrets = Arbitrary.map(
  Arbitrary.array(
    oneOf([...'aZ09 /+=-_.:"\\$^*()[]{}|?', "\u00e9", "\u7528", "\ud83d\ude00", "\udcff", "\x7f", "pass"]),
    { minLength: 5, maxLength: 12 },
  ),
  (pieces) => pieces.join(""),
);

/** Whether a text holds the secret in clear, or in a coding from which it could be read. */
const leaks = (line: string, secret: string): boolean =>
  line.includes(secret) || Object.values(encodings).some((encode) => line.includes(encode(secret))) ||
  (line.replaceAll("-", "+").replaceAll("_", "/").match(/[A-Za-z0-9+/]+={0,2}/g) ?? []).some((run) => {
    for (let at = 0; at < 4; at++) {
      const part = run.slice(at).replace(/=+$/, "");
      const whole = part.length % 4 === 1 ? part.slice(0, -1) : part;
      if (Octets.decode(Uint8Array.from(atob(whole), (char) => char.charCodeAt(0))).includes(secret)) return true;
    }
    return false;
  });

/** The lines of a login by each mechanism, as the two halves really say them, to the end or to the first line that goes wrong. */
const login = (
  mechanism: Sasl.Mechanism,
  { user, secret, known, withInitial }: { user: string; secret: string; known: string; withInitial: boolean },
): ReadonlyArray<Line> => {
  const credentials = mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2"
    ? token(user, secret)
    : password(user, secret);
  const exchange = client(mechanism, credentials, { minIterations: 1 });
  const server = SaslServer.server(mechanism, {
    user: () => Redacted.make(known),
    nonce: "servernonce",
    iterations: 1,
  });
  const first = exchange.initial === undefined ? undefined : Redacted.value(exchange.initial);
  const isAlong = withInitial && first !== undefined;
  const lines: Array<Line> = [["C", isAlong ? `AUTH ${mechanism} ${first}` : `AUTH ${mechanism}`]];
  let step = server.receive(isAlong ? first : undefined);
  let pending = isAlong ? undefined : first;
  while (step._tag === "Challenge") {
    const response = pending ?? Redacted.value(Result.getOrThrow(exchange.respond(step.text)));
    lines.push(["S", `334 ${step.text}`], ["C", response]);
    pending = undefined;
    step = server.receive(response);
  }
  return [...lines, ["S", step._tag === "Success" ? "235 2.7.0 ok" : "535 5.7.8 no"]];
};

const urlAlphabet = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** What the client sent in base64, along with AUTH or after it. */
const responsesIn = (lines: ReadonlyArray<Line>): ReadonlyArray<string> =>
  lines.flatMap(([side, line]) => side === "C" ? [line.replace(/^AUTH \S+ ?/, "")] : []).filter((text) => text !== "");

/** What a server may make of what it knows. */
const echoes: Readonly<Record<string, (secret: string, lines: ReadonlyArray<Line>) => string>> = {
  "in clear": (secret) => secret,
  "in base64": base64,
  "in base64 for URLs": (secret) => urlAlphabet(base64(secret)),
  "in hexadecimal": encodings.hexadecimal!,
  "percent-encoded": encodings["percent-encoded to the last character"]!,
  "in longer base64": (secret) => base64(`x${secret}yz`),
  "as it was sent": (_, lines) => responsesIn(lines).join(" "),
  "as it was sent, decoded": (_, lines) =>
    responsesIn(lines).map((response) => Octets.decode(octets(atob(response)))).join(" "),
};

const bySecret = Sasl.mechanisms.filter((mechanism) => mechanism !== "EXTERNAL" && mechanism !== "ANONYMOUS");

property(
  "no password of five characters or more ever shows, whatever the mechanism, and whatever the server makes of it",
  Arbitrary.all({
    secret: secrets,
    user: oneOf(["u", "tim", "user@example.com"]),
    isTold: Arbitrary.schema(Schema.Boolean),
    isRight: Arbitrary.schema(Schema.Boolean),
    withInitial: Arbitrary.schema(Schema.Boolean),
    mechanism: oneOf(bySecret),
    echo: oneOf(Object.keys(echoes)),
  }),
  ({ secret, user, isTold, isRight, withInitial, mechanism, echo }) => {
    const isToken = mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
    const used = isToken ? secret.replace(/[^\x21-\x7e]/g, "x") : secret;
    const said = login(mechanism, { user, secret: used, known: isRight ? used : "other", withInitial });
    // With a digest, nothing on the wire tells the password; who wants it masked has to say what it is
    const isOnWire = !mechanism.startsWith("SCRAM") && mechanism !== "CRAM-MD5";
    const told = isTold || !isOnWire ? [Redacted.make(used)] : [];
    const echoed = echoes[echo]!(used, said);
    const lines = shown(Redact.make({ secrets: told }), [
      ...said,
      ["S", `535-5.7.8 ${echoed}`],
      ["S", `535 5.7.8 <${echoed}>, sorry`],
      ["C", `NOOP ${echoed}`],
    ]);
    const isRefused = said.at(-1)![1].startsWith("535");
    assertEquals(isRefused, !isRight);
    return lines.every(([, line]) => !leaks(line, used)) && lines.at(-1)![1].startsWith("NOOP ");
  },
  { runs: 3000, seed: "plausch" },
);
