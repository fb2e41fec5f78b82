/**
 * One host that may take the mail, with the decision about it and the reason.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * const candidate: Candidate.Candidate = {
 *   host: "127.0.0.1", canonicalName: "127.0.0.1", preference: 10, ttl: 300, addresses: [], refused: [], warnings: [],
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
import * as AddressGuard from "./address_guard.ts";
import * as TlsPolicy from "./tls_policy.ts";

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

/** An address that the host has and that is not dialled. */
export interface RefusedAddress extends HostAddress {
  /** Why not. */
  readonly refusal: AddressGuard.Refusal;
}

/** Why a host is not tried. */
export type SkipReason = keyof typeof explanations;

const explanations = {
  AddressAsName: "an MX record must name a host, and this reads as an IP address",
  AddressRefused: "it has no address on the Internet",
  BehindSelf: "we are in the list before it, and mail would come back to us",
  Duplicate: "it stands further up already",
  LocalName: "the name means this machine",
  LookupFailed: "its addresses could not be looked up",
  MtaStsMxMismatch: "the MTA-STS policy of the domain does not name it",
  NoAddress: "it has no address",
  NoName: "the name does not exist",
  NotAHostName: "it has characters that no host name has",
  NullMx: "a null MX beside others means nothing",
  OtherFamily: "it has no address of the IP version that is wanted",
  OverLimit: "enough hosts come before it",
  Self: "that is us",
  TlsaLookupFailed: "its TLSA records could not be looked up, and DANE must not be guessed at",
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

/** Something odd about a host that is not what decides about it. */
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
  }
  | {
    /** The MTA-STS policy of the domain does not name the host, and its mode is `testing`: it is tried all the same. */
    readonly _tag: "MtaStsMxMismatch";
  }
  | {
    /** The host has TLSA records, and none of them can be used: the MTA-STS policy of the domain holds. */
    readonly _tag: "TlsaUnusable";
    /** The TLSA base domain. */
    readonly baseDomain: string;
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
  /** What it has besides, and is not dialled (SSRF). See `AddressGuard`. */
  readonly refused: ReadonlyArray<RefusedAddress>;
  /** Whether it is tried, and if not, why. */
  readonly decision: Decision;
  /** What to ask of its TLS. */
  readonly policy: TlsPolicy.TlsPolicy;
  /** What is odd about it. */
  readonly warnings: ReadonlyArray<CandidateWarning>;
}

/**
 * One line for people: preference, host, and what is done with it and why; where more than TLS if offered is asked of
 * it, that too. Names from the DNS are in presentation form, so the line is safe to print.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Candidate.explain({
 *     host: "mail.example.org", canonicalName: "mx1.example.org", preference: 10, ttl: 300,
 *     addresses: [{ address: "192.0.2.1", family: 4, ttl: 300, authenticated: false }], refused: [],
 *     decision: { _tag: "Try" }, policy: { _tag: "Opportunistic" },
 *     warnings: [{ _tag: "MxIsCname", target: "mx1.example.org" }],
 *   }),
 *   "10 mail.example.org: try 192.0.2.1; warning: it is an alias of mx1.example.org, and an MX record must not name one",
 * );
 * ```
 */
export const explain = (candidate: Candidate): string => {
  const { decision, addresses, policy, refused, warnings } = candidate;
  const isTried = decision._tag === "Try";
  const doing = isTried
    ? `try ${addresses.map(({ address }) => address).join(", ")}`
    : `skip, ${explainSkip(candidate)}`;
  const odd = warnings.map(explainWarning);
  if (isTried && refused.length > 0) odd.push(`not dialled: ${explainRefused(refused)}`);
  const asking = isTried && policy._tag !== "Opportunistic" ? `; ${TlsPolicy.explain(policy)}` : "";
  return [`${candidate.preference} ${candidate.host}: ${doing}${asking}`, ...odd].join("; warning: ");
};

/**
 * Why a host is skipped, in a few words for people, with the addresses that are not dialled; empty for a host that is
 * tried. Safe to print.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * const decision = { _tag: "Skip", reason: "NoName", temporary: false } as const;
 * assertEquals(Candidate.explainSkip({ decision, refused: [] }), "the name does not exist");
 * ```
 */
export const explainSkip = ({ decision, refused }: Pick<Candidate, "decision" | "refused">): string => {
  if (decision._tag === "Try") return "";
  const why = explanations[decision.reason];
  if (decision.error !== undefined) return `${why} (${decision.error.reason})`;
  return refused.length === 0 ? why : `${why}: ${explainRefused(refused)}`;
};

const shown = 3;

/**
 * The addresses that are not dialled, each with the reason; of many the first three. Safe to print.
 *
 * @example
 * ```ts
 * import * as AddressGuard from "@plausch/mx/address-guard";
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * const refused = ["10.0.0.1", "127.0.0.1"].map((address) => ({
 *   address, family: 4 as const, ttl: 300, authenticated: false, refusal: AddressGuard.refusal(address)!,
 * }));
 * assertEquals(Candidate.explainRefused(refused), "10.0.0.1 (private), 127.0.0.1 (loopback)");
 * ```
 */
export const explainRefused = (refused: ReadonlyArray<RefusedAddress>): string => {
  const texts = refused.slice(0, shown).map(({ refusal }) => AddressGuard.explain(refusal));
  if (refused.length > shown) texts.push(`${refused.length - shown} more`);
  return texts.join(", ");
};

/**
 * What is odd about a host, in a few words for people. Safe to print.
 *
 * @example
 * ```ts
 * import * as Candidate from "@plausch/mx/candidate";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   Candidate.explainWarning({ _tag: "MxIsCname", target: "mx1.example.org" }),
 *   "it is an alias of mx1.example.org, and an MX record must not name one",
 * );
 * ```
 */
export const explainWarning = (warning: CandidateWarning): string => {
  switch (warning._tag) {
    case "AddressesLeftOut":
      return warning.count === 1 ? "1 more address is left out" : `${warning.count} more addresses are left out`;
    case "MtaStsMxMismatch":
      return "the MTA-STS policy of the domain, which is for a test, does not name it";
    case "MxIsCname":
      return `it is an alias of ${warning.target}, and an MX record must not name one`;
    case "TlsaUnusable":
      return `none of the TLSA records of ${warning.baseDomain} can be used`;
    case "PartlyLookedUp":
      return `its IPv${warning.family} addresses could not be looked up (${warning.error.reason})`;
  }
};
