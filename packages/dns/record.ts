/**
 * Resource records: what the DNS holds under a name. MX, A, AAAA, CNAME, TXT and TLSA may be asked for; SOA comes along
 * with a negative answer.
 *
 * @example Read a record and print it as `dig` does
 * ```ts
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const record = Result.getOrThrow(Record.fromString("example.org", "MX", "10 mx1.example.org."));
 * assertEquals(record.preference, 10);
 * assertEquals(Record.format(record), "example.org.\t\t300\tIN\tMX\t10 mx1.example.org.");
 * ```
 *
 * @module
 */
import * as NetAddress from "effect/net/NetAddress";
import * as Result from "effect/Result";
import { quoteText, readEscape } from "./_wire.ts";
import { DnsError } from "./dns_error.ts";
import * as Name from "./name.ts";

/** What every record has. */
export interface Owned {
  /** The name that owns the record, in presentation form without the dot at the end. */
  readonly name: string;
  /** How long the record may be kept, in seconds. */
  readonly ttl: number;
  /** The class: always the Internet. Records of other classes are left out when a message is read. */
  readonly class: "IN";
}

/** An IPv4 address (RFC 1035 section 3.4.1). */
export interface A extends Owned {
  /** Tells the type. */
  readonly _tag: "A";
  /** The address in dotted decimal form. */
  readonly address: string;
}

/** An IPv6 address (RFC 3596). */
export interface Aaaa extends Owned {
  /** Tells the type. */
  readonly _tag: "AAAA";
  /** The address in the form of RFC 5952. */
  readonly address: string;
}

/** Another name for a domain (RFC 1035 section 3.3.1). */
export interface Cname extends Owned {
  /** Tells the type. */
  readonly _tag: "CNAME";
  /** The name that this one is an alias for. */
  readonly target: string;
}

/** A host that takes mail for a domain (RFC 1035 section 3.3.9). */
export interface Mx extends Owned {
  /** Tells the type. */
  readonly _tag: "MX";
  /** From 0 to 65535. Lower is tried first. */
  readonly preference: number;
  /** The mail exchanger; `.` says that the domain takes no mail (RFC 7505). */
  readonly exchange: string;
}

/** The start of a zone; in a negative answer its times say how long to keep that (RFC 2308). */
export interface Soa extends Owned {
  /** Tells the type. */
  readonly _tag: "SOA";
  /** The primary name server. */
  readonly mname: string;
  /** The mailbox of who is responsible, as a name. */
  readonly rname: string;
  /** The version of the zone. */
  readonly serial: number;
  /** Seconds between two looks of a secondary server. */
  readonly refresh: number;
  /** Seconds to wait after a look that failed. */
  readonly retry: number;
  /** Seconds after which a secondary server forgets the zone. */
  readonly expire: number;
  /** The most seconds for which a negative answer may be kept. */
  readonly minimum: number;
}

/** What a certificate must match (RFC 6698 section 2.1). */
export interface Tlsa extends Owned {
  /** Tells the type. */
  readonly _tag: "TLSA";
  /** 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE; others are not assigned. */
  readonly usage: number;
  /** 0 the whole certificate, 1 its public key. */
  readonly selector: number;
  /** 0 the thing itself, 1 its SHA-256, 2 its SHA-512. */
  readonly matchingType: number;
  /** The certificate association data. */
  readonly data: Uint8Array;
}

/** Text (RFC 1035 section 3.3.14). */
export interface Txt extends Owned {
  /** Tells the type. */
  readonly _tag: "TXT";
  /** The character strings, each up to 255 octets, which need not be text. See {@linkcode text}. */
  readonly strings: ReadonlyArray<Uint8Array>;
}

/** Any record that this package knows. */
export type ResourceRecord = A | Aaaa | Cname | Mx | Soa | Tlsa | Txt;

/** The types that may be asked for. */
export type RecordType = Exclude<ResourceRecord["_tag"], "SOA">;

/** The record of a type: `RecordFor<"MX">` is {@linkcode Mx}. */
export type RecordFor<T extends ResourceRecord["_tag"]> = Extract<ResourceRecord, { readonly _tag: T }>;

