import * as Capabilities from "@plausch/smtp/capabilities";
import * as Command from "@plausch/smtp/command";
import * as Reply from "@plausch/smtp/reply";
import type { Mechanism } from "@plausch/smtp/sasl";
import * as TlsLevel from "@plausch/tls/tls-level";
import type { TlsReport } from "@plausch/tls/tls-report";
import type { Redacted } from "effect/Redacted";
import * as Result from "effect/Result";
import * as AuthExchange from "./_auth_exchange.ts";
import * as Introduction from "./_introduction.ts";
import type { Reaction } from "./_reactions.ts";
import type { Talk } from "./_talk.ts";
import type { HelloUntil, Options } from "./conversation.ts";
import type { FailureReason } from "./session_error.ts";
import type { Stage } from "./stage.ts";

/** The part of a conversation that comes before the first message. */
export interface Introducer {
  begin(until: HelloUntil): void;
  /** Says what comes next, if the introduction is under way. Called when nothing is awaited. */
  proceed(): void;
  react(reaction: Reaction, stage: Stage, reply: Reply.Reply): void;
  secured(report: TlsReport | undefined): void;
  stop(): void;
  readonly isUnderWay: boolean;
  readonly isHandshakeDue: boolean;
  readonly isSecure: boolean;
  readonly report: TlsReport | undefined;
  readonly capabilities: Capabilities.Capabilities | undefined;
  readonly authenticated: Mechanism | undefined;
}

