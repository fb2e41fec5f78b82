import { assert, assertEquals } from "@std/assert";
import * as MtaStsPolicy from "@plausch/mx/mta-sts-policy";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { property } from "../support/property.ts";

const parse = (text: string) => MtaStsPolicy.parse("d.test", text);

const enforce = { mode: "enforce", maxAge: 86400, mx: ["a.d.test"] } as const;
const needed = "version: STSv1\nmode: enforce\nmx: a.d.test\nmax_age: 86400";

const good: ReadonlyArray<readonly [name: string, text: string, policy: MtaStsPolicy.MtaStsPolicy]> = [
  ["LF", `${needed}\n`, enforce],
  ["CRLF", `${needed.replaceAll("\n", "\r\n")}\r\n`, enforce],
  ["LF and CRLF mixed, no end of the last line", needed.replace("\n", "\r\n"), enforce],
  ["no space behind the colon", needed.replaceAll(": ", ":"), enforce],
  ["much space behind the colon and at the end", needed.replaceAll(": ", ":\t  ").replaceAll("\n", " \t\n"), enforce],
  ["any order", "max_age: 86400\nmx: a.d.test\nmode: enforce\nversion: STSv1\n", enforce],
  ["empty lines", `\n${needed}\n\n \n`, enforce],
  ["unknown keys", `${needed}\nx.y_z-0: what ever: ü\ntesting: 1\nMode: none\n`, enforce],
  ["duplicates: the first counts", `${needed}\nmode: none\nversion: STSv2\nmax_age: x\n`, enforce],
  ["several mx, wildcards, upper case", `${needed}\nmx: *.Example.NET\nmx: b.d.test`, {
    ...enforce,
    mx: ["a.d.test", "*.example.net", "b.d.test"],
  }],
  ["an A-label", needed.replace("a.d.test", "mx.xn--bcher-kva.example"), {
    ...enforce,
    mx: ["mx.xn--bcher-kva.example"],
  }],
  ["testing", needed.replace("enforce", "testing"), { ...enforce, mode: "testing" }],
  ["none, without hosts", "version: STSv1\nmode: none\nmax_age: 0\n", { mode: "none", maxAge: 0, mx: [] }],
  ["none, with hosts", needed.replace("enforce", "none"), { ...enforce, mode: "none" }],
  ["a year", needed.replace("86400", "31557600"), { ...enforce, maxAge: 31_557_600 }],
  ["leading zeros", needed.replace("86400", "0000086400"), enforce],
];

for (const [name, text, policy] of good) {
  Deno.test(`MTA-STS policy: ${name}`, () => assertEquals(parse(text), Result.succeed(policy)));
}

const bad: ReadonlyArray<readonly [name: string, text: string, detail: string]> = [
  ["nothing", "", "it has no version"],
  ["a page", "<!doctype html>\n<html>", '"<!doctype html>" is no line like "key: value"'],
  ["no mode", needed.replace("mode", "moda"), "it has no mode"],
  ["no max_age", needed.replace("max_age", "maxage"), "it has no max_age"],
  ["another version", needed.replace("STSv1", "STSv2"), 'the version "STSv2" is not STSv1'],
  ["another case of the version", needed.replace("STSv1", "stsv1"), 'the version "stsv1" is not STSv1'],
  ["another mode", needed.replace("enforce", "report"), 'the mode "report" is not enforce, testing or none'],
  [
    "another case of the mode",
    needed.replace("enforce", "Enforce"),
    'the mode "Enforce" is not enforce, testing or none',
  ],
  [
    "more than a year",
    needed.replace("86400", "31557601"),
    'the max_age "31557601" is not a number of seconds up to 31557600',
  ],
  [
    "eleven digits",
    needed.replace("86400", "00000086400"),
    'the max_age "00000086400" is not a number of seconds up to 31557600',
  ],
  ["a negative age", needed.replace("86400", "-1"), 'the max_age "-1" is not a number of seconds up to 31557600'],
  ["days", needed.replace("86400", "1d"), 'the max_age "1d" is not a number of seconds up to 31557600'],
  ["no mx", needed.replace("mx: a.d.test\n", ""), "it names no mx, and only the mode none does without"],
  [
    "no mx for a test",
    "version: STSv1\nmode: testing\nmax_age: 1",
    "it names no mx, and only the mode none does without",
  ],
  [
    "a U-label",
    needed.replace("a.d.test", "bücher.example"),
    'the mx "bücher.example" is not a host, nor "*." and a host',
  ],
  [
    "a wildcard in the middle",
    needed.replace("a.d.test", "a.*.test"),
    'the mx "a.*.test" is not a host, nor "*." and a host',
  ],
  [
    "a part of a label",
    needed.replace("a.d.test", "mx*.d.test"),
    'the mx "mx*.d.test" is not a host, nor "*." and a host',
  ],
  ["two wildcards", needed.replace("a.d.test", "*.*.d.test"), 'the mx "*.*.d.test" is not a host, nor "*." and a host'],
  ["everything", needed.replace("a.d.test", "*"), 'the mx "*" is not a host, nor "*." and a host'],
  ["an old wildcard", needed.replace("a.d.test", ".d.test"), 'the mx ".d.test" is not a host, nor "*." and a host'],
  ["an address", needed.replace("a.d.test", "192.0.2.1"), 'the mx "192.0.2.1" is not a host, nor "*." and a host'],
  [
    "two hosts in a line",
    needed.replace("a.d.test", "a.d.test b.d.test"),
    'the mx "a.d.test b.d.test" is not a host, nor "*." and a host',
  ],
  ["one good host and a bad one", `${needed}\nmx: -`, 'the mx "-" is not a host, nor "*." and a host'],
  ["no value", needed.replace("a.d.test", ""), 'the mx "" is not a host, nor "*." and a host'],
  ["a space before the colon", needed.replace("mode:", "mode :"), '"mode : enforce" is no line like "key: value"'],
  ["a line that is none", `${needed}\nhello`, '"hello" is no line like "key: value"'],
  [
    "CR alone ends no line",
    needed.replaceAll("\n", "\r"),
    `${JSON.stringify(needed.replaceAll("\n", "\r"))} is no line like "key: value"`,
  ],
  ["a control character", `${needed}\nx: \x1b[2J`, '"x: \\u001b[2J" is no line like "key: value"'],
  ["a key that is too long", `${needed}\n${"k".repeat(33)}: 1`, `"${"k".repeat(33)}: 1" is no line like "key: value"`],
];

