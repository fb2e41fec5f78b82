/**
 * What is known beforehand about the TLS of a mail exchanger: nothing, by DANE (RFC 7672), or by MTA-STS (RFC 8461).
 *
 * Both promise encryption and say whom to trust. DANE is proven by DNSSEC, so where it applies MTA-STS is not asked
 * (RFC 8461 section 2).
 *
 * @example
 * ```ts
 * import * as TlsPolicy from "@plausch/mx/tls-policy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsPolicy.explain({ _tag: "MtaSts", mode: "enforce" }), "MTA-STS: TLS with a certificate for this host");
 * ```
 *
 * @module
 */
import type { Tlsa } from "@plausch/dns/record";

/** What to ask of the TLS of one host. */
export type TlsPolicy =
  | {
    /** Nothing is promised: TLS where it is offered, whoever it is (RFC 7435). */
    readonly _tag: "Opportunistic";
  }
  | {
    /** TLS, and the certificate must match a TLSA record (RFC 7672 section 2.2). */
    readonly _tag: "Dane";
    /** The records that can be used, with usage 2 or 3. There is at least one. */
    readonly records: ReadonlyArray<Tlsa>;
    /** The TLSA base domain: the name to say in SNI (RFC 7672 section 8.1). */
    readonly baseDomain: string;
    /** The names of which the certificate must have one where an authority is pinned (usage 2; RFC 7672 section 3.2.2). */
    readonly names: ReadonlyArray<string>;
  }
  | {
    /** There are TLSA records, and none of them can be used: TLS, whoever it is (RFC 7672 section 2.2). */
    readonly _tag: "DaneUnusable";
    /** The TLSA base domain. */
    readonly baseDomain: string;
  }
  | {
    /** TLS, and the certificate must be valid for the host. */
    readonly _tag: "MtaSts";
    /** `testing`: a failure is reported, and the mail goes all the same (RFC 8461 section 5). */
    readonly mode: "enforce" | "testing";
  };

/**
 * The policy in a few words, for people.
 *
 * @example
 * ```ts
 * import * as TlsPolicy from "@plausch/mx/tls-policy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TlsPolicy.explain({ _tag: "Opportunistic" }), "TLS where it is offered");
 * ```
 */
export const explain = (policy: TlsPolicy): string => {
  switch (policy._tag) {
    case "Opportunistic":
      return "TLS where it is offered";
    case "Dane":
      return `DANE: TLS with a certificate that matches TLSA ${
        policy.records.map(({ usage, selector, matchingType }) => `${usage} ${selector} ${matchingType}`).join(" or ")
      }`;
    case "DaneUnusable":
      return "DANE: TLS with any certificate, since no TLSA record can be used";
    case "MtaSts":
      return `MTA-STS: TLS with a certificate for this host${policy.mode === "testing" ? ", for a test" : ""}`;
  }
};
