/**
 * How patiently `plausch send` delivers, and over which mail exchangers: options read.
 *
 * @module
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { Given, Option, UsageError } from "../options.ts";
import * as Target from "../target.ts";
import * as Values from "../values.ts";

/** Options that only make sense where the DNS says who takes the mail. */
const routeOptions: ReadonlyArray<Option> = [
  { name: "max-hosts", value: "N", help: "Look up so many mail exchangers of a domain at most; default: 10" },
  { name: "seed", value: "TEXT", help: "Shuffle equal preferences the same way each time" },
  { name: "no-dane", help: "Do not ask for TLSA records, by which the DNS says whom to trust" },
  { name: "no-mta-sts", help: "Do not ask for the MTA-STS policy of a domain" },
  { name: "mta-sts-port", value: "PORT", help: "Fetch such policies at this port; default: 443; for tests" },
];

/** The options of the way to a verdict. */
export const options: ReadonlyArray<Option> = [
  ...Target.familyOptions,
  ...routeOptions,
  { name: "retry", value: "N", help: "Try deferred recipients again, so often at most; default: 0" },
  {
    name: "retry-after",
    value: "DURATION",
    help: "The pause before that; each one is twice as long, up to an hour; default: 5m",
  },
  { name: "retry-within", value: "DURATION", help: "Begin no further try later than this after the first one" },
  { name: "deadline", value: "DURATION", help: "Limit for everything; who is left then is deferred" },
].map((option) => ({ ...option, group: "Delivery" }));

/** When deferred recipients are tried again. */
export interface Patience {
  /** How often at most. */
  readonly times: number;
  /** The first pause. */
  readonly after: Duration.Duration;
  /** No further try begins later than this after the first one. */
  readonly within: Duration.Duration | undefined;
}

/** The way to a verdict, as the options have it. */
export interface Journey {
  /** The IP version to dial, and no other. */
  readonly family: 4 | 6 | undefined;
  /** How many mail exchangers are looked up. */
  readonly maxHosts: number | undefined;
  /** What the order of equal preferences comes from. */
  readonly seed: string | undefined;
  /** Whether the DNS is asked whom to trust. */
  readonly dane: boolean;
  /** Whether MTA-STS policies are asked for. */
  readonly mtaSts: boolean;
  /** The port where they are fetched, if it is another one than that of HTTPS. */
  readonly mtaStsPort: number | undefined;
  /** When deferred recipients are tried again; undefined: never. */
  readonly patience: Patience | undefined;
  /** How long all of it may take. */
  readonly deadline: Duration.Duration | undefined;
}

const defaultPause = Duration.minutes(5);

/** More tries than that are not patience. */
const mostRetries = 1000;

/** What is wrong with the options together. */
const conflict = (
  given: Given,
  target: Target.Target,
  family: 4 | 6 | undefined,
): readonly [problem: string, hint: string] | undefined => {
  for (const [level, option] of [["dane", "no-dane"], ["mta-sts", "no-mta-sts"]] as const) {
    if (given.value("tls")?.toLowerCase() === level && given.has(option)) {
      return [`--tls ${level} goes by what --${option} does not ask for`, "leave one of them out"];
    }
  }
  for (const option of ["retry-after", "retry-within"]) {
    if (given.has(option) && !given.has("retry")) {
      return [`--${option} is given, and nothing is tried again`, "add --retry N"];
    }
  }
  if (target._tag === "MailExchanger") return undefined;
  const where = target._tag === "Unix" ? "--socket" : "--server";
  const other = routeOptions.find(({ name }) => given.has(name))?.name;
  if (other !== undefined) {
    return [`--${other} means nothing beside ${where}`, `leave ${where} out, or --${other}`];
  }
  if (family === undefined) return undefined;
  if (target._tag === "Unix") {
    return [`--ipv${family} means nothing beside --socket`, `leave --socket out, or --ipv${family}`];
  }
  const of = target.host.includes(":") ? 6 : /^[\d.]+$/.test(target.host) ? 4 : undefined;
  return of === undefined || of === family
    ? undefined
    : [`${target.host} is an IPv${of} address, and --ipv${family} dials none`, `leave --ipv${family} out`];
};

/** Reads the options. */
export const fromOptions = (given: Given, target: Target.Target): Effect.Effect<Journey, UsageError> =>
  Effect.gen(function* () {
    const family = yield* Target.family(given);
    const wrong = conflict(given, target, family);
    if (wrong !== undefined) return yield* Values.usage(...wrong);
    const times = (yield* Values.integer(given, "retry", 0, mostRetries)) ?? 0;
    const after = (yield* Values.duration(given, "retry-after")) ?? defaultPause;
    const within = yield* Values.duration(given, "retry-within");
    return {
      family,
      maxHosts: yield* Values.integer(given, "max-hosts", 1, 1000),
      seed: given.value("seed"),
      dane: !given.has("no-dane"),
      mtaSts: !given.has("no-mta-sts"),
      mtaStsPort: yield* Values.integer(given, "mta-sts-port", 1, 65535),
      patience: times === 0 ? undefined : { times, after, within },
      deadline: yield* Values.duration(given, "deadline"),
    };
  });
