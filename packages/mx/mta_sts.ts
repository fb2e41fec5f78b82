/**
 * Finds the MTA-STS policy of a domain (RFC 8461 section 3): asks the DNS for its version, fetches it over HTTPS where it is
 * not known yet, and keeps it.
 *
 * HTTPS comes in as effect's `HttpClient`: with `HttpsClient` of `@plausch/net` the policy host is looked up and judged
 * like every other host, and the address that was judged is dialled; effect's `FetchHttpClient` works too, and dials what
 * the system's resolver says.
 *
 * @example
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as MtaSts from "@plausch/mx/mta-sts";
 * import * as Mx from "@plausch/mx/mx";
 * import * as RoutePlan from "@plausch/mx/route-plan";
 * import * as Effect from "effect/Effect";
 * import * as HttpClient from "effect/http/HttpClient";
 * import * as HttpClientResponse from "effect/http/HttpClientResponse";
 * import * as Layer from "effect/Layer";
 * import { assertEquals } from "@std/assert";
 *
 * const zone = Zone.layer({
 *   records: {
 *     "example.org": { MX: "10 mx1.example.net" },
 *     "mx1.example.net": { A: "192.0.2.1" },
 *     "_mta-sts.example.org": { TXT: "v=STSv1; id=1;" },
 *   },
 * });
 * const policy = "version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 86400\n";
 * const web = Layer.succeed(HttpClient.HttpClient, HttpClient.make((request) => {
 *   const headers = { "content-type": "text/plain" };
 *   return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(policy, { headers })));
 * }));
 * const program = Effect.gen(function* () {
 *   const mtaSts = yield* MtaSts.make();
 *   const plan = yield* Mx.resolve("example.org", { mtaSts });
 *   assertEquals(RoutePlan.failure(plan)?.reason, "MtaStsMxMismatch");
 * });
 * await Effect.runPromise(program.pipe(Effect.provide([zone, web])));
 * ```
 *
 * @module
 */
import * as Answer from "@plausch/dns/answer";
import type { DnsError } from "@plausch/dns/dns-error";
import { quote } from "@plausch/dns/printable";
import * as Record from "@plausch/dns/record";
import { Resolver } from "@plausch/dns/resolver";
import * as Cache from "effect/Cache";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { KeptPolicy, MtaStsCache } from "./mta_sts_cache.ts";
import * as MtaStsCaches from "./mta_sts_cache.ts";
import { MtaStsError } from "./mta_sts_error.ts";
import type { MtaStsFinding } from "./mta_sts_finding.ts";
import * as MtaStsPolicy from "./mta_sts_policy.ts";
import * as MtaStsRecord from "./mta_sts_record.ts";

/** Finds policies. */
export interface MtaSts {
  /**
   * Finds the policy of a domain, an A-label in lower case. Never fails: what went wrong is in the finding. The policy of a
   * domain does not hold for the domains below it (RFC 8461 section 3.4).
   */
  readonly discover: (domain: string) => Effect.Effect<MtaStsFinding>;
}

/** How to find policies. */
export interface MtaStsOptions {
  /** Where policies are kept. By default in memory, of 10,000 domains. */
  readonly cache?: MtaStsCache | undefined;
  /** The limit for fetching one policy, from the first look-up to the last octet. A minute by default. */
  readonly timeout?: Duration.Input | undefined;
  /** After how long a policy is fetched anew though its version is the same. A day by default. */
  readonly refreshAfter?: Duration.Input | undefined;
  /** How long not to try again after a version could not be fetched. 5 minutes by default. */
  readonly retryAfter?: Duration.Input | undefined;
}

// RFC 8461 section 3.3 suggests each of these.
const defaultTimeout: Duration.Input = "1 minute";
const defaultRefresh: Duration.Input = "1 day";
const defaultRetry: Duration.Input = "5 minutes";

/** How many versions that could not be fetched are remembered. */
const maxFailures = 10_000;

