import * as Command from "@plausch/smtp/command";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as Domain from "@plausch/smtp/domain";
import type * as Parameter from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { wildText } from "./_arbitrary.ts";
import { command } from "./_commands.ts";

type Others = ReadonlyArray<Parameter.EsmtpParameter>;

const line = (command: Command.Command, options?: Command.FormatOptions) =>
  Result.getOrThrow(Command.format(command, options));
const reason = (command: Command.Command, options?: Command.FormatOptions) =>
  Result.getOrThrow(Result.flip(Command.format(command, options))).reason;
const host = (text: string) => Result.getOrThrow(Domain.hostFromString(text));
const from = (text: string) => Result.getOrThrow(Path.reverseFromString(text, { smtputf8: true }));
const to = (text: string) => Result.getOrThrow(Path.forwardFromString(text, { smtputf8: true }));

Deno.test("every command on the wire", () => {
  assertEquals(line(Command.helo(host("c.test"))), "HELO c.test");
  assertEquals(line(Command.ehlo(host("[IPv6:::1]"))), "EHLO [IPv6:::1]");
  assertEquals(line(Command.mail(from("<a@b.c>"))), "MAIL FROM:<a@b.c>");
  assertEquals(line(Command.mail(Path.nullPath, { size: 0 })), "MAIL FROM:<> SIZE=0");
  assertEquals(line(Command.rcpt(to("<postmaster>"))), "RCPT TO:<postmaster>");
  assertEquals(
    line(Command.rcpt(to("<a@bücher.c>"), { notify: ["DELAY"] })),
    "RCPT TO:<a@xn--bcher-kva.c> NOTIFY=DELAY",
  );
  assertEquals(line(Command.data), "DATA");
  assertEquals(line(Command.rset), "RSET");
  assertEquals(line(Command.quit), "QUIT");
  assertEquals(line(Command.noop("still here")), "NOOP still here");
  assertEquals(line(Command.help()), "HELP");
  assertEquals(line(Command.vrfy("用户", { smtputf8: true })), "VRFY 用户 SMTPUTF8");
  assertEquals(line(Command.raw("")), "");
  assertEquals(line(Command.lhlo(host("bücher.example"))), "LHLO xn--bcher-kva.example");
  assertEquals(line(Command.startTls), "STARTTLS");
  assertEquals(line(Command.bdat(0)), "BDAT 0");
  assertEquals(line(Command.bdat(Number.MAX_SAFE_INTEGER, true)), "BDAT 9007199254740991 LAST");
  assertEquals(line(Command.expn("用户", { smtputf8: true })), "EXPN 用户 SMTPUTF8");
  assertEquals(line(Command.etrn("example.com")), "ETRN example.com");
});

Deno.test("a chunk has a whole number of octets", () => {
  for (const size of [-1, 1.5, NaN, Infinity, 2 ** 53]) assertEquals(reason(Command.bdat(size)), "BadSize");
  assertEquals(reason(Command.bdat("1\r\nQUIT" as never)), "BadSize");
  assertEquals(line(Command.bdat(1, "x\r\nQUIT" as never)), "BDAT 1 LAST");
});

Deno.test("ETRN names a domain, a domain and those below it, or a queue (RFC 1985 section 5)", () => {
  for (const node of ["example.com", "@example.com", "#example.com", "#a:b", "[192.0.2.1]", "localhost"]) {
    assertEquals(line(Command.etrn(node)), `ETRN ${node}`);
  }
  assertEquals(reason(Command.etrn("")), "MissingArgument");
  for (const node of ["@", "#", "@@a.b", "a b", "a..b", "@[192.0.2.1]", "#a b", " a.b"]) {
    assertEquals(reason(Command.etrn(node)), "BadArgument", node);
  }
  assertEquals(reason(Command.etrn("bücher.example")), "NonAscii");
  assertEquals(reason(Command.etrn("#x\r\nQUIT")), "ControlCharacter");
});

