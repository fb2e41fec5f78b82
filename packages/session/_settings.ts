import type { FailureReason } from "./session_error.ts";

/** Failures that are for the one who set the client up to mend: neither time nor another host will. */
const reasons: ReadonlySet<string | undefined> = new Set<FailureReason>([
  "AuthNotOffered",
  "NoCommonMechanism",
  "PlaintextAuthRefused",
  "AuthRejected",
  "AuthBroken",
  "XclientNotOffered",
  "XclientRefused",
]);

/** Whether only other settings may help. */
export const areAtFault = (reason: string | undefined): boolean => reasons.has(reason);
