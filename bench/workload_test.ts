import { assertEquals, assertThrows } from "@std/assert";
import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as Workload from "./workload.ts";

Deno.test("a message has exactly the octets asked for, strict line ends, and nothing to stuff or to complain about", () => {
  for (let octets = 300; octets < 700; octets++) {
    const message = Workload.message(octets);
    assertEquals(message.length, octets);
    const stuffer = DotStuffing.make("strict");
    const wire = new Uint8Array(2 * DotStuffing.bound(octets));
    const end = stuffer.finishInto(wire, stuffer.pushInto(message, wire, 0));
    assertEquals(stuffer.failure, undefined);
    assertEquals(stuffer.longLines, []);
    // As it was, and the lone dot: no dot was doubled, no line end added
    assertEquals(wire.subarray(0, end), new Uint8Array([...message, 46, 13, 10]));
  }
});

Deno.test("a message too small for a header section cannot be made", () => {
  assertThrows(() => Workload.message(10), RangeError, "10 octets");
  assertThrows(() => Workload.message(1024.5), RangeError, "1024.5 octets");
});
