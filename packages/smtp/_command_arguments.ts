import * as Result from "effect/Result";
import { charsetFault, isLetDig } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import { readXtext } from "./_xtext.ts";
import type { Attribute } from "./command.ts";
import * as Domain from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";
import * as Xtext from "./xtext.ts";

/** Whether the text is the name of a SASL mechanism, in any case (RFC 4422 section 3.1). */
export const isMechanism = (text: string): boolean => /^[A-Za-z0-9_-]{1,20}$/.test(text);

/** Whether the text is base64 with its padding; so is the empty text (RFC 4648 section 4). */
export const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const isQueueName = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/** What is wrong with an argument of ETRN: a domain, `@` and a domain, or `#` and the name of a queue (RFC 1985 section 5). */
export const nodeFault = (node: string): GrammarError | undefined => {
  const source: Source = { subject: "command", text: `ETRN ${node}` };
  if (node === "") return fault(source, "MissingArgument");
  const charset = charsetFault(source, false);
  if (charset !== undefined) return charset;
  if (node.startsWith("#")) return isQueueName(node.slice(1)) ? undefined : fault(source, "BadArgument");
  const host = Domain.hostFromString(node.startsWith("@") ? node.slice(1) : node);
  return Result.isSuccess(host) && host.success._tag === "Name" ? undefined : fault(source, "BadArgument");
};

const isLetters = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isLetDig(unit) || unit < 0x41) return false;
  }
  return text !== "";
};

/** The line of XCLIENT or XFORWARD. The values are coded here, so that nothing else has to be looked at. */
export const writeAttributes = (verb: string, attributes: ReadonlyArray<Attribute>): string | GrammarError => {
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
    line += ` ${keyword}=${Xtext.encode(value)}`;
  }
  return seen.size === 0 ? fault({ subject: "command", text: verb }, "MissingArgument") : line;
};

/** The attribute that a word of XCLIENT or XFORWARD is. */
export const readAttribute = (word: string, lenient: boolean): Attribute | GrammarError => {
  const source: Source = { subject: "parameter", text: word };
  const equals = word.indexOf("=");
  const name = word.slice(0, Math.max(equals, 0));
  if (!isLetters(name)) return fault(source, "BadKeyword");
  const value = readXtext(source, equals + 1, lenient);
  if (value instanceof GrammarError) return value;
  // What was coded must not come out as what no line could have had.
  return charsetFault({ subject: "parameter", text: value }, true) ?? [name.toUpperCase(), value];
};
