import type { SessionEvent } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Stage } from "@plausch/session/stage";
import type { Reply } from "@plausch/smtp/reply";
import { assertEquals } from "@std/assert";
import * as Stopwatch from "../../tools/plausch/load/stopwatch.ts";

const reply = (code: number): Reply => ({ code, lines: ["x"], enhanced: undefined, warnings: [] }) as unknown as Reply;
const head = { at: 0 } as const;
const said = (stage: Stage): SessionEvent => ({ ...head, _tag: "Said", stage, line: "x" });
const heard = (stage: Stage, reply: Reply, expected = true): SessionEvent => ({
  ...head,
  _tag: "Heard",
  stage,
  reply,
  expected,
  elapsed: 0,
});
const verdict = (reply: Reply | undefined): RecipientOutcome => ({
  recipient: { _tag: "Postmaster", localPart: "postmaster" },
  address: "postmaster",
  verdict: "accepted",
  stage: "final",
  reply,
});

/** Events, each at its time; what was recorded, and the stopwatch. */
const timed = (...events: ReadonlyArray<readonly [at: number, event: SessionEvent]>) => {
  let now = 0;
  const recorded: Array<readonly [string, number]> = [];
  const stopwatch = Stopwatch.make(() => now, (stage, micros) => void recorded.push([stage, micros]));
  for (const [at, event] of events) {
    now = at;
    stopwatch.observe(event);
  }
  return { recorded, stopwatch };
};

Deno.test("each stage is timed from what it begins with to what ends it", () => {
  const { recorded } = timed(
    [100, { ...head, _tag: "Connected" }],
    [150, heard("greeting", reply(220))],
    [160, said("ehlo")],
    [180, heard("ehlo", reply(250))],
    [200, said("starttls")],
    [230, heard("starttls", reply(220))],
    [300, { ...head, _tag: "Secured", level: "required", report: undefined }],
    [310, said("ehlo-tls")],
    [314, heard("ehlo-tls", reply(250))],
    [320, said("auth")],
    [330, heard("auth", reply(334))],
    [340, said("auth")],
    [370, heard("auth", reply(235))],
  );
  assertEquals(recorded, [
    ["connect", 100],
    ["greeting", 50],
    ["ehlo", 20],
    ["tls", 100],
    ["ehlo", 4],
    ["auth", 50],
  ]);
});

Deno.test("TLS from the first octet belongs to the connection, and a refused login is not timed", () => {
  const { recorded } = timed(
    [100, { ...head, _tag: "Connected" }],
    [100, { ...head, _tag: "Secured", level: "required", report: undefined }],
    [120, said("auth")],
    [130, heard("auth", reply(535), false)],
  );
  assertEquals(recorded, [["connect", 100]]);
});

Deno.test("the verdict on a message is the last of its recipients', whatever is heard of the next one", () => {
  const [refused, first, second, third] = [reply(550), reply(250), reply(250), reply(250)];
  const { stopwatch } = timed(
    [1, heard("mail", reply(250))],
    [2, heard("rcpt", reply(250))],
    [3, heard("rcpt", refused)],
    [10, heard("final", first)],
    [20, heard("final", second)],
    [30, heard("final", third)],
  );
  // LMTP: two verdicts on the message, and one that came before it; in the order of the envelope.
  assertEquals(stopwatch.verdictAt([verdict(first), verdict(refused), verdict(second)]), 20);
  assertEquals(stopwatch.verdictAt([verdict(third), verdict(third)]), 30);
  assertEquals(stopwatch.verdictAt([verdict(third)]), undefined);
});

Deno.test("a verdict that rests on no reply has no time, and takes none from others", () => {
  const final = reply(250);
  const { stopwatch } = timed([10, heard("final", final)]);
  assertEquals(stopwatch.verdictAt([verdict(undefined)]), undefined);
  assertEquals(stopwatch.verdictAt([]), undefined);
  assertEquals(stopwatch.verdictAt([verdict(final)]), 10);
});
