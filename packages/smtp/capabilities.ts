/**
 * What a server can do, read from its reply to EHLO (RFC 5321 section 4.1.1.1).
 *
 * The keywords are data of the peer's choosing. They are kept in a `Map`, so no name is special, and what the grammar does
 * not allow is set aside in `ignored` instead of being believed.
 *
 * @example Read, then ask
 * ```ts
 * import * as Capabilities from "@plausch/smtp/capabilities";
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reply = Reply.make(250, ["mx.test greets you", "PIPELINING", "SIZE 35882577", "AUTH PLAIN LOGIN", "XFORWARD NAME"]);
 * const capabilities = Capabilities.fromReply(reply);
 * assertEquals(capabilities.name, "mx.test");
 * assert(capabilities.pipelining);
 * assertEquals(capabilities.size, 35882577);
 * assertEquals(capabilities.auth, ["PLAIN", "LOGIN"]);
 * assert(Capabilities.has(capabilities, "xforward"));
 * ```
 *
 * @module
 */
import { isDateTime } from "./_date_time.ts";
import type { Reply } from "./reply.ts";

/** What a server said about itself and offered. */
export interface Capabilities {
  /** The name the server gave itself: the first word of its reply. Empty if it gave none; not proven by anything. */
  readonly name: string;
  /** The rest of the first line, for people. Not safe to print before `Printable.escape`. */
  readonly greeting: string;
  /**
   * All offered keywords in upper case, each with its parameters in the order they came. A keyword that comes twice has the
   * parameters of both lines, without doubles. The legacy form `AUTH=` counts as `AUTH`. Mechanisms are in upper case.
   */
  readonly keywords: ReadonlyMap<string, ReadonlyArray<string>>;
  /** Lines with a malformed keyword, and malformed parameters of others, as they came. Not safe to print. */
  readonly ignored: ReadonlyArray<string>;
  /**
   * The largest message the server takes, in octets (SIZE, RFC 1870). Undefined if it told no limit, or one that is no whole
   * number from 1 to 2^53-1.
   */
  readonly size: number | undefined;
  /** The authentication mechanisms in upper case, in the server's order (AUTH, RFC 4954). */
  readonly auth: ReadonlyArray<string>;
  /** The limits by their names in upper case, such as RCPTMAX (LIMITS, RFC 9422). */
  readonly limits: ReadonlyMap<string, number>;
  /** Commands may be sent in groups (PIPELINING, RFC 2920). */
  readonly pipelining: boolean;
  /** Content may have octets above 127 (8BITMIME, RFC 6152). */
  readonly eightBitMime: boolean;
  /** Addresses and header fields may be UTF-8 (SMTPUTF8, RFC 6531). */
  readonly smtputf8: boolean;
  /** Replies begin with enhanced status codes (ENHANCEDSTATUSCODES, RFC 2034). */
  readonly enhancedStatusCodes: boolean;
  /** Delivery reports can be asked for (DSN, RFC 3461). */
  readonly dsn: boolean;
  /** BDAT can be used for DATA (CHUNKING, RFC 3030). */
  readonly chunking: boolean;
  /** Content may be binary, if sent with BDAT (BINARYMIME, RFC 3030). */
  readonly binaryMime: boolean;
  /** The connection can be encrypted (STARTTLS, RFC 3207). */
  readonly startTls: boolean;
  /** Encryption on the whole way can be required (REQUIRETLS, RFC 8689). */
  readonly requireTls: boolean;
  /** A delivery that takes too long can be given up (DELIVERBY, RFC 2852). Undefined if that is not offered. */
  readonly deliverBy: DeliverBy | undefined;
  /** Messages can be held (FUTURERELEASE, RFC 4865). Undefined if that is not offered, or its limits are malformed. */
  readonly futureRelease: FutureRelease | undefined;
  /** Messages can have priorities (MT-PRIORITY, RFC 6710). Undefined if that is not offered. */
  readonly mtPriority: MtPriority | undefined;
  /** The names of the attributes that XCLIENT takes, in upper case (Postfix). Undefined if it is not offered. */
  readonly xclient: ReadonlyArray<string> | undefined;
  /** The names of the attributes that XFORWARD takes, in upper case (Postfix). Undefined if it is not offered. */
  readonly xforward: ReadonlyArray<string> | undefined;
  /** The server can be asked for what it holds for a host (ETRN, RFC 1985). */
  readonly etrn: boolean;
  /** VRFY is said to work (RFC 5321 section 4.1.1.6). It may without. */
  readonly vrfy: boolean;
  /** EXPN is said to work (EXPN, RFC 5321 section 4.1.1.7). */
  readonly expn: boolean;
  /** HELP is said to work (HELP, RFC 5321 section 4.1.1.8). */
  readonly help: boolean;
}

