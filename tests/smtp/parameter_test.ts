import * as Parameter from "@plausch/smtp/parameter";
import { assert, assertEquals } from "@std/assert";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { anyText, wildText } from "./_arbitrary.ts";
import { mailParameters, rcptParameters } from "./_parameters.ts";

const reason = (result: Result.Result<unknown, { readonly reason: string }>): string =>
  Result.getOrThrow(Result.flip(result)).reason;
const mail = (parameters: Parameter.MailParameters) => Result.getOrThrow(Parameter.formatMail(parameters));
const rcpt = (parameters: Parameter.RcptParameters) => Result.getOrThrow(Parameter.formatRcpt(parameters));

Deno.test("parameters are written in a fixed order", () => {
  assertEquals(mail({}), "");
  assertEquals(
    mail({
      other: [{ keyword: "XOORG", value: "example" }],
      mtPriority: -3,
      holdFor: 60,
      by: { seconds: 120, mode: "R", trace: true },
      requireTls: true,
      auth: "e=mc2@example.com",
      envid: "QQ314159",
      ret: "HDRS",
      smtputf8: true,
      body: "BINARYMIME",
      size: 9,
    }),
    "SIZE=9 BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=QQ314159 AUTH=e+3Dmc2@example.com REQUIRETLS BY=120;RT HOLDFOR=60" +
      " MT-PRIORITY=-3 XOORG=example",
  );
  assertEquals(mail({ size: undefined, smtputf8: false, requireTls: false, other: [] }), "");
  assertEquals(mail({ holdUntil: "2030-01-31T08:00:00Z", auth: "<>" }), "AUTH=<> HOLDUNTIL=2030-01-31T08:00:00Z");
  assertEquals(
    rcpt({ orcpt: { addressType: "rfc822", address: "a b=c@d.e" }, notify: ["DELAY", "SUCCESS"] }),
    "NOTIFY=DELAY,SUCCESS ORCPT=rfc822;a+20b+3Dc@d.e",
  );
});

Deno.test("a value that its type allows but its RFC does not is refused", () => {
  for (const size of [-1, 1.5, NaN, Infinity, 2 ** 53]) assertEquals(reason(Parameter.formatMail({ size })), "BadSize");
  assertEquals(mail({ size: Number.MAX_SAFE_INTEGER }), "SIZE=9007199254740991");
  assertEquals(reason(Parameter.formatMail({ envid: "" })), "BadEnvid");
  assertEquals(reason(Parameter.formatMail({ envid: "ü" })), "NonAscii");
  assertEquals(reason(Parameter.formatMail({ envid: "a\tb" })), "ControlCharacter");
  assertEquals(reason(Parameter.formatRcpt({ notify: [] })), "BadNotify");
  assertEquals(reason(Parameter.formatRcpt({ notify: ["DELAY", "DELAY"] })), "BadNotify");
  const orcpt = (addressType: string, address: string) =>
    reason(Parameter.formatRcpt({ orcpt: { addressType, address } }));
  assertEquals(orcpt("", "a@b.c"), "BadOrcpt");
  assertEquals(orcpt("rfc822", ""), "BadOrcpt");
  assertEquals(orcpt("rfc=822", "a@b.c"), "BadOrcpt");
  assertEquals(orcpt("rfc 822", "a@b.c"), "BadOrcpt");
  assertEquals(orcpt("rfc822", "ü@b.c"), "NonAscii");
  assertEquals(orcpt("rfc822", "a\0@b.c"), "ControlCharacter");
});

