import { assert, assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import * as Outcome from "@plausch/session/outcome";
import * as Domain from "@plausch/smtp/domain";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to: ["b@d.test", "x@d.test", "y@d.test"] }));
const content = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\n.hello\r\n")));

/** Lets a server say anything at all, one piece after another, whenever the client has nothing more to say. */
const endure = (pieces: ReadonlyArray<string>, pipelining: boolean) => {
  const conversation = Conversation.make({ host, pipelining });
  const requests = [
    () => conversation.greet(),
    () => conversation.hello(),
    () => Result.getOrThrow(conversation.send(envelope, content)),
    () => conversation.quit(),
  ];
  let said = "";
  const speak = () => {
    for (;;) {
      for (let out = conversation.output(); out !== undefined; out = conversation.output()) said += latin1(out);
      if (!conversation.isIdle || conversation.isOver || conversation.refusal !== undefined) return;
      const next = requests.shift();
      if (next === undefined) return;
      next();
    }
  };
  speak();
  for (const piece of pieces) {
    conversation.receive(octets(piece));
    speak();
  }
  conversation.end(undefined);
  return { conversation, said };
};

/** The beginning of a server in its right mind, so that what follows may come at any stage. */
const sane = [
  "220 mx\r\n",
  "250-mx\r\n250 PIPELINING\r\n",
  ..."250 ok\r\n,250 ok\r\n,550 no\r\n,250 ok\r\n".split(","),
  "354 go\r\n",
];

const noise = Arbitrary.array(
  Arbitrary.schema(Schema.Literals([
    "220 mx\r\n",
    "250 ok\r\n",
    "250-mx\r\n",
    "250 PIPELINING\r\n",
    "250-mx\r\n250 PIPELINING\r\n",
    "250 2.1.5 ok\r\n",
    "354 go\r\n",
    "421 bye\r\n",
    "450 later\r\n",
    "452 4.5.3 too many\r\n",
    "503 out of order\r\n",
    "550 5.1.1 no\r\n",
    "554 no\r\n",
    "250 half",
    "\r\n",
    "\n",
    "\0",
    "hello\r\n",
    "25",
    "0 ok\r\n",
  ])),
  { maxLength: 24 },
);
const pieces = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7])), noise]),
  ([sanity, rest]) => [...sane.slice(0, sanity), ...rest],
);

for (const pipelining of [true, false]) {
  property(
    `whatever a server says, everybody has a verdict and the client stays polite (pipelining ${pipelining})`,
    pieces,
    (said) => {
      const { conversation, said: client } = endure(said, pipelining);
      const { recipients } = conversation;
      const began = client.includes("MAIL FROM");
      const everybody = recipients.length === (began ? envelope.recipients.length : recipients.length);
      const counts = Outcome.count(recipients);
      const sum = counts.accepted + counts.rejected + counts.deferred + counts.uncertain;
      const dots = client.split("..hello\r\n.\r\n").length - 1;
      const messages = client.split("DATA\r\n").length - 1;
      return everybody && sum === recipients.length && (counts.accepted === 0 || dots > 0) &&
        (counts.uncertain === 0 || dots > 0) && dots <= messages && !/(^|[^\r])\n|\r(?!\n)/.test(client);
    },
    { runs: 3000, seed: "plausch" },
  );

  property(
    `what a server says means the same in every chunking (pipelining ${pipelining})`,
    pieces,
    (said) => {
      const whole = endure(said, pipelining);
      const dripped = endure(said.flatMap((piece) => piece.split("")), pipelining);
      // A premature answer is noticed only where it comes in one chunk with what it is premature to.
      const isInStep = whole.conversation.failure?.reason !== "UnsolicitedReply";
      return !isInStep ||
        JSON.stringify(whole.conversation.recipients.map(({ verdict, stage, code }) => [verdict, stage, code])) ===
          JSON.stringify(dripped.conversation.recipients.map(({ verdict, stage, code }) => [verdict, stage, code]));
    },
    { runs: 1000, seed: "plausch" },
  );
}

Deno.test("a conversation that is over says nothing more, whatever comes", () => {
  const { conversation } = endure(["421 no\r\n"], true);
  assert(conversation.isOver);
  conversation.receive(octets("220 hello again\r\n"));
  conversation.expire();
  conversation.interrupt();
  assertEquals(conversation.output(), undefined);
  assertEquals(conversation.failure, undefined);
});

Deno.test("421 to a connection that was idle for too long is about what would have been said, not about what was", () => {
  const conversation = Conversation.make({ host });
  conversation.greet();
  conversation.receive(octets("220 mx\r\n"));
  conversation.hello();
  conversation.output();
  conversation.receive(octets("250 mx\r\n"));
  assert(conversation.isReady);
  Result.getOrThrow(conversation.send(envelope, content));
  assert(!conversation.isReady);
  conversation.receive(octets("421 4.4.2 idle for too long\r\n"));
  assertEquals(conversation.output(), undefined);
  const verdicts = conversation.recipients.map(({ verdict, stage, code }) => `${verdict} ${stage} ${code}`);
  assertEquals(new Set(verdicts), new Set(["deferred mail 421"]));
  assert(!conversation.isReady);
});

Deno.test("a server that offers too little is not sent what it cannot take", () => {
  const big = Result.getOrThrow(Content.make(new Uint8Array(2000).fill(65)));
  const conversation = Conversation.make({ host });
  conversation.greet();
  conversation.receive(octets("220 mx\r\n"));
  conversation.hello();
  conversation.output();
  conversation.receive(octets("250-mx\r\n250 SIZE 1000\r\n"));
  Result.getOrThrow(conversation.send(envelope, big));
  assertEquals(conversation.output(), undefined);
  assert(conversation.isIdle);
  assertEquals(conversation.recipients.map(({ verdict, reason }) => [verdict, reason]), [
    ["rejected", "MessageTooBig"],
    ["rejected", "MessageTooBig"],
    ["rejected", "MessageTooBig"],
  ]);
});

Deno.test("message data goes out in blocks, and only the last one holds the dot", () => {
  const big = Result.getOrThrow(Content.make(new Uint8Array(200_000).fill(65)));
  const blocks: Array<[number, boolean]> = [];
  const conversation = Conversation.make({
    host,
    observe: (event) => event._tag === "Content" && blocks.push([event.octets.length, event.last]),
  });
  const one = Result.getOrThrow(Envelope.make({ from: "", to: ["b@d.test"] }));
  const steps = ["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
  conversation.greet();
  conversation.receive(octets(steps[0]!));
  conversation.hello();
  conversation.output();
  conversation.receive(octets(steps[1]!));
  Result.getOrThrow(conversation.send(one, big));
  for (const step of steps.slice(2)) {
    conversation.output();
    conversation.receive(octets(step));
  }
  let wire = 0;
  for (let out = conversation.output(); out !== undefined; out = conversation.output()) {
    wire += out.length;
    assertEquals(conversation.recipients[0]?.verdict, wire === big.wire!.length ? "uncertain" : "deferred");
  }
  assertEquals(blocks.map(([, last]) => last), [false, false, false, true]);
  assertEquals(wire, 200_005);
});
