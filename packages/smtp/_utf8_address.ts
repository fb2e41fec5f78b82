import * as Result from "effect/Result";
import { charsetFault } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import type { GrammarError } from "./grammar_error.ts";
import * as Mailbox from "./mailbox.ts";

/** Whether it is the address type of RFC 6533, in any case. */
export const isUtf8Type = (addressType: string): boolean => addressType.toLowerCase() === "utf-8";

/** Whether the text is the mailbox that an address of this type has to be. */
const isMailbox = (text: string): boolean => Result.isSuccess(Mailbox.fromString(text, { smtputf8: true }));

/** Printable ASCII that stands for itself (RFC 6533 section 3, QCHAR). */
const isPlain = (code: number): boolean =>
  code > 0x20 && code < 0x7f && code !== 0x2b && code !== 0x3d && code !== 0x5c;

const escape = (code: number): string => `\\x{${code.toString(16).toUpperCase()}}`;

/**
 * Writes an address as RFC 6533 section 3 has it in ORCPT: in UTF-8 where SMTPUTF8 is in force, in ASCII elsewhere. What the
 * syntax of parameters or of this coding needs for itself is escaped in both.
 */
export const writeUtf8Address = (source: Source, address: string, smtputf8: boolean): string | GrammarError => {
  const charset = charsetFault(source, true);
  if (charset !== undefined) return charset;
  if (!isMailbox(address)) return fault(source, "BadOrcpt");
  return Array.from(address, (char) => {
    const code = char.codePointAt(0)!;
    return isPlain(code) || smtputf8 && code > 0x7f ? char : escape(code);
  }).join("");
};

const hexPoint = /^(?:[0-9A-F]{2}|[1-9A-F][0-9A-F]{2,4}|10[0-9A-F]{4})$/;

/** The character that an escape stands for: one that ASCII does not have, or that may not stand for itself. */
const unescape = (digits: string): string | undefined => {
  const code = hexPoint.test(digits) ? parseInt(digits, 16) : -1;
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code < 0x20 || isPlain(code) || isSurrogate ? undefined : String.fromCodePoint(code);
};

/**
 * Reads the address that begins at `start` and goes to the end of the source, in any of its forms. Lenient takes hexadecimal
 * digits in lower case, and `+` and `=` as they are.
 */
export const readUtf8Address = (source: Source, start: number, lenient: boolean): string | GrammarError => {
  const { text } = source;
  let address = "";
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (char === "\\") {
      const end = text.startsWith("\\x{", at) ? text.indexOf("}", at) : -1;
      const digits = text.slice(at + 3, Math.max(end, 0));
      const escaped = unescape(lenient ? digits.toUpperCase() : digits);
      if (escaped === undefined) return fault(source, "BadOrcpt", at);
      address += escaped;
      at = end;
    } else if (!lenient && (char === "+" || char === "=")) return fault(source, "BadOrcpt", at);
    else address += char;
  }
  return charsetFault({ subject: source.subject, text: address }, true) ??
    (isMailbox(address) ? address : fault(source, "BadOrcpt"));
};
