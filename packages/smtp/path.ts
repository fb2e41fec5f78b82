/**
 * Reverse-paths and forward-paths: what MAIL and RCPT say between angle brackets (RFC 5321 section 4.1.2).
 *
 * Reading is strict, as writing must be: of what clients send wrongly, only that is taken which `lenient` names.
 *
 * @example Both kinds of path
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Result.getOrThrow(Path.reverseFromString("<>")), Path.nullPath);
 * const to = Result.getOrThrow(Path.forwardFromString("<user@bücher.example>", { smtputf8: true }));
 * assertEquals(Result.getOrThrow(Path.format(to)), "<user@xn--bcher-kva.example>");
 * ```
 *
 * @module
 */
import * as Result from "effect/Result";
import { charsetFault } from "./_characters.ts";
import { readPlainPath } from "./_mailbox.ts";
import * as internal from "./_path.ts";
import { fault, type Source } from "./_source.ts";
import * as Domain from "./domain.ts";
import { GrammarError } from "./grammar_error.ts";
import type { AddressOptions, Mailbox } from "./mailbox.ts";

/** The empty reverse-path `<>` of notifications: nobody is to be told about a failure (RFC 5321 section 3.6.3). */
export interface NullPath {
  /** Tells the empty path from a mailbox. */
  readonly _tag: "Null";
}

/** The recipient `<Postmaster>`, the one that needs no domain (RFC 5321 section 4.1.1.3). */
export interface Postmaster {
  /** Tells the postmaster from a mailbox. */
  readonly _tag: "Postmaster";
  /** The word in the case it was written in. */
  readonly localPart: string;
}

/** Whom a message comes from, for the envelope: a mailbox or nobody. */
export type ReversePath = Mailbox | NullPath;

/** Whom a message goes to, for the envelope: a mailbox or the receiving host's postmaster. */
export type ForwardPath = Mailbox | Postmaster;

/**
 * The empty reverse-path.
 *
 * @example The sender of a notification
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Path.address(Path.nullPath), "<>");
 * ```
 */
export const nullPath: NullPath = internal.nullPath;

const fromString = (
  source: Source,
  options: AddressOptions,
): Result.Result<ReversePath | ForwardPath, GrammarError> => {
  const plain = readPlainPath(source.text);
  if (plain !== undefined) return Result.succeed(plain);
  const read = charsetFault(source, options.smtputf8 === true) ??
    internal.readPath(source, 0, options.lenient === true);
  if (read instanceof GrammarError) return Result.fail(read);
  if (read.end < source.text.length) return Result.fail(fault(source, "TrailingGarbage", read.end));
  return Result.succeed(read.value);
};

/**
 * Reads a reverse-path with its brackets. Fails with `MissingBracket`, `BadSourceRoute`, `TrailingGarbage`, or a reason of
 * `Mailbox.fromString`. Control characters anywhere in the text are reported before anything else.
 *
 * @example A path cannot smuggle a command
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const result = Path.reverseFromString("<user@example.com>\r\nDATA");
 * assertEquals(Result.getOrThrow(Result.flip(result)).reason, "ControlCharacter");
 * ```
 */
export const reverseFromString = (
  text: string,
  options: AddressOptions = {},
): Result.Result<ReversePath, GrammarError> =>
  fromString({ subject: "reverse-path", text }, options) as Result.Result<ReversePath, GrammarError>;

/**
 * Reads a forward-path with its brackets: a mailbox, or `<Postmaster>` in any case. Fails as {@linkcode reverseFromString}
 * does, and with `NullPath` for `<>`.
 *
 * @example The postmaster needs no domain
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const path = Result.getOrThrow(Path.forwardFromString("<Postmaster>"));
 * assertEquals(path, { _tag: "Postmaster", localPart: "Postmaster" });
 * ```
 */
export const forwardFromString = (
  text: string,
  options: AddressOptions = {},
): Result.Result<ForwardPath, GrammarError> =>
  fromString({ subject: "forward-path", text }, options) as Result.Result<ForwardPath, GrammarError>;

/** How a path is written. */
export interface FormatOptions {
  /** Whether the server takes characters outside ASCII (RFC 6531). Default: false. */
  readonly smtputf8?: boolean | undefined;
}

/**
 * The path with brackets as it goes on the wire. The domain is the A-label form, unless the local part needs SMTPUTF8 anyway;
 * then it is as written. A source route that was read is kept. Fails with `NonAscii` where SMTPUTF8 is needed and not allowed,
 * and for a mailbox that no parser made with any reason of {@linkcode reverseFromString}.
 *
 * @example A local part that needs SMTPUTF8
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const path = Result.getOrThrow(Path.forwardFromString("<用户@例え.example>", { smtputf8: true }));
 * assert(Result.isFailure(Path.format(path)));
 * assertEquals(Result.getOrThrow(Path.format(path, { smtputf8: true })), "<用户@例え.example>");
 * ```
 */
export const format = (
  path: ReversePath | ForwardPath,
  options: FormatOptions = {},
): Result.Result<string, GrammarError> => {
  const wire = internal.wirePath(path, options.smtputf8 === true);
  return wire instanceof GrammarError ? Result.fail(wire) : Result.succeed(wire);
};

/**
 * The address as people write it: no brackets, no source route, the domain as written; `<>` for the empty path. Not for the
 * wire; and for a terminal only through `Printable.escape`.
 *
 * @example For a report
 * ```ts
 * import * as Path from "@plausch/smtp/path";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const path = Result.getOrThrow(Path.reverseFromString("<@relay.example:user@example.com>"));
 * assertEquals(Path.address(path), "user@example.com");
 * ```
 */
export const address = (path: ReversePath | ForwardPath): string => {
  switch (path._tag) {
    case "Null":
      return "<>";
    case "Postmaster":
      return path.localPart;
    case "Mailbox":
      return `${path.localPart}@${path.domain._tag === "Name" ? path.domain.name : Domain.format(path.domain)}`;
  }
};