/** The types that may be asked for, by name. */
export const types: ReadonlyArray<RecordType> = ["A", "AAAA", "CNAME", "MX", "TLSA", "TXT"];

/**
 * Reads what stands behind the type in a zone file. Names in it are taken as absolute, with or without the dot at the
 * end. A TXT record is a row of quoted strings, or else its text as it is. Fails with `BadRecord` or `BadName`.
 *
 * @example
 * ```ts
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Record.fromString("a.example", "AAAA", "2001:DB8:0::1", 60)).address, "2001:db8::1");
 * assertEquals(Record.text(Result.getOrThrow(Record.fromString("a.example", "TXT", '"v=spf1" " -all"'))), "v=spf1 -all");
 * assert(Result.isFailure(Record.fromString("a.example", "MX", "mx1.example.org")));
 * ```
 */
export const fromString = <T extends RecordType>(
  name: string,
  type: T,
  rdata: string,
  ttl: number = 300,
): Result.Result<RecordFor<T>, DnsError> =>
  Result.flatMap(
    Name.fromString(name),
    (owner) => parsers[type]({ name: owner, ttl, class: "IN" }, rdata.trim()) as Result.Result<RecordFor<T>, DnsError>,
  );

const badRecord = (type: RecordType, rdata: string, detail: string): Result.Result<never, DnsError> =>
  Result.fail(new DnsError({ reason: "BadRecord", type, domain: rdata, detail }));

