/**
 * Effect's `HttpClient` over `node:https`, for hosts whose names come from strangers: it dials the addresses that it is
 * given, and asks nobody else where a name leads. So an address can be judged before it is dialled, and the one that was
 * judged is the one that is dialled (rebinding).
 *
 * It is plain on purpose: HTTPS and nothing else, HTTP/1.1, a connection for each request, no redirects, no cookies, no
 * cache, no proxy. The certificate must be valid for the name in the URL, by a DNS name in it and never by the common name
 * (RFC 9525 section 6.3), whatever the address.
 *
 * @example
 * ```ts
 * import * as HttpsClient from "@plausch/net/https-client";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * // In a program: `WebHost.addresses(resolver)` of @plausch/mx.
 * const client = HttpsClient.make({ addresses: () => Effect.succeed(["127.0.0.1"]) });
 * const error = await Effect.runPromise(Effect.flip(client.get("http://example.org/")));
 * assertEquals(error.reason._tag, "InvalidUrlError");
 * ```
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { Readable } from "node:stream";
import * as tls from "node:tls";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";
import { coded } from "./_errors.ts";

/** How to reach hosts. */
export interface HttpsClientOptions {
  /** The addresses of a host, in the order to dial them. No others are dialled. */
  readonly addresses: (host: string) => Effect.Effect<ReadonlyArray<string>, Error>;
  /** The authorities to trust, in PEM; those of the runtime if it is left out. */
  readonly ca?: string | ReadonlyArray<string> | undefined;
  /** The port to dial in place of the one in the URL: for tests, in which nobody can listen on 443. */
  readonly port?: number | undefined;
  /** The limit for one address, from dialling it to the head of the response. 20 seconds by default. */
  readonly timeout?: Duration.Input | undefined;
}

const defaultTimeout: Duration.Input = "20 seconds";

/**
 * Makes the client. Where nobody answers at an address, the next one is dialled; a server that answers wrongly, or shows
 * the wrong certificate, is the end of it. Failures are `TransportError`s with the error of the system, or of `addresses`,
 * as their cause. Bodies of requests may be empty, text or octets; those of responses come as they are read.
 *
 * @example
 * ```ts
 * import * as HttpsClient from "@plausch/net/https-client";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const client = HttpsClient.make({ addresses: () => Effect.fail(new Error("nobody knows where that is")) });
 * const error = await Effect.runPromise(Effect.flip(client.get("https://example.org/")));
 * assertEquals(error.reason._tag, "TransportError");
 * ```
 */
export const make = (options: HttpsClientOptions): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const fail = (cause: unknown) =>
      Effect.fail(
        new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) }),
      );
    if (url.protocol !== "https:" || net.isIP(url.hostname.replace(/^\[(.*)\]$/, "$1")) !== 0) {
      const description = "only https: URLs with the name of a host are fetched";
      const reason = new HttpClientError.InvalidUrlError({ request, description });
      return Effect.fail(new HttpClientError.HttpClientError({ reason }));
    }
    const body = bodyOf(request);
    if (body === undefined) {
      const description = "only text and octets are sent as a body";
      const reason = new HttpClientError.EncodeError({ request, description });
      return Effect.fail(new HttpClientError.HttpClientError({ reason }));
    }
    return options.addresses(url.hostname).pipe(
      Effect.flatMap((addresses) => firstThatAnswers(request, url, body, signal, options, addresses)),
      Effect.flatMap((message) => responseOf(request, message)),
      Effect.catch(fail),
    );
  });

/**
 * Provides the client.
 *
 * @example
 * ```ts
 * import * as HttpsClient from "@plausch/net/https-client";
 * import * as Effect from "effect/Effect";
 * import * as HttpClient from "effect/http/HttpClient";
 * import { assert } from "@std/assert";
 *
 * const layer = HttpsClient.layer({ addresses: () => Effect.succeed([]) });
 * const get = Effect.provide(HttpClient.get("https://example.org/"), layer);
 * assert((await Effect.runPromise(Effect.flip(get))).message.includes("example.org"));
 * ```
 */
