/**
 * Who logs in, and how.
 *
 * @module
 */
import type { Authentication } from "@plausch/session/authentication";
import type { Credentials, Mechanism } from "@plausch/smtp/sasl";
import * as Sasl from "@plausch/smtp/sasl";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type { Given, Option as CommandOption, UsageError } from "../options.ts";
import type { Shell } from "../shell.ts";
import * as Values from "../values.ts";
import * as Secret from "./secret.ts";

/** The options of authentication. */
export const options: ReadonlyArray<CommandOption> = [
  {
    name: "auth",
    value: "any|MECH[,MECH]",
    help: "Log in, with the strongest mechanism that is offered (any), or one of these; --user implies any",
  },
  { name: "user", value: "NAME", help: "Who logs in" },
  ...Secret.options,
  { name: "authorization-id", value: "NAME", help: "Whom to act as, if that is somebody else" },
  {
    name: "auth-in-clear",
    value: "MECH[,MECH]",
    help: "Mechanisms that may give the password away on a connection without TLS",
  },
  { name: "no-initial-response", help: "Say AUTH alone, and wait to be asked" },
].map((option) => ({ ...option, group: "Authentication" }));

/** What a mechanism needs to be given. */
type Kind = Credentials["_tag"];

const words: { readonly [K in Kind]: string } = {
  Password: "a password",
  Token: "a token",
  External: "what the connection proves, such as a client certificate",
  Anonymous: "no proof at all",
};

const mechanisms: ReadonlyMap<string, Mechanism> = new Map(Sasl.mechanisms.map((name) => [name, name]));

/** The mechanisms that may be used: those that were named, or all that fit the credentials. */
export const candidates = ({ credentials, mechanisms }: Authentication): ReadonlyArray<Mechanism> =>
  mechanisms ?? Sasl.mechanisms.filter((mechanism) => Sasl.takes(mechanism) === credentials._tag);

/** Mechanisms that send the password or the token itself. */
const plaintext: ReadonlyMap<string, Mechanism> = new Map(
  Sasl.mechanisms.filter(Sasl.givesAway).map((name) => [name, name]),
);

const list = (
  given: Given,
  option: string,
  known: ReadonlyMap<string, Mechanism>,
): Effect.Effect<ReadonlyArray<Mechanism> | undefined, UsageError> => {
  const text = given.value(option);
  if (text === undefined || (option === "auth" && text.toLowerCase() === "any")) return Effect.succeed(undefined);
  const what = known === plaintext ? "mechanism that gives a password away" : "mechanism that plausch knows";
  return Effect.forEach(text.split(","), (name) => Values.lookUp(name.trim(), known, what, option));
};

/** What the mechanisms need; they must not need different things. */
const kindOf = (asked: ReadonlyArray<Mechanism> | undefined): Effect.Effect<Kind, UsageError> => {
  const [first, ...others] = asked ?? [];
  const kind = first === undefined ? "Password" : Sasl.takes(first);
  const other = others.find((mechanism) => Sasl.takes(mechanism) !== kind);
  if (first === undefined || other === undefined) return Effect.succeed(kind);
  const problem = `${first} takes ${words[kind]}, and ${other} takes ${words[Sasl.takes(other)]}`;
  return Values.usage(problem, "name mechanisms of one kind in --auth");
};

const secretSources: ReadonlyArray<string> = Secret.options.map(({ name }) => name);
const details: ReadonlyArray<string> = [...secretSources, "authorization-id", "auth-in-clear", "no-initial-response"];

/** An option that has no meaning for this kind of mechanism. */
const stray = (given: Given, kind: Kind): string | undefined => {
  if (kind === "External") return ["user", ...secretSources].find(given.has);
  return kind === "Anonymous" ? [...secretSources, "authorization-id"].find(given.has) : undefined;
};

const credentials = (
  given: Given,
  kind: Kind,
  server: { readonly host: string; readonly port: number } | undefined,
): Effect.Effect<Credentials, UsageError, Shell> =>
  Effect.gen(function* () {
    const authorizationId = given.value("authorization-id");
    const user = given.value("user");
    if (kind === "External") return { _tag: kind, authorizationId };
    if (kind === "Anonymous") return { _tag: kind, trace: user };
    const who = yield* Values.demand(user, "--user is missing", "write --user NAME, whose password it is");
    const secret = yield* Secret.fromOptions(given, { noun: kind === "Password" ? "password" : "token", user: who });
    return kind === "Password"
      ? { _tag: kind, user: who, password: secret, authorizationId }
      : { _tag: kind, user: who, token: secret, authorizationId, host: server?.host, port: server?.port };
  });

/**
 * Reads the options of authentication; undefined if nobody logs in. It may ask for a password on the terminal, so it comes
 * after everything else that can be wrong with a command line.
 */
export const fromOptions = (
  given: Given,
  server: { readonly host: string; readonly port: number } | undefined,
): Effect.Effect<Authentication | undefined, UsageError, Shell> =>
  Effect.gen(function* () {
    if (!given.has("auth") && !given.has("user")) {
      const detail = details.find(given.has);
      if (detail === undefined) return undefined;
      return yield* Values.usage(`--${detail} is given, and nobody to log in`, "add --user NAME, or --auth MECH");
    }
    const asked = yield* list(given, "auth", mechanisms);
    const allowInClear = yield* list(given, "auth-in-clear", plaintext);
    const kind = yield* kindOf(asked);
    const useless = stray(given, kind);
    if (useless !== undefined) {
      const problem = `--${useless} has no place in --auth ${asked?.join(",")}, which takes ${words[kind]}`;
      return yield* Values.usage(problem, `leave --${useless} out, or name another mechanism`);
    }
    const authentication: Authentication = {
      credentials: yield* credentials(given, kind, server),
      mechanisms: asked,
      allowInClear,
      initialResponse: !given.has("no-initial-response"),
    };
    // What no mechanism can say is told before anybody is called.
    const faults = candidates(authentication).map((mechanism) =>
      Result.getFailure(Sasl.client(mechanism, authentication.credentials, { nonce: "-" }))
    );
    const [fault] = Option.getOrElse(Option.all(faults), () => []);
    if (fault !== undefined) return yield* Values.usage(fault.message, "look at --user and the password");
    return authentication;
  });
