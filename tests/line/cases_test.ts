import * as DotStuffing from "@plausch/line/dot-stuffing";
import * as DotUnstuffing from "@plausch/line/dot-unstuffing";
import { assertEquals } from "@std/assert";
import text from "../cases/dot-stuffing.jsonl" with { type: "text" };
import { chunkings, latin1, octets, parseCases } from "../support/cases.ts";
import { fault } from "./_models.ts";

interface Encoded {
  readonly wire?: string;
  readonly long?: ReadonlyArray<number>;
  readonly error?: string;
  readonly offset?: number;
}

type Case =
  & { readonly id: string; readonly why: string; readonly chunkings: ReadonlyArray<ReadonlyArray<string>> }
  & (
    | { readonly kind: "encode"; readonly data: string; readonly normalize: Encoded; readonly strict: Encoded }
    | {
      readonly kind: "decode";
      readonly wire: string;
      readonly expect: {
        readonly message?: string;
        readonly rest?: string;
        readonly error?: string;
        readonly offset?: number;
        readonly incomplete?: true;
      };
    }
  );

const cutsOf = (given: Case["chunkings"], whole: string) => [
  ...given.map((chunks) => chunks.map(octets)),
  ...chunkings(octets(whole), 300),
];

const checkEncoded = (data: string, given: Case["chunkings"], policy: DotStuffing.LineEndPolicy, expected: Encoded) => {
  for (const chunks of cutsOf(given, data)) {
    const stuffer = DotStuffing.make(policy);
    const wire = chunks.map((chunk) => latin1(stuffer.push(chunk))).join("") + latin1(stuffer.finish());
    if (expected.error !== undefined) {
      assertEquals(fault(stuffer.failure), { reason: expected.error, offset: expected.offset });
      assertEquals(wire, data.slice(0, expected.offset).replace(/(^|\r\n)\./g, "$1.."));
    } else {
      assertEquals(stuffer.failure, undefined);
      assertEquals(wire, expected.wire);
      assertEquals(stuffer.longLines, expected.long);
    }
  }
};

const checkDecoded = (given: Case & { readonly kind: "decode" }) => {
  const { expect } = given;
  for (const chunks of cutsOf(given.chunkings, given.wire)) {
    const unstuffer = DotUnstuffing.make();
    const message = chunks.map((chunk) => latin1(unstuffer.push(chunk))).join("");
    assertEquals(
      fault(unstuffer.failure),
      expect.error === undefined ? undefined : { reason: expect.error, offset: expect.offset },
    );
    assertEquals(unstuffer.ended, expect.error === undefined && expect.incomplete !== true);
    if (expect.message !== undefined) assertEquals(message, expect.message);
    assertEquals(latin1(unstuffer.rest), expect.rest ?? "");
  }
};

for (const one of parseCases<Case>(text)) {
  Deno.test(`${one.id}: ${one.why}`, () => {
    if (one.kind === "decode") return checkDecoded(one);
    checkEncoded(one.data, one.chunkings, "normalize", one.normalize);
    checkEncoded(one.data, one.chunkings, "strict", one.strict);
  });
}