/**
 * Makes a finder of policies. One serves a whole program: it remembers policies, also those that failed, and however many
 * messages ask for one at a time, it is fetched once.
 *
 * The rules (RFC 8461 section 3): a policy that is known and not too old is used while the record names its version. Another
 * version is fetched, from `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, without following redirects, with a
 * certificate for that host, status 200, media type `text/plain`, 64 KiB at most. Whatever fails, the policy that is known
 * stays in force until its `max_age` is over, also when the record is gone; without one, the domain counts as one that has
 * no policy.
 *
 * @example Known from before
 * ```ts
 * import * as Zone from "@plausch/dns/zone";
 * import * as MtaSts from "@plausch/mx/mta-sts";
 * import * as MtaStsCache from "@plausch/mx/mta-sts-cache";
 * import * as Effect from "effect/Effect";
 * import * as FetchHttpClient from "effect/http/FetchHttpClient";
 * import { assertEquals } from "@std/assert";
 *
 * const program = Effect.gen(function* () {
 *   const cache = MtaStsCache.inMemory();
 *   const policy = { mode: "enforce", maxAge: 86400, mx: ["mx1.example.org"] } as const;
 *   yield* cache.set("example.org", { policy, id: "1", fetchedAt: Date.now() });
 *   const mtaSts = yield* MtaSts.make({ cache });
 *   const finding = yield* mtaSts.discover("example.org");
 *   assertEquals(finding._tag === "Found" && finding.source, "cached");
 * });
 * const zone = Zone.layer({ records: {} });
 * await Effect.runPromise(program.pipe(Effect.provide([zone, FetchHttpClient.layer])));
 * ```
 */
export const make: (
  options?: MtaStsOptions,
) => Effect.Effect<MtaSts, never, Resolver | HttpClient.HttpClient> = Effect.fn("MtaSts.make")(
  function* (options = {}) {
    const resolver = yield* Resolver;
    const client = yield* HttpClient.HttpClient;
    const cache = options.cache ?? MtaStsCaches.inMemory();
    const refreshAfter = Duration.toMillis(Duration.fromInputUnsafe(options.refreshAfter ?? defaultRefresh));
    // One fetch for all who wait for a version, and none for a while after one that failed.
    const fetches = yield* Cache.makeWith(
      (key: string) => {
        const [id = "", domain = ""] = key.split(" ");
        return fetch(client, domain, options.timeout ?? defaultTimeout).pipe(
          Effect.flatMap((policy) =>
            Effect.map(Clock.currentTimeMillis, (fetchedAt): KeptPolicy => ({ policy, id, fetchedAt }))
          ),
          Effect.tap((kept) => cache.set(domain, kept)),
        );
      },
      {
        capacity: maxFailures,
        timeToLive: (exit) => Exit.isSuccess(exit) ? Duration.zero : options.retryAfter ?? defaultRetry,
      },
    );
    return {
      discover: Effect.fn("MtaSts.discover")(function* (domain: string) {
        const answer = yield* Effect.result(resolver.query(MtaStsRecord.ownerName(domain), "TXT"));
        const ttl = Result.isSuccess(answer) ? Answer.ttl(answer.success) ?? 0 : 0;
        const record = recordOf(domain, answer);
        const found = yield* cache.get(domain);
        const now = yield* Clock.currentTimeMillis;
        const kept = found !== undefined && isGood(found, now) ? found : undefined;
        const known = (problem: MtaStsError | undefined): MtaStsFinding | undefined =>
          kept === undefined ? undefined : { _tag: "Found", ...kept, source: "cached", problem, ttl };
        if (Result.isFailure(record) || record.success === undefined) {
          const problem = Result.isFailure(record) ? record.failure : undefined;
          return known(problem) ?? { _tag: "None", problem, ttl };
        }
        const { id } = record.success;
        if (kept !== undefined && kept.id === id && now - kept.fetchedAt < refreshAfter) return known(undefined)!;
        const fetched = yield* Effect.result(Cache.get(fetches, `${id} ${domain}`));
        return Result.match(fetched, {
          onFailure: (problem): MtaStsFinding => known(problem) ?? { _tag: "Failed", problem, ttl },
          onSuccess: (fresh): MtaStsFinding => ({
            _tag: "Found",
            ...fresh,
            source: "fetched",
            problem: undefined,
            ttl,
          }),
        });
      }),
    };
  },
);

const isGood = ({ policy, fetchedAt }: KeptPolicy, now: number): boolean =>
  // A time in the future comes from a clock that was set back: nobody knows how old that policy is.
  fetchedAt <= now && now < fetchedAt + policy.maxAge * 1000;

