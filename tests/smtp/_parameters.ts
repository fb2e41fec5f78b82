import type { MailParameters, Notify, OriginalRecipient, RcptParameters } from "@plausch/smtp/parameter";
import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";
import { anyOf, mailbox, oneOf, optional, others, printable, size } from "./_arbitrary.ts";

const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

const defined = <A extends object>(value: object): A =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as A;

const withOthers = <A extends object>({ other, ...typed }: { readonly other: ReadonlyArray<unknown> } & object): A =>
  defined({ ...typed, other: other.length === 0 ? undefined : other });

const by = Arbitrary.map(
  Arbitrary.all({ seconds: integer(-999999999, 999999999), mode: oneOf(["N", "R"] as const), trace: oneOf([0, 1]) }),
  ({ seconds, mode, trace }) => ({
    seconds: mode === "R" ? Math.abs(seconds) || 1 : seconds,
    mode,
    ...(trace === 1 ? { trace: true } : {}),
  }),
);

/** A date and time of the years 2000 to 2100, with or without a fraction of a second. */
export const dateTime: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.all([integer(946684800, 4102444800), oneOf(["", ".000", ".5"])]),
  ([seconds, fraction]) => new Date(seconds * 1000).toISOString().replace(".000", fraction),
);

const hold = anyOf<object>(
  Arbitrary.Constant({}),
  Arbitrary.map(integer(1, 999999999), (holdFor) => ({ holdFor })),
  Arbitrary.map(dateTime, (holdUntil) => ({ holdUntil })),
);

/** Any parameters of MAIL that can be written, but for their length. */
export const mailParameters: Arbitrary.Arbitrary<MailParameters> = Arbitrary.map(
  Arbitrary.all({
    size: optional(size),
    body: optional(oneOf(["7BIT", "8BITMIME", "BINARYMIME"] as const)),
    smtputf8: optional(Arbitrary.Constant(true)),
    ret: optional(oneOf(["FULL", "HDRS"] as const)),
    envid: optional(printable),
    auth: optional(anyOf(mailbox, Arbitrary.Constant("<>"))),
    requireTls: optional(Arbitrary.Constant(true)),
    by: optional(by),
    hold,
    mtPriority: optional(integer(-9, 9)),
    other: others,
  }),
  ({ hold, ...typed }) => withOthers({ ...typed, ...hold }),
);

const orcpt: Arbitrary.Arbitrary<OriginalRecipient> = anyOf<OriginalRecipient>(
  Arbitrary.map(printable, (address) => ({ addressType: "rfc822", address })),
  Arbitrary.map(mailbox, (address) => ({ addressType: "utf-8", address })),
);

/** Any parameters of RCPT that can be written, but for their length. */
export const rcptParameters: Arbitrary.Arbitrary<RcptParameters> = Arbitrary.map(
  Arbitrary.all({
    notify: optional(
      oneOf<Notify>(["NEVER", ["DELAY"], ["SUCCESS", "FAILURE"], ["FAILURE", "DELAY", "SUCCESS"]]),
    ),
    orcpt: optional(orcpt),
    other: others,
  }),
  withOthers<RcptParameters>,
);
