/**
 * Events and outcomes as JSON: one object a line, so that a program can read a conversation while it happens. Octets that
 * are no UTF-8 appear as lone surrogates U+DC80 to U+DCFF, which JSON escapes.
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import type { RecipientOutcome } from "@plausch/session/outcome";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { Reply } from "@plausch/smtp/reply";

/** A reply as plain data. */
export const reply = (self: Reply): object => ({
  code: self.code,
  status: self.enhanced === undefined ? null : EnhancedStatus.format(self.enhanced),
  lines: self.lines,
  warnings: self.warnings,
});

/** A verdict as plain data. */
export const recipient = (self: RecipientOutcome): object => ({
  address: self.address,
  verdict: self.verdict,
  stage: self.stage,
  code: self.code ?? null,
  status: self.status === undefined ? null : EnhancedStatus.format(self.status),
  reply: self.reply === undefined ? null : reply(self.reply),
  reason: self.reason ?? null,
});

/** An event as plain data. */
export const event = (self: SessionEvent): object => {
  const head = { event: self._tag.toLowerCase(), at: new Date(self.at).toISOString() };
  switch (self._tag) {
    case "Connected":
    case "Closed":
      return head;
    case "Said":
      return { ...head, stage: self.stage, line: self.line };
    case "Content":
      return { ...head, octets: self.octets.length, last: self.last };
    case "Heard":
      return {
        ...head,
        stage: self.stage ?? null,
        expected: self.expected,
        elapsed: self.elapsed,
        reply: reply(self.reply),
      };
    case "Turned":
      return { ...head, turn: self.turn };
    case "Failed":
      return {
        ...head,
        reason: self.error.reason,
        stage: self.error.stage,
        temporary: self.error.isTemporary,
        message: self.error.message,
      };
  }
};
