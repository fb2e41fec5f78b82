import { assertEquals } from "@std/assert";
import * as ExtensionPolicy from "@plausch/session/extension-policy";
import * as Outcome from "@plausch/session/outcome";
import type { MailParameters } from "@plausch/smtp/parameter";
import { envelope, play, sayHello, send, verdicts } from "./_by_transcript.ts";

const plain = "< 220 mx\n> EHLO c.test\n< 250 mx\n";
const quit = "> QUIT\n< 221 bye";

const asked: ReadonlyArray<readonly [extension: ExtensionPolicy.Extension, parameters: MailParameters]> = [
  ["DSN", { ret: "HDRS" }],
  ["DSN", { envid: "1" }],
  ["DELIVERBY", { by: { seconds: 60, mode: "R" } }],
  ["FUTURERELEASE", { holdFor: 60 }],
  ["FUTURERELEASE", { holdUntil: "2026-12-24T18:00:00Z" }],
  ["MT-PRIORITY", { mtPriority: 3 }],
  ["AUTH", { auth: "<>" }],
  ["REQUIRETLS", { requireTls: true }],
];

for (const [extension, parameters] of asked) {
  const name = `${extension} (${Object.keys(parameters)})`;
  const to = envelope(["b@d.test"], parameters);

  Deno.test(`${name} not offered, policy fail: nothing of the transaction is said`, () => {
    const { recipients } = play({ unsupported: ExtensionPolicy.all("fail") }, plain + quit, [sayHello, send(to)]);
    const reason = extension === "REQUIRETLS" ? "550 RequireTlsNotOffered" : "555 NotOffered";
    assertEquals(verdicts(recipients), [`rejected mail ${reason}`]);
    if (extension !== "REQUIRETLS") assertEquals(recipients[0]?.extension, extension);
    assertEquals(Outcome.next(recipients), "next-host");
  });

  Deno.test(`${name} not offered, policy drop: it is left out, and the outcome says so`, () => {
    const { conversation } = play(
      { unsupported: ExtensionPolicy.all("drop") },
      `${plain}> MAIL FROM:<a@c.test>\n< 550 no\n${quit}`,
      [sayHello, send(to)],
    );
    assertEquals(conversation.adaptations, [{ extension, action: "drop" }]);
  });

  Deno.test(`${name} not offered, policy downgrade: there is nothing nearly as good`, () => {
    const { recipients } = play({ unsupported: ExtensionPolicy.all("downgrade") }, plain + quit, [sayHello, send(to)]);
    assertEquals(recipients.map(({ verdict, stage }) => [verdict, stage]), [["rejected", "mail"]]);
  });
}

Deno.test("a delivery time that is only to be told of is left out by a downgrade", () => {
  const { conversation } = play(
    { unsupported: ExtensionPolicy.make({ DELIVERBY: "downgrade" }) },
    `${plain}> MAIL FROM:<a@c.test>\n< 550 no\n${quit}`,
    [sayHello, send(envelope(["b@d.test"], { by: { seconds: 60, mode: "N" } }))],
  );
  assertEquals(conversation.adaptations, [{ extension: "DELIVERBY", action: "downgrade" }]);
});

Deno.test("what one recipient asks for is looked at, and dropped with the rest", () => {
  const { recipients: [one], ...rest } = envelope(["b@d.test"]);
  const to = { ...rest, recipients: [{ ...one!, parameters: { notify: "NEVER" as const } }] };
  assertEquals(verdicts(play({}, plain + quit, [sayHello, send(to)]).recipients), ["rejected mail 555 NotOffered"]);
  play(
    { unsupported: ExtensionPolicy.make({ DSN: "drop" }) },
    `${plain}> MAIL FROM:<a@c.test>\n< 250 ok\n> RCPT TO:<b@d.test>\n< 550 no\n${quit}`,
    [sayHello, send(to)],
  );
});

