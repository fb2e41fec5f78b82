/**
 * Authentication: the client halves of the SASL mechanisms that AUTH carries (RFC 4954, RFC 4422), and the choice between them.
 *
 * An exchange is a value that answers challenges: no socket, no waiting, no randomness of its own. Passwords and tokens come in
 * `Redacted`, and responses go out `Redacted`, for base64 hides nothing. Open them where they are written to the wire, and
 * nowhere else. No error holds a part of a secret. The other half is in `@plausch/smtp/sasl-server`.
 *
 * @example Choose, and say the first response along with AUTH
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const credentials: Sasl.Credentials = { _tag: "Password", user: "tim", password: Redacted.make("tanstaaftanstaaf") };
 * const mechanism = Result.getOrThrow(Sasl.select({ offered: ["LOGIN", "PLAIN"], credentials, encrypted: true }));
 * assertEquals(mechanism, "PLAIN");
 *
 * const client = Result.getOrThrow(Sasl.client(mechanism, credentials, { nonce: "" }));
 * assertEquals(String(client.initial), "<redacted>");
 * assertEquals(Redacted.value(client.initial!), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
 * ```
 *
 * @module
 */
import type { Redacted } from "effect/Redacted";
import * as Result from "effect/Result";
import { cramMd5 } from "./_sasl_cram.ts";
import { faultOfSecret } from "./_sasl_credentials.ts";
import type { Begin } from "./_sasl_exchange.ts";
import * as OAuth from "./_sasl_oauth.ts";
import * as Plain from "./_sasl_plain.ts";
import * as Scram from "./_sasl_scram_client.ts";
import type { GrammarError } from "./grammar_error.ts";
import type { SaslError } from "./sasl_error.ts";

/** The mechanisms that are known, strongest first; those of a kind of credentials stand together. */
export const mechanisms = [
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
  "OAUTHBEARER",
  "XOAUTH2",
  "EXTERNAL",
  "ANONYMOUS",
] as const;

/** The name of a mechanism (RFC 4422 section 3.1), in upper case. */
export type Mechanism = typeof mechanisms[number];

/** A user with a password: for SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN. */
export interface PasswordCredentials {
  readonly _tag: "Password";
  /** The user whose password it is. Not empty, no control characters. */
  readonly user: string;
  /** The password. Any octets but NUL, at least one; lone surrogates stand for octets as in `Octets.decode`. */
  readonly password: Redacted<string>;
  /** The user to act as, where that is somebody else. CRAM-MD5 and LOGIN cannot. */
  readonly authorizationId?: string | undefined;
}

/** A user with a token of OAuth 2.0: for OAUTHBEARER and XOAUTH2. */
export interface TokenCredentials {
  readonly _tag: "Token";
  /** The user whose token it is. Not empty, no control characters. */
  readonly user: string;
  /** The access token (RFC 6750 section 2.1): printable ASCII without spaces, at least one character. */
  readonly token: Redacted<string>;
  /** The user to act as, whose mailbox it may be. It takes the place of `user`, for there is room for one name. */
  readonly authorizationId?: string | undefined;
  /** The host that the client wanted to reach, for OAUTHBEARER (RFC 7628 section 3.1). Printable ASCII. Default: not said. */
  readonly host?: string | undefined;
  /** The port that the client wanted to reach, from 1 to 65535, for OAUTHBEARER. Default: not said. */
  readonly port?: number | undefined;
}

/** Somebody whom the server knows by other means, such as a client certificate: for EXTERNAL. */
export interface ExternalCredentials {
  readonly _tag: "External";
  /** The user to act as. Not empty, no control characters. Default: whoever the server knows it to be. */
  readonly authorizationId?: string | undefined;
}

/** Nobody: for ANONYMOUS. */
export interface AnonymousCredentials {
  readonly _tag: "Anonymous";
  /** What to leave in the server's log, such as a mail address (RFC 4505 section 2). At most 255 characters. Default: empty. */
  readonly trace?: string | undefined;
}

/** Who logs in, and what proves it. */
export type Credentials = PasswordCredentials | TokenCredentials | ExternalCredentials | AnonymousCredentials;

