/**
 * What a load came to: for people, and as data for programs.
 *
 * @module
 */
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import * as OutcomeLines from "../render/outcome.ts";
import type { Paint } from "../render/paint.ts";
import { line } from "../render/transcript.ts";
import * as Bars from "./bars.ts";
import * as Figures from "./figures.ts";
import type { Histogram } from "./histogram.ts";
import type { Happened, Tally } from "./tally.ts";
import * as Tallies from "./tally.ts";

/** A load that is over. */
export interface Summary {
  /** The server, as people know it. */
  readonly server: string;
  /** What came of it. */
  readonly tally: Tally;
  /** Messages that were never begun. */
  readonly unsent: number;
  /** Whether it was interrupted. */
  readonly isInterrupted: boolean;
  /** A failure in a sentence. */
  readonly describe: (error: SessionError) => string;
}

const percents: ReadonlyArray<number> = [50, 90, 99, 99.9];

/** How long it took, in seconds. */
const seconds = ({ start, end }: Tally): number => (end - start) / 1_000_000;

const per = (count: number, seconds: number): number => seconds > 0 ? count / seconds : 0;

/** Messages a second, of those with a verdict. */
export const rate = (tally: Tally, micros: number): number => per(tally.settled, (micros - tally.start) / 1_000_000);

/** The headline: how many, how long, how fast. */
export const headline = ({ tally }: Summary): string => {
  const time = seconds(tally);
  const { settled, connections, octets } = tally;
  if (settled === 0) return `No message got a verdict, over ${Figures.things(connections, "connection")}`;
  return `${Figures.things(settled, "message")} in ${Figures.time(time * 1_000_000)} over ${
    Figures.things(connections, "connection")
  }: ${Figures.rate(per(settled, time))} messages/s, ${Figures.octets(per(octets, time))}/s`;
};

const verdicts = (paint: Paint, { verdicts }: Tally): string => {
  const words = Object.entries(verdicts).map(([verdict, count]) => {
    const text = `${Figures.count(count)} ${verdict}`;
    return count === 0 ? paint("note", text) : paint(verdict === "accepted" ? "accepted" : "refused", text);
  });
  return `${line(paint, "===", "Recipients:")} ${words.join(paint("note", ", "))}`;
};

const times = (happened: number): string => happened === 1 ? "" : ` (${Figures.count(happened)} times)`;

/** What went wrong, in a line each. */
export const faults = ({ tally, unsent, isInterrupted, describe }: Summary): ReadonlyArray<string> => {
  const underWay = tally.begun - tally.settled;
  const refusal = ({ first, times: many }: Happened<RecipientOutcome>) =>
    `${OutcomeLines.describe(first)}${times(many)}`;
  const failure = ({ first, times: many }: Happened<SessionError>) => `${describe(first)}${times(many)}`;
  return [
    ...[...tally.refusals.values()].map(refusal),
    ...[...tally.failures.values()].map(failure),
    ...isInterrupted ? [`Interrupted with ${Figures.things(underWay, "message")} under way, or just answered`] : [],
    ...unsent > 0 ? [`${Figures.things(unsent, "message")} ${unsent === 1 ? "was" : "were"} not sent`] : [],
  ];
};

const columnWidth = 9;
const stageWidth = 8;

/** A table of the times, at most `width` columns wide. */
const table = (paint: Paint, tally: Tally, width: number): ReadonlyArray<string> => {
  const rows = Tallies.stages.filter((stage) => tally.times[stage].count > 0);
  if (rows.length === 0) return [];
  const figures = stageWidth + (1 + percents.length + 1) * columnWidth;
  const room = Math.min(40, width - figures - 2);
  const axis = room < 8 ? undefined : Bars.axis(rows.flatMap((stage) => tally.times[stage].buckets()), room);
  const heads = ["", ...percents.map((percent) => `p${percent}`), "max"];
  const from = axis === undefined ? "" : Figures.time(axis.from);
  const to = axis === undefined ? "" : Figures.time(axis.to);
  const scale = axis === undefined ? "" : `  ${from}${to.padStart(room - from.length)}`;
  const row = (name: string, times: Histogram): string => {
    const cells = [
      Figures.count(times.count),
      ...percents.map((percent) => Figures.time(times.percentile(percent))),
      Figures.time(times.max),
    ];
    const bars = axis === undefined ? "" : `  ${Bars.draw(axis, times.buckets())}`;
    return `${paint("strong", name.padEnd(stageWidth))}${cells.map((cell) => cell.padStart(columnWidth)).join("")}${
      paint("said", bars.trimEnd())
    }`;
  };
  return [
    paint(
      "note",
      `${"".padEnd(stageWidth)}${heads.map((head) => head.padStart(columnWidth)).join("")}${scale}`.trimEnd(),
    ),
    ...rows.map((stage) => row(stage, tally.times[stage])),
  ];
};

/** The summary for people, for a page of so many columns. */
export const lines = (paint: Paint, summary: Summary, width: number): ReadonlyArray<string> => [
  line(paint, "===", headline(summary)),
  verdicts(paint, summary.tally),
  ...table(paint, summary.tally, width),
];

/** What is told while it runs, in one line of less than `width` columns; `now` is in microseconds. */
export const progress = (tally: Tally, messages: number, now: number, width: number): string => {
  const { settled, verdicts } = tally;
  const others = verdicts.rejected + verdicts.deferred + verdicts.uncertain;
  const parts = [
    `${Figures.count(settled)} of ${Figures.count(messages)}`,
    `${Math.floor(settled / messages * 100)} %`,
    `${Figures.rate(rate(tally, now))}/s`,
    `p50 ${Figures.time(tally.times.message.percentile(50))}`,
    `p99 ${Figures.time(tally.times.message.percentile(99))}`,
    ...others > 0 ? [`${Figures.count(others)} not accepted`] : [],
  ];
  return parts.join("  ").slice(0, Math.max(0, width - 1));
};

const millis = (micros: number): number => Math.round(micros) / 1000;

const stageJson = (times: Histogram): object => ({
  count: times.count,
  ...Object.fromEntries(percents.map((percent) => [`p${percent}`, millis(times.percentile(percent))])),
  max: millis(times.max),
  histogram: times.buckets().map(({ from, to, count }) => ({ from: millis(from), to: millis(to), count })),
});

/** The same as data. Times are in milliseconds; a bucket of a histogram has the times from `from` up to, not including, `to`. */
export const json = ({ server, tally, unsent, isInterrupted, describe }: Summary): object => {
  const time = seconds(tally);
  const present = Tallies.stages.filter((stage) => tally.times[stage].count > 0);
  return {
    event: "load",
    server,
    interrupted: isInterrupted,
    seconds: Math.round(time * 1_000_000) / 1_000_000,
    connections: tally.connections,
    messages: {
      settled: tally.settled,
      accepted: tally.accepted,
      underWay: tally.begun - tally.settled,
      unsent,
    },
    messagesPerSecond: per(tally.settled, time),
    octetsPerSecond: per(tally.octets, time),
    verdicts: tally.verdicts,
    stages: Object.fromEntries(present.map((stage) => [stage, stageJson(tally.times[stage])])),
    refusals: [...tally.refusals.values()].map(({ first, times }) => ({
      times,
      message: OutcomeLines.describe(first),
    })),
    failures: [...tally.failures.values()].map(({ first, times }) => ({
      times,
      reason: first.reason,
      stage: first.stage,
      message: describe(first),
    })),
  };
};
