/**
 * Commands as values, and the one gate through which they become octets (RFC 5321 section 4.1.1).
 *
 * Whatever the arguments are, an encoded command is one line: its only CRLF ends it, it has no other control character, and
 * characters outside ASCII only where SMTPUTF8 allows them. A command that cannot be such a line is an error before there is
 * an octet of it.
 *
 * @example From values to octets
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const from = Result.getOrThrow(Path.reverseFromString("<user@example.com>"));
 * const line = Command.format(Command.mail(from, { size: 1024, body: "8BITMIME" }));
 * assertEquals(Result.getOrThrow(line), "MAIL FROM:<user@example.com> SIZE=1024 BODY=8BITMIME");
 * assertEquals(Result.getOrThrow(Command.encode(Command.quit)), new TextEncoder().encode("QUIT\r\n"));
 * ```
 *
 * @module
 */
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { charsetFault, octetLength } from "./_characters.ts";
import { isBase64, isMechanism, lineFault, nodeFault, writeAttributes } from "./_command_arguments.ts";
import { maxCommandLine, writeMail, writeRcpt, type Written } from "./_parameter_writer.ts";
import { wirePath } from "./_path.ts";
import { fault } from "./_source.ts";
import * as Domain from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";
import * as Octets from "./octets.ts";
import type { MailParameters, RcptParameters } from "./parameter.ts";
import type { ForwardPath, ReversePath } from "./path.ts";

/** Something a client says. */
export type Command =
  | Helo
  | Ehlo
  | Lhlo
  | StartTls
  | Auth
  | Xclient
  | Xforward
  | Mail
  | Rcpt
  | Data
  | Bdat
  | Rset
  | Noop
  | Quit
  | Vrfy
  | Expn
  | Help
  | Etrn
  | Raw;

/** The client's name, for a server without extensions. */
export interface Helo {
  /** The verb. */
  readonly _tag: "HELO";
  /** What the client calls itself: its domain name, or its address where it has none. */
  readonly host: Domain.Host;
}

/** The client's name, and the wish to know the server's extensions. */
export interface Ehlo {
  /** The verb. */
  readonly _tag: "EHLO";
  /** What the client calls itself: its domain name, or its address where it has none. */
  readonly host: Domain.Host;
}

/** The client's name, to a server of LMTP (RFC 2033 section 4.1). */
export interface Lhlo {
  /** The verb. */
  readonly _tag: "LHLO";
  /** What the client calls itself: its domain name, or its address where it has none. */
  readonly host: Domain.Host;
}

/** The wish to go on encrypted (RFC 3207 section 4). */
export interface StartTls {
  /** The verb. */
  readonly _tag: "STARTTLS";
}

/** The beginning of an authentication exchange (RFC 4954 section 4). */
export interface Auth {
  /** The verb. */
  readonly _tag: "AUTH";
  /** The name of the SASL mechanism: 1 to 20 letters, digits, hyphens and underscores. It is written in upper case. */
  readonly mechanism: string;
  /** The initial response in base64 with its padding. An empty one is written `=`. No error holds it. */
  readonly initial?: Redacted.Redacted<string> | undefined;
}

/**
 * A name and a value of XCLIENT and XFORWARD. The name is ASCII letters, in any case; it is written in upper case. The value is
 * not empty, has no control characters, and at most 255 octets when coded as xtext, which is done when it is written.
 * `[UNAVAILABLE]` and `[TEMPUNAVAIL]`, which stand for what is not known, come out of that as they are.
 */
export type Attribute = readonly [name: string, value: string];

/** What is told of a client with XCLIENT or XFORWARD: at least one attribute, and none twice. */
export type Attributes = ReadonlyArray<Attribute>;

/** Makes the server take the session for that of another client (Postfix, XCLIENT_README). */
export interface Xclient {
  /** The verb. */
  readonly _tag: "XCLIENT";
  /** What to believe of the client. */
  readonly attributes: Attributes;
}

/** Tells the server from which client a message came, for its log (Postfix, XFORWARD_README). */
export interface Xforward {
  /** The verb. */
  readonly _tag: "XFORWARD";
  /** What is known of the client. */
  readonly attributes: Attributes;
}

/** The sender; a transaction begins. */
export interface Mail {
  /** The verb. */
  readonly _tag: "MAIL";
  /** Whom to tell when the message cannot be delivered. */
  readonly reversePath: ReversePath;
  /** What the server's extensions want to know of the message. */
  readonly parameters: MailParameters;
}