Deno.test("AUTH of MAIL names a mailbox or nobody (RFC 4954 section 5)", () => {
  assertEquals(mail({ auth: "ü@b.c" }), "AUTH=+C3+BC@b.c");
  assertEquals(Result.getOrThrow(Parameter.mailFromString("AUTH=+C3+BC@b.c")), { auth: "ü@b.c" });
  assertEquals(Result.getOrThrow(Parameter.mailFromString("auth=<>")), { auth: "<>" });
  for (const auth of ["", "user", "<a@b.c>", "a@b.c ", "> SIZE=1"]) {
    assertEquals(reason(Parameter.formatMail({ auth })), "BadAuth", auth);
  }
  assertEquals(reason(Parameter.formatMail({ auth: "a@b.c\r\nDATA" })), "ControlCharacter");
  for (const text of ["AUTH", "AUTH=user", "AUTH=+3C+3E+0D+0A", "AUTH=a@b.c+00"]) {
    assertEquals(reason(Parameter.mailFromString(text)), "BadAuth", text);
  }
  assertEquals(reason(Parameter.mailFromString("AUTH=a+@b.c")), "BadXtext");
});

Deno.test("REQUIRETLS has no value (RFC 8689 section 2)", () => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString("RequireTLS")), { requireTls: true });
  assertEquals(reason(Parameter.mailFromString("REQUIRETLS=1")), "BadParameterValue");
});

Deno.test("BY has a time that has not passed where the message is to come back (RFC 2852 section 4)", () => {
  const by = (text: string) => Result.getOrThrow(Parameter.mailFromString(text)).by;
  assertEquals(by("BY=120;R"), { seconds: 120, mode: "R" });
  assertEquals(by("by=-60;nt"), { seconds: -60, mode: "N", trace: true });
  assertEquals(by("BY=+007;NT"), { seconds: 7, mode: "N", trace: true });
  assert(Object.is(by("BY=-0;N")?.seconds, 0));
  for (const text of ["BY", "BY=1", "BY=;R", "BY=1;", "BY=0;R", "BY=-1;R", "BY=1;X", "BY=1.5;N", "BY=1000000000;N"]) {
    assertEquals(reason(Parameter.mailFromString(text)), "BadBy", text);
  }
  assertEquals(mail({ by: { seconds: -999999999, mode: "N", trace: false } }), "BY=-999999999;N");
  for (const seconds of [0, -1, 1.5, NaN, 1e9]) {
    assertEquals(reason(Parameter.formatMail({ by: { seconds, mode: "R" } })), "BadBy");
  }
});

Deno.test("a message is held for a time or until one, not both (RFC 4865 section 3)", () => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString("holdfor=999999999")), { holdFor: 999999999 });
  assertEquals(Result.getOrThrow(Parameter.mailFromString("HOLDUNTIL=2024-02-29t23:59:60.25z")), {
    holdUntil: "2024-02-29T23:59:60.25Z",
  });
  const wrong = [
    "HOLDFOR",
    "HOLDFOR=0",
    "HOLDFOR=-1",
    "HOLDFOR=1000000000",
    "HOLDFOR=1h",
    "HOLDUNTIL",
    "HOLDUNTIL=2030-01-31",
    "HOLDUNTIL=2030-01-31T08:00:00",
    "HOLDUNTIL=2030-01-31T08:00:00+01:00",
    "HOLDUNTIL=2030-02-30T08:00:00Z",
    "HOLDUNTIL=2030-00-01T08:00:00Z",
    "HOLDUNTIL=2030-01-00T08:00:00Z",
    "HOLDUNTIL=2023-02-29T08:00:00Z",
    "HOLDUNTIL=2030-01-31T24:00:00Z",
    "HOLDUNTIL=2030-01-31T08:60:00Z",
    "HOLDUNTIL=2030-01-31T08:00:61Z",
    "HOLDFOR=1 HOLDUNTIL=2030-01-31T08:00:00Z",
    "HOLDUNTIL=2030-01-31T08:00:00Z HOLDFOR=1",
  ];
  for (const text of wrong) assertEquals(reason(Parameter.mailFromString(text)), "BadHold", text);
  for (const holdFor of [0, -1, 0.5, NaN, 1e9]) assertEquals(reason(Parameter.formatMail({ holdFor })), "BadHold");
  for (const holdUntil of ["", "tomorrow", "2030-01-31t08:00:00Z", "2030-01-31T08:00:00Z\r\nDATA"]) {
    assertEquals(reason(Parameter.formatMail({ holdUntil })), "BadHold");
  }
  const both = { holdFor: 1, holdUntil: "2030-01-31T08:00:00Z" };
  assertEquals(reason(Parameter.formatMail(both)), "BadHold");
});

