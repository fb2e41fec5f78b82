/**
 * Fetches MTA-STS policies over HTTPS (RFC 8461 section 3.3), with effect's `HttpClient`. `HttpsClient` of `@plausch/net`
 * dials only what was looked up and judged before; effect's `FetchHttpClient` works too, and dials what the system's
 * resolver says.
 *
 * This stands apart from `@plausch/mx/mta-sts`, since an HTTP client is much to load, and few domains have a policy.
 *
 * @example
 * ```ts
 * import * as MtaStsFetch from "@plausch/mx/mta-sts-fetch";
 * import * as Effect from "effect/Effect";
 * import * as HttpClient from "effect/http/HttpClient";
 * import * as HttpClientResponse from "effect/http/HttpClientResponse";
 * import { assertEquals } from "@std/assert";
 *
 * const web = HttpClient.make((request, url) => {
 *   assertEquals(url.href, "https://mta-sts.example.org/.well-known/mta-sts.txt");
 *   const headers = { "content-type": "text/plain" };
 *   const policy = "version: STSv1\nmode: none\nmax_age: 86400\n";
 *   return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(policy, { headers })));
 * });
 * const fetch = await Effect.runPromise(Effect.provideService(MtaStsFetch.make(), HttpClient.HttpClient, web));
 * assertEquals(await Effect.runPromise(fetch("example.org")), { mode: "none", maxAge: 86400, mx: [] });
 * ```
 *
 * @module
 */
import { quote } from "@plausch/dns/printable";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import * as Stream from "effect/Stream";
import type { FetchPolicy } from "./mta_sts.ts";
import { MtaStsError } from "./mta_sts_error.ts";
import * as MtaStsPolicy from "./mta_sts_policy.ts";
import { WebHostError } from "./web_host.ts";

/** How to fetch. */
export interface MtaStsFetchOptions {
  /** The limit for fetching one policy, from the first look-up to the last octet. A minute by default. */
  readonly timeout?: Duration.Input | undefined;
}

const defaultTimeout: Duration.Input = "1 minute";

/**
 * Where the policy of a domain is.
 *
 * @example
 * ```ts
 * import * as MtaStsFetch from "@plausch/mx/mta-sts-fetch";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(MtaStsFetch.policyUrl("example.org"), "https://mta-sts.example.org/.well-known/mta-sts.txt");
 * ```
 */
export const policyUrl = (domain: string): string => `https://mta-sts.${domain}/.well-known/mta-sts.txt`;

/**
 * Makes a function that fetches the policy of a domain, an A-label: from `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`,
 * without following redirects, with a certificate for that host, status 200, media type `text/plain`, 64 KiB at most. Fails
 * with `FetchFailed`, `CertificateRefused` or `BadPolicy`.
 *
 * @example A page that is not there
 * ```ts
 * import * as MtaStsFetch from "@plausch/mx/mta-sts-fetch";
 * import * as Effect from "effect/Effect";
 * import * as HttpClient from "effect/http/HttpClient";
 * import * as HttpClientResponse from "effect/http/HttpClientResponse";
 * import { assertEquals } from "@std/assert";
 *
 * const web = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status: 404 })))
 * );
 * const fetch = await Effect.runPromise(Effect.provideService(MtaStsFetch.make(), HttpClient.HttpClient, web));
 * const error = await Effect.runPromise(Effect.flip(fetch("example.org")));
 * assertEquals([error.reason, error.detail], ["FetchFailed", "the server answered 404"]);
 * ```
 */
export const make = (
  { timeout = defaultTimeout }: MtaStsFetchOptions = {},
): Effect.Effect<FetchPolicy, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => (domain) => fetch(client, domain, timeout));

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
  const unknown = causes.find((cause) => cause instanceof WebHostError);
  const last = causes.at(-1);
  const detail = unknown === undefined
    ? quote(last instanceof Error ? last.message : String(last))
    : `its host cannot be dialled: ${unknown.detail}`;
  const reason = causes.some(isAboutCertificate) ? "CertificateRefused" : "FetchFailed";
  return new MtaStsError({ reason, domain, detail, cause: error });
};

// Node's codes, such as ERR_TLS_CERT_ALTNAME_INVALID and UNABLE_TO_VERIFY_LEAF_SIGNATURE, and the words of rustls beneath
// Deno's fetch.
const isAboutCertificate = (cause: unknown): boolean =>
  cause instanceof Error &&
  /CERT|UNABLE_TO_|invalid peer certificate/.test(`${"code" in cause ? cause.code : ""} ${cause.message}`);
