import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Authentication } from "@plausch/session/authentication";
import type * as Conversation from "@plausch/session/conversation";
import * as Reply from "@plausch/smtp/reply";
import type { Mechanism } from "@plausch/smtp/sasl";
import * as Redacted from "effect/Redacted";
import { envelope, play, sayHello, send } from "./_by_transcript.ts";

const secret = "wonder land";
const bearer = "ya29.wonderland";
const secretForms = [secret, bearer].flatMap((
  text,
) => [text, btoa(text), btoa(text).slice(4, -4), btoa(`\0alice\0${text}`)]);
const quit = "> QUIT\n< 221 bye";

const auth = (settings: Partial<Authentication> = {}): Authentication => ({
  credentials: { _tag: "Password", user: "alice", password: Redacted.make(secret) },
  ...settings,
});

const token = (mechanism: Mechanism): Authentication => ({
  credentials: { _tag: "Token", user: "alice", token: Redacted.make(bearer) },
  mechanisms: [mechanism],
});

/** Encrypted from the beginning. */
const secure = (mechanisms: string): string => `
  * tls
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250 AUTH ${mechanisms}
`;
const inClear = (mechanisms: string): string => `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250 AUTH ${mechanisms}
`;

const result = ({ refusal, authenticated }: Conversation.Conversation) =>
  refusal === undefined ? authenticated : [refusal.reason, refusal.stage, refusal.reply?.code];

/** Plays a conversation, and sees to it that nothing in it tells the secret. */
const playSecretly = (settings: Authentication, transcript: string) => {
  const played = play({ auth: settings, nonce: () => "rOprNGfwEbeRWgbNEkqO" }, transcript, [sayHello]);
  const { conversation, events } = played;
  const shown = [
    Deno.inspect(events, { depth: 20, strAbbreviateSize: Infinity }),
    JSON.stringify(events),
    Deno.inspect({ ...conversation, reply: conversation.reply, refusal: conversation.refusal }, {
      depth: 20,
      strAbbreviateSize: Infinity,
    }),
    JSON.stringify(conversation),
    events.map((event) => event._tag === "Failed" ? `${event.error.message} ${event.error.stack}` : "").join(),
  ];
  for (const form of secretForms) for (const text of shown) assert(!text.includes(form), `${form} is in ${text}`);
  return played;
};

Deno.test("PLAIN goes along with AUTH, and is masked in what is shown", () => {
  const { conversation, events } = playSecretly(
    auth(),
    `${secure("LOGIN PLAIN")}
    > AUTH PLAIN AGFsaWNlAHdvbmRlciBsYW5k
    < 235 2.7.0 welcome ${secret}, ${btoa(secret)}
    ${quit}`,
  );
  assertEquals(result(conversation), "PLAIN");
  const shown = events.flatMap((event) =>
    event._tag === "Said" ? [event.line] : event._tag === "Heard" ? Reply.wireLines(event.reply) : []
  );
  assertEquals(shown.slice(3, 6), ["250 AUTH LOGIN PLAIN", "AUTH PLAIN ***", "235 2.7.0 welcome ***, ***"]);
});

Deno.test("the first response can wait for the server's word", () => {
  const { conversation } = playSecretly(
    auth({ initialResponse: false }),
    `${secure("PLAIN")}
    > AUTH PLAIN
    < 334
    > AGFsaWNlAHdvbmRlciBsYW5k
    < 235 ok
    ${quit}`,
  );
  assertEquals(result(conversation), "PLAIN");
});

Deno.test("a first response that makes the line too long waits, too", () => {
  const user = "u".repeat(400);
  const { conversation } = playSecretly(
    auth({ credentials: { _tag: "Password", user, password: Redacted.make(secret) } }),
    `${secure("PLAIN")}
    > AUTH PLAIN
    < 334 go on
    > ${btoa(`\0${user}\0${secret}`)}
    < 235 ok
    ${quit}`,
  );
  assertEquals(result(conversation), "PLAIN");
});

Deno.test("LOGIN answers whatever is asked", () => {
  const { conversation } = playSecretly(
    auth(),
    `${secure("LOGIN")}
    > AUTH LOGIN
    < 334 VXNlcm5hbWU6
    > YWxpY2U=
    < 334 no base64, but a question!
    > d29uZGVyIGxhbmQ=
    < 235 ok
    ${quit}`,
  );
  assertEquals(result(conversation), "LOGIN");
});

Deno.test("the strongest mechanism is used, and no weaker one after it failed", () => {
  const { conversation } = playSecretly(
    auth(),
    `${secure("PLAIN LOGIN CRAM-MD5")}
    > AUTH CRAM-MD5
    < 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
    > YWxpY2UgZjk1ZmM2NDRmNTU4NzgzMzY2NDk2ZDFhYTI4MzI4NjU=
    < 535 5.7.8 no
    ${quit}`,
  );
  assertEquals(result(conversation), ["AuthRejected", "auth", 535]);
});

Deno.test("a challenge that makes no sense is cancelled", () => {
  for (const mechanism of ["CRAM-MD5", "SCRAM-SHA-256"]) {
    const command = mechanism === "CRAM-MD5"
      ? "AUTH CRAM-MD5"
      : "AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPXJPcHJOR2Z3RWJlUldnYk5Fa3FP";
    const { conversation, events } = playSecretly(
      auth({ mechanisms: [mechanism as Mechanism] }),
      `${secure(mechanism)}
      > ${command}
      < 334 Go ahead!
      > *
      < 501 5.7.0 cancelled
      ${quit}`,
    );
    assertEquals(result(conversation), ["AuthBroken", "auth", 501]);
    assertEquals(events.flatMap((event) => event._tag === "Turned" ? [event.turn] : []), ["auth-cancelled"]);
  }
});

