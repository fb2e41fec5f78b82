import { SessionError } from "@plausch/session/session-error";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Figures from "../../tools/plausch/load/figures.ts";
import * as Summary from "../../tools/plausch/load/summary.ts";
import * as Tally from "../../tools/plausch/load/tally.ts";
import { colours, plain } from "../../tools/plausch/render/paint.ts";

const recipient = { _tag: "Postmaster", localPart: "postmaster" } as const;
const base = { recipient, address: "postmaster" };

/** A load of 2000 messages in two seconds, every tenth of them refused. */
const tally = (): Tally.Tally => {
  const tally = Tally.make(1_000_000);
  tally.connections = 3;
  tally.times.connect.record(250);
  for (let i = 0; i < 2000; i++) {
    tally.begun++;
    tally.times.message.record(70 * 1.002 ** i);
    const isRefused = i % 10 === 0;
    Tally.settle(
      tally,
      [
        isRefused
          ? { ...base, verdict: "rejected", stage: "rcpt", code: 550 }
          : { ...base, verdict: "accepted", stage: "final" },
      ],
      1000,
    );
  }
  tally.end = 3_000_000;
  return tally;
};

const summary = (tally: Tally.Tally, more: Partial<Summary.Summary> = {}): Summary.Summary => ({
  server: "x.test",
  tally,
  unsent: 0,
  isInterrupted: false,
  describe: (error) => error.message,
  ...more,
});

const width = (line: string): number => [...line].length;

Deno.test("the summary fits its page, and uses the room that there is", () => {
  const at = (columns: number) => Summary.lines(plain, summary(tally()), columns);
  for (const columns of [60, 80, 100, 120, 300]) {
    assert(at(columns).every((line) => width(line) <= Math.max(80, columns)), at(columns).join("\n"));
  }
  const longest = (columns: number) => Math.max(...at(columns).slice(2).map(width));
  assertEquals([longest(60), longest(80), longest(120), longest(300)], [62, 80, 104, 104]);
});

Deno.test("the summary tells how many, how fast, what verdicts, and how long what took", () => {
  const [headline, verdicts, heads, connect, message] = Summary.lines(plain, summary(tally()), 80);
  assertEquals(headline, "=== 2,000 messages in 2.00 s over 3 connections: 1,000 messages/s, 900 kB/s");
  assertEquals(verdicts, "=== Recipients: 1,800 accepted, 200 rejected, 0 deferred, 0 uncertain");
  assertMatch(heads!, /^ +p50 +p90 +p99 +p99\.9 +max {2}70 µs +3\.84 ms$/);
  assertMatch(connect!, /^connect +1 +250 µs +250 µs +250 µs +250 µs +250 µs +█$/);
  assertMatch(message!, /^message +2,000 +\d+ µs +2\.\d\d ms +3\.\d\d ms +3\.\d\d ms +3\.80 ms {2}[▁▂▃▄▅▆▇█]+$/);
});

Deno.test("colours change nothing but the colours", () => {
  const painted = Summary.lines(colours, summary(tally()), 80).join("\n");
  // deno-lint-ignore no-control-regex
  assertEquals(painted.replace(/\u001b\[\d*m/g, ""), Summary.lines(plain, summary(tally()), 80).join("\n"));
  assert(painted.includes("\u001b[32m1,800 accepted") && painted.includes("\u001b[33m200 rejected"));
});

Deno.test("the progress stays within its line", () => {
  const text = Summary.progress(tally(), 5000, 2_000_000, 80);
  assertMatch(
    text,
    /^2,000 of 5,000 {2}40 % {2}2,000\/s {2}p50 \d+ µs {2}p99 3\.\d\d ms {2}200 not accepted$/,
  );
  assertEquals([Summary.progress(tally(), 5000, 2_000_000, 20).length, Summary.progress(tally(), 5000, 0, 0)], [
    19,
    "",
  ]);
});

Deno.test("faults are told with how often they came, in no more than so many lines", () => {
  const made = tally();
  for (let i = 0; i < 100; i++) {
    const reply = { code: 421, lines: [`busy ${i}`], enhanced: undefined, warnings: [] };
    Tally.fail(made, new SessionError({ reason: "Refused", stage: "greeting", reply: reply as never, recipients: [] }));
    Tally.fail(made, new SessionError({ reason: "Timeout", stage: "greeting", recipients: [] }));
  }
  made.begun += 3;
  const faults = Summary.faults(summary(made, { unsent: 1, isInterrupted: true }));
  assertEquals(faults[0], "postmaster: rejected at RCPT: 550 (200 times)");
  assert(faults.includes("Gave up waiting for the greeting: the server did not answer in time (100 times)"));
  assertEquals(faults.length, 1 + 8 + 2);
  assertEquals(faults.slice(-2), ["Interrupted with 3 messages under way, or just answered", "1 message was not sent"]);
});

Deno.test("a load without a verdict has no rates", () => {
  assertEquals(Summary.lines(plain, summary(Tally.make(0)), 80), [
    "=== No message got a verdict, over 0 connections",
    "=== Recipients: 0 accepted, 0 rejected, 0 deferred, 0 uncertain",
  ]);
});

Deno.test("figures have three digits that count", () => {
  assertEquals([0, 7, 999, 1000, 12_340, 999_499, 999_500, 61_000_000].map(Figures.time), [
    ...["0 µs", "7 µs", "999 µs", "1.00 ms", "12.3 ms", "999 ms", "1.00 s", "61.0 s"],
  ]);
  assertEquals([12, 1500, 2_345_678, 4e9].map(Figures.octets), ["12 B", "1.50 kB", "2.35 MB", "4.00 GB"]);
  assertEquals([0.5, 42.123, 99.96, 12345.6].map(Figures.rate), ["0.50", "42.1", "100", "12,346"]);
  assertEquals([Figures.things(1, "message"), Figures.things(2000, "message")], ["1 message", "2,000 messages"]);
});