Deno.test("attributes are coded as xtext (Postfix)", () => {
  const xclient = (...attributes: Command.Attributes) => Command.xclient(attributes);
  assertEquals(
    line(xclient(["name", "[UNAVAILABLE]"], ["Addr", "IPV6:::1"], ["HELO", "a b+c=é"])),
    "XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:::1 HELO=a+20b+2Bc+3D+C3+A9",
  );
  assertEquals(line(Command.xforward([["SOURCE", "LOCAL"]])), "XFORWARD SOURCE=LOCAL");
  assertEquals(reason(xclient()), "MissingArgument");
  for (const name of ["", "X-Y", "A1", "A B", "NAMÉ", "A="]) {
    assertEquals(reason(xclient([name, "x"])), "BadKeyword", name);
  }
  assertEquals(reason(xclient(["NAME", ""])), "BadParameterValue");
  assertEquals(reason(xclient(["NAME", "a"], ["name", "b"])), "DuplicateParameter");
  assertEquals(reason(xclient(["NAME", "x\r\nQUIT"])), "ControlCharacter");
  assertEquals(reason(xclient(["NAME", "\udcff"])), "BadUtf8");
  assertEquals(line(xclient(["NAME", "x".repeat(255)])).length, "XCLIENT NAME=".length + 255);
  assertEquals(reason(xclient(["NAME", "x".repeat(256)])), "AttributeTooLong");
  assertEquals(reason(xclient(["NAME", "+".repeat(86)])), "AttributeTooLong");
  assertEquals(reason(xclient(["NAME", "x".repeat(255)], ["HELO", "x".repeat(255)])), "CommandTooLong");
});

Deno.test("AUTH shows its initial response on the wire, and nowhere else", () => {
  const secret = Redacted.make("dGFuc3RhYWZ0YW5zdGFhZg==");
  const auth = Command.auth("plain", secret);
  assertEquals(line(auth), "AUTH PLAIN dGFuc3RhYWZ0YW5zdGFhZg==");
  assertEquals(line(Command.auth("LOGIN")), "AUTH LOGIN");
  assertEquals(line(Command.auth("EXTERNAL", Redacted.make(""))), "AUTH EXTERNAL =");
  for (const shown of [JSON.stringify(auth), Deno.inspect(auth, { depth: 9 }), String(auth.initial)]) {
    assert(!shown.includes("dGFu"), shown);
  }
});

Deno.test("no error of AUTH holds what follows the verb", () => {
  const attempts: ReadonlyArray<readonly [Command.Command, string]> = [
    [Command.auth("PLAIN", Redacted.make("tanstaaf")), "none"],
    [Command.auth("PLAIN", Redacted.make("tanstaa")), "BadBase64"],
    [Command.auth("PLAIN", Redacted.make("tanstaaf\r\nQUIT")), "BadBase64"],
    [Command.auth("PLAIN", Redacted.make("tan=taaf")), "BadBase64"],
    [Command.auth("PLAIN", Redacted.make("=")), "BadBase64"],
    [Command.auth("PLAIN", Redacted.make("tanstaaf".repeat(1600))), "CommandTooLong"],
    [Command.auth("PLAIN tanstaaf"), "BadMechanism"],
    [Command.auth(""), "BadMechanism"],
    [Command.auth("t".repeat(21)), "BadMechanism"],
    [Command.auth("t".repeat(20)), "none"],
    [Command.auth("PLAIN\r\ntanstaaf"), "BadMechanism"],
    [Command.raw("AUTH PLAIN tanstaaf\n"), "ControlCharacter"],
    [Command.raw(" \tauth PLAIN tanstaaf é"), "ControlCharacter"],
    [Command.raw("  auth PLAIN tanstaaf é"), "NonAscii"],
    [Command.raw(`AUTHPLAIN ${"tanstaaf".repeat(1600)}`), "CommandTooLong"],
  ];
  for (const [command, expected] of attempts) {
    const written = Command.format(command);
    assertEquals(Result.isFailure(written) ? written.failure.reason : "none", expected);
    if (Result.isFailure(written)) {
      const shown = `${written.failure.message} ${Deno.inspect(written.failure)} ${JSON.stringify(written.failure)}`;
      assert(!/tanst|tan=/.test(shown), shown);
      assertEquals(written.failure.input?.trim().toUpperCase().startsWith("AUTH"), true);
    }
  }
});

