import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { authorizationIdFault, faultOfSecret, nameFault } from "./_sasl_credentials.ts";
import { type Begin, play, says } from "./_sasl_exchange.ts";
import { escapeName } from "./_sasl_gs2.ts";
import { fault } from "./_source.ts";
import type { GrammarError } from "./grammar_error.ts";
import type { TokenCredentials } from "./sasl.ts";

/** What ends a field (RFC 7628 section 3.1). */
export const separator = "\x01";

const tokenPattern = /^[\x21-\x7e]+$/;

const hostFault = (host: string | undefined): GrammarError | undefined =>
  host === undefined || tokenPattern.test(host) ? undefined : fault({ subject: "credentials", text: host }, "BadHost");

const portFault = (port: number | undefined): GrammarError | undefined =>
  port === undefined || Number.isInteger(port) && port >= 1 && port <= 0xffff
    ? undefined
    : fault({ subject: "credentials", text: String(port) }, "BadPort");

const credentialsFault = ({ user, token, authorizationId, host, port }: TokenCredentials): GrammarError | undefined =>
  authorizationIdFault(authorizationId) ?? nameFault(user) ??
    (tokenPattern.test(Redacted.value(token)) ? undefined : faultOfSecret("BadToken")) ?? hostFault(host) ??
    portFault(port);

/**
 * OAUTHBEARER (RFC 7628). A challenge tells in JSON why the token is of no use; the client owes it one octet more, whereupon
 * the server says no (section 3.2.3).
 */
export const oauthBearer: Begin<TokenCredentials> = (credentials) => {
  const error = credentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  const { user, token, authorizationId = user, host, port } = credentials;
  const fields = [
    `n,a=${escapeName(authorizationId)},`,
    ...host === undefined ? [] : [`host=${host}`],
    ...port === undefined ? [] : [`port=${port}`],
    `auth=Bearer ${Redacted.value(token)}`,
  ];
  const initial = `${fields.join(separator)}${separator}${separator}`;
  return Result.succeed(play("OAUTHBEARER", { initial, steps: [says(separator)], secrets: [token] }));
};

/** XOAUTH2, as Google and Microsoft describe it. Its error report wants an empty line. */
export const xoauth2: Begin<TokenCredentials> = (credentials) => {
  const error = credentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  const { user, token, authorizationId = user } = credentials;
  const initial = `user=${authorizationId}${separator}auth=Bearer ${Redacted.value(token)}${separator}${separator}`;
  return Result.succeed(play("XOAUTH2", { initial, steps: [says("")], secrets: [token] }));
};
