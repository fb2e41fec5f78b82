// STARTTLS and implicit TLS without sockets (RFC 3207, RFC 8314).
import * as ServerProtocol from "@plausch/sink/server-protocol";
import { assert, assertEquals } from "@std/assert";
import { chunkings, latin1, octets } from "../support/cases.ts";
import { certificateOf } from "./_tls_report.ts";
import { rehearse } from "./_transcript.ts";

const starttls = { tls: "starttls", offers: ["STARTTLS", "REQUIRETLS", "ENHANCEDSTATUSCODES"] } as const;
const opening = `
  < 220 sink.test ESMTP plausch sink
  > EHLO c.test
  < 250-sink.test greets c.test
  < 250-ENHANCEDSTATUSCODES
  < 250 STARTTLS`;
const secured = `${opening}
  > STARTTLS
  < 220 2.0.0 Ready for TLS
  = tls
  > EHLO again.test
  < 250-sink.test greets again.test
  < 250-ENHANCEDSTATUSCODES
  < 250 REQUIRETLS`;

Deno.test("STARTTLS: a message under TLS says so; STARTTLS is not offered again, REQUIRETLS is (RFC 8689 section 2)", () => {
  const { stored: [message] } = rehearse(
    `${secured}
    > STARTTLS
    < 503 5.5.1 TLS is on already
    > MAIL FROM:<a@c.test> REQUIRETLS
    < 250 2.1.0 Sender taken
    > RCPT TO:<b@d.test>
    < 250 2.1.5 Recipient taken
    > DATA
    < 354 Go ahead; end with a line that is a single dot
    > .
    = stored
    < 250 2.0.0 Stored as 1`,
    starttls,
  );
  assertEquals([message?.protocol, message?.helo, message?.mailParameters], [
    "ESMTPS",
    "again.test",
    { requireTls: true },
  ]);
  assertEquals(message?.tls?.cipher, "TLS_AES_128_GCM_SHA256");
});

Deno.test("STARTTLS: what was said in clear is forgotten", () => {
  rehearse(
    `${opening}
    > STARTTLS
    < 220 2.0.0 Ready for TLS
    = tls
    > MAIL FROM:<a@c.test>
    < 503 5.5.1 MAIL comes after EHLO or HELO, and only once in a transaction
    > HELO c.test
    < 250 sink.test`,
    starttls,
  );
});

const injections: ReadonlyArray<readonly [name: string, flight: string]> = [
  ["a command", "STARTTLS\\r\\nRSET\\r\\n"],
  ["one octet", "STARTTLS\\r\\nR"],
  [
    "a whole message",
    "STARTTLS\\r\\nEHLO evil\\r\\nMAIL FROM:<evil@x.test>\\r\\nRCPT TO:<b@d.test>\\r\\nDATA\\r\\n.\\r\\n",
  ],
];
for (const [name, flight] of injections) {
  Deno.test(`STARTTLS: ${name} behind it in clear is refused, and the connection over`, () => {
    const { stored, events } = rehearse(
      `${opening}
      >> ${flight}
      < 554 5.5.1 Nothing may follow STARTTLS in clear; closing
      = over
      > NOOP
      = over`,
      starttls,
    );
    assertEquals(stored, []);
    assertEquals(events.filter(({ _tag }) => _tag === "Heard").length, 2, "nothing behind it was heard");
  });
}

Deno.test("STARTTLS: what comes in clear before the handshake begins is refused, too", () => {
  rehearse(
    `${opening}
    > STARTTLS
    < 220 2.0.0 Ready for TLS
    > EHLO evil.test
    < 554 5.5.1 Nothing may follow STARTTLS in clear; closing
    = over`,
    starttls,
  );
});

