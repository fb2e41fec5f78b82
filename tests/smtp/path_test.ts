import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Mailbox from "@plausch/smtp/mailbox";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import text from "../cases/paths.jsonl" with { type: "text" };
import { parseCases } from "../support/cases.ts";
import { property } from "../support/property.ts";
import { anyOf, forwardPath, plainPath, reversePath, wildText } from "./_arbitrary.ts";

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

const domainOf = (host: Domain.Host) => {
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

const read = (text: string, options?: Mailbox.AddressOptions) =>
  Result.getOrThrow(Path.reverseFromString(text, options));
const fault = (text: string, options?: Mailbox.AddressOptions) => {
  const { reason, offset } = Result.getOrThrow(Result.flip(Path.forwardFromString(text, options)));
  return [reason, offset];
};

Deno.test("faults of the brackets", () => {
  assertEquals(fault("<user"), ["MissingDomain", 5]);
  assertEquals(fault("<user@"), ["MissingDomain", 6]);
  assertEquals(fault("<user@a.b"), ["MissingBracket", 9]);
  assertEquals(fault("<user@[192.0.2.1]"), ["MissingBracket", 17]);
  assertEquals(fault("<>"), ["NullPath", 0]);
  assertEquals(fault("<postmaster"), ["MissingDomain", 11]);
  assertEquals(fault("<postmaster>x"), ["TrailingGarbage", 12]);
  assertEquals(fault("<@a.b:postmaster>"), ["MissingDomain", 16]);
  assertEquals(fault("<a@b>>"), ["TrailingGarbage", 5]);
  assertEquals(fault("<<a@b>>"), ["BadAtext", 1]);
});

Deno.test("a bracket inside quotes or a literal closes nothing", () => {
  assertEquals(Path.address(read('<"a>b"@[x:c>d]>')), '"a>b"@[x:c>d]');
});

Deno.test("a source route is kept, and its domains go as A-labels", () => {
  const path = read("<@bücher.example,@b.example:user@c.example>", { smtputf8: true });
  assert(path._tag === "Mailbox");
  assertEquals(path.route, ["bücher.example", "b.example"]);
  assertEquals(Result.getOrThrow(Path.format(path)), "<@xn--bcher-kva.example,@b.example:user@c.example>");
  assertEquals(Path.address(path), "user@c.example");
});

Deno.test("lenient mode takes a path without brackets", () => {
  const path = read("user@example.com", { lenient: true });
  assert(path._tag === "Mailbox");
  assertEquals(path.warnings, ["MissingBrackets"]);
  assertEquals(Result.getOrThrow(Path.format(path)), "<user@example.com>");
  assertEquals(fault("", { lenient: true }), ["MissingBracket", 0]);
  assertEquals(fault("a@b c@d", { lenient: true }), ["TrailingGarbage", 3]);
});

Deno.test("an address for people has the domain as written", () => {
  assertEquals(Path.address(read("<user@BÜCHER.example>", { smtputf8: true })), "user@BÜCHER.example");
  assertEquals(Path.address({ _tag: "Postmaster", localPart: "PostMaster" }), "PostMaster");
});

Deno.test("a path that needs SMTPUTF8 is not written without it", () => {
  const path = read("<用户@例え.test>", { smtputf8: true });
  const error = Result.getOrThrow(Result.flip(Path.format(path)));
  assertEquals([error.reason, error.offset], ["NonAscii", 1]);
  assertEquals(Result.getOrThrow(Path.format(path, { smtputf8: true })), "<用户@例え.test>");
});

Deno.test("a mailbox that was put together by hand is read before it is written", () => {
  const good = { ...read("<user@example.com>") } as Mailbox.Mailbox;
  assertEquals(Result.getOrThrow(Path.format(good)), "<user@example.com>");
  const reason = (path: Path.ReversePath | Path.ForwardPath) =>
    Result.getOrThrow(Result.flip(Path.format(path))).reason;
  assertEquals(reason({ ...good, localPart: "x\r\nRCPT TO:<y" }), "ControlCharacter");
  assertEquals(reason({ ...good, localPart: "x> SIZE=1" }), "MissingDomain");
  assertEquals(reason({ ...good, localPart: "x@y" }), "BadAtext");
  assertEquals(reason({ ...good, localPart: "x@y> <x" }), "TrailingGarbage");
  assertEquals(reason({ ...good, localPart: "ü" }), "NonAscii");
  assertEquals(reason({ ...good, domain: { _tag: "Name", name: "a", ascii: "a> SIZE=1" } }), "TrailingGarbage");
  assertEquals(reason({ ...good, domain: { _tag: "Ipv4", address: "1.2.3" } }), "BadAddressLiteral");
  assertEquals(reason({ ...good, route: ["a\n"] }), "ControlCharacter");
  assertEquals(reason({ _tag: "Postmaster", localPart: "root" }), "MissingDomain");
  assertEquals(Result.getOrThrow(Path.format({ ...good, route: ["a.example"] })), "<@a.example:user@example.com>");
});

Deno.test("what was checked is written, whatever is done to the value afterwards", () => {
  const path = read("<user@example.com>");
  Object.assign(path, { localPart: "x>\r\nDATA" });
  assertEquals(Result.getOrThrow(Path.format(path)), "<user@example.com>");
});

const utf8 = { smtputf8: true };

/** Reads, writes, reads and writes: the second time around, nothing may change. */
const settles = (
  fromString: (
    text: string,
    options: Mailbox.AddressOptions,
  ) => Result.Result<Path.ReversePath | Path.ForwardPath, GrammarError>,
) =>
(text: string): boolean => {
  const first = fromString(text, utf8);
  if (Result.isFailure(first)) return ["LocalPartTooLong", "PathTooLong"].includes(first.failure.reason);
  const wire = Result.getOrThrow(Path.format(first.success, utf8));
  const second = Result.getOrThrow(fromString(wire, utf8));
  const isSame = first.success._tag !== "Mailbox" || second._tag === "Mailbox" &&
      second.localValue === first.success.localValue && second.needsSmtputf8 === first.success.needsSmtputf8 &&
      Domain.format(second.domain) === Domain.format(first.success.domain);
  return isSame && Result.getOrThrow(Path.format(second, utf8)) === wire;
};

property("a reverse-path survives writing and reading", reversePath, settles(Path.reverseFromString));
property("a forward-path survives writing and reading", forwardPath, settles(Path.forwardFromString));

// The usual mailbox has a shorter way through the reader of paths than through that of mailboxes.
property("in brackets a mailbox is what it is without", anyOf(plainPath, wildText), (text) => {
  const address = text.replace(/^<|>$/g, "");
  if (/[<>]|^@|^$/.test(address)) return true;
  const [bare, path] = [Mailbox.fromString(address, utf8), Path.reverseFromString(`<${address}>`, utf8)];
  if (Result.isFailure(bare) || Result.isFailure(path)) return Result.isFailure(bare) && Result.isFailure(path);
  const [first, second] = [bare.success, path.success].map((mailbox) => JSON.stringify(mailbox));
  return first === second && Result.getOrThrow(Path.format(bare.success, utf8)) ===
      Result.getOrThrow(Path.format(path.success, utf8));
});

for (const address of ["a@b.0x1f", "a@1.2", `${"a".repeat(65)}@b.c`, `a@${"b".repeat(64)}.c`, "a@-b.c", "a@b-.c"]) {
  Deno.test(`in brackets, too, ${address.slice(0, 12)} is suspect or refused`, () => {
    const told = (path: Result.Result<Path.ReversePath, GrammarError>) =>
      Result.isFailure(path) ? path.failure.reason : "warnings" in path.success ? path.success.warnings : [];
    const bare = told(Mailbox.fromString(address));
    assertEquals(told(Path.reverseFromString(`<${address}>`)), bare);
    assert(bare.length > 0);
  });
}

property("a hand-made copy is written as its original", reversePath, (text) => {
  const path = Path.reverseFromString(text, utf8);
  if (Result.isFailure(path)) return true;
  const copy = Path.format({ ...path.success }, utf8);
  return Result.getOrThrow(copy) === Result.getOrThrow(Path.format(path.success, utf8));
});

property(
  "reading never throws, and what is read can be written",
  wildText,
  (text) =>
    [text, `<${text}>`, `<${text}@a.b>`, `<a@${text}>`].every((input) => {
      const path = Path.reverseFromString(input, { smtputf8: true, lenient: true });
      const forward = Path.forwardFromString(input);
      return (Result.isFailure(path) || Result.isSuccess(Path.format(path.success, utf8))) &&
        (Result.isFailure(forward) || /^<[ -~]+>$/.test(Result.getOrThrow(Path.format(forward.success))));
    }),
);
