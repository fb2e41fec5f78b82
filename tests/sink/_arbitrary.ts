import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

/** A whole number. */
export const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

/** One of the texts; one that stands twice is twice as likely. */
const oneOf = (texts: ReadonlyArray<string>): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(integer(0, texts.length - 1), (index) => texts[index]!);

const joined = (piece: Arbitrary.Arbitrary<string>, maxLength: number): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.array(piece, { maxLength }), (pieces) => pieces.join(""));

/** Sizes of chunks, for {@link cut}. */
export const cuts: Arbitrary.Arbitrary<Array<number>> = Arbitrary.array(integer(1, 40), {
  minLength: 1,
  maxLength: 20,
});

/** Cuts octets into chunks of the sizes, from the first again when they run out. */
export const cut = (octets: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = [];
  for (let at = 0, count = 0; at < octets.length; count++) {
    const size = sizes[count % sizes.length]!;
    chunks.push(octets.subarray(at, at + size));
    at += size;
  }
  return chunks;
};

/** What a client may say, in its order or not, and the chunks that it comes in. */
export const wildTalk: Arbitrary.Arbitrary<{ readonly text: string; readonly cuts: Array<number> }> = Arbitrary.all({
  text: joined(
    oneOf([
      "EHLO c.test\r\n",
      "HELO c.test\r\n",
      ...["MAIL FROM:<a@c.test>\r\n", "MAIL FROM:<> SIZE=99\r\n", "MAIL FROM:<> SIZE=101\r\n"],
      ...["RCPT TO:<b@d.test>\r\n", "RCPT TO:<b@d.test>\r\n", "RCPT TO:<\r\n"],
      ...["DATA\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "junk\r\n", "\r\n"],
      "GET / HTTP/1.1\r\n",
      ...Array<string>(6).fill("EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\n"),
      "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.test>\r\nRCPT TO:<c@d.test>\r\n",
      ...[".\r\n", ".\r\n", ".\r\n", ".\r\n", ".\r\n", "..\r\n", ".", "text\r\n", "text", `${"x".repeat(101)}\r\n`],
      ...["\r", "\n", "\0", "\u00e9\r\n", "\r\n.\r\n", "\r\n.\n"],
      "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nBDAT 3\r\nabc",
      "EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nBDAT 5 LAST\r\nabc\r\n",
      ...["BDAT 3\r\nabc", "BDAT 5 LAST\r\nabc\r\n", "BDAT 0\r\n", "BDAT 0 LAST\r\n", "BDAT 101 LAST\r\n", "BDAT\r\n"],
      ...["LHLO c.test\r\n", "AUTH CRAM-MD5\r\n", "AUTH PLAIN AHRpbQB0aW0=\r\n", "*\r\n"],
      ...["EHLO c.test\r\nAUTH PLAIN AHRpbQBubw==\r\n", "EHLO c.test\r\nAUTH LOGIN\r\ndGlt\r\ndGlt\r\n"],
      ...[
        "XCLIENT ADDR=192.0.2.1 LOGIN=tim\r\n",
        "XFORWARD NAME=x.test\r\n",
        "ETRN d.test\r\n",
        "EXPN x\r\n",
        "VRFY x\r\n",
      ],
      ...["MAIL FROM:<a@c.test> RET=HDRS BODY=BINARYMIME\r\n", "RCPT TO:<b@d.test> NOTIFY=NEVER\r\n"],
    ]),
    24,
  ),
  cuts,
});

/** Any octets, with those that mean something more often than others; U+00xx is one octet. */
export const noise: Arbitrary.Arbitrary<{ readonly text: string; readonly cuts: Array<number> }> = Arbitrary.all({
  text: joined(
    Arbitrary.map(integer(0, 255 + 64), (code) => code < 256 ? String.fromCharCode(code) : "\r\n. BDAT=*"[code % 11]!),
    200,
  ),
  cuts,
});

/** A message of any octets but NUL, as a user may hand it over. */
export const message: Arbitrary.Arbitrary<string> = joined(
  oneOf(["\r\n", "\r\n", "\n", "\r", ".", ".", "..", "a", "Subject: t", "\u00e9", "x".repeat(70), "QUIT", "\t"]),
  40,
);

/** Values of a generator, always the same. */
export const sample = <A>(arbitrary: Arbitrary.Arbitrary<A>, count: number): ReadonlyArray<A> =>
  Effect.runSync(Arbitrary.sampleEffect(arbitrary, { count, seed: "plausch" }));
