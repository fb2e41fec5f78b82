/**
 * The parameters of MAIL and RCPT, as options.
 *
 * @module
 */
import type { EsmtpParameter, MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import * as Parameter from "@plausch/smtp/parameter";
import * as Xtext from "@plausch/smtp/xtext";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import * as Values from "../values.ts";

/** The options of delivery reports (RFC 3461). */
export const reportOptions: ReadonlyArray<Option> = [
  { name: "dsn-notify", value: "WHEN", help: "Report on each recipient: NEVER, or any of SUCCESS,FAILURE,DELAY" },
  { name: "dsn-ret", value: "FULL|HDRS", help: "What a failure report returns: the message, or its header" },
  { name: "dsn-envid", value: "TEXT", help: "A name for this sending, which reports repeat" },
  {
    name: "dsn-orcpt",
    value: "TYPE;ADDRESS",
    many: true,
    help: "The original recipient, like rfc822;a@x.test; one for each --to, in their order",
  },
].map((option) => ({ ...option, group: "Delivery reports" }));

/** The other options of MAIL and RCPT. */
export const options: ReadonlyArray<Option> = [
  { name: "require-tls", help: "Ask for verified TLS on the whole way (REQUIRETLS); needs --tls verified, or a pin" },
  { name: "mail-auth", value: "ADDRESS", help: "Who submitted the message; <> for nobody known (AUTH of MAIL)" },
  {
    name: "by",
    value: "SECONDS[N|R][T]",
    help: "Deliver in this time, or notify (N, default) or return it (R); T asks relays to report (DELIVERBY)",
  },
  { name: "hold-for", value: "DURATION", help: "Hold the message this long, like 90m (FUTURERELEASE)" },
  { name: "hold-until", value: "DATE", help: "Hold it until then, like 2030-01-31T08:00:00Z (FUTURERELEASE)" },
  { name: "mt-priority", value: "N", help: "Its priority, from -9 to 9 (MT-PRIORITY)" },
  { name: "mail-param", value: "KEY[=VALUE]", many: true, help: "Any parameter of MAIL, coded as it is to be sent" },
  { name: "rcpt-param", value: "KEY[=VALUE]", many: true, help: "Any parameter of RCPT, for each recipient" },
].map((option) => ({ ...option, group: "Protocol" }));

type Parsed = MailParameters | RcptParameters;

/** One parameter as it is written on the wire; what has no type, or a value that is wrong for its type, is kept as it is. */
const raw = <P extends Parsed>(
  given: Given,
  option: "mail-param" | "rcpt-param",
  read: (text: string) => Result.Result<P, unknown>,
): Effect.Effect<{ readonly typed: ReadonlyArray<P>; readonly other: ReadonlyArray<EsmtpParameter> }, UsageError> =>
  Effect.gen(function* () {
    const typed: Array<P> = [];
    const other: Array<EsmtpParameter> = [];
    for (const text of given.values(option)) {
      const parameter = yield* Values.fromGrammar(Parameter.fromString(text), option, "KEY or KEY=VALUE");
      const known = read(text);
      if (Result.isSuccess(known) && known.success.other === undefined) typed.push(known.success);
      else other.push(parameter);
    }
    return { typed, other };
  });

/** Joins parameters from several options. Two that set the same one are told. */
const join = <P extends Parsed>(
  parts: ReadonlyArray<readonly [option: string, parameters: P | undefined]>,
): Effect.Effect<P, UsageError> =>
  Effect.gen(function* () {
    const from = new Map<string, string>();
    let joined = {};
    for (const [option, parameters] of parts) {
      for (const name of Object.keys(parameters ?? {})) {
        const other = from.get(name);
        if (other !== undefined) {
          return yield* Values.usage(`--${other} and --${option} set the same parameter`, "leave one of them out");
        }
        from.set(name, option);
      }
      joined = { ...joined, ...parameters };
    }
    return joined as P;
  });

/** `120`, `120R`, `-60NT`. */
const byPattern = /^([+-]?\d+)(N|R)?(T)?$/i;

/** Reads what the options say about MAIL. */
export const mail = (given: Given): Effect.Effect<MailParameters, UsageError> =>
  Effect.gen(function* () {
    /** The parameter that an option stands for; `wire` is what it looks like in a command. */
    const of = (option: string, form: string, wire: (text: string) => string) =>
      Effect.gen(function* () {
        const text = given.value(option);
        if (text === undefined) return [option, undefined] as const;
        const read = Parameter.mailFromString(wire(text));
        return [option, yield* Values.fromGrammar(read, option, form)] as const;
      });
    const holdFor = yield* Values.duration(given, "hold-for");
    const by = given.value("by");
    const [, seconds, mode = "N", trace = ""] = byPattern.exec(by ?? "") ?? [];
    if (by !== undefined && seconds === undefined) {
      return yield* Values.usage(`"${by}" is no deadline`, "write --by SECONDS, and N or R, like --by 3600R");
    }
    const parts: Array<readonly [string, MailParameters | undefined]> = [
      yield* of("dsn-ret", "FULL or HDRS", (text) => `RET=${text}`),
      yield* of("dsn-envid", "TEXT of up to 100 printable characters", (text) => `ENVID=${Xtext.encode(text)}`),
      ["require-tls", given.has("require-tls") ? { requireTls: true } : undefined],
      yield* of("mail-auth", "ADDRESS, or '<>'", (text) => `AUTH=${Xtext.encode(text)}`),
      yield* of("by", "SECONDS, and N or R, like 3600R", () => `BY=${seconds};${mode}${trace}`),
      ["hold-for", holdFor === undefined ? undefined : { holdFor: Math.ceil(Duration.toSeconds(holdFor)) }],
      yield* of("hold-until", "DATE in UTC, like 2030-01-31T08:00:00Z", (text) => `HOLDUNTIL=${text}`),
      yield* of("mt-priority", "N from -9 to 9", (text) => `MT-PRIORITY=${text}`),
    ];
    const { typed, other } = yield* raw(given, "mail-param", Parameter.mailFromString);
    const all = yield* join([...parts, ...typed.map((each) => ["mail-param", each] as const)]);
    const parameters = other.length === 0 ? all : { ...all, other };
    yield* Values.fromGrammar(Parameter.formatMail(parameters), "mail-param", "each parameter once");
    return parameters;
  });

/** Reads what the options say about the RCPT of each recipient, in their order. */
export const rcpt = (given: Given, recipients: number): Effect.Effect<ReadonlyArray<RcptParameters>, UsageError> =>
  Effect.gen(function* () {
    const notifyText = given.value("dsn-notify");
    const notify = notifyText === undefined ? undefined : yield* Values.fromGrammar(
      Parameter.notifyFromString(notifyText),
      "dsn-notify",
      "NEVER, or any of SUCCESS,FAILURE,DELAY",
    );
    const orcpts = yield* Effect.forEach(
      given.values("dsn-orcpt"),
      (text) => Values.fromGrammar(Parameter.orcptFromString(text), "dsn-orcpt", "TYPE;ADDRESS, like rfc822;a@x.test"),
    );
    if (orcpts.length > 0 && orcpts.length !== recipients) {
      const times = orcpts.length === 1 ? "once" : `${orcpts.length} times`;
      const problem = `--dsn-orcpt is given ${times}, for ${recipients} recipient${recipients === 1 ? "" : "s"}`;
      return yield* Values.usage(problem, "give one --dsn-orcpt for each --to, in their order");
    }
    const { typed, other } = yield* raw(given, "rcpt-param", Parameter.rcptFromString);
    return yield* Effect.forEach(Array.from({ length: recipients }), (_, index) =>
      Effect.gen(function* () {
        const orcpt = orcpts[index];
        const all = yield* join<RcptParameters>([
          ["dsn-notify", notify === undefined ? undefined : { notify }],
          ["dsn-orcpt", orcpt === undefined ? undefined : { orcpt }],
          ...typed.map((each) => ["rcpt-param", each] as const),
        ]);
        const parameters = other.length === 0 ? all : { ...all, other };
        yield* Values.fromGrammar(Parameter.formatRcpt(parameters), "rcpt-param", "each parameter once");
        return parameters;
      }));
  });
