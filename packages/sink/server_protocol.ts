/**
 * The server's side of SMTP without any input or output: a synchronous state machine. Octets go in, replies come out;
 * when a message is complete it waits until it is told what the store said. Which verb is legal when is read from the same
 * phase table that the client uses.
 *
 * @example A client that says DATA too early
 * ```ts
 * import * as ServerProtocol from "@plausch/sink/server-protocol";
 * import { assertEquals } from "@std/assert";
 *
 * const server = ServerProtocol.make({ host: "sink.test" });
 * const hear = (text: string) => {
 *   server.receive(new TextEncoder().encode(text));
 *   return new TextDecoder().decode(server.output());
 * };
 * server.greet();
 * assertEquals(hear(""), "220 sink.test ESMTP plausch sink\r\n");
 * assertEquals(hear("HELO c.test\r\nDATA\r\n"), "250 sink.test\r\n503 5.5.1 DATA comes after RCPT\r\n");
 * ```
 *
 * @module
 */
import * as LineDecoder from "@plausch/line/line-decoder";
import { LineError } from "@plausch/line/line-error";
import type * as Command from "@plausch/smtp/command";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as Domain from "@plausch/smtp/domain";
import * as Octets from "@plausch/smtp/octets";
import * as Phase from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import type { TlsReport } from "@plausch/tls/tls-report";
import * as Result from "effect/Result";
import * as Admission from "./_admission.ts";
import * as Authenticator from "./_authenticator.ts";
import * as Capabilities from "./_capabilities.ts";
import * as Content from "./_content.ts";
import * as FaultPlan from "./_fault_plan.ts";
import * as Identity from "./_identity.ts";
import * as Recall from "./_recall.ts";
import * as Replies from "./_replies.ts";
import { Speaker } from "./_speaker.ts";
import * as Submissions from "./_submission.ts";
import * as Transactions from "./_transactions.ts";
import * as Verdicts from "./_verdicts.ts";
import * as Watch from "./_watch.ts";
import type { Authentication } from "./authentication.ts";
import * as Extension from "./extension.ts";
import type { Fault, Stage } from "./fault.ts";
import * as Limits from "./limits.ts";
import type { Policy } from "./policy.ts";
import type { Submission } from "./submission.ts";

/** How a server speaks. */
export interface Options {
  /** The name that the server gives itself. */
  readonly host: string;
  /** LMTP instead of SMTP: LHLO, and a reply for each recipient (RFC 2033). Default: `smtp`. */
  readonly protocol?: "smtp" | "lmtp" | undefined;
  /** How much it takes. Default: {@linkcode Limits.defaults}. */
  readonly limits?: Limits.Limits | undefined;
  /** What it decides by itself. Default: it takes everything. */
  readonly policy?: Policy | undefined;
  /** What it may offer. Default: {@linkcode Extension.usual}. */
  readonly offers?: ReadonlyArray<Extension.Extension> | undefined;
  /** Whether the connection can be encrypted by STARTTLS, or is encrypted before the greeting. Default: neither. */
  readonly tls?: "starttls" | "implicit" | undefined;
  /** Whether nothing is done for a client in clear: 530 (RFC 3207 section 4). Default: false. */
  readonly requireTls?: boolean | undefined;
  /** Who can authenticate, and whether everybody has to. Default: nobody. */
  readonly authentication?: Authentication | undefined;
  /** What goes wrong. Default: nothing. */
  readonly faults?: ReadonlyArray<Fault> | undefined;
  /** Whether the octets of messages are kept, and not only checked and counted. Default: true. */
  readonly keepsContent?: boolean | undefined;
  /** The number of the connection, for faults that happen in one only. Default: 1. */
  readonly connection?: number | undefined;
  /** Chance, for faults that have a probability: numbers from 0, and less than 1. Default: always 0, so they all happen. */
  readonly random?: (() => number) | undefined;
  /** Sees each command line and each reply, in order, without credentials. */
  readonly observe?: ((event: ProtocolEvent) => void) | undefined;
}

/** What is heard and said. */
export type ProtocolEvent =
  | {
    /** A command line came in. */
    readonly _tag: "Heard";
    /** The line without its CRLF and without credentials; the client's words, so escape it before printing. */
    readonly line: string;
  }
  | {
    /** A reply goes out. */
    readonly _tag: "Said";
    /** The reply, without credentials. */
    readonly reply: Reply.Reply;
  }
  | {
    /** Something goes wrong, as wanted. */
    readonly _tag: "Faulted";
    /** What. */
    readonly fault: Fault;
  };