/** One recipient. */
export interface Rcpt {
  /** The verb. */
  readonly _tag: "RCPT";
  /** Who shall get the message. */
  readonly forwardPath: ForwardPath;
  /** What the server's extensions want to know of the recipient. */
  readonly parameters: RcptParameters;
}

/** The message follows, when the server says so. */
export interface Data {
  /** The verb. */
  readonly _tag: "DATA";
}

/** A chunk of the message follows at once, without waiting for a reply (RFC 3030 section 2). */
export interface Bdat {
  /** The verb. */
  readonly _tag: "BDAT";
  /** How many octets follow the line, up to 2^53 - 1. */
  readonly size: number;
  /** Whether the message ends with this chunk. */
  readonly last: boolean;
}

/** The transaction is off. */
export interface Rset {
  /** The verb. */
  readonly _tag: "RSET";
}

/** Nothing; is the server there? */
export interface Noop {
  /** The verb. */
  readonly _tag: "NOOP";
  /** A text that the server ignores. */
  readonly argument?: string | undefined;
}

/** The conversation is over. */
export interface Quit {
  /** The verb. */
  readonly _tag: "QUIT";
}

/** A question whether a mailbox or user exists. */
export interface Vrfy {
  /** The verb. */
  readonly _tag: "VRFY";
  /** The mailbox or name. It is sent as it is. */
  readonly argument: string;
  /** Whether the server may answer in UTF-8 (RFC 6531 section 3.7.4.2). */
  readonly smtputf8?: boolean | undefined;
}

/** A question about the members of a mailing list. */
export interface Expn {
  /** The verb. */
  readonly _tag: "EXPN";
  /** The name of the list. It is sent as it is. */
  readonly argument: string;
  /** Whether the server may answer in UTF-8 (RFC 6531 section 3.7.4.2). */
  readonly smtputf8?: boolean | undefined;
}

/** The wish that the server delivers what it holds for a host (RFC 1985). */
export interface Etrn {
  /** The verb. */
  readonly _tag: "ETRN";
  /** A domain; `@` and a domain, which stands for its subdomains too; or `#` and the name of a queue. */
  readonly node: string;
}

/** A question about the server's commands. */
export interface Help {
  /** The verb. */
  readonly _tag: "HELP";
  /** What to explain: a command, usually. */
  readonly topic?: string | undefined;
}

/** A line that no other command stands for, as a person at a keyboard types it. The gate is the same. */
export interface Raw {
  /** No verb: the line may be anything. */
  readonly _tag: "Raw";
  /** The line, without its CRLF. */
  readonly line: string;
}

/**
 * HELO with the client's name.
 *
 * @example To an old server
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const host = Result.getOrThrow(Domain.hostFromString("client.example"));
 * assertEquals(Result.getOrThrow(Command.format(Command.helo(host))), "HELO client.example");
 * ```
 */
export const helo = (host: Domain.Host): Helo => ({ _tag: "HELO", host });

/**
 * EHLO with the client's name.
 *
 * @example An internationalized name goes as its A-label form
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const host = Result.getOrThrow(Domain.hostFromString("bücher.example"));
 * assertEquals(Result.getOrThrow(Command.format(Command.ehlo(host))), "EHLO xn--bcher-kva.example");
 * ```
 */
export const ehlo = (host: Domain.Host): Ehlo => ({ _tag: "EHLO", host });

/**
 * LHLO with the client's name.
 *
 * @example To a server of LMTP
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Domain from "@plausch/smtp/domain";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const host = Result.getOrThrow(Domain.hostFromString("client.example"));
 * assertEquals(Result.getOrThrow(Command.format(Command.lhlo(host))), "LHLO client.example");
 * ```
 */
export const lhlo = (host: Domain.Host): Lhlo => ({ _tag: "LHLO", host });

/**
 * STARTTLS.
 *
 * @example On the wire
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.startTls)), "STARTTLS");
 * ```
 */
export const startTls: StartTls = { _tag: "STARTTLS" };

/**
 * AUTH with a mechanism, and with an initial response if there is one.
 *
 * @example An initial response that is empty
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.auth("SCRAM-SHA-256"))), "AUTH SCRAM-SHA-256");
 * const external = Command.auth("EXTERNAL", Redacted.make(""));
 * assertEquals(Result.getOrThrow(Command.format(external)), "AUTH EXTERNAL =");
 * ```
 */
