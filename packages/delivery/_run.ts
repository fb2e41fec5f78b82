/**
 * One delivery while it is under way: the recipients by domain, what is known of each, and the trail. It is told what
 * happened, and tells the observer; it waits for nothing.
 *
 * @module
 */
import type { RoutePlan } from "@plausch/mx/route-plan";
import type { Recipient } from "@plausch/session/envelope";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { Delivered, RecipientDelivery } from "./delivered.ts";
import type { Observer } from "./event.ts";
import * as Journey from "./_journey.ts";
import type { Step } from "./trail.ts";

/** One recipient on its way. */
export interface Traveller {
  readonly recipient: Recipient;
  readonly addressed: Journey.Addressed;
  /** What the hosts of this round said of it. */
  readonly said: Array<Journey.Said>;
  /** What holds if nothing better comes. */
  provisional: RecipientDelivery | undefined;
  settled: RecipientDelivery | undefined;
}

/** The recipients of one domain. */
export interface Group {
  /** As it is to be looked up; undefined for `postmaster` alone. */
  readonly domain: string | undefined;
  readonly travellers: ReadonlyArray<Traveller>;
}

type Ours = Journey.Ours;

/** What cuts a delivery off. */
const cuts = {
  Deadline: { reason: "Deadline", status: "4.4.7", message: "the time for the delivery was over" },
  Interrupted: { reason: "Interrupted", status: "4.4.0", message: "the delivery was interrupted" },
} as const;

/** A delivery under way. */
export interface Run {
  readonly groups: ReadonlyArray<Group>;
  readonly open: (group: Group) => ReadonlyArray<Traveller>;
  readonly routed: (plan: RoutePlan) => void;
  readonly stepped: (step: Step) => void;
  /** What one host said of recipients of this domain. */
  readonly said: (
    group: Group,
    host: string,
    outcomes: ReadonlyArray<RecipientOutcome>,
    level: TlsLevel,
  ) => void;
  /**
   * A verdict on all that are open, which may be another one in a further round if it is deferred: what the hosts said, or
   * `otherwise`. Where they all refused to talk for good, `reserve` counts for more, if there is one.
   */
  readonly conclude: (group: Group, otherwise: Ours, reserve: Ours | undefined) => void;
  /** A verdict of ours on all that are open, whatever hosts said. */
  readonly refuse: (group: Group, verdict: Ours) => void;
  /** Forgets what hosts said: another round begins. */
  readonly again: (group: Group) => void;
  /** What is provisional holds. */
  readonly settle: (group: Group) => void;
  /** Ends it: everybody who is open is deferred. */
  readonly cutOff: (cut: keyof typeof cuts) => void;
  readonly delivered: () => Delivered;
}

/** Recipients by the domain that receives for them. */
const groupsOf = ({ envelope }: Mail): ReadonlyArray<Group> => {
  const groups = new Map<string | undefined, Array<Traveller>>();
  for (const recipient of envelope.recipients) {
    const { path } = recipient;
    const domain = path._tag === "Mailbox" ? Domain.format(path.domain).toLowerCase() : undefined;
    const traveller: Traveller = {
      recipient,
      addressed: { recipient: path, address: Path.address(path), domain },
      said: [],
      provisional: undefined,
      settled: undefined,
    };
    const group = groups.get(domain);
    if (group === undefined) groups.set(domain, [traveller]);
    else group.push(traveller);
  }
  return Array.from(groups, ([domain, travellers]) => ({ domain, travellers }));
};

/** A delivery that begins. */
export const make = (mail: Mail, observe: Observer, now: () => number): Run => {
  const groups = groupsOf(mail);
  const plans = new Map<string, RoutePlan>();
  const trail: Array<Step> = [];

  const open: Run["open"] = ({ travellers }) => travellers.filter(({ settled }) => settled === undefined);
  const settle = (traveller: Traveller, verdict: RecipientDelivery): void => {
    traveller.settled = verdict;
    observe({ _tag: "Settled", at: now(), recipient: verdict });
  };
  /** A reply that deferred it tells more than that the time was over. */
  const cutOff = ({ addressed, said, provisional }: Traveller, cut: keyof typeof cuts): RecipientDelivery => {
    const heard = said.filter(({ outcome }) => outcome.reply !== undefined);
    const known = Journey.unsettled(addressed, heard) ?? provisional;
    return known?.verdict === "deferred" && known.reply !== undefined ? known : Journey.byUs(addressed, cuts[cut]);
  };

  return {
    groups,
    open,
    routed: (plan) => {
      plans.set(plan.ascii, plan);
      observe({ _tag: "Routed", at: now(), plan });
    },
    stepped: (step) => {
      trail.push(step);
      observe({ _tag: "Stepped", at: now(), step });
    },
    said: (group, host, outcomes, level) => {
      const byPath = new Map(outcomes.map((outcome) => [outcome.recipient, outcome]));
      for (const traveller of open(group)) {
        const outcome = byPath.get(traveller.recipient.path);
        if (outcome === undefined) continue;
        const said = { host, outcome };
        if (Journey.onward(outcome, level) === "settled") settle(traveller, Journey.byHost(traveller.addressed, said));
        else traveller.said.push(said);
      }
    },
    conclude: (group, otherwise, reserve) => {
      for (const traveller of open(group)) {
        const { addressed, said } = traveller;
        const heard = Journey.unsettled(addressed, said) ?? Journey.byUs(addressed, otherwise);
        const verdict = heard.verdict === "rejected" && reserve !== undefined
          ? Journey.byUs(addressed, reserve)
          : heard;
        if (verdict.verdict === "deferred") traveller.provisional = verdict;
        else settle(traveller, verdict);
      }
    },
    refuse: (group, verdict) => {
      for (const traveller of open(group)) settle(traveller, Journey.byUs(traveller.addressed, verdict));
    },
    again: (group) => {
      for (const { said } of open(group)) said.length = 0;
    },
    settle: (group) => {
      for (const traveller of open(group)) {
        if (traveller.provisional !== undefined) settle(traveller, traveller.provisional);
      }
    },
    cutOff: (cut) => {
      for (const traveller of groups.flatMap(open)) settle(traveller, cutOff(traveller, cut));
    },
    delivered: () => {
      const verdicts = new Map(
        groups.flatMap(({ travellers }) => travellers.map(({ recipient, settled }) => [recipient, settled!])),
      );
      return { recipients: mail.envelope.recipients.map((recipient) => verdicts.get(recipient)!), plans, trail };
    },
  };
};
