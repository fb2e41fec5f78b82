import * as Tlsa from "@plausch/tls/tlsa";
import { createHash } from "node:crypto";
import * as Der from "./_der.ts";
import * as Pkix from "./_pkix.ts";
import * as X509 from "./_x509.ts";

/** What the records came to. Which record proves something is told; there is none where nothing is proven. */
export interface Judgement {
  readonly record: Tlsa.Tlsa | undefined;
  /** Where the chain leads, if a record stands for an authority of it. */
  readonly finding: Pkix.Finding;
}

const unknown: Pkix.Finding = { _tag: "Unknown" };

const hashes: ReadonlyMap<number, string> = new Map([[1, "sha256"], [2, "sha512"]]);

const associate = (certificate: X509.X509): Tlsa.Associate => (selector, matchingType) => {
  const octets = selector === 0 ? certificate.der : certificate.publicKey;
  const hash = hashes.get(matchingType);
  return hash === undefined ? octets : createHash(hash).update(octets).digest();
};

const matching = (records: ReadonlyArray<Tlsa.Tlsa>, certificate: X509.X509): Tlsa.Tlsa | undefined => {
  const associated = associate(certificate);
  return records.find((record) => Tlsa.matches(record, associated));
};

const ofUsage = (records: ReadonlyArray<Tlsa.Tlsa>, usage: number): ReadonlyArray<Tlsa.Tlsa> =>
  records.filter((record) => record.usage === usage);

const whole = (records: ReadonlyArray<Tlsa.Tlsa>, selector: number): ReadonlyArray<Tlsa.Tlsa> =>
  ofUsage(records, 2).filter((record) => record.matchingType === 0 && record.selector === selector);

/** The authorities that stand in the records themselves, and that the peer need not send (RFC 7671 section 5.2.2). */
export const authoritiesIn = (records: ReadonlyArray<Tlsa.Tlsa>): ReadonlyArray<X509.X509> =>
  whole(records, 0).map(({ data }) => X509.parse(data)).filter((authority) => authority !== undefined);

/**
 * What TLSA records say of a chain, the peer's own certificate first (RFC 7671 section 5). A record of usage 3 needs nothing but to
 * match that one: name, time and issuer do not count. One of usage 2 names an authority, never the peer's own certificate; from
 * there everything is as with authorities that are known here, and the authority must be sound itself. What the record holds
 * of it is enough: a whole certificate need not be sent, and a bare key, of which no certificate was sent, only has to have signed.
 */
export const judge = (
  chain: ReadonlyArray<X509.X509>,
  records: ReadonlyArray<Tlsa.Tlsa>,
  now: number,
): Judgement => {
  const [own, ...others] = chain;
  if (own === undefined) return { record: undefined, finding: unknown };
  const exact = matching(ofUsage(records, 3), own);
  if (exact !== undefined) return { record: exact, finding: unknown };

  const named = ofUsage(records, 2);
  const authorities = others.filter((authority) => matching(named, authority) !== undefined);
  const bare = whole(records, 1).filter(({ data }) => !others.some(({ publicKey }) => Der.equal(publicKey, data)));
  if (authorities.length + bare.length === 0) return { record: undefined, finding: unknown };
  const anchors = { known: [], sound: authorities, keys: bare.map(({ data }) => data) };
  const finding = Pkix.check(chain, anchors, "server", now);
  if (finding._tag !== "Trusted") return { record: undefined, finding };
  const { anchor } = finding;
  const record = anchor instanceof Uint8Array ? bare.find(({ data }) => data === anchor) : matching(named, anchor);
  return { record, finding };
};