const recordOf = (
  domain: string,
  answer: Result.Result<Answer.Answer, DnsError>,
): Result.Result<MtaStsRecord.MtaStsRecord | undefined, MtaStsError> =>
  Result.match(answer, {
    onFailure: (cause) =>
      Result.fail(new MtaStsError({ reason: "RecordLookupFailed", domain, detail: cause.message, cause })),
    onSuccess: (found) => MtaStsRecord.select(domain, Answer.records(found, "TXT").map(Record.text)),
  });

/**
 * Where the policy of a domain is.
 *
 * @example
 * ```ts
 * import * as MtaSts from "@plausch/mx/mta-sts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MtaSts.policyUrl("example.org"), "https://mta-sts.example.org/.well-known/mta-sts.txt");
 * ```
 */
export const policyUrl = (domain: string): string => `https://mta-sts.${domain}/.well-known/mta-sts.txt`;

const fetch = (
  client: HttpClient.HttpClient,
  domain: string,
  timeout: Duration.Input,
): Effect.Effect<MtaStsPolicy.MtaStsPolicy, MtaStsError> => {
  const fail = (detail: string) => new MtaStsError({ reason: "FetchFailed", domain, detail });
  return client.get(policyUrl(domain), { headers: { accept: "text/plain", "user-agent": "plausch" } }).pipe(
    Effect.flatMap((response) => Effect.andThen(objection(response, fail), readBody(response, fail))),
    // For clients that stand on `fetch`, which follows redirects and may cache unless it is told.
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual", cache: "no-store" }),
    // The host belongs to a stranger, whom our traces are no business of.
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.catchTag("HttpClientError", (error) => Effect.fail(transportError(domain, error))),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(fail(`it took longer than ${Duration.format(Duration.fromInputUnsafe(timeout))}`)),
    }),
    Effect.flatMap((octets) => Effect.fromResult(MtaStsPolicy.parse(domain, new TextDecoder().decode(octets)))),
  );
};

/** What stands against a response before its body is read. */
const objection = (
  { status, headers }: HttpClientResponse,
  fail: (detail: string) => MtaStsError,
): Effect.Effect<void, MtaStsError> => {
  const location = headers["location"];
  // A redirect that a browser's fetch hides has the status 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    const whereto = location === undefined ? "" : ` to ${quote(location)}`;
    return Effect.fail(fail(`the server redirects${whereto}, which must not be followed`));
  }
  if (status !== 200) return Effect.fail(fail(`the server answered ${status}`));
  const type = headers["content-type"];
  if (type?.split(";")[0]?.trim().toLowerCase() !== "text/plain") {
    return Effect.fail(fail(`its media type is ${type === undefined ? "not told" : quote(type)}, not text/plain`));
  }
  return Effect.void;
};

const readBody = (
  response: HttpClientResponse,
  fail: (detail: string) => MtaStsError,
): Effect.Effect<Uint8Array, HttpClientError | MtaStsError> =>
  Effect.suspend(() => {
    const octets = new Uint8Array(MtaStsPolicy.maxOctets);
    let size = 0;
    return response.stream.pipe(
      Stream.runForEach((chunk) => {
        if (size + chunk.length > octets.length) {
          return Effect.fail(fail(`it is larger than ${MtaStsPolicy.maxOctets} octets`));
        }
        octets.set(chunk, size);
        size += chunk.length;
        return Effect.void;
      }),
      Effect.map(() => octets.subarray(0, size)),
    );
  });

/** Tells a certificate that proves nothing from a server that is not there: TLS-RPT does. */
const transportError = (domain: string, error: HttpClientError): MtaStsError => {
  const causes: Array<unknown> = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 8; at = at.cause) causes.push(at);
  const last = causes.at(-1);
  const detail = quote(last instanceof Error ? last.message : String(last));
  const reason = causes.some(isAboutCertificate) ? "CertificateRefused" : "FetchFailed";
  return new MtaStsError({ reason, domain, detail, cause: error });
};

// Node's codes, such as ERR_TLS_CERT_ALTNAME_INVALID and UNABLE_TO_VERIFY_LEAF_SIGNATURE, and the words of rustls beneath
// Deno's fetch.
const isAboutCertificate = (cause: unknown): boolean =>
  cause instanceof Error &&
  /CERT|UNABLE_TO_|invalid peer certificate/.test(`${"code" in cause ? cause.code : ""} ${cause.message}`);