Deno.test("a priority is a number from -9 to 9 (RFC 6710 section 3)", () => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString("mt-priority=-9")), { mtPriority: -9 });
  assertEquals(mail({ mtPriority: 0 }), "MT-PRIORITY=0");
  for (const text of ["MT-PRIORITY", "MT-PRIORITY=10", "MT-PRIORITY=+1", "MT-PRIORITY=-0", "MT-PRIORITY=01"]) {
    assertEquals(reason(Parameter.mailFromString(text)), "BadPriority", text);
  }
  for (const mtPriority of [10, -10, 1.5, NaN]) {
    assertEquals(reason(Parameter.formatMail({ mtPriority })), "BadPriority");
  }
});

Deno.test("an original recipient of type utf-8 goes in UTF-8 or in ASCII (RFC 6533 section 3)", () => {
  const both = (address: string) => {
    const orcpt = { addressType: "utf-8", address };
    const utf8 = Parameter.formatRcpt({ orcpt }, { smtputf8: true });
    return [rcpt({ orcpt }), Result.getOrThrow(utf8)].map((text) => text.slice("ORCPT=utf-8;".length));
  };
  assertEquals(both("a@b.c"), ["a@b.c", "a@b.c"]);
  assertEquals(both("用@b.c"), ["\\x{7528}@b.c", "用@b.c"]);
  assertEquals(both("😀@b.c"), ["\\x{1F600}@b.c", "😀@b.c"]);
  assertEquals(both('"a+b= \\\\ü"@b.c'), [
    '"a\\x{2B}b\\x{3D}\\x{20}\\x{5C}\\x{5C}\\x{FC}"@b.c',
    '"a\\x{2B}b\\x{3D}\\x{20}\\x{5C}\\x{5C}ü"@b.c',
  ]);
  const refused = (address: string) => reason(Parameter.formatRcpt({ orcpt: { addressType: "UTF-8", address } }));
  assertEquals(refused(""), "BadOrcpt");
  assertEquals(refused("ü"), "BadOrcpt");
  assertEquals(refused("ü\r\nDATA@b.c"), "ControlCharacter");
  assertEquals(refused("ü\u0085@b.c"), "ControlCharacter");
  assertEquals(refused("\udcff@b.c"), "BadUtf8");
  const long = `${"ü".repeat(32)}@${"ü".repeat(25)}.${"ü".repeat(25)}.${"ü".repeat(20)}.c`;
  assertEquals(refused(long), "OrcptTooLong");
  assert(
    Result.isSuccess(Parameter.formatRcpt({ orcpt: { addressType: "utf-8", address: long } }, { smtputf8: true })),
  );
});

