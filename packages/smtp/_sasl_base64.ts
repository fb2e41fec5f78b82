import * as Octets from "./octets.ts";

/** A text in base64 (RFC 4648 section 4): the octets that it stands for, in one line. */
export const encode = (text: string): string => encodeOctets(Octets.encode(text));

/** Octets in base64. */
export const encodeOctets = (octets: Uint8Array): string => {
  let units = "";
  for (const octet of octets) units += String.fromCharCode(octet);
  return btoa(units);
};

/** `atob` skips spaces and does without padding, and so takes many a prompt for base64. */
const pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The octets of a text in base64, with its padding; undefined if it is something else. */
export const decodeOctets = (text: string): Uint8Array | undefined =>
  pattern.test(text) ? Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0)) : undefined;

/** The text in base64, read as by `Octets.decode`; undefined if it is something else. */
export const decode = (text: string): string | undefined => {
  const octets = decodeOctets(text);
  return octets === undefined ? undefined : Octets.decode(octets);
};
