import * as Pin from "@plausch/tls/pin";
import { TlsError } from "@plausch/tls/tls-error";
import type { TlsOptions } from "@plausch/tls/tls-options";
import * as Tlsa from "@plausch/tls/tlsa";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type * as tls from "node:tls";
import type { Role } from "./_handshake.ts";
import * as X509 from "./_x509.ts";

/** Settings that make sense, as a handshake needs them. */
export interface TlsSettings {
  /** For `node:tls`. */
  readonly node: tls.SecureContextOptions & tls.CommonConnectionOptions;
  /** The authorities to trust; `undefined` for those of the runtime. */
  readonly authorities: ReadonlyArray<X509.X509> | undefined;
  /** Digests of which the peer's certificate must have one; none if it need not. */
  readonly pins: ReadonlyArray<string>;
  /** TLSA records that count, of which its chain must match one; none if it need not. */
  readonly records: ReadonlyArray<Tlsa.Tlsa>;
  /** Names that the peer's certificate may be for, beside the one that is asked for. */
  readonly referenceNames: ReadonlyArray<string>;
  /** Whether a peer that has not proven who it is ends the handshake. */
  readonly insists: boolean;
}

type Octets = string | Uint8Array;
type Key = Redacted.Redacted<Octets>;

const utf8 = new TextDecoder();

const asList = <A>(one: A | ReadonlyArray<A>): ReadonlyArray<A> => Array.isArray(one) ? one : [one as A];

const asText = (octets: Octets): string => typeof octets === "string" ? octets : utf8.decode(octets);

const fail = (what: string, cause?: unknown): Result.Result<never, TlsError> =>
  Result.fail(new TlsError({ reason: "BadOptions", cause: new Error(what, { cause }) }));

/** The runtime takes a key that it cannot read as no key at all, and one that does not fit as a reason to say nothing. */
const identity = (options: TlsOptions): Result.Result<TlsSettings["node"], TlsError> => {
  if (options.key === undefined && options.cert === undefined) return Result.succeed({});
  if (options.key === undefined || options.cert === undefined) return fail("an identity needs both key and cert");
  const keys = asList(options.key as Key | ReadonlyArray<Key>).map((key) => asText(Redacted.value(key)));
  const certificates = asList<Octets>(options.cert).map(asText);
  if (keys.length !== certificates.length) return fail("there is not one key for each cert");
  const passphrase = options.passphrase === undefined ? {} : { passphrase: Redacted.value(options.passphrase) };
  for (const [index, certificate] of certificates.entries()) {
    try {
      const key = createPrivateKey({ key: keys[index]!, ...passphrase });
      if (!new X509Certificate(certificate).checkPrivateKey(key)) return fail("the key is not that of the cert");
    } catch (cause) {
      return fail("the key or the cert cannot be read; both are PEM, and an encrypted key needs its passphrase", cause);
    }
  }
  return Result.succeed({ key: keys, cert: certificates, ...passphrase });
};

const authorities = (ca: TlsOptions["ca"]): Result.Result<ReadonlyArray<X509.X509> | undefined, TlsError> => {
  if (ca === undefined) return Result.succeed(undefined);
  const blocks = asList<Octets>(ca).flatMap((octets) => X509.fromPem(asText(octets)));
  const found = blocks.map(X509.parse).filter((authority) => authority !== undefined);
  return found.length === 0 || found.length < blocks.length
    ? fail(found.length === 0 ? "ca has no certificate; it is PEM" : "ca has a certificate that cannot be read")
    : Result.succeed(found);
};

const isPeerNamed = (role: Role, options: TlsOptions, records: ReadonlyArray<Tlsa.Tlsa>): boolean => {
  if (role === "server" || options.servername !== undefined) return true;
  if (records.length > 0) return records.every(({ usage }) => usage === 3);
  return options.rejectUnauthorized === false || (options.pins ?? []).length > 0;
};

/** The records that count. A caller that has none of use goes on in another way, and does not come here. */
const recordsOf = (
  role: Role,
  { tlsa = [], pins = [] }: TlsOptions,
): Result.Result<ReadonlyArray<Tlsa.Tlsa>, TlsError> => {
  const records = Tlsa.select(tlsa);
  if (tlsa.length === 0) return Result.succeed(records);
  if (role === "server") return fail("tlsa is for clients: it tells of a server");
  if (pins.length > 0) return fail("tlsa and pins both decide alone; give one of them");
  return records.length > 0 ? Result.succeed(records) : fail(
    "none of the records in tlsa can be used: usage 2 or 3, selector 0 or 1, matching type 0, 1 or 2, whole data",
  );
};

/** Reads the options, before an octet is sent. Fails with a `TlsError` whose reason is `BadOptions`. */
export const fromOptions = (role: Role, options: TlsOptions): Result.Result<TlsSettings, TlsError> =>
  Result.gen(function* () {
    const pins = yield* Result.all((options.pins ?? []).map(Pin.parse));
    const records = yield* recordsOf(role, options);
    const trusted = yield* authorities(options.ca);
    const own = yield* identity(options);
    if (role === "server" && own.key === undefined) return yield* fail("a server needs key and cert");
    if (!isPeerNamed(role, options, records)) {
      return yield* fail("a client needs servername, to check the server's certificate");
    }
    const asks = role === "client" || options.requestCert === true;
    const node: Record<string, unknown> = { ...own, requestCert: asks, rejectUnauthorized: false };
    if (options.ca !== undefined) node.ca = asList<Octets>(options.ca).map(asText);
    if (options.minVersion !== undefined) node.minVersion = options.minVersion;
    if (options.alpnProtocols !== undefined) node.ALPNProtocols = options.alpnProtocols;
    return {
      node,
      authorities: trusted,
      pins,
      records,
      referenceNames: options.referenceNames ?? [],
      insists: asks && (pins.length + records.length > 0 || options.rejectUnauthorized !== false),
    };
  });
