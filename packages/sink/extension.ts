/**
 * The service extensions that a sink can offer, by the keywords of the reply to EHLO (RFC 5321 section 4.1.1.1).
 *
 * Some need more than being offered: STARTTLS a certificate, AUTH a user, REQUIRETLS a connection that is encrypted, BINARYMIME
 * that CHUNKING is offered too. Without it they are left out.
 *
 * @example A server from before BDAT
 * ```ts
 * import * as Extension from "@plausch/sink/extension";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import { assert } from "@std/assert";
 * import * as Effect from "effect/Effect";
 *
 * const sink = Sink.listen({ store: Store.discard, offers: Extension.without("CHUNKING", "BINARYMIME") });
 * assert((await Effect.runPromise(Effect.scoped(sink))).port > 0);
 * ```
 *
 * @module
 */

/** The keyword of an extension. */
export type Extension =
  | "SIZE"
  | "PIPELINING"
  | "8BITMIME"
  | "SMTPUTF8"
  | "ENHANCEDSTATUSCODES"
  | "DSN"
  | "CHUNKING"
  | "BINARYMIME"
  | "STARTTLS"
  | "AUTH"
  | "REQUIRETLS"
  | "LIMITS"
  | "DELIVERBY"
  | "FUTURERELEASE"
  | "MT-PRIORITY"
  | "ETRN"
  | "VRFY"
  | "EXPN"
  | "XCLIENT"
  | "XFORWARD"
  | "HELP";

/** Every extension, in the order of the reply to EHLO. */
export const all: ReadonlyArray<Extension> = [
  "SIZE",
  "PIPELINING",
  "8BITMIME",
  "SMTPUTF8",
  "ENHANCEDSTATUSCODES",
  "DSN",
  "CHUNKING",
  "BINARYMIME",
  "STARTTLS",
  "AUTH",
  "REQUIRETLS",
  "LIMITS",
  "DELIVERBY",
  "FUTURERELEASE",
  "MT-PRIORITY",
  "ETRN",
  "VRFY",
  "EXPN",
  "XCLIENT",
  "XFORWARD",
  "HELP",
];

/** With these a client can pass itself off as another, so somebody has to ask for them. */
const trusting: ReadonlySet<Extension> = new Set(["XCLIENT", "XFORWARD"]);

/** What a sink offers by itself: all but XCLIENT and XFORWARD. */
export const usual: ReadonlyArray<Extension> = all.filter((extension) => !trusting.has(extension));

/**
 * What a sink offers by itself, but for these.
 *
 * @example
 * ```ts
 * import * as Extension from "@plausch/sink/extension";
 * import { assert } from "@std/assert";
 *
 * assert(!Extension.without("PIPELINING").includes("PIPELINING"));
 * ```
 */
export const without = (...extensions: ReadonlyArray<Extension>): ReadonlyArray<Extension> =>
  usual.filter((extension) => !extensions.includes(extension));

/**
 * The extension of a keyword in any case; undefined if a sink knows none of that name.
 *
 * @example
 * ```ts
 * import * as Extension from "@plausch/sink/extension";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([Extension.fromKeyword("chunking"), Extension.fromKeyword("BURL")], ["CHUNKING", undefined]);
 * ```
 */
export const fromKeyword = (keyword: string): Extension | undefined =>
  all.find((extension) => extension === keyword.toUpperCase());