/** What an exchange needs from outside. */
export interface ClientOptions {
  /**
   * What makes this exchange unlike any other, for SCRAM (RFC 5802 section 5.1): fresh random characters for each exchange,
   * at least 18, printable ASCII without a comma. Other mechanisms do not look at it.
   */
  readonly nonce: string;
  /**
   * The fewest iterations that SCRAM accepts. Default: 4096, which servers should not go below (RFC 5802 section 5.1, RFC 7677 section
   * 3). With fewer, a proof that somebody got hold of gives the password away sooner.
   */
  readonly minIterations?: number | undefined;
  /** The most iterations that SCRAM accepts. Default: 2000000, which took two seconds in which nothing else ran. */
  readonly maxIterations?: number | undefined;
}

/**
 * The client's half of one exchange. It goes: AUTH with `initial`, or without; one `respond` for each further 334; `finish` when the
 * server says 235. A response is base64, the text of the line to send; an empty one is an empty line, and after AUTH it is `=`.
 */
export interface ClientExchange {
  /** The mechanism. */
  readonly mechanism: Mechanism;
  /**
   * What may be said along with AUTH. If it was not, it answers the first 334, which is not given to `respond` then. Undefined
   * where the server speaks first.
   */
  readonly initial: Redacted<string> | undefined;
  /**
   * The response to a challenge: the text behind `334 `. Fails if the challenge is none that this mechanism can answer; then,
   * and in no other case, the client cancels with `*`. PLAIN, LOGIN, EXTERNAL, ANONYMOUS, OAUTHBEARER and XOAUTH2 do not
   * mind what the text is.
   */
  respond(challenge: string): Result.Result<Redacted<string>, SaslError>;
  /** Whether the server's 235 may be believed. With SCRAM it may not until the server has proved that it knows the password. */
  finish(): Result.Result<void, SaslError>;
  /** What must not be shown, for `Redact.make`. */
  readonly secrets: ReadonlyArray<Redacted<string>>;
}

/** What is known of a mechanism. */
interface Row {
  readonly takes: Credentials["_tag"];
  readonly begin: Begin<Credentials>;
  /** Whether who listens in clear could log in afterwards (RFC 4954 section 4, RFC 8314 section 3). */
  readonly givesAway: boolean;
  /** Whether it can act for another user. */
  readonly actsForOthers: boolean;
}

const isOf = <T extends Credentials["_tag"]>(
  credentials: Credentials,
  tag: T,
): credentials is Extract<Credentials, { readonly _tag: T }> => credentials._tag === tag;

const row = <T extends Credentials["_tag"]>(
  takes: T,
  begin: Begin<Extract<Credentials, { readonly _tag: T }>>,
  { givesAway = false, actsForOthers = true }: Partial<Row> = {},
): Row => ({
  takes,
  givesAway,
  actsForOthers,
  begin: (credentials, options) =>
    isOf(credentials, takes) ? begin(credentials, options) : Result.fail(faultOfSecret("MismatchedCredentials")),
});

const rows: Readonly<Record<Mechanism, Row>> = {
  "SCRAM-SHA-256": row("Password", Scram.client("SCRAM-SHA-256")),
  "SCRAM-SHA-1": row("Password", Scram.client("SCRAM-SHA-1")),
  "CRAM-MD5": row("Password", cramMd5, { actsForOthers: false }),
  PLAIN: row("Password", Plain.plain, { givesAway: true }),
  LOGIN: row("Password", Plain.login, { givesAway: true, actsForOthers: false }),
  OAUTHBEARER: row("Token", OAuth.oauthBearer, { givesAway: true }),
  XOAUTH2: row("Token", OAuth.xoauth2, { givesAway: true }),
  EXTERNAL: row("External", Plain.external),
  ANONYMOUS: row("Anonymous", Plain.anonymous),
};

/**
 * Begins an exchange. Fails if the credentials are not of the mechanism's kind (`MismatchedCredentials`) or do not fit it: `EmptyName`,
 * `ControlCharacter`, `BadUtf8`, `NulInPlain` or `UnpreparedName` for a name, `EmptyPassword` or `NulInPlain` for a password, `BadToken`,
 * `NoAuthorizationId`, `BadNonce`, `BadHost`, `BadPort`, `TraceTooLong`. What is wrong with a name is shown; with a secret it is
 * not.
 *
 * @example LOGIN, where the server asks twice
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const password = Redacted.make("tanstaaftanstaaf");
 * const client = Result.getOrThrow(Sasl.client("LOGIN", { _tag: "Password", user: "tim", password }, { nonce: "" }));
 * const answer = (challenge: string) => Redacted.value(Result.getOrThrow(client.respond(challenge)));
 * assertEquals(client.initial, undefined);
 * assertEquals(answer("VXNlcm5hbWU6"), "dGlt");
 * assertEquals(answer("UGFzc3dvcmQ6"), "dGFuc3RhYWZ0YW5zdGFhZg==");
 * assertEquals(client.finish(), Result.void);
 * ```
 */
