/**
 * Tells the story of a delivery from its events: the plan, each host and its conversation, why another one follows or does
 * not, the waits between two rounds.
 *
 * @module
 */
import type { Delivered, RecipientDelivery } from "@plausch/delivery/delivered";
import type { DeliveryEvent, Observer, Visiting } from "@plausch/delivery/event";
import type { Try } from "@plausch/delivery/happy-eyeballs";
import * as Trail from "@plausch/delivery/trail";
import * as RoutePlan from "@plausch/mx/route-plan";
import * as OpenFailure from "@plausch/net/open-failure";
import type { SessionError } from "@plausch/session/session-error";
import type { Clock } from "effect/Clock";
import type { Talk } from "./chat.ts";
import * as Listener from "./listener.ts";
import type { Narrator } from "./narrator.ts";
import * as Patience from "./patience.ts";
import * as MxLines from "./render/mx.ts";
import { plain } from "./render/paint.ts";
import * as Lines from "./render/route.ts";

/** Tells a delivery. */
export interface Teller {
  /** Hears every event of it. */
  readonly observe: Observer;
  /** What is known when it is interrupted, in the order of the envelope. That it is interrupted is told first. */
  readonly interrupted: () => Pick<Delivered, "recipients" | "trail">;
  /** What to try after refusals. */
  readonly remedies: () => ReadonlyArray<string>;
}

/** A visit that is under way. */
interface Visit {
  readonly event: Visiting;
  readonly tries: Array<Try>;
  readonly listener: Listener.Listener;
}

/** What was told of the domain that it is about now. */
interface Chapter {
  /** The lines of its plan. */
  readonly plan: ReadonlyArray<string>;
  /** How many hosts of it can be tried. */
  readonly hosts: number;
  /** What to try if no host of it has the last word. */
  readonly advice: string | undefined;
  /** The host before, and how many recipients it leaves for the next one. */
  before: { readonly host: string; readonly open: number } | undefined;
}

/** Why no connection came about. */
const cannotConnect = ({ event: { host, port, addresses }, tries }: Visit) => ({ cause }: SessionError): string => {
  const one = addresses.length === 1 ? Lines.place(host, addresses[0]!, port) : host;
  const isSilent = tries.every(({ error }) => error === undefined);
  const error = isSilent ? { code: "ETIMEDOUT" } : cause;
  return isSilent || addresses.length === 1
    ? `Cannot connect to ${one}: ${OpenFailure.format(OpenFailure.explain(error, { host: addresses[0]!, port }))}`
    : `Cannot connect to ${one}: none of its ${addresses.length} addresses could be reached`;
};

/** How often and how long it is tried. */
export interface Limits {
  /** How many rounds there are at most. */
  readonly rounds: number;
  /** How long everything may take, in milliseconds. */
  readonly deadline: number;
}

