/**
 * One visit to one host, for all recipients of a domain that are still open.
 *
 * @module
 */
import type { Resolver } from "@plausch/dns/resolver";
import type { Candidate } from "@plausch/mx/candidate";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { Mail } from "@plausch/session/send-many";
import type { SessionError } from "@plausch/session/session-error";
import { GrammarError } from "@plausch/smtp/grammar-error";
import * as Tlsa from "@plausch/tls/tlsa";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Socket from "effect/socket/Socket";
import type { Demands } from "./_demands.ts";
import * as Journey from "./_journey.ts";
import type { Group, Run } from "./_run.ts";
import type { Errand } from "./carrier.ts";
import type { Options } from "./delivery.ts";
import type { Dialer } from "./dialer.ts";
import * as HappyEyeballs from "./happy_eyeballs.ts";
import type { Visited } from "./trail.ts";

/** The options of a delivery, and whom it asks and dials with. */
export interface Means extends Options {
  readonly resolver: Resolver;
  readonly dialer: Dialer;
}

/** A message for the recipients of one domain. */
export interface Task {
  readonly means: Means;
  readonly mail: Mail;
  readonly run: Run;
  readonly group: Group;
  readonly domain: string;
}

/** A host to visit. */
export interface Stop {
  readonly candidate: Candidate;
  /** Those of its addresses that are to be dialled, in this order. */
  readonly addresses: ReadonlyArray<string>;
  readonly demands: Demands;
  readonly port: number;
}

/** What came of a visit. */
type Heard = Pick<Visited, "recipients" | "protection" | "adaptations">;

/** What came of one that broke. */
const heard = (recipients: Visited["recipients"]): Heard => ({ recipients, protection: undefined, adaptations: [] });

/** One session serves two visits only where all of this is the same, also for deliveries that share a pool. */
const keyOf = ({ candidate: { host }, addresses, port, demands: { level, options } }: Stop): string =>
  JSON.stringify([host, addresses.toSorted(), port, level, { ...options, tlsa: options.tlsa?.map(Tlsa.format) }]);

/** The addresses that another visit may be worth, now that some were dialled. */
const worthAnother = (
  { addresses }: Stop,
  tries: ReadonlyArray<HappyEyeballs.Try>,
  recipients: ReadonlyArray<RecipientOutcome>,
): ReadonlyArray<string> => {
  const isConnected = tries.some(({ result }) => result === "connected");
  if (Journey.hasHeardHost(recipients) || !isConnected) return [];
  const gone = new Set(tries.filter(({ result }) => result !== "abandoned").map(({ address }) => address));
  return addresses.filter((address) => !gone.has(address));
};

/** Visits a host. Gives the addresses of it that are worth another visit. */
export const visit = (
  { means, mail, run, group, domain }: Task,
  stop: Stop,
): Effect.Effect<ReadonlyArray<string>> =>
  Clock.clockWith((clock) => {
    const { carrier, dialer, attemptDelay, observe = () => {} } = means;
    const { addresses, port, candidate: { host, policy, preference }, demands: { level, options: tlsOptions } } = stop;
    const now = (): number => clock.currentTimeMillisUnsafe();
    const at = now();
    const tries: Array<HappyEyeballs.Try> = [];
    /** What is known so far: a conversation that is called off, at QUIT for example, has its verdicts. */
    let decided: ReadonlyArray<RecipientOutcome> = [];
    let failed: SessionError | undefined;

    /** Made where the host is dialled: most messages of a pool need none. */
    const dial = (): Socket.Socket => {
      const routes = addresses.map((address) => ({
        address,
        socket: dialer.dial({ host, address, port, tls: level, tlsOptions }),
      }));
      return HappyEyeballs.make(routes, {
        attemptDelay,
        tried: (attempt) => {
          tries.push(attempt);
          observe({ _tag: "Dialled", at: now(), host, port, attempt });
        },
      });
    };
    const recipients = run.open(group).map(({ recipient }) => recipient);
    const errand: Errand = {
      key: keyOf(stop),
      get socket() {
        return dial();
      },
      tls: level,
      tlsOptions,
      mail: { ...mail, envelope: { ...mail.envelope, recipients } },
      observe: (event) => {
        if (event._tag === "Decided") decided = event.recipients;
        if (event._tag === "Failed") failed = event.error;
        observe({ _tag: "Talked", at: event.at, domain, host, event });
      },
    };
    const tell = (came: Heard, error: Visited["error"]): void => {
      const step = { domain, host, preference, at, elapsed: now() - at, tries: [...tries], policy, level, error };
      run.stepped({ _tag: "Visited", ...step, ...came });
      run.said(group, host, came.recipients, level);
    };

    observe({ _tag: "Visiting", at, domain, host, port, addresses, policy, level });
    return carrier.carry(errand).pipe(
      Effect.matchEager({
        onSuccess: (outcome) => {
          tell(outcome, undefined);
          return worthAnother(stop, tries, outcome.recipients);
        },
        onFailure: (error) => {
          if (error instanceof GrammarError) {
            tell(heard([]), error);
            run.refuse(group, { reason: "BadInput", status: "5.6.0", message: error.message });
            return [];
          }
          tell(heard(error.recipients), error);
          return worthAnother(stop, tries, error.recipients);
        },
      }),
      Effect.onInterrupt(() => Effect.sync(() => tell(heard(decided), failed))),
    );
  });
