import * as Result from "effect/Result";
import { charsetFault, isLetDig } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import { readXtext } from "./_xtext.ts";
import type { Attribute, Attributes } from "./command.ts";
import * as Domain from "./domain.ts";
import { GrammarError, type GrammarReason } from "./grammar_error.ts";
import * as Xtext from "./xtext.ts";

const authPattern = /^[^A-Za-z]*AUTH/i;

/** An error about a command line. What follows AUTH may be a secret, wherever it stands: it is not shown. */
export const lineFault = (line: string, reason: GrammarReason, offset?: number, limit?: number): GrammarError => {
  const [auth] = authPattern.exec(line) ?? [];
  return auth === undefined
    ? fault({ subject: "command", text: line }, reason, offset, limit)
    : fault({ subject: "command", text: auth }, reason, undefined, limit);
};

/** Whether the text is the name of a SASL mechanism, in any case (RFC 4422 section 3.1). */
export const isMechanism = (text: string): boolean => /^[A-Za-z0-9_-]{1,20}$/.test(text);

/** Whether the text is base64 with its padding; so is the empty text (RFC 4648 section 4). */
export const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const isQueueName = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/**
 * What is wrong with an argument of ETRN: a domain, `@` and a domain, or `#` and the name of a queue (RFC 1985 section 5). An
 * address literal is what Postfix takes, too.
 */
export const nodeFault = (node: string): GrammarError | undefined => {
  const source: Source = { subject: "command", text: `ETRN ${node}` };
  if (node === "") return fault(source, "MissingArgument");
  const charset = charsetFault(source, false);
  if (charset !== undefined) return charset;
  if (node.startsWith("#")) return isQueueName(node.slice(1)) ? undefined : fault(source, "BadArgument");
  const isDomain = node.startsWith("@");
  const host = Domain.hostFromString(isDomain ? node.slice(1) : node);
  const isHost = Result.isSuccess(host) && (host.success._tag === "Name" || !isDomain);
  return isHost ? undefined : fault(source, "BadArgument");
};

const isLetters = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isLetDig(unit) || unit < 0x41) return false;
  }
  return text !== "";
};

/** The longest value, when coded (Postfix, XFORWARD_README). */
const maxValue = 255;

/** What is wrong with a coded value. */
const valueFault = (source: Source, coded: string): GrammarError | undefined => {
  if (coded === "") return fault(source, "BadParameterValue");
  return coded.length > maxValue ? fault(source, "AttributeTooLong", undefined, maxValue) : undefined;
};

/** The line of XCLIENT or XFORWARD. The values are coded here, so that nothing else has to be looked at. */
export const writeAttributes = (verb: string, attributes: Attributes): string | GrammarError => {
  let line = verb;
  const seen = new Set<string>();
  for (const [name, value] of attributes) {
    const source: Source = { subject: "parameter", text: `${name}=${value}` };
    const charset = charsetFault(source, true);
    if (charset !== undefined) return charset;
    if (!isLetters(name)) return fault(source, "BadKeyword");
    const keyword = name.toUpperCase();
    if (seen.has(keyword)) return fault(source, "DuplicateParameter");
    seen.add(keyword);
    const coded = Xtext.encode(value);
    const bad = valueFault(source, coded);
    if (bad !== undefined) return bad;
    line += ` ${keyword}=${coded}`;
  }
  return seen.size === 0 ? fault({ subject: "command", text: verb }, "MissingArgument") : line;
};

/** The attribute that a word of XCLIENT or XFORWARD is. */
export const readAttribute = (word: string, lenient: boolean): Attribute | GrammarError => {
  const source: Source = { subject: "parameter", text: word };
  const equals = word.indexOf("=");
  const name = word.slice(0, Math.max(equals, 0));
  if (!isLetters(name)) return fault(source, "BadKeyword");
  const bad = valueFault(source, word.slice(equals + 1));
  if (bad !== undefined) return bad;
  const value = readXtext(source, equals + 1, lenient);
  if (value instanceof GrammarError) return value;
  // What was coded must not come out as what no line could have had.
  return charsetFault({ subject: "parameter", text: value }, true) ?? [name.toUpperCase(), value];
};
