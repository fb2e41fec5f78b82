/**
 * How much a sink takes from one client, so that none can exhaust it.
 *
 * @example A sink that takes small messages only
 * ```ts
 * import * as Limits from "@plausch/sink/limits";
 * import { assertEquals } from "@std/assert";
 *
 * const limits: Limits.Limits = { ...Limits.defaults, messageOctets: 1000 };
 * assertEquals(limits.recipients, 100);
 * ```
 *
 * @module
 */

/** The limits of one connection. */
export interface Limits {
  /**
   * Octets of a command line, its CRLF included; at least 512 (RFC 5321 section 4.5.3.1.4). Beyond: 500, and the connection is
   * closed, because where the next command begins would be a guess.
   */
  readonly lineOctets: number;
  /** Commands in one connection. Beyond: 421. */
  readonly commands: number;
  /** Commands answered 5yz since the last message that was stored. Beyond: 421. */
  readonly faults: number;
  /**
   * Accepted recipients of one message, offered as RCPTMAX (RFC 9422 section 4.2). Beyond: 452 4.5.3, which lets a client send it
   * to the others later (RFC 5321 section 4.5.3.1.10).
   */
  readonly recipients: number;
  /** MAIL commands in one connection, accepted or not, offered as MAILMAX (RFC 9422 section 4.1). Beyond: 421. */
  readonly transactions: number;
  /**
   * Different domains of accepted recipients in one connection, offered as RCPTDOMAINMAX (RFC 9422 section 4.3). Beyond:
   * 452 4.5.3.
   */
  readonly recipientDomains: number;
  /**
   * Octets of one message, also when it comes in chunks, offered as SIZE (RFC 1870); `Infinity` for no limit. Beyond: 552 5.3.4.
   */
  readonly messageOctets: number;
  /** Seconds for which a client may ask to hold a message, offered by FUTURERELEASE (RFC 4865). Beyond: 501. */
  readonly holdSeconds: number;
}

/**
 * Limits that fit a test server: lines of 2,048 octets (room for the parameters of all extensions), 100,000 commands, 100
 * faults, 100 recipients (the minimum of RFC 5321 section 4.5.3.1.8), any number of transactions and domains, messages of
 * 32 MiB, held for 30 days.
 */
export const defaults: Limits = {
  lineOctets: 2048,
  commands: 100_000,
  faults: 100,
  recipients: 100,
  transactions: Infinity,
  recipientDomains: Infinity,
  messageOctets: 32 * 1024 * 1024,
  holdSeconds: 30 * 24 * 60 * 60,
};
