// A server that knows what it is asked, and answers as it likes: whatever is agreed on, and wherever it goes wrong, some things hold.
import { assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import type { Verdict } from "@plausch/session/outcome";
import type { Stage } from "@plausch/session/stage";
import * as Domain from "@plausch/smtp/domain";
import { TlsError } from "@plausch/tls/tls-error";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";

const host = Result.getOrThrow(Domain.hostFromString("c.test"));
const to = ["b@d.test", "x@e.test", "y@d.test", "z@f.test"];
const envelope = Result.getOrThrow(Envelope.make({ from: "a@c.test", to }));
const content = Result.getOrThrow(Content.make(octets("Subject: t\r\n\r\n.hello\r\nworld\r\n")));
const password = "tanstaafl9";

/** What each stage is answered with when nothing is wrong, the likeliest first. */
const answers: { readonly [S in Stage]?: ReadonlyArray<string> } = {
  greeting: ["220 mx"],
  helo: ["250 mx"],
  starttls: ["220 go"],
  auth: ["235 ok", "334 ", `535 5.7.8 no ${password} ${btoa(password)}`],
  mail: ["250 ok", "250 ok", "451 4.7.1 later"],
  rcpt: ["250 ok", "250 ok", "250 ok", "550 5.1.1 no", "450 4.2.1 later", "452 4.5.3 no more", "452 no more"],
  data: ["354 go", "354 go", "354 go", "554 no"],
  bdat: ["250 ok", "250 ok", "250 ok", "452 4.3.1 full"],
  final: ["250 2.0.0 ok", "250 2.0.0 ok", "554 5.7.1 no", "452 4.2.2 full"],
  rset: ["250 ok"],
  quit: ["221 bye"],
};
const keywords = [
  "PIPELINING",
  "CHUNKING",
  "STARTTLS",
  "AUTH PLAIN LOGIN",
  "LIMITS RCPTMAX=2",
  "LIMITS MAILMAX=1",
  "DSN",
];
const nonsense = [
  "250 ok",
  "354 go",
  "421 bye",
  "450 later",
  "550 no",
  "250-half",
  "\0",
  "hello",
  "",
  "220 a\r\n250 b",
  "334 ",
];

const dice = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 }))), {
  minLength: 40,
  maxLength: 160,
});

const settings = Arbitrary.all({
  protocol: Arbitrary.schema(Schema.Literals(["smtp", "smtp", "lmtp"])),
  pipelining: Arbitrary.schema(Schema.Boolean),
  chunking: Arbitrary.schema(Schema.Literals([false, true, 5, 10])),
  tls: Arbitrary.schema(Schema.Literals(["none", "opportunistic", "required"])),
  withAuth: Arbitrary.schema(Schema.Boolean),
  byOctets: Arbitrary.schema(Schema.Boolean),
  dice,
});
type Settings = typeof settings extends Arbitrary.Arbitrary<infer A> ? A : never;

interface Held {
  readonly conversation: Conversation.Conversation;
  readonly events: ReadonlyArray<SessionEvent>;
  readonly said: string;
  /** The most commands that waited for an answer at a time. */
  readonly mostOwed: number;
}

/** Holds a conversation with a server that rolls dice. */
const hold = ({ protocol, pipelining, chunking, tls, withAuth, byOctets, dice }: Settings): Held => {
  const events: Array<SessionEvent> = [];
  const conversation = Conversation.make({
    host,
    protocol,
    pipelining: pipelining ? undefined : false,
    chunking,
    tls,
    auth: withAuth
      ? {
        credentials: { _tag: "Password", user: "u", password: Redacted.make(password) },
        allowInClear: ["PLAIN", "LOGIN"],
      }
      : undefined,
    observe: (event) => events.push(event),
  });
  let rolled = 0;
  /** Zero, which is where all is well, once the dice are used up. */
  const roll = (sides: number): number => (dice[rolled++] ?? 0) % sides;
  const offer = (): string =>
    ["250-mx", ...keywords.filter(() => roll(3) > 0).map((keyword) => `250-${keyword}`), "250 HELP"].join("\r\n");
  const answer = (stage: Stage): string => {
    if (roll(60) === 59) return nonsense[roll(nonsense.length)]!;
    if (stage === "ehlo" || stage === "ehlo-tls") return roll(12) === 11 ? "500 what" : offer();
    const usual = answers[stage] ?? ["250 ok"];
    return usual[roll(usual.length)]!;
  };

  const requests = [
    () => conversation.greet(),
    () => conversation.hello(),
    () => Result.getOrThrow(conversation.send(envelope, content)),
    () => Result.getOrThrow(conversation.send(envelope, content)),
  ];
  let said = "";
  let hasQuit = false;
  const speak = (): void => {
    for (;;) {
      for (let out = conversation.output(); out !== undefined; out = conversation.output()) said += latin1(out);
      if (!conversation.isIdle || conversation.isOver || hasQuit) return;
      const next = conversation.refusal === undefined ? requests.shift() : undefined;
      if (next !== undefined) next();
      else if (conversation.mayQuit) {
        hasQuit = true;
        conversation.quit();
      } else return;
    }
  };
  const hear = (text: string): void => {
    for (const piece of byOctets ? text : [text]) conversation.receive(octets(piece));
  };
  let mostOwed = 0;
  speak();
  for (let turn = 0; turn < 100 && !conversation.isOver && !conversation.isIdle; turn++) {
    if (conversation.isHandshakeDue) {
      const fate = roll(12);
      if (fate === 10) conversation.handshakeFailed(new TlsError({ reason: "Alert" }));
      else if (fate === 11) hear("250 injected\r\n");
      else conversation.secured(undefined);
    } else if (roll(150) === 149) conversation.expire();
    else hear(`${answer(conversation.stage)}\r\n`);
    speak();
    const said = events.filter(({ _tag }) => _tag === "Said").length;
    const heard = events.filter(({ _tag }) => _tag === "Heard").length;
    // The greeting was not asked for; in LMTP a message has several answers.
    mostOwed = Math.max(mostOwed, said + 1 - heard);
  }
  conversation.end(undefined);
  return { conversation, events, said, mostOwed };
};

const seen = new Set<Verdict>();

property("whatever a server says to whatever a client wants, what is told of it holds together", settings, (wanted) => {
  const { conversation, events, said, mostOwed } = hold(wanted);
  const { recipients } = conversation;
  for (const { verdict } of recipients) seen.add(verdict);
  const wasTaken = events.some((event) => event._tag === "Heard" && event.stage === "final" && event.reply.code < 300);
  const wasEnded = events.some((event) => event._tag === "Content" && event.last);
  const shown = JSON.stringify(events, (_key, value) => value instanceof Uint8Array ? "" : value);
  const isMail = said.includes("MAIL FROM:");
  return recipients.every(({ verdict, code, reason }) =>
    (code !== undefined || reason !== undefined) &&
    (verdict !== "accepted" || wasTaken) && (verdict !== "uncertain" || wasEnded)
  ) &&
    (!isMail || recipients.length === to.length) &&
    (!isMail || wanted.tls !== "required" || conversation.isSecure) &&
    (wanted.pipelining || wanted.protocol === "lmtp" || mostOwed <= 1) &&
    (!wanted.withAuth || !shown.includes(password) && !shown.includes(btoa(password).slice(0, 10))) &&
    !/(^|[^\r])\n|\r(?!\n)/.test(said) && conversation.output() === undefined;
}, { runs: 4000, seed: "plausch" });

Deno.test("the conversations above ended in every verdict", () => {
  assertEquals([...seen].sort(), ["accepted", "deferred", "rejected", "uncertain"]);
});
