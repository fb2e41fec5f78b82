import * as Path from "@plausch/smtp/path";
import type { Host } from "@plausch/smtp/domain";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import text from "../cases/paths.jsonl" with { type: "text" };
import { parseCases } from "../support/cases.ts";

interface Case {
  readonly id: string;
  readonly kind: "reverse" | "forward";
  readonly input: string;
  readonly smtputf8: boolean;
  readonly expect: {
    readonly error?: string;
    readonly null?: boolean;
    readonly postmaster?: boolean;
    readonly local?: string;
    readonly localValue?: string;
    readonly domain?: { readonly type: string; readonly value: string; readonly ascii?: string; readonly tag?: string };
    readonly route?: ReadonlyArray<string>;
    readonly needsSmtputf8?: boolean;
  };
  readonly warnings?: ReadonlyArray<string>;
}

const domainOf = (host: Host) => {
  switch (host._tag) {
    case "Name":
      return { type: "name", value: host.name, ...(host.ascii === host.name ? {} : { ascii: host.ascii }) };
    case "General":
      return { type: "general", tag: host.tag, value: host.content };
    default:
      return { type: host._tag.toLowerCase(), value: host.address };
  }
};

/** What a case file says of a path that was read. */
const described = (path: Path.ReversePath | Path.ForwardPath): Record<string, unknown> => {
  switch (path._tag) {
    case "Null":
      return { null: true };
    case "Postmaster":
      return { postmaster: true, local: path.localPart, domain: null };
    case "Mailbox":
      return {
        local: path.localPart,
        domain: domainOf(path.domain),
        ...(path.localValue === path.localPart ? {} : { localValue: path.localValue }),
        ...(path.route === undefined ? {} : { route: path.route }),
        ...(path.needsSmtputf8 ? { needsSmtputf8: true } : {}),
      };
  }
};

for (const { id, kind, input, smtputf8, expect, warnings = [] } of parseCases<Case>(text)) {
  Deno.test(`path ${id}`, () => {
    const read: Result.Result<Path.ReversePath | Path.ForwardPath, { readonly reason: string }> = kind === "reverse"
      ? Path.reverseFromString(input, { smtputf8 })
      : Path.forwardFromString(input, { smtputf8 });
    if (expect.error !== undefined) {
      assert(Result.isFailure(read));
      assertEquals(read.failure.reason, expect.error);
      return;
    }
    const path = Result.getOrThrow(read);
    assertEquals(described(path), expect);
    assertEquals(path._tag === "Mailbox" ? path.warnings : [], warnings);
  });
}
