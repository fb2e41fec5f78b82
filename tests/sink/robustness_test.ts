// Whatever comes in, in whatever pieces: nothing throws, nothing grows, and the same octets mean the same.
import * as Authentication from "@plausch/sink/authentication";
import * as Extension from "@plausch/sink/extension";
import * as Fault from "@plausch/sink/fault";
import * as Limits from "@plausch/sink/limits";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { isDeepStrictEqual } from "node:util";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { cut, noise, sample, wildTalk } from "./_arbitrary.ts";
import { play } from "./_by_hand.ts";

const limits: Limits.Limits = {
  ...Limits.defaults,
  messageOctets: 100,
  recipients: 1,
  transactions: 9,
  recipientDomains: 1,
  faults: 3,
  lineOctets: 80,
};
const everything: Partial<ServerProtocol.Options> = {
  limits,
  offers: Extension.all,
  authentication: {
    users: Authentication.users({ tim: Redacted.make("tim") }),
    allowInClear: ["PLAIN", "LOGIN"],
    nonce: () => "n@sink.test",
  },
};

for (const protocol of ["smtp", "lmtp"] as const) {
  property(
    `${protocol}: with everything on, replies and messages are the same for every chunking and every slowness of the store`,
    wildTalk,
    ({ text, cuts }) => {
      const talk = protocol === "lmtp" ? text.replaceAll("EHLO", "LHLO") : text;
      const options = { ...everything, protocol };
      const wire = octets(talk);
      const whole = play([wire], options);
      return [cut(wire, cuts), cut(wire, [1])].every((chunks) =>
        isDeepStrictEqual(play(chunks, options), whole) && isDeepStrictEqual(play(chunks, options, "late"), whole)
      );
    },
  );
}

Deno.test("the talk of the properties above goes everywhere", () => {
  const seen = new Set<string>();
  for (const { text } of sample(wildTalk, 800)) {
    const { said, kept } = play([octets(text)], everything);
    for (const line of said.split("\r\n")) seen.add(line.slice(0, 3));
    for (const { message } of kept) seen.add(message.startsWith("abc") ? "chunked" : "lines");
  }
  const codes = [
    "220",
    "221",
    "235",
    "250",
    "251",
    "252",
    "334",
    "354",
    "421",
    "452",
    "500",
    "501",
    "503",
    "535",
    "552",
  ];
  for (const what of [...codes, "chunked", "lines"]) assert(seen.has(what), what);
});

/** Feeds a server, whatever it wants, and looks at it after each piece. */
const feed = (
  server: ServerProtocol.ServerProtocol,
  chunks: ReadonlyArray<Uint8Array>,
  check: (said: string) => void,
): void => {
  const look = (): void => {
    for (let turn = 0; turn < 100; turn++) {
      check(latin1(server.output() ?? new Uint8Array()));
      if (server.submission !== undefined) server.stored(turn % 2 === 0 ? "1" : undefined);
      else if (server.pausing !== undefined) server.resume();
      else if (server.wantsTls) server.secured();
      else return;
    }
  };
  server.greet();
  look();
  for (const chunk of chunks) {
    server.receive(chunk);
    look();
  }
  server.close("timeout");
  look();
};

const reply = /^(?:\d{3}[ -][ -~]{0,508}\r\n)*$/;

for (const tls of ["starttls", "implicit", undefined] as const) {
  property(
    `no octets make the server throw, say what is no reply, or hold more than it may; TLS: ${tls ?? "none"}`,
    noise,
    ({ text, cuts }) => {
      const prefix = cuts[0]! % 2 === 0 ? "" : "EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\n";
      const server = ServerProtocol.make({ host: "sink.test", ...everything, tls });
      let isFine = true;
      feed(server, cut(octets(prefix + text), cuts), (said) => {
        isFine &&= reply.test(said) && (server.submission?.octets.length ?? 0) <= limits.messageOctets;
      });
      return isFine && server.isOver;
    },
  );
}

const faults = Fault.stages.flatMap((stage) =>
  [
    "450",
    "250 yes",
    "delay=1s",
    "drop",
    "garbage",
    "partial=5",
    "partial=5,drop",
    "stall",
    "inject",
    "drop=after",
    "alert",
  ]
    .map((what) => Fault.fromString(`${stage}~0.1:${what}`)).flatMap((read) =>
      Result.isSuccess(read) ? [read.success] : []
    )
);

property(
  "with every fault at once, by chance, the server still does not throw, and always ends",
  wildTalk,
  ({ text, cuts }) => {
    let state = cuts[0]!;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const server = ServerProtocol.make({ host: "sink.test", ...everything, tls: "starttls", faults, random });
    feed(server, cut(octets(text.replaceAll("NOOP", "STARTTLS")), cuts), () => {});
    return server.isOver;
  },
);

Deno.test("what a message costs does not depend on how many pieces it comes in, nor on how many came before", () => {
  const server = ServerProtocol.make({ host: "sink.test", limits: { ...Limits.defaults, messageOctets: 5000 } });
  server.greet();
  const begin = "EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\n";
  for (let round = 0; round < 5; round++) {
    server.receive(octets(`${begin}${"BDAT 7\r\n1234567".repeat(700)}BDAT 0 LAST\r\n`));
    assertEquals(server.submission?.octets.buffer.byteLength, 4900);
    server.stored("1");
    server.receive(octets(`${begin}${"BDAT 7\r\n1234567".repeat(800)}BDAT 0 LAST\r\n`));
    assertEquals(server.submission, undefined);
    assertMatch(latin1(server.output()!), /552 5\.3\.4 /);
  }
});