Deno.test("an original recipient of type utf-8 is read in all its forms", () => {
  const options = { smtputf8: true };
  const read = (coded: string) => Parameter.rcptFromString(`ORCPT=UTF-8;${coded}`, options);
  const address = (coded: string) => Result.getOrThrow(read(coded)).orcpt;
  for (const coded of ["ü@b.c", "\\x{FC}@b.c"]) {
    assertEquals(address(coded), { addressType: "UTF-8", address: "ü@b.c" });
  }
  assertEquals(address('"\\x{20}\\x{5C}\\x{5C}\\x{10FFFD}"@b.c')?.address, '" \\\\\u{10fffd}"@b.c');
  const wrong = [
    "ü",
    "\\",
    "\\x{",
    "\\x{}@b.c",
    "\\x{FC@b.c",
    "\\u{FC}@b.c",
    "\\x{fc}@b.c",
    "\\x{0FC}@b.c",
    "\\x{61}@b.c",
    "\\x{0A}@b.c",
    "\\x{7F}@b.c",
    "\\x{D800}@b.c",
    "\\x{110000}@b.c",
    "a+b@b.c",
  ];
  for (const coded of wrong) {
    const expected = coded.includes("7F") ? "ControlCharacter" : "BadOrcpt";
    assertEquals(reason(read(coded)), expected, coded);
  }
  assertEquals(reason(Parameter.rcptFromString("ORCPT=utf-8;ü@b.c")), "NonAscii");
  assertEquals(reason(Parameter.rcptFromString("ORCPT=rfc822;ü@b.c", options)), "BadXtext");
  assertEquals(Result.getOrThrow(Parameter.orcptFromString("utf-8;ü+x@b.c")).address, "ü+x@b.c");
  assertEquals(reason(Parameter.orcptFromString("utf-8;\udcff@b.c")), "BadUtf8");
});

Deno.test("a value that only a program without types can pass is refused too", () => {
  const untyped = (parameters: unknown) => parameters as never;
  assertEquals(reason(Parameter.formatMail(untyped({ size: "100\r\nDATA" }))), "BadSize");
  assertEquals(reason(Parameter.formatMail(untyped({ body: "8BITMIME\r\nDATA" }))), "BadBody");
  assertEquals(reason(Parameter.formatMail(untyped({ ret: "FULL X=1" }))), "BadRet");
  assertEquals(reason(Parameter.formatMail(untyped({ by: "120;R" }))), "BadBy");
  assertEquals(reason(Parameter.formatMail(untyped({ by: { seconds: 1, mode: "N\r\nDATA" } }))), "BadBy");
  assertEquals(reason(Parameter.formatMail(untyped({ by: { seconds: "1", mode: "N" } }))), "BadBy");
  assertEquals(reason(Parameter.formatMail(untyped({ holdFor: "1\r\nDATA" }))), "BadHold");
  assertEquals(reason(Parameter.formatMail(untyped({ mtPriority: "1 X" }))), "BadPriority");
  assertEquals(mail(untyped({ requireTls: "1\r\nDATA" })), "");
  assertEquals(reason(Parameter.formatRcpt(untyped({ notify: "SUCCESS" }))), "BadNotify");
  assertEquals(reason(Parameter.formatRcpt(untyped({ notify: ["NEVER", "DELAY"] }))), "BadNotify");
  assertEquals(reason(Parameter.formatRcpt(untyped({ notify: ["DELAY\r\n"] }))), "BadNotify");
});

Deno.test("limits on lengths are on the coded form", () => {
  assertEquals(mail({ envid: "x".repeat(100) }), `ENVID=${"x".repeat(100)}`);
  assertEquals(reason(Parameter.formatMail({ envid: "x".repeat(101) })), "EnvidTooLong");
  assertEquals(reason(Parameter.formatMail({ envid: " ".repeat(34) })), "EnvidTooLong");
  const orcpt = (length: number) =>
    Parameter.formatRcpt({ orcpt: { addressType: "rfc822", address: "x".repeat(length) } });
  assertEquals(Result.getOrThrow(orcpt(487)).length, 500);
  assertEquals(reason(orcpt(488)), "OrcptTooLong");
});

