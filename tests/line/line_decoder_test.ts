import * as LineDecoder from "@plausch/line/line-decoder";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { chunkings, latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { chunks, decoded, fault, type Line, wildChunks } from "./_models.ts";
import { octetsMoved } from "./_work.ts";

const current = (decoder: LineDecoder.LineDecoder): string =>
  latin1(decoder.bytes.subarray(decoder.start, decoder.end));

const drain = (decoder: LineDecoder.LineDecoder): Array<Line> => {
  const lines: Array<Line> = [];
  while (decoder.next()) lines.push({ text: current(decoder), offset: decoder.offset, warnings: decoder.warnings });
  return lines;
};

const read = (parts: Iterable<Uint8Array>, options?: LineDecoder.LineDecoderOptions) => {
  const decoder = LineDecoder.make(options);
  const lines: Array<Line> = [];
  for (const part of parts) {
    decoder.push(part);
    lines.push(...drain(decoder));
  }
  return { decoder, lines };
};

const texts = (lines: ReadonlyArray<Line>): ReadonlyArray<string> => lines.map((line) => line.text);

const limits = Arbitrary.map(
  Arbitrary.schema(Schema.Literals([2, 3, 5, 68, 69, 70, 500, "none"])),
  (limit) => limit === "none" ? Infinity : limit,
);

for (const mode of ["strict", "lenient"] as const) {
  property(
    `${mode}: lines, warnings, offsets, limits and failures are right in any chunking`,
    Arbitrary.all({
      parts: Arbitrary.flatMap(Arbitrary.schema(Schema.Boolean), (wild) => wild ? wildChunks : chunks),
      maxLineOctets: limits,
      maxTotalOctets: limits,
    }),
    ({ parts, ...sizes }) => {
      const options = { mode, ...sizes };
      const expected = decoded(parts.join(""), options);
      const { decoder, lines } = read(parts.map(octets), options);
      const { failure } = decoder;
      return JSON.stringify(lines) === JSON.stringify(expected.lines) &&
        failure?.reason === expected.fault?.reason && failure?.offset === expected.fault?.offset &&
        (failure !== undefined || decoder.buffered === expected.buffered);
    },
    { runs: 3000, seed: "plausch" },
  );
}

Deno.test("strict: only CRLF ends a line", () => {
  const { decoder, lines } = read([octets("EHLO a\r\n\r\nQUIT\r\nrest")]);
  assertEquals(lines.map(({ text, offset }) => [text, offset]), [["EHLO a", 0], ["", 8], ["QUIT", 10]]);
  assertEquals([decoder.buffered, decoder.failure], [4, undefined]);
});

for (
  const [stream, reason, offset] of [
    ["a\r\nb\nc\r\n", "BareLf", 4],
    ["a\r\nb\rc\r\n", "BareCr", 4],
    ["a\r\nb\r\r\n", "BareCr", 4],
    ["a\r\n\n", "BareLf", 3],
    ["a\r\nb\0c\r\n", "Nul", 4],
    ["a\r\nb\r\0", "BareCr", 4],
  ] as const
) {
  Deno.test(`strict: ${JSON.stringify(stream)} gives its first line, then fails for ever`, () => {
    for (const parts of chunkings(octets(stream))) {
      const { decoder, lines } = read(parts);
      assertEquals(texts(lines), ["a"]);
      assertEquals(fault(decoder.failure), { reason, offset });
      const { failure, buffered } = decoder;
      decoder.push(octets("NOOP\r\n"));
      assertEquals(decoder.next(), false);
      assertStrictEquals(decoder.failure, failure);
      assertEquals(decoder.buffered, buffered);
    }
  });
}

Deno.test("a CR at the end of what came is not judged before the next octet", () => {
  for (const mode of ["strict", "lenient"] as const) {
    const decoder = LineDecoder.make({ mode });
    decoder.push(octets("a\r"));
    assertEquals([decoder.next(), decoder.failure, decoder.buffered], [false, undefined, 2]);
    decoder.push(octets(""));
    assertEquals([decoder.next(), decoder.failure], [false, undefined]);
    decoder.push(octets("\n"));
    assertEquals([decoder.next(), current(decoder), decoder.warnings, decoder.buffered], [true, "a", [], 0]);
  }
});

Deno.test("lenient: LF ends a line and a CR on its own stays in it, both with a warning", () => {
  const { decoder, lines } = read([octets("a\nb\rc\r\nd\r\re\nf\r\n")], { mode: "lenient" });
  assertEquals(lines, [
    { text: "a", offset: 0, warnings: ["BareLf"] },
    { text: "b\rc", offset: 2, warnings: ["BareCr"] },
    { text: "d\r\re", offset: 7, warnings: ["BareCr", "BareLf"] },
    { text: "f", offset: 12, warnings: [] },
  ]);
  assertEquals(decoder.failure, undefined);
});

Deno.test("lenient: a NUL fails", () => {
  const { decoder, lines } = read([octets("a\nb\0\n")], { mode: "lenient" });
  assertEquals(texts(lines), ["a"]);
  assertEquals(fault(decoder.failure), { reason: "Nul", offset: 3 });
});

Deno.test("a line may have 1000 octets with its line end, and not one more", () => {
  for (const end of ["\r\n", "\n"]) {
    const fits = "x".repeat(1000 - end.length) + end;
    for (const parts of [[octets(fits)], [octets(fits.slice(0, -1)), octets(fits.slice(-1))]]) {
      assertEquals(texts(read(parts, { mode: "lenient" }).lines), [fits.slice(0, -end.length)]);
    }
    for (const parts of chunkings(octets(`ok\r\nx${fits}`), 8)) {
      const { decoder, lines } = read(parts, { mode: "lenient" });
      assertEquals(texts(lines), ["ok"]);
      assertEquals(fault(decoder.failure), { reason: "LineTooLong", offset: 1004 });
      assertEquals(decoder.failure?.limit, 1000);
    }
  }
});

Deno.test("a line without an end fails at the octet that is too much, not before", () => {
  const decoder = LineDecoder.make({ maxLineOctets: 10 });
  decoder.push(octets("0123456789"));
  assertEquals([decoder.next(), decoder.failure], [false, undefined]);
  decoder.push(octets("x"));
  assertEquals(decoder.next(), false);
  assertEquals(fault(decoder.failure), { reason: "LineTooLong", offset: 10 });
});

Deno.test("all lines together may have as many octets as allowed, and not one more", () => {
  const options = { maxTotalOctets: 8 };
  for (const parts of chunkings(octets("ab\r\ncd\r\n"))) {
    assertEquals(texts(read(parts, options).lines), ["ab", "cd"]);
  }
  for (const parts of chunkings(octets("ab\r\ncd\r\ne"))) {
    const { decoder, lines } = read(parts, options);
    assertEquals(texts(lines), ["ab", "cd"]);
    assertEquals(fault(decoder.failure), { reason: "TooManyOctets", offset: 8 });
    assertEquals(decoder.failure?.limit, 8);
  }
});

Deno.test("a limit that is none is a RangeError", () => {
  for (const limit of [1, 0, -5, 2.5, NaN]) {
    assertThrows(() => LineDecoder.make({ maxLineOctets: limit }), RangeError, '"maxLineOctets"');
    assertThrows(() => LineDecoder.make({ maxTotalOctets: limit }), RangeError, '"maxTotalOctets"');
  }
});

Deno.test("takeBuffered hands over what follows a line, and lines go on behind it", () => {
  const decoder = LineDecoder.make({ maxTotalOctets: 12 });
  decoder.push(octets("DATA\r\nHi\r\n.\r"));
  assert(decoder.next());
  assertEquals(decoder.buffered, 6);
  const taken = decoder.takeBuffered();
  assertEquals(latin1(taken), "Hi\r\n.\r");
  assertEquals([decoder.buffered, current(decoder)], [0, "DATA"]);
  decoder.push(octets("QUIT\r\n"));
  assertEquals(latin1(taken), "Hi\r\n.\r");
  assert(decoder.next());
  assertEquals([current(decoder), decoder.offset], ["QUIT", 6]);
  assertEquals(decoder.takeBuffered().length, 0);
});

Deno.test("takeBuffered forgets what was seen of a line that was not finished", () => {
  const decoder = LineDecoder.make({ mode: "lenient", maxLineOctets: 8 });
  decoder.push(octets("x\ry\r"));
  assertEquals(decoder.next(), false);
  assertEquals(latin1(decoder.takeBuffered()), "x\ry\r");
  decoder.push(octets("\nabcdef\r\n"));
  assertEquals(drain(decoder), [
    { text: "", offset: 0, warnings: ["BareLf"] },
    { text: "abcdef", offset: 1, warnings: [] },
  ]);
});

Deno.test("the caller may use a chunk again after push", () => {
  const decoder = LineDecoder.make();
  const chunk = octets("NOOP\r\n");
  decoder.push(chunk);
  chunk.fill(0);
  assert(decoder.next());
  assertEquals(current(decoder), "NOOP");
});

Deno.test("each octet is moved a few times at most, however small the chunks and long the lines", () => {
  const total = 200_000;
  for (const [length, size] of [[total, 1], [total, 7], [50, 1], [50, 33], [1000, 999], [1000, 4096]] as const) {
    const stream = octets(`${"x".repeat(length - 2)}\r\n`.repeat(total / length));
    const parts: Array<Uint8Array> = [];
    for (let at = 0; at < total; at += size) parts.push(stream.subarray(at, at + size));
    const decoder = LineDecoder.make({ maxLineOctets: Infinity });
    let lines = 0;
    const moved = octetsMoved(() => {
      for (const part of parts) {
        decoder.push(part);
        while (decoder.next()) lines++;
      }
    });
    assertEquals(lines, total / length);
    assert(moved <= 3 * total, `${moved} octets moved for lines of ${length} in chunks of ${size}`);
  }
});

Deno.test("the buffer stays small when lines are taken as they come", () => {
  const decoder = LineDecoder.make();
  for (let i = 0; i < 10_000; i++) {
    decoder.push(octets("a line\r\nand half a li"));
    decoder.next();
    decoder.push(octets("ne\r\n"));
    decoder.next();
  }
  assertEquals(decoder.bytes.length, 1024);
});

Deno.test("a full buffer is not moved again for every line taken from it", () => {
  const decoder = LineDecoder.make();
  const line = octets("eight...\r\n");
  for (let i = 0; i < 100; i++) decoder.push(line);
  const lines = 10_000;
  const moved = octetsMoved(() => {
    for (let i = 0; i < lines; i++) {
      decoder.push(line);
      decoder.next();
    }
  });
  assertEquals(decoder.buffered, 1000);
  assert(moved <= 3 * lines * line.length, `${moved} octets moved for ${lines * line.length}`);
});

for (const octet of ["x", "\r"]) {
  Deno.test(`a long line in chunks of ${JSON.stringify(octet)} is not searched again for every chunk`, () => {
    const chunk = octets(octet);
    const lineEnd = octets("\r\n");
    // Both take as many steps; the long line would take 1000 times as long if each step searched all of it.
    const millisecondsFor = (lines: number, length: number): number => {
      const decoder = LineDecoder.make({ mode: "lenient", maxLineOctets: Infinity });
      const start = performance.now();
      for (let line = 0; line < lines; line++) {
        for (let i = 0; i < length; i++) {
          decoder.push(chunk);
          assert(!decoder.next());
        }
        decoder.push(lineEnd);
        assert(decoder.next());
      }
      return performance.now() - start;
    };
    const long = Math.min(millisecondsFor(1, 200_000), millisecondsFor(1, 200_000));
    const short = Math.min(millisecondsFor(1000, 200), millisecondsFor(1000, 200));
    assert(long < 20 * short, `one long line took ${long} ms, a thousand short ones ${short} ms`);
  });
}
