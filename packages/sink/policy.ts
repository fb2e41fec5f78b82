/**
 * Decisions that are the site's own: whose mail is taken, for whom, and what is told about users and lists.
 *
 * A 4yz or 5yz reply refuses, a 2yz reply accepts in its own words, undefined leaves it to the sink. A reply with the code 421
 * closes the connection. The functions are called for each command at its place, and must not throw.
 *
 * @example One mailbox is full
 * ```ts
 * import type * as Policy from "@plausch/sink/policy";
 * import * as Path from "@plausch/smtp/path";
 * import * as Reply from "@plausch/smtp/reply";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const policy: Policy.Policy = {
 *   recipient: (path) => Path.address(path) === "full@d.test" ? Reply.make(452, "4.2.2 No room") : undefined,
 * };
 * const full = Result.getOrThrow(Path.forwardFromString("<full@d.test>"));
 * assertEquals(policy.recipient?.(full, Path.nullPath, {})?.code, 452);
 * ```
 *
 * @module
 */
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type { ForwardPath, ReversePath } from "@plausch/smtp/path";
import type { Reply } from "@plausch/smtp/reply";
import type { Submission } from "./submission.ts";

/** What a site decides. Each is asked only about what the protocol allows. */
export interface Policy {
  /** Whether the sender may send. */
  readonly sender?: ((path: ReversePath, parameters: MailParameters) => Reply | undefined) | undefined;
  /** Whether the recipient is taken. */
  readonly recipient?:
    | ((path: ForwardPath, sender: ReversePath, parameters: RcptParameters) => Reply | undefined)
    | undefined;
  /** Whether the message is taken, once it is complete. Refused, it is not stored. */
  readonly message?: ((submission: Submission) => Reply | undefined) | undefined;
  /**
   * Whether the message is taken for one recipient, in LMTP only, where each has a reply of its own (RFC 2033 section 4.2). It is
   * stored for the others.
   */
  readonly delivery?: ((path: ForwardPath, submission: Submission) => Reply | undefined) | undefined;
  /** What VRFY is answered. Default: 252, which tells nothing. */
  readonly verify?: ((argument: string) => Reply | undefined) | undefined;
  /** What EXPN is answered. Default: 252, which tells nothing. */
  readonly expand?: ((argument: string) => Reply | undefined) | undefined;
}
