import * as Octets from "@plausch/smtp/octets";
import * as Sasl from "@plausch/smtp/sasl";
import type * as SaslServer from "@plausch/smtp/sasl-server";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";

export const base64 = (text: string): string => btoa(latin1(Octets.encode(text)));
export const clear = (response: string): string => Octets.decode(octets(atob(response)));

export const password = (user: string, secret: string, authorizationId?: string): Sasl.PasswordCredentials => ({
  _tag: "Password",
  user,
  password: Redacted.make(secret),
  authorizationId,
});

export const token = (user: string, secret: string, more?: Partial<Sasl.TokenCredentials>): Sasl.TokenCredentials => ({
  _tag: "Token",
  user,
  token: Redacted.make(secret),
  ...more,
});

/** A client with a nonce of no surprise. */
export const client = (
  mechanism: Sasl.Mechanism,
  credentials: Sasl.Credentials,
  options?: Partial<Sasl.ClientOptions>,
): Sasl.ClientExchange => Result.getOrThrow(Sasl.client(mechanism, credentials, { nonce: "clientnonce", ...options }));

/** What a client answers to a challenge, both in clear, or the reason why it does not. */
export const answer = (exchange: Sasl.ClientExchange, challenge: string): string =>
  answerTo(exchange, base64(challenge));

/** The same for a challenge as it stands behind 334. */
export const answerTo = (exchange: Sasl.ClientExchange, challenge: string): string => {
  const response = exchange.respond(challenge);
  return Result.isSuccess(response) ? clear(Redacted.value(response.success)) : `(${response.failure.reason})`;
};

/** The initial response, in clear. */
export const initial = ({ initial }: Sasl.ClientExchange): string | undefined =>
  initial === undefined ? undefined : clear(Redacted.value(initial));

/** How an exchange ended: who the server takes the client for, or why one of them gave up. */
export type End = SaslServer.ServerAccept | SaslServer.ServerRefuse | {
  readonly _tag: "Broken";
  readonly reason: string;
};

/** Joins two halves with a wire, with an initial response or without, and tells what went over it in clear. */
export const converse = (
  exchange: Sasl.ClientExchange,
  server: SaslServer.ServerExchange,
  withInitial = true,
): { readonly end: End; readonly lines: ReadonlyArray<string> } => {
  const lines: Array<string> = [];
  const first = exchange.initial === undefined ? undefined : Redacted.value(exchange.initial);
  const say = (line: string): string => {
    lines.push(`C: ${line === "=" ? "" : clear(line)}`);
    return line;
  };
  let step = server.receive(withInitial && first !== undefined ? say(first === "" ? "=" : first) : undefined);
  let pending = withInitial ? undefined : first;
  while (step._tag === "Challenge") {
    lines.push(`S: ${clear(step.text)}`);
    const response = pending ?? exchange.respond(step.text);
    pending = undefined;
    if (typeof response === "string") step = server.receive(say(response));
    else if (Result.isSuccess(response)) step = server.receive(say(Redacted.value(response.success)));
    else return { end: { _tag: "Broken", reason: response.failure.reason }, lines };
  }
  const finished = exchange.finish();
  const isBroken = step._tag === "Success" && Result.isFailure(finished);
  return { end: isBroken ? { _tag: "Broken", reason: finished.failure.reason } : step, lines };
};
