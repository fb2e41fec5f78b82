import * as Capabilities from "@plausch/smtp/capabilities";
import * as Octets from "@plausch/smtp/octets";
import * as ReplyParser from "@plausch/smtp/reply-parser";
import { assert, assertEquals } from "@std/assert";
import text from "../cases/replies.jsonl" with { type: "text" };
import { chunkings, latin1, octets, parseCases } from "../support/cases.ts";
import { heard, readAll } from "./_replies.ts";

interface Expected {
  readonly code?: number;
  readonly lines?: ReadonlyArray<string>;
  readonly enhanced?: string | null;
  readonly warnings?: ReadonlyArray<string>;
  readonly rest?: string;
  readonly error?: string;
  readonly line?: number;
  readonly incomplete?: true;
}

interface Case {
  readonly id: string;
  readonly context: "greeting" | "ehlo" | "auth" | "other";
  readonly wire: string;
  readonly expect: { readonly strict: Expected; readonly lenient: Expected };
  readonly ehlo?: {
    readonly name: string;
    readonly greet: string;
    readonly caps: Readonly<Record<string, ReadonlyArray<string>>>;
    readonly ignored: ReadonlyArray<string>;
    readonly size?: number | null;
    readonly limits?: Readonly<Record<string, number>>;
  };
}

const cases = parseCases<Case>(text);

const contextOf = ({ context }: Case): ReplyParser.Context =>
  context === "ehlo" ? "hello" : context === "greeting" ? "greeting" : "other";

/** What one reply of the wire comes to, in the words of the case file. */
const read = (one: Case, mode: "strict" | "lenient", chunks: ReadonlyArray<Uint8Array>): Expected => {
  const parser = ReplyParser.make({ mode });
  const context = contextOf(one);
  let reply: ReturnType<typeof parser.next>;
  for (const chunk of chunks) {
    parser.push(chunk);
    reply ??= parser.next(context);
  }
  if (reply !== undefined) {
    assertEquals(parser.failure, undefined);
    const { warnings, ...rest } = heard(reply);
    const buffered = latin1(parser.takeBuffered());
    return {
      ...rest,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(buffered === "" ? {} : { rest: buffered }),
    };
  }
  parser.end();
  assertEquals(parser.next(context), undefined);
  assert(parser.failure !== undefined);
  assertEquals(parser.failure.subject, "reply");
  const { reason, line } = parser.failure;
  return reason === "UnexpectedEnd" ? { incomplete: true } : { error: reason, line: line! };
};

Deno.test("all reply cases are here", () => assertEquals(cases.length, 235));

for (const mode of ["strict", "lenient"] as const) {
  Deno.test(`every reply case comes to the same in every chunking: ${mode}`, () => {
    for (const one of cases) {
      const expected = one.expect[mode];
      for (const chunks of chunkings(octets(one.wire), 1000)) {
        const { line, ...actual } = read(one, mode, chunks);
        // Some cases do not say in which line the error is
        assertEquals(expected.line === undefined ? actual : { ...actual, line }, expected, one.id);
      }
    }
  });
}

Deno.test("the capabilities of every EHLO case", () => {
  let count = 0;
  for (const one of cases) {
    if (one.ehlo === undefined) continue;
    const [reply] = readReplies(one);
    const capabilities = Capabilities.fromReply(reply!);
    assertEquals(
      {
        name: capabilities.name,
        greet: capabilities.greeting,
        caps: Object.fromEntries(capabilities.keywords),
        ignored: capabilities.ignored.map((line) => latin1(Octets.encode(line))),
        ...("size" in one.ehlo ? { size: capabilities.size ?? null } : {}),
        ...("limits" in one.ehlo ? { limits: Object.fromEntries(capabilities.limits) } : {}),
      },
      one.ehlo,
      one.id,
    );
    assertEquals(capabilities.auth, one.ehlo.caps.AUTH ?? []);
    count++;
  }
  assertEquals(count, 38);
});

const readReplies = (one: Case) => {
  const parser = ReplyParser.make();
  parser.push(octets(one.wire));
  return [parser.next(contextOf(one))];
};

Deno.test("an error names the reply, the line and what to look at, in one printable line", () => {
  for (const one of cases) {
    const { parser } = readAll([octets(one.wire)], {});
    parser.end();
    const { message } = parser.failure!;
    assert(/^Cannot read the reply[ -~\u00a1-\uffff]*$/.test(message), JSON.stringify(message));
  }
});
