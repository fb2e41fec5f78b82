import { DotStuffing, DotUnstuffing, LineDecoder, LineError } from "@plausch/line";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { octets } from "../support/cases.ts";
import { it } from "../support/it.ts";

Deno.test("every reason makes a sentence with its place", () => {
  const messages = (["BareCr", "BareLf", "Nul", "UnexpectedEnd"] as const).map((reason) =>
    new LineError.LineError({ reason, offset: 7 }).message
  );
  assertEquals(messages, [
    "Cannot read on at octet 7: a CR without LF; lines end with CRLF",
    "Cannot read on at octet 7: an LF without CR; lines end with CRLF",
    "Cannot read on at octet 7: a NUL is not allowed here",
    "Cannot read on at octet 7: the input ends before the line with the lone dot",
  ]);
});

Deno.test("a limit is named in the sentence", () => {
  const decoder = LineDecoder.make({ maxLineOctets: 4, maxTotalOctets: 6 });
  decoder.push(octets("12345"));
  decoder.next();
  assertEquals(decoder.failure?.message, "Cannot read on at octet 4: the line is longer than 4 octets");
  const total = LineDecoder.make({ maxTotalOctets: 6 });
  total.push(octets("12\r\n345"));
  while (total.next());
  assertEquals(total.failure?.message, "Cannot read on at octet 6: the lines together are longer than 6 octets");
});

Deno.test("the error is an Error of its own name and is never temporary", () => {
  const wire = DotUnstuffing.decode(octets("a\n"));
  assert(Result.isFailure(wire));
  assertInstanceOf(wire.failure, LineError.LineError);
  assertEquals([wire.failure.name, wire.failure._tag, wire.failure.isTemporary], ["LineError", "LineError", false]);
});

it("the error can be caught by its tag", () =>
  Effect.gen(function* () {
    const caught = yield* Effect.fromResult(DotStuffing.encode(octets("\r"), "strict")).pipe(
      Effect.catchTag("LineError", (error) => Effect.succeed(error.reason)),
    );
    assertEquals(caught, "BareCr");
  }));
