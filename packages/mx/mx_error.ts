/**
 * The one error of this package: a text that is no mail domain. Everything that the DNS answers, or fails to answer, is
 * in the route plan instead.
 *
 * @example
 * ```ts
 * import { MxError } from "@plausch/mx/mx-error";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new MxError({ reason: "BareAddress", domain: "192.0.2.1" }).message,
 *   'Cannot route mail to "192.0.2.1": an IP address stands in brackets, like [192.0.2.1] or [IPv6:2001:db8::1]',
 * );
 * ```
 *
 * @module
 */
import { quote } from "@plausch/dns/printable";
import * as Data from "effect/Data";

/** What is wrong with the domain, as a word to switch on. */
export type MxErrorReason = keyof typeof explanations;

const explanations = {
  BadAddressLiteral: "write [192.0.2.1] or [IPv6:2001:db8::1]; no other kind of literal can be dialled",
  BadDomain: "it is not a domain name that a host can have",
  BareAddress: "an IP address stands in brackets, like [192.0.2.1] or [IPv6:2001:db8::1]",
} as const;

/**
 * A text that is no mail domain.
 *
 * @example
 * ```ts
 * import * as Destination from "@plausch/mx/destination";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const destination = Destination.fromString("mail..example.org");
 * assertEquals(Result.isFailure(destination) && destination.failure.reason, "BadDomain");
 * ```
 */
export class MxError extends Data.Error<{
  /** What is wrong. */
  readonly reason: MxErrorReason;
  /** The text that is no mail domain. */
  readonly domain: string;
  /** What exactly is wrong, as a part of a sentence. */
  readonly detail?: string | undefined;
  /** The failure beneath this one. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "MxError" as const;

  /** The error's class name. */
  override get name(): string {
    return "MxError";
  }

  /** Whether trying again may help: never. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people. Safe to print: the domain is escaped. */
  override get message(): string {
    return `Cannot route mail to ${quote(this.domain)}: ${this.detail ?? explanations[this.reason]}`;
  }
}
