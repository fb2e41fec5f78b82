import * as DotStuffing from "@plausch/line/dot-stuffing";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import * as Result from "effect/Result";
import { latin1, octets } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { aligned, chunks, fault, firstBareLineEnd, longLines, normalForm, stuffed } from "./_models.ts";

const encoded = (message: string | Uint8Array): string =>
  latin1(Result.getOrThrow(DotStuffing.encode(typeof message === "string" ? octets(message) : message)));

const stuffIn = (parts: ReadonlyArray<string>, policy?: DotStuffing.LineEndPolicy) => {
  const stuffer = DotStuffing.make(policy);
  const wire = parts.map((part) => latin1(stuffer.push(octets(part)))).join("") + latin1(stuffer.finish());
  return { stuffer, wire };
};

property("what is sent is the normal form with its dots doubled, in any chunking", chunks, (parts) => {
  const normal = normalForm(parts.join(""));
  const { stuffer, wire } = stuffIn(parts);
  return wire === stuffed(normal) && wire === encoded(parts.join("")) && stuffer.octets === normal.length &&
    stuffer.longLines.join() === longLines(normal).join() && stuffer.failure === undefined;
});

property("an octet of eight bits is noticed wherever it is", chunks, (parts) => {
  const message = parts.join("");
  return [message, `${message}\xfc`, `\x80${message}`].every((each) => {
    const { stuffer } = stuffIn([each.slice(0, 70), each.slice(70)]);
    return stuffer.eightBit === /[\x80-\xff]/.test(each);
  });
});

property("CRLF . CRLF is only at the very end, and no CR or LF is on its own", chunks, (parts) => {
  const { wire } = stuffIn(parts);
  const end = `\r\n${wire}`.indexOf("\r\n.\r\n");
  return end === wire.length - 3 && firstBareLineEnd(wire) === undefined;
});

property("under strict the first CR or LF on its own is a failure, and nothing follows", chunks, (parts) => {
  const message = parts.join("");
  const expected = firstBareLineEnd(message);
  const { stuffer, wire } = stuffIn(parts, "strict");
  if (expected === undefined) return stuffer.failure === undefined && wire === stuffed(normalForm(message));
  const before = message.slice(0, expected.offset);
  return stuffer.failure?.reason === expected.reason && stuffer.failure.offset === expected.offset &&
    wire === before.replace(/(^|\r\n)\./g, "$1..") && stuffer.octets === before.length;
});

property("pushInto and finishInto write what push and finish give, within the bound", chunks, (parts) => {
  const stuffer = DotStuffing.make();
  const at = 5;
  let wire = "";
  for (const part of parts) {
    const target = new Uint8Array(at + DotStuffing.bound(part.length) + 8).fill(255);
    const end = stuffer.pushInto(octets(part), target, at);
    const isUntouchedAround = target.subarray(0, at).every((octet) => octet === 255) &&
      target.subarray(at + DotStuffing.bound(part.length)).every((octet) => octet === 255);
    if (!isUntouchedAround || end > at + DotStuffing.bound(part.length)) return false;
    wire += latin1(target.subarray(at, end));
  }
  const target = new Uint8Array(5);
  return wire + latin1(target.subarray(0, stuffer.finishInto(target, 0))) === stuffIn(parts).wire;
});

Deno.test("an octet that matters is found at every place and every alignment", () => {
  for (let length = 60; length < 76; length++) {
    for (let place = 0; place < length; place++) {
      for (const special of ["\r", "\n", "\r\n.", "\n.", "\t", "\0", "\x0e\r\n\x0d"]) {
        const message = "x".repeat(place) + special + "x".repeat(length - place);
        for (const view of aligned(message)) {
          const wire = Result.getOrThrow(DotStuffing.encode(view));
          if (latin1(wire) !== stuffed(normalForm(message))) assertEquals(latin1(wire), stuffed(normalForm(message)));
        }
      }
    }
  }
});

Deno.test("a chunk that grows to the double on the wire is stuffed", () => {
  const message = "\n.".repeat(100_000);
  assertEquals(encoded(message), stuffed(normalForm(message)));
  assertEquals(encoded(".\r\n".repeat(70_000)), stuffed(".\r\n".repeat(70_000)));
});

