/**
 * Times of one connection, from the events of its session.
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Stage as SessionStage } from "@plausch/session/stage";
import * as Reply from "@plausch/smtp/reply";

/**
 * What is timed. `connect` is the connection, with its handshake where TLS begins with it; `tls` is STARTTLS and the handshake after it;
 * `ehlo` is each EHLO, HELO or LHLO; `auth` the whole exchange; `message` one message, to its last verdict.
 */
export type Stage = "connect" | "greeting" | "ehlo" | "tls" | "auth" | "message";

/** Times one connection, from the moment it is made. */
export interface Stopwatch {
  /** Sees the events of the session. */
  readonly observe: (event: SessionEvent) => void;
  /** When the last of these verdicts of one message was heard; `undefined` where none rests on a reply. To be asked message by message. */
  readonly verdictAt: (recipients: ReadonlyArray<RecipientOutcome>) => number | undefined;
}

const hellos: ReadonlySet<SessionStage | undefined> = new Set<SessionStage>(["ehlo", "helo", "ehlo-tls"]);

/** A stopwatch that tells `record` of each stage but `message`. `now` is in microseconds. */
export const make = (now: () => number, record: (stage: Stage, micros: number) => void): Stopwatch => {
  let since = now();
  let upgradingSince: number | undefined;
  let provingSince: number | undefined;
  /** The replies that verdicts may rest on, in the order in which they came. */
  const heard = new Map<Reply.Reply, number>();

  const lap = (stage: Stage, from: number): void => {
    const at = now();
    record(stage, at - from);
    since = at;
  };

  const introduced = (stage: SessionStage | undefined, expected: boolean): void => {
    if (stage === "greeting") lap("greeting", since);
    else if (hellos.has(stage)) lap("ehlo", since);
    else if (stage === "auth" && provingSince !== undefined && expected) lap("auth", provingSince);
  };

  return {
    observe: (event) => {
      switch (event._tag) {
        case "Connected":
          return lap("connect", since);
        case "Secured":
          if (upgradingSince !== undefined) lap("tls", upgradingSince);
          return;
        case "Said":
          if (event.stage === "mail") return;
          if (hellos.has(event.stage)) since = now();
          if (event.stage === "starttls") upgradingSince = now();
          if (event.stage === "auth") provingSince ??= now();
          return;
        case "Heard":
          if (event.stage === "final" || !Reply.isPositive(event.reply)) heard.set(event.reply, now());
          return introduced(event.stage, event.expected && event.reply.code === 235);
      }
    },
    verdictAt: (recipients) => {
      const replies = new Set(recipients.map(({ reply }) => reply));
      replies.delete(undefined);
      let latest: number | undefined;
      for (const [reply, at] of heard) {
        if (replies.size === 0) break;
        if (replies.delete(reply)) latest = at;
        heard.delete(reply);
      }
      return latest;
    },
  };
};