export const client = (
  mechanism: Mechanism,
  credentials: Credentials,
  options: ClientOptions,
): Result.Result<ClientExchange, GrammarError> => rows[mechanism].begin(credentials, options);

/**
 * What a mechanism takes: the tag of the credentials that it is for.
 *
 * @example A token is no password
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([Sasl.takes("LOGIN"), Sasl.takes("XOAUTH2")], ["Password", "Token"]);
 * ```
 */
export const takes = (mechanism: Mechanism): Credentials["_tag"] => rows[mechanism].takes;

/**
 * Whether a mechanism gives the password or token to whoever listens, so that it needs an encrypted connection (RFC 4954 section
 * 4, RFC 8314 section 3).
 *
 * @example What is safe in clear
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Sasl.mechanisms.filter(Sasl.givesAway), ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"]);
 * ```
 */
export const givesAway = (mechanism: Mechanism): boolean => rows[mechanism].givesAway;

/** What to choose a mechanism from. */
export interface SelectOptions {
  /** What the server offers, as it says it, in any case. */
  readonly offered: ReadonlyArray<string>;
  /** Who logs in. */
  readonly credentials: Credentials;
  /** The mechanisms that may be used, in any order. Default: all that fit the credentials. */
  readonly mechanisms?: ReadonlyArray<Mechanism> | undefined;
  /** Whether nobody can listen: the connection is under TLS. */
  readonly encrypted: boolean;
  /** The mechanisms that may be used although they give the secret to whoever listens. Default: none. */
  readonly allowInClear?: ReadonlyArray<Mechanism> | undefined;
}

/**
 * Why there is no mechanism: the server does not offer authentication, or none that the credentials and options allow, or only
 * such as would give the password or token to whoever listens.
 */
export type SelectRefusal = "AuthNotOffered" | "NoCommonMechanism" | "PlaintextAuthRefused";

/**
 * The strongest mechanism that both sides have: by password SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN; by token OAUTHBEARER,
 * XOAUTH2. The order in which either side names them does not matter. With an `authorizationId`, CRAM-MD5 and LOGIN are out of the
 * question. In clear, PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 have to be allowed by name (RFC 4954 section 4, RFC 8314).
 *
 * @example The strongest, and none that would tell the password
 * ```ts
 * import * as Sasl from "@plausch/smtp/sasl";
 * import * as Redacted from "effect/Redacted";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const credentials: Sasl.Credentials = { _tag: "Password", user: "tim", password: Redacted.make("tanstaaftanstaaf") };
 * const select = (encrypted: boolean, ...offered: ReadonlyArray<string>) =>
 *   Result.merge(Sasl.select({ offered, credentials, encrypted }));
 * assertEquals(select(true, "PLAIN", "cram-md5", "SCRAM-SHA-1"), "SCRAM-SHA-1");
 * assertEquals(select(false, "PLAIN", "CRAM-MD5"), "CRAM-MD5");
 * assertEquals(select(false, "PLAIN", "LOGIN"), "PlaintextAuthRefused");
 * ```
 */
export const select = (options: SelectOptions): Result.Result<Mechanism, SelectRefusal> => {
  const { credentials, encrypted, allowInClear = [] } = options;
  if (options.offered.length === 0) return Result.fail("AuthNotOffered");
  const offered = new Set(options.offered.map((name) => name.toUpperCase()));
  const isForAnother = "authorizationId" in credentials && credentials.authorizationId !== undefined;
  const common = mechanisms.filter((mechanism) => {
    const { takes, actsForOthers } = rows[mechanism];
    return takes === credentials._tag && (actsForOthers || !isForAnother) && offered.has(mechanism) &&
      (options.mechanisms?.includes(mechanism) ?? true);
  });
  if (common.length === 0) return Result.fail("NoCommonMechanism");
  const mechanism = common.find((name) => encrypted || !rows[name].givesAway || allowInClear.includes(name));
  return mechanism === undefined ? Result.fail("PlaintextAuthRefused") : Result.succeed(mechanism);
};
