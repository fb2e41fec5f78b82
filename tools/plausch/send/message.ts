/**
 * The message that `plausch send` sends: composed from options, or taken from a file as it is.
 *
 * @module
 */
import * as Content from "@plausch/session/content";
import type { Envelope } from "@plausch/session/envelope";
import type { LineEndPolicy } from "@plausch/line/dot-stuffing";
import { LineError } from "@plausch/line/line-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Effect from "effect/Effect";
import { type Given, type Option, UsageError } from "../options.ts";
import { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options of a message. */
export const options: ReadonlyArray<Option> = [
  { name: "to", short: "t", value: "ADDRESS", many: true, help: "A recipient" },
  { name: "from", short: "f", value: "ADDRESS", help: "The sender; <> for the null sender" },
  { name: "subject", value: "TEXT", help: "The subject of the message" },
  { name: "body", value: "TEXT|@FILE|-", help: "The text of the message; - reads standard input" },
  { name: "header", value: "'NAME: VALUE'", many: true, help: "A header field; takes the place of a default one" },
  { name: "data", value: "@FILE|-", help: "A whole message, sent as it is; nothing is added" },
  {
    name: "line-ends",
    value: "POLICY",
    help: "normalize: lone CR and LF become CRLF (default); strict: refuse them; keep: send every octet as it is, " +
      "if need be as BINARYMIME in chunks",
  },
].map((option) => ({ ...option, group: "Message" }));

/** Text given as it is, as `@FILE`, or as `-` for standard input. */
const octetsOf = (text: string): Effect.Effect<Uint8Array, UsageError, Shell> =>
  Effect.flatMap(Shell, (shell) => {
    if (text === "-") return shell.readInput;
    if (text.startsWith("@")) return shell.readFile(text.slice(1));
    return Effect.succeed(new TextEncoder().encode(text));
  });

const fields = (given: Given): Effect.Effect<ReadonlyArray<readonly [string, string]>, UsageError> =>
  Effect.forEach(given.values("header"), (field) => {
    const colon = field.indexOf(":");
    const pair = colon <= 0 ? undefined : [field.slice(0, colon).trim(), field.slice(colon + 1).trim()] as const;
    return Values.demand(pair, `"${field}" is no header field`, "write it like 'X-Mark: 1'");
  });

const octets = (
  given: Given,
  { reversePath, recipients }: Envelope,
): Effect.Effect<Uint8Array, UsageError | GrammarError, Shell> =>
  Effect.gen(function* () {
    const data = given.value("data");
    if (data !== undefined) {
      const other = ["subject", "body", "header"].find((name) => given.values(name).length > 0);
      if (other !== undefined) {
        const hint = "put it into the message, or leave --data out";
        return yield* Values.usage(`--${other} cannot change what --data sends`, hint);
      }
      if (data !== "-" && !data.startsWith("@")) {
        return yield* Values.usage("--data takes a file", "write --data @FILE, or --data - for standard input");
      }
      return yield* octetsOf(data);
    }
    const from = Path.address(reversePath);
    const text = yield* octetsOf(given.value("body") ?? "This is a test message, sent with plausch.\n");
    // Composing takes a MIME library: load it only where a message is composed.
    const { compose } = yield* Effect.promise(() => import("@plausch/message/compose"));
    return yield* compose({
      from: from === "" ? "MAILER-DAEMON" : from,
      to: recipients.map(({ path }) => Path.address(path)),
      subject: given.value("subject") ?? "Test message from plausch",
      text: new TextDecoder().decode(text),
      fields: yield* fields(given),
    });
  });

/** A large message file: read once for what has to be declared of it, and again while it is sent. */
const large = (
  given: Given,
  policy: LineEndPolicy | undefined,
): Effect.Effect<Content.Content | undefined, UsageError | LineError, Shell> =>
  Effect.gen(function* () {
    const data = given.value("data");
    const others = ["subject", "body", "header"].some((name) => given.values(name).length > 0);
    if (data === undefined || !data.startsWith("@") || others) return undefined;
    const pieces = yield* (yield* Shell).largeFile(data.slice(1));
    if (pieces === undefined) return undefined;
    const source = Content.fromIterable(pieces, policy);
    const facts = yield* Effect.mapError(
      Content.look(source),
      (cause) =>
        cause instanceof LineError ? cause : new UsageError({ problem: `Cannot read "${data.slice(1)}": ${cause}` }),
    );
    return Content.stream(source, facts);
  });

/** Reads the options of the message. A policy that is none is told before any file is read. */
export const fromOptions = (
  given: Given,
  envelope: Envelope,
): Effect.Effect<Content.Content, UsageError | GrammarError | LineError, Shell> =>
  Effect.gen(function* () {
    const words = ["normalize", "strict", "keep"] as const;
    const policy = yield* Values.choice(given, "line-ends", "policy for line ends", words);
    const streamed = policy === "keep" ? undefined : yield* large(given, policy);
    if (streamed !== undefined) return streamed;
    const message = yield* octets(given, envelope);
    return policy === "keep" ? Content.binary(message) : yield* Effect.fromResult(Content.make(message, policy));
  });
