/**
 * Composing a message from parts.
 *
 * @example Every field in its place
 * ```ts
 * import * as Compose from "@plausch/message/compose";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const message = await Effect.runPromise(
 *   Compose.compose({ from: "mir@c.test", to: ["mir@d.test"], subject: "Testmail", text: "Hallo\n" }),
 * );
 * const names = new TextDecoder().decode(message).split("\r\n").map((line) => line.split(":")[0]);
 * assertEquals(names.slice(0, 5), ["From", "To", "Subject", "Date", "Message-ID"]);
 * ```
 *
 * @module
 */
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Header from "@plausch/smtp/header";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import MimeNode from "nodemailer/lib/mime-node";

/** What a message is made of. */
export interface Parts {
  /** The author, as the From field shows it: `user@domain` or `Name <user@domain>`. */
  readonly from: string;
  /** The addressees, as the To field shows them. */
  readonly to: ReadonlyArray<string>;
  /** The subject, in any script. No Subject field is made without one. */
  readonly subject?: string | undefined;
  /** The text of the message. Its line ends become CRLF; text outside ASCII is sent as quoted-printable or base64. */
  readonly text: string;
  /**
   * Further fields, in order. A field named here takes the place of the one that would be made: From, To, Subject, Date,
   * Message-ID.
   */
  readonly fields?: ReadonlyArray<readonly [name: string, value: string]> | undefined;
}

/** RFC 5322 section 3.3, in UTC: the composing host's clock zone is nobody's business. */
const formatDate = (date: DateTime.Utc): string => DateTime.toDateUtc(date).toUTCString().replace("GMT", "+0000");

/** The domain of an address such as `Name <user@domain>`, for the right side of a Message-ID. */
const domainOf = (address: string): string => /@([^@\s<>]+)>?\s*$/.exec(address)?.[1] ?? "localhost";

const defaultFields = (
  parts: Parts,
  date: DateTime.Utc,
  unique: ReadonlyArray<number>,
): ReadonlyArray<readonly [string, string]> => [
  ["From", parts.from],
  ["To", parts.to.join(", ")],
  ...(parts.subject === undefined ? [] : [["Subject", parts.subject] as const]),
  ["Date", formatDate(date)],
  ["Message-ID", `<${unique.map((part) => part.toString(36)).join(".")}@${domainOf(parts.from)}>`],
];

/**
 * Makes a message: its header section, an empty line and its text, with CRLF line ends. Date comes from effect's clock,
 * Message-ID from effect's `Random`. Field values outside ASCII are encoded (RFC 2047), long ones folded.
 *
 * Fails with `BadHeaderName` or `BadHeaderValue` if a field could forge another (RFC 5322 section
 * 2.2).
 *
 * @example No field smuggles another in
 * ```ts
 * import * as Compose from "@plausch/message/compose";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const error = await Effect.runPromise(Effect.flip(
 *   Compose.compose({ from: "mir@c.test", to: ["mir@d.test"], subject: "x\r\nBcc: eve@x.test", text: "" }),
 * ));
 * assertEquals(error.subject, "header field");
 * ```
 */
export const compose = (parts: Parts): Effect.Effect<Uint8Array, GrammarError> =>
  Effect.gen(function* () {
    const date = yield* DateTime.now;
    const unique = [yield* Random.nextIntBetween(0, 2 ** 48), yield* Random.nextIntBetween(0, 2 ** 48)];
    const own = parts.fields ?? [];
    const taken = new Set(own.map(([name]) => name.toLowerCase()));
    const made = defaultFields(parts, date, unique).filter(([name]) => !taken.has(name.toLowerCase()));
    const composer = new MimeNode("text/plain; charset=utf-8", { newline: "\r\n" });
    for (const [name, value] of [...made, ...own]) {
      const checked = Result.all([Header.fieldName(name), Header.fieldValue(value, { utf8: true })]);
      if (Result.isFailure(checked)) return yield* Effect.fail(checked.failure);
      composer.setHeader(name, value);
    }
    composer.setContent(parts.text.endsWith("\n") ? parts.text : `${parts.text}\n`);
    const built = yield* Effect.promise(() => composer.build());
    return Uint8Array.from(built);
  });
