// Which faults happen when a connection reaches a stage, and what becomes of the reply then.
import * as Octets from "@plausch/smtp/octets";
import * as Reply from "@plausch/smtp/reply";
import type * as Fault from "./fault.ts";
import type { Speaker } from "./_speaker.ts";

/** What happens to one reply. */
export interface Mishap {
  /** What is said instead of the reply. */
  readonly reply: Reply.Reply | undefined;
  /** How late it is, in milliseconds. */
  readonly millis: number;
  /** What is done to it. */
  readonly action: Exclude<Fault.Action, Fault.ReplyWith | Fault.Delay> | undefined;
}

/** Counts the stages of one connection, and says what happens there. */
export type FaultPlan = (stage: Fault.Stage) => Mishap | undefined;

/** The plan of a connection. `random` gives numbers from 0, and less than 1; `onFault` sees the faults that happen. */
export const make = (
  faults: ReadonlyArray<Fault.Fault>,
  connection: number,
  random: () => number,
  onFault: (fault: Fault.Fault) => void,
): FaultPlan => {
  const mine = faults.filter((fault) => fault.connection === undefined || fault.connection === connection);
  if (mine.length === 0) return () => undefined;
  const reached = new Map<Fault.Stage, number>();
  return (stage) => {
    const here = mine.filter((fault) => fault.stage === stage);
    if (here.length === 0) return undefined;
    const count = (reached.get(stage) ?? 0) + 1;
    reached.set(stage, count);
    const due = here.filter(({ nth, probability }) =>
      (nth === undefined || nth === count) && (probability === undefined || random() < probability)
    );
    if (due.length === 0) return undefined;
    let reply: Mishap["reply"];
    let action: Mishap["action"];
    let millis = 0;
    for (const fault of due) {
      if (fault.action._tag === "Delay") millis += fault.action.millis;
      else if (fault.action._tag === "Reply") reply ??= fault.action.reply;
      else action ??= fault.action;
      onFault(fault);
    }
    return { reply, millis, action };
  };
};

/** Says a reply the way the mishap wants it. The connection goes on if the result is true. */
export const say = (speaker: Speaker, reply: Reply.Reply, { millis, action }: Mishap): boolean => {
  if (millis > 0) speaker.pause(millis);
  if (action === undefined) {
    speaker.say(reply);
    return true;
  }
  switch (action._tag) {
    case "DropAfter":
      speaker.say(reply);
      speaker.end();
      return false;
    case "Inject":
      speaker.say(reply);
      speaker.sayRaw(`${action.text}\r\n`);
      return true;
    case "Partial":
      speaker.sayRaw(Octets.decode(Octets.encode(Reply.format(reply)).subarray(0, action.octets)));
      return misdo(speaker, { _tag: action.then === "drop" ? "Drop" : "Stall" });
    default:
      return misdo(speaker, action);
  }
};

/** TLS 1.2 on the outside as in all versions: a fatal alert, handshake_failure (RFC 8446 sections 5.1 and 6.2). */
const alert = Octets.decode(Uint8Array.of(21, 3, 3, 0, 2, 2, 40));

/** Does what has nothing to do with a reply. The connection goes on if the result is true. */
export const misdo = (speaker: Speaker, action: Fault.Action): boolean => {
  switch (action._tag) {
    case "Garbage":
      speaker.sayRaw(`${action.text}\r\n`);
      return true;
    case "Stall":
      speaker.stall();
      return false;
    case "Alert":
      speaker.sayRaw(alert);
      speaker.end();
      return false;
    case "Drop":
      speaker.end();
      return false;
    default:
      return true;
  }
};
