/**
 * How a session authenticates (RFC 4954).
 *
 * @example A password, for whatever mechanism is the strongest
 * ```ts
 * import type * as Authentication from "@plausch/session/authentication";
 * import * as Redacted from "effect/Redacted";
 * import { assertEquals } from "@std/assert";
 *
 * const authentication: Authentication.Authentication = {
 *   credentials: { _tag: "Password", user: "alice", password: Redacted.make("wonder land") },
 * };
 * assertEquals(JSON.stringify(authentication).includes("wonder"), false);
 * ```
 *
 * @module
 */
import type { Credentials, Mechanism } from "@plausch/smtp/sasl";

/** Who logs in, and how. */
export interface Authentication {
  /** What proves who it is. */
  readonly credentials: Credentials;
  /**
   * The mechanisms that may be used. Of those that the server offers the strongest is used, and no other is tried when it fails.
   * Default: all that fit the credentials.
   */
  readonly mechanisms?: ReadonlyArray<Mechanism> | undefined;
  /**
   * The mechanisms that may give the password or token away on a connection in clear: PLAIN, LOGIN, XOAUTH2, OAUTHBEARER.
   * Default: none (RFC 4954 section 4, RFC 8314).
   */
  readonly allowInClear?: ReadonlyArray<Mechanism> | undefined;
  /** Whether to send the first response along with AUTH where the mechanism has one and it fits the line. Default: true. */
  readonly initialResponse?: boolean | undefined;
}
