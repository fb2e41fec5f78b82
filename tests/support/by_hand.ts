import { assertEquals } from "@std/assert";
import * as Content from "@plausch/session/content";
import * as Conversation from "@plausch/session/conversation";
import * as Envelope from "@plausch/session/envelope";
import type { SessionEvent } from "@plausch/session/event";
import type * as Outcome from "@plausch/session/outcome";
import * as Domain from "@plausch/smtp/domain";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Octets from "@plausch/smtp/octets";
import * as Result from "effect/Result";
import { latin1, octets } from "./cases.ts";
import type { Dialogue, DialogueStep } from "./dialogue.ts";

const lines = (value: string | ReadonlyArray<string>): string =>
  (typeof value === "string" ? [value] : value).map((line) => `${line}\r\n`).join("");

/** The octets of a server's step. */
export const serverOctets = (step: DialogueStep): Uint8Array | undefined => {
  if ("server" in step) return octets(lines(step.server));
  return "raw" in step ? octets(step.raw) : undefined;
};

/** The octets that a step expects of the client. */
export const clientOctets = (step: DialogueStep): Uint8Array | undefined => {
  if ("client" in step) return Octets.encode(lines(step.client));
  return "data" in step ? octets(step.data) : undefined;
};

/** What became of a dialogue. */
export interface Played {
  readonly recipients: ReadonlyArray<Outcome.RecipientOutcome>;
  /** The failure or local refusal, by the names of the case files. */
  readonly error: string | null;
  readonly said: string;
  readonly events: ReadonlyArray<SessionEvent>;
}

/** How to play the server. */
export interface Play {
  /** Cuts the server's octets into chunks. */
  readonly cut?: (octets: Uint8Array) => ReadonlyArray<Uint8Array>;
  /** The connection ends after so many octets of the server. */
  readonly endAfter?: number;
}

/**
 * Plays a dialogue against the conversation alone, without sockets. The client must have said exactly what the steps expect
 * each time the server speaks.
 */
export const play = (dialogue: Dialogue, { cut = (octets) => [octets], endAfter = Infinity }: Play = {}): Played => {
  const events: Array<SessionEvent> = [];
  const conversation = Conversation.make({
    host: Result.getOrThrow(Domain.hostFromString(dialogue.policy.helo)),
    pipelining: dialogue.policy.pipelining,
    observe: (event) => events.push(event),
  });
  const envelope = Result.getOrThrow(Envelope.make(dialogue.envelope));
  const content = Result.getOrThrow(Content.make(octets(dialogue.message)));
  let recipients: ReadonlyArray<Outcome.RecipientOutcome> | undefined;
  let quitting = false;
  let said = "";

  const requests = [
    () => conversation.greet(),
    () => conversation.hello(),
    () => Result.getOrThrow(conversation.send(envelope, content)),
  ];
  const quit = () => {
    if (!quitting) conversation.quit();
    quitting = true;
  };
  /** Lets the client say what it can say now. */
  const speak = (): void => {
    for (;;) {
      for (let out = conversation.output(); out !== undefined; out = conversation.output()) said += latin1(out);
      if (!conversation.isIdle || conversation.isOver) return;
      const next = conversation.refusal === undefined ? requests.shift() : undefined;
      if (next === undefined) recipients ??= conversation.recipients;
      if (next === undefined && quitting) return;
      (next ?? quit)();
    }
  };

  let heard = 0;
  let expected = "";
  for (const step of dialogue.steps) {
    speak();
    const fromClient = clientOctets(step);
    if (fromClient !== undefined) {
      expected += latin1(fromClient);
      continue;
    }
    // A server that closes at once may do so before or after it reads the QUIT that is on its way.
    if ("close" in step && said === `${expected}QUIT\r\n`) expected = said;
    if (endAfter === Infinity) assertEquals(said, expected, "the client has said what was expected by now");
    const fromServer = serverOctets(step);
    if (fromServer !== undefined) {
      const room = Math.min(fromServer.length, endAfter - heard);
      for (const chunk of cut(fromServer.subarray(0, room))) conversation.receive(chunk);
      heard += room;
      if (room < fromServer.length || heard === endAfter) {
        speak();
        conversation.end(undefined);
        break;
      }
    } else if ("close" in step) conversation.end(undefined);
    else if ("silent" in step) conversation.expire();
    else if ("eof" in step) assertEquals(conversation.isOver, true, "the client hangs up");
  }
  speak();
  if (endAfter === Infinity) assertEquals(said, expected, "the client has said all that was expected, and no more");

  const refusal = conversation.refusal;
  const verdict = refusal === undefined || conversation.recipients.length > 0
    ? undefined
    : refusal.reply.code >= 500
    ? "rejected" as const
    : "deferred" as const;
  const session = { stage: conversation.stage, reply: refusal?.reply, code: refusal?.reply.code };
  recipients ??= conversation.recipients;
  if (recipients.length === 0) {
    recipients = envelope.recipients.map(({ path }, index) => ({
      recipient: path,
      address: dialogue.envelope.to[index]!,
      verdict: verdict ?? "deferred",
      ...session,
      stage: refusal?.stage ?? conversation.stage,
      reason: refusal === undefined ? "ConnectionLost" as const : undefined,
    }));
  }
  const { failure } = conversation;
  const reason = failure?.cause instanceof GrammarError ? failure.cause.reason : failure?.reason;
  return {
    recipients,
    error: reason ?? recipients.find((recipient) => recipient.reason !== undefined)?.reason ?? null,
    said,
    events,
  };
};

/** The recipients in the form of the case files. */
export const summary = (recipients: ReadonlyArray<Outcome.RecipientOutcome>): object =>
  Object.fromEntries(recipients.map(({ address, verdict, stage, code, status }) => [address, {
    verdict,
    stage,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { enhanced: EnhancedStatus.format(status) }),
  }]));
