/**
 * Credentials on their way to the server: the responses of the SASL mechanisms PLAIN (RFC 4616) and LOGIN.
 *
 * Passwords come in `Redacted` and go out `Redacted`: base64 hides nothing. Open the result where it is written to the wire, and
 * nowhere else. No error holds a part of a password.
 *
 * @example PLAIN
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const response = Result.getOrThrow(Sasl.plain({ user: "tim", password: Redacted.make("tanstaaftanstaaf") }));
 * assertEquals(String(response), "<redacted>");
 * assertEquals(Redacted.value(response), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
 * ```
 *
 * @module
 */
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { charsetFault } from "./_characters.ts";
import { fault, type Source } from "./_source.ts";
import { GrammarError } from "./grammar_error.ts";
import * as Octets from "./octets.ts";

/** Who logs in. */
export interface Credentials {
  /** The user whose password it is. No control characters. */
  readonly user: string;
  /** The password. Any octets but NUL; lone surrogates stand for octets as in `Octets.decode`. */
  readonly password: Redacted.Redacted<string>;
}

/** Who logs in, and as whom, where that is somebody else. */
export interface PlainCredentials extends Credentials {
  /** The user to act as (RFC 4616 section 2, authzid). Default: the one who logs in. */
  readonly authorizationId?: string | undefined;
}

/** The two answers of LOGIN, in base64. */
export interface LoginResponses {
  /** The answer to the first challenge. */
  readonly user: Redacted.Redacted<string>;
  /** The answer to the second challenge. */
  readonly password: Redacted.Redacted<string>;
}

const base64 = (text: string): string => {
  let octets = "";
  for (const octet of Octets.encode(text)) octets += String.fromCharCode(octet);
  return btoa(octets);
};

/** The fault of a user name. NUL, which separates the parts of PLAIN, has a reason of its own; the control character is its cause. */
const userFault = (user: string): GrammarError | undefined => {
  const source: Source = { subject: "credentials", text: user };
  if (user === "") return fault(source, "EmptyName");
  const charset = charsetFault(source, true);
  const nul = user.indexOf("\0");
  if (nul < 0) return charset;
  return new GrammarError({ ...source, input: user, reason: "NulInPlain", offset: nul, cause: charset });
};

/** The fault of a password, in words that tell nothing of it. */
const passwordFault = (password: string): GrammarError | undefined => {
  if (password === "") return new GrammarError({ subject: "credentials", reason: "EmptyPassword" });
  return password.includes("\0") ? new GrammarError({ subject: "credentials", reason: "NulInPlain" }) : undefined;
};

const credentialsFault = ({ user, password }: Credentials): GrammarError | undefined =>
  userFault(user) ?? passwordFault(Redacted.value(password));

const secret = (text: string): Redacted.Redacted<string> => Redacted.make(base64(text));

/**
 * The response of PLAIN in base64. Fails with `EmptyName`, `ControlCharacter`, `BadUtf8` or `NulInPlain` for a user,
 * `EmptyPassword` or `NulInPlain` for the password. Texts are sent as they are, in UTF-8: nothing is normalised.
 *
 * @example On behalf of somebody else
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const credentials = { user: "Kurt", password: Redacted.make("xipj3plmq"), authorizationId: "Ursel" };
 * const response = Redacted.value(Result.getOrThrow(Sasl.plain(credentials)));
 * assertEquals(atob(response), "Ursel\0Kurt\0xipj3plmq");
 * ```
 */
export const plain = (credentials: PlainCredentials): Result.Result<Redacted.Redacted<string>, GrammarError> => {
  const { user, password, authorizationId } = credentials;
  const error = (authorizationId === undefined ? undefined : userFault(authorizationId)) ??
    credentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  return Result.succeed(secret(`${authorizationId ?? ""}\0${user}\0${Redacted.value(password)}`));
};

/**
 * The two responses of LOGIN in base64. What the server asks is not looked at: it asks in many ways. Fails as
 * {@linkcode plain} does.
 *
 * @example Two answers
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const responses = Result.getOrThrow(Sasl.login({ user: "tim", password: Redacted.make("tanstaaftanstaaf") }));
 * assertEquals(Redacted.value(responses.user), "dGlt");
 * assertEquals(Redacted.value(responses.password), "dGFuc3RhYWZ0YW5zdGFhZg==");
 * ```
 */
export const login = (credentials: Credentials): Result.Result<LoginResponses, GrammarError> => {
  const error = credentialsFault(credentials);
  if (error !== undefined) return Result.fail(error);
  return Result.succeed({
    user: secret(credentials.user),
    password: secret(Redacted.value(credentials.password)),
  });
};