Deno.test("an initial response fits if the line has at most 512 octets (RFC 4954 section 4)", () => {
  const auth = (length: number) => Command.auth("XOAUTH2", Redacted.make("x".repeat(length)));
  const room = 512 - "AUTH XOAUTH2 \r\n".length;
  assert(Command.allowsInitial(auth(room)));
  assert(!Command.allowsInitial(auth(room + 1)));
  assert(Command.allowsInitial(Command.auth("LOGIN")));
  const longest = 12288 - "AUTH XOAUTH2 \r\n".length;
  assertEquals(line(auth(longest - longest % 4)).length, 12286 - longest % 4);
});

Deno.test("a parameter of one verb does not compile with the other", () => {
  // Out of variables, where TypeScript does not look for excess properties, and beside a property that both verbs have.
  const other = [] as const;
  const notify = { notify: "NEVER", other } as const;
  const orcpt = { orcpt: { addressType: "rfc822", address: "a@b.c" }, other };
  const size = { size: 1, other };
  const body = { body: "8BITMIME", other } as const;
  const smtputf8 = { smtputf8: true, other };
  const ret = { ret: "FULL", other } as const;
  const envid = { envid: "x", other };
  const auth = { auth: "<>", other };
  const requireTls = { requireTls: true, other };
  const by = { by: { seconds: 1, mode: "R" }, other } as const;
  const holdFor = { holdFor: 1, other };
  const holdUntil = { holdUntil: "2030-01-31T08:00:00Z", other };
  const mtPriority = { mtPriority: 1, other };
  const path = to("<a@b.c>");
  if (path._tag !== "Mailbox") throw new Error("not a mailbox");
  const right = [
    ...[notify, orcpt].map((parameters) => Command.rcpt(path, parameters)),
    ...[size, body, smtputf8, ret, envid, auth, requireTls, by, holdFor, holdUntil, mtPriority].map((parameters) =>
      Command.mail(path, parameters)
    ),
  ];
  const wrong = [
    // @ts-expect-error NOTIFY belongs to RCPT
    () => Command.mail(path, notify),
    // @ts-expect-error ORCPT belongs to RCPT
    () => Command.mail(path, orcpt),
    // @ts-expect-error SIZE belongs to MAIL
    () => Command.rcpt(path, size),
    // @ts-expect-error BODY belongs to MAIL
    () => Command.rcpt(path, body),
    // @ts-expect-error SMTPUTF8 belongs to MAIL
    () => Command.rcpt(path, smtputf8),
    // @ts-expect-error RET belongs to MAIL
    () => Command.rcpt(path, ret),
    // @ts-expect-error ENVID belongs to MAIL
    () => Command.rcpt(path, envid),
    // @ts-expect-error AUTH belongs to MAIL
    () => Command.rcpt(path, auth),
    // @ts-expect-error REQUIRETLS belongs to MAIL
    () => Command.rcpt(path, requireTls),
    // @ts-expect-error BY belongs to MAIL
    () => Command.rcpt(path, by),
    // @ts-expect-error HOLDFOR belongs to MAIL
    () => Command.rcpt(path, holdFor),
    // @ts-expect-error HOLDUNTIL belongs to MAIL
    () => Command.rcpt(path, holdUntil),
    // @ts-expect-error MT-PRIORITY belongs to MAIL
    () => Command.rcpt(path, mtPriority),
    // @ts-expect-error a deadline is a time and what then
    () => Command.mail(path, { by: 120 }),
    // @ts-expect-error a deadline returns or notifies
    () => Command.mail(path, { by: { seconds: 1, mode: "X" } }),
    // @ts-expect-error no such body
    () => Command.mail(path, { body: "BINARY" }),
    // @ts-expect-error an initial response is a secret
    () => Command.auth("PLAIN", "AHRpbQB0YW5zdGFhZg=="),
    // @ts-expect-error as written
    () => Command.mail(path, { notify: "NEVER" }),
    // @ts-expect-error as written
    () => Command.rcpt(path, { size: 1 }),
    // @ts-expect-error nobody receives at the empty path
    () => Command.rcpt(Path.nullPath),
    // @ts-expect-error the postmaster without a domain does not send
    () => Command.mail({ _tag: "Postmaster", localPart: "Postmaster" }),
    // @ts-expect-error NEVER stands alone
    () => Command.rcpt(path, { notify: ["NEVER", "DELAY"] }),
  ];
  assertEquals(right.every((command) => Result.isSuccess(Command.format(command))), true);
  assertEquals(wrong.length, 22);
});