/** Tells a delivery that begins now. */
export const make = (narrator: Narrator, clock: Clock, talk: Talk, { rounds, deadline }: Limits): Teller => {
  const latest = clock.currentTimeMillisUnsafe() + deadline;
  const settled = new Map<RecipientDelivery["recipient"], RecipientDelivery>();
  const trail: Array<Trail.Step> = [];
  const chapters = new Map<string | undefined, Chapter>();
  const remedies = new Set<string>();
  let domain: string | undefined;
  let visit: Visit | undefined;
  let isInterruptionTold = false;

  const begin = (event: Visiting): void => {
    const chapter = chapters.get(event.domain);
    if (chapter?.before !== undefined) {
      const what = chapter.before.host === event.host ? "its next address" : "the next host";
      narrator.note(`On to ${what}, with ${Patience.recipients(chapter.before.open)}`);
    }
    narrator.note(Lines.visiting(event));
    const { host, port, level } = event;
    const tries: Array<Try> = [];
    const peer: Listener.Peer = {
      name: Lines.nameOf(host),
      port,
      address: () => {
        const address = Trail.address({ tries });
        return address === undefined ? undefined : `[${address}]:${port}`;
      },
      cannotConnect: (error) => cannotConnect(begun)(error),
      isPromised: level !== talk.security.level,
      isLate: () => clock.currentTimeMillisUnsafe() >= latest,
      fail: (error, ...told) => {
        if (error.reason === "Interrupted") isInterruptionTold = true;
        narrator.setback(error, ...told);
      },
    };
    const listener = Listener.make(narrator, clock, peer, { ...talk, security: { ...talk.security, level } });
    const begun: Visit = { event, tries, listener };
    visit = begun;
  };

  const stepped = (step: Trail.Step): void => {
    trail.push(step);
    const chapter = chapters.get(step.domain);
    if (step._tag === "PassedOver") {
      // The plan has told of those that it skips itself.
      if (["EnoughTried", "NotDane", "NotMtaSts"].includes(step.reason)) narrator.note(Trail.explain(step));
      return;
    }
    const { recipients, level, error, preference, elapsed } = step;
    if (error?._tag === "SessionError") visit?.listener.failed(error);
    const address = Trail.address(step) ?? null;
    visit?.listener.ended(step.adaptations, {
      ...{ domain: step.domain, preference, address, elapsed },
      policy: MxLines.policyJson(step.policy),
    });
    for (const recipient of recipients) {
      const remedy = visit?.listener.remedy(recipient);
      if (remedy !== undefined) remedies.add(remedy);
    }
    visit = undefined;
    const { open, why } = Lines.onward(recipients, level);
    if (why !== undefined && chapter !== undefined && chapter.hosts > 1) narrator.note(why);
    if (chapter !== undefined) chapter.before = open > 0 ? { host: step.host, open } : undefined;
  };

  const advise = (domain: string | undefined): void => {
    const advice = domain === undefined ? undefined : chapters.get(domain)?.advice;
    if (advice !== undefined) remedies.add(advice);
  };

  const observe = (event: DeliveryEvent): void => {
    const data = Lines.json(event);
    if (data !== undefined) narrator.data(data);
    switch (event._tag) {
      case "LookingUp":
        domain = event.domain;
        return narrator.note(`Looking up the mail exchanger of ${event.domain}`);
      case "Routed": {
        const plan = MxLines.route(plain, event.plan);
        const before = chapters.get(domain)?.plan;
        if (before?.join("\n") === plan.join("\n")) narrator.note("  the same as before");
        else for (const line of plan) narrator.note(`  ${line}`);
        const hosts = RoutePlan.usable(event.plan).length;
        chapters.set(domain, { plan, hosts, advice: MxLines.advice(event.plan), before: undefined });
        return;
      }
      case "Visiting":
        return begin(event);
      case "Dialled": {
        visit?.tries.push(event.attempt);
        const isOneOfMany = visit !== undefined && visit.event.addresses.length > 1;
        // Where nobody answered that is what the failure tells, at once for all of them.
        const isTold = event.attempt.result !== "abandoned" || Trail.address(visit ?? { tries: [] }) !== undefined;
        const line = isOneOfMany && isTold ? Lines.dialled(event) : undefined;
        if (line !== undefined) narrator.note(line);
        return;
      }
      case "Talked":
        return visit?.listener.observe(event.event);
      case "Stepped":
        return stepped(event.step);
      case "Waiting":
        return narrator.note(Patience.waiting(event, rounds));
      case "Settled":
        settled.set(event.recipient.recipient, event.recipient);
        if (event.recipient.host === undefined) advise(event.recipient.domain);
    }
  };

  return {
    observe,
    remedies: () => [...remedies],
    interrupted: () => {
      if (!isInterruptionTold) narrator.fail("Interrupted");
      const { recipients } = talk.options.envelope;
      return { recipients: recipients.flatMap(({ path }) => settled.get(path) ?? []), trail };
    },
  };
};
