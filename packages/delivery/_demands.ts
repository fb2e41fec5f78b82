/**
 * What is asked of a host's TLS: the most of what the caller wants and what the host's domain promises.
 *
 * @module
 */
import type { Candidate } from "@plausch/mx/candidate";
import type { TlsPolicy } from "@plausch/mx/tls-policy";
import type { TlsLevel } from "@plausch/tls/tls-level";
import type { TlsOptions } from "@plausch/tls/tls-options";

/** What to ask. */
export interface Demands {
  readonly _tag: "Demands";
  readonly level: TlsLevel;
  readonly options: TlsOptions;
}

/** Why a host cannot have what is asked for. */
export interface Lacking {
  readonly _tag: "Lacking";
  readonly reason: "NotDane" | "NotMtaSts";
  readonly message: string;
}

const notDane: Lacking = {
  _tag: "Lacking",
  reason: "NotDane",
  message: "DANE is asked for, and it has no TLSA record that can be used",
};

const notMtaSts: Lacking = {
  _tag: "Lacking",
  reason: "NotMtaSts",
  message: "MTA-STS is asked for, and no policy that is enforced covers it",
};

type Rise = TlsLevel | Lacking;

/**
 * The level by what the caller wants (across) and what is promised (down). DANE is more than MTA-STS, for whoever asks
 * for that; a policy in the mode `testing` changes nothing (RFC 8461 section 5).
 */
const levels: { readonly [P in TlsPolicy["_tag"]]: { readonly [L in TlsLevel]: Rise } } = {
  Opportunistic: {
    none: "none",
    opportunistic: "opportunistic",
    required: "required",
    verified: "verified",
    "mta-sts": notMtaSts,
    dane: notDane,
  },
  Dane: {
    none: "none",
    opportunistic: "dane",
    required: "dane",
    verified: "dane",
    "mta-sts": "dane",
    dane: "dane",
  },
  DaneUnusable: {
    none: "none",
    opportunistic: "required",
    required: "required",
    verified: "verified",
    "mta-sts": notMtaSts,
    dane: notDane,
  },
  MtaSts: {
    none: "none",
    opportunistic: "mta-sts",
    required: "mta-sts",
    verified: "mta-sts",
    "mta-sts": "mta-sts",
    dane: notDane,
  },
};

const opportunistic: TlsPolicy = { _tag: "Opportunistic" };

/** `level` and `options` are the caller's. */
export const of = (
  { host, addresses, policy }: Pick<Candidate, "host" | "addresses" | "policy">,
  level: TlsLevel,
  options: TlsOptions = {},
): Demands | Lacking => {
  // Whoever pins a certificate needs nobody's promise.
  const isPinned = (options.pins?.length ?? 0) > 0;
  const promised = isPinned || policy._tag === "MtaSts" && policy.mode === "testing" ? opportunistic : policy;
  const rise = levels[promised._tag][level];
  if (typeof rise !== "string") return rise;
  // An address literal has its brackets in the plan; its certificate has none.
  const name = host.startsWith("[") ? addresses[0]?.address ?? host : host;
  const named = { ...options, servername: options.servername ?? name };
  if (rise !== "dane" || promised._tag !== "Dane") return { _tag: "Demands", level: rise, options: named };
  const { baseDomain, names, records } = promised;
  return {
    _tag: "Demands",
    level: rise,
    options: { ...options, servername: baseDomain, referenceNames: names, tlsa: records },
  };
};
