/**
 * The one error of this package: a look-up that gave no answer, or a name, server or record that cannot be read.
 *
 * That a name does not exist, or has no record of a type, is not an error: those are answers. What is left is
 * trouble, and nearly all trouble of the DNS is temporary.
 *
 * @example Tell a person what happened
 * ```ts
 * import { DnsError } from "@plausch/dns/dns-error";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const error = new DnsError({ reason: "ServerFailure", domain: "example.org", type: "MX", server: "192.0.2.53:53" });
 * assertEquals(
 *   error.message,
 *   'Cannot look up MX of "example.org" at 192.0.2.53:53: the server failed (SERVFAIL); try again later',
 * );
 * assert(error.isTemporary);
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import { quote } from "./printable.ts";
import type { RecordType } from "./record.ts";

/** Why there is no answer, as a word to switch on. The words are stable; the message is for people. */
export type DnsErrorReason = keyof typeof explanations;

const explanations = {
  AliasLoop: "its CNAME records lead in a circle",
  BadName: "it is not a domain name",
  BadRecord: "it is not in the form the record type wants",
  BadServer:
    'write an IP address, or IP:port; an IPv6 address with a port stands in brackets, like "[2001:db8::53]:53"',
  FormatError: "the server could not read the query (FORMERR)",
  Malformed: "the answer is not a valid DNS message",
  NoServer: "no name server is known; name one",
  NotImplemented: "the server does not support the query (NOTIMP)",
  NotRecursive: "the server only refers to other servers; name one that resolves for its clients",
  Refused: "the server refused to answer (REFUSED); may this machine use it?",
  ServerFailure: "the server failed (SERVFAIL); try again later",
  Timeout: "no answer came in time; is this a name server, and does it hear us?",
  Unreachable: "the server could not be reached",
} as const;

/** One try at one server that gave no answer. */
export interface Attempt {
  /** The server that was asked, like `192.0.2.53:53`. */
  readonly server: string;
  /** Why the try gave no answer. */
  readonly reason: DnsErrorReason;
}

/**
 * A failed look-up, or a name, server address or record that cannot be read.
 *
 * @example Switch on the reason
 * ```ts
 * import * as Name from "@plausch/dns/name";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const name = Name.fromString("mail..example.org");
 * assertEquals(Result.isFailure(name) && name.failure.reason, "BadName");
 * assertEquals(Result.isFailure(name) && name.failure.isTemporary, false);
 * ```
 */
export class DnsError extends Data.Error<{
  /** Why there is no answer. */
  readonly reason: DnsErrorReason;
  /** The name that was looked up, or the text that could not be read. (`name` is the error's own.) */
  readonly domain?: string | undefined;
  /** The record type that was asked for. */
  readonly type?: RecordType | undefined;
  /** The server that was asked last, like `192.0.2.53:53`. */
  readonly server?: string | undefined;
  /** The response code of the server, like `SERVFAIL`, where it sent one. */
  readonly rcode?: string | undefined;
  /** What exactly is wrong, as a part of a sentence. */
  readonly detail?: string | undefined;
  /** Every try that was made, in order. */
  readonly attempts?: ReadonlyArray<Attempt> | undefined;
  /** The failure beneath this one, such as a socket error. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "DnsError" as const;

  /** The error's class name. */
  override get name(): string {
    return "DnsError";
  }

  /**
   * Whether the same look-up may work later. Only text that cannot be read is permanent: whatever a server or the way
   * to it does wrong may be mended, so mail must wait and not bounce.
   */
  get isTemporary(): boolean {
    return this.reason !== "BadName" && this.reason !== "BadRecord" && this.reason !== "BadServer";
  }

  /** One sentence for people. Safe to print: everything in it is escaped. */
  override get message(): string {
    const tries = this.attempts?.length ?? 1;
    return `${action(this)}: ${this.detail ?? explanation(this)}${tries > 1 ? ` (${tries} tries)` : ""}`;
  }
}

const action = (error: DnsError): string => {
  const domain = error.domain === undefined ? "" : ` ${quote(error.domain)}`;
  switch (error.reason) {
    case "BadName":
      return `Cannot read the domain name${domain}`;
    case "BadRecord":
      return `Cannot read the ${error.type} record${domain}`;
    case "BadServer":
      return `Cannot use the name server${domain}`;
    default: {
      const at = error.server === undefined ? "" : ` at ${error.server}`;
      if (error.domain === undefined) return `Cannot use the DNS${at}`;
      return `Cannot look up ${error.type === undefined ? "" : `${error.type} of`}${domain}${at}`;
    }
  }
};

const explanation = (error: DnsError): string =>
  error.reason === "ServerFailure" && error.rcode !== undefined && error.rcode !== "SERVFAIL"
    ? `the server answered ${error.rcode}`
    : explanations[error.reason];
