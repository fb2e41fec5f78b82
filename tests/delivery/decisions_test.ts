// What one host says decides who is asked next. The carrier is a table here: no sockets, no conversations.
import { assertEquals } from "@std/assert";
import type { Carrier } from "@plausch/delivery/carrier";
import * as Delivered from "@plausch/delivery/delivered";
import type { DeliveryEvent } from "@plausch/delivery/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import { SessionError } from "@plausch/session/session-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Path from "@plausch/smtp/path";
import * as Reply from "@plausch/smtp/reply";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { it } from "../support/it.ts";
import { property } from "../support/property.ts";
import { mailTo, make, zone } from "./_deliveries.ts";

const reply = (code: number): Reply.Reply => Reply.make(code, "as it is");

/** What a host says of a recipient, by a word. */
const words = {
  accepted: { verdict: "accepted", stage: "final", reply: reply(250), code: 250 },
  rejected: { verdict: "rejected", stage: "rcpt", reply: reply(550), code: 550 },
  "rejected-late": { verdict: "rejected", stage: "final", reply: reply(554), code: 554 },
  deferred: { verdict: "deferred", stage: "rcpt", reply: reply(451), code: 451 },
  "greeting-5yz": { verdict: "rejected", stage: "greeting", reply: reply(521), code: 521 },
  "greeting-4yz": { verdict: "deferred", stage: "greeting", reply: reply(421), code: 421 },
  "no-smtputf8": { verdict: "rejected", stage: "mail", reason: "NeedsSmtpUtf8", code: 553 },
  unreachable: { verdict: "deferred", stage: "connect", reason: "ConnectFailed" },
  "lost-early": { verdict: "deferred", stage: "rcpt", reason: "ConnectionLost" },
  "lost-late": { verdict: "uncertain", stage: "final", reason: "ConnectionLost" },
  "no-auth": { verdict: "deferred", stage: "auth", reason: "AuthNotOffered" },
} as const satisfies { readonly [word: string]: Omit<RecipientOutcome, "recipient" | "address"> };

type Word = keyof typeof words;

const asError: ReadonlySet<Word> = new Set<Word>(["unreachable", "lost-early", "lost-late", "no-auth"]);

/** Hosts that say this of a recipient; the host is known by its place. */
const carrierOf = (say: (host: number, recipient: number) => Word, visits: Array<string> = []): Carrier => ({
  carry: ({ key, mail }) => {
    const host = Number(/mx(\d+)/.exec(key)![1]);
    const said = mail.envelope.recipients.map(({ path }) => {
      const address = Path.address(path);
      const word = say(host, Number(/\d+/.exec(address)![0]));
      visits.push(`${host}:${address}:${word}`);
      return { word, outcome: { ...words[word], recipient: path, address } satisfies RecipientOutcome };
    });
    const recipients = said.map(({ outcome }) => outcome);
    const broken = said.find(({ word }) => asError.has(word))?.outcome;
    if (broken === undefined) {
      const protection = { level: "none", isEncrypted: false, tls: undefined, authenticated: undefined } as const;
      return Effect.succeed({ recipients, adaptations: [], protection });
    }
    const { stage } = broken;
    return Effect.fail(new SessionError({ reason: "ConnectionLost", stage, recipients }));
  },
});

const hosts = (count: number) =>
  zone({
    "d.test": { MX: Array.from({ length: count }, (_, index) => `${index} mx${index}.d.test`) },
    ...Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`mx${index}.d.test`, { A: `192.0.2.${index + 1}` }]),
    ),
  });

const deliver = (say: (host: number, recipient: number) => Word, count: number, to: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const visits: Array<string> = [];
    const events: Array<DeliveryEvent> = [];
    const dialer = { dial: () => undefined as never };
    const options = { carrier: carrierOf(say, visits), observe: (event: DeliveryEvent) => events.push(event) };
    const delivery = yield* make(options, hosts(count), dialer);
    return { ...(yield* delivery.send(mailTo(...to))), visits, events };
  });