/** What a server says about deadlines (RFC 2852 section 2). */
export interface DeliverBy {
  /** The shortest deadline that it takes, in seconds. Undefined if it told none, or one that is no whole number. */
  readonly minimum: number | undefined;
}

/** How long a server can hold messages (RFC 4865 section 3). */
export interface FutureRelease {
  /** The longest time, in seconds. */
  readonly maxInterval: number;
  /** The latest date and time, in UTC as in RFC 3339. */
  readonly maxDateTime: string;
}

/** What a server says about priorities (RFC 6710 section 3). */
export interface MtPriority {
  /** The name of the table by which it reads priorities. Undefined if it told none, and then it is that of the RFC. */
  readonly profile: string | undefined;
}

/** RFC 5321 section 4.1.1.1. */
const keywordPattern = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
const parameterPattern = /^[\x21-\x7e]+$/;
const sizePattern = /^\d{1,20}$/;
const limitPattern = /^([A-Za-z0-9-]+)=(\d{1,20})$/;
const secondsPattern = /^\d{1,9}$/;
const firstLine = /^[ \t]*([^ \t]*)[ \t]?([^]*)$/;

/** The number, if it is one from 1 to 2^53-1. */
const positive = (digits: string): number | undefined => {
  const value = Number(digits);
  return value > 0 && Number.isSafeInteger(value) ? value : undefined;
};

const map = <A, B>(value: A | undefined, f: (value: A) => B): B | undefined =>
  value === undefined ? undefined : f(value);

const upperCase = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.map((name) => name.toUpperCase())),
];

/** What follows a comma is left to extensions that nobody has written (RFC 2852 section 2). */
const deliverBy = ([parameter = ""]: ReadonlyArray<string>): DeliverBy => {
  const minimum = parameter.split(",", 1)[0]!;
  return { minimum: secondsPattern.test(minimum) ? Number(minimum) : undefined };
};

const futureRelease = ([interval = "", dateTime = ""]: ReadonlyArray<string> = []): FutureRelease | undefined => {
  const maxDateTime = dateTime.toUpperCase();
  return secondsPattern.test(interval) && Number(interval) > 0 && isDateTime(maxDateTime)
    ? { maxInterval: Number(interval), maxDateTime }
    : undefined;
};

const make = (
  name: string,
  greeting: string,
  keywords: ReadonlyMap<string, ReadonlyArray<string>>,
  ignored: ReadonlyArray<string>,
): Capabilities => {
  const size = keywords.get("SIZE")?.[0];
  const limits = new Map<string, number>();
  for (const parameter of keywords.get("LIMITS") ?? []) {
    const [, limit, digits] = limitPattern.exec(parameter) ?? [];
    const value = digits === undefined ? undefined : positive(digits);
    if (limit !== undefined && value !== undefined) limits.set(limit.toUpperCase(), value);
  }
  return {
    name,
    greeting,
    keywords,
    ignored,
    size: size !== undefined && sizePattern.test(size) ? positive(size) : undefined,
    auth: keywords.get("AUTH") ?? [],
    limits,
    pipelining: keywords.has("PIPELINING"),
    eightBitMime: keywords.has("8BITMIME"),
    smtputf8: keywords.has("SMTPUTF8"),
    enhancedStatusCodes: keywords.has("ENHANCEDSTATUSCODES"),
    dsn: keywords.has("DSN"),
    chunking: keywords.has("CHUNKING"),
    binaryMime: keywords.has("BINARYMIME"),
    startTls: keywords.has("STARTTLS"),
    requireTls: keywords.has("REQUIRETLS"),
    deliverBy: map(keywords.get("DELIVERBY"), deliverBy),
    futureRelease: futureRelease(keywords.get("FUTURERELEASE")),
    mtPriority: map(keywords.get("MT-PRIORITY"), ([profile]) => ({ profile })),
    xclient: map(keywords.get("XCLIENT"), upperCase),
    xforward: map(keywords.get("XFORWARD"), upperCase),
    etrn: keywords.has("ETRN"),
    vrfy: keywords.has("VRFY"),
    expn: keywords.has("EXPN"),
    help: keywords.has("HELP"),
  };
};