export const auth = (mechanism: string, initial?: Redacted.Redacted<string>): Auth =>
  initial === undefined ? { _tag: "AUTH", mechanism } : { _tag: "AUTH", mechanism, initial };

/**
 * Whether AUTH with its initial response is short enough: RFC 4954 section 4 leaves it under the limit for all commands, 512
 * octets with its CRLF. A client sends a longer response after the first, empty challenge. The encoder does not insist on it.
 *
 * @example A token is too long
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Redacted from "effect/Redacted";
 * import { assert } from "@std/assert";
 *
 * assert(Command.allowsInitial(Command.auth("PLAIN", Redacted.make("AHRpbQB0YW5zdGFhZg=="))));
 * assert(!Command.allowsInitial(Command.auth("XOAUTH2", Redacted.make("dXNlcg==".repeat(100)))));
 * ```
 */
export const allowsInitial = ({ mechanism, initial }: Auth): boolean =>
  initial === undefined || `AUTH ${mechanism} ${Redacted.value(initial)}\r\n`.length <= maxCommandLine;

/**
 * XCLIENT with its attributes.
 *
 * @example A client at another address, of which no name is known
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const command = Command.xclient([["NAME", "[UNAVAILABLE]"], ["ADDR", "192.0.2.1"]]);
 * assertEquals(Result.getOrThrow(Command.format(command)), "XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1");
 * ```
 */
export const xclient = (attributes: Attributes): Xclient => ({ _tag: "XCLIENT", attributes });

/**
 * XFORWARD with its attributes.
 *
 * @example A value is coded
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const command = Command.xforward([["HELO", "my host+1"]]);
 * assertEquals(Result.getOrThrow(Command.format(command)), "XFORWARD HELO=my+20host+2B1");
 * ```
 */
export const xforward = (attributes: Attributes): Xforward => ({ _tag: "XFORWARD", attributes });

/** One for all, since most commands have none. */
const noParameters = Object.freeze({});

/**
 * MAIL with its parameters. A parameter of RCPT does not compile.
 *
 * @example The sender of a notification
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.mail(Path.nullPath))), "MAIL FROM:<>");
 * ```
 */
export const mail = (reversePath: ReversePath, parameters: MailParameters = noParameters): Mail => ({
  _tag: "MAIL",
  reversePath,
  parameters,
});

/**
 * RCPT with its parameters. A parameter of MAIL does not compile.
 *
 * @example A recipient whose failure nobody wants to hear of
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const to = Result.getOrThrow(Path.forwardFromString("<list@example.com>"));
 * const line = Command.format(Command.rcpt(to, { notify: "NEVER" }));
 * assertEquals(Result.getOrThrow(line), "RCPT TO:<list@example.com> NOTIFY=NEVER");
 * ```
 */
export const rcpt = (forwardPath: ForwardPath, parameters: RcptParameters = noParameters): Rcpt => ({
  _tag: "RCPT",
  forwardPath,
  parameters,
});

/**
 * BDAT with the number of octets that follow it.
 *
 * @example The last chunk
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.bdat(1024))), "BDAT 1024");
 * assertEquals(Result.getOrThrow(Command.format(Command.bdat(0, true))), "BDAT 0 LAST");
 * ```
 */
export const bdat = (size: number, last = false): Bdat => ({ _tag: "BDAT", size, last });

/**
 * NOOP, with a text if you like.
 *
 * @example Keep the connection open
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.noop())), "NOOP");
 * ```
 */
export const noop = (argument?: string): Noop => argument === undefined ? { _tag: "NOOP" } : { _tag: "NOOP", argument };

/**
 * VRFY with a mailbox or a user's name.
 *
 * @example Is there a postmaster?
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.vrfy("postmaster"))), "VRFY postmaster");
 * ```
 */
export const vrfy = (argument: string, options: FormatOptions = {}): Vrfy =>
  options.smtputf8 === true ? { _tag: "VRFY", argument, smtputf8: true } : { _tag: "VRFY", argument };

/**
 * EXPN with the name of a mailing list.
 *
 * @example Who is on the list?
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.expn("staff"))), "EXPN staff");
 * ```
 */
export const expn = (argument: string, options: FormatOptions = {}): Expn =>
  options.smtputf8 === true ? { _tag: "EXPN", argument, smtputf8: true } : { _tag: "EXPN", argument };