Deno.test("bound holds the worst chunk and the end behind it", () => {
  for (
    const [held, chunk] of [["\r", ".\n.\n."], ["\r", ".\n.\n.\r"], ["", ".\n.\n.\n."], ["", "\n\n"], ["", ""]] as const
  ) {
    const stuffer = DotStuffing.make();
    stuffer.push(octets(held));
    const target = new Uint8Array(DotStuffing.bound(chunk.length));
    const end = stuffer.finishInto(target, stuffer.pushInto(octets(chunk), target, 0));
    assertEquals(latin1(target.subarray(0, end)), stuffed(normalForm(held + chunk)));
  }
  assertEquals(stuffed(normalForm("\r.\n.\n.")).length, DotStuffing.bound(5));
});

Deno.test("an empty chunk between CR and LF decides nothing", () => {
  for (const policy of ["normalize", "strict"] as const) {
    const stuffer = DotStuffing.make(policy);
    const target = new Uint8Array(40);
    let end = 0;
    for (const chunk of ["a\r", "", "\n", ""]) end = stuffer.pushInto(octets(chunk), target, end);
    assertEquals(latin1(target.subarray(0, stuffer.finishInto(target, end))), "a\r\n.\r\n");
  }
});

Deno.test("too little room is a RangeError before anything is written", () => {
  const stuffer = DotStuffing.make();
  const target = new Uint8Array(DotStuffing.bound(3) - 1);
  assertThrows(() => stuffer.pushInto(octets("a\nb"), target, 0), RangeError, "Cannot write at 0");
  assertThrows(() => stuffer.pushInto(octets(""), new Uint8Array(20), 14), RangeError, "Cannot write at 14");
  assertThrows(() => stuffer.pushInto(octets(""), new Uint8Array(20), -1), RangeError, "Cannot write at -1");
  assertThrows(() => stuffer.finishInto(new Uint8Array(4), 0), RangeError, "room for 5");
  assertEquals(target.every((octet) => octet === 0), true);
  assertEquals(latin1(stuffer.push(octets("a\nb"))), "a\r\nb");
  assertEquals(latin1(stuffer.finish()), "\r\n.\r\n");
});

Deno.test("what push gave stays as it is when the chunk and later results change", () => {
  const stuffer = DotStuffing.make();
  const chunk = octets("first line\r\n");
  const first = stuffer.push(chunk);
  chunk.fill(0);
  stuffer.push(octets("second line\r\n"));
  assertEquals(latin1(first), "first line\r\n");
});

Deno.test("a message can be finished once, and nothing can be pushed behind its end", () => {
  const stuffer = DotStuffing.make();
  stuffer.finish();
  assertThrows(() => stuffer.push(octets("QUIT\r\n")), Error, "after finish");
  assertThrows(() => stuffer.pushInto(octets(""), new Uint8Array(20), 0), Error, "after finish");
  assertThrows(() => stuffer.finish(), Error, "after finish");
});

Deno.test("after a failure nothing more is sent, least of all the lone dot", () => {
  const stuffer = DotStuffing.make("strict");
  assertEquals(latin1(stuffer.push(octets("a\r\nb\nc"))), "a\r\nb");
  const { failure } = stuffer;
  assertEquals(fault(failure), { reason: "BareLf", offset: 4 });
  assertEquals(stuffer.push(octets("d\r\n")).length, 0);
  assertEquals(stuffer.finish().length, 0);
  assertEquals(stuffer.failure, failure);
});

Deno.test("encode gives the failure of the policy strict", () => {
  const wire = DotStuffing.encode(octets("a\r\nb\r"), "strict");
  assert(Result.isFailure(wire));
  assertInstanceOf(wire.failure, Error);
  assertEquals(fault(wire.failure), { reason: "BareCr", offset: 4 });
});

Deno.test("a line of 998 octets is not long, one of 999 is, however it ends", () => {
  for (const end of ["\r\n", "\n", "\r", ""]) {
    for (const first of ["x", "."]) {
      const { stuffer } = stuffIn([`a\r\n${first}${"x".repeat(997)}\r\n\r\n${first}`, "x".repeat(998) + end]);
      assertEquals(stuffer.longLines, [4]);
    }
  }
});

Deno.test("the first 100 long lines are named", () => {
  const { stuffer } = stuffIn([`${"x".repeat(999)}\r\n\r\n`.repeat(150)]);
  assertEquals(stuffer.longLines, Array.from({ length: 100 }, (_, index) => 2 * index + 1));
});

Deno.test("octets is the size before stuffing with the final CRLF, and 0 for an empty message", () => {
  assertEquals(stuffIn([".a\n.b"]).stuffer.octets, ".a\r\n.b\r\n".length);
  assertEquals(stuffIn(["a\r"]).stuffer.octets, 3);
  assertEquals(stuffIn([]).stuffer.octets, 0);
  assertEquals(stuffIn([]).wire, ".\r\n");
});
