/**
 * What `plausch sink` offers, how much it takes, and what goes wrong, as options.
 *
 * @module
 */
import * as Extension from "@plausch/sink/extension";
import * as Fault from "@plausch/sink/fault";
import * as Limits from "@plausch/sink/limits";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import * as Values from "../values.ts";

/** The options of the protocol. */
export const options: ReadonlyArray<Option> = [
  { name: "lmtp", help: "Speak LMTP: LHLO, and a verdict for each recipient" },
  { name: "without", value: "KEYWORD", many: true, help: "Do not offer this extension, such as PIPELINING" },
  { name: "offer", value: "KEYWORD", many: true, help: "Offer XCLIENT or XFORWARD, which trust every client" },
  {
    name: "limits",
    value: "NAME=N[,NAME=N]",
    help: "Limit RCPTMAX: recipients of a message; MAILMAX: messages of a connection; RCPTDOMAINMAX: domains of its " +
      "recipients",
  },
  {
    name: "fault",
    value: "STAGE:WHAT",
    many: true,
    help: "Let something go wrong, such as rcpt:450 or final:drop; see below",
  },
  { name: "seed", value: "TEXT", help: "The seed of chance, for faults like rcpt~0.5:450" },
].map((option) => ({ ...option, group: "Protocol" }));

/** How a fault is written. */
export const notes: ReadonlyArray<string> = [
  `A fault is a stage and what happens there. Stages are ${
    Fault.stages.join(", ")
  }. What happens is another reply (450, ` +
  "or 550 5.1.1 no such user), delay=5s, drop (instead of the reply) or drop=after, garbage, partial=5 (octets of the " +
  "reply; partial=5,drop closes then), stall, inject (a further reply) or, at tls, alert. rcpt#2:450 is the second " +
  "recipient of a connection, greeting@1:drop the first connection, rcpt~0.5:450 every other recipient by chance.",
];

const known = new Map(Extension.all.map((extension) => [extension as string, extension]));

/** What is offered. */
export const offers = (given: Given): Effect.Effect<ReadonlyArray<Extension.Extension>, UsageError> =>
  Effect.gen(function* () {
    const read = (option: "without" | "offer") =>
      Effect.forEach(
        given.values(option),
        (word) => Values.lookUp(word, known, "extension that the sink knows", option),
      );
    const [without, more] = [yield* read("without"), yield* read("offer")];
    const both = without.find((extension) => more.includes(extension));
    if (both !== undefined) {
      return yield* Values.usage(`--offer and --without both name ${both}`, "leave one of them out");
    }
    return [...Extension.without(...without), ...more];
  });

const limitOf: ReadonlyMap<string, keyof Limits.Limits> = new Map([
  ["RCPTMAX", "recipients"],
  ["MAILMAX", "transactions"],
  ["RCPTDOMAINMAX", "recipientDomains"],
]);

/** How much is taken (RFC 9422 section 4). */
export const limits = (given: Given): Effect.Effect<Limits.Limits, UsageError> =>
  Effect.gen(function* () {
    // What is not kept needs no limit.
    const unlimited = given.has("discard") ? { commands: Infinity, messageOctets: Infinity } : {};
    const changed: { -readonly [L in keyof Limits.Limits]: number } = { ...Limits.defaults, ...unlimited };
    for (const part of given.value("limits")?.split(",") ?? []) {
      const [name = "", value = ""] = part.split(/=(.*)/s);
      const limit = yield* Values.lookUp(name, limitOf, "limit", "limits");
      if (!/^[1-9]\d{0,5}$/.test(value)) {
        return yield* Values.usage(`"${value}" is no limit for ${name}`, "write a whole number from 1 to 999999");
      }
      changed[limit] = Number(value);
    }
    return changed;
  });

/** What goes wrong. */
export const faults = (given: Given): Effect.Effect<ReadonlyArray<Fault.Fault>, UsageError> =>
  Effect.forEach(given.values("fault"), (text) => {
    const fault = Fault.fromString(text);
    return Result.isSuccess(fault)
      ? Effect.succeed(fault.success)
      : Values.usage(fault.failure.message, "plausch sink --help tells what can be written");
  });
