// What the server offers, and when (RFC 5321 section 4.1.1.1).
import * as Extension from "./extension.ts";
import type { Limits } from "./limits.ts";

/** What decides about it. */
export interface Situation {
  /** What may be offered. */
  readonly offers: ReadonlySet<Extension.Extension>;
  readonly limits: Limits;
  /** Whether the connection can be encrypted, now or before. */
  readonly canTls: boolean;
  /** Whether it is. */
  readonly isSecure: boolean;
  /** The mechanisms that may be used now. */
  readonly mechanisms: ReadonlyArray<string>;
}

const conditions: { readonly [E in Extension.Extension]?: (situation: Situation) => boolean } = {
  BINARYMIME: ({ offers }) => offers.has("CHUNKING"), // RFC 3030 section 3
  STARTTLS: ({ canTls, isSecure }) => canTls && !isSecure, // RFC 3207 section 4.2
  AUTH: ({ mechanisms }) => mechanisms.length > 0,
  REQUIRETLS: ({ isSecure }) => isSecure, // RFC 8689 section 2
};

/** Whether the extension is offered now. */
export const isOffered = (extension: Extension.Extension, situation: Situation): boolean =>
  situation.offers.has(extension) && (conditions[extension]?.(situation) ?? true);

const limit = (name: string, value: number): ReadonlyArray<string> =>
  Number.isFinite(value) ? [`${name}=${value}`] : [];

/** The latest date that fits the grammar: the sink holds every message for ever. */
const latest = "9999-12-31T23:59:59Z";

const parameters: { readonly [E in Extension.Extension]?: (situation: Situation) => ReadonlyArray<string | number> } = {
  // No limit is announced as 0 (RFC 1870 section 4)
  SIZE: ({ limits }) => [Number.isFinite(limits.messageOctets) ? limits.messageOctets : 0],
  AUTH: ({ mechanisms }) => mechanisms,
  LIMITS: ({ limits }) => [
    ...limit("RCPTMAX", limits.recipients),
    ...limit("MAILMAX", limits.transactions),
    ...limit("RCPTDOMAINMAX", limits.recipientDomains),
  ],
  FUTURERELEASE: ({ limits }) => [limits.holdSeconds, latest],
  XCLIENT: () => xclientAttributes,
  XFORWARD: () => xforwardAttributes,
};

/** What XCLIENT takes (Postfix, XCLIENT_README). */
export const xclientAttributes: ReadonlyArray<string> = [
  "NAME",
  "ADDR",
  "PORT",
  "PROTO",
  "HELO",
  "LOGIN",
  "DESTADDR",
  "DESTPORT",
];

/** What XFORWARD takes (Postfix, XFORWARD_README). */
export const xforwardAttributes: ReadonlyArray<string> = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"];

/** The lines of the reply to EHLO but the first. */
export const lines = (situation: Situation): ReadonlyArray<string> =>
  Extension.all
    .filter((extension) => isOffered(extension, situation))
    .map((extension) => [extension, ...parameters[extension]?.(situation) ?? []].join(" "));
