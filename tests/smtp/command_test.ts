import * as Command from "@plausch/smtp/command";
import * as CommandParser from "@plausch/smtp/command-parser";
import * as Domain from "@plausch/smtp/domain";
import * as Path from "@plausch/smtp/path";
import { assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { domain, forwardPath, oneOf, optional, others, printable, reversePath, size, wildText } from "./_arbitrary.ts";

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
  const path = to("<a@b.c>");
  if (path._tag !== "Mailbox") throw new Error("not a mailbox");
  const right = [
    ...[notify, orcpt].map((parameters) => Command.rcpt(path, parameters)),
    ...[size, body, smtputf8, ret, envid].map((parameters) => Command.mail(path, parameters)),
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
  assertEquals(wrong.length, 12);
});

Deno.test("SMTPUTF8 is needed where it is used", () => {
  const utf8 = { smtputf8: true };
  assertEquals(reason(Command.mail(from("<ü@b.c>"))), "NonAscii");
  assertEquals(reason(Command.mail(from("<ü@b.c>"), utf8), { smtputf8: false }), "NonAscii");
  assertEquals(line(Command.mail(from("<ü@b.c>"), utf8)), "MAIL FROM:<ü@b.c> SMTPUTF8");
  assertEquals(line(Command.rcpt(to("<ü@b.c>"))), "RCPT TO:<ü@b.c>");
  assertEquals(reason(Command.rcpt(to("<ü@b.c>")), { smtputf8: false }), "NonAscii");
  assertEquals(reason(Command.rcpt(to("<a@b.c>"), { other: [{ keyword: "X", value: "ü" }] })), "NonAscii");
  for (const command of [Command.noop("ü"), Command.vrfy("ü"), Command.help("ü"), Command.raw("ü")]) {
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

const parameters = Arbitrary.all({ size: optional(size), envid: optional(printable), other: others });
const text = Arbitrary.map(printable, (printed) => printed.replace(/ smtputf8$/i, ""));

/** Commands of every kind, with arguments that are valid but for their lengths. */
const command: Arbitrary.Arbitrary<Command.Command> = Arbitrary.map(
  Arbitrary.all({
    kind: oneOf([..."heMRdrqnvkp"]),
    domain,
    reversePath,
    forwardPath,
    parameters,
    text,
    topic: optional(text),
  }),
  ({ kind, domain, reversePath, forwardPath, parameters, text, topic }): Command.Command => {
    switch (kind) {
      case "h":
        return Command.helo(host(domain));
      case "e":
        return Command.ehlo(host(domain));
      case "M": {
        const path = Result.getOrElse(Path.reverseFromString(reversePath, { smtputf8: true }), () => Path.nullPath);
        return Command.mail(path, { ...parameters, smtputf8: true });
      }
      case "R": {
        const path = Result.getOrElse(Path.forwardFromString(forwardPath, { smtputf8: true }), () => to("<a@b.c>"));
        return Command.rcpt(path, { notify: ["DELAY"], other: parameters.other });
      }
      case "d":
        return Command.data;
      case "r":
        return Command.rset;
      case "q":
        return Command.quit;
      case "n":
        return Command.noop(topic);
      case "v":
        return Command.vrfy(text);
      case "p":
        return Command.vrfy(text, { smtputf8: true });
      default:
        return Command.help(topic);
    }
  },
);

property("a command survives writing and reading", command, (written) => {
  const wire = line(written);
  const { warnings, ...parsed } = Result.getOrThrow(CommandParser.parse(wire, { smtputf8: true }));
  assertEquals(warnings, []);
  assertEquals(parsed._tag, written._tag);
  assertEquals(line(parsed as Command.Command), wire);
  if (written._tag !== "MAIL" && written._tag !== "RCPT" && written._tag !== "Raw") assertEquals(parsed, written);
  return true;
}, { runs: 1000, seed: "plausch" });

property("a command is read the same in lenient mode", command, (written) => {
  const wire = line(written);
  const strict = CommandParser.parse(wire, { smtputf8: true });
  assertEquals(CommandParser.parse(wire, { smtputf8: true, lenient: true }), strict);
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
    Command.mail(Path.nullPath, { smtputf8: true, other: [{ keyword: text }] }),
    Command.mail(Path.nullPath, { smtputf8: true, other: [{ keyword: "X", value: text }] }),
    Command.rcpt(to("<a@b.c>"), { notify: [text as never] }),
    Command.rcpt(to("<a@b.c>"), { notify: text as never }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: text, address: text } }),
    Command.rcpt(to("<a@b.c>"), { orcpt: { addressType: "rfc822", address: text } }),
    Command.noop(text),
    Command.vrfy(text),
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
