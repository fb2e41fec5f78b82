/**
 * A message as it goes over the wire: line ends by policy; after DATA with its dots stuffed and the lone dot at its end, in chunks
 * without (RFC 3030). The message itself is looked at once, for what MAIL has to declare.
 *
 * @example A short message
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("Subject: t\n\nhello\n");
 * const content = Result.getOrThrow(Content.make(message));
 * assertEquals(content.size, 21); // with CRLF line ends
 * assertEquals(content.eightBit, false);
 * assertEquals(new TextDecoder().decode(content.wire).endsWith("hello\r\n.\r\n"), true);
 * ```
 *
 * @module
 */
import * as DotStuffing from "@plausch/line/dot-stuffing";
import type { LineError } from "@plausch/line/line-error";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as Slab from "./_slab.ts";

/** What MAIL has to declare of a message. */
export interface Facts {
  /** Its size in octets with CRLF line ends, before stuffing and without the lone dot: the value of SIZE (RFC 1870). */
  readonly size: number | undefined;
  /** Whether any octet has its high bit set, so that 8BITMIME is needed (RFC 6152). */
  readonly eightBit: boolean;
  /** Whether such an octet stands in the header section, so that SMTPUTF8 is due (RFC 6532). */
  readonly eightBitHeader: boolean;
  /** Whether it can only go as it is, in chunks: it is no sequence of lines, so that BINARYMIME is needed (RFC 3030 section 3). */
  readonly isBinary: boolean;
  /** Lines longer than 998 octets, counted from 1; receivers may cut or refuse them (RFC 5321 section 4.5.3.1.6). */
  readonly longLines: ReadonlyArray<number>;
}

/** A message, ready to be sent as often as needed. */
export interface Content extends Facts {
  /** The octets that go over the wire after 354, with the lone dot. Undefined for a message that is binary, or streamed. */
  readonly wire: Uint8Array | undefined;
  /** The octets that go over the wire in chunks: nothing stuffed, nothing added. Undefined for a message that is streamed. */
  readonly octets: Uint8Array | undefined;
  /** Where the octets of a streamed message come from, each time it is sent. */
  readonly source?: Source | undefined;
}

/** A message that is in memory. */
export interface Whole extends Content {
  /** Its size in octets, as {@linkcode Facts} has it. */
  readonly size: number;
  /** The octets that go over the wire in chunks: nothing stuffed, nothing added. */
  readonly octets: Uint8Array;
}

/** A message that does not have to be in memory: see {@linkcode stream}. */
export interface Source {
  /**
   * Opens the message at its beginning. The effect that this gives has the next octets each time it is run, and undefined behind the
   * last ones. They are used before it is run again, so that one buffer will do. The scope closes what was opened.
   */
  readonly open: Effect.Effect<Effect.Effect<Uint8Array | undefined, unknown>, unknown, Scope.Scope>;
  /** What to do about a lone CR or LF. A binary message is left as it is. Default: `normalize`. */
  readonly policy?: DotStuffing.LineEndPolicy | undefined;
}

/**
 * Looks a message over and stuffs it.
 *
 * Under the policy `normalize` a lone CR or LF counts as a line end; under `strict` it is a `LineError` with its offset. A
 * missing line end at the end of the message is added under both.
 *
 * @example A lone LF under the strict policy
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Result from "effect/Result";
 * import { assertEquals } from "@std/assert";
 *
 * const content = Content.make(new TextEncoder().encode("a\nb"), "strict");
 * assertEquals(Result.isFailure(content) && content.failure.offset, 1);
 * ```
 */
export const make = (
  message: Uint8Array,
  policy: DotStuffing.LineEndPolicy = "normalize",
): Result.Result<Whole, LineError> => {
  const stuffer = DotStuffing.make(policy);
  const room = Slab.reserve(DotStuffing.bound(message.length) + DotStuffing.bound(0));
  const end = stuffer.finishInto(room.octets, stuffer.pushInto(message, room.octets, room.from));
  if (stuffer.failure !== undefined) return Result.fail(stuffer.failure);
  const stuffed = room.take(end);
  const { eightBit, octets, longLines } = stuffer;
  return Result.succeed(new Lines(stuffed, octets, eightBit, eightBit && hasEightBitHeader(message), longLines));
};

