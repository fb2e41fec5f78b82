import { assertEquals } from "@std/assert";
import type { Reason, RecipientDelivery } from "@plausch/delivery/delivered";
import type { RecipientOutcome, Verdict } from "@plausch/session/outcome";
import { type FailureReason, SessionError } from "@plausch/session/session-error";
import type { Stage } from "@plausch/session/stage";
import * as Exit from "effect/Exit";
import { ExitCode, fromDelivered, fromExit, fromRecipients } from "../../tools/plausch/exit_code.ts";

const recipients = (...verdicts: ReadonlyArray<Verdict | "stopped">): ReadonlyArray<RecipientOutcome> =>
  verdicts.map((verdict) => ({
    recipient: { _tag: "Postmaster", localPart: "postmaster" },
    address: "postmaster",
    stage: "final",
    ...(verdict === "stopped" ? { verdict: "deferred", reason: "Stopped" } : { verdict }),
  }));
const broken = (reason: FailureReason, stage: Stage = "mail") => new SessionError({ reason, stage, recipients: [] });

Deno.test("verdicts alone decide where the conversation did not break", () => {
  assertEquals(fromRecipients(recipients("accepted", "accepted")), ExitCode.ok);
  assertEquals(fromRecipients(recipients("stopped")), ExitCode.ok);
  assertEquals(fromRecipients(recipients("rejected", "rejected")), ExitCode.rejected);
  assertEquals(fromRecipients(recipients("deferred")), ExitCode.deferred);
  assertEquals(fromRecipients(recipients("deferred", "rejected")), ExitCode.deferred);
  assertEquals(fromRecipients(recipients("accepted", "rejected")), ExitCode.partly);
  assertEquals(fromRecipients(recipients("accepted", "deferred")), ExitCode.partly);
  assertEquals(fromRecipients(recipients("stopped", "rejected")), ExitCode.partly);
  assertEquals(fromRecipients(recipients("accepted", "uncertain")), ExitCode.uncertain);
});

Deno.test("a broken conversation tells how it broke, unless somebody got the message or may have", () => {
  const deferred = recipients("deferred");
  assertEquals(fromRecipients(deferred, broken("ConnectFailed", "connect")), ExitCode.unreachable);
  assertEquals(fromRecipients(deferred, broken("Timeout", "connect")), ExitCode.unreachable);
  assertEquals(fromRecipients(deferred, broken("Timeout")), ExitCode.deferred);
  assertEquals(fromRecipients(deferred, broken("ConnectionLost")), ExitCode.deferred);
  assertEquals(fromRecipients(deferred, broken("BadReply")), ExitCode.protocol);
  assertEquals(fromRecipients(deferred, broken("UnexpectedReply")), ExitCode.protocol);
  assertEquals(fromRecipients(deferred, broken("UnsolicitedReply")), ExitCode.protocol);
  assertEquals(fromRecipients(deferred, broken("Interrupted")), ExitCode.interrupted);
  assertEquals(fromRecipients(recipients("uncertain"), broken("BadReply")), ExitCode.uncertain);
  assertEquals(fromRecipients(recipients("accepted", "deferred"), broken("ConnectionLost")), ExitCode.partly);
});

Deno.test("whatever TLS, a log-in or XCLIENT fails of, it is 77", () => {
  const reasons: ReadonlyArray<FailureReason> = [
    "TlsNotOffered",
    "TlsRefused",
    "TlsFailed",
    "StartTlsInjection",
    "AuthNotOffered",
    "NoCommonMechanism",
    "PlaintextAuthRefused",
    "AuthTemporary",
    "AuthRejected",
    "AuthBroken",
    "XclientNotOffered",
    "XclientRefused",
  ];
  for (const reason of reasons) {
    assertEquals(fromRecipients(recipients("deferred"), broken(reason)), ExitCode.security, reason);
    assertEquals(fromRecipients([], broken(reason)), ExitCode.security, reason);
  }
});

Deno.test("without recipients, what was asked for succeeded unless it broke", () => {
  assertEquals(fromRecipients([]), ExitCode.ok);
  assertEquals(fromRecipients([], broken("Timeout")), ExitCode.deferred);
});

Deno.test("a command that dies is a bug of ours, one that is interrupted is not", () => {
  assertEquals(fromExit(Exit.succeed(ExitCode.partly)), ExitCode.partly);
  assertEquals(fromExit(Exit.die(new Error("oops"))), ExitCode.bug);
  assertEquals(fromExit(Exit.interrupt(1)), ExitCode.interrupted);
});

const delivered = (...ends: ReadonlyArray<Verdict | NonNullable<Reason>>): ReadonlyArray<RecipientDelivery> =>
  recipients(...ends.map((end) => isVerdict(end) ? end : "deferred")).map((recipient, at) => {
    const end = ends[at]!;
    return { ...recipient, domain: "x.test", host: undefined, ...(isVerdict(end) ? {} : { reason: end }) };
  });
const isVerdict = (end: Verdict | NonNullable<Reason>): end is Verdict =>
  ["accepted", "rejected", "deferred", "uncertain"].includes(end);

Deno.test("over mail exchangers, what kept everybody from being accepted decides, and verdicts where nothing did", () => {
  assertEquals(fromDelivered(delivered("accepted", "accepted")), ExitCode.ok);
  assertEquals(fromDelivered(delivered("accepted", "AllHostsFailed")), ExitCode.partly);
  assertEquals(fromDelivered(delivered("NullMx", "uncertain")), ExitCode.uncertain);
  assertEquals(fromDelivered(delivered("NullMx", "DomainNotFound", "NoUsableHost")), ExitCode.noMailHost);
  assertEquals(fromDelivered(delivered("NullMx", "AllHostsFailed")), ExitCode.unreachable);
  assertEquals(fromDelivered(delivered("NullMx", "DnsTimeout")), ExitCode.deferred);
  assertEquals(fromDelivered(delivered("rejected", "NotDane", "AllHostsFailed")), ExitCode.security);
  assertEquals(fromDelivered(delivered("BadDomain")), ExitCode.badData);
  assertEquals(fromDelivered(delivered("TlsFailed")), ExitCode.security);
  assertEquals(fromDelivered(delivered("ConnectionLost", "BadReply")), ExitCode.protocol);
  assertEquals(fromDelivered(delivered("Deadline", "rejected")), ExitCode.deferred);
  assertEquals(fromDelivered(delivered("rejected", "rejected")), ExitCode.rejected);
});
