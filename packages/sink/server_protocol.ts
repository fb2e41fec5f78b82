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
import type { LineError } from "@plausch/line/line-error";
import type { Command } from "@plausch/smtp/command";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as Domain from "@plausch/smtp/domain";
import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Octets from "@plausch/smtp/octets";
import type { MailParameters } from "@plausch/smtp/parameter";
import type { ForwardPath, ReversePath } from "@plausch/smtp/path";
import * as Phase from "@plausch/smtp/phase";
import * as Reply from "@plausch/smtp/reply";
import * as Result from "effect/Result";
import * as Limits from "./limits.ts";

/** Decisions that are the site's own. A reply refuses; undefined lets pass. */
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
  /** Whether it said EHLO or HELO. */
  readonly protocol: "SMTP" | "ESMTP";
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
  /** The message that waits for its store. */
  readonly submission: Submission | undefined;
  /** What the store said: the id under which the message is safe, or undefined if it is not. */
  stored(id: string | undefined): void;
  /** The client was silent for too long, or the server goes down: 421. */
  close(reason: "timeout" | "shutdown"): void;
  /** Whether the connection is to be closed once the output is written. */
  readonly isOver: boolean;
}

/** What the server offers, apart from SIZE. */
const extensions = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "HELP"] as const;

const helpText = [
  "This is the plausch sink: it takes mail and keeps it",
  "HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT",
  "See RFC 5321",
];

/** The predecessors that a 503 names. */
const prerequisites: { readonly [V in Phase.Verb]?: string } = {
  MAIL: "EHLO or HELO, and only once in a transaction",
  RCPT: "MAIL",
  DATA: "RCPT",
};

/** Words that begin an HTTP request: a browser was led here, and must not deliver what it carries. */
const http = /^(GET|POST|PUT|HEAD|OPTIONS|CONNECT|PATCH|DELETE) .* HTTP\//;

const status = (code: string): EnhancedStatus.EnhancedStatus => Result.getOrThrow(EnhancedStatus.fromString(code));

/** The reply to a line that cannot be read. */
const replyToFault = ({ reason, subject, message }: GrammarError): Reply.Reply => {
  const text = message.replace(/^Cannot read the /, "Bad ");
  if (reason === "UnknownVerb") return Reply.make(500, "Command not recognized", status("5.5.1"));
  if (reason === "UnknownParameter") return Reply.make(555, "Parameter not recognized", status("5.5.4"));
  if (subject === "reverse-path") return Reply.make(501, text, status("5.1.7"));
  if (subject === "forward-path") return Reply.make(501, text, status("5.1.3"));
  return Reply.make(501, text, status("5.5.4"));
};

