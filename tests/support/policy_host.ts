import type { Resolver } from "@plausch/dns/resolver";
import * as MtaSts from "@plausch/mx/mta-sts";
import * as MtaStsFetch from "@plausch/mx/mta-sts-fetch";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import { HttpClientError, TransportError } from "effect/http/HttpClientError";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";

/** What a policy host does: it serves a text, gives any response, cannot be reached for a reason, or never answers. */
export type Answer = string | Error | "hang" | (() => Response);

/** A response that a policy host may give. */
export const textResponse = (text: string, status = 200, type: string | null = "text/plain"): Response =>
  new Response(new TextEncoder().encode(text), { status, headers: type === null ? {} : { "content-type": type } });

/** A policy host without a network. */
export interface PolicyHost {
  /** What it does; may be set anew between two requests. */
  answer: Answer;
  /** What it was asked for. */
  readonly asked: Array<string>;
  readonly layer: Layer.Layer<HttpClient.HttpClient>;
}

/** Makes a policy host. */
export const policyHost = (first: Answer): PolicyHost => {
  const asked: Array<string> = [];
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      asked.push(String(url));
      yield* Effect.yieldNow;
      const { answer } = host;
      if (answer === "hang") return yield* Effect.never;
      if (answer instanceof Error) {
        return yield* new HttpClientError({ reason: new TransportError({ request, cause: answer }) });
      }
      return HttpClientResponse.fromWeb(request, typeof answer === "string" ? textResponse(answer) : answer());
    })
  );
  const host: PolicyHost = { answer: first, asked, layer: Layer.succeed(HttpClient.HttpClient, client) };
  return host;
};

/** A finder of policies that fetches them with the HTTP client of the context. */
export const makeMtaSts = (
  options: Omit<MtaSts.MtaStsOptions, "fetch"> = {},
): Effect.Effect<MtaSts.MtaSts, never, Resolver | HttpClient.HttpClient> =>
  Effect.flatMap(MtaStsFetch.make(), (fetch) => MtaSts.make({ ...options, fetch }));