Deno.test("SMTPUTF8 is needed where it is used", () => {
  const utf8 = { smtputf8: true };
  assertEquals(reason(Command.mail(from("<ü@b.c>"))), "NonAscii");
  assertEquals(reason(Command.mail(from("<ü@b.c>"), utf8), { smtputf8: false }), "NonAscii");
  assertEquals(line(Command.mail(from("<ü@b.c>"), utf8)), "MAIL FROM:<ü@b.c> SMTPUTF8");
  assertEquals(line(Command.rcpt(to("<ü@b.c>"))), "RCPT TO:<ü@b.c>");
  assertEquals(reason(Command.rcpt(to("<ü@b.c>")), { smtputf8: false }), "NonAscii");
  assertEquals(reason(Command.rcpt(to("<a@b.c>"), { other: [{ keyword: "X", value: "ü" }] })), "NonAscii");
  for (
    const command of [Command.noop("ü"), Command.vrfy("ü"), Command.expn("ü"), Command.help("ü"), Command.raw("ü")]
  ) {
    assertEquals(reason(command), "NonAscii");
    assertEquals(reason({ ...command, ...{ argument: "\udcff", topic: "\udcff", line: "\udcff" } }, utf8), "BadUtf8");
    assertEquals(line(command, utf8).endsWith("ü"), true);
  }
});

Deno.test("a text after a verb must arrive as it was", () => {
  assertEquals(reason(Command.vrfy("")), "MissingArgument");
  assertEquals(reason(Command.noop("")), "MissingArgument");
  assertEquals(reason(Command.help(" x")), "BadArgument");
  assertEquals(reason(Command.help("x ")), "BadArgument");
  assertEquals(reason(Command.vrfy("x smtputf8")), "BadArgument");
  assertEquals(reason(Command.expn("")), "MissingArgument");
  assertEquals(reason(Command.expn("x smtputf8")), "BadArgument");
  assertEquals(line(Command.vrfy("smtputf8")), "VRFY smtputf8");
});

Deno.test("a host that was put together by hand is checked", () => {
  const ehlo = (ascii: string) => Command.ehlo({ _tag: "Name", name: ascii, ascii });
  assertEquals(reason(ehlo("x\r\nDATA")), "ControlCharacter");
  assertEquals(reason(ehlo("a b")), "BadDomain");
  assertEquals(reason(ehlo("")), "EmptyName");
  assertEquals(reason(Command.helo({ _tag: "General", tag: "x", content: "a] b[x:c" })), "BadAddressLiteral");
});

Deno.test("a command line has at most 512 octets and what its parameters add", () => {
  const octets = (command: Command.Command) => Result.getOrThrow(Command.encode(command)).length;
  assertEquals(octets(Command.noop("x".repeat(505))), 512);
  assertEquals(reason(Command.noop("x".repeat(506))), "CommandTooLong");
  const longest = from(`<${"l".repeat(64)}@${Array(3).fill("d".repeat(61)).join(".")}.x>`);
  const other = (length: number) => [{ keyword: "X", value: "v".repeat(length) }];
  const fill = 512 - octets(Command.mail(longest)) - " X=".length;
  assertEquals(octets(Command.mail(longest, { other: other(fill) })), 512);
  assertEquals(reason(Command.mail(longest, { other: other(fill + 1) })), "CommandTooLong");
  assertEquals(octets(Command.mail(longest, { size: Number.MAX_SAFE_INTEGER, other: other(fill) })), 512 + 22);
  assertEquals(octets(Command.mail(longest, { size: 1, other: other(fill + 26 - " SIZE=1".length) })), 512 + 26);
  assertEquals(
    reason(Command.mail(longest, { size: 1, other: other(fill + 27 - " SIZE=1".length) })),
    "CommandTooLong",
  );
  assertEquals(octets(Command.raw("x".repeat(12286))), 12288);
  assertEquals(reason(Command.raw("x".repeat(12287))), "CommandTooLong");
  const error = Result.getOrThrow(Result.flip(Command.format(Command.raw("é".repeat(6144)), { smtputf8: true })));
  assertEquals([error.reason, error.limit], ["CommandTooLong", 12288]);
});