/**
 * What the reply to EHLO offers. Total: whatever stands there, the rest is read. That the reply is positive is the caller's
 * to know.
 *
 * @example A hostile keyword and a limit that is none
 * ```ts
 * import * as Capabilities from "@plausch/smtp/capabilities";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = ["mx.test", "X-\u001b[2J", "__proto__", "SIZE 99999999999999999999"];
 * const capabilities = Capabilities.fromReply({ code: 250, lines, enhanced: undefined, warnings: [] });
 * assertEquals(capabilities.ignored, ["X-\u001b[2J", "__proto__"]);
 * assertEquals(capabilities.size, undefined);
 * ```
 */
export const fromReply = ({ lines }: Reply): Capabilities => {
  if (latest !== undefined && isSame(latest.lines, lines)) return latest.capabilities;
  latest = { lines: lines.slice(), capabilities: read(lines) };
  return latest.capabilities;
};

/** What was read last: connections to one server come one after another, and each is offered the same. */
let latest: { readonly lines: ReadonlyArray<string>; readonly capabilities: Capabilities } | undefined;

const isSame = (some: ReadonlyArray<string>, others: ReadonlyArray<string>): boolean =>
  some.length === others.length && some.every((line, index) => line === others[index]);

const read = (lines: ReadonlyArray<string>): Capabilities => {
  // Sets, because a hostile reply has room for 30000 parameters
  const keywords = new Map<string, Set<string>>();
  const ignored: Array<string> = [];
  const [, name = "", greeting = ""] = firstLine.exec(lines[0] ?? "") ?? [];
  for (const line of lines.slice(1)) {
    const words = line.replace(/^[ \t]*AUTH=/i, "AUTH ").split(/[ \t]+/).filter((word) => word !== "");
    const [first, ...parameters] = words;
    if (first === undefined) continue;
    if (!keywordPattern.test(first)) {
      ignored.push(line);
      continue;
    }
    const keyword = first.toUpperCase();
    const known = keywords.get(keyword) ?? new Set();
    keywords.set(keyword, known);
    for (const parameter of parameters) {
      if (!parameterPattern.test(parameter)) ignored.push(parameter);
      else known.add(keyword === "AUTH" ? parameter.toUpperCase() : parameter);
    }
  }
  return make(name, greeting, new Map([...keywords].map(([keyword, known]) => [keyword, [...known]])), ignored);
};

/**
 * What a server offers that only knows HELO: nothing.
 *
 * @example After HELO
 * ```ts
 * import * as Capabilities from "@plausch/smtp/capabilities";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Capabilities.none.pipelining, false);
 * assertEquals(Capabilities.none.keywords.size, 0);
 * ```
 */
export const none: Capabilities = make("", "", new Map(), []);

/**
 * Whether a keyword is offered, whatever its case.
 *
 * @example Any keyword, known to this package or not
 * ```ts
 * import * as Capabilities from "@plausch/smtp/capabilities";
 * import * as Reply from "@plausch/smtp/reply";
 * import { assert } from "@std/assert";
 *
 * const capabilities = Capabilities.fromReply(Reply.make(250, ["mx.test", "etrn"]));
 * assert(Capabilities.has(capabilities, "ETRN"));
 * assert(!Capabilities.has(capabilities, "constructor"));
 * ```
 */
export const has = (capabilities: Capabilities, keyword: string): boolean =>
  capabilities.keywords.has(keyword.toUpperCase());
