/**
 * Who can log in to a sink, and how (RFC 4954).
 *
 * @example One user, who has to
 * ```ts
 * import * as Authentication from "@plausch/sink/authentication";
 * import * as Sink from "@plausch/sink/sink";
 * import * as Store from "@plausch/sink/store";
 * import { assert } from "@std/assert";
 * import * as Effect from "effect/Effect";
 * import * as Redacted from "effect/Redacted";
 *
 * const users = Authentication.users({ tim: Redacted.make("tanstaaftanstaaf") });
 * const sink = Sink.listen({ store: Store.discard, authentication: { users, required: true } });
 * assert((await Effect.runPromise(Effect.scoped(sink))).port > 0);
 * ```
 *
 * @module
 */
import type { Mechanism } from "@plausch/smtp/sasl";
import type * as Redacted from "effect/Redacted";

/** Who can log in, and how. */
export interface Authentication {
  /** The password or the token of a user; undefined for one who is not known. */
  readonly users: (name: string) => Redacted.Redacted<string> | undefined;
  /**
   * The mechanisms that are offered, in this order. Default: all but EXTERNAL and ANONYMOUS, strongest first. EXTERNAL is offered
   * only to a client that has shown a certificate that was verified.
   */
  readonly mechanisms?: ReadonlyArray<Mechanism> | undefined;
  /**
   * The mechanisms that give a password or a token away and are offered in clear all the same: PLAIN, LOGIN, XOAUTH2,
   * OAUTHBEARER. Default: none; saying one of them is answered 538 (RFC 4954 section 4).
   */
  readonly allowInClear?: ReadonlyArray<Mechanism> | undefined;
  /** Whether mail is taken from nobody else: 530. Default: false. */
  readonly required?: boolean | undefined;
  /** Whether a user may act as another: 535 if not. Default: nobody may. */
  readonly mayActAs?: ((user: string, other: string) => boolean) | undefined;
  /** What makes an exchange unlike any other: printable ASCII without commas, each time anew. Default: a random UUID. */
  readonly nonce?: (() => string) | undefined;
}

/**
 * Users with their passwords or tokens, by name.
 *
 * @example
 * ```ts
 * import * as Authentication from "@plausch/sink/authentication";
 * import { assertEquals } from "@std/assert";
 * import * as Redacted from "effect/Redacted";
 *
 * const users = Authentication.users({ tim: Redacted.make("tanstaaftanstaaf") });
 * assertEquals([users("tim") === undefined, users("toString")], [false, undefined]);
 * ```
 */
export const users = (passwords: Readonly<Record<string, Redacted.Redacted<string>>>): Authentication["users"] => {
  const known = new Map(Object.entries(passwords));
  return (name) => known.get(name);
};
