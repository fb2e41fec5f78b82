import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { authorizationIdFault, passwordCredentialsFault, unusedAuthorizationIdFault } from "./_sasl_credentials.ts";
import { type Begin, play, says } from "./_sasl_exchange.ts";
import type { AnonymousCredentials, ExternalCredentials, PasswordCredentials } from "./sasl.ts";
import { charsetFault } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";

/** PLAIN (RFC 4616). A server that does not take the response along with AUTH asks for it, and may ask in any words. */
export const plain: Begin<PasswordCredentials> = (credentials) => {
  const error = passwordCredentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  const { authorizationId = "", user, password } = credentials;
  const initial = `${authorizationId}\0${user}\0${Redacted.value(password)}`;
  return Result.succeed(play("PLAIN", { initial, steps: [says(initial)], secrets: [password] }));
};

/** LOGIN (draft-murchison-sasl-login). What the server asks is not looked at: it asks in many ways, but in one order. */
export const login: Begin<PasswordCredentials> = (credentials) => {
  const { user, password, authorizationId } = credentials;
  const error = unusedAuthorizationIdFault(authorizationId) ?? passwordCredentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  return Result.succeed(play("LOGIN", { steps: [says(user), says(Redacted.value(password))], secrets: [password] }));
};

/** EXTERNAL (RFC 4422 appendix A): the server knows already who it is, and is told at most as whom to act. */
export const external: Begin<ExternalCredentials> = ({ authorizationId }) => {
  const error = authorizationIdFault(authorizationId);
  if (error !== undefined) return Result.fail(error);
  const initial = authorizationId ?? "";
  return Result.succeed(play("EXTERNAL", { initial, steps: [says(initial)], secrets: [] }));
};

/** RFC 4505 section 2. */
const maxTrace = 255;

/** ANONYMOUS (RFC 4505). */
export const anonymous: Begin<AnonymousCredentials> = ({ trace = "" }) => {
  const source: Source = { subject: "credentials", text: trace };
  const error = charsetFault(source, true) ??
    ([...trace].length > maxTrace ? fault(source, "TraceTooLong", undefined, maxTrace) : undefined);
  if (error !== undefined) return Result.fail(error);
  return Result.succeed(play("ANONYMOUS", { initial: trace, steps: [says(trace)], secrets: [] }));
};