/** What hosts say of one recipient, one after the other, and what comes of it. */
const rows: ReadonlyArray<readonly [says: ReadonlyArray<Word>, asked: number, expected: string]> = [
  [["accepted", "accepted"], 1, "accepted mx0.d.test"],
  [["rejected", "accepted"], 1, "rejected mx0.d.test"],
  [["rejected-late", "accepted"], 1, "rejected mx0.d.test"],
  [["deferred", "accepted"], 2, "accepted mx1.d.test"],
  [["deferred", "rejected"], 2, "rejected mx1.d.test"],
  [["deferred", "deferred"], 2, "deferred mx1.d.test"],
  [["greeting-5yz", "accepted"], 2, "accepted mx1.d.test"],
  [["greeting-5yz", "greeting-5yz"], 2, "rejected mx1.d.test"],
  [["greeting-5yz", "greeting-4yz"], 2, "deferred mx1.d.test"],
  [["deferred", "greeting-5yz"], 2, "deferred mx0.d.test"],
  [["greeting-5yz", "unreachable"], 2, "deferred AllHostsFailed"],
  [["no-smtputf8", "accepted"], 2, "accepted mx1.d.test"],
  [["no-smtputf8", "no-smtputf8"], 2, "rejected mx1.d.test NeedsSmtpUtf8"],
  [["unreachable", "accepted"], 2, "accepted mx1.d.test"],
  [["unreachable", "unreachable"], 2, "deferred AllHostsFailed"],
  [["deferred", "unreachable"], 2, "deferred mx0.d.test"],
  [["lost-early", "accepted"], 2, "accepted mx1.d.test"],
  [["lost-early", "unreachable"], 2, "deferred mx0.d.test ConnectionLost"],
  [["lost-late", "accepted"], 1, "uncertain mx0.d.test ConnectionLost"],
  [["deferred", "lost-late", "accepted"], 2, "uncertain mx1.d.test ConnectionLost"],
  [["no-auth", "accepted"], 1, "deferred mx0.d.test AuthNotOffered"],
];

for (const [says, asked, expected] of rows) {
  it(`${says.join(", ")}: ${expected}`, () =>
    Effect.gen(function* () {
      const { recipients, visits, trail } = yield* deliver((host) => says[host]!, says.length, ["r0@d.test"]);
      assertEquals(visits.length, asked);
      assertEquals(trail.length, asked);
      const found = recipients.map(({ verdict, host, reason }) => [verdict, host, reason].filter(Boolean).join(" "));
      assertEquals(found, [expected]);
    }));
}

it("each recipient goes its own way, and the next host hears only of those who are left", () =>
  Effect.gen(function* () {
    const says: ReadonlyArray<ReadonlyArray<Word>> = [
      ["accepted", "rejected", "deferred", "deferred"],
      ["accepted", "accepted", "accepted", "rejected"],
    ];
    const to = ["r0@d.test", "r1@d.test", "r2@d.test", "r3@d.test"];
    const delivered = yield* deliver((host, recipient) => says[host]![recipient]!, 2, to);
    assertEquals(delivered.recipients.map(({ address, verdict, host }) => `${address} ${verdict} ${host}`), [
      "r0@d.test accepted mx0.d.test",
      "r1@d.test rejected mx0.d.test",
      "r2@d.test accepted mx1.d.test",
      "r3@d.test rejected mx1.d.test",
    ]);
    assertEquals(delivered.visits.slice(4), ["1:r2@d.test:accepted", "1:r3@d.test:rejected"]);
    const [first, , third] = delivered.recipients;
    assertEquals(Delivered.trailOf(delivered, first!).map(({ host }) => host), ["mx0.d.test"]);
    assertEquals(Delivered.trailOf(delivered, third!).map(({ host }) => host), ["mx0.d.test", "mx1.d.test"]);
  }));

it("a host that takes no mail at all is understood without a status code (RFC 7504)", () =>
  Effect.gen(function* () {
    const { recipients } = yield* deliver(() => "greeting-5yz", 1, ["r0@d.test"]);
    assertEquals(EnhancedStatus.format(recipients[0]!.status!), "5.3.2");
  }));

const anyWord = Arbitrary.schema(Schema.Literals(Object.keys(words) as [Word, ...Array<Word>]));

/** What four hosts say of three recipients. */
const anything = Arbitrary.array(anyWord, { minLength: 12, maxLength: 12 });

property(
  "whatever hosts say: one verdict each, told once; at most one host may have it; nobody is asked after that",
  anything,
  (says) => {
    const to = ["r0@d.test", "r1@d.test", "r2@d.test"];
    const { recipients, visits, events, trail } = Effect.runSync(
      deliver((host, recipient) => says[host * 3 + recipient]!, 4, to),
    );
    const settled = events.flatMap((event) => event._tag === "Settled" ? [event.recipient] : []);
    return recipients.length === 3 && settled.length === 3 && recipients.every((one) => settled.includes(one)) &&
      trail.length <= 4 &&
      to.every((address, index) => {
        const asked = visits.filter((visit) => visit.includes(`:${address}:`)).map((visit) =>
          visit.split(":")[2] as Word
        );
        const verdicts = asked.map((word) => words[word].verdict);
        const mayHaveIt = verdicts.filter((verdict) => verdict === "accepted" || verdict === "uncertain");
        const { verdict } = recipients[index]!;
        return asked.length > 0 && mayHaveIt.length <= 1 && verdicts.includes(verdict) &&
          (mayHaveIt.length === 0 || verdicts.at(-1) === mayHaveIt[0] && verdict === mayHaveIt[0]) &&
          (verdict !== "deferred" || asked.length === 4 || asked.at(-1) === "no-auth");
      });
  },
);