Deno.test("a server that cannot prove that it knows the password is not believed", () => {
  const { conversation } = playSecretly(
    auth(),
    `${secure("SCRAM-SHA-256")}
    > AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPXJPcHJOR2Z3RWJlUldnYk5Fa3FP
    < 235 2.7.0 come in
    ${quit}`,
  );
  assertEquals(result(conversation), ["AuthBroken", "auth", 235]);
});

Deno.test("XOAUTH2 answers the error report with an empty line", () => {
  const { conversation } = playSecretly(
    token("XOAUTH2"),
    `${secure("XOAUTH2")}
    > AUTH XOAUTH2 ${btoa(`user=alice\x01auth=Bearer ${bearer}\x01\x01`)}
    < 334 eyJzdGF0dXMiOiI0MDEifQ==
    >
    < 535 5.7.8 no
    ${quit}`,
  );
  assertEquals(result(conversation), ["AuthRejected", "auth", 535]);
});

Deno.test("4yz is temporary, 421 ends the session", () => {
  const begin = `${secure("PLAIN")}> AUTH PLAIN AGFsaWNlAHdvbmRlciBsYW5k\n`;
  const later = playSecretly(auth(), `${begin}< 454 4.7.0 later\n${quit}`);
  assertEquals(result(later.conversation), ["AuthTemporary", "auth", 454]);
  const gone = playSecretly(auth(), `${begin}< 421 4.7.0 bye`);
  assertEquals(result(gone.conversation), ["Refused", "auth", 421]);
});

Deno.test("a server that asks without end is cut off", () => {
  const { conversation } = playSecretly(
    auth({ mechanisms: ["LOGIN"] }),
    `${secure("LOGIN")}> AUTH LOGIN\n< 334 Zm9v\n> YWxpY2U=\n< 334 Zm9v\n> ${
      btoa(secret)
    }\n< 334 Zm9v\n> *\n< 501 ok\n${quit}`,
  );
  assertEquals(result(conversation), ["AuthBroken", "auth", 501]);
});

Deno.test("a broken reply that echoes the password does not show it", () => {
  const { conversation } = playSecretly(
    auth(),
    `${secure("PLAIN")}> AUTH PLAIN AGFsaWNlAHdvbmRlciBsYW5k\n< !${secret}!\n`,
  );
  assertEquals([conversation.failure?.reason, conversation.failure?.stage], ["BadReply", "auth"]);
  assertStringIncludes(conversation.failure?.message ?? "", "***");
});

Deno.test("what gives the password away is not said in clear, unless it is allowed by name", () => {
  const refused = playSecretly(auth(), `${inClear("PLAIN LOGIN")}${quit}`);
  assertEquals(result(refused.conversation), ["PlaintextAuthRefused", "auth", undefined]);
  const other = playSecretly(auth({ allowInClear: ["LOGIN"] }), `${inClear("PLAIN")}${quit}`);
  assertEquals(result(other.conversation), ["PlaintextAuthRefused", "auth", undefined]);
  const allowed = playSecretly(
    auth({ allowInClear: ["PLAIN"] }),
    `${inClear("PLAIN LOGIN")}> AUTH PLAIN AGFsaWNlAHdvbmRlciBsYW5k\n< 235 ok\n${quit}`,
  );
  assertEquals(result(allowed.conversation), "PLAIN");
});

Deno.test("nothing in common, nothing offered", () => {
  const none = playSecretly(auth(), `${secure("GSSAPI NTLM")}${quit}`);
  assertEquals(result(none.conversation), ["NoCommonMechanism", "auth", undefined]);
  const unwanted = playSecretly(auth({ mechanisms: ["SCRAM-SHA-256"] }), `${secure("PLAIN")}${quit}`);
  assertEquals(result(unwanted.conversation), ["NoCommonMechanism", "auth", undefined]);
  const nothing = playSecretly(auth(), `* tls\n< 220 mx\n> EHLO c.test\n< 250 mx\n${quit}`);
  assertEquals(result(nothing.conversation), ["AuthNotOffered", "auth", undefined]);
});

Deno.test("what was said in AUTH stays hidden for the rest of the conversation", () => {
  const { events } = play(
    { auth: auth() },
    `${secure("PLAIN")}
    > AUTH PLAIN AGFsaWNlAHdvbmRlciBsYW5k
    < 235 ok
    > MAIL FROM:<a@c.test>
    < 550 5.7.1 ${secret} (${btoa(secret)}) may not
    ${quit}`,
    [sayHello, send(envelope(["b@d.test"]))],
  );
  const heard = events.flatMap((event) => event._tag === "Heard" ? Reply.wireLines(event.reply) : []);
  assertEquals(heard.at(-2), "550 5.7.1 *** (***) may not");
});

Deno.test("a password that is a word of the protocol does not hide the word from the client", () => {
  const { conversation } = play(
    { auth: auth({ credentials: { _tag: "Password", user: "alice", password: Redacted.make("PLAIN") } }) },
    `${secure("PLAIN")}
    > AUTH PLAIN ${btoa("\0alice\0PLAIN")}
    < 235 ok
    ${quit}`,
    [sayHello],
  );
  assertEquals(result(conversation), "PLAIN");
});
