/**
 * Octets as text and back, without loss.
 *
 * Peers send what they like: ASCII, UTF-8, Latin-1, noise. Octets that form valid UTF-8 become that text; every other octet
 * becomes one lone surrogate from U+DC80 to U+DCFF (the scheme of Python's PEP 383), so {@linkcode encode} restores the
 * very octets that came. Print such text only through `Printable.escape`.
 *
 * @example Latin-1 survives the round trip
 * ```ts
 * import * as Octets from "@plausch/smtp/octets";
 * import { assertEquals } from "@std/assert";
 *
 * const boite = new Uint8Array([66, 111, 0xee, 116, 101]); // "Boîte" in Latin-1, which is no UTF-8
 * const text = Octets.decode(boite);
 * assertEquals(text, "Bo\udceete");
 * assertEquals(Octets.encode(text), boite);
 * ```
 *
 * @module
 */

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** The length of the valid UTF-8 sequence at `at` (RFC 3629 section 4: no overlong forms, no surrogates), or 0. */
const sequenceLength = (bytes: Uint8Array, at: number, end: number): number => {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  }
  return length;
};

const decodeMixed = (bytes: Uint8Array, start: number, end: number): string => {
  let out = "";
  let at = start;
  while (at < end) {
    const from = at;
    for (let length; at < end && (length = sequenceLength(bytes, at, end)) > 0;) at += length;
    if (at > from) out += utf8Decoder.decode(bytes.subarray(from, at));
    if (at < end) out += String.fromCharCode(0xdc00 + bytes[at++]!);
  }
  return out;
};

/**
 * The text of `bytes[start..end)`. Total: any octets give a text, and {@linkcode encode} gives them back.
 *
 * @example UTF-8 is read as such
 * ```ts
 * import * as Octets from "@plausch/smtp/octets";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Octets.decode(new TextEncoder().encode("250 grüezi"), 4), "grüezi");
 * ```
 */
export const decode = (bytes: Uint8Array, start: number = 0, end: number = bytes.length): string => {
  let out = "";
  for (let at = start; at < end; at++) {
    const octet = bytes[at]!;
    if (octet >= 0x80) return out + decodeMixed(bytes, at, end);
    out += String.fromCharCode(octet);
  }
  return out;
};

/**
 * The octets of a text: UTF-8, and each lone surrogate from U+DC80 to U+DCFF as the octet it stands for. Any other lone
 * surrogate, which {@linkcode decode} never makes, becomes U+FFFD.
 *
 * @example The inverse of decode
 * ```ts
 * import * as Octets from "@plausch/smtp/octets";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Octets.encode("a\udcff"), new Uint8Array([97, 255]));
 * ```
 */
export const encode = (text: string): Uint8Array => {
  if (text.isWellFormed()) return utf8Encoder.encode(text);
  const parts: Array<number> = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(code - 0xdc00);
    else parts.push(...utf8Encoder.encode(char));
  }
  return Uint8Array.from(parts);
};
