/**
 * The TXT record at `_smtp._tls` that says where a domain wants to hear how the TLS of its mail went (RFC 8460 section 3).
 *
 * @example
 * ```ts
 * import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
 * import * as Zone from "@plausch/dns/zone";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const zone = Zone.layer({
 *   records: { "_smtp._tls.example.org": { TXT: "v=TLSRPTv1; rua=mailto:tls@example.org,https://rpt.example.org/v1" } },
 * });
 * const record = await Effect.runPromise(Effect.provide(TlsRptRecord.lookUp("example.org"), zone));
 * assertEquals(record, { rua: ["mailto:tls@example.org", "https://rpt.example.org/v1"] });
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import * as Record from "@plausch/dns/record";
import * as Resolver from "@plausch/dns/resolver";
import * as Effect from "effect/Effect";

/** Where reports go. */
export interface TlsRptRecord {
  /** The addresses as `mailto:` or `https:` URIs, at least one. One of them is enough; each may be tried. */
  readonly rua: ReadonlyArray<string>;
}

/**
 * The name of the record of a domain.
 *
 * @example
 * ```ts
 * import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsRptRecord.ownerName("example.org"), "_smtp._tls.example.org");
 * ```
 */
export const ownerName = (domain: string): string => `_smtp._tls.${domain}`;

const isTlsRpt = (text: string): boolean => /^v=TLSRPTv1[ \t]*;/.test(text);

const isUri = (text: string): boolean =>
  /^(?:mailto:[^\s,!;]+@|https:\/\/)[^\s,!;]+$/i.test(text) && URL.canParse(text);

/**
 * Reads the text of one record, its strings joined. Fields and kinds of addresses that are not known are passed over.
 * `undefined` where it breaks the grammar or names no address that reports can go to: then nobody wants to hear of it.
 *
 * @example
 * ```ts
 * import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsRptRecord.parse("v=TLSRPTv1; rua=mailto:a@example.org"), { rua: ["mailto:a@example.org"] });
 * assertEquals(TlsRptRecord.parse("v=TLSRPTv1; rua=ftp://example.org"), undefined);
 * ```
 */
export const parse = (text: string): TlsRptRecord | undefined => {
  if (!isTlsRpt(text)) return undefined;
  const [, ...parts] = text.split(/[ \t]*;[ \t]*/);
  if (parts.at(-1) === "") parts.pop();
  let rua: string | undefined;
  for (const part of parts) {
    // An address may hold "=", which other values must not.
    const [, name, value] = /^([A-Za-z0-9][\w.-]{0,31})=(.+)$/s.exec(part) ?? [];
    if (name === undefined) return undefined;
    if (name === "rua") rua ??= value;
  }
  const found = rua?.split(/[ \t]*,[ \t]*/).filter(isUri) ?? [];
  return found.length === 0 ? undefined : { rua: found };
};

/**
 * The one record among the texts found at the name; `undefined` where there is none, or more than one.
 *
 * @example
 * ```ts
 * import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
 * import { assertEquals } from "@std/assert";
 *
 * const one = "v=TLSRPTv1; rua=mailto:a@example.org";
 * assertEquals(TlsRptRecord.select(["hello", one]), { rua: ["mailto:a@example.org"] });
 * assertEquals(TlsRptRecord.select([one, one]), undefined);
 * ```
 */
export const select = (texts: ReadonlyArray<string>): TlsRptRecord | undefined => {
  const [first, ...others] = texts.filter(isTlsRpt);
  return first === undefined || others.length > 0 ? undefined : parse(first);
};

/**
 * Asks where a domain, an A-label, wants its reports; `undefined` where it wants none. Fails where the DNS does.
 *
 * @example
 * ```ts
 * import * as TlsRptRecord from "@plausch/delivery/tls-rpt-record";
 * import * as Zone from "@plausch/dns/zone";
 * import { assertEquals } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const lookUp = Effect.provide(TlsRptRecord.lookUp("example.org"), Zone.layer({ records: {} }));
 * assertEquals(await Effect.runPromise(lookUp), undefined);
 * ```
 */
export const lookUp = (domain: string): Effect.Effect<TlsRptRecord | undefined, DnsError, Resolver.Resolver> =>
  Effect.map(
    Resolver.query(ownerName(domain), "TXT"),
    (answer) => select(Answer.records(answer, "TXT").map(Record.text)),
  );