for (const [name, text, detail] of bad) {
  Deno.test(`no MTA-STS policy: ${name}`, () => {
    const error = Result.getOrThrow(Result.flip(parse(text)));
    assertEquals([error.reason, error.resultType, error.detail], ["BadPolicy", "sts-policy-invalid", detail]);
  });
}

const matches: ReadonlyArray<readonly [pattern: string, host: string, is: boolean]> = [
  ["mail.d.test", "mail.d.test", true],
  ["mail.d.test", "MAIL.D.Test", true],
  ["mail.d.test", "mail.d.test.", true],
  ["mail.d.test", "a.mail.d.test", false],
  ["mail.d.test", "xmail.d.test", false],
  ["*.d.test", "mail.d.test", true],
  ["*.d.test", "MAIL.D.TEST", true],
  ["*.d.test", "mx_1.d.test", true],
  ["*.d.test", "d.test", false],
  ["*.d.test", "a.b.d.test", false],
  ["*.d.test", "mail.xd.test", false],
  ["*.d.test", "mail.d.test.evil.example", false],
  ["*.test", "d.test", true],
  ["*.xn--bcher-kva.example", "mx.xn--bcher-kva.example", true],
];

for (const [pattern, host, is] of matches) {
  Deno.test(`MTA-STS policy: ${pattern} ${is ? "is for" : "is not for"} ${host}`, () => {
    assertEquals(MtaStsPolicy.matches({ mode: "enforce", maxAge: 1, mx: ["other.test", pattern] }, host), is);
  });
}

Deno.test("MTA-STS policy: what is written as lines is read as it was", () => {
  for (const [, , policy] of good) {
    assertEquals(parse(MtaStsPolicy.lines(policy).join("\r\n")), Result.succeed(policy));
  }
});

property(
  "MTA-STS policy: any text is a policy or a BadPolicy whose message can be printed",
  Arbitrary.array(
    Arbitrary.schema(
      Schema.Literals([
        "version: STSv1",
        "mode: none",
        "max_age: 1",
        "\n",
        "\r",
        "mx: ",
        "*.",
        "a.b",
        "\x1b",
        "é",
        ":",
        " ",
        "\t",
        "x",
      ]),
    ),
  ),
  (parts) => {
    const result = parse(parts.join(""));
    return Result.isSuccess(result) ||
      // deno-lint-ignore no-control-regex
      (result.failure.reason === "BadPolicy" && !/[\x00-\x1f\x7f]/.test(result.failure.message));
  },
);

Deno.test("MTA-STS policy: 64 KiB of spaces are read at once", () => {
  const spaces = " ".repeat(MtaStsPolicy.maxOctets);
  assert(Result.isFailure(parse(`x:${spaces}\x01${spaces}`)));
});
