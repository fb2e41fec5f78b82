import { assert, assertEquals } from "@std/assert";
import * as Conversation from "@plausch/session/conversation";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { envelope, host, message, verdicts } from "./_by_transcript.ts";

// Messages that overlap: the octets of one and the commands of the next in one write.

const texts = ["one", "two", "three"].map((word) => `Subject: ${word}\r\n\r\n${word}\r\n`);
const mails = texts.map((text, index) => ({ to: envelope([`${index + 1}@d.test`]), content: message(text) }));

interface Flown {
  readonly conversation: Conversation.Conversation;
  /** What was said, a flight an entry. */
  readonly flights: ReadonlyArray<string>;
  readonly settled: ReadonlyArray<ReadonlyArray<RecipientOutcome>>;
  readonly begun: number;
}

/**
 * Lets a server answer each flight; `answer` gets what was said, and gives the octets of the server, or undefined to hang up. The
 * connection ends after `endAfter` octets of the server. The client says QUIT as soon as it may, if it `quits`, and is given up at
 * event number `giveUpAt`, by whoever is told of it.
 */
const fly = (
  options: Omit<Conversation.Options, "host">,
  offers: string,
  answer: (flight: string) => string | undefined,
  endAfter = Infinity,
  quits = false,
  giveUpAt?: number,
): Flown => {
  let told = 0;
  const observe = () => {
    if (++told === giveUpAt) conversation.interrupt();
  };
  const observed = giveUpAt === undefined ? {} : { observe };
  const conversation = Conversation.make({ host, tls: "none", ...observed, ...options });
  const flights: Array<string> = [];
  const settled: Array<ReadonlyArray<RecipientOutcome>> = [];
  const waiting = [...mails];
  let heard = 0;
  const hear = (text: string): void => {
    const room = Math.min(text.length, endAfter - heard);
    heard += room;
    if (room > 0) conversation.receive(octets(text.slice(0, room)));
    if (heard >= endAfter) conversation.end(undefined);
  };
  conversation.greet();
  hear("220 mx\r\n");
  if (!conversation.isOver) conversation.hello();
  while (!conversation.isOver) {
    while (conversation.mayPost && waiting.length > 0) {
      const { to, content } = waiting.shift()!;
      const posted = conversation.post(to, content, ({ recipients }) => settled.push(recipients));
      Result.getOrThrow(posted);
    }
    if (quits && waiting.length === 0 && conversation.mayPost && !flights.join("").includes("QUIT")) {
      conversation.quit();
    }
    let flight = "";
    for (let out = conversation.output(); out !== undefined; out = conversation.output()) flight += latin1(out);
    if (flight === "" && conversation.isIdle) break;
    flights.push(flight);
    const said = /^[EL]HLO/.test(flight) ? `250-mx\r\n${offers}250 HELP\r\n` : answer(flight);
    if (said === undefined) conversation.end(undefined);
    else hear(said);
  }
  return { conversation, flights, settled, begun: mails.length - waiting.length };
};

const pipelining = "250-PIPELINING\r\n";

/** A server that takes everything, and numbers its verdicts. */
const agreeable = () => {
  let taken = 0;
  return (flight: string): string =>
    flight.split(/(?<=\r\n)/).map((line) => {
      if (/^(MAIL|RCPT|RSET)/.test(line)) return "250 ok\r\n";
      if (line === "DATA\r\n") return "354 go\r\n";
      if (line === ".\r\n" || /^BDAT \d+ LAST/.test(line)) return `250 taken ${++taken}\r\n`;
      if (line === "QUIT\r\n") return "221 bye\r\n";
      return /^BDAT/.test(line) ? "250 chunk\r\n" : "";
    }).join("");
};

const commands = (index: number): string => `MAIL FROM:<a@c.test>\r\nRCPT TO:<${index + 1}@d.test>\r\nDATA\r\n`;

Deno.test("with PIPELINING each message after the first takes one round trip", () => {
  const { flights, settled } = fly({}, pipelining, agreeable());
  assertEquals(flights.slice(1), [
    commands(0),
    `${texts[0]}.\r\n${commands(1)}`,
    `${texts[1]}.\r\n${commands(2)}`,
    `${texts[2]}.\r\n`,
  ]);
  assertEquals(settled.map(([one]) => [one?.verdict, one?.reply?.lines[0]]), [
    ["accepted", "taken 1"],
    ["accepted", "taken 2"],
    ["accepted", "taken 3"],
  ]);
});

Deno.test("QUIT goes out behind the last dot, and the verdict before its answer counts", () => {
  const { flights, settled, conversation } = fly({}, pipelining, agreeable(), Infinity, true);
  assertEquals(flights.at(-1), `${texts[2]}.\r\nQUIT\r\n`);
  assertEquals(settled.map(([one]) => one?.reply?.lines[0]), ["taken 1", "taken 2", "taken 3"]);
  assertEquals([conversation.isOver, conversation.failure], [true, undefined]);
  const lockStep = fly({}, "", agreeable(), Infinity, true);
  assertEquals(lockStep.flights.at(-1), "QUIT\r\n");
});

Deno.test("without PIPELINING, or without overlap, a message waits for the verdict on the one before", () => {
  const lockStep = fly({}, "", agreeable());
  assertEquals(lockStep.flights.length, 1 + 4 * 3);
  const oneByOne = fly({ overlap: false }, pipelining, agreeable());
  assertEquals(oneByOne.flights.slice(1, 4), [commands(0), `${texts[0]}.\r\n`, commands(1)]);
  assertEquals(oneByOne.settled.length, 3);
});

