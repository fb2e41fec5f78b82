import * as Maildir from "@plausch/sink/maildir";
import * as Store from "@plausch/sink/store";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertNotEquals } from "@std/assert";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { octets } from "../support/cases.ts";
import { live } from "../support/it.ts";
import { certificateOf } from "./_tls_report.ts";

const promise = <A>(start: () => Promise<A>) => Effect.promise(start);

/** A directory for one test. */
const directory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  promise(() => fs.mkdtemp(path.join(os.tmpdir(), "plausch-maildir-"))),
  (path) => promise(() => fs.rm(path, { recursive: true })),
);

const list = (...parts: ReadonlyArray<string>) => promise(() => fs.readdir(path.join(...parts)));

const forward = (address: string) => Result.getOrThrow(Path.forwardFromString(`<${address}>`, { smtputf8: true }));
const reverse = (address: string) => Result.getOrThrow(Path.reverseFromString(`<${address}>`, { smtputf8: true }));

const message = (parts: Partial<Store.Message>): Store.Message => ({
  id: "id-1-1",
  receivedAt: Date.UTC(2026, 10, 3, 4, 5, 6, 789),
  peer: "127.0.0.1",
  helo: "c.test",
  protocol: "ESMTP",
  reversePath: reverse("a@c.test"),
  forwardPaths: [forward("b@d.test")],
  octets: octets("Subject: t\r\n\r\nhello\r\n"),
  ...parts,
});

/** Saves a message in a new Maildir, and gives the text of its file. */
const saved = (parts: Partial<Store.Message>, host?: string) =>
  Effect.gen(function* () {
    const root = yield* directory;
    yield* Maildir.make(root, host).save(message(parts));
    const [file] = yield* list(root, "new");
    return yield* promise(() => fs.readFile(path.join(root, "new", file!), "utf8"));
  });

live(
  "a message is one file in new, with trace fields on top and the line ends of the system",
  () =>
    Effect.gen(function* () {
      const root = path.join(yield* directory, "not", "there", "yet");
      yield* Maildir.make(root, "sink.test").save(message({}));
      assertEquals((yield* list(root)).sort(), ["cur", "new", "tmp"]);
      assertEquals(yield* list(root, "tmp"), []);
      assertEquals(yield* list(root, "cur"), []);
      const files = yield* list(root, "new");
      assertEquals(files.length, 1);
      assertMatch(files[0]!, /^1793678706\.id-1-1-[0-9a-f-]{36}\.plausch$/);
      const file = path.join(root, "new", files[0]!);
      assertEquals(
        yield* promise(() => fs.readFile(file, "utf8")),
        [
          "Return-Path: <a@c.test>",
          "Delivered-To: b@d.test",
          "Received: from c.test ([127.0.0.1])",
          "\tby sink.test with ESMTP id id-1-1",
          "\tfor <b@d.test>;",
          "\tTue, 03 Nov 2026 04:05:06 +0000",
          "Subject: t",
          "",
          "hello",
          "",
        ].join("\n"),
      );
      const { mode } = yield* promise(() => fs.stat(file));
      assertEquals(mode & 0o777, 0o600);
    }),
);

live("every octet but the CR of a CRLF is kept", () =>
  Effect.gen(function* () {
    const text = yield* saved({ octets: octets("a: b\r\n\r\n\r\n.\r\n\t\u0001\u007f\r\nno end") });
    assert(text.endsWith("+0000\na: b\n\n\n.\n\t\u0001\u007f\nno end"));
    const root = yield* directory;
    const every = Uint8Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => octet !== 10 && octet !== 13);
    yield* Maildir.make(root).save(message({ octets: every }));
    const [file] = yield* list(root, "new");
    const kept = new Uint8Array(yield* promise(() => fs.readFile(path.join(root, "new", file!))));
    assertEquals(kept.slice(-every.length), every);
  }));

live("an empty message is its trace fields", () =>
  Effect.gen(function* () {
    assertMatch(yield* saved({ octets: new Uint8Array() }), /^Return-Path: [^]*\+0000\n$/);
  }));

live(
  "a bounce to many has an empty Return-Path, every recipient, and tells nobody in Received who else",
  () =>
    Effect.gen(function* () {
      const to = [forward("b@d.test"), forward('"q q"@d.test'), forward("Postmaster")];
      const text = yield* saved({ reversePath: Path.nullPath, forwardPaths: to, protocol: "SMTP" });
      assertEquals(text.split("\n").slice(0, 7), [
        "Return-Path: <>",
        "Delivered-To: b@d.test",
        'Delivered-To: "q q"@d.test',
        "Delivered-To: Postmaster",
        "Received: from c.test ([127.0.0.1])",
        "\tby localhost with SMTP id id-1-1;",
        "\tTue, 03 Nov 2026 04:05:06 +0000",
      ]);
    }),
);

const origins: ReadonlyArray<readonly [parts: Partial<Store.Message>, field: string]> = [
  [{ peer: "" }, "Received: from c.test"],
  [{ peer: "2001:db8::1" }, "Received: from c.test ([IPv6:2001:db8::1])"],
  [{ helo: "[IPv6:::1]" }, "Received: from [IPv6:::1] ([127.0.0.1])"],
  [{ helo: "b\u00fccher.test" }, "Received: from b\u00fccher.test ([127.0.0.1])"],
  [{ helo: 'x) by evil; <"(\\@\u202e\udcff' }, "Received: from x??by?evil????????? ([127.0.0.1])"],
];
for (const [parts, field] of origins) {
  live(`where it came from: ${field}`, () =>
    Effect.gen(function* () {
      assertEquals((yield* saved(parts)).split("\n")[2], field);
    }));
}

