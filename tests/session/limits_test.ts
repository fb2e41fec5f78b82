import { assertEquals } from "@std/assert";
import { envelope, message, play, sayHello, send, verdicts } from "./_by_transcript.ts";

const hello = (limits: string): string => `
  < 220 mx
  > EHLO c.test
  < 250-mx
  < 250-PIPELINING
  < 250 LIMITS ${limits}
`;

/** A transaction whose recipients are all taken. */
const round = (...to: ReadonlyArray<string>): string =>
  [
    "> MAIL FROM:<a@c.test>",
    ...to.map((recipient) => `> RCPT TO:<${recipient}>`),
    "> DATA",
    "< 250 ok",
    ...to.map(() => "< 250 ok"),
    "< 354 go",
    "> hi",
    "> .",
    "< 250 ok",
    "",
  ].join("\n");

const quit = "> QUIT\n< 221 bye";
const hi = message("hi\r\n");

const turns = (events: ReturnType<typeof play>["events"]) =>
  events.flatMap((event) => event._tag === "Turned" ? [event.turn] : []);

Deno.test("RCPTMAX: the rest follows in further transactions", () => {
  const to = ["1@d.test", "2@d.test", "3@d.test", "4@d.test", "5@d.test"];
  const { recipients, events } = play(
    {},
    hello("RCPTMAX=2") + round(...to.slice(0, 2)) + round(...to.slice(2, 4)) + round(...to.slice(4)) + quit,
    [sayHello, send(envelope(to), hi)],
  );
  assertEquals(recipients.map(({ address, verdict }) => [address, verdict]), to.map((each) => [each, "accepted"]));
  assertEquals(turns(events), ["limit", "limit"]);
});

Deno.test("RCPTDOMAINMAX: a connection has so many domains, whatever their case; the others wait for another one", () => {
  const to = ["1@x.test", "2@Y.test", "3@X.test", "4@z.test", "5@y.test"];
  const { recipients } = play(
    {},
    hello("RCPTDOMAINMAX=1") + round("1@x.test", "3@X.test") + quit,
    [sayHello, send(envelope(to), hi)],
  );
  const waits = "deferred mail SessionLimit";
  assertEquals(verdicts(recipients), ["accepted final 250", waits, "accepted final 250", waits, waits]);
});

Deno.test("domains count over all messages of a connection", () => {
  const first: Array<string> = [];
  const { recipients, events } = play({}, hello("RCPTDOMAINMAX=2") + round("1@x.test") + round("2@y.test") + quit, [
    sayHello,
    send(envelope(["1@x.test"]), hi),
    send(envelope(["2@y.test"]), hi),
    (conversation) => {
      first.push(...verdicts(conversation.recipients));
      send(envelope(["3@z.test"]), hi)(conversation);
    },
  ]);
  assertEquals(first, ["accepted final 250"]);
  assertEquals(verdicts(recipients), ["deferred mail SessionLimit"]);
  assertEquals(turns(events), ["limit"]);
});

Deno.test("both limits at once", () => {
  const { recipients } = play(
    {},
    hello("RCPTDOMAINMAX=2 RCPTMAX=2") + round("1@x.test", "2@y.test") + round("4@x.test") + quit,
    [sayHello, send(envelope(["1@x.test", "2@y.test", "3@z.test", "4@x.test"]), hi)],
  );
  const all = ["accepted final 250", "accepted final 250", "deferred mail SessionLimit", "accepted final 250"];
  assertEquals(verdicts(recipients), all);
});

Deno.test("MAILMAX: what is beyond it waits for another connection", () => {
  const { recipients } = play(
    {},
    hello("MAILMAX=2 RCPTMAX=1") + round("1@d.test") + round("2@d.test") + quit,
    [sayHello, send(envelope(["1@d.test", "2@d.test", "3@d.test"]), hi)],
  );
  assertEquals(verdicts(recipients), ["accepted final 250", "accepted final 250", "deferred mail SessionLimit"]);
});

Deno.test("a server that takes fewer than it said postpones; those go with the others that wait", () => {
  const { recipients, events } = play(
    {},
    `${hello("RCPTMAX=3")}
    > MAIL FROM:<a@c.test>
    > RCPT TO:<1@d.test>
    > RCPT TO:<2@d.test>
    > RCPT TO:<3@d.test>
    > DATA
    < 250 ok
    < 250 ok
    < 452 4.5.3 too many
    < 452 4.5.3 too many
    < 354 go
    > hi
    > .
    < 250 ok
    ${round("2@d.test", "3@d.test", "4@d.test")}
    ${quit}`,
    [sayHello, send(envelope(["1@d.test", "2@d.test", "3@d.test", "4@d.test"]), hi)],
  );
  assertEquals(recipients.map(({ verdict }) => verdict), ["accepted", "accepted", "accepted", "accepted"]);
  assertEquals(turns(events), ["too-many-recipients"]);
});