Deno.test("each parameter lengthens the line by what its RFC says, and no more", () => {
  const path = from("<a@b.c>");
  if (path._tag !== "Mailbox") throw new Error("not a mailbox");
  const holdUntil = "2030-01-31T08:00:00Z";
  const mail: ReadonlyArray<readonly [Parameter.MailParameters, number]> = [
    [{ size: 1 }, 26],
    [{ body: "BINARYMIME" }, 17],
    [{ smtputf8: true }, 10],
    [{ ret: "FULL" }, 9],
    [{ envid: "x" }, 107],
    [{ auth: "<>" }, 500],
    [{ requireTls: true }, 11],
    [{ by: { seconds: -999999999, mode: "N", trace: true } }, 17],
    [{ holdFor: 1 }, 34],
    [{ holdUntil }, 34],
    [{ mtPriority: -9 }, 15],
    [{ auth: "<>", requireTls: true, holdUntil }, 545],
  ];
  const rcpt: ReadonlyArray<readonly [Parameter.RcptParameters, number]> = [
    [{ notify: "NEVER" }, 29],
    [{ orcpt: { addressType: "rfc822", address: "x" } }, 501],
  ];
  const attempts = [
    ...mail.map(([given, more]) => ({ more, make: (other?: Others) => Command.mail(path, { ...given, other }) })),
    ...rcpt.map(([given, more]) => ({ more, make: (other?: Others) => Command.rcpt(path, { ...given, other }) })),
  ];
  for (const { more, make } of attempts) {
    const room = 512 + more - line(make()).length - " X=".length - "\r\n".length;
    const longest = make([{ keyword: "X", value: "v".repeat(room) }]);
    assertEquals(line(longest).length + 2, 512 + more);
    const error = Result.getOrThrow(Result.flip(Command.format(make([{ keyword: "X", value: "v".repeat(room + 1) }]))));
    assertEquals([error.reason, error.limit], ["CommandTooLong", 512 + more]);
  }
});

/** Opens what is redacted, so that it can be compared. */
const opened = (command: Command.Command) =>
  command._tag === "AUTH" && command.initial !== undefined
    ? { ...command, initial: Redacted.value(command.initial) }
    : command;

property("a command survives writing and reading", command, (written) => {
  const wire = line(written);
  const { warnings, ...parsed } = Result.getOrThrow(CommandParser.parse(wire, { smtputf8: true }));
  assertEquals(warnings, []);
  assertEquals(parsed._tag, written._tag);
  assertEquals(line(parsed as Command.Command), wire);
  // A path is read with warnings that it may have been made without, and its domain is written as A-labels.
  if (written._tag === "MAIL" || written._tag === "RCPT") {
    assertEquals((parsed as Command.Mail | Command.Rcpt).parameters, written.parameters);
  } else assertEquals(opened(parsed as Command.Command), opened(written));
  return true;
}, { runs: 2000, seed: "plausch" });

property("a command is read the same in lenient mode", command, (written) => {
  const wire = line(written);
  const [strict, lenient] = [false, true].map((lenient) => {
    const { warnings, ...parsed } = Result.getOrThrow(CommandParser.parse(wire, { smtputf8: true, lenient }));
    return { warnings, parsed: opened(parsed as Command.Command) };
  });
  assertEquals(lenient, strict);
  return true;
});

property("a command is read the same whatever the case of its verb", command, (written) => {
  const wire = line(written);
  const verb = wire.split(" ", 1)[0]!;
  const read = (text: string) => {
    const { warnings, ...parsed } = Result.getOrThrow(CommandParser.parse(text, { smtputf8: true }));
    return { warnings, parsed: opened(parsed as Command.Command) };
  };
  assertEquals(read(verb.toLowerCase() + wire.slice(verb.length)), read(wire));
  return true;
});

