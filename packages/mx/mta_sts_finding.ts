/**
 * What was found out about the MTA-STS policy of a domain, and what that means for its hosts (RFC 8461 sections 4 and 5).
 * Pure: `@plausch/mx/mta-sts` asks.
 *
 * @example
 * ```ts
 * import * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
 * import { assertEquals } from "@std/assert";
 *
 * const policy = { mode: "enforce", maxAge: 86400, mx: ["*.example.org"] } as const;
 * const finding: MtaStsFinding.MtaStsFinding = {
 *   _tag: "Found", policy, id: "1", fetchedAt: 0, source: "fetched", problem: undefined, ttl: 300,
 * };
 * assertEquals(MtaStsFinding.explain(finding), "enforce, for *.example.org");
 * ```
 *
 * @module
 */
import type { Candidate } from "./candidate.ts";
import type { MtaStsError } from "./mta_sts_error.ts";
import * as MtaStsPolicy from "./mta_sts_policy.ts";

/** What was found out. */
export type MtaStsFinding =
  | {
    /** The domain has no policy, or counts as one that has none. */
    readonly _tag: "None";
    /** What is wrong with its record or the way to it, where something is. */
    readonly problem: MtaStsError | undefined;
    /** For how many seconds the DNS lets that be kept. */
    readonly ttl: number;
  }
  | {
    /** There is a policy. */
    readonly _tag: "Found";
    /** The policy. */
    readonly policy: MtaStsPolicy.MtaStsPolicy;
    /** The version of it, as the record named it when it was fetched. */
    readonly id: string;
    /** When it was fetched, in milliseconds since the epoch. */
    readonly fetchedAt: number;
    /** Whether it was fetched now, or was known from before. */
    readonly source: "fetched" | "cached";
    /** Why there is no newer one, where one was looked for in vain. */
    readonly problem: MtaStsError | undefined;
    /** For how many seconds the DNS lets the version be kept; 0 where it did not tell. */
    readonly ttl: number;
  }
  | {
    /** There should be a policy, and it could not be fetched or read; none is known from before. Mail goes as without. */
    readonly _tag: "Failed";
    /** Why not. */
    readonly problem: MtaStsError;
    /** For how many seconds the DNS lets the version be kept. */
    readonly ttl: number;
  };

/**
 * The host with what the policy means for it. A host that DANE proves is left as it is, whatever the policy says: DANE is
 * the stronger of the two, and MTA-STS must not override it (RFC 8461 section 2). One whose TLSA records cannot be used
 * proves nothing by them, so a policy under `enforce` holds for it, too; under `testing` TLS stays a must. A host that the
 * policy does not name is skipped for now under `enforce`, and warned of under `testing`.
 *
 * @example
 * ```ts
 * import type { Candidate } from "@plausch/mx/candidate";
 * import * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
 * import { assertEquals } from "@std/assert";
 *
 * const candidate: Candidate = {
 *   host: "mx1.example.net", canonicalName: "mx1.example.net", preference: 10, ttl: 300,
 *   addresses: [{ address: "192.0.2.1", family: 4, ttl: 300, authenticated: false }], refused: [],
 *   decision: { _tag: "Try" }, policy: { _tag: "Opportunistic" }, warnings: [],
 * };
 * const finding = (mode: "enforce" | "testing", mx: string) => ({
 *   _tag: "Found", policy: { mode, maxAge: 86400, mx: [mx] }, id: "1", fetchedAt: 0, source: "fetched",
 *   problem: undefined, ttl: 300,
 * } as const);
 *
 * const named = MtaStsFinding.apply(candidate, finding("enforce", "mx1.example.net"));
 * assertEquals(named.policy, { _tag: "MtaSts", mode: "enforce" });
 * const stranger = MtaStsFinding.apply(candidate, finding("enforce", "*.example.org"));
 * assertEquals(stranger.decision, { _tag: "Skip", reason: "MtaStsMxMismatch", temporary: true });
 * const tested = MtaStsFinding.apply(candidate, finding("testing", "*.example.org"));
 * assertEquals(tested.warnings, [{ _tag: "MtaStsMxMismatch" }]);
 * ```
 */
export const apply = (candidate: Candidate, finding: MtaStsFinding): Candidate => {
  const { decision, policy, warnings } = candidate;
  if (decision._tag === "Skip" || !mayHold(candidate) || finding._tag !== "Found") return candidate;
  const { mode } = finding.policy;
  if (mode === "none") return candidate;
  const applied = { ...candidate, policy: { _tag: "MtaSts", mode } as const };
  const isNamed = MtaStsPolicy.matches(finding.policy, candidate.host);
  if (mode === "enforce" && !isNamed) {
    return { ...candidate, decision: { _tag: "Skip", reason: "MtaStsMxMismatch", temporary: true } };
  }
  if (policy._tag === "DaneUnusable") {
    const { baseDomain } = policy;
    // A policy on trial must not take away what DANE asks for.
    return mode === "testing"
      ? candidate
      : { ...applied, warnings: [...warnings, { _tag: "TlsaUnusable", baseDomain }] };
  }
  return isNamed ? applied : { ...applied, warnings: [...warnings, { _tag: "MtaStsMxMismatch" }] };
};

/**
 * Whether an MTA-STS policy may hold for a host: not where DANE proves it.
 *
 * @example
 * ```ts
 * import * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
 * import { assert } from "@std/assert";
 *
 * assert(MtaStsFinding.mayHold({ policy: { _tag: "DaneUnusable", baseDomain: "mx1.example.net" } }));
 * assert(!MtaStsFinding.mayHold({ policy: { _tag: "Dane", baseDomain: "mx1.example.net", records: [], names: [] } }));
 * ```
 */
export const mayHold = ({ policy }: Pick<Candidate, "policy">): boolean => policy._tag !== "Dane";

/**
 * The finding in a line for people; `undefined` where there is nothing to tell. Safe to print.
 *
 * @example
 * ```ts
 * import { MtaStsError } from "@plausch/mx/mta-sts-error";
 * import * as MtaStsFinding from "@plausch/mx/mta-sts-finding";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MtaStsFinding.explain({ _tag: "None", problem: undefined, ttl: 60 }), undefined);
 * const problem = new MtaStsError({ reason: "SeveralRecords", domain: "example.org" });
 * assertEquals(
 *   MtaStsFinding.explain({ _tag: "None", problem, ttl: 60 }),
 *   'none. Cannot use the MTA-STS record of "example.org": there is more than one',
 * );
 * ```
 */
export const explain = (finding: MtaStsFinding): string | undefined => {
  const { problem } = finding;
  const why = problem === undefined ? "" : `. ${problem.message}`;
  switch (finding._tag) {
    case "None":
      return problem === undefined ? undefined : `none${why}`;
    case "Failed":
      return `none that is known, so mail goes without${why}`;
    case "Found": {
      const { mode, mx } = finding.policy;
      const hosts = mode === "none" ? "" : `, for ${mx.slice(0, shown).join(", ")}`;
      const more = mode !== "none" && mx.length > shown ? ` and ${mx.length - shown} more` : "";
      return `${mode}${hosts}${more}${finding.source === "cached" ? ", known from before" : ""}${why}`;
    }
  }
};

const shown = 5;
