import * as Parameter from "@plausch/smtp/parameter";
import { assert, assertEquals } from "@std/assert";
import * as Arbitrary from "effect/Arbitrary";
import * as Result from "effect/Result";
import { property } from "../support/property.ts";
import { oneOf, optional, others, printable, size, wildText } from "./_arbitrary.ts";

const reason = (result: Result.Result<unknown, { readonly reason: string }>): string =>
  Result.getOrThrow(Result.flip(result)).reason;
const mail = (parameters: Parameter.MailParameters) => Result.getOrThrow(Parameter.formatMail(parameters));
const rcpt = (parameters: Parameter.RcptParameters) => Result.getOrThrow(Parameter.formatRcpt(parameters));

Deno.test("parameters are written in a fixed order", () => {
  assertEquals(mail({}), "");
  assertEquals(
    mail({
      other: [{ keyword: "BY", value: "120;R" }],
      envid: "QQ314159",
      ret: "HDRS",
      smtputf8: true,
      body: "7BIT",
      size: 9,
    }),
    "SIZE=9 BODY=7BIT SMTPUTF8 RET=HDRS ENVID=QQ314159 BY=120;R",
  );
  assertEquals(mail({ size: undefined, smtputf8: false, other: [] }), "");
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

Deno.test("a value that only a program without types can pass is refused too", () => {
  const untyped = (parameters: unknown) => parameters as never;
  assertEquals(reason(Parameter.formatMail(untyped({ size: "100\r\nDATA" }))), "BadSize");
  assertEquals(reason(Parameter.formatMail(untyped({ body: "8BITMIME\r\nDATA" }))), "BadBody");
  assertEquals(reason(Parameter.formatMail(untyped({ ret: "FULL X=1" }))), "BadRet");
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
  assertEquals(Result.getOrThrow(other("AUTH", "<>")), "AUTH=<>");
  for (const keyword of ["", "-X", "X Y", "X=Y", "X_Y"]) assertEquals(reason(other(keyword)), "BadKeyword");
  for (const value of ["", "a b", "a=b"]) assertEquals(reason(other("X", value)), "BadParameterValue");
  assertEquals(reason(other("X", "ü")), "NonAscii");
  assertEquals(reason(other("X\r\nDATA")), "ControlCharacter");
  assertEquals(mail({ smtputf8: true, other: [{ keyword: "X", value: "ü" }] }), "SMTPUTF8 X=ü");
  assertEquals(
    reason(Parameter.formatMail({ size: 1, other: [{ keyword: "size", value: "2" }] })),
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
    ["BODY=BINARYMIME", "BadBody"],
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

const defined = <A extends object>(value: A): A =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as A;

const mailParameters = Arbitrary.map(
  Arbitrary.all({
    size: optional(size),
    body: optional(oneOf(["7BIT", "8BITMIME"] as const)),
    smtputf8: optional(Arbitrary.Constant(true)),
    ret: optional(oneOf(["FULL", "HDRS"] as const)),
    envid: optional(printable),
    other: others,
  }),
  ({ other, ...typed }) =>
    defined({ ...typed, other: other.length === 0 ? undefined : other }) as Parameter.MailParameters,
);

const rcptParameters = Arbitrary.map(
  Arbitrary.all({
    notify: optional(
      oneOf<Parameter.Notify>(["NEVER", ["DELAY"], ["SUCCESS", "FAILURE"], ["FAILURE", "DELAY", "SUCCESS"]]),
    ),
    orcpt: optional(
      Arbitrary.map(printable, (address) => ({ addressType: "rfc822", address })),
    ),
    other: others,
  }),
  ({ other, ...typed }) =>
    defined({ ...typed, other: other.length === 0 ? undefined : other }) as Parameter.RcptParameters,
);

property("the parameters of MAIL survive writing and reading", mailParameters, (parameters) => {
  assertEquals(Result.getOrThrow(Parameter.mailFromString(mail(parameters))), parameters);
  return true;
});

property("the parameters of RCPT survive writing and reading", rcptParameters, (parameters) => {
  assertEquals(Result.getOrThrow(Parameter.rcptFromString(rcpt(parameters))), parameters);
  return true;
});

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
