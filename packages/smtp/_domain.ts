import { isAscii, isLetDig, octetLength } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import type { Domain } from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";

const maxLabel = 63;
const maxDomain = 255;

/**
 * Reads `text[start..end)` as a domain of RFC 5321 section 4.1.2, with the U-labels of RFC 6531 section 3.3. Control
 * characters are the caller's to refuse, as what the domain stands in says where they count.
 */
export const readDomain = (source: Source, start: number, end: number): Domain | GrammarError => {
  const { text } = source;
  let labelStart = start;
  for (let at = start; at <= end; at++) {
    const unit = at < end ? text.charCodeAt(at) : 0x2e;
    if (unit === 0x2e) {
      if (at === labelStart) return fault(source, "EmptyLabel", at);
      if (text.charCodeAt(at - 1) === 0x2d) return fault(source, "BadLabel", at - 1);
      if (at - labelStart > maxLabel) return fault(source, "LabelTooLong", labelStart);
      labelStart = at + 1;
    } else if (unit >= 0x80) {
      return readInternationalized(source, start, end);
    } else if (!isLetDig(unit) && (unit !== 0x2d || at === labelStart)) {
      return fault(source, "BadLabel", at);
    }
  }
  if (end - start > maxDomain) return fault(source, "DomainTooLong", start, maxDomain);
  const name = text.slice(start, end);
  return { _tag: "Name", name, ascii: name };
};

/** What UTS 46 takes for a dot between labels. */
const dots = /[.\u3002\uff0e\uff61]/;

/** Reads a domain that has a character outside ASCII: what can be judged as it stands, then what mapping makes of it. */
const readInternationalized = (source: Source, start: number, end: number): Domain | GrammarError => {
  const name = source.text.slice(start, end);
  if (octetLength(name) > maxDomain) return fault(source, "DomainTooLong", start, maxDomain);
  // The URL parser gives meaning to other ASCII: none of it may reach it.
  for (let at = start; at < end; at++) {
    const unit = source.text.charCodeAt(at);
    if (unit < 0x80 && unit !== 0x2d && unit !== 0x2e && !isLetDig(unit)) return fault(source, "BadLabel", at);
  }
  let at = start;
  for (const label of name.split(dots)) {
    if (label === "") return fault(source, "EmptyLabel", at);
    if (!isAscii(label) && !isULabelShape(label.normalize("NFKC"))) return fault(source, "BadLabel", at);
    at += label.length + 1;
  }
  const ascii = toAscii(name);
  if (ascii === undefined) return fault(source, "BadLabel", start);
  const mapped = readDomain({ subject: source.subject, text: ascii }, 0, ascii.length);
  // The offset of a fault in the mapped form would mislead.
  if (mapped instanceof GrammarError) return fault(source, mapped.reason, undefined, mapped.limit);
  return { _tag: "Name", name, ascii };
};

/** Where a U-label may not have hyphens, which the URL parser does not check (RFC 5891 section 4.2.3.1). */
const isULabelShape = (label: string): boolean =>
  !label.startsWith("-") && !label.endsWith("-") && !label.startsWith("--", 2);

/**
 * The A-label form by UTS 46, non-transitional: the one conversion that every runtime brings along. The label added at the end
 * keeps the URL parser from taking the name for an IPv4 address.
 */
const toAscii = (name: string): string | undefined => {
  try {
    return new URL(`http://${name}.a`).hostname.slice(0, -2);
  } catch {
    return undefined;
  }
};
