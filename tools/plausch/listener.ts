/**
 * Follows one conversation and has it told: the connection, every word, the handshake, a failure with what to try.
 *
 * @module
 */
import type { Observer } from "@plausch/session/event";
import type { Adaptation } from "@plausch/session/extension-policy";
import type { RecipientOutcome } from "@plausch/session/outcome";
import type { SessionError } from "@plausch/session/session-error";
import { TlsError } from "@plausch/tls/tls-error";
import type { Clock } from "effect/Clock";
import type { Talk } from "./chat.ts";
import type { Narrator } from "./narrator.ts";
import * as Progress from "./progress.ts";
import * as OutcomeLines from "./render/outcome.ts";
import * as Remedy from "./render/remedy.ts";
import * as Tls from "./render/tls.ts";

/** Whom a conversation is held with. */
export interface Peer {
  /** Its name, or the path of its Unix socket. */
  readonly name: string;
  /** Its port; undefined for a Unix socket. */
  readonly port: number | undefined;
  /** Where the connection leads to, once it stands: an address with its port; undefined for a Unix socket. */
  readonly address: () => string | undefined;
  /** Says in a sentence why there is no connection. */
  readonly cannotConnect: (error: SessionError) => string;
  /** Whether its domain has promised more of its TLS than was asked for by option. */
  readonly isPromised?: boolean | undefined;
  /** Whether the time for everything is over, so that it is not the user who interrupts. */
  readonly isLate?: (() => boolean) | undefined;
  /** Tells a failure. */
  readonly fail: Narrator["failure"];
}

/** Follows one conversation. */
export interface Listener {
  /** Hears every event of it. */
  readonly observe: Observer;
  /** Tells its failure, if no event did. */
  readonly failed: (error: SessionError) => void;
  /** Tells what was left out or replaced, and what it came to besides its verdicts; `more` goes into the data. */
  readonly ended: (adaptations: ReadonlyArray<Adaptation>, more?: object) => void;
  /** What to try after a refusal, if anything comes to mind. */
  readonly remedy: (recipient: RecipientOutcome) => string | undefined;
}

/** The failure in a sentence: of the connection, of its encryption, or of what was said over it. */
export const sentence = (error: SessionError, cannotConnect: Peer["cannotConnect"]): string => {
  const { stage, cause } = error;
  if (cause instanceof TlsError) return cause.message;
  return stage === "connect" ? cannotConnect(error) : error.message;
};

/** Follows a conversation with this peer. */
export const make = (narrator: Narrator, clock: Clock, peer: Peer, talk: Talk): Listener => {
  const { options, security, preface, showsChain = false } = talk;
  const progress = Progress.make();
  const situation = (): Remedy.Situation => ({
    port: peer.port,
    security,
    isPromised: peer.isPromised,
    authentication: options.auth,
    isLmtp: options.protocol === "lmtp",
    isSecure: progress.report !== undefined,
    capabilities: progress.capabilities,
  });

  const connected = (): void => {
    const address = peer.address();
    narrator.note(`Connected to ${peer.name}${address === undefined ? "" : ` ${address}`}`);
    if (preface === undefined) return;
    narrator.data({ event: "preface", text: preface.text });
    narrator.note(`Sent before everything: ${preface.text}`);
  };

  const failed = (error: SessionError): void => {
    if (progress.isFailureTold) return;
    progress.isFailureTold = true;
    if (error.reason === "AuthBroken") progress.isAuthenticated = false;
    const report = error.cause instanceof TlsError ? error.cause.report : undefined;
    const at = clock.currentTimeMillisUnsafe();
    if (report !== undefined) {
      narrator.handshake(report, security.level, at);
      if (showsChain) narrator.chain(report, peer.port, at);
    }
    const told = sentence(error, peer.cannotConnect);
    const message = error.reason === "Interrupted" && peer.isLate?.() === true
      ? told.replace(/^Interrupted/, "The time was over")
      : told;
    peer.fail(error, at, message, Remedy.ofFailure(situation(), error));
  };

  return {
    failed,
    observe: (event) => {
      Progress.follow(progress, event);
      if (event._tag === "Connected") connected();
      if (event._tag === "Failed") return failed(event.error);
      narrator.observe(event);
      if (event._tag === "Secured" && event.report !== undefined && showsChain) {
        narrator.chain(event.report, peer.port, event.at);
      }
    },
    ended: (adaptations, more) => {
      for (const adaptation of adaptations) narrator.note(OutcomeLines.describeAdaptation(adaptation));
      const { report, mechanism, isAuthenticated } = progress;
      narrator.data({
        event: "conversation",
        server: peer.name,
        level: security.level,
        tls: report === undefined ? null : Tls.jsonWithoutChain(report),
        authenticated: isAuthenticated ? mechanism : null,
        adaptations,
        ...more,
      });
    },
    remedy: (recipient) => Remedy.ofRefusal(situation(), recipient),
  };
};