Deno.test("pipelining that is asked for by name", () => {
  const to = envelope(["b@d.test"]);
  const fails = play(
    { pipelining: true, unsupported: ExtensionPolicy.make({ PIPELINING: "fail" }) },
    plain + quit,
    [sayHello, send(to)],
  );
  assertEquals(verdicts(fails.recipients), ["rejected mail 555 NotOffered"]);
  const goesOn = play(
    { pipelining: true },
    `${plain}> MAIL FROM:<a@c.test>\n< 550 no\n${quit}`,
    [sayHello, send(to)],
  );
  assertEquals(goesOn.conversation.adaptations, [{ extension: "PIPELINING", action: "downgrade" }]);
});

Deno.test("what is offered is said, in the order of the grammar", () => {
  play(
    {},
    `< 220 mx
    > EHLO c.test
    < 250-mx
    < 250-DSN
    < 250-DELIVERBY 30
    < 250-MT-PRIORITY
    < 250 FUTURERELEASE 86400 2027-01-01T00:00:00Z
    > MAIL FROM:<a@c.test> RET=FULL ENVID=1 BY=60;R HOLDFOR=60 MT-PRIORITY=-2
    < 550 no
    ${quit}`,
    [
      sayHello,
      send(
        envelope(["b@d.test"], {
          ret: "FULL",
          envid: "1",
          by: { seconds: 60, mode: "R" },
          holdFor: 60,
          mtPriority: -2,
        }),
      ),
    ],
  );
});

const limited = `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250-DELIVERBY 60
  < 250 FUTURERELEASE 3600 2030-01-01T00:00:00Z
`;

const beyond: ReadonlyArray<readonly [parameters: MailParameters, refusal: string]> = [
  [{ by: { seconds: 59, mode: "R" } }, "555 LimitExceeded"],
  [{ holdFor: 3601 }, "501 LimitExceeded"],
  [{ holdUntil: "2030-01-01T00:00:01Z" }, "501 LimitExceeded"],
  [{ holdUntil: "2030-01-01T00:00:00.5Z" }, "501 LimitExceeded"],
];

for (const [parameters, refusal] of beyond) {
  const to = envelope(["b@d.test"], parameters);

  Deno.test(`beyond what the server says it can do: ${JSON.stringify(parameters)}`, () => {
    const { recipients } = play({}, limited + quit, [sayHello, send(to)]);
    assertEquals(verdicts(recipients), [`rejected mail ${refusal}`]);
    assertEquals(Outcome.next(recipients), "next-host");
    const { conversation } = play(
      { unsupported: ExtensionPolicy.all("drop") },
      `${limited}> MAIL FROM:<a@c.test>\n< 550 no\n${quit}`,
      [sayHello, send(to)],
    );
    assertEquals(conversation.adaptations, [{ extension: recipients[0]!.extension!, action: "drop" }]);
  });
}

const within: ReadonlyArray<readonly [parameters: MailParameters, said: string]> = [
  [{ by: { seconds: 60, mode: "R" } }, "BY=60;R"],
  // Who is only told may be told at any time, also of what is late already.
  [{ by: { seconds: 1, mode: "N" } }, "BY=1;N"],
  [{ by: { seconds: -5, mode: "N", trace: true } }, "BY=-5;NT"],
  [{ holdFor: 3600 }, "HOLDFOR=3600"],
  [{ holdUntil: "2030-01-01T00:00:00Z" }, "HOLDUNTIL=2030-01-01T00:00:00Z"],
  [{ holdUntil: "2029-12-31T23:59:60Z" }, "HOLDUNTIL=2029-12-31T23:59:60Z"],
];

for (const [parameters, said] of within) {
  Deno.test(`just within it: ${said}`, () => {
    play({}, `${limited}> MAIL FROM:<a@c.test> ${said}\n< 550 no\n${quit}`, [
      sayHello,
      send(envelope(["b@d.test"], parameters)),
    ]);
  });
}

Deno.test("a server that tells no minimum takes any time", () => {
  play(
    {},
    `< 220 mx\n> EHLO c.test\n< 250-mx\n< 250 DELIVERBY\n> MAIL FROM:<a@c.test> BY=1;R\n< 550 no\n${quit}`,
    [sayHello, send(envelope(["b@d.test"], { by: { seconds: 1, mode: "R" } }))],
  );
});
