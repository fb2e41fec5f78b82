/**
 * One host that may take the mail, with the decision about it and the reason.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * const candidate: Candidate.Candidate = {
 *   host: "127.0.0.1", canonicalName: "127.0.0.1", preference: 10, ttl: 300, addresses: [], warnings: [],
 *   decision: { _tag: "Skip", reason: "AddressAsName", temporary: false }, policy: { _tag: "Opportunistic" },
 * };
 * assertEquals(
 *   Candidate.explain(candidate),
 *   "10 127.0.0.1: skip, an MX record must name a host, and this reads as an IP address",
 * );
 * ```
 *
 * @module
 */
import type { DnsError } from "@plausch/dns/dns-error";
import type { TlsPolicy } from "./tls_policy.ts";

/** An address to dial. */
export interface HostAddress {
  /** The IP address in its usual form. */
  readonly address: string;
  /** Its version. */
  readonly family: 4 | 6;
  /** How long the DNS lets it be kept, in seconds; `undefined` for an address literal. */
  readonly ttl: number | undefined;
  /** Whether the name server says that DNSSEC proved it. See `Answer.authenticated`. */
  readonly authenticated: boolean;
}

/** Why a host is not tried. */
export type SkipReason = keyof typeof explanations;

const explanations = {
  AddressAsName: "an MX record must name a host, and this reads as an IP address",
  Duplicate: "it stands further up already",
  LookupFailed: "its addresses could not be looked up",
  NoAddress: "it has no address",
  NoName: "the name does not exist",
  NotAHostName: "it has characters that no host name has",
  NullMx: "a null MX beside others means nothing",
  OverLimit: "enough hosts come before it",
} as const;

/** Whether a host is tried, and if not, why. */
export type Decision =
  | {
    /** The host is tried. */
    readonly _tag: "Try";
  }
  | {
    /** The host is not tried. */
    readonly _tag: "Skip";
    /** Why not. */
    readonly reason: SkipReason;
    /** Whether that may be another way later. */
    readonly temporary: boolean;
    /** What the DNS said, where it failed. */
    readonly error?: DnsError | undefined;
  };

/** Something odd about a host that is tried all the same. */
export type CandidateWarning =
  | {
    /** The host is an alias, which an MX record must not name (RFC 2181 section 10.3). It is followed. */
    readonly _tag: "MxIsCname";
    /** The name that it is an alias for. */
    readonly target: string;
  }
  | {
    /** The addresses of one IP version could not be looked up. */
    readonly _tag: "PartlyLookedUp";
    /** That version. */
    readonly family: 4 | 6;
    /** What went wrong. */
    readonly error: DnsError;
  }
  | {
    /** The host has more addresses than the limit. */
    readonly _tag: "AddressesLeftOut";
    /** How many were left out. */
    readonly count: number;
  };

/** One host that may take the mail. */
export interface Candidate {
  /** The host, as the MX record names it; the domain itself where it has none; an address literal with its brackets. */
  readonly host: string;
  /** The name where its addresses were found: another one than `host` where that is an alias. */
  readonly canonicalName: string;
  /** The preference of its MX record; 0 where there is none. */
  readonly preference: number;
  /** How long the choice of this host may be kept, in seconds, where the DNS told. */
  readonly ttl: number | undefined;
  /** What to dial, IPv6 first, in the order of the name server. */
  readonly addresses: ReadonlyArray<HostAddress>;
  /** Whether it is tried, and if not, why. */
  readonly decision: Decision;
  /** What to ask of its TLS. */
  readonly policy: TlsPolicy;
  /** What is odd about it. */
  readonly warnings: ReadonlyArray<CandidateWarning>;
}

/**
 * One line for people: preference, host, and what is done with it and why. Names from the DNS are in presentation form,
 * so the line is safe to print.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Candidate.explain({
 *     host: "mail.example.org", canonicalName: "mx1.example.org", preference: 10, ttl: 300,
 *     addresses: [{ address: "192.0.2.1", family: 4, ttl: 300, authenticated: false }],
 *     decision: { _tag: "Try" }, policy: { _tag: "Opportunistic" },
 *     warnings: [{ _tag: "MxIsCname", target: "mx1.example.org" }],
 *   }),
 *   "10 mail.example.org: try 192.0.2.1; warning: it is an alias of mx1.example.org, and an MX record must not name one",
 * );
 * ```
 */
export const explain = (candidate: Candidate): string => {
  const { decision, addresses, warnings } = candidate;
  const doing = decision._tag === "Try"
    ? `try ${addresses.map(({ address }) => address).join(", ")}`
    : `skip, ${explanations[decision.reason]}${decision.error === undefined ? "" : ` (${decision.error.reason})`}`;
  return [`${candidate.preference} ${candidate.host}: ${doing}`, ...warnings.map(explainWarning)].join("; warning: ");
};

const explainWarning = (warning: CandidateWarning): string => {
  switch (warning._tag) {
    case "AddressesLeftOut":
      return `${warning.count} more addresses are left out`;
    case "MxIsCname":
      return `it is an alias of ${warning.target}, and an MX record must not name one`;
    case "PartlyLookedUp":
      return `its IPv${warning.family} addresses could not be looked up (${warning.error.reason})`;
  }
};
