/**
 * Who can log in to `plausch sink`, as options.
 *
 * @module
 */
import * as Authentication from "@plausch/sink/authentication";
import * as Sasl from "@plausch/smtp/sasl";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { Given, Option, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options of AUTH. */
export const options: ReadonlyArray<Option> = [
  { name: "auth-user", value: "NAME", help: "Let this user log in, by every mechanism" },
  { name: "auth-password-env", value: "VAR", help: "The password or token is in this environment variable" },
  { name: "auth-password-file", value: "FILE", help: "It is the first line of this file" },
  {
    name: "auth-in-clear",
    value: "MECH[,MECH...]",
    help: "Offer PLAIN, LOGIN, XOAUTH2 or OAUTHBEARER without TLS, too",
  },
  { name: "require-auth", help: "Take mail from nobody else: 530" },
].map((option) => ({ ...option, group: "AUTH" }));

const password = (given: Given): Effect.Effect<Redacted.Redacted<string>, UsageError, Shell> =>
  Effect.gen(function* () {
    const shell = yield* Shell;
    const variable = given.value("auth-password-env");
    const file = given.value("auth-password-file");
    if (variable !== undefined && file !== undefined) {
      return yield* Values.usage("--auth-password-env and --auth-password-file name two passwords", "leave one out");
    }
    if (variable !== undefined) {
      const value = yield* shell.environment(variable);
      const problem = `The environment variable "${variable}" is not set, or empty`;
      return Redacted.make(yield* Values.demand(value || undefined, problem, "put the password into it"));
    }
    const problem = "--auth-user has no password";
    const path = yield* Values.demand(file, problem, "add --auth-password-env VAR or --auth-password-file FILE");
    const [first = ""] = new TextDecoder().decode(yield* shell.readFile(path)).split(/\r?\n/, 1);
    const empty = `The first line of "${path}" is empty`;
    return Redacted.make(yield* Values.demand(first || undefined, empty, "write the password there"));
  });

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