/** The server's side of one connection. */
export interface ServerProtocol {
  /** Greets the client, after TLS if that is implicit. */
  greet(): void;
  /** Octets came in. They are kept, and not looked at, while a submission waits or the server pauses. */
  receive(chunk: Uint8Array): void;
  /** The replies to write, as octets that must stay as they are: others may get the same. Undefined when there are none. */
  output(): Uint8Array | undefined;
  /** The message that waits for its store. It is gone when the connection is over. */
  readonly submission: Submission | undefined;
  /**
   * What the store said: the id under which the message is safe, or undefined if it is not. Nothing happens when no submission
   * waits any more.
   */
  stored(id: string | undefined): void;
  /** How many milliseconds to wait before anything else, because a fault wants it so; undefined where there is no wait. */
  readonly pausing: number | undefined;
  /** The pause is over. */
  resume(): void;
  /** Whether the TLS handshake is to begin now that the output is written. */
  readonly wantsTls: boolean;
  /** The handshake went through. What was known of the client is forgotten (RFC 3207 section 4.2). */
  secured(report?: TlsReport): void;
  /** The client was silent for too long, or the server goes down: 421, and nothing after it. */
  close(reason: "timeout" | "shutdown"): void;
  /** Whether the connection is to be closed once the output is written. */
  readonly isOver: boolean;
}

const stranger: Submissions.Client = { name: "", hello: "HELO" };

/** What stands between lines, and what is done when it is whole. */
interface Expected {
  readonly content: Content.Incoming;
  readonly done: () => void;
}

/** A message that is complete, and what will be said about it. */
interface Pending {
  readonly submission: Submission;
  readonly verb: "MESSAGE" | "LAST";
  readonly verdicts: ReadonlyArray<Verdicts.Verdict>;
}

const stages: { readonly [V in Exclude<Admission.Said, "BDAT">]: Stage } = {
  HELO: "helo",
  EHLO: "ehlo",
  LHLO: "ehlo",
  STARTTLS: "starttls",
  AUTH: "auth",
  XCLIENT: "xclient",
  XFORWARD: "xforward",
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "data",
  RSET: "rset",
  NOOP: "noop",
  VRFY: "vrfy",
  EXPN: "expn",
  ETRN: "etrn",
  HELP: "help",
  QUIT: "quit",
};

const nothing: Pick<Submission, "octets"> = { octets: new Uint8Array() };

/** The longest line inside AUTH, with its CRLF (RFC 4954 section 4). */
const maxAuthLine = 12288;

/**
 * The server's side of a new connection. Its first output is the greeting.
 *
 * @example A whole message
 * ```ts
 * import * as ServerProtocol from "@plausch/sink/server-protocol";
 * import { assertEquals } from "@std/assert";
 *
 * const server = ServerProtocol.make({ host: "sink.test" });
 * server.greet();
 * server.receive(new TextEncoder().encode(
 *   "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\nhi\r\n.\r\n",
 * ));
 * assertEquals(new TextDecoder().decode(server.submission?.octets), "hi\r\n");
 * server.stored("42");
 * assertEquals(new TextDecoder().decode(server.output()).endsWith("250 2.0.0 Stored as 42\r\n"), true);
 * ```
 */
