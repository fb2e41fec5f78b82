import { hmac } from "@noble/hashes/hmac.js";
import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { passwordCredentialsFault, unusedAuthorizationIdFault } from "./_sasl_credentials.ts";
import { type Begin, play, reads } from "./_sasl_exchange.ts";
import * as Octets from "./octets.ts";
import type { PasswordCredentials } from "./sasl.ts";

/** The keyed digest of a challenge in lower-case hexadecimal (RFC 2195 section 2). */
export const digest = (password: string, challenge: string): string =>
  bytesToHex(hmac(md5, Octets.encode(password), Octets.encode(challenge)));

/**
 * CRAM-MD5 (RFC 2195). The digest of an empty challenge would be the same each time, a password of its own; so a server that asks for
 * it does not get it.
 */
export const cramMd5: Begin<PasswordCredentials> = (credentials) => {
  const { user, password, authorizationId } = credentials;
  const error = unusedAuthorizationIdFault(authorizationId) ?? passwordCredentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  const answer = reads((challenge) =>
    challenge === ""
      ? Result.fail({ reason: "BadChallenge" })
      : Result.succeed(`${user} ${digest(Redacted.value(password), challenge)}`)
  );
  return Result.succeed(play("CRAM-MD5", { steps: [answer], secrets: [password] }));
};
