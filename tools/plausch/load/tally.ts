/**
 * What came of a load so far, in memory that does not grow with it.
 *
 * @module
 */
import type { RecipientOutcome, Verdict } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Histogram from "./histogram.ts";
import type { Stage } from "./stopwatch.ts";

/** Each stage, in the order of a conversation. */
export const stages: ReadonlyArray<Stage> = ["connect", "greeting", "ehlo", "tls", "auth", "message"];

/** A number for each verdict. */
export type Verdicts = { [V in Verdict]: number };

/** Something that happened so many times. */
export interface Happened<A> {
  /** The first time. */
  readonly first: A;
  /** How many times. */
  times: number;
}

/** What came of a load so far. */
export interface Tally {
  /** When it began, in microseconds of the monotonic clock. */
  readonly start: number;
  /** When the last verdict was reached. */
  end: number;
  /** Connections that stood. */
  connections: number;
  /** Messages that were begun. */
  begun: number;
  /** Messages whose every recipient has a verdict. */
  settled: number;
  /** Messages that some recipient was accepted for. */
  accepted: number;
  /** Octets of those, where their size is known. */
  octets: number;
  /** The verdicts on recipients. */
  readonly verdicts: Verdicts;
  /** The times, by stage. */
  readonly times: { readonly [S in Stage]: Histogram.Histogram };
  /** One recipient for each verdict, for the exit code. */
  readonly examples: Map<string, RecipientOutcome>;
  /** Why recipients were not accepted, as far as there is room for different reasons. */
  readonly refusals: Map<string, Happened<RecipientOutcome>>;
  /** What broke connections, likewise. */
  readonly failures: Map<string, Happened<SessionError>>;
}

/** Nothing so far. */
export const make = (start: number): Tally => ({
  start,
  end: start,
  connections: 0,
  begun: 0,
  settled: 0,
  accepted: 0,
  octets: 0,
  verdicts: { accepted: 0, rejected: 0, deferred: 0, uncertain: 0 },
  times: {
    connect: Histogram.make(),
    greeting: Histogram.make(),
    ehlo: Histogram.make(),
    tls: Histogram.make(),
    auth: Histogram.make(),
    message: Histogram.make(),
  },
  examples: new Map(),
  refusals: new Map(),
  failures: new Map(),
});

/** So many different reasons are told apart; a server may put something new into every reply. */
const mostReasons = 8;

const count = <A>(reasons: Map<string, Happened<A>>, reason: string, first: A): void => {
  const found = reasons.get(reason);
  if (found !== undefined) found.times++;
  else if (reasons.size < mostReasons) reasons.set(reason, { first, times: 1 });
};

/** Takes the verdicts on one message into account; `size` is that of the message. */
export const settle = (self: Tally, recipients: ReadonlyArray<RecipientOutcome>, size: number): void => {
  self.settled++;
  let isAccepted = false;
  for (const recipient of recipients) {
    const { verdict, stage, code, status, reason } = recipient;
    self.verdicts[verdict]++;
    if (!self.examples.has(verdict)) self.examples.set(verdict, recipient);
    if (verdict === "accepted") isAccepted = true;
    else {
      const numbers = status === undefined ? "" : EnhancedStatus.format(status);
      count(self.refusals, [verdict, stage, code, numbers, reason].join(" "), recipient);
    }
  }
  if (!isAccepted) return;
  self.accepted++;
  self.octets += size;
};

/** Takes a broken connection into account. */
export const fail = (self: Tally, error: SessionError): void => count(self.failures, error.message, error);
