import { assertEquals, assertStringIncludes } from "@std/assert";
import * as Conversation from "@plausch/session/conversation";
import { TlsError } from "@plausch/tls/tls-error";
import * as TlsLevel from "@plausch/tls/tls-level";
import { octets } from "../support/cases.ts";
import { envelope, host, play, sayHello, send, verdicts } from "./_by_transcript.ts";

const offered = `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250-SIZE 5
  < 250 STARTTLS
`;
const clear = "< 220 mx\n> EHLO c.test\n< 250 mx\n";
const quit = "> QUIT\n< 221 bye";
const toB = envelope(["b@d.test"]);

const turns = (events: ReturnType<typeof play>["events"]) =>
  events.flatMap((event) => event._tag === "Turned" ? [event.turn] : []);

const summary = ({ refusal, failure }: Conversation.Conversation) => {
  const { reason, stage, reply } = refusal ?? failure ?? {};
  return [reason, stage, reply?.code];
};

for (const tls of TlsLevel.levels.slice(1)) {
  Deno.test(`${tls}: STARTTLS, and what was offered before it is forgotten`, () => {
    const { conversation, events, recipients } = play(
      { tls },
      `${offered}
      > STARTTLS
      < 220 go
      * tls
      > EHLO c.test
      < 250 mx
      > MAIL FROM:<a@c.test>
      < 550 no
      ${quit}`,
      [sayHello, send(toB)],
    );
    assertEquals(verdicts(recipients), ["rejected mail 550"]);
    assertEquals(conversation.isSecure, true);
    assertEquals(events.filter((event) => event._tag === "Secured").length, 1);
    assertEquals(events.flatMap((event) => event._tag === "Said" ? [event.stage] : []), [
      "ehlo",
      "starttls",
      "ehlo-tls",
      "mail",
      "quit",
    ]);
  });

  Deno.test(`${tls}: octets in clear behind the answer to STARTTLS end the connection`, () => {
    for (const chunks of [["220 go\r\n250 evil\r\n"], ["220 go\r\n", "2"], ["220 go\r\n2", "50 evil\r\n"]]) {
      const conversation = Conversation.make({ host, tls });
      conversation.greet();
      conversation.receive(octets("220 mx\r\n"));
      conversation.hello();
      conversation.output();
      conversation.receive(octets("250-mx\r\n250 STARTTLS\r\n"));
      conversation.output();
      for (const chunk of chunks) conversation.receive(octets(chunk));
      assertEquals(summary(conversation), ["StartTlsInjection", "starttls", undefined]);
      assertEquals([conversation.isOver, conversation.output()], [true, undefined]);
    }
  });

  Deno.test(`${tls}: a connection that is encrypted from its beginning needs no STARTTLS`, () => {
    const conversation = Conversation.make({ host, tls });
    conversation.secured(undefined);
    conversation.greet();
    conversation.receive(octets("220 mx\r\n"));
    conversation.hello();
    conversation.output();
    conversation.receive(octets("250-mx\r\n250 STARTTLS\r\n"));
    assertEquals([conversation.isIdle, conversation.refusal, conversation.output()], [true, undefined, undefined]);
  });
}

Deno.test("none: STARTTLS is not said", () => {
  const { conversation } = play({ tls: "none" }, `${offered}${quit}`, [sayHello]);
  assertEquals(conversation.isSecure, false);
});

Deno.test("opportunistic: a refused STARTTLS leaves the conversation in clear, and it is not said again", () => {
  for (const refusal of ["454 4.7.0 not now", "501 no", "500 what"]) {
    const { events, recipients } = play(
      { tls: "opportunistic" },
      `${offered.replace("SIZE 5", "SIZE")}
      > STARTTLS
      < ${refusal}
      > MAIL FROM:<a@c.test> SIZE=21
      < 550 no
      ${quit}`,
      [sayHello, send(toB)],
    );
    assertEquals(verdicts(recipients), ["rejected mail 550"]);
    assertEquals(turns(events), ["in-clear"]);
  }
});

for (const tls of TlsLevel.levels.filter((level) => !TlsLevel.allowsClear(level))) {
  Deno.test(`${tls}: no STARTTLS, no mail; and no HELO`, () => {
    assertEquals(summary(play({ tls }, clear + quit, [sayHello]).conversation), ["TlsNotOffered", "ehlo", undefined]);
    const refused = play({ tls }, `< 220 mx\n> EHLO c.test\n< 502 what\n${quit}`, [sayHello]);
    assertEquals(summary(refused.conversation), ["TlsNotOffered", "ehlo", 502]);
    const masked = play({ tls }, `< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 XXXXXXXA\n${quit}`, [sayHello]);
    assertEquals(summary(masked.conversation), ["TlsNotOffered", "ehlo", undefined]);
    const answered = play({ tls }, `${offered}> STARTTLS\n< 454 no\n${quit}`, [sayHello]);
    assertEquals(summary(answered.conversation), ["TlsRefused", "starttls", 454]);
  });
}