/** The octets of the lone dot and its line end. */
const loneDot = 3;

/** A message of lines. A class, since to give each message a getter of its own takes longer than to look it over. */
class Lines implements Whole {
  readonly isBinary = false;

  constructor(
    readonly wire: Uint8Array,
    readonly size: number,
    readonly eightBit: boolean,
    readonly eightBitHeader: boolean,
    readonly longLines: ReadonlyArray<number>,
  ) {}

  get octets(): Uint8Array {
    // Without a stuffed dot the two differ by the lone dot alone.
    return this.size === this.wire.length - loneDot ? this.wire.subarray(0, -loneDot) : unstuff(this.wire, this.size);
  }
}

/** What was stuffed here, without the dots and the lone dot. */
const unstuff = (stuffed: Uint8Array, size: number): Uint8Array => {
  const octets = new Uint8Array(size);
  let isLineStart = true;
  let at = 0;
  for (const octet of stuffed.subarray(0, -loneDot)) {
    if (!isLineStart || octet !== 0x2e) octets[at++] = octet;
    isLineStart = octet === 0x0a;
  }
  return octets;
};

/**
 * A message that is read while it is sent, in memory that does not depend on its size. It is opened anew each time it is sent.
 *
 * What is not known of it is assumed to be so that nothing goes wrong: without `facts.size` no SIZE is declared, and without
 * `facts.eightBit` the message needs a server with 8BITMIME. {@linkcode look} finds the facts out by reading it once.
 *
 * @example Out of a generator
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = new TextEncoder().encode("Subject: t\n\nhello\n");
 * const source = Content.fromIterable(() => [octets.subarray(0, 5), octets.subarray(5)]);
 * const content = Content.stream(source, await Effect.runPromise(Content.look(source)));
 * assertEquals([content.size, content.eightBit, content.wire], [21, false, undefined]);
 * ```
 */
export const stream = (source: Source, facts: Partial<Facts> = {}): Content => ({
  size: facts.size,
  eightBit: facts.eightBit ?? true,
  eightBitHeader: facts.eightBitHeader ?? false,
  isBinary: facts.isBinary ?? false,
  longLines: facts.longLines ?? [],
  wire: undefined,
  octets: undefined,
  source,
});

/**
 * A source out of anything that can be gone through in chunks, such as the `readable` of a file. `chunks` is called each time the
 * message is sent, and a chunk may change once the next one is asked for. If it fails or throws, the message is not sent, and the connection is lost.
 *
 * @example A web stream
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const source = Content.fromIterable(() => new Blob(["Subject: t\r\n"]).stream());
 * assertEquals((await Effect.runPromise(Content.look(source))).size, 12);
 * ```
 */
export const fromIterable = (
  chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  policy?: DotStuffing.LineEndPolicy,
): Source => ({
  policy,
  open: Effect.suspend(() => {
    const opened = chunks();
    return Symbol.asyncIterator in opened
      ? pullAsync(opened[Symbol.asyncIterator]())
      : pullSync(opened[Symbol.iterator]());
  }),
});

const octetsOf = ({ done, value }: IteratorResult<Uint8Array>): Uint8Array | undefined =>
  done === true ? undefined : value;

const pullAsync = (iterator: AsyncIterator<Uint8Array>): ReturnType<typeof pullSync> =>
  Effect.as(
    Effect.addFinalizer(() => Effect.ignore(Effect.tryPromise(async () => await iterator.return?.()))),
    Effect.map(Effect.tryPromise(() => iterator.next()), octetsOf),
  );

/** Without a promise for each chunk: it would cost more than the chunk. */
const pullSync = (iterator: Iterator<Uint8Array>): Effect.Effect<
  Effect.Effect<Uint8Array | undefined, unknown>,
  never,
  Scope.Scope
> =>
  Effect.as(
    Effect.addFinalizer(() => Effect.ignore(Effect.try(() => iterator.return?.()))),
    Effect.try(() => octetsOf(iterator.next())),
  );

