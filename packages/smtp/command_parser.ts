/**
 * Commands as a server reads them (RFC 5321 section 4.1.1).
 *
 * Verbs and keywords compare without case, and white space at the end of a line does not count. Strict mode, the default, takes
 * what the RFC prints. Lenient mode takes more, as servers on the Internet do, and says so in `warnings`: spaces where there
 * should be one or none, a path without brackets, a client name that is no host name.
 *
 * @example What a client said
 * ```ts
 * import * as CommandParser from "@plausch/smtp/command-parser";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const command = Result.getOrThrow(CommandParser.parse("mail FROM:<user@example.com> size=1024"));
 * assert(command._tag === "MAIL");
 * assertEquals(command.parameters, { size: 1024 });
 * ```
 *
 * @module
 */
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { charsetFault, isAscii } from "./_characters.ts";
import { isBase64, isMechanism, lineFault, nodeFault, readAttribute } from "./_command_arguments.ts";
import { type Parameters, readMail, readRcpt } from "./_parameter_reader.ts";
import { readPlainPath } from "./_mailbox.ts";
import { readPath } from "./_path.ts";
import { fault, type Read, type Source } from "./_source.ts";
import * as Command from "./command.ts";
import * as Domain from "./domain.ts";
import { GrammarError, type GrammarReason, type GrammarSubject } from "./grammar_error.ts";
import type { ForwardPath, ReversePath } from "./path.ts";

/**
 * What lenient mode took:
 *
 * - `ExtraSpace`: more spaces than one, or one after `FROM:` or `TO:`
 * - `BadHost`: the client's name is neither a domain nor an address literal; it is kept as it came
 * - `ExtraText`: something follows the client's name; it is dropped
 */
export type CommandWarning = "ExtraSpace" | "BadHost" | "ExtraText";

/** A command that was read. What is suspect about a mailbox is among the warnings of that mailbox. */
export type ParsedCommand = Exclude<Command.Command, Command.Raw> & {
  /** What lenient mode took. Empty in strict mode. */
  readonly warnings: ReadonlyArray<CommandWarning>;
};

/** How commands are read. */
export interface ParseOptions {
  /**
   * Whether characters outside ASCII may be said (RFC 6531): at MAIL and VRFY when the server offers SMTPUTF8, at RCPT when
   * MAIL had the parameter. Default: false.
   */
  readonly smtputf8?: boolean | undefined;
  /** Whether to take more than the RFC prints. Default: false. */
  readonly lenient?: boolean | undefined;
}

const noWarnings: ReadonlyArray<CommandWarning> = [];

class Line implements Source {
  readonly subject = "command";
  warnings = noWarnings;

  constructor(
    readonly text: string,
    /** Where the argument begins, after the verb and a space. */
    readonly start: number,
    /** Where the line ends, without white space. */
    readonly end: number,
    readonly smtputf8: boolean,
    readonly lenient: boolean,
  ) {}
}

const warn = (line: Line, warning: CommandWarning): void => {
  if (!line.warnings.includes(warning)) line.warnings = [...line.warnings, warning];
};

/** Where the next text begins: in strict mode here, in lenient mode after any spaces. */
const skipSpaces = (line: Line, at: number): number => {
  let next = at;
  if (line.lenient) { while (next < line.end && line.text[next] === " ") next++; }
  if (next > at) warn(line, "ExtraSpace");
  return next;
};

