import { assert, assertEquals } from "@std/assert";
import * as Conversation from "@plausch/session/conversation";
import type { SessionEvent } from "@plausch/session/event";
import type * as Outcome from "@plausch/session/outcome";
import type { FailureReason } from "@plausch/session/session-error";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import * as Reply from "@plausch/smtp/reply";
import * as MockReport from "@plausch/testing/mock-report";
import { TlsError } from "@plausch/tls/tls-error";
import * as Result from "effect/Result";
import { latin1 } from "./cases.ts";
import { clientOctets, contentOf, type Dialogue, envelopeOf, serverOctets, settings } from "./dialogue.ts";

/** What became of a dialogue. */
export interface Played {
  readonly recipients: ReadonlyArray<Outcome.RecipientOutcome>;
  /** The failure or local refusal, by the names of the case files. */
  readonly error: string | null;
  /** Whether the conversation was encrypted. */
  readonly tls: boolean;
  readonly said: string;
  readonly events: ReadonlyArray<SessionEvent>;
  /** How many times the client gave octets out to be written. */
  readonly writes: number;
  /** Whether the last octets of a message were among them. */
  readonly hasEnded: boolean;
}

/** How to play the server. */
export interface Play {
  /** Cuts the server's octets into chunks. */
  readonly cut?: (octets: Uint8Array) => ReadonlyArray<Uint8Array>;
  /** The connection ends after so many octets of the server. */
  readonly endAfter?: number;
  /** The connection ends when the client has written so many times. */
  readonly endAfterWrites?: number;
}

/** What the recipients get when the conversation ends before their transaction. */
const withoutTransaction = (
  dialogue: Dialogue,
  { stage, refusal, failure }: Conversation.Conversation,
): ReadonlyArray<Outcome.RecipientOutcome> => {
  const why = refusal ?? failure;
  const reply = why?.reply;
  const reason: FailureReason = why?.reason ?? "ConnectionLost";
  const isForGood = reply !== undefined && Reply.severity(reply) === "permanent" &&
    (reason === "Refused" || reason === "TlsNotOffered");
  return envelopeOf(dialogue).recipients.map(({ path }, index) => ({
    recipient: path,
    address: dialogue.envelope.to[index]!,
    verdict: isForGood ? "rejected" : "deferred",
    stage: why?.stage ?? stage,
    ...(reply === undefined ? {} : { reply, code: reply.code, status: reply.enhanced }),
    ...(reason === "Refused" ? {} : { reason }),
  }));
};

/**
 * Plays a dialogue against the conversation alone, without sockets. The client must have said exactly what the steps expect
 * each time the server speaks.
 */
export const play = (dialogue: Dialogue, how: Play = {}): Played => {
  const { cut = (octets) => [octets], endAfter = Infinity, endAfterWrites = Infinity } = how;
  const isWhole = endAfter === Infinity && endAfterWrites === Infinity;
  const events: Array<SessionEvent> = [];
  const conversation = Conversation.make({
    ...settings(dialogue),
    nonce: () => "nonce",
    observe: (event) => events.push(event),
  });
  const envelope = envelopeOf(dialogue);
  const content = contentOf(dialogue);
  let recipients: ReadonlyArray<Outcome.RecipientOutcome> | undefined;
  let quitting = false;
  let said = "";
  let writes = 0;

  const requests = [
    () => conversation.greet(),
    () => conversation.hello(),
    () => Result.getOrThrow(conversation.send(envelope, content)),
  ];
  const quit = () => {
    if (!quitting) conversation.quit();
    quitting = true;
  };
  const write = (): boolean => {
    const out = writes === endAfterWrites ? undefined : conversation.output();
    if (out === undefined) return false;
    writes++;
    said += latin1(out);
    return true;
  };
  /** Lets the client say what it can say now. */
  const speak = (): void => {
    for (;;) {
      while (write());
      if (writes === endAfterWrites) {
        // A transaction that is over is over, whatever becomes of QUIT.
        if (quitting) recipients ??= conversation.recipients;
        return conversation.end(undefined);
      }
      if (!conversation.isIdle || conversation.isOver) return;
      const next = conversation.refusal === undefined ? requests.shift() : undefined;
      if (next === undefined) recipients ??= conversation.recipients;
      if (next === undefined && quitting) return;
      (next ?? quit)();
    }
  };

  let heard = 0;
  let expected = "";
  const clientSteps = clientOctets(dialogue);
  for (const [at, step] of dialogue.steps.entries()) {
    speak();
    if (writes === endAfterWrites) break;
    const fromClient = clientSteps[at];
    if (fromClient !== undefined) {
      expected += latin1(fromClient);
      continue;
    }
    // A server that closes at once may do so before or after it reads the QUIT that is on its way.
    if ("close" in step && said === `${expected}QUIT\r\n`) expected = said;
    if (isWhole) assertEquals(said, expected, "the client has said what was expected by now");
    else {assert(
        said.startsWith(expected) || expected.startsWith(said),
        "the client says nothing that was not expected",
      );}
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
    else if ("tls" in step) {
      assertEquals(conversation.isHandshakeDue, true, "the client begins the handshake");
      if (step.tls === "ok") conversation.secured(MockReport.make());
      else conversation.handshakeFailed(new TlsError({ reason: "Alert" }));
    }
  }
  speak();
  if (isWhole) assertEquals(said, expected, "the client has said all that was expected, and no more");

  recipients ??= conversation.recipients;
  if (recipients.length === 0) recipients = withoutTransaction(dialogue, conversation);
  // What breaks when every recipient has a verdict is nobody's failure.
  const failure = conversation.isBroken ? conversation.failure : undefined;
  const reason = failure?.cause instanceof GrammarError ? failure.cause.reason : failure?.reason;
  return {
    recipients,
    error: reason ?? recipients.find((recipient) => recipient.reason !== undefined)?.reason ?? null,
    tls: conversation.isSecure,
    said,
    events,
    writes,
    hasEnded: events.some((event) => event._tag === "Content" && event.last),
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
