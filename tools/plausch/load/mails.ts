/**
 * What is sent: one message, again and again, in envelopes that may carry a number.
 *
 * @module
 */
import * as Content from "@plausch/session/content";
import * as Envelope from "@plausch/session/envelope";
import type { Mail } from "@plausch/session/send-many";
import type { LineError } from "@plausch/line/line-error";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Path from "@plausch/smtp/path";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Given, Option, UsageError } from "../options.ts";
import * as Message from "../send/message.ts";
import type { Shell } from "../shell.ts";
import * as Values from "../values.ts";

/** The options of what is sent. */
export const options: ReadonlyArray<Option> = [
  { name: "from", short: "f", value: "ADDRESS", help: "The sender; <> for the null sender; default: from@load.test" },
  {
    name: "to",
    short: "t",
    value: "ADDRESS",
    help: "The recipient; default: to{r}@load.test; {r} becomes its number in the message; {n}, here and in --from, " +
      "that of the message",
  },
  { name: "recipients", value: "N", help: "How many recipients a message has; default: 1" },
  { name: "size", value: "OCTETS", help: "The size of a message, with its line ends; default: 1024" },
  { name: "data", value: "@FILE|-", help: "The message itself, in place of --size" },
].map((option) => ({ ...option, group: "Message" }));

/** One of the messages. */
export interface LoadMail extends Mail {
  /** When it was begun, or, with a pace, was due; in microseconds of the monotonic clock. */
  readonly since: number;
}

/** Makes the messages. */
export interface Mails {
  /** The message with this number, counted from 1. */
  readonly make: (number: number, since: number) => LoadMail;
  /** How many octets each has, if that is known. */
  readonly size: number | undefined;
}

/** How many octets a line of the text has, with its end. */
const lineLength = 78;

/** A message of exactly so many octets, at least 2: a header, where there is room for it, and lines of text. */
export const compose = (size: number, header: string): Uint8Array => {
  const octets = new Uint8Array(size).fill(0x78);
  const head = new TextEncoder().encode(header);
  const start = head.length <= size - 2 ? head.length : 0;
  if (start > 0) octets.set(head);
  for (let at = start; at < size;) {
    const left = size - at;
    // A line has at least its end.
    const length = left <= lineLength ? left : Math.min(lineLength, left - 2);
    octets.set([0x0d, 0x0a], at + length - 2);
    at += length;
  }
  return octets;
};

const header = (from: string, millis: number): string => {
  const date = new Date(millis).toUTCString().replace("GMT", "+0000");
  return `Date: ${date}\r\nFrom: ${from}\r\nSubject: plausch load\r\n\r\n`;
};

const numbered = (template: string, message: number, recipient: number): string =>
  template.replaceAll("{n}", `${message}`).replaceAll("{r}", `${recipient}`);

/** Everything in memory at once: of more, take a file. */
const mostOctets = 1024 ** 3;

/** Reads the options; `messages` is how many will be made. */
export const fromOptions = (
  given: Given,
  messages: number,
): Effect.Effect<Mails, UsageError | GrammarError | LineError, Shell> =>
  Effect.gen(function* () {
    const from = given.value("from") ?? "from@load.test";
    const to = given.value("to") ?? "to{r}@load.test";
    const count = (yield* Values.integer(given, "recipients", 1, 100_000)) ?? 1;
    if (count > 1 && !to.includes("{r}")) {
      return yield* Values.usage(
        `--to names one address, and --recipients ${count} would give it to the server ${count} times`,
        "write {r} where the number of the recipient goes, as in to{r}@load.test",
      );
    }
    const envelope = (message: number): Result.Result<Envelope.Envelope, GrammarError> =>
      Envelope.make({
        from: numbered(from, message, 1),
        to: Array.from({ length: count }, (_, index) => numbered(to, message, index + 1)),
      });
    // The longest number first: what it allows, all allow.
    const last = yield* Effect.fromResult(envelope(messages));
    const size = yield* Values.integer(given, "size", 2, mostOctets);
    if (size !== undefined && given.has("data")) {
      return yield* Values.usage("--size and --data name two messages", "leave one of them out");
    }
    const author = Path.address(last.reversePath);
    const now = yield* Clock.currentTimeMillis;
    const content = given.has("data") ? yield* Message.fromOptions(given, last) : yield* Effect.fromResult(
      Content.make(compose(size ?? 1024, header(author === "" ? "MAILER-DAEMON" : author, now))),
    );
    const isFixed = !from.includes("{n}") && !to.includes("{n}");
    const make = (number: number): Envelope.Envelope => isFixed ? last : Result.getOrThrow(envelope(number));
    return { make: (number, since) => ({ envelope: make(number), content, since }), size: content.size };
  });
