import { assert, assertEquals } from "@std/assert";
import * as Outcome from "@plausch/session/outcome";
import * as Content from "@plausch/session/content";
import { converse } from "@plausch/session/converse";
import * as Envelope from "@plausch/session/envelope";
import * as Domain from "@plausch/smtp/domain";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as MockSocket from "@plausch/testing/mock-socket";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Socket from "effect/socket/Socket";
import * as TestClock from "effect/testing/TestClock";
import { play, serverOctets, summary } from "../support/by_hand.ts";
import { chunkings, octets } from "../support/cases.ts";
import { type Dialogue, dialogues as allDialogues, plain, toScript } from "../support/dialogue.ts";
import { it } from "../support/it.ts";

const dialogues = allDialogues.filter(plain);

const nexts = { "next-mx": "next-host", done: "done", never: "never", later: "later" } as const;

Deno.test("there are plain dialogues to play", () => assert(dialogues.length > 50));

for (const dialogue of dialogues) {
  Deno.test(`${dialogue.id}: says and concludes what is expected, in every chunking`, () => {
    const { expect } = dialogue;
    const ways = [
      (octets: Uint8Array) => [octets],
      ...[1, 2].map((way) => (octets: Uint8Array) => chunkings(octets)[way]!),
    ];
    for (const cut of ways) {
      const played = play(dialogue, { cut });
      assertEquals(summary(played.recipients), expect.recipients);
      assertEquals(Outcome.next(played.recipients), nexts[expect.next as keyof typeof nexts]);
      assertEquals(played.error, expect.error);
    }
  });
}

const delivered = dialogues.filter(({ steps, expect }) =>
  expect.error === null && steps.filter((step) => "data" in step).length === 1 &&
  Object.values(expect.recipients).some((recipient) => recipient.verdict === "accepted")
);

Deno.test("there are delivered dialogues to cut", () => assert(delivered.length > 15));

/** Octets of the server before the message, and up to the end of the reply to it. */
const finalReply = ({ steps }: Dialogue): readonly [begin: number, end: number] => {
  const at = steps.findIndex((step) => "data" in step);
  const octetsOf = (from: number, to: number) =>
    steps.slice(from, to).reduce((sum, step) => sum + (serverOctets(step)?.length ?? 0), 0);
  return [octetsOf(0, at), octetsOf(0, at + 2)];
};

for (const dialogue of delivered) {
  Deno.test(`${dialogue.id}: cut after every octet of the server, it ends in the right verdict`, () => {
    const [begin, end] = finalReply(dialogue);
    const total = dialogue.steps.reduce((sum, step) => sum + (serverOctets(step)?.length ?? 0), 0);
    for (let endAfter = 0; endAfter <= total; endAfter++) {
      const { recipients } = play(dialogue, { endAfter });
      assertEquals(recipients.length, dialogue.envelope.to.length);
      for (const { address, verdict } of recipients) {
        const whole = dialogue.expect.recipients[address]?.verdict;
        if (whole === "accepted") {
          const expected = endAfter < begin ? "deferred" : endAfter < end ? "uncertain" : "accepted";
          assertEquals(verdict, expected, `${address}, cut after ${endAfter} of ${total} octets`);
        } else assert(verdict === whole || verdict === "deferred" && endAfter < begin, `${address}: ${verdict}`);
      }
    }
  });
}

/** Holds a dialogue over the mock socket, with all the time in the world; gives the verdicts and the failure's reason. */
const converseOver = (dialogue: Dialogue, options: MockSocket.Options) =>
  Effect.gen(function* () {
    const peer = yield* MockSocket.make(toScript(dialogue), options);
    const fiber = yield* Effect.forkChild(
      converse({
        host: Result.getOrThrow(Domain.hostFromString(dialogue.policy.helo)),
        pipelining: dialogue.policy.pipelining,
        envelope: Result.getOrThrow(Envelope.make(dialogue.envelope)),
        content: Result.getOrThrow(Content.make(octets(dialogue.message))),
      }).pipe(
        Effect.map(({ recipients }) => ({ recipients, error: undefined as string | undefined })),
        Effect.catchTag("SessionError", ({ recipients, reason, cause }) =>
          Effect.succeed({ recipients, error: cause instanceof GrammarError ? cause.reason : reason })),
        Effect.provideService(Socket.Socket, peer.socket),
      ),
      { startImmediately: true },
    );
    yield* TestClock.adjust("1 hour");
    return { peer, ...(yield* Fiber.join(fiber)) };
  });

for (const dialogue of dialogues) {
  it(`${dialogue.id}: the same over the mock socket, in one piece and octet by octet`, () =>
    Effect.gen(function* () {
      for (const chunking of ["whole", "octet"] as const) {
        const { peer, recipients, error } = yield* converseOver(dialogue, { chunking });
        assertEquals(summary(recipients), dialogue.expect.recipients);
        const reason = error ?? recipients.find((recipient) => recipient.reason !== undefined)?.reason ?? null;
        assertEquals(reason, dialogue.expect.error);
        if (!dialogue.steps.some((step) => "close" in step)) yield* peer.verify;
      }
    }));
}

for (const dialogue of delivered) {
  it(`${dialogue.id}: cut over the mock socket after every octet of the server, nobody is without a verdict`, () =>
    Effect.gen(function* () {
      const [begin, end] = finalReply(dialogue);
      for (let cutAfter = 0; cutAfter <= end; cutAfter++) {
        const { recipients } = yield* converseOver(dialogue, { cutAfter });
        for (const { address, verdict } of recipients) {
          const whole = dialogue.expect.recipients[address]?.verdict;
          if (whole !== "accepted") continue;
          const expected = cutAfter < begin ? "deferred" : cutAfter < end ? "uncertain" : "accepted";
          assertEquals(verdict, expected, `${address}, cut after ${cutAfter} octets`);
        }
      }
    }));
}