export const make = (options: Options): ServerProtocol => {
  const { host, limits = Limits.defaults, policy = {}, authentication, requireTls = false, keepsContent = true } =
    options;
  const isLmtp = options.protocol === "lmtp";
  const offers: ReadonlySet<Extension.Extension> = new Set(options.offers ?? Extension.usual);
  const watch = Watch.make(options.observe);
  const speaker = new Speaker(watch.said);
  const { faults: wanted = [], connection = 1, random = () => 0 } = options;
  const faultAt = FaultPlan.make(wanted, connection, random, watch.happened);
  const authenticator = Authenticator.make(authentication);
  const maxLineOctets = authentication === undefined ? limits.lineOctets : Math.max(limits.lineOctets, maxAuthLine);
  const decoder = LineDecoder.make({ maxLineOctets });
  const read = Recall.make();

  let phase: Phase.Phase = "connected";
  let commands = 0;
  let errors = 0;
  let client = stranger;
  let identity: Identity.Identity = Identity.unknown;
  let isSecure = false;
  let tls: TlsReport | undefined;
  /** A handshake that is to begin, or what happens instead once the client has begun it. */
  let handshake: "wanted" | FaultPlan.Mishap["action"];
  let incoming: Expected | undefined;
  let pending: Pending | undefined;

  const standing: Admission.Standing = {
    isLmtp,
    offers,
    requireTls,
    canTls: options.tls !== undefined,
    canAuthenticate: authentication !== undefined,
    requireAuthentication: authentication?.required === true,
    get phase() {
      return phase;
    },
    get isSecure() {
      return isSecure;
    },
    get isAuthenticated() {
      return authenticator.user !== undefined;
    },
  };
  const security = (): Authenticator.Security => ({ isSecure, tls });
  const situation: Capabilities.Situation = {
    offers,
    limits,
    canTls: options.tls !== undefined,
    get isSecure() {
      return isSecure;
    },
    get mechanisms() {
      return authenticator.mechanisms(security());
    },
  };
  const isOffered = (extension: Extension.Extension): boolean => Capabilities.isOffered(extension, situation);
  const transactions = Transactions.make({ host, limits, policy, isOffered, keepsContent });

  const hangUp = (): void => {
    phase = "closed";
    transactions.forget();
    incoming = pending = handshake = undefined;
  };
  const hasStatus = offers.has("ENHANCEDSTATUSCODES");
  const say = (full: Reply.Reply, mishap?: FaultPlan.Mishap): void => {
    const reply = hasStatus ? full : Replies.withoutStatus(full);
    if (reply.code === 421) hangUp();
    if (mishap === undefined) speaker.say(reply);
    else if (!FaultPlan.say(speaker, reply, mishap)) hangUp();
    if (phase === "closed") speaker.end();
  };
  /** Says what no conversation can go on after. */
  const breakOff = (reply: Reply.Reply): void => {
    hangUp();
    say(reply);
  };
  /** Says the reply to a line, if there were not too many bad ones. */
  const answer = (reply: Reply.Reply, mishap?: FaultPlan.Mishap): void => {
    if (Reply.isPermanent(reply) && ++errors > limits.faults) say(Replies.closing(host, "too many errors"));
    else say(reply, mishap);
  };

  const greeting = (): void => {
    const mishap = faultAt("greeting");
    const reply = mishap?.reply ?? Replies.greeting(host, isLmtp ? "LMTP" : "ESMTP");
    phase = Phase.after(phase, "GREETING", Reply.severity(reply));
    say(reply, mishap);
  };

  const beginHandshake = (): void => {
    const { millis = 0, action } = faultAt("tls") ?? {};
    if (millis > 0) speaker.pause(millis);
    handshake = action ?? "wanted";
  };

  const forgetClient = (): void => {
    client = stranger;
    transactions.forget();
    authenticator.forget();
    identity = Identity.unknown;
  };

  const endTransaction = (): void => {
    transactions.forget();
    identity = Identity.afterMessage(identity);
  };

  /** Answers what a verb asked for; `own` is what is said without a mishap. */
  const settle = (verb: Phase.Verb, own: Reply.Reply, mishap: FaultPlan.Mishap | undefined): void => {
    phase = Phase.after(phase, verb, Reply.severity(own));
    answer(isRefusal(own) ? own : mishap?.reply ?? own, mishap);
  };

  /** A line inside AUTH. */
  const hearResponse = (line: string): void => {
    watch.heard(line);
    if (++commands > limits.commands) return say(Replies.closing(host, "too many commands"));
    const mishap = faultAt("auth");
    settle("RESPONSE", refusalOf(mishap) ?? authenticator.respond(line), mishap);
  };

  const hear = ({ line, isInternational, parsed }: Recall.Heard, octets: number): void => {
    watch.heard(line);
    commands++;
    if (octets > limits.lineOctets && !isAuth(line)) {
      return breakOff(Replies.brokenLine(tooLong(limits.lineOctets)));
    }
    // No request of HTTP is a command
    if (Result.isFailure(parsed) && CommandParser.isHttp(line)) return say(Replies.closing(host, "http"));
    if (commands > limits.commands) return say(Replies.closing(host, "too many commands"));
    if (Result.isFailure(parsed)) return hearNonsense(line, Replies.badCommand(parsed.failure, line));
    const command = parsed.success;
    const objection = Admission.objection(command._tag, standing);
    if (command._tag === "BDAT") return hearChunk(command, objection);
    if (objection !== undefined) return answer(objection);
    const mishap = faultAt(stages[command._tag]);
    settle(command._tag, refusalOf(mishap) ?? carryOut(command, isInternational), mishap);
    if (phase === "handshake") beginHandshake();
  };

  const hearNonsense = (line: string, reply: Reply.Reply): void => {
    const [verb = ""] = line.trimEnd().toUpperCase().split(" ", 1);
    const objection = Admission.stranger(verb, standing);
    if (objection !== undefined) return answer(objection);
    // Where its octets end and the next command begins would be a guess
    if (verb === "BDAT") return breakOff(reply);
    answer(reply);
  };

  const carryOut = (command: Exclude<CommandParser.ParsedCommand, Command.Bdat>, utf8: boolean): Reply.Reply => {
    switch (command._tag) {
      case "HELO":
      case "EHLO":
      case "LHLO":
        return welcome(command);
      case "STARTTLS":
        return answerStartTls();
      case "AUTH":
        return authenticator.begin(command, security());
      case "XCLIENT":
        return answerXclient(command);
      case "XFORWARD":
        return answerXforward(command);
      case "MAIL":
        return transactions.mail(command, utf8);
      case "RCPT":
        return transactions.rcpt(command, utf8);
      case "DATA":
        return answerData(transactions.current!);
      case "RSET":
        endTransaction();
        return Replies.reset;
      case "NOOP":
        return Replies.noop;
      case "VRFY":
        return policy.verify?.(command.argument) ?? Replies.unverified;
      case "EXPN":
        return policy.expand?.(command.argument) ?? Replies.unexpanded;
      case "ETRN":
        return Replies.nothingQueued(command.node);
      case "HELP":
        return Replies.help;
      case "QUIT":
        return Replies.goodbye(host);
    }
  };

  const welcome = ({ _tag, host: name }: Command.Helo | Command.Ehlo | Command.Lhlo): Reply.Reply => {
    endTransaction();
    client = { name: Domain.format(name), hello: _tag };
    return _tag === "HELO"
      ? Replies.hello(host)
      : Replies.capabilities(host, client.name, Capabilities.lines(situation));
  };

  const answerStartTls = (): Reply.Reply => {
    if (decoder.buffered === 0) return Replies.readyForTls;
    hangUp();
    return Replies.injected;
  };

  const answerXclient = ({ attributes }: Command.Xclient): Reply.Reply => {
    const fault = Identity.xclientFault(attributes);
    if (fault !== undefined) return Replies.badAttribute(fault);
    client = stranger;
    transactions.forget();
    identity = Identity.xclient(identity, attributes);
    authenticator.override(Identity.login(attributes));
    return Replies.greeting(host, isLmtp ? "LMTP" : "ESMTP");
  };

  const answerXforward = ({ attributes }: Command.Xforward): Reply.Reply => {
    const fault = Identity.xforwardFault(attributes);
    if (fault !== undefined) return Replies.badAttribute(fault);
    identity = Identity.xforward(identity, attributes);
    return Replies.forwardedFor;
  };

  const messageDone = (): void => complete("MESSAGE");

  const answerData = ({ content, parameters }: Transactions.Transaction): Reply.Reply => {
    if (parameters.body === "BINARYMIME") return Replies.needsChunks;
    incoming = { content: new Content.Data(content), done: messageDone };
    return Replies.goAhead;
  };

  /** The octets of a chunk are taken whatever becomes of it, so that none of them is read as a command (RFC 3030 section 2). */
  const hearChunk = ({ size, last }: Command.Bdat, objection: Reply.Reply | undefined): void => {
    const { current } = transactions;
    const content = objection === undefined ? current!.content : undefined;
    const fits = content !== undefined && content.length + size <= limits.messageOctets;
    const verb = last ? "LAST" : "BDAT";
    const done = (): void => {
      if (objection !== undefined) return answer(objection);
      if (last) return complete("LAST", fits ? undefined : Replies.tooBig(limits.messageOctets));
      const mishap = faultAt("bdat");
      const own = fits ? Replies.chunkTaken(size) : Replies.tooBig(limits.messageOctets);
      settle(verb, refusalOf(mishap) ?? own, mishap);
      if (phase === "reset") transactions.forget();
    };
    incoming = { content: new Content.Chunk(size, fits ? content : undefined), done };
    if (size === 0) feed(new Uint8Array());
  };

  /** The message is whole: it is judged, and then waits for the store. */
  const complete = (verb: Pending["verb"], refusal?: Reply.Reply): void => {
    const { current } = transactions;
    const { content } = current!;
    const taken = refusal === undefined ? content.take() : undefined;
    const knowledge = { client, identity, user: authenticator.user, isSecure, tls };
    const submission = Submissions.make(current!, taken ?? nothing, knowledge);
    const tooBig = taken === undefined ? Replies.tooBig(limits.messageOctets) : undefined;
    const verdicts = Verdicts.judge(submission, tooBig, policy, isLmtp, faultAt);
    if (verdicts.every(Verdicts.accepts)) pending = { verb, verdicts, submission };
    else {
      const isTaken = (at: number): boolean => Verdicts.accepts(verdicts[isLmtp ? at : 0]!);
      const wanted = Submissions.forSome(submission, isTaken);
      if (wanted.forwardPaths.length === 0) finish(verb, verdicts, undefined);
      else pending = { verb, verdicts, submission: wanted };
    }
  };

  /** Answers the message; the transaction is over whatever the replies say. */
  const finish = (verb: Pending["verb"], verdicts: ReadonlyArray<Verdicts.Verdict>, id: string | undefined): void => {
    endTransaction();
    const replies = verdicts.map((verdict) => Verdicts.inWords(verdict, id));
    const best = replies.find(Reply.isPositive) ?? replies[0]!;
    phase = Phase.after(phase, verb, Reply.severity(best));
    for (let at = 0; at < replies.length; at++) say(replies[at]!, verdicts[at]!.mishap);
  };

  const feed = (octets: Uint8Array): void => {
    const { content, done } = incoming!;
    const rest = content.take(octets);
    if (rest === undefined) return;
    if (rest instanceof LineError) return breakOff(Replies.brokenMessage(rest));
    incoming = undefined;
    if (rest.length > 0) decoder.push(rest);
    done();
  };

  const isBlocked = (): boolean =>
    phase === "closed" || pending !== undefined || handshake !== undefined || speaker.pausing !== undefined;

  /** Goes on with what is buffered, until a line or a message is not complete, or something else has to happen first. */
  const proceed = (): void => {
    while (!isBlocked()) {
      if (incoming !== undefined) {
        if (decoder.buffered === 0) return;
        feed(decoder.takeBuffered());
      } else if (decoder.next()) {
        const { bytes, start, end } = decoder;
        if (phase === "auth") hearResponse(Octets.decode(bytes, start, end));
        else hear(read(bytes, start, end), end - start + 2);
      } else if (decoder.failure !== undefined) breakOff(Replies.brokenLine(decoder.failure));
      else return;
    }
  };

  /** The client began a handshake that a fault spoils, or said something in clear when it was to begin one. */
  const receiveInsteadOfTls = (expected: NonNullable<typeof handshake>): void => {
    if (expected === "wanted") return breakOff(Replies.injected);
    FaultPlan.misdo(speaker, expected);
    hangUp();
    speaker.end();
  };

  return {
    greet: () => {
      const { millis = 0, reply, action } = faultAt("connect") ?? {};
      if (millis > 0) speaker.pause(millis);
      if (reply !== undefined) return breakOff(reply);
      if (action !== undefined && !FaultPlan.misdo(speaker, action)) hangUp();
      else if (options.tls === "implicit") beginHandshake();
      else greeting();
    },
    receive: (chunk) => {
      if (phase === "closed") return;
      if (handshake !== undefined) return receiveInsteadOfTls(handshake);
      if (incoming === undefined || isBlocked()) decoder.push(chunk);
      else feed(chunk);
      proceed();
    },
    output: () => speaker.take(),
    get submission() {
      return pending?.submission;
    },
    stored: (id) => {
      if (pending === undefined) return;
      const { verb, verdicts } = pending;
      pending = undefined;
      if (id !== undefined) errors = 0;
      finish(verb, verdicts, id);
      proceed();
    },
    get pausing() {
      return speaker.pausing;
    },
    resume: () => {
      speaker.resume();
      proceed();
    },
    get wantsTls() {
      return handshake === "wanted" && speaker.pausing === undefined;
    },
    secured: (report) => {
      if (handshake !== "wanted") return;
      handshake = undefined;
      isSecure = true;
      tls = report;
      forgetClient();
      if (phase === "connected") greeting();
      else phase = Phase.after(phase, "HANDSHAKE", "positive");
    },
    close: (reason) => {
      if (phase === "closed" || handshake !== undefined) {
        hangUp();
        return speaker.cut();
      }
      speaker.discard();
      say(Replies.closing(host, reason));
    },
    get isOver() {
      return speaker.isOver;
    },
  };
};

const isRefusal = ({ code }: Reply.Reply): boolean => code >= 400;

/** The reply with which a mishap refuses, so that nothing is carried out. */
const refusalOf = (mishap: FaultPlan.Mishap | undefined): Reply.Reply | undefined => {
  const reply = mishap?.reply;
  return reply !== undefined && isRefusal(reply) ? reply : undefined;
};

const isAuth = (line: string): boolean => /^AUTH /i.test(line);

/** Where the line began is not told: lines are counted apart from messages. */
const tooLong = (limit: number): LineError => new LineError({ reason: "LineTooLong", offset: limit, limit });
