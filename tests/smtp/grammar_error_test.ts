import { GrammarError, type GrammarReason } from "@plausch/smtp/grammar-error";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as Effect from "effect/Effect";
import { it } from "../support/it.ts";

const message = (reason: GrammarReason, more: Partial<GrammarError> = {}) =>
  new GrammarError({ subject: "reply", reason, ...more }).message;

Deno.test("the message names what failed, on what, where and why", () => {
  assertEquals(
    message("BareLf", { input: "250 OK", offset: 6, line: 2 }),
    'Cannot read the reply "250 OK" in line 2: a LF at 6 is not preceded by CR',
  );
  assertEquals(message("UnexpectedEnd"), "Cannot read the reply: the input ends in the middle");
  assertEquals(
    message("LineTooLong", { line: 1, limit: 2048 }),
    "Cannot read the reply in line 1: a line is longer than 2048 octets",
  );
  assertEquals(
    message("NulByte", { offset: 0 }),
    "Cannot read the reply: a NUL octet at 0 is never allowed; is this an SMTP server?",
  );
});

Deno.test("the input is escaped and cut, so that the message is one short line", () => {
  const text = message("NotAReply", { input: `\x1b]0;title\x07\r\n${"x".repeat(5000)}` });
  assert(text.startsWith('Cannot read the reply "\\x1b]0;title\\x07\\r\\nxxx'), text);
  assert(text.length < 300);
  assert(/^[ -~\u2026]+$/.test(text), text);
});

Deno.test("the same input fails again", () => {
  const error = new GrammarError({ subject: "reply", reason: "BadCode" });
  assertEquals([error.isTemporary, error.name, error._tag], [false, "GrammarError", "GrammarError"]);
  assertInstanceOf(error, Error);
});

it("a grammar error can be caught by its tag", () =>
  Effect.gen(function* () {
    const error = new GrammarError({ subject: "reply", reason: "BadCode" });
    const caught = yield* Effect.fail(error).pipe(
      Effect.catchTag("GrammarError", ({ reason }) => Effect.succeed(reason)),
    );
    assertEquals(caught, "BadCode");
  }));
