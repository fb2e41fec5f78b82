import * as Command from "@plausch/smtp/command";
import * as Domain from "@plausch/smtp/domain";
import type { GrammarError } from "@plausch/smtp/grammar-error";
import * as Header from "@plausch/smtp/header";
import * as Mailbox from "@plausch/smtp/mailbox";
import * as Parameter from "@plausch/smtp/parameter";
import * as Path from "@plausch/smtp/path";
import * as Sasl from "@plausch/smtp/sasl";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import text from "../cases/injection.jsonl" with { type: "text" };
import { parseCases } from "../support/cases.ts";

interface Case {
  readonly id: string;
  readonly field: string;
  readonly value: unknown;
  readonly expect: { readonly error?: string; readonly ok?: string };
}

type Carried = Result.Result<string, GrammarError>;

/** What the one parameter of a command carries, behind its `=`. */
const valueOf = (command: Command.Command): Carried =>
  Result.map(Command.format(command), (line) => line.slice(line.indexOf("=") + 1));

const mailWith = (parameters: Parameter.MailParameters): Carried => valueOf(Command.mail(Path.nullPath, parameters));

const rcptWith = (parameters: Parameter.RcptParameters): Carried =>
  valueOf(Command.rcpt({ _tag: "Postmaster", localPart: "Postmaster" }, parameters));

const mailbox = (value: string): Carried =>
  Result.flatMap(Mailbox.fromString(value), (read) => Command.format(Command.mail(read)));

const host = (value: string): Carried => Result.map(Domain.hostFromString(value), Domain.format);

const plain = (user: string, password: string): Carried =>
  Result.map(
    Sasl.client("PLAIN", { _tag: "Password", user, password: Redacted.make(password) }, { nonce: "" }),
    ({ initial }) => Redacted.value(initial!),
  );

/** The way of each field to the wire. */
const carry: Readonly<Record<string, (value: never) => Carried>> = {
  helo: (value: string) =>
    Result.flatMap(
      Domain.hostFromString(value),
      (read) => Result.map(Command.format(Command.ehlo(read)), (line) => line.slice("EHLO ".length)),
    ),
  from: mailbox,
  to: mailbox,
  "to[]": ([value]: [string]) => mailbox(value),
  authUser: (value: string) => plain(value, "password"),
  authPass: (value: string) => plain("user", value),
  envid: (value: string) => mailWith({ envid: value }),
  envidText: (value: string) => mailWith({ envid: value }),
  orcpt: (value: string) => Result.flatMap(Parameter.orcptFromString(value), (orcpt) => rcptWith({ orcpt })),
  notify: (value: string) => Result.flatMap(Parameter.notifyFromString(value), (notify) => rcptWith({ notify })),
  size: (value: number | string) =>
    typeof value === "string"
      ? Result.flatMap(Parameter.sizeFromString(value), (size) => mailWith({ size }))
      : mailWith({ size: value }),
  extraParam: (value: string) => Result.flatMap(Parameter.fromString(value), (one) => mailWith({ other: [one] })),
  headerName: (value: string) => Header.format(value, "value"),
  headerValue: (value: string) => Header.format("X-Name", value),
  proxyHost: host,
  serverName: host,
  rawCommand: (value: string) => Command.format(Command.raw(value)),
  expn: (value: string) => Command.format(Command.expn(value)),
  vrfy: (value: string) => Command.format(Command.vrfy(value)),
  etrn: (value: string) => Command.format(Command.etrn(value)),
  etrnQueue: (value: string) => Command.format(Command.etrn(`#${value}`)),
  attributeName: (value: string) => Command.format(Command.xclient([[value, "x"]])),
  attributeValue: (value: string) => Command.format(Command.xforward([["NAME", value]])),
  mechanism: (value: string) => Command.format(Command.auth(value)),
  initialResponse: (value: string) => Command.format(Command.auth("PLAIN", Redacted.make(value))),
  mailAuth: (value: string) => mailWith({ auth: value }),
  holdUntil: (value: string) => mailWith({ holdUntil: value }),
  paramKeyword: (value: string) => mailWith({ other: [{ keyword: value }] }),
  orcptUtf8: (value: string) => rcptWith({ orcpt: { addressType: "utf-8", address: value } }),
  orcptType: (value: string) => rcptWith({ orcpt: { addressType: value, address: "a@b.test" } }),
};

/** The reasons of an error, from the field that is bad down to the character that makes it so. */
const reasons = (error: GrammarError | undefined): ReadonlyArray<string> =>
  error === undefined ? [] : [error.reason, ...reasons(error.cause)];

for (const { id, field, value, expect } of parseCases<Case>(text)) {
  Deno.test(`injection ${id}: ${field}`, () => {
    const carried = carry[field]!(value as never);
    if (expect.error !== undefined) {
      assert(Result.isFailure(carried), "it was encoded");
      assert(reasons(carried.failure).includes(expect.error), `${reasons(carried.failure)} is not ${expect.error}`);
      return;
    }
    const wire = Result.getOrThrow(carried);
    if (expect.ok === "base64") assertMatch(wire, /^[A-Za-z0-9+/]+={0,2}$/);
    else assertEquals(wire, expect.ok);
  });
}

/** What has been tried on mail software, in every field: none may put a line end or a NUL on the wire. */
const attacks = ["\r\n", "\n", "\r", "\0", "\u0085", "\x7f", "\x1b"].flatMap((octet) => [
  `x${octet}RCPT TO:<evil@x.test>`,
  `${octet}x`,
  `x${octet}`,
  `rfc822;a${octet}b`,
  `NEVER${octet}`,
  `1${octet}`,
  `a@b.test${octet}`,
  `X-A=b${octet}`,
]);

for (const field of Object.keys(carry)) {
  Deno.test(`no control character passes through ${field}`, () => {
    for (const attack of attacks) {
      const carried = carry[field]!((field === "to[]" ? [attack] : attack) as never);
      // deno-lint-ignore no-control-regex
      if (Result.isSuccess(carried)) assert(!/[\x00-\x1f\x7f-\x9f]/.test(carried.success), JSON.stringify(attack));
      if (field !== "authPass") assert(Result.isFailure(carried), JSON.stringify(attack));
    }
  });
}
