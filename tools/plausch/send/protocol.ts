/**
 * How the protocol is spoken: in groups or in turns, in chunks, with commands of one's own.
 *
 * @module
 */
import * as ExtensionPolicy from "@plausch/session/extension-policy";
import * as Command from "@plausch/smtp/command";
import * as Parameter from "@plausch/smtp/parameter";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import * as Values from "../values.ts";

/** The options of the protocol. */
export const options: ReadonlyArray<Option> = [
  { name: "pipeline", help: "Ask for several commands at once by name; they are used where offered anyway" },
  { name: "no-pipeline", help: "Say one command at a time" },
  { name: "bdat", help: "Send the message in chunks (CHUNKING)" },
  { name: "bdat-size", value: "OCTETS", help: "Send it in chunks of this size; default: 1048576" },
  {
    name: "if-not-offered",
    value: "[EXTENSION=]ACTION",
    many: true,
    help: "What is done without an extension that was asked for, or this one: fail, drop, or downgrade to the nearest",
  },
  { name: "xclient", value: "NAME=VALUE", many: true, help: "Be taken for another client, like ADDR=192.0.2.1" },
  { name: "xforward", value: "NAME=VALUE", many: true, help: "Tell which client the message came from" },
  { name: "say", value: "LINE", many: true, help: "A command before the message, like 'VRFY postmaster'" },
].map((option) => ({ ...option, group: "Protocol" }));

/** An option of the protocol that only many messages on one connection have a use for. */
export const bulkOptions: ReadonlyArray<Option> = [
  {
    name: "no-overlap",
    group: "Protocol",
    help: "Wait for the verdict on a message before the next one begins; else they overlap where PIPELINING is offered",
  },
];

/** How the protocol is spoken. */
export interface Protocol {
  /** Whether commands go in groups; undefined: where it is offered. */
  readonly pipelining: boolean | undefined;
  /** Whether messages may overlap; undefined: where commands go in groups. */
  readonly overlap: boolean | undefined;
  /** Whether the message goes in chunks, or in chunks of how many octets. */
  readonly chunking: boolean | number | undefined;
  /** What is done without an extension. */
  readonly unsupported: ExtensionPolicy.ExtensionPolicy | undefined;
  /** The attributes of XCLIENT. */
  readonly xclient: ReadonlyArray<Command.Attribute> | undefined;
  /** The attributes of XFORWARD. */
  readonly xforward: ReadonlyArray<Command.Attribute> | undefined;
  /** What is said before the transaction. */
  readonly say: ReadonlyArray<Command.Command>;
}

const pipelining = (given: Given): Effect.Effect<boolean | undefined, UsageError> => {
  const [yes, no] = [given.has("pipeline"), given.has("no-pipeline")];
  if (yes && no) return Values.usage("--pipeline and --no-pipeline contradict each other", "leave one of them out");
  return Effect.succeed(yes ? true : no ? false : undefined);
};

const chunking = (given: Given): Effect.Effect<boolean | number | undefined, UsageError> => {
  const text = given.value("bdat-size");
  if (text === undefined) return Effect.succeed(given.has("bdat") ? true : undefined);
  const size = Result.getOrElse(Parameter.sizeFromString(text), () => 0);
  return Values.demand(
    size > 0 ? size : undefined,
    `"${text}" is no size of a chunk`,
    "write --bdat-size OCTETS, from 1",
  );
};

const actions: ReadonlyMap<string, ExtensionPolicy.Action> = new Map(
  (["fail", "drop", "downgrade"] as const).map((action) => [action, action]),
);

const extensions: ReadonlyMap<string, ExtensionPolicy.Extension> = new Map(
  Object.keys(ExtensionPolicy.defaults).map((name) => [name, name as ExtensionPolicy.Extension]),
);

/** What is done without each extension: as the default has it, as for all, and as for this one. */
const unsupported = (given: Given): Effect.Effect<ExtensionPolicy.ExtensionPolicy | undefined, UsageError> =>
  Effect.gen(function* () {
    const option = "if-not-offered";
    const asked = given.values(option);
    if (asked.length === 0) return undefined;
    const [forAll, another] = asked.filter((text) => !text.includes("="));
    if (another !== undefined) {
      const hint = `write --${option} EXTENSION=ACTION for one of them`;
      return yield* Values.usage(`--${option} ${forAll} and ${another} are for everything`, hint);
    }
    const base = forAll === undefined
      ? ExtensionPolicy.defaults
      : ExtensionPolicy.all(yield* Values.lookUp(forAll, actions, "action", option));
    const policy: { [E in ExtensionPolicy.Extension]: ExtensionPolicy.Action } = { ...base };
    for (const text of asked.filter((text) => text.includes("="))) {
      const at = text.indexOf("=");
      const extension = yield* Values.lookUp(text.slice(0, at), extensions, "extension to do without", option);
      policy[extension] = yield* Values.lookUp(text.slice(at + 1), actions, "action", option);
    }
    return policy;
  });

const attributes = (
  given: Given,
  option: "xclient" | "xforward",
  make: (attributes: ReadonlyArray<Command.Attribute>) => Command.Command,
): Effect.Effect<ReadonlyArray<Command.Attribute> | undefined, UsageError> =>
  Effect.gen(function* () {
    const found = given.values(option).map((text): Command.Attribute => {
      const equals = text.indexOf("=");
      return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
    });
    if (found.length === 0) return undefined;
    yield* Values.fromGrammar(Command.format(make(found)), option, "NAME=VALUE, like ADDR=192.0.2.1");
    return found;
  });

/** Reads the options of the protocol. */
export const fromOptions = (given: Given): Effect.Effect<Protocol, UsageError> =>
  Effect.gen(function* () {
    const say = given.values("say").map(Command.raw);
    for (const command of say) {
      yield* Values.fromGrammar(
        Command.format(command, { smtputf8: true }),
        "say",
        "LINE, one line without control characters",
      );
    }
    return {
      pipelining: yield* pipelining(given),
      overlap: given.has("no-overlap") ? false : undefined,
      chunking: yield* chunking(given),
      unsupported: yield* unsupported(given),
      xclient: yield* attributes(given, "xclient", Command.xclient),
      xforward: yield* attributes(given, "xforward", Command.xforward),
      say,
    };
  });