Deno.test("a handshake that fails ends the connection, without a word in clear", () => {
  const conversation = Conversation.make({ host });
  conversation.greet();
  conversation.receive(octets("220 mx\r\n"));
  conversation.hello();
  conversation.output();
  conversation.receive(octets("250-mx\r\n250 STARTTLS\r\n"));
  conversation.output();
  conversation.receive(octets("220 go\r\n"));
  assertEquals([conversation.isHandshakeDue, conversation.isIdle, conversation.stage], [true, false, "tls"]);
  assertEquals([conversation.output(), conversation.mayQuit], [undefined, false]);
  conversation.expire();
  assertEquals(summary(conversation), ["TlsFailed", "tls", undefined]);
  assertEquals(conversation.failure?.cause instanceof TlsError && conversation.failure.cause.reason, "Timeout");
  assertStringIncludes(conversation.failure?.message ?? "", "TLS handshake");
});

Deno.test("EHLO is refused after TLS: no HELO", () => {
  const { conversation } = play(
    { tls: "opportunistic" },
    `${offered}> STARTTLS\n< 220 go\n* tls\n> EHLO c.test\n< 502 what\n${quit}`,
    [sayHello],
  );
  assertEquals(summary(conversation), ["Refused", "ehlo-tls", 502]);
});

const stages: ReadonlyArray<readonly [until: Conversation.HelloUntil, transcript: string, mayQuit: boolean]> = [
  ["ehlo", offered, true],
  ["starttls", `${offered}> STARTTLS\n< 220 go\n`, false],
  ["tls", `${offered}> STARTTLS\n< 220 go\n* tls\n`, true],
  ["ehlo-tls", `${offered}> STARTTLS\n< 220 go\n* tls\n> EHLO c.test\n< 250 mx\n`, true],
  [
    "xforward",
    `${offered}> STARTTLS\n< 220 go\n* tls\n> EHLO c.test\n< 250-mx\n< 250 XFORWARD NAME\n> XFORWARD NAME=c.test\n< 250 ok\n`,
    true,
  ],
];
for (const [until, transcript, mayQuit] of stages) {
  Deno.test(`the introduction can stop after ${until}`, () => {
    const xforward = until === "xforward" ? [["NAME", "c.test"]] as const : undefined;
    const { conversation } = play({ xforward }, transcript + (mayQuit ? quit : ""), [(self) => self.hello(until)]);
    assertEquals(conversation.failure, undefined);
    assertEquals(conversation.mayQuit, false);
  });
}

Deno.test("XCLIENT begins anew after STARTTLS, and XFORWARD comes last", () => {
  const xclient = [["ADDR", "192.0.2.1"], ["NAME", "a b"]] as const;
  const xforward = [["ADDR", "192.0.2.1"]] as const;
  const { conversation } = play(
    { xclient, xforward },
    `${offered}
    > STARTTLS
    < 220 go
    * tls
    > EHLO c.test
    < 250-mx
    < 250-XCLIENT NAME ADDR
    < 250 XFORWARD NAME ADDR
    > XCLIENT ADDR=192.0.2.1 NAME=a+20b
    < 220 mx again
    > EHLO c.test
    < 250-mx
    < 250-XCLIENT NAME ADDR
    < 250 XFORWARD NAME ADDR
    > XFORWARD ADDR=192.0.2.1
    < 250 ok
    ${quit}`,
    [sayHello],
  );
  assertEquals(conversation.refusal, undefined);
  const missing = play({ xclient }, clear + quit, [sayHello]);
  assertEquals(summary(missing.conversation), ["XclientNotOffered", "xclient", undefined]);
  const refused = play(
    { xclient: [["ADDR", "192.0.2.1"]] },
    `< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 XCLIENT ADDR\n> XCLIENT ADDR=192.0.2.1\n< 550 no\n${quit}`,
    [sayHello],
  );
  assertEquals(summary(refused.conversation), ["XclientRefused", "xclient", 550]);
});

Deno.test("REQUIRETLS is not said to a server that has not proven who it is (RFC 8689 section 4.2.1)", () => {
  const asked = envelope(["b@d.test"], { requireTls: true });
  const secure = "* tls\n< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 REQUIRETLS\n";
  const unproven = play({ tls: "required" }, secure + quit, [sayHello, send(asked)]);
  assertEquals(verdicts(unproven.recipients), ["rejected mail 550 RequireTlsNotOffered"]);
  const proven = play(
    { tls: "verified" },
    `${secure}> MAIL FROM:<a@c.test> REQUIRETLS\n< 550 no\n${quit}`,
    [sayHello, send(asked)],
  );
  assertEquals(verdicts(proven.recipients), ["rejected mail 550"]);
});