/** The reply to octets that are no line or no message; the connection cannot be trusted after it. */
const replyToBrokenLine = ({ reason, limit }: LineError): Reply.Reply => {
  switch (reason) {
    case "LineTooLong":
    case "TooManyOctets":
      return Reply.make(500, `Line too long: the limit is ${limit ?? 0} octets`, status("5.5.2"));
    case "Nul":
      return Reply.make(500, "NUL octet refused", status("5.5.2"));
    case "BareCr":
      return Reply.make(500, "CR without LF refused: lines end with CRLF", status("5.5.2"));
    case "BareLf":
      return Reply.make(500, "LF without CR refused: lines end with CRLF", status("5.5.2"));
  }
};

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
  let helo: { readonly name: string; readonly protocol: "SMTP" | "ESMTP" } = { name: "", protocol: "SMTP" };
  let reversePath: ReversePath | undefined;
  let forwardPaths: Array<ForwardPath> = [];
  let smtputf8 = false;
  let data:
    | { readonly unstuffer: DotUnstuffing.DotUnstuffer; readonly parts: Array<Uint8Array>; tooBig: boolean }
    | undefined;
  let submission: Submission | undefined;

  const say = (reply: Reply.Reply): void => {
    observe({ _tag: "Said", reply });
    replies.push(Reply.format(reply));
    if (Reply.isPermanent(reply)) faults++;
    if (reply.code === 421) phase = "closed";
  };
  const sayBye = (text: string, code: string): void => say(Reply.make(421, `${host} ${text}, closing`, status(code)));
  /** Says a reply that no conversation goes on after. */
  const breakOff = (reply: Reply.Reply): void => {
    say(reply);
    phase = "closed";
  };

  const forgetTransaction = (): void => {
    reversePath = undefined;
    forwardPaths = [];
    smtputf8 = false;
  };

  const answer = (command: Command): Reply.Reply => {
    switch (command._tag) {
      case "HELO":
        forgetTransaction();
        helo = { name: Domain.format(command.host), protocol: "SMTP" };
        return Reply.make(250, host);
      case "EHLO":
        forgetTransaction();
        helo = { name: Domain.format(command.host), protocol: "ESMTP" };
        return Reply.make(250, [`${host} greets ${helo.name}`, `SIZE ${limits.messageOctets}`, ...extensions]);
      case "MAIL":
        return answerMail(command.reversePath, command.parameters);
      case "RCPT":
        return answerRcpt(command.forwardPath);
      case "DATA":
        data = { unstuffer: DotUnstuffing.make(), parts: [], tooBig: false };
        return Reply.make(354, "Go ahead; end with a line that is a single dot");
      case "RSET":
        forgetTransaction();
        return Reply.make(250, "Forgotten", status("2.0.0"));
      case "NOOP":
        return Reply.make(250, "Still here", status("2.0.0"));
      case "VRFY":
        return Reply.make(252, "Cannot tell; send it and see", status("2.5.0"));
      case "HELP":
        return Reply.make(214, helpText, status("2.0.0"));
      case "QUIT":
        return Reply.make(221, `${host} says goodbye`, status("2.0.0"));
      case "Raw":
        return Reply.make(500, "Command not recognized", status("5.5.1"));
    }
  };

  const answerMail = (path: ReversePath, parameters: MailParameters): Reply.Reply => {
    if (parameters.size !== undefined && parameters.size > limits.messageOctets) {
      return Reply.make(552, `Message too big: the limit is ${limits.messageOctets} octets`, status("5.3.4"));
    }
    if (path._tag === "Mailbox" && path.needsSmtputf8 && parameters.smtputf8 !== true) {
      return Reply.make(553, "An international sender needs SMTPUTF8", status("5.6.7"));
    }
    const refusal = policy.sender?.(path, parameters);
    if (refusal !== undefined) return refusal;
    reversePath = path;
    smtputf8 = parameters.smtputf8 === true;
    return Reply.make(250, "Sender taken", status("2.1.0"));
  };

  const answerRcpt = (path: ForwardPath): Reply.Reply => {
    if (forwardPaths.length >= limits.recipients) {
      return Reply.make(452, `Too many recipients: the limit is ${limits.recipients}`, status("4.5.3"));
    }
    if (path._tag === "Mailbox" && path.needsSmtputf8 && !smtputf8) {
      return Reply.make(553, "An international recipient needs SMTPUTF8", status("5.6.7"));
    }
    const refusal = policy.recipient?.(path, reversePath!);
    if (refusal !== undefined) return refusal;
    forwardPaths.push(path);
    return Reply.make(250, "Recipient taken", status("2.1.5"));
  };

  const hear = (line: string): void => {
    observe({ _tag: "Heard", line });
    commands++;
    if (commands > limits.commands) return sayBye("Too many commands", "4.7.0");
    if (faults >= limits.faults) return sayBye("Too many errors", "4.7.0");
    if (commands === 1 && http.test(line)) return sayBye("This is SMTP, not HTTP", "4.7.0");
    const parsed = CommandParser.parse(line, { smtputf8: true, lenient: true });
    if (Result.isFailure(parsed)) return say(replyToFault(parsed.failure));
    const command = parsed.success;
    if (command._tag !== "Raw" && !Phase.isLegal(phase, command._tag)) {
      const first = prerequisites[command._tag];
      const text = first === undefined ? `${command._tag} is out of place` : `${command._tag} comes after ${first}`;
      return say(Reply.make(503, text, status("5.5.1")));
    }
    const reply = answer(command);
    if (command._tag !== "Raw") phase = Phase.after(phase, command._tag, Reply.severity(reply));
    say(reply);
  };

  const takeData = (chunk: Uint8Array): void => {
    const { unstuffer, parts } = data!;
    const octets = unstuffer.push(chunk);
    if (unstuffer.octets > limits.messageOctets) {
      data!.tooBig = true;
      parts.length = 0;
    } else if (octets.length > 0) parts.push(octets);
    if (unstuffer.failure !== undefined) {
      return breakOff(Reply.make(550, `Message refused: ${unstuffer.failure.message}`, status("5.5.2")));
    }
    if (!unstuffer.ended) return;
    const { tooBig } = data!;
    const rest = unstuffer.rest;
    data = undefined;
    if (tooBig) {
      finish(Reply.make(552, `Message too big: the limit is ${limits.messageOctets} octets`, status("5.3.4")));
    } else {
      submission = {
        helo: helo.name,
        protocol: helo.protocol,
        reversePath: reversePath!,
        forwardPaths,
        octets: concat(parts),
      };
    }
    decoder.push(rest);
  };

  /** The reply to the message; the transaction is over whatever it says. */
  const finish = (reply: Reply.Reply): void => {
    forgetTransaction();
    phase = Phase.after(phase, "MESSAGE", Reply.severity(reply));
    say(reply);
  };

  /** Goes on with what is buffered, until a line or a message is not complete, or a store has to speak first. */
  const proceed = (): void => {
    while (phase !== "closed" && submission === undefined) {
      if (data !== undefined) {
        if (decoder.buffered === 0) return;
        takeData(decoder.takeBuffered());
        continue;
      }
      if (!decoder.next()) break;
      hear(Octets.decode(decoder.bytes, decoder.start, decoder.end));
    }
    if (decoder.failure !== undefined && phase !== "closed") breakOff(replyToBrokenLine(decoder.failure));
  };

  return {
    greet: () => {
      phase = Phase.after(phase, "GREETING", "positive");
      say(Reply.make(220, `${host} ESMTP plausch sink`));
    },
    receive: (chunk) => {
      if (phase === "closed") return;
      decoder.push(chunk);
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
      submission = undefined;
      finish(
        id === undefined
          ? Reply.make(451, "Cannot store the message now", status("4.3.0"))
          : Reply.make(250, `Stored as ${id}`, status("2.0.0")),
      );
      proceed();
    },
    close: (reason) => {
      if (phase === "closed") return;
      if (reason === "timeout") sayBye("Waited too long for you", "4.4.2");
      else sayBye("Going down", "4.3.2");
    },
    get isOver() {
      return phase === "closed";
    },
  };
};

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
