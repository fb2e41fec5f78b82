/**
 * Events and outcomes as JSON: one object a line, so that a program can read a conversation while it happens. Octets that
 * are no UTF-8 appear as lone surrogates U+DC80 to U+DCFF, which JSON escapes.
 *
 * @module
 */
import type { SessionEvent } from "@plausch/session/event";
import type { SessionError } from "@plausch/session/session-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { Reply } from "@plausch/smtp/reply";
import { TlsError } from "@plausch/tls/tls-error";
import type { Verdict } from "./outcome.ts";
import * as Tls from "./tls.ts";

/** A reply as plain data. */
export const reply = (self: Reply): object => ({
  code: self.code,
  status: self.enhanced === undefined ? null : EnhancedStatus.format(self.enhanced),
  lines: self.lines,
  warnings: self.warnings,
});

/** A verdict as plain data. */
export const recipient = (self: Verdict): object => ({
  address: self.address,
  domain: self.domain ?? null,
  host: self.host ?? null,
  verdict: self.verdict,
  stage: self.stage,
  code: self.code ?? null,
  status: self.status === undefined ? null : EnhancedStatus.format(self.status),
  reply: self.reply === undefined ? null : reply(self.reply),
  reason: self.reason ?? null,
  message: self.message ?? null,
  extension: self.extension ?? null,
});

/** An event as plain data. */
export const event = (self: SessionEvent): object => {
  const head = { event: self._tag.toLowerCase(), at: new Date(self.at).toISOString() };
  switch (self._tag) {
    case "Connected":
    case "Closed":
      return head;
    case "Secured":
      return { ...head, level: self.level, report: self.report === undefined ? null : Tls.json(self.report) };
    case "Said":
      return { ...head, stage: self.stage, line: self.line, chunk: self.chunk ?? null };
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
    case "Decided":
      return { ...head, recipients: self.recipients.map(recipient) };
    case "Failed":
      return failure(self.error, self.at, self.error.message, undefined);
  }
};

/** The failure of a conversation as plain data, told in a sentence, with what to try. */
export const failure = (self: SessionError, at: number, message: string, remedy: string | undefined): object => ({
  event: "failed",
  at: new Date(at).toISOString(),
  reason: self.reason,
  stage: self.stage,
  temporary: self.isTemporary,
  message,
  remedy: remedy ?? null,
  reply: self.reply === undefined ? null : reply(self.reply),
  report: self.cause instanceof TlsError && self.cause.report !== undefined ? Tls.json(self.cause.report) : null,
});
