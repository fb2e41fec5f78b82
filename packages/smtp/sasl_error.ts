/**
 * Why a SASL exchange cannot go on: what the server said does not fit the mechanism, or shows that it is not who it should be.
 *
 * A client that gets one while the server waits for a response cancels the exchange with `*` (RFC 4954 section 4). No error
 * holds any part of what either side sent.
 *
 * @example Tell what is wrong
 * ```ts
 * import { SaslError } from "@plausch/smtp/sasl-error";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new SaslError({ mechanism: "SCRAM-SHA-256", reason: "TooFewIterations", iterations: 1, limit: 4096 });
 * assertEquals(
 *   error.message,
 *   "Cannot authenticate with SCRAM-SHA-256: the server asks for 1 iterations; fewer than 4096 give the password away",
 * );
 * ```
 *
 * @module
 */
import * as Data from "effect/Data";
import type { Mechanism } from "./sasl.ts";

/** What is wrong, as a word to switch on. The words are stable; {@linkcode SaslError.message} is for people. */
export type SaslReason = keyof typeof explanations;

const explanations = {
  /** RFC 4954 section 4: a challenge is base64. */
  BadBase64: "the challenge is not base64",
  BadChallenge: "the challenge is not what the mechanism defines",
  UnexpectedChallenge: "the server asks once more than the mechanism does",
  // SCRAM, RFC 5802
  UnknownExtension: "the server requires an extension that is not known",
  NonceNotExtended: "the server did not extend the nonce; this may be an old answer, replayed",
  TooFewIterations: "the server asks for {iterations} iterations; fewer than {limit} give the password away",
  TooManyIterations: "the server asks for {iterations} iterations; more than {limit} take too long",
  ServerRefused: "the server refused with {serverError}",
  BadSignature: "the signature of the server is wrong; it does not know the password",
  UnprovenServer: "the server accepted without a proof that it knows the password",
} as const;

/**
 * The values of a SCRAM server's `e=` (RFC 5802 section 7). What is none of them reads as `other-error`, as section 5.1 wants,
 * so no text of a peer gets into an error by this way.
 */
export type ServerErrorValue = typeof serverErrorValues[number];

const serverErrorValues = [
  "invalid-encoding",
  "extensions-not-supported",
  "invalid-proof",
  "channel-bindings-dont-match",
  "server-does-support-channel-binding",
  "channel-binding-not-supported",
  "unsupported-channel-binding-type",
  "unknown-user",
  "invalid-username-encoding",
  "no-resources",
  "other-error",
] as const;

/**
 * The value of `e=` as one of those that RFC 5802 section 7 knows.
 *
 * @example An unknown value
 * ```ts
 * import * as SaslError from "@plausch/smtp/sasl-error";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(SaslError.serverErrorValue("invalid-proof"), "invalid-proof");
 * assertEquals(SaslError.serverErrorValue("the password is not hunter2"), "other-error");
 * ```
 */
export const serverErrorValue = (text: string): ServerErrorValue =>
  serverErrorValues.find((value) => value === text) ?? "other-error";

/**
 * A SASL exchange that cannot go on. `isTemporary` is always false: the same server would do the same again.
 *
 * @example Switch on the reason
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const password = Redacted.make("tanstaaftanstaaf");
 * const client = Result.getOrThrow(Sasl.client("CRAM-MD5", { _tag: "Password", user: "tim", password }, { nonce: "" }));
 * const response = client.respond("Go ahead");
 * assertEquals(Result.isFailure(response) && response.failure.reason, "BadBase64");
 * ```
 */
export class SaslError extends Data.Error<{
  /** The mechanism that was used. */
  readonly mechanism: Mechanism;
  /** What is wrong. */
  readonly reason: SaslReason;
  /** How many iterations the server asked for, where the reason is about them. */
  readonly iterations?: number | undefined;
  /** The limit that was passed, where the reason is about one. */
  readonly limit?: number | undefined;
  /** Why the server refused, where it said so. */
  readonly serverError?: ServerErrorValue | undefined;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "SaslError" as const;

  /** The error's class name. */
  override get name(): string {
    return "SaslError";
  }

  /** Whether trying again may help: never. */
  get isTemporary(): boolean {
    return false;
  }

  /** One sentence for people: what failed and why. Safe to print: it holds nothing of what was sent. */
  override get message(): string {
    const why = explanations[this.reason]
      .replace("{iterations}", String(this.iterations))
      .replace("{limit}", String(this.limit))
      .replace("{serverError}", String(this.serverError));
    return `Cannot authenticate with ${this.mechanism}: ${why}`;
  }
}
