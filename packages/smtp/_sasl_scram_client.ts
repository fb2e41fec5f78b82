import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Base64 from "./_sasl_base64.ts";
import { faultOfSecret, passwordCredentialsFault } from "./_sasl_credentials.ts";
import { type Begin, type Objection, play, reads } from "./_sasl_exchange.ts";
import { escapeName } from "./_sasl_gs2.ts";
import { equal } from "./_sasl_octets.ts";
import * as Scram from "./_sasl_scram.ts";
import * as Saslprep from "./saslprep.ts";
import { fault } from "./_source.ts";
import type { PasswordCredentials } from "./sasl.ts";
import { serverErrorValue } from "./sasl_error.ts";

/** Below this, who listens or lies can try passwords too fast (RFC 5802 section 5.1, RFC 7677 section 3). */
const leastIterations = 4096;

/** About two seconds of work; more than anybody recommends. */
const mostIterations = 2_000_000;

const object = (objection: Objection) => Result.fail(objection);

/** What is wrong with a message that is none of those that were due. */
const objectionTo = (message: string): Objection => {
  if (message.startsWith("m=")) return { reason: "UnknownExtension" };
  const [refusal] = Scram.values(message, ["e"]) ?? [];
  return refusal === undefined
    ? { reason: "BadChallenge" }
    : { reason: "ServerRefused", serverError: serverErrorValue(refusal) };
};

/** SCRAM without channel binding (RFC 5802, RFC 7677). The runtime does not tell what there is to bind to. */
export const client = (mechanism: Scram.ScramMechanism): Begin<PasswordCredentials> => (credentials, options) => {
  const { nonce, minIterations = leastIterations, maxIterations = mostIterations } = options;
  const { user, password, authorizationId } = credentials;
  const error = passwordCredentialsFault(credentials) ?? (Scram.isNonce(nonce) ? undefined : faultOfSecret("BadNonce"));
  if (error !== undefined) return Result.fail(error);
  const name = Saslprep.prepare(user, "query");
  if (name === undefined) return Result.fail(fault({ subject: "credentials", text: user }, "UnpreparedName"));

  const secret = Saslprep.preparePassword(Redacted.value(password));
  const header = `n,${authorizationId === undefined ? "" : `a=${escapeName(authorizationId)}`},`;
  const first = `n=${escapeName(name)},r=${nonce}`;
  let signature: Uint8Array | undefined;
  let isProven = false;

  const answerFirst = (message: string) => {
    const [combined, salted, count] = Scram.values(message, ["r", "s", "i"]) ?? [];
    const salt = Base64.decodeOctets(salted ?? "");
    if (combined === undefined || count === undefined) return object(objectionTo(message));
    if (salt === undefined || !Scram.isNonce(combined) || !/^[1-9]\d*$/.test(count)) {
      return object({ reason: "BadChallenge" });
    }
    if (!combined.startsWith(nonce) || combined === nonce) return object({ reason: "NonceNotExtended" });
    const iterations = Number(count);
    if (iterations < minIterations) return object({ reason: "TooFewIterations", iterations, limit: minIterations });
    if (iterations > maxIterations) return object({ reason: "TooManyIterations", iterations, limit: maxIterations });

    const keys = Scram.keysOf(mechanism, secret, salt, iterations);
    const last = `c=${Base64.encode(header)},r=${combined}`;
    const transcript = `${first},${message},${last}`;
    signature = Scram.signatureOf(mechanism, keys, transcript);
    const proof = Scram.proofOf(mechanism, keys, transcript);
    return Result.succeed(`${last},p=${Base64.encodeOctets(proof)}`);
  };

  const answerFinal = (message: string) => {
    const [verifier] = Scram.values(message, ["v"]) ?? [];
    if (verifier === undefined) return object(objectionTo(message));
    const claimed = Base64.decodeOctets(verifier);
    if (claimed === undefined) return object({ reason: "BadChallenge" });
    isProven = equal(claimed, signature!);
    return isProven ? Result.succeed("") : object({ reason: "BadSignature" });
  };

  return Result.succeed(play(mechanism, {
    initial: `${header}${first}`,
    steps: [reads(answerFirst), reads(answerFinal)],
    finish: () => isProven ? undefined : { reason: "UnprovenServer" },
    secrets: secret === Redacted.value(password) ? [password] : [password, Redacted.make(secret)],
  }));
};