const parsers: { readonly [T in RecordType]: (own: Owned, rdata: string) => Result.Result<RecordFor<T>, DnsError> } = {
  A: (own, rdata) =>
    Result.match(NetAddress.ipv4FromString(rdata), {
      onFailure: () => badRecord("A", rdata, "it is not an IPv4 address"),
      onSuccess: (address) => Result.succeed({ _tag: "A", ...own, address: NetAddress.formatIp(address) }),
    }),
  AAAA: (own, rdata) =>
    Result.match(NetAddress.ipv6FromString(rdata), {
      onFailure: () => badRecord("AAAA", rdata, "it is not an IPv6 address"),
      onSuccess: (address) => Result.succeed({ _tag: "AAAA", ...own, address: NetAddress.formatIp(address) }),
    }),
  CNAME: (own, rdata) => Result.map(Name.fromString(rdata), (target) => ({ _tag: "CNAME", ...own, target })),
  MX: (own, rdata) => {
    const [, preference, exchange] = /^(\d{1,5})\s+(\S+)$/.exec(rdata) ?? [];
    if (preference === undefined || exchange === undefined || Number(preference) > 0xffff) {
      return badRecord("MX", rdata, 'write a preference from 0 to 65535 and a host, like "10 mx1.example.org"');
    }
    return Result.map(
      Name.fromString(exchange),
      (exchange) => ({ _tag: "MX", ...own, preference: Number(preference), exchange }),
    );
  },
  TLSA: (own, rdata) => {
    const [, usage, selector, matchingType, hex] = /^(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s+([\da-f\s]+)$/i.exec(rdata) ??
      [];
    const numbers = [Number(usage), Number(selector), Number(matchingType)] as const;
    const digits = hex?.replace(/\s/g, "") ?? "";
    if (digits === "" || digits.length % 2 !== 0 || numbers.some((number) => number > 255)) {
      return badRecord("TLSA", rdata, 'write three numbers up to 255 and hexadecimal digits, like "3 1 1 c0ffee"');
    }
    const data = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    return Result.succeed({
      _tag: "TLSA",
      ...own,
      usage: numbers[0],
      selector: numbers[1],
      matchingType: numbers[2],
      data,
    });
  },
  TXT: (own, rdata) => {
    const strings = rdata.startsWith('"') ? quotedStrings(rdata) : characterStrings(rdata);
    return strings === undefined
      ? badRecord("TXT", rdata, "quoted strings are up to 255 octets each, with a closing quote")
      : Result.succeed({ _tag: "TXT", ...own, strings });
  },
};

const utf8 = new TextEncoder();

/** A text as character strings of at most 255 octets. */
const characterStrings = (text: string): ReadonlyArray<Uint8Array> => {
  const octets = utf8.encode(text);
  const out = [octets.slice(0, 255)];
  for (let at = 255; at < octets.length; at += 255) out.push(octets.slice(at, at + 255));
  return out;
};

const quotedStrings = (text: string): ReadonlyArray<Uint8Array> | undefined => {
  const out: Array<Uint8Array> = [];
  let at = 0;
  while (at < text.length) {
    if (text[at++] !== '"') return undefined;
    const octets: Array<number> = [];
    while (text[at] !== '"') {
      if (at >= text.length) return undefined;
      if (text[at] === "\\") {
        const escape = readEscape(text, at + 1);
        if (escape === undefined) return undefined;
        octets.push(escape.octet);
        at = escape.end;
      } else {
        const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
        octets.push(...utf8.encode(char));
        at += char.length;
      }
    }
    if (octets.length > 255) return undefined;
    out.push(Uint8Array.from(octets));
    at++;
    while (text[at] === " " || text[at] === "\t") at++;
  }
  return out;
};

/**
 * The text of a TXT record: its strings joined with nothing between them, as SPF, MTA-STS and others read them, taken
 * as UTF-8. Octets that are not UTF-8 become U+FFFD.
 *
 * @example
 * ```ts
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const record = Result.getOrThrow(Record.fromString("_mta-sts.example.org", "TXT", "v=STSv1; id=1;"));
 * assertEquals(Record.text(record), "v=STSv1; id=1;");
 * ```
 */
export const text = (record: Txt): string => {
  const octets = new Uint8Array(record.strings.reduce((sum, string) => sum + string.length, 0));
  let at = 0;
  for (const string of record.strings) {
    octets.set(string, at);
    at += string.length;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
};

/**
 * The data of a record in presentation form, like `10 mx1.example.org.`. The inverse of {@linkcode fromString}. Safe to
 * print: every octet outside printable ASCII is escaped.
 *
 * @example
 * ```ts
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const record = Result.getOrThrow(Record.fromString("_25._tcp.mx1.example.org", "TLSA", "3 1 1 c0ffee"));
 * assertEquals(Record.formatData(record), "3 1 1 C0FFEE");
 * ```
 */
export const formatData = (record: ResourceRecord): string => {
  switch (record._tag) {
    case "A":
    case "AAAA":
      return record.address;
    case "CNAME":
      return Name.absolute(record.target);
    case "MX":
      return `${record.preference} ${Name.absolute(record.exchange)}`;
    case "SOA": {
      const { serial, refresh, retry, expire, minimum } = record;
      const names = `${Name.absolute(record.mname)} ${Name.absolute(record.rname)}`;
      return `${names} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    case "TLSA": {
      const hex = Array.from(record.data, (octet) => octet.toString(16).padStart(2, "0")).join("").toUpperCase();
      return `${record.usage} ${record.selector} ${record.matchingType} ${hex}`;
    }
    case "TXT":
      return record.strings.map(quoteText).join(" ");
  }
};

/**
 * A record as a line of the ANSWER SECTION of `dig`: owner, TTL, class, type and data, in `dig`'s columns. The digits
 * of a TLSA record stay in one piece, so that they can be copied.
 *
 * @example
 * ```ts
 * import * as Record from "@plausch/dns/record";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const record = Result.getOrThrow(Record.fromString("mx1.example.org", "A", "192.0.2.1", 86400));
 * assertEquals(Record.format(record), "mx1.example.org.\t86400\tIN\tA\t192.0.2.1");
 * ```
 */
export const format = (record: ResourceRecord): string => {
  let line = "";
  let column = 0;
  for (
    const [text, next] of [
      [Name.absolute(record.name), 24],
      [String(record.ttl), 32],
      [record.class, 40],
      [record._tag, 48],
    ] as const
  ) {
    line += text;
    column += text.length;
    // At least one column further, with tabs as far as they reach: dig's own rule.
    const to = Math.max(next, column + 1);
    const tabs = Math.floor(to / 8) - Math.floor(column / 8);
    if (tabs > 0) {
      line += "\t".repeat(tabs);
      column = Math.floor(to / 8) * 8;
    }
    line += " ".repeat(to - column);
    column = to;
  }
  return line + formatData(record);
};
