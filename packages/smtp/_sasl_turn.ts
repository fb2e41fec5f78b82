import * as Redacted from "effect/Redacted";
import { sha256 } from "@noble/hashes/sha2.js";
import { nameFault } from "./_sasl_credentials.ts";
import { equal } from "./_sasl_octets.ts";
import * as Octets from "./octets.ts";
import type { ServerAccept, ServerOptions, ServerRefuse } from "./sasl_server.ts";

/** What a server says to a response: a challenge in clear, and what reads the answer to it, or the end. */
export type Turn = ServerAccept | ServerRefuse | {
  readonly _tag: "Ask";
  readonly challenge: string;
  readonly next: Step;
};

/** Reads one response, in clear. */
export type Step = (response: string) => Turn;

/** How the server half of a mechanism begins. The response is what came along with AUTH, in clear. */
export type Open = (options: ServerOptions) => (initial: string | undefined) => Turn;

/** Asks, and goes on with the answer. */
export const ask = (challenge: string, next: Step): Turn => ({ _tag: "Ask", challenge, next });

/** A mechanism in which the client speaks first; if it did not along with AUTH, it is asked to. */
export const clientFirst = (step: (options: ServerOptions) => Step): Open => (options) => {
  const read = step(options);
  return (initial) => initial === undefined ? ask("", read) : read(initial);
};

/** What arrived is not what the mechanism defines. */
export const malformed: Turn = { _tag: "Failure", reason: "malformed" };

/** What arrived is well-formed, and does not prove who it is. */
export const rejected: Turn = { _tag: "Failure", reason: "rejected" };

/** The end of an exchange that proves who it is, if the names are such that a server can do something with them. */
export const accept = (user: string, authorizationId: string | undefined): Turn => {
  if ([user, authorizationId ?? user].some((name) => nameFault(name) !== undefined)) return malformed;
  return { _tag: "Success", user, ...(authorizationId === undefined ? {} : { authorizationId }) };
};

/**
 * Whether what was given is the secret of a user, in a time that does not depend on how much of it is right. Digests are compared,
 * for their lengths tell nothing. Nobody's secret is not even the empty one.
 */
export const isSecret = (known: string | undefined, given: string): boolean => {
  const digest = (text: string) => sha256(Octets.encode(text));
  return equal(digest(known ?? ""), digest(given)) && known !== undefined;
};

/** The secret of a user, in clear. */
export const secretOf = ({ user }: ServerOptions, name: string): string | undefined => {
  const secret = user(name);
  return secret === undefined ? undefined : Redacted.value(secret);
};
