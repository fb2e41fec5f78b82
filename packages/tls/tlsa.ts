/**
 * TLSA records: what the DNS says that a server's certificate must match (DANE, RFC 6698, 7671 and 7672).
 *
 * @example Which records count, and what a certificate would have to be
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const key = Result.getOrThrow(Tlsa.parse(`3 1 1 ${"ab".repeat(32)}`));
 * const authority = Result.getOrThrow(Tlsa.parse(`0 0 1 ${"cd".repeat(32)}`));
 * assertEquals(Tlsa.select([key, authority]), [key]);
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { looksLikeCertificate, looksLikeKey } from "./_der_outline.ts";
import { TlsError } from "./tls_error.ts";

/** What a certificate must match (RFC 6698 section 2.1). The TLSA record of `@plausch/dns` is one. */
export interface Tlsa {
  /** 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE; others are not assigned. Mail uses 2 and 3 (RFC 7672 section 3.1). */
  readonly usage: number;
  /** 0 the whole certificate, 1 its public key (SubjectPublicKeyInfo). */
  readonly selector: number;
  /** 0 the thing itself, 1 its SHA-256, 2 its SHA-512. */
  readonly matchingType: number;
  /** The certificate association data. */
  readonly data: Uint8Array;
}

/** What a certificate would have in a record of this selector and matching type; undefined if that is not known of it. */
export type Associate = (selector: number, matchingType: number) => Uint8Array | undefined;

/** Octets of a digest. */
const digestLengths: ReadonlyMap<number, number> = new Map([[1, 32], [2, 64]]);

/**
 * Whether a record can be used for mail: usage 2 or 3, since nobody can say which authorities a sender trusts (RFC 7672 section 3.1.3),
 * a selector and a matching type that are known, and data that can be such a thing.
 *
 * @example A digest that was cut short
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assert } from "@std/assert";
 *
 * assert(Tlsa.isUsable({ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) }));
 * assert(!Tlsa.isUsable({ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(31) }));
 * ```
 */
export const isUsable = ({ usage, selector, matchingType, data }: Tlsa): boolean => {
  if (usage !== 2 && usage !== 3 || selector !== 0 && selector !== 1) return false;
  if (matchingType === 0) return selector === 0 ? looksLikeCertificate(data) : looksLikeKey(data);
  return data.length === digestLengths.get(matchingType);
};

/**
 * The records that count: those that can be used, and of digests the strongest for each usage and selector (digest agility, RFC 7671
 * section 9). The order stays.
 *
 * @example SHA-512 puts SHA-256 aside
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assertEquals } from "@std/assert";
 *
 * const weak = { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) };
 * const strong = { usage: 3, selector: 1, matchingType: 2, data: new Uint8Array(64) };
 * assertEquals(Tlsa.select([weak, strong]), [strong]);
 * ```
 */
export const select = <R extends Tlsa>(records: ReadonlyArray<R>): ReadonlyArray<R> => {
  const usable = records.filter(isUsable);
  const isStronger = (one: Tlsa) => (other: Tlsa): boolean =>
    other.usage === one.usage && other.selector === one.selector && other.matchingType > one.matchingType;
  return usable.filter((record) => record.matchingType === 0 || !usable.some(isStronger(record)));
};

/**
 * Whether a certificate matches a record.
 *
 * @example
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assert } from "@std/assert";
 *
 * const record = { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(0xab) };
 * const spkiSha256 = new Uint8Array(32).fill(0xab);
 * assert(Tlsa.matches(record, (selector, type) => selector === 1 && type === 1 ? spkiSha256 : undefined));
 * ```
 */
export const matches = ({ selector, matchingType, data }: Tlsa, associate: Associate): boolean => {
  const own = associate(selector, matchingType);
  return own !== undefined && own.length === data.length && own.every((octet, index) => octet === data[index]);
};

/** Characters of what is no record that are told; a record may hold a whole certificate. */
const shown = 80;

const pattern = /^(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s+([\da-f][\da-f\s]*)$/i;

/**
 * Reads a record as zone files have it: usage, selector, matching type, and hexadecimal digits, in one piece or several. Fails with a
 * `TlsError` whose reason is `BadOptions`. Whether the record can be used is another question: {@linkcode isUsable}.
 *
 * @example
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assertEquals } from "@std/assert";
 * import * as Result from "effect/Result";
 *
 * const data = Uint8Array.of(0xc0, 0xff, 0xee);
 * assertEquals(Tlsa.parse("3 1 1 C0FF EE"), Result.succeed({ usage: 3, selector: 1, matchingType: 1, data }));
 * assertEquals(
 *   Result.getOrThrow(Result.flip(Tlsa.parse("3 1 1"))).message,
 *   'Cannot begin TLS: "3 1 1" is no TLSA record; write three numbers up to 255 and hexadecimal digits, like "3 1 1 c0ffee"',
 * );
 * ```
 */
export const parse = (text: string): Result.Result<Tlsa, TlsError> => {
  const [, usage, selector, matchingType, hex] = pattern.exec(text.trim()) ?? [];
  const digits = hex?.replace(/\s+/g, "") ?? "";
  const numbers = [Number(usage), Number(selector), Number(matchingType)] as const;
  if (digits === "" || digits.length % 2 !== 0 || numbers.some((number) => number > 255)) {
    const what = `"${text.length > shown ? `${text.slice(0, shown)}…` : text}" is no TLSA record`;
    const advice = 'write three numbers up to 255 and hexadecimal digits, like "3 1 1 c0ffee"';
    return Result.fail(new TlsError({ reason: "BadOptions", cause: new Error(`${what}; ${advice}`) }));
  }
  const data = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return Result.succeed({ usage: numbers[0], selector: numbers[1], matchingType: numbers[2], data });
};

/**
 * A record as zone files have it, in lower case. The inverse of {@linkcode parse}.
 *
 * @example
 * ```ts
 * import * as Tlsa from "@plausch/tls/tlsa";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint8Array.of(0xc0, 0xff, 0xee);
 * assertEquals(Tlsa.format({ usage: 2, selector: 0, matchingType: 1, data }), "2 0 1 c0ffee");
 * ```
 */
export const format = ({ usage, selector, matchingType, data }: Tlsa): string => {
  const hex = Array.from(data, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return `${usage} ${selector} ${matchingType} ${hex}`;
};
