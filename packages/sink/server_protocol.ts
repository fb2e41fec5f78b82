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
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import * as LineDecoder from "@plausch/line/line-decoder";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as Domain from "@plausch/smtp/domain";
import * as Octets from "@plausch/smtp/octets";
import type { MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type { ForwardPath, ReversePath } from "@plausch/smtp/path";
import * as Phase from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import * as MessageBuffer from "./_message_buffer.ts";
import * as Replies from "./_replies.ts";
import * as Limits from "./limits.ts";
import type { Protocol } from "./store.ts";

/**
 * Decisions that are the site's own. A 4yz or 5yz reply refuses, a 2yz reply accepts in its own words, undefined accepts. They are
 * called for each command at its place, and must not throw.
 */
export interface Policy {
  /** Whether the sender may send. */
  readonly sender?: ((path: ReversePath, parameters: MailParameters) => Reply.Reply | undefined) | undefined;
  /** Whether the recipient is taken. */
  readonly recipient?: ((path: ForwardPath, sender: ReversePath) => Reply.Reply | undefined) | undefined;
}

/** How a server speaks. */
export interface Options {
  /** The name that the server gives itself. */
  readonly host: string;
  /** How much it takes. Default: {@linkcode Limits.defaults}. */
  readonly limits?: Limits.Limits | undefined;
  /** Whom it refuses. Default: nobody. */
  readonly policy?: Policy | undefined;
  /** Sees each command line and each reply, in order. */
  readonly observe?: ((event: ProtocolEvent) => void) | undefined;
}

/** What is heard and said. */
export type ProtocolEvent =
  | {
    /** A command line came in. */
    readonly _tag: "Heard";
    /** The line without its CRLF; the client's words, so escape it before printing. */
    readonly line: string;
  }
  | {
    /** A reply goes out. */
    readonly _tag: "Said";
    /** The reply. */
    readonly reply: Reply.Reply;
  };

/** A message that is complete and waits for its store. */
export interface Submission {
  /** What the client called itself. */
  readonly helo: string;
  /** What it spoke. */
  readonly protocol: Protocol;
  /** The sender. */
  readonly reversePath: ReversePath;
  /** The accepted recipients, at least one. */
  readonly forwardPaths: ReadonlyArray<ForwardPath>;
  /** The message, dots unstuffed. */
  readonly octets: Uint8Array;
}

/** The server's side of one connection. */
export interface ServerProtocol {
  /** Greets the client. */
  greet(): void;
  /** Octets came in. They are kept, and not looked at, while a submission waits. */
  receive(chunk: Uint8Array): void;
  /** The replies to write, as octets; undefined when there are none. */
  output(): Uint8Array | undefined;
  /** The message that waits for its store. It is gone when the connection is over. */
  readonly submission: Submission | undefined;
  /**
   * What the store said: the id under which the message is safe, or undefined if it is not. Nothing happens when no submission
   * waits any more.
   */
  stored(id: string | undefined): void;
  /** The client was silent for too long, or the server goes down: 421, and nothing after it. */
  close(reason: "timeout" | "shutdown"): void;
  /** Whether the connection is to be closed once the output is written. */
  readonly isOver: boolean;
}

/** Between MAIL and the end of the message. */
interface Transaction {
  readonly reversePath: ReversePath;
  readonly smtputf8: boolean;
  readonly forwardPaths: Array<ForwardPath>;
}

/** Between 354 and the lone dot. */
interface Incoming {
  readonly unstuffer: DotUnstuffing.DotUnstuffer;
  readonly content: MessageBuffer.MessageBuffer;
}

/** The first parameter of extensions that are not offered. */
const unknownInMail = ({ other, ret, envid }: MailParameters): string | undefined =>
  other?.[0]?.keyword ?? (ret !== undefined ? "RET" : envid !== undefined ? "ENVID" : undefined);

const unknownInRcpt = ({ other, notify, orcpt }: RcptParameters): string | undefined =>
  other?.[0]?.keyword ?? (notify !== undefined ? "NOTIFY" : orcpt !== undefined ? "ORCPT" : undefined);

/** Whether a line that was read has more than ASCII in it. */
const isInternational = (line: string): boolean => /[\u0080-\uffff]/.test(line);

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
  const { host, limits = Limits.defaults, policy = {}, observe = () => {} } = options;
  const decoder = LineDecoder.make({ maxLineOctets: limits.lineOctets });

  let phase: Phase.Phase = "connected";
  let replies: Array<string> = [];
  let commands = 0;
  let faults = 0;
  let client: { readonly name: string; readonly protocol: Protocol } = { name: "", protocol: "SMTP" };
  let transaction: Transaction | undefined;
  let incoming: Incoming | undefined;
  let submission: Submission | undefined;

  const say = (reply: Reply.Reply): void => {
    observe({ _tag: "Said", reply });
    replies.push(Reply.format(reply));
    if (reply.code === 421) hangUp();
  };
  const hangUp = (): void => {
    phase = "closed";
    transaction = incoming = submission = undefined;
  };
  /** Says what no conversation can go on after. */
  const breakOff = (reply: Reply.Reply): void => {
    say(reply);
    hangUp();
  };

  const hear = (line: string): void => {
    observe({ _tag: "Heard", line });
    commands++;
    if (CommandParser.isHttp(line)) return say(Replies.closing(host, "http"));
    if (commands > limits.commands) return say(Replies.closing(host, "too many commands"));
    const reply = answerLine(line);
    if (Reply.isPermanent(reply)) faults++;
    say(faults > limits.faults ? Replies.closing(host, "too many errors") : reply);
  };

  const answerLine = (line: string): Reply.Reply => {
    const parsed = CommandParser.parse(line, { smtputf8: true, lenient: true });
    if (Result.isFailure(parsed)) return Replies.badCommand(parsed.failure, line);
    const command = parsed.success;
    if (!Phase.isLegal(phase, command._tag)) return Replies.outOfOrder(command._tag);
    const reply = isInternational(line) ? answerInternational(command) : answer(command);
    phase = Phase.after(phase, command._tag, Reply.severity(reply));
    return reply;
  };

  /** Paths outside ASCII need SMTPUTF8 (RFC 6531 section 3.5). Elsewhere such text does no harm. */
  const answerInternational = (command: CommandParser.ParsedCommand): Reply.Reply => {
    if (command._tag === "MAIL" && command.parameters.smtputf8 !== true) return Replies.needsSmtputf8(550);
    if (command._tag === "RCPT" && !transaction!.smtputf8) return Replies.needsSmtputf8(553);
    return answer(command);
  };

  const answer = (command: CommandParser.ParsedCommand): Reply.Reply => {
    switch (command._tag) {
      case "HELO":
        transaction = undefined;
        client = { name: Domain.format(command.host), protocol: "SMTP" };
        return Replies.hello(host);
      case "EHLO":
        transaction = undefined;
        client = { name: Domain.format(command.host), protocol: "ESMTP" };
        return Replies.capabilities(host, client.name, limits.messageOctets);
      case "MAIL":
        return answerMail(command.reversePath, command.parameters);
      case "RCPT":
        return answerRcpt(transaction!, command.forwardPath, command.parameters);
      case "DATA":
        incoming = { unstuffer: DotUnstuffing.make(), content: MessageBuffer.make(limits.messageOctets) };
        return Replies.goAhead;
      case "RSET":
        transaction = undefined;
        return Replies.reset;
      case "NOOP":
        return Replies.noop;
      case "VRFY":
        return Replies.unverified;
      case "HELP":
        return Replies.help;
      case "QUIT":
        return Replies.goodbye(host);
    }
  };

  const answerMail = (path: ReversePath, parameters: MailParameters): Reply.Reply => {
    const unknown = unknownInMail(parameters);
    if (unknown !== undefined) return Replies.unknownParameter(unknown);
    if (parameters.size !== undefined && parameters.size > limits.messageOctets) {
      return Replies.tooBig(limits.messageOctets);
    }
    const reply = policy.sender?.(path, parameters) ?? Replies.senderTaken;
    if (Reply.isPositive(reply)) {
      transaction = { reversePath: path, smtputf8: parameters.smtputf8 === true, forwardPaths: [] };
    }
    return reply;
  };

  const answerRcpt = (
    { reversePath, forwardPaths }: Transaction,
    path: ForwardPath,
    parameters: RcptParameters,
  ): Reply.Reply => {
    const unknown = unknownInRcpt(parameters);
    if (unknown !== undefined) return Replies.unknownParameter(unknown);
    if (forwardPaths.length >= limits.recipients) return Replies.tooManyRecipients(limits.recipients);
    const reply = policy.recipient?.(path, reversePath) ?? Replies.recipientTaken;
    if (Reply.isPositive(reply)) forwardPaths.push(path);
    return reply;
  };

  const takeData = ({ unstuffer, content }: Incoming, chunk: Uint8Array): void => {
    content.add(unstuffer.push(chunk));
    if (unstuffer.failure !== undefined) return breakOff(Replies.brokenMessage(unstuffer.failure));
    if (!unstuffer.ended) return;
    incoming = undefined;
    decoder.push(unstuffer.rest);
    const octets = content.take();
    if (octets === undefined) return finish(Replies.tooBig(limits.messageOctets));
    const { reversePath, forwardPaths, smtputf8 } = transaction!;
    const protocol = smtputf8 ? "UTF8SMTP" : client.protocol;
    submission = { helo: client.name, protocol, reversePath, forwardPaths, octets };
  };

  /** Answers the message; the transaction is over whatever the reply says. */
  const finish = (reply: Reply.Reply): void => {
    transaction = undefined;
    phase = Phase.after(phase, "MESSAGE", Reply.severity(reply));
    say(reply);
  };

  /** Goes on with what is buffered, until a line or a message is not complete, or a store has to speak first. */
  const proceed = (): void => {
    while (phase !== "closed" && submission === undefined) {
      if (incoming !== undefined) {
        if (decoder.buffered === 0) return;
        takeData(incoming, decoder.takeBuffered());
      } else if (decoder.next()) hear(Octets.decode(decoder.bytes, decoder.start, decoder.end));
      else if (decoder.failure !== undefined) breakOff(Replies.brokenLine(decoder.failure));
      else return;
    }
  };

  return {
    greet: () => {
      phase = Phase.after(phase, "GREETING", "positive");
      say(Replies.greeting(host));
    },
    receive: (chunk) => {
      if (phase === "closed") return;
      if (incoming === undefined) decoder.push(chunk);
      else takeData(incoming, chunk);
      proceed();
    },
    output: () => {
      if (replies.length === 0) return undefined;
      const text = replies.join("");
      replies = [];
      return Octets.encode(text);
    },
    get submission() {
      return submission;
    },
    stored: (id) => {
      if (submission === undefined) return;
      submission = undefined;
      if (id !== undefined) faults = 0;
      finish(id === undefined ? Replies.notStored : Replies.stored(id));
      proceed();
    },
    close: (reason) => {
      if (phase !== "closed") say(Replies.closing(host, reason));
    },
    get isOver() {
      return phase === "closed";
    },
  };
};
