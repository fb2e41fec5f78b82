import { isLetDig } from "./_characters.ts";
import { parseIpv4, parseIpv6 } from "./_ip.ts";
import type { AddressLiteral } from "./address_literal.ts";

/** A literal, and whether its IPv4 octets had leading zeros, which the value no longer shows. */
export interface ParsedLiteral {
  readonly literal: AddressLiteral;
  readonly leadingZero: boolean;
}

/** The tag of a general literal: letters, digits and hyphens, the last no hyphen (RFC 5321 section 4.1.2, Ldh-str). */
const isTag = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isLetDig(unit) && unit !== 0x2d) return false;
  }
  return text !== "" && !text.endsWith("-");
};

/** Printable ASCII but space, brackets and backslash (RFC 5321 section 4.1.3, dcontent). */
const isContent = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x21 || unit > 0x7e || unit >= 0x5b && unit <= 0x5d) return false;
  }
  return text !== "";
};

/** Reads what stands between the brackets. A text with the tag of IPv6 is IPv6 or nothing. */
export const parseLiteral = (inner: string): ParsedLiteral | undefined => {
  const colon = inner.indexOf(":");
  if (colon < 0) {
    const ipv4 = parseIpv4(inner);
    return ipv4 && { literal: { _tag: "Ipv4", address: ipv4.octets.join(".") }, leadingZero: ipv4.leadingZero };
  }
  const tag = inner.slice(0, colon);
  const content = inner.slice(colon + 1);
  if (tag.toLowerCase() === "ipv6") {
    const ipv6 = parseIpv6(content);
    return ipv6 && { literal: { _tag: "Ipv6", address: ipv6.text }, leadingZero: ipv6.leadingZero };
  }
  return isTag(tag) && isContent(content)
    ? { literal: { _tag: "General", tag, content }, leadingZero: false }
    : undefined;
};
