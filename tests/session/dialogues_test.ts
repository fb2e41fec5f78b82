import { assert, assertEquals } from "@std/assert";
import * as Outcome from "@plausch/session/outcome";
import text from "../cases/dialogues.jsonl" with { type: "text" };
import { clientOctets, type Dialogue, isPlain, play, serverOctets, summary } from "../support/by_hand.ts";
import { chunkings, parseCases } from "../support/cases.ts";

const dialogues = parseCases<Dialogue>(text).filter(isPlain);

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
  Object.values(expect.recipients).some((recipient) => (recipient as { verdict: string }).verdict === "accepted")
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
    const body = dialogue.steps.map(clientOctets);
    assert(body.length > 0);
    for (let endAfter = 0; endAfter <= total; endAfter++) {
      const { recipients } = play(dialogue, { endAfter });
      assertEquals(recipients.length, dialogue.envelope.to.length);
      for (const { address, verdict } of recipients) {
        const whole = (dialogue.expect.recipients[address] as { verdict: string }).verdict;
        if (whole === "accepted") {
          const expected = endAfter < begin ? "deferred" : endAfter < end ? "uncertain" : "accepted";
          assertEquals(verdict, expected, `${address}, cut after ${endAfter} of ${total} octets`);
        } else assert(verdict === whole || verdict === "deferred" && endAfter < begin, `${address}: ${verdict}`);
      }
    }
  });
}
