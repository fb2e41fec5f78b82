/**
 * Who can log in to `plausch sink`, as options.
 *
 * @module
 */
import * as Authentication from "@plausch/sink/authentication";
import * as Sasl from "@plausch/smtp/sasl";
import * as Effect from "effect/Effect";
import type { Given, Option, UsageError } from "../options.ts";
import * as Source from "../secret_source.ts";
import type { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options of AUTH. */
export const options: ReadonlyArray<Option> = [
  { name: "auth-user", value: "NAME", help: "Let this user log in, by every mechanism" },
  { name: "auth-password-env", value: "VAR", help: "The password or token is in this environment variable" },
  { name: "auth-password-file", value: "FILE|-", help: "It is the first line of this file, or of standard input" },
  {
    name: "auth-in-clear",
    value: "MECH[,MECH...]",
    help: "Offer PLAIN, LOGIN, XOAUTH2 or OAUTHBEARER without TLS, too",
  },
  { name: "require-auth", help: "Take mail from nobody else: 530" },
].map((option) => ({ ...option, group: "AUTH" }));

const password = (given: Given): Source.Secret => {
  const variable = given.value("auth-password-env");
  const file = given.value("auth-password-file");
  if (variable !== undefined && file !== undefined) {
    return Values.usage("--auth-password-env and --auth-password-file name two passwords", "leave one out");
  }
  if (variable !== undefined) return Source.fromEnvironment(variable, "auth-password-env", "password");
  return file !== undefined
    ? Source.fromFile(file, "password")
    : Values.usage("--auth-user has no password", "add --auth-password-env VAR or --auth-password-file FILE");
};

const mechanisms = new Map(Sasl.mechanisms.map((mechanism) => [mechanism as string, mechanism]));

/** Reads the options of AUTH; undefined if none was given. */
export const fromOptions = (
  given: Given,
): Effect.Effect<Authentication.Authentication | undefined, UsageError, Shell> =>
  Effect.gen(function* () {
    const first = options.find(({ name }) => given.has(name));
    if (first === undefined) return undefined;
    const problem = `--${first.name} is given, and nobody can log in`;
    const user = yield* Values.demand(given.value("auth-user"), problem, "add --auth-user NAME");
    const names = given.value("auth-in-clear")?.split(",") ?? [];
    const allowInClear = yield* Effect.forEach(
      names,
      (name) => Values.lookUp(name, mechanisms, "mechanism", "auth-in-clear"),
    );
    const secret = yield* password(given);
    return {
      users: Authentication.users({ [user]: secret }),
      required: given.has("require-auth"),
      allowInClear,
    };
  });