/** The end of the line without the spaces and tabs that may stand there (RFC 5321 section 4.1.1). */
const contentEnd = (text: string): number => {
  let end = text.length;
  while (end > 0 && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  return end;
};

/** The line without the white space at its end, as what it is read for. */
const content = (line: Line, subject: GrammarSubject): Source => ({ subject, text: line.text.slice(0, line.end) });

const map = <A, B>(value: A | GrammarError, f: (value: A) => B): B | GrammarError =>
  value instanceof GrammarError ? value : f(value);

const readHello = (line: Line): Domain.Host | GrammarError => {
  const start = skipSpaces(line, line.start);
  if (start >= line.end) return fault(line, "MissingArgument");
  // Nothing was negotiated when EHLO is said, so names are ASCII (RFC 6531 section 3.7.1); not all clients know.
  const charset = charsetFault(content(line, "command"), false);
  if (charset !== undefined && !(line.lenient && charset.reason === "NonAscii")) return charset;
  const argument = line.text.slice(start, line.end);
  const space = line.lenient ? argument.indexOf(" ") : -1;
  if (space >= 0) warn(line, "ExtraText");
  const name = space < 0 ? argument : argument.slice(0, space);
  const host = Domain.hostFromString(name);
  if (Result.isFailure(host) && !line.lenient) return host.failure;
  if (Result.isSuccess(host) && isAscii(name)) return host.success;
  warn(line, "BadHost");
  return { _tag: "Name", name, ascii: name };
};

/** As `readPath`, which is not asked about a path of the usual form. */
const readUsualPath = (
  source: Source,
  at: number,
  lenient: boolean,
): Read<ReversePath | ForwardPath> | GrammarError => {
  const end = source.text.indexOf(">", at) + 1;
  const mailbox = end === 0 ? undefined : readPlainPath(source.text.slice(at, end));
  return mailbox === undefined ? readPath(source, at, lenient) : { value: mailbox, end };
};

/** Reads `FROM:<path>` or `TO:<path>`, and says where the parameters begin. */
const readPathAfter = (
  line: Line,
  prefix: "FROM:" | "TO:",
  subject: GrammarSubject,
): Read<ReversePath | ForwardPath> | GrammarError => {
  const at = skipSpaces(line, line.start);
  const colon = at + prefix.length;
  if (line.text.slice(at, colon).toUpperCase() !== prefix) {
    return fault(line, line.start >= line.end ? "MissingArgument" : "BadArgument", at);
  }
  const source = content(line, subject);
  const path = charsetFault(source, line.smtputf8) ?? readUsualPath(source, skipSpaces(line, colon), line.lenient);
  if (path instanceof GrammarError || path.end >= line.end) return path;
  return line.text[path.end] === " "
    ? { value: path.value, end: path.end + 1 }
    : fault(source, "TrailingGarbage", path.end);
};

const finish = <A>(line: Line, parameters: Parameters<A>): A => {
  if (parameters.extraSpace) warn(line, "ExtraSpace");
  return parameters.value;
};

const readMailCommand = (line: Line): Command.Mail | GrammarError => {
  const path = readPathAfter(line, "FROM:", "reverse-path");
  if (path instanceof GrammarError) return path;
  const parameters = readMail(line, path.end, line.end, line.lenient);
  if (parameters instanceof GrammarError) return parameters;
  const command = Command.mail(path.value as ReversePath, finish(line, parameters));
  // The parameter has to be there when anything needs it (RFC 6531 section 3.4).
  if (line.lenient || command.parameters.smtputf8 === true) return command;
  return charsetFault(content(line, "reverse-path"), false) ?? command;
};

const readRcptCommand = (line: Line): Command.Rcpt | GrammarError => {
  const path = readPathAfter(line, "TO:", "forward-path");
  if (path instanceof GrammarError) return path;
  const parameters = readRcpt(line, path.end, line.end, line.lenient);
  if (parameters instanceof GrammarError) return parameters;
  return Command.rcpt(path.value as ForwardPath, finish(line, parameters));
};

/** The text after a verb, or nothing. */
const readText = (line: Line, smtputf8 = line.smtputf8): string | undefined | GrammarError => {
  const start = skipSpaces(line, line.start);
  if (start >= line.end) return undefined;
  if (line.text[start] === " ") return fault(line, "BadArgument", start);
  const source = content(line, "command");
  return charsetFault(source, smtputf8) ?? source.text.slice(start);
};

/** The argument of VRFY and EXPN. */
const readVerify = <A>(
  line: Line,
  make: (argument: string, options: Command.FormatOptions) => A,
): A | GrammarError => {
  const text = readText(line);
  if (text instanceof GrammarError) return text;
  if (text === undefined) return fault(line, "MissingArgument");
  if (!/ SMTPUTF8$/i.test(text)) return make(text, {});
  return make(text.slice(0, contentEnd(text.slice(0, -" SMTPUTF8".length))), { smtputf8: true });
};

/** The argument of a verb that needs one, in ASCII. */
const readArgument = (line: Line): string | GrammarError =>
  map(readText(line, false), (text) => text ?? fault(line, "MissingArgument"));

/** The words of an argument. */
const readWords = (line: Line): ReadonlyArray<string> | GrammarError =>
  map(readArgument(line), (argument) => {
    const words = argument.split(" ");
    if (!words.includes("")) return words;
    if (!line.lenient) return fault(line, "BadArgument", line.start);
    warn(line, "ExtraSpace");
    return words.filter((word) => word !== "");
  });

const readAuth = (line: Line): Command.Auth | GrammarError => {
  const hidden = (reason: GrammarReason): GrammarError => lineFault(line.text, reason);
  const words = readWords(line);
  if (words instanceof GrammarError) return hidden(words.reason);
  const [mechanism = "", initial, ...more] = words;
  if (!isMechanism(mechanism)) return hidden("BadMechanism");
  if (more.length > 0) return hidden("UnexpectedArgument");
  if (initial === undefined) return Command.auth(mechanism.toUpperCase());
  const response = initial === "=" ? "" : initial;
  return isBase64(response) ? Command.auth(mechanism.toUpperCase(), Redacted.make(response)) : hidden("BadBase64");
};

const readChunk = (line: Line): Command.Bdat | GrammarError => {
  const words = readWords(line);
  if (words instanceof GrammarError) return words;
  const [digits = "", last, ...more] = words;
  const size = /^[0-9]{1,20}$/.test(digits) ? Number(digits) : NaN;
  if (!Number.isSafeInteger(size)) return fault(line, "BadSize");
  if (more.length > 0 || last !== undefined && last.toUpperCase() !== "LAST") return fault(line, "BadArgument");
  return Command.bdat(size, last !== undefined);
};

const readNode = (line: Line): Command.Etrn | GrammarError =>
  map(readArgument(line), (node) => nodeFault(node) ?? Command.etrn(node));

const readAttributes = <A>(
  line: Line,
  make: (attributes: ReadonlyArray<Command.Attribute>) => A,
): A | GrammarError => {
  const words = readWords(line);
  if (words instanceof GrammarError) return words;
  const attributes = new Map<string, string>();
  for (const word of words) {
    const attribute = readAttribute(word, line.lenient);
    if (attribute instanceof GrammarError) return attribute;
    if (attributes.has(attribute[0])) return fault({ subject: "parameter", text: word }, "DuplicateParameter");
    attributes.set(...attribute);
  }
  return make([...attributes]);
};

const bare = <A>(line: Line, command: A): A | GrammarError =>
  line.start < line.end ? fault(line, "UnexpectedArgument") : command;

type Reader = (line: Line) => Exclude<Command.Command, Command.Raw> | GrammarError;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["HELO", (line) => map(readHello(line), Command.helo)],
  ["EHLO", (line) => map(readHello(line), Command.ehlo)],
  ["LHLO", (line) => map(readHello(line), Command.lhlo)],
  ["MAIL", readMailCommand],
  ["RCPT", readRcptCommand],
  ["DATA", (line) => bare(line, Command.data)],
  ["RSET", (line) => bare(line, Command.rset)],
  ["QUIT", (line) => bare(line, Command.quit)],
  ["NOOP", (line) => map(readText(line), Command.noop)],
  ["HELP", (line) => map(readText(line), Command.help)],
  ["VRFY", (line) => readVerify(line, Command.vrfy)],
  ["EXPN", (line) => readVerify(line, Command.expn)],
  ["STARTTLS", (line) => bare(line, Command.startTls)],
  ["AUTH", readAuth],
  ["XCLIENT", (line) => readAttributes(line, Command.xclient)],
  ["XFORWARD", (line) => readAttributes(line, Command.xforward)],
  ["BDAT", readChunk],
  ["ETRN", readNode],
]);

