import { parseLiteral } from "./_address_literal.ts";
import { isAscii, isAtext, octetLength } from "./_characters.ts";
import { readDomain } from "./_domain.ts";
import { hostWarnings, localPartWarnings } from "./_warnings.ts";
import { fault, type Read, type Source } from "./_source.ts";
import { format as formatHost, type Host } from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";
import type { AddressWarning, Mailbox } from "./mailbox.ts";

const maxLocalPart = 64;
const maxPath = 256;

/** What follows a mailbox: the closing bracket of a path, a space after a path without brackets, or nothing. */
export type Closer = ">" | " " | "";

/** How a mailbox stands in its text. */
export interface Surroundings {
  readonly closer: Closer;
  readonly lenient: boolean;
  /** The source route before it, and how that goes on the wire, with the colon. */
  readonly route?: ReadonlyArray<string> | undefined;
  readonly routeWire?: string | undefined;
  readonly warnings?: ReadonlyArray<AddressWarning> | undefined;
}

/**
 * A mailbox that a reader made. It keeps its wire form where no other code can reach it, so a command that carries it is
 * encoded without looking at its characters again, and a mailbox put together by hand cannot pass for a checked one.
 */
class CheckedMailbox implements Mailbox {
  readonly _tag = "Mailbox" as const;
  /** As it goes on the wire, with its route, without the brackets. */
  readonly #wire: string;

  constructor(
    readonly localPart: string,
    readonly localValue: string,
    readonly domain: Host,
    readonly route: ReadonlyArray<string> | undefined,
    readonly needsSmtputf8: boolean,
    readonly warnings: ReadonlyArray<AddressWarning>,
    wire: string,
  ) {
    this.#wire = wire;
  }

  static wireOf(mailbox: Mailbox): string | undefined {
    return #wire in mailbox ? `<${mailbox.#wire}>` : undefined;
  }
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/** A dot-string at a domain whose top label begins with a letter, all of it ASCII. */
const plain = new RegExp(`^${atom}(?:\\.${atom})*@(?:${label}\\.)*(?=[A-Za-z])${label}$`);

const noWarnings: ReadonlyArray<AddressWarning> = [];

/**
 * Reads the mailbox that nearly every mailbox is, in one step and with nothing to warn of. Undefined for any other text, which may still
 * be a mailbox: the readers below tell, and what is wrong with it.
 */
export const readPlain = (text: string): Mailbox | undefined => {
  if (text.length > maxPath - 2 || !plain.test(text)) return undefined;
  const at = text.indexOf("@");
  if (at > maxLocalPart) return undefined;
  const localPart = text.slice(0, at);
  const name = text.slice(at + 1);
  return new CheckedMailbox(
    localPart,
    localPart,
    { _tag: "Name", name, ascii: name },
    undefined,
    false,
    noWarnings,
    text,
  );
};

/** The same of a path in brackets. */
export const readPlainPath = (text: string): Mailbox | undefined =>
  text.startsWith("<") && text.endsWith(">") ? readPlain(text.slice(1, -1)) : undefined;

/** The end of the local part that begins at `at`: a dot-string or a quoted string. */
const localPartEnd = (source: Source, at: number, closer: Closer): number | GrammarError =>
  source.text[at] === '"' ? quotedEnd(source, at, closer) : dotStringEnd(source, at, closer);

const dotStringEnd = (source: Source, start: number, closer: Closer): number | GrammarError => {
  const { text } = source;
  let at = start;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isAtext(unit) || unit >= 0x80) continue;
    if (unit === 0x2e) {
      if (at === start || text[at - 1] === ".") return fault(source, "BadDotString", at);
      continue;
    }
    if (unit === 0x40 || text[at] === closer) break;
    return fault(source, "BadAtext", at);
  }
  if (at === start) return fault(source, "EmptyLocalPart", at);
  return text[at - 1] === "." ? fault(source, "BadDotString", at - 1) : at;
};

const quotedEnd = (source: Source, start: number, closer: Closer): number | GrammarError => {
  const { text } = source;
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) {
      const next = text[at + 1];
      return next === undefined || next === "@" || next === closer ? at + 1 : fault(source, "BadAtext", at + 1);
    }
    if (unit !== 0x5c) continue;
    const escaped = text.charCodeAt(++at);
    if (!(escaped >= 0x20 && escaped < 0x7f)) return fault(source, "BadQuotedPair", at - 1);
  }
  return fault(source, "UnclosedQuote", start);
};