Deno.test("with CHUNKING the next commands go behind the last chunk, and clear a chunk that may have failed", () => {
  const { flights, settled } = fly({ chunking: true }, `${pipelining}250-CHUNKING\r\n`, agreeable());
  assertEquals(flights.slice(1, 4), [
    "MAIL FROM:<a@c.test>\r\nRCPT TO:<1@d.test>\r\n",
    `BDAT ${texts[0]!.length} LAST\r\n${texts[0]}RSET\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<2@d.test>\r\n`,
    `BDAT ${texts[1]!.length} LAST\r\n${texts[1]}RSET\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<3@d.test>\r\n`,
  ]);
  assertEquals(settled.length, 3);
});

Deno.test("a message that is refused at any stage leaves those around it alone", () => {
  const refusals: ReadonlyArray<readonly [from: string, to: string]> = [
    ["RCPT TO:<2@d.test>", "550 5.1.1 no"],
    ["RCPT TO:<2@d.test>", "450 later"],
  ];
  for (const [command, reply] of refusals) {
    const server = agreeable();
    const { settled, flights } = fly({}, pipelining, (flight) => {
      const answers = server(flight).split(/(?<=\r\n)/);
      const at = flight.split("\r\n").filter((line) => /^(MAIL|RCPT|DATA|RSET|\.)/.test(line)).indexOf(command);
      if (at < 0) return answers.join("");
      answers[at] = `${reply}\r\n`;
      answers[at + 1] = "554 no valid recipients\r\n";
      return answers.join("");
    });
    assertEquals(settled.map(([one]) => one?.verdict), [
      "accepted",
      reply.startsWith("5") ? "rejected" : "deferred",
      "accepted",
    ]);
    assertEquals(flights.at(-2), `RSET\r\n${commands(2)}`);
  }
});

Deno.test("421 to a message defers it and what was begun behind it; the rest is not begun", () => {
  const { settled } = fly({}, pipelining, (flight) => flight.includes("Subject") ? "421 bye\r\n" : agreeable()(flight));
  assertEquals(settled.map(verdicts), [["deferred final 421"], ["deferred final 421"]]);
});

for (
  const [name, options, offers, quits] of [
    ["DATA", {}, pipelining],
    ["QUIT behind the last dot", {}, pipelining, true],
    ["QUIT behind the last chunk", { chunking: true }, `${pipelining}250-CHUNKING\r\n`, true],
    ["chunks", { chunking: 12 }, `${pipelining}250-CHUNKING\r\n`],
    ["lock step", {}, ""],
    ["LMTP", { protocol: "lmtp" }, pipelining],
  ] as const
) {
  Deno.test(`flights cut after every octet of the server: nothing is lost, nothing is invented (${name})`, () => {
    let total = 0;
    const counted = agreeable();
    const said: Array<string> = [];
    fly(
      options,
      offers,
      (flight) => {
        const answer = counted(flight);
        said.push(answer);
        return answer;
      },
      Infinity,
      quits,
    );
    total = `220 mx\r\n250-mx\r\n${offers}250 HELP\r\n${said.join("")}`.length;
    for (let endAfter = 0; endAfter < total; endAfter++) {
      const { settled, flights } = fly(options, offers, agreeable(), endAfter, quits);
      const client = flights.join("");
      const endings = client.split(/\r\n\.\r\n|LAST\r\n/).length - 1;
      settled.forEach(([one], index) => {
        const isOut = index < endings;
        const verdict = one?.verdict;
        assert(verdict === "accepted" || verdict === (isOut ? "uncertain" : "deferred"), `${verdict} at ${endAfter}`);
      });
      const order = settled.map(([one]) => ["accepted", "uncertain", "deferred"].indexOf(one!.verdict));
      assertEquals(order, [...order].sort(), `in order at ${endAfter}`);
      assert(settled.filter(([one]) => one?.verdict === "uncertain").length <= 1);
    }
  });
}

for (
  const [name, offers] of [["flights", pipelining], ["lock step", ""], [
    "chunks",
    `${pipelining}250-CHUNKING\r\n`,
  ]] as const
) {
  Deno.test(`whoever is told of an event may give the conversation up, at any of them (${name})`, () => {
    let at = 0;
    let flown: Flown;
    do {
      flown = fly({ chunking: name === "chunks" }, offers, agreeable(), Infinity, true, ++at);
      assertEquals(flown.settled.length, flown.begun, `given up at event ${at}`);
      assert(flown.conversation.isOver);
    } while (flown.conversation.failure !== undefined);
    assert(at > 20, `${at} events`);
  });
}

const noise = Arbitrary.array(
  Arbitrary.schema(Schema.Literals([
    "250 ok\r\n",
    "250 ok\r\n250 ok\r\n354 go\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n",
    "354 go\r\n",
    "550 no\r\n",
    "452 4.5.3 too many\r\n",
    "421 bye\r\n",
    "503 what\r\n",
    "hello\r\n",
  ])),
  { maxLength: 20 },
);

property("whatever a server says to flights, every message that was begun is settled once", noise, (answers) => {
  const left = [...answers];
  const { settled, flights, conversation } = fly({}, pipelining, () => left.shift());
  const begun = flights.join("").split("MAIL FROM").length - 1;
  const sent = flights.join("").split("\r\n.\r\n").length - 1;
  const accepted = settled.filter(([one]) => one?.verdict === "accepted").length;
  const uncertain = settled.filter(([one]) => one?.verdict === "uncertain").length;
  return settled.length === begun && accepted + uncertain <= sent && uncertain <= 1 &&
    (conversation.isOver || conversation.isIdle);
}, { runs: 3000, seed: "plausch" });
