import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as Compose from "@plausch/message/compose";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as TestClock from "effect/testing/TestClock";
import { it } from "../support/it.ts";

const text = (octets: Uint8Array) => new TextDecoder().decode(octets);
const parts: Compose.Parts = { from: "Mir <mir@c.test>", to: ["mir@d.test"], subject: "Testmail", text: "Hallo.\n" };

it("a message has From, To, Subject, Date and Message-ID, by the clock and the random source", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 10, 23, 20, 0, 0));
    const message = text(yield* Random.withSeed(Compose.compose(parts), "plausch"));
    const again = text(yield* Random.withSeed(Compose.compose(parts), "plausch"));
    assertEquals(message, again);
    assertStringIncludes(message, "From: Mir <mir@c.test>\r\nTo: mir@d.test\r\nSubject: Testmail\r\n");
    assertStringIncludes(message, "Date: Mon, 23 Nov 2026 20:00:00 +0000\r\n");
    assertMatch(message, /\r\nMessage-ID: <[0-9a-z]+\.[0-9a-z]+@c\.test>\r\n/);
    assert(message.endsWith("\r\n\r\nHallo.\r\n"));
  }));

it("a field of the caller takes the place of a default one, whatever its case", () =>
  Effect.gen(function* () {
    const fields = [["date", "Thu, 01 Jan 1970 00:00:00 +0000"], ["X-Mark", "1"], ["SUBJECT", "mine"]] as const;
    const message = text(yield* Compose.compose({ ...parts, fields }));
    assertEquals(message.match(/^date:/gim)?.length, 1);
    assertEquals(message.match(/^subject: mine\r$/gim)?.length, 1);
    assertMatch(message, /^X-Mark: 1\r$/m);
    assert(!message.includes("Testmail"));
  }));

it("text outside ASCII is encoded, so every server can take it", () =>
  Effect.gen(function* () {
    const message = yield* Compose.compose({ ...parts, subject: "Grüße an 用户", text: "Äpfel\n.dot\n" });
    assert(message.every((octet) => octet < 0x80));
    assertStringIncludes(text(message), "Subject: =?UTF-8?");
    assertStringIncludes(text(message), "quoted-printable");
  }));

it("every line ends with CRLF, and none is longer than 998 octets", () =>
  Effect.gen(function* () {
    const to = Array.from({ length: 200 }, (_, index) => `recipient-number-${index}@some-domain.test`);
    const message = text(yield* Compose.compose({ ...parts, to, text: "a\nb\r\nc\n" }));
    const lines = message.split("\r\n");
    assert(lines.every((line) => line.length <= 998 && !/[\r\n]/.test(line)));
    assert(message.endsWith("a\r\nb\r\nc\r\n"));
  }));

for (const value of ["x\r\nBcc: eve@x.test", "x\ny", "x\ry", "x\0y", "x\r\n \r\n y"]) {
  it(`a subject of ${JSON.stringify(value)} is refused`, () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Compose.compose({ ...parts, subject: value }));
      assertEquals(error.reason, "BadHeaderValue");
    }));
}

it("a field name that is none is refused", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Compose.compose({ ...parts, fields: [["X A", "1"]] }));
    assertEquals(error.reason, "BadHeaderName");
  }));