const unquote = (localPart: string): string => {
  if (!localPart.startsWith('"')) return localPart;
  const inner = localPart.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\(.)/g, "$1") : inner;
};

interface ReadHost extends Read<Host> {
  readonly warnings: ReadonlyArray<AddressWarning>;
}

const readLiteral = (source: Source, at: number, closer: Closer): ReadHost | GrammarError => {
  const { text } = source;
  const close = text.indexOf("]", at);
  const parsed = close < 0 ? undefined : parseLiteral(text.slice(at + 1, close));
  if (parsed === undefined) return fault(source, "BadAddressLiteral", at);
  const end = close + 1;
  if (end < text.length && text[end] !== closer) return fault(source, "BadAddressLiteral", end);
  return { value: parsed.literal, end, warnings: parsed.leadingZero ? ["LeadingZero"] : [] };
};

const readName = (source: Source, at: number, { closer, lenient }: Surroundings): ReadHost | GrammarError => {
  const { text } = source;
  const close = closer === "" ? -1 : text.indexOf(closer, at);
  const end = close < 0 ? text.length : close;
  if (end === at) return fault(source, "MissingDomain", at);
  if (close < 0 && closer === ">") return fault(source, "MissingBracket", end);
  // A second "@" means that the first did not end the local part, as in "a@x.example,b@y.example".
  const secondAt = text.indexOf("@", at);
  if (secondAt >= 0 && secondAt < end) return fault(source, "BadAtext", at - 1);
  const hasDot = lenient && end - at > 1 && text[end - 1] === ".";
  const domain = readDomain(source, at, hasDot ? end - 1 : end);
  return domain instanceof GrammarError ? domain : { value: domain, end, warnings: hasDot ? ["TrailingDot"] : [] };
};

/** Reads a mailbox that begins at `at`, up to what closes it. The caller has refused control characters. */
export const readMailbox = (source: Source, at: number, around: Surroundings): Read<Mailbox> | GrammarError => {
  const { text } = source;
  const end = localPartEnd(source, at, around.closer);
  if (end instanceof GrammarError) return end;
  const localPart = text.slice(at, end);
  const isLong = octetLength(localPart) > maxLocalPart;
  if (isLong && !around.lenient) return fault(source, "LocalPartTooLong", at, maxLocalPart);
  if (text[end] !== "@") return fault(source, "MissingDomain", end);
  const host = text[end + 1] === "[" ? readLiteral(source, end + 1, around.closer) : readName(source, end + 1, around);
  if (host instanceof GrammarError) return host;
  const needsSmtputf8 = !isAscii(localPart);
  const wire = wireForm(around.routeWire ?? "", localPart, host.value, needsSmtputf8);
  if (octetLength(wire) > maxPath - 2) return fault(source, "PathTooLong", undefined, maxPath);
  const warnings = [
    ...around.warnings ?? [],
    ...isLong ? ["LongLocalPart" as const] : [],
    ...localPartWarnings(localPart, needsSmtputf8),
    ...host.warnings,
    ...hostWarnings(host.value),
  ];
  const value = new CheckedMailbox(
    localPart,
    unquote(localPart),
    host.value,
    around.route,
    needsSmtputf8,
    warnings,
    wire,
  );
  return { value, end: host.end };
};

/** Without brackets. */
const wireForm = (route: string, localPart: string, host: Host, utf8: boolean): string =>
  `${route}${localPart}@${utf8 && host._tag === "Name" ? host.name : formatHost(host)}`;

/** The mailbox in angle brackets as it goes on the wire, if a reader checked it. */
export const checkedWire: (mailbox: Mailbox) => string | undefined = CheckedMailbox.wireOf;

/** The same for a mailbox that was put together by hand: a text that has to be read before it may be sent. */
export const uncheckedWire = (mailbox: Mailbox): string => {
  const route = mailbox.route?.length ? `${mailbox.route.map((hop) => `@${hop}`).join(",")}:` : "";
  return `<${wireForm(route, mailbox.localPart, mailbox.domain, !isAscii(mailbox.localPart))}>`;
};
