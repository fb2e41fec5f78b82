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

const hellos = { EHLO: Command.ehlo, HELO: Command.helo, LHLO: Command.lhlo };

/** The part of a conversation that comes before the first message. */
export class Introducer implements Introduction.Progress {
  isUnderWay = false;
  isHandshakeDue = false;
  isSecure = false;
  isTlsRefused = false;
  isXclientDone = false;
  isXforwardDone = false;
  report: TlsReport | undefined = undefined;
  capabilities: Capabilities.Capabilities | undefined = undefined;
  authenticated: Mechanism | undefined = undefined;

  readonly #talk: Talk;
  readonly #options: Options;
  readonly #wishes: Introduction.Wishes;
  readonly #hide: (secrets: ReadonlyArray<Redacted<string>>) => void;
  #until: HelloUntil = "ready";
  #isUpgraded = false;
  #exchange: AuthExchange.AuthExchange | undefined = undefined;
  #cancelled: { readonly cause: unknown } | undefined = undefined;

  /** `hide` is told of secrets before they are said. */
  constructor(talk: Talk, options: Options, hide: (secrets: ReadonlyArray<Redacted<string>>) => void) {
    const { tls = "opportunistic", auth, xclient, xforward } = options;
    this.#talk = talk;
    this.#options = options;
    this.#wishes = { tls, auth, xclient, xforward };
    this.#hide = hide;
  }

  get isAuthenticated(): boolean {
    return this.authenticated !== undefined;
  }

  begin(until: HelloUntil): void {
    this.#until = until;
    this.isUnderWay = true;
    this.capabilities = undefined;
  }

  /** Says what comes next, if the introduction is under way. Called when nothing is awaited. */
  proceed(): void {
    if (!this.isUnderWay || this.isHandshakeDue) return;
    const step = Introduction.next(this.#wishes, this);
    if ("fail" in step) return this.#refuse(step.fail, step.stage);
    switch (step.say) {
      case "ehlo":
        return this.#sayHello(this.#options.protocol === "lmtp" ? "LHLO" : "EHLO");
      case "starttls":
        return this.#talk.say("starttls", "STARTTLS");
      case "xclient":
        return this.#sayCommand("xclient", Command.xclient(this.#wishes.xclient!));
      case "auth":
        return this.#authenticate(step.mechanism);
      case "xforward":
        return this.#sayCommand("xforward", Command.xforward(this.#wishes.xforward!));
      case "nothing":
        this.isUnderWay = false;
    }
  }

  react(reaction: Reaction, stage: Stage, reply: Reply.Reply): void {
    switch (reaction) {
      case "capable":
        this.capabilities = Capabilities.fromReply(reply);
        return this.#reached(stage === "ehlo-tls" ? "ehlo-tls" : "ehlo");
      case "plain":
        this.capabilities = Capabilities.none;
        return this.#reached("ehlo");
      case "try-helo":
        return this.#ehloRefused(stage, reply);
      case "session-refused":
        return this.#refuse("Refused", stage, reply);
      case "tls-go-ahead":
        this.#reached("starttls");
        this.isHandshakeDue = this.isUnderWay;
        return;
      case "tls-refused":
        return this.#tlsRefused(reply);
      case "challenged":
        return this.#challenged(reply);
      case "authenticated":
        return this.#accepted(reply);
      case "auth-refused":
        return this.#authRefused(reply);
      case "xclient-accepted":
        this.isXclientDone = true;
        this.capabilities = undefined;
        return this.#reached("xclient");
      case "xforward-accepted":
        this.isXforwardDone = true;
        return this.#reached("xforward");
      case "xclient-refused":
      case "xforward-refused":
        return this.#refuse("XclientRefused", stage, reply);
    }
  }

  secured(report: TlsReport | undefined): void {
    this.#isUpgraded = this.isHandshakeDue;
    this.isHandshakeDue = false;
    this.isSecure = true;
    this.report = report;
    this.capabilities = undefined;
    this.#reached("tls");
  }

  stop(): void {
    this.isUnderWay = false;
    this.isHandshakeDue = false;
  }

  #refuse(reason: FailureReason, stage: Stage, reply?: Reply.Reply, cause?: unknown): void {
    this.isUnderWay = false;
    this.#talk.refuse({ reason, stage, reply, cause });
  }

  #reached(stage: HelloUntil): void {
    if (stage === this.#until) this.isUnderWay = false;
  }

  /** Says a command whose values may turn out not to be sayable. */
  #sayCommand(stage: "xclient" | "xforward", command: Command.Command): void {
    const line = Command.format(command);
    if (Result.isFailure(line)) this.#refuse("XclientRefused", stage, undefined, line.failure);
    else this.#talk.say(stage, line.success);
  }

  #sayHello(verb: "EHLO" | "HELO" | "LHLO"): void {
    const stage = verb === "HELO" ? "helo" : this.#isUpgraded ? "ehlo-tls" : "ehlo";
    this.#talk.say(stage, Result.getOrThrow(Command.format(hellos[verb](this.#options.host))), verb);
  }

  #authenticate(mechanism: Mechanism): void {
    const made = AuthExchange.make(mechanism, this.#wishes.auth!, this.#options.nonce?.() ?? "");
    if (Result.isFailure(made)) return this.#refuse("AuthBroken", "auth", undefined, made.failure);
    this.#exchange = made.success;
    this.#hide(made.success.secrets);
    this.#talk.say("auth", made.success.command);
  }

  #challenged(reply: Reply.Reply): void {
    const talk = this.#talk;
    if (this.#exchange === undefined || this.#cancelled !== undefined) {
      return talk.fail("UnexpectedReply", "auth", undefined, talk.lastReply);
    }
    const move = this.#exchange.challenged(Reply.text(reply));
    if ("say" in move) return talk.say("auth", move.say, "RESPONSE");
    this.#cancelled = { cause: move.cancel };
    talk.turn("auth-cancelled");
    talk.say("auth", "*", "RESPONSE");
  }

  #accepted(reply: Reply.Reply): void {
    const fault = this.#cancelled?.cause ?? this.#exchange?.succeeded();
    if (fault !== undefined) return this.#refuse("AuthBroken", "auth", reply, fault);
    this.authenticated = this.#exchange?.mechanism;
    this.#reached("auth");
  }

  #authRefused(reply: Reply.Reply): void {
    const isCancelled = this.#cancelled !== undefined;
    const reason = isCancelled ? "AuthBroken" : Reply.isTransient(reply) ? "AuthTemporary" : "AuthRejected";
    this.#refuse(reason, "auth", reply, this.#cancelled?.cause);
  }

  #tlsRefused(reply: Reply.Reply): void {
    if (!TlsLevel.allowsClear(this.#wishes.tls)) return this.#refuse("TlsRefused", "starttls", reply);
    this.isTlsRefused = true;
    this.#talk.turn("in-clear");
  }

  #ehloRefused(stage: Stage, reply: Reply.Reply): void {
    const { protocol = "smtp", heloFallback = true } = this.#options;
    const mayGoOn = this.isSecure || TlsLevel.allowsClear(this.#wishes.tls);
    const isFinal = reply.code === 521 || reply.code === 554;
    if (heloFallback && protocol === "smtp" && mayGoOn && !isFinal) {
      this.#talk.turn("helo");
      return this.#sayHello("HELO");
    }
    this.#refuse(mayGoOn ? "Refused" : "TlsNotOffered", stage, reply);
  }
}
