import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { aligned, chunks, fault, normalForm, stuffed, unstuffed, wildChunks } from "./_models.ts";
import { octetsMoved } from "./_work.ts";

property("decode is the inverse of encode, up to line ends", chunks, (parts) => {
  const wire = Result.getOrThrow(DotStuffing.encode(octets(parts.join(""))));
  const { message, rest } = Result.getOrThrow(DotUnstuffing.decode(wire));
  return latin1(message) === normalForm(parts.join("")) && rest.length === 0;
});

property("the message and what follows it are found in any chunking of any message", chunks, (parts) => {
  const unstuffer = DotUnstuffing.make();
  const normal = normalForm(parts.join(""));
  const wire = `${stuffed(normal)}RSET\r\n.\r\n`;
  let message = "";
  let at = 0;
  for (const size of [...parts.map((part) => part.length), wire.length]) {
    message += latin1(unstuffer.push(octets(wire.slice(at, at + size))));
    at += size;
  }
  return unstuffer.ended && message === normal && latin1(unstuffer.rest) === "RSET\r\n.\r\n" &&
    unstuffer.octets === normal.length;
});

property("octets of any kind end, fail or wait as a strict server must, in any chunking", wildChunks, (parts) => {
  const expected = unstuffed(parts.join(""));
  const unstuffer = DotUnstuffing.make();
  const message = parts.map((part) => latin1(unstuffer.push(octets(part)))).join("");
  const whole = DotUnstuffing.decode(octets(parts.join("")));
  if (expected.message === undefined) {
    const { reason, offset } = expected.fault ?? { reason: undefined, offset: undefined };
    return !unstuffer.ended && unstuffer.failure?.reason === reason && unstuffer.failure?.offset === offset &&
      Result.isFailure(whole) && whole.failure.reason === (reason ?? "UnexpectedEnd");
  }
  return unstuffer.ended && unstuffer.failure === undefined && message === expected.message &&
    latin1(unstuffer.rest) === expected.rest && unstuffer.octets === message.length &&
    Result.isSuccess(whole) && latin1(whole.success.message) === message &&
    latin1(whole.success.rest) === expected.rest;
}, { runs: 2000, seed: "plausch" });

Deno.test("an octet that matters is found at every place and every alignment", () => {
  for (let length = 60; length < 76; length++) {
    for (let place = 0; place < length; place++) {
      for (const special of ["\r", "\n", "\0", "\r\n.", "\r\n..", "\r\n.\r\n", "\r\n.\n", "\t"]) {
        const wire = `${"x".repeat(place)}${special}${"x".repeat(length - place)}\r\n.\r\n`;
        for (const view of aligned(wire)) {
          const expected = unstuffed(wire);
          const result = DotUnstuffing.decode(view);
          if (Result.isSuccess(result)) {
            assertEquals([latin1(result.success.message), latin1(result.success.rest)], [
              expected.message,
              expected.rest,
            ]);
          } else {
            assertEquals(fault(result.failure), expected.fault);
          }
        }
      }
    }
  }
});

Deno.test("the second line is not taken for the lone dot of the first", () => {
  const { message, rest } = Result.getOrThrow(DotUnstuffing.decode(octets(".a\r\nb\r\n.c\r\nd\r\n.\r\nX")));
  assertEquals([latin1(message), latin1(rest)], ["a\r\nb\r\nc\r\nd\r\n", "X"]);
});

Deno.test("an empty message ends with its first line", () => {
  const { message, rest } = Result.getOrThrow(DotUnstuffing.decode(octets(".\r\n")));
  assertEquals([message.length, rest.length], [0, 0]);
});

Deno.test("the octets behind the end are kept in order over many pushes", () => {
  const unstuffer = DotUnstuffing.make();
  unstuffer.push(octets("a\r\n.\r\nMAIL"));
  const early = unstuffer.rest;
  for (let i = 0; i < 1000; i++) assertEquals(unstuffer.push(octets("-")).length, 0);
  assertEquals(latin1(early), "MAIL");
  assertEquals(latin1(unstuffer.rest), `MAIL${"-".repeat(1000)}`);
  assertEquals(unstuffer.octets, 3);
});

Deno.test("the octets behind the end are not copied again for every push", () => {
  const unstuffer = DotUnstuffing.make();
  unstuffer.push(octets(".\r\n"));
  const octet = octets("-");
  const moved = octetsMoved(() => {
    for (let i = 0; i < 20_000; i++) unstuffer.push(octet);
  });
  assertEquals(unstuffer.rest.length, 20_000);
  assert(moved <= 3 * 20_000, `${moved} octets moved`);
});

Deno.test("after a failure nothing more is given and the end is not looked for", () => {
  const unstuffer = DotUnstuffing.make();
  assertEquals(latin1(unstuffer.push(octets("a\r\nb\0"))), "a\r\nb");
  assertEquals(unstuffer.push(octets("\r\n.\r\nQUIT\r\n")).length, 0);
  assertEquals(fault(unstuffer.failure), { reason: "Nul", offset: 4 });
  assertEquals([unstuffer.ended, unstuffer.rest.length], [false, 0]);
});

Deno.test("what push gave, and the rest, stay as they are when the chunk changes", () => {
  const unstuffer = DotUnstuffing.make();
  const chunk = octets("a\r\n.\r\nNOOP");
  const message = unstuffer.push(chunk);
  chunk.fill(0);
  assertEquals([latin1(message), latin1(unstuffer.rest)], ["a\r\n", "NOOP"]);
});

Deno.test("decode says where the input ends without a lone dot", () => {
  const result = DotUnstuffing.decode(octets("a\r\n.\r"));
  assert(Result.isFailure(result));
  assertEquals(fault(result.failure), { reason: "UnexpectedEnd", offset: 5 });
});

Deno.test("pushInto writes where it is told, says where it stopped, and needs room for a CR that was held", () => {
  const unstuffer = DotUnstuffing.make();
  const target = new Uint8Array(20);
  const wire = (text: string) => new TextEncoder().encode(text);
  let at = unstuffer.pushInto(wire("..a\r"), target, 2);
  at = unstuffer.pushInto(wire("\nb\r\n.\r\nNOOP\r\n"), target, at);
  assertEquals(new TextDecoder().decode(target.subarray(2, at)), ".a\r\nb\r\n");
  assertEquals(new TextDecoder().decode(unstuffer.rest), "NOOP\r\n");
  assertThrows(() => DotUnstuffing.make().pushInto(wire("abc"), new Uint8Array(3), 0), RangeError);
});
