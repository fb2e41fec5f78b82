import { assertEquals } from "@std/assert";
import * as TcpFrames from "@plausch/dns/tcp-frames";
import { Buffer } from "node:buffer";
import { chunkings } from "../support/cases.ts";

const messages = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.from({ length: 300 }, (_, at) => at & 0xff)];
const wire = Uint8Array.from(messages.flatMap((message) => [...TcpFrames.encode(message)]));

Deno.test("messages come out whole in every chunking", () => {
  for (const chunks of chunkings(wire)) {
    const frames = TcpFrames.make();
    const out: Array<Uint8Array> = [];
    for (const chunk of chunks) {
      frames.push(chunk);
      for (let next = frames.next(); next !== undefined; next = frames.next()) out.push(next);
    }
    assertEquals(out, messages);
  }
});

Deno.test("a message is not touched when the runtime uses its buffer again", () => {
  const buffer = Buffer.from(TcpFrames.encode(Uint8Array.of(1, 2, 3)));
  const frames = TcpFrames.make();
  frames.push(buffer);
  const message = frames.next();
  buffer.fill(0);
  assertEquals(message, Uint8Array.of(1, 2, 3));
});

Deno.test("nothing comes out before a message is whole, nor after an empty chunk", () => {
  const frames = TcpFrames.make();
  for (const octet of [0, 2, 9]) {
    frames.push(Uint8Array.of(octet));
    frames.push(Uint8Array.of());
    assertEquals(frames.next(), undefined);
  }
});
