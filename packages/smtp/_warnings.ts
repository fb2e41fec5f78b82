import { isRoutable } from "./address_literal.ts";
import { isAscii, isDigit } from "./_characters.ts";
import type { Host } from "./domain.ts";
import type { AddressWarning } from "./mailbox.ts";

// Sets of Unicode are dear to make, so they are made where a text is not ASCII, and not when this module is loaded.
const bidiControl = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const invisible = (): RegExp =>
  /[[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zs}\p{Zl}\p{Zp}\u2800]--[ \u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]]/v;

/** Characters that UTS 46 maps in one way and IDNA2003 in another: sharp s, final sigma, the joiners. */
const deviation = /[\u00df\u03c2\u1e9e\u200c\u200d]/;

/** Scripts with letters that look the same as those of another. */
const lookalikes = (): ReadonlyArray<RegExp> => [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
];

/** What a reader of a local part should know. An ASCII local part shows what it is. */
export const localPartWarnings = (localPart: string, isInternationalized: boolean): ReadonlyArray<AddressWarning> => {
  if (!isInternationalized) return [];
  const warnings: Array<AddressWarning> = [];
  if (localPart !== localPart.normalize("NFC")) warnings.push("NotNfc");
  if (bidiControl.test(localPart)) warnings.push("BidiControl");
  if (invisible().test(localPart)) warnings.push("Invisible");
  return warnings;
};

/** Whether the top label reads as a number, which no top-level domain is; some resolvers would dial such a name. */
const hasNumericTop = (ascii: string): boolean => {
  const top = ascii.slice(ascii.lastIndexOf(".") + 1);
  if (/^0x[0-9a-f]*$/i.test(top)) return true;
  for (let at = 0; at < top.length; at++) if (!isDigit(top.charCodeAt(at))) return false;
  return true;
};

const isMixed = (label: string): boolean => lookalikes().filter((script) => script.test(label)).length > 1;

/** What somebody who is about to resolve, dial or show the host should know. */
export const hostWarnings = (host: Host): ReadonlyArray<AddressWarning> => {
  if (host._tag === "General") return ["UnknownLiteralTag"];
  if (host._tag !== "Name") return isRoutable(host) ? [] : ["NonRoutable"];
  const warnings: Array<AddressWarning> = [];
  if (hasNumericTop(host.ascii)) warnings.push("NumericTopLabel");
  if (isAscii(host.name)) return warnings;
  if (deviation.test(host.name)) warnings.push("Idna2003Differs");
  if (invisible().test(host.name)) warnings.push("Invisible");
  if (host.name.split(".").some(isMixed)) warnings.push("MixedScript");
  return warnings;
};
