import * as Redacted from "effect/Redacted";
import { charsetFault } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import { GrammarError, type GrammarReason } from "./grammar_error.ts";
import type { PasswordCredentials } from "./sasl.ts";

/** An error about a value that must not be shown. */
export const faultOfSecret = (reason: GrammarReason): GrammarError =>
  new GrammarError({ subject: "credentials", reason });

/**
 * The fault of a user name. NUL, which separates the parts of PLAIN, has a reason of its own; the control character is its
 * cause. All mechanisms refuse the same names, so that one that works does not stop to work with another mechanism.
 */
export const nameFault = (name: string): GrammarError | undefined => {
  const source: Source = { subject: "credentials", text: name };
  if (name === "") return fault(source, "EmptyName");
  const charset = charsetFault(source, true);
  const nul = name.indexOf("\0");
  if (nul < 0) return charset;
  return new GrammarError({ ...source, input: name, reason: "NulInPlain", offset: nul, cause: charset });
};

/** The fault of an authorization identity, where there is one. */
export const authorizationIdFault = (name: string | undefined): GrammarError | undefined =>
  name === undefined ? undefined : nameFault(name);

/** The fault of a password, in words that tell nothing of it. */
const passwordFault = (password: string): GrammarError | undefined => {
  if (password === "") return faultOfSecret("EmptyPassword");
  return password.includes("\0") ? faultOfSecret("NulInPlain") : undefined;
};

/** The fault of a user with a password. */
export const passwordCredentialsFault = ({ user, password, authorizationId }: PasswordCredentials) =>
  authorizationIdFault(authorizationId) ?? nameFault(user) ?? passwordFault(Redacted.value(password));

/** The fault of an authorization identity that the mechanism cannot carry. */
export const unusedAuthorizationIdFault = (name: string | undefined): GrammarError | undefined =>
  name === undefined ? undefined : fault({ subject: "credentials", text: name }, "NoAuthorizationId");