export const make = (
  talk: Talk,
  options: Options,
  hide: (secrets: ReadonlyArray<Redacted<string>>) => void,
): Introducer => {
  const { host, protocol = "smtp", tls = "opportunistic", heloFallback = true } = options;
  const wishes: Introduction.Wishes = { tls, auth: options.auth, xclient: options.xclient, xforward: options.xforward };

  let until: HelloUntil = "ready";
  let isUnderWay = false;
  let isHandshakeDue = false;
  let isUpgraded = false;
  let isSecure = false;
  let report: TlsReport | undefined;
  let capabilities: Capabilities.Capabilities | undefined;
  let isTlsRefused = false;
  let isXclientDone = false;
  let isXforwardDone = false;
  let exchange: AuthExchange.AuthExchange | undefined;
  let cancelled: { readonly cause: unknown } | undefined;
  let authenticated: Mechanism | undefined;

  const refuse = (reason: FailureReason, stage: Stage, reply?: Reply.Reply, cause?: unknown): void => {
    isUnderWay = false;
    talk.refuse({ reason, stage, reply, cause });
  };
  const reached = (stage: HelloUntil): void => {
    if (stage === until) isUnderWay = false;
  };

  /** Says a command whose values may turn out not to be sayable. */
  const sayCommand = (stage: "xclient" | "xforward", command: Command.Command): void => {
    const line = Command.format(command);
    if (Result.isFailure(line)) refuse("XclientRefused", stage, undefined, line.failure);
    else talk.say(stage, line.success);
  };

  const sayHello = (verb: "EHLO" | "HELO" | "LHLO"): void => {
    const stage = verb === "HELO" ? "helo" : isUpgraded ? "ehlo-tls" : "ehlo";
    const command = { EHLO: Command.ehlo, HELO: Command.helo, LHLO: Command.lhlo }[verb](host);
    talk.say(stage, Result.getOrThrow(Command.format(command)), verb);
  };

  const authenticate = (mechanism: Mechanism): void => {
    const made = AuthExchange.make(mechanism, options.auth!, options.nonce?.() ?? "");
    if (Result.isFailure(made)) return refuse("AuthBroken", "auth", undefined, made.failure);
    exchange = made.success;
    hide(exchange.secrets);
    talk.say("auth", exchange.command);
  };

  const challenged = (reply: Reply.Reply): void => {
    if (exchange === undefined || cancelled !== undefined) {
      return talk.fail("UnexpectedReply", "auth", undefined, talk.lastReply);
    }
    const move = exchange.challenged(Reply.text(reply));
    if ("say" in move) return talk.say("auth", move.say, "RESPONSE");
    cancelled = { cause: move.cancel };
    talk.turn("auth-cancelled");
    talk.say("auth", "*", "RESPONSE");
  };

  const accepted = (reply: Reply.Reply): void => {
    const fault = cancelled?.cause ?? exchange?.succeeded();
    if (fault !== undefined) return refuse("AuthBroken", "auth", reply, fault);
    authenticated = exchange?.mechanism;
    reached("auth");
  };

  const authRefused = (reply: Reply.Reply): void => {
    const reason = cancelled !== undefined ? "AuthBroken" : Reply.isTransient(reply) ? "AuthTemporary" : "AuthRejected";
    refuse(reason, "auth", reply, cancelled?.cause);
  };

  const tlsRefused = (reply: Reply.Reply): void => {
    if (!TlsLevel.allowsClear(tls)) return refuse("TlsRefused", "starttls", reply);
    isTlsRefused = true;
    talk.turn("in-clear");
  };

  const ehloRefused = (stage: Stage, reply: Reply.Reply): void => {
    const mayGoOn = isSecure || TlsLevel.allowsClear(tls);
    const isFinal = reply.code === 521 || reply.code === 554;
    if (heloFallback && protocol === "smtp" && mayGoOn && !isFinal) {
      talk.turn("helo");
      return sayHello("HELO");
    }
    refuse(mayGoOn ? "Refused" : "TlsNotOffered", stage, reply);
  };

  return {
    begin: (stage) => {
      until = stage;
      isUnderWay = true;
      capabilities = undefined;
    },
    proceed: () => {
      if (!isUnderWay || isHandshakeDue) return;
      const step = Introduction.next(wishes, {
        capabilities,
        isSecure,
        isTlsRefused,
        isXclientDone,
        isXforwardDone,
        isAuthenticated: authenticated !== undefined,
      });
      if ("fail" in step) return refuse(step.fail, step.stage);
      switch (step.say) {
        case "ehlo":
          return sayHello(protocol === "lmtp" ? "LHLO" : "EHLO");
        case "starttls":
          return talk.say("starttls", "STARTTLS");
        case "xclient":
          return sayCommand("xclient", Command.xclient(wishes.xclient!));
        case "auth":
          return authenticate(step.mechanism);
        case "xforward":
          return sayCommand("xforward", Command.xforward(wishes.xforward!));
        case "nothing":
          isUnderWay = false;
      }
    },
    react: (reaction, stage, reply) => {
      switch (reaction) {
        case "capable":
          capabilities = Capabilities.fromReply(reply);
          return reached(stage === "ehlo-tls" ? "ehlo-tls" : "ehlo");
        case "plain":
          capabilities = Capabilities.none;
          return reached("ehlo");
        case "try-helo":
          return ehloRefused(stage, reply);
        case "session-refused":
          return refuse("Refused", stage, reply);
        case "tls-go-ahead":
          reached("starttls");
          isHandshakeDue = isUnderWay;
          return;
        case "tls-refused":
          return tlsRefused(reply);
        case "challenged":
          return challenged(reply);
        case "authenticated":
          return accepted(reply);
        case "auth-refused":
          return authRefused(reply);
        case "xclient-accepted":
          isXclientDone = true;
          capabilities = undefined;
          return reached("xclient");
        case "xforward-accepted":
          isXforwardDone = true;
          return reached("xforward");
        case "xclient-refused":
        case "xforward-refused":
          return refuse("XclientRefused", stage, reply);
      }
    },
    secured: (handshake) => {
      isUpgraded = isHandshakeDue;
      isHandshakeDue = false;
      isSecure = true;
      report = handshake;
      capabilities = undefined;
      reached("tls");
    },
    stop: () => {
      isUnderWay = false;
      isHandshakeDue = false;
    },
    get isUnderWay() {
      return isUnderWay;
    },
    get isHandshakeDue() {
      return isHandshakeDue;
    },
    get isSecure() {
      return isSecure;
    },
    get report() {
      return report;
    },
    get capabilities() {
      return capabilities;
    },
    get authenticated() {
      return authenticated;
    },
  };
};