/**
 * ETRN with a domain or a queue.
 *
 * @example A domain and those below it
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.etrn("@example.com"))), "ETRN @example.com");
 * ```
 */
export const etrn = (node: string): Etrn => ({ _tag: "ETRN", node });

/**
 * HELP, with a topic if you like.
 *
 * @example About one command
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.help("RCPT"))), "HELP RCPT");
 * ```
 */
export const help = (topic?: string): Help => topic === undefined ? { _tag: "HELP" } : { _tag: "HELP", topic };

/**
 * A line that is sent as it is, if it passes the gate.
 *
 * @example What a tester types, and what nobody may
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.raw("mail from: user@example.com"))), "mail from: user@example.com");
 * assert(Result.isFailure(Command.format(Command.raw("NOOP\r\nQUIT"))));
 * ```
 */
export const raw = (line: string): Raw => ({ _tag: "Raw", line });

/**
 * DATA.
 *
 * @example On the wire
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.data)), "DATA");
 * ```
 */
export const data: Data = { _tag: "DATA" };

/**
 * RSET.
 *
 * @example On the wire
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.rset)), "RSET");
 * ```
 */
export const rset: Rset = { _tag: "RSET" };

/**
 * QUIT.
 *
 * @example On the wire
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.format(Command.quit)), "QUIT");
 * ```
 */
export const quit: Quit = { _tag: "QUIT" };

/** How a command is written. */
export interface FormatOptions {
  /**
   * Whether SMTPUTF8 is in force, so that characters outside ASCII may be sent (RFC 6531).
   *
   * By default MAIL goes by its own parameter, and RCPT takes any mailbox: one that needs SMTPUTF8 was read with that option, and
   * the transaction it is in is not known here. All else is ASCII.
   */
  readonly smtputf8?: boolean | undefined;
}

/** The longest line that RFC 4954 section 4 asks for. A raw line may be any command, so it may be as long. */
const maxAuthLine = 12288;

/** Checks what was not built from checked parts, and its length. */
const gate = (line: string, utf8: boolean, maxLine: number): string | GrammarError => {
  const charset = charsetFault({ subject: "command", text: line }, utf8);
  if (charset !== undefined) return lineFault(line, charset.reason, charset.offset);
  return octetLength(line) + 2 > maxLine ? lineFault(line, "CommandTooLong", undefined, maxLine) : line;
};

/** A line of checked parts. Without parameters it cannot be too long: a path has at most 256 octets. */
const assemble = (head: string, path: string | GrammarError, parameters: Written | GrammarError) => {
  if (path instanceof GrammarError) return path;
  if (parameters instanceof GrammarError) return parameters;
  const line = head + path + parameters.text;
  // A UTF-16 unit is at most three octets: most lines need no counting.
  const fits = parameters.text === "" || line.length * 3 + 2 <= parameters.maxLine ||
    octetLength(line) + 2 <= parameters.maxLine;
  return fits ? line : fault({ subject: "command", text: line }, "CommandTooLong", undefined, parameters.maxLine);
};

const hello = (verb: "HELO" | "EHLO" | "LHLO", host: Domain.Host): string | GrammarError => {
  // Anybody can put a host together: only the parser tells whether it is one.
  const checked = Domain.hostFromString(Domain.format(host));
  return Result.isFailure(checked)
    ? checked.failure
    : gate(`${verb} ${Domain.format(checked.success)}`, false, maxCommandLine);
};

/** A free text after a verb. Spaces around it would not arrive, because servers take off those at the end of a line. */
const withText = (verb: string, text: string, utf8: boolean, tail = ""): string | GrammarError => {
  const line = `${verb} ${text}${tail}`;
  if (text === "") return fault({ subject: "command", text: line }, "MissingArgument");
  if (text.startsWith(" ") || text.endsWith(" ")) return fault({ subject: "command", text: line }, "BadArgument");
  return gate(line, utf8, maxCommandLine);
};

const verify = ({ _tag, argument, smtputf8 }: Vrfy | Expn, utf8: boolean): string | GrammarError => {
  // The keyword at the end would be read as the parameter.
  if (/ SMTPUTF8$/i.test(argument)) return fault({ subject: "command", text: `${_tag} ${argument}` }, "BadArgument");
  return withText(_tag, argument, utf8 || smtputf8 === true, smtputf8 === true ? " SMTPUTF8" : "");
};

