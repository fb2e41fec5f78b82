import { charsetFault } from "./_characters.ts";
import { readDomain } from "./_domain.ts";
import { checkedWire, readMailbox, uncheckedWire } from "./_mailbox.ts";
import { fault, type Read, type Source } from "./_source.ts";
import { GrammarError } from "./grammar_error.ts";
import type { ForwardPath, NullPath, Postmaster, ReversePath } from "./path.ts";

export const nullPath: NullPath = { _tag: "Null" };

/** The end of an atom of ten ASCII letters, if it spells postmaster and the bracket follows. */
const postmasterEnd = (text: string, at: number): number | undefined => {
  const end = at + 10;
  return text[end] === ">" && text.slice(at, end).toLowerCase() === "postmaster" ? end : undefined;
};

interface Route {
  readonly hops: ReadonlyArray<string>;
  readonly wire: string;
}

/** Reads `@a.example,@b.example:`, the source route that may stand before a mailbox (RFC 5321 section 4.1.2, A-d-l). */
const readRoute = (source: Source, start: number): Read<Route> | GrammarError => {
  const { text } = source;
  const hops: Array<string> = [];
  const wire: Array<string> = [];
  let at = start;
  while (text[at] === "@") {
    let end = at + 1;
    while (end < text.length && !",:>".includes(text[end]!)) end++;
    const domain = readDomain(source, at + 1, end);
    if (domain instanceof GrammarError) return fault(source, "BadSourceRoute", domain.offset);
    hops.push(domain.name);
    wire.push(`@${domain.ascii}`);
    if (text[end] === ":") return { value: { hops, wire: `${wire.join(",")}:` }, end: end + 1 };
    if (text[end] !== ",") return fault(source, "BadSourceRoute", end);
    at = end + 1;
  }
  return fault(source, "BadSourceRoute", at);
};

const readBracketed = (
  source: Source,
  at: number,
  lenient: boolean,
): Read<ReversePath | ForwardPath> | GrammarError => {
  const { text } = source;
  const isForward = source.subject === "forward-path";
  if (text[at + 1] === ">") return isForward ? fault(source, "NullPath", at) : { value: nullPath, end: at + 2 };
  const end = isForward ? postmasterEnd(text, at + 1) : undefined;
  if (end !== undefined) {
    const postmaster: Postmaster = { _tag: "Postmaster", localPart: text.slice(at + 1, end) };
    return { value: postmaster, end: end + 1 };
  }
  const route = text[at + 1] === "@" ? readRoute(source, at + 1) : undefined;
  if (route instanceof GrammarError) return route;
  const mailbox = readMailbox(source, route?.end ?? at + 1, {
    closer: ">",
    lenient,
    route: route?.value.hops,
    routeWire: route?.value.wire,
  });
  if (mailbox instanceof GrammarError) return mailbox;
  return text[mailbox.end] === ">"
    ? { value: mailbox.value, end: mailbox.end + 1 }
    : fault(source, "MissingBracket", mailbox.end);
};

/** Reads the path that begins at `at`: a forward-path where the source is said to be one, else a reverse-path. */
export const readPath = (
  source: Source,
  at: number,
  lenient: boolean,
): Read<ReversePath | ForwardPath> | GrammarError => {
  if (source.text[at] === "<") return readBracketed(source, at, lenient);
  if (!lenient || at >= source.text.length) return fault(source, "MissingBracket", at);
  return readMailbox(source, at, { closer: " ", lenient, warnings: ["MissingBrackets"] });
};

/**
 * The path with brackets as it goes on the wire. A mailbox that a reader made is not looked at again; anything else is read
 * first.
 */
export const wirePath = (path: ReversePath | ForwardPath, smtputf8: boolean): string | GrammarError => {
  if (path._tag === "Null") return "<>";
  if (path._tag === "Postmaster") return readWire({ subject: "forward-path", text: `<${path.localPart}>` }, smtputf8);
  const wire = checkedWire(path);
  if (wire === undefined) return readWire({ subject: "mailbox", text: uncheckedWire(path) }, smtputf8);
  return smtputf8 || !path.needsSmtputf8 ? wire : charsetFault({ subject: "mailbox", text: wire }, false) ?? wire;
};

const readWire = (source: Source, smtputf8: boolean): string | GrammarError => {
  const read = charsetFault(source, smtputf8) ?? readPath(source, 0, false);
  if (read instanceof GrammarError) return read;
  if (read.end < source.text.length) return fault(source, "TrailingGarbage", read.end);
  return read.value._tag === "Mailbox" ? checkedWire(read.value) ?? source.text : source.text;
};