live("international addresses are written as they are", () =>
  Effect.gen(function* () {
    const text = yield* saved({
      reversePath: reverse("\u00e4@c.test"),
      forwardPaths: [forward("\u7528@d.test")],
      protocol: "UTF8SMTP",
    });
    assertMatch(
      text,
      /^Return-Path: <\u00e4@c\.test>\nDelivered-To: \u7528@d\.test\n[^]*UTF8SMTP[^]*for <\u7528@d\.test>;/,
    );
  }));

live("messages of the same name do not overwrite each other, whoever writes them", () =>
  Effect.gen(function* () {
    const root = yield* directory;
    const stores = [Maildir.make(root), Maildir.make(root)];
    yield* Effect.forEach(Array.from({ length: 20 }, (_, at) => stores[at % 2]!), ({ save }) => save(message({})), {
      concurrency: "unbounded",
    });
    assertEquals((yield* list(root, "new")).length, 20);
    assertEquals(yield* list(root, "tmp"), []);
  }));

live("a message that is being written when it is interrupted is written to its end", () =>
  Effect.gen(function* () {
    const root = yield* directory;
    const fiber = yield* Effect.forkScoped(Maildir.make(root).save(message({})), { startImmediately: true });
    yield* Fiber.interrupt(fiber);
    assertEquals((yield* list(root, "new")).length, 1);
    assertEquals(yield* list(root, "tmp"), []);
  }));

live("a directory that cannot be made is a StoreError with its cause", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "file");
    yield* promise(() => fs.writeFile(file, ""));
    const error = yield* Effect.flip(Maildir.make(file).save(message({})));
    assertInstanceOf(error, Store.StoreError);
    assertEquals(error.action, `write the message to "${file}"`);
    assertNotEquals(error.cause, undefined);
    assert(error.isTemporary);
    assert(error.message.startsWith(`Cannot write the message to "${file}": `));
  }));

live("a message that cannot be moved into place leaves no draft behind", () =>
  Effect.gen(function* () {
    const root = yield* directory;
    // A folder that is there, and that no file can be moved into: it belongs to the kernel.
    yield* promise(() => fs.symlink("/proc/self", path.join(root, "new")));
    const error = yield* Effect.flip(Maildir.make(root).save(message({})));
    assertInstanceOf(error, Store.StoreError);
    assertEquals(yield* list(root, "tmp"), []);
  }));

live("what the envelope said of delivery, and who sent it, stands above the message", () =>
  Effect.gen(function* () {
    const text = yield* saved({
      protocol: "ESMTPSA",
      forwardPaths: [forward("b@d.test"), forward("c@d.test"), forward("e@d.test")],
      mailParameters: { size: 9, ret: "HDRS", envid: "QQ 314", by: { seconds: 120, mode: "R" } },
      rcptParameters: [
        { notify: ["SUCCESS", "DELAY"], orcpt: { addressType: "rfc822", address: "b@old.test" } },
        {},
        { notify: "NEVER" },
      ],
      user: "tim+x@d.test",
      forwarded: [["NAME", "real host"], ["ADDR", "192.0.2.7"]],
      tls: certificateOf("c.test"),
    }, "sink.test");
    assertEquals(text.split("\n").slice(0, 14), [
      "Return-Path: <a@c.test>",
      "Delivered-To: b@d.test",
      "Original-Recipient: rfc822;b@old.test",
      "X-Envelope-Notify: <b@d.test> SUCCESS,DELAY",
      "Delivered-To: c@d.test",
      "Delivered-To: e@d.test",
      "X-Envelope-Notify: <e@d.test> NEVER",
      "X-Envelope-Parameters: RET=HDRS ENVID=QQ+20314 BY=120;R",
      "X-Envelope-User: tim+x@d.test",
      "X-Envelope-Forwarded: NAME=real+20host ADDR=192.0.2.7",
      "Received: from c.test ([127.0.0.1])",
      "\tby sink.test with ESMTPSA id id-1-1",
      "\ttls TLS_AES_128_GCM_SHA256;",
      "\tTue, 03 Nov 2026 04:05:06 +0000",
    ]);
  }));

live("a Maildir can be prepared before anything comes", () =>
  Effect.gen(function* () {
    const mail = path.join(yield* directory, "deep", "mail");
    yield* Maildir.prepare(mail);
    assertEquals((yield* list(mail)).toSorted(), ["cur", "new", "tmp"]);
    assertEquals([yield* list(mail, "tmp"), yield* list(mail, "new")], [[], []]);
    yield* Maildir.prepare(mail);
    const error = yield* Effect.flip(Maildir.prepare("/dev/null/mail"));
    assertEquals([error._tag, error.action], ["StoreError", 'keep messages in "/dev/null/mail"']);
  }));

live("a user's name cannot break out of its field", () =>
  Effect.gen(function* () {
    const text = yield* saved({ user: "tim\r\nSubject: evil (\u2028)" });
    assert(text.includes("\nX-Envelope-User: tim??Subject:?evil????\n"), text);
  }));

live("binary content stays as it is", () =>
  Effect.gen(function* () {
    const content = "Subject: t\r\n\r\n\r\n\r\n";
    assert((yield* saved({ octets: octets(content) })).endsWith("\nSubject: t\n\n\n\n"));
    const binary = yield* saved({ octets: octets(content), mailParameters: { body: "BINARYMIME" } });
    assert(binary.endsWith(`\n${content}`));
  }));