const authenticate = ({ mechanism, initial }: Auth): string | GrammarError => {
  if (!isMechanism(mechanism)) return lineFault("AUTH", "BadMechanism");
  const head = `AUTH ${mechanism.toUpperCase()}`;
  if (initial === undefined) return head;
  const response = Redacted.value(initial);
  return isBase64(response) ? gate(`${head} ${response || "="}`, false, maxAuthLine) : lineFault(head, "BadBase64");
};

const chunk = ({ size, last }: Bdat): string | GrammarError => {
  const line = `BDAT ${size}${last ? " LAST" : ""}`;
  return Number.isSafeInteger(size) && size >= 0 ? line : fault({ subject: "command", text: line }, "BadSize");
};

const turn = ({ node }: Etrn): string | GrammarError => nodeFault(node) ?? gate(`ETRN ${node}`, false, maxCommandLine);

const attributes = (command: Xclient | Xforward): string | GrammarError => {
  const line = writeAttributes(command._tag, command.attributes);
  return line instanceof GrammarError ? line : gate(line, false, maxCommandLine);
};

const line = (command: Command, { smtputf8 }: FormatOptions): string | GrammarError => {
  switch (command._tag) {
    case "MAIL": {
      const utf8 = smtputf8 ?? command.parameters.smtputf8 === true;
      return assemble("MAIL FROM:", wirePath(command.reversePath, utf8), writeMail(command.parameters));
    }
    case "RCPT": {
      const path = wirePath(command.forwardPath, smtputf8 ?? true);
      return assemble("RCPT TO:", path, writeRcpt(command.parameters, smtputf8 === true));
    }
    case "HELO":
    case "EHLO":
    case "LHLO":
      return hello(command._tag, command.host);
    case "NOOP":
      return command.argument === undefined ? "NOOP" : withText("NOOP", command.argument, smtputf8 === true);
    case "VRFY":
    case "EXPN":
      return verify(command, smtputf8 === true);
    case "AUTH":
      return authenticate(command);
    case "XCLIENT":
    case "XFORWARD":
      return attributes(command);
    case "BDAT":
      return chunk(command);
    case "ETRN":
      return turn(command);
    case "HELP":
      return command.topic === undefined ? "HELP" : withText("HELP", command.topic, smtputf8 === true);
    case "Raw":
      return gate(command.line, smtputf8 === true, maxAuthLine);
    case "STARTTLS":
    case "DATA":
    case "RSET":
    case "QUIT":
      return command._tag;
  }
};

/**
 * The command as a line without its CRLF. Fails with a reason of its argument's type (`BadSize`, `NonAscii`, ...), with
 * `ControlCharacter`, or with `CommandTooLong` for a line over 512 octets with its CRLF and what its parameters add to that
 * (RFC 5321 section 4.5.3.1.4). AUTH and a raw line may have 12288 octets (RFC 4954 section 4).
 *
 * The line of AUTH shows its initial response. An error of AUTH, also in a raw line, shows nothing that follows the verb.
 *
 * @example A sender that needs SMTPUTF8 needs the parameter
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const from = Result.getOrThrow(Path.reverseFromString("<用户@example.com>", { smtputf8: true }));
 * assert(Result.isFailure(Command.format(Command.mail(from))));
 * const line = Command.format(Command.mail(from, { smtputf8: true }));
 * assertEquals(Result.getOrThrow(line), "MAIL FROM:<用户@example.com> SMTPUTF8");
 * ```
 */
export const format = (command: Command, options: FormatOptions = {}): Result.Result<string, GrammarError> => {
  const formatted = line(command, options);
  return formatted instanceof GrammarError ? Result.fail(formatted) : Result.succeed(formatted);
};

/**
 * The command as octets, with its CRLF. Fails as {@linkcode format} does.
 *
 * @example One line, whatever the value
 * ```ts
 * import * as Command from "@plausch/smtp/command";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Command.encode(Command.noop())), new TextEncoder().encode("NOOP\r\n"));
 * assert(Result.isFailure(Command.encode(Command.help("me\nQUIT"))));
 * ```
 */
export const encode = (command: Command, options: FormatOptions = {}): Result.Result<Uint8Array, GrammarError> =>
  Result.map(format(command, options), (formatted) => Octets.encode(`${formatted}\r\n`));
