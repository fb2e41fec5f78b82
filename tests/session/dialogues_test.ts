import { assert, assertEquals } from "@std/assert";
import { converse } from "@plausch/session/converse";
import type { SessionEvent } from "@plausch/session/event";
import * as Outcome from "@plausch/session/outcome";
import type { Verdict } from "@plausch/session/outcome";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Phase from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { play, summary } from "../support/by_hand.ts";
import { chunkings } from "../support/cases.ts";
import { verdictsAfter } from "../support/cut.ts";
import {
  contentOf,
  type Dialogue,
  dialogues as cases,
  envelopeOf,
  settings,
  toScript,
  total,
} from "../support/dialogue.ts";
import { it } from "../support/it.ts";
import { moreDialogues } from "../support/more_dialogues.ts";

const nexts: Readonly<Record<string, Outcome.Next>> = {
  "next-mx": "next-host",
  "plaintext-retry": "plaintext-retry",
  done: "done",
  never: "never",
  later: "later",
};

Deno.test("all cases are played", () => assertEquals(cases.length, 95));

const dialogues = [...cases, ...moreDialogues];

const ways: ReadonlyArray<(octets: Uint8Array) => ReadonlyArray<Uint8Array>> = [
  (octets) => [octets],
  ...[1, 2].map((way) => (octets: Uint8Array) => chunkings(octets)[way]!),
];

for (const dialogue of dialogues) {
  Deno.test(`${dialogue.id}: says and concludes what is expected, in every chunking`, () => {
    const { expect, policy } = dialogue;
    for (const cut of ways) {
      const played = play(dialogue, { cut });
      assertEquals(summary(played.recipients), expect.recipients);
      assertEquals(played.error, expect.error);
      assertEquals(Outcome.next(played.recipients, policy.tls), nexts[expect.next]);
      assertEquals(played.tls, expect.tls);
    }
  });
}

const byAddress = (recipients: ReadonlyArray<Outcome.RecipientOutcome>): Readonly<Record<string, Verdict>> =>
  Object.fromEntries(recipients.map(({ address, verdict }) => [address, verdict]));

/** What is known of a cut conversation must hold together. */
const assertCut = (
  dialogue: Dialogue,
  recipients: ReadonlyArray<Outcome.RecipientOutcome>,
  verdicts: Readonly<Record<string, Verdict>>,
  where: string,
): void => {
  assertEquals(byAddress(recipients), verdicts, where);
  const whole = dialogue.expect.recipients;
  for (const { address, verdict, reason, code } of recipients) {
    if (code !== undefined) assertEquals([verdict, code], [whole[address]?.verdict, whole[address]?.code], where);
    else assert(reason !== undefined, `${where}: ${address} has neither a code nor a reason`);
  }
  const next = Outcome.next(recipients, dialogue.policy.tls);
  if (Object.values(verdicts).includes("uncertain")) assertEquals(next, "later", where);
  if (Object.values(verdicts).every((verdict) => verdict === "accepted")) assertEquals(next, "done", where);
};

for (const dialogue of dialogues) {
  Deno.test(`${dialogue.id}: cut after every octet of the server, it ends in the right verdicts`, () => {
    const verdicts = verdictsAfter(dialogue);
    for (let endAfter = 0; endAfter <= total(dialogue); endAfter++) {
      const { recipients } = play(dialogue, { endAfter });
      assertCut(dialogue, recipients, verdicts(endAfter), `cut after ${endAfter} octets`);
    }
  });

  Deno.test(`${dialogue.id}: cut at every write, nobody is uncertain before the end of the message is written`, () => {
    const whole = play(dialogue);
    for (let endAfterWrites = 0; endAfterWrites <= whole.writes; endAfterWrites++) {
      const { recipients, hasEnded } = play(dialogue, { endAfterWrites });
      assertEquals(recipients.length, dialogue.envelope.to.length);
      if (!hasEnded) assert(recipients.every(({ verdict }) => verdict === "deferred" || verdict === "rejected"));
    }
  });
}

Deno.test("dialogues end in every verdict when they are cut", () => {
  const seen = new Set(dialogues.flatMap((dialogue) => {
    const verdicts = verdictsAfter(dialogue);
    return Array.from({ length: total(dialogue) + 1 }, (_, octets) => Object.values(verdicts(octets))).flat();
  }));
  assertEquals([...seen].sort(), ["accepted", "deferred", "rejected", "uncertain"]);
});