/**
 * Reads one line, as from `Octets.decode` and without its CRLF. Any string gives a command or an error; nothing is thrown.
 *
 * A verb that is none of these fails with `UnknownVerb`, before anything else is looked at. Arguments fail with
 * `MissingArgument`, `UnexpectedArgument`, `BadArgument`, `ControlCharacter`, `NonAscii`, `BadUtf8`, and with the reasons of
 * paths, hosts and parameters; AUTH fails with `BadMechanism` and `BadBase64`, too, and no error of it shows more than the
 * verb. BDAT fails with `BadSize` where the number of octets is no number: then nobody knows where the next command begins, and
 * a server does best to close the connection. A well-formed parameter that is not known is kept in `other`: whether it is an
 * `UnknownParameter` depends on what the server offers, and so it is with the known ones. How long a line may be is for the line
 * decoder to say.
 *
 * @example The reason picks the reply
 * ```ts
 * import * as CommandParser from "@plausch/smtp/command-parser";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const reply = (line: string) => CommandParser.replyCode(Result.getOrThrow(Result.flip(CommandParser.parse(line))));
 * assertEquals(reply("HALO c.test"), 500);
 * assertEquals(reply("RCPT TO: <user@example.com>"), 501);
 * ```
 *
 * @example Lenient mode
 * ```ts
 * import * as CommandParser from "@plausch/smtp/command-parser";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const command = CommandParser.parse("RCPT TO: <user@example.com>", { lenient: true });
 * assertEquals(Result.getOrThrow(command).warnings, ["ExtraSpace"]);
 * ```
 */
