// What a complete message is answered: one reply, or in LMTP one for each recipient (RFC 2033 section 4.2).
import type * as Reply from "@plausch/smtp/reply";
import type { FaultPlan, Mishap } from "./_fault_plan.ts";
import * as Replies from "./_replies.ts";
import type { Policy } from "./policy.ts";
import type { Submission } from "./submission.ts";

/** One of the replies. */
export interface Verdict {
  /** What happens to the reply. */
  readonly mishap: Mishap | undefined;
  /** What is said if the message is stored, or is not to be stored for this recipient; undefined: the sink's own words. */
  readonly reply: Reply.Reply | undefined;
}

/** What nearly every message gets. */
const usual: Verdict = { mishap: undefined, reply: undefined };
const onlyUsual: ReadonlyArray<Verdict> = [usual];

/** Whether the message is to be stored on this account. */
export const accepts = ({ reply }: Verdict): boolean => reply === undefined || reply.code < 400;

/** What a verdict says after the store did; the message is stored under the id, or not. */
export const inWords = (verdict: Verdict, id: string | undefined): Reply.Reply => {
  if (!accepts(verdict)) return verdict.reply!;
  return id === undefined ? Replies.notStored : verdict.reply ?? Replies.stored(id);
};

const make = (reply: Reply.Reply | undefined, mishap: Mishap | undefined): Verdict => {
  if (mishap === undefined) return reply === undefined ? usual : { mishap, reply };
  const { reply: forced } = mishap;
  if (forced !== undefined && (forced.code >= 400 || reply === undefined || reply.code < 400)) {
    return { mishap, reply: forced };
  }
  return { mishap, reply };
};

/** Decides about a message before it is stored. `refusal` is what speaks against the message as a whole. */
export const judge = (
  submission: Submission,
  refusal: Reply.Reply | undefined,
  policy: Policy,
  isLmtp: boolean,
  faultAt: FaultPlan,
): ReadonlyArray<Verdict> => {
  const general = refusal ?? policy.message?.(submission);
  if (!isLmtp) {
    const verdict = make(general, faultAt("final"));
    return verdict === usual ? onlyUsual : [verdict];
  }
  const isRefused = general !== undefined && general.code >= 400;
  return submission.forwardPaths.map((path) => {
    const mishap = faultAt("final");
    return make(isRefused ? general : policy.delivery?.(path, submission) ?? general, mishap);
  });
};
