/**
 * How far a conversation has come, from its events.
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import * as Capabilities from "@plausch/smtp/capabilities";
import * as Reply from "@plausch/smtp/reply";
import type { TlsReport } from "@plausch/tls/tls-report";

/** What is known of a conversation so far. */
export interface Progress {
  /** What the handshake came to, if there was one. */
  report: TlsReport | undefined;
  /** What the server offered last, if it came to that. */
  capabilities: Capabilities.Capabilities | undefined;
  /** The mechanism that was asked for last. */
  mechanism: string | undefined;
  /** Whether the server said yes to it. */
  isAuthenticated: boolean;
  /** Whether its failure was told already. */
  isFailureTold: boolean;
}

/** A conversation before its first event. */
export const make = (): Progress => ({
  report: undefined,
  capabilities: undefined,
  mechanism: undefined,
  isAuthenticated: false,
  isFailureTold: false,
});

/** Takes an event into account. With a new connection all begins anew. */
export const follow = (self: Progress, event: SessionEvent): void => {
  switch (event._tag) {
    case "Connected":
      Object.assign(self, make());
      return;
    case "Turned":
      if (event.turn === "retry-in-clear") Object.assign(self, make());
      return;
    case "Secured":
      self.report = event.report;
      return;
    case "Said":
      if (event.stage === "auth") self.mechanism = /^AUTH (\S+)/.exec(event.line)?.[1] ?? self.mechanism;
      return;
    case "Heard":
      if (event.stage === "ehlo" || event.stage === "ehlo-tls") self.capabilities = Capabilities.fromReply(event.reply);
      if (event.stage === "auth") self.isAuthenticated = Reply.isPositive(event.reply);
      return;
  }
};