/** The verb of the phase table that a line of the client stands for. */
const verbOf = ({ stage, line }: Extract<SessionEvent, { readonly _tag: "Said" }>): Phase.Verb => {
  if (stage === "auth" && !line.startsWith("AUTH ")) return "RESPONSE";
  return line.startsWith("BDAT ") && line.endsWith(" LAST") ? "LAST" : line.split(" ", 1)[0] as Phase.Verb;
};

Deno.test("what the client says with nothing unanswered is legal there, as the phase table has it", () => {
  const legal = new Set<Phase.Verb>();
  for (const dialogue of dialogues) {
    let phase: Phase.Phase = "connected";
    let chunk = false;
    const owed: Array<Phase.Verb> = ["GREETING"];
    const say = (verb: Phase.Verb): void => {
      if (owed.length === 0) {
        assert(Phase.isLegal(phase, verb), `${dialogue.id}: ${verb} in ${phase}`);
        legal.add(verb);
      }
      owed.push(verb);
    };
    for (const event of play(dialogue).events) {
      if (event._tag === "Said") {
        say(verbOf(event));
        chunk = event.line.startsWith("BDAT ");
      } else if (event._tag === "Content" && event.last && !chunk) say("MESSAGE");
      // 354 is out of place where nobody was accepted; the lone dot after it is what there is to do.
      else if (event._tag === "Turned" && event.turn === "empty-message") phase = "data";
      else if (event._tag === "Secured") phase = Phase.after(phase, "HANDSHAKE", "positive");
      else if (event._tag === "Heard") {
        const verb = owed.shift();
        if (verb !== undefined) phase = Phase.after(phase, verb, Reply.severity(event.reply));
      }
    }
  }
  const verbs = [
    "HELO",
    "EHLO",
    "LHLO",
    "STARTTLS",
    "AUTH",
    "RESPONSE",
    "MAIL",
    "RCPT",
    "DATA",
    "MESSAGE",
    "BDAT",
    "LAST",
  ];
  assertEquals([...legal].sort(), [...verbs, "RSET", "QUIT"].sort());
});

/** Holds a dialogue over the mock socket, with all the time in the world. */
const converseOver = (dialogue: Dialogue, options: MockSocket.Options) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(toScript(dialogue), options);
    const events: Array<SessionEvent> = [];
    const fiber = yield* Effect.forkChild(
      converse({
        ...settings(dialogue),
        envelope: envelopeOf(dialogue),
        content: contentOf(dialogue),
        retryInClear: false,
        observe: (event) => events.push(event),
      }).pipe(
        Effect.map(({ recipients }) => ({ recipients, error: undefined as string | undefined })),
        Effect.catchTag("SessionError", ({ recipients, reason, cause }) =>
          Effect.succeed({ recipients, error: cause instanceof GrammarError ? cause.reason : reason })),
        Effect.provideService(Socket.Socket, peer.socket),
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 hour");
    return { peer, events, ...(yield* Fiber.join(fiber)) };
  });

for (const dialogue of dialogues) {
  it(`${dialogue.id}: the same over the mock socket, in one piece and octet by octet`, () =>
    Effect.gen(function* () {
      const { expect, policy } = dialogue;
      for (const chunking of ["whole", "octet"] as const) {
        const { peer, recipients, error, events } = yield* converseOver(dialogue, { chunking });
        assertEquals(summary(recipients), expect.recipients);
        const reason = error ?? recipients.find((recipient) => recipient.reason !== undefined)?.reason ?? null;
        assertEquals(reason, expect.error);
        assertEquals(Outcome.next(recipients, policy.tls), nexts[expect.next]);
        assertEquals(events.some((event) => event._tag === "Secured"), expect.tls);
        if (!dialogue.steps.some((step) => "close" in step)) yield* peer.verify;
      }
    }));

  it(`${dialogue.id}: cut over the mock socket after every octet of the server, it ends in the right verdicts`, () =>
    Effect.gen(function* () {
      const verdicts = verdictsAfter(dialogue);
      for (let cutAfter = 0; cutAfter <= total(dialogue); cutAfter++) {
        const { recipients } = yield* converseOver(dialogue, { cutAfter });
        assertCut(dialogue, recipients, verdicts(cutAfter), `cut after ${cutAfter} octets`);
      }
    }));
}