Deno.test("a parameter of no type here has to keep to the grammar", () => {
  const other = (keyword: string, value?: string) => Parameter.formatMail({ other: [{ keyword, value }] });
  assertEquals(Result.getOrThrow(other("TRANSID", "<>")), "TRANSID=<>");
  for (const keyword of ["", "-X", "X Y", "X=Y", "X_Y"]) assertEquals(reason(other(keyword)), "BadKeyword");
  for (const value of ["", "a b", "a=b"]) assertEquals(reason(other("X", value)), "BadParameterValue");
  assertEquals(reason(other("X", "ü")), "NonAscii");
  assertEquals(reason(other("X\r\nDATA")), "ControlCharacter");
  assertEquals(mail({ smtputf8: true, other: [{ keyword: "X", value: "ü" }] }), "SMTPUTF8 X=ü");
  assertEquals(
    reason(Parameter.formatMail({ size: 1, other: [{ keyword: "size", value: "2" }] })),
    "DuplicateParameter",
  );
  assertEquals(
    reason(Parameter.formatMail({ auth: "<>", other: [{ keyword: "AUTH", value: "a@b.c" }] })),
    "DuplicateParameter",
  );
  assertEquals(reason(Parameter.formatRcpt({ other: [{ keyword: "X" }, { keyword: "x" }] })), "DuplicateParameter");
});

Deno.test("typed parameters are read without case, the others are kept as they are", () => {
  assertEquals(
    Result.getOrThrow(Parameter.mailFromString("Size=007 body=8bitMime smtputf8 ret=full EnvID=a+2Bb x-Y=Z")),
    {
      size: 7,
      body: "8BITMIME",
      smtputf8: true,
      ret: "FULL",
      envid: "a+b",
      other: [{ keyword: "x-Y", value: "Z" }],
    },
  );
  assertEquals(Result.getOrThrow(Parameter.rcptFromString("notify=delay,FAILURE orcpt=RFC822;a+2Bb@c.d size=1")), {
    notify: ["DELAY", "FAILURE"],
    orcpt: { addressType: "RFC822", address: "a+b@c.d" },
    other: [{ keyword: "size", value: "1" }],
  });
  assertEquals(Result.getOrThrow(Parameter.mailFromString("")), {});
});

Deno.test("a size beyond all numbers is still beyond all limits", () => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString("SIZE=99999999999999999999")), {
    size: Number.MAX_SAFE_INTEGER,
  });
  assertEquals(reason(Parameter.mailFromString("SIZE=100000000000000000000")), "BadSize");
});

Deno.test("faults in parameters are named", () => {
  const mail: ReadonlyArray<readonly [string, string]> = [
    ["SIZE", "BadSize"],
    ["SIZE=", "BadParameterValue"],
    ["SIZE=12x", "BadSize"],
    ["SIZE=-1", "BadSize"],
    ["SIZE=1 SIZE=1", "DuplicateParameter"],
    ["BODY=BINARY", "BadBody"],
    ["BODY=8B\u0131TMIME", "NonAscii"],
    ["SMTPUTF8=1", "BadParameterValue"],
    ["RET=SOME", "BadRet"],
    ["RET", "BadRet"],
    ["ENVID", "BadEnvid"],
    ["ENVID=a+0Ab", "BadEnvid"],
    ["ENVID=a+ZZ", "BadXtext"],
    [`ENVID=${"x".repeat(101)}`, "EnvidTooLong"],
    ["X=a=b", "BadParameterValue"],
    ["X  Y", "BadKeyword"],
    [" X", "BadKeyword"],
    ["=X", "BadKeyword"],
    ["-X", "BadKeyword"],
    ["X\tY", "ControlCharacter"],
    ["X=ü", "NonAscii"],
  ];
  for (const [text, expected] of mail) assertEquals(reason(Parameter.mailFromString(text)), expected, text);
  const rcpt: ReadonlyArray<readonly [string, string]> = [
    ["NOTIFY", "BadNotify"],
    ["NOTIFY=NEVER,DELAY", "BadNotify"],
    ["NOTIFY=DELAY,delay", "BadNotify"],
    ["NOTIFY=DELAY,", "BadNotify"],
    ["ORCPT", "BadOrcpt"],
    ["ORCPT=a@b.c", "BadOrcpt"],
    ["ORCPT=;a@b.c", "BadOrcpt"],
    ["ORCPT=rfc822;", "BadOrcpt"],
    ["ORCPT=rfc822;a+00", "BadOrcpt"],
    ["ORCPT=rfc822;a+", "BadXtext"],
    [`ORCPT=rfc822;${"x".repeat(488)}`, "OrcptTooLong"],
    ["ORCPT=rfc822;a ORCPT=rfc822;b", "DuplicateParameter"],
  ];
  for (const [text, expected] of rcpt) assertEquals(reason(Parameter.rcptFromString(text)), expected, text);
});

