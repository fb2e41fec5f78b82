import * as EnhancedStatus from "@plausch/smtp/enhanced-status";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { property } from "../support/property.ts";
import { oneOf } from "./_arbitrary.ts";

const explain = (text: string) => EnhancedStatus.explain(Result.getOrThrow(EnhancedStatus.fromString(text)));

Deno.test("only class.subject.detail is a status code", () => {
  for (
    const text of [
      "",
      "5",
      "5.1",
      "5.1.",
      "5..1",
      ".1.1",
      "5.1.1.1",
      "1.1.1",
      "3.0.0",
      "6.0.0",
      "25.1.1",
      "5.1000.1",
      "5.1.1000",
      "5.01.1",
      "5.1.00",
      "5.1.1 ",
      " 5.1.1",
      "5.1.1\n",
      "5.-1.1",
      "5.1.x",
      "\u0665.1.1",
    ]
  ) {
    const error = Result.getOrThrow(Result.flip(EnhancedStatus.fromString(text)));
    assertEquals([error.subject, error.reason, error.input], ["enhanced status code", "BadStatus", text]);
  }
});

const statuses = Arbitrary.map(
  Arbitrary.all(
    [
      oneOf([2, 4, 5] as const),
      ...[0, 1].map(() => Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 })))),
    ] as const,
  ),
  ([kind, subject, detail]) => ({ class: kind, subject: subject!, detail: detail! }),
);

property("what is formatted is read back", statuses, (status) => {
  const back = Result.getOrThrow(EnhancedStatus.fromString(EnhancedStatus.format(status)));
  return back.class === status.class && back.subject === status.subject && back.detail === status.detail;
});

const almostStatuses = Arbitrary.map(
  Arbitrary.array(oneOf(["2", "4", "5", "0", "1", "10", "999", "1000", ".", ".", "."]), { minLength: 4, maxLength: 6 }),
  (pieces) => pieces.join(""),
);

property("what is read is formatted as it was", almostStatuses, (text) => {
  const read = EnhancedStatus.fromString(text);
  return Result.isFailure(read) || EnhancedStatus.format(read.success) === text;
});

property("any code is explained in one line of plain words", statuses, (status) => {
  const end = { 2: "success", 4: "temporary", 5: "permanent" }[status.class];
  const explained = EnhancedStatus.explain(status);
  return explained.startsWith(`${EnhancedStatus.format(status)}: `) && explained.endsWith(`; ${end}`) &&
    /^[ -~]+$/.test(explained);
});

Deno.test("every registered failure has words of its own", () => {
  // The IANA registry of RFC 5248: the last detail of each subject
  const last = [0, 10, 4, 6, 7, 6, 10, 30];
  const seen = new Map<string, string>();
  last.forEach((details, subject) => {
    for (let detail = 1; detail <= details; detail++) {
      if (subject === 1 && detail === 5) continue;
      const phrase = EnhancedStatus.meaning({ class: 5, subject, detail });
      assert(phrase !== undefined, `5.${subject}.${detail}`);
      assertMatch(phrase, /^[a-zA-Z][ -~]*[a-zA-Z)]$/);
      // 6.10 is the withdrawn double of 6.8
      if (!(subject === 6 && detail === 10)) assertEquals(seen.get(phrase), undefined, phrase);
      seen.set(phrase, `${subject}.${detail}`);
      assertEquals(EnhancedStatus.meaning({ class: 4, subject, detail }), phrase);
    }
    assertEquals(EnhancedStatus.meaning({ class: 5, subject, detail: 0 }), undefined);
    assertEquals(EnhancedStatus.meaning({ class: 5, subject, detail: details + 1 }), undefined);
  });
});

Deno.test("the codes people meet", () => {
  assertEquals(explain("5.1.1"), "5.1.1: the mailbox does not exist; permanent");
  assertEquals(explain("4.2.2"), "4.2.2: the mailbox is full; temporary");
  assertEquals(explain("5.1.10"), "5.1.10: the recipient's domain takes no mail: it has a null MX; permanent");
  assertEquals(explain("5.7.8"), "5.7.8: the user name or the password is wrong; permanent");
  assertEquals(explain("2.1.5"), "2.1.5: the recipient address is valid; success");
  assertEquals(explain("2.0.0"), "2.0.0: done; success");
});

Deno.test("success does not speak of failures", () => {
  assertEquals(explain("2.1.1"), "2.1.1: the address is accepted; success");
  assertEquals(explain("2.7.8"), "2.7.8: the security check is passed; success");
  assertEquals(explain("2.1.9"), "2.1.9: the message went on to a system that sends no delivery reports; success");
  assertEquals(explain("2.3.6"), "2.3.6: the requested priority was changed; success");
  assertEquals(explain("2.6.4"), "2.6.4: the content was converted with a loss; success");
});

Deno.test("an unknown detail is explained by its subject, an unknown subject by its class", () => {
  assertEquals(explain("5.1.99"), "5.1.99: something is wrong with an address; permanent");
  assertEquals(explain("4.7.0"), "4.7.0: refused for a reason of security or policy; temporary");
  assertEquals(explain("5.8.1"), "5.8.1: it failed for a reason that is not told; permanent");
  assertEquals(explain("5.999.999"), "5.999.999: it failed for a reason that is not told; permanent");
  assertEquals(explain("2.9.9"), "2.9.9: done; success");
});