/**
 * Reads a message once, in constant memory, for what MAIL has to declare of it. Fails as the source does, or with the `LineError` of
 * the policy `strict`.
 *
 * @example An international header
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import * as Effect from "effect/Effect";
 * import { assertEquals } from "@std/assert";
 *
 * const source = Content.fromIterable(() => [new TextEncoder().encode("Subject: gr\u00fc\u00dfe\n\nhello\n")]);
 * const facts = await Effect.runPromise(Content.look(source));
 * assertEquals([facts.eightBit, facts.eightBitHeader], [true, true]);
 * ```
 */
export const look = (source: Source): Effect.Effect<Facts, unknown> =>
  Effect.gen(function* () {
    const pull = yield* source.open;
    const stuffer = DotStuffing.bare(source.policy);
    const header = headerWatch();
    let scratch = new Uint8Array(0);
    let eightBitHeader = false;
    for (let chunk = yield* pull; chunk !== undefined; chunk = yield* pull) {
      eightBitHeader ||= hasEightBit(chunk, header(chunk));
      const most = DotStuffing.bound(chunk.length);
      if (most > scratch.length) scratch = new Uint8Array(most);
      stuffer.pushInto(chunk, scratch, 0);
      if (stuffer.failure !== undefined) return yield* Effect.fail(stuffer.failure);
    }
    stuffer.finish();
    if (stuffer.failure !== undefined) return yield* Effect.fail(stuffer.failure);
    return {
      size: stuffer.octets,
      eightBit: stuffer.eightBit,
      eightBitHeader,
      isBinary: false,
      longLines: stuffer.longLines,
    };
  }).pipe(Effect.scoped);

/** Tells of each chunk how many of its octets belong to the header section. */
const headerWatch = (): (chunk: Uint8Array) => number => {
  let isOver = false;
  let isEmptyLine = false;
  return (chunk) => {
    if (isOver) return 0;
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at];
      if (octet === 0x0a) {
        if (isEmptyLine) {
          isOver = true;
          return at;
        }
        isEmptyLine = true;
      } else if (octet !== 0x0d) isEmptyLine = false;
    }
    return chunk.length;
  };
};

/** Whether one of the first octets, so many of them, has its high bit set. */
const hasEightBit = (octets: Uint8Array, most = octets.length): boolean => {
  for (let at = 0; at < most; at++) if (octets[at]! >= 0x80) return true;
  return false;
};

const hasEightBitHeader = (message: Uint8Array): boolean => hasEightBit(message, headerEnd(message));

/**
 * Looks a message over that may be binary, and keeps every octet of it. One that is made of lines after all, each of at most 998
 * octets with CRLF at its end, without NUL, is a message as from {@linkcode make}.
 *
 * @example A lone LF stays one
 * ```ts
 * import * as Content from "@plausch/session/content";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = (text: string) => new TextEncoder().encode(text);
 * const content = Content.binary(octets("Content-Transfer-Encoding: binary\r\n\r\n\0\n"));
 * assertEquals([content.isBinary, content.size, content.wire], [true, 39, undefined]);
 * assertEquals(Content.binary(octets("Subject: t\r\n\r\nhello\r\n")).isBinary, false);
 * ```
 */
export const binary = (message: Uint8Array): Whole => {
  const lines = make(message, "strict");
  const isText = Result.isSuccess(lines) && lines.success.longLines.length === 0 && !message.includes(0);
  return isText ? lines.success : {
    eightBit: hasEightBit(message),
    eightBitHeader: hasEightBitHeader(message),
    size: message.length,
    isBinary: true,
    wire: undefined,
    octets: message,
    longLines: [],
  };
};

/** Where the empty line that ends the header section begins, whatever the line ends are. */
const headerEnd = (message: Uint8Array): number => {
  const lf = 10;
  for (let at = message.indexOf(lf); at >= 0; at = message.indexOf(lf, at + 1)) {
    const next = message[at + 1];
    if (next === lf || (next === 13 && message[at + 2] === lf)) return at;
  }
  return message.length;
};