Deno.test("letters that have ASCII upper case forms are not those letters", () => {
  const options = { smtputf8: true };
  assertEquals(reason(Parameter.mailFromString("BODY=8B\u0131TMIME", options)), "BadBody");
  assertEquals(reason(Parameter.mailFromString("\u017fIZE=1", options)), "BadKeyword");
  assertEquals(reason(Parameter.rcptFromString("NOTIFY=\u017fUCCESS", options)), "BadNotify");
});

Deno.test("values are read from what people write", () => {
  assertEquals(Result.getOrThrow(Parameter.sizeFromString("9007199254740991")), Number.MAX_SAFE_INTEGER);
  for (const text of ["", "1.5", "-1", "+1", "1e3", "0x10", " 1", "9007199254740992", "1".repeat(17)]) {
    assertEquals(reason(Parameter.sizeFromString(text)), "BadSize", text);
  }
  assertEquals(Result.getOrThrow(Parameter.notifyFromString("never")), "NEVER");
  assertEquals(reason(Parameter.notifyFromString("SUCCESS, DELAY")), "BadNotify");
  assertEquals(Result.getOrThrow(Parameter.fromString("REQUIRETLS")), { keyword: "REQUIRETLS" });
  assertEquals(reason(Parameter.fromString("A B")), "BadKeyword");
  assertEquals(reason(Parameter.fromString("A=B C")), "BadParameterValue");
  assertEquals(reason(Parameter.orcptFromString("a@b.c")), "BadOrcpt");
  assertEquals(reason(Parameter.orcptFromString("rfc822;ü")), "NonAscii");
});

property("the parameters of MAIL survive writing and reading", mailParameters, (parameters) => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString(mail(parameters))), parameters);
  return true;
});

property("the parameters of RCPT survive writing and reading, in ASCII and in UTF-8", rcptParameters, (parameters) => {
  assertEquals(Result.getOrThrow(Parameter.rcptFromString(rcpt(parameters))), parameters);
  const options = { smtputf8: true };
  const utf8 = Result.getOrThrow(Parameter.formatRcpt(parameters, options));
  assertEquals(Result.getOrThrow(Parameter.rcptFromString(utf8, options)), parameters);
  return true;
});

// deno-lint-ignore no-control-regex
const word = /^ORCPT=[^\x00-\x20\x7f-\x9f=]+$/u;

property(
  "an original recipient of any text is refused, or one word",
  anyText,
  (address) =>
    ["rfc822", "utf-8"].every((addressType) =>
      [false, true].every((smtputf8) => {
        const written = Parameter.formatRcpt({ orcpt: { addressType, address } }, { smtputf8 });
        return Result.isFailure(written) || word.test(written.success);
      })
    ),
);

property("reading never throws, and what is read can be written", wildText, (text) => {
  const options = { smtputf8: true };
  const mail = Parameter.mailFromString(text, options);
  const rcpt = Parameter.rcptFromString(text, options);
  const one = Parameter.fromString(text, options);
  assert(Result.isResult(Parameter.notifyFromString(text)) && Result.isResult(Parameter.sizeFromString(text)));
  return (Result.isFailure(mail) || Result.isSuccess(Parameter.formatMail({ ...mail.success, smtputf8: true }))) &&
    (Result.isFailure(rcpt) || Result.isSuccess(Parameter.formatRcpt(rcpt.success, options))) &&
    (Result.isFailure(one) || Result.isSuccess(Parameter.formatRcpt({ other: [one.success] }, options)));
});
