// Client and server joined in memory, without sockets: the two halves of the protocol must agree, whatever the link does.
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import * as Extension from "@plausch/sink/extension";
import * as Limits from "@plausch/sink/limits";
import type { Policy } from "@plausch/sink/policy";
import * as ServerProtocol from "@plausch/sink/server-protocol";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { isDeepStrictEqual } from "node:util";
import { octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { integer, message, sample } from "./_arbitrary.ts";
import { type Kept, kept } from "./_by_hand.ts";

/** Every line end as CRLF, and one at the end. */
const normalForm = (text: string): string => {
  const normal = text.replace(/\r\n|\r|\n/g, "\r\n");
  return normal === "" || normal.endsWith("\r\n") ? normal : `${normal}\r\n`;
};

interface Message {
  readonly from: string;
  readonly to: ReadonlyArray<string>;
  readonly message: string;
}

const address = (names: ReadonlyArray<string>) =>
  Arbitrary.map(integer(0, names.length - 1), (index) => `${names[index]}@d.test`);

const messageWithEnvelope: Arbitrary.Arbitrary<Message> = Arbitrary.all({
  from: Arbitrary.map(integer(0, 9), (kind) => kind === 0 ? "<>" : kind === 1 ? "refused@c.test" : "a@c.test"),
  to: Arbitrary.array(address(["b", "c", '"d d"', "\u00e9", "refused", "later"]), { minLength: 1, maxLength: 5 }),
  message,
});

/** Numbers up to 2^31, always the same for a seed: they pick who comes next, and how many octets get through. */
const makeChance = (seed: number) => {
  let state = seed;
  return () => state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
};

const run = Arbitrary.all({
  messages: Arbitrary.array(messageWithEnvelope, { minLength: 1, maxLength: 3 }),
  seed: integer(0, 0x7fffffff),
  pipelining: Arbitrary.map(integer(0, 2), (kind) => kind > 0),
  lmtp: Arbitrary.map(integer(0, 2), (kind) => kind === 0),
  /** Octets of a chunk; DATA instead of chunks if there is none. */
  chunk: Arbitrary.map(integer(-20, 40), (size) => size > 0 ? size : undefined),
});
type Run = typeof run extends Arbitrary.Arbitrary<infer A> ? A : never;

const policy: Policy = {
  sender: (path) => Path.address(path).startsWith("refused") ? Reply.make(550, "no") : undefined,
  recipient: (path) => {
    if (Path.address(path).startsWith("refused")) return Reply.make(550, "5.1.1 nobody of that name");
    return Path.address(path).startsWith("later") ? Reply.make(450, "4.2.0 later") : undefined;
  },
};

/** What the policy makes of a message. */
const expected = ({ from, to, message }: Message) => {
  const verdicts = to.map((recipient) =>
    from.startsWith("refused") || recipient.startsWith("refused")
      ? "rejected"
      : recipient.startsWith("later")
      ? "deferred"
      : "accepted"
  );
  const accepted = to.filter((_, index) => verdicts[index] === "accepted");
  const stored: ReadonlyArray<Kept> = accepted.length === 0
    ? []
    : [{ from, to: accepted, message: normalForm(message) }];
  return { verdicts, stored };
};

/** Octets on their way, handed over in pieces. */
const makeLink = () => {
  let waiting: ReadonlyArray<number> = [];
  return {
    put: (octets: Uint8Array) => {
      waiting = [...waiting, ...octets];
    },
    take: (most: number) => {
      const piece = Uint8Array.from(waiting.slice(0, most));
      waiting = waiting.slice(most);
      return piece;
    },
    isEmpty: () => waiting.length === 0,
  };
};

/** Runs both halves until the client has said QUIT and heard the answer. */
const converse = ({ messages, seed, pipelining, lmtp, chunk }: Run, offers?: ReadonlyArray<Extension.Extension>) => {
  const protocol = lmtp ? "lmtp" : "smtp";
  const host = Result.getOrThrow(Domain.hostFromString("c.test"));
  const client = Conversation.make({ host, pipelining, protocol, chunking: chunk ?? false });
  const limits = { ...Limits.defaults, lineOctets: 512 };
  const server = ServerProtocol.make({ host: "sink.test", protocol, policy, limits, offers });
  const toServer = makeLink();
  const toClient = makeLink();
  const stored: Array<Kept> = [];
  const verdicts: Array<ReadonlyArray<string>> = [];

  const requests = [
    () => client.hello(),
    ...messages.flatMap(({ from, to, message }) => [
      () => {
        const envelope = Result.getOrThrow(Envelope.make({ from, to }));
        Result.getOrThrow(client.send(envelope, Result.getOrThrow(Content.make(octets(message)))));
      },
      () => void verdicts.push(client.recipients.map(({ verdict }) => verdict)),
    ]),
    () => client.quit(),
  ];

  const turns = [
    () => {
      const out = client.output();
      if (out !== undefined) toServer.put(out);
      else if (client.isIdle && !client.isOver) requests.shift()?.();
    },
    (most: number) => {
      if (!toServer.isEmpty()) server.receive(toServer.take(most));
    },
    () => {
      if (server.submission === undefined) return;
      stored.push(kept(server.submission));
      server.stored(String(stored.length));
    },
    () => {
      const out = server.output();
      if (out !== undefined) toClient.put(out);
    },
    (most: number) => {
      if (!toClient.isEmpty()) client.receive(toClient.take(most));
    },
  ];
  client.greet();
  server.greet();
  const chance = makeChance(seed);
  let steps = 0;
  while (!client.isOver) {
    assert(steps++ < 100_000, "the halves wait for each other");
    turns[(chance() >> 8) % turns.length]!(1 + (chance() >> 8) % 97);
  }
  return { verdicts, stored, isServerOver: server.isOver, failure: client.failure };
};

property(
  "what the client sent is what the sink stored, and its verdicts are true, whatever the link does",
  run,
  (run) => {
    const wanted = run.messages.map(expected);
    const { verdicts, stored, isServerOver, failure } = converse(run);
    return failure === undefined && isServerOver &&
      isDeepStrictEqual(verdicts, wanted.map(({ verdicts }) => verdicts)) &&
      isDeepStrictEqual(stored, wanted.flatMap(({ stored }) => stored));
  },
  { runs: 300, seed: "plausch" },
);

Deno.test("the runs of the property above have refused senders, mixed recipients and messages without any", () => {
  const wanted = sample(messageWithEnvelope, 200).map((message) => expected(message).verdicts.join());
  for (const verdicts of ["accepted", "rejected", "deferred", "accepted,rejected", "rejected,rejected"]) {
    assert(wanted.includes(verdicts), verdicts);
  }
});

const manyTurns: ReadonlyArray<
  readonly [pipelining: boolean, offers: ReadonlyArray<Extension.Extension>, how: string]
> = [
  [true, Extension.usual, "by LIMITS"],
  [false, Extension.usual, "by LIMITS, one by one"],
  [true, Extension.without("LIMITS"), "by 452"],
  [false, Extension.without("LIMITS"), "by 452, one by one"],
];
for (const [pipelining, offers, how] of manyTurns) {
  Deno.test(`more recipients than the sink takes at once go in a second transaction: ${how}`, () => {
    const to = Array.from({ length: 150 }, (_, index) => `r${index}@d.test`);
    const run = { messages: [{ from: "<>", to, message: "hi" }], seed: 1, pipelining, lmtp: false, chunk: undefined };
    const { verdicts, stored } = converse(run, offers);
    assertEquals(new Set(verdicts[0]), new Set(["accepted"]));
    assertEquals(stored, [
      { from: "<>", to: to.slice(0, 100), message: "hi\r\n" },
      { from: "<>", to: to.slice(100), message: "hi\r\n" },
    ]);
  });
}