export const parse = (text: string, options: ParseOptions = {}): Result.Result<ParsedCommand, GrammarError> => {
  const end = contentEnd(text);
  const space = text.indexOf(" ");
  const verb = text.slice(0, space < 0 ? end : Math.min(space, end));
  const reader = isAscii(verb) ? readers.get(verb.toUpperCase()) : undefined;
  if (reader === undefined) return Result.fail(lineFault(text, "UnknownVerb"));
  const line = new Line(text, verb.length + 1, end, options.smtputf8 === true, options.lenient === true);
  const command = reader(line);
  return command instanceof GrammarError
    ? Result.fail(command)
    : Result.succeed({ ...command, warnings: line.warnings });
};

/** The reply codes that a fault in a command calls for. */
export type SyntaxReplyCode = 500 | 501 | 504 | 550 | 553 | 555;

/**
 * The reply code for an error of {@linkcode parse}, or for an `UnknownParameter` of the server's own finding: 500 for a verb not
 * known or a line too long, 504 for a value of BODY or a mechanism that cannot be known (RFC 4954 section 4), 555 for a parameter not known, 550 and 553 for a sender and a
 * recipient that need SMTPUTF8 (RFC 6531 section 3.5), 501 for all else (RFC 5321 section 4.2.3).
 *
 * @example A parameter that the server does not offer
 * ```ts
 * import * as CommandParser from "@plausch/smtp/command-parser";
 * import { GrammarError } from "@plausch/smtp/grammar-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new GrammarError({ subject: "parameter", reason: "UnknownParameter", input: "BY=120;R" });
 * assertEquals(CommandParser.replyCode(error), 555);
 * ```
 */
export const replyCode = (error: GrammarError): SyntaxReplyCode => {
  switch (error.reason) {
    case "UnknownVerb":
    case "CommandTooLong":
    case "LineTooLong":
      return 500;
    case "BadBody":
    case "BadMechanism":
      return 504;
    case "UnknownParameter":
      return 555;
    case "NonAscii":
      return error.subject === "reverse-path" ? 550 : error.subject === "forward-path" ? 553 : 501;
    default:
      return 501;
  }
};

const httpMethods = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH|PRI) \S+ HTTP\//;

/**
 * Whether the line is the beginning of an HTTP request. A web page can make a browser send one to a mail server, with commands
 * in its body: a server should close the connection instead of looking for them.
 *
 * @example A browser
 * ```ts
 * import * as CommandParser from "@plausch/smtp/command-parser";
 * import { assert } from "@std/assert";
 *
 * assert(CommandParser.isHttp("POST / HTTP/1.1"));
 * assert(!CommandParser.isHttp("HELP HTTP/1.1"));
 * ```
 */
export const isHttp = (line: string): boolean => httpMethods.test(line);
