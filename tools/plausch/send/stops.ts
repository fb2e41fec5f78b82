/**
 * Where a conversation stops before its end: with QUIT, or by hanging up.
 *
 * @module
 */
import type { DropAfter, StopAfter } from "@plausch/session/converse";
import * as Effect from "effect/Effect";
import type { Given, Option, UsageError } from "../options.ts";
import * as Values from "../values.ts";

/** The stages after which QUIT can be said. */
export const quitStages: ReadonlyArray<StopAfter> = [
  "greeting",
  "ehlo",
  "starttls",
  "ehlo-tls",
  "xclient",
  "auth",
  "xforward",
  "mail",
  "rcpt",
];

/** The stages after which the connection can be dropped. */
export const dropStages: ReadonlyArray<DropAfter> = [
  "connect",
  "greeting",
  "ehlo",
  "starttls",
  "tls",
  "ehlo-tls",
  "xclient",
  "auth",
  "xforward",
  "mail",
  "rcpt",
  "data",
  "final",
];

/** The options that stop a conversation. */
export const options: ReadonlyArray<Option> = [
  { name: "quit-after", value: "STAGE", help: `Say QUIT after ${Values.enumerate(quitStages)}; send no message` },
  { name: "drop-after", value: "STAGE", help: `Hang up without QUIT after ${Values.enumerate(dropStages)}` },
].map((option) => ({ ...option, group: "Protocol" }));

/** What people also call a stage. `connect` has a QUIT only after the greeting, which nobody may precede. */
const aliases: { readonly [O in "quit-after" | "drop-after"]: { readonly [name: string]: string } } = {
  "quit-after": { connect: "greeting", banner: "greeting", helo: "ehlo", lhlo: "ehlo", tls: "starttls" },
  "drop-after": { banner: "greeting", helo: "ehlo", lhlo: "ehlo", dot: "final" },
};

/** Where to stop. */
export interface Stops {
  /** The stage to say QUIT after. */
  readonly stopAfter: StopAfter | undefined;
  /** The stage to hang up after. */
  readonly dropAfter: DropAfter | undefined;
}

const stage = <S extends string>(
  given: Given,
  option: "quit-after" | "drop-after",
  stages: ReadonlyArray<S>,
): Effect.Effect<S | undefined, UsageError> => {
  const text = given.value(option)?.toLowerCase();
  if (text === undefined) return Effect.succeed(undefined);
  const alias = Object.hasOwn(aliases[option], text) ? aliases[option][text]! : text;
  if (option === "quit-after" && (alias === "data" || alias === "final" || alias === "dot")) {
    return Values.usage(
      `Nothing can be said after "${text}" but the message`,
      `hang up there, with --drop-after ${text}`,
    );
  }
  const table = new Map(stages.map((each) => [each as string, each]));
  return Values.lookUp(alias, table, `stage to ${option.replace("-", " ")}`, option);
};

/** Why a conversation with these options never comes to a stage, and what would bring it there. */
const missing = (given: Given, stage: DropAfter): readonly [what: string, hint: string] | undefined => {
  if (stage === "xclient" && !given.has("xclient")) return ["XCLIENT", "add --xclient NAME=VALUE"];
  if (stage === "xforward" && !given.has("xforward")) return ["XFORWARD", "add --xforward NAME=VALUE"];
  if (stage === "auth" && !given.has("user") && !given.has("auth")) return ["AUTH", "add --user NAME"];
  if (stage !== "starttls" && stage !== "tls" && stage !== "ehlo-tls") return undefined;
  if (given.value("tls")?.toLowerCase() === "none") return ["STARTTLS", "leave --tls none out"];
  return given.has("tls-implicit") ? ["STARTTLS", "leave --tls-implicit out"] : undefined;
};

/** Reads `--quit-after` and `--drop-after`. */
export const fromOptions = (given: Given): Effect.Effect<Stops, UsageError> =>
  Effect.gen(function* () {
    const stopAfter = yield* stage(given, "quit-after", quitStages);
    const dropAfter = yield* stage(given, "drop-after", dropStages);
    if (stopAfter !== undefined && dropAfter !== undefined) {
      return yield* Values.usage("--quit-after and --drop-after end one conversation twice", "leave one of them out");
    }
    const stop = stopAfter ?? dropAfter;
    const option = dropAfter === undefined ? "quit-after" : "drop-after";
    if (given.has("say") && beforeMail(stop)) {
      return yield* Values.usage(
        `--${option} ${stop} comes before --say`,
        `leave --${option} out; without --to, QUIT follows --say`,
      );
    }
    const lack = stop === undefined ? undefined : missing(given, stop);
    if (lack !== undefined) {
      const [what, hint] = lack;
      return yield* Values.usage(
        `There is no ${what} to ${option.replace("-", " ")}`,
        `${hint}, or name another stage`,
      );
    }
    return { stopAfter, dropAfter };
  });

const beforeMail = (stop: DropAfter | undefined): boolean =>
  stop !== undefined && !["mail", "rcpt", "data", "final"].includes(stop);

/** Whether a conversation has no message: it ends before its transaction, or only says something. */
export const isWithoutMessage = (given: Given, { stopAfter, dropAfter }: Stops): boolean => {
  const stop = stopAfter ?? dropAfter;
  return beforeMail(stop) || (stop === undefined && given.has("say"));
};