export const layer = (options: HttpsClientOptions): Layer.Layer<HttpClient.HttpClient> =>
  Layer.succeed(HttpClient.HttpClient, make(options));

const bodyOf = ({ body }: HttpClientRequest): Uint8Array | undefined =>
  body._tag === "Empty" ? new Uint8Array(0) : body._tag === "Uint8Array" ? body.body : undefined;

const firstThatAnswers = (
  request: HttpClientRequest,
  url: URL,
  body: Uint8Array,
  signal: AbortSignal,
  options: HttpsClientOptions,
  addresses: ReadonlyArray<string>,
): Effect.Effect<http.IncomingMessage, Error> => {
  const [address, ...others] = addresses;
  if (address === undefined) return Effect.fail(coded("ENOTFOUND", `no address of ${url.hostname} is known`));
  return exchange(request, url, body, signal, options, address).pipe(
    Effect.timeoutOrElse({
      duration: options.timeout ?? defaultTimeout,
      orElse: () => Effect.fail(coded("ETIMEDOUT", `${address} did not answer in time`)),
    }),
    Effect.catchIf(
      (error) => others.length > 0 && isNobodyThere(error),
      () => firstThatAnswers(request, url, body, signal, options, others),
    ),
  );
};

/** Whether the connection never came about. */
const isNobodyThere = (error: Error): boolean =>
  "code" in error && (error.code === "ETIMEDOUT" || ("syscall" in error && error.syscall === "connect"));

/** Sends the request to one address, and gives the head of the response. */
const exchange = (
  request: HttpClientRequest,
  url: URL,
  body: Uint8Array,
  signal: AbortSignal,
  { ca, port = url.port === "" ? 443 : Number(url.port) }: HttpsClientOptions,
  address: string,
): Effect.Effect<http.IncomingMessage, Error> =>
  Effect.callback((resume) => {
    const connection: tls.ConnectionOptions = {
      host: address,
      port,
      servername: url.hostname,
      minVersion: "TLSv1.2",
      checkServerIdentity,
      ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
    };
    const options: https.RequestOptions = {
      host: address,
      port,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: {
        ...request.headers,
        host: url.host,
        // One request for each connection.
        connection: "close",
      },
      // An agent of node:https reads the authorities itself, which Deno does not allow without --allow-sys, and does not see
      // those of DENO_CERT. A connection of node:tls knows them.
      createConnection: () => tls.connect(connection),
      signal,
    };
    let outgoing: http.ClientRequest;
    try {
      outgoing = https.request(options);
    } catch (cause) {
      // Settings that cannot be used, such as a header field with a line end in it.
      return resume(Effect.fail(cause instanceof Error ? cause : new Error(String(cause))));
    }
    // It stays for errors that come late, when nobody waits any more.
    outgoing.on("error", (error) => resume(Effect.fail(error)));
    outgoing.on("response", (message) => resume(Effect.succeed(message)));
    outgoing.end(Buffer.from(body));
    return Effect.sync(() => {
      outgoing.destroy();
    });
  });

// Without alternative names the runtime would look at the common name. Deno says "" where there are none.
const checkServerIdentity = (host: string, certificate: tls.PeerCertificate): Error | undefined =>
  !certificate.subjectaltname
    ? coded(
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "the certificate has no alternative names, and the common name does not count",
    )
    : tls.checkServerIdentity(host, certificate);

const responseOf = (
  request: HttpClientRequest,
  message: http.IncomingMessage,
): Effect.Effect<HttpClientResponse.HttpClientResponse, Error> =>
  Effect.try({
    try: () => {
      const status = message.statusCode ?? 0;
      const headers = new Headers();
      for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
        headers.append(message.rawHeaders[at]!, message.rawHeaders[at + 1]!);
      }
      // A response has a body, or its status says that it has none.
      const hasBody = status !== 204 && status !== 205 && status !== 304;
      if (!hasBody) message.resume();
      const body = hasBody ? Readable.toWeb(message) as ReadableStream<Uint8Array> : null;
      return HttpClientResponse.fromWeb(request, new Response(body, { status, headers }));
    },
    catch: (cause) => {
      message.destroy();
      return new Error(`the response cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    },
  });
