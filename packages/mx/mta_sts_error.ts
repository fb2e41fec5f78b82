/**
 * Why the MTA-STS policy of a domain could not be found or used (RFC 8461). This never stops mail by itself: a domain whose
 * policy cannot be had is treated as one that has none, or by the policy that is still known. It is for people, and for the
 * reports of TLS-RPT.
 *
 * @example
 * ```ts
 * import { MtaStsError } from "@plausch/mx/mta-sts-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new MtaStsError({ reason: "FetchFailed", domain: "example.org", detail: "the server answered 404" });
 * assertEquals(error.message, 'Cannot fetch the MTA-STS policy of "example.org": the server answered 404');
 * assertEquals(error.resultType, "sts-policy-fetch-error");
 * ```
 *
 * @module
 */
import { quote } from "@plausch/dns/printable";
import * as Data from "effect/Data";

/** What went wrong, as a word to switch on. */
export type MtaStsErrorReason = keyof typeof explanations;

const explanations = {
  BadPolicy: ["use the MTA-STS policy", "it cannot be read"],
  BadRecord: ["use the MTA-STS record", "it cannot be read"],
  CertificateRefused: ["fetch the MTA-STS policy", "the certificate of its server is not valid for it"],
  FetchFailed: ["fetch the MTA-STS policy", "its server gave none"],
  RecordLookupFailed: ["look up the MTA-STS record", "the DNS failed"],
  SeveralRecords: ["use the MTA-STS record", "there is more than one"],
} as const;

/** The result types of TLS-RPT that are about MTA-STS policies (RFC 8460 section 4.3.2.2). */
export type MtaStsResultType = "sts-policy-fetch-error" | "sts-policy-invalid" | "sts-webpki-invalid";

const resultTypes: { readonly [R in MtaStsErrorReason]?: MtaStsResultType } = {
  BadPolicy: "sts-policy-invalid",
  CertificateRefused: "sts-webpki-invalid",
  FetchFailed: "sts-policy-fetch-error",
};

/**
 * Why the MTA-STS policy of a domain could not be found or used.
 *
 * @example
 * ```ts
 * import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const error = Result.getOrThrow(Result.flip(MtaStsPolicy.parse("example.org", "version: STSv1\nmode: none\n")));
 * assertEquals(error.message, 'Cannot use the MTA-STS policy of "example.org": it has no max_age');
 * ```
 */
export class MtaStsError extends Data.Error<{
  /** What went wrong. */
  readonly reason: MtaStsErrorReason;
  /** The policy domain. */
  readonly domain: string;
  /** What exactly is wrong, as a part of a sentence, safe to print. */
  readonly detail?: string | undefined;
  /** The failure beneath this one. */
  readonly cause?: unknown;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "MtaStsError" as const;

  /** The error's class name. */
  override get name(): string {
    return "MtaStsError";
  }

  /** Whether trying again may help: always, since all of it can be mended by others. */
  get isTemporary(): boolean {
    return true;
  }

  /** What TLS-RPT calls this; `undefined` where the domain counts as one without a policy, which is no failure. */
  get resultType(): MtaStsResultType | undefined {
    return resultTypes[this.reason];
  }

  /** One sentence for people. Safe to print. */
  override get message(): string {
    const [action, explanation] = explanations[this.reason];
    return `Cannot ${action} of ${quote(this.domain)}: ${this.detail ?? explanation}`;
  }
}
