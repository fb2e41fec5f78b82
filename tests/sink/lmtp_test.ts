// LMTP (RFC 2033), by transcript.
import * as Limits from "@plausch/sink/limits";
import type { Policy } from "@plausch/sink/policy";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assertEquals } from "@std/assert";
import { latin1 } from "../support/cases.ts";
import { rehearse } from "./_transcript.ts";

const full: Policy = {
  delivery: (path) => {
    if (Path.address(path) === "full@d.test") return Reply.make(452, "4.2.2 No room");
    return Path.address(path) === "far@d.test" ? Reply.make(251, "2.1.5 Sent on") : undefined;
  },
};
const lmtp = { protocol: "lmtp", offers: ["PIPELINING", "ENHANCEDSTATUSCODES", "CHUNKING", "DSN"] } as const;

const opening = `
  < 220 sink.test LMTP plausch sink
  > LHLO c.test
  < 250-sink.test greets c.test
  < 250-PIPELINING
  < 250-ENHANCEDSTATUSCODES
  < 250-DSN
  < 250 CHUNKING
  > MAIL FROM:<a@c.test>
  < 250 2.1.0 Sender taken`;

const to = (...names: ReadonlyArray<string>) =>
  names.map((name) => `
    > RCPT TO:<${name}@d.test> NOTIFY=NEVER ORCPT=rfc822;${name}@x.test
    < 250 2.1.5 Recipient taken`).join("");

const data = `
  > DATA
  < 354 Go ahead; end with a line that is a single dot
  > hi`;

const recipients = (transcript: string, policy?: Policy) =>
  rehearse(transcript, { ...lmtp, policy }).stored.map((message) => ({
    to: message.forwardPaths.map(Path.address),
    orcpt: message.rcptParameters?.map(({ orcpt }) => orcpt?.address),
    protocol: message.protocol,
    message: latin1(message.octets),
  }));

Deno.test("LMTP: each recipient has a reply of its own", () => {
  const transcript = `${opening}${to("b", "c")}${data}
    > .
    = stored
    < 250 2.0.0 Stored as 1
    < 250 2.0.0 Stored as 1
    > QUIT
    < 221 2.0.0 sink.test says goodbye
    = over`;
  assertEquals(recipients(transcript), [
    { to: ["b@d.test", "c@d.test"], orcpt: ["b@x.test", "c@x.test"], protocol: "LMTP", message: "hi\r\n" },
  ]);
});

Deno.test("LMTP: a message is stored for those whom it is taken for, and the others are told why not, in order", () => {
  const transcript = `${opening}${to("b", "full", "far")}${data}
    > .
    = stored
    < 250 2.0.0 Stored as 1
    < 452 4.2.2 No room
    < 251 2.1.5 Sent on`;
  assertEquals(recipients(transcript, full), [
    { to: ["b@d.test", "far@d.test"], orcpt: ["b@x.test", "far@x.test"], protocol: "LMTP", message: "hi\r\n" },
  ]);
});

Deno.test("LMTP: a message that nobody can take is not stored", () => {
  const transcript = `${opening}${to("full", "full")}${data}
    > .
    < 452 4.2.2 No room
    < 452 4.2.2 No room
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`;
  assertEquals(recipients(transcript, full), []);
});

Deno.test("LMTP: when the store fails only those are told so that it failed for", () => {
  const transcript = `${opening}${to("b", "full")}${data}
    > .
    = not stored
    < 451 4.3.0 Cannot store the message now
    < 452 4.2.2 No room`;
  assertEquals(recipients(transcript, full), []);
});

Deno.test("LMTP: recipients that were refused have no reply after the dot", () => {
  const policy: Policy = {
    recipient: (path) => Path.address(path).startsWith("no") ? Reply.make(550, "5.1.1 No") : undefined,
  };
  const transcript = `${opening}
    > RCPT TO:<no@d.test>
    < 550 5.1.1 No
    > DATA
    < 503 5.5.1 DATA comes after RCPT${to("b")}
    > RCPT TO:<no2@d.test>
    < 550 5.1.1 No${data}
    > .
    = stored
    < 250 2.0.0 Stored as 1`;
  assertEquals(recipients(transcript, policy).map(({ to }) => to), [["b@d.test"]]);
});

Deno.test("LMTP: chunks have one reply each, and the last has one for each recipient", () => {
  const transcript = `${opening}${to("b", "full")}
    > BDAT 2
    >> hi
    < 250 2.0.0 2 octets taken
    > BDAT 2 LAST
    >> \\r\\n
    = stored
    < 250 2.0.0 Stored as 1
    < 452 4.2.2 No room
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`;
  assertEquals(recipients(transcript, full).map(({ message }) => message), ["hi\r\n"]);
});

for (const end of ["> .", "the last chunk"]) {
  Deno.test(`LMTP: a message too large is refused for each recipient, after ${end}`, () => {
    const reply = "< 552 5.3.4 Message too big: the limit is 3 octets";
    const content = end === "> ." ? `${data}\n> .` : `\n> BDAT 4 LAST\n>> hi\\r\\n`;
    rehearse(`${opening}${to("b", "c")}${content}\n${reply}\n${reply}`, {
      ...lmtp,
      limits: { ...Limits.defaults, messageOctets: 3 },
    });
  });
}

Deno.test("LMTP: the site may refuse the message as a whole", () => {
  const policy: Policy = { message: () => Reply.make(554, "5.6.0 Spam"), delivery: () => undefined };
  const transcript = `${opening}${to("b", "c")}${data}
    > .
    < 554 5.6.0 Spam
    < 554 5.6.0 Spam`;
  assertEquals(recipients(transcript, policy), []);
});

Deno.test("LMTP knows neither HELO nor EHLO, and SMTP no LHLO (RFC 2033 section 4.1)", () => {
  rehearse(
    `
    < 220 sink.test LMTP plausch sink
    > EHLO c.test
    < 500 5.5.1 Say LHLO here
    > HELO c.test
    < 500 5.5.1 Say LHLO here
    > MAIL FROM:<>
    < 503 5.5.1 MAIL comes after LHLO, and only once in a transaction`,
    lmtp,
  );
  rehearse(`
    < 220 sink.test ESMTP plausch sink
    > LHLO c.test
    < 500 5.5.1 Say EHLO here
    > MAIL FROM:<>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction`);
});
