import { assert, assertEquals } from "@std/assert";
import * as Files from "./files.ts";

Deno.test("a large message has exactly the octets asked for, whole lines, and none that begins with a dot", () => {
  for (const octets of [1024, (1 << 20) + 100, 3_000_000, 3_000_001, 4 << 20]) {
    const parts = [...Files.messageParts(octets)].map((part) => new TextDecoder().decode(part));
    const message = parts.join("");
    assertEquals(message.length, octets);
    const lines = message.split("\r\n");
    assertEquals(lines.pop(), "");
    assert(lines.every((line) => !line.startsWith(".") && !/[\r\n]/.test(line) && line.length < 998));
  }
});