/** Any text in any argument, also past the types. */
const hostile = Arbitrary.map(wildText, (text): ReadonlyArray<Command.Command> => {
  const name = { _tag: "Name", name: text, ascii: text } as const;
  const mailbox = {
    _tag: "Mailbox",
    localPart: text,
    localValue: text,
    domain: host("a.b"),
    needsSmtputf8: false,
    warnings: [],
  } as const;
  return [
    Command.helo(name),
    Command.ehlo({ _tag: "Ipv4", address: text }),
    Command.ehlo({ _tag: "Ipv6", address: text }),
    Command.ehlo({ _tag: "General", tag: "x", content: text }),
    Command.mail(mailbox),
    Command.mail({ ...mailbox, localPart: "a", domain: name }),
    Command.mail({ ...mailbox, localPart: "a", route: [text] }),
    Command.rcpt({ _tag: "Postmaster", localPart: text }),
    Command.mail(Path.nullPath, { envid: text }),
    Command.mail(Path.nullPath, { size: text as never }),
    Command.mail(Path.nullPath, { body: text as never }),
    Command.mail(Path.nullPath, { ret: text as never }),
    Command.mail(Path.nullPath, { auth: text }),
    Command.mail(Path.nullPath, { auth: `${text}@b.c` }),
    Command.mail(Path.nullPath, { requireTls: text as never }),
    Command.mail(Path.nullPath, { by: { seconds: 1, mode: text as never, trace: text as never } }),
    Command.mail(Path.nullPath, { by: { seconds: text as never, mode: "N" } }),
    Command.mail(Path.nullPath, { by: text as never }),
    Command.mail(Path.nullPath, { holdFor: text as never }),
    Command.mail(Path.nullPath, { holdUntil: text }),
    Command.mail(Path.nullPath, { holdUntil: `2030-01-31T08:00:00Z${text}` }),
    Command.mail(Path.nullPath, { mtPriority: text as never }),
    Command.mail(Path.nullPath, { smtputf8: true, other: [{ keyword: text }] }),
    Command.mail(Path.nullPath, { smtputf8: true, other: [{ keyword: "X", value: text }] }),
    Command.rcpt(to("<a@b.c>"), { notify: [text as never] }),
    Command.rcpt(to("<a@b.c>"), { notify: text as never }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: text, address: text } }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: "rfc822", address: text } }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: "utf-8", address: text } }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: "utf-8", address: `${text}@b.c` } }),
    Command.lhlo(name),
    Command.bdat(text as never, text as never),
    Command.expn(text),
    Command.expn(text, { smtputf8: true }),
    Command.etrn(text),
    Command.etrn(`@${text}`),
    Command.etrn(`#${text}`),
    Command.auth(text),
    Command.auth(`PLAIN${text}`, Redacted.make("")),
    Command.auth("PLAIN", Redacted.make(text)),
    Command.xclient([[text, "x"]]),
    Command.xclient([["NAME", text]]),
    Command.xforward([["NAME", text], [text, text]]),
    Command.noop(text),
    Command.vrfy(text),
    Command.vrfy(text, { smtputf8: true }),
    Command.help(text),
    Command.raw(text),
  ];
});

property(
  "whatever the argument, an encoded command is one line",
  hostile,
  (commands) =>
    commands.every((command) =>
      [{}, { smtputf8: true }, { smtputf8: false }].every((options) => {
        const encoded = Command.encode(command, options);
        if (Result.isFailure(encoded)) return true;
        const written = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded.success);
        // deno-lint-ignore no-control-regex
        return /^[^\x00-\x1f\x7f-\x9f]*\r\n$/.test(written);
      })
    ),
  { runs: 1500, seed: "plausch" },
);

property(
  "whatever the argument, only SMTPUTF8 lets a character outside ASCII through",
  hostile,
  (commands) =>
    commands.every((command) => {
      const encoded = Command.encode(command, { smtputf8: false });
      const isUtf8 = "smtputf8" in command || command._tag === "MAIL" && command.parameters.smtputf8 === true;
      return isUtf8 || Result.isFailure(encoded) || encoded.success.every((octet) => octet < 0x80);
    }),
);