Deno.test("STARTTLS: only its place is right after EHLO, and it takes no argument", () => {
  rehearse(
    `
    < 220 sink.test ESMTP plausch sink
    > STARTTLS
    < 503 5.5.1 STARTTLS comes after EHLO
    > EHLO c.test
    < 250-sink.test greets c.test
    < 250-ENHANCEDSTATUSCODES
    < 250 STARTTLS
    > STARTTLS now
    < 501 5.5.4 Bad command "STARTTLS now": the command takes no argument
    > MAIL FROM:<a@c.test> REQUIRETLS
    < 555 5.5.4 Parameter not recognized: REQUIRETLS
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken
    > STARTTLS
    < 503 5.5.1 STARTTLS comes after EHLO`,
    starttls,
  );
});

Deno.test("STARTTLS: not offered, it is not known", () => {
  for (const options of [{ offers: ["STARTTLS"] }, { tls: "starttls", offers: [] }] as const) {
    rehearse(
      `
      < 220 sink.test ESMTP plausch sink
      > EHLO c.test
      < 250 sink.test greets c.test
      > STARTTLS
      < 502 STARTTLS is not implemented here
      = silence`,
      options,
    );
  }
});

Deno.test("STARTTLS: required, it comes before all that is of use (RFC 3207 section 4)", () => {
  rehearse(
    `${opening}
    > MAIL FROM:<a@c.test>
    < 530 5.7.0 Say STARTTLS first
    > VRFY b@d.test
    < 530 5.7.0 Say STARTTLS first
    > NOOP
    < 250 2.0.0 Still here
    > STARTTLS
    < 220 2.0.0 Ready for TLS
    = tls
    > EHLO c.test
    < 250-sink.test greets c.test
    < 250-ENHANCEDSTATUSCODES
    < 250 REQUIRETLS
    > MAIL FROM:<a@c.test>
    < 250 2.1.0 Sender taken`,
    { ...starttls, requireTls: true },
  );
});

Deno.test("implicit TLS: the greeting comes after the handshake, and STARTTLS is not for here", () => {
  const server = ServerProtocol.make({ host: "sink.test", tls: "implicit", offers: ["STARTTLS", "REQUIRETLS"] });
  const say = (text: string) => {
    server.receive(octets(text));
    return latin1(server.output() ?? new Uint8Array());
  };
  server.greet();
  assertEquals([server.output(), server.wantsTls], [undefined, true]);
  server.secured(certificateOf("client.test"));
  assertEquals(latin1(server.output()!), "220 sink.test ESMTP plausch sink\r\n");
  assertEquals(server.wantsTls, false);
  assertEquals(say("EHLO c.test\r\n"), "250-sink.test greets c.test\r\n250 REQUIRETLS\r\n");
  assertEquals(say("STARTTLS\r\n"), "503 TLS is on already\r\n");
});

Deno.test("a handshake that nobody asked for changes nothing", () => {
  const { server } = rehearse(opening, starttls);
  server.secured();
  server.receive(octets("EHLO c.test\r\n"));
  assert(latin1(server.output()!).includes("STARTTLS"));
});

Deno.test("while the handshake is under way a 421 would be read as TLS: the server just goes", () => {
  const { server } = rehearse(`${opening}\n> STARTTLS\n< 220 2.0.0 Ready for TLS`, starttls);
  server.close("timeout");
  assertEquals([server.isOver, server.wantsTls, server.output()], [true, false, undefined]);
});

Deno.test("however the connection is cut, nothing behind STARTTLS in one piece with it is heard", () => {
  const wire = octets("EHLO c.test\r\nSTARTTLS\r\nMAIL FROM:<evil@x.test>\r\n");
  for (const chunks of chunkings(wire, 300)) {
    const { server, events } = rehearse("< 220 sink.test ESMTP plausch sink", starttls);
    for (const chunk of chunks) server.receive(chunk);
    const heard = events.flatMap((event) => event._tag === "Heard" ? [event.line] : []);
    assertEquals(heard, ["EHLO c.test", "STARTTLS"]);
    assert(server.isOver && !server.wantsTls);
  }
});
